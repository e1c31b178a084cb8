"""Grey-level size zone: how large connected patches of one grey level are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.features.level_size import N_VALUES, level_size_values
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of
from radiomics_screen.kernels import kernel

#: In the order of :func:`level_size_values`.
FEATURES = (
    "SmallAreaEmphasis",
    "LargeAreaEmphasis",
    "GrayLevelNonUniformity",
    "GrayLevelNonUniformityNormalized",
    "SizeZoneNonUniformity",
    "SizeZoneNonUniformityNormalized",
    "ZonePercentage",
    "GrayLevelVariance",
    "ZoneVariance",
    "ZoneEntropy",
    "LowGrayLevelZoneEmphasis",
    "HighGrayLevelZoneEmphasis",
    "SmallAreaLowGrayLevelEmphasis",
    "SmallAreaHighGrayLevelEmphasis",
    "LargeAreaLowGrayLevelEmphasis",
    "LargeAreaHighGrayLevelEmphasis",
)


@family("glszm", FEATURES)
def glszm(region: Region) -> dict[str, float]:
    """Describe the zones of one grey level, connected through faces, edges and corners.

    Source: Thibault et al., Pattern Recognition and Information Processing (2009) 140; IBSI
    family 9SAK.
    """
    lattice = region.lattice()
    around = lattice.around(region.directions())
    counts, sizes = zones(lattice.ranks, lattice.spans, around, len(lattice.levels))
    values = np.empty(N_VALUES)
    level_size_values(counts, lattice.levels, sizes, values)
    return values_of(FEATURES, values)


@kernel
def zones(
    ranks: NDArray[np.uint16], spans: NDArray[np.int64], around: NDArray[np.int64], n_levels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count the connected zones of equal rank by rank and size: (levels, sizes), and the sizes there are."""
    n_voxels = 0
    for s in range(len(spans)):
        n_voxels += spans[s, 1] - spans[s, 0]
    unvisited = ranks.copy()
    zone_ranks, zone_sizes = np.empty(n_voxels, dtype=np.uint16), np.empty(n_voxels, dtype=np.int32)
    stack = np.empty(n_voxels, dtype=np.int32)
    n_zones = largest = 0
    for s in range(len(spans)):
        for seed in range(spans[s, 0], spans[s, 1]):
            if unvisited[seed]:
                zone_ranks[n_zones] = unvisited[seed]
                zone_sizes[n_zones] = grow(unvisited, seed, around, stack)
                largest = max(largest, zone_sizes[n_zones])
                n_zones += 1
    column = np.zeros(largest + 1, dtype=np.int64)
    for zone in range(n_zones):
        column[zone_sizes[zone]] = 1
    sizes = np.empty(column.sum())
    n_sizes = 0
    for size in range(largest + 1):
        if column[size]:
            sizes[n_sizes] = size
            column[size] = n_sizes
            n_sizes += 1
    counts = np.zeros((n_levels, n_sizes))
    for zone in range(n_zones):
        counts[zone_ranks[zone] - 1, column[zone_sizes[zone]]] += 1
    return counts, sizes


@kernel
def grow(
    unvisited: NDArray[np.uint16], seed: int, around: NDArray[np.int64], stack: NDArray[np.int32]
) -> int:
    """Visit the zone that `seed` lies in, and return its number of voxels; visited voxels become 0."""
    rank = unvisited[seed]
    unvisited[seed] = 0
    stack[0] = seed
    waiting = 1
    size = 0
    while waiting:
        waiting -= 1
        voxel = stack[waiting]
        size += 1
        for k in range(len(around)):
            neighbour = voxel + around[k]
            if unvisited[neighbour] == rank:
                unvisited[neighbour] = 0
                stack[waiting] = neighbour
                waiting += 1
    return size
