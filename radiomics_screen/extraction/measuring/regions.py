"""Regions beyond the lesion: rings round its edge, each measured as a lesion of its own."""

from __future__ import annotations

from math import isnan

import SimpleITK as sitk

from radiomics_screen.core.errors import GeometryError, RegionError
from radiomics_screen.core.remarks import add_remark, collect_remarks
from radiomics_screen.extraction.measuring.case_result import join
from radiomics_screen.extraction.measuring.describing import described
from radiomics_screen.extraction.measuring.preparing import marked, on_image, prepared_roi
from radiomics_screen.imaging.ring import Ring, ring
from radiomics_screen.imaging.roi import Roi
from radiomics_screen.settings.regions import RegionBeyond
from radiomics_screen.settings.sections import ImageType
from radiomics_screen.settings.settings import Settings

#: A ring of which a larger part than this lies beyond the image's edge is remarked on.
MOST_MISSING = 0.1


def lesion_and_regions(
    image: sitk.Image, mask: sitk.Image, settings: Settings, *, label: int | None = None
) -> dict[str, float]:
    """Measure a label's lesion and the regions beyond it on a preprocessed image."""
    roi = marked(mask, settings, label)
    values = described(prepared_roi(image, roi, settings), settings)
    join(values, region_values(image, roi, settings))
    return values


def region_values(image: sitk.Image, roi: Roi, settings: Settings) -> dict[str, float]:
    """Measure the regions beyond a lesion on a preprocessed image: ``{"rim.original_glcm_Contrast": value}``.

    They are made on the image's own grid, before any resampling. One that cannot be measured has no
    values, and a note says why: it is no failure of the case.
    """
    values: dict[str, float] = {}
    if not settings.regions:
        return values
    lesion = on_image(image, roi, settings)
    for region in settings.regions:
        with collect_remarks() as notes:
            found = _values_of(image, lesion, region, settings)
        for remark in notes:
            add_remark(f"{region.name}: {remark}")
        join(values, {f"{region.name}.{column}": value for column, value in found.items()})
    return values


def _values_of(
    image: sitk.Image, lesion: Roi, region: RegionBeyond[ImageType], settings: Settings
) -> dict[str, float]:
    """Measure one region as a lesion of its own, with its families and image types."""
    own = settings.of_regions[region.name]
    try:
        found = ring(lesion, **region.ring)
        _tell_of_missing(found)
        return described(prepared_roi(image, found.roi, own), own)
    except (RegionError, GeometryError) as failure:
        add_remark(f"not measured: {failure}")
        return {}


def _tell_of_missing(found: Ring) -> None:
    """Remark on a ring that the image's edge cuts off."""
    if isnan(found.missing):
        add_remark("the ring is much wider than the image: how much of it is missing was not counted")
    elif found.missing > MOST_MISSING:
        add_remark(f"the image ends in it: {found.missing:.0%} of its voxels are missing")
