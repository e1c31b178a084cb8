"""Differences to the neighbours' mean round each voxel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.kernels import kernel
from radiomics_screen.features.maps.surroundings import Around, Surroundings, cut, places_in
from radiomics_screen.features.ngtdm import FEATURES, tone_differences, tone_values
from radiomics_screen.features.texture.directions import Distances


def ngtdm_maps(around: Around, wanted: tuple[str, ...], *, distances: Distances) -> NDArray[np.float64]:
    """Describe the differences round each voxel, to neighbours within its patch: shape (wanted, centres)."""
    values = np.empty((len(wanted), around.n_centres))
    describe(
        around.surroundings(max(distances)),
        around.neighbours(distances, max(distances)),
        places_in(FEATURES, wanted),
        values,
    )
    return values


@kernel
def describe(
    around: Surroundings,
    neighbours: NDArray[np.int64],
    columns: NDArray[np.int64],
    values: NDArray[np.float64],
) -> None:
    """Fill `values`, shape (columns, centres)."""
    described = np.empty(len(FEATURES))
    for v in range(len(around.centres)):
        n_spans, n_levels = cut(around, around.centres[v])
        counts, differences = tone_differences(
            around.ranks, around.tones, around.spans[:n_spans], around.width, neighbours, n_levels
        )
        tone_values(counts, differences, around.here[:n_levels], described)
        for k in range(len(columns)):
            values[k, v] = described[columns[k]]
