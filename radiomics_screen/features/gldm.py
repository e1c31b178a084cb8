"""Grey-level dependence: how many neighbours share a voxel's grey level."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.features.directions import Distances
from radiomics_screen.kernels import kernel
from radiomics_screen.features.level_size import level_size_values
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of
from radiomics_screen.options import NonNegativeInt

#: In the order of :func:`level_size_values`; two of its numbers say nothing new here (None).
_IN_ORDER = (
    "SmallDependenceEmphasis",
    "LargeDependenceEmphasis",
    "GrayLevelNonUniformity",
    None,
    "DependenceNonUniformity",
    "DependenceNonUniformityNormalized",
    None,
    "GrayLevelVariance",
    "DependenceVariance",
    "DependenceEntropy",
    "LowGrayLevelEmphasis",
    "HighGrayLevelEmphasis",
    "SmallDependenceLowGrayLevelEmphasis",
    "SmallDependenceHighGrayLevelEmphasis",
    "LargeDependenceLowGrayLevelEmphasis",
    "LargeDependenceHighGrayLevelEmphasis",
)
FEATURES = tuple(name for name in _IN_ORDER if name)


@family("gldm", FEATURES)
def gldm(region: Region, *, distances: Distances = (1,), gldm_a: NonNegativeInt = 0) -> dict[str, float]:
    """Describe how many neighbours depend on each voxel: have its grey level, or nearly so.

    Parameters
    ----------
    distances
        How far away a neighbour may be, in voxels (largest step along an axis).
    gldm_a
        Neighbours depend on a voxel if their grey level differs from its own by at most this.

    Source: Sun and Wee, Comput. Vis. Graph. Image Process. 23 (1983) 341; IBSI family REK0.
    """
    lattice = region.lattice(max(distances))
    forward = lattice.offsets(region.directions(distances))
    counts = dependences(
        lattice.ranks, lattice.voxels, np.concatenate([forward, -forward]), lattice.levels, gldm_a
    )
    sizes = np.arange(1.0, counts.shape[1] + 1)
    values = level_size_values(counts, lattice.levels, sizes)
    return values_of(FEATURES, [v for v, name in zip(values, _IN_ORDER, strict=True) if name])


@kernel
def dependences(
    ranks: NDArray[np.int32],
    voxels: NDArray[np.int64],
    offsets: NDArray[np.int64],
    levels: NDArray[np.float64],
    tolerance: int,
) -> NDArray[np.float64]:
    """Count voxels by grey level and number of dependent neighbours: (levels, neighbours + 1)."""
    counts = np.zeros((len(levels), len(offsets) + 1))
    for voxel in voxels:
        rank = ranks[voxel]
        dependent = 0
        for offset in offsets:
            neighbour = ranks[voxel + offset]
            if neighbour and abs(levels[rank - 1] - levels[neighbour - 1]) <= tolerance:
                dependent += 1
        counts[rank - 1, dependent] += 1
    return counts
