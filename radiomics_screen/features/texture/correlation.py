"""The maximal correlation coefficient of two grey levels, and the eigenvalues that it comes from."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.kernels import kernel

#: Halvings of the interval [0, 1] in which the coefficient is looked for.
HALVINGS = 47

EPSILON = float(np.finfo(np.float64).eps)
TINY = 1e-300  # takes the place of a pivot of 0

#: Products of margins above this are not changed by the epsilon: by less than 1e-9 of their size.
NOT_TINY = EPSILON * 1e9


@kernel
def maximal_correlation(
    p: NDArray[np.float64], p_i: NDArray[np.float64], p_j: NDArray[np.float64], symmetric: bool
) -> float:
    """Return the maximal correlation coefficient of a joint distribution; 1 if it has one level.

    It is the second largest singular value of p_ij / sqrt(p_i p_j): its square is the second
    largest eigenvalue of Haralick's matrix Q, found here without an unsymmetric eigenproblem.
    The tiny addend is pyradiomics': it matters in the sixth digit where both margins are tiny.

    Parameters
    ----------
    p
        Shape (n, n), sums to one.
    p_i, p_j
        Its sums over columns and over rows.
    symmetric
        Whether p equals its transpose.
    """
    n = len(p)
    if n < 2:
        return 1.0
    if falls_apart(p, p_i, p_j):
        return 1.0
    # The singular values of a matrix are the eigenvalues of itself, up to the sign, where it is
    # symmetric; else the positive eigenvalues of the matrix [[0, p], [p', 0]].
    size = n if symmetric else 2 * n
    shift = 0 if symmetric else n
    matrix = np.zeros((size, size))
    for i in range(n):
        for j in range(n):
            if p[i, j] > 0:
                value = p[i, j] / sqrt(p_i[i] * p_j[j] + EPSILON)
                matrix[i, j + shift] = value
                matrix[j + shift, i] = value
    diagonal, beside = tridiagonal(matrix)
    return second_largest(diagonal, beside, symmetric)


@kernel
def falls_apart(p: NDArray[np.float64], p_i: NDArray[np.float64], p_j: NDArray[np.float64]) -> bool:
    """Tell whether the levels fall into groups, each paired within itself only: then the coefficient is 1.

    Which group it is says something about both levels of a pair, without fail. The usual case among
    few pairs. Margins so small that the epsilon counts are left to the eigenvalues: False.
    """
    n = len(p)
    reached = np.zeros(2 * n, dtype=np.bool_)  # level i of the first side, then level j of the second
    waiting = np.empty(2 * n, dtype=np.int64)
    smallest_i = smallest_j = 1.0
    occurring = 0
    for k in range(n):
        if p_i[k] > 0:
            smallest_i = min(smallest_i, p_i[k])
            occurring += 1
            waiting[0] = k
        if p_j[k] > 0:
            smallest_j = min(smallest_j, p_j[k])
            occurring += 1
    if smallest_i * smallest_j < NOT_TINY:
        return False
    reached[waiting[0]] = True
    n_waiting = n_reached = 1
    while n_waiting:
        n_waiting -= 1
        level = waiting[n_waiting]
        for k in range(n):
            if level < n:
                beside, other = p[level, k], k + n
            else:
                beside, other = p[k, level - n], k
            if beside > 0 and not reached[other]:
                reached[other] = True
                waiting[n_waiting] = other
                n_waiting += 1
                n_reached += 1
    return n_reached < occurring


@kernel
def tridiagonal(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return diagonal and secondary diagonal of a similar tridiagonal matrix (Householder's reflections).

    `matrix`, symmetric, is used up. Every inner loop runs along a row, so that it becomes SIMD code.
    """
    n = len(matrix)
    diagonal, beside = np.empty(n), np.zeros(n - 1)
    product = np.empty(n)
    for k in range(n - 2):
        diagonal[k] = matrix[k, k]
        m = n - k - 1
        v, w = matrix[k, k + 1 :], product[:m]
        squares = 0.0
        for i in range(1, m):
            squares += v[i] * v[i]
        if squares == 0:
            beside[k] = v[0]
            continue
        length = sqrt(squares + v[0] * v[0])
        beside[k] = -length if v[0] > 0 else length
        v[0] -= beside[k]
        scale = 2 / (squares + v[0] * v[0])
        w[:] = 0
        for i in range(m):
            row, factor = matrix[k + 1 + i, k + 1 :], scale * v[i]
            if factor != 0:
                for j in range(m):
                    w[j] += factor * row[j]
        dot = 0.0
        for i in range(m):
            dot += v[i] * w[i]
        half = scale * dot / 2
        for i in range(m):
            w[i] -= half * v[i]
        for i in range(m):
            row, a, b = matrix[k + 1 + i, k + 1 :], v[i], w[i]
            for j in range(m):
                row[j] -= a * w[j] + b * v[j]
    diagonal[n - 2] = matrix[n - 2, n - 2]
    beside[n - 2] = matrix[n - 2, n - 1]
    diagonal[n - 1] = matrix[n - 1, n - 1]
    return diagonal, beside


@kernel
def second_largest(diagonal: NDArray[np.float64], beside: NDArray[np.float64], both_signs: bool) -> float:
    """Return the second largest eigenvalue of a tridiagonal matrix whose eigenvalues lie in [-1, 1].

    With `both_signs`, eigenvalues are compared by their size. The number of eigenvalues beyond a
    bound is that of the negative pivots of the shifted matrix (Sturm); halving the interval finds
    the bound beyond which there are two.
    """
    n = len(diagonal)
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        bound = (low + high) / 2
        beyond = 0
        above, below = bound - diagonal[0], bound + diagonal[0]
        for i in range(n):
            if i > 0:
                square = beside[i - 1] * beside[i - 1]
                above = bound - diagonal[i] - square / (above if above != 0 else TINY)
                below = bound + diagonal[i] - square / (below if below != 0 else TINY)
            beyond += above < 0
            if both_signs:
                beyond += below < 0
        if beyond >= 2:
            low = bound
        else:
            high = bound
    return high if low > 0 else 0.0
