"""What alterations share: regions cut out with a margin, arrays put back on the grid of an image."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.imaging.pixels import like
from radiomics_screen.imaging.roi import Grid, Roi, marked_box

#: Part of a (z, y, x) array.
Box = tuple[slice, slice, slice]
Mask = NDArray[np.bool_]


def spacing_of(grid: Grid) -> tuple[float, float, float]:
    """Return the distance of voxel centres (z, y, x) in mm; 1 along z for a 2-D grid."""
    z, y, x = (1.0, *reversed(grid.spacing))[-3:]
    return z, y, x


def shape_of(grid: Grid) -> tuple[int, int, int]:
    """Return the number of voxels (z, y, x); 1 along z for a 2-D grid."""
    z, y, x = (1, *reversed(grid.size))[-3:]
    return z, y, x


def around(roi: Roi, margin: Sequence[int]) -> tuple[Mask, Box]:
    """Cut out the region with a margin of voxels (z, y, x), as far as the image goes.

    Returns
    -------
    The mask, shape (z, y, x), and where it lies in the image.
    """
    z, y, x = (
        slice(max(0, side.start - by), min(n, side.stop + by))
        for side, by, n in zip(roi.box, margin, shape_of(roi.grid), strict=True)
    )
    box = (z, y, x)
    mask = np.zeros([side.stop - side.start for side in box], dtype=bool)
    mask[tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(roi.box, box, strict=True))] = (
        roi.solid
    )
    return mask, box


def region_in(mask: Mask, box: Box, grid: Grid) -> Roi | None:
    """Return the region that a mask on a box of a grid marks; None if it marks nothing."""
    inner = marked_box(np.ascontiguousarray(mask).view(np.uint8))
    if inner is None:
        return None
    lower = tuple(outer.start + side.start for outer, side in zip(box, inner, strict=True))
    cut = np.ascontiguousarray(mask[inner])
    flat = grid.dimension == 2
    return Roi(cut[0] if flat else cut, lower[::-1][: grid.dimension], grid)


def with_values(image: sitk.Image, array: NDArray[Any]) -> sitk.Image:
    """Put numbers, shape (z, y, x), on the grid of an image and into its pixel type.

    What a type of whole numbers cannot hold is rounded, and cut off at its ends.
    """
    kind = sitk.GetArrayViewFromImage(image).dtype
    if kind.kind in "iu" and array.dtype.kind == "f":
        limits = np.iinfo(kind)
        array = np.clip(np.rint(array), limits.min, limits.max)
    values = array.astype(kind, copy=False)
    return like(image, values[0] if image.GetDimension() == 2 else values)


def equivalent_radius_mm(roi: Roi) -> float:
    """Return the radius of the disc (one slice) or ball of as many voxels; in pixels where mm are unknown."""
    z, y, x = spacing_of(roi.grid)
    count = int(np.count_nonzero(roi.mask))
    if shape_of(roi.grid)[0] == 1:
        return float(np.sqrt(count * y * x / pi))
    return float(np.cbrt(0.75 * count * z * y * x / pi))
