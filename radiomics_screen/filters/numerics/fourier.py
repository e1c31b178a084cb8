"""Filters that are products with a function of the frequency, on the whole image.

Whatever the box, the whole image is transformed and cut at the end, a slice at a time where the filter
acts within slices: so the results of overlapping boxes are bit-identical. The largest arrays are
those of the continued image in 64 bits, of its half spectrum, and of the response: 24 bytes a voxel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial, frexp, ldexp, pi, prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.errors import RegionError
from radiomics_screen.filters.numerics.boundary import Array, Frame
from radiomics_screen.filters.registry import Box

#: A function of the frequency: for part of the first axis' frequencies, and the lengths of all axes, the
#: factors on the grid of a real image's half spectrum. Axes in the order of the array.
Factors = Callable[[slice, Sequence[int]], NDArray[Any]]

#: So many factors are made at once.
_CHUNK = 1 << 18

#: How far an image is continued for Simoncelli's first band, in half voxels.
MARGIN = 8

#: What to choose where the waves are too long.
LEVELS_REMEDY = "lower wavelet_levels"

#: A response differs by more than this part (2 to the power of it) of the largest intensity, or not at all:
#: what is constant but for the rounding of the transform is made constant.
_QUANTUM = -43


def on_box(
    setup: Frame,
    box: Box,
    margin: Sequence[int],
    read: Callable[[Box], Array],
    factors: Factors,
    remedy: str,
) -> Array:
    """Return the response on the box.

    Parameters
    ----------
    margin
        How far the image is continued along each axis before it repeats itself; a periodic one does so at
        its border.
    read
        Gives what is filtered, on a box that may reach beyond the image.
    remedy
        What to choose where the continued image is too large, for the message.

    Raises
    ------
    RegionError
        The image would be continued too far, or would need too much memory.
    """
    whole, start = _continued_whole(setup, box, margin, remedy)
    sizes = [side.stop - side.start for side in box]
    if setup.flat is None:
        return _filtered(setup, read(whole), start, sizes, factors)
    response = np.empty(sizes)
    flat = setup.flat
    sizes[flat] = 1
    for number, place in enumerate(range(box[flat].start, box[flat].stop)):
        part = list(whole)
        part[flat] = slice(place, place + 1)
        cut = (slice(None),) * flat + (slice(number, number + 1),)
        response[cut] = _filtered(setup, read((part[0], part[1], part[2])), start, sizes, factors)
    return response


def _continued_whole(setup: Frame, box: Box, margin: Sequence[int], remedy: str) -> tuple[Box, list[int]]:
    """Return the continued image's extent, of lengths that transform fast, and where the box starts in it."""
    from scipy.fft import next_fast_len  # takes a while to import, and few parameter files need it

    setup.remark_on_whole()
    if setup.boundary != "periodic":
        setup.require_near(margin, remedy)
    whole, start = list(box), [0, 0, 0]
    for axis in setup.axes:
        total, before = setup.volume.array.shape[axis], 0
        if setup.boundary != "periodic":
            total, before = next_fast_len(total + 2 * margin[axis], real=True), margin[axis]
        whole[axis] = slice(-before, total - before)
        start[axis] = box[axis].start + before
    at_once = [slice(0, 1) if axis == setup.flat else whole[axis] for axis in range(3)]
    setup.require_room((at_once[0], at_once[1], at_once[2]), remedy)
    return (whole[0], whole[1], whole[2]), start


def _filtered(
    setup: Frame, data: Array, start: Sequence[int], sizes: Sequence[int], factors: Factors
) -> Array:
    from scipy.fft import irfftn, rfftn

    axes = tuple(sorted(setup.axes))
    lengths = [data.shape[axis] for axis in axes]
    magnitude = max(abs(float(data.min())), abs(float(data.max())))
    spectrum = rfftn(data, axes=axes)
    del data
    _multiply(spectrum, axes, lengths, factors)
    response = irfftn(spectrum, lengths, axes=axes, overwrite_x=True)
    part: Array = response[tuple(slice(s, s + n) for s, n in zip(start, sizes, strict=True))]
    return without_rounding(part, magnitude, response)


def without_rounding(part: Array, magnitude: float, whole: Array | None = None) -> Array:
    """Return a response without differences as small as the rounding of a Fourier transform.

    Parameters
    ----------
    magnitude
        That of the intensities, times the gain of the filter where it is above 1.
    whole
        The response of which `part` is one, where this decides whether it is constant.
    """
    quantum = ldexp(1.0, frexp(magnitude)[1] + _QUANTUM) if magnitude else 0.0
    if quantum == 0:
        return part.copy()
    whole = part if whole is None else whole
    lowest = float(whole.min())
    if float(whole.max()) - lowest <= quantum:
        return np.full(part.shape, round(lowest / quantum) * quantum)
    rounded: Array = np.rint(part / quantum)
    rounded *= quantum
    rounded += 0.0  # no -0
    return rounded


def _multiply(
    spectrum: NDArray[np.complex128], axes: Sequence[int], lengths: Sequence[int], factors: Factors
) -> None:
    along = np.moveaxis(spectrum, axes, range(len(axes)))  # the axis across the slices, of length 1, is last
    step = max(1, _CHUNK // (along[0].size or 1))
    for begin in range(0, lengths[0], step):
        part = slice(begin, min(begin + step, lengths[0]))
        values = factors(part, lengths)
        along[part] *= values.reshape(values.shape + (1,) * (along.ndim - values.ndim))


def simoncelli_factors(level: int) -> Factors:
    """Return Simoncelli's band of a level, on IBSI's grid: from -1 to 1, both ends included.

    On that grid opposite frequencies of an axis of even length differ; the real part of the response is
    that of their mean.
    """
    highest = 2.0 ** (1 - level)

    def factors(part: slice, lengths: Sequence[int]) -> NDArray[Any]:
        values = []
        for sign in (1, -1):
            squares: Any = 0.0
            for axis, length in enumerate(lengths):
                squares = squares + _along(
                    _grid(length)[(sign * np.arange(length)) % length] ** 2, part, lengths, axis
                )
            values.append(_band(np.sqrt(squares), highest))
        return (values[0] + values[1]) / 2

    return factors


def simoncelli_margin(level: int) -> tuple[int, int, int]:
    """Return how far an image is continued for a level."""
    return (MARGIN * 2**level,) * 3


def require_levels(setup: Frame, levels: Sequence[int]) -> None:
    """Raise a RegionError if a level has no wave of the image, or only ones that are longer than it."""
    highest = _highest_level(setup)
    if (level := max(levels)) > highest:
        lengths = " x ".join(str(setup.volume.array.shape[axis]) for axis in setup.axes)
        raise RegionError(
            f"{setup.image_type}: the waves of level {level} are too long for the image, which is filtered "
            f"along {lengths} voxels; "
            + (f"the highest useful level is {highest}" if highest else "it is too small for any level")
        )


def _highest_level(setup: Frame) -> int:
    """Return the highest level of which a periodic image has waves, or another may be continued so far."""
    if setup.boundary != "periodic":
        furthest = min(setup.most_reached(axis) for axis in setup.axes)
        return (furthest // MARGIN).bit_length() - 1
    lengths = [n for axis in setup.axes if (n := setup.volume.array.shape[axis]) > 1]
    offset = sum((n % 2 == 0) / (n - 1) ** 2 for n in lengths)  # even lengths have no frequency 0 on the grid
    lowest = sqrt(offset) if offset else min((2 / (n - 1) for n in lengths), default=1.0)
    level = 0
    while 2.0**-level > lowest:  # where the band of the next level ends
        level += 1
    return level


def _band(radius: Array, highest: float) -> Array:
    inside = (radius >= highest / 4) & (radius <= highest)
    octaves = np.log2(2 * np.where(inside, radius, highest) / highest)
    return np.where(inside, np.cos(pi / 2 * octaves), 0.0)


def _grid(length: int) -> Array:
    if length == 1:
        return np.zeros(1)
    return np.fft.ifftshift(np.linspace(-1, 1, length))


def riesz_factors(order: Sequence[int], spacing_mm: Sequence[float]) -> Factors:
    """Return the Riesz transform of an order; order and spacing are of the filtered axes, as in the array.

    The highest frequency of an axis of even length is its own opposite. Where the orders along such axes
    have an odd sum, the response to it is imaginary, and the real part of the whole has nothing of it.
    """
    total = sum(order)
    scale = (-1j) ** total * sqrt(factorial(total) / prod(factorial(o) for o in order))

    def factors(part: slice, lengths: Sequence[int]) -> NDArray[Any]:
        squares: Any = 0.0
        product: Any = 1.0
        kept: Any = 1.0
        for axis, (power, length) in enumerate(zip(order, lengths, strict=True)):
            frequency = np.fft.fftfreq(length, spacing_mm[axis])
            squares = squares + _along(frequency**2, part, lengths, axis)
            if power % 2 and length % 2 == 0:
                sign = np.where(np.arange(length) == length // 2, -1.0, 1.0)
                kept = kept * _along(sign, part, lengths, axis)
            product = product * _along(frequency**power, part, lengths, axis)
        squares = np.where(squares == 0, np.inf, squares)
        transformed: NDArray[Any] = scale * product * (kept > 0) / squares ** (total / 2)
        return transformed

    return factors


def _along(values: NDArray[Any], part: slice, lengths: Sequence[int], axis: int) -> NDArray[Any]:
    """Lay values of an axis' frequencies along it, as far as the half spectrum's part goes."""
    if axis == 0:
        values = values[part]
    if axis == len(lengths) - 1:
        values = values[: lengths[-1] // 2 + 1]
    return values.reshape([-1 if a == axis else 1 for a in range(len(lengths))])
