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
    by_lower = {k.lower(): k for k in known}
    near = difflib.get_close_matches(str(name).lower(), by_lower, n=1, cutoff=0.6)
    if near:
        return f": did you mean '{by_lower[near[0]]}'?"
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"; known are {shown}" if known else ""
