"""From a feature table to a validated model."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

import pandas as pd
from sklearn.base import clone

from radiomics_screen import __version__
from radiomics_screen.errors import ModelError
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.classifiers.base import resolved_options
from radiomics_screen.modelling.classifiers.xgboost import resolve_device
from radiomics_screen.modelling.dataset import NO_GROUP, Dataset, prepare
from radiomics_screen.modelling.evaluation import Progress, cross_validate
from radiomics_screen.modelling.model import Card, Model, probe_of
from radiomics_screen.modelling.pipeline import build_pipeline, feature_counts
from radiomics_screen.modelling.splits import Split, column_splits, grouped_splits
from radiomics_screen.table import FeatureTable, is_feature, read_table

_PACKAGES = ("xgboost", "scikit-learn", "numpy", "scipy", "pandas")


def fit(
    table: FeatureTable | pd.DataFrame | str | Path,
    *,
    target: str,
    positive: str | float | bool | None = None,
    group: str | None = None,
    folds: str | None = None,
    splits: int = 5,
    repeats: int = 5,
    seed: int = 0,
    device: str = "auto",
    threshold: float = 0.5,
    correlation: float = 0.95,
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
        Number of folds.
    repeats
        How often all rows are divided anew.
    seed
        Of all that is drawn: folds, the classifier's rows and columns, resamples.
    device
        Where trees are trained: ``"cpu"``, ``"cuda"``, or ``"auto"``, a GPU where one is usable.
    threshold
        Probability from which on a case is called positive.
    correlation
        Of two features with an absolute rank correlation above it the later one is dropped;
        1 keeps all.
    classifier
        Name of the classifier.
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
    _check_options(splits, repeats, threshold, correlation, resamples, jobs)
    kind = CLASSIFIERS[classifier]
    options = resolved_options(kind, hyperparameters or {})
    device = resolve_device(device)
    table = _feature_table(table)
    dataset = prepare(table.frame, table.features, target=target, positive=positive, group=group, folds=folds)
    divided = _divide(dataset, splits, repeats, seed)
    pipeline = build_pipeline(
        correlation=correlation, classifier=classifier, hyperparameters=options, seed=seed, device=device
    )
    evaluation = cross_validate(
        dataset,
        pipeline,
        divided,
        threshold=threshold,
        resamples=resamples,
        seed=seed,
        jobs=1 if device == "cuda" else jobs,  # folds side by side would share one GPU's memory
        progress=progress,
    )
    final = clone(pipeline).fit(dataset.features, dataset.outcome)
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
    card = Card(
        **about,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        threshold=threshold,
        settings=(table.provenance or {}).get("parameters"),
        training={
            **dataset.cohort,
            "features_left": feature_counts(final),
            "fingerprint": dataset.fingerprint,
        },
        probe=probe_of(final),
    )
    scheme = {
        "folds_from": f"folds of column '{folds}'" if folds else f"{splits} stratified folds of whole patients",
        "repeats": max(split.repeat for split in divided),
        "correlation": correlation,
        "messages": _messages(dataset),
        "seconds": round(time.monotonic() - started, 3),
    }
    return Model(final, card, replace(evaluation, summary={**about, **scheme, **evaluation.summary}))


def _check_options(
    splits: int, repeats: int, threshold: float, correlation: float, resamples: int, jobs: int
) -> None:
    for name, value, least in (("splits", splits, 2), ("repeats", repeats, 1), ("resamples", resamples, 1)):
        if value < least:
            raise ModelError(f"{name} is {value}; it must be at least {least}")
    if not 0 < threshold < 1:
        raise ModelError(f"the threshold is {threshold}; it must be between 0 and 1")
    if not 0 < correlation <= 1:
        raise ModelError(f"the correlation limit is {correlation}; it must be above 0 and at most 1")
    if jobs == 0:
        raise ModelError("jobs is 0; it must be at least 1, or -1 for all cores")


def _feature_table(table: FeatureTable | pd.DataFrame | str | Path) -> FeatureTable:
    if isinstance(table, FeatureTable):
        return table
    if isinstance(table, pd.DataFrame):
        return FeatureTable(table, [name for name in table.columns if is_feature(str(name))])
    return read_table(table)


def _divide(dataset: Dataset, splits: int, repeats: int, seed: int) -> list[Split]:
    if dataset.folds is not None:
        return column_splits(dataset.outcome, dataset.groups, dataset.folds)
    return grouped_splits(dataset.outcome, dataset.groups, splits=splits, repeats=repeats, seed=seed)


def _versions() -> dict[str, str]:
    packages = {name: version(name) for name in _PACKAGES}
    return {"radiomics_screen": __version__, "python": python_version(), **packages}


def _messages(dataset: Dataset) -> list[str]:
    """Return what a reader of the figures should know, one sentence each."""
    cohort = dataset.cohort
    messages = [f"{part['rows']} rows left out: {part['reason']}" for part in dataset.left_out]
    if dataset.group is None:
        messages.append(f"group is '{NO_GROUP}': each row was taken for another patient")
    if cohort["missing_values"]:
        messages.append(
            f"{cohort['missing_values']} values of {cohort['features_with_missing_values']} features are "
            "missing and were imputed"
        )
    if cohort["patients_with_both"]:
        messages.append(f"{cohort['patients_with_both']} patients have rows of both classes")
    return messages
