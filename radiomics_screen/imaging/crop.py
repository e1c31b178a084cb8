"""The square picture of a lesion that a network looks at: cut out, brought to one size, 8 bits a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import Annotated, Any, Literal

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.options import Finite, FlatAxis, NonNegative
from radiomics_screen.imaging.geometry import match_grid, select_label
from radiomics_screen.imaging.roi import Roi
from radiomics_screen.imaging.volume import to_volume

#: Edge of a crop in pixels: what networks can look at.
CropSize = Annotated[int, Field(ge=32, le=1024)]

#: A pixel belongs to the lesion where it covers at least so much of it.
_HALF = 0.5

#: Grey values are rounded to so many decimals first, so that the last bits do not decide on halves.
_DECIMALS = 6


def _rising(limits: tuple[float, float] | None) -> tuple[float, float] | None:
    if limits is not None and not limits[0] < limits[1]:
        raise ValueError("expected a lower and a higher intensity")
    return limits


#: Two intensities, the lower one first.
IntensityRange = Annotated[tuple[Finite, Finite] | None, AfterValidator(_rising)]


def crop_lesion(
    image: sitk.Image,
    mask: sitk.Image,
    label: int | None = None,
    *,
    margin: NonNegative = 0.25,
    square: bool = True,
    background: Literal["keep", "mask"] = "keep",
    size: CropSize = 224,
    intensities: IntensityRange = None,
    axis: FlatAxis = 0,
) -> NDArray[np.uint8]:
    """Cut a lesion out of its image and bring it to one size.

    Resampling is linear where pixels become smaller, and weights all that a pixel covers (a triangle as
    wide as two pixels of the crop) where they become larger. Where the crop reaches beyond the image,
    the nearest pixel of the image goes on: neither a black edge nor a mirrored lesion is made up.

    Parameters
    ----------
    image
        Scalar image, 2-D or 3-D. Of a volume, the slice is taken that has most of the lesion.
    mask
        Integer image on the same grid.
    label
        Mask value that marks the lesion; None takes the one value there is.
    margin
        How far the crop reaches beyond the lesion's bounding box, as a part of the box's longer side.
    square
        Cut a square (in mm) round the middle of the box, which keeps the lesion's proportions; else the
        box itself with its margin, stretched to a square picture.
    background
        Keep what lies round the lesion (keep), or put the lesion's mean in its place, so that nothing
        of the surroundings is left in the crop (mask).
    size
        Edge of the crop in pixels; networks are at their best at the size that they were trained with.
    intensities
        The lower and the upper intensity that become 0 and 255, what is beyond them too; null is 0 to 255
        for images of 8 bits, and for others the image's own minimum to maximum (the lesion's where the
        background is masked).
    axis
        Axis across which the slice of a volume is taken: 0 is z, 1 is y, 2 is x.

    Returns
    -------
    Shape (2, size, size): the image, and the lesion as 0 and 255. The lesion marks a pixel at least.

    Raises
    ------
    GeometryError
        The mask lies on another grid.
    RegionError
        No lesion is marked, or the crop holds values that are not finite.
    """
    roi = match_grid(image, select_label(mask, label=label))
    return crop_region(
        image,
        roi,
        margin=margin,
        square=square,
        background=background,
        size=size,
        intensities=intensities,
        axis=axis,
    )


def crop_region(
    image: sitk.Image,
    roi: Roi,
    *,
    margin: float,
    square: bool,
    background: Literal["keep", "mask"],
    size: int,
    intensities: tuple[float, float] | None,
    axis: FlatAxis,
) -> NDArray[np.uint8]:
    """Cut out a region that lies on the image's grid; the options are those of :func:`crop_lesion`."""
    volume = to_volume(image)
    plane, marks, corner, spacing_mm = _widest_slice(volume.array, roi, volume.spacing_mm, axis)
    height, width = (
        _Side.of(first, n, beyond, edge, size)
        for first, n, beyond, edge in zip(
            corner, marks.shape, _margins(marks.shape, spacing_mm, margin, square), plane.shape, strict=True
        )
    )
    part = plane[height.kept, width.kept].astype(np.float64)
    inside = np.zeros(part.shape, bool)
    inside[height.within(corner[0], marks.shape[0]), width.within(corner[1], marks.shape[1])] = marks
    lesion = _mixed(height.own, inside.astype(np.float64), width.own)
    shown = lesion >= min(_HALF, lesion.max())
    lowest, highest = _range(volume.array, part[inside], intensities, masked=background == "mask")
    if background == "mask":
        mean = float(part[inside].mean())
        picture = _mixed(height.own, np.where(inside, part - mean, 0.0), width.own) + mean
    else:
        _require_finite(part)
        picture = _mixed(height.padded, part, width.padded)
    scaled = (picture - lowest) * (255 / (highest - lowest)) if highest > lowest else np.zeros_like(picture)
    pixels = np.rint(np.clip(np.round(scaled, _DECIMALS), 0, 255))
    return np.stack([pixels, np.where(shown, 255, 0)]).astype(np.uint8)


@dataclass(frozen=True)
class _Side:
    """One axis of a crop: which voxels of the image it sees, and with which weights.

    Attributes
    ----------
    kept
        The voxels of the image that the crop depends on.
    padded, own
        Part of each of them in each pixel, shape (pixels, voxels): where the crop leaves the image, the
        outermost voxel counts for those that are missing, or nothing does.
    """

    kept: slice
    padded: NDArray[np.float64]
    own: NDArray[np.float64]

    @classmethod
    def of(cls, first: int, count: int, beyond: float, edge: int, pixels: int) -> _Side:
        """Lay `pixels` on a box of `count` voxels from `first` on and so many `beyond` it, of an `edge`."""
        step = (count + 2 * beyond) / pixels
        centres = first - beyond + (np.arange(pixels) + 0.5) * step - 0.5  # of voxel 0 it is 0
        reach = max(step, 1.0)
        nearest = np.floor(centres - reach).astype(np.intp)[:, np.newaxis]
        places = nearest + np.arange(ceil(2 * reach) + 2)
        weights = np.maximum(0.0, 1 - np.abs(places - centres[:, np.newaxis]) / reach)
        weights /= weights.sum(axis=1, keepdims=True)
        lower, upper = max(0, floor(centres[0] - reach)), min(edge, ceil(centres[-1] + reach) + 1)
        padded, own = np.zeros((pixels, upper - lower)), np.zeros((pixels, upper - lower))
        rows = np.broadcast_to(np.arange(pixels)[:, np.newaxis], places.shape)
        there = (places >= 0) & (places < edge) & (weights > 0)
        np.add.at(own, (rows[there], places[there] - lower), weights[there])
        counted = weights > 0
        nearest_there = np.clip(places, 0, edge - 1) - lower
        np.add.at(padded, (rows[counted], nearest_there[counted]), weights[counted])
        return cls(slice(lower, upper), padded, own)

    def within(self, first: int, count: int) -> slice:
        """Return voxels of the image as places among those that are kept."""
        return slice(first - self.kept.start, first + count - self.kept.start)


def _mixed(
    rows: NDArray[np.float64], values: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    return rows @ values @ columns.T


def _widest_slice(
    array: NDArray[Any], roi: Roi, spacing_mm: tuple[float, float, float], axis: int
) -> tuple[NDArray[Any], NDArray[np.bool_], tuple[int, int], tuple[float, float]]:
    """Return the slice with most of the lesion: plane, the marks in their box, its corner, spacing (mm).

    The first of several that have as much.
    """
    if roi.grid.dimension == 2:
        axis = 0
    solid = np.moveaxis(roi.solid, axis, 0)
    number = int(np.argmax(np.count_nonzero(solid, axis=(1, 2))))
    marks = solid[number]
    lower = [side.start for side in roi.box]
    plane = np.moveaxis(array, axis, 0)[lower.pop(axis) + number]
    rows, columns = (np.flatnonzero(marks.any(axis=across)) for across in (1, 0))
    inner = marks[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    down, right = (mm for n, mm in enumerate(spacing_mm) if n != axis)
    return plane, inner, (lower[0] + int(rows[0]), lower[1] + int(columns[0])), (down, right)


def _margins(
    shape: tuple[int, ...], spacing_mm: tuple[float, float], margin: float, square: bool
) -> tuple[float, float]:
    """Return how far the crop reaches beyond each side of the box along (y, x), in voxels."""
    lengths = [n * mm for n, mm in zip(shape, spacing_mm, strict=True)]
    longer = max(lengths)
    down, right = (
        (margin * longer + ((longer - length) / 2 if square else 0)) / mm
        for length, mm in zip(lengths, spacing_mm, strict=True)
    )
    return down, right


def _range(
    array: NDArray[Any],
    lesion: NDArray[np.float64],
    chosen: tuple[float, float] | None,
    *,
    masked: bool,
) -> tuple[float, float]:
    """Return the intensities that become 0 and 255."""
    _require_finite(lesion)
    if chosen is not None:
        return chosen
    if array.dtype == np.uint8:
        return 0.0, 255.0
    seen = lesion if masked else array
    finite = seen if seen.dtype.kind in "iub" else seen[np.isfinite(seen)]
    return float(finite.min()), float(finite.max())


def _require_finite(values: NDArray[np.float64]) -> None:
    if not np.isfinite(values).all():
        raise RegionError(
            "the crop of the lesion holds values that are not finite (NaN or infinite); mend the image, or "
            "choose a smaller margin, or background: mask"
        )
