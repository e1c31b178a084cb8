"""Kill `extract` or `fit` at random moments, resume it, and count what is lost, orphaned or left behind.

    python -m benchmarks.kills --data DATA --kills 200
    python -m benchmarks.kills --data DATA --kills 100 --command fit

Linux only: processes are found by a mark in their environment.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.killing.extracts import killed_extracts
from benchmarks.killing.fits import killed_fits

#: Command: what kills it, and the number of cases to begin with.
COMMANDS = {"extract": (killed_extracts, 12), "fit": (killed_fits, 60)}
FAULTS = ("tables that differ", "fits that differ", "written in part", "orphans", "files left")


def main() -> None:
    """Print the counts; the exit code is 1 where anything was lost or left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--command", choices=tuple(COMMANDS), default="extract")
    parser.add_argument("--data", type=Path, required=True, help="folder with busbra/")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--cases", type=int, help="default: 12; of a fit 60")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    killed, cases = COMMANDS[options.command]
    with tempfile.TemporaryDirectory() as folder:
        counts = killed(Path(folder), options.data, options.kills, options.cases or cases, options.seed)
    for name, number in sorted(counts.items()):
        print(f"{name:<24}{number:>6}")
    raise SystemExit(any(counts[name] for name in FAULTS))


if __name__ == "__main__":
    main()
