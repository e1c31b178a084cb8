"""Laplacian of Gaussian by IBSI's definition: a sampled kernel, cut off, not scaled by its width."""

from __future__ import annotations

from radiomics_screen.core.options import Finite, FlatAxis, Positive
from radiomics_screen.filters.log import Widths
from radiomics_screen.filters.numerics.boundary import Boundary, frame, in_name
from radiomics_screen.filters.numerics.sampled_gaussian import REMEDY, laplacian
from radiomics_screen.filters.registry import DIMENSIONS, NUMBER, Box, Filtered, image_type
from radiomics_screen.imaging.volume import Volume


@image_type(
    "LaplacianOfGaussian", columns=rf"laplacian-sigma-{NUMBER}-mm(-cutoff-{NUMBER})?-{DIMENSIONS}", local=True
)
def laplacian_of_gaussian(
    volume: Volume,
    box: Box,
    *,
    sigma: Widths,
    log_cutoff: Positive = 4.0,
    boundary: Boundary = "mirror",
    boundary_value: Finite = 0.0,
    force2D: bool = False,
    force2Ddimension: FlatAxis = 0,
) -> Filtered:
    """Yield IBSI's Laplacian of Gaussian for each width; negative on spots brighter than what surrounds them.

    The kernel is sampled at the voxels and neither scaled by the width nor shifted to a sum of 0. Where
    voxels have unequal sides it is round in mm.

    Parameters
    ----------
    sigma
        Widths of the Gaussian, in mm.
    log_cutoff
        Where the kernel ends along each axis, in widths of the Gaussian.
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
        The kernel is far larger than the image, or next to nothing; there are NaN or infinite values near
        the region.

    Source: IBSI reference manual, part 2 (Laplacian of Gaussian L6PA, scale 41LN, cut-off WGPM).
    """
    setup = frame("LaplacianOfGaussian", volume, boundary, boundary_value, force2D, force2Ddimension)
    ending = name_ending(log_cutoff, setup.ending)
    kernels = [laplacian(setup, width, log_cutoff) for width in sigma]
    setup.reached(box, [kernel.reach for kernel in kernels], REMEDY)
    for width, kernel in zip(sigma, kernels, strict=True):
        yield f"laplacian-sigma-{in_name(width)}-mm{ending}", kernel.response(box)


def name_ending(cutoff: float, ending: str) -> str:
    """Return the end of a name, with the cut-off where it is not the default."""
    return f"-{ending}" if cutoff == 4 else f"-cutoff-{in_name(cutoff)}-{ending}"
