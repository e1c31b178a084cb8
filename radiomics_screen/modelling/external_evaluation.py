"""A model on rows that it has never seen: its frozen threshold, all figures, and who took part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen import __version__
from radiomics_screen.core.arrays import BoolArray
from radiomics_screen.core.errors import ModelError, option_named
from radiomics_screen.core.plurals import counted
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.core.whole_files import replace_whole
from radiomics_screen.modelling.assessment.evaluation_versions import FORMAT
from radiomics_screen.modelling.assessment.findings import ExternalFindings, external_findings_of
from radiomics_screen.modelling.assessment.performance import judge
from radiomics_screen.modelling.assessment.performance_types import (
    AucEstimate,
    Counts,
    FigureEstimate,
    Performance,
    Subgroup,
)
from radiomics_screen.modelling.assessment.remarks import surprise_of
from radiomics_screen.modelling.assessment.uncertainty import ERROR_RATE, figures_of_sets
from radiomics_screen.modelling.bundle.manifest import (
    CARD_FILE,
    EVALUATION_FILE,
    METRICS_FILE,
    PREDICTIONS_FILE,
    write_json,
)
from radiomics_screen.modelling.bundle.model import Model
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.data.from_table import NO_GROUP, prepare
from radiomics_screen.modelling.data.values import NAMED, listed, texts_of
from radiomics_screen.modelling.statistics.arrays import patient_numbers
from radiomics_screen.table.feature_table import FeatureTable, table_of, write_frame

_MOST_PARTS = 12  # values of a subgroup column
_THIRDS = 8  # different numbers, from which on a column of numbers is cut into thirds


@dataclass(frozen=True)
class External:
    """What a model did on rows that it was not fitted on.

    Attributes
    ----------
    summary
        Plain JSON values: which model, who took part, messages, and the ``judgement``
        (:func:`~radiomics_screen.modelling.assessment.performance.judge`).
    predictions
        One row a case: ``case_id``, ``group``, ``target``, ``probability``, ``prediction``.
    """

    summary: dict[str, Any]
    predictions: pd.DataFrame

    @property
    def findings(self) -> ExternalFindings:
        """What the summary says, as types, but for the judgement."""
        return external_findings_of(self.summary, "the evaluation")

    @cached_property
    def performance(self) -> Performance:
        """The figures, curves and subgroups; their messages stand among those of the findings."""
        return Performance.from_json(self.summary["judgement"])

    @property
    def metrics(self) -> pd.DataFrame:
        """One row a figure: ``scope`` ("external" or "column = value"), ``metric``, ``value`` ..."""
        found = self.performance
        pooled: dict[str, FigureEstimate | AucEstimate] = {**found.figures, "auc_delong": found.delong}
        rows = [
            {"scope": "external", "metric": name, **_ends(figure), **_sizes(found.counts)}
            for name, figure in pooled.items()
        ]
        for column, parts in found.subgroups.items():
            for part in parts:
                scope = f"{column} = {part.value}"
                known = {
                    "auc_delong": part.auc,
                    "sensitivity": part.sensitivity,
                    "specificity": part.specificity,
                }
                rows += [
                    {"scope": scope, "metric": name, **_ends(figure), **_sizes(part)}
                    for name, figure in known.items()
                    if figure is not None
                ]
        return pd.DataFrame(rows)

    def write(self, folder: str | Path) -> None:
        """Write ``evaluation.json``, ``metrics.csv`` and ``predictions.csv``; see :func:`check_folder`."""
        check_folder(folder)
        place = Path(folder)
        try:
            place.mkdir(parents=True, exist_ok=True)
            write_json(place / EVALUATION_FILE, self.summary)
            replace_whole(place / METRICS_FILE, lambda file: self.metrics.to_csv(file, index=False))
            write_frame(self.predictions, place / PREDICTIONS_FILE)
        except OSError as error:
            raise ModelError(f"the evaluation cannot be written to {folder}: {error}") from error


def check_folder(folder: str | Path) -> None:
    """Raise a ModelError where an evaluation would overwrite a model or a file."""
    place = Path(folder)
    if place.exists() and not place.is_dir():
        raise ModelError(f"{folder} is a file; name a folder for the evaluation")
    if (place / CARD_FILE).exists():
        raise ModelError(f"{folder} is a model: its own evaluation would be lost. Name another folder")


def evaluate(
    model: Model,
    table: FeatureTable | pd.DataFrame | str | Path,
    *,
    target: str | None = None,
    positive: str | float | bool | None = None,
    group: str | None = None,
    subgroups: Sequence[str] = (),
    keep_known: bool = False,
    resamples: int = 2000,
    seed: int = 0,
) -> External:
    """Judge a fitted model, with its stored threshold, on a table that it has never seen.

    Nothing is learned here, and nothing of the model is changed. Left out, and counted with their
    reason: rows that :func:`~radiomics_screen.modelling.data.from_table.prepare` leaves out, and rows whose
    case or patient has a name that the model was fitted on.

    Parameters
    ----------
    model
        What ``load_model`` or ``fit`` returned.
    table
        A feature table, or the path of one.
    target, positive
        Column with the outcome, and its positive value; without them, those of the model.
    group
        Column that tells patients apart, ``"none"`` where each row is another patient; without it,
        that of the model.
    subgroups
        Columns whose values part the rows. Of numbers with more than eight values, thirds are made.
    keep_known
        Keep rows with names that the model was fitted on: another place may number alike.
    resamples, seed
        Of the bootstraps over patients.

    Raises
    ------
    ModelError
        If a column or a feature is missing, one class is missing, or the model was fitted on these rows.
    """
    given = table_of(table)
    frame = given.frame.reset_index(drop=True)
    _require_features(model, frame)
    _require_crops(model, frame)
    _require_columns(frame, subgroups)
    positive = model.card.positive if positive is None else positive
    clinical = [name for name in model.card.clinical if name in model.features]
    batch = model.card.batch if model.card.batch in model.features else None
    whole = prepare(
        frame, model.radiomics, positive=positive, target=target or model.card.target,
        group=group or model.card.group or NO_GROUP, clinical=clinical, batch=batch,
        crops=frame[CROP] if model.looks_at_crops else None,
    )  # fmt: skip
    _refuse_training_table(model, whole, frame)
    known, remarks = _known(model, whole, has_names="case_id" in frame)
    dataset = whole if keep_known else _without(whole, known)
    if keep_known and known.any():
        remarks.append(f"{int(known.sum())} rows have names that the model was fitted on; kept, as asked")
    at = dataset.positions
    with collect_remarks() as notes:
        probability = model.predict_probability(frame.iloc[at])
    parts = {name: parts_of(frame[name].iloc[at], name) for name in subgroups}
    judgement = judge(
        dataset.outcome, probability, dataset.groups.astype(str), threshold=model.threshold,
        subgroups=parts, resamples=resamples, seed=seed,
    )  # fmt: skip
    sets = _sets(model, dataset, probability, resamples, seed)
    messages = [*remarks, *notes, *_on_rows(model, given, dataset), *judgement.messages]
    judged = replace(judgement, messages=())  # they stand among those of the evaluation
    summary = {**_summary(model, dataset, judged, messages), "doubt": sets}
    return External(summary, _predictions(model, dataset, probability))


def _sets(
    model: Model, dataset: Dataset, probability: npt.NDArray[np.float64], resamples: int, seed: int
) -> dict[str, Any] | None:
    """Return how the model's prediction sets did here; None where it has none."""
    if model.doubt is None:
        return None
    owner = patient_numbers(dataset.groups.astype(str), len(dataset.outcome))
    sets = [model.prediction_sets(probability, ERROR_RATE)]
    return {
        "error_rate": ERROR_RATE,
        "figures": figures_of_sets(dataset.outcome, sets, owner, resamples, seed),
    }


def _require_features(model: Model, frame: pd.DataFrame) -> None:
    if absent := [name for name in model.radiomics if name not in frame]:
        raise ModelError(
            f"{len(absent)} of the model's {len(model.radiomics)} features are missing in the table: "
            f"{listed(absent)}; extract with the settings that the model was fitted with"
        )


def _require_crops(model: Model, frame: pd.DataFrame) -> None:
    if model.looks_at_crops and CROP not in frame:
        raise ModelError(
            f"the model looks at crops of the lesions, and the table has no column '{CROP}': "
            "radiomics_screen.prediction.crop_inputs.with_crops adds it where the table names image and mask"
        )


def _require_columns(frame: pd.DataFrame, subgroups: Sequence[str]) -> None:
    if absent := [name for name in subgroups if name not in frame]:
        raise ModelError(f"the table has no column '{absent[0]}' (subgroups)")


def _refuse_training_table(model: Model, dataset: Dataset, frame: pd.DataFrame) -> None:
    """Refuse the table that the model was fitted on; its fingerprint holds the folds that were given."""
    column = model.evaluation.fold_design.column
    possible: list[npt.NDArray[np.object_] | None] = [None]
    if column is not None and column in frame:
        possible.append(texts_of(frame[column].iloc[dataset.positions]))
    if model.card.training.get("fingerprint") in {replace(dataset, folds=f).fingerprint for f in possible}:
        raise ModelError(
            "this is the table that the model was fitted on: its figures on patients that it had not seen "
            "stand in the model folder (evaluation.json)"
        )


def _known(model: Model, dataset: Dataset, *, has_names: bool) -> tuple[BoolArray, list[str]]:
    """Return which rows have a case or patient by whose name the model was fitted, and what to say."""
    learned = model.evaluation.predictions
    nothing = np.zeros(len(dataset.outcome), dtype=bool)
    if learned is None:
        remark = "the model folder has no predictions.csv: whether the model was fitted on some of these rows"
        return nothing, [f"{remark} cannot be told"]
    same = nothing
    remarks = []
    if has_names:
        same = np.isin(dataset.cases.astype(str), texts_of(learned["case_id"]).astype(str))
    else:
        remarks.append("the table has no case_id: whether the model was fitted on a row cannot be told by it")
    if model.card.group is not None and dataset.group is not None:
        same = same | np.isin(dataset.groups.astype(str), texts_of(learned["group"]).astype(str))
    return same, remarks


def _without(dataset: Dataset, known: BoolArray) -> Dataset:
    """Return the rows that the model was not fitted on."""
    if not known.any():
        return dataset
    cases = dataset.cases[known][: 2 * NAMED].tolist()
    reason = "case or patient has a name that the model was fitted on"
    left_out = [*dataset.left_out, {"reason": reason, "rows": int(known.sum()), "cases": cases}]
    rest = ~known
    outcome = dataset.outcome[rest]
    if len(np.unique(outcome)) < 2:
        raise ModelError(
            f"{int(known.sum())} of {len(known)} rows have a case or patient by whose name the model was "
            f"fitted ({listed(cases)}), and the others are not of two classes. If another place numbers its "
            f"patients alike, keep them ({option_named('keep_known', True)})"
        )
    return replace(dataset.take(rest), left_out=left_out)


def parts_of(column: pd.Series[Any], name: str) -> npt.NDArray[np.object_]:
    """Return the part of each row as text; numbers with many values are cut into thirds of these rows."""
    texts = texts_of(column)
    different = len(set(texts) - {""})
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    if different > _THIRDS and not np.any(np.isnan(numbers) & (texts != "")):
        low, high = np.nanquantile(numbers, [1 / 3, 2 / 3])
        words = [f"up to {low:g}", f"above {low:g}, up to {high:g}", f"above {high:g}"]
        third = np.array(words, dtype=object)[(numbers > low).astype(int) + (numbers > high).astype(int)]
        return np.where(np.isnan(numbers), "", third)
    if different > _MOST_PARTS:
        raise ModelError(
            f"subgroup column '{name}' has {different} values: name one that has at most {_MOST_PARTS} or "
            "holds numbers"
        )
    return texts


def _on_rows(model: Model, table: FeatureTable, dataset: Dataset) -> list[str]:
    cohort = dataset.cohort
    remarks = [f"{counted(part['rows'], 'row')} left out: {part['reason']}" for part in dataset.left_out]
    if dataset.group is None:
        remarks.append(f"group is '{NO_GROUP}': each row was taken for another patient")
    if cohort["missing_values"]:
        remarks.append(
            f"{counted(cohort['missing_values'], 'value is', 'values are')} missing in "
            f"{counted(cohort['features_with_missing_values'], 'feature')}: "
            "the medians of the training rows took their place"
        )
    remarks += _on_prevalence(model, cohort)
    settings = (table.provenance or {}).get("parameters")
    if settings and model.settings and not model.card.setting_files and settings != model.settings:
        remarks.append("these features were extracted with other settings than those that the model knows")
    return remarks


def _on_prevalence(model: Model, cohort: dict[str, Any]) -> list[str]:
    """Say where the part of positives differs so much from that in training that probabilities are off."""
    known = model.card.training
    counts = np.array(
        [[known["positives"], known["negatives"]], [cohort["positives"], cohort["negatives"]]],
        dtype=np.float64,
    )
    if surprise_of(counts) is None:
        return []
    parts = counts[:, 0] / counts.sum(axis=1)
    return [
        f"{parts[1]:.0%} of the rows are {model.card.positive} here, {parts[0]:.0%} were in training: "
        "probabilities, PPV and NPV of the one do not hold in the other; look at the calibration"
    ]


def _summary(model: Model, dataset: Dataset, judgement: Performance, messages: list[str]) -> dict[str, Any]:
    card = model.card
    about = ("created", "target", "positive", "classifier", "threshold", "versions")
    return {
        "format": FORMAT,
        "kind": "external",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"radiomics_screen": __version__},
        "model": {
            **{name: getattr(card, name) for name in about},
            "fingerprint": card.training.get("fingerprint"),
            "rows": card.training.get("rows"),
            "positives": card.training.get("positives"),
        },
        "target": dataset.target,
        "positive": dataset.positive,
        "negative": dataset.negative,
        "group": dataset.group,
        "cohort": dataset.cohort,
        "threshold": model.threshold,
        "messages": messages,
        "judgement": judgement.to_json(),
    }


def _predictions(model: Model, dataset: Dataset, probability: npt.NDArray[np.float64]) -> pd.DataFrame:
    labels = np.array([dataset.negative, dataset.positive], dtype=object)
    return pd.DataFrame(
        {
            "case_id": dataset.cases,
            "group": dataset.groups,
            "target": labels[dataset.outcome],
            "probability": probability,
            "prediction": labels[(probability >= model.threshold).astype(int)],
        }
    )


def _ends(figure: FigureEstimate | AucEstimate) -> dict[str, Any]:
    return {name: figure.get(name) for name in ("value", "low", "high", "undefined")}


def _sizes(counts: Counts | Subgroup) -> dict[str, Any]:
    return {"rows": counts.rows, "positives": counts.positives, "patients": counts.patients}
