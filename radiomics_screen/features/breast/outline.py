"""Orientation and shape of a mass, from its outline."""

from __future__ import annotations

from math import atan2, degrees, pi, sqrt

import numpy as np

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.features.breast.contour import POINTS, Contour
from radiomics_screen.features.picture.plane import Plane

FEATURES = (
    *("DepthToWidth", "LongAxisAngle"),
    *("RadialMean", "RadialSD", "RadialEntropy", "RadialAreaRatio", "RadialZeroCrossings", "RadialRoughness"),
    *("FractalDimension", "LobeCount", "IndentationCount", "DeepestIndentation", "CornerCount"),
    *("Solidity", "EllipseOverlap", "EllipticNormalizedCircumference"),
)

#: Bins of the histogram of normalised radial lengths.
BINS = 20
#: A radial length crosses the mean where it comes from so far on one side to so far on the other.
CROSSING = 0.02
#: Contour points that the rulers of the fractal dimension span.
RULERS = (8, 16, 32, 64)
#: What stands out or in less than this part of the radius is no lobe and no indentation.
SUBSTANTIAL = 0.05
#: Squared elliptic radius of what lies in the ellipse; rounding leaves no pixel on it out.
WITHIN = 1 + 1e-9
#: The direction of the outline is compared over this part of the radius, on both sides of a point.
CORNER_ARC = 0.2
#: A corner turns by at least this much; between two corners there is less than the second (degrees).
CORNER_TURN = (60.0, 45.0)


def outline_values(plane: Plane, contour: Contour, elliptic: FloatArray) -> tuple[float, ...]:
    """Measure how a mass lies, and how its outline runs; `elliptic` are squared elliptic radii in its box.

    Source: radial lengths: Kilday, Palmieri and Fox, IEEE Trans. Medical Imaging 12 (1993) 664, on
    ultrasound Chou et al., Ultrasound in Medicine and Biology 27 (2001) 1493; ruler dimension: Rangayyan
    and Nguyen, J. Digital Imaging 20 (2007) 223; ellipse, protuberances and depressions: Chen et al.,
    Radiology 226 (2003) 504; depth to width, lobes and corners: Shen et al., Academic Radiology 14 (2007)
    928, who count them round the largest circle inside.
    """
    top, bottom, left, right = plane.box
    depth_mm, width_mm = ((bottom - top) * plane.spacing_mm[0], (right - left) * plane.spacing_mm[1])
    dy, dx = contour.ellipse[2]
    return (
        depth_mm / width_mm,
        degrees(atan2(abs(dy), abs(dx))),
        *_radial(contour),
        _ruler_dimension(contour.points),
        lobes(_off_ellipse(contour)),
        *_against_hull(contour),
        _corners(contour),
        _solidity(contour),
        *_against_ellipse(plane, contour, elliptic),
    )


def _radial(contour: Contour) -> tuple[float, ...]:
    """Describe the distances from the centroid, divided by the largest."""
    lengths = np.hypot(*(contour.points - contour.centroid).T)
    lengths /= lengths.max()
    mean = lengths.mean()
    counts = np.bincount(np.minimum((lengths * BINS).astype(np.int64), BINS - 1))
    parts = counts[counts > 0] / POINTS
    return (
        mean,
        lengths.std(),
        max(0.0, -(parts * np.log2(parts)).sum()),
        np.maximum(lengths - mean, 0).mean() / mean,
        2 * excursions(lengths, mean + CROSSING, mean - CROSSING),
        np.abs(lengths - np.roll(lengths, 1)).sum(),
    )


def excursions(values: FloatArray, high: float, low: float) -> int:
    """Count how often a closed curve of values rises from at most `low` to at least `high`."""
    far = (values >= high).astype(np.int8) - (values <= low)
    far = far[far != 0]
    return int(np.count_nonzero((far > 0) & (np.roll(far, 1) < 0)))


def lobes(heights: FloatArray, least: float = SUBSTANTIAL) -> int:
    """Count the maxima of a closed curve of values that rise by `least` from the minima on both sides."""
    turned = np.roll(heights, -int(heights.argmin())).tolist()
    count, rising, extreme = 0, True, turned[0]
    for height in [*turned, turned[0]]:
        if rising:
            if height > extreme:
                extreme = height
            elif height <= extreme - least:
                count, rising, extreme = count + 1, False, height
        elif height < extreme:
            extreme = height
        elif height >= extreme + least:
            rising, extreme = True, height
    return count


def _ruler_dimension(points: FloatArray) -> float:
    """Return 1 minus the slope of log length against log ruler; rulers are laid from every point."""
    lengths = [np.hypot(*(np.roll(points, -n, axis=0) - points).T).sum() / n for n in RULERS]
    rulers = np.log(RULERS) - np.mean(np.log(RULERS))
    return float(1 - rulers @ np.log(lengths) / (rulers @ rulers))


def _off_ellipse(contour: Contour) -> FloatArray:
    """Return how far each point lies outside the ellipse along the line from the centroid, in radii."""
    distance = np.hypot(*(contour.points - contour.centroid).T)
    elliptic = np.sqrt(contour.elliptic_squares(*contour.points.T))
    off: FloatArray = distance * (1 - 1 / elliptic) / contour.radius_mm
    return off


def _against_hull(contour: Contour) -> tuple[float, float]:
    """Return how many indentations are deep, and how deep the deepest is, in radii."""
    points, corners = contour.points, contour.hull
    before = np.searchsorted(corners, np.arange(POINTS), side="right") - 1
    start, end = points[corners[before]], points[corners[(before + 1) % len(corners)]]
    chord, offset = end - start, points - start
    depth = np.abs(chord[:, 1] * offset[:, 0] - chord[:, 0] * offset[:, 1]) / np.hypot(*chord.T)
    deepest = np.zeros(len(corners))
    np.maximum.at(deepest, before, depth / contour.radius_mm)
    return float(np.count_nonzero(deepest >= SUBSTANTIAL)), float(deepest.max())


def _corners(contour: Contour) -> int:
    """Count the places where the outline turns sharply to the inside."""
    span = max(1, round(CORNER_ARC * contour.radius_mm / contour.length_mm * POINTS))
    there = contour.points - np.roll(contour.points, span, axis=0)
    onward = np.roll(there, -span, axis=0)
    cross = there[:, 1] * onward[:, 0] - there[:, 0] * onward[:, 1]
    turn = np.degrees(np.arctan2(cross, (there * onward).sum(axis=1)))
    return excursions(turn, *CORNER_TURN)


def _solidity(contour: Contour) -> float:
    y, x = contour.points[contour.hull].T
    hull_mm2 = abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2
    return contour.area_mm2 / hull_mm2


def _against_ellipse(plane: Plane, contour: Contour, elliptic: FloatArray) -> tuple[float, float]:
    """Return what the lesion and its ellipse have in common, and the length of its outline in ellipses."""
    major, minor, _ = contour.ellipse
    whole = contour.elliptic_squares_in(contour.box_of_ellipse(plane.spacing_mm), plane.spacing_mm)
    of_ellipse = np.count_nonzero(whole <= WITHIN)
    common = np.count_nonzero(plane.boxed & (elliptic <= WITHIN))
    flat = ((major - minor) / (major + minor)) ** 2
    girth = pi * (major + minor) * (1 + 3 * flat / (10 + sqrt(4 - 3 * flat)))  # Ramanujan's
    return common / (np.count_nonzero(plane.boxed) + of_ellipse - common), contour.length_mm / girth
