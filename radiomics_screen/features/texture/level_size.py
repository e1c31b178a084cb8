"""What run-length, size-zone, distance-zone and dependence matrices have in common.

All of them count, for each grey level i, things of a size j: runs of j voxels, zones of j voxels,
zones j steps from the border, voxels with j - 1 dependent neighbours. The same sixteen sums describe
each of them; the families only name them differently.
"""

from __future__ import annotations

from math import log2

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.kernels import kernel

N_VALUES = 16

#: Where the numbers of :func:`level_size_values` stand that the IBSI lists one after the other.
IBSI_ORDER = (0, 1, 10, 11, 12, 13, 14, 15, 2, 3, 4, 5, 6, 7, 8, 9)


@kernel
def level_size_values(
    counts: NDArray[np.float64],
    levels: NDArray[np.float64],
    sizes: NDArray[np.float64],
    values: NDArray[np.float64],
) -> None:
    """Describe a matrix of grey level by size.

    Parameters
    ----------
    counts
        Shape (levels, sizes): how many things of each level and size there are; not all zero.
    levels, sizes
        Grey level of each row, size of each column.
    values
        Shape (16,): where the numbers are put. They are small-size emphasis, large-size emphasis,
        grey-level non-uniformity and the same normalised, size non-uniformity and the same
        normalised, percentage (things per voxel), grey-level variance, size variance, entropy, low
        and high grey-level emphasis, and the four joint emphases small-low, small-high, large-low,
        large-high.
    """
    of_level, of_size = np.zeros(len(levels)), np.zeros(len(sizes))
    for i in range(len(levels)):
        for j in range(len(sizes)):
            of_level[i] += counts[i, j]
            of_size[j] += counts[i, j]
    total = of_level.sum()
    small, large, size_squares, size_variance, mean_size = _margin_values(of_size, sizes)
    low, high, level_squares, level_variance, _ = _margin_values(of_level, levels)
    entropy = small_low = small_high = large_low = large_high = 0.0
    for i in range(len(levels)):
        l2 = levels[i] * levels[i]
        for j in range(len(sizes)):
            if counts[i, j] > 0:
                p = counts[i, j] / total
                s2 = sizes[j] * sizes[j]
                entropy -= p * log2(p)
                small_low += p / (l2 * s2)
                small_high += p * l2 / s2
                large_low += p * s2 / l2
                large_high += p * s2 * l2
    values[0] = small
    values[1] = large
    values[2] = level_squares / total
    values[3] = level_squares / total**2
    values[4] = size_squares / total
    values[5] = size_squares / total**2
    values[6] = 1 / mean_size
    values[7] = level_variance
    values[8] = size_variance
    values[9] = entropy
    values[10] = low
    values[11] = high
    values[12] = small_low
    values[13] = small_high
    values[14] = large_low
    values[15] = large_high


@kernel
def _margin_values(
    counts: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[float, float, float, float, float]:
    """Describe how often values occur: means of 1 / v^2 and v^2, sum of squared counts, variance, mean."""
    total = mean = 0.0
    for k in range(len(values)):
        total += counts[k]
        mean += counts[k] * values[k]
    mean /= total
    low = high = squares = variance = 0.0
    for k in range(len(values)):
        v2 = values[k] * values[k]
        low += counts[k] / v2
        high += counts[k] * v2
        squares += counts[k] * counts[k]
        variance += counts[k] * (values[k] - mean) ** 2
    return low / total, high / total, squares, variance / total, mean
