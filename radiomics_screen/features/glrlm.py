"""Grey-level run length: how long a line of voxels keeps its grey level."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.conventions import PYRADIOMICS
from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.kernels import kernel
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of
from radiomics_screen.features.texture.directions import WeightingNorm, lengths_mm
from radiomics_screen.features.texture.level_size import N_VALUES, level_size_values

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


#: Lengths are counted in 16 bits.
LONGEST = 65_534


@family("glrlm", FEATURES, conventions=PYRADIOMICS)
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
    longest = longest_run(region, "glrlm")
    lattice = region.lattice()
    directions = region.directions()
    usable = [_joins_voxels(region, d) for d in directions]
    directions = directions[np.array(usable, dtype=bool)]
    if not len(directions):
        add_remark("glrlm: no straight line meets two voxels of the region; its features are undefined")
        return dict.fromkeys(FEATURES, float("nan"))
    described = values_by_direction(
        lattice.ranks,
        lattice.spans,
        lattice.offsets(directions),
        weights_of(directions, region.spacing_mm, weightingNorm),
        weightingNorm is None,
        weightingNorm is not None,
        lattice.levels,
        longest,
    )
    return values_of(FEATURES, described.mean(axis=0))


def longest_run(region: Region, family: str) -> int:
    """Return how long a run may be at most; raise a RegionError if that is too long to be counted."""
    longest = max(region.mask.shape)
    if longest > LONGEST:
        raise RegionError(
            f"the region is {longest} voxels long, more than the {LONGEST} of the longest run that is "
            f"counted; resample it, or leave {family} out"
        )
    return longest


def weights_of(
    directions: NDArray[np.int64], spacing_mm: tuple[float, float, float], norm: WeightingNorm | None
) -> NDArray[np.float64]:
    """Return the weight of each direction's matrix: the step's length in mm under the norm."""
    return lengths_mm(directions, spacing_mm, "no_weighting" if norm is None else norm)


def _joins_voxels(region: Region, direction: NDArray[np.int64]) -> bool:
    """Tell whether some straight line along `direction` meets two voxels of the region."""
    lattice = region.lattice()
    if touches(lattice.ranks, lattice.spans, lattice.offset(direction)):
        return True
    # No neighbours: two voxels may still lie on one line, with a gap between them.
    coordinates = np.argwhere(region.mask)
    axis = int(np.flatnonzero(direction)[0])
    on_line = coordinates - np.outer(coordinates[:, axis] * direction[axis], direction)
    return len(np.unique(on_line, axis=0)) < len(coordinates)


@kernel
def touches(ranks: NDArray[np.uint16], spans: NDArray[np.int64], offset: int) -> bool:
    """Tell whether any voxel has a neighbour in the region at `offset`."""
    for s in range(len(spans)):
        for voxel in range(spans[s, 0], spans[s, 1]):
            if ranks[voxel + offset]:
                return True
    return False


@kernel
def values_by_direction(
    ranks: NDArray[np.uint16],
    spans: NDArray[np.int64],
    offsets: NDArray[np.int64],
    weights: NDArray[np.float64],
    apart: bool,
    merged: bool,
    levels: NDArray[np.float64],
    longest: int,
) -> NDArray[np.float64]:
    """Describe the run lengths along each offset, then their weighted sum: (matrices, 16).

    `apart` and `merged` say which of the two are wanted.
    """
    begun = np.empty((len(levels) + 1, longest + 2), dtype=np.int32)
    lengths = np.zeros(len(ranks), dtype=np.uint16)
    counts = np.zeros((len(levels), longest))
    total = np.zeros((len(levels) if merged else 0, longest))
    sizes = np.arange(1, longest + 1).astype(np.float64)
    n_apart = len(offsets) if apart else 0
    values = np.empty((n_apart + merged, N_VALUES))
    longest_of_all = 0
    for d in range(len(offsets)):
        most = run_lengths(ranks, spans, offsets[d], lengths, begun)
        longest_of_all = max(longest_of_all, most)
        for i in range(len(levels)):
            for j in range(most):
                counts[i, j] = begun[i + 1, j + 1] - begun[i + 1, j + 2]
        if apart:
            level_size_values(counts[:, :most], levels, sizes[:most], values[d])
        if merged:
            for i in range(len(levels)):
                for j in range(most):
                    total[i, j] += weights[d] * counts[i, j]
    if merged:
        level_size_values(total[:, :longest_of_all], levels, sizes[:longest_of_all], values[n_apart])
    return values


@kernel
def run_lengths(
    ranks: NDArray[np.uint16],
    spans: NDArray[np.int64],
    offset: int,
    lengths: NDArray[np.uint16],
    begun: NDArray[np.int32],
) -> int:
    """Count, for each rank and length j, the runs along `offset` of j voxels or more; return the longest.

    Each voxel is one step further in its run than the voxel before it, if that has the same rank;
    so all voxels that are j steps into their run are counted, without looking for the ends of runs.
    `begun` has shape (levels + 1, longest + 2), `lengths` that of `ranks`: how far each voxel is.
    """
    begun[:] = 0
    flat = begun.reshape(-1)
    width = np.uint64(begun.shape[1])
    most = np.uint16(0)
    for s in range(len(spans)):
        start, end = spans[s, 0], spans[s, 1]
        here, before = ranks[start:end], ranks[start - offset : end - offset]
        length, length_before = lengths[start:end], lengths[start - offset : end - offset]
        for i in range(len(here)):
            on = np.uint16(here[i] == before[i])
            length[i] = length_before[i] * on + np.uint16(1)
            most = max(most, length[i])
            flat[np.uint64(here[i]) * width + np.uint64(length[i])] += np.int32(1)
    return int(most)
