"""The image and the region on it moved together, on the grid that they have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import cos, sin
from typing import Any

import numpy as np
import SimpleITK as sitk

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.roi import Roi, region_in
from radiomics_screen.imaging.volume import to_volume
from radiomics_screen.perturbation.registry import Altered
from radiomics_screen.perturbation.voxels import around, with_values

#: A cubic spline keeps more of the texture than linear interpolation; a mask must not ring.
IMAGE_ORDER, MASK_ORDER = 3, 1
#: So many voxels are added at the border before spline coefficients are computed.
SPLINE_PAD = 12
#: What rounding makes of a half does not take a voxel from a mask.
MASK_CLOSE = 1e-6

#: What moves an array (z, y, x), given with the order of the interpolation and the index of its first voxel.
Move = Callable[[FloatArray, int, Sequence[int]], FloatArray]


def moved(image: sitk.Image, roi: Roi, move: Move, margin: Sequence[int], what: str) -> Altered:
    """Move the content of an image and of the region, which goes at most `margin` voxels (z, y, x) far.

    A voxel belongs to the moved region where the interpolated mask is at least a half. Beyond the border,
    the outermost voxel counts. A region that would vanish is left, with its image, and noted.
    """
    mask, box = around(roi, margin)
    inside = move(mask.astype(np.float64), MASK_ORDER, [side.start for side in box]) >= 0.5 - MASK_CLOSE
    region = region_in(inside, box, roi.grid)
    if region is None:
        add_remark(f"{what}: nothing would be left of so small a lesion; it was left as it is")
        return image, roi
    values = to_volume(image).array.astype(np.float64)
    # a spline would carry what is not finite through the image
    order = IMAGE_ORDER if np.isfinite(values).all() else 1
    return with_values(image, move(values, order, (0, 0, 0))), region


def shifted(array: FloatArray, by: Sequence[float], order: int) -> FloatArray:
    """Shift an array by less than a voxel along each axis; positive is towards higher indices."""
    for axis, fraction in enumerate(by):
        if fraction:
            array = _shifted_along(array, axis, fraction, order)
    return array


def _shifted_along(array: FloatArray, axis: int, by: float, order: int) -> FloatArray:
    """Shift along one axis: each new voxel is a weighted sum of 2 (linear) or 4 (cubic spline) old ones."""
    from scipy.ndimage import spline_filter1d

    pad = [(0, 0)] * array.ndim
    pad[axis] = (SPLINE_PAD, SPLINE_PAD)
    padded = np.pad(array, pad, mode="edge")
    if order == IMAGE_ORDER:
        padded = spline_filter1d(padded, 3, axis=axis, mode="mirror")
    below = int(np.floor(-by))
    t = -by - below
    weights = {below: 1 - t, below + 1: t}
    if order == IMAGE_ORDER:
        weights = {
            below - 1: (1 - t) ** 3 / 6,
            below: 2 / 3 - t**2 * (2 - t) / 2,
            below + 1: 2 / 3 - (1 - t) ** 2 * (1 + t) / 2,
            below + 2: t**3 / 6,
        }
    result = np.zeros_like(array)
    part: list[Any] = [slice(None)] * array.ndim
    for offset, weight in weights.items():
        part[axis] = slice(SPLINE_PAD + offset, SPLINE_PAD + offset + array.shape[axis])
        result += weight * padded[tuple(part)] if weight else 0.0
    return result


def turned(
    array: FloatArray,
    angle: float,
    *,
    axis: int,
    centre: Sequence[float],
    spacing_mm: Sequence[float],
    order: int,
) -> FloatArray:
    """Turn an array about a line along `axis`, plane by plane.

    Parameters
    ----------
    array
        Shape (z, y, x).
    angle
        In radians.
    axis
        Array axis that stays.
    centre, spacing_mm
        Index of a point on the line, and distance of voxel centres in mm; (z, y, x).
    order
        Of the interpolating spline.
    """
    from scipy.ndimage import affine_transform

    plane = [a for a in range(3) if a != axis]
    width = np.array([spacing_mm[a] for a in plane])
    middle = np.array([centre[a] for a in plane])
    rotation = np.array([[cos(angle), -sin(angle)], [sin(angle), cos(angle)]])
    matrix = rotation * width[np.newaxis] / width[:, np.newaxis]
    offset = middle - matrix @ middle
    planes = np.moveaxis(array, axis, 0)
    result = np.empty(planes.shape)
    for old, new in zip(planes, result, strict=True):
        affine_transform(old, matrix, offset, output=new, order=order, mode="nearest")
    return np.moveaxis(result, 0, axis)
