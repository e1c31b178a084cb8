"""Kill `extract` at random moments."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import pandas as pd

from benchmarks.killing.processes import ORPHAN_SECONDS, finish, kill, left_after, start


def killed_extracts(folder: Path, data: Path, kills: int, cases: int, seed: int) -> Counter[str]:
    """Return how often each thing happened."""
    chance, counts = random.Random(seed), Counter[str]()
    scratch, place = folder / "scratch", folder / "output"
    scratch.mkdir()
    place.mkdir()
    listed = small_list(folder / "cases.csv", data, cases)
    finish(extract(listed, folder / "expected.parquet", 1), scratch)  # also compiles the kernels
    longest = 1.1 * finish(extract(listed, folder / "expected.parquet", 2, "--overwrite"), scratch)
    expected, output = values(folder / "expected.parquet"), place / "table.parquet"
    while counts["kills"] < kills:
        jobs = chance.choice((1, 2))
        process = start(extract(listed, output, jobs), scratch)
        time.sleep(longest * chance.random())
        kill(process, jobs, chance, counts)
        counts["orphans"] += left_after(ORPHAN_SECONDS, process)
        if process.returncode == 0:
            counts["tables finished"] += 1
            counts["tables that differ"] += not values(output).equals(expected)
            counts["files left"] += files_left(output, scratch)
            for path in place.iterdir():
                path.unlink()
            print(f"{counts['kills']} of {kills} kills, {counts['tables finished']} tables", flush=True)
    finish(extract(listed, output, 1), scratch)
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


def extract(cases: Path, output: Path, jobs: int, *more: str) -> list[str]:
    """Return the command."""
    return ["extract", str(cases), "-o", str(output), "-j", str(jobs), "--preset", "breast-ultrasound", *more]


def values(table: Path) -> pd.DataFrame:
    """Return the table without what differs between any two runs."""
    return pd.read_parquet(table).drop(columns="seconds")
