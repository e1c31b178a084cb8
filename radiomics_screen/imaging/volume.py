"""The one place where SimpleITK's (x, y, z) becomes the arrays' (z, y, x)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray


@dataclass(frozen=True)
class Volume:
    """A scalar image as filters and features see it.

    Attributes
    ----------
    array
        Intensities, shape (z, y, x), in the pixel type of the image; a 2-D image has z == 1.
    spacing_mm
        Distance of voxel centres, (z, y, x), in mm; 1.0 along z for a 2-D image.
    planar
        The image was 2-D: there is no third direction to look along.
    cropped
        The array is only a part of the image, round the region.
    """

    array: NDArray[np.generic]
    spacing_mm: tuple[float, float, float]
    planar: bool = False
    cropped: bool = False

    @cached_property
    def largest_magnitude(self) -> float:
        """Largest absolute intensity; NaN if there is a NaN."""
        lowest, highest = float(np.min(self.array)), float(np.max(self.array))
        return highest if np.isnan(highest) else max(abs(lowest), abs(highest))


class _Voxels:
    """The voxels of an image, as NumPy asks for them; an array made of it keeps the image in memory.

    SimpleITK's own view does not: once the image is gone, it looks at memory that is not its own.
    """

    def __init__(self, image: sitk.Image) -> None:
        self._image = image
        self.__array_interface__ = sitk.GetArrayViewFromImage(image).__array_interface__


def to_volume(image: sitk.Image, *, cropped: bool = False) -> Volume:
    """Turn a scalar 2-D or 3-D image into a :class:`Volume`; the array is a read-only view."""
    array = np.asarray(_Voxels(image))
    spacing = tuple(float(s) for s in reversed(image.GetSpacing()))
    if array.ndim == 2:
        return Volume(array[np.newaxis], (1.0, spacing[0], spacing[1]), planar=True, cropped=cropped)
    return Volume(array, (spacing[0], spacing[1], spacing[2]), cropped=cropped)


def to_image(volume: Volume) -> sitk.Image:
    """Turn a :class:`Volume` into an image with its spacing, at the origin, unrotated."""
    image = sitk.GetImageFromArray(volume.array[0] if volume.planar else volume.array)
    spacing = volume.spacing_mm[1:] if volume.planar else volume.spacing_mm
    image.SetSpacing(tuple(reversed(spacing)))
    return image
