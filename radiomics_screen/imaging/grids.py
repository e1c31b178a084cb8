"""What geometry is made of: comparing grids, boxes round a region, moving a mask between grids.

SimpleITK speaks (x, y, z); everything in this file does too.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.errors import GeometryError, RegionError
from radiomics_screen.imaging.pixels import PIXELS_ONLY
from radiomics_screen.notes import note

ITK_TOLERANCE = 1e-6  # what SimpleITK itself allows: of a voxel's width, and absolute for direction cosines
NEGLIGIBLE_SHIFT = 1e-2  # in voxels; rounded headers stay below, another grid is far above
OUTSIDE_TOLERANCE = 1e-3  # in voxels; pyradiomics' allowance for rounding at the image's border


def bounding_box(mask: sitk.Image) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return first index and size of the box round the non-zero voxels, (x, y[, z])."""
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.ComputePerimeterOff()
    shape.Execute(mask)
    box = np.array(shape.GetBoundingBox(1))
    return box[: mask.GetDimension()], box[mask.GetDimension() :]


def region_box(image: sitk.Image, mask: sitk.Image) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the region's box in the mask's grid after checking that it lies inside the image."""
    lower, size = bounding_box(mask)
    corners = [
        image.TransformPhysicalPointToContinuousIndex(
            mask.TransformContinuousIndexToPhysicalPoint(corner.tolist())
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


def cropped(image: sitk.Image, mask: sitk.Image, pad: int) -> tuple[sitk.Image, sitk.Image]:
    lower, size = bounding_box(mask)
    before = np.maximum(lower - pad, 0).tolist()
    after = np.maximum(np.array(mask.GetSize()) - (lower + size) - pad, 0).tolist()
    return sitk.Crop(image, before, after), sitk.Crop(mask, before, after)


def on_grid_of(image: sitk.Image, mask: sitk.Image) -> sitk.Image:
    return sitk.Resample(mask, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0.0, mask.GetPixelID())


def require_voxels(mask: sitk.Image, when: str) -> None:
    if not sitk.GetArrayViewFromImage(mask).any():
        raise RegionError(
            f"no voxel was left of the region {when}; it is smaller than a voxel there: "
            "use a finer spacing or a larger region"
        )


def in_space_of(image: sitk.Image, mask: sitk.Image) -> sitk.Image:
    """Give the mask the image's dimension, and its place in space where it has none of its own."""
    pixels_only = _is_pixels_only(mask)
    mask = _of_same_dimension(image, mask)
    if pixels_only and mask.GetSize() == image.GetSize():
        if not within_tolerance(image, mask, ITK_TOLERANCE):
            note("the mask file holds no geometry: it was laid on the image pixel by pixel")
        return relabelled(image, mask)
    return mask


def _of_same_dimension(image: sitk.Image, mask: sitk.Image) -> sitk.Image:
    """Let a 2-D mask stand for a single slice, and the other way round."""
    if mask.GetDimension() == image.GetDimension():
        return mask
    one_slice = image if image.GetDimension() == 3 else mask
    if one_slice.GetSize()[2] != 1:
        raise GeometryError(
            f"the image is {image.GetDimension()}-D ({numbers(image.GetSize())} voxels) but the mask is "
            f"{mask.GetDimension()}-D ({numbers(mask.GetSize())}); give a mask of every slice of the image"
        )
    if mask.GetDimension() == 3:
        return mask[:, :, 0]
    if mask.GetSize() != image.GetSize()[:2]:
        return sitk.JoinSeries(mask)
    # A 2-D mask knows no place in space: only its pixels and their size can be compared with the slice.
    slice_mask = relabelled(image, sitk.JoinSeries(mask))
    slice_mask.SetSpacing((*mask.GetSpacing(), image.GetSpacing()[2]))
    return slice_mask


def _is_pixels_only(mask: sitk.Image) -> bool:
    """Tell whether the mask has no place in space: it comes from a PNG, or is 2-D with unit spacing at 0."""
    return mask.HasMetaDataKey(PIXELS_ONLY) or (
        mask.GetDimension() == 2
        and mask.GetSpacing() == (1.0, 1.0)
        and mask.GetOrigin() == (0.0, 0.0)
        and mask.GetDirection() == (1.0, 0.0, 0.0, 1.0)
    )


def within_tolerance(image: sitk.Image, mask: sitk.Image, tolerance: float) -> bool:
    """Compare two grids of one size by ITK's rule, where lengths are relative to the first spacing."""
    coordinate_mm = tolerance * abs(image.GetSpacing()[0])
    return all(
        np.allclose(mine, other, rtol=0.0, atol=allowed)
        for mine, other, allowed in (
            (image.GetOrigin(), mask.GetOrigin(), coordinate_mm),
            (image.GetSpacing(), mask.GetSpacing(), coordinate_mm),
            (image.GetDirection(), mask.GetDirection(), tolerance),
        )
    )


def largest_shift(image: sitk.Image, mask: sitk.Image) -> float:
    """Return by how many voxels the corners of two grids of one size lie apart at most."""
    corners = itertools.product(*((0, n - 1) for n in image.GetSize()))
    return max(
        float(np.abs(np.subtract(image.TransformPhysicalPointToContinuousIndex(point), corner)).max())
        for corner in corners
        for point in [mask.TransformIndexToPhysicalPoint(corner)]
    )


def relabelled(image: sitk.Image, mask: sitk.Image) -> sitk.Image:
    matched = sitk.Image(mask)
    matched.CopyInformation(image)
    return matched


def described(image: sitk.Image) -> str:
    return (
        f"{numbers(image.GetSize())} voxels of {numbers(image.GetSpacing())} mm "
        f"at {numbers(image.GetOrigin())}, direction {numbers(image.GetDirection())}"
    )


def numbers(values: Any) -> str:
    return "(" + ", ".join(f"{v:.6g}" for v in values) + ")"


def listed(values: NDArray[Any], at_most: int = 10) -> str:
    shown = ", ".join(str(v) for v in values[:at_most])
    more = values.size - at_most
    return f"{shown} and {more} more; is it a JPEG?" if more > 0 else shown
