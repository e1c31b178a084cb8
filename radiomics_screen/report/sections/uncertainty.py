"""Prediction sets in words: how often the model may say one outcome, and how often it is then wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from radiomics_screen.modelling.assessment.findings import Estimate, PredictionSets
from radiomics_screen.report.wording.numbers import per_cent, per_cent_with_interval

_LABELS = {
    "coverage": "sets that hold the true outcome",
    "coverage_of_positive": "of {positive} rows",
    "coverage_of_negative": "of {negative} rows",
    "single": "sets of one outcome",
    "error_of_single": "of these, wrong",
    "both": "sets of both outcomes: not sure",
    "none": "empty sets: unlike the known rows of either outcome",
}


@dataclass(frozen=True)
class Uncertainty:
    """What prediction sets did.

    Attributes
    ----------
    asked
        How often the true outcome should be in its set, in per cent.
    parts
        Of all rows: kind ("right", "wrong", "both", "none"), part in 0 to 1, and the part in words.
    rows
        Label, value with interval, and whether it is a part of the row before.
    """

    asked: str
    parts: list[tuple[str, float, str]]
    rows: list[tuple[str, str, bool]]


def doubt_of(found: PredictionSets | None, positive: str, negative: str) -> Uncertainty | None:
    """Return how the prediction sets did; None where none were made."""
    if found is None:
        return None
    figures = found.figures
    rows = [
        (label.format(positive=positive, negative=negative), per_cent_with_interval(figures[name]),
         name in ("coverage_of_positive", "coverage_of_negative", "error_of_single"))
        for name, label in _LABELS.items()
    ]  # fmt: skip
    return Uncertainty(f"{100 * (1 - found.error_rate):g} %", _parts(figures), rows)


def _parts(figures: Mapping[str, Estimate]) -> list[tuple[str, float, str]]:
    value = {name: figure.value or 0.0 for name, figure in figures.items()}
    wrong = value["single"] * value["error_of_single"]
    parts = {
        "right": value["single"] - wrong,
        "wrong": wrong,
        "both": value["both"],
        "none": value["none"],
    }
    return [(name, part, per_cent(part)) for name, part in parts.items()]
