"""How sure a figure is: bootstrap intervals that draw patients, not rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.modelling.statistics.metrics import METRICS, concerned, figures
from radiomics_screen.modelling.statistics.resampling import patient_weights


@dataclass(frozen=True)
class Figure:
    """A figure with its interval.

    Attributes
    ----------
    value
        On the rows as they are; NaN where the definition has no value.
    low, high
        Ends of the interval; NaN where there is none.
    undefined
        Number of resamples that were left out because the figure has no value in them.
    """

    value: float
    low: float
    high: float
    undefined: int


def bootstrap_figures(
    outcome: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    patients: npt.ArrayLike,
    *,
    threshold: npt.ArrayLike = 0.5,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Figure]:
    """Return every figure with the percentile interval of a patient-level bootstrap.

    As many patients as there are get drawn with replacement, each with all of its rows, and the
    figures are computed again; the interval runs between the quantiles of the results (Efron and
    Tibshirani 1993, chapter 13; drawing clusters: Field and Welsh 2007). Rows of one patient
    resemble each other, so drawing rows would give intervals that are too narrow.

    Where all resamples agree they say nothing about how sure the figure is. A proportion of 0 or 1
    then has the exact interval (Clopper and Pearson 1934) of as many trials as there are patients
    with a row that it is a proportion of; any other figure has none.

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    probabilities
        Shape (parts, rows), NaN where a part does not predict a row. A figure is the mean of the
        figures of all parts (repeats or folds of a cross-validation), which are weighted with the
        same drawn patients; it has a value where each part has one.
    patients
        Which patient a row belongs to, shape (rows,).
    threshold
        See :func:`radiomics_screen.modelling.statistics.metrics.figures`; one for all, or one for each
        probability, of the same shape.
    resamples
        How often patients are drawn.
    level
        Part of the resamples that the interval covers.
    seed
        Of the draws.
    """
    positive = np.asarray(outcome, dtype=np.float64)
    scores = np.atleast_2d(np.asarray(probabilities, dtype=np.float64))
    limits = np.broadcast_to(np.asarray(threshold, dtype=np.float64), scores.shape)
    patient_of_row = np.unique(np.asarray(patients), return_inverse=True)[1]
    drawn = {name: np.empty(resamples) for name in METRICS}
    at = 0
    for weights in patient_weights(patient_of_row, resamples, seed):
        for name, found in _mean_figures(positive, scores, limits, weights).items():
            drawn[name][at : at + len(weights)] = found
        at += len(weights)
    values = _mean_figures(positive, scores, limits, np.ones((1, scores.shape[1])))
    trials = _patients_concerned(positive, scores, limits, patient_of_row)
    return {name: _figure(float(values[name][0]), drawn[name], level, trials.get(name)) for name in METRICS}


def _mean_figures(
    positive: FloatArray, scores: FloatArray, limits: FloatArray, weights: FloatArray
) -> dict[str, FloatArray]:
    """Return the mean of each figure over the parts, shape (weightings,)."""
    found = []
    for part, limit in zip(scores, limits, strict=True):
        there = ~np.isnan(part)
        seen = {"threshold": limit[there], "weights": weights[:, there]}
        found.append(figures(positive[there], part[there], **seen))
    return {name: np.mean([one[name] for one in found], axis=0) for name in METRICS}


def _patients_concerned(
    positive: FloatArray, scores: FloatArray, limits: FloatArray, patient_of_row: npt.NDArray[np.intp]
) -> dict[str, int]:
    """Return for each proportion how many patients have a row, in any part, that it is one of."""
    found: dict[str, set[int]] = {}
    for part, limit in zip(scores, limits, strict=True):
        there = ~np.isnan(part)
        called = (part[there] >= limit[there]).astype(np.float64)
        for name, rows in concerned(positive[there], called).items():
            found.setdefault(name, set()).update(patient_of_row[there][rows].tolist())
    return {name: len(patients) for name, patients in found.items()}


def _figure(value: float, drawn: FloatArray, level: float, trials: int | None) -> Figure:
    defined = drawn[~np.isnan(drawn)]
    undefined = len(drawn) - len(defined)
    if 2 * len(defined) <= len(drawn):  # an interval of the few that are defined would look too sure
        return Figure(value, np.nan, np.nan, undefined)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    if defined.min() == defined.max():
        low, high = exact_interval(value, trials, level) if trials else (np.nan, np.nan)
    return Figure(value, float(low), float(high), undefined)


def exact_interval(proportion: float, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a proportion of 0 or 1 (Clopper and Pearson 1934); NaN of any other."""
    far = ((1 - level) / 2) ** (1 / trials)
    if proportion == 1:
        return far, 1.0
    return (0.0, 1 - far) if proportion == 0 else (np.nan, np.nan)
