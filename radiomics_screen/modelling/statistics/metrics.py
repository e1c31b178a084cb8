"""Figures of a two-class classifier, for one weighting of the rows or for many at once.

Many weightings are what a bootstrap needs: a row drawn twice has weight 2.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from radiomics_screen.core.arrays import FloatArray

#: Name of each figure -> its label for people, in the order in which they are shown.
METRICS = MappingProxyType(
    {
        "auc": "AUC",
        "average_precision": "average precision",
        "accuracy": "accuracy",
        "balanced_accuracy": "balanced accuracy",
        "sensitivity": "sensitivity (recall)",
        "specificity": "specificity",
        "ppv": "PPV (precision)",
        "npv": "NPV",
        "f1": "F1",
        "brier": "Brier score",
    }
)


def concerned(outcome: FloatArray, called: FloatArray) -> dict[str, npt.NDArray[np.bool_]]:
    """Return, for each figure that is a proportion of rows, which rows it is a proportion of."""
    positive, chosen = outcome > 0, called > 0
    return {
        "accuracy": np.ones(len(outcome), dtype=bool),
        "sensitivity": positive,
        "specificity": ~positive,
        "ppv": chosen,
        "npv": ~chosen,
    }


def figures(
    outcome: npt.ArrayLike,
    probability: npt.ArrayLike,
    *,
    threshold: npt.ArrayLike = 0.5,
    weights: npt.ArrayLike | None = None,
) -> dict[str, FloatArray]:
    """Return every figure of :data:`METRICS`, for each weighting of the rows.

    Parameters
    ----------
    outcome
        1 for a positive row, 0 for a negative one; shape (rows,).
    probability
        Predicted probability of being positive; shape (rows,).
    threshold
        A row is called positive where its probability is at or above it; one for all rows, or one a
        row, shape (rows,).
    weights
        Non-negative weights, shape (weightings, rows); without them, one weighting of ones.

    Returns
    -------
    dict
        Name of the figure -> its values, shape (weightings,). NaN where the definition has no
        value: AUC without rows of both classes; average precision and sensitivity without
        positives; specificity without negatives; balanced accuracy without either; PPV where
        nothing is called positive, NPV where nothing is called negative; F1 where there are
        neither positives nor calls.
    """
    positive = np.asarray(outcome, dtype=np.float64)
    scores = np.asarray(probability, dtype=np.float64)
    w = np.ones((1, len(scores))) if weights is None else np.asarray(weights, dtype=np.float64)
    called = (scores >= np.asarray(threshold, dtype=np.float64)).astype(np.float64)
    parts = np.stack(
        [
            positive * called,
            (1 - positive) * called,
            (1 - positive) * (1 - called),
            positive * (1 - called),
            (scores - positive) ** 2,
        ],
        axis=1,
    )
    tp, fp, tn, fn, squared = (w @ parts).T
    auc, average_precision = ranking_figures(positive, scores, w)
    sensitivity, specificity = _ratio(tp, tp + fn), _ratio(tn, tn + fp)
    total = tp + fp + tn + fn
    return {
        "auc": auc,
        "average_precision": average_precision,
        "accuracy": _ratio(tp + tn, total),
        "balanced_accuracy": (sensitivity + specificity) / 2,
        "sensitivity": sensitivity,
        "specificity": specificity,
        "ppv": _ratio(tp, tp + fp),
        "npv": _ratio(tn, tn + fn),
        "f1": _ratio(2 * tp, 2 * tp + fp + fn),
        "brier": _ratio(squared, total),
    }


def auc_of(outcome: npt.ArrayLike, score: FloatArray) -> float:
    """Return the AUC of a score, shape (rows,); NaN without rows of both classes."""
    positive = np.asarray(outcome, dtype=np.float64)
    return float(ranking_figures(positive, score, np.ones((1, len(positive))))[0][0])


def ranking_figures(
    positive: FloatArray, scores: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the AUC and the average precision for each weighting of the rows.

    The AUC is the probability that a positive row scores higher than a negative one, a tie
    counting half (Hanley and McNeil 1982). The average precision is the sum, over the
    different scores from the highest down, of the precision there times the gain in recall.

    Parameters
    ----------
    positive
        1 or 0, shape (rows,).
    scores
        Shape (rows,).
    weights
        Shape (weightings, rows).
    """
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    starts = np.flatnonzero(np.r_[True, falling[1:] != falling[:-1]])  # first row of each score
    ordered = weights[:, order]
    positives = ordered * positive[order]
    negatives = ordered - positives
    if len(starts) < len(scores):
        positives = np.add.reduceat(positives, starts, axis=1)
        negatives = np.add.reduceat(negatives, starts, axis=1)
    above = np.cumsum(positives, axis=1)
    called = above + np.cumsum(negatives, axis=1)
    all_positive = above[:, -1]
    all_negative = called[:, -1] - all_positive
    auc = _ratio(np.sum(negatives * (above - positives / 2), axis=1), all_positive * all_negative)
    precision = np.divide(above, called, out=np.zeros_like(above), where=called > 0)
    return auc, _ratio(np.sum(positives * precision, axis=1), all_positive)


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Return part / whole, NaN where there is nothing to divide by."""
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)
