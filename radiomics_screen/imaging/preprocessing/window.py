"""Windowing: intensities outside a range are set to its ends."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from radiomics_screen.core.errors import SettingsError
from radiomics_screen.core.options import Finite, Positive
from radiomics_screen.imaging.pixels import like
from radiomics_screen.imaging.preprocessing.registry import as_float, step


@step("window", undefined_kept=True)
def window(
    image: sitk.Image,
    *,
    lower: Finite | None = None,
    upper: Finite | None = None,
    center: Finite | None = None,
    width: Positive | None = None,
) -> sitk.Image:
    """Clip intensities to a range, in their own units; the pixel type is kept where the ends fit it.

    NaN stays NaN, and what is infinite becomes the end on its side.

    Parameters
    ----------
    image
        Scalar image, 2-D or 3-D.
    lower
        Lowest intensity kept; null leaves this end open.
    upper
        Highest intensity kept; null leaves this end open.
    center
        Middle of the window; with width, instead of lower and upper.
    width
        Width of the window; with center, instead of lower and upper.

    Raises
    ------
    SettingsError
        Neither or both ways of giving the window are used, or it is empty.
    """
    low, high = _ends(lower, upper, center, width)
    values = sitk.GetArrayViewFromImage(image)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        return like(image, np.clip(values, low, high))
    smallest, largest = float(values.min()), float(values.max())
    whole = all(end is None or end == int(end) for end in (low, high))
    # An open end, or one beyond what the image holds, may not fit the pixel type: the image's own will do.
    low = smallest if low is None else min(max(low, smallest), largest)
    high = largest if high is None else max(min(high, largest), smallest)
    clipped = image if whole else as_float(image)
    return sitk.Clamp(clipped, clipped.GetPixelID(), low, high)


def _ends(
    lower: float | None, upper: float | None, center: float | None, width: float | None
) -> tuple[float | None, float | None]:
    by_ends = lower is not None or upper is not None
    by_center = center is not None and width is not None
    if by_ends == by_center or (center is None) != (width is None):
        raise SettingsError("preprocessing.window: give lower and / or upper, or center and width")
    if center is not None and width is not None:
        return center - width / 2, center + width / 2
    if lower is not None and upper is not None and lower >= upper:
        raise SettingsError(f"preprocessing.window: lower ({lower:g}) must be below upper ({upper:g})")
    return lower, upper
