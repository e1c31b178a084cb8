"""Curvature-anisotropic diffusion: smooths within tissue and stops at edges."""

from __future__ import annotations

import SimpleITK as sitk

from radiomics_screen.core.options import Positive, PositiveInt
from radiomics_screen.imaging.preprocessing.registry import as_float, on_its_plane, step


@step("diffusion")
def diffusion(
    image: sitk.Image,
    *,
    iterations: PositiveInt = 5,
    conductance: Positive = 3.0,
    time_step: Positive | None = None,
) -> sitk.Image:
    """Let intensities diffuse along the image's level sets; returns floats.

    Parameters
    ----------
    image
        Scalar image, 2-D or 3-D.
    iterations
        Number of time steps: more smooth more.
    conductance
        How strong an edge must be to stop the flow: higher smooths over stronger edges.
    time_step
        Length of a time step; null takes the longest stable one, spacing / 4 per doubling of neighbours.

    References
    ----------
    Whitaker, Xue (2001), Variable-conductance, level-set curvature for image denoising, IEEE ICIP 3:142-145;
    Perona, Malik (1990), IEEE Transactions on Pattern Analysis and Machine Intelligence 12:629-639.
    """

    def smoothed(plane: sitk.Image) -> sitk.Image:
        stable = min(plane.GetSpacing()) / 2 ** (plane.GetDimension() + 1)
        return sitk.CurvatureAnisotropicDiffusion(
            as_float(plane),
            timeStep=stable if time_step is None else time_step,
            conductanceParameter=conductance,
            numberOfIterations=iterations,
        )

    return on_its_plane(image, smoothed)
