"""What the statistics share: checked arrays, patients as numbers, counts at every threshold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from radiomics_screen.core.arrays import FloatArray, IndexArray
from radiomics_screen.core.errors import ModelError


def checked(outcome: npt.ArrayLike, score: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return outcome and score as floats.

    Raises
    ------
    ModelError
        If they differ in length, the outcome is not 0 or 1, or a score is not finite.
    """
    positive = np.asarray(outcome, dtype=np.float64)
    scores = np.asarray(score, dtype=np.float64)
    if positive.ndim != 1 or positive.shape != scores.shape:
        raise ModelError(
            f"outcome has shape {positive.shape} but the score {scores.shape}: give one of each a row"
        )
    strange = positive[(positive != 0) & (positive != 1)]
    if len(strange):
        raise ModelError(f"an outcome is {strange[0]:g}: it has to be 1 (positive) or 0 (negative)")
    if not np.all(np.isfinite(scores)):
        missing = int(np.sum(~np.isfinite(scores)))
        raise ModelError(f"{missing} of {len(scores)} scores are not finite: leave those rows out")
    return positive, scores


def checked_probability(outcome: npt.ArrayLike, probability: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return outcome and probability as floats; as :func:`checked`, and the latter lies in 0 to 1."""
    positive, scores = checked(outcome, probability)
    if len(scores) and (scores.min() < 0 or scores.max() > 1):
        raise ModelError(
            f"probabilities run from {scores.min():g} to {scores.max():g}: they have to lie in 0 to 1"
        )
    return positive, scores


def checked_level(level: float) -> float:
    """Return the level of an interval, which lies between 0 and 1."""
    if not 0 < level < 1:
        raise ModelError(
            f"the level of an interval is {level:g}: it has to lie between 0 and 1, as 0.95 does"
        )
    return level


def weight_table(weights: npt.ArrayLike | None, rows: int) -> FloatArray:
    """Return weights of shape (weightings, rows): those given, or one weighting of ones."""
    table = np.ones((1, rows)) if weights is None else np.atleast_2d(np.asarray(weights, dtype=np.float64))
    if table.shape[1] != rows:
        raise ModelError(f"weights are for {table.shape[1]} rows, but there are {rows}")
    return table


def patient_numbers(patients: npt.ArrayLike | None, rows: int) -> IndexArray:
    """Return the patient of each row as a number from 0 on; without patients, each row has its own."""
    if patients is None:
        return np.arange(rows)
    names = np.asarray(patients)
    if names.shape != (rows,):
        raise ModelError(f"patients have shape {names.shape}, but there are {rows} rows")
    return np.unique(names, return_inverse=True)[1]


def ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Return part / whole, NaN where there is nothing to divide by."""
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def counts_at_scores(
    positive: FloatArray, scores: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the different scores, and what is called positive at each of them.

    Parameters
    ----------
    positive, scores
        1 or 0, and the score; shape (rows,), at least one row.
    weights
        Shape (weightings, rows).

    Returns
    -------
    thresholds
        The different scores from the highest down, shape (thresholds,).
    true, false
        Weight of the positive and of the negative rows that score at or above each; shape
        (weightings, thresholds).
    """
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    ends = np.flatnonzero(np.r_[falling[1:] != falling[:-1], True])  # last row of each score
    ordered = weights[:, order]
    positives = ordered * positive[order]
    true = np.cumsum(positives, axis=1)[:, ends]
    false = np.cumsum(ordered - positives, axis=1)[:, ends]
    return falling[ends], true, false
