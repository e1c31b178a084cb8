"""Components of standardised columns: what spreads the rows most, and what goes with an outcome."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh, solve_triangular

from radiomics_screen.core.arrays import FloatArray

_ROUNDING = 1e-10  # a variance below this part of the largest is the rounding of none


def principal_axes(values: FloatArray, components: float) -> FloatArray:
    """Return the principal axes of centred columns, the largest variance first.

    They are the eigenvectors of the products of the columns or, where there are fewer rows, of the rows
    (both have the same eigenvalues), which is as exact as needed for the largest and takes a fraction of
    the time of a singular value decomposition. Of each axis, the weight that is largest in size is positive.

    Parameters
    ----------
    values
        Centred, shape (rows, columns).
    components
        How many; below 1: as many as hold this part of the variance.

    Returns
    -------
    ndarray, shape (axes, columns)
        Of length 1; none where nothing varies.
    """
    rows, columns = values.shape
    by_rows = rows <= columns
    products = values @ values.T if by_rows else values.T @ values
    size = len(products)
    subset = None if components < 1 else (max(0, size - int(components)), size - 1)
    variances, vectors = eigh(products, subset_by_index=subset)
    variances, vectors = variances[::-1], vectors[:, ::-1]
    there = variances > _ROUNDING * max(float(variances[0]), np.finfo(np.float64).tiny)
    if components < 1:
        held = np.cumsum(variances) / max(float(np.trace(products)), np.finfo(np.float64).tiny)
        there &= np.arange(size) <= np.searchsorted(held, components)
    variances, vectors = variances[there], vectors[:, there]
    axes = vectors.T @ values / np.sqrt(variances)[:, np.newaxis] if by_rows else vectors.T
    return _signed(np.ascontiguousarray(axes))


def _signed(axes: FloatArray) -> FloatArray:
    """Return the axes, each with the sign that makes its largest weight positive."""
    largest = np.abs(axes).argmax(axis=1)
    signs = np.sign(axes[np.arange(len(axes)), largest])
    return axes * signs[:, np.newaxis]


def pls_weights(values: FloatArray, outcome: FloatArray, components: int) -> FloatArray:
    """Return the weights of the scores of partial least squares with one outcome (PLS1, NIPALS).

    Each score is the direction whose covariance with the outcome is largest in what the scores before it
    have left. More of it is found until nothing goes with the outcome any more.

    Parameters
    ----------
    values
        Centred, shape (rows, columns).
    outcome
        Numbers, shape (rows,).
    components
        How many at most.

    Returns
    -------
    ndarray, shape (scores, columns)
        Of the centred columns themselves, not of what is left of them.
    """
    left, aim = values.copy(), outcome - outcome.mean()
    first = float(np.linalg.norm(values.T @ aim))
    directions, loadings = [], []
    for _ in range(components):
        covariance = left.T @ aim
        length = float(np.linalg.norm(covariance))
        if length <= _ROUNDING * first:
            break
        direction = covariance / length
        score = left @ direction
        loading = left.T @ score / (score @ score)
        left = left - np.outer(score, loading)
        aim = aim - score * (score @ aim) / (score @ score)
        directions.append(direction)
        loadings.append(loading)
    if not directions:
        return np.empty((0, values.shape[1]))
    w, p = np.array(directions), np.array(loadings)
    # Weights R with scores = values R: R = W (P'W)^-1, where P'W is triangular with a diagonal of 1.
    return np.ascontiguousarray(solve_triangular(p @ w.T, w, trans="T", lower=False))
