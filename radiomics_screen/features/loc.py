"""Local intensity peaks: the brightest voxels, each with what lies round it."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.remarks import add_remark
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of

FEATURES = ("peak_loc", "peak_glob")

#: Of a sphere of 1 cm³, mm.
RADIUS_MM = 10 * (3 / (4 * pi)) ** (1 / 3)
#: A little more, so that no rounding cuts the image inside the sphere.
REACH_MM = 6.21

#: A voxel centre on the sphere is inside, whichever way the rounding of spacings (which files keep with
#: few digits) and the order of the axes push its distance.
_ON_SPHERE = 1 + 1e-9

Box = tuple[slice, slice, slice]
Ranges = tuple[range, range, range]


def _unfit(region: Region) -> str:
    return "the image is 2-D, and the peaks are means of a sphere" if region.planar else ""


@family("loc", FEATURES, conventions="ibsi", graded=False, reach_mm=REACH_MM, unfit=_unfit)
def loc(region: Region) -> dict[str, float]:
    """Average the image over a sphere of 1 cm³ round the brightest voxel, and round each voxel.

    The local peak is the mean round the brightest voxel of the region (of several equally bright ones,
    the largest such mean), the global peak the largest mean round any of its voxels. The sphere takes the
    voxels whose centres lie in it, also those outside the region; at the border of the image, those that
    exist. Voxels that are NaN or infinite are left out, with a note.

    Source: IBSI family 9ST6.
    """
    image, box = region.wider
    means = region.footprint.values(sphere_means(image, box, region.spacing_mm))
    values = region.raw_values
    return values_of(FEATURES, (means[values == values.max()].max(), means.max()))


def sphere_means(
    image: NDArray[Any], box: Box, spacing_mm: tuple[float, float, float]
) -> NDArray[np.float64]:
    """Return the mean of the image over a sphere of 1 cm³ round each voxel of a box, shape of the box.

    Parameters
    ----------
    image
        Shape (z, y, x): all of the image that may lie in a sphere. NaN and infinities are left out, with
        a note; where a sphere holds nothing else, its mean is NaN.
    box
        The voxels to average round.
    spacing_mm
        Distance of voxel centres along (z, y, x), mm.
    """
    halves = _half_lengths(image.shape, spacing_mm)
    reach = (len(halves) - 1, halves.shape[1] - 1, int(halves.max()))
    sides = [range(*side.indices(n)) for side, n in zip(box, image.shape, strict=True)]
    starts = [max(0, side.start - far) for side, far in zip(sides, reach, strict=True)]
    near = image[tuple(slice(a, s.stop + far) for a, s, far in zip(starts, sides, reach, strict=True))]
    z, y, x = (range(s.start - a, s.stop - a) for s, a in zip(sides, starts, strict=True))
    wrong = 0 if near.dtype.kind in "iub" else near.size - int(np.count_nonzero(np.isfinite(near)))
    if wrong:
        add_remark(f"loc: {wrong} voxels round the region are NaN or infinite, and left out of the means")
    sums = _sphere_sums(np.where(np.isfinite(near), near, 0) if wrong else near, (z, y, x), halves)
    if not wrong and near.shape == tuple(len(s) + 2 * far for s, far in zip(sides, reach, strict=True)):
        return sums / _voxels_in_sphere(halves)
    there = np.isfinite(near) if wrong else np.broadcast_to(np.True_, near.shape)
    counts = _sphere_sums(there, (z, y, x), halves)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def _half_lengths(shape: tuple[int, ...], spacing_mm: tuple[float, float, float]) -> NDArray[np.int64]:
    """Return how far the sphere reaches along x at each distance from its centre along (z, y), in voxels.

    It is -1 where no voxel is inside. What is farther away than the image is large is left out.
    """
    radius = RADIUS_MM * _ON_SPHERE
    z, y = (
        spacing * np.arange(min(int(radius / spacing), n - 1) + 1)
        for spacing, n in zip(spacing_mm[:2], shape[:2], strict=True)
    )
    left = radius**2 - z[:, np.newaxis] ** 2 - y**2
    longest = np.floor(np.sqrt(np.maximum(left, 0)) / spacing_mm[2])
    return np.where(left < 0, -1, np.minimum(longest, shape[2] - 1)).astype(np.int64)


def _voxels_in_sphere(halves: NDArray[np.int64]) -> int:
    both_sides = np.full(halves.shape, 4)
    both_sides[0] //= 2
    both_sides[:, 0] //= 2
    return int((both_sides * (2 * halves + 1))[halves >= 0].sum())


def _sphere_sums(image: NDArray[Any], box: Ranges, halves: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the sum of the image over the sphere round each voxel of a box.

    Each slice gives its discs, one for each distance from a sphere's centre, to the slices above and
    below. Only sums are formed, no differences, so that no bright spot far from a sphere costs it digits.
    """
    zs, ys, xs = box
    height, width = halves.shape[1] - 1, int(halves.max())
    sums = np.zeros((len(zs), len(ys), len(xs)))
    padded = np.zeros((len(ys) + 2 * height, len(xs) + 2 * width))
    top, left = height - ys.start, width - xs.start
    discs = np.empty((len(halves), len(ys), len(xs)))
    for z in range(max(0, zs.start - len(halves) + 1), min(image.shape[0], zs.stop + len(halves) - 1)):
        padded[top : top + image.shape[1], left : left + image.shape[2]] = image[z]
        takers = [[taker for taker in {z - dz, z + dz} if taker in zs] for dz in range(len(halves))]
        _fill_discs(padded, halves, [dz for dz, slices in enumerate(takers) if slices], discs)
        for disc, slices in zip(discs, takers, strict=True):
            for taker in slices:
                sums[taker - zs.start] += disc
    return sums


def _fill_discs(
    padded: NDArray[np.float64], halves: NDArray[np.int64], distances: list[int], discs: NDArray[np.float64]
) -> None:
    """Put the sums of a slice over the sphere's section into `discs`, at some distances from its centre."""
    _, ny, nx = discs.shape
    height, width = halves.shape[1] - 1, int(halves.max())
    discs[distances] = 0
    rows = padded[:, width : width + nx].copy()  # at first of single voxels
    for half in range(width + 1):
        if half:
            rows += padded[:, width - half : width - half + nx]
            rows += padded[:, width + half : width + half + nx]
        for dz in distances:
            for dy in np.flatnonzero(halves[dz] == half):
                discs[dz] += rows[height - dy : height - dy + ny]
                if dy:
                    discs[dz] += rows[height + dy : height + dy + ny]
