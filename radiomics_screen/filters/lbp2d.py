"""Local binary patterns in slices: which of a voxel's neighbours on a circle are at least as bright."""

from __future__ import annotations

from math import ceil
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from radiomics_screen.core.errors import RegionError, SettingsError
from radiomics_screen.core.kernels import kernel
from radiomics_screen.core.options import FlatAxis
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.filters.registry import Box, Filtered, crop_with_margin, image_type
from radiomics_screen.imaging.volume import Volume

Radius = Annotated[float, Field(gt=0, le=1000)]
Samples = Annotated[int, Field(ge=1, le=1000)]
Method = Literal["default", "ror", "uniform", "var"]

#: The methods' numbers inside the kernel.
CODES: dict[str, int] = {"default": 0, "ror": 1, "uniform": 2, "var": 3}

#: Patterns of more bits than this do not fit into the 32-bit integers that they are defined in.
MOST_BITS = 31


@image_type("LBP2D", columns="lbp-2D", local=True)
def lbp2d(
    volume: Volume,
    box: Box,
    *,
    lbp2DRadius: Radius = 1.0,
    lbp2DSamples: Samples = 8,
    lbp2DMethod: Method = "uniform",
    force2Ddimension: FlatAxis = 0,
) -> Filtered:
    """Yield the local binary pattern of each voxel within its slice, named "lbp-2D".

    Neighbours between pixels are interpolated linearly; beyond the image's border everything is 0.
    A volume keeps its pixel type, as in pyradiomics: in an integer image variances lose their
    fraction. The variance of a constant neighbourhood is 0. Patterns take few values, so a small
    binWidth under this image type is often needed.

    Parameters
    ----------
    lbp2DRadius
        Radius of the circle of neighbours, in voxels.
    lbp2DSamples
        Number of neighbours on the circle.
    lbp2DMethod
        default: one bit a neighbour; ror: the smallest of its rotations; uniform: number of
        neighbours that are not darker, or lbp2DSamples + 1 where they form more than one arc;
        var: variance of the neighbours.
    force2Ddimension
        Axis across the slices: 0 is z (axial slices), 1 is y, 2 is x.

    Raises
    ------
    SettingsError
        More than 31 samples for patterns of bits (default, ror).
    RegionError
        There are NaN or infinite values in the region's neighbourhood.

    Source: Ojala et al., IEEE TPAMI 24 (2002) 971, in scikit-image's arithmetic.
    """
    if lbp2DMethod in ("default", "ror") and lbp2DSamples > MOST_BITS:
        raise SettingsError(
            f"lbp2DSamples {lbp2DSamples} with lbp2DMethod '{lbp2DMethod}': a pattern holds up to "
            f"{MOST_BITS} bits; choose fewer samples, or 'uniform'"
        )
    across = 0 if volume.planar else force2Ddimension
    reach = ceil(lbp2DRadius) + 1
    crop, inner = crop_with_margin(volume, box, tuple(0 if a == across else reach for a in range(3)))
    slices = np.ascontiguousarray(crop.swapaxes(0, across), dtype=np.float64)
    if not np.isfinite(slices).all():
        raise RegionError(
            f"LBP2D: there are NaN or infinite values within {reach} voxels of the region; repair the image"
        )
    place = [(side.start, part.start) for side, part in zip(box, inner, strict=True)]
    place[0], place[across] = place[across], place[0]
    sizes = [side.stop - side.start for side in box]
    sizes[0], sizes[across] = sizes[across], sizes[0]
    patterns = np.empty(sizes)
    angles = 2 * np.pi * np.arange(lbp2DSamples, dtype=np.float64) / lbp2DSamples
    radius = float(np.float32(lbp2DRadius))  # held in single precision by scikit-image
    _patterns(
        slices,
        np.array([*place[1], *place[2]], dtype=np.int64),
        np.round(-radius * np.sin(angles), 5),
        np.round(radius * np.cos(angles), 5),
        CODES[lbp2DMethod],
        patterns,
    )
    patterns = patterns.swapaxes(0, across)
    yield "lbp-2D", patterns if volume.planar else _in_type_of(patterns, volume.array.dtype)


def _in_type_of(patterns: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Round as the pixel type of the image does, but do not let what it cannot hold wrap around."""
    if dtype.kind == "f":
        return patterns.astype(dtype)
    most = np.iinfo(dtype).max
    if patterns.max() > most:
        add_remark(
            f"LBP2D: patterns up to {patterns.max():g} exceed the image's pixel type, {dtype}; they were kept"
        )
    return np.trunc(patterns)


@kernel
def _pixel(image, plane, row, col):  # type: ignore[no-untyped-def]
    """Return a pixel of the crop; 0 outside, which is outside the image wherever it is asked for."""
    if row < 0 or row >= image.shape[1] or col < 0 or col >= image.shape[2]:
        return 0.0
    return image[plane, row, col]


@kernel
def _patterns(image, place, row_steps, col_steps, method, out):  # type: ignore[no-untyped-def]
    """Fill `out` (planes, rows, columns) with the pattern of each pixel of the box.

    `place` holds the first row of the box in the image and in the crop, and the same for columns.
    Positions are formed from places in the image, not in the crop: what rounding does to them
    decides ties, which are frequent in flat areas.
    """
    count = row_steps.size
    bright = np.empty(count, np.int64)
    for plane in range(out.shape[0]):
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                centre = image[plane, place[1] + i, place[3] + j]
                total = 0.0
                squares = 0.0
                for p in range(count):
                    row = (place[0] + i) + row_steps[p]
                    col = (place[2] + j) + col_steps[p]
                    low_row = np.floor(row)
                    low_col = np.floor(col)
                    dr = row - low_row
                    dc = col - low_col
                    r0 = int(low_row) - place[0] + place[1]
                    c0 = int(low_col) - place[2] + place[3]
                    r1 = int(np.ceil(row)) - place[0] + place[1]
                    c1 = int(np.ceil(col)) - place[2] + place[3]
                    top = (1 - dc) * _pixel(image, plane, r0, c0) + dc * _pixel(image, plane, r0, c1)
                    bottom = (1 - dc) * _pixel(image, plane, r1, c0) + dc * _pixel(image, plane, r1, c1)
                    value = (1 - dr) * top + dr * bottom
                    total += value
                    squares += value * value
                    bright[p] = 1 if value - centre >= 0 else 0
                if method == 3:
                    out[plane, i, j] = (squares - (total * total) / count) / count
                elif method == 2:
                    out[plane, i, j] = _uniform(bright)
                else:
                    out[plane, i, j] = _bits(bright, method == 1)


@kernel
def _uniform(bright):  # type: ignore[no-untyped-def]
    """Return the number of bright neighbours, or one more than there are where they change too often."""
    changes = 0
    total = 0
    for p in range(bright.size):
        total += bright[p]
        if p > 0 and bright[p] != bright[p - 1]:
            changes += 1
    return total if changes <= 2 else bright.size + 1


@kernel
def _bits(bright, rotate):  # type: ignore[no-untyped-def]
    """Return the neighbours as bits of a number, or the smallest number among its rotations."""
    number = 0
    for p in range(bright.size):
        number += bright[p] << p
    if not rotate:
        return number
    smallest = number
    for _ in range(1, bright.size):
        number = (number >> 1) | ((number & 1) << (bright.size - 1))
        smallest = min(smallest, number)
    return smallest
