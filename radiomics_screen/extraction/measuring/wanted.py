"""What settings ask of a lesion: which families, on which images, on which grid."""

from __future__ import annotations

from radiomics_screen.features import Family
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


def family_reach_mm(settings: Settings) -> float:
    """Return how far the wanted families look beyond the region's box."""
    return max((family.reach_mm for family in settings.wanted_families), default=0.0)


def families_wanted(settings: Settings, *, of_mask: bool) -> list[Family]:
    """Return the wanted families that describe the mask alone, or those that need the image."""
    return [family for family in settings.wanted_families if family.of_mask == of_mask]


def families_of_images(settings: Settings) -> list[Family]:
    """Return the wanted families that describe every filtered image."""
    return [family for family in families_wanted(settings, of_mask=False) if not family.of_original]


def families_of_levels(settings: Settings) -> list[Family]:
    """Return the families with wanted features of grey levels; of first-order ones, two are."""
    graded = [family for family in families_of_images(settings) if family.graded]
    if {"Entropy", "Uniformity"}.isdisjoint(settings.wanted.get("firstorder", ())):
        graded = [family for family in graded if family.name != "firstorder"]
    return graded


def filtered_types(settings: Settings) -> tuple[ImageType, ...]:
    """Return the image types; none where no family asks for them."""
    return settings.image_types if families_of_images(settings) else ()
