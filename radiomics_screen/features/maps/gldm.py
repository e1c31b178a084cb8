"""Dependences round each voxel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.kernels import kernel
from radiomics_screen.features.gldm import IN_ORDER, dependences
from radiomics_screen.features.maps.surroundings import Around, Surroundings, cut, places_in
from radiomics_screen.features.region import MOST_BINS
from radiomics_screen.features.texture.directions import Distances
from radiomics_screen.features.texture.level_size import N_VALUES, level_size_values


def gldm_maps(
    around: Around, wanted: tuple[str, ...], *, distances: Distances, gldm_a: int
) -> NDArray[np.float64]:
    """Describe the dependences round each voxel, on neighbours within its patch: shape (wanted, centres)."""
    values = np.empty((len(wanted), around.n_centres))
    describe(
        around.surroundings(max(distances)),
        around.neighbours(distances, max(distances)),
        min(gldm_a, MOST_BINS),
        places_in(IN_ORDER, wanted),
        values,
    )
    return values


@kernel
def describe(
    around: Surroundings,
    neighbours: NDArray[np.int64],
    tolerance: int,
    columns: NDArray[np.int64],
    values: NDArray[np.float64],
) -> None:
    """Fill `values`, shape (columns, centres)."""
    described = np.empty(N_VALUES)
    sizes = np.arange(1, len(neighbours) + 2).astype(np.float64)
    for v in range(len(around.centres)):
        n_spans, n_levels = cut(around, around.centres[v])
        counts = dependences(
            around.ranks,
            around.tones,
            around.spans[:n_spans],
            around.width,
            neighbours,
            n_levels,
            tolerance,
        )
        level_size_values(counts, around.here[:n_levels], sizes, described)
        for k in range(len(columns)):
            values[k, v] = described[columns[k]]
