"""All controls of a fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.controls.altered_lesions import altered_controls
from radiomics_screen.modelling.controls.base import Control, ImageControlInputs
from radiomics_screen.modelling.controls.batch import batch_alone
from radiomics_screen.modelling.controls.burned_in_marks import drawn_marks, marks_on_crops
from radiomics_screen.modelling.controls.crop_surroundings import crops_of_setup, not_run, surroundings_hidden
from radiomics_screen.modelling.controls.one_feature import one_feature
from radiomics_screen.modelling.controls.regrouped import split_patients
from radiomics_screen.modelling.controls.setup import Setup
from radiomics_screen.modelling.controls.similar_rows import alike_rows
from radiomics_screen.modelling.controls.size import size_alone
from radiomics_screen.modelling.data.dataset import Columns, Dataset
from radiomics_screen.modelling.data.splits import Split
from radiomics_screen.modelling.training.plan import Plan, ThresholdRule

#: Which of several candidates stands for all of them in the controls: the quickest that is there.
_QUICK = ("logistic", "svm", "xgboost", "forest", "stack")


def run_controls(
    dataset: Dataset,
    frame: pd.DataFrame,
    plan: Plan,
    splits: Sequence[Split],
    probability: FloatArray,
    *,
    evidence: ImageControlInputs | None = None,
    jobs: int = 1,
) -> list[Control]:
    """Return what each control found; those to look at first.

    They use the radiomic features without clinical columns, the folds of one repeat, and one classifier
    with given settings, for the features and for what stands against them alike.

    Parameters
    ----------
    dataset
        What was learned from.
    frame
        The same rows of the table, with all columns.
    plan
        How it was learned.
    splits
        Of the first repeat.
    probability
        Out-of-fold probabilities there, shape (rows,).
    evidence
        What was found in the images.
    jobs
        Number of folds worked on at a time.
    """
    setup = _setup(dataset, frame, plan, splits, probability, jobs)
    found = _of_numbers(setup, dataset, evidence) if setup.dataset.columns.features else _of_anything(setup)
    if dataset.columns.crop:
        found += _of_pictures(setup, dataset, evidence)
    order = {"look": 0, "unsure": 1, "passed": 2, "not run": 3}
    return sorted(found, key=lambda one: order[one.verdict])


def _of_anything(setup: Setup) -> list[Control]:
    split_across_folds = split_patients(setup)
    return [*([] if split_across_folds is None else [split_across_folds]), batch_alone(setup)]


def _of_numbers(setup: Setup, dataset: Dataset, evidence: ImageControlInputs | None) -> list[Control]:
    return [
        *_of_anything(setup),
        one_feature(replace(setup, dataset=dataset)),
        alike_rows(setup),
        size_alone(setup),
        drawn_marks(setup, evidence),
        *altered_controls(setup, evidence),
    ]


def _of_pictures(setup: Setup, dataset: Dataset, evidence: ImageControlInputs | None) -> list[Control]:
    """Return the controls of what a network sees, which is trained again for them."""
    try:
        crops = crops_of_setup(setup, dataset)
    except ModelError as error:
        return [not_run(f"Nothing could be learned: {error}.")]
    others = evidence.controls if evidence is not None and not setup.dataset.columns.features else ()
    return [surroundings_hidden(crops), marks_on_crops(crops, evidence), *others]


def _setup(
    dataset: Dataset,
    frame: pd.DataFrame,
    plan: Plan,
    splits: Sequence[Split],
    probability: FloatArray,
    jobs: int,
) -> Setup:
    """Return what the controls are given, with the features learned from under a plan that is quick."""
    columns, simple = dataset.columns, _simple(plan)
    lesion = dataset.only(Columns(columns.features, (), columns.batch if columns.features else None))
    if not columns.features:  # a network that looks at crops alone
        lesion = dataset.only(Columns((), crop=True))
    setup = Setup(lesion, frame, simple, splits, probability[np.newaxis], jobs)
    if simple == plan and not columns.clinical:
        return setup
    clinical = " without clinical columns" if columns.clinical else ""
    quick = f" by {simple.candidates[0]}, with nothing searched or corrected" if simple != plan else ""
    try:
        reference = setup.probabilities(lesion)
    except ModelError as error:  # who learns nothing gives every row the same probability
        reference = np.full((1, len(lesion.outcome)), lesion.outcome.mean())
        quick += f" (they cannot be learned from: {error})"
    return replace(setup, reference=reference, how=f"{clinical}{quick}")


def _simple(plan: Plan) -> Plan:
    """Return the plan without anything that is searched, recalibrated or put on inner folds."""
    one = plan.candidates[0] if len(plan.candidates) == 1 else min(plan.candidates, key=_place)
    return replace(plan, candidates=(one,), trials=0, seconds=None, recalibrate="none", rule=ThresholdRule())


def _place(name: str) -> int:
    return _QUICK.index(name) if name in _QUICK else len(_QUICK)
