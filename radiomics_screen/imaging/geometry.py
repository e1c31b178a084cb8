"""One grid for image and mask: choosing the label, matching the grids, resampling and cropping.

SimpleITK speaks (x, y, z); everything in this file does too.
"""

from __future__ import annotations

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
    relabelled,
    require_voxels,
    within_tolerance,
)
from radiomics_screen.imaging.pixels import like
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


def select_label(mask: sitk.Image, *, label: PositiveInt | None = None) -> sitk.Image:
    """Return the region of interest as an 8-bit image of 0 and 1 on the mask's grid.

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
    present = np.unique(values[values != 0])
    if present.size == 0:
        raise RegionError("the mask is empty: it marks no voxel; draw the region of interest")
    if label is None:
        if present.size > 1:
            raise RegionError(
                f"the mask holds several values ({listed(present)}); say which one is the region of "
                f"interest by 'label' in the parameter file or in a column of the case list"
            )
        label = int(present[0])
    elif label not in present:
        raise RegionError(
            f"label {label} is not in the mask; its values are {listed(present)}; name one of them as label, "
            "or none where there is only one"
        )
    return like(mask, (values == label).astype(np.uint8))


def match_grid(
    image: sitk.Image,
    mask: sitk.Image,
    *,
    geometryTolerance: Positive | None = None,
    correctMask: bool = False,
) -> sitk.Image:
    """Return the mask on the image's grid: same dimension, size, origin, spacing and direction.

    Parameters
    ----------
    image
        Scalar image, 2-D or 3-D.
    mask
        0 / 1 image of the region of interest.
    geometryTolerance
        Allowed difference of origin and spacing (in voxels) and of direction cosines; null is 1e-6.
    correctMask
        Resample a mask that lies on another grid to the image's, by nearest neighbour.

    Raises
    ------
    GeometryError
        The grids differ and `correctMask` is off, or the region reaches beyond the image.
    """
    mask = in_space_of(image, mask)
    if mask.GetSize() == image.GetSize():
        tolerance = ITK_TOLERANCE if geometryTolerance is None else geometryTolerance
        if within_tolerance(image, mask, tolerance):
            return relabelled(image, mask)
        shift = largest_shift(image, mask)
        if shift < NEGLIGIBLE_SHIFT:
            note(f"the mask's geometry differs from the image's by {shift:.1g} voxel: taken as the same")
            return relabelled(image, mask)
    if not correctMask:
        raise GeometryError(
            f"image and mask lie on different grids: image {described(image)}; mask {described(mask)}; "
            "draw the mask on this image, or set correctMask: true to resample it"
        )
    region_box(image, mask)
    note("the mask lay on another grid: it was resampled to the image's (nearest neighbour)")
    matched = on_grid_of(image, mask)
    require_voxels(matched, "when its mask was resampled to the image's grid (correctMask)")
    return matched


def resample(
    image: sitk.Image,
    mask: sitk.Image,
    *,
    resampledPixelSpacing: tuple[NonNegative, ...] | None = None,
    interpolator: Interpolator | None = "sitkBSpline",
    padDistance: PadDistance = 5,
) -> tuple[sitk.Image, sitk.Image]:
    """Resample image and mask to a new spacing, on the grid and with the cropping of pyradiomics.

    The new grid shares the corner of the mask's grid, not its first voxel centre, and covers the
    region's bounding box plus `padDistance` new voxels. A direction in which the region is one
    voxel wide keeps its spacing. The pixel type of the image is kept.

    Parameters
    ----------
    image
        Scalar image, 2-D or 3-D.
    mask
        0 / 1 image of the region of interest.
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
        return image, mask
    mask = in_space_of(image, mask)
    spacing_mm = _target_spacing(resampledPixelSpacing, mask)
    lower, size = region_box(image, mask)
    old_spacing_mm = np.array(mask.GetSpacing())
    spacing_mm = np.where(size == 1, old_spacing_mm, spacing_mm)

    if np.allclose(np.array(image.GetSpacing()), spacing_mm):
        mask = on_grid_of(image, mask)
        require_voxels(mask, "when its mask was resampled to the image's grid")
        return cropped(image, mask, padDistance)

    grid = _target_grid(mask, lower, size, spacing_mm, padDistance)
    name = interpolator if isinstance(interpolator, str) else get_args(_Name)[interpolator - 1]
    code = getattr(sitk, name)
    new_image = sitk.Resample(image, *grid[:1], sitk.Transform(), code, *grid[1:], 0.0, image.GetPixelID())
    new_mask = sitk.Resample(
        mask, *grid[:1], sitk.Transform(), sitk.sitkNearestNeighbor, *grid[1:], 0.0, mask.GetPixelID()
    )
    require_voxels(new_mask, f"at the spacing {numbers(spacing_mm)} mm")
    return new_image, new_mask


def pre_crop(
    image: sitk.Image, mask: sitk.Image, *, preCrop: bool = False, padDistance: PadDistance = 5
) -> tuple[sitk.Image, sitk.Image]:
    """Crop image and mask, which share one grid, to the region's bounding box plus a margin.

    Parameters
    ----------
    image, mask
        Scalar image and 0 / 1 image of the region, on one grid.
    preCrop
        Crop to the region plus padDistance before filtering (no effect when resampling crops).
    padDistance
        Voxels kept round the region after resampling or preCrop, for filters that look beyond it.
    """
    return cropped(image, mask, padDistance) if preCrop else (image, mask)


def _target_spacing(wanted_mm: tuple[float, ...], mask: sitk.Image) -> NDArray[np.float64]:
    """Return the new spacing, one value a dimension of `mask`; 0 becomes the mask's own spacing."""
    dimension = mask.GetDimension()
    if len(wanted_mm) < dimension or len(wanted_mm) > 3:
        raise GeometryError(
            f"resampledPixelSpacing has {len(wanted_mm)} values but the image is {dimension}-D; "
            f"give {dimension} (0 keeps a direction as it is)"
        )
    spacing = np.array(wanted_mm[:dimension], dtype=float)
    return np.where(spacing == 0, mask.GetSpacing(), spacing)


def _target_grid(
    mask: sitk.Image,
    lower: NDArray[np.int64],
    size: NDArray[np.int64],
    spacing_mm: NDArray[np.float64],
    pad: int,
) -> tuple[Any, ...]:
    """Return size, origin, spacing and direction of pyradiomics' resampling grid.

    Same expressions in the same order as pyradiomics, so that floor and ceil fall on the same side.
    """
    old_spacing_mm = np.array(mask.GetSpacing())
    ratio = old_spacing_mm / spacing_mm
    first = np.floor((lower - 0.5) * ratio - pad)
    last = np.ceil((lower + size - 0.5) * ratio + pad)
    first = np.maximum(first, 0)
    last = np.minimum(last, np.ceil(np.array(mask.GetSize()) * ratio) - 1)
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
    origin = mask.TransformContinuousIndexToPhysicalPoint((centre_of_first + first / ratio).tolist())
    return new_size, origin, spacing_mm.tolist(), mask.GetDirection()
