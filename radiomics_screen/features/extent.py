"""How far a mask reaches: its diameters and principal axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.kernels import kernel


def diameters_mm(mask: NDArray[np.bool_], spacing_mm: tuple[float, ...]) -> tuple[float, list[float]]:
    """Return the largest distance (mm) of two points on the surface, and that within planes.

    The points are the vertices of the mesh: halfway between a voxel inside and one outside. The
    second result has, for each array axis, the largest distance of two vertices in one plane
    across that axis (0 in 2-D, where there are no such planes).

    The farthest points of a plane are corners of its convex hull, and the farthest points of all
    are corners of the hulls of all the planes that they lie in; only those are compared.
    """
    vertices = _vertices(mask)
    spacing = np.array(spacing_mm)
    if mask.ndim == 2:
        vertices = np.insert(vertices, 0, 0, axis=1)
        spacing = np.insert(spacing, 0, 1.0)
    shape = vertices.max(axis=0) + 1
    in_planes = []
    corners: NDArray[np.int64] | None = None
    for axis, u, v in [(0, 1, 2), (1, 0, 2), (2, 0, 1)][: 1 if mask.ndim == 2 else 3]:
        squared, on_hull = plane_hulls(
            vertices[:, axis], vertices[:, u], vertices[:, v], shape[axis], shape[u], spacing[u], spacing[v]
        )
        in_planes.append(float(np.sqrt(squared)) / 2)
        order = np.argsort([axis, u, v])
        codes = np.ravel_multi_index(tuple(on_hull[:, order].T), tuple(shape))
        corners = codes if corners is None else np.intersect1d(corners, codes)
    assert corners is not None
    points = np.stack(np.unravel_index(corners, tuple(shape)), axis=1) * spacing
    return float(np.sqrt(largest_squared_distance(points))) / 2, in_planes if mask.ndim == 3 else []


def _vertices(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the mesh vertices of a padded mask, in half voxels: shape (n, dimensions)."""
    padded = np.pad(mask, 1)
    vertices = []
    for axis in range(mask.ndim):
        inside = tuple(slice(None) if a == axis else slice(1, -1) for a in range(mask.ndim))
        crossings = 2 * np.argwhere(np.diff(padded[inside], axis=axis))
        crossings += [1 if a == axis else 2 for a in range(mask.ndim)]
        vertices.append(crossings)
    return np.concatenate(vertices).astype(np.int64)


@kernel
def plane_hulls(
    plane: NDArray[np.int64],
    u: NDArray[np.int64],
    v: NDArray[np.int64],
    n_planes: int,
    n_u: int,
    spacing_u: float,
    spacing_v: float,
) -> tuple[float, NDArray[np.int64]]:
    """Find the corners (plane, u, v) of each plane's convex hull, and their largest squared distance."""
    lowest = np.full((n_planes, n_u), np.iinfo(np.int64).max)
    highest = np.full((n_planes, n_u), -1)
    for k in range(len(plane)):
        lowest[plane[k], u[k]] = min(lowest[plane[k], u[k]], v[k])
        highest[plane[k], u[k]] = max(highest[plane[k], u[k]], v[k])
    corners = np.empty((2 * n_planes * n_u, 3), dtype=np.int64)
    n_corners = 0
    squared = 0.0
    for p in range(n_planes):
        first = n_corners
        for side in (1, -1):  # the chain of lowest, then of highest points
            start = n_corners
            for w in range(n_u):
                if highest[p, w] < 0:
                    continue
                point = lowest[p, w] if side == 1 else highest[p, w]
                while n_corners - start >= 2 and side * _turn(corners, n_corners, w, point) <= 0:
                    n_corners -= 1
                corners[n_corners, 0], corners[n_corners, 1], corners[n_corners, 2] = p, w, point
                n_corners += 1
        for a in range(first, n_corners):
            for b in range(a + 1, n_corners):
                du = (corners[a, 1] - corners[b, 1]) * spacing_u
                dv = (corners[a, 2] - corners[b, 2]) * spacing_v
                squared = max(squared, du * du + dv * dv)
    return squared, corners[:n_corners]


@kernel
def _turn(corners: NDArray[np.int64], n: int, u: int, v: int) -> int:
    """Return > 0 where the path over the last two corners to (u, v) turns left."""
    u0, v0 = corners[n - 2, 1], corners[n - 2, 2]
    u1, v1 = corners[n - 1, 1], corners[n - 1, 2]
    return (u1 - u0) * (v - v0) - (v1 - v0) * (u - u0)


@kernel
def largest_squared_distance(points: NDArray[np.float64]) -> float:
    """Compare all pairs of points, shape (n, 3)."""
    squared = 0.0
    for a in range(len(points)):
        for b in range(a):
            dz = points[a, 0] - points[b, 0]
            dy = points[a, 1] - points[b, 1]
            dx = points[a, 2] - points[b, 2]
            squared = max(squared, dz * dz + dy * dy + dx * dx)
    return squared


def axis_lengths_mm(mask: NDArray[np.bool_], spacing_mm: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the lengths (mm) of the principal axes, longest first: four standard deviations each.

    The covariance of the voxel centres divides by their number. It is computed in whole numbers, so
    that a mask one voxel thick has an axis of length 0 and not of rounding noise.
    """
    coordinates = np.argwhere(mask)
    n = len(coordinates)
    coordinates -= coordinates.sum(axis=0) // n  # near zero, so that no sum of squares overflows
    sums = coordinates.sum(axis=0) / n
    covariance = (coordinates.T @ coordinates / n - np.outer(sums, sums)) * np.outer(spacing_mm, spacing_mm)
    variances = np.linalg.eigvalsh(covariance)[::-1]
    return 4 * np.sqrt(np.where(variances > 1e-14 * variances[0], variances, 0.0))
