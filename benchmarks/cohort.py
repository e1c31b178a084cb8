"""Measure a whole cohort from files to table: wall and CPU seconds, and memory over the run.

Runs ``radiomics-screen extract`` on the BUS-BRA images with wavelet bands and Laplacians of
Gaussian, and samples the resident memory of its processes meanwhile. Linux only.

    python -m benchmarks.cohort --data DATA --jobs 2 --output docs/explanation/speed.md
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import ONE_THREAD
from benchmarks.pictures import memory_over_time, relative
from benchmarks.writing import machine, put_into, table

PARAMETERS = {"imageType": {"Original": {}, "Wavelet": {}, "LoG": {"sigma": [1.0, 2.0, 3.0]}}}
EXTRACT = [sys.executable, "-c", "from radiomics_screen.cli import main; main()", "extract"]
SAMPLE_SECONDS = 0.2

#: Seconds since the start, bytes, number of processes.
Sample = tuple[float, int, int]


@dataclass(frozen=True)
class Run:
    """What one run took.

    Attributes
    ----------
    cases, columns, failed
        Size of the table that it wrote, and cases without features.
    samples
        Memory of all its processes together, over the run.
    """

    cases: int
    columns: int
    failed: int
    wall_s: float
    cpu_s: float
    samples: list[Sample]

    @property
    def peak_bytes(self) -> int:
        return max(size for _, size, _ in self.samples)

    def mean_bytes(self, first: float, last: float) -> float:
        """Return the mean memory between two parts of the run, 0 to 1."""
        end = self.samples[-1][0]
        sizes = [size for t, size, _ in self.samples if first * end <= t <= last * end]
        return sum(sizes) / len(sizes)


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if not Path("/proc/self/statm").exists():
        sys.exit("the memory of other processes is read from /proc, which only Linux has")
    table_of_cases = options.data / "busbra" / "cases.csv"
    if not table_of_cases.is_file():
        sys.exit(f"{table_of_cases} is not there; see --data")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        run(
            first_cases(table_of_cases, folder / "few.csv", 2 * options.jobs), folder, options.jobs
        )  # warm-up
        cases = first_cases(table_of_cases, folder / "cases.csv", options.cases)
        done = run(cases, folder, options.jobs)
    print(line_of(done, options.jobs))
    memory_over_time([(t, size) for t, size, _ in done.samples], options.picture)
    text = text_of(done, options.jobs, relative(options.picture, options.output))
    if options.output:
        put_into(options.output, "cohort", text)
    if options.json:
        options.json.write_text(json.dumps(done.__dict__) + "\n", encoding="utf-8")
    return 1 if done.failed else 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.cohort",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    data = os.environ.get("RADIOMICS_SCREEN_DATA", "../shared/data")
    add("--data", type=Path, default=Path(data), help="folder with busbra/ (%(default)s)")
    add("--jobs", type=int, default=2, help="number of processes (%(default)s)")
    add("--cases", type=int, help="only the first so many")
    add("--picture", type=Path, default=Path("docs/pictures/cohort.svg"), help="SVG (%(default)s)")
    add("--output", type=Path, help="Markdown file whose section 'cohort' is replaced")
    add("--json", type=Path, help="file for all samples")
    return made


def first_cases(source: Path, target: Path, count: int | None) -> Path:
    """Write the first cases of a cases file to another folder, with whole paths; return its path."""
    with source.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))[:count]
    with target.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        for row in rows:
            paths = {name: str((source.parent / row[name]).resolve()) for name in ("image", "mask")}
            writer.writerow(row | paths)
    return target


def run(cases: Path, folder: Path, jobs: int) -> Run:
    """Extract a cohort in processes of its own and watch it."""
    params, output = folder / "params.json", folder / f"{cases.stem}.parquet"
    params.write_text(json.dumps(PARAMETERS), encoding="utf-8")
    command = [*EXTRACT, str(cases), "-o", str(output), "-p", str(params), "-j", str(jobs)]
    cpu_before = _cpu_of_children()
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **ONE_THREAD}
    )
    samples: list[Sample] = []
    while process.poll() is None:
        size, count = memory_of_tree(process.pid)
        if size:
            samples.append((time.perf_counter() - start, size, count))
        time.sleep(SAMPLE_SECONDS)
    wall = time.perf_counter() - start
    _, said = process.communicate()
    if not output.exists():
        sys.exit(f"the extraction failed: {said.decode(errors='replace')[-2000:]}")
    import pandas as pd

    frame = pd.read_parquet(output)
    failed = int((frame["status"] != "ok").sum())
    return Run(len(frame), frame.shape[1], failed, wall, _cpu_of_children() - cpu_before, samples)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def memory_of_tree(root: int) -> tuple[int, int]:
    """Return resident bytes of a process and all its descendants, and how many they are.

    Pages that processes share (libraries, mostly) are counted in each of them.
    """
    parents: dict[int, int] = {}
    pages: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # the name of a program, in brackets, may hold blanks
                after_name = (entry / "stat").read_text().rpartition(")")[2].split()
                pages[int(entry.name)] = int((entry / "statm").read_text().split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended meanwhile
            parents[int(entry.name)] = int(after_name[1])
    tree = {root} & parents.keys()
    while grown := {pid for pid, parent in parents.items() if parent in tree} - tree:
        tree |= grown
    return sum(pages.get(pid, 0) for pid in tree) * resource.getpagesize(), len(tree)


def line_of(done: Run, jobs: int) -> str:
    """Say what a run took, for the screen."""
    return (
        f"{done.cases} cases ({done.failed} failed), {done.columns} columns, {jobs} processes: "
        f"{done.wall_s:.1f} s wall, {done.cpu_s:.1f} s CPU, at most {done.peak_bytes / 2**20:.0f} MiB "
        f"(second quarter {done.mean_bytes(0.25, 0.5) / 2**20:.0f}, "
        f"last quarter {done.mean_bytes(0.75, 1) / 2**20:.0f})"
    )


def text_of(done: Run, jobs: int, picture: str) -> str:
    """Return the table, with the picture, as Markdown."""
    per_case = 1000 * done.wall_s / done.cases
    figures = [
        ["cases; failed", f"{done.cases}; {done.failed}"],
        ["columns of the table", f"{done.columns}"],
        ["processes", f"{jobs}"],
        ["wall seconds, from the command to its end", f"{done.wall_s:.1f}"],
        ["CPU seconds of all processes", f"{done.cpu_s:.1f}"],
        ["wall milliseconds a case", f"{per_case:.1f}"],
        ["largest memory of all processes together", f"{done.peak_bytes / 2**20:.0f} MiB"],
        ["mean memory in the second quarter", f"{done.mean_bytes(0.25, 0.5) / 2**20:.0f} MiB"],
        ["mean memory in the last quarter", f"{done.mean_bytes(0.75, 1) / 2**20:.0f} MiB"],
    ]
    lines = [f"Measured on: {machine()} a process.", "", *table(["", "BUS-BRA"], figures)]
    return "\n".join([*lines, "", f"![Memory over the run]({picture})", ""])


if __name__ == "__main__":
    sys.exit(main())
