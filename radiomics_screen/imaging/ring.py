"""Rings round a lesion's edge: how far each voxel lies from it, and which lie between two distances."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isinf, nan, prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.kernels import kernel
from radiomics_screen.core.options import Finite
from radiomics_screen.imaging.roi import Roi, equivalent_radius_mm, region_in, shape_of, spacing_of

Mask = NDArray[np.bool_]
Triple = tuple[int, int, int]

#: Voxels beyond the image are laid out and counted in a box of no more voxels than this (0.4 GB).
MOST_COUNTED = 50_000_000

#: So near to a limit, as a part of the smallest spacing, a distance is taken as equal to it.
_SLACK = 1e-6


@dataclass(frozen=True, eq=False)
class Ring:
    """A ring round a lesion's edge.

    Attributes
    ----------
    roi
        Its voxels, on the lesion's grid.
    missing
        The part of it that would lie beyond the image's edge, 0 to 1; NaN where it is too wide to count.
    """

    roi: Roi
    missing: float


def ring(
    roi: Roi, *, inner: Finite | None = None, outer: Finite, unit: Literal["mm", "radius"] = "mm"
) -> Ring:
    """Return the voxels with ``inner < d <= outer``, d being their signed distance to the lesion's edge.

    See :func:`signed_distances` for d. The lesion itself is ``outer=0``; rings of which one begins where
    another ends have no voxel in common and leave none out.

    Parameters
    ----------
    roi
        The lesion.
    inner
        Distance from the lesion's edge at which the ring begins, negative inside the lesion; null
        begins at the lesion's deepest voxel.
    outer
        Distance from the lesion's edge at which the ring ends, negative inside the lesion.
    unit
        Distances are in mm (mm; in pixels where the image's file knows no spacing), or in radii of the
        disc (one slice) or ball of the lesion's area or volume (radius).

    Raises
    ------
    RegionError
        No voxel of the image lies there; the message says why.
    """
    scale = equivalent_radius_mm(roi) if unit == "radius" else 1.0
    low, high = -inf if inner is None else inner * scale, outer * scale
    distances, corner = signed_distances(roi, max(high, 0.0))
    slack = _SLACK * min(spacing_of(roi.grid))
    chosen = distances <= high + slack
    if inner is not None:
        chosen &= distances > low + slack
    sides = zip(corner, shape_of(roi.grid), strict=True)
    inside = chosen[tuple(slice(max(0, -first), n - first) for first, n in sides)]
    z, y, x = (slice(max(0, first), max(0, first) + n) for first, n in zip(corner, inside.shape, strict=True))
    found = region_in(inside, (z, y, x), roi.grid)
    if found is None:
        span = f"{low:g} to {high:g}" if inner is not None else f"up to {high:g}"
        where = f"{span} {'pixels' if roi.grid.pixels_only else 'mm'} from the lesion's edge"
        raise RegionError(f"no voxel lies {where}: {_why_empty(chosen, distances, high)}")
    if _is_too_wide(roi, high):
        return Ring(found, nan)
    return Ring(found, 1 - int(np.count_nonzero(inside)) / int(np.count_nonzero(chosen)))


def _why_empty(chosen: Mask, distances: FloatArray, high: float) -> str:
    """Say why a ring has no voxel in the image."""
    if chosen.any():
        return "all of it is beyond the image's edge"
    deepest = float(distances.min())
    if isinf(deepest):
        return "the lesion fills the image"
    if deepest > high:
        return f"the lesion is too small, its deepest voxel lies at {deepest:.3g}"
    return "the ring is too narrow to hold the centre of a voxel, or all of it is beyond the image's edge"


def signed_distances(roi: Roi, reach: float) -> tuple[FloatArray, Triple]:
    """Return how far the centres of voxels in and round a lesion lie from its edge.

    The edge is where a voxel of the lesion and one outside it meet, a surface of voxel faces; the distance
    is the Euclidean one (mm) to its nearest point: negative inside, positive outside, never 0. So the
    voxels on both sides of a straight edge lie half a voxel from it. Where the image ends no edge is seen:
    a lesion cut off there goes on.

    Parameters
    ----------
    roi
        The lesion.
    reach
        How far round the lesion distances are wanted, mm.

    Returns
    -------
    Distances, shape (z, y, x), `inf` where larger than `reach` and `-inf` all over a lesion that fills the
    image; and the index (z, y, x) in the image of their first voxel. They go on beyond the image
    (indices below 0, or from its size on), unless they were too many to count.
    """
    spacing, shape = spacing_of(roi.grid), shape_of(roi.grid)
    starts, stops = _box_of(roi, reach)
    if prod(b - a for a, b in zip(starts, stops, strict=True)) > MOST_COUNTED:
        starts = [max(0, a) for a in starts]
        stops = [min(b, n) for b, n in zip(stops, shape, strict=True)]
    lesion = np.zeros([b - a for a, b in zip(starts, stops, strict=True)], dtype=bool)
    lesion[tuple(slice(s.start - a, s.stop - a) for s, a in zip(roi.box, starts, strict=True))] = roi.solid
    around = np.zeros_like(lesion)
    around[tuple(slice(max(0, -a), n - a) for a, n in zip(starts, shape, strict=True))] = True
    around &= ~lesion
    distances = np.where(lesion, -_distances_to(around, spacing, inf), _distances_to(lesion, spacing, reach))
    z, y, x = starts
    return distances, (z, y, x)


def _box_of(roi: Roi, reach: float) -> tuple[list[int], list[int]]:
    """Return the first index and the one after the last of all that lies within reach, along (z, y, x).

    Nothing lies across a single slice.
    """
    margins = [
        int(reach / mm + 0.5) + 1 if n > 1 else 0
        for mm, n in zip(spacing_of(roi.grid), shape_of(roi.grid), strict=True)
    ]
    starts = [side.start - by for side, by in zip(roi.box, margins, strict=True)]
    return starts, [side.stop + by for side, by in zip(roi.box, margins, strict=True)]


def _is_too_wide(roi: Roi, high: float) -> bool:
    """Tell whether what lies beyond the image was not laid out."""
    starts, stops = _box_of(roi, max(high, 0.0))
    return prod(b - a for a, b in zip(starts, stops, strict=True)) > MOST_COUNTED


def _distances_to(voxels: Mask, spacing_mm: tuple[float, ...], reach: float) -> FloatArray:
    """Return the distance (mm) from each voxel's centre to the nearest of some voxels, as boxes.

    The squared distance to a box is a sum of one term an axis, so its least over all boxes is found
    axis by axis; `inf` where it is larger than `reach`.
    """
    squares = np.where(voxels, 0.0, inf)
    for axis, mm in enumerate(spacing_mm):
        last = np.ascontiguousarray(np.moveaxis(squares, axis, -1))
        nearest = nearest_along(last.reshape(-1, last.shape[-1]), mm)
        squares = np.moveaxis(nearest.reshape(last.shape), -1, axis)
    distances: FloatArray = np.sqrt(np.ascontiguousarray(squares))
    distances[distances > reach * (1 + _SLACK)] = inf
    return distances


@kernel
def nearest_along(squares: FloatArray, mm: float) -> FloatArray:
    """Return the least, over each line's voxels, of their squared distance plus that along the line.

    `squares` has shape (lines, voxels). A voxel begins and ends at a face, so what counts are parabolas
    that stand on the faces, of which the lower envelope is found in one pass, and 0 within a voxel.

    Source: Felzenszwalb and Huttenlocher, Theory of Computing 8 (2012) 415.
    """
    lines, n = squares.shape
    nearest = squares.copy()
    face, height, start = np.empty(n + 1), np.empty(n + 1), np.empty(n + 1)
    for line in range(lines):
        row = squares[line]
        last = -1
        for q in range(n + 1):  # face q lies before voxel q
            low = min(row[max(q - 1, 0)], row[min(q, n - 1)]) / mm**2
            if low == np.inf:
                continue
            begin = -np.inf
            while last >= 0:
                begin = ((low + q * q) - (height[last] + face[last] ** 2)) / (2 * (q - face[last]))
                if begin > start[last]:
                    break
                last -= 1
                begin = -np.inf
            last += 1
            face[last], height[last], start[last] = q, low, begin
        here = 0
        for i in range(n if last >= 0 else 0):
            while here < last and start[here + 1] < i + 0.5:
                here += 1
            nearest[line, i] = min(row[i], mm**2 * (height[here] + (i + 0.5 - face[here]) ** 2))
    return nearest
