"""First-order statistics of the intensities in a region."""

from __future__ import annotations

from math import log2, prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.conventions import PYRADIOMICS
from radiomics_screen.core.kernels import kernel
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of

FEATURES = (
    "10Percentile",
    "90Percentile",
    "Energy",
    "Entropy",
    "InterquartileRange",
    "Kurtosis",
    "Maximum",
    "MeanAbsoluteDeviation",
    "Mean",
    "Median",
    "Minimum",
    "Range",
    "RobustMeanAbsoluteDeviation",
    "RootMeanSquared",
    "Skewness",
    "TotalEnergy",
    "Uniformity",
    "Variance",
)
ON_REQUEST = ("StandardDeviation",)
#: In the order of :func:`intensity_values`.
NAMES = (*FEATURES, *ON_REQUEST)
FRACTIONS = (0.1, 0.25, 0.5, 0.75, 0.9)


@family("firstorder", FEATURES, on_request=ON_REQUEST, conventions=PYRADIOMICS)
def firstorder(region: Region, *, voxelArrayShift: int = 0) -> dict[str, float]:
    """Describe the distribution of intensities; entropy and uniformity that of grey levels.

    Kurtosis is not in excess (3 for a normal distribution), variance divides by the number of
    voxels, percentiles interpolate linearly; skewness and kurtosis of a constant region are 0.

    Parameters
    ----------
    voxelArrayShift
        Added to the intensities before Energy, TotalEnergy and RootMeanSquared, so that negative
        ones (Hounsfield units) do not weigh as much as positive ones.

    Source: IBSI families UHIW and ZVCW under pyradiomics' names and conventions.
    """
    described = np.empty(len(NAMES))
    intensity_values(
        region.values,
        float(region.values.mean()),
        np.array(quantiles(region.raw_values, FRACTIONS)),
        np.bincount(region.levels).astype(np.float64),
        float(voxelArrayShift),
        prod(region.spacing_mm),
        described,
    )
    return values_of(NAMES, described)


def quantiles(values: NDArray[Any], fractions: tuple[float, ...]) -> list[float]:
    """Interpolate linearly between order statistics, rounding as NumPy does.

    A quantile that falls on a value must equal it to the last bit: the robust deviation asks
    which values lie beyond it.
    """
    last = values.size - 1
    places = [last * fraction for fraction in fractions]
    ordered = order_statistics(values, sorted({min(int(p) + k, last) for p in places for k in (0, 1)}))
    results = []
    for place in places:
        below = int(place)
        results.append(interpolated(ordered[below], ordered[min(below + 1, last)], place - below))
    return results


@kernel
def interpolated(a: float, b: float, t: float) -> float:
    """Return the value at the fraction t of the way from a to b."""
    return a + (b - a) * t if t < 0.5 else b - (b - a) * (1 - t)


def order_statistics(values: NDArray[Any], places: list[int]) -> dict[int, float]:
    """Return the values at some places of the ascending order."""
    if values.dtype.kind in "iu":
        lowest, highest = int(values.min()), int(values.max())
        if highest - lowest < MOST_COUNTED:  # whole numbers are sorted by counting them
            up_to = np.cumsum(np.bincount(values.astype(np.int64) - lowest))
            found = np.searchsorted(up_to, places, side="right")
            return {place: float(lowest + value) for place, value in zip(places, found, strict=True)}
    ordered = np.partition(values, places)
    return {place: float(ordered[place]) for place in places}


#: Whole numbers of a wider range are not counted one by one.
MOST_COUNTED = 100_000

#: Sums are formed over so many values at a time, so that rounding does not grow with their number.
_BLOCK = 256


@kernel
def intensity_values(
    values: NDArray[np.float64],
    mean: float,
    quantiles: NDArray[np.float64],
    counts: NDArray[np.float64],
    shift: float,
    voxel_mm3: float,
    described: NDArray[np.float64],
) -> None:
    """Compute the features in the order of NAMES.

    Parameters
    ----------
    values, mean
        The intensities, and their mean.
    quantiles
        At FRACTIONS.
    counts
        Of voxels per grey level.
    shift
        Added to the intensities before they are squared for the energies.
    voxel_mm3
        Volume of a voxel.
    described
        Where the features are put.
    """
    n = len(values)
    p10, p25, median = quantiles[0], quantiles[1], quantiles[2]
    p75, p90 = quantiles[3], quantiles[4]
    facts = deviations(values, mean, p10, p90, shift)
    lowest, highest, mean, deviation, robust_deviation, variance, cubes, fourths, energy = facts
    entropy = uniformity = 0.0
    for k in range(len(counts)):
        if counts[k] > 0:
            p = counts[k] / n
            entropy -= p * log2(p)
            uniformity += p * p
    described[0] = p10
    described[1] = p90
    described[2] = energy
    described[3] = entropy
    described[4] = p75 - p25
    described[5] = fourths / variance**2 if variance > 0 else 0.0
    described[6] = highest
    described[7] = deviation
    described[8] = mean
    described[9] = median
    described[10] = lowest
    described[11] = highest - lowest
    described[12] = robust_deviation
    described[13] = sqrt(energy / n)
    described[14] = cubes / variance**1.5 if variance > 0 else 0.0
    described[15] = energy * voxel_mm3
    described[16] = uniformity
    described[17] = variance
    described[18] = sqrt(variance)


@kernel
def deviations(
    values: NDArray[np.float64], mean: float, low: float, high: float, shift: float
) -> tuple[float, float, float, float, float, float, float, float, float]:
    """Return the sums and extremes that the first-order features need.

    These are minimum, maximum, mean, mean absolute deviation, robust mean absolute deviation (of the
    values in [low, high]), the central moments 2 to 4, and the sum of squares of the shifted values.
    """
    n = len(values)
    robust_sum = 0.0
    n_robust = 0
    lowest, highest = values[0], values[0]
    for start in range(0, n, _BLOCK):
        part = 0.0
        for i in range(start, min(n, start + _BLOCK)):
            value = values[i]
            lowest, highest = min(lowest, value), max(highest, value)
            if low <= value <= high:
                part += value
                n_robust += 1
        robust_sum += part
    robust_mean = robust_sum / n_robust
    deviation = robust_deviation = second = third = fourth = energy = 0.0
    for start in range(0, n, _BLOCK):
        d = r = m2 = m3 = m4 = e = 0.0
        for i in range(start, min(n, start + _BLOCK)):
            value = values[i]
            centred = value - mean
            square = centred * centred
            d += abs(centred)
            m2 += square
            m3 += square * centred
            m4 += square * square
            e += (value + shift) * (value + shift)
            if low <= value <= high:
                r += abs(value - robust_mean)
        deviation += d
        robust_deviation += r
        second += m2
        third += m3
        fourth += m4
        energy += e
    return (
        lowest,
        highest,
        mean,
        deviation / n,
        robust_deviation / n_robust,
        second / n,
        third / n,
        fourth / n,
        energy,
    )
