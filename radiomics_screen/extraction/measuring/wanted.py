"""What settings ask of a lesion: on which images, on which grid."""

from __future__ import annotations

from radiomics_screen.imaging.geometry import pre_crop, resample
from radiomics_screen.settings.sections import ImageType
from radiomics_screen.settings.settings import Settings


def resamples(settings: Settings) -> bool:
    """Tell whether images are resampled."""
    resampling = settings.options(resample)
    return resampling["resampledPixelSpacing"] is not None and resampling["interpolator"] is not None


def keeps_grid(settings: Settings) -> bool:
    """Tell whether lesions of one image keep it whole, and so may share what is filtered."""
    return not (resamples(settings) or settings.options(pre_crop)["preCrop"])


def filtered_types(settings: Settings) -> tuple[ImageType, ...]:
    """Return the image types; none where no family asks for them."""
    return settings.image_types if settings.wanted_families.of_images else ()
