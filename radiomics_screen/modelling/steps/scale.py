"""Columns brought to one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from radiomics_screen.errors import ModelError
from radiomics_screen.modelling.steps.base import Floats, PlainStep, step

METHODS = ("standard", "robust")


@step("scale")
class Scaling(OneToOneFeatureMixin, TransformerMixin, PlainStep):
    """Subtract the middle of each column and divide by its spread.

    A column that is constant in the rows learned from becomes 0 in all rows, new ones included:
    nothing is known of its spread. A column that varies but has an interquartile range of 0 (more
    than half of its values are the same) is divided by its standard deviation instead.

    Parameters
    ----------
    method
        ``"standard"`` (default): mean and standard deviation (of the rows, dividing by their
        number). ``"robust"``: median and interquartile range, which outliers hardly move.

    Attributes
    ----------
    centre_, spread_ : ndarray, shape (n_features_in_,)
        What is subtracted, and divided by; a spread of 0 marks a constant column.
    """

    def __init__(self, method: str = "standard") -> None:
        self.method = method

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn middle and spread from the rows `X`, shape (rows, columns)."""
        if self.method not in METHODS:
            raise ModelError(f"the method of scaling is {self.method!r}; it must be 'standard' or 'robust'")
        values: Floats = validate_data(self, X, dtype=np.float64)
        self.centre_, self.spread_ = centre_and_spread(values, self.method)
        return self

    def transform(self, X: Any) -> Floats:
        """Return the rows `X`, scaled."""
        check_is_fitted(self)
        values: Floats = validate_data(self, X, dtype=np.float64, reset=False)
        return scaled(values, self.centre_, self.spread_)

    def learned(self, names: Sequence[str]) -> dict[str, Any]:
        pairs = zip(self.centre_.tolist(), self.spread_.tolist(), strict=True)
        return {"scales": {name: list(pair) for name, pair in zip(names, pairs, strict=True)}}

    def restore(self, learned: Mapping[str, Any], names: Sequence[str]) -> None:
        scales = learned["scales"]
        if list(scales) != list(names):
            raise ModelError("the scales are not those of the step's input columns")
        pairs = np.array(list(scales.values()), dtype=np.float64).reshape(-1, 2)
        self.centre_, self.spread_ = pairs[:, 0].copy(), pairs[:, 1].copy()
        if not np.isfinite(pairs).all() or (self.spread_ < 0).any():
            raise ModelError("a scale is not a finite number, or below 0")


def centre_and_spread(values: Floats, method: str) -> tuple[Floats, Floats]:
    """Return middle and spread of the columns; the spread of a constant column is exactly 0."""
    constant = values.max(axis=0) == values.min(axis=0)
    spread = values.std(axis=0)
    if method == "robust":
        low, centre, high = np.percentile(values, [25, 50, 75], axis=0)
        spread = np.where(high > low, high - low, spread)
    else:
        centre = values.mean(axis=0)
    return np.where(constant, values[0], centre), np.where(constant, 0.0, spread)


def scaled(values: Floats, centre: Floats, spread: Floats) -> Floats:
    """Return the columns less their centre, divided by their spread; 0 where that is 0."""
    return np.divide(values - centre, spread, out=np.zeros_like(values), where=spread > 0)
