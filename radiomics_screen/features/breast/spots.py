"""Bright spots in a mass, as calcifications are."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi

import numpy as np

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.features.picture.plane import Plane, around

FEATURES = ("SpotCount", "SpotAreaFraction")

#: Diameters of spots where none are given, in radii of the lesion.
DIAMETERS = (1 / 20, 1 / 4)
#: A spot stands out by so many robust standard deviations of the lesion.
CONSPICUOUS = 3.0
#: Of a normal distribution, the standard deviation in median absolute deviations.
NORMAL = 1.4826


def spot_values(plane: Plane, radius_mm: float, diameters_mm: Sequence[float] | None) -> tuple[float, float]:
    """Count the bright spots inside, and say what part of the lesion they take.

    A white top-hat takes away what is wider than the largest spot. A spot is a group of pixels (joined by
    corners too) where the rest is higher than three robust standard deviations of the lesion's intensities,
    which are themselves as far above their median, and whose area is that of a disc of an allowed diameter.

    Source: top-hat for small bright structures: Dengler, Behrens and Desaga, IEEE Trans. Medical Imaging 12
    (1993) 634; spots as calcifications in masses on ultrasound: Stavros et al., Radiology 196 (1995) 123.
    """
    from scipy.ndimage import label  # takes a while to import

    smallest, largest = sorted(diameters_mm or (part * radius_mm for part in DIAMETERS))
    values = plane.values
    middle = float(np.median(values))
    scale = NORMAL * float(np.median(np.abs(values - middle)))
    top, bottom, left, right = plane.box
    high, wide = (int(largest / spacing) + 2 for spacing in plane.spacing_mm)
    image = around(plane.image, (top, bottom, left, right), (high - 1, wide - 1))
    if (unknown := np.isnan(image)).any():
        image = np.where(unknown, middle, image)
    here = image[high - 1 : image.shape[0] - high + 1, wide - 1 : image.shape[1] - wide + 1]
    opened = sliding(np.maximum, sliding(np.minimum, image, high, wide), high, wide)
    bright = (here - opened > CONSPICUOUS * scale) & (here > middle + CONSPICUOUS * scale) & plane.kept
    labels, count = label(bright, structure=np.ones((3, 3)))
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:] * np.prod(plane.spacing_mm)
    across = 2 * np.sqrt(areas / pi)
    counted = (across >= smallest) & (across <= largest)
    lesion_mm2 = len(values) * np.prod(plane.spacing_mm)
    return float(np.count_nonzero(counted)), float(areas[counted].sum() / lesion_mm2)


def sliding(extreme: np.ufunc, image: FloatArray, high: int, wide: int) -> FloatArray:
    """Return the least or largest value of each rectangle of pixels that lies in an image.

    Of ever longer pieces: each step doubles them.
    """
    for axis, length in enumerate((high, wide)):
        reached = 1
        while reached < length:
            step = min(reached, length - reached)
            n = image.shape[axis] - step
            parts = (slice(0, n), slice(step, None))
            image = extreme(*(image[part] if axis == 0 else image[:, part] for part in parts))
            reached += step
    return image
