"""A region of interest: its voxels in their bounding box, and where that box lies.

SimpleITK speaks (x, y, z); everything in this file does too, but for arrays, which are (z, y, x).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import pi, prod

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.core.kernels import kernel
from radiomics_screen.imaging.pixels import PIXELS_ONLY


@dataclass(frozen=True)
class Grid:
    """Where the voxels of an image lie: everything of it but their values.

    Attributes
    ----------
    size, spacing, origin
        One number a dimension; the latter two in mm.
    direction
        Cosines, row by row.
    pixels_only
        The image comes from a file that knows no place in space.
    """

    size: tuple[int, ...]
    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    direction: tuple[float, ...]
    pixels_only: bool = False

    @classmethod
    def of(cls, image: sitk.Image) -> Grid:
        """Return the grid of an image."""
        return cls(
            image.GetSize(),
            image.GetSpacing(),
            image.GetOrigin(),
            image.GetDirection(),
            image.HasMetaDataKey(PIXELS_ONLY),
        )

    @property
    def dimension(self) -> int:
        """Return the number of axes."""
        return len(self.size)

    @cached_property
    def frame(self) -> sitk.Image:
        """An image of one voxel on this grid, to turn indices into places and back."""
        frame = sitk.Image([1] * self.dimension, sitk.sitkUInt8)
        self.lay(frame)
        return frame

    def lay(self, image: sitk.Image) -> None:
        """Give an image this place in space."""
        image.SetSpacing(self.spacing)
        image.SetOrigin(self.origin)
        image.SetDirection(self.direction)


@dataclass(frozen=True, eq=False)
class Roi:
    """A region of interest.

    Attributes
    ----------
    mask
        Bool, (z, y, x) or (y, x): its voxels, in their bounding box.
    lower
        Index of the box's first voxel, (x, y[, z]).
    grid
        The grid of the whole mask.
    """

    mask: NDArray[np.bool_]
    lower: tuple[int, ...]
    grid: Grid

    @property
    def size(self) -> tuple[int, ...]:
        """Voxels of the bounding box along (x, y[, z])."""
        return self.mask.shape[::-1]

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """The bounding box in a (z, y, x) array; a 2-D one has z == 1."""
        sides = [slice(a, a + n) for a, n in zip(self.lower[::-1], self.mask.shape, strict=True)]
        return (slice(0, 1), *sides)[-3], sides[-2], sides[-1]

    @property
    def solid(self) -> NDArray[np.bool_]:
        """The mask as a (z, y, x) array."""
        return self.mask if self.mask.ndim == 3 else self.mask[np.newaxis]

    def on(self, grid: Grid) -> Roi:
        """Return the same voxels on another grid of as many voxels."""
        return replace(self, grid=grid)

    def image(self) -> sitk.Image:
        """Return the region as an 8-bit image of 0 and 1 on its whole grid."""
        array = np.zeros(self.grid.size[::-1], dtype=np.uint8)
        sides = tuple(slice(a, a + n) for a, n in zip(self.lower[::-1], self.mask.shape, strict=True))
        array[sides] = self.mask
        image = sitk.GetImageFromArray(array, isVector=False)
        self.grid.lay(image)
        return image


def marked_box(values: NDArray[np.integer]) -> tuple[slice, ...] | None:
    """Return the bounding box of what is not 0 in a C-ordered 2-D or 3-D array; None if all is 0.

    One pass at the speed of memory, whatever the type: a number is not 0 if any of its bytes is not.
    """
    *planes, length = values.shape
    rows = values.reshape(prod(planes), length).view(np.uint8)
    rows.flags.writeable = False  # as it is for a view of an image: a kernel is made for one of the two
    first, last = occupied_bytes(rows)
    marked = (last >= 0).reshape(planes)
    if not marked.any():
        return None
    sides = []
    for axis in range(len(planes)):
        along = np.flatnonzero(marked.any(axis=tuple(a for a in range(len(planes)) if a != axis)))
        sides.append(slice(int(along[0]), int(along[-1]) + 1))
    start, end = int(first.min()) // values.itemsize, int(last.max()) // values.itemsize + 1
    return (*sides, slice(start, end))


@kernel
def occupied_bytes(rows: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the place of the first and of the last byte of each row that is not 0; last is -1 if none is."""
    n, length = rows.shape
    first, last = np.full(n, length, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    for k in range(n):
        row = rows[k]
        some = np.uint8(0)
        for i in range(length):  # without a way out: this loop becomes SIMD code
            some |= row[i]
        if some:
            a, b = 0, length - 1
            while row[a] == 0:
                a += 1
            while row[b] == 0:
                b -= 1
            first[k], last[k] = a, b
    return first, last


def roi_of(mask: sitk.Image, label: int) -> Roi | None:
    """Return the region that `label` marks, or None if it marks nothing."""
    values = sitk.GetArrayViewFromImage(mask)
    box = marked_box(values)
    return None if box is None else roi_in(values, box, label, Grid.of(mask))


def roi_in(values: NDArray[np.integer], box: tuple[slice, ...], label: int, grid: Grid) -> Roi | None:
    """Return the region that `label` marks within a box of a mask, or None if it marks nothing there."""
    marks = values[box] == label
    inner = marked_box(np.ascontiguousarray(marks).view(np.uint8))
    if inner is None:
        return None
    lower = tuple(outer.start + side.start for outer, side in zip(box, inner, strict=True))
    return Roi(np.ascontiguousarray(marks[inner]), lower[::-1], grid)


def spacing_of(grid: Grid) -> tuple[float, float, float]:
    """Return the distance of voxel centres (z, y, x) in mm; 1 along z for a 2-D grid."""
    z, y, x = (1.0, *reversed(grid.spacing))[-3:]
    return z, y, x


def shape_of(grid: Grid) -> tuple[int, int, int]:
    """Return the number of voxels (z, y, x); 1 along z for a 2-D grid."""
    z, y, x = (1, *reversed(grid.size))[-3:]
    return z, y, x


def equivalent_radius_mm(roi: Roi) -> float:
    """Return the radius of the disc (one slice) or ball of as many voxels; in pixels where mm are unknown."""
    z, y, x = spacing_of(roi.grid)
    count = int(np.count_nonzero(roi.mask))
    if shape_of(roi.grid)[0] == 1:
        return float(np.sqrt(count * y * x / pi))
    return float(np.cbrt(0.75 * count * z * y * x / pi))


def region_in(mask: NDArray[np.bool_], box: tuple[slice, slice, slice], grid: Grid) -> Roi | None:
    """Return the region that a mask on a box of a grid marks; None if it marks nothing."""
    inner = marked_box(np.ascontiguousarray(mask).view(np.uint8))
    if inner is None:
        return None
    lower = tuple(outer.start + side.start for outer, side in zip(box, inner, strict=True))
    cut = np.ascontiguousarray(mask[inner])
    flat = grid.dimension == 2
    return Roi(cut[0] if flat else cut, lower[::-1][: grid.dimension], grid)
