"""What an image must be for something to be done with it, and what SimpleITK says where it is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import SimpleITK as sitk

from radiomics_screen.core.arrays import count_inexact, count_not_finite
from radiomics_screen.core.errors import RegionError


@contextmanager
def reworded(what: str) -> Iterator[None]:
    """Turn an error of SimpleITK inside the block into a RegionError that says what could not be done."""
    try:
        yield
    except RuntimeError as failure:
        text = str(failure)
        if "SimpleITK" not in text and "sitk::ERROR" not in text and "itk::ERROR" not in text:
            raise
        # "... itk::ERROR: ITKFilter(0x55d...): the cause"
        cause = re.split(r"ERROR: ", text)[-1]
        cause = " ".join(re.sub(r"\w+\(0x[0-9a-f]+\):", "", cause).split())
        raise RegionError(f"{what} cannot treat this image: {cause}") from failure


def require_numbers(image: sitk.Image, what: str, *, undefined_allowed: bool = False) -> None:
    """Raise a RegionError, which says what was to be done, where voxels are no 64-bit floats.

    Parameters
    ----------
    image
        Scalar image.
    what
        Who needs numbers, for the message.
    undefined_allowed
        NaN and infinities may be there.
    """
    values = sitk.GetArrayViewFromImage(image)
    if inexact := count_inexact(values):
        raise RegionError(
            f"{what}: {inexact} voxels of the image are whole numbers beyond 2^53, which 64-bit floats do "
            "not hold exactly; scale the image"
        )
    if not undefined_allowed and (wrong := count_not_finite(values)):
        raise RegionError(
            f"{what}: {wrong} of the {values.size} voxels of the image are NaN or infinite, and would spread "
            "or be taken for numbers; repair the image, or leave the step out"
        )
