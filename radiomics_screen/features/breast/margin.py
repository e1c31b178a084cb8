"""The margin of a mass: how sharp it is, its halo, and lines that radiate from it."""

from __future__ import annotations

from math import isnan, nan

import numpy as np

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.features.breast.straightened import (
    NORMALS,
    OFFSETS,
    STEP,
    Band,
    mean_of,
    means_over,
    ratio,
)

FEATURES = (
    *("MarginGradientMean", "MarginGradientSD", "MarginRadialGradientIndex", "MarginWidth"),
    *("MarginIndistinctFraction", "HaloContrast", "HaloWidth", "Spiculation"),
)

#: Slopes are those of straight lines fitted so far to both sides; all lengths are in radii.
SLOPE = 0.1
#: Where the transition from inside to outside is looked for.
TRANSITION = 0.3
#: Parts of the outline for which profiles are averaged.
SECTORS = 32
#: A sector is indistinct where its sides differ, over this length, by less than so many standard deviations.
SIDE, INDISTINCT = 0.2, 0.5
#: Where a halo may lie, and what it is compared with.
HALO, BEYOND_HALO = (0.025, 0.2), (0.3, 0.5)
#: Where spicules are looked for.
SPICULES = (0.05, 0.5)


def margin_values(band: Band) -> tuple[float, ...]:
    """Describe the change of intensity across the outline, and what runs into it.

    Intensities are divided by the standard deviation of all samples of the band.

    Source: gradients along and across the outline: Huo et al., Medical Physics 22 (1995) 1569, and
    Karssemeijer and te Brake, IEEE Trans. Medical Imaging 15 (1996) 611; radial gradient index: Horsch et
    al., Medical Physics 29 (2002) 157; abrupt interface and halo: Shen et al., Academic Radiology 14 (2007)
    928. Width and halo are measures of our own for what BI-RADS names.
    """
    slopes = _slopes(band)
    return (
        mean_of(slopes),
        float(slopes.std()) if slopes.size else nan,
        _radial_gradient_index(band),
        _width(band),
        _indistinct(band),
        *_halo(band),
        _spiculation(band),
    )


def _slopes(band: Band) -> FloatArray:
    """Return the slope along each normal at the outline, in deviations by radius; 0 if all is even."""
    offsets = OFFSETS[np.abs(OFFSETS) < SLOPE]
    slopes = band.within(-SLOPE, SLOPE) @ offsets / (offsets @ offsets)
    slopes = slopes[~np.isnan(slopes)]
    return slopes / band.spread if band.spread else np.zeros_like(slopes)


def _radial_gradient_index(band: Band) -> float:
    """Return the part of all change at the outline that is a rise to the outside; 0 if nothing changes."""
    sums = band.gradients(-SLOPE, SLOPE)
    if not sums.known:
        return nan
    return sums.outward / sums.size if sums.size else 0.0


def _sectors(samples: FloatArray) -> FloatArray:
    """Return the mean profile of each sector, shape (SECTORS, samples); NaN where nothing is known."""
    return means_over(samples.reshape(SECTORS, NORMALS // SECTORS, -1), 1)


def _width(band: Band) -> float:
    """Return how wide the transition is: the standard deviation of where intensities change, in radii.

    For each sector, the places along the normal are weighted with the change in the direction of the
    sector's own contrast. NaN where no sector has a contrast.
    """
    profiles = _sectors(band.within(-TRANSITION, TRANSITION))
    steps = np.diff(profiles, axis=1)
    places = (np.arange(steps.shape[1]) - (steps.shape[1] - 1) / 2) * STEP
    weights = np.maximum(steps * np.sign(profiles[:, -1:] - profiles[:, :1]), 0)
    total = weights.sum(axis=1)
    known = total > 0
    if not known.any():
        return nan
    weights = weights[known] / total[known, np.newaxis]
    middles = weights @ places
    return float(np.sqrt(np.maximum(weights @ places**2 - middles**2, 0)).mean())


def _indistinct(band: Band) -> float:
    """Return the part of the outline where both sides are nearly as bright, or differ the other way."""
    outside, inside = (_sectors(band.within(*side)) for side in ((0, SIDE), (-SIDE, 0)))
    contrast = means_over(outside, 1) - means_over(inside, 1)
    contrast = contrast[~np.isnan(contrast)]
    if not contrast.size:
        return nan
    towards = np.sign(contrast.sum()) or 1.0
    return float(np.mean(contrast * towards <= INDISTINCT * band.spread))


def _halo(band: Band) -> tuple[float, float]:
    """Return how much brighter the nearest surroundings are than those beyond, and how wide what is brighter.

    The width is that of a rim of even brightness with as much of it, as bright as the brightest mean over a
    line parallel to the outline, or as one standard deviation where that is less.
    """
    near, beyond = mean_of(band.within(*HALO)), mean_of(band.within(*BEYOND_HALO))
    if isnan(near) or isnan(beyond):
        return nan, nan
    if not band.spread:
        return 0.0, 0.0
    brighter = means_over(band.within(0, BEYOND_HALO[0]), 0) - beyond
    brighter = np.maximum(brighter[~np.isnan(brighter)], 0)
    width = brighter.sum() * STEP / max(float(brighter.max(initial=0)), band.spread)
    return (near - beyond) / band.spread, float(width)


def _spiculation(band: Band) -> float:
    """Return the part of the gradients' energy that is along the outline: more than 1/2 for spicules."""
    sums = band.gradients(*SPICULES)
    return ratio(sums.around_energy, sums.around_energy + sums.outward_energy)
