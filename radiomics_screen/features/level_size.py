"""What run-length, size-zone and dependence matrices have in common.

All three count, for each grey level i, things of a size j: runs of j voxels, zones of j voxels,
voxels with j - 1 dependent neighbours. The same sixteen sums describe each of them; the families
only name them differently.
"""

from __future__ import annotations

from math import log2

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.features.kernels import kernel


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
    n_levels, n_sizes = counts.shape
    of_level = np.zeros(n_levels)
    of_size = np.zeros(n_sizes)
    total = 0.0
    for i in range(n_levels):
        for j in range(n_sizes):
            of_level[i] += counts[i, j]
            of_size[j] += counts[i, j]
        total += of_level[i]

    small = large = size_squares = voxels = 0.0
    mean_size = 0.0
    for j in range(n_sizes):
        s2 = sizes[j] * sizes[j]
        small += of_size[j] / s2
        large += of_size[j] * s2
        size_squares += of_size[j] * of_size[j]
        voxels += of_size[j] * sizes[j]
    mean_size = voxels / total
    size_variance = 0.0
    for j in range(n_sizes):
        size_variance += of_size[j] / total * (sizes[j] - mean_size) ** 2

    low = high = level_squares = mean_level = 0.0
    for i in range(n_levels):
        l2 = levels[i] * levels[i]
        low += of_level[i] / l2
        high += of_level[i] * l2
        level_squares += of_level[i] * of_level[i]
        mean_level += of_level[i] / total * levels[i]
    level_variance = 0.0
    for i in range(n_levels):
        level_variance += of_level[i] / total * (levels[i] - mean_level) ** 2

    entropy = small_low = small_high = large_low = large_high = 0.0
    for i in range(n_levels):
        l2 = levels[i] * levels[i]
        for j in range(n_sizes):
            count = counts[i, j]
            if count > 0:
                s2 = sizes[j] * sizes[j]
                entropy -= count / total * log2(count / total)
                small_low += count / (l2 * s2)
                small_high += count * l2 / s2
                large_low += count * s2 / l2
                large_high += count * s2 * l2

    return np.array(
        [
            small / total,
            large / total,
            level_squares / total,
            level_squares / total**2,
            size_squares / total,
            size_squares / total**2,
            total / voxels,
            level_variance,
            size_variance,
            entropy,
            low / total,
            high / total,
            small_low / total,
            small_high / total,
            large_low / total,
            large_high / total,
        ]
    )
