"""A control of burned-in marks: calipers and a number, drawn as a scanner draws them."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.imaging.roi import Roi, spacing_of
from radiomics_screen.imaging.volume import to_volume
from radiomics_screen.perturbation.registry import Altered, Part, alteration
from radiomics_screen.perturbation.voxels import with_values

Places = NDArray[np.float64]
Ends = NDArray[np.intp]
Plane = NDArray[np.bool_]

_LEAST_ARM = 2  # pixels from the middle of a caliper to its end
_GLYPH = (5, 3)  # rows and columns of a character
#: Lines of each character from the top, each a binary number of three digits.
_LINES = {
    "0": (7, 5, 5, 5, 7), "1": (2, 6, 2, 2, 7), "2": (7, 1, 7, 4, 7), "3": (7, 1, 7, 1, 7),
    "4": (5, 5, 7, 1, 1), "5": (7, 4, 7, 1, 7), "6": (7, 4, 7, 5, 7), "7": (7, 1, 1, 1, 1),
    "8": (7, 5, 7, 5, 7), "9": (7, 5, 7, 1, 7), ".": (0, 0, 0, 0, 2),
}  # fmt: skip


@alteration("marks")
def marks(image: sitk.Image, roi: Roi, random: np.random.Generator, *, size: Part = 0.015) -> Altered:
    """Draw calipers at the ends of the lesion's two diameters, and its length below it; the mask stays.

    As many ultrasound scanners burn them in: a cross on each end of the longest diameter and of the
    lesion's extent across it, so half of it inside, and a number, all as bright as the brightest voxel of
    the image. Of a
    volume it is the slice in which the lesion has its largest area. Nothing is left to chance.

    Parameters
    ----------
    size
        Length of a caliper's arm, as a part of the shorter side of the image.
    """
    values = np.array(to_volume(image).array)
    z = roi.box[0].start + int(np.argmax(roi.solid.sum(axis=(1, 2))))
    plane = np.zeros(values.shape[1:], dtype=bool)
    plane[roi.box[1], roi.box[2]] = roi.solid[z - roi.box[0].start]
    arm = max(_LEAST_ARM, round(size * min(plane.shape)))
    ends, length = _diameters(plane, spacing_of(roi.grid)[1:])
    drawn = _calipers(plane, ends, arm) | _number(plane, f"{length:.1f}", max(1, arm // 3), arm)
    values[z][drawn] = values.max()
    return with_values(image, values), roi


def _diameters(plane: Plane, spacing_mm: tuple[float, ...]) -> tuple[Ends, float]:
    """Return the ends of the longest diameter and of the extent across it, and its length.

    Ends are rows and columns, shape (4, 2); the length is in mm, in pixels where these are not known.
    """
    inner = plane.copy()
    inner[1:-1, 1:-1] &= ~(plane[:-2, 1:-1] & plane[2:, 1:-1] & plane[1:-1, :-2] & plane[1:-1, 2:])
    edge = np.argwhere(inner)  # what has a neighbour outside, or lies at the end of the image
    places = edge * np.array(spacing_mm)
    first, second = _farthest(places)
    along = places[second] - places[first]
    across = places @ np.array([-along[1], along[0]])
    ends = edge[[first, second, int(across.argmin()), int(across.argmax())]]
    return ends, float(np.hypot(*along))


def _farthest(places: Places) -> tuple[int, int]:
    """Return which two places lie farthest apart, among those that are extreme in 180 directions."""
    angles = np.pi * np.arange(180) / 180
    along = places @ np.stack([np.cos(angles), np.sin(angles)])
    extreme = np.unique(np.concatenate([along.argmin(axis=0), along.argmax(axis=0)]))
    apart = np.hypot(*(places[extreme][:, np.newaxis] - places[extreme]).T)
    first, second = np.unravel_index(int(apart.argmax()), apart.shape)
    return int(extreme[first]), int(extreme[second])


def _calipers(plane: Plane, ends: Ends, arm: int) -> Plane:
    """Return a cross on each end."""
    drawn = np.zeros_like(plane)
    thick = arm // 6
    for row, column in ends:
        _draw(drawn, row - thick, row + thick + 1, column - arm, column + arm + 1)
        _draw(drawn, row - arm, row + arm + 1, column - thick, column + thick + 1)
    return drawn


def _number(plane: Plane, text: str, scale: int, gap: int) -> Plane:
    """Return a number below the lesion, or as far below as the image goes."""
    rows, columns = np.nonzero(plane)
    height = _GLYPH[0] * scale
    top = min(int(rows.max()) + 1 + 3 * gap, plane.shape[0] - height)
    left = int(columns.min())
    drawn = np.zeros_like(plane)
    for at, character in enumerate(text):
        for line, bits in enumerate(_LINES[character]):
            for bit in range(_GLYPH[1]):
                if bits >> (_GLYPH[1] - 1 - bit) & 1:
                    row, column = top + line * scale, left + (at * (_GLYPH[1] + 1) + bit) * scale
                    _draw(drawn, row, row + scale, column, column + scale)
    return drawn


def _draw(drawn: Plane, top: int, bottom: int, left: int, right: int) -> None:
    """Set a rectangle, as far as the plane goes."""
    drawn[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = True
