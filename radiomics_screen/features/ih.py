"""The histogram of grey levels in a region, by the IBSI's definitions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of
from radiomics_screen.features.stat import STATISTICS, statistics

FEATURES = (
    *STATISTICS,
    "mode",
    "entropy",
    "uniformity",
    "max_grad",
    "max_grad_g",
    "min_grad",
    "min_grad_g",
)


@family("ih", FEATURES, conventions="ibsi")
def ih(region: Region) -> dict[str, float]:
    """Describe the histogram of grey levels, counted in bins from 1 to the highest that occurs.

    Empty bins in between count: the gradients see them. Of equally frequent bins the mode is the one
    closest to the mean, and of two as close the lower. Gradients are differences of voxel counts over two
    bins, at the first and the last bin over one; of several equal ones the first is reported. A histogram of
    one bin has gradient 0 there. The statistics are those of `stat`, of bins instead of intensities, and
    undefined where those are.

    Source: IBSI family ZVCW.
    """
    levels = region.levels
    counts = np.bincount(levels)[1:]
    described = statistics("ih", levels.astype(np.float64), levels)
    return values_of(FEATURES, (*described, *_histogram_values(counts)))


def _histogram_values(counts: NDArray[np.int64]) -> tuple[float, ...]:
    """Compute what only histograms have, of the number of voxels in bins 1, 2, ..."""
    total = counts.sum()
    p = counts[counts > 0] / total
    most_frequent = np.flatnonzero(counts == counts.max()) + 1
    levels_sum = counts @ np.arange(1, len(counts) + 1)
    from_mean = np.abs(most_frequent * total - levels_sum)  # whole numbers: no rounding breaks a tie
    gradient = np.gradient(counts.astype(np.float64)) if len(counts) > 1 else np.zeros(1)
    steepest, falling = int(gradient.argmax()), int(gradient.argmin())
    return (
        float(most_frequent[from_mean.argmin()]),
        float(-(p * np.log2(p)).sum()) + 0.0,  # a single bin has entropy 0, not -0
        float(np.square(p).sum()),
        float(gradient[steepest]),
        steepest + 1.0,
        float(gradient[falling]),
        falling + 1.0,
    )
