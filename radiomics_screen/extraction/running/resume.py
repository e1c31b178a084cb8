"""What an earlier run left behind, and what of it counts for this one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radiomics_screen.cohort.cases import Case
from radiomics_screen.core.column_names import parts_of
from radiomics_screen.core.errors import TableError, option_named
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.extraction.running.case_keys import Contents, contents_of
from radiomics_screen.extraction.running.finished_row import BETWEEN, Measured
from radiomics_screen.extraction.running.journal import Journal
from radiomics_screen.extraction.running.provenance import Recipe, require_same

if TYPE_CHECKING:
    from radiomics_screen.table.feature_table import FeatureTable


def journal_path(output: Path) -> Path:
    """Return where the finished rows of an unfinished run lie."""
    return output.with_name(output.name + ".journal")


def known_rows(output: Path, journal: Journal, recipe: Recipe, *, overwrite: bool) -> dict[str, Measured]:
    """Return what an earlier run left behind, by key; make the journal ready for this one."""
    found = journal.header
    if overwrite and found and not (found["overwrite"] and found["content"] == recipe.content):
        found = None  # that run does not count any more
    if found:
        require_same(recipe, found, f"an unfinished run ({journal.path.name})")
        overwrite = found["overwrite"]
    known: dict[str, Measured] = {}
    if output.exists() and not overwrite and not journal.replacing:
        from radiomics_screen.table.feature_table import read_table  # pandas: a new run does not wait for it

        table = read_table(output)
        require_same(recipe, table.provenance, str(output))
        known = _rows_of(table)
    if not found:
        journal.start({**recipe.to_dict(), "overwrite": overwrite})
    return known | journal.rows


def _rows_of(table: FeatureTable) -> dict[str, Measured]:
    frame = table.frame[(table.frame["status"] == "ok") & (table.frame["case_key"] != "")]
    values = frame[table.features].to_numpy(np.float64)
    places = _places_of_families(table.features)
    found = {}
    for key, warnings, seconds, row in zip(
        frame["case_key"], frame["warnings"], frame["seconds"], values, strict=True
    ):
        # A family that did not fit this image has no values, and a fresh run would not name it. One
        # whose definition has no value here says so in the warnings; a region beyond the lesion is
        # named before it.
        told = warnings.split(BETWEEN)
        computed = [
            place
            for (region, family), places_of_one in places.items()
            if not np.isnan(row[places_of_one]).all() or _tells_of(told, region, family)
            for place in places_of_one
        ]
        names = tuple(table.features[place] for place in computed)
        found[key] = Measured(Contents("", "", key), "ok", "", warnings, seconds, names, row[computed])
    return found


def _tells_of(warnings: Sequence[str], region: str, family: str) -> bool:
    """Tell whether a warning says of a family, in the lesion or in a region, that it has no value."""
    start = f"{region}: {family}:" if region else f"{family}:"
    return any(warning.startswith(start) for warning in warnings)


def _places_of_families(features: Sequence[str]) -> dict[tuple[str, str], list[int]]:
    """Return the places of the columns of each region's families."""
    places: dict[tuple[str, str], list[int]] = {}
    for place, name in enumerate(features):
        parts = parts_of(name)
        places.setdefault((parts.region, parts.family), []).append(place)
    return places


def reused_rows(
    cases: Sequence[Case], known: Mapping[str, Measured], recipe: Recipe, output: Path | None
) -> dict[int, Measured]:
    """Return the rows, by number of their case, that need not be computed."""
    if not known:
        return {}
    with ThreadPoolExecutor() as threads:  # reading and hashing leave the interpreter's lock
        contents = list(threads.map(lambda case: contents_of(case, recipe.content), cases))
    rows = {
        number: replace(known[found.key], contents=found)
        for number, (case, found) in enumerate(zip(cases, contents, strict=True))
        if found.key in known and not case.problem
    }
    if not rows and output is not None and output.exists():
        raise TableError(
            f"{output} holds rows of other cases: not one of its {len(known)} is of this cohort; "
            f"name another {option_named('output')}, or replace it with {option_named('overwrite', True)}"
        )
    return rows


def keep_left_out(output: Path, known: Mapping[str, Measured], rows: Sequence[Measured]) -> None:
    """Keep a copy of a table whose rows are not all in the one that takes its place, and say so."""
    left_out = len(known.keys() - {row.contents.key for row in rows})
    if left_out and output.exists():
        copy = output.with_name(f"{output.stem}.before{output.suffix}")
        shutil.copy2(output, copy)
        add_remark(
            f"{left_out} rows of {output.name} are of no case in this list; "
            f"as it was, the table is kept as {copy.name}"
        )
