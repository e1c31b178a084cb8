"""What steps share that choose features by the outcome."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils import ClassifierTags, Tags
from sklearn.utils.validation import check_consistent_length, validate_data

from radiomics_screen.core.arrays import BoolArray, FloatArray, IndexArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.steps.base import KeptColumns


class Selector(KeptColumns):
    """A step that chooses columns by the outcome of the rows learned from.

    ``fit(X, y, groups=None)`` takes the patient of each row as `groups`. In a pipeline they are
    handed on by the step's name: ``pipeline.fit(X, y, elasticnet__groups=patients)``, or by
    scikit-learn's metadata routing after ``step.set_fit_request(groups=True)``. In new rows neither
    outcome nor patient is asked for.
    """

    def fit(self, X: Any, y: Any = None, groups: Any = None) -> Self:
        """Choose columns.

        Parameters
        ----------
        X
            Finite numbers, shape (rows, columns).
        y
            Outcome of two values, shape (rows,).
        groups
            Patient of each row, shape (rows,); None: each row is another patient.

        Raises
        ------
        ModelError
            If the outcome has not two values, or an option has a value that it cannot have.
        """
        values, outcome = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        owners = np.arange(len(values))
        if groups is not None:
            check_consistent_length(values, groups)
            owners = np.unique(np.asarray(groups).astype(str), return_inverse=True)[1]
        self.support_ = self._select(values, two_classes(outcome), owners)
        return self

    @abstractmethod
    def _select(self, values: FloatArray, outcome: IndexArray, groups: IndexArray) -> BoolArray:
        """Return which columns are kept, at least one.

        Parameters
        ----------
        values
            Shape (rows, columns).
        outcome
            0 or 1, shape (rows,).
        groups
            Number of each row's patient, shape (rows,).
        """

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags


def two_classes(outcome: npt.NDArray[Any]) -> IndexArray:
    """Return the outcome as 0 and 1, in the order of its two values.

    Raises
    ------
    ModelError
        If it has not two values.
    """
    classes, codes = np.unique(outcome, return_inverse=True)
    if len(classes) != 2:
        raise ModelError(
            f"features cannot be selected: the outcome has {len(classes)} values in the {len(outcome)} "
            "training rows, and must have two"
        )
    return codes.astype(np.intp)


def shrunk(values: FloatArray) -> FloatArray:
    """Return each column from 0 to 1, 0 where it is constant: its squares cannot overflow."""
    low, high = values.min(axis=0), values.max(axis=0)
    spread = high / 2 - low / 2
    return np.divide(values / 2 - low / 2, spread, out=np.zeros_like(values), where=spread > 0)
