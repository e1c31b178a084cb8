"""The one pipeline: everything that is learned, in one scikit-learn object that folds can clone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import ClassifierMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from radiomics_screen.errors import ModelError, did_you_mean
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.dataset import Columns, Dataset
from radiomics_screen.modelling.steps import STEPS, PlainStep, step_from_dict
from radiomics_screen.modelling.steps.combat import ComBat
from radiomics_screen.modelling.steps.constant import ConstantFilter
from radiomics_screen.modelling.steps.correlation import CorrelationFilter
from radiomics_screen.modelling.steps.duplicate import DuplicateFilter
from radiomics_screen.modelling.steps.encode import ClinicalEncoder
from radiomics_screen.modelling.steps.frames import FrameStep
from radiomics_screen.modelling.steps.impute import MedianImputer
from radiomics_screen.modelling.steps.mrmr import MRMR
from radiomics_screen.modelling.steps.variance import VarianceFilter
from radiomics_screen.naming import is_feature
from radiomics_screen.notes import collected_notes

CLASSIFIER = "classifier"


#: Ways to choose among the features that are left, by the name of their step; "none" takes all of them.
SELECTIONS = ("none", "mrmr", "elasticnet", "boruta")


@dataclass(frozen=True)
class Preparation:
    """What happens to the columns before the classifier.

    Attributes
    ----------
    reproducible
        Least lower bound of the ICC of a feature that is kept; None: all are.
    common_value
        Part of the rows above which one value makes a column useless; 1: only where all have it.
    correlation
        Limit of the correlation filter; 1 keeps all.
    select
        Step that chooses features by the outcome, one of :data:`SELECTIONS`.
    most_features
        How many features ``"mrmr"`` keeps; the others decide by themselves.
    """

    reproducible: float | None = None
    common_value: float = 1.0
    correlation: float = 0.95
    select: str = "none"
    most_features: int = 20

    def __post_init__(self) -> None:
        if self.select not in SELECTIONS:
            raise ModelError(f"unknown selection '{self.select}'{did_you_mean(self.select, SELECTIONS)}")
        if not 0 < self.correlation <= 1:
            raise ModelError(f"the correlation limit is {self.correlation}; it must be above 0 and at most 1")
        if not 0 < self.common_value <= 1:
            raise ModelError(f"common_value is {self.common_value}; it must be above 0 and at most 1")
        if self.most_features < 1:
            raise ModelError(f"most_features is {self.most_features}; it must be at least 1")
        if self.reproducible is not None and not 0 < self.reproducible < 1:
            raise ModelError(f"reproducible is {self.reproducible}; it must be between 0 and 1")

    def steps(self, columns: Columns | None = None, *, seed: int = 0) -> list[tuple[str, PlainStep]]:
        """Return the unfitted steps, in their order.

        Parameters
        ----------
        columns
            What the columns are; None: all are features.
        seed
            Of whatever is drawn.
        """
        steps: list[PlainStep] = []
        if self.reproducible is not None and (columns is None or columns.features):
            steps.append(STEPS["reproducible"](least=self.reproducible))
        if columns is not None:
            steps += _of_other_columns(columns)
        steps.append(MedianImputer())
        steps.append(ConstantFilter() if self.common_value == 1 else VarianceFilter(limit=self.common_value))
        steps += [DuplicateFilter(), CorrelationFilter(limit=self.correlation)]
        if self.select == "mrmr":
            steps.append(MRMR(k=self.most_features))
        elif self.select != "none":
            steps.append(STEPS[self.select](seed=seed))
        return [(one.step_name, one) for one in steps]


def _of_other_columns(columns: Columns) -> list[PlainStep]:
    """Return the steps that take out what the scanner does, and turn clinical columns into numbers."""
    steps: list[PlainStep] = []
    if columns.batch is not None:
        named = all(map(is_feature, columns.features))
        # Without covariates: of a skewed feature the effect of a preserved covariate can be most of what is
        # left, and a clinical variable would speak in the feature's name.
        steps.append(ComBat(columns.batch, prefixes=None if named else list(columns.features)))
    if columns.clinical:
        steps.append(ClinicalEncoder(list(columns.clinical)))
    return steps


def build_pipeline(
    preparation: Preparation | None = None,
    columns: Columns | None = None,
    *,
    classifier: str = "xgboost",
    hyperparameters: Mapping[str, Any] | None = None,
    seed: int = 0,
    device: str = "cpu",
) -> Pipeline:
    """Return the unfitted pipeline: prepare the columns, classify.

    Parameters
    ----------
    preparation
        What happens before the classifier.
    columns
        What the columns are; None: all are features.
    classifier
        Name of a classifier.
    hyperparameters
        Its options; those not given have the defaults of its signature.
    seed
        Of whatever is drawn.
    device
        ``"cpu"`` or ``"cuda"``.
    """
    estimator = CLASSIFIERS[classifier].build(seed=seed, device=device, **(hyperparameters or {}))
    steps = (preparation or Preparation()).steps(columns, seed=seed)
    return Pipeline([*steps, (CLASSIFIER, estimator)])


def fitted(pipeline: Pipeline, rows: Dataset) -> Pipeline:
    """Return a clone fitted on `rows`.

    Steps that divide the rows anew keep patients whole; the one that looks at repeated measurements
    gets them.
    """
    told = {"groups": rows.groups, "measured": rows.measured_columns()}
    made = clone(pipeline)
    handed = {
        f"{name}__{what}": value
        for name, one in made.steps
        for what, value in told.items()
        if value is not None and has_fit_parameter(one, what)
    }
    return made.fit(rows.inputs, rows.outcome, **handed)


def probability_of(pipeline: Pipeline, features: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the probability of being positive, shape (rows,)."""
    return np.asarray(pipeline.predict_proba(features)[:, 1], dtype=np.float64)


def values_reaching(pipeline: Pipeline, inputs: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return what reaches the classifier, shape (rows, kept columns)."""
    with collected_notes():
        return np.asarray(pipeline[:-1].transform(inputs), dtype=np.float64)


def is_constant(pipeline: Pipeline, features: pd.DataFrame) -> bool:
    """Tell whether every row has the same probability: on its training rows, nothing was learned."""
    return bool(np.ptp(probability_of(pipeline, features)) == 0)


def probe_of(pipeline: Pipeline) -> float:
    """Return the probability of a case without any value: all imputed."""
    names = list(pipeline[0].feature_names_in_)
    with collected_notes():  # that its batch is not known goes without saying
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
        if not steps or isinstance(steps[-1][1], FrameStep):  # what gets a DataFrame knows its columns
            one.feature_names_in_ = np.array(names, dtype=object)
        names = [str(name) for name in one.get_feature_names_out(np.array(names, dtype=object))]
        steps.append((part["step"], one))
    if list(names) != list(written["kept"]):
        raise ValueError("the steps do not lead from 'features' to 'kept'")
    return Pipeline([*steps, (CLASSIFIER, estimator)])
