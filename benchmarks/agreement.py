"""One parameter file on one image through both engines, and what came of many."""

from __future__ import annotations

import json
import logging
import math
import signal
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import SimpleITK as sitk

from benchmarks.known import known_reason
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.extraction.measuring.case import extract

#: The largest relative difference that is called the same value.
TOLERANCE = 1e-6
#: Two values that are both smaller are the same zero: sums that cancel leave their last bits.
ZERO = 1e-9

Key = tuple[int, int, str]


class TooLong(BaseException):
    """An engine took longer than it may; not an Exception, of which pyradiomics makes a NaN."""


def compared(
    image: sitk.Image, mask: sitk.Image, parameters: Mapping[str, Any], *, seconds: int
) -> dict[str, Any]:
    """Measure with both engines and compare all values; return plain data for the log."""
    with collect_remarks() as notes:
        ours, refused_ours, cpu_ours = _tried(_ours, image, mask, parameters, seconds)
    theirs, refused_theirs, cpu_theirs = _tried(_theirs, image, mask, parameters, seconds)
    both = [name for name in theirs if name in ours] if not (refused_ours or refused_theirs) else []
    decades: Counter[str] = Counter()
    differ, worst, worst_name = [], 0.0, ""
    for name in both:
        a, b = ours[name], theirs[name]
        difference = relative_difference(a, b)
        decades[decade(difference)] += 1
        if difference > TOLERANCE:
            differ.append([name, repr(a), repr(b)])
        if worst < difference < math.inf:
            worst, worst_name = difference, name
    return {
        "values": len(both),
        "worst": worst,
        "worst_name": worst_name,
        "decades": dict(decades),
        "differ": differ,
        "same_in_64_bits": _same_in_64_bits(image, mask, parameters, ours, differ, seconds),
        "only_ours": sorted(set(ours) - set(theirs)) if both else [],
        "only_theirs": sorted(set(theirs) - set(ours)) if both else [],
        "refused": {"ours": refused_ours, "theirs": refused_theirs},
        "notes": list(notes),
        "cpu_s": {"ours": cpu_ours, "theirs": cpu_theirs},
    }


def _same_in_64_bits(
    image: sitk.Image,
    mask: sitk.Image,
    parameters: Mapping[str, Any],
    ours: Mapping[str, float],
    differ: Sequence[Sequence[str]],
    seconds: int,
) -> list[str]:
    """Return which different values pyradiomics gives, too, when the same image is stored in 64 bits."""
    if not differ or image.GetPixelID() != sitk.sitkFloat32:
        return []
    theirs, _, _ = _tried(_theirs, sitk.Cast(image, sitk.sitkFloat64), mask, parameters, seconds)
    names = [name for name, *_ in differ if name in theirs]
    return [name for name in names if relative_difference(ours[name], theirs[name]) <= TOLERANCE]


def relative_difference(a: float, b: float) -> float:
    """Return |a - b| over the larger of the two; 0 for two NaN and for two zeros, infinite for one NaN."""
    if math.isnan(a) or math.isnan(b):
        return 0.0 if math.isnan(a) and math.isnan(b) else math.inf
    larger = max(abs(a), abs(b))
    return 0.0 if a == b or larger < ZERO else abs(a - b) / larger


def decade(difference: float) -> str:
    """Return the power of ten that bounds a difference: "1e-12" for 3e-13, "0" for none."""
    if difference == 0 or math.isinf(difference):
        return "0" if difference == 0 else "one is NaN"
    return f"1e{math.ceil(math.log10(difference)):+03d}"


def _tried(
    engine: Any, image: sitk.Image, mask: sitk.Image, parameters: Mapping[str, Any], seconds: int
) -> tuple[dict[str, float], str, float]:
    """Return values, why there are none, and CPU seconds."""
    start = process_time()
    values, refused = {}, ""
    try:
        with _at_most(seconds):
            values = engine(image, mask, deepcopy(dict(parameters)))
    except (Exception, TooLong) as failure:  # pyradiomics lets through whatever its libraries raise
        refused = f"{type(failure).__name__}: {' '.join(str(failure).split())}"[:300]
    return values, refused, round(process_time() - start, 4)


def _ours(image: sitk.Image, mask: sitk.Image, parameters: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in extract(image, mask, parameters).items()}


def _theirs(image: sitk.Image, mask: sitk.Image, parameters: dict[str, Any]) -> dict[str, float]:
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    logging.disable(logging.CRITICAL)
    with np.errstate(all="ignore"):
        values = RadiomicsFeatureExtractor(parameters).execute(image, mask)
    return {n: float(np.asarray(v)) for n, v in values.items() if not n.startswith("diagnostics")}


@contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooLong(f"more than {seconds} s of CPU")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def read_log(paths: Iterable[Path]) -> dict[Key, dict[str, Any]]:
    """Read what was compared so far; of an entry made twice the last counts."""
    entries = {}
    for path in paths:
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                entries[entry["seed"], entry["number"], entry["image"]] = entry
    return entries


def report(entries: Mapping[Key, Mapping[str, Any]]) -> tuple[str, bool]:
    """Say what the log holds, as Markdown; and whether nothing in it is left unexplained."""
    runs = list(entries.values())
    compared_runs = [r for r in runs if r["values"]]
    files = {(r["seed"], r["number"]) for r in runs}
    decades: Counter[str] = Counter()
    for run in runs:
        decades.update(run["decades"])
    differ = [(run, *value[:3], _reason(run, value)) for run in runs for value in run["differ"]]
    unexplained = [value for value in differ if not value[4]]
    explained = Counter(value[4] for value in differ if value[4])
    within = [r["worst"] for r in compared_runs if not r["differ"]]
    lines = [
        f"{len(files)} random parameter files, {len(runs)} runs on {len({r['image'] for r in runs})} images; "
        f"{len(compared_runs)} gave values with both, {sum(r['values'] for r in runs)} values compared.",
        "",
        "| largest relative difference | values |",
        "| ---: | ---: |",
        *(f"| {name} | {decades[name]} |" for name in sorted(decades, key=_size)),
        "",
        f"Values above {TOLERANCE:g}: {len(differ)}, {len(unexplained)} of them without a known reason. "
        f"Largest in the runs that have none: {max(within, default=0):.1e}.",
        "",
        *(f"* {count} values: {reason}" for reason, count in explained.most_common()),
        *_listed("Without a known reason", _told(unexplained)),
        *_refusals(runs),
        *_missing(runs),
    ]
    crashes = [r for r in runs if r["refused"]["ours"] and "Error" in r["refused"]["ours"].split(":")[0]]
    crashed = [r for r in crashes if r["refused"]["ours"].split(":")[0] not in OUR_ERRORS]
    lines += _listed("Ours failed", [f"{_where(r)}: {r['refused']['ours']}" for r in crashed])
    return "\n".join(lines) + "\n", not (unexplained or crashed)


OUR_ERRORS = ("SettingsError", "ReadError", "GeometryError", "RegionError")


def _size(name: str) -> float:
    return math.inf if name == "one is NaN" else float(name)


def _where(run: Mapping[str, Any]) -> str:
    return f"file {run['seed']}:{run['number']} on {run['image']}"


def _reason(run: Mapping[str, Any], value: Sequence[str]) -> str:
    name, ours, theirs = value[:3]
    if name in run.get("same_in_64_bits", ()):
        return "grey levels of 32-bit floats: pyradiomics gives our value for the same image in 64 bits"
    return known_reason(name, float(ours), float(theirs), run["parameters"], run["notes"])


def _told(values: Sequence[Sequence[Any]]) -> list[str]:
    """Say which values differ: one line for a run and an image type, with the first of them."""
    groups: dict[tuple[str, str], list[Sequence[Any]]] = {}
    for value in values:
        groups.setdefault((_where(value[0]), value[1].split("_")[0]), []).append(value)
    return [
        f"{where}: {group[0][1]} {group[0][2]} here, {group[0][3]} in pyradiomics"
        + (f", and {len(group) - 1} more of {image}" if len(group) > 1 else "")
        for (where, image), group in groups.items()
    ]


def _listed(title: str, lines: Sequence[str], most: int = 60) -> list[str]:
    if not lines:
        return []
    more = [f"* ... {len(lines) - most} more"] if len(lines) > most else []
    return ["", f"{title}:", "", *(f"* {line}" for line in lines[:most]), *more]


def _refusals(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    both = sum(bool(r["refused"]["ours"] and r["refused"]["theirs"]) for r in runs)
    lines = ["", f"Refused by both: {both} runs."]
    for side, other in (("ours", "theirs"), ("theirs", "ours")):
        alone = [r for r in runs if r["refused"][side] and not r["refused"][other]]
        kinds = Counter(r["refused"][side][:110] for r in alone)
        title = "Refused here only" if side == "ours" else "Refused by pyradiomics only"
        lines += _listed(f"{title}: {len(alone)} runs", [f"{n} x {kind}" for kind, n in kinds.most_common()])
    return lines


def _missing(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = []
    for side, title in (("only_ours", "Values only here"), ("only_theirs", "Values only in pyradiomics")):
        found = [(r, name) for r in runs for name in r[side]]
        kinds = Counter("_".join(name.split("_")[:2]) for _, name in found)
        lines += _listed(f"{title}: {len(found)}", [f"{n} x {kind}" for kind, n in kinds.most_common()])
    return lines
