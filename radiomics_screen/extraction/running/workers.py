"""Cases measured in this process or in several, one thread each, and what happens when one dies.

Every process computes with one thread, here and in SimpleITK: a result never depends on how many
there are, and cores are filled by cases, which do not wait for one another.
"""

from __future__ import annotations

import os
import pickle
import re
import signal
import sys
import warnings
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from threading import Thread, current_thread, main_thread
from time import sleep

import SimpleITK as sitk
from threadpoolctl import threadpool_limits

from radiomics_screen.cohort.cases import Case
from radiomics_screen.core.errors import SettingsError
from radiomics_screen.extraction.measuring.engines import engine_named
from radiomics_screen.extraction.running.case_keys import contents_of
from radiomics_screen.extraction.running.embedded_rows import embedded_rows
from radiomics_screen.extraction.running.finished_row import Measured, failed, measured, one_of_equals
from radiomics_screen.extraction.running.image_batches import ImageBatch
from radiomics_screen.settings.settings import Settings

_PARENT_SECONDS = 1.0

#: The number of a case, and what became of it.
Row = tuple[int, Measured]


@dataclass(frozen=True)
class Task:
    """What is done to every case; small, since it is sent with each piece of work.

    Attributes
    ----------
    settings
        The parameters, pickled: a worker unpacks them once.
    engine
        Name of what measures; see :mod:`radiomics_screen.extraction.measuring.engines`.
    recipe
        Digest of all that the values depend on beside the case.
    home
        Number of the process that hands the cases out.
    """

    settings: bytes
    engine: str
    recipe: str
    home: int

    @classmethod
    def of(cls, settings: Settings, engine: str, recipe: str) -> Task:
        return cls(pickle.dumps(settings), engine, recipe, os.getpid())

    def __call__(self, bunch: ImageBatch) -> list[Row]:
        """Measure the cases of a bunch; their numbers come back with them, since rows come in any order."""
        if os.getpid() != self.home:
            _settle_worker()
        return list(self.rows(bunch))

    def rows(self, bunch: ImageBatch) -> Iterator[Row]:
        """Yield the rows of a bunch, each as soon as it is there; with embeddings, when all of them are."""
        settings = unpacked(self.settings)
        extract_cases = engine_named(self.engine) if settings.embedding is None else embedded_rows
        rows = extract_cases([case for _, case in bunch], settings)
        for (number, case), row in zip(bunch, rows, strict=True):
            yield number, measured(contents_of(case, self.recipe), row)


def count_processes(jobs: int | None) -> int:
    """Return how many processes `jobs` asks for; negative counts from the number of cores, as in joblib."""
    if jobs == 0:
        raise SettingsError("jobs is 0; ask for 1 or more processes, or for -1: as many as there are cores")
    # joblib takes a while to import; where nobody has imported it, nobody has chosen a backend
    if jobs == 1 or (jobs is None and "joblib" not in sys.modules):
        return 1
    import joblib

    return int(joblib.effective_n_jobs(jobs))


def measure_in_processes(task: Task, bunches: Sequence[ImageBatch], jobs: int | None) -> Iterator[Row]:
    """Measure the cases in several processes and yield rows as they come.

    The backend is joblib's, or the one that the caller chose with ``joblib.parallel_config``. When
    a process dies, the cases that were out are measured one by one: that which kills its process
    again becomes a failed row, and the run goes on.
    """
    import joblib

    remaining = {number: case for bunch in bunches for number, case in bunch}
    while remaining:
        out: dict[int, Case] = {}
        left = [tuple(pair for pair in bunch if pair[0] in remaining) for bunch in bunches]
        try:
            parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
            with _interrupts_ignored():  # the workers start here, and inherit it
                done = parallel(_handed_out(task, filter(None, left), out))
            with _closing(done):
                for number, row in chain.from_iterable(done):
                    del remaining[number]
                    out.pop(number, None)
                    yield number, replace(row, names=one_of_equals(row.names))
        except BrokenProcessPool:
            for number in sorted(out.keys() & remaining.keys()):
                yield measure_alone(task, number, remaining.pop(number))


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Ignore Ctrl-C for a moment, so that processes started in it leave it to the one that started them."""
    before = signal.getsignal(signal.SIGINT)
    if current_thread() is not main_thread() or before is None:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _closing(done: Generator[list[Row]]) -> Iterator[None]:
    """Close joblib's generator, without its advice to whoever leaves it early: Ctrl-C is no mistake."""
    try:
        yield
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            done.close()


def _handed_out(task: Task, bunches: Iterable[ImageBatch], out: dict[int, Case]) -> Iterator[object]:
    import joblib

    for bunch in bunches:
        out.update(bunch)
        yield joblib.delayed(task)(bunch)


def measure_alone(task: Task, number: int, case: Case) -> Row:
    """Measure a case in a process of its own, which it may take down with it."""
    import joblib

    try:
        # two, since joblib would do the work of a single one right here
        parallel = joblib.Parallel(n_jobs=2, backend="loky", batch_size=1)
        ((row,),) = parallel([joblib.delayed(task)(((number, case),))])
    except BrokenProcessPool as death:
        codes = re.search(r"exit codes of the workers are \{(.*)\}", str(death))
        how = f" ({codes.group(1)})" if codes else ""
        reason = f"the process that measured this case died{how}: not enough memory, or a fault in a library"
        return number, failed(case, reason)
    return row


@contextmanager
def one_thread() -> Iterator[None]:
    """Let this process compute with one thread, and put it back afterwards as it was."""
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


@lru_cache(maxsize=1)
def _settle_worker() -> None:
    """Make a worker process compute with one thread, and end with the process that started it."""
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    threadpool_limits(limits=1)
    Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()


def _end_with_parent(parent: int) -> None:
    """Leave at once when the parent was killed: nobody would ever ask for this process's rows again."""
    while os.getppid() == parent:
        sleep(_PARENT_SECONDS)
    os._exit(1)


@lru_cache(maxsize=4)
def unpacked(settings: bytes) -> Settings:
    """Return the settings of a task; a process unpacks them once."""
    found = pickle.loads(settings)
    if not isinstance(found, Settings):
        raise TypeError(f"expected pickled settings, got {type(found).__name__}")
    return found
