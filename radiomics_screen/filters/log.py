"""Laplacian of Gaussian: how much brighter or darker a spot is than what surrounds it."""

from __future__ import annotations

from math import ceil
from typing import Annotated

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydantic import Field

from radiomics_screen.errors import RegionError
from radiomics_screen.filters.registry import Box, Filtered, crop_with_margin, image_type
from radiomics_screen.imaging.volume import Volume
from radiomics_screen.notes import note
from radiomics_screen.options import Positive, PositiveInt

#: Beyond this many standard deviations the recursive filter's answer has faded below the last bit
#: of single precision, in which it is stored.
REACH_SIGMAS = 18

Widths = Annotated[tuple[Positive | PositiveInt, ...], Field(min_length=1)]

#: The recursive filter needs this many voxels along an axis.
LEAST_LENGTH = 4


@image_type("LoG")
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
    spacing = [volume.spacing_mm[axis] for axis in long_axes]
    for width in sigma:
        margin = tuple(ceil(REACH_SIGMAS * width / s) for s in volume.spacing_mm)
        if any(volume.array.shape[a] < ceil(width / volume.spacing_mm[a]) + 1 for a in long_axes):
            note(f"LoG: sigma {width} mm is wider than the image; its values depend on the border")
        crop, inner = crop_with_margin(volume, box, margin)
        response = _laplacian(crop.squeeze(), spacing, width).reshape(crop.shape)
        name = str(width).replace(".", "-")
        yield f"log-sigma-{name}-mm-{len(long_axes)}D", response[inner]


def _laplacian(array: NDArray[np.generic], spacing_mm: list[float], sigma_mm: float) -> NDArray[np.generic]:
    """Filter a 2-D or 3-D array; an axis too short for the filter repeats its border."""
    missing = [max(0, LEAST_LENGTH - n) for n in array.shape]
    image = sitk.GetImageFromArray(np.pad(array, [(0, m) for m in missing], mode="edge"))
    image.SetSpacing(spacing_mm[::-1])
    laplacian = sitk.LaplacianRecursiveGaussianImageFilter()
    laplacian.SetNormalizeAcrossScale(True)
    laplacian.SetSigma(float(sigma_mm))
    response = sitk.GetArrayFromImage(laplacian.Execute(image))
    return response[tuple(slice(0, n) for n in array.shape)]
