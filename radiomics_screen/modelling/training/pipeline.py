"""The one pipeline: everything that is learned, in one scikit-learn object that folds can clone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import ClassifierMixin, clone
from sklearn.pipeline import Pipeline

from radiomics_screen.core.column_names import is_feature
from radiomics_screen.core.errors import ModelError, did_you_mean
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.classifiers.base import fit_rows
from radiomics_screen.modelling.classifiers.shared.watch import Watch
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.data.crop_column import as_column, crop_shape_of, placeholder_crop
from radiomics_screen.modelling.data.dataset import Columns, Dataset
from radiomics_screen.modelling.steps import STEPS, PlainStep
from radiomics_screen.modelling.steps.base import ArrayTransform
from radiomics_screen.modelling.steps.chain import (
    array_chain,
    chain_from_dict,
    chain_to_dict,
    fitted_chain,
    names_after,
)
from radiomics_screen.modelling.steps.combat import ComBat
from radiomics_screen.modelling.steps.constant import ConstantFilter
from radiomics_screen.modelling.steps.correlation import CorrelationFilter
from radiomics_screen.modelling.steps.crop_passthrough import CropPassthrough
from radiomics_screen.modelling.steps.duplicate import DuplicateFilter
from radiomics_screen.modelling.steps.encode import ClinicalEncoder
from radiomics_screen.modelling.steps.impute import MedianImputer
from radiomics_screen.modelling.steps.mrmr import MRMR
from radiomics_screen.modelling.steps.reduce import (
    COMPONENTS,
    EmbeddingReducer,
    check_reduction,
    is_embedding,
)
from radiomics_screen.modelling.steps.variance import VarianceFilter

CLASSIFIER = "classifier"
_A_FEW = 64  # rows, whose probabilities differ where those of all do, but for odd ones


#: Ways to choose among the features that are left, by the name of their step; "none" takes all of them.
SELECTIONS = ("none", "mrmr", "elasticnet", "boruta")
#: Ways to make few columns of an embedding; "none" leaves all of them.
REDUCTIONS = (*COMPONENTS, "none")


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
    embedding
        How the columns of an embedding become few, one of :data:`REDUCTIONS`.
    components
        How many they become, or the part of their variance; None: the default of that way.
    """

    reproducible: float | None = None
    common_value: float = 1.0
    correlation: float = 0.95
    select: str = "none"
    most_features: int = 20
    embedding: str = "pca"
    components: float | None = None

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
        if self.embedding not in REDUCTIONS:
            raise ModelError(
                f"unknown reduction '{self.embedding}'{did_you_mean(self.embedding, REDUCTIONS)}"
            )
        if self.embedding != "none":
            check_reduction(self.embedding, self.components)

    def reduces(self, columns: Columns) -> bool:
        """Tell whether there is an embedding among the columns, and it becomes few."""
        return self.embedding != "none" and any(map(is_embedding, columns.features))

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
            if self.reduces(columns):
                steps.append(EmbeddingReducer(self.embedding, self.components))
        steps.append(MedianImputer())
        steps.append(ConstantFilter() if self.common_value == 1 else VarianceFilter(limit=self.common_value))
        steps += [DuplicateFilter(), CorrelationFilter(limit=self.correlation)]
        if self.select == "mrmr":
            steps.append(MRMR(k=self.most_features))
        elif self.select != "none":
            steps.append(STEPS[self.select](seed=seed))
        named = [(one.step_name, one) for one in steps]
        if columns is not None and columns.crop:  # pictures pass by what is done to numbers
            apart = CropPassthrough(named if len(columns.names) > 1 else None)
            return [(apart.step_name, apart)]
        return named


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


def fitted(pipeline: Pipeline, rows: Dataset, watch: Watch | None = None) -> Pipeline:
    """Return a clone fitted on `rows`, with or without a classifier at its end.

    Steps and classifiers that divide the rows anew keep patients whole; the step that looks at repeated
    measurements gets them, and a classifier that tells columns apart the names of those that reach it.
    """
    made = clone(pipeline)
    ends = made.steps[-1:] if made.steps[-1][0] == CLASSIFIER else []
    steps = made.steps[: len(made.steps) - len(ends)]
    told = {"groups": rows.groups, "measured": rows.measured_columns()}
    chain, values = fitted_chain(steps, rows.inputs, rows.outcome, told)
    for _, estimator in ends:
        fit_rows(estimator, values, rows.outcome, rows.groups, names_after(chain), watch)
    return Pipeline([*chain.steps, *ends])


def steps_of(pipeline: Pipeline) -> list[Any]:
    """Return all steps and the classifier; where crops are kept apart, also those that numbers go through."""
    found: list[Any] = []
    for _, one in pipeline.steps:
        inner = one.chain_ if isinstance(one, CropPassthrough) else None
        found += [one] if inner is None else [one for _, one in inner.steps]
    return found


def input_names(pipeline: Pipeline) -> list[str]:
    """Return the names of the columns that a fitted pipeline learned from, in their order."""
    return [str(name) for name in pipeline[0].feature_names_in_]


def probability_of(pipeline: Pipeline, inputs: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the probability of being positive, shape (rows,); other columns than its own are left aside."""
    return np.asarray(pipeline.predict_proba(inputs[input_names(pipeline)])[:, 1], dtype=np.float64)


def reaching(pipeline: Pipeline, inputs: pd.DataFrame) -> npt.NDArray[Any]:
    """Return what reaches the classifier, shape (rows, kept columns): numbers, or objects with crops."""
    with collect_remarks():
        return np.asarray(pipeline[:-1].transform(inputs[input_names(pipeline)]))


def values_reaching(pipeline: Pipeline, inputs: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the numbers that reach the classifier, shape (rows, kept columns but crops)."""
    numbers = [place for place, name in enumerate(kept_features(pipeline)) if name != CROP]
    return np.asarray(reaching(pipeline, inputs)[:, numbers], dtype=np.float64)


@dataclass(frozen=True)
class Preprocessing:
    """The steps before the classifier, ready for many calls.

    Attributes
    ----------
    steps
        Fitted, without the classifier.
    inputs
        Names of the columns that come in.
    kept
        Names of those that reach the classifier.
    on_arrays
        What the steps do, on arrays; None where one of them needs a table.
    number_places
        Places of the columns of `kept` that are numbers: all but the crop.
    """

    steps: Pipeline
    inputs: tuple[str, ...]
    kept: tuple[str, ...]
    on_arrays: ArrayTransform | None
    number_places: list[int]

    @classmethod
    def of(cls, pipeline: Pipeline) -> Preprocessing:
        """Return that of a fitted pipeline."""
        names, kept = input_names(pipeline), kept_features(pipeline)
        numbers = [place for place, name in enumerate(kept) if name != CROP]
        steps = pipeline[:-1]
        return cls(steps, tuple(names), tuple(kept), array_chain(steps.steps, names), numbers)

    def apply(
        self,
        numbers: npt.NDArray[np.float64],
        texts: Mapping[str, npt.NDArray[np.object_]],
        frame: Callable[[], pd.DataFrame],
    ) -> Any:
        """Return what reaches the classifier, shape (rows, kept columns): an array, or a table with crops.

        Parameters
        ----------
        numbers, texts
            What comes in, as :data:`~radiomics_screen.modelling.steps.base.ArrayTransform` takes it.
        frame
            Makes the same rows as a table with the columns in `inputs`, if the steps need one.
        """
        return self.steps.transform(frame()) if self.on_arrays is None else self.on_arrays(numbers, texts)

    def numbers(self, reached: Any) -> npt.NDArray[np.float64]:
        """Return the numbers among what :meth:`apply` returned, shape (rows, kept columns but crops)."""
        return np.asarray(np.asarray(reached)[:, self.number_places], dtype=np.float64)


def is_constant(pipeline: Pipeline, inputs: pd.DataFrame) -> bool:
    """Tell whether every row has the same probability: on its training rows, nothing was learned."""
    some = inputs.iloc[:_A_FEW], inputs  # mostly a few rows differ already, which is soon seen
    return all(np.ptp(probability_of(pipeline, rows)) == 0 for rows in some)


def probe_of(pipeline: Pipeline) -> float:
    """Return the probability of a case without any value, all imputed, whose crop is that of nobody."""
    probe: dict[str, Any] = dict.fromkeys(input_names(pipeline), np.nan)
    frame = pd.DataFrame(probe, index=[0])
    if CROP in probe:
        frame[CROP] = as_column([placeholder_crop(crop_shape_of(pipeline[-1]))])
    with collect_remarks():  # that its batch is not known goes without saying
        return float(probability_of(pipeline, frame)[0])


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
    return names_after(pipeline[:-1])


def pipeline_to_dict(pipeline: Pipeline) -> dict[str, Any]:
    """Return all that the fitted steps before the classifier have learned, as plain JSON values."""
    return chain_to_dict(pipeline.steps[:-1], input_names(pipeline))


def pipeline_from_dict(written: Mapping[str, Any], estimator: ClassifierMixin) -> Pipeline:
    """Build the fitted pipeline from what :func:`pipeline_to_dict` returned and its classifier."""
    return Pipeline([*chain_from_dict(written), (CLASSIFIER, estimator)])
