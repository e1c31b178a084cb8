"""What steps share that tell columns apart by their names: a DataFrame comes in and goes out.

They stand before the imputation, where text columns (a scanner, a clinical variable) are still
beside the features.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from radiomics_screen.core.arrays import BoolArray
from radiomics_screen.core.column_names import is_feature
from radiomics_screen.core.errors import ModelError, did_you_mean
from radiomics_screen.modelling.data.values import listed, refuse_double_columns
from radiomics_screen.modelling.steps.base import ArrayTransform, PlainStep, flags_of


def radiomic_flags(names: Sequence[str], prefixes: Sequence[str] | None) -> BoolArray:
    """Return which of `names` are radiomic features; the others are clinical variables.

    Parameters
    ----------
    names
        Names of columns.
    prefixes
        Radiomic is what begins with one of these; None: what is named like a feature of an
        extraction, ``<image type>_<family>_<Feature>``.
    """
    if prefixes is None:
        return np.array([is_feature(name) for name in names], dtype=bool)
    if isinstance(prefixes, str):
        raise ModelError(f"prefixes is the text {prefixes!r}; it must be a list of texts")
    return np.array([name.startswith(tuple(prefixes)) for name in names], dtype=bool)


def require_columns(asked: Sequence[str], names: Sequence[str], role: str) -> None:
    """Raise a ModelError that names the first of `asked` which is not among `names`."""
    for name in asked:
        if name not in names:
            raise ModelError(f"there is no column '{name}' ({role}){did_you_mean(name, names)}")


class FrameStep(TransformerMixin, PlainStep, ABC):  # type: ignore[misc]  # the base has no types
    """A step from a DataFrame to a DataFrame, both with named columns.

    An array is taken too; its columns are then called ``x0``, ``x1``, ... in fitting, and like
    those fitted on in transforming.

    Attributes
    ----------
    feature_names_in_ : ndarray of str, shape (n_features_in_,)
        Names of the columns it was fitted on. New rows must bring them all, in any order; what
        else they bring is left out.
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from the rows `X`, a DataFrame; `y` is their outcome, shape (rows,)."""
        if not isinstance(X, pd.DataFrame):
            X = np.asarray(X)
            if X.ndim != 2:
                raise ModelError(f"a table has rows and columns, this one has {X.ndim} dimensions")
            X = pd.DataFrame(X, columns=[f"x{number}" for number in range(X.shape[1])])
        if not len(X) or not X.shape[1]:
            raise ModelError(f"the table to learn from has {len(X)} rows and {X.shape[1]} columns")
        names = [str(name) for name in X.columns]
        self._remember(names)
        frame = X.set_axis(names, axis=1)
        refuse_double_columns(frame)
        self._learn(frame, None if y is None else np.asarray(y))
        return self

    def transform(self, X: Any) -> pd.DataFrame:
        """Return the rows `X` as the step leaves them, with the same index."""
        check_is_fitted(self)
        return self._apply(self._frame(X))

    @abstractmethod
    def _learn(self, frame: pd.DataFrame, outcome: npt.NDArray[Any] | None) -> None:
        """Learn from `frame`, whose columns are those of ``feature_names_in_``."""

    @abstractmethod
    def _apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return `frame`, whose columns are those of ``feature_names_in_``, changed."""

    @abstractmethod
    def _names_out(self) -> list[str]:
        """Return the names of the columns that :meth:`_apply` returns."""

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """Return the names of the columns that come out."""
        check_is_fitted(self)
        known = list(self.feature_names_in_)
        if input_features is not None and [str(name) for name in input_features] != known:
            raise ValueError("input_features is not equal to feature_names_in_")
        return np.array(self._names_out(), dtype=object)

    def restore(self, learned: Mapping[str, Any], names: Sequence[str]) -> None:
        """Set the learned values from what `learned` returned, for columns in the order of `names`."""
        self._remember(names)

    def _remember(self, names: Sequence[str]) -> None:
        self.feature_names_in_ = np.array(names, dtype=object)
        self.n_features_in_ = len(names)

    def _frame(self, X: Any) -> pd.DataFrame:
        """Return new rows with the columns that were learned from, in their order."""
        names = list(self.feature_names_in_)
        if not isinstance(X, pd.DataFrame):
            X = np.asarray(X)
            if X.ndim != 2 or X.shape[1] != len(names):
                raise ModelError(f"step '{self.step_name}' learned from {len(names)} columns, not {X.shape}")
            return pd.DataFrame(X, columns=names)
        frame = X.set_axis([str(name) for name in X.columns], axis=1)
        refuse_double_columns(frame)
        if absent := [name for name in names if name not in frame]:
            raise ModelError(
                f"{len(absent)} of the {len(names)} columns that step '{self.step_name}' was fitted on are "
                f"missing: {listed(absent)}"
            )
        return frame[names]


class NameFilter(FrameStep):
    """A step that keeps columns by their names; their order and values stay.

    Attributes
    ----------
    support_ : ndarray of bool, shape (n_features_in_,)
        True for each column that is kept.
    """

    @abstractmethod
    def _keep(self, names: Sequence[str]) -> BoolArray:
        """Return which of the columns `names` are kept."""

    def get_support(self) -> BoolArray:
        """Return which columns are kept."""
        check_is_fitted(self)
        return self.support_

    def _learn(self, frame: pd.DataFrame, outcome: npt.NDArray[Any] | None) -> None:
        self.support_ = self._keep(list(frame.columns))

    def _apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.loc[:, self.support_]

    def _names_out(self) -> list[str]:
        return [str(name) for name in self.feature_names_in_[self.support_]]

    def learned(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the learned values as plain data for the model folder, by column name."""
        return {"kept": self._names_out()}

    def restore(self, learned: Mapping[str, Any], names: Sequence[str]) -> None:
        """Set the learned values from what `learned` returned, for columns in the order of `names`."""
        super().restore(learned, names)
        self.support_ = flags_of(learned["kept"], names)

    def array_transform(self, names: Sequence[str]) -> ArrayTransform | None:
        """Return the step as a function of arrays (rows, columns), or None where it needs a data frame."""
        kept = self.support_
        return lambda numbers, texts: numbers[:, kept]
