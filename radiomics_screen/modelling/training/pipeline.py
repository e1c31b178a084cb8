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

from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.classifiers.base import fit_rows
from radiomics_screen.modelling.classifiers.shared.watch import Watch
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.data.crop_column import as_column, crop_shape_of, placeholder_crop
from radiomics_screen.modelling.data.dataset import Columns, Dataset
from radiomics_screen.modelling.options.groups import Preparation
from radiomics_screen.modelling.steps.base import ArrayTransform
from radiomics_screen.modelling.steps.chain import (
    array_chain,
    chain_from_dict,
    chain_to_dict,
    fitted_chain,
    names_after,
)
from radiomics_screen.modelling.steps.crop_passthrough import CropPassthrough
from radiomics_screen.modelling.training.preparation_steps import preparation_steps

CLASSIFIER = "classifier"
_A_FEW = 64  # rows, whose probabilities differ where those of all do, but for odd ones


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
    steps = preparation_steps(preparation or Preparation(), columns, seed=seed)
    return Pipeline([*steps, (CLASSIFIER, estimator)])


def fitted(pipeline: Pipeline, rows: Dataset, watch: Watch | None = None) -> Pipeline:
    """Return a clone fitted on `rows`, with or without a classifier at its end.

    Steps and classifiers that divide the rows again keep patients whole; the step that looks at repeated
    measurements gets them, and a classifier that tells columns apart names and blocks of those that reach it.
    """
    made = clone(pipeline)
    ends = made.steps[-1:] if made.steps[-1][0] == CLASSIFIER else []
    steps = made.steps[: len(made.steps) - len(ends)]
    fit_params = {"groups": rows.groups, "measured": rows.measured_columns()}
    chain, values = fitted_chain(steps, rows.inputs, rows.outcome, fit_params)
    for _, estimator in ends:
        names = names_after(chain)
        fit_rows(estimator, values, rows.outcome, rows.groups, names, watch, rows.columns.blocks_of(names))
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
