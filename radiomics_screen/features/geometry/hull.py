"""The convex hull of a surface, and the smallest box that holds it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.kernels import kernel

#: Directions are the same where their dot product is 1, but for rounding. An edge that is seen as no more
#: than this part of it has no certain direction. A box is smaller if it is by more than this part.
SAME, POINT_LIKE, SMALLER = 1 - 1e-12, 1e-5, 1e-9

#: How many faces a box is tried on, of how many of the largest; how many other directions it is tried
#: along; and how many of these boxes are then turned to make them smaller.
LARGEST_FACES, FACES_TRIED, DIRECTIONS_TRIED, BOXES_TURNED = 512, 64, 32, 24


@dataclass(frozen=True, eq=False)
class Hull:
    """A convex polyhedron with corners in mm.

    Attributes
    ----------
    corners
        Shape (n, 3), round their common middle.
    normals, areas
        Of the faces: unit vectors that point outwards, shape (m, 3), and mm2, shape (m,). Faces are
        triangles; those of one plane have one normal.
    ends, sides
        Of the edges between planes: indices of the two corners that an edge joins, and of the two
        faces that meet in it; shapes (k, 2).
    volume_mm3
        What it encloses.
    """

    corners: FloatArray
    normals: FloatArray
    areas: FloatArray
    ends: NDArray[np.intp]
    sides: NDArray[np.intp]
    volume_mm3: float

    @property
    def area_mm2(self) -> float:
        """Return the surface area in mm²."""
        return float(self.areas.sum())

    @cached_property
    def edges(self) -> FloatArray:
        """Unit vectors along the edges, shape (k, 3)."""
        along = self.corners[self.ends[:, 1]] - self.corners[self.ends[:, 0]]
        return along / np.linalg.norm(along, axis=1, keepdims=True)

    def widths(self, directions: FloatArray) -> FloatArray:
        """Return how far it reaches along unit vectors, mm, shape (n, 3) -> (n,)."""
        along = directions @ self.corners.T
        return along.max(axis=1) - along.min(axis=1)


def convex_hull(points: NDArray[Any], spacing_mm: tuple[float, float, float]) -> Hull:
    """Return the convex hull of points, shape (n, 3), which must not all lie in a plane.

    Their coordinates are in steps of a grid: where these are whole numbers, points of one plane are found
    to be that.
    """
    from scipy.spatial import ConvexHull  # takes a while to import

    found = ConvexHull(points)
    spacing = np.array(spacing_mm)
    corner_of = np.zeros(len(points), dtype=np.intp)
    corner_of[found.vertices] = np.arange(len(found.vertices))
    faces = corner_of[found.simplices]
    corners = points[found.vertices] * spacing
    corners -= corners.mean(axis=0)
    normals = found.equations[:, :3] / spacing
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    a, b, c = (corners[faces[:, k]] for k in range(3))
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    # the k-th neighbour of a face lies across the edge between its other two corners
    here, there = np.repeat(np.arange(len(faces)), 3), found.neighbors.ravel()
    ends = np.stack([faces[:, [1, 2, 0]].ravel(), faces[:, [2, 0, 1]].ravel()], axis=1)
    edges = (here < there) & ((normals[here] * normals[there]).sum(axis=1) < SAME)
    sides = np.stack([here, there], axis=1)[edges]
    return Hull(corners, normals, areas, ends[edges], sides, float(found.volume * spacing.prod()))


def smallest_box(hull: Hull) -> tuple[float, float, float]:
    """Return the edge lengths (mm, descending) of the smallest box, turned at will, that holds a hull.

    This is a search, which finds the smallest box or one little larger. The best box with one given axis
    is found exactly: one of its sides rests on an edge of the hull. The axes tried are those across faces
    (in the order of what a box on a face must at least hold), those of the grid, and some spread evenly;
    the smallest boxes are turned about each of their own axes in turn until none gets smaller. The result
    is exact for cuboids however they lie, and never larger than the box along the grid. On rugged
    shapes it is a few tenths of a per cent larger than the smallest one at worst.

    Source: a side that rests on an edge: Freeman and Shapira, Communications of the ACM 18 (1975) 409;
    turning about the axes in turn: Chang, Gorissen and Melchior, ACM Transactions on Graphics 30 (2011)
    122; the smallest box: O'Rourke, International Journal of Computer and Information Sciences 14 (1985)
    183.
    """
    arrays = (hull.corners, hull.normals, hull.ends, hull.sides)
    faces, least = _likely_faces(hull)
    others = _spread(hull)
    on_faces = boxes_along(*arrays, faces, least)
    along_others = boxes_along(*arrays, others, np.zeros(len(others)))
    volumes, frames = (np.concatenate(found) for found in zip(on_faces, along_others, strict=True))
    best = np.argsort(volumes, kind="stable")[:BOXES_TURNED]
    best = best[np.isfinite(volumes[best])]
    volumes, frames = volumes[best], frames[best]
    turn_boxes(*arrays, volumes, frames)
    a, b, c = np.sort(hull.widths(frames[volumes.argmin()]))[::-1]
    return float(a), float(b), float(c)


def _likely_faces(hull: Hull) -> tuple[FloatArray, FloatArray]:
    """Return normals of faces, and at least which volume a box on each has (mm3), the smallest first."""
    _, first, planes = np.unique(np.round(hull.normals, 9), axis=0, return_index=True, return_inverse=True)
    normals, areas = hull.normals[first], np.bincount(planes.ravel(), hull.areas)
    tried = normals[np.argsort(-areas, kind="stable")[:LARGEST_FACES]]
    shadows = np.abs(tried @ normals.T) @ areas / 2  # no rectangle round a shadow is smaller than it
    least = hull.widths(tried) * shadows
    order = np.argsort(least, kind="stable")[:FACES_TRIED]
    return tried[order], least[order]


def _spread(hull: Hull) -> FloatArray:
    """Return the axes of the grid, and directions that turn and mirror with the hull: shape (n, 3)."""
    n = DIRECTIONS_TRIED // 4
    height = (np.arange(n) + 0.5) / n
    angle = np.arange(n) * (sqrt(5) - 1) / 2 % 1 * pi / 2
    radius = np.sqrt(1 - height**2)
    octant = np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=1)
    mirrored = [octant * signs for signs in ((1, 1, 1), (-1, 1, 1), (1, -1, 1), (-1, -1, 1))]
    principal = np.linalg.eigh(hull.corners.T @ hull.corners)[1]
    return np.concatenate([np.eye(3), np.concatenate(mirrored) @ principal.T])


@kernel
def boxes_along(
    corners: FloatArray,
    normals: FloatArray,
    ends: NDArray[np.int64],
    sides: NDArray[np.int64],
    axes: FloatArray,
    least: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return volumes (mm3) and axes of the smallest boxes of a hull that have a given axis each.

    Axes are given in the order of `least`, which says how small the box with each can be at best: it ends
    with the first that can be no smaller than the smallest box so far. The rest has infinite volume.
    Shapes (n, 3) and (n,) -> (n,) and (n, 3, 3), with the axes of each box as rows.
    """
    volumes, frames = np.full(len(axes), np.inf), np.zeros((len(axes), 3, 3))
    smallest = np.inf
    for k in range(len(axes)):
        if least[k] >= smallest:
            break
        frames[k, 0] = axes[k]
        volumes[k] = box_along(corners, normals, ends, sides, frames[k])
        smallest = min(smallest, volumes[k])
    return volumes, frames


@kernel
def turn_boxes(
    corners: FloatArray,
    normals: FloatArray,
    ends: NDArray[np.int64],
    sides: NDArray[np.int64],
    volumes: FloatArray,
    frames: FloatArray,
) -> None:
    """Turn boxes about their axes, one after the other, until that makes them no smaller; in place."""
    turned = np.empty((3, 3))
    for k in range(len(volumes)):
        first = in_vain = 0
        while in_vain < 2:  # it is the smallest about its first axis
            first = (first + 1) % 3
            turned[0] = frames[k, first]
            volume = box_along(corners, normals, ends, sides, turned)
            in_vain += 1
            if volume < volumes[k] * (1 - SMALLER):
                volumes[k] = volume
                frames[k] = turned
                first = in_vain = 0


@kernel
def box_along(
    corners: FloatArray,
    normals: FloatArray,
    ends: NDArray[np.int64],
    sides: NDArray[np.int64],
    frame: FloatArray,
) -> float:
    """Return the volume (mm3) of the smallest box with the first axis of a frame; put the others into it.

    Seen along the axis, the hull's outline is made of the edges between a face that is turned to the
    viewer and one that is not, and one side of the smallest rectangle round it rests on one of them.
    """
    z, y, x = frame[0]
    thinnest = 0 if abs(z) <= min(abs(y), abs(x)) else 1 if abs(y) <= abs(x) else 2
    u = -frame[0] * frame[0, thinnest]
    u[thinnest] += 1
    u /= sqrt(u[0] * u[0] + u[1] * u[1] + u[2] * u[2])
    v = np.array([y * u[2] - x * u[1], x * u[0] - z * u[2], z * u[1] - y * u[0]])
    n, n_edges = len(corners), len(ends)
    places, low, high = np.empty((2, n)), np.inf, -np.inf
    for i in range(n):
        height = corners[i, 0] * z + corners[i, 1] * y + corners[i, 2] * x
        low, high = min(low, height), max(high, height)
        places[0, i] = corners[i, 0] * u[0] + corners[i, 1] * u[1] + corners[i, 2] * u[2]
        places[1, i] = corners[i, 0] * v[0] + corners[i, 1] * v[1] + corners[i, 2] * v[2]
    seen = np.empty(len(normals), dtype=np.bool_)
    for face in range(len(normals)):
        seen[face] = normals[face, 0] * z + normals[face, 1] * y + normals[face, 2] * x > 0
    on_outline = np.zeros(n, dtype=np.bool_)
    for edge in range(n_edges):
        if seen[sides[edge, 0]] != seen[sides[edge, 1]]:
            on_outline[ends[edge, 0]] = on_outline[ends[edge, 1]] = True
    outline = places[:, on_outline]
    smallest = np.inf
    best_u, best_v = 1.0, 0.0
    for edge in range(n_edges):
        a, b = ends[edge]
        if seen[sides[edge, 0]] == seen[sides[edge, 1]]:
            continue
        du, dv = places[0, b] - places[0, a], places[1, b] - places[1, a]
        length = sqrt(du * du + dv * dv)
        whole = sqrt(((corners[b] - corners[a]) ** 2).sum())
        if length <= POINT_LIKE * whole:
            continue
        du, dv = du / length, dv / length
        area = _extent(outline, du, dv) * _extent(outline, -dv, du)
        if area < smallest:
            smallest, best_u, best_v = area, du, dv
    frame[1] = best_u * u + best_v * v
    frame[2] = best_u * v - best_v * u
    return smallest * (high - low)


@kernel
def _extent(places: FloatArray, u: float, v: float) -> float:
    """Return how far points, shape (2, n), reach along a direction."""
    low, high = np.inf, -np.inf
    for i in range(places.shape[1]):
        along = places[0, i] * u + places[1, i] * v
        low, high = min(low, along), max(high, along)
    return high - low
