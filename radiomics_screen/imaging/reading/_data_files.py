"""Files that a detached header names: one, a list of them, or a numbered pattern."""

from __future__ import annotations

import os
from pathlib import Path

from radiomics_screen.core.errors import ReadError

ALLOW_OUTSIDE = "RADIOMICS_SCREEN_ALLOW_OUTSIDE_DATA"
_MOST_FILES = 100_000


def named_files(header: Path, value: str, lines: list[str]) -> list[Path]:
    """Return the data files of a header, in their order.

    Parameters
    ----------
    header
        The file that names them.
    value
        What it says: a name, ``LIST``, or a pattern such as ``slice%03d.raw 1 20 1``.
    lines
        What follows in the header: the names of a list.

    Raises
    ------
    ReadError
        The pattern is not understood, or a file lies outside the header's folder.
    """
    if value.split(maxsplit=1)[0].upper() == "LIST":
        names = [line.strip() for line in lines if line.strip()]
    elif "%" in value:
        names = _numbered(header, value)
    else:
        names = [value]
    return [_inside(header, name) for name in names]


def _numbered(header: Path, value: str) -> list[str]:
    """Return the names that a pattern stands for: name, first, last and step, and in NRRD the axis."""
    pattern, *numbers = value.rsplit(maxsplit=3)
    try:
        first, last, step = (int(number) for number in numbers)
        count = (last - first) // step + 1
        if not 0 < count <= _MOST_FILES:
            raise ValueError
        return [pattern % number for number in range(first, last + (1 if step > 0 else -1), step)]
    except (ValueError, TypeError, ZeroDivisionError):
        raise ReadError(
            f"{header}: its data files {value!r} are not understood; write a pattern with first, last and "
            "step, such as slice%03d.raw 1 20 1"
        ) from None


def _inside(header: Path, name: str) -> Path:
    folder = Path(os.path.abspath(header.parent))  # links are the user's own doing: they are not resolved
    path = Path(os.path.abspath(header.parent / name))
    if not path.is_relative_to(folder) and not os.environ.get(ALLOW_OUTSIDE, "").strip():
        raise ReadError(
            f"{header}: names a data file outside its folder ({name}); move the file beside the header, or "
            f"set the environment variable {ALLOW_OUTSIDE}=1"
        )
    return header.parent / name
