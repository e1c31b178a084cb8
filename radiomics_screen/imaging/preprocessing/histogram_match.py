"""Histogram matching: intensities of every image brought to the scale of one reference image."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import SimpleITK as sitk

from radiomics_screen.core.options import PositiveInt
from radiomics_screen.imaging.checks import require_numbers
from radiomics_screen.imaging.preprocessing.registry import File, as_float, step
from radiomics_screen.imaging.reading import read_image


@step("histogram_match")
def histogram_match(
    image: sitk.Image,
    *,
    reference: File,
    levels: PositiveInt = 256,
    match_points: PositiveInt = 7,
    threshold_at_mean: bool = True,
) -> sitk.Image:
    """Map intensities so that their quantiles meet those of a reference image; returns floats.

    Parameters
    ----------
    image
        Scalar image, 2-D or 3-D.
    reference
        Image file whose histogram is the model, 2-D or 3-D; a relative path starts at the parameter file.
    levels
        Number of histogram bins.
    match_points
        Number of quantiles that are matched; between them the map is linear.
    threshold_at_mean
        Leave voxels below the mean (air, background) out of both histograms.

    Raises
    ------
    ReadError
        The reference cannot be read.

    References
    ----------
    Nyul, Udupa, Zhang (2000), IEEE Transactions on Medical Imaging 19:143-150.
    """
    path = Path(reference)
    modified = path.stat().st_mtime_ns if path.is_file() else 0
    model = _of_dimension(_reference(str(path), modified), image.GetDimension())
    source = as_float(image)
    return sitk.HistogramMatching(
        source,
        sitk.Cast(model, source.GetPixelID()),
        numberOfHistogramLevels=levels,
        numberOfMatchPoints=match_points,
        thresholdAtMeanIntensity=threshold_at_mean,
    )


@lru_cache(maxsize=4)  # one reference serves a whole cohort
def _reference(path: str, modified: int) -> sitk.Image:
    image = read_image(path)
    require_numbers(image, f"preprocessing step histogram_match: reference {path}")
    return as_float(image)


def _of_dimension(reference: sitk.Image, dimension: int) -> sitk.Image:
    """Rearrange the reference, of which only the histogram counts."""
    if reference.GetDimension() == dimension:
        return reference
    if dimension == 3:
        return sitk.JoinSeries(reference)
    array = sitk.GetArrayViewFromImage(reference)
    return sitk.GetImageFromArray(array.reshape(-1, array.shape[-1]))
