"""The intensity-volume histogram: how much of a region is at least so bright."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf, isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.errors import RegionError, SettingsError
from radiomics_screen.core.options import Positive
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.features.firstorder import order_statistics
from radiomics_screen.features.region import MOST_BINS, BinCount, Region, discretize
from radiomics_screen.features.registry import family, values_of

FEATURES = ("v10", "v90", "i10", "i90", "diff_v10_v90", "diff_i10_i90", "auc")

#: Bins for intensities that are no whole numbers, as the IBSI recommends.
BINS_OF_CONTINUOUS = 1000

#: Beyond this, floats are whole numbers for want of digits.
_LARGEST_WHOLE = 2.0**53


@dataclass(frozen=True, eq=False)
class Levels:
    """Equidistant levels of intensity, and on which of them the voxels of a region are.

    Attributes
    ----------
    steps
        How many steps each voxel's level lies above the lowest; more than `span` beyond the range.
    lowest, step
        The lowest level and the distance of levels, in intensity units or in bins.
    span
        Length of the range in steps. It is a fraction where a range of intensities is no multiple of the
        bin width; its highest level is then the last one inside.
    """

    steps: NDArray[Any]
    lowest: float
    step: float
    span: float


@family("ivh", FEATURES, conventions="ibsi", graded=False)
def ivh(
    region: Region, *, ivh_bin_width: Positive | None = None, ivh_bin_count: BinCount | None = None
) -> dict[str, float]:
    """Describe which fraction of the voxels is at least as bright as each level.

    The levels span the range that resegmentation kept; the smallest or largest intensity of the region
    takes the place of an end that it left open, and of both in filtered images. With neither option,
    whole numbers are levels as they are, and other intensities are put into 1000 bins.

    v10 and v90 are the fractions of the voxels that have the first level at or above 10 % and 90 % of the
    range, or a higher one (0 where that lies beyond the last level). i10 and i90 are the first levels that
    no more than 10 % and 90 % of the voxels reach: the next one above the range where none in it is.

    Where there is one level only, its fraction of the range is 0/0. It counts as high enough, so that v10
    and v90 are 1; i10 and i90 are the next level and auc is 0. A note says so.

    Parameters
    ----------
    ivh_bin_width
        Width of the bins of the intensity-volume histogram, from the lower end of the range; levels are
        the middles of bins. For intensities in units that mean something, and are no whole numbers.
    ivh_bin_count
        Number of bins of the intensity-volume histogram, between the smallest and the largest intensity
        of the region; levels are numbers of bins.

    Raises
    ------
    SettingsError
        If both options are set.
    RegionError
        If the bins are so narrow that there would be more than a million.

    Source: IBSI family P88C. auc is the area under the fraction of voxels over that of the range, by
    trapezoids; the IBSI gives no reference value for it.
    """
    levels = _levels(region, ivh_bin_width, ivh_bin_count)
    n_voxels, n_levels = len(levels.steps), floor(levels.span) + 1
    if levels.span == 0:
        add_remark("ivh: the range has one level only; v10, v90 and auc tell nothing of the region")
    v10, v90 = (_volume_fraction(levels, n_levels, tenths) for tenths in (1, 9))
    # a level is high enough as soon as no more voxels than these reach it
    few, most = n_voxels // 10, n_voxels * 9 // 10
    ordered = order_statistics(levels.steps, sorted({n_voxels - few - 1, n_voxels - most - 1}))
    i10, i90 = (
        levels.lowest + levels.step * min(ordered[n_voxels - left - 1] + 1, n_levels) for left in (few, most)
    )
    return values_of(FEATURES, (v10, v90, i10, i90, v10 - v90, i10 - i90, _area(levels, n_levels)))


def _volume_fraction(levels: Levels, n_levels: int, tenths: int) -> float:
    """Return the fraction of voxels from the first level on that is so many tenths up the range."""
    level = ceil(tenths * levels.span / 10)
    if level >= n_levels:
        return 0.0
    return np.count_nonzero(levels.steps >= level) / len(levels.steps)


def _area(levels: Levels, n_levels: int) -> float:
    """Return the area under the fraction of voxels at or above a level, over the fraction of the range.

    A voxel is in the fractions of all levels up to its own, so these need not be listed.
    """
    if n_levels == 1:
        return 0.0
    sum_of_fractions = float(np.minimum(levels.steps, n_levels - 1).mean()) + 1
    at_top = np.count_nonzero(levels.steps >= n_levels - 1) / len(levels.steps)
    return (sum_of_fractions - (1 + at_top) / 2) / levels.span


def _levels(region: Region, width: float | None, count: int | None) -> Levels:
    """Find the levels that the options, or else the intensities, ask for."""
    values = region.raw_values
    if width is not None and count is not None:
        raise SettingsError(
            f"both ivh_bin_width ({width:g}) and ivh_bin_count ({count}) are set; leave one out"
        )
    if width is not None:
        return _of_width(region, width)
    if count is None:
        if _whole(values):
            return _as_they_are(region)
        count = BINS_OF_CONTINUOUS
    bins = discretize(values, binCount=count, bin_origin="range")
    return Levels(bins - 1, 1.0, 1.0, float(count - 1) if bins.max() > 1 else 0.0)


def _whole(values: NDArray[Any]) -> bool:
    within = float(values.min()) > -_LARGEST_WHOLE and float(values.max()) < _LARGEST_WHOLE
    return within and (values.dtype.kind in "iu" or bool(np.all(values == np.floor(values))))


def _as_they_are(region: Region) -> Levels:
    """Take whole numbers as levels, and of the range those in it."""
    whole = region.raw_values.astype(np.int64)
    low, high = _ends(region, _LARGEST_WHOLE)
    lowest, highest = ceil(low), floor(high)
    return Levels(whole - lowest, float(lowest), 1.0, float(highest - lowest))


def _of_width(region: Region, width: float) -> Levels:
    """Put intensities into bins of one width, whose middles are the levels."""
    low, high = _ends(region)
    highest = float(region.raw_values.max())
    if highest - low > MOST_BINS * width:
        raise RegionError(
            f"ivh_bin_width {width:g} is too narrow for intensities from {low:g} to {highest:g}: "
            "set a larger one, or ivh_bin_count"
        )
    steps = discretize(region.raw_values, binWidth=width, bin_origin=low) - 1
    if region.thresholds is None or not isfinite(region.thresholds[1]):
        span = float(steps.max())
    else:
        span = (high - low) / width - 1
        if abs(span - round(span)) < 1e-9 * (span + 1):  # 1.1 / 0.1 is not quite 11
            span = float(round(span))
    return Levels(steps, low + width / 2, width, span if span >= 1 else 0.0)


def _ends(region: Region, beyond: float = inf) -> tuple[float, float]:
    """Return the ends of the range of intensities; an end of that size or more is an open one."""
    low, high = region.thresholds or (-inf, inf)
    return (
        low if abs(low) < beyond else float(region.raw_values.min()),
        high if abs(high) < beyond else float(region.raw_values.max()),
    )
