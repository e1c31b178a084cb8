"""From a feature table to a validated model."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from radiomics_screen import __version__
from radiomics_screen.errors import ModelError
from radiomics_screen.modelling.card import Card
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.classifiers.base import ClassifierKind, resolved_options
from radiomics_screen.modelling.classifiers.xgboost import resolve_device
from radiomics_screen.modelling.dataset import Dataset, prepare
from radiomics_screen.modelling.evaluation import Progress, cross_validate
from radiomics_screen.modelling.model import Model
from radiomics_screen.modelling.pipeline import (
    build_pipeline,
    feature_counts,
    fitted,
    is_constant,
    probe_of,
)
from radiomics_screen.modelling.remarks import remarks_of
from radiomics_screen.modelling.splits import Split, column_splits, grouped_splits
from radiomics_screen.table import FeatureTable, as_table, read_table

_PACKAGES = ("xgboost", "scikit-learn", "numpy", "scipy", "pandas")
_SPLITS, _REPEATS = 5, 5  # where neither they nor a column of folds are given


def fit(
    table: FeatureTable | pd.DataFrame | str | Path,
    *,
    target: str,
    positive: str | float | bool | None = None,
    group: str | None = None,
    folds: str | None = None,
    splits: int | None = None,
    repeats: int | None = None,
    seed: int = 0,
    device: str = "auto",
    threshold: float = 0.5,
    correlation: float = 0.95,
    select: str = "none",
    most_features: int = 20,
    classifier: str = "xgboost",
    hyperparameters: Mapping[str, Any] | None = None,
    resamples: int = 2000,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Model:
    """Evaluate a classifier by patient-grouped cross-validation, then fit it on all rows.

    Parameters
    ----------
    table
        A feature table, or the path of one.
    target
        Column with the outcome, which has two values; rows without one are left out.
    positive
        The value that counts as positive; not needed for 0/1 and False/True.
    group
        Column that tells patients apart; no patient is learned from and tested on at once.
        ``"none"`` says that each row is another patient.
    folds
        Column with given folds, each tested on once; instead of `splits` and `repeats`.
    splits
        Number of folds; 5 where it is not given.
    repeats
        How often all rows are divided anew; 5 where it is not given.
    seed
        Of all that is drawn: folds, the classifier's rows and columns, resamples.
    device
        Where trees are trained: ``"cpu"``, ``"cuda"``, or ``"auto"``, a GPU where one is usable.
    threshold
        Probability from which on a case is called positive.
    correlation
        Of two features with an absolute rank correlation above it the later one is dropped;
        1 keeps all.
    select
        How features are chosen by the outcome, inside each fold: ``"none"``, ``"mrmr"`` (relevant and
        not redundant), ``"elasticnet"`` (weights of a penalised logistic regression) or ``"boruta"``
        (better than shuffled copies).
    most_features
        How many features ``"mrmr"`` keeps.
    classifier
        Name of the classifier: ``"xgboost"``, ``"logistic"``, ``"forest"``, ``"svm"`` or ``"stack"``.
    hyperparameters
        Options of the classifier instead of its defaults.
    resamples
        Number of bootstrap resamples behind each interval.
    jobs
        Number of folds worked on at a time; the result does not depend on it.
    progress
        Called after each fold with the number of finished folds and of all.

    Returns
    -------
    Model
        Fitted on all rows, with the evaluation of the same pipeline.

    Raises
    ------
    ModelError
        If the table cannot be learned from as asked; the message says what to change.
    """
    started = time.monotonic()
    _check_counts(splits=splits, repeats=repeats, seed=seed, resamples=resamples, jobs=jobs)
    _check_limits(threshold, correlation)
    if most_features < 1:
        raise ModelError(f"most_features is {most_features}; it must be at least 1")
    kind = CLASSIFIERS[classifier]
    options = resolved_options(kind, hyperparameters or {})
    device = _device_for(kind, classifier, device)
    table = _feature_table(table)
    dataset = prepare(table.frame, table.features, target=target, positive=positive, group=group, folds=folds)
    division = _divide(dataset, folds, splits, repeats, seed)
    pipeline = build_pipeline(
        correlation=correlation,
        select=select,
        most_features=most_features,
        classifier=classifier,
        hyperparameters=options,
        seed=seed,
        device=device,
    )
    final = _fitted_on_all(pipeline, dataset)
    evaluation = cross_validate(
        dataset,
        pipeline,
        division.splits,
        threshold=threshold,
        resamples=resamples,
        seed=seed,
        jobs=1 if device == "cuda" else jobs,  # folds side by side would share one GPU's memory
        progress=progress,
    )
    about: dict[str, Any] = {
        "versions": _versions(),
        "target": dataset.target,
        "positive": dataset.positive,
        "negative": dataset.negative,
        "group": dataset.group,
        "classifier": classifier,
        "hyperparameters": options,
        "seed": seed,
        "device": device,
    }
    scheme = {
        "folds_from": division.origin,
        "repeats": max(split.repeat for split in division.splits),
        "correlation": correlation,
        "select": select,
        "most_features": most_features if select == "mrmr" else None,
        "messages": [*division.remarks, *remarks_of(dataset, evaluation.summary), *_on_origin(table)],
        "seconds": round(time.monotonic() - started, 3),
    }
    card = _card(about, threshold, table, dataset, final)
    return Model(final, card, replace(evaluation, summary={**about, **scheme, **evaluation.summary}))


def _device_for(kind: ClassifierKind, classifier: str, device: str) -> str:
    """Return where a classifier is trained; a GPU only where it can use one."""
    if "cuda" in kind.devices:
        return resolve_device(device)
    if device == "cuda":
        raise ModelError(f"the classifier {classifier} is trained on the CPU only; take device cpu or auto")
    return "cpu"


def _on_origin(table: FeatureTable) -> list[str]:
    """Say now, not when it is wanted, that a model will not be able to read images."""
    if (table.provenance or {}).get("parameters") is not None:
        return []
    return [
        "nothing says how these features were extracted, so the model cannot read images (`predict`): fit on "
        "the table as `extract` wrote it, with its provenance beside it"
    ]


def _check_counts(**given: int | None) -> None:
    """Refuse numbers of something that are no whole numbers, or out of range."""
    least = {"splits": 2, "repeats": 1, "seed": 0, "resamples": 1}
    for name, value in given.items():
        if value is None:
            continue
        if not isinstance(value, int | np.integer):
            raise ModelError(f"{name} is {value!r}; it must be a whole number")
        if name in least and value < least[name]:
            raise ModelError(f"{name} is {value}; it must be at least {least[name]}")
    if given["jobs"] == 0:
        raise ModelError("jobs is 0; it must be at least 1, or -1 for all cores")


def _check_limits(threshold: float, correlation: float) -> None:
    if not 0 < threshold < 1:
        raise ModelError(f"the threshold is {threshold}; it must be between 0 and 1")
    if not 0 < correlation <= 1:
        raise ModelError(f"the correlation limit is {correlation}; it must be above 0 and at most 1")


def _feature_table(table: FeatureTable | pd.DataFrame | str | Path) -> FeatureTable:
    if isinstance(table, FeatureTable):
        return table
    if isinstance(table, pd.DataFrame):
        return as_table(table)
    return read_table(table)


class _Division(NamedTuple):
    """How the rows are divided, in words too, and what is to be said about it."""

    splits: list[Split]
    origin: str
    remarks: list[str]


def _divide(
    dataset: Dataset, folds: str | None, splits: int | None, repeats: int | None, seed: int
) -> _Division:
    if dataset.folds is not None:
        given = {"splits": splits, "repeats": repeats}
        unused = " and ".join(name for name, value in given.items() if value is not None)
        remarks = [f"{unused} not used: the folds are those of column '{folds}'"] if unused else []
        found = column_splits(dataset.outcome, dataset.groups, dataset.folds)
        return _Division(found, f"folds of column '{folds}'", remarks)
    splits = _SPLITS if splits is None else splits
    repeats = _REPEATS if repeats is None else repeats
    found = grouped_splits(dataset.outcome, dataset.groups, splits=splits, repeats=repeats, seed=seed)
    return _Division(found, f"{splits} stratified folds of whole patients", [])


def _fitted_on_all(pipeline: Pipeline, dataset: Dataset) -> Pipeline:
    final = fitted(pipeline, dataset.features, dataset.outcome, dataset.groups)
    if is_constant(final, dataset.features):
        raise ModelError(
            f"nothing can be learned from these {len(dataset.outcome)} rows, of which "
            f"{int(dataset.outcome.sum())} are {dataset.positive}: every one gets the same probability. "
            "Collect more cases, or take hyperparameters that hold less back (of xgboost, a smaller "
            "min_child_weight)"
        )
    return final


def _card(
    about: dict[str, Any], threshold: float, table: FeatureTable, dataset: Dataset, final: Pipeline
) -> Card:
    provenance = table.provenance or {}
    return Card(
        **about,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        threshold=threshold,
        settings=provenance.get("parameters"),
        setting_files=provenance.get("files") or {},
        training={
            **dataset.cohort,
            "features_left": feature_counts(final),
            "fingerprint": dataset.fingerprint,
        },
        probe=probe_of(final),
    )


def _versions() -> dict[str, str]:
    packages = {name: version(name) for name in _PACKAGES}
    return {"radiomics_screen": __version__, "python": python_version(), **packages}
