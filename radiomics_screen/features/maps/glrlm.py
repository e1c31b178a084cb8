"""Run lengths round each voxel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.kernels import kernel
from radiomics_screen.features.glrlm import FEATURES, touches, values_by_direction, weights_of
from radiomics_screen.features.maps.surroundings import Around, Surroundings, cut, places_in, tell_undefined
from radiomics_screen.features.texture.directions import WeightingNorm


def glrlm_maps(
    around: Around, wanted: tuple[str, ...], *, weightingNorm: WeightingNorm | None
) -> NDArray[np.float64]:
    """Describe the runs round each voxel: shape (wanted, centres).

    NaN where no straight line meets two voxels of a patch.
    """
    longest = max(around.shape)
    margin = longest - 1  # so wide that a straight line from voxel to voxel ends in it
    directions = around.directions()
    ends = [min(n for n, step in zip(around.shape, d, strict=True) if step) for d in directions]
    values = np.empty((len(wanted), around.n_centres))
    describe(
        around.surroundings(margin),
        around.offsets(directions, margin),
        np.array(ends, dtype=np.int64),
        weights_of(directions, around.region.spacing_mm, weightingNorm),
        weightingNorm is not None,
        longest,
        places_in(FEATURES, wanted),
        values,
    )
    tell_undefined("maps of glrlm:", values, "round which no straight line meets two voxels")
    return values


@kernel
def describe(
    around: Surroundings,
    offsets: NDArray[np.int64],
    ends: NDArray[np.int64],
    weights: NDArray[np.float64],
    merge: bool,
    longest: int,
    columns: NDArray[np.int64],
    values: NDArray[np.float64],
) -> None:
    """Fill `values`, shape (columns, centres); `ends` is how many voxels of a patch a line can meet."""
    usable, their_weights = np.empty_like(offsets), np.empty_like(weights)
    for v in range(len(around.centres)):
        n_spans, n_levels = cut(around, around.centres[v])
        spans = around.spans[:n_spans]
        n = 0
        for d in range(len(offsets)):
            steps = 1
            while steps < ends[d] and not touches(around.ranks, spans, steps * offsets[d]):
                steps += 1
            if steps < ends[d]:
                usable[n], their_weights[n] = offsets[d], weights[d]
                n += 1
        if n == 0:
            values[:, v] = np.nan
            continue
        described = values_by_direction(
            around.ranks,
            spans,
            usable[:n],
            their_weights[:n],
            not merge,
            merge,
            around.here[:n_levels],
            longest,
        )
        for k in range(len(columns)):
            total = 0.0
            for d in range(len(described)):
                total += described[d, columns[k]]
            values[k, v] = total / len(described)
