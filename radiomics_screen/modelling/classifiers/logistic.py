"""Logistic regression with an elastic-net penalty (Zou and Hastie 2005)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import BaseModel, Field, model_validator
from sklearn.base import ClassifierMixin

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.modelling.classifiers.base import ClassifierKind, Span, classifier
from radiomics_screen.modelling.classifiers.shared.binary import (
    BinaryClassifier,
    ClassWeights,
    Groups,
    Outcome,
    Scaling,
    row_weights,
)
from radiomics_screen.modelling.classifiers.shared.data_file import (
    Moderate,
    ScalingPart,
    class_labels,
    read_content,
    write_content,
)
from radiomics_screen.modelling.statistics.elastic_net import fit_elastic_net

Penalty = Annotated[float, Field(ge=0.001, le=100, allow_inf_nan=False)]
Ratio = Annotated[float, Field(ge=0, le=1)]


class LogisticClassifier(BinaryClassifier):
    """Logistic regression on features that it standardises itself.

    Attributes
    ----------
    scaling_ : Scaling
        Of the features.
    coefficients_ : ndarray, shape (n_features_in_,)
        Log-odds a standard deviation of each feature; 0 for a feature that has no part.
    intercept_ : float
        Log-odds where every feature has its mean.
    """

    def __init__(
        self, penalty: float = 0.02, l1_ratio: float = 0.5, class_weights: ClassWeights = None
    ) -> None:
        self.penalty = penalty
        self.l1_ratio = l1_ratio
        self.class_weights = class_weights

    def _learn(self, values: FloatArray, outcome: Outcome, groups: Groups | None) -> None:
        self.scaling_ = Scaling.learned(values)
        self.coefficients_, self.intercept_ = fit_elastic_net(
            self.scaling_.applied(values),
            outcome.astype(np.float64),
            row_weights(outcome, self.class_weights),
            self.penalty,
            self.l1_ratio,
        )

    def _log_odds(self, values: FloatArray) -> FloatArray:
        return self.added(values).sum(axis=1) + self.intercept_

    def added(self, values: FloatArray) -> FloatArray:
        """Return what each feature adds to the log-odds, shape (rows, columns)."""
        return self.scaling_.applied(values) * self.coefficients_


def logistic_classifier(
    *,
    penalty: Penalty = 0.02,
    l1_ratio: Ratio = 0.5,
    class_weights: ClassWeights = None,
    seed: int = 0,
    device: str = "cpu",
) -> LogisticClassifier:
    """Return an unfitted elastic-net logistic regression, with defaults for correlated features.

    Half of the penalty is on squares: of features that say nearly the same they keep all with a share
    each, where absolute values alone would keep a chance one.

    Parameters
    ----------
    penalty
        Strength of the penalty, beside the mean loss of a row (glmnet's lambda; 1 / (rows · C) in
        scikit-learn). Good values grow where rows are few.
    l1_ratio
        Part of the penalty that is on absolute coefficients and makes some of them 0; the rest is on
        their squares.
    class_weights
        ``"balanced"`` gives both classes the same weight in sum. Probabilities are then those of a
        cohort with as many positives as negatives, no longer of this one.
    seed
        Not used: nothing is drawn.
    device
        Not used: it is always the CPU.
    """
    return LogisticClassifier(penalty=penalty, l1_ratio=l1_ratio, class_weights=class_weights)


class _LogisticFile(BaseModel):
    scaling: ScalingPart
    coefficients: list[Moderate]
    intercept: Moderate

    @model_validator(mode="after")
    def _is_whole(self) -> _LogisticFile:
        if len(self.coefficients) != len(self.scaling.centre):
            raise ValueError("scaling and coefficients differ in length")
        return self


@classifier("logistic")
class LogisticKind(ClassifierKind):
    """Logistic regression, kept as its scaling and coefficients."""

    file_name = "logistic.json"
    build = staticmethod(logistic_classifier)
    space: ClassVar = {"penalty": Span(0.002, 0.3, log=True), "l1_ratio": Span(0.0, 1.0)}

    def save(self, estimator: ClassifierMixin, path: Path) -> None:
        """Write the fitted estimator to `path`."""
        content = _LogisticFile(
            scaling=ScalingPart.of(estimator.scaling_),
            coefficients=estimator.coefficients_.tolist(),
            intercept=estimator.intercept_,
        )
        write_content(path, content)

    def load(self, path: Path, unfitted: ClassifierMixin) -> ClassifierMixin:
        """Return `unfitted` filled with the learned values that were saved at `path`."""
        content = read_content(path, _LogisticFile)
        unfitted.scaling_ = content.scaling.scaling()
        unfitted.coefficients_ = np.array(content.coefficients)
        unfitted.intercept_ = content.intercept
        unfitted.classes_ = class_labels()
        unfitted.n_features_in_ = len(content.coefficients)
        return unfitted

    def input_count(self, estimator: ClassifierMixin) -> int:
        """Return the number of columns that the fitted estimator expects."""
        return int(estimator.n_features_in_)

    def contributions(self, estimator: ClassifierMixin, values: FloatArray) -> FloatArray:
        """Return coefficient times standardised value: exact, and 0 at the mean of the training rows."""
        bias = np.full((len(values), 1), estimator.intercept_)
        return np.hstack([estimator.added(np.asarray(values, dtype=np.float64)), bias])
