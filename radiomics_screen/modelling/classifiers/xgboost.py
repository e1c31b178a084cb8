"""Gradient-boosted trees (Chen and Guestrin, "XGBoost", KDD 2016)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import xgboost
from pydantic import Field
from sklearn.base import ClassifierMixin
from xgboost import XGBClassifier

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.options import NonNegative, Positive, PositiveInt
from radiomics_screen.modelling.classifiers.base import ClassifierKind, Span, classifier
from radiomics_screen.modelling.classifiers.shared.binary import ClassWeights, row_weights
from radiomics_screen.modelling.classifiers.shared.trees_file import DEEPEST, checked_trees

Part = Annotated[float, Field(gt=0, le=1)]
Depth = Annotated[int, Field(gt=0, le=DEEPEST)]


class Trees(XGBClassifier):
    """XGBoost's classifier; where it was trained on a GPU, it still predicts on the CPU.

    So a model gives the same values before it is saved and after it is loaded elsewhere.

    Parameters
    ----------
    class_weights
        ``"balanced"`` gives both classes the same weight in sum; None: each row has the same.
    options
        Those of XGBoost.
    """

    def __init__(self, *, class_weights: ClassWeights = None, **options: Any) -> None:
        self.class_weights = class_weights
        super().__init__(**options)

    def get_xgb_params(self) -> dict[str, Any]:
        """Return the parameters that XGBoost itself knows."""
        return {name: value for name, value in super().get_xgb_params().items() if name != "class_weights"}

    def fit(self, X: Any, y: Any, **options: Any) -> Self:
        """Fit the trees, with the class weights if they are set."""
        if self.class_weights is not None:
            codes = np.unique(np.asarray(y), return_inverse=True)[1]
            options["sample_weight"] = row_weights(codes, self.class_weights)
        super().fit(X, y, **options)
        self.get_booster().set_param({"device": "cpu"})
        return self


def xgboost_classifier(
    *,
    n_estimators: PositiveInt = 400,
    learning_rate: Positive = 0.03,
    max_depth: Depth = 3,
    min_child_weight: NonNegative = 1.0,
    subsample: Part = 0.8,
    colsample_bytree: Part = 0.5,
    reg_lambda: NonNegative = 1.0,
    class_weights: ClassWeights = None,
    seed: int = 0,
    device: str = "cpu",
) -> XGBClassifier:
    """Return unfitted boosted trees, with defaults for 100 to 1000 features of some dozen rows or more.

    Many small steps of shallow trees, each on part of the rows and of the columns: radiomic
    features are many, noisy and correlated, so a single tree should trust none of them much.

    Parameters
    ----------
    n_estimators
        Number of trees.
    learning_rate
        Part of each tree's answer that is taken over.
    max_depth
        Questions asked in a row by one tree: up to how many features act together.
    min_child_weight
        Smallest sum of the rows' p (1 - p) in a leaf; keeps a leaf from describing a few cases. It
        grows with their number and shrinks with the rarity of a class: 1 stands for 4 rows where the
        classes are of one size, and for 50 where one row in 50 is positive.
    subsample
        Part of the rows that a tree sees.
    colsample_bytree
        Part of the features that a tree sees, so that correlated ones share the work.
    reg_lambda
        Pull of a leaf's answer towards 0 (L2).
    class_weights
        ``"balanced"`` gives both classes the same weight in sum. Probabilities are then those of a
        cohort with as many positives as negatives, no longer of this one.
    seed
        Of the draws of rows and columns.
    device
        ``"cpu"`` or ``"cuda"``; see :func:`resolve_device`.
    """
    return Trees(
        objective="binary:logistic",
        tree_method="hist",
        device=device,
        n_estimators=n_estimators,
        learning_rate=learning_rate,
        max_depth=max_depth,
        min_child_weight=min_child_weight,
        subsample=subsample,
        colsample_bytree=colsample_bytree,
        reg_lambda=reg_lambda,
        class_weights=class_weights,
        random_state=seed,
        n_jobs=1,  # folds run side by side instead: sums in one thread do not depend on their number
    )


@classifier("xgboost")
class XGBoostKind(ClassifierKind):
    """Boosted trees, kept in XGBoost's own JSON file."""

    file_name = "xgboost.json"
    build = staticmethod(xgboost_classifier)
    devices = ("cpu", "cuda")
    space: ClassVar = {
        "n_estimators": Span(100, 800, log=True),
        "learning_rate": Span(0.01, 0.1, log=True),
        "max_depth": Span(2, 6),
        "min_child_weight": Span(0.5, 20.0, log=True),
        "subsample": Span(0.5, 1.0),
        "colsample_bytree": Span(0.1, 0.8),
        "reg_lambda": Span(0.1, 30.0, log=True),
    }

    def save(self, estimator: ClassifierMixin, path: Path) -> None:
        """Write the fitted estimator to `path`."""
        try:
            estimator.save_model(path)
        except xgboost.core.XGBoostError as error:
            raise ModelError(f"{path} cannot be written ({str(error).strip().splitlines()[0]})") from None

    def load(self, path: Path, unfitted: ClassifierMixin) -> ClassifierMixin:
        """Return `unfitted` filled with the learned values that were saved at `path`."""
        content = checked_trees(path)
        try:
            unfitted.load_model(content)
        except xgboost.core.XGBoostError as error:
            cause = str(error).strip().splitlines()[0]
            raise ModelError(f"{path} is not a classifier that XGBoost can read ({cause})") from None
        unfitted.get_booster().set_param({"device": "cpu", "nthread": 1})
        return unfitted

    def input_count(self, estimator: ClassifierMixin) -> int:
        """Return the number of columns that the fitted estimator expects."""
        return int(estimator.get_booster().num_features())

    def contributions(self, estimator: ClassifierMixin, values: FloatArray) -> FloatArray:
        """Return the SHAP values in log-odds, one row a row of `values`."""
        rows = xgboost.DMatrix(values, nthread=1)
        found = estimator.get_booster().predict(rows, pred_contribs=True)
        return np.asarray(found, dtype=np.float64)


def resolve_device(device: str) -> str:
    """Return where trees are trained: ``"cpu"`` or ``"cuda"``.

    Parameters
    ----------
    device
        ``"cpu"``, ``"cuda"``, or ``"auto"``: a GPU where one is usable, else the CPU.

    Raises
    ------
    ModelError
        If a GPU is asked for and none is usable.
    """
    if device not in ("cpu", "cuda", "auto"):
        raise ModelError(f"unknown device {device!r}: it is 'cpu', 'cuda' or 'auto'")
    if device == "cpu":
        return "cpu"
    hindrance = _gpu_hindrance()
    if device == "cuda" and hindrance:
        raise ModelError(f"device 'cuda' cannot be used: {hindrance}; use 'cpu', or 'auto' to let it choose")
    return "cpu" if hindrance else "cuda"


@cache
def _gpu_hindrance() -> str:
    """Return why XGBoost cannot train on a GPU here, or an empty string if it can."""
    if not xgboost.build_info().get("USE_CUDA", False):
        return "this build of XGBoost is made without CUDA"
    try:
        with xgboost.config_context(verbosity=0):
            rows = xgboost.DMatrix(np.array([[0.0], [1.0]]), np.array([0.0, 1.0]))
            options = {"device": "cuda", "tree_method": "hist", "max_depth": 1}
            trained = xgboost.train(options, rows, num_boost_round=1)
    except xgboost.core.XGBoostError as error:
        return f"XGBoost could not train on it ({str(error).strip().splitlines()[0]})"
    # Without a GPU, XGBoost quietly falls back to the CPU; what it did stands in its configuration.
    used = json.loads(trained.save_config())["learner"]["generic_param"]["device"]
    return "" if used.startswith("cuda") else "XGBoost finds no GPU"
