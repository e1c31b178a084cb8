"""Intensities round each voxel."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.kernels import kernel
from radiomics_screen.features.firstorder import FRACTIONS, NAMES, intensity_values, interpolated
from radiomics_screen.features.maps.surroundings import Around, Surroundings, cut, places_in


def firstorder_maps(around: Around, wanted: tuple[str, ...], *, voxelArrayShift: int) -> NDArray[np.float64]:
    """Describe the intensities round each voxel, itself included: shape (wanted, centres)."""
    values = np.empty((len(wanted), around.n_centres))
    describe(
        around.surroundings(0),
        around.intensities(),
        np.array(FRACTIONS),
        float(voxelArrayShift),
        prod(around.region.spacing_mm),
        places_in(NAMES, wanted),
        values,
    )
    return values


@kernel
def describe(
    around: Surroundings,
    intensities: NDArray[np.float64],
    fractions: NDArray[np.float64],
    shift: float,
    voxel_mm3: float,
    columns: NDArray[np.int64],
    values: NDArray[np.float64],
) -> None:
    """Fill `values`, shape (columns, centres); `intensities` are laid out as the field is."""
    ordered, quantiles = np.empty(len(around.ranks)), np.empty(len(fractions))
    described = np.empty(len(NAMES))
    for v in range(len(around.centres)):
        _, n_levels = cut(around, around.centres[v])
        n = 0
        for row in range(len(around.sources)):
            source = around.sources[row] + around.centres[v]
            for x in range(around.width):
                if around.field[source + x]:
                    ordered[n] = intensities[source + x]
                    n += 1
        sort(ordered[:n])
        for k in range(len(fractions)):
            place = (n - 1) * fractions[k]
            below = int(place)
            quantiles[k] = interpolated(ordered[below], ordered[min(below + 1, n - 1)], place - below)
        mean = ordered[:n].sum() / n
        intensity_values(ordered[:n], mean, quantiles, around.counts[:n_levels], shift, voxel_mm3, described)
        for k in range(len(columns)):
            values[k, v] = described[columns[k]]


@kernel
def sort(values: NDArray[np.float64]) -> None:
    """Sort a few values in place (Shell's method with Knuth's gaps)."""
    gap = 1
    while gap < len(values):
        gap = 3 * gap + 1
    while gap > 1:
        gap //= 3
        for i in range(gap, len(values)):
            value = values[i]
            j = i
            while j >= gap and values[j - gap] > value:
                values[j] = values[j - gap]
                j -= gap
            values[j] = value
