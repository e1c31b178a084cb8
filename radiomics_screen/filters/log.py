"""Laplacian of Gaussian: how much brighter or darker a spot is than what surrounds it."""

from __future__ import annotations

from math import ceil
from typing import Annotated

from pydantic import AfterValidator, Field

from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.options import Positive, PositiveInt
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.filters.numerics.checks import given_once
from radiomics_screen.filters.numerics.recursive_gaussian import REACH_SIGMAS, laplacian_of_gaussian
from radiomics_screen.filters.registry import Box, Filtered, crop_with_margin, image_type
from radiomics_screen.imaging.volume import Volume

Widths = Annotated[tuple[Positive | PositiveInt, ...], Field(min_length=1), AfterValidator(given_once)]


@image_type("LoG", columns=r"log-sigma-[\d-]+-mm-[23]D")
def log(volume: Volume, box: Box, *, sigma: Widths) -> Filtered:
    """Yield the scale-normalised Laplacian of Gaussian for each width.

    Axes of a single voxel are left out, so that a single slice is filtered in 2-D (and named so).

    Parameters
    ----------
    sigma
        Widths of the Gaussian, in mm.

    Source: Deriche's recursive filter in ITK's LaplacianRecursiveGaussian, as in pyradiomics.
    """
    long_axes = [axis for axis, n in enumerate(volume.array.shape) if n > 1]
    if len(long_axes) < 2:
        raise RegionError("the image is a line of voxels; a Laplacian of Gaussian needs at least two axes")
    for width in sigma:
        margin = tuple(ceil(REACH_SIGMAS * width / s) for s in volume.spacing_mm)
        if any(volume.array.shape[a] < ceil(width / volume.spacing_mm[a]) + 1 for a in long_axes):
            add_remark(f"LoG: sigma {width} mm is wider than the image; its values depend on the border")
        crop, inner = crop_with_margin(volume, box, margin)
        response = laplacian_of_gaussian(crop, inner, volume.spacing_mm, float(width))
        name = str(width).replace(".", "-")
        flat = len(long_axes) == 2 and not volume.planar  # pyradiomics names 2-D images as volumes
        yield f"log-sigma-{name}-mm-{2 if flat else 3}D", response
