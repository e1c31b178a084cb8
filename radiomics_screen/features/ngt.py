"""Neighbouring grey-tone difference as the IBSI defines and aggregates it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.features import ngtdm
from radiomics_screen.features.gldm import dependences
from radiomics_screen.features.region import MOST_BINS, Region
from radiomics_screen.features.registry import family
from radiomics_screen.features.texture.aggregation import Aggregations, aggregated, in_reach
from radiomics_screen.features.texture.directions import Distances

#: The IBSI's names, and pyradiomics' of the same numbers.
NAMES = {
    "coarseness": "Coarseness",
    "contrast": "Contrast",
    "busyness": "Busyness",
    "complexity": "Complexity",
    "strength": "Strength",
}
FEATURES = tuple(NAMES)


@family("ngt", FEATURES, conventions="ibsi", aggregated=True)
def ngt(
    region: Region, *, aggregation: Aggregations = None, distances: Distances = (1,)
) -> dict[str, dict[str, float]]:
    """Describe the differences between each voxel's grey level and its neighbours' mean.

    Voxels without neighbours are left out of every sum; where there are no others, all features are NaN,
    with a note. Where a denominator vanishes (always with one grey level), contrast, busyness and strength
    are 0 and coarseness is 1e6.

    Parameters
    ----------
    aggregation
        Where neighbours are looked for, and which voxels share a matrix: slice by slice, features
        averaged (2D_avg or 2D_comb, which are one here), within slices, all in one matrix (2_5D_avg,
        2_5D_comb), or in space (3D_avg, 3D_comb); null computes the first two for a 2-D analysis, and
        else the last.
    distances
        How far away a neighbour may be, in voxels (largest step along an axis).

    Source: Amadasun and King, IEEE Trans. Syst. Man Cybern. 19 (1989) 1264; IBSI family IPET.
    """
    turned = region.by_slices
    lattice = turned.lattice(max(distances))
    n_levels = len(lattice.levels)
    order = [ngtdm.FEATURES.index(name) for name in NAMES.values()]

    def describe(spans: NDArray[np.int64], flat: bool, *_: bool) -> NDArray[np.float64]:
        around = lattice.around(in_reach(turned, flat, distances))
        arguments = (lattice.ranks, lattice.tones, spans, lattice.longest_span, around, n_levels)
        counts, differences = ngtdm.tone_differences(*arguments)
        # where any level counts as the same, what has no dependent neighbours has none at all
        counts -= dependences(*arguments, MOST_BINS)[:, 0]
        there = counts > 0
        if not there.any():
            return np.empty((0, len(FEATURES)))
        counts, differences, levels = counts[there], differences[there], lattice.levels[there]
        values = np.empty(len(ngtdm.FEATURES))
        ngtdm.tone_values(counts, differences, levels, values)
        if np.ptp(counts * levels) == 0:  # rounding must not decide whether the denominator vanishes
            values[ngtdm.FEATURES.index("Busyness")] = 0
        return values[np.newaxis, order]

    undefined = f"no voxel of the region has a neighbour {list(distances)} away"
    return aggregated("ngt", FEATURES, region, lattice, aggregation, describe, undefined=undefined)
