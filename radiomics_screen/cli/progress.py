"""How far a run is: a live bar on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from radiomics_screen.cli.verbosity import is_quiet, say

if TYPE_CHECKING:
    from radiomics_screen.extraction.run import ProgressCallback, RunProgress

_LINE_SECONDS = 5.0
#: So many cases have to be finished after the first before the time that is left is told.
_FEWEST = 8


@contextmanager
def watching() -> Iterator[ProgressCallback]:
    """Open the display and yield what is to be told of the progress; it writes to standard error."""
    if is_quiet():
        yield lambda now: None
    elif sys.stderr.isatty():
        with _bar() as callback:
            yield callback
    else:
        yield _Lines()


@contextmanager
def _bar() -> Iterator[ProgressCallback]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("cases"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None, note="", left="")
        pace = _Pace()

        def watch(now: RunProgress) -> None:
            bar.update(task, total=now.total, completed=now.done, note=pace.note(now), left=pace.left(now))

        yield watch


class _Lines:
    """A line at the start, every few seconds, and at the end."""

    def __init__(self) -> None:
        self._last = monotonic()
        self._pace = _Pace()

    def __call__(self, now: RunProgress) -> None:
        time = monotonic()
        if now.done == now.reused:
            reused = f", {now.reused} of them from an earlier run" if now.reused else ""
            say(f"{now.total} cases{reused}", err=True)
        left = self._pace.left(now)
        if now.done > now.reused and (now.done == now.total or time - self._last > _LINE_SECONDS):
            self._last = time
            say(f"{now.done} of {now.total}, {self._pace.note(now)}{left and f', {left}'}", err=True)


class _Pace:
    """How fast cases are finished, and how long the others will take.

    The first cases wait for workers to start and kernels to be compiled: the time that is left is told once a
    few are finished, and follows from those that came after the first.
    """

    def __init__(self) -> None:
        self._start = monotonic()
        self._first: tuple[float, int] | None = None

    def note(self, now: RunProgress) -> str:
        """Return the mean rate, and how many failed."""
        seconds = monotonic() - self._start
        rate = (now.done - now.reused) / seconds if seconds > 0 else 0.0
        return f"{rate:.1f}/s" + (f", {now.failed} failed" if now.failed else "")

    def left(self, now: RunProgress) -> str:
        """Return how long the other cases will take; empty where that cannot be known yet."""
        time = monotonic()
        if self._first is None and now.done > now.reused:
            self._first = time, now.done
        if self._first is None or now.done - self._first[1] < _FEWEST:
            return ""
        since, before = self._first
        return f"{clock((time - since) / (now.done - before) * (now.total - now.done))} left"


def clock(seconds: float) -> str:
    """Return a duration as people read it: ``"1:02:03"`` or ``"2:03"``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
