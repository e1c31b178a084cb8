"""Grey-level run length: how long a line of voxels keeps its grey level."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.features.directions import WeightingNorm, lengths_mm
from radiomics_screen.kernels import kernel
from radiomics_screen.features.level_size import level_size_values
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of
from radiomics_screen.notes import note

#: In the order of :func:`level_size_values`.
FEATURES = (
    "ShortRunEmphasis",
    "LongRunEmphasis",
    "GrayLevelNonUniformity",
    "GrayLevelNonUniformityNormalized",
    "RunLengthNonUniformity",
    "RunLengthNonUniformityNormalized",
    "RunPercentage",
    "GrayLevelVariance",
    "RunVariance",
    "RunEntropy",
    "LowGrayLevelRunEmphasis",
    "HighGrayLevelRunEmphasis",
    "ShortRunLowGrayLevelEmphasis",
    "ShortRunHighGrayLevelEmphasis",
    "LongRunLowGrayLevelEmphasis",
    "LongRunHighGrayLevelEmphasis",
)


@family("glrlm", FEATURES)
def glrlm(region: Region, *, weightingNorm: WeightingNorm | None = None) -> dict[str, float]:
    """Describe runs of one grey level: one matrix per direction, features averaged.

    A direction in which no straight line meets two voxels of the region has no say. All features
    are NaN, with a note, where there is no direction left.

    Parameters
    ----------
    weightingNorm
        Sum the directions' matrices, weighted by the step's length in mm under this norm,
        instead of averaging features; null averages.

    Source: Galloway, Comput. Graph. Image Process. 4 (1975) 172; IBSI family TP0I.
    """
    lattice = region.lattice()
    longest = max(region.mask.shape)
    directions = [d for d in region.directions() if _joins_voxels(region, d)]
    matrices = [
        run_lengths(lattice.ranks, lattice.voxels, lattice.offset(d), len(lattice.levels), longest)
        for d in directions
    ]
    if not matrices:
        note("glrlm: no straight line meets two voxels of the region; its features are undefined")
        return dict.fromkeys(FEATURES, float("nan"))
    if weightingNorm is not None:
        weights = lengths_mm(np.array(directions), region.spacing_mm, weightingNorm)
        matrices = [sum((w * m for w, m in zip(weights, matrices, strict=True)), np.zeros_like(matrices[0]))]
    sizes = np.arange(1.0, longest + 1)
    values = [level_size_values(matrix, lattice.levels, sizes) for matrix in matrices]
    return values_of(FEATURES, np.mean(values, axis=0))


def _joins_voxels(region: Region, direction: NDArray[np.int64]) -> bool:
    """Tell whether some straight line along `direction` meets two voxels of the region."""
    lattice = region.lattice()
    if lattice.ranks[lattice.voxels + lattice.offset(direction)].any():
        return True
    # No neighbours: two voxels may still lie on one line, with a gap between them.
    coordinates = np.argwhere(region.mask)
    axis = int(np.flatnonzero(direction)[0])
    on_line = coordinates - np.outer(coordinates[:, axis] * direction[axis], direction)
    return len(np.unique(on_line, axis=0)) < len(coordinates)


@kernel
def run_lengths(
    ranks: NDArray[np.int32], voxels: NDArray[np.int64], offset: int, n_levels: int, longest: int
) -> NDArray[np.float64]:
    """Count the runs along `offset` by grey level and length: shape (levels, longest)."""
    counts = np.zeros((n_levels, longest))
    for voxel in voxels:
        rank = ranks[voxel]
        if ranks[voxel - offset] != rank:  # a run begins here
            end = voxel + offset
            length = 0
            while ranks[end] == rank:
                end += offset
                length += 1
            counts[rank - 1, length] += 1
    return counts
