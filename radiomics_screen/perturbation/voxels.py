"""What alterations share: regions cut out with a margin, arrays put back on the grid of an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.imaging.pixels import like
from radiomics_screen.imaging.roi import Roi, shape_of

#: Part of a (z, y, x) array.
Box = tuple[slice, slice, slice]
Mask = NDArray[np.bool_]


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
