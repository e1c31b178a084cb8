"""Support vector machine with a radial kernel (Cortes and Vapnik 1995), and Platt's probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, Field, model_validator
from scipy.spatial.distance import cdist
from sklearn.base import ClassifierMixin

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.modelling.classifiers.base import ClassifierKind, Span, classifier
from radiomics_screen.modelling.classifiers.shared.binary import (
    CLIP,
    BinaryClassifier,
    ClassWeights,
    Groups,
    Outcome,
    Scaling,
    closed,
)
from radiomics_screen.modelling.classifiers.shared.data_file import (
    Moderate,
    ScalingPart,
    class_labels,
    read_content,
    write_content,
)
from radiomics_screen.modelling.classifiers.shared.platt import platt_curve
from radiomics_screen.modelling.data.splits import inner_splits

Cost = Annotated[float, Field(ge=1e-4, le=1e4, allow_inf_nan=False)]
Width = Annotated[float, Field(ge=1e-4, le=100, allow_inf_nan=False)]
Folds = Annotated[int, Field(ge=2, le=20)]

_DECIMALS = 6  # of standardised values in support vectors: keeps their file small
_AT_ONCE = 1 << 22  # kernel values that are computed together
_NODES = 64  # of the integral along a path


@dataclass(frozen=True)
class Machine:
    """A fitted machine: its scaling, and a weighted sum of kernels around its support vectors.

    Attributes
    ----------
    vectors
        Support vectors, standardised, shape (vectors, columns).
    weights
        Of the vectors, shape (vectors,).
    intercept
        Of the decision value.
    gamma
        Of the kernel exp(-gamma |x - vector|²).
    """

    scaling: Scaling
    vectors: FloatArray
    weights: FloatArray
    intercept: float
    gamma: float

    def decisions(self, values: FloatArray) -> FloatArray:
        """Return the decision value of each row, above 0 for the positive class, shape (rows,)."""
        rows = self.scaling.applied(values)
        step = max(1, _AT_ONCE // len(self.vectors))
        found = [self._sums(rows[at : at + step]) for at in range(0, len(rows), step)]
        return np.concatenate([np.empty(0), *found])

    def _sums(self, rows: FloatArray) -> FloatArray:
        kernel = np.exp(-self.gamma * cdist(rows, self.vectors, "sqeuclidean"))
        return (kernel * self.weights).sum(axis=1) + self.intercept

    def base(self) -> float:
        """Return the decision value where every feature has its mean."""
        return float(self._sums(np.zeros((1, self.vectors.shape[1])))[0])

    def integrated_gradients(self, values: FloatArray) -> FloatArray:
        """Return what each feature adds to the decision value at the mean, shape (rows, columns).

        The gradient, integrated along the straight line from the mean to the row (Sundararajan, Taly
        and Yan, "Axiomatic attribution for deep networks", 2017), by Gauss and Legendre's rule.
        """
        nodes, shares = np.polynomial.legendre.leggauss(_NODES)
        at, shares = (nodes + 1) / 2, shares / 2
        lengths = (self.vectors**2).sum(axis=1)
        found = np.empty_like(values)
        for number, row in enumerate(self.scaling.applied(values)):
            across = (self.vectors * row).sum(axis=1)
            squares = (row @ row) * at[:, np.newaxis] ** 2 - 2 * at[:, np.newaxis] * across + lengths
            kernel = self.weights * np.exp(-self.gamma * squares)
            each = (kernel * shares[:, np.newaxis]).sum(axis=0)
            along = float((kernel * (shares * at)[:, np.newaxis]).sum())
            pull = (each[:, np.newaxis] * self.vectors).sum(axis=0)
            found[number] = 2 * self.gamma * row * (pull - along * row)
        return found


class SvmClassifier(BinaryClassifier):
    """A support vector machine on features that it standardises itself.

    Attributes
    ----------
    machine_ : Machine
        Fitted to all rows.
    slope_, intercept_ : float
        Of the log-odds as a line over the decision value, learned from machines that had not seen the
        rows: the folds inside keep patients whole.
    """

    def __init__(
        self,
        C: float = 10.0,
        gamma: float = 0.1,
        class_weights: ClassWeights = None,
        inner_folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.C = C
        self.gamma = gamma
        self.class_weights = class_weights
        self.inner_folds = inner_folds
        self.seed = seed

    def _learn(self, values: FloatArray, outcome: Outcome, groups: Groups | None) -> None:
        unseen = np.empty(len(outcome))
        for train, test in inner_splits(outcome, groups, self.inner_folds, self.seed):
            unseen[test] = self._machine(values[train], outcome[train]).decisions(values[test])
        self.slope_, self.intercept_ = platt_curve(unseen, outcome)
        self.machine_ = self._machine(values, outcome)

    def _machine(self, values: FloatArray, outcome: Outcome) -> Machine:
        from sklearn.svm import SVC

        scaling = Scaling.learned(values)
        rows = np.round(scaling.applied(values), _DECIMALS)
        gamma = self.gamma / values.shape[1]
        fitted = SVC(C=self.C, gamma=gamma, class_weight=self.class_weights, cache_size=100)
        fitted.fit(rows, outcome)
        return Machine(
            scaling, rows[fitted.support_], fitted.dual_coef_[0].copy(), float(fitted.intercept_[0]), gamma
        )

    def _log_odds(self, values: FloatArray) -> FloatArray:
        return self.slope_ * self.machine_.decisions(values) + self.intercept_


def svm_classifier(
    *,
    C: Cost = 10.0,
    gamma: Width = 0.1,
    class_weights: ClassWeights = None,
    inner_folds: Folds = 5,
    seed: int = 0,
    device: str = "cpu",
) -> SvmClassifier:
    """Return an unfitted support vector machine, with defaults for 100 to 1000 correlated features.

    Parameters
    ----------
    C
        Cost of a training row on the wrong side; a larger one follows the rows more closely.
    gamma
        Narrowness of the kernel, divided by the number of features: 1 is scikit-learn's ``"scale"``.
        A small one makes the border nearly flat, which suits many features.
    class_weights
        ``"balanced"`` gives both classes the same weight in sum when the border is drawn. Probabilities
        are those of the cohort all the same: they are learned afterwards, from unweighted rows.
    inner_folds
        Folds inside the training rows, from which probabilities are learned; fewer where a class has
        fewer patients.
    seed
        Of those folds.
    device
        Not used: it is always the CPU.
    """
    return SvmClassifier(C=C, gamma=gamma, class_weights=class_weights, inner_folds=inner_folds, seed=seed)


Standardised = Annotated[float, Field(ge=-CLIP, le=CLIP, allow_inf_nan=False, strict=True)]


class _SvmFile(BaseModel):
    kernel: Literal["exp(-gamma |x - vector|^2)"] = "exp(-gamma |x - vector|^2)"
    gamma: Annotated[float, Field(gt=0, le=100, strict=True)]
    scaling: ScalingPart
    vectors: list[list[Standardised]] = Field(min_length=1)
    weights: list[Moderate]
    decision_intercept: Moderate
    slope: Annotated[float, Field(gt=0, le=1e9, strict=True)]
    intercept: Moderate

    @model_validator(mode="after")
    def _is_whole(self) -> _SvmFile:
        columns = len(self.scaling.centre)
        if any(len(vector) != columns for vector in self.vectors) or len(self.weights) != len(self.vectors):
            raise ValueError("scaling, vectors and weights differ in length")
        return self


@classifier("svm")
class SvmKind(ClassifierKind):
    """Support vector machine, kept as its scaling, vectors and weights."""

    file_name = "svm.json"
    build = staticmethod(svm_classifier)
    space: ClassVar = {"C": Span(0.3, 100.0, log=True), "gamma": Span(0.01, 1.0, log=True)}

    def save(self, estimator: ClassifierMixin, path: Path) -> None:
        """Write the fitted estimator to `path`."""
        machine = estimator.machine_
        content = _SvmFile(
            gamma=machine.gamma,
            scaling=ScalingPart.of(machine.scaling),
            vectors=machine.vectors.tolist(),
            weights=machine.weights.tolist(),
            decision_intercept=machine.intercept,
            slope=estimator.slope_,
            intercept=estimator.intercept_,
        )
        write_content(path, content)

    def load(self, path: Path, unfitted: ClassifierMixin) -> ClassifierMixin:
        """Return `unfitted` filled with the learned values that were saved at `path`."""
        content = read_content(path, _SvmFile)
        unfitted.machine_ = Machine(
            content.scaling.scaling(),
            np.array(content.vectors),
            np.array(content.weights),
            content.decision_intercept,
            content.gamma,
        )
        unfitted.slope_, unfitted.intercept_ = content.slope, content.intercept
        unfitted.classes_ = class_labels()
        unfitted.n_features_in_ = len(content.scaling.centre)
        return unfitted

    def input_count(self, estimator: ClassifierMixin) -> int:
        """Return the number of columns that the fitted estimator expects."""
        return int(estimator.n_features_in_)

    def contributions(self, estimator: ClassifierMixin, values: FloatArray) -> FloatArray:
        """Return integrated gradients from the mean of the training rows, times the slope of the log-odds."""
        values = np.asarray(values, dtype=np.float64)
        machine, base = estimator.machine_, estimator.machine_.base()
        added = closed(machine.integrated_gradients(values), machine.decisions(values) - base)
        bias = estimator.slope_ * base + estimator.intercept_
        return np.hstack([estimator.slope_ * added, np.full((len(values), 1), bias)])
