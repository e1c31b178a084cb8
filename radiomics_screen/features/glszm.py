"""Grey-level size zone: how large connected patches of one grey level are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.kernels import kernel
from radiomics_screen.features.level_size import level_size_values
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of

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
    forward = lattice.offsets(region.directions())
    ranks, zone_sizes = zones(lattice.ranks, lattice.voxels, np.concatenate([forward, -forward]))
    sizes, columns = np.unique(zone_sizes, return_inverse=True)
    counts = np.zeros((len(lattice.levels), len(sizes)))
    np.add.at(counts, (ranks - 1, columns), 1)
    return values_of(FEATURES, level_size_values(counts, lattice.levels, sizes.astype(np.float64)))


@kernel
def zones(
    ranks: NDArray[np.int32], voxels: NDArray[np.int64], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Grow the connected zones of equal rank: the rank of each zone, and its number of voxels."""
    unvisited = ranks.copy()
    zone_ranks = np.empty(len(voxels), dtype=np.int64)
    zone_sizes = np.empty(len(voxels), dtype=np.int64)
    stack = np.empty(len(voxels), dtype=np.int64)
    n_zones = 0
    for seed in voxels:
        rank = unvisited[seed]
        if rank == 0:
            continue
        unvisited[seed] = 0
        stack[0] = seed
        waiting = 1
        size = 0
        while waiting:
            waiting -= 1
            voxel = stack[waiting]
            size += 1
            for offset in offsets:
                neighbour = voxel + offset
                if unvisited[neighbour] == rank:
                    unvisited[neighbour] = 0
                    stack[waiting] = neighbour
                    waiting += 1
        zone_ranks[n_zones] = rank
        zone_sizes[n_zones] = size
        n_zones += 1
    return zone_ranks[:n_zones], zone_sizes[:n_zones]
