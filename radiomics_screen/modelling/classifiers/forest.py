"""Random forest (Breiman 2001), grown by scikit-learn and kept as plain arrays."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
import xgboost
from pydantic import BaseModel, Field, model_validator
from scipy.special import logit
from sklearn.base import ClassifierMixin

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.options import PositiveInt
from radiomics_screen.modelling.classifiers.base import ClassifierKind, Span, classifier
from radiomics_screen.modelling.classifiers.shared.binary import (
    BinaryClassifier,
    ClassWeights,
    Groups,
    Outcome,
    closed,
)
from radiomics_screen.modelling.classifiers.shared.data_file import class_labels, read_content, write_content
from radiomics_screen.modelling.classifiers.shared.shapley import as_booster, shapley_values
from radiomics_screen.modelling.classifiers.shared.trees import TreePart, Trees, joined, parted
from radiomics_screen.modelling.classifiers.shared.trees_file import DEEPEST

Depth = Annotated[int, Field(gt=0, le=DEEPEST)]
FeaturePart = Annotated[float, Field(gt=0, le=1)] | Literal["sqrt"]

_LEAST_DIFFERENCE = 1e-6  # of probabilities, below which a curve is taken for its tangent


class Forest:
    """Grown trees, and the bound that their answer is kept within.

    Attributes
    ----------
    trees
        As arrays.
    features
        Number of features that they were grown on.
    limit
        The probability comes no nearer to 0 and 1 than this: log-odds must be finite, and n rows
        that all say the same are no proof of certainty.
    """

    def __init__(self, trees: Trees, features: int, limit: float) -> None:
        self.trees = trees
        self.features = features
        self.limit = limit

    def log_odds(self, positives: FloatArray) -> FloatArray:
        """Return the log-odds of parts of positives, brought within the limit, shape (rows,)."""
        return logit(np.clip(positives, self.limit, 1 - self.limit))

    @cached_property
    def booster(self) -> xgboost.Booster:
        """Return the trees as an XGBoost booster."""
        return as_booster(self.trees, self.features)


class ForestClassifier(BinaryClassifier):
    """A random forest whose trees are arrays as soon as they are grown.

    So it predicts by the same few lines before it is saved and after it is loaded.

    Attributes
    ----------
    forest_ : Forest
        The grown trees.
    """

    def __init__(
        self,
        n_estimators: int = 200,
        max_features: float | str = 0.3,
        min_samples_leaf: int = 5,
        max_depth: int = 20,
        class_weights: ClassWeights = None,
        seed: int = 0,
    ) -> None:
        self.n_estimators = n_estimators
        self.max_features = max_features
        self.min_samples_leaf = min_samples_leaf
        self.max_depth = max_depth
        self.class_weights = class_weights
        self.seed = seed

    def _learn(self, values: FloatArray, outcome: Outcome, groups: Groups | None) -> None:
        from sklearn.ensemble import RandomForestClassifier

        grown = RandomForestClassifier(
            n_estimators=self.n_estimators,
            max_features=self.max_features,
            min_samples_leaf=self.min_samples_leaf,
            max_depth=self.max_depth,
            class_weight=self.class_weights,
            random_state=self.seed,
            n_jobs=1,
        )
        with np.errstate(over="ignore", invalid="ignore"):  # of sums that look for missing values
            grown.fit(values, outcome)
        trees = joined([TreePart.of_sklearn(one.tree_) for one in grown.estimators_])
        self.forest_ = Forest(trees, values.shape[1], 1 / (len(values) + 2))

    def _log_odds(self, values: FloatArray) -> FloatArray:
        return self.forest_.log_odds(self.forest_.trees.positives(values))


def forest_classifier(
    *,
    n_estimators: PositiveInt = 200,
    max_features: FeaturePart = 0.3,
    min_samples_leaf: PositiveInt = 5,
    max_depth: Depth = 20,
    class_weights: ClassWeights = None,
    seed: int = 0,
    device: str = "cpu",
) -> ForestClassifier:
    """Return an unfitted random forest, with defaults for many features of which few say much.

    Parameters
    ----------
    n_estimators
        Number of trees.
    max_features
        Part of the features that a question is chosen from, drawn again for each; ``"sqrt"``: the
        root of their number, which finds few good ones where most say little.
    min_samples_leaf
        Fewest rows in a leaf.
    max_depth
        Most questions in a row.
    class_weights
        ``"balanced"`` gives both classes the same weight in sum. Probabilities are then those of a
        cohort with as many positives as negatives, no longer of this one.
    seed
        Of the draws of rows and features.
    device
        Not used: it is always the CPU.
    """
    return ForestClassifier(
        n_estimators=n_estimators,
        max_features=max_features,
        min_samples_leaf=min_samples_leaf,
        max_depth=max_depth,
        class_weights=class_weights,
        seed=seed,
    )


class _ForestFile(BaseModel):
    features: Annotated[int, Field(ge=1, le=10**6, strict=True)]
    limit: Annotated[float, Field(ge=1e-9, lt=0.5, strict=True)]
    trees: list[TreePart] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_its_features(self) -> _ForestFile:
        if any(max(tree.feature) >= self.features for tree in self.trees):
            raise ValueError("a tree asks for a feature that is not there")
        return self


@classifier("forest")
class ForestKind(ClassifierKind):
    """Random forest, kept as the arrays of its trees."""

    file_name = "forest.json"
    build = staticmethod(forest_classifier)
    space: ClassVar = {"max_features": Span(0.05, 0.6, log=True), "min_samples_leaf": Span(1, 20, log=True)}

    def save(self, estimator: ClassifierMixin, path: Path) -> None:
        """Write the fitted estimator to `path`."""
        forest = estimator.forest_
        write_content(
            path, _ForestFile(features=forest.features, limit=forest.limit, trees=parted(forest.trees))
        )

    def load(self, path: Path, unfitted: ClassifierMixin) -> ClassifierMixin:
        """Return `unfitted` filled with the learned values that were saved at `path`."""
        content = read_content(path, _ForestFile)
        unfitted.forest_ = Forest(joined(content.trees), content.features, content.limit)
        unfitted.classes_ = class_labels()
        unfitted.n_features_in_ = content.features
        return unfitted

    def input_count(self, estimator: ClassifierMixin) -> int:
        """Return the number of columns that the fitted estimator expects."""
        return int(estimator.n_features_in_)

    def contributions(self, estimator: ClassifierMixin, values: FloatArray) -> FloatArray:
        """Return Shapley values of the probability, brought to log-odds by one factor a row.

        The factor is the slope of the straight line from the mean probability to the row's on the
        curve of log-odds: it keeps signs and ratios, and the sum is right.
        """
        forest, trees = estimator.forest_, estimator.forest_.trees
        parts = shapley_values(forest.booster, values)[:, :-1]
        positives = trees.positives(np.asarray(values, dtype=np.float64))
        bias = float(forest.log_odds(np.array([trees.base()]))[0])
        total = forest.log_odds(positives) - bias
        difference = positives - trees.base()
        near = np.abs(difference) < _LEAST_DIFFERENCE
        tangent = 2 + 2 * np.cosh(bias)  # 1 / (p (1 - p))
        slope = np.where(near, tangent, total / np.where(near, 1, difference))
        added = closed(parts * slope[:, np.newaxis], total)
        return np.hstack([added, np.full((len(values), 1), bias)])
