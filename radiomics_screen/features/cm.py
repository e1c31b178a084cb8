"""Grey-level co-occurrence as the IBSI defines and aggregates it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.features import glcm
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family
from radiomics_screen.features.texture.aggregation import Aggregations, aggregated, in_reach
from radiomics_screen.features.texture.directions import Distances, WeightingNorm

#: The IBSI's names, and where the numbers stand that :func:`glcm.values_by_direction` computes.
PLACES = {
    "joint_max": glcm.MAXIMUM_PROBABILITY,
    "joint_avg": glcm.JOINT_AVERAGE,
    "joint_var": glcm.SUM_SQUARES,
    "joint_entr": glcm.JOINT_ENTROPY,
    "diff_avg": glcm.DIFFERENCE_AVERAGE,
    "diff_var": glcm.DIFFERENCE_VARIANCE,
    "diff_entr": glcm.DIFFERENCE_ENTROPY,
    "sum_avg": glcm.SUM_AVERAGE,
    "sum_var": glcm.CLUSTER_TENDENCY,
    "sum_entr": glcm.SUM_ENTROPY,
    "energy": glcm.JOINT_ENERGY,
    "contrast": glcm.CONTRAST,
    "dissimilarity": glcm.DIFFERENCE_AVERAGE,
    "inv_diff": glcm.ID,
    "inv_diff_norm": glcm.IDN,
    "inv_diff_mom": glcm.IDM,
    "inv_diff_mom_norm": glcm.IDMN,
    "inv_var": glcm.INVERSE_VARIANCE,
    "corr": glcm.CORRELATION,
    "auto_corr": glcm.AUTOCORRELATION,
    "clust_tend": glcm.CLUSTER_TENDENCY,
    "clust_shade": glcm.CLUSTER_SHADE,
    "clust_prom": glcm.CLUSTER_PROMINENCE,
    "info_corr1": glcm.IMC1,
    "info_corr2": glcm.IMC2,
}
FEATURES = tuple(PLACES)


@family("cm", FEATURES, conventions="ibsi", aggregated=True)
def cm(
    region: Region,
    *,
    aggregation: Aggregations = None,
    distances: Distances = (1,),
    weightingNorm: WeightingNorm | None = None,
) -> dict[str, dict[str, float]]:
    """Describe how often grey levels lie side by side, each pair in both orders.

    Matrices without any pair are left out of averages. All features of an aggregation are NaN, with a
    note, where no two voxels of the region are so far apart. The correlation of a single grey level is 1.

    Parameters
    ----------
    aggregation
        How the matrices of slices and directions come together, one or more of 2D_avg, 2D_comb,
        2_5D_avg, 2_5D_comb, 3D_avg and 3D_comb; null computes all within slices for a 2-D analysis, and
        else the two in space.
    distances
        How far apart the voxels of a pair are, in steps to a neighbour along each direction.
    weightingNorm
        Weight the matrices that are summed (comb) by exp(-length^2), with the length in mm under this
        norm; null and no_weighting sum them as they are.

    Source: Haralick et al., IEEE Trans. Syst. Man Cybern. 3 (1973) 610; IBSI family LFYI.
    """
    turned = region.by_slices
    lattice = turned.lattice(max(distances))
    glcm.require_few_levels(len(lattice.levels))
    order = list(PLACES.values())

    def describe(spans: NDArray[np.int64], flat: bool, apart: bool, merged: bool) -> NDArray[np.float64]:
        steps = steps_along_directions(turned, flat, distances)
        return glcm.values_by_direction(
            lattice.ranks,
            spans,
            lattice.offsets(steps),
            glcm.weights_of(steps, turned.spacing_mm, weightingNorm),
            apart,
            merged,
            lattice.levels,
            turned.highest_level,
            True,
            False,
        )[:, order]

    undefined = f"no two voxels of the region are {list(distances)} apart along a direction"
    return aggregated(
        "cm", FEATURES, region, lattice, aggregation, describe, directional=True, undefined=undefined
    )


def steps_along_directions(region: Region, flat: bool, distances: Sequence[int]) -> NDArray[np.int64]:
    """Return the offsets (z, y, x) to a neighbour in each direction, times each distance, shape (n, 3).

    Offsets that cannot stay inside the region's box are left out.
    """
    units = in_reach(region, flat)
    longest = max(region.mask.shape)
    steps = np.concatenate([min(distance, longest) * units for distance in sorted(set(distances))])
    return steps[(np.abs(steps) < region.mask.shape).all(axis=1)]
