"""ROC and precision-recall curves for drawing, with pointwise bands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radiomics_screen.core.arrays import FloatArray, IndexArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.arrays import (
    checked,
    counts_at_scores,
    patient_numbers,
    ratio,
)
from radiomics_screen.modelling.statistics.resampling import percentile_interval, resampled

#: Places on the horizontal axis at which bands are computed.
GRID = tuple(float(value) for value in np.linspace(0, 1, 101))


@dataclass(frozen=True)
class Curve:
    """A curve, from the highest threshold to the lowest.

    Attributes
    ----------
    x, y
        False positive rate and sensitivity, or recall and precision; shape (points,).
    thresholds
        A row at or above it is called positive; the first point of a ROC curve has infinity.
    area
        AUC, or average precision: as in :mod:`radiomics_screen.modelling.statistics.metrics`.
    """

    x: FloatArray
    y: FloatArray
    thresholds: FloatArray
    area: float


@dataclass(frozen=True)
class Band:
    """A curve read at fixed places, with the interval there; each of shape (places,).

    It holds at each place for itself, not for the whole curve.
    """

    x: FloatArray
    y: FloatArray
    low: FloatArray
    high: FloatArray


def roc_curve(outcome: npt.ArrayLike, score: npt.ArrayLike) -> Curve:
    """Return the empirical ROC curve, one point for each different score and the one at (0, 0).

    Joined by straight lines the area under it is the AUC that counts ties half.

    Raises
    ------
    ModelError
        Without rows of both classes.
    """
    positive, scores = _two_classes(outcome, score)
    thresholds, true, false = counts_at_scores(positive, scores, np.ones((1, len(scores))))
    x, y = np.r_[0.0, false[0] / false[0, -1]], np.r_[0.0, true[0] / true[0, -1]]
    area = float(np.sum(np.diff(x) * (y[1:] + y[:-1])) / 2)
    return Curve(x, y, np.r_[np.inf, thresholds], area)


def precision_recall_curve(outcome: npt.ArrayLike, score: npt.ArrayLike) -> Curve:
    """Return recall and precision, one point for each different score.

    Draw it as steps: from one point to the next, precision is that of the next. Straight lines between
    points would promise too much (Davis and Goadrich 2006). The area under the steps is the average
    precision.

    Raises
    ------
    ModelError
        Without rows of both classes.
    """
    positive, scores = _two_classes(outcome, score)
    thresholds, true, false = counts_at_scores(positive, scores, np.ones((1, len(scores))))
    recall, precision = true[0] / true[0, -1], true[0] / (true[0] + false[0])
    return Curve(recall, precision, thresholds, float(np.sum(np.diff(recall, prepend=0.0) * precision)))


def roc_band(
    outcome: npt.ArrayLike,
    score: npt.ArrayLike,
    patients: npt.ArrayLike | None = None,
    *,
    places: npt.ArrayLike = GRID,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Band:
    """Return the sensitivity at each false positive rate, with the band of a bootstrap over patients.

    Vertical averaging: each resample's curve is read at the same false positive rates (Fawcett 2006,
    Pattern Recognit Lett 27:861). On a vertical step the upper end counts.

    Parameters
    ----------
    outcome, score
        1 or 0, and the score; shape (rows,).
    patients
        Patient of each row; without them, rows are independent.
    places
        False positive rates, rising from 0 to 1.
    resamples, level, seed
        Of the bootstrap. Resamples with one class only have no curve and are left out.

    Raises
    ------
    ModelError
        Without rows of both classes.
    """
    at = np.asarray(places, dtype=np.float64)
    positive, scores = _two_classes(outcome, score)

    def read(weights: FloatArray) -> FloatArray:
        _, true, false = counts_at_scores(positive, scores, weights)
        x, y = ratio(false, false[:, -1:]), ratio(true, true[:, -1:])
        return np.stack(
            [np.interp(at, np.r_[0.0, one], np.r_[0.0, two]) for one, two in zip(x, y, strict=True)]
        )

    return _band(read, at, patient_numbers(patients, len(scores)), resamples, level, seed)


def precision_recall_band(
    outcome: npt.ArrayLike,
    score: npt.ArrayLike,
    patients: npt.ArrayLike | None = None,
    *,
    places: npt.ArrayLike = GRID,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Band:
    """Return the precision at each recall, with the band of a bootstrap over patients.

    The precision of the highest threshold with at least that recall; at a recall of 0, that of the
    highest score of a positive row. Parameters and errors are those of :func:`roc_band`.
    """
    at = np.asarray(places, dtype=np.float64)
    positive, scores = _two_classes(outcome, score)

    def read(weights: FloatArray) -> FloatArray:
        _, true, false = counts_at_scores(positive, scores, weights)
        recall, precision = ratio(true, true[:, -1:]), ratio(true, true + false)
        found = np.full((len(weights), len(at)), np.nan)
        for number in np.flatnonzero((true[:, -1] > 0) & (false[:, -1] > 0)):
            reached = np.searchsorted(recall[number], np.maximum(at - 1e-9, 1e-12))
            found[number] = precision[number, reached]
        return found

    return _band(read, at, patient_numbers(patients, len(scores)), resamples, level, seed)


def _band(
    read: Callable[[FloatArray], FloatArray],
    at: FloatArray,
    patients: IndexArray,
    resamples: int,
    level: float,
    seed: int,
) -> Band:
    (here,) = read(np.ones((1, len(patients))))
    low, high = percentile_interval(resampled(read, patients, resamples=resamples, seed=seed), level)
    return Band(at, here, low, high)


def _two_classes(outcome: npt.ArrayLike, score: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    positive, scores = checked(outcome, score)
    if len(np.unique(positive)) < 2:
        raise ModelError("a curve needs rows of both classes")
    return positive, scores
