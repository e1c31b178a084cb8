"""Cases and a model become readings: how probable, which class, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_screen.cohort.cases import Case, Cohort
from radiomics_screen.core.column_names import is_feature
from radiomics_screen.core.columns import IDENTITY
from radiomics_screen.core.errors import CohortError, ModelError, did_you_mean
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.extraction.run import ProgressCallback, as_cohort, extract_cohort
from radiomics_screen.extraction.running.finished_row import BETWEEN
from radiomics_screen.modelling.assessment.uncertainty import ERROR_RATE
from radiomics_screen.modelling.bundle.model import Model
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.data.values import listed
from radiomics_screen.prediction.crop_inputs import with_crops
from radiomics_screen.settings.settings import Settings, load_settings

#: How many of the features that moved a reading most are told with it.
REASONS = 10
#: A case that lacks a greater part of the model's features is not of the kind that the model knows.
MOST_MISSING = 0.2
_COLUMNS_OF_REASON = ("feature", "value", "contribution")
_NAMED = 5


def read_cases(
    model: Model,
    cases: str | Path | Cohort | Iterable[Case],
    *,
    error_rate: float = ERROR_RATE,
    jobs: int | None = None,
    progress: ProgressCallback | None = None,
) -> pd.DataFrame:
    """Extract with the model's own parameters, and tell what the model makes of each case.

    Parameters
    ----------
    model
        What :func:`~radiomics_screen.modelling.bundle.loading.load_model` or ``fit`` returned.
    error_rate
        How often the set of outcomes that are not ruled out may miss the true one.
    cases, jobs, progress
        As in :func:`~radiomics_screen.extraction.run.extract_cohort`.

    Returns
    -------
    One row a case: identifiers and carried columns; ``status``, ``error``, ``warnings``;
    ``prediction`` (a value of the model's target), ``probability`` (of the positive value),
    ``threshold``; ``not_ruled_out``: the value or both values of the target that cannot be ruled out at
    `error_rate` (both, with " or " between them: the model is not sure; "neither": it is like none);
    ``unusual``: percent of the training rows that are less unlike the others than this case (a warning
    says so from 99 on, or where it is farther off than all of fewer than 99 rows); and for n from 1 to 10
    ``feature_n``, ``value_n`` (empty where it was not measured but taken as typical) and
    ``contribution_n``, what the feature added to the log-odds, strongest first. A case that cannot be read
    has ``status`` "failed", its cause in ``error``, and no prediction.

    Raises
    ------
    ModelError
        The model does not say how its features were extracted.
    CohortError
        The cases cannot be read, or carry a column that readings have of their own.
    """
    if model.settings is None and model.radiomics:
        raise ModelError(
            "the model does not say how its features were extracted (its table came without provenance): "
            "extract the table with this package, fit again, or predict from a table in Python"
        )
    cohort = as_cohort(cases)
    _refuse_table(model, cohort)
    _require_free_names(model, cohort)
    _require_columns(model, cohort)
    frame = extract_cohort(cohort, settings_for(model), jobs=jobs, progress=progress)
    missing = [name for name in model.radiomics if name not in frame]
    frame, hindrances = with_crops(model, frame.reindex(columns=[*frame.columns, *missing]), jobs=jobs)
    inputs = frame[["case_id", *model.features]]
    readings = frame[[*IDENTITY, *cohort.carried_columns, "status", "error", "warnings"]]
    readings = _with_unreadable(readings, inputs[model.features], model, hindrances)
    readable = (readings["status"] == "ok").to_numpy()
    probability = np.full(len(readings), np.nan)
    with collect_remarks():  # the rows' own remarks say which of them is meant
        probability[readable] = model.predict_probability(inputs[readable])
    prediction = np.full(len(readings), "", dtype=object)
    prediction[readable] = model.classify(probability[readable])
    readings = readings.assign(prediction=prediction, probability=probability, threshold=model.threshold)
    readings = _with_doubt(readings, inputs, readable, model, error_rate)
    readings = readings.assign(warnings=_with_unlearned(readings, inputs, readable, model))
    return readings.join(_reasons(model, inputs[readable]))


def settings_for(model: Model) -> Settings:
    """Return with which settings to measure cases: those of the model; no feature where it asks for none."""
    settings = load_settings(model.settings)
    return settings if model.radiomics else replace(settings, families={}, regions=(), embedding=None)


def _refuse_table(model: Model, cohort: Cohort) -> None:
    """Refuse a feature table in the place of a cases file."""
    known = set(model.radiomics)
    if any(name in known or is_feature(name) for name in cohort.carried_columns):
        raise CohortError(
            f"{cohort.path} is a feature table; give the cases file (image, mask ...), whose lesions are "
            "then measured. A table is judged by `radiomics-screen evaluate`, or in Python by "
            "model.predict_probability"
        )


def _require_free_names(model: Model, cohort: Cohort) -> None:
    """Refuse, before the work, carried columns that readings have of their own."""
    own = {"prediction", "probability", "threshold", "not_ruled_out", "unusual"}
    own |= {f"{what}_{n}" for what in _COLUMNS_OF_REASON for n in range(1, REASONS + 1)}
    own |= {CROP} if model.looks_at_crops else set()
    if taken := [name for name in cohort.carried_columns if name in own]:
        raise CohortError(
            f"{cohort.path}: readings have columns of their own named {listed(taken)}; "
            "rename them in the cases file"
        )


def _require_columns(model: Model, cohort: Cohort) -> None:
    """Refuse, before the work, a cases file without the other columns that the model learned from."""
    radiomics = set(model.radiomics)
    needed = [name for name in model.features if name not in radiomics and name != CROP]
    if absent := [name for name in needed if name not in cohort.carried_columns]:
        raise CohortError(
            f"{cohort.path}: the model learned from {listed(needed)}, too, but there is no column "
            f"'{absent[0]}'{did_you_mean(absent[0], cohort.carried_columns)}; add it, and leave it empty "
            "where it is not known"
        )


def _with_doubt(
    readings: pd.DataFrame,
    inputs: pd.DataFrame,
    readable: NDArray[np.bool_],
    model: Model,
    error_rate: float,
) -> pd.DataFrame:
    """Add what cannot be ruled out, how unusual each case is, and remarks on cases of another kind."""
    if model.doubt is None:
        return readings
    rows = inputs[readable]
    open_, unusual = np.full(len(readings), "", dtype=object), np.full(len(readings), np.nan)
    sets = model.prediction_sets(readings["probability"].to_numpy(np.float64)[readable], error_rate)
    open_[readable] = [_set_text(pair, model.card.negative, model.card.positive) for pair in sets]
    unusual[readable] = model.unusual(rows)
    remarks = np.full(len(readings), "", dtype=object)
    remarks[unusual >= model.doubt.unusual_from] = "unlike the cases that the model learned from"
    warnings = _joined(readings["warnings"], remarks)
    return readings.assign(not_ruled_out=open_, unusual=unusual, warnings=warnings)


def _with_unlearned(
    readings: pd.DataFrame, inputs: pd.DataFrame, readable: NDArray[np.bool_], model: Model
) -> list[str]:
    """Return the warnings, with what a case brings that the model has not met."""
    remarks = np.full(len(readings), "", dtype=object)
    remarks[readable] = model.unlearned(inputs[readable])
    return _joined(readings["warnings"], remarks)


def _joined(warnings: Iterable[str], remarks: Iterable[str]) -> list[str]:
    return [BETWEEN.join(filter(None, pair)) for pair in zip(warnings, remarks, strict=True)]


def _set_text(pair: NDArray[np.bool_], negative: str, positive: str) -> str:
    held = [name for name, is_in in zip((negative, positive), pair, strict=True) if is_in]
    return " or ".join(held) or "neither"


def _with_unreadable(
    readings: pd.DataFrame, inputs: pd.DataFrame, model: Model, hindrances: list[str]
) -> pd.DataFrame:
    """Turn extracted cases that the model cannot judge into failures, and remark on missing features.

    `hindrances` say why a row has no crop.
    """
    names = model.radiomics
    absent = inputs[names].isna().to_numpy()
    reasons = model.unreadable(inputs)
    status, error, warnings = (readings[name].tolist() for name in ("status", "error", "warnings"))
    for row in np.flatnonzero(readings["status"] == "ok"):
        if hindrances[row]:
            error[row] = hindrances[row]
        elif names and absent[row].mean() > MOST_MISSING:
            error[row] = (
                f"{absent[row].sum()} of the model's {len(names)} features could not be measured: "
                "is it for images of another kind?"
            )
        elif reasons[row]:
            error[row] = reasons[row]
        elif absent[row].any():
            remark = f"not measured, taken as typical: {_named(names, absent[row])}"
            warnings[row] = BETWEEN.join(filter(None, (warnings[row], remark)))
        status[row] = "failed" if error[row] else "ok"
    return readings.assign(status=status, error=error, warnings=warnings)


def _named(names: list[str], which: NDArray[np.bool_]) -> str:
    chosen = [name for name, is_meant in zip(names, which, strict=True) if is_meant]
    more = f" and {len(chosen) - _NAMED} more" if len(chosen) > _NAMED else ""
    return ", ".join(chosen[:_NAMED]) + more


def _reasons(model: Model, inputs: pd.DataFrame) -> pd.DataFrame:
    """Return the columns feature_1, value_1, contribution_1, feature_2 ..., by the rows of `inputs`."""
    found = model.strongest(inputs, count=REASONS)
    columns: dict[str, list[object]] = {}
    for n in range(REASONS):
        feature, value, contribution = (f"{column}_{n + 1}" for column in _COLUMNS_OF_REASON)
        nth = [reasons[n] if n < len(reasons) else None for reasons in found]
        columns[feature] = [r.feature if r else "" for r in nth]
        columns[value] = [r.value if r and not r.imputed else np.nan for r in nth]
        columns[contribution] = [r.log_odds if r else np.nan for r in nth]
    return pd.DataFrame(columns, index=inputs.index)
