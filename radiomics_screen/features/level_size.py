"""What run-length, size-zone and dependence matrices have in common.

All three count, for each grey level i, things of a size j: runs of j voxels, zones of j voxels,
voxels with j - 1 dependent neighbours. The same sixteen sums describe each of them; the families
only name them differently.
"""

from __future__ import annotations

from math import log2

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.kernels import kernel


@kernel
def level_size_values(
    counts: NDArray[np.float64], levels: NDArray[np.float64], sizes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Describe a matrix of grey level by size.

    Parameters
    ----------
    counts
        Shape (levels, sizes): how many things of each level and size there are; not all zero.
    levels, sizes
        Grey level of each row, size of each column.

    Returns
    -------
    Sixteen numbers: small-size emphasis, large-size emphasis, grey-level non-uniformity and the
    same normalised, size non-uniformity and the same normalised, percentage (things per voxel),
    grey-level variance, size variance, entropy, low and high grey-level emphasis, and the four
    joint emphases small-low, small-high, large-low, large-high.
    """
    of_level, of_size = counts.sum(axis=1), counts.sum(axis=0)
    total = of_level.sum()
    small, large, size_squares, size_variance, mean_size = _margin_values(of_size, sizes)
    low, high, level_squares, level_variance, _ = _margin_values(of_level, levels)
    entropy = small_low = small_high = large_low = large_high = 0.0
    for i in range(len(levels)):
        l2 = levels[i] * levels[i]
        for j in range(len(sizes)):
            p = counts[i, j] / total
            if p > 0:
                s2 = sizes[j] * sizes[j]
                entropy -= p * log2(p)
                small_low += p / (l2 * s2)
                small_high += p * l2 / s2
                large_low += p * s2 / l2
                large_high += p * s2 * l2
    return np.array(
        [
            small,
            large,
            level_squares / total,
            level_squares / total**2,
            size_squares / total,
            size_squares / total**2,
            1 / mean_size,
            level_variance,
            size_variance,
            entropy,
            low,
            high,
            small_low,
            small_high,
            large_low,
            large_high,
        ]
    )


@kernel
def _margin_values(
    counts: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[float, float, float, float, float]:
    """Describe how often values occur: means of 1 / v^2 and v^2, sum of squared counts, variance, mean."""
    total = counts.sum()
    mean = (counts * values).sum() / total
    low = high = squares = variance = 0.0
    for k in range(len(values)):
        v2 = values[k] * values[k]
        low += counts[k] / v2
        high += counts[k] * v2
        squares += counts[k] * counts[k]
        variance += counts[k] * (values[k] - mean) ** 2
    return low / total, high / total, squares, variance / total, mean
