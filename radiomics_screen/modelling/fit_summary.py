"""What is told of a fit beside its figures, as plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from platform import python_version
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from radiomics_screen import __version__
from radiomics_screen.modelling.assessment.evaluation import Evaluation
from radiomics_screen.modelling.assessment.final_threshold import told_threshold
from radiomics_screen.modelling.assessment.findings import FinalThreshold
from radiomics_screen.modelling.assessment.remarks import remarks_of
from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.options.groups import Preparation
from radiomics_screen.modelling.steps.combat import ComBat
from radiomics_screen.modelling.steps.reduce import EmbeddingReducer
from radiomics_screen.modelling.steps.reproducible import ReproducibleFilter
from radiomics_screen.modelling.training.fold_design import Division
from radiomics_screen.modelling.training.learning import Learned
from radiomics_screen.modelling.training.pipeline import steps_of
from radiomics_screen.modelling.training.plan import Plan
from radiomics_screen.table.feature_table import FeatureTable

_PACKAGES = ("xgboost", "scikit-learn", "numpy", "scipy", "pandas")


def about_fit(dataset: Dataset, plan: Plan, final: Learned) -> dict[str, Any]:
    """Return what model and evaluation say of themselves, as plain JSON values."""
    return {
        "versions": _versions(),
        "target": dataset.target,
        "positive": dataset.positive,
        "negative": dataset.negative,
        "group": dataset.group,
        "classifier": final.classifier,
        "hyperparameters": final.hyperparameters,
        "seed": plan.seed,
        "device": plan.device,
        "threshold": final.threshold,
        "clinical": list(dataset.columns.clinical),
        "batch": dataset.columns.batch,
        "recalibration": None if final.recalibration is None else final.recalibration.to_dict(),
    }


def scheme(
    plan: Plan,
    division: Division,
    minutes: float | None,
    final: Learned,
    dataset: Dataset,
    evaluation: Evaluation,
) -> dict[str, Any]:
    """Return how it was learned, as plain JSON values."""
    preparation = plan.preparation
    return {
        "folds_from": division.design.text,
        "fold_design": division.design.to_json(),
        "repeats": division.design.repeats,
        "correlation": preparation.correlation,
        "common_value": preparation.common_value,
        "select": preparation.select,
        "most_features": preparation.most_features if preparation.select == "mrmr" else None,
        "embedding": _embedding(final),
        "threshold_rule": plan.rule.text,
        "recalibration": plan.recalibrate,
        "tuning": _tuning(plan, minutes, final, evaluation.summary["folds"]),
        "robustness": _robustness(final, dataset, preparation.least_icc),
        "harmonised": _harmonised(final),
    }


def messages(
    plan: Plan,
    division: Division,
    dataset: Dataset,
    table: FeatureTable,
    final: Learned,
    evaluation: Evaluation,
) -> list[str]:
    """Return what a reader of the figures should know, one sentence each."""
    known = {"threshold": final.threshold, "auc": evaluation.figure("auc")}
    return [
        *division.remarks,
        *_on_selection(plan.preparation),
        *remarks_of(dataset, {**evaluation.summary, **known}),
        *evaluation.summary["notes"],
        *(f"{note} (in the final fit)" for note in final.notes),
        *(_on_origin(table) if dataset.columns.features else []),
    ]


def on_threshold(found: Mapping[str, Any] | None) -> list[str]:
    """Say what the threshold that ships does on the rows that the figures come from."""
    return [] if found is None else [told_threshold(TypeAdapter(FinalThreshold).validate_python(found))]


def _on_selection(preparation: Preparation) -> list[str]:
    """Say that a number of features was given which nothing takes."""
    if preparation.select == "mrmr" or preparation.most_features == Preparation().most_features:
        return []
    return ["most_features not used: mrmr alone keeps a given number of features"]


def _tuning(
    plan: Plan, minutes: float | None, final: Learned, folds: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """Return what inner folds chose, as plain JSON values; None where there was nothing to choose."""
    if not plan.chooses:
        return None
    return {
        "candidates": list(plan.candidates),
        "trials": plan.trials,
        "minutes": minutes,
        "inner_folds": plan.inner_folds,
        "chosen": [{"repeat": f["repeat"], "fold": f["fold"], **f["choice"]} for f in folds],
        "final": final.choice,
    }


def _embedding(final: Learned) -> dict[str, Any] | None:
    """Return how an embedding became few columns; None where there is none, or all of it stayed."""
    for step in steps_of(final.pipeline):
        if isinstance(step, EmbeddingReducer):
            parts = step.projections_
            return {
                "method": step.method,
                "components": sum(len(one.weights) for one in parts),
                "of": sum(len(one.columns) for one in parts),
            }
    return None


def _harmonised(final: Learned) -> dict[str, Any] | None:
    """Return whose differences were taken out of the features; None where nobody's were."""
    for step in steps_of(final.pipeline):
        if isinstance(step, ComBat):
            return {"batch": step.batch_column, "batches": step.batches_}
    return None


def _robustness(final: Learned, dataset: Dataset, least: float | None) -> dict[str, Any] | None:
    """Return how many features agree with themselves on perturbed images; None where it was not asked."""
    if dataset.measured is None:
        return None
    step = next((one for one in steps_of(final.pipeline) if isinstance(one, ReproducibleFilter)), None)
    if step is None:  # what was taken looks at no features
        return None
    kept = set(map(str, step.get_feature_names_out()))
    features = dataset.columns.features
    again = ~np.isnan(dataset.measured).all(axis=(1, 2))
    return {
        "least": least,
        "cases": int(again.sum()),
        "measurements": int(dataset.measured.shape[1]),
        "kept": sum(name in kept for name in features),
        "of": len(features),
    }


def _on_origin(table: FeatureTable) -> list[str]:
    """Say now, not when it is wanted, that a model will not be able to read images."""
    if (table.provenance or {}).get("parameters") is not None:
        return []
    return [
        "nothing says how these features were extracted, so the model cannot read images (`predict`): fit on "
        "the table as `extract` wrote it, with its provenance beside it"
    ]


def _versions() -> dict[str, str]:
    packages = {name: version(name) for name in _PACKAGES}
    return {"radiomics_screen": __version__, "python": python_version(), **packages}
