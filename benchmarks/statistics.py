"""The statistics of this package beside other packages, definitions written out, and simulations.

Each statistic is computed here, and by a package, by a loop over its definition, or taken from a
publication, on the same data; then many data sets of known truth are drawn, to see how often
intervals hold it and tests err. Packages are asked in interpreters that have them; a row whose
package is nowhere says so. The exit code is 1 if a difference has no known reason.

    python -m benchmarks.statistics
    python -m benchmarks.statistics --peer /path/to/python --peer /path/to/other/python \\
        --output docs/explanation/statistics.md
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.statistical import agreeing, calibrating, others, ranking, simulated, simulated_further
from benchmarks.statistical.findings import Finding, Peers
from benchmarks.statistical.simulated import Simulated
from benchmarks.writing import machine, put_into, table

COMPARED = (ranking, calibrating, agreeing, others)
SIMULATED = (simulated, simulated_further)


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    found: list[Finding] = []
    with Peers([*options.peer, sys.executable]) as peers:
        for module in COMPARED:
            for one in module.findings(peers):
                found.append(one)
                print(f"{one.statistic}  {one.beside}  {told(one)}", flush=True)
    drawn: list[Simulated] = []
    for module in SIMULATED if options.effort > 0 else ():
        for part in module.findings(options.effort):
            drawn.append(part)
            print(f"{part.what}  {part.setting}  {part.nominal:.3f}  {part.found:.3f}", flush=True)
    text = document(found, drawn)
    if options.output:
        put_into(options.output, "statistics", text)
    else:
        print("\n" + text)
    return 0 if all(one.explained for one in found) else 1


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.statistics",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add("--peer", action="append", default=[], metavar="PYTHON", help="interpreter that has other packages")
    add("--effort", type=float, default=1.0, help="draws of the simulations, 0 for none (%(default)s)")
    add("--output", type=Path, help="Markdown file whose section 'statistics' is replaced")
    return made


def told(one: Finding) -> str:
    """Return the difference as text."""
    if one.difference is None:
        return "not there"
    return "one has no value" if math.isinf(one.difference) else f"{one.difference:.1g}"


def document(found: Sequence[Finding], drawn: Sequence[Simulated]) -> str:
    """Return both tables as Markdown; that of the simulations only if there are any."""
    heads = ["statistic", "compared with", "data", "largest difference", ""]
    lines = table(heads, [[f.statistic, f.beside, f.data, told(f), _remark(f)] for f in found])
    lines[1] = "| --- | --- | --- | ---: | --- |"
    if drawn:
        heads = ["part of draws", "setting", "to be expected", "found", "standard error", "draws"]
        rows = [
            [d.what, d.setting, f"{d.nominal:.3f}", f"{d.found:.3f}", f"{d.error:.4f}", str(d.draws)]
            for d in drawn
        ]
        second = table(heads, rows)
        second[1] = "| --- | --- | ---: | ---: | ---: | ---: |"
        lines += ["", "Simulations, the truth being known:", "", *second]
    return "\n".join([f"Measured on: {machine()}.", "", *lines, ""])


def _remark(one: Finding) -> str:
    return one.remark if one.explained else f"no known reason. {one.remark}".strip()


if __name__ == "__main__":
    sys.exit(main())
