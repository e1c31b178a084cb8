"""What `fit` shows while it works: its stages, what is finished of each, and that it goes on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from time import monotonic

from radiomics_screen.cli.progress import clock
from radiomics_screen.cli.verbosity import is_quiet, say

#: After so many seconds without a line, one says that the work goes on.
_SILENCE = 10.0


class FitDisplay:
    """Lines on standard error: one for each stage, fold and permutation, and one where nothing else is said."""

    def __init__(self) -> None:
        self._start = self._last = self._since = monotonic()
        self._doing = "reading the table"
        self._lock = Lock()

    def stage(self, text: str) -> None:
        """Say that a stage begins."""
        with self._lock:
            self._doing, self._since = text.partition(":")[0], monotonic()
        self.line(f"[{clock(monotonic() - self._start)}] {text}")

    def piece(self, what: str, finished: int, of: int) -> None:
        """Say that a fold or a permutation is finished, and how long the others will take."""
        spent = monotonic() - self._since
        left = spent / finished * (of - finished)
        more = f", about {clock(left)} left" if 1 < finished < of and left > 1 else ""
        self.line(f"{what} {finished} of {of}{more}")

    def line(self, text: str) -> None:
        """Print a line."""
        with self._lock:
            self._last = monotonic()
        say(text, err=True)

    def go_on(self) -> None:
        """Say that the work goes on, where nothing was said for a while."""
        with self._lock:
            silent, doing, since = monotonic() - self._last, self._doing, monotonic() - self._since
        if silent >= _SILENCE:
            self.line(f"... still {doing} ({clock(since)})")


@contextmanager
def fit_display() -> Iterator[FitDisplay]:
    """Open the display; while the block runs, nothing is silent for more than ten seconds."""
    display = FitDisplay()
    if is_quiet():
        yield display
        return
    ended = Event()

    def tick() -> None:
        while not ended.wait(1.0):
            display.go_on()

    ticker = Thread(target=tick, name="fit display", daemon=True)
    ticker.start()
    try:
        yield display
    finally:
        ended.set()
        ticker.join()
        sys.stderr.flush()
