"""Blobs: bright and dark places of a size of their own, as extrema of differences of Gaussians."""

from __future__ import annotations

from math import nan, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.features.picture.plane import Mask

OF_A_SIGN = ("Density", "StrengthMean", "StrengthMaximum", "RadiusMean", "AreaFraction", "InnerFraction")
FEATURES = (*(f"{sign}Blob{what}" for sign in ("Bright", "Dark") for what in OF_A_SIGN), "BlobBalance")

#: Standard deviations of the Gaussians, pixels: each 1.6 times the one before (Lowe 2004).
STEP = 1.6
SIGMAS = tuple(1.5 * STEP**n for n in range(5))


#: A blob is at most so many times as long as it is wide: what is longer is a line or an edge (Lowe 2004).
LONGEST = 10.0


def blob_values(picture: FloatArray, mask: Mask, inner: Mask, threshold: float) -> tuple[float, ...]:
    """Describe the bright, then the dark blobs in a mask, whose inner half is given too.

    A blob is a pixel and scale whose difference of Gaussians, divided by STEP - 1 (so that it approximates
    the scale-normalised Laplacian), is larger than `threshold` and no smaller than any of its 26 neighbours'
    in place and scale, and that is curved to both sides, along no direction LONGEST times more than
    along another. Its radius is sqrt(2) times the narrower Gaussian's standard deviation.

    Source: Lowe, International Journal of Computer Vision 60 (2004) 91; Lindeberg, the same 30 (1998) 79.
    """
    cube = differences(picture)
    bright, dark = (_found(sign * cube, mask, threshold) for sign in (1.0, -1.0))
    both = len(bright[1]) + len(dark[1])
    balance = (len(bright[1]) - len(dark[1])) / both if both else 0.0
    return *_of_sign(*bright, mask, inner), *_of_sign(*dark, mask, inner), balance


def differences(picture: FloatArray) -> FloatArray:
    """Return the differences of Gaussians, bright blobs positive: (rows, columns, scales)."""
    from scipy.ndimage import gaussian_filter

    smooth = np.stack([gaussian_filter(picture, sigma, mode="reflect") for sigma in SIGMAS], axis=-1)
    return np.asarray((smooth[..., :-1] - smooth[..., 1:]) / (STEP - 1), dtype=np.float64)


def _found(cube: FloatArray, mask: Mask, threshold: float) -> tuple[NDArray[np.int64], FloatArray]:
    """Return (row, column, scale) of the blobs in a mask, and their strengths."""
    from skimage.feature import peak_local_max

    places = peak_local_max(cube, threshold_abs=threshold, exclude_border=False, footprint=np.ones((3, 3, 3)))
    places = places[mask[places[:, 0], places[:, 1]]].astype(np.int64)
    places = places[compact(cube, places)]
    return places, cube[tuple(places.T)]


def compact(cube: FloatArray, places: NDArray[np.int64]) -> Mask:
    """Tell which extrema, none of them at the border, are no lines: of similar curvature all round."""
    row, column, scale = places.T

    def near(down: int, right: int) -> FloatArray:
        return np.asarray(cube[row + down, column + right, scale])

    yy = near(1, 0) - 2 * near(0, 0) + near(-1, 0)
    xx = near(0, 1) - 2 * near(0, 0) + near(0, -1)
    xy = (near(1, 1) - near(1, -1) - near(-1, 1) + near(-1, -1)) / 4
    return np.asarray((yy + xx) ** 2 < (LONGEST + 1) ** 2 / LONGEST * (yy * xx - xy**2))


def _of_sign(
    places: NDArray[np.int64], strengths: FloatArray, mask: Mask, inner: Mask
) -> tuple[float, float, float, float, float, float]:
    area = np.count_nonzero(mask)
    if not len(places):
        return 0.0, nan, 0.0, nan, 0.0, nan
    radii = sqrt(2) * np.take(SIGMAS, places[:, 2])
    return (
        1000 * len(places) / area,
        float(strengths.mean()),
        float(strengths.max()),
        float(radii.mean()) / sqrt(area / pi),
        covered(places, radii, mask),
        float(inner[places[:, 0], places[:, 1]].mean()),
    )


def covered(places: NDArray[np.int64], radii: FloatArray, mask: Mask) -> float:
    """Return the part of a mask that lies within the discs of blobs."""
    rows, columns = np.nonzero(mask)
    inside = np.zeros(len(rows), dtype=np.bool_)
    for (row, column, _), radius in zip(places, radii, strict=True):
        inside |= (rows - row) ** 2 + (columns - column) ** 2 <= radius**2
    return float(inside.mean())
