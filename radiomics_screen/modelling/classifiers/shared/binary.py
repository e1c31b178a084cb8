"""What the classifiers of this package share: checks, classes, scaling, and log-odds as probabilities."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.threads import single_threaded

Outcome = npt.NDArray[np.int64]
Groups = npt.NDArray[Any]
ClassWeights = Literal["balanced"] | None

CLIP = 5.0  # standard deviations: what lies farther out counts as if it lay there
_ROUNDING = 1e-12  # a spread below this part of the values is the rounding of equal numbers


class BinaryClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # the base has no types
    """A two-class classifier that computes log-odds.

    Attributes
    ----------
    classes_ : ndarray, shape (2,)
        The negative and the positive class: the two labels in sorted order.
    n_features_in_ : int
        Number of features.
    """

    #: What rows must be, as scikit-learn's ``validate_data`` takes it.
    _accepts: ClassVar[Mapping[str, Any]] = {"dtype": np.float64, "order": "C"}

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Learn from rows.

        Parameters
        ----------
        X
            Features, shape (rows, columns); no missing values, but any scale.
        y
            Labels of two classes, shape (rows,).
        groups
            Patient of each row, shape (rows,): rows of one patient stay together wherever rows are
            divided. None: each row is another patient.

        Raises
        ------
        ValueError
            If a value is not finite, or there are not two classes.
        ModelError
            If rows must be divided, and there are too few.
        """
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        values, labels = self._checked(X, y)
        check_classification_targets(labels)
        if (kind := type_of_target(labels, input_name="y")) != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        classes, outcome = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"Two classes are needed; the rows are all of one class, {classes[0]!r}")
        if groups is not None:
            groups = np.asarray(groups)
            check_consistent_length(values, groups)
        self.classes_ = classes
        with single_threaded():
            self._learn(values, outcome.astype(np.int64), groups)
        return self

    def decision_function(self, X: Any) -> FloatArray:
        """Return the log-odds of the second class, shape (rows,)."""
        check_is_fitted(self)
        return self._log_odds(self._checked(X))

    def predict_proba(self, X: Any) -> FloatArray:
        """Return the probabilities of both classes, shape (rows, 2)."""
        positive = expit(self.decision_function(X))
        return np.stack([1 - positive, positive], axis=1)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the more probable class of each row, shape (rows,)."""
        positive = self.decision_function(X) > 0
        return self.classes_[positive.astype(np.intp)]

    def _checked(self, X: Any, y: Any = None) -> Any:
        """Return new rows as they can be answered; with labels, rows to learn from, and the labels."""
        if y is None:
            return validate_data(self, X, reset=False, **self._accepts)
        return validate_data(self, X, y, ensure_min_samples=2, **self._accepts)

    @abstractmethod
    def _learn(self, values: FloatArray, outcome: Outcome, groups: Groups | None) -> None:
        """Learn from checked rows; `outcome` is 0 or 1."""

    @abstractmethod
    def _log_odds(self, values: FloatArray) -> FloatArray:
        """Return the log-odds of checked rows, shape (rows,)."""

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


@dataclass(frozen=True)
class Scaling:
    """Where each feature lies and how widely it is spread, learned from training rows.

    Attributes
    ----------
    centre, spread
        Mean and standard deviation, shape (columns,).
    """

    centre: FloatArray
    spread: FloatArray

    @classmethod
    def learned(cls, values: FloatArray) -> Scaling:
        """Return the scaling of `values`, shape (rows, columns)."""
        spread = values.std(axis=0)
        spread[spread <= _ROUNDING * np.abs(values).max(axis=0)] = 1.0
        return cls(values.mean(axis=0), spread)

    def applied(self, values: FloatArray) -> FloatArray:
        """Return the values in standard deviations from the mean, no farther out than :data:`CLIP`."""
        with np.errstate(over="ignore"):  # what becomes infinite is then clipped
            return np.clip((values - self.centre) / self.spread, -CLIP, CLIP)


def row_weights(outcome: Outcome, class_weights: ClassWeights) -> FloatArray:
    """Return a weight for each row, with a mean of 1: all the same, or both classes the same in sum."""
    if class_weights is None:
        return np.ones(len(outcome))
    counts = np.bincount(outcome, minlength=2)
    return len(outcome) / (2 * counts[outcome])


def closed(parts: FloatArray, total: FloatArray) -> FloatArray:
    """Return `parts`, shape (rows, columns), changed so little that each row's sum is its `total`.

    What is missing is shared out by the parts' sizes. A row whose parts are all 0 stays as it is.
    """
    sizes = np.abs(parts)
    whole = sizes.sum(axis=1)
    missing = (total - parts.sum(axis=1)) / np.where(whole > 0, whole, 1)
    return parts + missing[:, np.newaxis] * sizes
