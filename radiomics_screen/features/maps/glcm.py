"""Co-occurrence round each voxel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.kernels import kernel
from radiomics_screen.features.glcm import FEATURES, JOINT_AVERAGE, MCC, values_by_direction, weights_of
from radiomics_screen.features.glrlm import touches
from radiomics_screen.features.maps.surroundings import Around, Surroundings, cut, places_in, tell_undefined
from radiomics_screen.features.region import MOST_LEVELS
from radiomics_screen.features.texture.directions import Distances, WeightingNorm


def glcm_maps(
    around: Around,
    wanted: tuple[str, ...],
    *,
    distances: Distances,
    symmetricalGLCM: bool,
    weightingNorm: WeightingNorm | None,
) -> NDArray[np.float64]:
    """Describe the co-occurrences round each voxel: shape (wanted, centres).

    NaN where no two voxels of a patch lie at these distances. JointAverage is NaN, too, where the
    features of the directions are averaged and a direction that has pairs elsewhere has none here;
    MCC is 0 where the patch has one grey level and the region several. All as in pyradiomics.

    Raises
    ------
    RegionError
        If a patch may have more grey levels than a matrix can take.
    """
    region = around.region
    if min(around.n_voxels, len(around.lattice.levels)) > MOST_LEVELS:
        raise RegionError(
            f"the surroundings of a voxel may have more than {MOST_LEVELS} grey levels, too many for a "
            "co-occurrence matrix; set a larger binWidth, or binCount, or a smaller kernelRadius"
        )
    directions, lattice = around.directions(distances), region.lattice(max(distances))
    paired = [touches(lattice.ranks, lattice.spans, lattice.offset(step)) for step in directions]
    directions = directions[np.array(paired, dtype=bool)]
    columns = places_in(FEATURES, wanted)
    values = np.empty((len(wanted), around.n_centres))
    describe(
        around.surroundings(max(distances)),
        around.offsets(directions, max(distances)),
        weights_of(directions, region.spacing_mm, weightingNorm),
        weightingNorm is not None,
        region.highest_level,
        symmetricalGLCM,
        MCC in columns,
        columns,
        values,
    )
    by_direction = columns == JOINT_AVERAGE
    tell_undefined(
        "maps of glcm:", values[~by_direction], f"round which no two voxels are {list(distances)} apart"
    )
    tell_undefined(
        "map of glcm JointAverage:", values[by_direction], "round which some direction has no pairs"
    )
    return values


@kernel
def describe(
    around: Surroundings,
    offsets: NDArray[np.int64],
    weights: NDArray[np.float64],
    merge: bool,
    highest: int,
    symmetric: bool,
    with_mcc: bool,
    columns: NDArray[np.int64],
    values: NDArray[np.float64],
) -> None:
    """Fill `values`, shape (columns, centres)."""
    for v in range(len(around.centres)):
        n_spans, n_levels = cut(around, around.centres[v])
        described = values_by_direction(
            around.ranks,
            around.spans[:n_spans],
            offsets,
            weights,
            not merge,
            merge,
            around.here[:n_levels],
            highest,
            symmetric,
            with_mcc,
        )
        if n_levels == 1 and len(around.levels) > 1:
            described[:, MCC] = 0
        if not merge and len(described) < len(offsets):
            described[:, JOINT_AVERAGE] = np.nan
        for k in range(len(columns)):
            total = 0.0
            for d in range(len(described)):
                total += described[d, columns[k]]
            values[k, v] = total / len(described)  # 0 / 0 is NaN
