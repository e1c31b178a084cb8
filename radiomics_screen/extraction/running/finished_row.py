"""A finished row on its way from the worker to the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.cohort.cases import Case
from radiomics_screen.core.printable import printable
from radiomics_screen.extraction.measuring.case_result import Row
from radiomics_screen.extraction.running.case_keys import Contents

#: What stands between two warnings in one cell; a warning itself may hold a semicolon.
BETWEEN = " | "

_SETS_OF_NAMES: dict[tuple[str, ...], tuple[str, ...]] = {}


@dataclass(frozen=True)
class Measured:
    """What became of one case, in a form that is small to keep and to send.

    Attributes
    ----------
    contents
        Digests of the files it was measured on.
    status, error, warnings, seconds
        As in :class:`~radiomics_screen.extraction.measuring.case_result.Row`; the warnings joined with
        :data:`BETWEEN`.
    names, values
        Names of the features, and their values, shape (features,).
    stages
        Seconds by stage, where the run asks for them; they are not kept on disk.
    """

    contents: Contents
    status: str
    error: str
    warnings: str
    seconds: float
    names: tuple[str, ...]
    values: NDArray[np.float64]
    stages: Mapping[str, float] = field(default_factory=dict)


def measured(contents: Contents, row: Row) -> Measured:
    """Pack a row."""
    values = np.fromiter(row.features.values(), np.float64, len(row.features))
    warnings = BETWEEN.join(row.warnings)
    names = one_of_equals(tuple(row.features))
    return Measured(contents, row.status, row.error, warnings, row.seconds, names, values)


def one_of_equals(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first of all equal sets of names, so that a thousand rows do not hold a thousand copies.

    It also makes them small to send: what several rows share is pickled once.
    """
    return _SETS_OF_NAMES.setdefault(names, names)


def failed(case: Case, error: str) -> Measured:
    """Return the row of a case that could not even be begun, or that took its process with it."""
    nothing = Contents("", "", "")
    return Measured(nothing, "failed", printable(case.problem or error), "", 0.0, (), np.empty(0))
