"""Simoncelli's wavelet: bands of frequency, the same in all directions."""

from __future__ import annotations

from radiomics_screen.core.options import Finite, FlatAxis
from radiomics_screen.filters.numerics.boundary import Boundary, frame
from radiomics_screen.filters.numerics.fourier import (
    LEVELS_REMEDY,
    on_box,
    require_levels,
    simoncelli_factors,
    simoncelli_margin,
)
from radiomics_screen.filters.registry import DIMENSIONS, Box, Filtered, image_type
from radiomics_screen.filters.separable_wavelet import Levels
from radiomics_screen.imaging.volume import Volume


@image_type("Simoncelli", columns=rf"simoncelli-level-\d+-{DIMENSIONS}", whole=True)
def simoncelli(
    volume: Volume,
    box: Box,
    *,
    wavelet_levels: Levels = (1,),
    boundary: Boundary = "mirror",
    boundary_value: Finite = 0.0,
    force2D: bool = False,
    force2Ddimension: FlatAxis = 0,
) -> Filtered:
    """Yield the band-pass response of Simoncelli's non-separable wavelet for each level.

    Each level's band reaches over two octaves, half as high as the level's before. The band is one of
    frequencies per voxel: resample to cubes first. The whole image is transformed, continued to both
    sides by 8 times 2 to the power of the level in voxels (not so with the boundary periodic): three
    arrays of that size in 64 bits.

    Parameters
    ----------
    wavelet_levels
        Levels of which images are made.
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
        The waves of a level are too long for the image, or the continued image is too large; there are NaN
        or infinite values in the image.

    Source: IBSI reference manual, part 2 (non-separable wavelets, Simoncelli PRT7).
    """
    setup = frame("Simoncelli", volume, boundary, boundary_value, force2D, force2Ddimension)
    require_levels(setup, wavelet_levels)
    for level in wavelet_levels:
        factors = simoncelli_factors(level)
        response = on_box(setup, box, simoncelli_margin(level), setup.read, factors, LEVELS_REMEDY)
        yield f"simoncelli-level-{level}-{setup.ending}", response
