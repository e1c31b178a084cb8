"""What all steps share: their registry, their form as JSON, and dropping columns."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from radiomics_screen.core.arrays import BoolArray, FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.options import Registry

Texts = npt.NDArray[np.object_]
#: From numbers, shape (rows, columns), NaN in columns of texts, and these texts by the column's name, to
#: the numbers that come out, shape (rows, columns out).
ArrayTransform = Callable[[FloatArray, Mapping[str, Texts]], FloatArray]


class PlainStep(BaseEstimator):  # type: ignore[misc]  # the base has no types
    """A transformer that can be written as plain JSON, by the names of its columns.

    A subclass says what it has learned (:meth:`learned`) and takes it back (:meth:`restore`).
    """

    step_name: str

    @abstractmethod
    def learned(self, names: Sequence[str]) -> dict[str, Any]:
        """Return what was learned as plain JSON values; `names` are the input columns."""

    @abstractmethod
    def restore(self, learned: Mapping[str, Any], names: Sequence[str]) -> None:
        """Take back what :meth:`learned` returned for the same `names`."""

    def to_dict(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the fitted step as plain JSON values.

        Parameters
        ----------
        names
            The names of the columns it was fitted on, in their order.
        """
        check_is_fitted(self)
        return {"step": self.step_name, "options": self.get_params(), **self.learned(names)}

    def array_transform(self, names: Sequence[str]) -> ArrayTransform | None:
        """Return what the fitted step does to rows that a model has read and checked; None: not offered.

        It gives the same bits as ``transform``, without that method's checks of the table. A pipeline with
        a step that does not offer it goes through ``transform``.

        Parameters
        ----------
        names
            The names of the columns that come in, in their order.
        """
        return None

    @classmethod
    def from_dict(cls, written: Mapping[str, Any], names: Sequence[str]) -> Self:
        """Build the fitted step again from what :meth:`to_dict` returned."""
        built = cls(**written["options"])
        built.n_features_in_ = len(names)
        built.restore(written, names)
        return built


StepClass = TypeVar("StepClass", bound=type[PlainStep])

STEPS: Registry[type[PlainStep]] = Registry("modelling step", "radiomics_screen.modelling_steps")


def step(name: str) -> Callable[[StepClass], StepClass]:
    """Enter a class in :data:`STEPS` under `name`, by which a model folder refers to it."""

    def enter(cls: StepClass) -> StepClass:
        cls.step_name = name
        STEPS.add(name, cls)
        return cls

    return enter


def step_from_dict(written: Mapping[str, Any], names: Sequence[str]) -> PlainStep:
    """Build the fitted step that `written` describes, whichever it is."""
    return STEPS[written["step"]].from_dict(written, names)


class KeptColumns(SelectorMixin, PlainStep, metaclass=ABCMeta):  # type: ignore[misc]  # the base has no types
    """A step that drops columns and changes nothing else; a subclass fits.

    Attributes
    ----------
    support_ : ndarray of bool, shape (n_features_in_,)
        True for each column that is kept.
    """

    def _get_support_mask(self) -> BoolArray:
        check_is_fitted(self)
        return self.support_

    def learned(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the learned values as plain data for the model folder, by column name."""
        return {"kept": [name for name, kept in zip(names, self.support_, strict=True) if kept]}

    def restore(self, learned: Mapping[str, Any], names: Sequence[str]) -> None:
        """Set the learned values from what `learned` returned, for columns in the order of `names`."""
        self.support_ = flags_of(learned["kept"], names)

    def array_transform(self, names: Sequence[str]) -> ArrayTransform | None:
        """Return the step as a function of arrays (rows, columns), or None where it needs a data frame."""
        kept = self._get_support_mask()
        return lambda numbers, texts: numbers[:, kept]


class ColumnFilter(KeptColumns):
    """A step that decides on the features alone which columns are kept; the outcome is not looked at."""

    minimum_rows = 1

    def fit(self, X: Any, y: Any = None) -> Self:
        """Decide on the rows `X`, shape (rows, columns), which columns are kept."""
        values: FloatArray = validate_data(self, X, dtype=np.float64, ensure_min_samples=self.minimum_rows)
        self.support_ = self._keep(values)
        return self

    @abstractmethod
    def _keep(self, values: FloatArray) -> BoolArray:
        """Return which columns of `values`, shape (rows, columns), are kept."""


def flags_of(kept: Sequence[str], names: Sequence[str]) -> BoolArray:
    """Return which of `names` are in `kept`; all of `kept` must be there, in the same order."""
    wanted = set(kept)
    if [name for name in names if name in wanted] != list(kept):
        raise ModelError("the kept columns of a step are not among its input columns, or out of order")
    return np.array([name in wanted for name in names], dtype=bool)
