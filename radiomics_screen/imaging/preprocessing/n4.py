"""N4 bias field correction: takes slow shading out of MR images."""

from __future__ import annotations

import SimpleITK as sitk

from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.options import Positive, PositiveInt
from radiomics_screen.imaging.preprocessing.registry import as_float, on_its_plane, step


@step("n4")
def n4(
    image: sitk.Image,
    *,
    shrink_factor: PositiveInt = 4,
    levels: PositiveInt = 4,
    iterations: PositiveInt = 50,
    convergence: Positive = 0.001,
) -> sitk.Image:
    """Estimate a smooth multiplicative field on a coarse copy of the image and divide by it; returns floats.

    The field is estimated where the image is brighter than Otsu's threshold, and is applied everywhere.

    Parameters
    ----------
    image
        Scalar image, 2-D or 3-D, of positive intensities (MR).
    shrink_factor
        By how much the copy is coarser, in each direction: higher is faster.
    levels
        Number of fitting levels; each doubles the control points of the field.
    iterations
        Most iterations at each level.
    convergence
        Change of the field below which a level ends.

    Raises
    ------
    RegionError
        The image is constant: there is nothing to estimate a field on.

    References
    ----------
    Tustison et al. (2010), N4ITK: improved N3 bias correction, IEEE Transactions on Medical Imaging
    29:1310-1320.
    """
    return on_its_plane(
        image, lambda plane: _corrected(plane, shrink_factor, levels, iterations, convergence)
    )


def _corrected(
    image: sitk.Image, shrink: int, levels: int, iterations: int, convergence: float
) -> sitk.Image:
    source = as_float(image)
    bright = sitk.OtsuThreshold(source, 0, 1)
    if not sitk.GetArrayViewFromImage(bright).any():
        raise RegionError("n4: no part of the image is brighter than the rest; it is constant, leave n4 out")
    factors = [max(1, min(shrink, n // 4)) for n in image.GetSize()]
    corrector = sitk.N4BiasFieldCorrectionImageFilter()
    corrector.SetMaximumNumberOfIterations([iterations] * levels)
    corrector.SetConvergenceThreshold(convergence)
    corrector.Execute(sitk.Shrink(source, factors), sitk.Shrink(bright, factors))
    field = sitk.Exp(corrector.GetLogBiasFieldAsImage(source))
    return sitk.Divide(source, sitk.Cast(field, source.GetPixelID()))
