"""Components of standardised columns: principal components and partial least squares, by scikit-learn."""

from __future__ import annotations

import warnings

import numpy as np

from radiomics_screen.core.arrays import FloatArray

_ROUNDING = 1e-10  # a variance below this part of the largest is the rounding of none


def principal_axes(values: FloatArray, components: float) -> FloatArray:
    """Return the principal axes of centred columns, the largest variance first.

    Of each axis, the weight that is largest in size is positive.

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
    from sklearn.decomposition import PCA

    if not values.any():
        return np.empty((0, values.shape[1]))
    wanted = components if components < 1 else min(int(components), *values.shape)
    solver = "covariance_eigh" if values.shape[0] > values.shape[1] else "full"
    found = PCA(n_components=wanted, svd_solver=solver).fit(values)
    there = found.explained_variance_ > _ROUNDING * found.explained_variance_[0]
    return _signed(np.ascontiguousarray(found.components_[there]))


def _signed(axes: FloatArray) -> FloatArray:
    """Return the axes, each with the sign that makes its largest weight positive."""
    largest = np.abs(axes).argmax(axis=1)
    signs = np.sign(axes[np.arange(len(axes)), largest])
    return axes * signs[:, np.newaxis]


def pls_weights(values: FloatArray, outcome: FloatArray, components: int) -> FloatArray:
    """Return the weights of the scores of partial least squares with one outcome (PLS1).

    Each score is the direction whose covariance with the outcome is largest in what the scores before it
    have left; it rises with the outcome. More of it is found until nothing goes with the outcome any more.

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
    from sklearn.cross_decomposition import PLSRegression

    first = float(np.linalg.norm(values.T @ (outcome - outcome.mean())))
    wanted = min(components, *values.shape)
    if not first or not wanted:
        return np.empty((0, values.shape[1]))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="y residual is constant")  # nothing is left to explain
        found = PLSRegression(n_components=wanted, scale=False).fit(values, outcome)
    scores, left = values @ found.x_rotations_, outcome - outcome.mean()
    signs = np.sign(left @ scores)
    there = _that_explain(found.x_scores_, left, _ROUNDING * first, values)
    return np.ascontiguousarray((found.x_rotations_ * signs).T[there])


def _that_explain(scores: FloatArray, left: FloatArray, least: float, values: FloatArray) -> list[int]:
    """Return which scores still go with what is left of the outcome: all up to the first that does not."""
    there: list[int] = []
    rest = values.copy()
    for number, score in enumerate(scores.T):
        if np.linalg.norm(rest.T @ left) <= least or not score.any():
            break
        there.append(number)
        rest -= np.outer(score, score @ rest / (score @ score))
        left = left - score * (score @ left) / (score @ score)
    return there
