"""More of the noise that the image has."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.core.options import Positive
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.roi import Roi
from radiomics_screen.imaging.volume import to_volume
from radiomics_screen.perturbation.registry import Altered, alteration
from radiomics_screen.perturbation.voxels import with_values

#: Upper quartile of the standard normal distribution: its median absolute deviation.
_MAD = 0.6744897501960817
_WAVELET = "coif1"


@alteration("noise")
def noise(image: sitk.Image, roi: Roi, random: np.random.Generator, *, scale: Positive = 1.0) -> Altered:
    """Add white Gaussian noise of the strength that the image's own noise is estimated to have.

    Images of whole numbers stay so: values are rounded, and cut off at the ends of the pixel type.

    Parameters
    ----------
    scale
        Standard deviation of the added noise, as a multiple of the estimated one.

    Source: noise addition (N) of Zwanenburg et al. 2019, Sci Rep 9:614; see :func:`noise_deviation`.
    """
    values = to_volume(image).array.astype(np.float64)
    deviation = noise_deviation(values)
    if not deviation:
        add_remark("noise: none can be found in the image, so none was added")
        return image, roi
    return with_values(image, values + scale * deviation * random.standard_normal(values.shape)), roi


def noise_deviation(array: NDArray[np.float64]) -> float:
    """Estimate the standard deviation of white noise in an image.

    The median of the absolute diagonal detail of the undecimated coiflet-1 wavelet transform, taken in
    each slice, over 0.6745. Where all voxels under the filter are equal there is no noise to see (borders
    without image, burned-in boxes): these places are left out.

    Parameters
    ----------
    array
        Intensities, shape (z, y, x); a constant part may surround the picture.

    Returns
    -------
    0 where every place is left out.

    Source: Donoho and Johnstone 1994, Biometrika 81:425 (the median of the finest details); Chang, Yu and
    Vetterli 2000, IEEE Trans Image Process 9:1532 (of the diagonal ones), as in Zwanenburg et al. 2019.
    """
    import pywt  # takes a while to import
    from scipy.ndimage import convolve1d, maximum_filter, minimum_filter

    high = np.array(pywt.Wavelet(_WAVELET).dec_hi)
    detail = array
    size, origin = [1, 1, 1], [0, 0, 0]
    for axis in (1, 2):
        if array.shape[axis] > 1:
            detail = convolve1d(detail, high, axis=axis, mode="reflect")
            size[axis], origin[axis] = len(high), -1  # where convolve1d lays a kernel of even length
    highest = maximum_filter(array, size, mode="reflect", origin=origin)
    varied = highest > minimum_filter(array, size, mode="reflect", origin=origin)
    seen = np.abs(detail[varied & np.isfinite(detail)])
    return float(np.median(seen)) / _MAD if seen.size else 0.0
