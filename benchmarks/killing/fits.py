"""Kill `fit` at random moments, and as often while it writes what it found."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.killing.extracts import extract, small_list
from benchmarks.killing.processes import ORPHAN_SECONDS, finish, kill, left_after, start

#: Folds, a search for settings, permutations, controls: each stage is long enough to be hit.
OPTIONS = (
    *("--target", "pathology", "--positive", "malignant", "--group", "patient_id"),
    *("--splits", "2", "--repeats", "1", "--model", "logistic", "--trials", "2", "--inner-folds", "2"),
    *("--permutations", "3", "--resamples", "100", "--controls", "table"),
)
#: A kill while it writes comes within this time of the first file.
_WRITING_SECONDS = 1.5
_NAMES = ("model", "model.report.html", "model.card.md")


def killed_fits(folder: Path, data: Path, kills: int, cases: int, seed: int) -> Counter[str]:
    """Return how often each thing happened."""
    chance, counts = random.Random(seed), Counter[str]()
    scratch, place, table = folder / "scratch", folder / "output", folder / "table.parquet"
    scratch.mkdir()
    place.mkdir()
    finish(extract(small_list(folder / "cases.csv", data, cases), table, 2), scratch)
    longest = finish(fit(table, folder / "expected" / "model", 1), scratch)
    expected = contents(folder / "expected")
    while counts["kills"] < kills:
        jobs = chance.choice((1, 2))
        process = start(fit(table, place / "model", jobs), scratch)
        _wait(process, place, longest, chance)
        kill(process, jobs, chance, counts)
        counts["orphans"] += left_after(ORPHAN_SECONDS, process)
        present = sum((place / name).exists() for name in _NAMES)
        if present == len(_NAMES):
            _count_finished(place, scratch, expected, counts)
            print(f"{counts['kills']} of {kills} kills, {counts['fits finished']} fits", flush=True)
        elif present:
            counts["written in part"] += 1
            _empty(place)
        elif process.returncode == 0:
            raise SystemExit("fit ended well and wrote nothing")
    finish(fit(table, place / "model", 1), scratch)
    _count_finished(place, scratch, expected, counts)
    return counts


def fit(table: Path, model: Path, jobs: int) -> list[str]:
    """Return the command."""
    return ["fit", str(table), "-o", str(model), "-j", str(jobs), *OPTIONS]


def contents(place: Path) -> dict[str, Any]:
    """Return what a fit wrote, without dates, durations and the number of processes."""
    found: dict[str, Any] = {}
    written = [place / "model.report.html", place / "model.card.md", *(place / "model").rglob("*")]
    for path in sorted(path for path in written if path.is_file()):
        name, text = str(path.relative_to(place)), path.read_text(encoding="utf-8")
        if path.name == "model.json":
            model = json.loads(text)
            del model["created"], model["files"]["evaluation.json"]  # which holds its seconds
            model["options"].pop("jobs", None)
            found[name] = model
        elif path.name == "evaluation.json":
            found[name] = {**json.loads(text), "seconds": None}
        elif path.suffix == ".md":
            found[name] = re.sub(r"(?m)^\| (Fitted|jobs) \|.*\n", "", text)
        elif path.suffix == ".html":
            found[name] = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "", text)
        else:
            found[name] = text
    return found


def _wait(process: subprocess.Popen[bytes], place: Path, longest: float, chance: random.Random) -> None:
    """Wait for a random moment of the fit; every other time, of its writing."""
    if chance.random() < 0.5:
        time.sleep(longest * chance.random())
        return
    earlier = set(place.glob(".fit-*"))  # what an earlier kill left
    while process.poll() is None and not set(place.glob(".fit-*")) - earlier:
        time.sleep(0.002)
    time.sleep(_WRITING_SECONDS * chance.random())


def _count_finished(place: Path, scratch: Path, expected: dict[str, Any], counts: Counter[str]) -> None:
    counts["fits finished"] += 1
    left = [path for path in (*place.iterdir(), *scratch.iterdir()) if path.name not in _NAMES]
    for path in left:
        print("left:", path.name)
    counts["files left"] += len(left)
    found = contents(place)
    differing = [name for name in {**expected, **found} if expected.get(name) != found.get(name)]
    if differing:
        print("differs:", ", ".join(differing))
    counts["fits that differ"] += bool(differing)
    _empty(place)


def _empty(place: Path) -> None:
    shutil.rmtree(place)
    place.mkdir()
