"""What filters check of the options that they share, while the parameter file is loaded."""

from __future__ import annotations

from typing import TypeVar

Values = TypeVar("Values", bound=tuple[object, ...])


def given_once(values: Values) -> Values:
    """Refuse a value that stands there twice: its images would have one name.

    >>> given_once((1, 2.0))
    (1, 2.0)
    """
    for number, value in enumerate(values):
        if value in values[:number]:
            raise ValueError(f"{value} is given twice")
    return values
