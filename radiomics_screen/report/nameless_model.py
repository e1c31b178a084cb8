"""A model without what names people; its answers stay what they are, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from radiomics_screen.modelling.assessment.uncertainty import Uncertainty
from radiomics_screen.modelling.bundle.model import Model
from radiomics_screen.modelling.statistics.conformal import Conformal
from radiomics_screen.report.identifiers import Identifiers

#: Controls whose text names cases, and what is said of them instead.
_NAMING_CONTROLS = {"near duplicates", "alike rows"}
_PATIENTS_APART = "patients apart"
_UNNAMED = "Which cases they are is left out."
#: Sentences that may name anybody, short identifiers included.
_SENTENCES = ("messages", "notes")
_LOCAL = ("perturbed",)  # options that are a path on the author's machine


def stripped(model: Model, identifiers: Identifiers) -> Model:
    """Return the model without names of cases and patients; it keeps its out-of-fold predictions in memory.

    Saved without these (``replace(evaluation, predictions=None)``), nothing in it is of a single case but
    what answers need: the calibration scores of the prediction sets, here in the order of their values.
    """
    folds = _fold_names(model)
    evaluation = model.evaluation
    summary = _summary(evaluation.summary, identifiers, folds)
    metrics = evaluation.metrics.assign(fold=evaluation.metrics["fold"].map(lambda one: folds.get(one, one)))
    predictions = evaluation.predictions
    if predictions is not None:
        predictions = predictions.assign(
            case_id=_numbered(predictions["case_id"], "case"),
            group=_numbered(predictions["group"], "patient"),
            fold=predictions["fold"].map(lambda one: folds.get(one, one)),
        )
    card = model.card
    training = {**card.training, "left_out": _nameless(card.training.get("left_out", []), identifiers)}
    options = None if card.options is None else {n: v for n, v in card.options.items() if n not in _LOCAL}
    return replace(
        model,
        card=card.model_copy(update={"training": training, "options": options}),
        evaluation=replace(evaluation, metrics=metrics, predictions=predictions, summary=summary),
        doubt=None if model.doubt is None else _unordered(model.doubt),
    )


def _numbered(column: pd.Series[Any], kind: str) -> pd.Series[Any]:
    """Return numbers instead of names, in the names' order: resamples of patients then stay the same."""
    _, places = np.unique(column.astype(str).to_numpy(str), return_inverse=True)
    width = len(str(int(places.max(initial=0)) + 1))
    return pd.Series([f"{kind} {place + 1:0{width}d}" for place in places], index=column.index, dtype=object)


def _fold_names(model: Model) -> dict[Any, str]:
    """Return numbers for the folds of a column, whose values may be a site or a patient."""
    if model.evaluation.fold_design.column is None:
        return {}
    names = dict.fromkeys(fold["fold"] for fold in model.evaluation.summary["folds"])
    return {name: str(number) for number, name in enumerate(names, start=1)}


def _summary(
    summary: Mapping[str, Any], identifiers: Identifiers, folds: Mapping[Any, str]
) -> dict[str, Any]:
    found: dict[str, Any] = {name: _masked(value, identifiers) for name, value in summary.items()}
    for name in _SENTENCES:
        found[name] = [_sentence(text, identifiers, folds) for text in summary.get(name) or []]
    cohort = summary["cohort"]
    found["cohort"] = {**cohort, "left_out": _nameless(cohort.get("left_out", []), identifiers)}
    found["folds"] = [_renamed(fold, folds) for fold in found["folds"]]
    if found.get("tuning"):
        chosen = [_renamed(one, folds) for one in found["tuning"]["chosen"]]
        found["tuning"] = {**found["tuning"], "chosen": chosen}
    if found.get("controls"):
        found["controls"] = [_control(one, identifiers) for one in found["controls"]]
    return {name: value for name, value in found.items() if name in summary}


def _masked(value: Any, identifiers: Identifiers) -> Any:
    """Return plain JSON values, every text masked; names of entries stay."""
    if isinstance(value, str):
        return identifiers.masked(value)
    if isinstance(value, Mapping):
        return {name: _masked(one, identifiers) for name, one in value.items()}
    return [_masked(one, identifiers) for one in value] if isinstance(value, list | tuple) else value


def _sentence(text: str, identifiers: Identifiers, folds: Mapping[Any, str]) -> str:
    for name, number in folds.items():
        text = text.replace(f"'{name}'", f"'{number}'")
    return identifiers.masked(text, short=True)


def _nameless(left_out: Any, identifiers: Identifiers) -> list[dict[str, Any]]:
    return [
        {**part, "reason": identifiers.masked(str(part["reason"]), short=True), "cases": []}
        for part in left_out
    ]


def _renamed(entry: Mapping[str, Any], folds: Mapping[Any, str]) -> dict[str, Any]:
    return {**entry, "fold": folds.get(entry["fold"], entry["fold"])}


def _control(control: Mapping[str, Any], identifiers: Identifiers) -> dict[str, Any]:
    """Return a control without the cases that it names."""
    figures = control.get("figures") or {}
    named = figures.get("pairs") or figures.get("rows")
    if control["name"] in _NAMING_CONTROLS and named:
        kept = {name: one for name, one in figures.items() if isinstance(one, int | float)}
        counts = ", ".join(f"{name}: {one:g}" for name, one in kept.items())
        return {**control, "figures": kept, "text": f"Found ({counts}). {_UNNAMED}"}
    short = control["name"] == _PATIENTS_APART
    return {**control, "text": identifiers.masked(control["text"], short=short)}


def _unordered(doubt: Uncertainty) -> Uncertainty:
    """Return the same with calibration scores in the order of their values, not of the table's rows."""
    scores = doubt.conformal
    order = np.lexsort((scores.outcome, scores.weight, scores.probability, scores.fold))
    unordered = Conformal(
        scores.by_class,
        tuple(scores.probability[n] for n in order),
        tuple(scores.outcome[n] for n in order),
        tuple(scores.weight[n] for n in order),
        tuple(scores.fold[n] for n in order),
    )
    return replace(doubt, conformal=unordered)
