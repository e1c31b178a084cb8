"""The one pipeline: everything that is learned, in one scikit-learn object that folds can clone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import ClassifierMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from radiomics_screen.errors import ModelError, did_you_mean
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.steps import STEPS, PlainStep, step_from_dict
from radiomics_screen.modelling.steps.constant import ConstantFilter
from radiomics_screen.modelling.steps.correlation import CorrelationFilter
from radiomics_screen.modelling.steps.duplicate import DuplicateFilter
from radiomics_screen.modelling.steps.impute import MedianImputer
from radiomics_screen.modelling.steps.mrmr import MRMR

CLASSIFIER = "classifier"


#: Ways to choose among the features that are left, by the name of their step; "none" takes all of them.
SELECTIONS = ("none", "mrmr", "elasticnet", "boruta")


def build_pipeline(
    *,
    correlation: float = 0.95,
    select: str = "none",
    most_features: int = 20,
    classifier: str = "xgboost",
    hyperparameters: Mapping[str, Any] | None = None,
    seed: int = 0,
    device: str = "cpu",
) -> Pipeline:
    """Return the unfitted pipeline: impute, drop what says nothing new, choose, classify.

    Parameters
    ----------
    correlation
        Limit of the correlation filter; 1 keeps all.
    select
        Step that chooses features by the outcome, one of :data:`SELECTIONS`.
    most_features
        How many features ``"mrmr"`` keeps; the others decide by themselves.
    classifier
        Name of a classifier.
    hyperparameters
        Its options; those not given have the defaults of its signature.
    seed
        Of whatever the classifier draws.
    device
        ``"cpu"`` or ``"cuda"``.
    """
    estimator = CLASSIFIERS[classifier].build(seed=seed, device=device, **(hyperparameters or {}))
    steps: list[PlainStep] = [
        MedianImputer(),
        ConstantFilter(),
        DuplicateFilter(),
        CorrelationFilter(limit=correlation),
    ]
    if select != "none":
        if select not in SELECTIONS:
            raise ModelError(f"unknown selection '{select}'{did_you_mean(select, SELECTIONS)}")
        steps.append(MRMR(k=most_features) if select == "mrmr" else STEPS[select](seed=seed))
    return Pipeline([*((one.step_name, one) for one in steps), (CLASSIFIER, estimator)])


def fitted(
    pipeline: Pipeline,
    features: pd.DataFrame,
    outcome: npt.NDArray[np.int64],
    groups: npt.NDArray[np.object_],
) -> Pipeline:
    """Return a fitted clone; steps that divide the rows anew keep the patients in `groups` whole."""
    made = clone(pipeline)
    told = {f"{name}__groups": groups for name, one in made.steps if has_fit_parameter(one, "groups")}
    return made.fit(features, outcome, **told)


def probability_of(pipeline: Pipeline, features: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the probability of being positive, shape (rows,)."""
    return np.asarray(pipeline.predict_proba(features)[:, 1], dtype=np.float64)


def is_constant(pipeline: Pipeline, features: pd.DataFrame) -> bool:
    """Tell whether every row has the same probability: on its training rows, nothing was learned."""
    return bool(np.ptp(probability_of(pipeline, features)) == 0)


def probe_of(pipeline: Pipeline) -> float:
    """Return the probability of a case without any value: all imputed."""
    names = list(pipeline[0].feature_names_in_)
    return float(probability_of(pipeline, pd.DataFrame(np.nan, index=[0], columns=names))[0])


def feature_counts(pipeline: Pipeline) -> dict[str, int]:
    """Return how many features the fitted pipeline was given, and how many each step left."""
    names: Any = pipeline[0].feature_names_in_
    counts = {"input": len(names)}
    for name, one in pipeline.steps[:-1]:
        names = one.get_feature_names_out(names)
        counts[name] = len(names)
    return counts


def kept_features(pipeline: Pipeline) -> list[str]:
    """Return the names of the features that reach the classifier, in its order."""
    return [str(name) for name in pipeline[:-1].get_feature_names_out()]


def pipeline_to_dict(pipeline: Pipeline) -> dict[str, Any]:
    """Return all that the fitted steps before the classifier have learned, as plain JSON values."""
    names = [str(name) for name in pipeline[0].feature_names_in_]
    written: dict[str, Any] = {"features": names, "steps": []}
    for _, one in pipeline.steps[:-1]:
        written["steps"].append(one.to_dict(names))
        names = [str(name) for name in one.get_feature_names_out(names)]
    return {**written, "kept": names}


def pipeline_from_dict(written: Mapping[str, Any], estimator: ClassifierMixin) -> Pipeline:
    """Build the fitted pipeline from what :func:`pipeline_to_dict` returned and its classifier."""
    names: Sequence[str] = written["features"]
    steps: list[tuple[str, Any]] = []
    for part in written["steps"]:
        one = step_from_dict(part, names)
        if not steps:
            one.feature_names_in_ = np.array(names, dtype=object)
        names = [str(name) for name in one.get_feature_names_out(np.array(names, dtype=object))]
        steps.append((part["step"], one))
    if list(names) != list(written["kept"]):
        raise ValueError("the steps do not lead from 'features' to 'kept'")
    return Pipeline([*steps, (CLASSIFIER, estimator)])
