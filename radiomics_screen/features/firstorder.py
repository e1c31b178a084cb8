"""First-order statistics of the intensities in a region."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
    values = np.sort(region.values)
    p10, p25, median, p75, p90 = quantiles(values, (0.1, 0.25, 0.5, 0.75, 0.9))
    mean = values.mean()
    centred = values - mean
    squares = centred * centred
    variance = squares.mean()
    if variance > 0:
        skewness = (squares * centred).mean() / variance**1.5
        kurtosis = (squares * squares).mean() / variance**2
    else:
        skewness = kurtosis = 0.0
    robust = values[(values >= p10) & (values <= p90)]
    shifted = values + voxelArrayShift
    energy = shifted @ shifted
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
            values[-1],
            np.abs(centred).mean(),
            mean,
            median,
            values[0],
            values[-1] - values[0],
            np.abs(robust - robust.mean()).mean(),
            np.sqrt(energy / values.size),
            skewness,
            energy * np.prod(region.spacing_mm),
            p @ p,
            variance,
            np.sqrt(variance),
        ),
    )


def quantiles(ascending: NDArray[np.float64], fractions: tuple[float, ...]) -> list[float]:
    """Interpolate linearly between order statistics, rounding as NumPy does.

    A quantile that falls on a value must equal it to the last bit: the robust deviation asks
    which values lie beyond it.
    """
    results = []
    for fraction in fractions:
        place = (ascending.size - 1) * fraction
        below = int(place)
        a, b = ascending[below], ascending[min(below + 1, ascending.size - 1)]
        t = place - below
        results.append(float(a + (b - a) * t if t < 0.5 else b - (b - a) * (1 - t)))
    return results
