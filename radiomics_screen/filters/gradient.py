"""Gradient magnitude: how steeply the intensity changes, in any direction."""

from __future__ import annotations

import SimpleITK as sitk

from radiomics_screen.filters.registry import Box, Filtered, crop_with_margin, image_type
from radiomics_screen.imaging.volume import Volume, to_image


@image_type("Gradient", columns="gradient", local=True)
def gradient(volume: Volume, box: Box, *, gradientUseSpacing: bool = True) -> Filtered:
    """Yield the length of the intensity gradient, named "gradient".

    Central differences, rounded to 32 bits; the image continues beyond its border with the
    intensity of its outermost voxels. A 2-D image has a gradient within its plane.

    Parameters
    ----------
    gradientUseSpacing
        Change per mm; false: change per voxel.

    Source: ITK's GradientMagnitudeImageFilter, as in pyradiomics.
    """
    crop, inner = crop_with_margin(volume, box, (1, 1, 1))
    image = to_image(Volume(crop, volume.spacing_mm, volume.planar))
    magnitude = sitk.GetArrayFromImage(sitk.GradientMagnitude(image, gradientUseSpacing))
    yield "gradient", magnitude.reshape(crop.shape)[inner]
