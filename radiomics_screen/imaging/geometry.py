"""One grid for image and mask: choosing the label, matching the grids, resampling and cropping.

SimpleITK speaks (x, y, z); everything in this file does too.
"""

from __future__ import annotations

import itertools
import math
from typing import Annotated, Any, Literal, get_args

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydantic import Field

from radiomics_screen.errors import GeometryError, RegionError
from radiomics_screen.imaging.grids import (
    ITK_TOLERANCE,
    NEGLIGIBLE_SHIFT,
    cropped,
    described,
    in_space_of,
    largest_shift,
    listed,
    numbers,
    on_grid_of,
    region_box,
    required,
    within_tolerance,
)
from radiomics_screen.imaging.roi import Grid, Roi, marked_box, roi_in, roi_of
from radiomics_screen.notes import note
from radiomics_screen.options import NonNegative, Positive, PositiveInt

_Name = Literal[
    "sitkNearestNeighbor",
    "sitkLinear",
    "sitkBSpline",
    "sitkGaussian",
    "sitkLabelGaussian",
    "sitkHammingWindowedSinc",
    "sitkCosineWindowedSinc",
    "sitkWelchWindowedSinc",
    "sitkLanczosWindowedSinc",
    "sitkBlackmanWindowedSinc",
]
#: By name, or by its place from 1 in this list: the numbers that SimpleITK gave them for years.
Interpolator = _Name | Annotated[int, Field(ge=1, le=10)]

#: So wide a margin takes in every image there is.
PadDistance = Annotated[int, Field(ge=0, le=100_000)]

#: A grid of more voxels than this (4 GB in 64 bits) comes of a spacing that the file does not know.
MOST_VOXELS = 500_000_000

#: So many voxels away, a voxel's part in the coefficient of a cubic spline is 0.27 ** 32 < 1e-18.
SPLINE_REACH = 34


def select_label(mask: sitk.Image, *, label: PositiveInt | None = None) -> Roi:
    """Return the region of interest, on the mask's grid.

    Parameters
    ----------
    mask
        Scalar integer image, 2-D or 3-D.
    label
        Mask value that marks the region of interest; null takes the one value there is.

    Raises
    ------
    RegionError
        Nothing is marked, `label` is not there, or several values are and no label is given.
    """
    values = sitk.GetArrayViewFromImage(mask)
    box = marked_box(values)
    if box is None:
        raise RegionError("the mask is empty: it marks no voxel; draw the region of interest")
    marks = values[box]
    if label is None:
        label = int(marks.max()) or int(marks.min())
        if not ((marks == label) | (marks == 0)).all():
            raise RegionError(
                f"the mask holds several values ({listed(_marks(marks))}); say which one is the region of "
                f"interest by 'label' in the parameter file or in a column of the case list"
            )
    roi = roi_in(values, box, label, Grid.of(mask))
    if roi is None:
        raise RegionError(
            f"label {label} is not in the mask; its values are {listed(_marks(marks))}; name one of them as "
            "label, or none where there is only one"
        )
    return roi


def _marks(values: NDArray[Any]) -> NDArray[Any]:
    return np.unique(values[values != 0])


def match_grid(
    image: sitk.Image,
    roi: Roi,
    *,
    geometryTolerance: Positive | None = None,
    correctMask: bool = False,
) -> Roi:
    """Return the region on the image's grid: same dimension, size, origin, spacing and direction.

    Parameters
    ----------
    image
        Scalar image, 2-D or 3-D.
    roi
        The region of interest.
    geometryTolerance
        Allowed difference of origin and spacing (in voxels) and of direction cosines; null is 1e-6.
    correctMask
        Resample a mask that lies on another grid to the image's, by nearest neighbour.

    Raises
    ------
    GeometryError
        The grids differ and `correctMask` is off, or the region reaches beyond the image.
    """
    roi = in_space_of(image, roi)
    grid = Grid.of(image)
    if roi.grid.size == grid.size:
        tolerance = ITK_TOLERANCE if geometryTolerance is None else geometryTolerance
        if within_tolerance(image, roi.grid, tolerance):
            return roi.on(grid)
        shift = largest_shift(image, roi.grid)
        if shift < NEGLIGIBLE_SHIFT:
            note(f"the mask's geometry differs from the image's by {shift:.1g} voxel: taken as the same")
            return roi.on(grid)
    if not correctMask:
        raise GeometryError(
            f"image and mask lie on different grids: image {described(grid)}; mask {described(roi.grid)}; "
            "draw the mask on this image, or set correctMask: true to resample it"
        )
    region_box(image, roi)
    note("the mask lay on another grid: it was resampled to the image's (nearest neighbour)")
    return on_grid_of(image, roi, "when its mask was resampled to the image's grid (correctMask)")


def resample(
    image: sitk.Image,
    roi: Roi,
    *,
    resampledPixelSpacing: tuple[NonNegative, ...] | None = None,
    interpolator: Interpolator | None = "sitkBSpline",
    padDistance: PadDistance = 5,
) -> tuple[sitk.Image, Roi]:
    """Resample image and mask to a new spacing, on the grid and with the cropping of pyradiomics.

    The new grid shares the corner of the mask's grid, not its first voxel centre, and covers the
    region's bounding box plus `padDistance` new voxels. A direction in which the region is one
    voxel wide keeps its spacing. The pixel type of the image is kept.

    Parameters
    ----------
    image
        Scalar image, 2-D or 3-D.
    roi
        The region of interest.
    resampledPixelSpacing
        New spacing x, y, z in mm; 0 keeps a direction as it is, null resamples nothing.
    interpolator
        SimpleITK interpolator for the image, by name or number 1 to 10; null resamples nothing.
    padDistance
        Voxels kept round the region after resampling or preCrop, for filters that look beyond it.

    Raises
    ------
    GeometryError
        Wrong number of spacings, more voxels than fit in memory, or the region reaches beyond the image.
    RegionError
        No voxel is left of the region at the new spacing.
    """
    if resampledPixelSpacing is None or interpolator is None:
        return image, roi
    roi = in_space_of(image, roi)
    spacing_mm = _target_spacing(resampledPixelSpacing, roi.grid)
    lower, size = region_box(image, roi)
    old_spacing_mm = np.array(roi.grid.spacing)
    spacing_mm = np.where(size == 1, old_spacing_mm, spacing_mm)

    if np.allclose(np.array(image.GetSpacing()), spacing_mm):
        if roi.grid != Grid.of(image):
            roi = on_grid_of(image, roi, "when its mask was resampled to the image's grid")
        return cropped(image, roi, padDistance)

    grid = _target_grid(roi, lower, size, spacing_mm, padDistance)
    name = interpolator if isinstance(interpolator, str) else get_args(_Name)[interpolator - 1]
    # Whole numbers are cut off, not rounded: where a spline hits one exactly, its last bit decides, and
    # that depends on the whole image.
    cuttable = name == "sitkBSpline" and "float" in image.GetPixelIDTypeAsString()
    source = _around(image, grid) if cuttable else image
    new_image = _sampled(source, grid, getattr(sitk, name))
    new_mask = _sampled(roi.image(), grid, sitk.sitkNearestNeighbor)
    return new_image, required(roi_of(new_mask, 1), f"at the spacing {numbers(spacing_mm)} mm")


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


def pre_crop(
    image: sitk.Image, roi: Roi, *, preCrop: bool = False, padDistance: PadDistance = 5
) -> tuple[sitk.Image, Roi]:
    """Crop image and region, which share one grid, to the region's bounding box plus a margin.

    Parameters
    ----------
    image, roi
        Scalar image and the region of interest, on one grid.
    preCrop
        Crop to the region plus padDistance before filtering (no effect when resampling crops).
    padDistance
        Voxels kept round the region after resampling or preCrop, for filters that look beyond it.
    """
    return cropped(image, roi, padDistance) if preCrop else (image, roi)


def _target_spacing(wanted_mm: tuple[float, ...], grid: Grid) -> NDArray[np.float64]:
    """Return the new spacing, one value a dimension of the mask; 0 becomes the mask's own spacing."""
    dimension = grid.dimension
    if len(wanted_mm) < dimension or len(wanted_mm) > 3:
        raise GeometryError(
            f"resampledPixelSpacing has {len(wanted_mm)} values but the image is {dimension}-D; "
            f"give {dimension} (0 keeps a direction as it is)"
        )
    spacing = np.array(wanted_mm[:dimension], dtype=float)
    return np.where(spacing == 0, grid.spacing, spacing)


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
    if math.prod(voxels) > MOST_VOXELS:
        raise GeometryError(
            f"resampling from {numbers(old_spacing_mm)} to {numbers(spacing_mm)} mm would make "
            f"{' x '.join(f'{n:.0f}' for n in voxels)} voxels; does the file know its spacing? "
            "Choose a coarser resampledPixelSpacing, or mend the file"
        )
    new_size = voxels.astype(int).tolist()

    # Voxel corners of both grids coincide, so the first new centre lies half the difference off.
    centre_of_first = 0.5 * (spacing_mm - old_spacing_mm) / old_spacing_mm
    origin = roi.grid.frame.TransformContinuousIndexToPhysicalPoint(
        (centre_of_first + first / ratio).tolist()
    )
    return Grid(tuple(new_size), tuple(spacing_mm.tolist()), origin, roi.grid.direction)
