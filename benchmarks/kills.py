"""Kill `extract` at random moments, resume it each time, and count what is lost, orphaned or left behind.

    python -m benchmarks.kills --data DATA --kills 200

Linux only: processes are found by a mark in their environment.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pandas as pd

MARK = "RADIOMICS_SCREEN_KILLS"
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
#: No process may live longer after its command was killed.
ORPHAN_SECONDS = 5.0


def main() -> None:
    """Print the counts; the exit code is 1 where anything was lost or left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with busbra/")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--cases", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counts = killed_extracts(Path(folder), options.data, options.kills, options.cases, options.seed)
    for name, number in sorted(counts.items()):
        print(f"{name:<24}{number:>6}")
    raise SystemExit(any(counts[name] for name in ("tables that differ", "orphans", "files left")))


def killed_extracts(folder: Path, data: Path, kills: int, cases: int, seed: int) -> Counter[str]:
    """Return how often each thing happened."""
    chance, counts = random.Random(seed), Counter[str]()
    scratch, place = folder / "scratch", folder / "output"
    scratch.mkdir()
    place.mkdir()
    listed = small_list(folder / "cases.csv", data, cases)
    run(listed, folder / "expected.parquet", scratch, jobs=1).wait()  # also compiles the kernels
    start = time.monotonic()
    run(listed, folder / "expected.parquet", scratch, jobs=2, more=("--overwrite",)).wait()
    longest = 1.1 * (time.monotonic() - start)
    expected, output = values(folder / "expected.parquet"), place / "table.parquet"
    while counts["kills"] < kills:
        jobs, number = chance.choice((1, 2)), chance.choice(SIGNALS)
        process = run(listed, output, scratch, jobs)
        time.sleep(longest * chance.random())
        if process.poll() is None:
            process.send_signal(number)
            counts["kills"] += 1
            counts[f"kills by {number.name} -j {jobs}"] += 1
        counts["orphans"] += left_after(ORPHAN_SECONDS, process)
        if process.returncode == 0:
            counts["tables finished"] += 1
            counts["tables that differ"] += not values(output).equals(expected)
            counts["files left"] += files_left(output, scratch)
            for path in place.iterdir():
                path.unlink()
            print(f"{counts['kills']} of {kills} kills, {counts['tables finished']} tables", flush=True)
    run(listed, output, scratch, jobs=1).wait()
    counts["tables finished"] += 1
    counts["tables that differ"] += not values(output).equals(expected)
    counts["files left"] += files_left(output, scratch)
    return counts


def files_left(output: Path, scratch: Path) -> int:
    """Return how many files, beside a finished table and among the temporary ones, do not belong there."""
    kept = {output.name, f"{output.stem}.provenance.json"}
    left = [path for path in (*output.parent.iterdir(), *scratch.iterdir()) if path.name not in kept]
    for path in left:
        print("left:", path.name)
    return len(left)


def small_list(path: Path, data: Path, cases: int) -> Path:
    """Write a list of the first cases of BUS-BRA."""
    home = data / "busbra"
    frame = pd.read_csv(home / "cases.csv", dtype=str).head(cases)
    for column in ("image", "mask"):
        frame[column] = [str(home / name) for name in frame[column]]
    frame.to_csv(path, index=False)
    return path


def run(
    cases: Path, output: Path, scratch: Path, jobs: int, more: tuple[str, ...] = ()
) -> subprocess.Popen[bytes]:
    """Start the command."""
    command = ["extract", str(cases), "-o", str(output), "-j", str(jobs), "--preset", "breast-ultrasound"]
    return subprocess.Popen(
        [sys.executable, "-m", "radiomics_screen", "--quiet", *command, *more],
        env={**os.environ, MARK: str(os.getpid()), "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def values(table: Path) -> pd.DataFrame:
    """Return the table without what differs between any two runs."""
    return pd.read_parquet(table).drop(columns="seconds")


def left_after(seconds: float, process: subprocess.Popen[bytes]) -> int:
    """Return how many marked processes live on some seconds after a kill; they are ended."""
    deadline = time.monotonic() + seconds
    while process.poll() is None or marked():
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    alive = marked()
    for number in alive:
        print("lives on:", Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ")[:160])
        os.kill(number, signal.SIGKILL)
    process.wait()
    return len(alive)


def marked() -> list[int]:
    """Return the numbers of the processes that carry this program's mark."""
    mark, found = f"{MARK}={os.getpid()}".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:  # it ended, or is another user's
            continue
    return found


if __name__ == "__main__":
    main()
