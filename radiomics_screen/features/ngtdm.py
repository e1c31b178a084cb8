"""Neighbouring grey-tone difference: how a voxel differs from the mean of its neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.conventions import PYRADIOMICS
from radiomics_screen.core.kernels import kernel
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of
from radiomics_screen.features.texture.directions import Distances

FEATURES = ("Busyness", "Coarseness", "Complexity", "Contrast", "Strength")

#: Coarseness of a region without any difference, where the definition divides by zero.
UTTERLY_COARSE = 1e6


@family("ngtdm", FEATURES, conventions=PYRADIOMICS)
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
    around = lattice.around(region.directions(distances))
    counts, differences = tone_differences(
        lattice.ranks, lattice.tones, lattice.spans, lattice.longest_span, around, len(lattice.levels)
    )
    values = np.empty(len(FEATURES))
    tone_values(counts, differences, lattice.levels, values)
    return values_of(FEATURES, values)


@kernel
def tone_differences(
    ranks: NDArray[np.uint16],
    tones: NDArray[np.int32],
    spans: NDArray[np.int64],
    longest_span: int,
    around: NDArray[np.int64],
    n_levels: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each grey level: the number of its voxels, and their summed difference to the neighbours' mean."""
    counts, differences = np.zeros(n_levels), np.zeros(n_levels)
    numbers, sums = np.empty(longest_span, dtype=np.int32), np.empty(longest_span, dtype=np.int64)
    for s in range(len(spans)):
        start, end = spans[s, 0], spans[s, 1]
        number, total = numbers[: end - start], sums[: end - start]
        number[:] = 0
        total[:] = 0
        for k in range(len(around)):
            there = tones[start + around[k] : end + around[k]]
            for i in range(len(there)):
                number[i] += there[i] != 0
                total[i] += there[i]
        for i in range(end - start):
            place = ranks[start + i] - 1
            counts[place] += 1
            if number[i]:
                differences[place] += abs(tones[start + i] - total[i] / number[i])
    return counts, differences


@kernel
def tone_values(
    counts: NDArray[np.float64],
    differences: NDArray[np.float64],
    levels: NDArray[np.float64],
    values: NDArray[np.float64],
) -> None:
    """Compute the features in the order of FEATURES, and put them into `values`."""
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
    values[0] = coarse / distance if distance != 0 else 0.0
    values[1] = 1 / coarse if coarse != 0 else UTTERLY_COARSE
    values[2] = complexity / n_voxels
    values[3] = spread * all_differences / n_voxels / (n * (n - 1)) if n > 1 else 0.0
    values[4] = strength / all_differences if all_differences != 0 else 0.0
