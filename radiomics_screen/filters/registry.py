"""The register of image types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.arrays import count_inexact
from radiomics_screen.core.column_names import declare_image_type, default_images
from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.options import Registry
from radiomics_screen.imaging.checks import reworded
from radiomics_screen.imaging.volume import Volume

#: Part of a (z, y, x) array.
Box = tuple[slice, slice, slice]
Filtered = Iterator[tuple[str, NDArray[np.generic]]]
Filter = Callable[..., Filtered]

#: How names of images end that say in how many dimensions, and beyond which boundary, was filtered.
DIMENSIONS = r"[23]D(-[A-Za-z0-9-]+)?"

#: A number above 0 in the name of an image.
NUMBER = r"[0-9e+-]+"

FILTERS: Registry[Filter] = Registry("image type", "radiomics_screen.filters")


#: Image types whose result for a box is bit-identical to that part of a larger result, since they depend
#: on no voxel beyond a fixed reach, or always on the whole image. Regions may then be filtered in one go.
LOCAL: set[str] = set()

#: Those of them that filter the whole image whatever the box: regions far apart are filtered in one go, too.
WHOLE: set[str] = set()


def image_type(
    name: str, *, columns: str | None = None, local: bool = False, whole: bool = False
) -> Callable[[Filter], Filter]:
    """Enter the decorated function as the image type `name` of the parameter file.

    `columns` is a regular expression of the names of its images, by which the columns of a table are
    known; None: `name` in lower case, and what follows after a hyphen. `local` and `whole` enter it in
    :data:`LOCAL` and :data:`WHOLE`.

    What is NaN or infinite in the region is an error of whoever describes it; numbers that a filter cannot
    hold, and what SimpleITK raises, are a RegionError here that names the image type.
    """

    def enter(function: Filter) -> Filter:
        checked = function if name == "Original" else _checked(name, function)  # which computes nothing
        FILTERS.add(name, checked)
        declare_image_type(name, default_images(name) if columns is None else columns)
        if local or whole:
            LOCAL.add(name)
        if whole:
            WHOLE.add(name)
        return checked

    return enter


def _checked(name: str, function: Filter) -> Filter:
    @wraps(function)
    def filtered(volume: Volume, box: Box, **options: Any) -> Filtered:
        if inexact := count_inexact(volume.array):
            raise RegionError(
                f"{name}: {inexact} voxels of the image are whole numbers beyond 2^53, which 64-bit floats "
                "do not hold exactly; scale the image, or set preCrop: true if they lie far from the region"
            )
        images = function(volume, box, **options)
        while True:
            with np.errstate(all="ignore"), reworded(name):  # what comes of it is looked at
                made = next(images, None)
            if made is None:
                return
            yield made

    return filtered


def crop_with_margin(volume: Volume, box: Box, margin: tuple[int, ...]) -> tuple[NDArray[Any], Box]:
    """Cut the box with a margin, as far as the image goes; return it, and the box inside it."""
    cut, inner = [], []
    for side, width, length in zip(box, margin, volume.array.shape, strict=True):
        start = max(0, side.start - width)
        cut.append(slice(start, min(length, side.stop + width)))
        inner.append(slice(side.start - start, side.stop - start))
    return volume.array[tuple(cut)], (inner[0], inner[1], inner[2])
