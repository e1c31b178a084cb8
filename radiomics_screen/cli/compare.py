"""``radiomics-screen compare``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from radiomics_screen.cli.verbosity import echo

if TYPE_CHECKING:
    from radiomics_screen.table.comparison import Agreement, Difference, TableComparison

_SHOWN = 8


def compare(
    a: Annotated[
        Path, typer.Argument(help="Feature table (.parquet or .csv), of this package or of pyradiomics.")
    ],
    b: Annotated[Path, typer.Argument(help="The table to compare it with.")],
    tolerance: Annotated[
        float, typer.Option(min=0, help="Relative difference up to which two values agree.")
    ] = 1e-6,
    json: Annotated[Path | None, typer.Option(help="Also write the details to this JSON file.")] = None,
) -> None:
    """Print where two feature tables differ.

    Exit codes: 0 all shared values agree, 1 some differ, 2 the tables cannot be compared.
    """
    from radiomics_screen.table.comparison import compare_tables, write_comparison

    found = compare_tables(a, b, tolerance=tolerance)
    _show(found, a, b)
    if json:
        write_comparison(found, json)
        echo(f"details     {json}")
    raise typer.Exit(0 if found.agree else 1)


def _show(found: TableComparison, a: Path, b: Path) -> None:
    echo(f"A  {a}\nB  {b}")
    echo(f"{found.cases} cases matched by {found.matched_by}, {found.features} features in both")
    for what, only in (("cases", found.cases_only), ("features", found.features_only)):
        for table, names in zip("AB", only, strict=True):
            if names:
                echo(f"only in {table}: {len(names)} {what}: {_some(names)}")
    for place in found.parameters:
        echo(f"parameters differ: {place}")
    for case, *causes in found.failed:
        told = "; ".join(f"{table}: {cause}" for table, cause in zip("AB", causes, strict=True) if cause)
        echo(f"failed: {case}: {told}")
    echo("")
    _table([_line(family) for family in (*found.families, found.total)])
    echo("")
    _verdict(found)


def _verdict(found: TableComparison) -> None:
    one_sided = sum(not (a and b) for _, a, b in found.failed)
    if found.agree:
        echo(
            f"They agree: none of {found.total.values} values differs by more than {found.tolerance:g} of "
            "the larger one (near zero: of a millionth of the feature's largest, at least 1e-9)."
        )
        if left_out := _left_out(found):
            echo(f"Not compared: {left_out}.")
    else:
        failed = f", {one_sided} cases failed in one table only" if one_sided else ""
        echo(
            f"They differ: {found.total.differing} of {found.total.values} values by more than "
            f"{found.tolerance:g} of the larger one{failed}."
        )


def _left_out(found: TableComparison) -> str:
    """Say what is in one table only."""
    parts = [
        f"{len(names)} {what} only in {table}"
        for what, only in (("features", found.features_only), ("cases", found.cases_only))
        for table, names in zip("AB", only, strict=True)
        if names
    ]
    return ", ".join(parts)


def _line(of: Agreement) -> tuple[str, ...]:
    where = _where(of.worst) if of.worst and of.worst.relative else ""
    worst = f"{of.worst.relative:.1e}" if of.worst else "-"
    return (of.name, str(of.values), str(of.differing), str(of.undefined), worst, where)


def _where(worst: Difference) -> str:
    return f"{worst.feature} of {worst.case}: {worst.a:.12g} and {worst.b:.12g}"


def _table(lines: list[tuple[str, ...]]) -> None:
    """Print columns, the first aligned left, numbers right; where the largest difference is comes last."""
    head = ("family", "values", "differing", "NaN in one", "largest", "where")
    widths = [max(len(line[n]) for line in (head, *lines)) for n in range(len(head) - 1)]
    for name, *numbers, where in (head, *lines):
        columns = [
            name.ljust(widths[0]),
            *(text.rjust(w) for text, w in zip(numbers, widths[1:], strict=True)),
        ]
        echo("  ".join([*columns, where]).rstrip())


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f", ... and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more
