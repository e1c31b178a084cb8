"""Statistics of the intensities in a region, by the IBSI's definitions."""

from __future__ import annotations

from math import isnan, nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.remarks import add_remark
from radiomics_screen.features.firstorder import FRACTIONS, deviations, quantiles
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of

#: What intensities and histogram bins are both described by, in the order of :func:`statistics`.
STATISTICS = (
    "mean",
    "var",
    "skew",
    "kurt",
    "median",
    "min",
    "p10",
    "p90",
    "max",
    "iqr",
    "range",
    "mad",
    "rmad",
    "medad",
    "cov",
    "qcod",
)
FEATURES = (*STATISTICS, "energy", "rms")

#: What numbers of both signs leave when added is rounding if it is a smaller part of them than this.
_ROUNDING = 1e-15


@family("stat", FEATURES, conventions="ibsi", graded=False)
def stat(region: Region) -> dict[str, float]:
    """Describe the distribution of intensities, which are not put into bins.

    Variance divides by the number of voxels, kurtosis is in excess (0 for a normal distribution),
    percentiles interpolate linearly; skewness and kurtosis of a constant region are 0. The coefficient of
    variation is NaN, with a note, where the mean is 0, the quartile coefficient of dispersion where the
    quartiles add to 0, and the robust mean absolute deviation where no intensity lies between the
    percentiles (two voxels).

    Source: IBSI family UHIW.
    """
    values = region.values
    energy = float(np.square(values).sum())
    described = statistics("stat", values, region.raw_values)
    return values_of(FEATURES, (*described, energy, sqrt(energy / len(values))))


def statistics(family: str, values: NDArray[np.float64], raw_values: NDArray[Any]) -> tuple[float, ...]:
    """Compute STATISTICS of some numbers, given as floats and in their own type.

    Notes name the `family`. Source: IBSI families UHIW (of intensities) and ZVCW (of bins).
    """
    p10, p25, median, p75, p90 = quantiles(raw_values, FRACTIONS)
    lowest, highest = float(values.min()), float(values.max())
    mean = lowest  # of equal numbers, of which rounding would make a spread
    variance = skewness = kurtosis = deviation = robust_deviation = 0.0
    if lowest < highest:
        facts = deviations(values, values.mean(), p10, p90, 0.0)
        _, _, mean, deviation, robust_deviation, variance, cubes, fourths, _ = facts
        if variance * variance > 0:  # else the spread is too small for its powers
            skewness, kurtosis = cubes / variance / sqrt(variance), fourths / (variance * variance) - 3
    if isnan(robust_deviation):
        add_remark(f"{family}: nothing lies between the 10th and 90th percentile; rmad is undefined")
    largest, largest_quartile = max(abs(lowest), abs(highest)), max(abs(p25), abs(p75))
    return (
        mean,
        variance,
        skewness,
        kurtosis,
        median,
        lowest,
        p10,
        p90,
        highest,
        p75 - p25,
        highest - lowest,
        deviation,
        robust_deviation,
        float(np.abs(values - median).mean()),
        _ratio(sqrt(variance), mean, largest, f"{family}: the mean is 0; cov is undefined"),
        _ratio(
            p75 - p25, p75 + p25, largest_quartile, f"{family}: the quartiles add to 0; qcod is undefined"
        ),
    )


def _ratio(above: float, below: float, largest: float, undefined: str) -> float:
    """Divide; NaN with a note where the denominator is 0, as far as numbers up to `largest` tell."""
    if abs(below) <= _ROUNDING * largest:
        add_remark(undefined)
        return nan
    return above / below
