"""Features that say much of the outcome and little of each other (mRMR)."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from radiomics_screen.core.arrays import BoolArray, FloatArray, IndexArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.steps.base import step
from radiomics_screen.modelling.steps.numerics.selection import Selector, shrunk

RELEVANCE = ("f", "mutual information")
FORMS = ("quotient", "difference")


@step("mrmr")
class MRMR(Selector):
    """Keep `k` columns of maximum relevance and minimum redundancy.

    The first is the most relevant one. Each next one has the best balance of its relevance and its
    redundancy, the mean of its absolute rank correlations with those that were taken before. Of
    equal ones the earlier column is taken. Patients are not looked at.

    Parameters
    ----------
    k
        int, default 20: how many columns are kept; all where there are not more.
    relevance
        ``"f"`` (default): the F statistic of the two classes' means. ``"mutual information"``: of
        outcome and column, whose values are put into `bins` of equal numbers of rows; it sees
        relations that are not monotone.
    form
        ``"quotient"`` (default): relevance / redundancy. ``"difference"``: relevance − redundancy,
        with the relevance on the scale from 0 to 1: see Notes.
    bins
        int, default 10: for the mutual information.

    Attributes
    ----------
    order_ : ndarray of int, shape (kept,)
        The columns in the order in which they were taken; only after fitting.
    relevance_ : ndarray, shape (n_features_in_,)
        F statistic, or mutual information in nats; only after fitting.

    Notes
    -----
    Ding and Peng, J. Bioinform. Comput. Biol. 3, 2005, 185-205 (FCQ, FCD, MIQ, MID), with the rank
    correlation as in all of this package. Two departures from it. In the difference, F grows with
    the number of rows and a correlation does not, so redundancy would count for nothing: the
    correlation ratio sqrt(F / (F + rows − 2)), which ranks the columns as F does, stands for F, and
    the mutual information is divided by the outcome's entropy. In the quotient, a redundancy below
    sqrt(2 / (pi (rows − 1))), the mean absolute correlation of columns that have nothing to do with
    each other, counts as that: otherwise chance picks what is divided by almost nothing.
    """

    def __init__(self, k: int = 20, relevance: str = "f", form: str = "quotient", bins: int = 10) -> None:
        self.k = k
        self.relevance = relevance
        self.form = form
        self.bins = bins

    def _select(self, values: FloatArray, outcome: IndexArray, groups: IndexArray) -> BoolArray:
        self._check()
        rows = len(values)
        if self.relevance == "f":
            ratio = correlation_ratio(values, outcome)
            self.relevance_ = (rows - 2) * ratio / np.maximum(1 - ratio, np.finfo(float).eps)
            bounded = np.sqrt(ratio)
        else:
            self.relevance_ = mutual_information(values, outcome, self.bins)
            share = np.bincount(outcome) / rows
            bounded = self.relevance_ / -np.sum(share * np.log(share))
        quotient = self.form == "quotient"
        ordered = _take(values, self.relevance_ if quotient else bounded, self.k, quotient)
        self.order_ = np.array(ordered, dtype=np.intp)
        keep = np.zeros(values.shape[1], dtype=bool)
        keep[ordered] = True
        return keep

    def _check(self) -> None:
        if self.relevance not in RELEVANCE:
            raise ModelError(f"relevance is {self.relevance!r}; it must be 'f' or 'mutual information'")
        if self.form not in FORMS:
            raise ModelError(f"form is {self.form!r}; it must be 'quotient' or 'difference'")
        if self.k < 1:
            raise ModelError(f"k is {self.k}; at least one feature must be kept")
        if self.bins < 2:
            raise ModelError(f"bins is {self.bins}; there must be at least 2")


def _take(values: FloatArray, relevance: FloatArray, k: int, quotient: bool) -> list[int]:
    """Return up to `k` columns in the order in which they are taken."""
    rows, count = values.shape
    # Twice the mean rank less its average: whole numbers, so the sums do not depend on threads.
    ranks = 2 * rankdata(values, axis=0) - (rows + 1)
    length = np.sqrt((ranks**2).sum(axis=0))
    chance = np.sqrt(2 / (np.pi * max(rows - 1, 1)))
    sums = np.zeros(count)
    free = np.ones(count, dtype=bool)
    taken: list[int] = []
    for _ in range(min(k, count)):
        score = relevance
        if taken:
            products = np.abs(ranks[:, taken[-1]] @ ranks)
            scale = length * length[taken[-1]]
            sums += np.divide(products, scale, out=np.zeros(count), where=scale > 0)
            redundancy = sums / len(taken)
            score = relevance / np.maximum(redundancy, chance) if quotient else relevance - redundancy
        best = int(np.argmax(np.where(free, score, -np.inf)))
        taken.append(best)
        free[best] = False
    return taken


def correlation_ratio(values: FloatArray, outcome: IndexArray) -> FloatArray:
    """Return the part of each column's sum of squares that lies between the classes, 0 to 1.

    With n rows and two classes, F = (n − 2) ratio / (1 − ratio). 0 for a constant column.
    """
    centred = shrunk(values)
    centred -= centred.mean(axis=0)
    total = (centred**2).sum(axis=0)
    sizes = np.bincount(outcome, minlength=2)[:, None]
    sums = np.stack([centred[outcome == code].sum(axis=0) for code in (0, 1)])
    between = (sums**2 / sizes).sum(axis=0)
    constant = values.max(axis=0) == values.min(axis=0)
    ratio: FloatArray = np.divide(between, total, out=np.zeros_like(total), where=(total > 0) & ~constant)
    return np.minimum(ratio, 1.0)


def mutual_information(values: FloatArray, outcome: IndexArray, bins: int) -> FloatArray:
    """Return the mutual information of each column and the outcome in nats, shape (columns,).

    The column's values are put into bins of about equal numbers of rows by their ranks; equal
    values share a bin. The counts' frequencies stand for probabilities, which is too large by about
    (bins − 1) / (2 rows), for all columns alike.
    """
    rows, count = values.shape
    ranks = rankdata(values, method="average", axis=0)
    binned = np.minimum((bins * (ranks - 0.5) / rows).astype(np.intp), bins - 1)
    cells = binned + bins * outcome[:, None] + 2 * bins * np.arange(count)
    table = np.bincount(cells.ravel(), minlength=2 * bins * count).reshape(count, 2, bins) / rows
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=2, keepdims=True)
    ratio = np.divide(table, expected, out=np.ones_like(table), where=table > 0)
    found: FloatArray = np.maximum((table * np.log(ratio)).sum(axis=(1, 2)), 0.0)
    return found
