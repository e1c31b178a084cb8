"""What `fit` shows while it works: its stages, what is finished of each, and that it goes on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

from radiomics_screen.cli.progress import clock
from radiomics_screen.cli.verbosity import is_quiet, say, silent_for

#: After so many seconds without a line, one says that the work goes on.
_SILENCE = 9.0
#: Pieces that end sooner after each other are not all shown.
_PAUSE = 0.5


class FitDisplay:
    """Lines on standard error: for stages, folds and permutations, and where nothing is said for long."""

    def __init__(self) -> None:
        self._start = self._since = self._shown = monotonic()
        self._doing = "reading the table"

    def stage(self, text: str) -> None:
        """Say that a stage begins."""
        self._doing, self._since = text.partition(":")[0], monotonic()
        say(f"[{clock(monotonic() - self._start)}] {text}", err=True)

    def piece(self, what: str, finished: int, of: int) -> None:
        """Say that a fold or a permutation is finished, and how long the others will take."""
        now = monotonic()
        if finished < of and now - self._shown < _PAUSE:
            return
        self._shown, spent = now, now - self._since
        left = spent / finished * (of - finished)
        more = f", about {clock(left)} left" if 1 < finished < of and left > 1 else ""
        say(f"{what} {finished} of {of}{more}", err=True)

    def line(self, text: str) -> None:
        """Print a line."""
        say(text, err=True)

    def go_on(self) -> None:
        """Say that the work goes on, where nothing was said for a while."""
        if min(silent_for(), monotonic() - self._start) >= _SILENCE:
            say(f"... still {self._doing} ({clock(monotonic() - self._since)})", err=True)


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
