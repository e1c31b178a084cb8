"""Progress reports and checkpoints of long trainings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

#: Told where the training belongs to ("fold 2"), the number of the network, and how its round ended.
Tell = Callable[[str, int, Any], None]


@dataclass(frozen=True)
class Watch:
    """Handed to classifiers that train for long: those whose ``fit`` has a parameter ``watch``.

    Attributes
    ----------
    checkpoints
        Folder where trainings are kept, so that one that is cut off goes on where it was; None: nowhere.
    tell
        Called after each round; None: nobody listens.
    place
        What the training belongs to, in words.
    """

    checkpoints: Path | None = None
    tell: Tell | None = None
    place: str = ""

    def epoch_callback(self) -> Callable[[int, Any], None] | None:
        """Return what to call with the number of the network and how its round ended."""
        tell, place = self.tell, self.place
        return None if tell is None else lambda number, epoch: tell(place, number, epoch)

    def within(self, place: str) -> Watch:
        """Return the same for a part of the work."""
        return replace(self, place=f"{self.place}, {place}" if self.place else place)
