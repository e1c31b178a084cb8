"""Resampling to a grid that follows from the image alone, as the IBSI describes it.

SimpleITK speaks (x, y, z); everything in this file does too, but for arrays, which are the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, frexp, inf
from typing import Any, Literal

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.grids import SPLINE_REACH, numbers, require_fitting, required
from radiomics_screen.imaging.roi import Grid, Roi, roi_in

#: How the new grid lies on the old one.
Alignment = Literal["centre", "origin", "fit"]

#: Interpolators for these grids, and the order of their splines.
ORDERS = {"sitkNearestNeighbor": 0, "sitkLinear": 1, "sitkBSpline": 3}

#: How many voxels further they look, by order.
REACH = {0: 1, 1: 1, 3: SPLINE_REACH}

#: So many voxels are added at the border before spline coefficients are computed.
SPLINE_PAD = 12

#: Interpolated intensities keep so many bits below the largest one of the region.
NOISE_BITS = 40

#: What rounding makes of whole and half numbers neither adds a voxel to a grid nor takes one from a mask.
GRID_CLOSE, MASK_CLOSE = 1e-9, 1e-6


@dataclass(frozen=True)
class _Axis:
    """One axis of the new grid: how many voxels, where the first lies, and the step, in voxels of the old."""

    size: int
    first: float
    step: float
    old_size: int

    @classmethod
    def of(cls, old_size: int, ratio: float, alignment: Alignment) -> _Axis:
        """Lay a grid of voxels `ratio` times as wide on `old_size` voxels."""
        size = max(1, ceil(old_size / ratio - GRID_CLOSE))
        first, step = 0.0, ratio
        if alignment == "centre":
            first = (old_size - 1) / 2 - (size - 1) / 2 * step
        elif alignment == "fit" and size > 1:
            step = (old_size - 1) / (size - 1)
        return cls(size, first, step, old_size)

    def between(self, lower: float, upper: float) -> range:
        """Return the new voxels from one old position to another, as far as the grid goes."""
        start = ceil((lower - self.first) / self.step - GRID_CLOSE)
        stop = floor((upper - self.first) / self.step + GRID_CLOSE) + 1
        return range(min(max(start, 0), self.size), min(max(stop, 0), self.size))

    def source(self, wanted: range, reach: int) -> slice:
        """Return the old voxels that new ones depend on."""
        start, stop = self.first + wanted.start * self.step, self.first + (wanted.stop - 1) * self.step
        lower, upper = floor(start) - reach, ceil(stop) + reach + 1
        return slice(min(max(lower, 0), self.old_size - 1), max(min(upper, self.old_size), 1))


def resampled(
    image: sitk.Image,
    roi: Roi,
    spacing_mm: Sequence[float],
    *,
    alignment: Alignment,
    interpolator: str,
    mask_interpolator: str,
    mask_threshold: float,
    rounded: bool,
    margin_mm: float | None = None,
) -> tuple[sitk.Image, Roi]:
    """Resample an image and a region on its grid to a new spacing.

    Parameters
    ----------
    image
        Scalar image, 2-D or 3-D.
    roi
        The region, on the same grid.
    spacing_mm
        New spacing, one number a dimension.
    alignment
        Whether the grids share their centre, their first voxel, or their first and last voxel (which
        changes the spacing a little).
    interpolator, mask_interpolator
        By their SimpleITK names; the mask is interpolated as zeros and ones.
    mask_threshold
        The least value at which a voxel is inside.
    rounded
        Round intensities to whole numbers.
    margin_mm
        How far round the region the result is needed; None for all of the image.

    Returns
    -------
    The image in 64-bit floating point (32-bit integers where they are rounded), and the region on its
    grid. Outside the old voxel centres the nearest of them counts.

    Raises
    ------
    GeometryError
        More voxels than fit in memory.
    RegionError
        No voxel is left of the region.

    Source: IBSI VTM2, 026Q, QCY4, 3WE3, E8H9, 68QD.
    """
    old = Grid.of(image)
    ratios = [new / s for new, s in zip(spacing_mm, old.spacing, strict=True)]
    axes = [_Axis.of(n, ratio, alignment) for n, ratio in zip(old.size, ratios, strict=True)]
    require_fitting([axis.size for axis in axes], old.spacing, spacing_mm)
    mask, lower = _resampled_mask(roi, axes, ORDERS[mask_interpolator], mask_threshold, spacing_mm)
    kept = [range(axis.size) for axis in axes]
    if margin_mm is not None:
        margins = [ceil(margin_mm / s) for s in spacing_mm]
        kept = [
            range(max(0, a - m), min(axis.size, a + n + m))
            for a, n, m, axis in zip(lower, reversed(mask.shape), margins, axes, strict=True)
        ]
    order = ORDERS[interpolator]
    source = [axis.source(side, REACH[order]) for axis, side in zip(axes, kept, strict=True)]
    values = sitk.GetArrayViewFromImage(image)[tuple(reversed(source))].astype(np.float64)
    array = _interpolated((values, [s.start for s in source]), axes, kept, order)
    grid = _grid_on(old, axes, kept)
    new_roi = Roi(mask, tuple(a - side.start for a, side in zip(lower, kept, strict=True)), grid)
    array = _without_noise(array, array[new_roi.box[-array.ndim :]][mask])
    new_image = sitk.GetImageFromArray(_whole_numbers(array) if rounded else array, isVector=False)
    grid.lay(new_image)
    return new_image, new_roi


def _interpolated(
    old: tuple[NDArray[np.float64], list[int]], axes: Sequence[_Axis], wanted: Sequence[range], order: int
) -> NDArray[np.float64]:
    """Interpolate intensities: what is NaN or infinite spoils its neighbours only.

    For the others, the nearest finite voxel takes its place: a spline would carry it through the image. A
    remark says so.
    """
    array, begin = old
    finite = np.isfinite(array)
    if finite.all() or not finite.any():
        return _sampled(old, axes, wanted, order)
    from scipy.ndimage import distance_transform_edt

    if order > 1:
        add_remark(
            f"resampling: {array.size - np.count_nonzero(finite)} voxels as far as the spline looks are NaN "
            "or infinite: it was fitted to the nearest finite ones instead"
        )
    nearest = distance_transform_edt(~finite, return_distances=False, return_indices=True)
    result = _sampled((array[tuple(nearest)], begin), axes, wanted, order)
    spoilt = _sampled(((~finite).astype(np.float64), begin), axes, wanted, min(order, 1)) > MASK_CLOSE
    result[spoilt] = np.nan
    return result


def _without_noise(array: NDArray[np.float64], inside: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to a millionth of a millionth of the region's intensities.

    What is equal but for rounding becomes equal, so that the last bits decide neither on bins and
    thresholds nor on halves; nor do they depend on how much of the image is resampled.
    """
    largest = float(np.abs(inside).max())
    if not 0 < largest < inf:
        return array
    quantum = 2.0 ** (frexp(largest)[1] - NOISE_BITS)
    return np.rint(array / quantum) * quantum


def _resampled_mask(
    roi: Roi, axes: Sequence[_Axis], order: int, threshold: float, spacing_mm: Sequence[float]
) -> tuple[NDArray[np.bool_], list[int]]:
    """Return the region's voxels on the new grid, in their bounding box, and where that begins."""
    reach = SPLINE_REACH if order == 3 else 1
    near = [
        axis.between(a - reach, a + n - 1 + reach)
        for axis, a, n in zip(axes, roi.lower, roi.size, strict=True)
    ]
    region = None
    if all(near):
        inside = _sampled(_mask_array(roi, axes, near, order), axes, near, order) >= threshold - MASK_CLOSE
        whole = tuple(slice(0, n) for n in inside.shape)
        region = roi_in(inside.view(np.uint8), whole, 1, roi.grid)
    region = required(region, f"at the spacing {numbers(spacing_mm)} mm")
    return region.mask, [a + side.start for a, side in zip(region.lower, near, strict=True)]


def _mask_array(
    roi: Roi, axes: Sequence[_Axis], near: Sequence[range], order: int
) -> tuple[NDArray[np.float64], list[int]]:
    """Return the mask, as zeros and ones, on the old voxels that new ones depend on, and where they begin."""
    source = [axis.source(side, REACH[order]) for axis, side in zip(axes, near, strict=True)]
    array = np.zeros([s.stop - s.start for s in reversed(source)])
    place, part = [], []
    for s, a, n in zip(source, roi.lower, roi.size, strict=True):
        start, stop = max(s.start, a), min(s.stop, a + n)
        place.append(slice(start - s.start, stop - s.start))
        part.append(slice(start - a, stop - a))
    array[tuple(reversed(place))] = roi.mask[tuple(reversed(part))]
    return array, [s.start for s in source]


def _sampled(
    old: tuple[NDArray[np.float64], list[int]], axes: Sequence[_Axis], wanted: Sequence[range], order: int
) -> NDArray[np.float64]:
    """Interpolate old voxels, given with the place of the first of them, at new ones.

    One axis after the other, those first along which voxels become fewer.
    """
    array, begin = old
    pad = 0
    if order == 3:
        from scipy.ndimage import spline_filter

        pad = SPLINE_PAD
        array = spline_filter(np.pad(array, pad, mode="edge"), order=3)  # its border mirrors, far enough away
    for n in sorted(range(len(axes)), key=lambda n: -axes[n].step):
        steps = np.arange(wanted[n].start, wanted[n].stop, dtype=np.float64)
        positions = axes[n].first + steps * axes[n].step - begin[n] + pad
        array = _along(array, array.ndim - 1 - n, positions, order)
    return array


def _along(
    array: NDArray[np.float64], axis: int, positions: NDArray[np.float64], order: int
) -> NDArray[np.float64]:
    """Interpolate along one array axis; outside, the outermost voxel counts."""
    positions = np.clip(positions, 0, array.shape[axis] - 1)
    if order == 0:
        return np.take(array, np.floor(positions + 0.5).astype(np.intp), axis=axis)
    below = np.floor(positions)
    t = positions - below
    first = below.astype(np.intp)
    weights: list[NDArray[np.float64]] = [1 - t, t]
    if order == 3:
        first = first - 1
        weights = [
            (1 - t) ** 3 / 6,
            2 / 3 - t**2 * (2 - t) / 2,
            2 / 3 - (1 - t) ** 2 * (1 + t) / 2,
            t**3 / 6,
        ]
    shape = [-1 if a == axis else 1 for a in range(array.ndim)]
    result: NDArray[np.float64] | None = None
    for k, weight in enumerate(weights):
        place = np.clip(first + k, 0, array.shape[axis] - 1)
        part = np.take(array, place, axis=axis)
        part *= weight.reshape(shape)
        result = part if result is None else np.add(result, part, out=result)
    assert result is not None
    return result


def _grid_on(old: Grid, axes: Sequence[_Axis], kept: Sequence[range]) -> Grid:
    """Return the new grid, or the part of it that is kept."""
    first = [axis.first + side.start * axis.step for axis, side in zip(axes, kept, strict=True)]
    spacing = tuple(axis.step * s for axis, s in zip(axes, old.spacing, strict=True))
    origin = old.frame.TransformContinuousIndexToPhysicalPoint(first)
    return Grid(tuple(len(side) for side in kept), spacing, origin, old.direction)


def _whole_numbers(array: NDArray[np.float64]) -> NDArray[Any]:
    """Round to whole numbers, halves to even ones; as integers where all of them are of 32 bits."""
    whole = np.rint(array)
    limit = np.iinfo(np.int32).max
    return whole.astype(np.int32) if np.all(np.abs(whole) <= limit) else whole  # NaN is not
