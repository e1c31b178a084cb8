"""Ellipsoids round a region: their surface, and the smallest one that holds given points."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.remarks import add_remark

#: Highest degree of the series for the surface, as the IBSI has it.
DEGREES = 20

#: The ellipsoid's volume is at most this part above that of the smallest one. Some twenty steps reach it.
TOLERANCE = 1e-7
MOST_STEPS = 100

_ROWS, _COLUMNS = np.triu_indices(4)
_TWICE = np.where(_ROWS == _COLUMNS, 1.0, sqrt(2))


def ellipsoid_area(a: float, b: float, c: float) -> float:
    """Return what the IBSI takes for the area (mm2) of an ellipsoid, of semi-axes a >= b >= c >= 0 (mm).

    Legendre polynomials are summed up to degree 20, each multiplied by a power of the product of two
    eccentricities, which keeps it finite where these are 0. The sum is that of the published formula, with
    the eccentricities of b and of c against a. The surface itself has those of c against a and against b
    in their place: the formula is exact for a sphere only, 8 % too large for a flat and 7 % too small for a
    long ellipsoid with axes in the ratio 5 to 4. The published values are the formula's, so it stays.

    Source: IBSI RDD2; the surface: L. R. M. Maas, Journal of Computational and Applied Mathematics 51
    (1994) 237.
    """
    first, second = 1 - (b / a) ** 2, 1 - (c / a) ** 2  # squared eccentricities
    mean, product = (first + second) / 2, first * second
    before, term = 0.0, 1.0
    total = 0.0
    for degree in range(DEGREES + 1):
        total += term / (1 - 4 * degree**2)
        following = (2 * degree + 1) * mean * term - degree * product * before
        before, term = term, following / (degree + 1)
    return 4 * pi * a * b * total


def smallest_ellipsoid(points: FloatArray) -> tuple[float, float, float]:
    """Return the semi-axes (descending) of the smallest ellipsoid that holds points, shape (n, 3).

    The points must not all lie in a plane. The ellipsoid holds all of them, and its volume is known to
    exceed the smallest possible one by less than 1e-7 of it.

    Points are weighted so that the ellipsoid of their weighted covariance has the largest volume; it is
    then the smallest that holds all when blown up to do so, and how far it must be blown up bounds the
    error. Newton's method finds the weights from within (interior point), for all points at once: the
    second derivatives have rank 10.

    Source: IBSI SWZ1; the duality: M. J. Todd, Minimum-Volume Ellipsoids (SIAM, 2016); Newton's method on
    it: P. Sun and R. M. Freund, Operations Research 52 (2004) 690.
    """
    centre = points.mean(axis=0)
    root = np.linalg.cholesky(np.cov(points.T, bias=True))  # work where the points are as wide as long
    round_points = np.linalg.solve(root, (points - centre).T).T
    weights = _weights(np.column_stack([round_points, np.ones(len(points))]))
    middle = weights @ round_points
    offsets = round_points - middle
    covariance = (offsets * weights[:, np.newaxis]).T @ offsets
    reach = (offsets * np.linalg.solve(covariance, offsets.T).T).sum(axis=1).max()
    a, b, c = np.sqrt(reach * np.linalg.eigvalsh(root @ covariance @ root.T)[::-1])
    return float(a), float(b), float(c)


def _weights(lifted: FloatArray) -> FloatArray:
    """Return the weights, of sum 1, of points to which a coordinate 1 was added, shape (n, 4)."""
    n = len(lifted)
    weights = np.full(n, 1 / n)
    weights *= 1.05 * _whitened(lifted, weights)[1].max() / 4  # so that no point begins outside
    slacks = 4 - _whitened(lifted, weights)[1]
    for _ in range(MOST_STEPS):
        whitened, distances = _whitened(lifted, weights)
        excess = (distances.max() * weights.sum() - 1) / 3  # squared factor of blowing up
        if excess**1.5 <= 1 + TOLERANCE:
            return weights / weights.sum()
        target = 0.1 * (weights @ slacks) / n
        products = whitened[:, _ROWS] * whitened[:, _COLUMNS] * _TWICE
        scale = weights / slacks
        steps = scale * (target / weights - 4 + distances)
        scaled = products * scale[:, np.newaxis]
        steps -= scaled @ np.linalg.solve(np.eye(10) + products.T @ scaled, products.T @ steps)
        slack_steps = (target - slacks * steps) / weights - slacks
        length = min(1.0, 0.95 * min(_room(weights, steps), _room(slacks, slack_steps)))
        weights = weights + length * steps
        slacks = slacks + length * slack_steps
    add_remark(f"morph: the smallest ellipsoid is known only to within {excess**1.5 - 1:.1g} of its volume")
    return weights / weights.sum()


def _whitened(lifted: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the points in the measure of their weighted second moments, and their squared lengths."""
    root = np.linalg.cholesky((lifted * weights[:, np.newaxis]).T @ lifted)
    whitened = np.linalg.solve(root, lifted.T).T
    return whitened, (whitened**2).sum(axis=1)


def _room(values: FloatArray, steps: FloatArray) -> float:
    """Return the multiple of the steps that takes the first of the positive values to 0."""
    down = steps < 0
    return float((values[down] / -steps[down]).min(initial=np.inf))
