"""Contrast-limited adaptive histogram equalisation."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydantic import Field

from radiomics_screen.core.options import PositiveInt
from radiomics_screen.imaging.pixels import like
from radiomics_screen.imaging.preprocessing.registry import as_float, on_its_plane, step


@step("clahe")
def clahe(
    image: sitk.Image,
    *,
    clip_limit: Annotated[float, Field(gt=0, le=1)] = 0.01,
    kernel_size: PositiveInt | None = None,
    bins: PositiveInt = 256,
) -> sitk.Image:
    """Spread grey levels by the histogram of their neighbourhood; the image keeps its range. Returns floats.

    Parameters
    ----------
    image
        Scalar image, 2-D or 3-D.
    clip_limit
        Share of a neighbourhood's voxels that one bin may hold: higher gives more contrast, and more noise.
    kernel_size
        Width of a neighbourhood in voxels; null takes an eighth of the image in each direction.
    bins
        Number of grey levels of the histograms.

    References
    ----------
    Zuiderveld (1994), Contrast limited adaptive histogram equalization, Graphics Gems IV, 474-485.
    """
    return on_its_plane(image, lambda plane: like(plane, _equalized(plane, clip_limit, kernel_size, bins)))


def _equalized(image: sitk.Image, clip: float, kernel: int | None, bins: int) -> NDArray[np.floating]:
    from skimage.exposure import (
        equalize_adapthist,  # takes a while to import, and few parameter files need it
    )

    stored = sitk.GetArrayFromImage(as_float(image))
    values = stored.astype(np.float64)
    low, high = float(values.min()), float(values.max())
    if not high > low:  # constant: there is no contrast to spread
        return stored
    sizes = None if kernel is None else [min(kernel, n) for n in values.shape]
    spread = equalize_adapthist((values - low) / (high - low), kernel_size=sizes, clip_limit=clip, nbins=bins)
    return (low + spread * (high - low)).astype(stored.dtype)
