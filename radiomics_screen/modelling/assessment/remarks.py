"""What a reader of the figures should know, one sentence each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2_contingency

from radiomics_screen.core.plurals import counted
from radiomics_screen.modelling.assessment.evaluation import MEAN_OF_FOLDS
from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.data.from_table import NO_GROUP
from radiomics_screen.modelling.data.leaks import PATIENT
from radiomics_screen.modelling.statistics.intervals import Figure
from radiomics_screen.modelling.statistics.metrics import METRICS

_UNEQUAL = 0.01  # probability below which parts of positives differ too much


def remarks_of(dataset: Dataset, summary: Mapping[str, Any]) -> list[str]:
    """Return the remarks on who took part, and on what a cross-validation found.

    Parameters
    ----------
    dataset
        What was learned from.
    summary
        Of the :class:`~radiomics_screen.modelling.assessment.evaluation.Evaluation`, with the
        ``threshold`` and the pooled ``auc``.
    """
    return [
        *_on_rows(dataset),
        *_on_folds(summary["folds"]),
        *_on_calls(summary, dataset.positive),
        *_on_chance(summary["auc"]),
    ]


def _on_chance(auc: Figure) -> list[str]:
    if not auc.low <= 0.5 <= auc.high:
        return []
    return [
        f"the interval of the AUC ({auc.low:.3f} to {auc.high:.3f}) holds 0.5: chance alone could make "
        "such figures"
    ]


def surprise_of(counts: npt.ArrayLike) -> float | None:
    """Return the chi-square probability of parts of positives that differ too much; None where they do not.

    Parameters
    ----------
    counts
        Positive and negative rows of each part, shape (parts, 2).
    """
    chance = float(chi2_contingency(counts, correction=False).pvalue)
    return chance if chance < _UNEQUAL else None


def _on_rows(dataset: Dataset) -> list[str]:
    cohort = dataset.cohort
    remarks = [f"{counted(part['rows'], 'row')} left out: {part['reason']}" for part in dataset.left_out]
    if dataset.group is None:
        remarks.append(f"group is '{NO_GROUP}': each row was taken for another patient")
    if dataset.split_across_folds:
        remarks.append(
            f"{dataset.split_across_folds} patients of {PATIENT} have several rows, "
            f"which were learned from and tested on "
            f"apart: the figures may be too good. Group by {PATIENT}"
        )
    if cohort["missing_values"]:
        remarks.append(
            f"{counted(cohort['missing_values'], 'value is', 'values are')} missing in "
            f"{counted(cohort['features_with_missing_values'], 'feature')} and imputed"
        )
    if cohort["patients_with_both"]:
        remarks.append(
            f"{counted(cohort['patients_with_both'], 'patient has', 'patients have')} rows of both classes"
        )
    return remarks


def _on_folds(folds: Sequence[Mapping[str, Any]]) -> list[str]:
    remarks = []
    if constant := sum(fold["constant"] for fold in folds):
        remarks.append(
            f"in {constant} of {len(folds)} folds nothing was learned: every row got the same probability. "
            "There are too few rows, or the features say nothing of the outcome"
        )
    for repeat in sorted({fold["repeat"] for fold in folds}):
        remarks += _on_prevalence([fold for fold in folds if fold["repeat"] == repeat])
    return remarks


def _on_prevalence(folds: Sequence[Mapping[str, Any]]) -> list[str]:
    counts = np.array([(f["test_positives"], f["test_rows"] - f["test_positives"]) for f in folds])
    if (chance := surprise_of(counts)) is None:
        return []
    parts = counts[:, 0] / counts.sum(axis=1)
    least, most = int(np.argmin(parts)), int(np.argmax(parts))
    return [
        f"the folds differ in their part of positive rows ({parts[least]:.0%} in '{folds[least]['fold']}', "
        f"{parts[most]:.0%} in '{folds[most]['fold']}', chi-square p = {chance:.1g}): the pooled AUC and "
        "average precision, which rank the probabilities of different models together, are biased; read "
        f"{METRICS['auc']}, {MEAN_OF_FOLDS}"
    ]


def _on_calls(summary: Mapping[str, Any], positive: str) -> list[str]:
    if any(summary["called_positive"]):
        return []
    limits = [fold["choice"]["threshold"] for fold in summary["folds"]]
    where = f"{limits[0]:g}" if min(limits) == max(limits) else f"its fold ({min(limits):.3g} or more)"
    return [
        f"no row was called {positive}: no probability reaches the threshold of {where}. "
        "Another threshold may serve better"
    ]
