"""Bilateral filter: a mean over what is near in space and alike in intensity."""

from __future__ import annotations

import SimpleITK as sitk

from radiomics_screen.core.options import Positive
from radiomics_screen.imaging.preprocessing.registry import as_float, on_its_plane, step


@step("bilateral")
def bilateral(image: sitk.Image, *, range_sigma: Positive, domain_sigma: Positive = 2.0) -> sitk.Image:
    """Average neighbours, weighted by their distance and by how like they are; returns floats.

    Parameters
    ----------
    image
        Scalar image, 2-D or 3-D.
    range_sigma
        Standard deviation of the weight over intensity, in the image's units: larger steps are kept.
    domain_sigma
        Standard deviation of the weight over distance, in mm.

    References
    ----------
    Tomasi, Manduchi (1998), Bilateral filtering for gray and color images, IEEE ICCV, 839-846.
    """
    return on_its_plane(
        image, lambda plane: sitk.Bilateral(as_float(plane), domainSigma=domain_sigma, rangeSigma=range_sigma)
    )
