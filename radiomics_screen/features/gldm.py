"""Grey-level dependence: how many neighbours share a voxel's grey level."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.conventions import PYRADIOMICS
from radiomics_screen.core.kernels import kernel
from radiomics_screen.core.options import NonNegativeInt
from radiomics_screen.features.region import MOST_BINS, Region
from radiomics_screen.features.registry import family, values_of
from radiomics_screen.features.texture.directions import Distances
from radiomics_screen.features.texture.level_size import N_VALUES, level_size_values

#: In the order of :func:`level_size_values`; two of its numbers say nothing new here (None).
IN_ORDER = (
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
FEATURES = tuple(name for name in IN_ORDER if name)


@family("gldm", FEATURES, conventions=PYRADIOMICS)
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
    around = lattice.around(region.directions(distances))
    counts = dependences(
        lattice.ranks,
        lattice.tones,
        lattice.spans,
        lattice.longest_span,
        around,
        len(lattice.levels),
        min(gldm_a, MOST_BINS),
    )
    values = np.empty(N_VALUES)
    level_size_values(counts, lattice.levels, np.arange(1.0, counts.shape[1] + 1), values)
    return values_of(FEATURES, [v for v, name in zip(values, IN_ORDER, strict=True) if name])


@kernel
def dependences(
    ranks: NDArray[np.uint16],
    tones: NDArray[np.int32],
    spans: NDArray[np.int64],
    longest_span: int,
    around: NDArray[np.int64],
    n_levels: int,
    tolerance: int,
) -> NDArray[np.float64]:
    """Count voxels by rank and number of dependent neighbours: (levels, neighbours + 1)."""
    counts = np.zeros((n_levels, len(around) + 1))
    work = np.empty(longest_span, dtype=np.int32)
    allowed = np.int32(tolerance)
    for s in range(len(spans)):
        start, end = spans[s, 0], spans[s, 1]
        here, dependent = tones[start:end], work[: end - start]
        dependent[:] = 0
        for k in range(len(around)):
            there = tones[start + around[k] : end + around[k]]
            for i in range(len(here)):
                dependent[i] += (there[i] != 0) & (abs(there[i] - here[i]) <= allowed)
        for i in range(len(here)):
            counts[ranks[start + i] - 1, dependent[i]] += 1
    return counts
