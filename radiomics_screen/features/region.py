"""The one input of all feature families: a lesion in its bounding box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from radiomics_screen.errors import RegionError
from radiomics_screen.options import Positive

FlatAxis = Literal[0, 1, 2]

MOST_BINS = 1_000_000
BinCount = Annotated[int, Field(gt=0, le=MOST_BINS)]

#: More levels than this are no grey levels any more, and their matrices do not fit in memory.
MOST_LEVELS = 4096


@dataclass(frozen=True)
class Lattice:
    """The grey levels of a region, laid out so that a neighbour is one addition away.

    Attributes
    ----------
    ranks
        Flat array of the bounding box with a margin: 0 outside the region, else 1 + the place of
        the voxel's level among `levels`.
    voxels
        Indices into `ranks` of the region's voxels, in the order of the array.
    steps
        Flat index step of one voxel along each axis.
    levels
        The grey levels that occur, ascending, as floats.
    """

    ranks: NDArray[np.int32]
    voxels: NDArray[np.int64]
    steps: tuple[int, int, int]
    levels: NDArray[np.float64]

    def offset(self, direction: Sequence[int] | NDArray[np.int64]) -> int:
        """Flat index step of a direction (z, y, x)."""
        return sum(d * s for d, s in zip(direction, self.steps, strict=True))

    def offsets(self, directions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Flat index steps of directions, shape (n, 3) -> (n,)."""
        return directions @ np.array(self.steps, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Region:
    """A lesion in its bounding box, with one image's intensities.

    Attributes
    ----------
    intensities
        Shape (z, y, x): the bounding box of the mask, in the pixel type of the image.
    mask
        Shape (z, y, x), bool: the voxels of the lesion.
    spacing_mm
        Distance of voxel centres along (z, y, x), mm.
    flat_axis
        Array axis along which no neighbours are looked for (2-D analysis), or None.
    planar
        The image has no third dimension.
    bin_width, bin_count
        How intensities become grey levels: see :func:`discretize`.
    """

    intensities: NDArray[Any]
    mask: NDArray[np.bool_]
    spacing_mm: tuple[float, float, float]
    flat_axis: int | None = None
    planar: bool = False
    bin_width: float = 25.0
    bin_count: int | None = None

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """Intensities inside the mask, in the order of the array."""
        return self.intensities[self.mask].astype(np.float64)

    @cached_property
    def levels(self) -> NDArray[np.int64]:
        """Grey levels inside the mask, in the order of the array; the lowest is 1."""
        return discretize(self.intensities[self.mask], binWidth=self.bin_width, binCount=self.bin_count)

    @cached_property
    def highest_level(self) -> int:
        return int(self.levels.max())

    @cached_property
    def _lattices(self) -> dict[int, Lattice]:
        return {}

    def lattice(self, margin: int = 1) -> Lattice:
        """Lay out the grey levels with `margin` empty voxels on each side of every axis moved along."""
        if margin not in self._lattices:
            self._lattices[margin] = self._lay_out(margin)
        return self._lattices[margin]

    def _lay_out(self, margin: int) -> Lattice:
        levels = np.flatnonzero(np.bincount(self.levels))
        rank_of = np.zeros(self.highest_level + 1, dtype=np.int32)
        rank_of[levels] = np.arange(1, len(levels) + 1)
        pad = [0 if axis == self.flat_axis else min(margin, n - 1) for axis, n in enumerate(self.mask.shape)]
        nz, ny, nx = (n + 2 * p for n, p in zip(self.mask.shape, pad, strict=True))
        z, y, x = np.nonzero(self.mask)
        voxels = ((z + pad[0]) * ny + (y + pad[1])) * nx + (x + pad[2])
        ranks = np.zeros(nz * ny * nx, dtype=np.int32)
        ranks[voxels] = rank_of[self.levels]
        return Lattice(ranks, voxels.astype(np.int64), (ny * nx, nx, 1), levels.astype(np.float64))

    def directions(self, distances: Sequence[int] = (1,)) -> NDArray[np.int64]:
        """Return the offsets (z, y, x) to one half of the neighbours, shape (n, 3).

        A neighbour is as far away as its largest step along an axis (Chebyshev norm); of two
        opposite offsets the one that points forward is returned. Offsets that cannot stay inside
        the bounding box, or that leave the plane of a 2-D analysis, are left out.
        """
        reach = max(distances)
        spans = [
            range(0, 1) if axis == self.flat_axis else range(-min(reach, n - 1), min(reach, n - 1) + 1)
            for axis, n in enumerate(self.mask.shape)
        ]
        forward = [o for o in product(*spans) if o > (0, 0, 0) and max(map(abs, o)) in distances]
        return np.array(sorted(forward, reverse=True), dtype=np.int64).reshape(-1, 3)


def cut_region(
    intensities: NDArray[Any],
    mask: NDArray[np.bool_],
    spacing_mm: tuple[float, float, float],
    *,
    image_name: str = "original",
    **facts: Any,
) -> Region:
    """Make a region of arrays that already end at the mask's bounding box; check its intensities.

    Raises
    ------
    RegionError
        If an intensity inside the mask is NaN or infinite.
    """
    wrong = int(np.count_nonzero(~np.isfinite(intensities[mask])))
    if wrong:
        where = f"{wrong} of the {int(mask.sum())} voxels in the region are NaN or infinite"
        if image_name == "original":
            raise RegionError(f"{where}; repair the image, or leave these voxels out of the mask")
        raise RegionError(
            f"{where} in {image_name}, though not in the image: the filter brings them in from outside the "
            "region, or its options do not suit this image; repair the image, or change them"
        )
    return Region(intensities, mask, spacing_mm, **facts)


def flat_axis_of(planar: bool, *, force2D: bool = False, force2Ddimension: FlatAxis = 0) -> int | None:
    """Return the array axis along which nothing is compared, or None for an analysis in 3-D.

    Parameters
    ----------
    force2D
        Compare voxels within slices only; always so for a 2-D image.
    force2Ddimension
        Axis across the slices: 0 is z (axial slices), 1 is y, 2 is x.
    """
    if planar:
        return 0
    return int(force2Ddimension) if force2D else None


def discretize(
    values: NDArray[Any], *, binWidth: Positive = 25.0, binCount: BinCount | None = None
) -> NDArray[np.int64]:
    """Turn intensities into grey levels 1, 2, ...

    Bins of a fixed width have their edges at multiples of the width, and the first one holds the
    smallest intensity; a fixed number of bins divides the range from the smallest to the largest
    intensity. Each bin includes its lower edge. This is pyradiomics' convention.

    Parameters
    ----------
    binWidth
        Width of a grey-level bin, in intensity units.
    binCount
        Number of bins between the smallest and the largest intensity of the region; takes the
        place of binWidth.

    Raises
    ------
    RegionError
        If the bins are so narrow that there would be more than a million.
    """
    if values.dtype.kind in "iu":
        values = values.astype(np.int64)  # 8-bit arithmetic would overflow
    if binCount is not None:
        edges = np.histogram_bin_edges(values, binCount)
        edges[-1] += 1
    else:
        low, high = values.min(), values.max()
        if float(high) - float(low) > MOST_BINS * binWidth:
            raise RegionError(
                f"binWidth {binWidth:g} is too narrow for intensities from {low:g} to {high:g}: "
                "set a larger binWidth, or binCount"
            )
        edges = np.arange(low - low % binWidth, high + 2 * binWidth, binWidth)
    return np.digitize(values, edges)
