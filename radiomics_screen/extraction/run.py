"""A cohort becomes a table: in parallel, and so that nothing finished is ever done again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from radiomics_screen.cohort import Case, Cohort, read_cohort
from radiomics_screen.errors import CohortError, TableError
from radiomics_screen.extraction.compose import compose
from radiomics_screen.extraction.journal import Journal
from radiomics_screen.extraction.keys import Contents, contents_of
from radiomics_screen.extraction.measured import Measured, failed
from radiomics_screen.extraction.provenance import Recipe, describe_run, require_same
from radiomics_screen.extraction.workers import (
    Task,
    count_processes,
    measure_alone,
    measure_here,
    measure_in_processes,
    one_thread,
)
from radiomics_screen.notes import note
from radiomics_screen.settings import Settings, load_settings
from radiomics_screen.table import (
    IDENTITY,
    OUTCOME,
    FeatureTable,
    is_feature,
    read_table,
    require_writable,
    with_origin,
    write_table,
)


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes
    ----------
    total, done
        Number of cases, and of those with a row.
    failed
        How many of the rows done tell of a failure.
    reused
        How many of the rows done were there from an earlier run.
    """

    total: int
    done: int
    failed: int
    reused: int


Watcher = Callable[[Progress], None]


def extract_cohort(
    cases: str | Path | Cohort | Iterable[Case],
    settings: str | Path | Mapping[str, Any] | Settings | None = None,
    *,
    output: str | Path | None = None,
    jobs: int | None = None,
    overwrite: bool = False,
    progress: Watcher | None = None,
) -> pd.DataFrame:
    """Measure every case and return the table of their features.

    A case that fails is a row with ``status`` "failed" and its cause in ``error``. Values do not
    depend on `jobs`; only the column ``seconds`` differs from run to run.

    Parameters
    ----------
    cases
        Path of a cases file, what :func:`~radiomics_screen.cohort.read_cohort` returned, or cases.
    settings
        Parameter file, its content, or settings; None is the default.
    output
        Table to write (.parquet or .csv), with its provenance beside it. Finished rows are kept on
        disk from the start: after an interruption the same call goes on where it stopped, and one
        with more cases measures only those. None: nothing is written.
    jobs
        Number of processes; -1 for one a core; None for 1, or what ``joblib.parallel_config`` says.
    overwrite
        Measure everything again and replace the output, however it was made.
    progress
        Called at the start and after every row.

    Raises
    ------
    ScreenError
        CohortError, SettingsError, or TableError where the output cannot be written or was made
        with other parameters.
    """
    started = datetime.now(UTC)
    cohort = as_cohort(cases)
    resolved = load_settings(settings)
    _require_free_names(cohort)
    if output is not None and Path(output).absolute() == cohort.path.absolute():
        raise TableError(f"{output} is the cases file; name another --output")
    processes = count_processes(jobs)
    recipe = Recipe.of(resolved)
    with ExitStack() as stack:
        journal, known = None, {}
        if output is not None:
            output = require_writable(output)
            journal = stack.enter_context(Journal(journal_path(output)))
            known = _known_rows(output, journal, recipe, overwrite=overwrite)
        rows = _reused(cohort.cases, known, recipe, output if journal else None)
        watch = _Count(len(cohort.cases), rows, progress)
        task = Task.of(resolved, recipe.content)
        todo = {n: case for n, case in enumerate(cohort.cases) if n not in rows}
        stack.enter_context(one_thread())
        coming = stack.enter_context(closing(_measure(task, todo, jobs if processes > 1 else 1, journal)))
        for number, row in coming:
            if journal:
                journal.add(cohort.cases[number].id, row)
            rows[number] = row
            watch.add(row)
        in_order = [rows[n] for n in range(len(cohort.cases))]
        table = compose(cohort, in_order)
        if output is not None and journal:
            about = describe_run(recipe, cohort.cases, in_order, started)
            kinds = {name: str(table.frame[name].dtype) for name in cohort.carried_columns}
            _keep_left_out(output, known, in_order)
            journal.replace()
            write_table(replace(table, provenance={**about, "carried": kinds}), output)
            journal.remove()
    return with_origin(table.frame, table.features, recipe.to_dict())


def _keep_left_out(output: Path, known: Mapping[str, Measured], rows: Sequence[Measured]) -> None:
    """Keep a copy of a table whose rows are not all in the one that takes its place, and say so."""
    left_out = len(known.keys() - {row.contents.key for row in rows})
    if left_out and output.exists():
        copy = output.with_name(f"{output.stem}.before{output.suffix}")
        shutil.copy2(output, copy)
        note(
            f"{left_out} rows of {output.name} are of no case in this list; "
            f"as it was, the table is kept as {copy.name}"
        )


def journal_path(output: Path) -> Path:
    """Return where the finished rows of an unfinished run lie."""
    return output.with_name(output.name + ".journal")


def as_cohort(cases: str | Path | Cohort | Iterable[Case]) -> Cohort:
    """Return the cohort of a cases file, or of cases made in Python."""
    if isinstance(cases, Cohort):
        return cases
    if isinstance(cases, str | Path):
        return read_cohort(cases)
    listed = tuple(cases)
    if strange := [case for case in listed if not isinstance(case, Case)]:
        kind = type(cases).__name__
        raise CohortError(
            f"cases are the path of a cases file, or Case objects; this is a {kind} of "
            f"{type(strange[0]).__name__}: write it to a .csv file first"
        )
    if not listed:
        raise CohortError("there are no cases")
    carried = dict.fromkeys(name for case in listed for name in case.carried)
    return Cohort(Path(), listed, tuple(carried), problems=())


def _require_free_names(cohort: Cohort) -> None:
    taken = [c for c in cohort.carried_columns if c in (*IDENTITY, *OUTCOME) or is_feature(c)]
    if taken:
        raise CohortError(
            f"{cohort.path}: the table has columns of its own named {', '.join(taken)}; "
            "rename them in the cases file"
        )


def _known_rows(output: Path, journal: Journal, recipe: Recipe, *, overwrite: bool) -> dict[str, Measured]:
    """Return what an earlier run left behind, by key; make the journal ready for this one."""
    found = journal.header
    if overwrite and found and not (found["overwrite"] and found["content"] == recipe.content):
        found = None  # that run does not count any more
    if found:
        require_same(recipe, found, f"an unfinished run ({journal.path.name})")
        overwrite = found["overwrite"]
    known: dict[str, Measured] = {}
    if output.exists() and not overwrite and not journal.replacing:
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
        # whose definition has no value here says so in the warnings.
        computed = [
            place
            for family, places_of_one in places.items()
            if not np.isnan(row[places_of_one]).all() or f"{family}:" in warnings
            for place in places_of_one
        ]
        names = tuple(table.features[place] for place in computed)
        found[key] = Measured(Contents("", "", key), "ok", "", warnings, seconds, names, row[computed])
    return found


def _places_of_families(features: Sequence[str]) -> dict[str, list[int]]:
    """Return the places of each family's columns."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(features):
        places.setdefault(name.split("_")[1], []).append(place)
    return places


def _reused(
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
            "name another --output, or replace it with --overwrite"
        )
    return rows


class _Count:
    """Counts rows for whoever watches."""

    def __init__(self, total: int, reused: Mapping[int, Measured], watcher: Watcher | None) -> None:
        self._state = Progress(total, len(reused), 0, len(reused))
        self._watcher = watcher
        self._tell()

    def add(self, row: Measured) -> None:
        state = self._state
        self._state = replace(state, done=state.done + 1, failed=state.failed + (row.status != "ok"))
        self._tell()

    def _tell(self) -> None:
        if self._watcher:
            self._watcher(self._state)


def _measure(
    task: Task, todo: Mapping[int, Case], jobs: int | None, journal: Journal | None
) -> Generator[tuple[int, Measured]]:
    """Yield the rows of the cases as they come: first those that cost nothing, then the dangerous ones."""
    sound = {n: case for n, case in todo.items() if not case.problem}
    for number in todo.keys() - sound.keys():
        yield number, failed(todo[number], "")
    suspects = {n: case for n, case in sound.items() if journal and case.id in journal.suspects}
    for number, case in suspects.items():
        yield measure_alone(task, number, case)
    rest = {n: case for n, case in sound.items() if n not in suspects}
    if jobs == 1:
        for number, case in rest.items():
            if journal:
                journal.begin(case.id)
            yield from measure_here(task, {number: case})
    else:
        yield from measure_in_processes(task, rest, jobs)
