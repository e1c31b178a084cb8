"""Missing values: filled with the column's median."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.steps.base import ArrayTransform, PlainStep, Texts, flags_of, step


@step("impute")
class MedianImputer(TransformerMixin, PlainStep):  # type: ignore[misc]  # the base has no types
    """Fill missing values with the column's median; drop columns that have no value at all.

    Infinite values are refused: they come from a division that should not have happened, and a
    median would hide it.

    Attributes
    ----------
    medians_ : ndarray, shape (n_features_in_,)
        Median of the values that are there; NaN for a column without any, which is dropped.
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the medians of the rows `X`, shape (rows, columns)."""
        values: FloatArray = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan")
        there = ~np.isnan(values).all(axis=0)
        if not there.any():
            raise ModelError(f"none of the {values.shape[1]} features has a value in any row")
        self.medians_ = np.full(values.shape[1], np.nan)
        self.medians_[there] = np.nanmedian(values[:, there], axis=0)
        return self

    def transform(self, X: Any) -> FloatArray:
        """Return the columns that have a median, their missing values filled."""
        check_is_fitted(self)
        values: FloatArray = validate_data(
            self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False
        )
        return self._filled(values)

    def array_transform(self, names: Sequence[str]) -> ArrayTransform | None:
        """Return the step as a function of arrays (rows, columns), or None where it needs a data frame."""

        def filled(numbers: FloatArray, texts: Mapping[str, Texts]) -> FloatArray:
            if np.isinf(numbers).any():
                return self.transform(numbers)  # which refuses them
            return self._filled(numbers)

        return filled

    def _filled(self, values: FloatArray) -> FloatArray:
        kept = ~np.isnan(self.medians_)
        there = values[:, kept]
        return np.where(np.isnan(there), self.medians_[kept], there)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """Return the names of the columns that have a median."""
        check_is_fitted(self)
        names: npt.NDArray[np.object_] = _check_feature_names_in(self, input_features)
        return names[~np.isnan(self.medians_)]

    def learned(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the learned values as plain data for the model folder, by column name."""
        pairs = zip(names, self.medians_.tolist(), strict=True)
        return {"medians": {name: median for name, median in pairs if not np.isnan(median)}}

    def restore(self, learned: Mapping[str, Any], names: Sequence[str]) -> None:
        """Set the learned values from what `learned` returned, for columns in the order of `names`."""
        medians = learned["medians"]
        self.medians_ = np.full(len(names), np.nan)
        self.medians_[flags_of(list(medians), names)] = list(medians.values())
        if np.isinf(self.medians_).any() or np.isnan(self.medians_).sum() != len(names) - len(medians):
            raise ModelError("an imputation value is not a finite number")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
