"""How sure a figure is: bootstrap intervals that draw patients, not rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from radiomics_screen.modelling.metrics import METRICS, Floats, figures

_CELLS_AT_ONCE = 2**18  # weights held at a time: small enough for the processor's cache


@dataclass(frozen=True)
class Figure:
    """A figure with its interval.

    Attributes
    ----------
    value
        On the rows as they are; NaN where the definition has no value.
    low, high
        Ends of the interval; NaN where no resample has a value.
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
    threshold: float = 0.5,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Figure]:
    """Return every figure with the percentile interval of a patient-level bootstrap.

    As many patients as there are get drawn with replacement, each with all of its rows, and the
    figures are computed again; the interval runs between the quantiles of the results (Efron and
    Tibshirani 1993, chapter 13; drawing clusters: Field and Welsh 2007). Rows of one patient
    resemble each other, so drawing rows would give intervals that are too narrow.

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    probabilities
        Shape (repeats, rows). A figure is the mean over the repeats of a cross-validation; all
        repeats are weighted with the same drawn patients.
    patients
        Which patient a row belongs to, shape (rows,).
    threshold
        See :func:`radiomics_screen.modelling.metrics.figures`.
    resamples
        How often patients are drawn.
    level
        Part of the resamples that the interval covers.
    seed
        Of the draws.
    """
    scores = np.atleast_2d(np.asarray(probabilities, dtype=np.float64))
    drawn = {name: np.empty(resamples) for name in METRICS}
    at = 0
    for weights in _patient_weights(np.asarray(patients), resamples, seed):
        for name, found in _mean_figures(outcome, scores, threshold, weights).items():
            drawn[name][at : at + len(weights)] = found
        at += len(weights)
    values = _mean_figures(outcome, scores, threshold, np.ones((1, scores.shape[1])))
    return {name: _figure(float(values[name][0]), drawn[name], level) for name in METRICS}


def _mean_figures(
    outcome: npt.ArrayLike, scores: Floats, threshold: float, weights: Floats
) -> dict[str, Floats]:
    """Return the mean of each figure over the repeats, shape (weightings,)."""
    found = [figures(outcome, row, threshold=threshold, weights=weights) for row in scores]
    return {name: np.mean([one[name] for one in found], axis=0) for name in METRICS}


def _patient_weights(patients: npt.NDArray[Any], resamples: int, seed: int) -> Iterator[Floats]:
    """Yield how often each row is drawn, in pieces of shape (some resamples, rows)."""
    names, patient_of_row = np.unique(patients, return_inverse=True)
    chances = np.full(len(names), 1 / len(names))
    random = np.random.default_rng(seed)
    at_once = max(1, _CELLS_AT_ONCE // len(patient_of_row))
    for start in range(0, resamples, at_once):
        counts = random.multinomial(len(names), chances, size=min(at_once, resamples - start))
        yield counts[:, patient_of_row].astype(np.float64)


def _figure(value: float, drawn: Floats, level: float) -> Figure:
    defined = drawn[~np.isnan(drawn)]
    undefined = len(drawn) - len(defined)
    if not len(defined):
        return Figure(value, np.nan, np.nan, undefined)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Figure(value, float(low), float(high), undefined)
