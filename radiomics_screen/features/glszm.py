"""Grey-level size zone: how large connected patches of one grey level are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.conventions import PYRADIOMICS
from radiomics_screen.core.kernels import kernel
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of
from radiomics_screen.features.texture.level_size import N_VALUES, level_size_values

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


@family("glszm", FEATURES, conventions=PYRADIOMICS)
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
    members, zone_sizes = zone_members(ranks, spans, around)
    largest = 0
    for size in zone_sizes:
        largest = max(largest, size)
    column = np.zeros(largest + 1, dtype=np.int64)
    for size in zone_sizes:
        column[size] = 1
    sizes = np.empty(column.sum())
    n_sizes = 0
    for size in range(largest + 1):
        if column[size]:
            sizes[n_sizes] = size
            column[size] = n_sizes
            n_sizes += 1
    counts = np.zeros((n_levels, n_sizes))
    first = 0
    for size in zone_sizes:
        counts[ranks[members[first]] - 1, column[size]] += 1
        first += size
    return counts, sizes


@kernel
def zone_members(
    ranks: NDArray[np.uint16], spans: NDArray[np.int64], around: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Find the connected zones of equal rank: the places of all voxels, zone after zone, and zone sizes.

    Each zone begins with its first voxel in the order of the array, and zones follow in that order.
    """
    n_voxels = 0
    for s in range(len(spans)):
        n_voxels += spans[s, 1] - spans[s, 0]
    unvisited = ranks.copy()
    members, sizes = np.empty(n_voxels, dtype=np.int32), np.empty(n_voxels, dtype=np.int64)
    n_zones = visited = 0
    for s in range(len(spans)):
        for seed in range(spans[s, 0], spans[s, 1]):
            if unvisited[seed]:
                sizes[n_zones] = grow(unvisited, seed, around, members[visited:])
                visited += sizes[n_zones]
                n_zones += 1
    return members, sizes[:n_zones]


@kernel
def grow(
    unvisited: NDArray[np.uint16], seed: int, around: NDArray[np.int64], members: NDArray[np.int32]
) -> int:
    """List the voxels of the zone that `seed` lies in, and return their number; visited voxels become 0."""
    rank = unvisited[seed]
    unvisited[seed] = 0
    members[0] = seed
    size = 1
    looked_from = 0
    while looked_from < size:
        voxel = members[looked_from]
        looked_from += 1
        for k in range(len(around)):
            neighbour = voxel + around[k]
            if unvisited[neighbour] == rank:
                unvisited[neighbour] = 0
                members[size] = neighbour
                size += 1
    return size
