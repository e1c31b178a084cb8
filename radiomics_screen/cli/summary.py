"""What a run closes with: how many rows came out well, and what went wrong in the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from radiomics_screen.cli.verbosity import echo, say
from radiomics_screen.core.plurals import counted

if TYPE_CHECKING:
    import pandas as pd

    from radiomics_screen.cohort.cases import Cohort

_EXAMPLES = 3
_DISTINCT = 20


def tell_problems(cohort: Cohort) -> None:
    """Print what is wrong with the cases file, all at once and before the work."""
    if cohort.problems:
        echo(f"{cohort.path}: {len(cohort.problems)} problems in {len(cohort.cases)} cases", err=True)
    for problem in cohort.problems:
        echo(f"  {problem}", err=True)


def summarize(frame: pd.DataFrame, seconds: float) -> int:
    """Print counts and the distinct errors and warnings; return the exit code: 1 where a case failed."""
    from radiomics_screen.extraction.running.finished_row import BETWEEN

    failed = frame[frame["status"] != "ok"]
    remarked = frame[(frame["status"] == "ok") & (frame["warnings"] != "")]
    remarks = f" ({len(remarked)} with warnings)" if len(remarked) else ""
    ok = f"{len(frame) - len(failed)} ok{remarks}"
    say(f"{counted(len(frame), 'case')} in {seconds:.1f} s: {ok}, {len(failed)} failed")
    _list("failed", ((row, row["error"]) for _, row in failed.iterrows()))
    _list(
        "warned",
        ((row, remark) for _, row in remarked.iterrows() for remark in row["warnings"].split(BETWEEN)),
    )
    return 1 if len(failed) else 0


def general(row: pd.Series, message: str) -> str:
    """Take out of a message what belongs to its case alone, so that equal causes read equal."""
    for own, name in ((f"case {row['case_id']}: ", ""), (row["image"], "IMAGE"), (row["mask"], "MASK")):
        message = message.replace(own, name) if own else message
    return message


def _list(what: str, told: Iterable[tuple[pd.Series, str]]) -> None:
    """Print each distinct message with its cases; one of a single case as it is, with its paths."""
    by_cause: dict[str, list[tuple[str, str]]] = {}
    for row, message in told:
        by_cause.setdefault(general(row, message), []).append((row["case_id"], message))
    by_count = sorted(by_cause.items(), key=lambda item: -len(item[1]))
    for cause, cases in by_count[:_DISTINCT]:
        message = cause if len(cases) > 1 else cases[0][1]
        named = ", ".join(case_id for case_id, _ in cases[:_EXAMPLES])
        more = ", ..." if len(cases) > _EXAMPLES else ""
        say(f"  {len(cases)} {what}: {message} [{named}{more}]")
    if len(by_count) > _DISTINCT:
        say(f"  ... and {len(by_count) - _DISTINCT} other messages; see the table")
