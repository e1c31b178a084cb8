"""Points spread evenly over a sphere, and spherical harmonics at them."""

from __future__ import annotations

import cmath
import math
from itertools import combinations

import numpy as np
from numpy.typing import NDArray


def icosphere(subdivisions: int, radius: float) -> NDArray[np.float64]:
    """Return the corners of an icosahedron whose triangles were divided into four, shape (n, 3).

    The corners are those of trimesh, in its order, to the last bit: later sums depend on both.

    Parameters
    ----------
    subdivisions
        How often each triangle is divided: 12, 42, 162, 642, 2562 corners for 0 to 4.
    radius
        Distance of every corner from the origin.
    """
    golden = (1 + np.sqrt(5)) / 2
    length = np.sqrt(1 + golden**2)
    short, long = 1 / length, golden / length
    rectangle = np.array([[-short, long, 0], [short, long, 0], [-short, -long, 0], [short, -long, 0]])
    corners = np.concatenate([np.roll(rectangle, turn, axis=1) for turn in range(3)])
    edge = 2 * short
    faces = np.array(
        [
            face
            for face in combinations(range(12), 3)
            if all(np.linalg.norm(corners[a] - corners[b]) < 1.1 * edge for a, b in combinations(face, 2))
        ]
    )
    for _ in range(subdivisions):
        corners, faces = _divided(corners, faces)
        corners = _at_radius(corners, radius)
    return corners if subdivisions else _at_radius(corners, radius)


def _divided(
    corners: NDArray[np.float64], faces: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Divide each triangle into four by the middles of its edges."""
    count = len(corners)
    edges = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]], axis=2).reshape(-1, 2)
    keys, middle_of = np.unique(edges[:, 1] * count + edges[:, 0], return_inverse=True)
    middles = (corners[keys % count] + corners[keys // count]) / 2
    a, b, c = faces.T
    ab, bc, ca = middle_of.reshape(-1, 3).T + count
    parts = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    return np.concatenate([corners, middles]), np.concatenate([np.stack(part, axis=1) for part in parts])


def _at_radius(points: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    lengths = np.sqrt(np.dot(points**2, np.ones(3)))[:, None]
    return points + points / lengths * (radius - lengths)


def harmonics(
    degree: int, polar: NDArray[np.float64], azimuth: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Return the orthonormal spherical harmonics of orders -degree to degree, shape (2 degree + 1, n).

    The polar angle may be negative; its cosine alone counts. Condon-Shortley phase included. The
    values are those of scipy.special.sph_harm, which newer SciPy does not have, to the last bit:
    hence its order of factors, and one cosine and exponential at a time (NumPy's may differ by a bit).

    Source: NIST Digital Library of Mathematical Functions, 14.30.1.
    """
    from scipy.special import lpmv, poch  # takes a while to import, and few parameter files need it

    cosines = np.array([math.cos(angle) for angle in polar])
    rows = []
    for order in range(-degree, degree + 1):
        size = abs(order)
        legendre = lpmv(size, degree, cosines)
        if order < 0:
            legendre *= (-1) ** size * poch(degree + size + 1, -2 * size)
        scale = math.sqrt((2 * degree + 1) * poch(degree + order + 1, -2 * order) / 4 / math.pi)
        rows.append(legendre * scale * np.array([cmath.exp(1j * order * angle) for angle in azimuth]))
    return np.stack(rows)
