"""Compare with pyradiomics, value by value, over random parameter files on real images.

Needs pyradiomics 3.0.1 in the same Python. Every file is drawn from its number and the seed, so a
run can be cut into slices and taken up again: what stands in the log is not done again. LBP3D is
among what is drawn, and compared where pyradiomics can make it (with trimesh and SciPy before 1.17).

    python -m benchmarks.sweep --data DATA --count 500 --log sweep.jsonl --keep sweep-files
    python -m benchmarks.sweep --data DATA --number 17 --again       # one file, with its values
    python -m benchmarks.sweep --report --log sweep.jsonl --output docs/explanation/speed.md
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.cases import MissingData


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    from benchmarks.agreement import read_log, report  # after --help, which needs no packages

    if not options.report:
        try:
            sweep(options)
        except MissingData as missing:
            sys.exit(str(missing))
    text, sound = report(read_log(options.log))
    print(text)
    if options.output:
        from benchmarks.writing import put_into

        put_into(options.output, "sweep", text)
    return 0 if sound else 1


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.sweep",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    data = os.environ.get("RADIOMICS_SCREEN_DATA", "../shared/data")
    add("--data", type=Path, default=Path(data), help="folder with pyradiomics/, sts/, busbra/ (%(default)s)")
    add("--count", type=int, default=500, help="number of parameter files (%(default)s)")
    add("--start", type=int, default=0, help="number of the first (%(default)s)")
    add("--number", type=int, action="append", help="only this file; may be repeated")
    add("--seed", type=int, default=1, help="what the files are drawn from (%(default)s)")
    add("--images", type=int, default=3, help="images that each file is tried on, 1 to 3 (%(default)s)")
    add("--again", action="store_true", help="also what stands in the log")
    add(
        "--log",
        type=Path,
        nargs="+",
        default=[Path("sweep.jsonl")],
        help="written to the first (%(default)s)",
    )
    add("--keep", type=Path, help="folder for parameter files with values that differ")
    add("--limit", type=int, default=60, help="CPU seconds for an engine on one image (%(default)s)")
    add("--report", action="store_true", help="only print what the logs say")
    add("--output", type=Path, help="Markdown file whose section 'sweep' is replaced")
    return made


def sweep(options: argparse.Namespace) -> None:
    """Try the files of these numbers, and write a line for each image into the log."""
    from benchmarks.agreement import compared, read_log
    from benchmarks.draw import drawn
    from benchmarks.subjects import fitted, marked, subject, subjects_of

    done = {} if options.again else read_log(options.log)
    numbers = options.number or range(options.start, options.start + options.count)
    for number in numbers:
        parameters = drawn(options.seed, number)
        for name in subjects_of(number, options.seed, options.data, options.images):
            if (options.seed, number, name) in done:
                continue
            whom = subject(name, options.data)
            fitting = fitted(parameters, whom)
            mask = marked(whom, fitting, Random(f"mask {options.seed}:{number}"))
            entry = compared(whom.image, mask, fitting, seconds=options.limit)
            entry = {"seed": options.seed, "number": number, "image": name, "parameters": fitting, **entry}
            with options.log[0].open("a", encoding="utf-8") as log:
                log.write(json.dumps(entry) + "\n")
            print(_line(entry), flush=True)
            if options.keep and (entry["differ"] or entry["only_ours"] or entry["only_theirs"]):
                _keep(options.keep, entry)


def _line(entry: dict[str, Any]) -> str:
    said = f"{entry['number']:>5} {entry['image']:<22}{entry['values']:>6} values"
    for side in ("ours", "theirs"):
        if entry["refused"][side]:
            said += f"; {side} refused: {entry['refused'][side]:.90}"
    if entry["values"]:
        said += f", largest {entry['worst']:.1e} {entry['worst_name']}"
    for what in ("differ", "only_ours", "only_theirs"):
        if entry[what]:
            said += f"; {what.replace('_', ' ')} {len(entry[what])}"
    return said


def _keep(folder: Path, entry: dict[str, Any]) -> None:
    import yaml

    folder.mkdir(parents=True, exist_ok=True)
    name = f"{entry['seed']}-{entry['number']}-{entry['image'].replace('/', '-').replace(' ', '-')}.yaml"
    text = yaml.safe_dump(entry["parameters"], sort_keys=False, default_flow_style=None)
    (folder / name).write_text(f"# image: {entry['image']}\n{text}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
