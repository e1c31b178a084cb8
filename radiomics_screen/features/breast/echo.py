"""The echo pattern of a mass: how bright and how even it is, beside what surrounds it."""

from __future__ import annotations

from math import ceil, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.features.breast.contour import Contour
from radiomics_screen.features.breast.straightened import Band, deviation_of, mean_of, ratio
from radiomics_screen.features.picture.plane import Plane

FEATURES = (
    *("EchoRatio", "EchoContrast", "EchoRatioAbove", "EchoSDRatio", "EchoAnechoicFraction"),
    *("EchoZoneHeterogeneity", "EchoRimContrast", "EchoLowerContrast"),
)

#: The ring of surroundings lies so far from the outline, in radii.
RING = (0.05, 0.5)
#: What is darker than this part of the surroundings' mean is taken as free of echoes.
ANECHOIC = 0.2
#: A row or column so near to the centroid, in heights or widths of the box, lies on it.
ON_MIDDLE = 1e-9
#: The core lies within this squared elliptic radius: half the area of an ellipse.
CORE = 0.5


def echo_values(plane: Plane, contour: Contour, band: Band, elliptic: FloatArray) -> tuple[float, ...]:
    """Compare intensities inside with those round and above, and parts of the inside with one another.

    `elliptic` are squared elliptic radii in the lesion's box.

    Source: echogenicity against fat and against the surroundings: Shen et al., Academic Radiology 14 (2007)
    928; contrast to noise: Patterson and Foster, Ultrasonic Imaging 5 (1983) 195; the heterogeneity is the
    correlation ratio (Fisher, Statistical Methods for Research Workers, 1925) of eight zones.
    """
    inside, ring = plane.values, band.pixels_within(*RING)
    mean, deviation = float(inside.mean()), float(inside.std())
    surroundings, variation = mean_of(ring), deviation_of(ring)
    return (
        ratio(mean, surroundings),
        contrast(surroundings - mean, deviation, variation),
        ratio(mean, _above(plane)),
        ratio(deviation, variation),
        nan if np.isnan(surroundings) else float(np.mean(inside < ANECHOIC * surroundings)),
        *_zones(plane, contour, elliptic, deviation),
    )


def contrast(difference: float, first: float, second: float) -> float:
    """Divide a difference of means by the root mean square of two standard deviations; NaN if both are 0."""
    return ratio(difference, sqrt((first**2 + second**2) / 2))


def _above(plane: Plane) -> float:
    """Return the mean of the layer over the lesion: as wide, half as high, or up to the image's border."""
    top, bottom, left, right = plane.box
    return mean_of(plane.rectangle(top - ceil((bottom - top) / 2), top, left, right))


def _zones(
    plane: Plane, contour: Contour, elliptic: FloatArray, deviation: float
) -> tuple[float, float, float]:
    """Compare core and rim, each in four quadrants: heterogeneity, rim less core, lower less upper half."""
    if not deviation:
        return 0.0, 0.0, 0.0
    top, bottom, left, right = plane.box
    lower = _beyond(np.arange(top, bottom) * plane.spacing_mm[0], contour.centroid[0])
    later = _beyond(np.arange(left, right) * plane.spacing_mm[1], contour.centroid[1])
    rows, columns = np.nonzero(plane.kept)
    rim = 4 * (elliptic[plane.kept] > CORE)
    values = (plane.values - plane.values.mean()) / deviation
    counts, sums = np.zeros(8), np.zeros(8)
    for zone, down, right_side in ((0, 1 - lower, 1 - later), (1, 1 - lower, later),
                                   (2, lower, 1 - later), (3, lower, later)):  # fmt: skip
        parts = down[rows] * right_side[columns]
        counts += np.bincount(rim + zone, parts, minlength=8)
        sums += np.bincount(rim + zone, parts * values, minlength=8)
    there = counts > 0
    explained = float((sums[there] ** 2 / counts[there]).sum()) / len(values)
    outer, below = np.arange(8) >= 4, np.arange(8) % 4 >= 2
    return (
        sqrt(min(explained, 1.0)),
        ratio(sums[outer].sum(), counts[outer].sum()) - ratio(sums[~outer].sum(), counts[~outer].sum()),
        ratio(sums[below].sum(), counts[below].sum()) - ratio(sums[~below].sum(), counts[~below].sum()),
    )


def _beyond(places: NDArray[np.floating], middle: float) -> FloatArray:
    """Return 1 for places beyond the middle, 0 before it, 1/2 for a row or column on it."""
    near = np.abs(places - middle) <= ON_MIDDLE * np.abs(places[-1] - places[0])
    return np.where(near, 0.5, (places > middle).astype(np.float64))
