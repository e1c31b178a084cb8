"""Bootstrap over patients of anything that takes weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from radiomics_screen.core.arrays import FloatArray, IndexArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.arrays import checked_level

_CELLS_AT_ONCE = 2**18  # weights held at a time: small enough for the processor's cache


def patient_weights(patients: IndexArray, resamples: int, seed: int) -> Iterator[FloatArray]:
    """Yield how often each row is drawn, in pieces of shape (some resamples, rows).

    As many patients as there are get drawn with replacement, each with all of its rows. The same
    seed gives the same draws, so figures of several models can be compared draw by draw.

    Parameters
    ----------
    patients
        Patient of each row as a number from 0 on, without gaps; shape (rows,).
    resamples
        How often patients are drawn.
    seed
        Of the draws.
    """
    if resamples < 1 or len(patients) == 0:
        raise ModelError(f"a bootstrap needs rows and resamples; got {len(patients)} and {resamples}")
    count = int(patients.max()) + 1
    chances = np.full(count, 1 / count)
    random = np.random.default_rng(seed)
    at_once = max(1, _CELLS_AT_ONCE // len(patients))
    for start in range(0, resamples, at_once):
        drawn = random.multinomial(count, chances, size=min(at_once, resamples - start))
        yield drawn[:, patients].astype(np.float64)


def resampled(
    compute: Callable[[FloatArray], FloatArray], patients: IndexArray, *, resamples: int = 2000, seed: int = 0
) -> FloatArray:
    """Return what `compute` finds in each resample of the patients.

    Parameters
    ----------
    compute
        Takes weights, shape (weightings, rows); returns values, shape (weightings, ...).
    patients, resamples, seed
        See :func:`patient_weights`.

    Returns
    -------
    Floats
        Shape (resamples, ...).
    """
    return np.concatenate([compute(weights) for weights in patient_weights(patients, resamples, seed)])


def percentile_interval(drawn: FloatArray, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Return the quantiles that hold the middle `level` of the resamples (Efron and Tibshirani 1993, ch. 13).

    Parameters
    ----------
    drawn
        Values of each resample, shape (resamples, ...); NaN where one has no value.
    level
        Part of the resamples that the interval holds.

    Returns
    -------
    tuple
        Lower and upper ends, shape (...). NaN where half of the resamples or more have no value: an
        interval of the rest would look too sure.
    """
    missing = np.isnan(drawn)
    few = 2 * np.sum(missing, axis=0) >= len(drawn)
    usable = np.where(few, 0.0, drawn)
    chances = [(1 - checked_level(level)) / 2, (1 + level) / 2]
    low, high = (np.nanquantile if missing.any() else np.quantile)(usable, chances, axis=0)
    return np.where(few, np.nan, low), np.where(few, np.nan, high)
