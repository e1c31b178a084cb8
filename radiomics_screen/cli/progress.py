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
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("cases"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(compact=True),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None, note="")
        start = monotonic()

        def watch(now: RunProgress) -> None:
            bar.update(
                task, total=now.total, completed=now.done, note=_rate_and_failures(now, monotonic() - start)
            )

        yield watch


class _Lines:
    """A line at the start, every few seconds, and at the end."""

    def __init__(self) -> None:
        self._start = self._last = monotonic()

    def __call__(self, now: RunProgress) -> None:
        time = monotonic()
        if now.done == now.reused:
            reused = f", {now.reused} of them from an earlier run" if now.reused else ""
            say(f"{now.total} cases{reused}", err=True)
        if now.done > now.reused and (now.done == now.total or time - self._last > _LINE_SECONDS):
            self._last = time
            spent = time - self._start
            left = spent / (now.done - now.reused) * (now.total - now.done)
            say(f"{now.done} of {now.total}, {_rate_and_failures(now, spent)}, {clock(left)} left", err=True)


def _rate_and_failures(now: RunProgress, seconds: float) -> str:
    rate = (now.done - now.reused) / seconds if seconds > 0 else 0.0
    return f"{rate:.1f}/s" + (f", {now.failed} failed" if now.failed else "")


def clock(seconds: float) -> str:
    """Return a duration as people read it: ``"1:02:03"`` or ``"2:03"``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
