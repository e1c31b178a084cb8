"""Mean filter: the average of a voxel and its surroundings."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from radiomics_screen.core.options import Finite, FlatAxis
from radiomics_screen.filters.numerics.boundary import Boundary, frame
from radiomics_screen.filters.numerics.checks import given_once
from radiomics_screen.filters.numerics.rotations import convolve
from radiomics_screen.filters.registry import DIMENSIONS, Box, Filtered, image_type
from radiomics_screen.imaging.volume import Volume


def _odd(size: int) -> int:
    if size % 2 == 0:
        raise ValueError(f"expected an odd number of voxels, so that there is a centre; {size} is even")
    return size


Supports = Annotated[
    tuple[Annotated[int, Field(ge=1), AfterValidator(_odd)], ...],
    Field(min_length=1),
    AfterValidator(given_once),
]


@image_type("Mean", columns=rf"mean-\d+-{DIMENSIONS}", local=True)
def mean(
    volume: Volume,
    box: Box,
    *,
    mean_support: Supports = (3,),
    boundary: Boundary = "mirror",
    boundary_value: Finite = 0.0,
    force2D: bool = False,
    force2Ddimension: FlatAxis = 0,
) -> Filtered:
    """Yield the mean over a cube round each voxel, or over a square within its slice, for each size.

    Parameters
    ----------
    mean_support
        Lengths of the cube's edge, in voxels; odd.
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
        The cube is far larger than the image; there are NaN or infinite values near the region.

    Source: IBSI reference manual, part 2 (mean filter S60F, support YNOF).
    """
    setup = frame("Mean", volume, boundary, boundary_value, force2D, force2Ddimension)
    reaches = [setup.along(size // 2) for size in mean_support]
    for size, wanted in zip(mean_support, setup.reached(box, reaches, "a smaller mean_support"), strict=True):
        data = setup.read(wanted)
        for axis in setup.axes:
            data = convolve(data, (1 / size,) * size, axis)
        yield f"mean-{size}-{setup.ending}", data
