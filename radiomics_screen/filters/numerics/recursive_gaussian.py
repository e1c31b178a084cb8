"""The Laplacian that ITK sums from recursive Gaussians, for a box of an image.

The arithmetic follows ITK's step by step: the order of every sum, double precision along a line, single
precision between the passes. On a whole image the result is bit-identical to ITK's. Round a box only that
part of the image is filtered that the box can feel, see :data:`REACH_SIGMAS`.

Source: ITK's RecursiveSeparableImageFilter and LaplacianRecursiveGaussianImageFilter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.kernels import kernel
from radiomics_screen.filters.numerics.deriche import line_coefficients

#: A voxel this many standard deviations away, summed over the axes, is no longer felt. Along each axis
#: the response to one voxel fades as exp(-1.37 d / sigma), and along several as the product: at the sum
#: of 20 it is 1e-12 of what it is at the voxel, far below the last bit of single precision.
REACH_SIGMAS = 20

#: Lines that are filtered side by side: their recursions do not wait for one another.
_LINES = 32
# A row of the work space holds one voxel of each line, then its causal and its anticausal response.
# Unsigned, because numba has nothing to check in an unsigned index, and so can use vector instructions.
_LANES = np.uint64(_LINES)
_CAUSAL = np.uint64(_LINES)
_ANTICAUSAL = np.uint64(2 * _LINES)
_ROW = np.uint64(3 * _LINES)
_ROWS_2, _ROWS_3, _ROWS_4 = np.uint64(6 * _LINES), np.uint64(9 * _LINES), np.uint64(12 * _LINES)
#: Rows before and after a line that repeat its ends; the recursion looks back as far.
_BORDER = 4


def laplacian_of_gaussian(
    crop: NDArray[np.generic],
    box: tuple[slice, slice, slice],
    spacing_mm: tuple[float, float, float],
    sigma_mm: float,
) -> NDArray[np.float32]:
    """Compute the Laplacian of Gaussian, times sigma squared, for a box inside a (z, y, x) array.

    What lies beyond the array is taken to repeat its border. Axes of one voxel are left out.

    Raises
    ------
    RegionError
        If sigma is so far from the size of a voxel that its coefficients cannot be computed.
    """
    filtered = [axis for axis in (2, 1, 0) if crop.shape[axis] > 1]
    coefficients = np.zeros((3, 2, 2, 6, 4))
    for axis in filtered:
        coefficients[axis] = line_coefficients(sigma_mm, spacing_mm[axis])
    # Whatever the pixel type, one of two arrays holds its exact values: half the memory where that will do.
    # Always copies: a read-only view is another type to numba, which would compile everything again.
    single = np.can_cast(crop.dtype, np.float32)
    response = _laplacian(
        np.array(crop if single else crop[:0], dtype=np.float32, order="C").reshape(-1),
        np.array(crop[:0] if single else crop, dtype=np.float64, order="C").reshape(-1),
        np.array(crop.shape, dtype=np.int64),
        np.array([[side.start for side in box], [side.stop for side in box]], dtype=np.int64),
        np.array(spacing_mm, dtype=np.float64),
        np.array(filtered, dtype=np.int64),
        coefficients,
        REACH_SIGMAS * sigma_mm,
        np.zeros((max(crop.shape) + 2 * _BORDER) * 3 * _LINES),
    )
    return response.reshape([side.stop - side.start for side in box])


@kernel
def _laplacian(
    single: NDArray[np.float32],
    double: NDArray[np.float64],
    crop_shape: NDArray[np.int64],
    box: NDArray[np.int64],
    spacing_mm: NDArray[np.float64],
    axes: NDArray[np.int64],
    coefficients: NDArray[np.float64],
    reach_mm: float,
    rows: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Sum the second derivatives along `axes`, each smoothed along the other axes, in ITK's order.

    The image is `double`, or where that is empty, `single`; `rows` is work space.
    """
    sides = box[1] - box[0]
    total = np.zeros(sides[0] * sides[1] * sides[2], dtype=np.float32)
    for across in axes:
        current, precise = single, double
        shape, low, high = crop_shape.copy(), box[0].copy(), box[1].copy()
        for turn in range(-1, len(axes)):  # the derivative first, then the others
            axis = across if turn < 0 else axes[turn]
            if turn >= 0 and axis == across:
                continue
            weights = coefficients[axis, 1 if turn < 0 else 0]
            current = _filter_along(
                axis, current, precise, shape, low, high, spacing_mm, weights, reach_mm, rows
            )
            precise = double[:0]
            shape[axis], low[axis], high[axis] = sides[axis], 0, sides[axis]
        scale = 1.0 / (spacing_mm[across] * spacing_mm[across])
        for i in range(len(total)):
            total[i] = np.float32(total[i] + np.float64(current[i]) * scale)
    return total


@kernel
def _filter_along(
    axis: int,
    single: NDArray[np.float32],
    double: NDArray[np.float64],
    shape: NDArray[np.int64],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    spacing_mm: NDArray[np.float64],
    weights: NDArray[np.float64],
    reach_mm: float,
    rows: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Filter the lines along `axis`; return the part from `low` to `high` of that axis, as ITK stores it.

    A line is read no further from the box (`low` to `high` of all axes) than `reach_mm`, the way to
    the line included. Lines beyond it are left 0.
    """
    kept = shape.copy()
    kept[axis] = high[axis] - low[axis]
    target = np.zeros(kept[0] * kept[1] * kept[2], dtype=np.float32)
    a, b = (1 if axis == 0 else 0), (1 if axis == 2 else 2)
    step = np.array([shape[1] * shape[2], shape[2], 1])
    kept_step = np.array([kept[1] * kept[2], kept[2], 1])
    reads, writes = np.zeros(_LINES, dtype=np.uint64), np.zeros(_LINES, dtype=np.uint64)
    for first_line in range(0, shape[a] * shape[b], _LINES):
        i, j = first_line // shape[b], first_line % shape[b]
        nearest = np.inf
        for lane in range(_LINES):
            if i < shape[a]:  # else there are fewer lines left than lanes: the last line stays in all of them
                away = max(low[a] - i, i + 1 - high[a], 0) * spacing_mm[a]
                nearest = min(nearest, away + max(low[b] - j, j + 1 - high[b], 0) * spacing_mm[b])
                read, write = i * step[a] + j * step[b], i * kept_step[a] + j * kept_step[b]
            reads[lane], writes[lane] = read, write
            j += 1
            if j == shape[b]:
                i, j = i + 1, 0
        if nearest > reach_mm:
            continue
        margin = int(np.ceil((reach_mm - nearest) / spacing_mm[axis]))
        start, stop = max(0, low[axis] - margin), min(shape[axis], high[axis] + margin)
        begin = start * step[axis]
        _load(rows, single[begin:], double[begin:], reads, step[axis], stop - start)
        _recurse(rows, stop - start, low[axis] - start, high[axis] - start, weights)
        _store(rows, target, writes, kept_step[axis], low[axis] - start, high[axis] - start)
    return target


@kernel
def _load(
    rows: NDArray[np.float64],
    single: NDArray[np.float32],
    double: NDArray[np.float64],
    starts: NDArray[np.uint64],
    step: int,
    length: int,
) -> None:
    """Copy lines into the work space, and repeat their ends before and behind them."""
    for i in range(-_BORDER, length + _BORDER):
        row = np.uint64(i + _BORDER) * _ROW
        shift = np.uint64(min(max(i, 0), length - 1) * step)
        if len(double):
            for lane in range(_LANES):
                rows[row + lane] = double[starts[lane] + shift]
        else:
            for lane in range(_LANES):
                rows[row + lane] = single[starts[lane] + shift]
        if i < 0 or i >= length:
            for lane in range(_LANES):
                rows[row + _CAUSAL + lane] = rows[row + lane]
                rows[row + _ANTICAUSAL + lane] = rows[row + lane]


@kernel
def _recurse(
    rows: NDArray[np.float64], length: int, first: int, last: int, weights: NDArray[np.float64]
) -> None:
    """Run up the lines to `last`, and down from their end to `first`."""
    n0, n1, n2, n3 = weights[0, 0]
    for i in range(last):
        row = np.uint64(i + _BORDER) * _ROW
        d1, d2, d3, d4 = weights[0, 1 + min(i, _BORDER)]
        for lane in range(_LANES):
            x, y = row + lane, row + lane + _CAUSAL
            voxels = rows[x] * n0 + rows[x - _ROW] * n1 + rows[x - _ROWS_2] * n2 + rows[x - _ROWS_3] * n3
            before = rows[y - _ROW] * d1 + rows[y - _ROWS_2] * d2
            rows[y] = voxels - (before + rows[y - _ROWS_3] * d3 + rows[y - _ROWS_4] * d4)
    n0, n1, n2, n3 = weights[1, 0]
    for i in range(length - 1, first - 1, -1):
        row = np.uint64(i + _BORDER) * _ROW
        d1, d2, d3, d4 = weights[1, 1 + min(length - 1 - i, _BORDER)]
        for lane in range(_LANES):
            x, y = row + lane, row + lane + _ANTICAUSAL
            voxels = rows[x + _ROW] * n0 + rows[x + _ROWS_2] * n1 + rows[x + _ROWS_3] * n2
            before = rows[y + _ROW] * d1 + rows[y + _ROWS_2] * d2
            after = before + rows[y + _ROWS_3] * d3 + rows[y + _ROWS_4] * d4
            rows[y] = (voxels + rows[x + _ROWS_4] * n3) - after


@kernel
def _store(
    rows: NDArray[np.float64],
    target: NDArray[np.float32],
    starts: NDArray[np.uint64],
    step: int,
    first: int,
    last: int,
) -> None:
    """Copy the sum of both responses, from `first` to `last`, out of the work space."""
    for i in range(first, last):
        row = np.uint64(i + _BORDER) * _ROW
        shift = np.uint64((i - first) * step)
        for lane in range(_LANES):
            both = rows[row + _CAUSAL + lane] + rows[row + _ANTICAUSAL + lane]
            target[starts[lane] + shift] = np.float32(both)
