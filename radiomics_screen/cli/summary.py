"""What a run closes with: how many rows came out well, and what went wrong in the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    import pandas as pd

    from radiomics_screen.cohort import Cohort

_EXAMPLES = 3
_DISTINCT = 20


def tell_problems(cohort: Cohort) -> None:
    """Print what is wrong with the cases file, all at once and before the work."""
    if cohort.problems:
        typer.echo(f"{cohort.path}: {len(cohort.problems)} problems in {len(cohort.cases)} cases", err=True)
    for problem in cohort.problems:
        typer.echo(f"  {problem}", err=True)


def summarize(frame: pd.DataFrame, seconds: float) -> int:
    """Print counts and the distinct errors and warnings; return the exit code: 1 where a case failed."""
    failed = frame[frame["status"] != "ok"]
    remarked = frame[(frame["status"] == "ok") & (frame["warnings"] != "")]
    remarks = f" ({len(remarked)} with warnings)" if len(remarked) else ""
    typer.echo(
        f"{len(frame)} cases in {seconds:.1f} s: {len(frame) - len(failed)} ok{remarks}, {len(failed)} failed"
    )
    _list("failed", ((general(row, row["error"]), row["case_id"]) for _, row in failed.iterrows()))
    _list(
        "warned",
        (
            (general(row, remark), row["case_id"])
            for _, row in remarked.iterrows()
            for remark in row["warnings"].split("; ")
        ),
    )
    return 1 if len(failed) else 0


def general(row: pd.Series, message: str) -> str:
    """Take out of a message what belongs to its case alone, so that equal causes read equal."""
    for own, name in ((f"case {row['case_id']}: ", ""), (row["image"], "IMAGE"), (row["mask"], "MASK")):
        message = message.replace(own, name) if own else message
    return message


def _list(what: str, messages: Iterable[tuple[str, str]]) -> None:
    cases_of: dict[str, list[str]] = {}
    for message, case_id in messages:
        cases_of.setdefault(message, []).append(case_id)
    by_count = sorted(cases_of.items(), key=lambda item: -len(item[1]))
    for message, cases in by_count[:_DISTINCT]:
        more = ", ..." if len(cases) > _EXAMPLES else ""
        typer.echo(f"  {len(cases)} {what}: {message} [{', '.join(cases[:_EXAMPLES])}{more}]")
    if len(by_count) > _DISTINCT:
        typer.echo(f"  ... and {len(by_count) - _DISTINCT} other messages; see the table")
