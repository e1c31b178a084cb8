"""One grid for image and mask: choosing the label, matching the grids, resampling and cropping.

SimpleITK speaks (x, y, z); everything in this file does too.
"""

from __future__ import annotations

import itertools
from typing import Annotated, Any, Literal

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydantic import Field

from radiomics_screen.errors import GeometryError, RegionError
from radiomics_screen.imaging.pixels import PIXELS_ONLY, like
from radiomics_screen.notes import note
from radiomics_screen.options import NonNegative, NonNegativeInt, Positive, PositiveInt

Interpolator = (
    Literal[
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
    | Annotated[int, Field(ge=1, le=10)]
)

ITK_TOLERANCE = 1e-6  # what SimpleITK itself allows: of a voxel's width, and absolute for direction cosines
NEGLIGIBLE_SHIFT = 1e-2  # in voxels; rounded headers stay below, another grid is far above
OUTSIDE_TOLERANCE = 1e-3  # in voxels; pyradiomics' allowance for rounding at the image's border


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
                f"the mask holds several values ({_listed(present)}); say which one is the region of "
                f"interest by 'label' in the parameter file or in a column of the case list"
            )
        label = int(present[0])
    elif label not in present:
        raise RegionError(f"label {label} is not in the mask; its values are {_listed(present)}")
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
    mask = _in_space_of(image, mask)
    if mask.GetSize() == image.GetSize():
        tolerance = ITK_TOLERANCE if geometryTolerance is None else geometryTolerance
        if _within_tolerance(image, mask, tolerance):
            return _relabelled(image, mask)
        shift = _largest_shift(image, mask)
        if shift < NEGLIGIBLE_SHIFT:
            note(f"the mask's geometry differs from the image's by {shift:.1g} voxel: taken as the same")
            return _relabelled(image, mask)
    if not correctMask:
        raise GeometryError(
            f"image and mask lie on different grids: image {_described(image)}; mask {_described(mask)}; "
            "draw the mask on this image, or set correctMask: true to resample it"
        )
    _region_box(image, mask)
    note("the mask lay on another grid: it was resampled to the image's (nearest neighbour)")
    matched = _on_grid_of(image, mask)
    _require_voxels(matched, "when its mask was resampled to the image's grid (correctMask)")
    return matched


def resample(
    image: sitk.Image,
    mask: sitk.Image,
    *,
    resampledPixelSpacing: tuple[NonNegative, ...] | None = None,
    interpolator: Interpolator | None = "sitkBSpline",
    padDistance: NonNegativeInt = 5,
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
        Wrong number of spacings, or the region reaches beyond the image.
    RegionError
        No voxel is left of the region at the new spacing.
    """
    if resampledPixelSpacing is None or interpolator is None:
        return image, mask
    mask = _in_space_of(image, mask)
    spacing_mm = _target_spacing(resampledPixelSpacing, mask)
    lower, size = _region_box(image, mask)
    old_spacing_mm = np.array(mask.GetSpacing())
    spacing_mm = np.where(size == 1, old_spacing_mm, spacing_mm)

    if np.allclose(np.array(image.GetSpacing()), spacing_mm):
        mask = _on_grid_of(image, mask)
        _require_voxels(mask, "when its mask was resampled to the image's grid")
        return _cropped(image, mask, padDistance)

    grid = _target_grid(mask, lower, size, spacing_mm, padDistance)
    code = getattr(sitk, interpolator) if isinstance(interpolator, str) else interpolator
    new_image = sitk.Resample(image, *grid[:1], sitk.Transform(), code, *grid[1:], 0.0, image.GetPixelID())
    new_mask = sitk.Resample(
        mask, *grid[:1], sitk.Transform(), sitk.sitkNearestNeighbor, *grid[1:], 0.0, mask.GetPixelID()
    )
    _require_voxels(new_mask, f"at the spacing {_numbers(spacing_mm)} mm")
    return new_image, new_mask


def pre_crop(
    image: sitk.Image, mask: sitk.Image, *, preCrop: bool = False, padDistance: NonNegativeInt = 5
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
    return _cropped(image, mask, padDistance) if preCrop else (image, mask)


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
    new_size = (last - first + 1).astype(int).tolist()

    # Voxel corners of both grids coincide, so the first new centre lies half the difference off.
    centre_of_first = 0.5 * (spacing_mm - old_spacing_mm) / old_spacing_mm
    origin = mask.TransformContinuousIndexToPhysicalPoint((centre_of_first + first / ratio).tolist())
    return new_size, origin, spacing_mm.tolist(), mask.GetDirection()


def _bounding_box(mask: sitk.Image) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return first index and size of the box round the non-zero voxels, (x, y[, z])."""
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.ComputePerimeterOff()
    shape.Execute(mask)
    box = np.array(shape.GetBoundingBox(1))
    return box[: mask.GetDimension()], box[mask.GetDimension() :]


def _region_box(image: sitk.Image, mask: sitk.Image) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the region's box in the mask's grid after checking that it lies inside the image."""
    lower, size = _bounding_box(mask)
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
            f"the region reaches beyond the image: it covers indices {_numbers(first + 0.5)} to "
            f"{_numbers(last + 0.5)} of an image of {_numbers(image.GetSize())} voxels; "
            "use a mask drawn inside this image"
        )
    return lower, size


def _cropped(image: sitk.Image, mask: sitk.Image, pad: int) -> tuple[sitk.Image, sitk.Image]:
    lower, size = _bounding_box(mask)
    before = np.maximum(lower - pad, 0).tolist()
    after = np.maximum(np.array(mask.GetSize()) - (lower + size) - pad, 0).tolist()
    return sitk.Crop(image, before, after), sitk.Crop(mask, before, after)


def _on_grid_of(image: sitk.Image, mask: sitk.Image) -> sitk.Image:
    return sitk.Resample(mask, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0.0, mask.GetPixelID())


def _require_voxels(mask: sitk.Image, when: str) -> None:
    if not sitk.GetArrayViewFromImage(mask).any():
        raise RegionError(
            f"no voxel was left of the region {when}; it is smaller than a voxel there: "
            "use a finer spacing or a larger region"
        )


def _in_space_of(image: sitk.Image, mask: sitk.Image) -> sitk.Image:
    """Give the mask the image's dimension, and its place in space where it has none of its own."""
    pixels_only = _is_pixels_only(mask)
    mask = _of_same_dimension(image, mask)
    if pixels_only and mask.GetSize() == image.GetSize():
        if not _within_tolerance(image, mask, ITK_TOLERANCE):
            note("the mask file holds no geometry: it was laid on the image pixel by pixel")
        return _relabelled(image, mask)
    return mask


def _of_same_dimension(image: sitk.Image, mask: sitk.Image) -> sitk.Image:
    """Let a 2-D mask stand for a single slice, and the other way round."""
    if mask.GetDimension() == image.GetDimension():
        return mask
    one_slice = image if image.GetDimension() == 3 else mask
    if one_slice.GetSize()[2] != 1:
        raise GeometryError(
            f"the image is {image.GetDimension()}-D ({_numbers(image.GetSize())} voxels) but the mask is "
            f"{mask.GetDimension()}-D ({_numbers(mask.GetSize())}); give a mask of every slice of the image"
        )
    if mask.GetDimension() == 3:
        return mask[:, :, 0]
    if mask.GetSize() != image.GetSize()[:2]:
        return sitk.JoinSeries(mask)
    # A 2-D mask knows no place in space: only its pixels and their size can be compared with the slice.
    slice_mask = _relabelled(image, sitk.JoinSeries(mask))
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


def _within_tolerance(image: sitk.Image, mask: sitk.Image, tolerance: float) -> bool:
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


def _largest_shift(image: sitk.Image, mask: sitk.Image) -> float:
    """Return by how many voxels the corners of two grids of one size lie apart at most."""
    corners = itertools.product(*((0, n - 1) for n in image.GetSize()))
    return max(
        float(np.abs(np.subtract(image.TransformPhysicalPointToContinuousIndex(point), corner)).max())
        for corner in corners
        for point in [mask.TransformIndexToPhysicalPoint(corner)]
    )


def _relabelled(image: sitk.Image, mask: sitk.Image) -> sitk.Image:
    matched = sitk.Image(mask)
    matched.CopyInformation(image)
    return matched


def _described(image: sitk.Image) -> str:
    return (
        f"{_numbers(image.GetSize())} voxels of {_numbers(image.GetSpacing())} mm "
        f"at {_numbers(image.GetOrigin())}, direction {_numbers(image.GetDirection())}"
    )


def _numbers(values: Any) -> str:
    return "(" + ", ".join(f"{v:.6g}" for v in values) + ")"


def _listed(values: NDArray[Any], at_most: int = 10) -> str:
    shown = ", ".join(str(v) for v in values[:at_most])
    more = values.size - at_most
    return f"{shown} and {more} more; is it a JPEG?" if more > 0 else shown
