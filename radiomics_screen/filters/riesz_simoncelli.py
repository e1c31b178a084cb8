"""Riesz transform of Simoncelli's wavelet: bands of frequency, with a direction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.options import Finite, FlatAxis
from radiomics_screen.filters.numerics.boundary import Boundary, frame
from radiomics_screen.filters.numerics.fourier import (
    LEVELS_REMEDY,
    Factors,
    on_box,
    require_levels,
    simoncelli_factors,
    simoncelli_margin,
)
from radiomics_screen.filters.numerics.riesz import Order, riesz_of
from radiomics_screen.filters.registry import DIMENSIONS, Box, Filtered, image_type
from radiomics_screen.filters.separable_wavelet import Levels
from radiomics_screen.imaging.volume import Volume


@image_type("RieszSimoncelli", columns=rf"riesz-[\d-]+-simoncelli-level-\d+-{DIMENSIONS}", whole=True)
def riesz_simoncelli(
    volume: Volume,
    box: Box,
    *,
    wavelet_levels: Levels = (1,),
    riesz_order: Order = (1, 0, 0),
    boundary: Boundary = "mirror",
    boundary_value: Finite = 0.0,
    force2D: bool = False,
    force2Ddimension: FlatAxis = 0,
) -> Filtered:
    """Yield the Riesz transform of the response of Simoncelli's wavelet for each level.

    The band is one of frequencies per voxel, the direction one in mm: resample to cubes first. The whole
    image is transformed, continued to both sides by 8 times 2 to the power of the level in voxels (not so
    with the boundary periodic): three arrays of that size in 64 bits.

    Parameters
    ----------
    wavelet_levels
        Levels of which images are made.
    riesz_order
        Order of the Riesz transform along x, y and z, as of a derivative: [1, 0, 0], [0, 1, 1] ...
    boundary
        How the image continues beyond its border: zero; constant (boundary_value); mirror (its outermost
        voxels are repeated in reverse, the last one first); nearest (its outermost voxel); periodic.
    boundary_value
        Intensity beyond the border with the boundary constant.
    force2D
        Filter within slices only; always so for a 2-D image.
    force2Ddimension
        Axis across the slices: 0 is z (axial slices), 1 is y, 2 is x.

    Raises
    ------
    RegionError
        The order is above 0 across the slices; the waves of a level are too long for the image, or the
        continued image is too large; there are NaN or infinite values in the image.

    Source: IBSI reference manual, part 2 (Simoncelli wavelet PRT7, Riesz transform AYRS).
    """
    setup = frame("RieszSimoncelli", volume, boundary, boundary_value, force2D, force2Ddimension)
    name, riesz = riesz_of(setup, riesz_order)
    require_levels(setup, wavelet_levels)
    for level in wavelet_levels:
        both = _product(simoncelli_factors(level), riesz)
        response = on_box(setup, box, simoncelli_margin(level), setup.read, both, LEVELS_REMEDY)
        yield f"{name}-simoncelli-level-{level}-{setup.ending}", response


def _product(first: Factors, second: Factors) -> Factors:
    def factors(part: slice, lengths: Sequence[int]) -> NDArray[Any]:
        product: NDArray[Any] = np.multiply(first(part, lengths), second(part, lengths))
        return product

    return factors
