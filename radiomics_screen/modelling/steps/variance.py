"""Columns that have nearly one value only."""

from __future__ import annotations

import numpy as np

from radiomics_screen.core.arrays import BoolArray, FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.steps.base import ColumnFilter, step


@step("variance")
class VarianceFilter(ColumnFilter):
    """Drop every column in which one value is had by nearly all rows.

    A variance has the square of the feature's unit, so a limit on it keeps a feature in micrometres
    and drops the same one in metres; the coefficient of variation has no unit but depends on where
    the scale's 0 lies. The part of rows with the commonest value depends on neither. It is the
    criterion of "near-zero variance" of Kuhn and Johnson (Applied Predictive Modeling, 2013, 3.5),
    without their second condition on the number of different values.

    Parameters
    ----------
    limit
        float in (0, 1], default 0.95: a column is dropped where more than this part of the rows
        has one value. 1 drops no column by this.
    precision
        float in [0, 1), default 1e-9: values that differ by no more than this part of the column's
        largest absolute value count as one, so that rounding is not taken for variation. 0 compares
        exactly.

    Notes
    -----
    Values that are one by `precision` are those in an interval of that width; the interval is laid
    where it holds most rows. A column that is constant but for rounding goes whatever the `limit`.
    """

    minimum_rows = 2

    def __init__(self, limit: float = 0.95, precision: float = 1e-9) -> None:
        self.limit = limit
        self.precision = precision

    def _keep(self, values: FloatArray) -> BoolArray:
        if not 0 < self.limit <= 1:
            raise ModelError(
                f"the limit of the commonest value is {self.limit}; it must be above 0 and at most 1"
            )
        if not 0 <= self.precision < 1:
            raise ModelError(f"the precision is {self.precision}; it must be at least 0 and below 1")
        common = commonest(values, self.precision)
        keep: BoolArray = (common <= self.limit * len(values)) & (common < len(values))
        if not keep.any():
            raise ModelError(
                f"every one of the {values.shape[1]} features has one value in more than {self.limit:.0%} of "
                f"the {len(values)} training rows; raise the limit, or mend the features"
            )
        return keep


def commonest(values: FloatArray, precision: float) -> FloatArray:
    """Return for each column how many rows have its commonest value, shape (columns,)."""
    ordered = np.sort(values.T, axis=1)
    width = precision * np.abs(ordered[:, [0, -1]]).max(axis=1)
    counts = np.empty(len(ordered))
    places = np.arange(ordered.shape[1])
    for index, column in enumerate(ordered):
        ends = np.searchsorted(column, column + width[index], side="right")
        counts[index] = (ends - places).max()
    return counts
