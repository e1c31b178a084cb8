"""Does a probability mean what it says? Intercept, slope, curves and the Brier score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logit as log_odds

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.arrays import (
    checked_probability,
    patient_numbers,
    ratio,
    weight_table,
)
from radiomics_screen.modelling.statistics.isotonic import pooled_neighbours
from radiomics_screen.modelling.statistics.logistic import offset_fit, slope_fit
from radiomics_screen.modelling.statistics.proportions import proportion

#: Probabilities nearer to 0 or 1 than this are moved there before their logit is taken.
LIMIT = 1e-6
_LEAST_BINS = 2


@dataclass(frozen=True)
class CalibrationBins:
    """Observed parts of positives in bins of about as many rows each.

    Attributes
    ----------
    predicted, observed
        Mean probability and part of positives, shape (bins,).
    low, high
        Interval of the part observed (Wilson's; of patients with the effective number of rows).
    rows
        Rows in each bin.
    """

    predicted: FloatArray
    observed: FloatArray
    low: FloatArray
    high: FloatArray
    rows: npt.NDArray[np.int64]


def logit(probability: npt.ArrayLike, limit: float = LIMIT) -> FloatArray:
    """Return log(p / (1 - p)), of probabilities moved into `limit` to 1 - `limit`."""
    return log_odds(np.clip(np.asarray(probability, np.float64), limit, 1 - limit))


def calibration_figures(
    outcome: npt.ArrayLike,
    probability: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    bins: int = 10,
    limit: float = LIMIT,
) -> dict[str, FloatArray]:
    """Return figures of calibration for each weighting of the rows.

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    probability
        Shape (rows,).
    weights
        Shape (weightings, rows); without them, one weighting of ones.
    bins
        Of the expected calibration error.
    limit
        See :data:`LIMIT`.

    Returns
    -------
    dict
        Values of shape (weightings,):

        - "intercept_in_the_large": a of logit P(1) = a + logit(p); below 0 where probabilities are too
          high on the whole. NaN without rows of both classes.
        - "slope", "intercept": b and a of logit P(1) = a + b logit(p) by maximum likelihood; a slope
          below 1 means that probabilities are too extreme, as after over-fitting (Cox 1958, Biometrika
          45:562; Van Calster et al. 2019, BMC Med 17:230). NaN without rows of both classes, of equal
          probabilities, and where a threshold parts the classes (the maximum lies at infinity).
        - "observed_to_expected": positives over the sum of probabilities; NaN where that is 0.
        - "brier": mean squared error. "scaled_brier": 1 less its ratio to that of giving everyone the
          part of positives (Steyerberg et al. 2010, Epidemiology 21:128); NaN with one class only.
        - "ece": expected calibration error (Naeini, Cooper and Hauskrecht 2015): the mean, over bins,
          of |part of positives - mean probability|, weighted by rows. Bins hold about as many rows
          each, and equal probabilities stay together; they are those of the unweighted rows. It is
          never 0 in a sample, even of true probabilities, and depends on the bins.
    """
    positive, p = checked_probability(outcome, probability)
    w = weight_table(weights, len(p))
    x = logit(p, limit)
    intercept, slope = slope_fit(x, positive, w)
    total, expected, events, squared = (
        w @ np.stack([np.ones_like(p), p, positive, (p - positive) ** 2], 1)
    ).T
    brier, share = ratio(squared, total), ratio(events, total)
    spread = share * (1 - share)
    member = np.eye(bins)[_bin_of(p, bins)] if len(p) else np.empty((0, bins))
    gaps = np.abs(w @ (member * (positive - p)[:, np.newaxis])).sum(axis=1)
    return {
        "intercept_in_the_large": offset_fit(x, positive, w),
        "slope": slope,
        "intercept": intercept,
        "observed_to_expected": ratio(events, expected),
        "brier": brier,
        "scaled_brier": 1 - ratio(brier, spread),
        "ece": ratio(gaps, total),
    }


def calibration_bins(
    outcome: npt.ArrayLike,
    probability: npt.ArrayLike,
    patients: npt.ArrayLike | None = None,
    *,
    bins: int = 10,
    level: float = 0.95,
) -> CalibrationBins:
    """Return the calibration curve in bins of about as many rows each.

    Equal probabilities share a bin, so there may be fewer bins than asked for, of unequal size.

    Parameters
    ----------
    outcome, probability
        1 or 0, and a probability; shape (rows,).
    patients
        Patient of each row; without them, rows are independent.
    bins
        How many, at most.
    level
        Of the intervals.
    """
    positive, p = checked_probability(outcome, probability)
    patient, bin_of = patient_numbers(patients, len(p)), _bin_of(p, bins)
    used = np.unique(bin_of)
    parts = [proportion(positive[bin_of == one], patient[bin_of == one], level=level) for one in used]
    return CalibrationBins(
        predicted=np.array([p[bin_of == one].mean() for one in used]),
        observed=np.array([part.value for part in parts]),
        low=np.array([part.low for part in parts]),
        high=np.array([part.high for part in parts]),
        rows=np.array([part.trials for part in parts], dtype=np.int64),
    )


def _bin_of(probability: FloatArray, bins: int) -> npt.NDArray[np.intp]:
    """Return the bin of each row, by the place of its probability in the order, equal ones together."""
    if bins < _LEAST_BINS:
        raise ModelError(f"calibration in {bins} bins: give at least {_LEAST_BINS}")
    ordered = np.sort(probability)
    lower = np.searchsorted(ordered, probability, side="left")
    upper = np.searchsorted(ordered, probability, side="right")
    return (lower + upper) * bins // (2 * max(1, len(ordered)))


def calibration_curve(
    outcome: npt.ArrayLike,
    probability: npt.ArrayLike,
    grid: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    span: float = 0.75,
) -> FloatArray:
    """Return the part of positives as a smooth function of the probability.

    Local linear regression with tricube weights over the nearest `span` of the rows (lowess without
    robustness rounds, which outcomes of 0 and 1 forbid: Austin and Steyerberg 2014, Stat Med 33:517),
    cut off at 0 and 1. The width of each neighbourhood is that of the unweighted rows. Where its rows
    have one probability only, it is their mean.

    Parameters
    ----------
    outcome, probability
        1 or 0, and a probability; shape (rows,), at least one row.
    grid
        Where the curve is wanted; shape (points,). Outside the range of `probability` it is extrapolated.
    weights
        Shape (weightings, rows).
    span
        Part of the rows in a neighbourhood, above 0, at most 1.

    Returns
    -------
    Floats
        Shape (weightings, points); NaN where a neighbourhood has no weight.
    """
    if not 0 < span <= 1:
        raise ModelError(f"the span of a smooth curve is {span:g}: it has to be above 0 and at most 1")
    positive, p = checked_probability(outcome, probability)
    if len(p) == 0:
        raise ModelError("there are no rows to draw a calibration curve of")
    w = weight_table(weights, len(p))
    offset = p[:, np.newaxis] - np.asarray(grid, dtype=np.float64)
    near = np.partition(np.abs(offset), _place(span, len(p)), axis=0)[_place(span, len(p))]
    kernel = np.clip(1 - (np.abs(offset) / np.maximum(near * (1 + 1e-9), 1e-12)) ** 3, 0, None) ** 3
    y = positive[:, np.newaxis]
    s0, s1, s2 = (w @ (kernel * offset**power) for power in (0, 1, 2))
    t0, t1 = w @ (kernel * y), w @ (kernel * offset * y)
    spread = s0 * s2 - s1**2
    level = ratio(t0, s0)
    solvable = spread > 1e-10 * s0 * s2
    line = np.divide(s2 * t0 - s1 * t1, spread, out=level.copy(), where=solvable)
    return np.clip(line, 0, 1)


def _place(span: float, rows: int) -> int:
    return min(rows - 1, max(1, int(np.ceil(span * rows)) - 1))


def integrated_calibration_index(
    outcome: npt.ArrayLike,
    probability: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    span: float = 0.75,
) -> FloatArray:
    """Return the mean distance between each row's probability and the smooth calibration curve.

    Austin and Steyerberg 2019, Stat Med 38:4051. The curve is computed at 101 places between the
    lowest and the highest probability and joined by lines. Shape (weightings,).
    """
    _, p = checked_probability(outcome, probability)
    w = weight_table(weights, len(p))
    grid = np.unique(np.quantile(p, np.linspace(0, 1, 101)))
    curves = calibration_curve(outcome, p, grid, w, span=span)
    distance = np.stack([np.abs(np.interp(p, grid, curve) - p) for curve in curves])
    return ratio(np.sum(w * distance, axis=1), w.sum(axis=1))


def brier_decomposition(
    outcome: npt.ArrayLike, probability: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> dict[str, float]:
    """Return the Brier score as miscalibration - discrimination + uncertainty.

    Against the isotonic regression of the outcome on the probability (CORP: Dimitriadis, Gneiting and
    Jordan 2021, PNAS 118:e2016191118): the three parts add up exactly and need no choice of bins, unlike
    Murphy's (1973) in bins. Miscalibration and discrimination are never below 0; both grow a little with
    noise in small samples.

    Parameters
    ----------
    outcome, probability
        1 or 0, and a probability; shape (rows,), at least one row.
    weights
        Shape (rows,).
    """
    positive, p = checked_probability(outcome, probability)
    w = np.ones(len(p)) if weights is None else np.asarray(weights, dtype=np.float64)
    values, fitted = pooled_neighbours(p, positive, w)
    recalibrated = fitted[np.searchsorted(values, p)]
    prevalence = np.average(positive, weights=w)
    brier, best, uncertainty = (
        float(np.average((forecast - positive) ** 2, weights=w)) for forecast in (p, recalibrated, prevalence)
    )
    return {
        "brier": brier,
        "miscalibration": brier - best,
        "discrimination": uncertainty - best,
        "uncertainty": uncertainty,
    }
