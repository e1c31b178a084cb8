"""Intensities bent voxel by voxel: square, square root, logarithm and exponential.

Each is scaled by the largest absolute intensity of the whole image, so that the values stay in its
range. The formulas, with their constants, are pyradiomics'; everything is computed in 64 bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.errors import RegionError
from radiomics_screen.filters.registry import Box, Filtered, image_type
from radiomics_screen.imaging.volume import Volume


@image_type("Square", columns="square", local=True)
def square(volume: Volume, box: Box) -> Filtered:
    """Yield ``x**2 / max|x|``, named "square"; what was negative becomes positive.

    Raises
    ------
    RegionError
        The image is 0 everywhere, or holds NaN or infinite values.
    """
    values, largest = _values_and_largest(volume, box, "Square")
    values *= 1 / np.sqrt(largest)
    yield "square", np.square(values, out=values)


@image_type("SquareRoot", columns="squareroot", local=True)
def square_root(volume: Volume, box: Box) -> Filtered:
    """Yield ``sqrt(|x| max|x|)`` with the sign of x, named "squareroot".

    Raises
    ------
    RegionError
        The image is 0 everywhere, or holds NaN or infinite values.
    """
    values, largest = _values_and_largest(volume, box, "SquareRoot")
    yield "squareroot", np.copysign(np.sqrt(np.abs(values) * largest), values)


@image_type("Logarithm", columns="logarithm", local=True)
def logarithm(volume: Volume, box: Box) -> Filtered:
    """Yield ``log(|x| + 1) max|x| / log(max|x| + 1)`` with the sign of x, named "logarithm".

    Raises
    ------
    RegionError
        The image is 0 everywhere, or holds NaN or infinite values.
    """
    values, largest = _values_and_largest(volume, box, "Logarithm")
    bent = np.copysign(np.log(np.abs(values) + 1), values)
    yield "logarithm", bent * (largest / np.log(largest + 1))


@image_type("Exponential", columns="exponential", local=True)
def exponential(volume: Volume, box: Box) -> Filtered:
    """Yield ``exp(x log(max|x|) / max|x|)``, named "exponential".

    Raises
    ------
    RegionError
        The image is 0 everywhere, or holds NaN or infinite values.
    """
    values, largest = _values_and_largest(volume, box, "Exponential")
    values *= np.log(largest) / largest
    yield "exponential", np.exp(values, out=values)


def _values_and_largest(volume: Volume, box: Box, name: str) -> tuple[NDArray[np.float64], np.float64]:
    """Return a copy of the box in 64 bits, and the largest absolute intensity of the whole image."""
    largest = volume.largest_magnitude
    if not np.isfinite(largest):
        raise RegionError(
            f"{name} is scaled by the largest intensity of the whole image, which holds NaN or infinite "
            "values; repair the image, or set preCrop: true if they lie far from the region"
        )
    if largest == 0:
        raise RegionError(f"{name} cannot be scaled: the image is 0 everywhere; is it the right file?")
    return volume.array[box].astype(np.float64), np.float64(largest)
