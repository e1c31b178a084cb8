"""What a fit tells while it works: the stage that begins, and how long a long one will take."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

#: Called with a sentence when a stage begins.
OnStage = Callable[[str], None]


class FitStages:
    """Announces stages, and learns from the folds how long further ones will take.

    Parameters
    ----------
    announce
        Called with a sentence; None: nobody listens.
    """

    def __init__(self, announce: OnStage | None) -> None:
        self._announce = announce
        self._seconds_a_fold: float | None = None

    def begin(self, text: str, *, folds: int = 0) -> None:
        """Announce a stage; one that learns in more folds is told with its expected duration."""
        if self._announce is None:
            return
        seconds = None if self._seconds_a_fold is None else folds * self._seconds_a_fold
        self._announce(f"{text}: about {duration(seconds)}" if seconds else text)

    def learned(self, folds: int, since: float) -> None:
        """Learn from what `folds` folds took since a time of the monotonic clock."""
        if folds > 0:
            self._seconds_a_fold = (monotonic() - since) / folds


def duration(seconds: float) -> str:
    """Return a duration in the words of an estimate.

    >>> duration(12), duration(100), duration(4800), duration(30_000)
    ('12 seconds', '2 minutes', '80 minutes', '8 hours')
    """
    if seconds < 55:
        rounded = max(1, round(seconds))
        return f"{rounded} second{'s' if rounded > 1 else ''}"
    if seconds < 2 * 3600:
        minutes = max(1, round(seconds / 60))
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    return f"{round(seconds / 3600)} hours"
