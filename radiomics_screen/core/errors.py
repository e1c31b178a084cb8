"""What can go wrong that a user can do something about.

Every message names the place, the value found and the way out. Anything that is not a
:class:`ScreenError` is a fault of the program.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ScreenError(Exception):
    """Base of every error that a user can mend."""


class SettingsError(ScreenError):
    """A parameter file, or an option given in Python, is not understood."""


class CohortError(ScreenError):
    """The list of cases cannot be used; the message lists every problem found."""


class ReadError(ScreenError):
    """A file is not the image, mask, table or model that it should be."""


class GeometryError(ScreenError):
    """Image and mask do not share one grid, and nothing says how to bring them together."""


class RegionError(ScreenError):
    """The marked region cannot be measured: empty, a single voxel, too small, not finite."""


class TableError(ScreenError):
    """A feature table cannot be read, written or continued."""


class ModelError(ScreenError):
    """A model cannot be fitted, loaded or applied as asked."""


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return ``": did you mean 'x'?"``, or the first dozen where nothing known is near.

    >>> did_you_mean("binwidth", ["binWidth", "binCount"])
    ": did you mean 'binWidth'?"
    """
    known = list(known)
    wrong, by_lower = str(name).lower(), {k.lower(): k for k in known}
    near = difflib.get_close_matches(wrong, by_lower, n=20, cutoff=0.6)
    if near:  # of equals the first, which difflib finds the most alike
        return f": did you mean '{by_lower[min(near, key=lambda one: _typing_errors(wrong, one))]}'?"
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"; known are {shown}" if known else ""


def _typing_errors(wrong: str, right: str) -> int:
    """Return how many letters were left out, put in, replaced, or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, letter in enumerate(wrong, start=1):
        further = [i]
        for j, meant in enumerate(right, start=1):
            fewest = min(row[j] + 1, further[j - 1] + 1, row[j - 1] + (letter != meant))
            if i > 1 and j > 1 and (letter, wrong[i - 2]) == (right[j - 2], meant):
                fewest = min(fewest, before[j - 2] + 1)
            further.append(fewest)
        before, row = row, further
    return row[-1]
