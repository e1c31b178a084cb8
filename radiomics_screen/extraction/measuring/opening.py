"""The image and the masks of cases, each opened once for all that share it."""

from __future__ import annotations

import SimpleITK as sitk

from radiomics_screen.cohort.cases import Case
from radiomics_screen.extraction.measuring.case_result import Once
from radiomics_screen.imaging.loaded_image import LoadedImage
from radiomics_screen.imaging.sources import open_image, open_mask
from radiomics_screen.settings.settings import Settings


def image_of(case: Case) -> Once[LoadedImage]:
    """Return the image of a case, opened when it is first asked for."""
    return Once(open_image, case.image)


def pixels_of(image: Once[LoadedImage]) -> sitk.Image:
    """Return the pixels of an image."""
    return image().image


def mask_of(case: Case, image: Once[LoadedImage], settings: Settings) -> sitk.Image:
    """Return the mask of a case, opened with its image."""
    channel = case.label_channel
    if channel is None:
        channel = settings.setting.get("label_channel")
    return open_mask(case.mask, image(), label_channel=channel)
