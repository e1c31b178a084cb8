"""Speckle reduction for ultrasound: linear minimum mean square error estimate from local statistics."""

from __future__ import annotations

from typing import Literal

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.core.options import Positive, PositiveInt
from radiomics_screen.imaging.pixels import like
from radiomics_screen.imaging.preprocessing.registry import as_float, on_its_plane, step


@step("speckle")
def speckle(
    image: sitk.Image,
    *,
    radius: PositiveInt = 2,
    noise: Literal["loupas", "multiplicative"] = "loupas",
    level: Positive | None = None,
) -> sitk.Image:
    """Draw every voxel to its local mean, the more so the better speckle alone explains the local variance.

    With local mean m and variance v, and the variance n that speckle has at that mean, a voxel x becomes
    ``m + max(0, 1 - n / v) (x - m)``. Returns floats.

    Parameters
    ----------
    image
        Scalar image, 2-D or 3-D.
    radius
        Half width of the window of local statistics in voxels, without its centre.
    noise
        How speckle grows with brightness: its variance with the mean (loupas, for the log-compressed
        images that scanners show) or with the mean squared (multiplicative, for raw envelope data).
    level
        Noise variance over mean (or mean squared); null takes the median over the windows of the image.

    References
    ----------
    Lee (1980), IEEE Transactions on Pattern Analysis and Machine Intelligence 2:165-168 (the estimate);
    Loupas, McDicken, Allan (1989), IEEE Transactions on Circuits and Systems 36:129-135 (the noise model).
    """
    power = 1 if noise == "loupas" else 2
    return on_its_plane(image, lambda plane: like(plane, _estimate(plane, radius, power, level)))


def _estimate(image: sitk.Image, radius: int, power: int, level: float | None) -> NDArray[np.floating]:
    from scipy.ndimage import uniform_filter  # takes a while to import, and few parameter files need it

    stored = sitk.GetArrayFromImage(as_float(image))
    values = stored.astype(np.float64)
    mean = uniform_filter(values, 2 * radius + 1, mode="nearest")
    # Deviations from one constant first: squares of large offsets would swallow the variance.
    offset = float(values.mean())
    centred = uniform_filter((values - offset) ** 2, 2 * radius + 1, mode="nearest")
    variance = np.maximum(centred - (mean - offset) ** 2, 0.0)
    brightness = np.maximum(mean, 0.0) ** power
    if level is None:
        textured = (variance > 0) & (brightness > 0)
        level = float(np.median(variance[textured] / brightness[textured])) if textured.any() else 0.0
    expected = level * brightness
    weight = np.divide(variance - expected, variance, out=np.zeros_like(variance), where=variance > expected)
    return (mean + weight * (values - mean)).astype(stored.dtype)
