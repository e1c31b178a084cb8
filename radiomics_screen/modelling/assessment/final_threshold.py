"""The threshold that the final model has, on the rows that the figures come from.

Where a rule puts the threshold, each fold has its own, and the figures are of calls made by these. The final
model has another one. What it does is seen on the same out-of-fold probabilities.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.modelling.assessment.findings import FinalThreshold
from radiomics_screen.modelling.statistics.intervals import bootstrap_figures

_SHOWN = ("sensitivity", "specificity")


def final_threshold(
    outcome: npt.NDArray[np.int64],
    probabilities: FloatArray,
    thresholds: FloatArray,
    patients: npt.ArrayLike,
    threshold: float,
    *,
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    """Return sensitivity and specificity at the final model's threshold and at those of the folds.

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    probabilities, thresholds
        Out of fold, and of the fold that each was tested in, shape (repeats, rows).
    patients
        Patient of each row, shape (rows,).
    threshold
        Of the final model.
    resamples, seed
        Of the bootstrap over patients.

    Returns
    -------
    Plain JSON values: those of :class:`~radiomics_screen.modelling.assessment.findings.FinalThreshold`.
    """
    options = {"resamples": resamples, "seed": seed}
    final = bootstrap_figures(outcome, probabilities, patients, threshold=threshold, **options)
    folds = bootstrap_figures(outcome, probabilities, patients, threshold=thresholds, **options)

    def shown(figures: dict[str, Any]) -> dict[str, dict[str, float | None]]:
        ends = ("value", "low", "high")
        return {name: {end: _finite(getattr(figures[name], end)) for end in ends} for name in _SHOWN}

    lowest, highest = float(np.min(thresholds)), float(np.max(thresholds))
    return {"value": threshold, "of_folds": [lowest, highest], "final": shown(final), "folds": shown(folds)}


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def told_threshold(found: FinalThreshold) -> str:
    """Return what the final threshold does, in one sentence."""
    low, high = found.of_folds
    place = "below" if found.value < low else "above" if found.value > high else "within"
    sensitivity, specificity = found.final.sensitivity, found.final.specificity
    judged = f"{_number(found.folds.sensitivity.value)} and {_number(found.folds.specificity.value)}"
    return (
        f"the model ships with a threshold of {found.value:.3g}, {place} those of the folds ({low:.3g} to "
        f"{high:.3g}), by which the figures were made: on the same rows it gives a sensitivity of "
        f"{_interval(sensitivity)} and a specificity of {_interval(specificity)}, those of the folds {judged}"
    )


def _number(value: float | None) -> str:
    return "no value" if value is None else f"{value:.3f}"


def _interval(figure: Any) -> str:
    ends = "" if figure.low is None or figure.high is None else f" ({figure.low:.3f} to {figure.high:.3f})"
    return f"{_number(figure.value)}{ends}"
