"""What geometry is made of: comparing grids, boxes round a region, moving a mask between grids.

SimpleITK speaks (x, y, z); everything in this file does too.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.core.errors import GeometryError, RegionError
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.roi import Grid, Roi, roi_of

ITK_TOLERANCE = 1e-6  # what SimpleITK itself allows: of a voxel's width, and absolute for direction cosines
NEGLIGIBLE_SHIFT = 1e-2  # in voxels; rounded headers stay below, another grid is far above
OUTSIDE_TOLERANCE = 1e-3  # in voxels; pyradiomics' allowance for rounding at the image's border

#: A grid of more voxels than this (4 GB in 64 bits) comes of a spacing that the file does not know.
MOST_VOXELS = 500_000_000

#: So many voxels away, a voxel's part in the coefficient of a cubic spline is 0.27 ** 32 < 1e-18.
SPLINE_REACH = 34


def region_box(image: sitk.Image, roi: Roi) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the region's box in its own grid after checking that it lies inside the image."""
    lower, size = np.array(roi.lower), np.array(roi.size)
    frame = roi.grid.frame
    corners = [
        image.TransformPhysicalPointToContinuousIndex(
            frame.TransformContinuousIndexToPhysicalPoint(corner.tolist())
        )
        for corner in (lower - 0.5, lower + size - 0.5)
    ]
    first, last = np.min(corners, axis=0), np.max(corners, axis=0)
    if np.any(first < -0.5 - OUTSIDE_TOLERANCE) or np.any(
        last > np.array(image.GetSize()) - 0.5 + OUTSIDE_TOLERANCE
    ):
        raise GeometryError(
            f"the region reaches beyond the image: it covers indices {numbers(first + 0.5)} to "
            f"{numbers(last + 0.5)} of an image of {numbers(image.GetSize())} voxels; "
            "use a mask drawn inside this image"
        )
    return lower, size


def cropped(image: sitk.Image, roi: Roi, pad: int) -> tuple[sitk.Image, Roi]:
    """Cut image and region, which share one grid, to the region's box with a margin."""
    start = [max(a - pad, 0) for a in roi.lower]
    end = [min(a + n + pad, m) for a, n, m in zip(roi.lower, roi.size, roi.grid.size, strict=True)]
    image = sitk.RegionOfInterest(image, [b - a for a, b in zip(start, end, strict=True)], start)
    lower = tuple(a - b for a, b in zip(roi.lower, start, strict=True))
    return image, Roi(roi.mask, lower, Grid.of(image))


def on_grid_of(image: sitk.Image, roi: Roi, when: str) -> Roi:
    """Resample the region to the image's grid (nearest neighbour); it must keep a voxel there."""
    resampled = sitk.Resample(
        roi.image(), image, sitk.Transform(), sitk.sitkNearestNeighbor, 0.0, sitk.sitkUInt8
    )
    return required(roi_of(resampled, 1), when)


def require_fitting(size: Sequence[float], old_spacing_mm: Any, new_spacing_mm: Any) -> None:
    """Raise a GeometryError if a resampled grid has more voxels than fit in memory."""
    if prod(size) > MOST_VOXELS:
        raise GeometryError(
            f"resampling from {numbers(old_spacing_mm)} to {numbers(new_spacing_mm)} mm would make "
            f"{' x '.join(f'{n:.0f}' for n in size)} voxels; does the file know its spacing? "
            "Choose a coarser resampledPixelSpacing, or mend the file"
        )


def required(roi: Roi | None, when: str) -> Roi:
    """Return the region; raise RegionError if there is none."""
    if roi is None:
        raise RegionError(
            f"no voxel was left of the region {when}; it is smaller than a voxel there: "
            "use a finer spacing or a larger region"
        )
    return roi


def in_space_of(image: sitk.Image, roi: Roi) -> Roi:
    """Give the region the image's dimension, and its place in space where it has none of its own."""
    pixels_only = _is_pixels_only(roi.grid)
    roi = _of_same_dimension(image, roi)
    if pixels_only and roi.grid.size == image.GetSize():
        if not within_tolerance(image, roi.grid, ITK_TOLERANCE):
            add_remark("the mask file holds no geometry: it was laid on the image pixel by pixel")
        return roi.on(Grid.of(image))
    return roi


def _of_same_dimension(image: sitk.Image, roi: Roi) -> Roi:
    """Let a 2-D mask stand for a single slice, and the other way round."""
    grid = roi.grid
    if grid.dimension == image.GetDimension():
        return roi
    size = image.GetSize() if image.GetDimension() == 3 else grid.size
    if size[2] != 1:
        raise GeometryError(
            f"the image is {image.GetDimension()}-D ({numbers(image.GetSize())} voxels) but the mask is "
            f"{grid.dimension}-D ({numbers(grid.size)}); give a mask of every slice of the image"
        )
    if grid.dimension == 3:
        in_plane = Grid.of(grid.frame[:, :, 0])
        return Roi(roi.mask[0], roi.lower[:2], replace(in_plane, size=grid.size[:2]))
    slice_roi = Roi(roi.mask[np.newaxis], (*roi.lower, 0), Grid.of(sitk.JoinSeries(grid.frame)))
    slice_roi = slice_roi.on(replace(slice_roi.grid, size=(*grid.size, 1)))
    if grid.size != image.GetSize()[:2]:
        return slice_roi
    # A 2-D mask knows no place in space: only its pixels and their size can be compared with the slice.
    return slice_roi.on(replace(Grid.of(image), spacing=(*grid.spacing, image.GetSpacing()[2])))


def _is_pixels_only(grid: Grid) -> bool:
    """Tell whether a mask has no place in space: it comes from a PNG, or is 2-D with unit spacing at 0."""
    return grid.pixels_only or (
        grid.dimension == 2
        and grid.spacing == (1.0, 1.0)
        and grid.origin == (0.0, 0.0)
        and grid.direction == (1.0, 0.0, 0.0, 1.0)
    )


def within_tolerance(image: sitk.Image, grid: Grid, tolerance: float) -> bool:
    """Compare two grids of one size by ITK's rule, where lengths are relative to the first spacing."""
    coordinate_mm = tolerance * abs(image.GetSpacing()[0])
    return all(
        abs(a - b) <= allowed
        for mine, other, allowed in (
            (image.GetOrigin(), grid.origin, coordinate_mm),
            (image.GetSpacing(), grid.spacing, coordinate_mm),
            (image.GetDirection(), grid.direction, tolerance),
        )
        for a, b in zip(mine, other, strict=True)
    )


def largest_shift(image: sitk.Image, grid: Grid) -> float:
    """Return by how many voxels the corners of two grids of one size lie apart at most."""
    corners = itertools.product(*((0, n - 1) for n in image.GetSize()))
    return max(
        float(np.abs(np.subtract(image.TransformPhysicalPointToContinuousIndex(point), corner)).max())
        for corner in corners
        for point in [grid.frame.TransformContinuousIndexToPhysicalPoint([float(c) for c in corner])]
    )


def described(grid: Grid) -> str:
    """Return the grid in words: size in voxels, spacing in mm."""
    return (
        f"{numbers(grid.size)} voxels of {numbers(grid.spacing)} mm "
        f"at {numbers(grid.origin)}, direction {numbers(grid.direction)}"
    )


def numbers(values: Any) -> str:
    """Return the values in parentheses, with six significant digits."""
    return "(" + ", ".join(f"{v:.6g}" for v in values) + ")"


def listed(values: NDArray[Any], at_most: int = 10) -> str:
    """Return the first `at_most` values as text, and how many follow."""
    shown = ", ".join(str(v) for v in values[:at_most])
    more = values.size - at_most
    return f"{shown} and {more} more; is it a JPEG?" if more > 0 else shown
