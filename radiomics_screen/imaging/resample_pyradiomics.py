"""Resampling on pyradiomics' grid, which shares the corner of the mask's grid and is cut to the region.

SimpleITK speaks (x, y, z); everything in this file does too.
"""

from __future__ import annotations

import itertools

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.imaging.grids import (
    SPLINE_REACH,
    cropped,
    numbers,
    on_grid_of,
    region_box,
    require_fitting,
    required,
)
from radiomics_screen.imaging.pixels import like
from radiomics_screen.imaging.resample_ibsi import MASK_CLOSE
from radiomics_screen.imaging.roi import Grid, Roi, roi_of


def resampled_from_corner(
    image: sitk.Image,
    roi: Roi,
    spacing_mm: NDArray[np.float64],
    *,
    interpolator: str,
    mask_interpolator: str,
    mask_threshold: float,
    rounded: bool,
    pad: int,
) -> tuple[sitk.Image, Roi]:
    """Resample an image and a region to a new spacing, on the grid and with the cropping of pyradiomics.

    Parameters
    ----------
    image, roi
        Scalar image, 2-D or 3-D, and the region of interest in its space, on any grid.
    spacing_mm
        New spacing, one number a dimension.
    interpolator, mask_interpolator
        By their SimpleITK names.
    mask_threshold
        Least value of an interpolated mask inside the region.
    rounded
        Round intensities to whole numbers.
    pad
        New voxels kept round the region.

    Raises
    ------
    GeometryError
        More voxels than fit in memory, or the region reaches beyond the image.
    RegionError
        No voxel is left of the region.
    """
    lower, size = region_box(image, roi)
    old_spacing_mm = np.array(roi.grid.spacing)
    spacing_mm = np.where(size == 1, old_spacing_mm, spacing_mm)

    if np.allclose(np.array(image.GetSpacing()), spacing_mm):
        if roi.grid != Grid.of(image):
            roi = on_grid_of(image, roi, "when its mask was resampled to the image's grid")
        return cropped(image, roi, pad)

    grid = _target_grid(roi, lower, size, spacing_mm, pad)
    if rounded:
        image = sitk.Cast(image, sitk.sitkFloat64)
    # Whole numbers are cut off, not rounded: where a spline hits one exactly, its last bit decides, and
    # that depends on the whole image.
    cuttable = interpolator == "sitkBSpline" and "float" in image.GetPixelIDTypeAsString()
    source = _around(image, grid) if cuttable else image
    new_image = _with_undefined(_sampled(source, grid, getattr(sitk, interpolator)))
    if rounded:
        new_image = sitk.Round(new_image)
    new_roi = _resampled_mask(roi, grid, mask_interpolator, mask_threshold)
    return new_image, required(new_roi, f"at the spacing {numbers(spacing_mm)} mm")


def _resampled_mask(roi: Roi, grid: Grid, interpolator: str, threshold: float) -> Roi | None:
    mask = roi.image()
    if interpolator != "sitkNearestNeighbor":
        values = _sampled(sitk.Cast(mask, sitk.sitkFloat64), grid, getattr(sitk, interpolator))
        return roi_of(sitk.Cast(values >= threshold - MASK_CLOSE, sitk.sitkUInt8), 1)
    return roi_of(_sampled(mask, grid, sitk.sitkNearestNeighbor), 1)


def _sampled(image: sitk.Image, grid: Grid, interpolator: int) -> sitk.Image:
    return sitk.Resample(
        image,
        grid.size,
        sitk.Transform(),
        interpolator,
        grid.origin,
        grid.spacing,
        grid.direction,
        0.0,
        image.GetPixelID(),
    )


def _with_undefined(image: sitk.Image) -> sitk.Image:
    """Take what became of infinite voxels as undefined: ITK makes the largest number of the type of it."""
    values = sitk.GetArrayViewFromImage(image)
    if values.dtype.kind != "f":
        return image
    of_infinite = np.abs(values) >= np.finfo(values.dtype).max
    return (
        like(image, np.where(of_infinite, values.dtype.type(np.nan), values)) if of_infinite.any() else image
    )


def _around(image: sitk.Image, grid: Grid) -> sitk.Image:
    """Cut out what B-splines on a grid depend on; the rest of the image weighs less than rounding does."""
    ends = [(0, n - 1) for n in grid.size]
    corners = [
        image.TransformPhysicalPointToContinuousIndex(
            grid.frame.TransformContinuousIndexToPhysicalPoint([float(c) for c in corner])
        )
        for corner in itertools.product(*ends)
    ]
    first = np.floor(np.min(corners, axis=0)).astype(int) - SPLINE_REACH
    last = np.ceil(np.max(corners, axis=0)).astype(int) + SPLINE_REACH
    size = np.array(image.GetSize())
    start, end = np.clip(first, 0, size - 1), np.clip(last + 1, 1, size)
    return sitk.RegionOfInterest(image, (end - start).tolist(), start.tolist())


def _target_grid(
    roi: Roi,
    lower: NDArray[np.int64],
    size: NDArray[np.int64],
    spacing_mm: NDArray[np.float64],
    pad: int,
) -> Grid:
    """Return pyradiomics' resampling grid.

    Same expressions in the same order as pyradiomics, so that floor and ceil fall on the same side.
    """
    old_spacing_mm = np.array(roi.grid.spacing)
    ratio = old_spacing_mm / spacing_mm
    first = np.floor((lower - 0.5) * ratio - pad)
    last = np.ceil((lower + size - 0.5) * ratio + pad)
    first = np.maximum(first, 0)
    last = np.minimum(last, np.ceil(np.array(roi.grid.size) * ratio) - 1)
    voxels = last - first + 1
    require_fitting(voxels, old_spacing_mm, spacing_mm)
    new_size = voxels.astype(int).tolist()

    # Voxel corners of both grids coincide, so the first new centre lies half the difference off.
    centre_of_first = 0.5 * (spacing_mm - old_spacing_mm) / old_spacing_mm
    origin = roi.grid.frame.TransformContinuousIndexToPhysicalPoint(
        (centre_of_first + first / ratio).tolist()
    )
    return Grid(tuple(new_size), tuple(spacing_mm.tolist()), origin, roi.grid.direction)
