"""Where to put the threshold, and what a model does there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.arrays import (
    checked,
    checked_level,
    counts_at_scores,
    patient_numbers,
    ratio,
    weight_table,
)
from radiomics_screen.modelling.statistics.metrics import concerned
from radiomics_screen.modelling.statistics.proportions import Proportion, proportion

_ROUNDING = 1e-9  # a part this near to the one asked for reaches it


@dataclass(frozen=True)
class LikelihoodRatio:
    """How much more often a call is made in positive rows than in negative ones, with its interval.

    Attributes
    ----------
    value
        Infinite where only positive rows get the call; NaN where no row does or a class is missing.
    low, high
        Ends of the interval; NaN where there is none.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class OperatingPoint:
    """What a model does at a threshold.

    Attributes
    ----------
    threshold
        A row is called positive where its score is at or above it.
    tp, fp, tn, fn
        Numbers of rows.
    proportions
        "sensitivity", "specificity", "ppv", "npv" and "accuracy".
    positive_ratio, negative_ratio
        Likelihood ratio of a positive and of a negative call.

    PPV, NPV and accuracy hold for a population with these rows' part of positives only.
    """

    threshold: float
    tp: int
    fp: int
    tn: int
    fn: int
    proportions: dict[str, Proportion]
    positive_ratio: LikelihoodRatio
    negative_ratio: LikelihoodRatio


def threshold_at_sensitivity(
    outcome: npt.ArrayLike, score: npt.ArrayLike, sensitivity: float, weights: npt.ArrayLike | None = None
) -> FloatArray:
    """Return the largest threshold whose sensitivity on these rows is at least as asked.

    It is the score of a positive row. On new rows the sensitivity will be about that, neither at
    least nor surely so.

    Parameters
    ----------
    outcome, score
        1 or 0, and the score; shape (rows,).
    sensitivity
        Above 0, at most 1.
    weights
        Shape (weightings, rows).

    Returns
    -------
    Floats
        Shape (weightings,); NaN without positive rows.
    """
    _check_part("sensitivity", sensitivity)
    positive, scores = checked(outcome, score)
    w = weight_table(weights, len(scores))
    thresholds, true, _ = _counts(positive, scores, w)
    return _first(true, sensitivity, thresholds)


def threshold_at_specificity(
    outcome: npt.ArrayLike, score: npt.ArrayLike, specificity: float, weights: npt.ArrayLike | None = None
) -> FloatArray:
    """Return the smallest score that, as the threshold, has at least the specificity asked for.

    Where no score has, it is the next number above the highest score: nothing is called positive.
    Parameters are as for :func:`threshold_at_sensitivity`; NaN without negative rows.
    """
    _check_part("specificity", specificity)
    positive, scores = checked(outcome, score)
    w = weight_table(weights, len(scores))
    thresholds, _, false = _counts(positive, scores, w)
    steps = np.r_[np.nextafter(thresholds[:1], np.inf), thresholds]
    return _last(false, specificity, steps)


def sensitivity_at_specificity(
    outcome: npt.ArrayLike, score: npt.ArrayLike, specificity: float, weights: npt.ArrayLike | None = None
) -> FloatArray:
    """Return the best sensitivity of all thresholds with at least this specificity.

    Read from the steps of the empirical ROC curve, without interpolation: a threshold that does so
    exists. The threshold is chosen on the rows it is judged by, again in every weighting, so the figure
    describes the curve, not a threshold set before.

    Parameters
    ----------
    outcome, score, specificity, weights
        See :func:`threshold_at_specificity`.

    Returns
    -------
    Floats
        Shape (weightings,); NaN without rows of both classes.
    """
    _check_part("specificity", specificity)
    positive, scores = checked(outcome, score)
    _, true, false = _counts(positive, scores, weight_table(weights, len(scores)))
    parts = ratio(np.pad(true, ((0, 0), (1, 0))), true[:, -1:])
    return _last(false, specificity, parts)


def specificity_at_sensitivity(
    outcome: npt.ArrayLike, score: npt.ArrayLike, sensitivity: float, weights: npt.ArrayLike | None = None
) -> FloatArray:
    """Return the best specificity of all thresholds with at least this sensitivity.

    As :func:`sensitivity_at_specificity`, the other way round.
    """
    _check_part("sensitivity", sensitivity)
    positive, scores = checked(outcome, score)
    _, true, false = _counts(positive, scores, weight_table(weights, len(scores)))
    return _first(true, sensitivity, 1 - ratio(false, false[:, -1:]))


def youden_threshold(
    outcome: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return the threshold with the greatest sensitivity + specificity - 1, and that index.

    Of several such thresholds, the smallest: the most sensitive one. The index is too good for new
    rows, as it was searched for (Youden 1950, Cancer 3:32; Perkins and Schisterman 2006).

    Returns
    -------
    tuple
        Thresholds and indices, shape (weightings,); NaN without rows of both classes.
    """
    positive, scores = checked(outcome, score)
    thresholds, true, false = _counts(positive, scores, weight_table(weights, len(scores)))
    index = ratio(true, true[:, -1:]) - ratio(false, false[:, -1:])
    undefined = np.isnan(index[:, -1])
    best = np.where(undefined, np.nan, np.max(np.where(np.isnan(index), -np.inf, index), axis=1))
    reached = index >= best[:, np.newaxis] - _ROUNDING
    last = reached.shape[1] - 1 - np.argmax(reached[:, ::-1], axis=1)
    return np.where(undefined, np.nan, thresholds[last]), best


def operating_point(
    outcome: npt.ArrayLike,
    score: npt.ArrayLike,
    threshold: float,
    patients: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
) -> OperatingPoint:
    """Return what a model does at a threshold that was fixed beforehand, with intervals.

    Proportions have Wilson's interval, of patients with the effective number of rows
    (:func:`~radiomics_screen.modelling.statistics.proportions.proportion`). Likelihood ratios have
    the interval of the logarithm (Simel, Samsa and Matchar 1991, J Clin Epidemiol 44:763) with the same
    effective numbers, and none where a ratio is 0 or infinite. For a bootstrap:
    :func:`radiomics_screen.modelling.statistics.metrics.figures` and :func:`likelihood_ratios`.

    Parameters
    ----------
    outcome, score
        1 or 0, and the score; shape (rows,).
    threshold
        A row is called positive where its score is at or above it.
    patients
        Patient of each row; without them, rows are independent.
    level
        Of the intervals.
    """
    positive, scores = checked(outcome, score)
    called = (scores >= threshold).astype(np.float64)
    patient = patient_numbers(patients, len(scores))
    right = {"sensitivity": called, "specificity": 1 - called, "ppv": positive, "npv": 1 - positive}
    right["accuracy"] = (called == positive).astype(np.float64)
    rows_of = concerned(positive, called)
    found = {
        name: proportion(hit[rows_of[name]], patient[rows_of[name]], level=level)
        for name, hit in right.items()
    }
    tp, fp = int(np.sum(positive * called)), int(np.sum((1 - positive) * called))
    negatives, positives = int(np.sum(1 - positive)), int(np.sum(positive))
    sensitivity, specificity = found["sensitivity"], found["specificity"]
    return OperatingPoint(
        float(threshold),
        tp,
        fp,
        negatives - fp,
        positives - tp,
        found,
        _likelihood_ratio(sensitivity.value, 1 - specificity.value, sensitivity, specificity, level),
        _likelihood_ratio(1 - sensitivity.value, specificity.value, sensitivity, specificity, level),
    )


def likelihood_ratios(
    sensitivity: npt.ArrayLike, specificity: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Return the likelihood ratio of a positive and of a negative call.

    Sensitivity / (1 - specificity) and (1 - sensitivity) / specificity, of any shape: infinite where
    only the denominator is 0, NaN where both are, or a part is undefined.
    """
    sens, spec = np.broadcast_arrays(np.asarray(sensitivity, np.float64), np.asarray(specificity, np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        return sens / (1 - spec), (1 - sens) / spec


def _likelihood_ratio(
    part: float, other: float, of_positive: Proportion, of_negative: Proportion, level: float
) -> LikelihoodRatio:
    """Return part / other, both proportions: of the positive and of the negative rows."""
    z = float(ndtri((1 + checked_level(level)) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(np.float64(part) / np.float64(other))
    if not np.isfinite(value) or value == 0:
        return LikelihoodRatio(value, np.nan, np.nan)
    spread = (1 - part) / (part * of_positive.effective) + (1 - other) / (other * of_negative.effective)
    if spread == 0:
        return LikelihoodRatio(value, np.nan, np.nan)
    reach = z * np.sqrt(spread)
    return LikelihoodRatio(value, float(value * np.exp(-reach)), float(value * np.exp(reach)))


def _check_part(name: str, part: float) -> None:
    if not 0 < part <= 1:
        raise ModelError(f"the {name} asked for is {part:g}: it has to be above 0 and at most 1")


def _counts(
    positive: FloatArray, scores: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    if len(scores) == 0:
        raise ModelError("there are no rows to choose a threshold on")
    return counts_at_scores(positive, scores, weights)


def _first(true: FloatArray, sensitivity: float, values: FloatArray) -> FloatArray:
    """Return the value at the first threshold that reaches the sensitivity, shape (weightings,)."""
    total = true[:, -1:]
    at = np.argmax(true >= (sensitivity - _ROUNDING) * total, axis=1)
    found = values[at] if values.ndim == 1 else values[np.arange(len(true)), at]
    return np.where(total[:, 0] > 0, found, np.nan)


def _last(false: FloatArray, specificity: float, values: FloatArray) -> FloatArray:
    """Return the value at the last step that keeps the specificity; the first step calls nothing."""
    total = false[:, -1:]
    kept = np.sum(false <= (1 - specificity + _ROUNDING) * total, axis=1)  # `false` never falls
    found = values[kept] if values.ndim == 1 else values[np.arange(len(false)), kept]
    return np.where(total[:, 0] > 0, found, np.nan)
