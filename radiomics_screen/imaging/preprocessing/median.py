"""Median filter: removes impulses and keeps edges."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from radiomics_screen.core.options import PositiveInt
from radiomics_screen.imaging.pixels import like
from radiomics_screen.imaging.preprocessing.registry import on_its_plane, step


@step("median", undefined_kept=True)
def median(image: sitk.Image, *, radius: PositiveInt = 1) -> sitk.Image:
    """Replace every voxel by the median of the box around it; the pixel type is kept.

    A box that holds a NaN has no median: NaN.

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
    return on_its_plane(image, lambda plane: _medians(plane, radius))


def _medians(image: sitk.Image, radius: int) -> sitk.Image:
    medians = sitk.Median(image, [radius] * image.GetDimension())
    undefined = np.isnan(sitk.GetArrayViewFromImage(image))
    if not undefined.any():
        return medians
    from scipy.ndimage import maximum_filter  # takes a while to import

    values = sitk.GetArrayFromImage(medians)
    values[maximum_filter(undefined, 2 * radius + 1)] = np.nan
    return like(image, values)
