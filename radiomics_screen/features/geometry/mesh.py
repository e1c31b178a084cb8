"""Surface of a binary mask: marching cubes at the level one half, without making the mesh.

A cube of eight neighbouring voxel centres can be occupied in 256 ways, and each way always adds
the same triangles. So it is enough to count, for each way, its cubes and the sum of their
positions: area and volume follow from these whole numbers, exactly and in one pass.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.kernels import kernel

#: Corners of a cube, in the order of the bits of its way: offsets (z, y, x).
CORNERS = ((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0))

#: The twelve edges of a cube as pairs of corners, and their middles: offsets (z, y, x).
EDGES = ((0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7))
#: The faces of a cube: their corners in order, seen from outside all the same way round.
FACES = ((0, 1, 2, 3), (7, 6, 5, 4), (0, 4, 5, 1), (1, 5, 6, 2), (2, 6, 7, 3), (3, 7, 4, 0))
EDGE_MIDDLES = np.array(CORNERS, dtype=float)[np.array(EDGES)].mean(axis=1)

#: Triangles of the ways 0 ... 127, each corner of a triangle the hexadecimal number of an edge; the
#: other 128 ways are their complements and have the same triangles. The marching-cubes table of
#: Lorensen and Cline (Computer Graphics 21 (1987) 163) as published by P. Bourke.
_TRIANGLE_TABLE = """
    - 083 190 183198 12a 08312a 92a029 2832a8a98 b23 b2008b 190b23 b2119b98b 3a1ba3 a1008a8ba 9033b9ba9
    98aba8 478 043473 190478 194147173 12a478 34730412a 92a902478 2a9297273479 478b23 b47b24204
    190478b23 47b94bb29192 3a1ba3478 ba114b10447b 4789033b9ba9 47b4b99ba 954 954083 054015 854835315
    12a954 08312a954 2a5542240 2a5325354834 954b23 b2008b954 054015b23 215258b28548 3a1ba3954
    549a1008a8ba 54050ba5bb03 548a58ba8 789579 309539357 780017715 157173 78957912a 12a309395357
    0288258572a5 2a5253357 579789b23 579972209b27 b23018178157 21b17b157 7895793a1ba3 5705097b0a10ba0
    ba003ba50078570 ba557b 65a 08365a 19065a 18319865a 165126 165126083 965906026 598582526832 b2365a
    b2008b65a 190b2365a b2119b98b65a 63b653513 08b0b50515b6 63b036065059 65969bb98 47865a 04347365a
    19047865a 19414717365a 478165126 043473165126 478965906026 739479329596269 b2347865a b47b2420465a
    190b2347865a 47b94bb2919265a 47863b653513 51b5b610b47b04b 47863b036065059 65969b4797b9 a4964a
    a4964a083 01aa60640 18316886461a 149124264 149124264083 024426 832824426 b23a4964a b2008ba4964a
    b2301aa60640 64161a148b2118b 964369139b63 18b081b61149641 63b036640 86468b 67a78a89a 67a0a709a073
    67a1a7178018 67a1a7173 126168189678 269129679309739 078706602 273267 b2367a78a89a 207b2709767a9a7
    67a1a7178018b23 b2117ba61167 896678169b63136 09167b 07870603bb60 67b
"""
TRIANGLES = tuple("" if word == "-" else word for word in _TRIANGLE_TABLE.split())


def surface_of(
    mask: NDArray[np.bool_], spacing_mm: tuple[float, float, float], *, closed: bool = False
) -> tuple[float, float]:
    """Return the area (mm2) of the surface round the true voxels, and the volume (mm3) inside it.

    The table has cracks where voxels touch at edges only: in the faces between two cubes of which two
    opposite corners are inside, complements do not fit each other. With `closed` the surface has none: in
    such faces it keeps the two corners apart, and a ring of edges is filled from its middle, so that area
    and volume do not depend on how the mask is turned.

    Source: marching cubes at 0.5 with vertices in the middle of the edges: IBSI C0JK and RNU0.
    """
    moments = cube_moments(np.pad(mask, 1))
    areas, volumes, normals = _measures_of_ways(spacing_mm, closed)
    counts, places = moments[:, 0], moments[:, 1:] * np.array(spacing_mm)
    return float(counts @ areas), float(counts @ volumes + (places * normals).sum())


@lru_cache(maxsize=64)
def _measures_of_ways(
    spacing_mm: tuple[float, float, float], closed: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return what a cube of each way adds to area and volume; the latter has a part for its place.

    Shapes (256,), (256,) and (256, 3): the volume of a cube at `place` is volume + place @ normal.
    """
    areas, volumes, normals = np.zeros(256), np.zeros(256), np.zeros((256, 3))
    for way in range(256):
        sign, word = (1, TRIANGLES[way]) if way < 128 else (-1, TRIANGLES[255 - way])
        corners = EDGE_MIDDLES[[int(c, 16) for c in word]].reshape(-1, 3, 3)
        if closed and _has_split_face(way):
            sign, corners = 1, _closed_triangles(way)
        corners = corners * spacing_mm
        a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
        areas[way] = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
        volumes[way] = sign * (np.cross(a, b) * c).sum() / 6
        normals[way] = sign * (np.cross(a, b) + np.cross(b, c) + np.cross(c, a)).sum(axis=0) / 6
    return areas, volumes, normals


def _inside(way: int, corner: int) -> bool:
    return bool(way >> corner & 1)


def _has_split_face(way: int) -> bool:
    """Tell whether of the corners of some face two opposite ones are inside, and two outside."""
    return any(
        _inside(way, a) == _inside(way, c) != _inside(way, b) == _inside(way, d) for a, b, c, d in FACES
    )


def _closed_triangles(way: int) -> NDArray[np.float64]:
    """Return triangles of a way that fit those of every neighbour, (n, 3, 3), turned as in the table.

    Round each face, the surface leaves through an edge towards the inside, and comes back through the next
    one: of a split face, each of the corners inside is cut off by itself.
    """
    following: dict[int, int] = {}
    for face in FACES:
        ring = [(face[k], face[(k + 1) % 4]) for k in range(4)]
        crossed = [_inside(way, a) != _inside(way, b) for a, b in ring]
        for k, (a, _) in enumerate(ring):
            if crossed[k] and not _inside(way, a):  # going in here: it comes out at the next crossing
                out = next(m % 4 for m in range(k + 1, k + 4) if crossed[m % 4])
                following[_edge(*ring[k])] = _edge(*ring[out])
    triangles = []
    while following:
        first, edge = next(iter(following.items()))
        ring_of_edges = [first]
        del following[first]
        while edge != first:
            ring_of_edges.append(edge)
            edge = following.pop(edge)
        places = EDGE_MIDDLES[ring_of_edges]
        middle = places.mean(axis=0)
        triangles += [(middle, places[k - 1], places[k]) for k in range(len(places))]
    return np.array(triangles)


def _edge(a: int, b: int) -> int:
    return EDGES.index((a, b)) if (a, b) in EDGES else EDGES.index((b, a))


@kernel
def cube_moments(padded: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return (256, 4): number of cubes of each way, and the sums of their z, y and x."""
    moments = np.zeros((256, 4), dtype=np.int64)
    nz, ny, nx = padded.shape
    for z in range(nz - 1):
        for y in range(ny - 1):
            left = _column(padded, z, y, 0)  # the four corners at x, as bits 0, 3, 4, 7
            for x in range(nx - 1):
                right = _column(padded, z, y, x + 1)
                # the same corners one step on are the bits 1, 2, 5, 6
                way = left | (right & 1) << 1 | (right & 8) >> 1 | (right & 16) << 1 | (right & 128) >> 1
                if 0 < way < 255:
                    moments[way, 0] += 1
                    moments[way, 1] += z
                    moments[way, 2] += y
                    moments[way, 3] += x
                left = right
    return moments


@kernel
def _column(padded: NDArray[np.bool_], z: int, y: int, x: int) -> np.int64:
    return (
        np.int64(padded[z, y, x])
        | np.int64(padded[z, y + 1, x]) << 3
        | np.int64(padded[z + 1, y, x]) << 4
        | np.int64(padded[z + 1, y + 1, x]) << 7
    )


#: Line segments of the sixteen ways to occupy a square of four pixel centres: start and end edge.
SEGMENTS = ("", "30", "01", "31", "12", "1230", "02", "32", "23", "20", "0123", "21", "13", "10", "03", "")
SIDE_MIDDLES = np.array([(0, 0.5), (0.5, 1), (1, 0.5), (0.5, 0)])


def outline_of(mask: NDArray[np.bool_], spacing_mm: tuple[float, float]) -> tuple[float, float]:
    """Return the length (mm) of the outline round the true pixels, and the area (mm2) inside it.

    Marching squares at the level one half; pixels that touch at a corner only are kept apart.
    """
    moments = square_moments(np.pad(mask, 1))
    lengths, areas, normals = _measures_of_squares(spacing_mm)
    counts, places = moments[:, 0], moments[:, 1:] * np.array(spacing_mm)
    return float(counts @ lengths), float(counts @ areas + (places * normals).sum())


@lru_cache(maxsize=64)
def _measures_of_squares(
    spacing_mm: tuple[float, float],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return what a square of each way adds to length and area; see :func:`_measures_of_ways`."""
    lengths, areas, normals = np.zeros(16), np.zeros(16), np.zeros((16, 2))
    for way, word in enumerate(SEGMENTS):
        ends = SIDE_MIDDLES[[int(c) for c in word]].reshape(-1, 2, 2) * spacing_mm
        step = ends[:, 1] - ends[:, 0]
        lengths[way] = np.linalg.norm(step, axis=1).sum()
        areas[way] = (ends[:, 0, 0] * ends[:, 1, 1] - ends[:, 1, 0] * ends[:, 0, 1]).sum() / 2
        normals[way] = np.array([step[:, 1].sum(), -step[:, 0].sum()]) / 2
    return lengths, areas, normals


@kernel
def square_moments(padded: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return (16, 3): number of squares of each way, and the sums of their y and x."""
    moments = np.zeros((16, 3), dtype=np.int64)
    ny, nx = padded.shape
    for y in range(ny - 1):
        left = np.int64(padded[y, 0]) | np.int64(padded[y + 1, 0]) << 3
        for x in range(nx - 1):
            right = np.int64(padded[y, x + 1]) | np.int64(padded[y + 1, x + 1]) << 3
            way = left | (right & 1) << 1 | (right & 8) >> 1
            moments[way, 0] += 1
            moments[way, 1] += y
            moments[way, 2] += x
            left = right
    return moments
