"""One grid for image and mask: choosing the label, matching the grids, resampling and cropping.

SimpleITK speaks (x, y, z); everything in this file does too.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydantic import Field

from radiomics_screen.core.errors import GeometryError, RegionError
from radiomics_screen.core.options import NonNegative, Positive, PositiveInt
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.checks import reworded
from radiomics_screen.imaging.grids import (
    ITK_TOLERANCE,
    NEGLIGIBLE_SHIFT,
    cropped,
    described,
    in_space_of,
    largest_shift,
    listed,
    on_grid_of,
    region_box,
    within_tolerance,
)
from radiomics_screen.imaging.resample_ibsi import ORDERS, resampled
from radiomics_screen.imaging.resample_pyradiomics import resampled_from_corner
from radiomics_screen.imaging.roi import Grid, Roi, marked_box, roi_in

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

MaskInterpolator = Literal["sitkNearestNeighbor", "sitkLinear", "sitkBSpline"]
Threshold = Annotated[float, Field(gt=0, le=1)]


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
                "interest by 'label': in the parameter file, in a column of the case list, or as an argument"
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
        Allowed difference of origin and spacing (in voxels) and of direction cosines; null is 1e-6, and
        takes what moves no corner by 0.01 voxel as the same, with a remark.
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
        if geometryTolerance is None and shift < NEGLIGIBLE_SHIFT:
            add_remark(
                f"the mask's geometry differs from the image's by {shift:.1g} voxel: taken as the same"
            )
            return roi.on(grid)
    if not correctMask:
        chosen = geometryTolerance is not None and roi.grid.size == grid.size
        beyond = f" by more than geometryTolerance ({geometryTolerance:g})" if chosen else ""
        raise GeometryError(
            f"image and mask lie on different grids{beyond}: image {described(grid)}; "
            f"mask {described(roi.grid)}; draw the mask on this image, or set correctMask: true to "
            "resample it"
        )
    region_box(image, roi)
    add_remark("the mask lay on another grid: it was resampled to the image's (nearest neighbour)")
    return on_grid_of(image, roi, "when its mask was resampled to the image's grid (correctMask)")


def resample(
    image: sitk.Image,
    roi: Roi,
    margin_mm: float | None = None,
    *,
    resampledPixelSpacing: tuple[NonNegative, ...] | None = None,
    interpolator: Interpolator | None = "sitkBSpline",
    resampling_grid: Literal["corner", "centre", "origin", "fit"] = "corner",
    mask_interpolator: MaskInterpolator = "sitkNearestNeighbor",
    mask_threshold: Threshold = 0.5,
    round_intensities: bool = False,
    padDistance: PadDistance = 5,
) -> tuple[sitk.Image, Roi]:
    """Resample image and mask to a new spacing.

    On the grid `corner`, which is pyradiomics', the new grid shares the corner of the mask's grid, not its
    first voxel centre, and covers the region's bounding box plus `padDistance` new voxels; a direction in
    which the region is one voxel wide keeps its spacing, and the pixel type of the image is kept. The
    other grids are the IBSI's: see :func:`radiomics_screen.imaging.resample_ibsi.resampled`.

    Parameters
    ----------
    image
        Scalar image, 2-D or 3-D.
    roi
        The region of interest; on the image's grid, but for `corner`.
    margin_mm
        How far round the region the result is needed, on other grids than `corner`; None for everywhere.
    resampledPixelSpacing
        New spacing x, y, z in mm; 0 keeps a direction as it is, null resamples nothing.
    interpolator
        SimpleITK interpolator for the image, by name or number 1 to 10; null resamples nothing.
    resampling_grid
        Where the new voxels lie: the grids share the corner of the mask's grid, cut to the region
        (corner), the centre of the image (centre), its first voxel (origin), or its first and last voxel,
        which changes the spacing a little (fit).
    mask_interpolator
        SimpleITK interpolator for the mask, taken as zeros and ones.
    mask_threshold
        Least value of an interpolated mask inside the region.
    round_intensities
        Round intensities to whole numbers where a spacing is set, also if the image has it already.
    padDistance
        Voxels kept round the region after resampling or preCrop, for filters that look beyond it.

    Raises
    ------
    GeometryError
        Wrong number of spacings, an interpolator that the grid does not have, more voxels than fit in
        memory, or the region reaches beyond the image.
    RegionError
        No voxel is left of the region at the new spacing.
    """
    if resampledPixelSpacing is None or interpolator is None:
        return image, roi
    name = interpolator if isinstance(interpolator, str) else get_args(_Name)[interpolator - 1]
    roi = in_space_of(image, roi)
    spacing_mm = _target_spacing(resampledPixelSpacing, roi.grid)
    if resampling_grid != "corner":
        if name not in ORDERS:
            raise GeometryError(
                f"{name} is an interpolator for resampling_grid: corner only; choose {' or '.join(ORDERS)}"
            )
        if np.allclose(image.GetSpacing(), spacing_mm):
            return (sitk.Round(image) if round_intensities else image), roi
        return resampled(
            image,
            roi,
            spacing_mm.tolist(),
            alignment=resampling_grid,
            interpolator=name,
            mask_interpolator=mask_interpolator,
            mask_threshold=mask_threshold,
            rounded=round_intensities,
            margin_mm=margin_mm,
        )
    with reworded(f"resampling ({name})"):
        return resampled_from_corner(
            image,
            roi,
            spacing_mm,
            interpolator=name,
            mask_interpolator=mask_interpolator,
            mask_threshold=mask_threshold,
            rounded=round_intensities,
            pad=padDistance,
        )


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
