"""Logistic regression on one variable, for many weightings of the rows at once."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from radiomics_screen.core.arrays import FloatArray

_ROUNDS = 200
_CLOSE = 1e-10  # of a step, from which on it counts as arrived
_LONGEST = 1e4  # step of a coefficient of the standardised variable, against overflow


def offset_fit(x: FloatArray, y: FloatArray, weights: FloatArray) -> FloatArray:
    """Return a of logit P(1) = a + x by maximum likelihood, shape (weightings,).

    Newton's method, kept between bounds that close in. NaN where all outcomes of a weighting are alike.

    Parameters
    ----------
    x
        Offset, shape (rows,).
    y
        Outcome, shape (rows,).
    weights
        Shape (weightings, rows).
    """
    events, total = weights @ y, weights.sum(axis=1)
    defined = (events > 0) & (events < total)
    found = np.full(len(weights), np.nan)
    if not defined.any():
        return found
    w, goal = weights[defined], events[defined]
    share = goal / total[defined]
    centre = np.log(share / (1 - share))
    low, high = centre - x.max(), centre - x.min()
    a = np.clip(centre - (w @ x) / w.sum(axis=1), low, high)
    for _ in range(_ROUNDS):
        p = expit(a[:, np.newaxis] + x)
        excess = np.einsum("ij,ij->i", w, p) - goal
        low, high = np.where(excess < 0, a, low), np.where(excess > 0, a, high)
        curvature = np.einsum("ij,ij->i", w, p * (1 - p))
        newton = a - np.divide(excess, curvature, out=np.full(len(a), np.inf), where=curvature > 0)
        inside = (newton >= low) & (newton <= high)
        new = np.where(inside, newton, (low + high) / 2)
        moved, a = np.max(np.abs(new - a)), new
        if moved < _CLOSE:
            break
    found[defined] = a
    return found


def slope_fit(x: FloatArray, y: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return a and b of logit P(1) = a + b x by maximum likelihood, each of shape (weightings,).

    Iteratively reweighted least squares with steps cut in half while the likelihood falls. Both are NaN
    where the likelihood has no one finite maximum: outcomes all alike, `x` all alike, or some value
    of `x` with the positive rows all at or above it and the negative ones all at or below, or the
    reverse (Albert and Anderson 1984, Biometrika 71:1). Outcomes strictly between 0 and 1 count as both.

    Parameters
    ----------
    x
        Shape (rows,).
    y
        Outcome, or chance of it, 0 to 1; shape (rows,).
    weights
        Shape (weightings, rows).
    """
    intercept, slope = np.full(len(weights), np.nan), np.full(len(weights), np.nan)
    defined = _has_maximum(x, y, weights)
    if not defined.any():
        return intercept, slope
    middle, width = x.mean(), x.std()
    a, b = _maximise((x - middle) / width, y, weights[defined])
    slope[defined] = b / width
    intercept[defined] = a - b / width * middle
    return intercept, slope


def _has_maximum(
    x: FloatArray, y: FloatArray, weights: FloatArray
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    if len(x) == 0:
        return np.zeros(len(weights), dtype=bool)
    positive, negative = (weights > 0) & (y > 0), (weights > 0) & (y < 1)
    low_1, high_1 = _ends(x, positive)
    low_0, high_0 = _ends(x, negative)
    return (low_1 < high_0) & (low_0 < high_1)


def _ends(
    x: FloatArray, chosen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
) -> tuple[FloatArray, FloatArray]:
    """Return the least and the greatest x that are chosen; the wrong way round where none is."""
    return np.where(chosen, x, np.inf).min(axis=1), np.where(chosen, x, -np.inf).max(axis=1)


def _maximise(z: FloatArray, y: FloatArray, w: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the coefficients of standardised z, shape (weightings,) each."""
    w = w / w.sum(axis=1, keepdims=True)
    share = w @ y
    a, b = np.log(share / (1 - share)), np.zeros(len(w))
    wy, wyz = w @ y, w @ (y * z)
    best = _likelihood(z, w, wy, wyz, a, b)
    for _ in range(_ROUNDS):
        p = expit(a[:, np.newaxis] + b[:, np.newaxis] * z)
        g0, g1 = wy - np.einsum("ij,ij->i", w, p), wyz - (w * p) @ z
        v = w * p * (1 - p)
        h00, h01, h11 = v.sum(axis=1), v @ z, v @ z**2
        determinant = np.maximum(h00 * h11 - h01**2, 1e-200)  # 0 far out, where it is flat
        da = (h11 * g0 - h01 * g1) / determinant
        db = (h00 * g1 - h01 * g0) / determinant
        scale = np.minimum(1.0, _LONGEST / np.maximum(np.maximum(np.abs(da), np.abs(db)), 1e-300))
        for _ in range(_ROUNDS):
            tried = _likelihood(z, w, wy, wyz, a + scale * da, b + scale * db)
            falls = tried < best - 1e-14
            if not falls.any():
                break
            scale = np.where(falls, scale / 2, scale)
        a, b, best = a + scale * da, b + scale * db, np.maximum(tried, best)
        if max(np.max(np.abs(scale * da)), np.max(np.abs(scale * db))) < _CLOSE:
            break
    return a, b


def _likelihood(
    z: FloatArray, w: FloatArray, wy: FloatArray, wyz: FloatArray, a: FloatArray, b: FloatArray
) -> FloatArray:
    eta = a[:, np.newaxis] + b[:, np.newaxis] * z
    return a * wy + b * wyz - np.einsum("ij,ij->i", w, np.logaddexp(0, eta))
