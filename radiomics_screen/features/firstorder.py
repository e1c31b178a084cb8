"""First-order statistics of the intensities in a region."""

from __future__ import annotations

from math import prod, sqrt

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of
from radiomics_screen.kernels import kernel

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


@family("firstorder", FEATURES, on_request=("StandardDeviation",))
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
    values = region.values
    p10, p25, median, p75, p90 = quantiles(values, (0.1, 0.25, 0.5, 0.75, 0.9))
    facts = deviations(values, values.mean(), p10, p90, float(voxelArrayShift))
    lowest, highest, mean, deviation, robust_deviation, variance, cubes, fourths, energy = facts
    skewness = kurtosis = 0.0
    if variance > 0:
        skewness = cubes / variance**1.5
        kurtosis = fourths / variance**2
    p = np.bincount(region.levels) / values.size
    p = p[p > 0]
    return values_of(
        (*FEATURES, "StandardDeviation"),
        (
            p10,
            p90,
            energy,
            -(p @ np.log2(p)),
            p75 - p25,
            kurtosis,
            highest,
            deviation,
            mean,
            median,
            lowest,
            highest - lowest,
            robust_deviation,
            sqrt(energy / values.size),
            skewness,
            energy * prod(region.spacing_mm),
            p @ p,
            variance,
            sqrt(variance),
        ),
    )


def quantiles(values: NDArray[np.float64], fractions: tuple[float, ...]) -> list[float]:
    """Interpolate linearly between order statistics, rounding as NumPy does.

    A quantile that falls on a value must equal it to the last bit: the robust deviation asks
    which values lie beyond it.
    """
    last = values.size - 1
    places = [last * fraction for fraction in fractions]
    wanted = sorted({int(p) for p in places} | {min(int(p) + 1, last) for p in places})
    ordered = np.partition(values, wanted)
    results = []
    for place in places:
        below = int(place)
        a, b = float(ordered[below]), float(ordered[min(below + 1, last)])
        t = place - below
        results.append(a + (b - a) * t if t < 0.5 else b - (b - a) * (1 - t))
    return results


#: Sums are formed over so many values at a time, so that rounding does not grow with their number.
_BLOCK = 256


@kernel
def deviations(
    values: NDArray[np.float64], mean: float, low: float, high: float, shift: float
) -> tuple[float, float, float, float, float, float, float, float, float]:
    """Return minimum, maximum, mean, mean absolute deviation, the same of the values in [low, high],
    the central moments 2 to 4, and the sum of the squares of the values shifted."""
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
