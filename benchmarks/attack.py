"""Read hostile and damaged files of every kind, and count what becomes of them.

Every file is drawn from its number and the seed, so a finding can be looked at again. The limits of the
package are set low, so that what ignores them is seen. Linux only: it forks, and reads memory from /proc.

    python -m benchmarks.attack --count 10000 --seed 1
    python -m benchmarks.attack --only tiff --number 1234 --keep findings
    python -m benchmarks.attack --only bombs
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

LIMITS = {"RADIOMICS_SCREEN_MAX_BYTES": str(64 << 20), "RADIOMICS_SCREEN_MAX_PIXELS": str(16 << 20)}


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    os.environ.update(LIMITS)
    from benchmarks.attacks.plan import planned  # after --help, and after the limits are set
    from benchmarks.attacks.workers import FAULTS, watch

    plan = planned(options.only, options.seed, options.count)
    numbers = [options.number] if options.number is not None else list(range(len(plan)))
    counts: Counter[tuple[str, str]] = Counter()
    peaks: dict[str, tuple[float, float]] = {}
    for outcome in watch(numbers, plan.specimen, plan.sound, options.seconds, options.mib):
        counts[outcome.kind, outcome.outcome] += 1
        slow, large = peaks.get(outcome.kind, (0.0, 0.0))
        peaks[outcome.kind] = max(slow, outcome.seconds), max(large, outcome.peak_mib)
        if outcome.outcome in FAULTS or options.verbose:
            print(
                f"{outcome.number} {outcome.kind} [{outcome.damage}] {outcome.outcome} "
                f"{outcome.seconds:.2f} s {outcome.peak_mib:.0f} MiB: {outcome.detail}",
                flush=True,
            )
            if options.keep:
                _keep(options.keep, options.seed, outcome.number, plan.specimen(outcome.number).files)
    _print(counts, peaks)
    return int(any(kind in FAULTS for _, kind in counts))


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.attack",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add("--count", type=int, default=1000, help="number of damaged files (%(default)s)")
    add("--seed", type=int, default=1, help="what they are drawn from (%(default)s)")
    add(
        "--only",
        default="mutations",
        help="mutations, doors (other commands), model, yaml, syntaxes, bombs, or a kind as png, tiff, dicom",
    )
    add("--number", type=int, help="only this file")
    add("--seconds", type=float, default=20, help="most time of a file (%(default)s)")
    add("--mib", type=float, default=400, help="most memory of a file, above an idle process (%(default)s)")
    add("--keep", type=Path, help="folder for the files of a finding")
    add("--verbose", action="store_true", help="print every outcome")
    return made


def _keep(folder: Path, seed: int, number: int, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / f"seed{seed}-{number}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _print(counts: Counter[tuple[str, str]], peaks: dict[str, tuple[float, float]]) -> None:
    outcomes = ("accepted", "remarked", "refused", "crash", "hang", "died", "memory", "silent", "unclear")
    print("| kind | " + " | ".join(outcomes) + " | slowest (s) | peak (MiB) |")
    print("|---" * (len(outcomes) + 3) + "|")
    for kind, (slow, large) in sorted(peaks.items()):
        cells = [str(counts[kind, outcome]) for outcome in outcomes]
        print(f"| {kind} | " + " | ".join(cells) + f" | {slow:.2f} | {large:.0f} |")


if __name__ == "__main__":
    sys.exit(main())
