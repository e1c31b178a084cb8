"""The box of a lesion with a margin, brought to a size of its own, for families that describe the picture."""

from __future__ import annotations

from math import ceil

import numpy as np

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.features.picture.plane import Plane, around

#: Whose families these are: computed where a parameter file names them, never by default.
IMAGE = "image"

#: How far they look beyond the box, in lengths of its longest side.
REACH_LENGTHS = 1.0

#: So much of the box's height and width may be looked at on each side of it.
MOST_MARGIN = 0.5


def known_around(plane: Plane, pixels: tuple[int, int]) -> FloatArray:
    """Return the lesion's box with a margin of pixels along (depth, width).

    Beyond the border of the image its outermost pixels are repeated; what is not finite there counts as
    the mean of the region.
    """
    image = around(plane.image, plane.box, pixels)
    unknown = np.isnan(image)
    return np.where(unknown, plane.values.mean(), image) if unknown.any() else image


def margin_of(plane: Plane, margin: float) -> tuple[int, int]:
    """Return a margin, given in parts of the box's height and width, in pixels."""
    height, width = plane.boxed.shape
    return ceil(margin * height), ceil(margin * width)


def standardised(image: FloatArray) -> FloatArray:
    """Return an image less its mean, divided by its standard deviation; zeros where nothing varies."""
    free = image - image.mean()
    deviation = float(free.std())
    if deviation <= 1e-12 * float(np.abs(image).max()):
        return np.zeros_like(free)
    return np.asarray(free / deviation, dtype=np.float64)
