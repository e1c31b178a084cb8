"""Cubic spline interpolation of a volume at the same offsets round every voxel of a box.

The arithmetic, in its order, is that of scipy.ndimage.map_coordinates (order 3, mode "constant"):
mirrored coefficients at the border, 0 for every point outside. Only a neighbourhood of the box is
looked at. Sums are formed as there, since a sample is compared with its centre, and rounding decides ties.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.kernels import kernel
from radiomics_screen.filters.registry import Box

POLE = -0.267949192431122706  # sqrt(3) - 2
GAIN = (1.0 - POLE) * (1.0 - 1.0 / POLE)

#: So many voxels away, an intensity has faded from a coefficient (by 0.27 a voxel) below its last bit.
REACH = 40

#: Rows are lengthened to a multiple of this, so that the processor always takes several voxels at a time.
LANES = 16

#: Voxels sampled at a time: what is worked on stays in the processor's cache.
CHUNK = 2048


def coefficients(array: NDArray[np.generic], wanted: Box) -> NDArray[np.float64]:
    """Return the spline coefficients of `array` in the box `wanted`, as if all of it had been filtered."""
    cut = _widened(wanted, REACH, array.shape)
    values = array[cut].astype(np.float64)
    for axis in range(3):
        outer, length = math.prod(values.shape[:axis]), values.shape[axis]
        if length > 1:
            lines = np.ascontiguousarray(values).reshape(outer, length, -1)
            _filter_lines(lines, POLE ** (length - 1))
            values = lines.reshape(values.shape)
        first = wanted[axis].start - cut[axis].start
        kept = slice(first, first + wanted[axis].stop - wanted[axis].start)
        values = values[tuple(kept if a == axis else slice(None) for a in range(3))]
    return np.ascontiguousarray(values)


def samples(
    array: NDArray[np.generic], box: Box, offsets: NDArray[np.float64]
) -> Iterator[tuple[Box, NDArray[np.float64]]]:
    """Yield the interpolated values round the voxels of the box, some rows of it at a time.

    Parameters
    ----------
    array
        Shape (z, y, x).
    box
        Part of the array whose voxels are the centres.
    offsets
        Shape (n, 3): where to interpolate, in voxels along (z, y, x) from each centre.

    Yields
    ------
    A part of the box (in places of the box), and the samples of its voxels: shape (voxels, n).
    """
    reach = math.ceil(float(np.abs(offsets).max())) + 2
    near = _widened(box, reach, array.shape)
    inner = coefficients(array, near)
    places, tables = [], []
    for axis, (side, length) in enumerate(zip(box, array.shape, strict=True)):
        start, stop = max(side.start - reach, -LANES), min(side.stop + reach, length + LANES)
        mirrored = _mirrored(np.arange(start, stop), length) - near[axis].start
        places.append(np.clip(mirrored, 0, inner.shape[axis] - 1))
        tables.append(_weights(offsets[:, axis], side, length, range(start, stop)))
    x_first, x_weights, x_inside = tables[2]
    straight = (np.diff(x_first, axis=1) == 1).all(axis=1)
    lanes = -x_weights.shape[2] % LANES
    x_weights = np.pad(x_weights, [(0, 0), (0, 0), (0, lanes)])
    knots = np.pad(inner[np.ix_(*places)], [(0, 0), (0, 0), (0, x_weights.shape[2] + LANES)])
    depth, height, width = (s.stop - s.start for s in box)
    rows = max(1, CHUNK // width)
    for z in range(depth):
        for y in range(0, height, rows):
            part = (slice(z, z + 1), slice(y, min(height, y + rows)), slice(0, width))
            found = np.zeros((part[1].stop - y, width, len(offsets)))
            _interpolate(knots, z, y, *tables[0], *tables[1], x_first, x_weights, x_inside, straight, found)
            yield part, found.reshape(-1, len(offsets))


def _widened(box: Box, margin: int, shape: tuple[int, ...]) -> Box:
    z, y, x = (
        slice(max(0, s.start - margin), min(n, s.stop + margin)) for s, n in zip(box, shape, strict=True)
    )
    return z, y, x


def _mirrored(places: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Fold places outside an axis back into it; the outermost voxels are the mirrors."""
    if length == 1:
        return np.zeros_like(places)
    folded = np.abs(places) % (2 * length - 2)
    return np.minimum(folded, 2 * length - 2 - folded)


def _weights(
    offsets: NDArray[np.float64], side: slice, length: int, knots: range
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return, for each offset and place along an axis: first knot, the four weights, inside the image.

    The first knot counts from the start of `knots`, the places that there are coefficients for.
    Shapes (offsets, places), (offsets, 4, places) and (offsets, places).
    """
    points = np.arange(side.start, side.stop, dtype=np.float64) + offsets[:, None]
    floors = np.floor(points)
    y = points - floors
    z = 1.0 - y
    weights = np.empty((len(offsets), 4, points.shape[1]))
    weights[:, 1] = (y * y * (y - 2.0) * 3.0 + 4.0) / 6.0
    weights[:, 2] = (z * z * (z - 2.0) * 3.0 + 4.0) / 6.0
    weights[:, 0] = z * z * z / 6.0
    weights[:, 3] = 1.0 - weights[:, 0] - weights[:, 1] - weights[:, 2]
    first = np.clip(floors.astype(np.int64) - 1 - knots.start, 0, len(knots) - 4)  # moves points outside only
    return first, weights, (points >= 0) & (points <= length - 1)


@kernel
def _filter_lines(lines, pole_to_the_end):  # type: ignore[no-untyped-def]
    """Turn values into coefficients along the middle axis, in place: two recursive passes."""
    outer, length, inner = lines.shape
    terms = min(length - 1, 80)  # further ones are below the last bit
    for o in range(outer):
        for i in range(length):
            for j in range(inner):
                lines[o, i, j] *= GAIN
        for j in range(inner):
            lines[o, 0, j] += pole_to_the_end * lines[o, length - 1, j]
        power = POLE
        for i in range(1, terms):
            for j in range(inner):
                far = pole_to_the_end * lines[o, length - 1 - i, j]
                lines[o, 0, j] += power * (lines[o, i, j] + far)
            power *= POLE
        for j in range(inner):
            lines[o, 0, j] /= 1 - pole_to_the_end * pole_to_the_end
        for i in range(1, length):
            for j in range(inner):
                lines[o, i, j] += POLE * lines[o, i - 1, j]
        for j in range(inner):
            last = POLE * lines[o, length - 2, j] + lines[o, length - 1, j]
            lines[o, length - 1, j] = last * POLE / (POLE * POLE - 1)
        for i in range(length - 2, -1, -1):
            for j in range(inner):
                lines[o, i, j] = POLE * (lines[o, i + 1, j] - lines[o, i, j])


@kernel
def _interpolate(  # type: ignore[no-untyped-def]
    knots, z, y, z_first, z_weights, z_inside, y_first, y_weights, y_inside,
    x_first, x_weights, x_inside, straight, found,
):  # fmt: skip
    """Fill `found` (rows, columns, offsets) for the rows from (z, y) on of the box.

    Where the first knots go up one by one along x (`straight`), the processor takes several at a time.
    """
    rows, width, count = found.shape
    length = x_weights.shape[2]
    line = np.empty(length + LANES)
    sums = np.empty(length)
    for v in range(count):
        first = x_first[v, 0]
        for r in range(rows):
            if not (z_inside[v, z] and y_inside[v, y + r]):
                continue
            sums[:] = 0.0
            for a in range(4):
                for b in range(4):
                    row = knots[z_first[v, z] + a, y_first[v, y + r] + b, first : first + line.size]
                    wa = z_weights[v, a, z]
                    wb = y_weights[v, b, y + r]
                    for i in range(line.size):
                        line[i] = (row[i] * wa) * wb
                    if straight[v]:
                        _add_straight(sums, line, x_weights[v])
                    else:
                        _add(sums, line, x_first[v], x_weights[v])
            for x in range(width):
                if x_inside[v, x]:
                    found[r, x, v] = sums[x]


@kernel
def _add_straight(sums, line, weights):  # type: ignore[no-untyped-def]
    """Add four neighbours in the line, weighted, to each sum; views, so that no index can be negative."""
    l1, l2, l3 = line[1:], line[2:], line[3:]
    w0, w1, w2, w3 = weights[0], weights[1], weights[2], weights[3]
    for x in range(sums.size):
        sums[x] = (((sums[x] + line[x] * w0[x]) + l1[x] * w1[x]) + l2[x] * w2[x]) + l3[x] * w3[x]


@kernel
def _add(sums, line, first, weights):  # type: ignore[no-untyped-def]
    for x in range(first.size):
        for k in range(4):
            sums[x] += line[first[x] - first[0] + k] * weights[k, x]
