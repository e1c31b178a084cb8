"""Size zones round each voxel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.kernels import kernel
from radiomics_screen.features.glszm import FEATURES, zones
from radiomics_screen.features.maps.surroundings import Around, Surroundings, cut, places_in
from radiomics_screen.features.texture.level_size import N_VALUES, level_size_values


def glszm_maps(around: Around, wanted: tuple[str, ...]) -> NDArray[np.float64]:
    """Describe the zones round each voxel, which end with its patch: shape (wanted, centres)."""
    values = np.empty((len(wanted), around.n_centres))
    describe(around.surroundings(1), around.neighbours((1,), 1), places_in(FEATURES, wanted), values)
    return values


@kernel
def describe(
    around: Surroundings,
    neighbours: NDArray[np.int64],
    columns: NDArray[np.int64],
    values: NDArray[np.float64],
) -> None:
    """Fill `values`, shape (columns, centres)."""
    described = np.empty(N_VALUES)
    for v in range(len(around.centres)):
        n_spans, n_levels = cut(around, around.centres[v])
        counts, sizes = zones(around.ranks, around.spans[:n_spans], neighbours, n_levels)
        level_size_values(counts, around.here[:n_levels], sizes, described)
        for k in range(len(columns)):
            values[k, v] = described[columns[k]]
