"""The outline of a mask as a smooth closed curve, at a scale that goes with the size of the lesion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.kernels import kernel

#: Points of a contour, at equal distances along it.
POINTS = 512
#: The harmonic along a contour whose phase says where its points begin. A mask on a grid of pixels has no
#: other rotations into itself than quarter turns, which leave this phase as it is.
HARMONIC = 4
#: Standard deviation of the Gaussian along the contour: of the radius; at least, in pixels; at most, of
#: the length of the contour.
SMOOTH, SMOOTH_PIXELS, SMOOTH_LENGTH = 0.05, 1.0, 1 / 12


@dataclass(frozen=True, eq=False)
class Contour:
    """A closed curve round a lesion.

    Attributes
    ----------
    points
        Shape (POINTS, 2): (depth, width) in mm from the centre of the image's first pixel, at equal
        distances along the curve, which turns right on the screen. Where they lie goes with the lesion
        when it is turned by right angles or mirrored.
    radius_mm
        Radius of the disc with the area inside the outline of the pixels, holes filled.
    """

    points: FloatArray
    radius_mm: float

    @cached_property
    def length_mm(self) -> float:
        """Length of the curve."""
        return float(np.linalg.norm(self.points - np.roll(self.points, 1, axis=0), axis=1).sum())

    @cached_property
    def _moments(self) -> tuple[float, FloatArray, FloatArray]:
        """Area, centroid and covariance of what lies inside, by Green's theorem."""
        origin = self.points.mean(axis=0)
        y, x = (self.points - origin).T
        v, u = np.roll(y, -1), np.roll(x, -1)
        cross = x * v - u * y
        area = cross.sum() / 2
        mean = np.array([(cross * (y + v)).sum(), (cross * (x + u)).sum()]) / (6 * area)
        yy, xx = (cross * (y * y + y * v + v * v)).sum(), (cross * (x * x + x * u + u * u)).sum()
        yx = (cross * (y * u + 2 * y * x + 2 * v * u + v * x)).sum() / 2
        second = np.array([[yy, yx], [yx, xx]]) / (12 * area)
        return float(area), mean + origin, second - np.outer(mean, mean)

    @property
    def area_mm2(self) -> float:
        """Area inside the curve."""
        return self._moments[0]

    @property
    def centroid(self) -> FloatArray:
        """Centre of mass (depth, width) of what lies inside the curve, mm."""
        return self._moments[1]

    @cached_property
    def ellipse(self) -> tuple[float, float, FloatArray]:
        """Half axes (mm, the longer first) of the ellipse with the same covariance; the long direction."""
        variances, directions = np.linalg.eigh(self._moments[2])
        minor, major = 2 * np.sqrt(np.maximum(variances, 0))
        return float(major), float(minor), directions[:, 1]

    @cached_property
    def hull(self) -> NDArray[np.int64]:
        """Which points are corners of the convex hull, in the order of the curve."""
        order = np.lexsort(self.points.T)
        return np.sort(hull_corners(self.points, order.astype(np.int64)))

    def elliptic_squares(self, depths_mm: FloatArray, widths_mm: FloatArray) -> FloatArray:
        """Return the squared distance of places from the centroid: 1 on the ellipse; arrays are broadcast."""
        major, minor, (dy, dx) = self.ellipse
        y, x = depths_mm - self.centroid[0], widths_mm - self.centroid[1]
        along, across = y * (dy / major) + x * (dx / major), x * (dy / minor) - y * (dx / minor)
        along *= along
        across *= across
        along += across
        return along

    def box_of_ellipse(self, spacing_mm: tuple[float, float]) -> tuple[int, int, int, int]:
        """Return the rows and columns of pixels that hold the ellipse, also beyond the image."""
        major, minor, (dy, dx) = self.ellipse
        halves = np.hypot((major * dy, major * dx), (minor * dx, minor * dy))
        first = np.floor((self.centroid - halves) / spacing_mm).astype(int)
        last = np.ceil((self.centroid + halves) / spacing_mm).astype(int)
        return int(first[0]), int(last[0]) + 1, int(first[1]), int(last[1]) + 1

    def elliptic_squares_in(
        self, box: tuple[int, int, int, int], spacing_mm: tuple[float, float]
    ) -> FloatArray:
        """Return the same for the pixels from a first row to before the last one, and so for columns."""
        top, bottom, left, right = box
        depths_mm = np.arange(top, bottom, dtype=np.float64)[:, np.newaxis] * spacing_mm[0]
        return self.elliptic_squares(depths_mm, np.arange(left, right, dtype=np.float64) * spacing_mm[1])


def contour_of(
    mask: NDArray[np.bool_], spacing_mm: tuple[float, float], first: tuple[int, int] = (0, 0)
) -> Contour:
    """Return the outline of the part of a mask that encloses most; parts may be joined by corners.

    The path through the middles of the pixels' edges is smoothed with a Gaussian along its length, of 1/20
    of the radius: this takes the steps of the grid away, and leaves what is as large as a spicule. `first`
    is where the first pixel of the mask lies in the image.
    """
    middles, pixels = outer_path(np.pad(mask, 1))
    spacing = np.array(spacing_mm)
    radius = sqrt(pixels * spacing.prod() / pi)
    path = evenly((middles + first - 1) * spacing)
    length = np.linalg.norm(path - np.roll(path, 1, axis=0), axis=1).sum()
    width = min(max(SMOOTH * radius, SMOOTH_PIXELS * sqrt(spacing.prod())), SMOOTH_LENGTH * length)
    curve = path[:, 0] + 1j * path[:, 1]
    waves = np.fft.fftfreq(POINTS, d=1 / POINTS) * (2 * pi * width / length)
    smooth = np.fft.ifft(np.fft.fft(curve) * np.exp(-(waves**2) / 2))
    return Contour(evenly(np.stack([smooth.real, smooth.imag], axis=1)), radius)


def evenly(path: FloatArray) -> FloatArray:
    """Return POINTS points at equal distances along a closed path, shape (n, 2).

    The first of them follows from the path alone, not from where it begins or in which direction it runs.
    """
    closed = np.concatenate([path, path[:1]])
    pieces = np.hypot(*np.diff(closed, axis=0).T)
    along = np.concatenate([[0], np.cumsum(pieces)])
    length = along[-1]
    first = _phase(path, along[:-1] / length, pieces / length) * length
    places = (first + np.arange(POINTS) * (length / POINTS)) % length
    return np.stack([np.interp(places, along, closed[:, axis]) for axis in (0, 1)], axis=1)


def _phase(path: FloatArray, places: FloatArray, pieces: FloatArray) -> float:
    """Return where along a closed path, in parts of its length, its distance from the centroid has phase 0.

    That is of its fourth harmonic: a place in the first quarter, as good as those in the others.
    """
    weights = (pieces + np.roll(pieces, 1)) / 2  # a vertex stands for half of the pieces on both sides
    distances = np.hypot(*(path - weights @ path).T)
    wave = (weights * distances) @ np.exp(2j * pi * HARMONIC * places)
    return float(np.angle(wave) / (2 * pi * HARMONIC)) % (1 / HARMONIC)


@kernel
def outer_path(padded: NDArray[np.bool_]) -> tuple[FloatArray, int]:
    """Follow the edges round the part of a mask, with empty borders, that encloses most pixels.

    Returns
    -------
    The middles (row, column) of the edges in order, shape (n, 2), and the number of pixels inside.
    """
    rows, columns = padded.shape
    seen = np.zeros((rows, columns), dtype=np.bool_)  # upper edges that were passed
    nowhere = np.empty((0, 2))
    most, start_row, start_column, count = 0, 0, 0, 0
    for row in range(1, rows):
        for column in range(1, columns):
            if padded[row, column] and not padded[row - 1, column] and not seen[row, column]:
                inside, edges = follow(padded, row, column, seen, nowhere)
                if inside > most:
                    most, start_row, start_column, count = inside, row, column, edges
    middles = np.empty((count, 2))
    follow(padded, start_row, start_column, seen, middles)
    return middles, most


@kernel
def follow(
    padded: NDArray[np.bool_], row: int, column: int, seen: NDArray[np.bool_], middles: FloatArray
) -> tuple[int, int]:
    """Go round once from the upper edge of a pixel, the mask on the right; fill in middles where asked.

    Returns
    -------
    The number of pixels inside (negative round a hole), and of edges.
    """
    y, x, dy, dx = row, column, 0, 1  # a corner of pixels, the upper left one of (y, x)
    inside = edges = 0
    while True:
        if edges < len(middles):
            middles[edges, 0], middles[edges, 1] = y + dy / 2 - 0.5, x + dx / 2 - 0.5
        edges += 1
        inside -= y * dx
        if dx == 1:
            seen[y, x] = True
        y, x = y + dy, x + dx
        north, west = dy == -1, dx == -1
        left = padded[y - (dx == 1 or north), x - (west or north)]  # of the two pixels ahead
        right = padded[y - (west or north), x - (west or dy == 1)]
        if left:
            dy, dx = -dx, dy
        elif not right:
            dy, dx = dx, -dy
        if y == row and x == column and dy == 0 and dx == 1:
            return inside, edges


@kernel
def hull_corners(points: FloatArray, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which points are corners of the convex hull; `order` sorts them by a coordinate, then the other.

    Source: the monotone chain of Andrew, Information Processing Letters 9 (1979) 216.
    """
    n = len(order)
    corners = np.empty(2 * n + 1, dtype=np.int64)
    count = floor = 0
    for step in range(2 * n - 1):  # there along one side, and back along the other
        point = order[step] if step < n else order[2 * n - 2 - step]
        floor = count - 1 if step == n else floor
        while count - floor >= 2:
            a, b = points[corners[count - 2]], points[corners[count - 1]]
            c = points[point]
            if (b[1] - a[1]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[1] - a[1]) > 0:
                break
            count -= 1
        corners[count] = point
        count += 1
    return corners[: count - 1].copy()
