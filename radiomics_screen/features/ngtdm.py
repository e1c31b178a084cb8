"""Neighbouring grey-tone difference: how a voxel differs from the mean of its neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.features.directions import Distances
from radiomics_screen.kernels import kernel
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of

FEATURES = ("Busyness", "Coarseness", "Complexity", "Contrast", "Strength")

#: Coarseness of a region without any difference, where the definition divides by zero.
UTTERLY_COARSE = 1e6


@family("ngtdm", FEATURES)
def ngtdm(region: Region, *, distances: Distances = (1,)) -> dict[str, float]:
    """Describe the differences between each voxel's grey level and its neighbours' mean.

    A voxel without neighbours counts with a difference of 0. Where a denominator vanishes
    (constant region), contrast, busyness and strength are 0 and coarseness is 1e6.

    Parameters
    ----------
    distances
        How far away a neighbour may be, in voxels (largest step along an axis).

    Source: Amadasun and King, IEEE Trans. Syst. Man Cybern. 19 (1989) 1264; IBSI family IPET.
    """
    lattice = region.lattice(max(distances))
    forward = lattice.offsets(region.directions(distances))
    counts, differences = tone_differences(
        lattice.ranks, lattice.voxels, np.concatenate([forward, -forward]), lattice.levels
    )
    return values_of(FEATURES, tone_values(counts, differences, lattice.levels))


@kernel
def tone_differences(
    ranks: NDArray[np.int32],
    voxels: NDArray[np.int64],
    offsets: NDArray[np.int64],
    levels: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each grey level: the number of its voxels, and their summed difference to the neighbours' mean."""
    counts, differences = np.zeros(len(levels)), np.zeros(len(levels))
    for voxel in voxels:
        place = ranks[voxel] - 1
        neighbours = 0
        total = 0.0
        for offset in offsets:
            neighbour = ranks[voxel + offset]
            if neighbour:
                neighbours += 1
                total += levels[neighbour - 1]
        counts[place] += 1
        if neighbours:
            differences[place] += abs(levels[place] - total / neighbours)
    return counts, differences


@kernel
def tone_values(
    counts: NDArray[np.float64], differences: NDArray[np.float64], levels: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Compute the features in the order of FEATURES."""
    n = len(levels)
    n_voxels = counts.sum()
    p = counts / n_voxels
    coarse = (p * differences).sum()
    spread = distance = complexity = strength = 0.0
    for i in range(n):
        for j in range(n):
            gap = abs(levels[i] - levels[j])
            spread += p[i] * p[j] * gap**2
            distance += abs(levels[i] * p[i] - levels[j] * p[j])
            complexity += gap * (p[i] * differences[i] + p[j] * differences[j]) / (p[i] + p[j])
            strength += (p[i] + p[j]) * gap**2
    all_differences = differences.sum()
    return np.array(
        [
            coarse / distance if distance != 0 else 0.0,
            1 / coarse if coarse != 0 else UTTERLY_COARSE,
            complexity / n_voxels,
            spread * all_differences / n_voxels / (n * (n - 1)) if n > 1 else 0.0,
            strength / all_differences if all_differences != 0 else 0.0,
        ]
    )
