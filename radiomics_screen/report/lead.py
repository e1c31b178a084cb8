"""What stands beside the first figures of a fit: what was learned from, and the mean AUC of the folds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from radiomics_screen.modelling.evaluation import MEAN_OF_FOLDS, Evaluation
from radiomics_screen.modelling.intervals import Figure
from radiomics_screen.report.words import number, with_interval


def inputs_text(summary: Mapping[str, Any]) -> str:
    """Return that the figures are not of radiomics alone, as a sentence; "" where they are."""
    clinical = summary.get("clinical")
    if not clinical:
        return ""
    variables = "variable" if len(clinical) == 1 else "variables"
    where = " (see the comparison)" if summary.get("comparison") else ""
    return (
        f"Learned from radiomic features and the clinical {variables} {', '.join(map(str, clinical))}: these "
        f"figures are not of radiomics alone{where}."
    )


def mean_auc_text(evaluation: Evaluation) -> str:
    """Return the mean AUC of the folds with its interval, or why it has none."""
    found = evaluation.figure("auc", MEAN_OF_FOLDS)
    value, low, high = (None if end != end else end for end in (found.value, found.low, found.high))
    if value is None or low is not None:
        return with_interval({"value": value, "low": low, "high": high})
    return f"{number(value)} (no interval: {_reason(found, evaluation.summary['interval']['resamples'])})"


def _reason(found: Figure, resamples: int) -> str:
    """Return why a bootstrap gave no interval: the rule of :mod:`radiomics_screen.modelling.intervals`."""
    if 2 * found.undefined < resamples:
        return f"all {resamples} resamples agree"
    return (
        f"in {100 * found.undefined / resamples:.0f} % of {resamples} resamples it is not defined, because "
        "a fold has so few rows of a class that often none of them is drawn"
    )
