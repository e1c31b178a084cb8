"""Cases and a model become readings: how probable, which class, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_screen.cohort.cases import Case, Cohort
from radiomics_screen.core.columns import IDENTITY
from radiomics_screen.extraction.opened_once import opened_once
from radiomics_screen.extraction.run import Cases, ProgressCallback, as_cohort, extract_cohort
from radiomics_screen.extraction.running.finished_row import BETWEEN
from radiomics_screen.imaging.sources import Source, description_of, source_of
from radiomics_screen.modelling.assessment.uncertainty import ERROR_RATE
from radiomics_screen.modelling.bundle.answers import Answers
from radiomics_screen.modelling.bundle.model import REASONS, Model
from radiomics_screen.modelling.bundle.model_inputs import InputRows
from radiomics_screen.prediction.cohort_checks import (
    require_cases,
    require_columns,
    require_free_names,
    require_settings,
)
from radiomics_screen.prediction.crop_inputs import with_crops
from radiomics_screen.prediction.one_reading import Reading
from radiomics_screen.prediction.readings_table import OWN_COLUMNS, readings_table
from radiomics_screen.settings.settings import Settings, load_settings

__all__ = ["MOST_MISSING", "REASONS", "Reading", "read_cases", "read_lesion", "readings_of", "settings_for"]

#: A case that lacks a greater part of the model's features is not of the kind that the model knows.
MOST_MISSING = 0.2
_NAMED = 5
_UNUSUAL = "unlike the cases that the model learned from"


def read_lesion(
    model: Model,
    image: Source,
    mask: Source,
    *,
    label: int | None = None,
    carried: Mapping[str, Any] | None = None,
    case_id: str | None = None,
    patient_id: str | None = None,
    error_rate: float = ERROR_RATE,
    label_channel: int | None = None,
    time_limit: float | None = None,
) -> Reading:
    """Return what a model makes of one lesion.

    Parameters
    ----------
    model
        What :func:`~radiomics_screen.modelling.bundle.loading.load_model` or ``fit`` returned.
    image, mask
        Files, folders with one DICOM series, bytes, arrays, or other sources
        (:data:`radiomics_screen.imaging.sources.Source`).
    label
        Mask value that marks the lesion; None takes the one value there is.
    carried
        Clinical variables and the scanner or site by name, where the model learned from them; and whatever
        else is to be kept with the reading.
    case_id, patient_id
        What the reading calls the case; without a name it is that of the image.
    error_rate
        How often the set of outcomes that are not ruled out may miss the true one.
    label_channel
        Channel of a mask with several values a voxel, from 0; None takes that of the model's settings.
    time_limit
        Seconds that reading and measuring may take, in a process of their own, which takes some seconds to
        start the first time; None for any number, in this process.

    Returns
    -------
    The reading. Where the lesion cannot be read its ``status`` is ``"failed"``, with the cause in ``error``.

    Raises
    ------
    ModelError
        The model does not say how its features were extracted.
    CohortError
        A column that the model learned from is missing in `carried`.

    Examples
    --------
    >>> from radiomics_screen import load_model, read_lesion
    >>> reading = read_lesion(load_model("model"), "image.png", "mask.png")  # doctest: +SKIP
    >>> reading.probability, reading.prediction  # doctest: +SKIP
    (0.83, 'malignant')
    """
    opened: Any = source_of(image)
    marks: Any = source_of(mask)
    name = opened.stem if isinstance(opened, Path) else opened.describe()
    kept = dict(carried or {})
    case = Case(case_id or name, patient_id, opened, marks, label, 1, kept, label_channel=label_channel)
    (reading,) = readings_of(model, [case], error_rate=error_rate, jobs=1, time_limit=time_limit)
    return reading


def readings_of(
    model: Model,
    cases: Cases,
    *,
    error_rate: float = ERROR_RATE,
    jobs: int | None = None,
    progress: ProgressCallback | None = None,
    time_limit: float | None = None,
) -> list[Reading]:
    """Return what a model makes of each case, in their order; parameters and errors of :func:`read_cases`."""
    return _read(model, as_cohort(cases), error_rate, jobs, progress, time_limit)[1]


def read_cases(
    model: Model,
    cases: Cases,
    *,
    error_rate: float = ERROR_RATE,
    jobs: int | None = None,
    progress: ProgressCallback | None = None,
    time_limit: float | None = None,
) -> pd.DataFrame:
    """Extract with the model's own parameters, and return what the model makes of each case as a table.

    Parameters
    ----------
    model
        What :func:`~radiomics_screen.modelling.bundle.loading.load_model` or ``fit`` returned.
    error_rate
        How often the set of outcomes that are not ruled out may miss the true one.
    cases, jobs, progress, time_limit
        As in :func:`~radiomics_screen.extraction.run.extract_cohort`.

    Returns
    -------
    The readings, one row a case: identifiers and carried columns; ``status``, ``error``, ``warnings``;
    ``prediction`` (a value of the model's target), ``probability`` (of the positive value),
    ``threshold``; ``not_ruled_out``: the value or both values of the target that cannot be ruled out at
    `error_rate` (both, with " or " between them: the model is not sure; "neither": it is like none);
    ``unusual``: percent of the training rows that are less unlike the others than this case (a warning
    says so from 99 on, or where it is farther off than all of fewer than 99 rows); and for n from 1 to 10
    ``feature_n``, ``value_n`` (empty where it was not measured but taken as typical) and
    ``contribution_n``, what the feature added to the log-odds, strongest first. A case that cannot be read
    has ``status`` "failed", its cause in ``error``, and no prediction. :func:`readings_of` returns the same
    as objects.

    Raises
    ------
    ModelError
        The model does not say how its features were extracted.
    CohortError
        The cases cannot be read, or carry a column that readings have of their own.
    """
    require_settings(model)
    cohort = as_cohort(cases)
    require_cases(model, cohort)
    require_free_names(model, cohort, OWN_COLUMNS)
    frame, readings = _read(model, cohort, error_rate, jobs, progress, time_limit)
    identity = frame[[*IDENTITY, *cohort.carried_columns]]
    return readings_table(identity, readings, with_limits=model.doubt is not None)


def settings_for(model: Model) -> Settings:
    """Return with which settings to measure cases: those of the model; no feature where it asks for none."""
    settings = load_settings(model.settings)
    return settings if model.radiomics else replace(settings, families={}, regions=(), embedding=None)


def _read(
    model: Model,
    cohort: Cohort,
    error_rate: float,
    jobs: int | None,
    progress: ProgressCallback | None,
    time_limit: float | None = None,
) -> tuple[pd.DataFrame, list[Reading]]:
    """Return the measured cases as a table, and the reading of each row."""
    require_settings(model)
    require_cases(model, cohort)
    require_free_names(model, cohort, ())
    require_columns(model, cohort)
    cases = cohort.cases
    here = not time_limit  # a limited case is measured in another process
    if model.looks_at_crops and here and len(cases) == 1:  # also cut out; more would fill the memory
        cases = (opened_once(cases[0]),)
    measured = replace(cohort, cases=cases)
    frame = extract_cohort(measured, settings_for(model), jobs=jobs, progress=progress, time_limit=time_limit)
    there = set(frame.columns)
    if missing := [name for name in model.inputs.radiomics if name not in there]:
        frame = frame.reindex(columns=[*frame.columns, *missing])
    frame, hindrances = with_crops(model, frame, cases=cases, jobs=jobs, time_limit=time_limit)
    rows = model.inputs.read(frame)
    errors, remarks = _unreadable(model, frame, rows, hindrances)
    readable = np.array([error is None for error in errors], dtype=bool)
    answers = model.answer(rows.take(readable), error_rate=error_rate, reasons=REASONS)
    return frame, list(_readings(model, cohort.cases, errors, remarks, answers))


def _unreadable(
    model: Model, frame: pd.DataFrame, rows: InputRows, hindrances: Sequence[str]
) -> tuple[list[str | None], list[list[str]]]:
    """Return why each case cannot be judged, None where it can; and the remarks on it.

    `hindrances` say why a row has no crop.
    """
    names = model.inputs.radiomics
    absent = np.isnan(rows.numbers[:, model.inputs.radiomic_places])
    status, causes, warnings = (frame[name].tolist() for name in ("status", "error", "warnings"))
    remarks = [text.split(BETWEEN) if text else [] for text in warnings]
    errors: list[str | None] = []
    for row, is_absent in enumerate(absent):
        error = hindrances[row]
        if status[row] != "ok":
            errors.append(causes[row])
            continue
        if not error and names and is_absent.mean() > MOST_MISSING:
            error = (
                f"{is_absent.sum()} of the model's {len(names)} features could not be measured: "
                "is it for images of another kind?"
            )
        error = error or rows.refused[row]
        if not error and is_absent.any():
            remarks[row].append(f"not measured, taken as typical: {_named(names, is_absent)}")
        errors.append(error or None)
    return errors, remarks


def _named(names: Sequence[str], which: NDArray[np.bool_]) -> str:
    chosen = [name for name, is_meant in zip(names, which, strict=True) if is_meant]
    more = f" and {len(chosen) - _NAMED} more" if len(chosen) > _NAMED else ""
    return ", ".join(chosen[:_NAMED]) + more


def _readings(
    model: Model,
    cases: Sequence[Case],
    errors: Sequence[str | None],
    remarks: Sequence[Sequence[str]],
    answers: Answers,
) -> Iterator[Reading]:
    """Yield the reading of each case; `answers` are of those without an error, in their order."""
    answered = 0
    for case, error, said in zip(cases, errors, remarks, strict=True):
        reading = _failed(model, case, error or "", said)
        if error is None:
            reading = _answered(reading, answers, answered)
            answered += 1
        yield reading


def _failed(model: Model, case: Case, error: str, remarks: Sequence[str]) -> Reading:
    card = model.card
    return Reading(
        case_id=case.id,
        patient_id=case.patient_id or "",
        image=description_of(case.image),
        mask=description_of(case.mask),
        label=case.label,
        carried=case.carried,
        status="failed",
        error=error,
        remarks=tuple(remarks),
        target=card.target,
        positive=card.positive,
        negative=card.negative,
        prediction=None,
        probability=None,
        threshold=model.threshold,
        not_ruled_out=None,
        unusual_percent=None,
        is_unusual=False,
        reasons=(),
    )


def _answered(reading: Reading, answers: Answers, row: int) -> Reading:
    """Return a reading with what the model says of it."""
    outcomes = (reading.negative, reading.positive)
    is_unusual = bool(answers.is_unusual[row])
    said = (_UNUSUAL if is_unusual else "", answers.unlearned[row])
    held = None
    if answers.sets is not None:
        pairs = zip(outcomes, answers.sets[row], strict=True)
        held = tuple(outcome for outcome, is_in in pairs if is_in)
    unusual = None
    if answers.unusual is not None and np.isfinite(answers.unusual[row]):
        unusual = float(answers.unusual[row])
    return replace(
        reading,
        status="ok",
        remarks=(*reading.remarks, *filter(None, said)),
        prediction=answers.label[row],
        probability=float(answers.probability[row]),
        not_ruled_out=held,
        unusual_percent=unusual,
        is_unusual=is_unusual,
        reasons=tuple(answers.reasons[row]),
    )
