"""What lies behind a mass, away from the probe: shadow, or enhancement."""

from __future__ import annotations

from math import ceil, nan

import numpy as np

from radiomics_screen.features.breast.echo import contrast
from radiomics_screen.features.breast.straightened import deviation_of, mean_of, means_over, ratio
from radiomics_screen.features.picture.plane import Plane

FEATURES = (
    *("PosteriorRatio", "PosteriorContrast", "PosteriorMinimumSideDifference"),
    *("PosteriorLesionContrast", "ShadowFraction", "EnhancementFraction"),
)

#: So much of the width is left out on either side, where beams bend at the edges of the lesion.
EDGE = 1 / 6
#: A column is in shadow or enhanced where its mean differs from the flanks' by so many standard deviations.
NOTICEABLE = 0.5


def posterior_values(plane: Plane) -> tuple[float, ...]:
    """Compare what lies below the lesion with its flanks at the same depth.

    Below the lesion is a rectangle as high as it, or down to the border of the image. The flanks are half
    as wide as the lesion, as far as the image goes, and begin beside it.

    Source: Horsch et al., Medical Physics 29 (2002) 157, with the minimum side difference and the edges
    left out; Drukker et al., Medical Physics 30 (2003) 1833, for flanks on shadows; against the lesion: Shen
    et al., Academic Radiology 14 (2007) 928. Here differences are divided by standard deviations.
    """
    top, bottom, left, right = plane.box
    width, end = right - left, 2 * bottom - top
    edge, flank = round(EDGE * width), ceil(width / 2)
    behind = plane.rectangle(bottom, end, left + edge, right - edge)
    sides = [
        plane.rectangle(bottom, end, left - flank, left),
        plane.rectangle(bottom, end, right, right + flank),
    ]
    below, beside = mean_of(behind), [mean_of(side) for side in sides]
    flanks = np.concatenate([side.ravel() for side in sides])
    level, variation = mean_of(flanks), deviation_of(flanks)
    nearest = min((below - side for side in beside if not np.isnan(side)), default=nan)
    inside, spread = float(plane.values.mean()), float(plane.values.std())
    return (
        ratio(below, level),
        ratio(below - level, variation),
        ratio(nearest, variation),
        contrast(below - inside, deviation_of(behind), spread),
        *_columns(plane.rectangle(bottom, end, left, right), level, variation),
    )


def _columns(behind: np.ndarray, level: float, variation: float) -> tuple[float, float]:
    """Return the parts of the lesion's width that are in shadow, and that are enhanced."""
    means = means_over(behind, 0)
    means = means[~np.isnan(means)]
    if not means.size or np.isnan(level):
        return nan, nan
    difference = NOTICEABLE * variation
    return float(np.mean(means < level - difference)), float(np.mean(means > level + difference))
