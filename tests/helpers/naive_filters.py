"""IBSI's filters computed slowly, voxel by voxel, from their definitions; and images to try them on."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations, product
from math import cos, exp, factorial, pi, prod, sin, sqrt

import numpy as np
import pywt

from radiomics_screen.filters import FILTERS
from radiomics_screen.filters.laws import TAPS
from radiomics_screen.filters.registry import Box
from radiomics_screen.imaging.volume import Volume

BOUNDARIES = ("zero", "constant", "mirror", "nearest", "periodic")
SHAPE = (7, 9, 10)
VALUE = -40.0


def noise(shape: tuple[int, ...] = SHAPE, dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, shape).astype(dtype)


def cubes(array: np.ndarray, planar: bool = False) -> Volume:
    return Volume(array, (1.0, 1.0, 1.0), planar)


def whole(array: np.ndarray) -> Box:
    z, y, x = (slice(0, n) for n in array.shape)
    return z, y, x


def filtered(name: str, volume: Volume, box: Box | None = None, **options: object) -> dict[str, np.ndarray]:
    values = FILTERS[name](volume, whole(volume.array) if box is None else box, **options)
    return {image: np.asarray(array) for image, array in values}


def one(name: str, volume: Volume, box: Box | None = None, **options: object) -> np.ndarray:
    (values,) = filtered(name, volume, box, **options).values()
    return values


def source(position: int, length: int, boundary: str) -> int | None:
    """Walk back to the image, one reflection or period at a time; None where there is no voxel."""
    while not 0 <= position < length:
        if boundary == "mirror":
            position = -1 - position if position < 0 else 2 * length - 1 - position
        elif boundary == "periodic":
            position += length if position < 0 else -length
        elif boundary == "nearest":
            position = 0 if position < 0 else length - 1
        else:
            return None
    return position


def continued(image: np.ndarray, margins: tuple[int, ...], boundary: str) -> np.ndarray:
    wide = np.full([n + 2 * m for n, m in zip(image.shape, margins, strict=True)], VALUE)
    if boundary == "zero":
        wide[:] = 0
    for place in np.ndindex(wide.shape):
        found = [source(p - m, n, boundary) for p, m, n in zip(place, margins, image.shape, strict=True)]
        if None not in found:
            wide[place] = image[tuple(found)]
    return wide


def convolved(image: np.ndarray, kernel: np.ndarray, boundary: str) -> np.ndarray:
    """Sum over the kernel's offsets; it is centred, with an odd number of values along each axis."""
    margins = tuple(n // 2 for n in kernel.shape)
    wide = continued(image, margins, boundary)
    total = np.zeros(image.shape, dtype=kernel.dtype)
    for place in np.ndindex(kernel.shape):
        corner = [2 * m - p for p, m in zip(place, margins, strict=True)]  # minus the offset
        total += (
            kernel[place] * wide[tuple(slice(c, c + n) for c, n in zip(corner, image.shape, strict=True))]
        )
    return total


def outer(*kernels: list[float]) -> np.ndarray:
    """The kernel of an array (z, y, x) from those along x, y and z; even ones get a zero behind."""
    x, y, *z = ([*k, 0.0] if len(k) % 2 == 0 else k for k in kernels)
    return np.einsum("i,j,k->ijk", z[0] if z else [1.0], y, x)


def rotations(function: Callable[[np.ndarray], np.ndarray], image: np.ndarray) -> list[np.ndarray]:
    """Turn the image, filter it, turn the response back; in 2-D where there is one slice."""
    flat = image.shape[0] == 1
    responses = []
    for order, flips in product(permutations(range(3)), product((1, -1), repeat=3)):
        matrix = np.eye(3)[list(order)] * np.array(flips)
        if np.linalg.det(matrix) < 0 or (flat and (order[0] != 0 or flips[0] < 0)):
            continue
        cut = tuple(slice(None, None, f) for f in flips)
        response = function(image.transpose(order)[cut])
        responses.append(response[cut].transpose(np.argsort(order)))
    assert len(responses) == (4 if flat else 24)
    return responses


def log_kernel(sigma: float, dimensions: int, cutoff: float = 4.0) -> np.ndarray:
    reach = int(cutoff * sigma + 0.5)
    sides = [range(-reach, reach + 1)] * dimensions
    height = -1 / sigma**2 * (1 / (sqrt(2 * pi) * sigma)) ** dimensions
    squares = np.array([sum(k**2 for k in place) for place in product(*sides)]) / sigma**2
    kernel = height * (dimensions - squares) * np.exp(-squares / 2)
    return kernel.reshape([1] * (3 - dimensions) + [2 * reach + 1] * dimensions)


def gabor_kernel(sigma: float, wavelength: float, gamma: float, theta: float) -> np.ndarray:
    """In the axial plane: the first axis is x."""
    reach = 9
    kernel = np.zeros((1, 2 * reach + 1, 2 * reach + 1), dtype=complex)
    for y, x in product(range(-reach, reach + 1), repeat=2):
        u, v = x * cos(theta) + y * sin(theta), -x * sin(theta) + y * cos(theta)
        fall = exp(-(u**2 + gamma**2 * v**2) / (2 * sigma**2))
        kernel[0, y + reach, x + reach] = fall * np.exp(2j * pi * u / wavelength)
    return kernel


def laws_kernel(name: str) -> np.ndarray:
    parts = [TAPS[name[i : i + 2]] for i in range(0, len(name), 2)]
    return outer(*([t / sqrt(sum(s * s for s in part)) for t in part] for part in parts))


def in_slices(function: Callable[[np.ndarray], np.ndarray], image: np.ndarray, flat: int) -> np.ndarray:
    """Filter each slice across an axis as an image (1, second axis, first axis)."""
    slices = [function(plane[np.newaxis])[0] for plane in np.moveaxis(image, flat, 0)]
    return np.moveaxis(np.array(slices), 0, flat)


def spread(taps: list[float], level: int) -> list[float]:
    return [value for tap in taps for value in (tap, *[0.0] * (2 ** (level - 1) - 1))]


def band_of(image: np.ndarray, name: str, band: str, level: int, boundary: str) -> np.ndarray:
    """The low-pass filters of the levels below, then the letters; each level continues the image anew."""
    taps = pywt.Wavelet(name)
    filters = {"L": list(taps.dec_lo), "H": list(taps.dec_hi)}
    for below in range(1, level):
        image = convolved(image, outer(*[spread(filters["L"], below)] * len(band)), boundary)
    return convolved(image, outer(*(spread(filters[letter], level) for letter in band)), boundary)


def bands_by_definition(image: np.ndarray, level: int) -> np.ndarray:
    """The full complex transform on the grid from -1 to 1."""
    axes = [np.fft.ifftshift((np.arange(n) - (n - 1) / 2) / max((n - 1) / 2, 0.5)) for n in image.shape]
    radius = np.sqrt(sum(np.square(a) for a in np.ix_(*axes)))
    highest = 2.0 ** (1 - level)
    inside = (radius <= highest) & (radius >= highest / 4)
    factor = np.zeros(image.shape)
    factor[inside] = np.cos(pi / 2 * np.log2(2 * radius[inside] / highest))
    return np.fft.ifftn(np.fft.fftn(image) * factor).real


def riesz_by_definition(image: np.ndarray, order: tuple[int, int, int]) -> np.ndarray:
    """Order along x, y, z, so reversed along the array's axes."""
    axes = np.ix_(*(np.fft.fftfreq(n) for n in image.shape))
    length = np.sqrt(sum(np.square(a) for a in axes))
    length[0, 0, 0] = 1
    total = sum(order)
    factor = (-1j) ** total * sqrt(factorial(total) / prod(factorial(o) for o in order))
    for axis, power in zip(axes, order[::-1], strict=True):
        factor = factor * axis**power
    factor = factor / length**total
    factor[0, 0, 0] = 0
    return np.fft.ifftn(np.fft.fftn(image) * factor).real
