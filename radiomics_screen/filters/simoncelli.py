"""Simoncelli's wavelet: bands of frequency, the same in all directions."""

from __future__ import annotations

from radiomics_screen.filters._fourier import on_box, simoncelli_factors, simoncelli_margin
from radiomics_screen.filters._frame import Boundary, FlatAxis, frame
from radiomics_screen.filters.registry import Box, Filtered, image_type
from radiomics_screen.filters.separable_wavelet import Levels
from radiomics_screen.imaging.volume import Volume
from radiomics_screen.options import Finite


@image_type("Simoncelli", local=True)
def simoncelli(
    volume: Volume,
    box: Box,
    *,
    waveletLevels: Levels = (1,),
    boundary: Boundary = "mirror",
    boundaryValue: Finite = 0.0,
    force2D: bool = False,
    force2Ddimension: FlatAxis = 0,
) -> Filtered:
    """Yield the band-pass response of Simoncelli's non-separable wavelet for each level.

    Each level's band reaches over two octaves, half as high as the level's before. The whole image is
    needed, three times in 64 bits. The band is one of frequencies per voxel: resample to cubes first.

    Parameters
    ----------
    waveletLevels
        Levels of which images are made.
    boundary
        How the image continues beyond its border: zero; constant (boundaryValue); mirror (its outermost
        voxels are repeated in reverse, the last one first); nearest (its outermost voxel); periodic.
    boundaryValue
        Intensity beyond the border with the boundary constant.
    force2D
        Filter within slices only; always so for a 2-D image.
    force2Ddimension
        Axis across the slices: 0 is z (axial slices), 1 is y, 2 is x.

    Raises
    ------
    RegionError
        There are NaN or infinite values in the image.

    Source: IBSI reference manual, part 2 (non-separable wavelets, Simoncelli PRT7).
    """
    setup = frame("Simoncelli", volume, boundary, boundaryValue, force2D, force2Ddimension)
    for level in waveletLevels:
        response = on_box(setup, box, simoncelli_margin(level), setup.read, simoncelli_factors(level))
        yield f"simoncelli-level-{level}-{setup.ending}", response
