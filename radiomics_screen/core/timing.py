"""How long the stages of a computation take: nothing where nobody asks, sums where somebody does.

A stage within another one counts by itself, and not in the outer one: the stages of one thread add up
to no more than the time that passed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from threading import Lock, local
from time import perf_counter
from types import TracebackType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
Result = TypeVar("Result")
Item = TypeVar("Item")

_logger = logging.getLogger(__name__)


class Stages:
    """Seconds spent in each stage; several threads may add to it."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._lock = Lock()

    def add(self, seconds: Mapping[str, float]) -> None:
        """Add seconds to each stage."""
        with self._lock:
            for name, more in seconds.items():
                self._seconds[name] = self._seconds.get(name, 0.0) + more

    def take(self) -> dict[str, float]:
        """Return what was collected since the last time."""
        with self._lock:
            taken, self._seconds = self._seconds, {}
        return taken

    def __str__(self) -> str:
        """Return the stages, the longest first: ``"filtering 12.3 s, reading 0.8 s"``."""
        longest = sorted(self._seconds.items(), key=lambda item: -item[1])
        return ", ".join(f"{name} {seconds:.2f} s" for name, seconds in longest)


class _OfThread(local):
    stages: Stages | None = None
    running: _Running | None = None


_here = _OfThread()


@contextmanager
def collect_stages(into: Stages | None = None, *, on: bool = True) -> Iterator[Stages]:
    """Collect the stages of this thread while the block runs.

    Parameters
    ----------
    into
        What another thread collects, which this one works for; None: a new collection.
    on
        False: nothing is collected.
    """
    stages = Stages() if into is None else into
    if not on:
        yield stages
        return
    before, _here.stages = _here.stages, stages
    try:
        yield stages
    finally:
        _here.stages = before


def collected() -> Stages | None:
    """Return what this thread collects, for a thread that works for it."""
    return _here.stages


class _Running:
    """A stage that is going on."""

    __slots__ = ("_inner", "_name", "_outer", "_stages", "_start")

    def __init__(self, name: str, stages: Stages | None) -> None:
        self._name = name
        self._stages = stages
        self._inner = 0.0

    def __enter__(self) -> None:
        self._outer = _here.running
        _here.running = self
        self._start = perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = perf_counter() - self._start
        _here.running = self._outer
        if self._outer is not None:
            self._outer._inner += seconds
        if self._stages is not None:
            self._stages.add({self._name: seconds - self._inner})
        _logger.debug("%s: %.3f s", self._name, seconds)


class _Ignored:
    """A stage that nobody asks for."""

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


_IGNORED = _Ignored()


def stage(name: str) -> _Running | _Ignored:
    """Return a block whose time counts as a stage: ``with stage("reading"): ...``."""
    return _Running(name, _here.stages) if _asked_for() else _IGNORED


def _asked_for() -> bool:
    return _here.stages is not None or _logger.isEnabledFor(logging.DEBUG)


def timed(name: str) -> Callable[[Callable[P, Result]], Callable[P, Result]]:
    """Decorate a function whose time counts as a stage."""

    def decorate(function: Callable[P, Result]) -> Callable[P, Result]:
        @wraps(function)
        def in_stage(*args: P.args, **options: P.kwargs) -> Result:
            if not _asked_for():  # a block takes as long as a small step
                return function(*args, **options)
            with stage(name):
                return function(*args, **options)

        return in_stage

    return decorate


def timed_items(name: str, items: Iterable[Item]) -> Iterator[Item]:
    """Yield items; the time that making them takes counts as a stage, and what is done with them does not."""
    if not _asked_for():
        yield from items
        return
    coming = iter(items)
    while True:
        with stage(name):
            try:
                item = next(coming)
            except StopIteration:
                return
        yield item
