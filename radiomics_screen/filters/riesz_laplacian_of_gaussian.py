"""Riesz transform of IBSI's Laplacian of Gaussian: spots and edges of a size, with a direction."""

from __future__ import annotations

from radiomics_screen.core.options import Finite, FlatAxis, Positive
from radiomics_screen.filters.laplacian_of_gaussian import name_ending
from radiomics_screen.filters.log import Widths
from radiomics_screen.filters.numerics.boundary import Boundary, frame, in_name
from radiomics_screen.filters.numerics.fourier import on_box
from radiomics_screen.filters.numerics.riesz import Order, riesz_of
from radiomics_screen.filters.numerics.sampled_gaussian import REMEDY, laplacian
from radiomics_screen.filters.registry import DIMENSIONS, NUMBER, Box, Filtered, image_type
from radiomics_screen.imaging.volume import Volume


@image_type(
    "RieszLaplacianOfGaussian",
    columns=rf"riesz-[\d-]+-laplacian-sigma-{NUMBER}-mm(-cutoff-{NUMBER})?-{DIMENSIONS}",
    whole=True,
)
def riesz_laplacian_of_gaussian(
    volume: Volume,
    box: Box,
    *,
    sigma: Widths,
    riesz_order: Order = (1, 0, 0),
    log_cutoff: Positive = 4.0,
    boundary: Boundary = "mirror",
    boundary_value: Finite = 0.0,
    force2D: bool = False,
    force2Ddimension: FlatAxis = 0,
) -> Filtered:
    """Yield the Riesz transform of IBSI's Laplacian of Gaussian for each width.

    Where voxels have unequal sides, the filter is that of directions and distances in mm. The whole image
    is transformed, continued to both sides by twice the kernel's reach (not so with the boundary
    periodic): three arrays of that size in 64 bits.

    Parameters
    ----------
    sigma
        Widths of the Gaussian, in mm.
    riesz_order
        Order of the Riesz transform along x, y and z, as of a derivative: [1, 0, 0], [0, 1, 1] ...
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
        The order is above 0 across the slices; the kernel is far larger than the image, or next to nothing;
        the continued image is too large; there are NaN or infinite values in the image.

    Source: IBSI reference manual, part 2 (Laplacian of Gaussian L6PA, Riesz transform AYRS).
    """
    setup = frame("RieszLaplacianOfGaussian", volume, boundary, boundary_value, force2D, force2Ddimension)
    name, riesz = riesz_of(setup, riesz_order)
    ending = name_ending(log_cutoff, setup.ending)
    kernels = [laplacian(setup, width, log_cutoff) for width in sigma]
    for width, kernel in zip(sigma, kernels, strict=True):
        response = on_box(setup, box, kernel.margin, kernel.response, riesz, REMEDY)
        yield f"{name}-laplacian-sigma-{in_name(width)}-mm{ending}", response
