"""The one input of all feature families: a lesion in its bounding box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from radiomics_screen.core.arrays import count_inexact, count_not_finite
from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.kernels import kernel
from radiomics_screen.core.options import Finite, FlatAxis, Positive
from radiomics_screen.features.texture.lattice import Footprint, Lattice, half_neighbours, lay_out

#: What the first bin of a fixed width begins at: see :func:`discretize`.
BinOrigin = Literal["multiples", "range"] | Finite
Discretization = Literal["bins", "none"]

MOST_BINS = 1_000_000
BinCount = Annotated[int, Field(gt=0, le=MOST_BINS)]

#: More levels than this are no grey levels any more, and their matrices do not fit in memory.
MOST_LEVELS = 4096


@dataclass(frozen=True, eq=False)
class Region:
    """A lesion in its bounding box, with one image's intensities.

    Attributes
    ----------
    intensities
        Shape (z, y, x): the bounding box of the mask, in the pixel type of the image.
    footprint
        The voxels of the lesion in that box.
    spacing_mm
        Distance of voxel centres along (z, y, x), mm.
    flat_axis
        Array axis along which no neighbours are looked for (2-D analysis), or None.
    planar
        The image has no third dimension.
    slice_axis
        Array axis across the slices, for what is measured slice by slice.
    bin_width, bin_count, bin_origin, discretization
        How intensities become grey levels: see :func:`discretize`.
    drawn
        The mask as it was drawn, where resegmentation left voxels out of it, in the same box.
    thresholds
        The range of intensities that resegmentation kept, where one was given for this image; either
        end may be infinite.
    surroundings
        The image as far as families look at it beyond the box, and the box as a part of it.
    """

    intensities: NDArray[Any]
    footprint: Footprint
    spacing_mm: tuple[float, float, float]
    flat_axis: int | None = None
    planar: bool = False
    slice_axis: int = 0
    bin_width: float = 25.0
    bin_count: int | None = None
    bin_origin: BinOrigin = "multiples"
    discretization: Discretization = "bins"
    drawn: Footprint | None = None
    thresholds: tuple[float, float] | None = None
    surroundings: tuple[NDArray[Any], tuple[slice, slice, slice]] | None = None

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Shape (z, y, x), bool: the voxels of the lesion."""
        return self.footprint.mask

    @cached_property
    def raw_values(self) -> NDArray[Any]:
        """Intensities inside the mask in their own type, in the order of the array."""
        return self.footprint.values(self.intensities)

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """Intensities inside the mask, in the order of the array."""
        return self.raw_values.astype(np.float64, copy=False)

    @cached_property
    def levels(self) -> NDArray[np.int32]:
        """Grey levels inside the mask, in the order of the array; the lowest is 1."""
        return discretize(
            self.raw_values if self.raw_values.dtype.kind in "iu" else self.values,
            binWidth=self.bin_width,
            binCount=self.bin_count,
            bin_origin=self.bin_origin,
            discretization=self.discretization,
        )

    @property
    def morphological(self) -> Footprint:
        """The mask as it was drawn: what shape is measured on."""
        return self.footprint if self.drawn is None else self.drawn

    @cached_property
    def wider(self) -> tuple[NDArray[Any], tuple[slice, slice, slice]]:
        """The image as far as it is known round the region, and the region's box as a part of it."""
        whole = slice(0, None)
        return self.surroundings or (self.intensities, (whole, whole, whole))

    @cached_property
    def by_slices(self) -> Region:
        """Return the region with the axis across its slices first and no flat axis set."""
        order = (self.slice_axis, *(a for a in range(3) if a != self.slice_axis))
        if order == (0, 1, 2) and self.flat_axis is None:
            return self
        z, y, x = (self.spacing_mm[a] for a in order)
        return replace(
            self,
            intensities=np.ascontiguousarray(self.intensities.transpose(order)),
            footprint=self.footprint if order == (0, 1, 2) else Footprint(self.mask.transpose(order)),
            drawn=None if self.drawn is None else Footprint(self.drawn.mask.transpose(order)),
            spacing_mm=(z, y, x),
            flat_axis=None,
            slice_axis=0,
            surroundings=None,
        )

    @cached_property
    def highest_level(self) -> int:
        """Return the highest grey level in the region."""
        return int(self.levels.max())

    @cached_property
    def _lattices(self) -> dict[int, Lattice]:
        return {}

    def lattice(self, margin: int = 1) -> Lattice:
        """Lay out the grey levels with `margin` empty voxels on each side of every axis moved along."""
        if margin not in self._lattices:
            z, y, x = (
                0 if axis == self.flat_axis else min(margin, n - 1) for axis, n in enumerate(self.mask.shape)
            )
            self._lattices[margin] = lay_out(self.footprint, self.levels, (z, y, x))
        return self._lattices[margin]

    def directions(self, distances: Sequence[int] = (1,)) -> NDArray[np.int64]:
        """Return the offsets (z, y, x) to one half of the neighbours; see :func:`half_neighbours`."""
        nz, ny, nx = self.mask.shape
        return half_neighbours((nz, ny, nx), self.flat_axis, tuple(distances))


def cut_region(
    intensities: NDArray[Any],
    mask: NDArray[np.bool_] | Footprint,
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
    footprint = mask if isinstance(mask, Footprint) else Footprint(mask)
    region = Region(intensities, footprint, spacing_mm, **facts)
    if _may_be_undefined(intensities):
        _require_defined(region.raw_values, image_name)
    return region


def require_finite(
    intensities: NDArray[Any], footprint: Footprint, image_name: str = "original", *, after: str = ""
) -> None:
    """Raise a RegionError if an intensity inside the footprint is NaN, infinite, or no 64-bit float.

    Parameters
    ----------
    intensities
        On the footprint's box.
    footprint
        The voxels that are looked at.
    image_name
        Whose intensities they are, for the message.
    after
        What was done to the image before, for the message.
    """
    if _may_be_undefined(intensities):
        _require_defined(footprint.values(intensities), image_name, after)


def _may_be_undefined(intensities: NDArray[Any]) -> bool:
    """Tell whether an array can hold what is NaN, infinite, or no 64-bit float."""
    return not (intensities.dtype.kind in "iu" and intensities.dtype.itemsize < 8)


def _require_defined(values: NDArray[Any], image_name: str, after: str = "") -> None:
    if inexact := count_inexact(values):
        raise RegionError(
            f"{inexact} of the {len(values)} voxels in the region are whole numbers beyond 2^53, which "
            "64-bit floats do not hold exactly; scale the image, or leave these voxels out of the mask"
        )
    if wrong := count_not_finite(values):
        where = f"{wrong} of the {len(values)} voxels in the region are NaN or infinite"
        if after:
            raise RegionError(
                f"{where} after {after}: the image holds such values in or near the region, and what looks "
                "at neighbours spreads them; repair the image, or leave out what spreads them"
            )
        if image_name == "original":
            raise RegionError(f"{where}; repair the image, or leave these voxels out of the mask")
        raise RegionError(
            f"{where} in {image_name}, though not in the image: the filter brings them in from outside the "
            "region, or its options do not suit this image; repair the image, or change them"
        )


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
    values: NDArray[Any],
    *,
    binWidth: Positive = 25.0,
    binCount: BinCount | None = None,
    bin_origin: BinOrigin = "multiples",
    discretization: Discretization = "bins",
) -> NDArray[np.int32]:
    """Turn intensities into grey levels 1, 2, ...

    Each bin includes its lower edge: an intensity that equals an edge is in the bin above it. Intensities
    and edges are compared in 64 bits, whatever the pixel type of the image. With the origin `multiples`,
    which is pyradiomics' convention, the first bin is the one that holds the smallest intensity; else it is
    the one that begins at the origin, even where it holds none.

    Parameters
    ----------
    binWidth
        Width of a grey-level bin, in intensity units.
    binCount
        Number of bins between the smallest and the largest intensity of the region; takes the
        place of binWidth.
    bin_origin
        Where bins of a fixed width begin: at multiples of the width (multiples), at the lower bound of
        resegmentRange (range; at the smallest intensity where there is none, and in filtered images), or
        at a number.
    discretization
        Put intensities into bins (bins), or take them as grey levels as they are (none): whole numbers
        from 1.

    Raises
    ------
    RegionError
        If the bins are so narrow that there would be more than a million, or narrower than the steps
        between the numbers of the image's type; if an intensity lies below the origin; or if intensities
        that should be grey levels are none.

    Source: pyradiomics; IBSI 4R0B (fixed bin size Q3RU, fixed bin number K15C).
    """
    whole = values.dtype.kind in "iu"
    # 8-bit arithmetic would overflow, and edges in 32 bits would depend on how the image is stored
    values = values.astype(np.int64 if whole else np.float64, copy=False)
    low, high = values.min(), values.max()
    if discretization == "none":
        return _as_levels(values, float(low), float(high))
    _require_few_bins(float(high) - float(low), binWidth, binCount, low, high)
    if bin_origin != "multiples":
        return _by_formula(values.astype(np.float64), binWidth, binCount, bin_origin)
    if binCount is not None:
        try:
            edges = np.histogram_bin_edges(values, binCount)
        except ValueError as error:
            raise RegionError(
                f"binCount {binCount} divides the intensities from {low:g} to {high:g} more finely than "
                "numbers of 64 bits lie apart; set a smaller one"
            ) from error
        edges[-1] += 1
    else:
        edges = np.arange(low - low % binWidth, high + 2 * binWidth, binWidth)
    edges = edges.astype(np.float64)
    if whole and high - low < values.size:  # fewer numbers than voxels: find the level of each once
        return np.take(binned(np.arange(low, high + 1).astype(np.float64), edges), values - low)
    return binned(np.ascontiguousarray(values, np.float64), edges)


def _require_few_bins(span: float, width: float, count: int | None, low: Any, high: Any) -> None:
    if count is None and span > MOST_BINS * width:
        raise RegionError(
            f"binWidth {width:g} is too narrow for intensities from {low:g} to {high:g}: "
            "set a larger binWidth, or binCount"
        )


def _as_levels(values: NDArray[Any], low: float, high: float) -> NDArray[np.int32]:
    if low < 1 or high > MOST_BINS or np.any(values != np.floor(values)):
        raise RegionError(
            f"discretization: none takes intensities as grey levels, so they must be whole numbers from 1 to "
            f"{MOST_BINS}; here they lie between {low:g} and {high:g}; set binWidth or binCount instead"
        )
    return values.astype(np.int32)


def _by_formula(
    values: NDArray[np.float64], width: float, count: int | None, origin: BinOrigin
) -> NDArray[np.int32]:
    """Count bins from the origin, by the formulas of the IBSI."""
    low, high = values.min(), values.max()
    if count is not None:
        if low == high:
            return np.ones(len(values), dtype=np.int32)
        levels = np.floor(count * (values - low) / (high - low)) + 1
        return np.minimum(levels, count).astype(np.int32)
    start = float(low) if isinstance(origin, str) else origin
    _require_few_bins(float(high) - start, width, None, low, high)
    if low < start:
        raise RegionError(
            f"the first bin begins at {start:g}, but the region's smallest intensity is {low:g}; "
            "leave such voxels out by resegmentRange, or set another bin_origin"
        )
    return (np.floor((values - start) / width) + 1).astype(np.int32)


@kernel
def binned(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int32]:
    """Count the edges at or below each value: the bin it lies in, where bins have nearly one width."""
    levels = np.empty(len(values), dtype=np.int32)
    n = len(edges)
    per_unit = 1 / (edges[1] - edges[0])
    for i in range(len(values)):
        value = values[i]
        guess = (value - edges[0]) * per_unit
        level = int(guess) + 1 if 0 <= guess < n else 0
        while level < n and value >= edges[level]:
            level += 1
        while level > 0 and value < edges[level - 1]:
            level -= 1
        levels[i] = level
    return levels
