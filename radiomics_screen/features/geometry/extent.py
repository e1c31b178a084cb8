"""How far a mask reaches: its diameters and principal axes."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.kernels import kernel
from radiomics_screen.features.texture.lattice import Footprint

#: Bounds are widened by more than rounding can make of them.
CLOSE = 1 + 1e-9


def diameters_mm(mask: NDArray[np.bool_], spacing_mm: tuple[float, ...]) -> tuple[float, list[float]]:
    """Return the largest distance (mm) of two points on the surface, and that within planes.

    The points are the vertices of the mesh: halfway between a voxel inside and one outside. The
    second result has, for each array axis, the largest distance of two vertices in one plane
    across that axis (0 in 2-D, where there are no such planes).
    """
    outermost, in_planes = outermost_vertices(mask, spacing_mm)
    spacing = np.array(spacing_mm if mask.ndim == 3 else (1.0, *spacing_mm))
    return sqrt(largest_squared_distance(outermost * spacing)) / 2, in_planes if mask.ndim == 3 else []


def outermost_vertices(
    mask: NDArray[np.bool_], spacing_mm: tuple[float, ...]
) -> tuple[NDArray[np.int64], list[float]]:
    """Return the few mesh vertices that all the others lie between, and the diameters (mm) of planes.

    The vertices are in half voxels, shape (n, 3). The farthest points of a plane are corners of its
    convex hull; the farthest points of all, and the corners of the convex hull of all, are corners of
    the hulls of all the planes that they lie in. Only those are returned.
    """
    solid = mask if mask.ndim == 3 else mask[np.newaxis]
    spacing = np.array(spacing_mm if mask.ndim == 3 else (1.0, *spacing_mm))
    points = mesh_vertices(np.pad(solid, 1 if mask.ndim == 3 else ((0, 0), (1, 1), (1, 1))), mask.ndim == 3)
    nz, ny, nx = (2 * n + 3 for n in solid.shape)
    corners = None
    in_planes = []
    for axis, u, v in [(0, 1, 2), (1, 0, 2), (2, 0, 1)][: 1 if mask.ndim == 2 else 3]:
        sizes = (nz, ny, nx)
        squared, on_hull = plane_hulls(points, axis, u, v, sizes[axis], sizes[u], spacing[u], spacing[v])
        in_planes.append(sqrt(squared) / 2)
        codes = np.sort((on_hull[:, 0] * ny + on_hull[:, 1]) * nx + on_hull[:, 2])
        codes = codes[np.append(codes[1:] != codes[:-1], True)]  # the two chains of a hull share their ends
        corners = codes if corners is None else _common(corners, codes)
    assert corners is not None
    return np.stack(np.unravel_index(corners, (nz, ny, nx)), axis=1), in_planes


def _common(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, in order, what two arrays without repetition have in common."""
    both = np.sort(np.concatenate([a, b]))
    return both[1:][both[1:] == both[:-1]]


def mesh_vertices(padded: NDArray[np.bool_], solid: bool) -> NDArray[np.int32]:
    """Return the mesh vertices of a padded mask, in half voxels: shape (n, 3).

    A mask of one slice that is not `solid` has no vertices above and below it.
    """
    axes = (0, 1, 2) if solid else (1, 2)
    return crossings(padded, solid, sum(np.count_nonzero(np.diff(padded, axis=axis)) for axis in axes))


@kernel
def crossings(padded: NDArray[np.bool_], solid: bool, n: int) -> NDArray[np.int32]:
    """Return the middles of the `n` pairs of neighbours along an axis that differ, in half voxels: (n, 3)."""
    nz, ny, nx = padded.shape
    found = np.empty((n, 3), dtype=np.int32)
    k = 0
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                here = padded[z, y, x]
                if x + 1 < nx and padded[z, y, x + 1] != here:
                    found[k, 0], found[k, 1], found[k, 2] = 2 * z, 2 * y, 2 * x + 1
                    k += 1
                if y + 1 < ny and padded[z, y + 1, x] != here:
                    found[k, 0], found[k, 1], found[k, 2] = 2 * z, 2 * y + 1, 2 * x
                    k += 1
                if solid and z + 1 < nz and padded[z + 1, y, x] != here:
                    found[k, 0], found[k, 1], found[k, 2] = 2 * z + 1, 2 * y, 2 * x
                    k += 1
    return found


@kernel
def plane_hulls(
    points: NDArray[np.int32],
    axis: int,
    axis_u: int,
    axis_v: int,
    n_planes: int,
    n_u: int,
    spacing_u: float,
    spacing_v: float,
) -> tuple[float, NDArray[np.int64]]:
    """Find the corners of the convex hull in each plane across `axis`, and their largest squared distance.

    `points` has shape (n, 3); so have the corners. `axis_u` and `axis_v` span the planes.
    """
    lowest = np.full((n_planes, n_u), 2**31 - 1, dtype=np.int32)
    highest = np.full((n_planes, n_u), -1, dtype=np.int32)
    for k in range(len(points)):
        plane, u, v = points[k, axis], points[k, axis_u], points[k, axis_v]
        lowest[plane, u] = min(lowest[plane, u], v)
        highest[plane, u] = max(highest[plane, u], v)
    corners = np.empty((2 * min(len(points), n_planes * n_u), 3), dtype=np.int64)
    n_corners = 0
    squared = 0.0
    for p in range(n_planes):
        first = n_corners
        for side in (1, -1):  # the chain of lowest, then of highest points
            start = n_corners
            for u in range(n_u):
                if highest[p, u] < 0:
                    continue
                v = lowest[p, u] if side == 1 else highest[p, u]
                while n_corners - start >= 2 and side * _turn(corners, n_corners, axis_u, axis_v, u, v) <= 0:
                    n_corners -= 1
                corners[n_corners, axis], corners[n_corners, axis_u], corners[n_corners, axis_v] = p, u, v
                n_corners += 1
        for a in range(first, n_corners):
            for b in range(a + 1, n_corners):
                du = (corners[a, axis_u] - corners[b, axis_u]) * spacing_u
                dv = (corners[a, axis_v] - corners[b, axis_v]) * spacing_v
                squared = max(squared, du * du + dv * dv)
    return squared, corners[:n_corners]


@kernel
def _turn(corners: NDArray[np.int64], n: int, axis_u: int, axis_v: int, u: int, v: int) -> int:
    """Return > 0 where the path over the last two corners to (u, v) turns left."""
    u0, v0 = corners[n - 2, axis_u], corners[n - 2, axis_v]
    u1, v1 = corners[n - 1, axis_u], corners[n - 1, axis_v]
    return (u1 - u0) * (v - v0) - (v1 - v0) * (u - u0)


def largest_squared_distance(points: NDArray[np.float64]) -> float:
    """Return the largest squared distance of two points, shape (n, 3)."""
    distances = np.linalg.norm(points - points.mean(axis=0), axis=1)
    outermost_first = np.argsort(-distances, kind="stable")
    return farthest_pair(points[outermost_first], distances[outermost_first])


@kernel
def farthest_pair(points: NDArray[np.float64], distances: NDArray[np.float64]) -> float:
    """Compare pairs of points while they can be farther apart than the best so far.

    Two points are no farther apart than the sum of their distances from any third; here that is
    their common middle, and the distances descend.
    """
    squared = 0.0
    for a in range(len(points)):
        for b in range(a):
            reach = distances[a] + distances[b]
            if reach * reach * CLOSE < squared:
                break
            dz = points[a, 0] - points[b, 0]
            dy = points[a, 1] - points[b, 1]
            dx = points[a, 2] - points[b, 2]
            squared = max(squared, dz * dz + dy * dy + dx * dx)
    return squared


def axis_lengths_mm(footprint: Footprint, spacing_mm: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return the lengths (mm) of the three principal axes, longest first: four standard deviations each.

    The covariance of the voxel centres divides by their number. It is computed in whole numbers, so
    that a mask one voxel thick has an axis of length 0 and not of rounding noise.
    """
    nz, ny, nx = footprint.mask.shape
    n, firsts, seconds = place_sums(footprint.spans((0, 0, 0)), ny, nx, (nz // 2, ny // 2, nx // 2))
    means = firsts / n
    covariance = (seconds / n - np.outer(means, means)) * np.outer(spacing_mm, spacing_mm)
    variances = np.linalg.eigvalsh(covariance)[::-1]
    return 4 * np.sqrt(np.where(variances > 1e-14 * variances[0], variances, 0.0))


@kernel
def place_sums(
    spans: NDArray[np.int64], ny: int, nx: int, middle: tuple[int, int, int]
) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    """Return the number of voxels and the sums of their places (z, y, x) and of the products of these.

    Places count from `middle`, so that no sum of squares overflows.
    """
    firsts, seconds = np.zeros(3, dtype=np.int64), np.zeros((3, 3), dtype=np.int64)
    n = 0
    for s in range(len(spans)):
        row, start = spans[s, 0] // nx, spans[s, 0] % nx
        z, y = row // ny - middle[0], row % ny - middle[1]
        for x in range(start - middle[2], start - middle[2] + spans[s, 1] - spans[s, 0]):
            n += 1
            firsts[0] += z
            firsts[1] += y
            firsts[2] += x
            seconds[0, 0] += z * z
            seconds[0, 1] += z * y
            seconds[0, 2] += z * x
            seconds[1, 1] += y * y
            seconds[1, 2] += y * x
            seconds[2, 2] += x * x
    seconds[1, 0], seconds[2, 0], seconds[2, 1] = seconds[0, 1], seconds[0, 2], seconds[1, 2]
    return n, firsts, seconds
