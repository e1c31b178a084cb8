"""Several models, several tests: differences on the same draws, and correction for many p-values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.arrays import checked_probability, patient_numbers
from radiomics_screen.modelling.statistics.metrics import METRICS, figures
from radiomics_screen.modelling.statistics.resampling import percentile_interval, resampled


@dataclass(frozen=True)
class Difference:
    """First model's figure less the second's, with its interval.

    Attributes
    ----------
    first, second, difference
        NaN where a figure has no value.
    low, high
        NaN where half of the resamples have no value, or all agree (then they say nothing about how sure
        the difference is).
    """

    first: float
    second: float
    difference: float
    low: float
    high: float


def figure_differences(
    outcome: npt.ArrayLike,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    patients: npt.ArrayLike | None = None,
    *,
    thresholds: tuple[float, float] = (0.5, 0.5),
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Difference]:
    """Return the difference of every figure between two models of the same rows.

    Both are computed in the same draws of patients, so what they share cancels out: far narrower than
    comparing two intervals.

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    first, second
        Probabilities of the two models, shape (rows,).
    patients
        Patient of each row; without them, rows are independent.
    thresholds
        Of the first and the second model.
    resamples, level, seed
        Of the bootstrap.
    """
    positive, one = checked_probability(outcome, first)
    _, two = checked_probability(outcome, second)

    def compute(weights: FloatArray) -> FloatArray:
        pair = [
            figures(positive, p, threshold=threshold, weights=weights)
            for p, threshold in zip((one, two), thresholds, strict=True)
        ]
        return np.stack([[found[name] for name in METRICS] for found in pair]).transpose(2, 0, 1)

    ((at_first, at_second),) = compute(np.ones((1, len(positive))))
    drawn = resampled(compute, patient_numbers(patients, len(positive)), resamples=resamples, seed=seed)
    gaps = drawn[:, 0] - drawn[:, 1]
    low, high = percentile_interval(gaps, level)
    agree = high == low
    low, high = np.where(agree, np.nan, low), np.where(agree, np.nan, high)
    columns = (at_first, at_second, at_first - at_second, low, high)
    return {name: Difference(*(float(column[i]) for column in columns)) for i, name in enumerate(METRICS)}


def holm(p_values: npt.ArrayLike) -> FloatArray:
    """Return p-values corrected for their number, so that any false alarm is as rare as the level.

    The i-th smallest of m is multiplied by m + 1 - i and is at least the one before (Holm 1979, Scand J
    Stat 6:65). Valid however the tests depend on each other.

    Parameters
    ----------
    p_values
        Shape (tests,). NaN (no test was possible) stays NaN and does not count.

    Raises
    ------
    ModelError
        If a p-value is not within 0 to 1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if np.any((p < 0) | (p > 1)):
        raise ModelError("a p-value does not lie in 0 to 1")
    there = np.flatnonzero(~np.isnan(p))
    order = there[np.argsort(p[there], kind="stable")]
    found = np.full(p.shape, np.nan)
    found[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)), 1.0)
    return found
