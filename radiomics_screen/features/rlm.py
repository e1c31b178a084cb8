"""Grey-level run length as the IBSI defines and aggregates it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.features import glrlm
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family
from radiomics_screen.features.texture.aggregation import Aggregations, aggregated, surrounded
from radiomics_screen.features.texture.directions import WeightingNorm
from radiomics_screen.features.texture.lattice import half_neighbours
from radiomics_screen.features.texture.level_size import IBSI_ORDER

FEATURES = (
    "sre",
    "lre",
    "lgre",
    "hgre",
    "srlge",
    "srhge",
    "lrlge",
    "lrhge",
    "glnu",
    "glnu_norm",
    "rlnu",
    "rlnu_norm",
    "r_perc",
    "gl_var",
    "rl_var",
    "rl_entr",
)


@family("rlm", FEATURES, conventions="ibsi", aggregated=True)
def rlm(
    region: Region, *, aggregation: Aggregations = None, weightingNorm: WeightingNorm | None = None
) -> dict[str, dict[str, float]]:
    """Describe runs of one grey level along each direction.

    A voxel that has no neighbour along a direction is a run of length 1, so every direction counts, also
    across a region that is one voxel thick.

    Parameters
    ----------
    aggregation
        How the matrices of slices and directions come together, one or more of 2D_avg, 2D_comb,
        2_5D_avg, 2_5D_comb, 3D_avg and 3D_comb; null computes all within slices for a 2-D analysis, and
        else the two in space.
    weightingNorm
        Weight the matrices that are summed (comb) by the length of a step in mm under this norm; null
        and no_weighting sum them as they are.

    Source: Galloway, Comput. Graph. Image Process. 4 (1975) 172; IBSI family TP0I.
    """
    turned = region.by_slices
    longest = glrlm.longest_run(turned, "rlm")
    lattice = surrounded(turned)
    order = list(IBSI_ORDER)

    def describe(spans: NDArray[np.int64], flat: bool, apart: bool, merged: bool) -> NDArray[np.float64]:
        directions = half_neighbours((2, 2, 2), 0 if flat else None, (1,))
        return glrlm.values_by_direction(
            lattice.ranks,
            spans,
            lattice.offsets(directions),
            glrlm.weights_of(directions, turned.spacing_mm, weightingNorm),
            apart,
            merged,
            lattice.levels,
            longest,
        )[:, order]

    return aggregated("rlm", FEATURES, region, lattice, aggregation, describe, directional=True)
