"""What stands beside the first figures of a fit: what was learned from, and the folds' mean AUC."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from radiomics_screen.modelling.assessment.evaluation import MEAN_OF_FOLDS, Evaluation
from radiomics_screen.modelling.assessment.findings import Estimate, Findings
from radiomics_screen.modelling.statistics.intervals import Figure
from radiomics_screen.modelling.statistics.metrics import METRICS
from radiomics_screen.report.wording.crop_models import sees_crops_alone
from radiomics_screen.report.wording.numbers import number, with_interval

if TYPE_CHECKING:
    from radiomics_screen.modelling.bundle.model import Model

#: The AUC that is a mean over the folds, by one name wherever it stands.
MEAN_AUC = f"{METRICS['auc']}, {MEAN_OF_FOLDS}"


def inputs_of(model: Model) -> str:
    """Return what a model learned from, where that is not radiomics alone, as a sentence; else ""."""
    findings = model.evaluation.findings
    if sees_crops_alone(model):  # whatever else the table holds
        findings = replace(findings, clinical=None)
    return inputs_text(findings, crops=model.looks_at_crops, features=bool(model.radiomics))


def inputs_text(findings: Findings, *, crops: bool = False, features: bool = True) -> str:
    """Return that the figures are not of radiomics alone, as a sentence; "" where they are.

    Parameters
    ----------
    findings
        Of the evaluation.
    crops, features
        Whether the model looks at crops of the lesions, and whether it has radiomic features.
    """
    clinical = findings.clinical or ()
    if not (clinical or crops):
        return ""
    variables = "variable" if len(clinical) == 1 else "variables"
    parts = [
        *(["radiomic features"] if features else []),
        *([f"the clinical {variables} {', '.join(map(str, clinical))}"] if clinical else []),
        *(["crops of the lesions"] if crops else []),
    ]
    if len(parts) == 1:
        return f"Learned from {parts[0]} by a network, without radiomic features."
    where = " (see the comparison)" if findings.comparison else ""
    return f"Learned from {_and(parts)}: these figures are not of radiomics alone{where}."


def _and(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]])


def mean_auc_text(evaluation: Evaluation) -> str:
    """Return the AUC as a mean of the folds with its interval, or why it has none."""
    found = evaluation.figure("auc", MEAN_OF_FOLDS)
    value, low, high = (None if end != end else end for end in (found.value, found.low, found.high))
    if value is None or low is not None:
        return with_interval(Estimate(value, low, high))
    return f"{number(value)} (no interval: {_reason(found, evaluation.findings.interval.resamples)})"


def _reason(found: Figure, resamples: int) -> str:
    """Return why a bootstrap gave no interval.

    The rule is that of :mod:`radiomics_screen.modelling.statistics.intervals`.
    """
    if 2 * found.undefined < resamples:
        return f"all {resamples} resamples agree"
    return (
        f"in {100 * found.undefined / resamples:.0f} % of {resamples} resamples it is not defined, because "
        "a fold has so few rows of a class that often none of them is drawn"
    )
