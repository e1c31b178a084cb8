"""Isotonic regression."""

from __future__ import annotations

import numpy as np

from radiomics_screen.core.arrays import FloatArray


def pooled_neighbours(x: FloatArray, y: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the different x, rising, and the best never-falling fit to y at each of them.

    Weighted least squares by pooling adjacent violators (Ayer et al. 1955, Ann Math Stat 26:641), rows of
    equal x first becoming one.

    Parameters
    ----------
    x, y, weights
        Shape (rows,); rows of no weight are left out.
    """
    from scipy.optimize import isotonic_regression

    used = weights > 0
    values, place = np.unique(x[used], return_inverse=True)
    weight = np.bincount(place, weights[used])
    mean = np.bincount(place, weights[used] * y[used]) / weight
    return values, np.clip(isotonic_regression(mean, weights=weight).x, 0.0, 1.0)
