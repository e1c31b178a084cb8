"""The image on both sides of an outline, sampled along normals: the outline becomes a straight line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor, nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.kernels import kernel
from radiomics_screen.features.breast.contour import POINTS, Contour
from radiomics_screen.features.picture.plane import Plane

#: Normals round the outline, samples along each, and their distance: so far apart as normals on a disc.
NORMALS = 256
SAMPLES = 40
STEP = 0.025
#: Where samples lie along a normal, in radii; negative is inside.
OFFSETS = (np.arange(SAMPLES) - (SAMPLES - 1) / 2) * STEP
#: The direction of the outline is that over this part of the radius, on both sides of a point.
TANGENT = 0.1
#: Pixels are equally near where their distances differ by less than this, in pixels.
ROUNDING = 1e-7
#: Samples so near to the outline, in radii and in pixels, count on whichever side their pixel is.
NEAR, NEAR_PIXELS = 0.1, 1.0


class Gradients(NamedTuple):
    """Sums over samples of the changes of intensity by radius, along the normal and along the outline."""

    outward: float
    size: float
    outward_energy: float
    around_energy: float
    known: int


@dataclass(frozen=True, eq=False)
class Band:
    """The image round an outline, one row a normal, from inside to outside.

    Attributes
    ----------
    samples
        Shape (NORMALS, SAMPLES), by bilinear interpolation; NaN where there is no image, and where a
        normal comes into the lesion again, or leaves it to the inside.
    pixels
        The intensities of the nearest pixels, which vary as those of any pixels do; else as the samples.
    along
        Distance between the samples of the normals before and after, in radii; of the same shape.
    """

    samples: FloatArray
    pixels: FloatArray
    along: FloatArray

    def within(self, low: float, high: float) -> FloatArray:
        """Return the samples whose offset (in radii) lies between two."""
        return self.samples[:, between(low, high)]

    def pixels_within(self, low: float, high: float) -> FloatArray:
        """Return the nearest pixels of the samples whose offset (in radii) lies between two."""
        return self.pixels[:, between(low, high)]

    @cached_property
    def spread(self) -> float:
        """Standard deviation of all samples; NaN where there are none."""
        return deviation_of(self.samples)

    def gradients(self, low: float, high: float) -> Gradients:
        """Return what the changes of intensity between two offsets come to."""
        part = between(max(low, OFFSETS[1]), min(high, OFFSETS[-1]))
        return Gradients(*gradient_sums(self.samples, self.along, part.start, part.stop))


def between(low: float, high: float) -> slice:
    """Return the samples of a normal whose offset (in radii) lies between two."""
    first, last = np.searchsorted(OFFSETS, (low, high))
    return slice(int(first), int(last))


def straighten(plane: Plane, contour: Contour) -> Band:
    """Sample the image along normals of the outline, up to half the radius to both sides.

    Source: the rubber-band straightening transform of Sahiner et al., Medical Physics 25 (1998) 516.
    """
    span = max(1, round(TANGENT * contour.radius_mm / contour.length_mm * POINTS))
    tangents = np.roll(contour.points, -span, axis=0) - np.roll(contour.points, span, axis=0)
    every = slice(1, None, POINTS // NORMALS)  # so that mirrored sectors have the same normals
    tangents, points = tangents[every], contour.points[every]
    lengths = np.maximum(np.hypot(*tangents.T), np.finfo(float).tiny)
    normals = np.stack([-tangents[:, 1], tangents[:, 0]], axis=1) / lengths[:, np.newaxis]
    offsets_mm = OFFSETS * contour.radius_mm
    checked = np.abs(offsets_mm) > max(NEAR * contour.radius_mm, NEAR_PIXELS * max(plane.spacing_mm))
    wanted = np.where(checked, offsets_mm < 0, -1)
    scale = 1 / np.array(plane.spacing_mm)
    samples, pixels = sampled(plane.image, plane.mask, points * scale, normals * scale, offsets_mm, wanted)
    # the ends of normals before and after lie so far apart as their feet, and more with each step outwards
    feet, turns = (np.roll(a, -1, axis=0) - np.roll(a, 1, axis=0) for a in (points, normals))
    squares = [(feet * feet).sum(axis=1), 2 * (feet * turns).sum(axis=1), (turns * turns).sum(axis=1)]
    apart = np.stack(squares, axis=1) @ np.stack([offsets_mm**0, offsets_mm, offsets_mm**2])
    along = np.sqrt(np.maximum(apart, 0)) / contour.radius_mm
    return Band(samples, pixels, np.maximum(along, STEP / 10))


@kernel
def sampled(
    image: FloatArray,
    mask: NDArray[np.bool_],
    feet: FloatArray,
    normals: FloatArray,
    offsets: FloatArray,
    wanted: NDArray[np.int64],
) -> tuple[FloatArray, FloatArray]:
    """Interpolate an image bilinearly along normals; take the nearest pixels too, the mean of several.

    Parameters
    ----------
    feet, normals
        Shape (n, 2): (row, column) where the normals begin, and where they go in one mm.
    offsets
        Shape (m,): where samples lie along a normal, mm.
    wanted
        Where the nearest pixel must be for each offset: 1 in the mask, 0 outside, -1 anywhere.

    Returns
    -------
    Both of shape (n, m); NaN where the pixel is elsewhere, and beyond the border of the image.
    """
    rows, columns = image.shape
    n, m = len(feet), len(offsets)
    samples, pixels = np.full((n, m), nan), np.full((n, m), nan)
    for i in range(n):
        for j in range(m):
            y, x = feet[i, 0] + offsets[j] * normals[i, 0], feet[i, 1] + offsets[j] * normals[i, 1]
            if not (-ROUNDING <= y <= rows - 1 + ROUNDING and -ROUNDING <= x <= columns - 1 + ROUNDING):
                continue
            y, x = min(max(y, 0.0), rows - 1.0), min(max(x, 0.0), columns - 1.0)
            total, count = 0.0, 0
            for row in range(ceil(y - 0.5 - ROUNDING), floor(y + 0.5 + ROUNDING) + 1):
                for column in range(ceil(x - 0.5 - ROUNDING), floor(x + 0.5 + ROUNDING) + 1):
                    if wanted[j] < 0 or mask[row, column] == (wanted[j] == 1):
                        total += image[row, column]
                        count += 1
            if count == 0:
                continue
            top, left = int(y), int(x)
            bottom, right = min(top + 1, rows - 1), min(left + 1, columns - 1)
            v, u = y - top, x - left
            upper = image[top, left] * (1 - u) + image[top, right] * u
            lower = image[bottom, left] * (1 - u) + image[bottom, right] * u
            samples[i, j] = upper * (1 - v) + lower * v
            pixels[i, j] = total / count
    return samples, pixels


@kernel
def gradient_sums(
    samples: FloatArray, along: FloatArray, first: int, last: int
) -> tuple[float, float, float, float, int]:
    """Sum up central differences of samples in some columns; what is not known on all sides is left out."""
    n = len(samples)
    outward = size = outward_energy = around_energy = 0.0
    count = 0
    for i in range(n):
        before, after = samples[i - 1], samples[i + 1 if i + 1 < n else 0]
        for j in range(first, last):
            out = (samples[i, j + 1] - samples[i, j - 1]) / (2 * STEP)
            on = (after[j] - before[j]) / along[i, j]
            square = out * out + on * on
            if square == square:  # no NaN
                outward += out
                size += sqrt(square)
                outward_energy += out * out
                around_energy += on * on
                count += 1
    return outward, size, outward_energy, around_energy, count


def mean_of(values: FloatArray) -> float:
    """Return the mean of what is not NaN; NaN where there is nothing else."""
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else nan


def means_over(values: FloatArray, axis: int) -> FloatArray:
    """Return the means along an axis of what is not NaN; NaN where there is nothing else."""
    there = ~np.isnan(values)
    counts = there.sum(axis=axis)
    sums = np.where(there, values, 0).sum(axis=axis)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def deviation_of(values: FloatArray) -> float:
    """Return the standard deviation of what is not NaN; NaN where there is nothing else."""
    there = values[~np.isnan(values)]
    return float(there.std()) if there.size else nan


def ratio(above: float, below: float) -> float:
    """Return a quotient; NaN where the divisor is 0 or NaN."""
    return above / below if below else nan
