"""``radiomics-screen verify``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from radiomics_screen.cli.verbosity import echo, say

RESPONSES = "response maps"

if TYPE_CHECKING:
    from radiomics_screen.verification import Group, ReferenceComparison, Report


def verify(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with the IBSI data sets (ibsi1/, ibsi2/); see docs/explanation/ibsi.md."),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Also write every compared value to this JSON file.")
    ] = None,
) -> None:
    """Check this installation against the reference values of the IBSI.

    The digital phantom comes with the package; the rest needs the IBSI data sets. Exit codes: 0 everything
    that ran passed, 1 something failed, 2 nothing could be run.
    """
    from radiomics_screen.verification import require_place, write_report
    from radiomics_screen.verification import verify as run

    require_place(json)
    found = run(data, begin=_Begun())
    _show(found)
    if json:
        write_report(found, json)
        echo(f"details     {json}")
    raise typer.Exit(0 if found.passed else 1)


def _show(found: Report) -> None:
    head = ("", "family", "passed", "worst", "deviation", "allowed")
    lines: list[tuple[str, ...]] = [head]
    for part in dict.fromkeys(group.part for group in found.groups):
        members = [group for group in found.groups if group.part == part]
        for n, group in enumerate(members):
            lines.append(_line(part if n == 0 else "", group))
        lines.append(("", "all", _count(members), "", f"{found.seconds[part]:.1f} s", ""))
    _table(lines)
    echo("")
    for omitted in found.omitted:
        echo(f"not run: {omitted.part}: {omitted.reason}")
    for broken in found.broken:
        echo(f"COULD NOT BE RUN: {broken.part}: {broken.reason}")
    for group in found.groups:
        for c in group.comparisons:
            if not c.passed:
                echo(f"FAILED: {group.part}: {_failure(group, c)}")
    verdict = "All that was run passed" if found.passed else "Not all passed"
    echo(f"{verdict}: {_count(found.groups)} values, {sum(found.seconds.values()):.1f} s of processor time.")


class _Begun:
    """Says what is under way: it may take a while."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __call__(self, part: str) -> None:
        if part not in self._told:
            self._told.add(part)
            say(f"{part} ...", err=True)


def _failure(group: Group, c: ReferenceComparison) -> str:
    if c.value is None:
        return f"{c.tag}: no value"
    if group.part == RESPONSES:
        return f"{c.tag}: differs by {c.value:.2%} of the range, {c.tolerance:.0%} are allowed"
    return f"{c.tag}: {c.value:.6g}, not {c.reference:g} +- {c.tolerance:g}"


def _line(part: str, group: Group) -> tuple[str, ...]:
    worst = group.worst
    if worst.severity == 0:
        return (part, group.name, _count([group]), "-", "0", "")
    deviation = "no value" if worst.deviation is None else f"{worst.deviation:.3g}"
    return (part, group.name, _count([group]), worst.tag, deviation, f"{worst.tolerance:.3g}")


def _count(groups: Iterable[Group]) -> str:
    groups = list(groups)
    return f"{sum(g.passed for g in groups)}/{sum(len(g.comparisons) for g in groups)}"


def _table(lines: list[tuple[str, ...]]) -> None:
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    for line in lines:
        columns = [
            text.rjust(width) if n in (2, 4, 5) else text.ljust(width)
            for n, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        echo("  ".join(columns).rstrip())
