"""pyradiomics' normalisation as a step, for where it is to stand in an order of steps."""

from __future__ import annotations

import SimpleITK as sitk

from radiomics_screen.core.options import Positive
from radiomics_screen.imaging.normalization import scaled_to_unit
from radiomics_screen.imaging.preprocessing.registry import step


@step("normalize")
def normalize(image: sitk.Image, *, scale: Positive = 1, outliers: Positive | None = None) -> sitk.Image:
    """Bring the intensities of the whole image to mean 0 and a chosen standard deviation; returns floats.

    The same arithmetic as the settings normalize, normalizeScale and removeOutliers.

    Parameters
    ----------
    image
        Scalar image, 2-D or 3-D.
    scale
        Standard deviation after normalising.
    outliers
        Clip to this many standard deviations from the mean; null clips nothing.

    Raises
    ------
    RegionError
        The image is constant, or holds NaN or infinite values.
    """
    return scaled_to_unit(image, scale=scale, outliers=outliers)
