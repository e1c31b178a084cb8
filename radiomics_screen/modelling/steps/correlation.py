"""Columns that say nearly the same as another."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from radiomics_screen.core.arrays import BoolArray, FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.steps.base import ColumnFilter, step


@step("correlation")
class CorrelationFilter(ColumnFilter):
    """Drop every column whose absolute correlation with an earlier kept one exceeds a limit.

    The columns are gone through in their order: one stays if no column that stayed before it is
    correlated with it above the limit. So the result depends on the order of the columns only,
    which the feature table fixes; the outcome is not looked at.

    Parameters
    ----------
    limit
        The largest absolute correlation that two kept columns may have; 1 keeps all.

    Notes
    -----
    Spearman's coefficient compares ranks. Decision trees see ranks only, so it finds just what is
    redundant to them; and its sums are whole numbers, so that the result does not depend on the
    number of threads.
    """

    minimum_rows = 2

    def __init__(self, limit: float = 0.95) -> None:
        self.limit = limit

    def _keep(self, values: FloatArray) -> BoolArray:
        if not 0 < self.limit <= 1:
            raise ModelError(f"the correlation limit is {self.limit}; it must be above 0 and at most 1")
        near = absolute_correlation(values) > self.limit
        keep = np.zeros(len(near), dtype=bool)
        blocked = np.zeros(len(near), dtype=bool)
        for index in range(len(near)):
            if not blocked[index]:
                keep[index] = True
                blocked |= near[index]
        return keep


def absolute_correlation(values: FloatArray) -> FloatArray:
    """Return the absolute rank correlation of all pairs of columns, shape (columns, columns).

    Spearman's coefficient; ties get their mean rank. A constant column is correlated with none:
    0, where the definition has no value.
    """
    # Twice the mean rank less its average is a whole number, so the products below are exact.
    centred = 2 * rankdata(values, axis=0) - (len(values) + 1)
    products = np.abs(centred.T @ centred)
    length = np.sqrt(np.diag(products))
    scale = np.outer(length, length)
    correlation = np.divide(products, scale, out=np.zeros_like(products), where=scale > 0)
    return np.minimum(correlation, 1.0)
