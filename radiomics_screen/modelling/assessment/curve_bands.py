"""Curves with bands: means over several repeats, all drawn with the same patients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from radiomics_screen.core.arrays import FloatArray, IndexArray
from radiomics_screen.modelling.assessment.json_values import plain
from radiomics_screen.modelling.assessment.performance_types import (
    CalibrationCurve,
    CalibrationPoints,
    Curve,
    Curves,
    DecisionCurve,
    Distribution,
)
from radiomics_screen.modelling.statistics.arrays import counts_at_scores, ratio
from radiomics_screen.modelling.statistics.calibration import calibration_bins, calibration_curve
from radiomics_screen.modelling.statistics.decision import THRESHOLDS, net_benefit
from radiomics_screen.modelling.statistics.resampling import percentile_interval, resampled

LEVEL = 0.95
_PLACES = np.linspace(0, 1, 101)
_BINS, _BARS = 10, 20
_MOST_OF_SMOOTH = 500  # resamples of the smooth calibration curve, which takes longest

Read = Callable[
    [FloatArray, FloatArray], FloatArray
]  # (one repeat's probabilities, weights) -> values per weighting


def mean_of(read: Read, scores: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Return what takes weights and gives the mean over the repeats of what `read` finds."""
    return lambda weights: np.mean([read(one, weights) for one in scores], axis=0)


def with_interval(
    compute: Callable[[FloatArray], FloatArray], patient: IndexArray, resamples: int, seed: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the values here, those in the resamples, and the ends of their percentile interval."""
    (here,) = compute(np.ones((1, len(patient))))
    drawn = resampled(compute, patient, resamples=resamples, seed=seed)
    return here, drawn, *percentile_interval(drawn, LEVEL)


def curves_of(
    positive: FloatArray, scores: FloatArray, patient: IndexArray, resamples: int, seed: int
) -> Curves:
    """Return the curves with their bands, each None where a class is missing.

    Definitions are those of :mod:`radiomics_screen.modelling.statistics`.

    Parameters
    ----------
    positive
        1 or 0, shape (rows,).
    scores
        Probabilities, shape (repeats, rows).
    patient
        Number of the patient of each row.
    resamples, seed
        Of the bootstrap.
    """
    if not 0 < positive.sum() < len(positive):
        return Curves()

    def banded(read: Read) -> Curve:
        here, _, low, high = with_interval(mean_of(read, scores), patient, resamples, seed)
        return Curve(*map(_numbers, (_PLACES, here, low, high)))

    return Curves(
        roc=banded(_roc(positive)),
        precision_recall=banded(_precision_recall(positive)),
        decision=_decision(positive, scores, patient, resamples, seed),
        calibration=_calibration(positive, scores, patient, min(resamples, _MOST_OF_SMOOTH), seed),
    )


def _roc(positive: FloatArray) -> Read:
    def read(score: FloatArray, weights: FloatArray) -> FloatArray:
        _, true, false = counts_at_scores(positive, score, weights)
        rates = zip(ratio(false, false[:, -1:]), ratio(true, true[:, -1:]), strict=True)
        return np.stack([np.interp(_PLACES, np.r_[0.0, x], np.r_[0.0, y]) for x, y in rates])

    return read


def _precision_recall(positive: FloatArray) -> Read:
    places = np.maximum(_PLACES - 1e-9, 1e-12)

    def read(score: FloatArray, weights: FloatArray) -> FloatArray:
        _, true, false = counts_at_scores(positive, score, weights)
        recall, precision = ratio(true, true[:, -1:]), ratio(true, true + false)
        found = np.full((len(weights), len(places)), np.nan)
        for number in np.flatnonzero(true[:, -1] > 0):
            found[number] = precision[number, np.searchsorted(recall[number], places)]
        return found

    return read


def _decision(
    positive: FloatArray, scores: FloatArray, patient: IndexArray, resamples: int, seed: int
) -> DecisionCurve:
    thresholds = np.array(THRESHOLDS)
    count = len(thresholds)

    def read(score: FloatArray, weights: FloatArray) -> FloatArray:
        return np.concatenate(net_benefit(positive, score, thresholds, weights), axis=1)

    here, _, low, high = with_interval(mean_of(read, scores), patient, resamples, seed)
    return DecisionCurve(
        x=_numbers(thresholds),
        y=_numbers(here[:count]),
        low=_numbers(low[:count]),
        high=_numbers(high[:count]),
        treat_all=_numbers(here[count:]),
        prevalence=float(positive.mean()),
    )


def _calibration(
    positive: FloatArray, scores: FloatArray, patient: IndexArray, resamples: int, seed: int
) -> CalibrationCurve:
    """Return bins over the rows of all repeats, and the smooth curve between their outer hundredths."""
    repeats = len(scores)
    bins = calibration_bins(np.tile(positive, repeats), scores.ravel(), np.tile(patient, repeats), bins=_BINS)
    low_end, high_end = np.quantile(scores, [0.01, 0.99])
    places = np.linspace(low_end, high_end, 41)

    def read(score: FloatArray, weights: FloatArray) -> FloatArray:
        return calibration_curve(positive, score, places, weights)

    here, _, low, high = with_interval(mean_of(read, scores), patient, resamples, seed)
    points = CalibrationPoints(**{name: _numbers(values) for name, values in vars(bins).items()})
    return CalibrationCurve(points, *map(_numbers, (places, here, low, high)))


def distribution_of(positive: FloatArray, scores: FloatArray) -> Distribution:
    """Return edges of bars, and the rows of each class between them.

    Of several repeats they are means.
    """
    edges = np.linspace(0, 1, _BARS + 1)
    of = {"positives": scores[:, positive > 0], "negatives": scores[:, positive == 0]}
    rows = {name: _numbers(np.histogram(p, edges)[0] / len(scores)) for name, p in of.items()}
    return Distribution(_numbers(edges), **rows)


def _numbers(values: FloatArray | IndexArray) -> tuple[Any, ...]:
    """Return numbers of Python, None for what is not finite."""
    return tuple(plain(values))
