"""What the filters of IBSI share: the axes they act along, and how an image continues beyond its border.

A filter asks for a box that may reach beyond the image; what it gets is the image there, continued by
the boundary condition. So a filter on a box is a filter on the whole image, whatever the box.
How far a filter may reach, and how much it may take to work on, is decided here for all of them.

Source: IBSI reference manual, part 2 (boundary conditions, GBYQ).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.options import FlatAxis
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.filters.registry import Box
from radiomics_screen.imaging.grids import MOST_VOXELS
from radiomics_screen.imaging.volume import Volume

Boundary = Literal["zero", "constant", "mirror", "nearest", "periodic"]
Array = NDArray[np.float64]

#: A filter may reach so many times as far as the image is long along an axis. What lies further out is
#: the same few voxels over and over again, or none.
MOST_LENGTHS = 4

#: A filter may always reach so many voxels, also along an axis of few voxels or one.
ALWAYS_REACHED = 64

#: A Gaussian of a smaller width, in voxels, is no longer one where it is sampled.
NARROW = 0.5

#: A Gaussian of a smaller width, in voxels, is an error of the units: its formula has no numbers.
TOO_NARROW = 1e-3


@dataclass(frozen=True)
class Frame:
    """How an image is filtered.

    Attributes
    ----------
    image_type
        Who filters, for messages.
    volume
        The whole image.
    flat
        Axis of the array across the slices that are filtered one by one; None for a filter in 3-D.
    boundary, boundary_value
        How the image continues beyond its border.
    """

    image_type: str
    volume: Volume
    flat: int | None
    boundary: Boundary
    boundary_value: float

    @property
    def axes(self) -> tuple[int, ...]:
        """Axes of the (z, y, x) array that are filtered along, in the order x, y, z."""
        return tuple(axis for axis in (2, 1, 0) if axis != self.flat)

    @property
    def ending(self) -> str:
        """What the names of images end in: dimension and, where it is not the default, boundary."""
        across = ("", "-y", "-x")[self.flat or 0]
        value = f"-{in_name(self.boundary_value)}" if self.boundary == "constant" else ""
        border = "" if self.boundary == "mirror" else f"-{self.boundary}{value}"
        return f"{len(self.axes)}D{across}{border}"

    def along(self, reach: int) -> tuple[int, int, int]:
        """Return a reach for each axis of the array: none across the slices."""
        z, y, x = (reach if axis in self.axes else 0 for axis in range(3))
        return z, y, x

    def most_reached(self, axis: int) -> int:
        """Return how many voxels a filter may reach along an axis of the array."""
        return max(MOST_LENGTHS * self.volume.array.shape[axis], ALWAYS_REACHED)

    def require_near(self, reach: Sequence[float], remedy: str) -> None:
        """Raise a RegionError if a filter reaches too far beyond the image.

        Parameters
        ----------
        reach
            Voxels to either side along each axis of the array.
        remedy
            What to choose instead, for the message: "a smaller sigma".
        """
        for axis in self.axes:
            if not reach[axis] <= self.most_reached(axis):
                slices = ", or filter within axial slices (force2D: true)" if axis == 0 else ""
                raise RegionError(
                    f"{self.image_type}: the filter reaches {reach[axis]:.6g} voxels along {'zyx'[axis]}, "
                    f"and the image has {self.volume.array.shape[axis]}; choose {remedy}{slices}"
                )

    def require_room(self, wanted: Box, remedy: str, copies: int = 1) -> None:
        """Raise a RegionError if an array of a box, or of so many copies of it, would not fit in memory."""
        sizes = [side.stop - side.start for side in wanted]
        if prod(sizes) * copies > MOST_VOXELS:
            times = f"{copies} times " if copies > 1 else ""
            raise RegionError(
                f"{self.image_type}: with what the filter reaches there are {times}"
                f"{' x '.join(str(n) for n in reversed(sizes))} voxels to work on, and at most "
                f"{MOST_VOXELS:,} may be; choose {remedy}, or a coarser resampledPixelSpacing"
            )

    def reached(self, box: Box, reaches: Sequence[Sequence[int]], remedy: str) -> list[Box]:
        """Widen a box by each of several reaches.

        Raises
        ------
        RegionError
            The filter reaches too far, or would need too much memory.
        """
        widened = []
        for reach in reaches:
            self.require_near(reach, remedy)
            widened.append(wider(box, reach))
            self.require_room(widened[-1], remedy)
        self.remark_on_cropping(widened)
        return widened

    def remark_on_cropping(self, widened: Sequence[Box]) -> None:
        """Say so where a filter reaches beyond what is left of a cropped image."""
        if not self.volume.cropped:
            return
        beyond = max(
            max(-side.start, side.stop - length)
            for wanted in widened
            for side, length in zip(wanted, self.volume.array.shape, strict=True)
        )
        if beyond > 0:
            add_remark(
                f"{self.image_type}: the filter reaches {beyond} voxels beyond what padDistance left of the "
                "image, and takes that for the image's border; set a larger padDistance"
            )

    def remark_on_whole(self) -> None:
        """Say so where a filter that takes the whole image gets a part of it."""
        if self.volume.cropped:
            add_remark(
                f"{self.image_type}: the filter takes the whole image, and the image was cropped before: its "
                "values depend on padDistance; leave out preCrop, and resampling_grid: corner"
            )

    def require_sampled(self, widths_mm: Sequence[float], remedy: str) -> None:
        """Remark on Gaussians that are too narrow for the voxels.

        Raises
        ------
        RegionError
            One is so narrow that its formula has no numbers.
        """
        width = min(widths_mm)
        side, axis = max((self.volume.spacing_mm[axis], -axis) for axis in self.axes)
        where = f"along {'zyx'[-axis]}, where voxels have {side:.6g} mm"
        if width < TOO_NARROW * side:
            raise RegionError(
                f"{self.image_type}: a Gaussian of {width:.6g} mm is under a thousandth of a voxel {where}; "
                f"choose {remedy}"
            )
        if width < NARROW * side * (1 - 1e-9):
            add_remark(
                f"{self.image_type}: a Gaussian of {width:.6g} mm is under half a voxel {where}: it is "
                f"sampled too coarsely to be one; choose {remedy}, or resample"
            )

    def needed(self, wanted: Box) -> Box:
        """Return the part of the image that what is wanted takes its values from."""
        held = []
        for side, length in zip(wanted, self.volume.array.shape, strict=True):
            inside = self._sources(side, length)
            inside = inside[inside >= 0]
            held.append(slice(int(inside.min()), int(inside.max()) + 1) if len(inside) else slice(0, 0))
        return held[0], held[1], held[2]

    def read(self, wanted: Box) -> Array:
        """Return a part of the continued image.

        Raises
        ------
        RegionError
            There are NaN or infinite values in it.
        """
        held = self.needed(wanted)
        part = self.volume.array[held]
        if part.dtype.kind == "f" and not np.isfinite(part).all():
            raise RegionError(
                f"{self.image_type}: there are NaN or infinite values in the image as far as the filter "
                "reaches from the region; repair the image"
            )
        return self.continued(part, held, wanted)

    def continued(self, part: NDArray[np.generic], held: Box, wanted: Box) -> Array:
        """Return what is wanted, continued from the part of an image that is held in box `held`."""
        if self.boundary in ("zero", "constant"):
            value = self.boundary_value if self.boundary == "constant" else 0.0
            whole = np.full([side.stop - side.start for side in wanted], value)
            if part.size:
                inner = (
                    slice(h.start - w.start, h.stop - w.start) for h, w in zip(held, wanted, strict=True)
                )
                whole[tuple(inner)] = part
            return whole
        for axis, length in enumerate(self.volume.array.shape):
            pick = self._sources(wanted[axis], length) - held[axis].start
            if (np.diff(pick) == 1).all():
                cut = (slice(None),) * axis + (slice(pick[0], pick[-1] + 1),)
                part = part[cut]
            else:
                part = np.take(part, pick, axis=axis)
        return np.ascontiguousarray(part, dtype=np.float64)

    def _sources(self, side: slice, length: int) -> NDArray[np.int64]:
        """Return where in the image each position takes its value from; -1 for no voxel."""
        positions = np.arange(side.start, side.stop)
        if self.boundary == "periodic":
            return positions % length
        if self.boundary == "nearest":
            return positions.clip(0, length - 1)
        if self.boundary == "mirror":
            there_and_back = positions % (2 * length)
            return np.minimum(there_and_back, 2 * length - 1 - there_and_back)
        return np.where((positions < 0) | (positions >= length), -1, positions)


def frame(
    image_type: str,
    volume: Volume,
    boundary: Boundary,
    boundary_value: float,
    force2D: bool,
    force2Ddimension: FlatAxis,
) -> Frame:
    """Join what the options say; a 2-D image is always filtered in 2-D."""
    flat = 0 if volume.planar else int(force2Ddimension) if force2D else None
    return Frame(image_type, volume, flat, boundary, float(boundary_value))


def wider(box: Box, reach: Sequence[int]) -> Box:
    """Widen a box to both sides of each axis, also beyond the image."""
    z, y, x = (slice(side.start - r, side.stop + r) for side, r in zip(box, reach, strict=True))
    return z, y, x


def in_name(number: float) -> str:
    """Write a number without points, as in names of images.

    >>> [in_name(n) for n in (1.5, 3.0, 7, -0.25)]
    ['1-5', '3', '7', 'minus0-25']
    """
    text = repr(float(number) + 0.0).removesuffix(".0")  # there is no -0
    return text.replace("-", "minus", 1).replace(".", "-") if number < 0 else text.replace(".", "-")
