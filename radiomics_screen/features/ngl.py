"""Neighbouring grey-level dependence as the IBSI defines and aggregates it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.options import NonNegativeInt
from radiomics_screen.features.gldm import dependences
from radiomics_screen.features.region import MOST_BINS, Region
from radiomics_screen.features.registry import family
from radiomics_screen.features.texture.aggregation import Aggregations, aggregated, in_reach
from radiomics_screen.features.texture.directions import Distances
from radiomics_screen.features.texture.level_size import IBSI_ORDER, N_VALUES, level_size_values

FEATURES = (
    "lde",
    "hde",
    "lgce",
    "hgce",
    "ldlge",
    "ldhge",
    "hdlge",
    "hdhge",
    "glnu",
    "glnu_norm",
    "dcnu",
    "dcnu_norm",
    "dc_perc",
    "gl_var",
    "dc_var",
    "dc_entr",
    "dc_energy",
)


@family("ngl", FEATURES, conventions="ibsi", aggregated=True)
def ngl(
    region: Region,
    *,
    aggregation: Aggregations = None,
    distances: Distances = (1,),
    gldm_a: NonNegativeInt = 0,
) -> dict[str, dict[str, float]]:
    """Describe how many neighbours depend on each voxel: have its grey level, or nearly so.

    The dependence count of a voxel is one more than the number of its dependent neighbours. Every voxel
    has one, so the dependence count percentage is 1.

    Parameters
    ----------
    aggregation
        Where neighbours are looked for, and which voxels share a matrix: slice by slice, features
        averaged (2D_avg or 2D_comb, which are one here), within slices, all in one matrix (2_5D_avg,
        2_5D_comb), or in space (3D_avg, 3D_comb); null computes the first two for a 2-D analysis, and
        else the last.
    distances
        How far away a neighbour may be, in voxels (largest step along an axis).
    gldm_a
        Neighbours depend on a voxel if their grey level differs from its own by at most this (the
        coarseness alpha).

    Source: Sun and Wee, Comput. Vis. Graph. Image Process. 23 (1983) 341; IBSI family REK0.
    """
    turned = region.by_slices
    lattice = turned.lattice(max(distances))
    tolerance = min(gldm_a, MOST_BINS)

    def describe(spans: NDArray[np.int64], flat: bool, *_: bool) -> NDArray[np.float64]:
        counts = dependences(
            lattice.ranks,
            lattice.tones,
            spans,
            lattice.longest_span,
            lattice.around(in_reach(turned, flat, distances)),
            len(lattice.levels),
            tolerance,
        )
        values = np.empty(N_VALUES)
        level_size_values(counts, lattice.levels, np.arange(1.0, counts.shape[1] + 1), values)
        energy = ((counts / counts.sum()) ** 2).sum()
        described = np.append(values[list(IBSI_ORDER)], energy)
        described[FEATURES.index("dc_perc")] = 1
        return described[np.newaxis]

    return aggregated("ngl", FEATURES, region, lattice, aggregation, describe)
