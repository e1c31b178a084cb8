"""Batches of cases become rows: the work that is handed to an executor, and what its outcomes mean.

The work computes with one thread, wherever it is done: a result never depends on how many there are,
and cores are filled by cases, which do not wait for one another.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from radiomics_screen.cohort.cases import Case
from radiomics_screen.core.errors import SettingsError
from radiomics_screen.core.timing import collect_stages
from radiomics_screen.extraction.measuring.engines import engine_named
from radiomics_screen.extraction.running.case_keys import contents_of
from radiomics_screen.extraction.running.embedded_rows import embedded_rows
from radiomics_screen.extraction.running.executors.contract import Cancelled, Executor, Finished, WorkerDied
from radiomics_screen.extraction.running.executors.time_limit import each_within, ended_by_clock
from radiomics_screen.extraction.running.finished_row import Measured, failed, measured, one_of_equals
from radiomics_screen.extraction.running.image_batches import ImageBatch
from radiomics_screen.imaging.threads import single_threaded
from radiomics_screen.settings.settings import Settings

#: Seconds; operating systems count no further.
_LONGEST = 1e8


class NumberedRow(NamedTuple):
    """What became of a case, with the case's number in the cohort: rows come in any order."""

    number: int
    row: Measured


@dataclass(frozen=True)
class BatchMeasurement:
    """What is done to every batch; small, since it is sent with each piece of work.

    Attributes
    ----------
    settings
        The parameters, pickled: a worker unpacks them once.
    engine
        Name of what measures; see :mod:`radiomics_screen.extraction.measuring.engines`.
    recipe
        Digest of all that the values depend on beside the case.
    timed
        Whether rows carry the seconds of each stage.
    time_limit
        Seconds that a case may take in a worker process; None for any number.
    home
        Number of the process that hands out the work.
    """

    settings: bytes
    engine: str
    recipe: str
    timed: bool = False
    time_limit: float | None = None
    home: int = 0

    @classmethod
    def of(
        cls,
        settings: Settings,
        engine: str,
        recipe: str,
        *,
        timed: bool = False,
        time_limit: float | None = None,
    ) -> BatchMeasurement:
        """Return a picklable measurement with these settings."""
        return cls(pickle.dumps(settings), engine, recipe, timed, time_limit, os.getpid())

    def __call__(self, batch: ImageBatch) -> Iterator[NumberedRow]:
        """Yield the rows of a batch, each as soon as it is there; with embeddings, when all of them are."""
        with single_threaded(), collect_stages(on=self.timed) as stages:
            for number, row in each_within(self._seconds_of(batch), self.rows(batch), self.home):
                yield NumberedRow(number, replace(row, stages=stages.take()) if self.timed else row)

    def _seconds_of(self, batch: ImageBatch) -> float | None:
        """Return how long a row may take; where a network sees many at once, the first comes with all."""
        if self.time_limit is None or unpacked(self.settings).embedding is None:
            return self.time_limit
        return self.time_limit * len(batch)

    def rows(self, batch: ImageBatch) -> Iterator[NumberedRow]:
        """Yield the numbered rows of a batch of images."""
        settings = unpacked(self.settings)
        extract_cases = engine_named(self.engine) if settings.embedding is None else embedded_rows
        rows = extract_cases([case for _, case in batch], settings)
        for (number, case), row in zip(batch, rows, strict=True):
            yield NumberedRow(number, measured(contents_of(case, self.recipe), row))


def checked_time_limit(seconds: float | None) -> float | None:
    """Return a time limit in seconds, None for none (also where 0 is asked for).

    Raises
    ------
    SettingsError
        It is negative, or no finite number.
    """
    if seconds is not None and not 0 <= seconds < _LONGEST:
        raise SettingsError(f"the time limit is {seconds:g} s; give seconds above 0, or 0 for none")
    return seconds or None


def measure_batches(
    executor: Executor,
    work: BatchMeasurement,
    batches: Sequence[ImageBatch],
    begin: Callable[[Iterable[str]], None] | None = None,
) -> Generator[NumberedRow]:
    """Yield the rows of all cases as they come.

    Where a worker died, the cases of its batch are measured one by one: that which kills its process
    again becomes a failed row, and the run goes on.

    Parameters
    ----------
    executor
        Who does the work.
    work, batches
        What is done, and to which cases.
    begin
        Told the names of cases before they are measured in this very process.
    """
    waiting = dict(enumerate(batches))
    pieces = _announced(batches, begin) if begin and executor.in_this_process else batches
    with closing(executor.run(work, pieces)) as outcomes:
        for outcome in outcomes:
            yield from _rows_of(outcome, waiting.pop(outcome.piece), work, executor)
    if waiting:
        raise RuntimeError(f"{type(executor).__name__} gave no outcome for {len(waiting)} pieces of work")


def _announced(batches: Iterable[ImageBatch], begin: Callable[[Iterable[str]], None]) -> Iterator[ImageBatch]:
    for batch in batches:
        begin([case.id for _, case in batch])
        yield batch


def _rows_of(
    outcome: Finished[NumberedRow] | WorkerDied | Cancelled,
    batch: ImageBatch,
    work: BatchMeasurement,
    executor: Executor,
) -> Iterator[NumberedRow]:
    if isinstance(outcome, Finished):
        for number, row in outcome.results:
            yield NumberedRow(number, replace(row, names=one_of_equals(row.names)))
    elif isinstance(outcome, Cancelled):
        for number, case in batch:
            yield NumberedRow(number, failed(case, f"this case was not measured: {outcome.reason}"))
    else:
        for number, case in batch:
            yield measure_isolated(executor, work, number, case)


def measure_isolated(executor: Executor, work: BatchMeasurement, number: int, case: Case) -> NumberedRow:
    """Measure a case in a process of its own, which it may take down with it."""
    batch = ((number, case),)
    outcome = executor.run_isolated(work, batch)
    if isinstance(outcome, WorkerDied):
        cause = cause_of_death("measured this case", outcome, work.time_limit)
        return NumberedRow(number, failed(case, cause))
    (row,) = _rows_of(outcome, batch, work, executor)
    return row


def cause_of_death(work: str, death: WorkerDied, time_limit: float | None = None) -> str:
    """Return what a user is told of a process that died while it did some work."""
    if time_limit is not None and ended_by_clock(death.reason):
        return (
            f"took longer than the limit of {time_limit:g} s for a case; look at its files, or set "
            "a longer --time-limit (time_limit= in Python; 0 for none)"
        )
    how = f" ({death.reason})" if death.reason else ""
    return f"the process that {work} died{how}: not enough memory, or a fault in a library"


@lru_cache(maxsize=4)
def unpacked(settings: bytes) -> Settings:
    """Return the settings of a piece of work; a process unpacks them once."""
    found = pickle.loads(settings)
    if not isinstance(found, Settings):
        raise TypeError(f"expected pickled settings, got {type(found).__name__}")
    return found
