"""The echo pattern of a mass: how bright and how even it is, beside what surrounds it."""

from __future__ import annotations

from math import ceil, nan, sqrt
from typing import Any

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
    lower = _thirds(np.arange(top, bottom) * plane.spacing_mm[0], contour.centroid[0])
    later = _thirds(np.arange(left, right) * plane.spacing_mm[1], contour.centroid[1])
    parts = (9 * (elliptic > CORE) + 3 * lower[:, np.newaxis] + later)[plane.kept]
    values = (plane.values - plane.values.mean()) / deviation
    counts, sums = (_quarters(np.bincount(parts, weights, minlength=18)) for weights in (None, values))
    there = counts > 0
    explained = float((sums[there] ** 2 / counts[there]).sum()) / len(values)
    outer, below = np.arange(8) >= 4, np.arange(8) % 4 >= 2
    return (
        sqrt(min(explained, 1.0)),
        ratio(sums[outer].sum(), counts[outer].sum()) - ratio(sums[~outer].sum(), counts[~outer].sum()),
        ratio(sums[below].sum(), counts[below].sum()) - ratio(sums[~below].sum(), counts[~below].sum()),
    )


def _thirds(places: NDArray[np.floating], middle: float) -> NDArray[np.int64]:
    """Return 0 for places before the middle, 1 for a row or column on it, 2 beyond it."""
    near = np.abs(places - middle) <= ON_MIDDLE * np.abs(places[-1] - places[0])
    return np.where(near, 1, 2 * (places > middle))


def _quarters(parts: NDArray[Any]) -> FloatArray:
    """Join the sums of core and rim, each 3 x 3 parts, to quarters; the middle is half on both sides."""
    sides = np.array([[1, 0.5, 0], [0, 0.5, 1]])
    return np.asarray(sides @ parts.reshape(2, 3, 3) @ sides.T, dtype=np.float64).ravel()
