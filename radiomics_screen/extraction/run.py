"""A cohort becomes a table: in parallel, and so that nothing finished is ever done again."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radiomics_screen.cohort.cases import Case, Cohort, read_cohort
from radiomics_screen.core.column_names import is_feature
from radiomics_screen.core.columns import IDENTITY, STATUS
from radiomics_screen.core.errors import CohortError, TableError
from radiomics_screen.extraction.compose_table import compose
from radiomics_screen.extraction.measuring.embedding import require_embedder
from radiomics_screen.extraction.measuring.engines import OWN, require_engine
from radiomics_screen.extraction.measuring.lesion import require_distinct_images
from radiomics_screen.extraction.running.compile_kernels import compile_kernels
from radiomics_screen.extraction.running.embedded_rows import packs_of
from radiomics_screen.extraction.running.finished_row import Measured, failed
from radiomics_screen.extraction.running.image_batches import image_batches_of
from radiomics_screen.extraction.running.journal import Journal
from radiomics_screen.extraction.running.provenance import Recipe, describe_run
from radiomics_screen.extraction.running.resume import journal_path, keep_left_out, known_rows, reused_rows
from radiomics_screen.extraction.running.workers import (
    Task,
    count_processes,
    measure_alone,
    measure_in_processes,
    one_thread,
)
from radiomics_screen.settings.settings import Settings, load_settings
from radiomics_screen.table.feature_table import require_writable, with_origin, write_table

if TYPE_CHECKING:
    import pandas as pd


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
    engine: str = OWN,
    progress: Watcher | None = None,
) -> pd.DataFrame:
    """Measure every case and return the table of their features.

    A case that fails is a row with ``status`` "failed" and its cause in ``error``. Values do not
    depend on `jobs`; only the column ``seconds`` differs from run to run. An image with several cases
    is read, preprocessed and filtered once (once in each process, where it has very many).

    Parameters
    ----------
    cases
        Path of a cases file, what :func:`~radiomics_screen.cohort.cases.read_cohort` returned, or cases.
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
    engine
        What measures: "own", or "pyradiomics", which has to be installed; see docs/comparing.md.
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
    require_distinct_images(resolved)
    require_free_names(cohort)
    if output is not None and Path(output).absolute() == cohort.path.absolute():
        raise TableError(f"{output} is the cases file; name another --output")
    processes = count_processes(jobs)
    recipe = Recipe.of(resolved, require_engine(engine, resolved))
    require_embedder(resolved)
    with ExitStack() as stack:
        journal, known = None, {}
        if output is not None:
            output = require_writable(output)
            journal = stack.enter_context(Journal(journal_path(output)))
            known = known_rows(output, journal, recipe, overwrite=overwrite)
        rows = reused_rows(cohort.cases, known, recipe, output if journal else None)
        watch = _Count(len(cohort.cases), rows, progress)
        task = Task.of(resolved, engine, recipe.content)
        todo = {n: case for n, case in enumerate(cohort.cases) if n not in rows}
        stack.enter_context(one_thread())
        jobs = jobs if processes > 1 else 1
        coming = stack.enter_context(closing(_measure(task, resolved, todo, jobs, journal)))
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
            keep_left_out(output, known, in_order)
            journal.replace()
            write_table(replace(table, provenance={**about, "carried": kinds}), output)
            journal.remove()
    return with_origin(table.frame, table.features, recipe.to_dict())


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


def require_free_names(cohort: Cohort) -> None:
    """Raise a CohortError where a carried column is named like one of the table's own."""
    taken = [c for c in cohort.carried_columns if c in (*IDENTITY, *STATUS) or is_feature(c)]
    if taken:
        raise CohortError(
            f"{cohort.path}: the table has columns of its own named {', '.join(taken)}; "
            "rename them in the cases file"
        )


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
    task: Task, settings: Settings, todo: Mapping[int, Case], jobs: int | None, journal: Journal | None
) -> Generator[tuple[int, Measured]]:
    """Yield the rows of the cases as they come: first those that cost nothing, then the dangerous ones."""
    sound = {n: case for n, case in todo.items() if not case.problem}
    for number in todo.keys() - sound.keys():
        yield number, failed(todo[number], "")
    suspects = {n: case for n, case in sound.items() if journal and case.id in journal.suspects}
    if task.engine == OWN and (suspects or (sound and jobs != 1)):
        compile_kernels(settings)
    for number, case in suspects.items():
        yield measure_alone(task, number, case)
    rest = {n: case for n, case in sound.items() if n not in suspects}
    processes = count_processes(jobs)
    bunches = packs_of(image_batches_of(rest, processes), settings, processes)
    if jobs == 1:
        begin = journal.begin if journal else lambda case_ids: None
        for bunch in bunches:
            begin([case.id for _, case in bunch])
            yield from task.rows(bunch)
    else:
        yield from measure_in_processes(task, bunches, jobs)
