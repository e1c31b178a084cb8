"""Histograms of rotation-invariant uniform local binary patterns in a region."""

from __future__ import annotations

from math import ceil
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.kernels import kernel
from radiomics_screen.features.picture.plane import plane_of, spans_slices
from radiomics_screen.features.picture.window import IMAGE, REACH_LENGTHS, known_around
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of

#: Samples on each circle.
SAMPLES = 8

#: Circles round each pixel.
SCALES = 3

OF_A_SCALE = (*(f"Pattern{n}" for n in range(SAMPLES + 2)), "Entropy", "Contrast")
FEATURES = tuple(f"Scale{scale}{name}" for scale in range(1, SCALES + 1) for name in OF_A_SCALE)

#: A sample is as bright as the pixel where it is less by no more than this part of the largest deviation
#: from the region's mean: the rounding of interpolation makes no pattern.
TOLERANCE = 1e-9

Radius = Annotated[float, Field(gt=0, le=32)]
Radii = Annotated[tuple[Radius, ...], Field(min_length=SCALES, max_length=SCALES)]


@family(
    "lbp",
    FEATURES,
    unfit=spans_slices,
    of_original=True,
    conventions=IMAGE,
    graded=False,
    reach_lengths=REACH_LENGTHS,
    block="pixels",
)
def lbp(region: Region, *, lbp_radii: Radii = (1.0, 2.0, 4.0)) -> dict[str, float]:
    """Count local binary patterns of the region's pixels, on circles of three radii.

    Eight samples at equal distances on a circle round a pixel (bilinear) are each at least as bright as the
    pixel, or darker. Going round, where that changes at most twice, the pattern is the number of the former:
    0 is a bright spot, 8 a dark spot or an even place, 4 a straight edge. All others are pattern 9. Patterns
    are parts of the region's pixels; samples may lie outside the region, and beyond the border of the image
    its outermost pixels are repeated. Values do not change with gain, offset, pixel spacing (radii are
    pixels: resample where pixels of different images differ in size), nor, by whole right angles, with
    rotation. Never NaN: where nothing varies all is pattern 8, and contrast is 0. Computed once, before
    filtering: samples lie outside the box of the region, and reach there in pixels, where filtered images are
    known as far as other families need; the image type LBP2D makes an image of patterns.

    Parameters
    ----------
    lbp_radii
        Three radii in pixels, of Scale1 to Scale3.

    Source: Ojala, Pietikainen and Maenpaa, IEEE Trans. Pattern Analysis and Machine Intelligence 24 (2002)
    971: LBP(8,R,riu2), and VAR(8,R), whose mean is divided by the variance of the region as Contrast.
    """
    plane = plane_of(region)
    margin = ceil(max(lbp_radii)) + 1
    image = known_around(plane, (margin, margin)) - plane.values.mean()
    rows, columns = (places + margin for places in np.nonzero(plane.kept))
    values = image[rows, columns]
    tolerance, variance = TOLERANCE * float(np.abs(image).max()), float(values.var())
    found: list[float] = []
    for radius in lbp_radii:
        counts, varying = patterns(image, rows, columns, circle(radius), tolerance)
        parts = counts / len(values)
        some = parts[parts > 0]
        contrast = varying / len(values) / variance if variance > tolerance**2 else 0.0
        found += [*parts, -(some * np.log2(some)).sum() + 0.0, contrast]
    return values_of(FEATURES, found)


def circle(radius: float) -> FloatArray:
    """Return the offsets of the samples along (rows, columns), in pixels, of five decimals: (SAMPLES, 2)."""
    angles = 2 * np.pi * np.arange(SAMPLES) / SAMPLES
    offsets = np.stack([-radius * np.sin(angles), radius * np.cos(angles)], axis=1)
    return np.asarray(np.round(offsets, 5), dtype=np.float64)


@kernel
def patterns(
    image: NDArray[np.float64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    offsets: NDArray[np.float64],
    tolerance: float,
) -> tuple[NDArray[np.int64], float]:
    """Count the patterns of some pixels, and sum the variances of their samples."""
    n = len(offsets)
    counts = np.zeros(n + 2, dtype=np.int64)
    samples = np.empty(n)
    varying = 0.0
    downs, rights = np.floor(offsets[:, 0]), np.floor(offsets[:, 1])
    for i in range(len(rows)):
        middle = image[rows[i], columns[i]]
        total = 0.0
        for k in range(n):
            row, column = rows[i] + int(downs[k]), columns[i] + int(rights[k])
            v, u = offsets[k, 0] - downs[k], offsets[k, 1] - rights[k]
            upper = (1 - u) * image[row, column] + u * image[row, column + 1]
            lower = (1 - u) * image[row + 1, column] + u * image[row + 1, column + 1]
            samples[k] = (1 - v) * upper + v * lower
            total += samples[k]
        brighter, changes = 0, 0
        before = samples[n - 1] - middle >= -tolerance
        for k in range(n):
            now = samples[k] - middle >= -tolerance
            brighter += now
            changes += now != before
            before = now
            varying += (samples[k] - total / n) ** 2 / n
        counts[brighter if changes <= 2 else n + 1] += 1
    return counts, varying
