"""Measure CPU seconds, wall seconds and memory of this package beside other engines.

Every engine runs in a process of its own, with its own interpreter and one thread; runs of the
engines alternate. Images are in memory before the time starts, but where a row says "from files".

    python -m benchmarks.speed --only ours --case brain1
    python -m benchmarks.speed --data DATA --lung FOLDER --peer pictologics=/path/to/python \\
        --peer pyradiomics=/path/to/python --output docs/explanation/speed.md
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.cases import NAMES, Case, MissingData, cases
from benchmarks.measuring import Engine, EngineError, Figures, measured
from benchmarks.writing import line_of, machine, put_into, speed_json, speed_table

OURS = "radiomics_screen"
PEERS = ("pyradiomics", "pictologics", "flash_radiomics")


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    pythons = chosen_engines(options)
    names = options.case or list(NAMES)
    versions = {name: version_of(name, python) for name, python in pythons.items()}
    print(machine(), "\n", "; ".join(f"{n} {v}" for n, v in versions.items()), sep="", flush=True)
    rows: list[tuple[Case, dict[str, Figures]]] = []
    missing = []
    with tempfile.TemporaryDirectory() as scratch:
        for case in cases(names, options.data, options.lung, Path(scratch)):
            if isinstance(case, MissingData):
                missing.append(str(case))
                print(case, file=sys.stderr, flush=True)
                continue
            figures = measured(case, pythons, seconds=options.seconds, rounds=options.rounds)
            rows.append((case, figures))
            print(line_of(case, figures), flush=True)
    if options.json:
        options.json.write_text(speed_json(rows, versions), encoding="utf-8")
    if options.output:
        put_into(options.output, "speed", speed_table(rows, versions))
    else:
        print("\n" + speed_table(rows, versions))
    return 1 if missing else 0


def parser() -> argparse.ArgumentParser:
    doc = __doc__ or ""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    data = os.environ.get("RADIOMICS_SCREEN_DATA", "../shared/data")
    add("--data", type=Path, default=Path(data), help="folder with pyradiomics/ and busbra/ (%(default)s)")
    add("--lung", type=Path, help="folder with lung1_image.nrrd, ... from pyradiomics' source distribution")
    add("--peer", action="append", default=[], metavar="NAME=PYTHON", help=", ".join(PEERS))
    add(
        "--only", action="append", default=[], metavar="NAME", help="only this engine; 'ours' is this package"
    )
    add("--case", action="append", default=[], choices=list(NAMES), help="only this case; may be repeated")
    add("--seconds", type=float, default=3.0, help="CPU seconds for an engine on a case (%(default)s)")
    add("--rounds", type=int, default=5, help="turns of each engine in that time (%(default)s)")
    add("--output", type=Path, help="Markdown file whose section 'speed' is replaced")
    add("--json", type=Path, help="file for all figures")
    return made


def chosen_engines(options: argparse.Namespace) -> dict[str, str]:
    """Return the interpreter of each engine that is measured, ours first."""
    pythons = {OURS: sys.executable}
    for peer in options.peer:
        name, _, python = peer.partition("=")
        if not python or name not in PEERS:
            sys.exit(f"--peer {peer}: expected one of {', '.join(PEERS)}, with =PYTHON")
        pythons[name] = python
    wanted = [OURS if name == "ours" else name for name in options.only]
    for name in wanted:
        if name not in pythons:
            sys.exit(f"--only {name}: which Python has it? Add --peer {name}=PYTHON")
    return {name: python for name, python in pythons.items() if not wanted or name in wanted}


def version_of(name: str, python: str) -> str:
    """Return the version of an engine; end with a message where it cannot be imported."""
    try:
        with Engine(name, python) as engine:
            return str(engine.ask("version"))
    except (EngineError, OSError) as error:
        sys.exit(f"{name}: {python} cannot run it: {error} (BENCHMARK_ERRORS=1 shows more)")


if __name__ == "__main__":
    sys.exit(main())
