"""Work done in processes of this machine, by joblib, or by the backend that the caller chose for joblib.

Only here is it known that workers have process numbers, and what joblib raises when one dies.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from threading import Thread, current_thread, main_thread
from time import sleep
from typing import Any, TypeVar

from radiomics_screen.extraction.running.executors.contract import Cancelled, Finished, WorkerDied

Piece = TypeVar("Piece")
Result = TypeVar("Result")

_PARENT_SECONDS = 1.0


@dataclass(frozen=True)
class LocalProcesses:
    """Works in several processes of this machine.

    Attributes
    ----------
    jobs
        Their number as joblib counts; None: what ``joblib.parallel_config`` says.
    """

    jobs: int | None

    @property
    def slots(self) -> int:
        """Return the number of worker processes."""
        import joblib

        return int(joblib.effective_n_jobs(self.jobs))

    @property
    def in_this_process(self) -> bool:
        """Return False: the work runs in other processes."""
        return False

    def run(
        self, work: Callable[[Piece], Iterable[Result]], pieces: Iterable[Piece]
    ) -> Generator[Finished[Result] | WorkerDied | Cancelled]:
        """Yield outcomes as they come.

        When a process dies, joblib gives up all of them: the pieces that were out are reported as
        :class:`WorkerDied`, and new processes go on with the others.
        """
        import joblib

        remaining = dict(enumerate(pieces))
        while remaining:
            out: set[int] = set()
            try:
                parallel = joblib.Parallel(
                    n_jobs=self.jobs, return_as="generator_unordered", **_worker_start()
                )
                with _interrupts_ignored():  # the workers start here, and inherit it
                    done = parallel(_handed_out(work, dict(remaining), out))
                with _closing(done):
                    for number, results in done:
                        del remaining[number]
                        yield Finished(number, results)
            except BrokenProcessPool as death:
                for number in sorted(out & remaining.keys()):
                    del remaining[number]
                    yield WorkerDied(number, _reason(death))

    def run_isolated(
        self, work: Callable[[Piece], Iterable[Result]], piece: Piece
    ) -> Finished[Result] | WorkerDied | Cancelled:
        """Work on one piece in a process that works on nothing else meanwhile."""
        import joblib

        try:
            # two, since joblib would do the work of a single one right here
            parallel = joblib.Parallel(
                n_jobs=2,
                backend="loky",
                batch_size=1,
                initializer=_begin_worker,
                initargs=(os.getpid(),),
            )
            ((_, results),) = parallel([joblib.delayed(_in_worker)(os.getpid(), work, 0, piece)])
        except BrokenProcessPool as death:
            return WorkerDied(0, _reason(death))
        return Finished(0, results)


def _handed_out(
    work: Callable[[Piece], Iterable[Result]], pieces: Mapping[int, Piece], out: set[int]
) -> Iterator[object]:
    import joblib

    for number, piece in pieces.items():
        out.add(number)
        yield joblib.delayed(_in_worker)(os.getpid(), work, number, piece)


def _in_worker(
    home: int, work: Callable[[Piece], Iterable[Result]], number: int, piece: Piece
) -> tuple[int, list[Result]]:
    """Do a piece of work; where that is another process than `home`, see to it that it ends with that one."""
    if os.getpid() != home:
        _end_with_parent()
    return number, list(work(piece))


def _worker_start() -> dict[str, Any]:
    """Return what loky's processes do first; another backend has no such option."""
    from joblib.parallel import get_active_backend

    backend, _ = get_active_backend()
    if type(backend).__name__ != "LokyBackend":
        return {}
    return {"initializer": _begin_worker, "initargs": (os.getpid(),)}


def _begin_worker(home: int) -> None:
    """End with the process that started this one, from before the first piece of work."""
    _end_with_parent()
    if sys.platform != "win32" and os.getppid() != home:  # it died while this process imported
        os._exit(1)


@lru_cache(maxsize=1)
def _end_with_parent() -> None:
    """Watch the process that started this one, and leave when it is gone."""
    Thread(target=_leave_after, args=(os.getppid(),), daemon=True).start()


def _leave_after(parent: int) -> None:
    """Leave at once when the parent was killed: nobody would ever ask for this process's results again."""
    while os.getppid() == parent:
        sleep(_PARENT_SECONDS)
    os._exit(1)


def _reason(death: BrokenProcessPool) -> str:
    """Return the exit codes that loky reports, such as ``SIGKILL(-9)``."""
    codes = re.search(r"exit codes of the workers are \{(.*)\}", str(death))
    return codes.group(1) if codes else ""


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
def _closing(done: Generator[Any]) -> Iterator[None]:
    """Close joblib's generator, without its advice to whoever leaves it early: Ctrl-C is no mistake."""
    try:
        yield
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            done.close()
