"""Intensities of the whole image brought to mean 0 and a chosen standard deviation, as pyradiomics does."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.options import Positive
from radiomics_screen.imaging.checks import require_numbers


def normalize(
    image: sitk.Image,
    *,
    normalize: bool = False,
    normalizeScale: Positive = 1,
    removeOutliers: Positive | None = None,
) -> sitk.Image:
    """Normalise the whole image if `normalize` is set.

    Parameters
    ----------
    image
        Scalar image, 2-D or 3-D.
    normalize
        Bring the intensities of the whole image to mean 0 and standard deviation 1.
    normalizeScale
        Standard deviation after normalising, in intensity units.
    removeOutliers
        Clip normalised intensities to this many standard deviations from the mean.

    Raises
    ------
    RegionError
        The image is constant, or holds NaN or infinite values.
    """
    return scaled_to_unit(image, scale=normalizeScale, outliers=removeOutliers) if normalize else image


def scaled_to_unit(image: sitk.Image, *, scale: float, outliers: float | None) -> sitk.Image:
    """Return ``scale * clip((x - mean) / sd, -outliers, outliers)`` on the grid of `image`.

    The arithmetic and its order are those of pyradiomics: ITK's normalisation (sample standard
    deviation, 32-bit result but for 64-bit input), then clipping, then the scale.
    """
    require_numbers(image, "normalize", undefined_allowed=True)  # what is undefined is told below
    normalized = sitk.Normalize(image)
    # A zero or undefined standard deviation spoils every voxel, so one voxel tells.
    if not np.isfinite(normalized[(0,) * image.GetDimension()]):
        raise RegionError(
            "normalize: the image cannot be normalised: it is constant, or it holds NaN or infinite values; "
            "mend the image, or set normalize: false"
        )
    if outliers is not None:
        clipped = sitk.GetImageFromArray(np.clip(sitk.GetArrayViewFromImage(normalized), -outliers, outliers))
        clipped.CopyInformation(normalized)
        normalized = clipped
    return normalized if scale == 1 else normalized * scale
