"""What can go wrong that a user can do something about.

Every message names the place, the value found and the way out. Anything that is not a
:class:`ScreenError` is a fault of the program.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

#: An option in a message, before anybody knows how the reader spells it; these characters mean nothing else.
_OPTION = re.compile("\ue000(\\w+)(?:=([^\ue001]*))?\ue001")


def option_named(name: str, value: object = ...) -> str:
    """Return an option for the message of a :class:`ScreenError`, which spells it as its reader does.

    >>> message = f"set {option_named('overwrite', True)}"
    >>> str(ScreenError(message)), ScreenError(message).on_command_line()
    ('set overwrite=True', 'set --overwrite')
    """
    return f"\ue000{name}\ue001" if value is ... else f"\ue000{name}={value}\ue001"


class ScreenError(Exception):
    """Base of every error that a user can mend."""

    def __str__(self) -> str:
        """Return the message for somebody who writes Python."""
        return _OPTION.sub(_as_argument, super().__str__())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def on_command_line(self) -> str:
        """Return the message for somebody who types a command."""
        return _OPTION.sub(_as_flag, super().__str__())


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


def _as_argument(found: re.Match[str]) -> str:
    return found[1] if found[2] is None else f"{found[1]}={found[2]}"


def _as_flag(found: re.Match[str]) -> str:
    name, value = found[1].replace("_", "-"), found[2]
    if value == "False":
        return f"--no-{name}"
    return f"--{name}" if value in (None, "True") else f"--{name} {value.lower()}"


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
