"""Numbers with the thing they count: "1 case", "2 cases"."""

from __future__ import annotations


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """Return a number and its noun, in the singular for one.

    Parameters
    ----------
    number
        How many; thousands are set apart by no mark.
    singular
        The noun for one.
    plural
        The noun for any other number; None: the singular with an s.

    >>> counted(1, "case"), counted(0, "case"), counted(2, "box", "boxes")
    ('1 case', '0 cases', '2 boxes')
    """
    return f"{number} {singular if number == 1 else plural or singular + 's'}"
