"""Median filter: removes impulses and keeps edges."""

from __future__ import annotations

import SimpleITK as sitk

from radiomics_screen.core.options import PositiveInt
from radiomics_screen.imaging.preprocessing.registry import on_its_plane, step


@step("median")
def median(image: sitk.Image, *, radius: PositiveInt = 1) -> sitk.Image:
    """Replace every voxel by the median of the box around it; the pixel type is kept.

    Parameters
    ----------
    image
        Scalar image, 2-D or 3-D.
    radius
        Half width of the box in voxels, without its centre: 1 is 3 x 3 (x 3).

    References
    ----------
    Huang, Yang, Tang (1979), IEEE Transactions on Acoustics, Speech, and Signal Processing 27:13-18.
    """
    return on_its_plane(image, lambda plane: sitk.Median(plane, [radius] * plane.GetDimension()))
