"""A cohort becomes a table: in parallel, and so that nothing finished is ever done again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from radiomics_screen.cohort.cases import Case, Cohort, read_cohort
from radiomics_screen.core.column_names import is_feature
from radiomics_screen.core.columns import IDENTITY, STATUS
from radiomics_screen.core.errors import CohortError, TableError, option_named
from radiomics_screen.core.timing import Stages
from radiomics_screen.extraction.compose_table import compose
from radiomics_screen.extraction.measuring.describing import require_distinct_images
from radiomics_screen.extraction.measuring.embedding import require_embedder
from radiomics_screen.extraction.measuring.engines import OWN, require_engine
from radiomics_screen.extraction.running.batch_rows import (
    BatchMeasurement,
    NumberedRow,
    checked_time_limit,
    measure_batches,
    measure_isolated,
)
from radiomics_screen.extraction.running.compile_kernels import compile_kernels
from radiomics_screen.extraction.running.embedded_rows import packs_of
from radiomics_screen.extraction.running.executors.choice import executor_for
from radiomics_screen.extraction.running.executors.contract import Executor
from radiomics_screen.extraction.running.finished_row import Measured, failed
from radiomics_screen.extraction.running.image_batches import image_batches_of
from radiomics_screen.extraction.running.journal import Journal
from radiomics_screen.extraction.running.provenance import Recipe, describe_run
from radiomics_screen.extraction.running.resume import journal_path, keep_left_out, known_rows, reused_rows
from radiomics_screen.imaging.threads import single_threaded
from radiomics_screen.settings.presets import settings_or_preset
from radiomics_screen.settings.settings import Settings, load_settings
from radiomics_screen.table.feature_table import require_writable, with_origin, write_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RunProgress:
    """How far a run is.

    Attributes
    ----------
    total, done
        Number of cases, and of those with a row.
    failed
        How many of the rows done are failures.
    reused
        How many of the rows done were there from an earlier run.
    """

    total: int
    done: int
    failed: int
    reused: int


ProgressCallback = Callable[[RunProgress], None]

#: Whatever a list of cases may be.
Cases: TypeAlias = "str | Path | Cohort | Iterable[Case] | pd.DataFrame"

_logger = logging.getLogger(__name__)


def extract_cohort(
    cases: Cases,
    settings: str | Path | Mapping[str, Any] | Settings | None = None,
    *,
    preset: str | None = None,
    output: str | Path | None = None,
    jobs: int | None = None,
    overwrite: bool = False,
    engine: str = OWN,
    progress: ProgressCallback | None = None,
    executor: Executor | None = None,
    time_limit: float | None = None,
) -> pd.DataFrame:
    """Measure every case and return the table of their features.

    A case that fails is a row with ``status`` "failed" and its cause in ``error``. Values do not
    depend on `jobs`; only the column ``seconds`` differs from run to run. An image with several cases
    is read, preprocessed and filtered once (once in each process, where it has very many).

    Parameters
    ----------
    cases
        Path of a cases file; a DataFrame with the columns of one; what
        :func:`~radiomics_screen.cohort.cases.read_cohort` returned; or cases.
    settings
        Parameter file, its content, or settings; None is the default.
    preset
        Name of a ready parameter file (``radiomics-screen params --list``), instead of `settings`.
    output
        Table to write (.parquet or .csv), with its provenance beside it. Finished rows are kept on
        disk from the start: after an interruption the same call goes on where it stopped, and one
        with more cases measures only those. None: nothing is written.
    jobs
        Number of processes; -1 for one a core; None for 1, or what ``joblib.parallel_config`` says.
    overwrite
        Measure everything again and replace the output, however it was made.
    engine
        What measures: "own", or "pyradiomics", which has to be installed; see docs/how-to/comparing.md.
    progress
        Called at the start and after every row.
    executor
        Who does the work, such as a cluster, instead of `jobs`; see
        :class:`~radiomics_screen.extraction.running.executors.contract.Executor`.
    time_limit
        Seconds that one case may take; one that takes longer is a failed row, and the run goes on. With
        one job, the cases are then measured in a process of their own. None or 0: no limit.

    Raises
    ------
    ScreenError
        CohortError, SettingsError, or TableError where the output cannot be written or was made
        with other parameters.
    """
    started = datetime.now(UTC)
    cohort = as_cohort(cases)
    resolved = load_settings(settings_or_preset(settings, preset))
    require_distinct_images(resolved)
    require_free_names(cohort)
    if output is not None and Path(output).absolute() == cohort.path.absolute():
        raise TableError(f"{output} is the cases file; name another {option_named('output')}")
    time_limit = checked_time_limit(time_limit)
    executor = executor_for(jobs, executor, limited=time_limit is not None)
    recipe = Recipe.of(resolved, require_engine(engine, resolved))
    require_embedder(resolved)
    with ExitStack() as stack:
        journal, known = None, {}
        if output is not None:
            output = require_writable(output)
            journal = stack.enter_context(Journal(journal_path(output)))
            known = known_rows(output, journal, recipe, overwrite=overwrite)
        rows = reused_rows(cohort.cases, known, recipe, output if journal else None)
        count = _Count(len(cohort.cases), rows, progress)
        stages = Stages()
        timed = _logger.isEnabledFor(logging.INFO)
        work = BatchMeasurement.of(resolved, engine, recipe.content, timed=timed, time_limit=time_limit)
        todo = {n: case for n, case in enumerate(cohort.cases) if n not in rows}
        stack.enter_context(single_threaded())
        coming = stack.enter_context(closing(_measure(executor, work, resolved, todo, journal)))
        for number, row in coming:
            if journal:
                journal.add(cohort.cases[number].id, row)
            rows[number] = row
            stages.add(row.stages)
            count.add(row)
        if timed and todo:
            _logger.info("stages, summed over %d cases: %s", len(todo), stages)
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


def as_cohort(cases: Cases) -> Cohort:
    """Return the cohort of a cases file, of a DataFrame, or of cases made in Python."""
    if isinstance(cases, Cohort):
        return cases
    if isinstance(cases, str | Path):
        return read_cohort(cases)
    if hasattr(cases, "iloc") and hasattr(cases, "columns"):  # pandas is not imported for its sake
        from radiomics_screen.cohort.frames import cohort_of_frame

        return cohort_of_frame(cast("pd.DataFrame", cases))
    listed = tuple(cases)
    if strange := [case for case in listed if not isinstance(case, Case)]:
        kind = type(cases).__name__
        raise CohortError(
            f"cases are the path of a cases file, a DataFrame, or Case objects; this is a {kind} of "
            f"{type(strange[0]).__name__}"
        )
    if not listed:
        raise CohortError("there are no cases")
    carried = dict.fromkeys(name for case in listed for name in case.carried)
    return Cohort(Path(), listed, tuple(carried), problems=())


def require_free_names(cohort: Cohort) -> None:
    """Raise a CohortError where a carried column is named like one of the table's own."""
    taken = [c for c in cohort.carried_columns if c in (*IDENTITY, *STATUS) or is_feature(c)]
    if taken:
        more = f" and {len(taken) - 6} more" if len(taken) > 6 else ""
        raise CohortError(
            f"{cohort.path}: the table has columns of its own named {', '.join(taken[:6])}{more}; "
            "rename them in the cases file"
        )


class _Count:
    """Counts rows, and reports their number."""

    def __init__(self, total: int, reused: Mapping[int, Measured], callback: ProgressCallback | None) -> None:
        self._state = RunProgress(total, len(reused), 0, len(reused))
        self._callback = callback
        self._report()

    def add(self, row: Measured) -> None:
        state = self._state
        self._state = replace(state, done=state.done + 1, failed=state.failed + (row.status != "ok"))
        self._report()

    def _report(self) -> None:
        if self._callback:
            self._callback(self._state)


def _measure(
    executor: Executor,
    work: BatchMeasurement,
    settings: Settings,
    todo: Mapping[int, Case],
    journal: Journal | None,
) -> Generator[NumberedRow]:
    """Yield the rows of the cases as they come: first those that cost nothing, then the dangerous ones."""
    sound = {n: case for n, case in todo.items() if not case.problem}
    for number in todo.keys() - sound.keys():
        yield NumberedRow(number, failed(todo[number], ""))
    suspects = {n: case for n, case in sound.items() if journal and case.id in journal.suspects}
    if work.engine == OWN and (suspects or (sound and not executor.in_this_process)):
        compile_kernels(settings)
    for number, case in suspects.items():
        yield measure_isolated(executor, work, number, case)
    rest = {n: case for n, case in sound.items() if n not in suspects}
    batches = packs_of(image_batches_of(rest, executor.slots), settings, executor.slots)
    yield from measure_batches(executor, work, batches, journal.begin if journal else None)
