"""A prepared lesion becomes numbers: its shape, then each of its filtered images. In memory only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from math import isfinite
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.remarks import add_remark, collect_remarks
from radiomics_screen.core.timing import timed, timed_items
from radiomics_screen.extraction.measuring.case_result import join
from radiomics_screen.extraction.measuring.grey_level_remarks import tell_of_levels, tell_of_size
from radiomics_screen.extraction.measuring.lesion import Lesion
from radiomics_screen.extraction.measuring.preparing import prepared, preprocessed
from radiomics_screen.extraction.measuring.shared_filtering import within
from radiomics_screen.extraction.measuring.wanted import filtered_types
from radiomics_screen.features import Family
from radiomics_screen.features.region import Region, cut_region, discretize, flat_axis_of
from radiomics_screen.features.texture.lattice import Footprint
from radiomics_screen.filters import FILTERS
from radiomics_screen.filters.registry import Box, Filtered
from radiomics_screen.imaging.volume import Volume
from radiomics_screen.settings.sections import ImageType
from radiomics_screen.settings.settings import Settings

#: Of the image on which it is tried what names images get.
_TRIAL_EDGE = 24


def measure(
    image: sitk.Image, mask: sitk.Image, settings: Settings, *, label: int | None = None
) -> dict[str, float]:
    """Measure one lesion, and nothing beyond it, on images in memory: ``{column: value}``.

    Raises
    ------
    ScreenError
        SettingsError, GeometryError or RegionError, each saying what to do.
    """
    lesion = prepared(preprocessed(image, settings), mask, settings, label=label)
    return described(lesion, settings)


def described(lesion: Lesion, settings: Settings) -> dict[str, float]:
    """Describe a lesion: its shape, then each of its filtered images."""
    remarks: list[str] = []
    try:
        with collect_remarks() as remarks:  # so that what is said of several images is said once
            values = shape_values(lesion, settings)
            for image_type, name, filtered in all_images(lesion.volume, lesion.reach, settings):
                join(values, image_values(lesion, filtered, name, image_type, settings))
            return values
    finally:
        for remark in remarks:
            add_remark(remark)


def all_images(volume: Volume, box: Box, settings: Settings) -> Iterator[tuple[ImageType, str, NDArray[Any]]]:
    """Yield the images of all types on a box, each with its type and name."""
    for image_type in filtered_types(settings):
        for name, filtered in filtered_images(volume, box, image_type, settings):
            yield image_type, name, filtered


def filtered_images(volume: Volume, box: Box, image_type: ImageType, settings: Settings) -> Filtered:
    """Yield the images of one type on a box, each with its name."""
    make = FILTERS[image_type.name]
    return timed_items("filtering", make(volume, box, **settings.options(make, image_type)))


def require_distinct_images(settings: Settings) -> None:
    """Refuse, before any work, entries of one image type that make images of one name.

    Raises
    ------
    SettingsError
        Naming the image.
    """
    for of_region in settings.of_regions.values():
        require_distinct_images(of_region)
    kinds = [image_type.name for image_type in settings.image_types]
    if len(set(kinds)) == len(kinds):
        return
    noise = np.random.default_rng(0).random((_TRIAL_EDGE, _TRIAL_EDGE, _TRIAL_EDGE))
    volumes = Volume(noise, (1.0, 1.0, 1.0)), Volume(noise[:1], (1.0, 1.0, 1.0), planar=True)
    for volume in volumes:
        z, y, x = (slice(0, n) for n in volume.array.shape)
        names: dict[str, float] = {}
        for image_type in settings.image_types:
            with suppress(RegionError), collect_remarks():  # it may not fit so small an image
                for name, _ in filtered_images(volume, (z, y, x), image_type, settings):
                    join(names, {f"{name}_": 0.0})


def shape_values(lesion: Lesion, settings: Settings) -> dict[str, float]:
    """Compute what is computed once: of the mask alone, or of it and the image before filtering."""
    values: dict[str, float] = {}
    tell_of_size(lesion.footprint.mask, settings.wanted_families.of_levels)
    intensities = lesion.volume.array[lesion.box]
    if of_mask := settings.wanted_families.of_mask:
        region = region_of(lesion.volume, intensities, lesion.shape, settings)
        values |= _family_values("original", region, of_mask, settings)
    if both := settings.wanted_families.of_original:
        around: dict[str, Any] = {"drawn": lesion.shape, "surroundings": lesion.surroundings}
        region = region_of(lesion.volume, intensities, lesion.footprint, settings, **around)
        region = replace(region, thresholds=lesion.thresholds)
        values |= _family_values("original", region, both, settings)
    return values


def image_values(
    lesion: Lesion, filtered: NDArray[Any], name: str, image_type: ImageType, settings: Settings
) -> dict[str, float]:
    """Compute the families of one filtered image, which is given on the lesion's reach."""
    inner = within(lesion.box, lesion.reach)
    around: dict[str, Any] = {"drawn": lesion.shape, "surroundings": (filtered, inner)}
    region = region_of(lesion.volume, filtered[inner], lesion.footprint, settings, image_type, name, **around)
    region = in_kept_range(region, lesion, image_type)
    values = _family_values(name, region, settings.wanted_families.of_images, settings, image_type)
    tell_of_levels(region, name, settings.wanted_families.of_levels)
    return values


def in_kept_range(region: Region, lesion: Lesion, image_type: ImageType) -> Region:
    """Tell a region of the unfiltered image the range that was kept; bins may begin at its lower end."""
    thresholds = lesion.thresholds
    if thresholds is None or image_type.name != "Original":
        return region
    origin = region.bin_origin
    if origin == "range" and isfinite(thresholds[0]):
        origin = thresholds[0]
    return replace(region, thresholds=thresholds, bin_origin=origin)


def region_of(
    volume: Volume,
    intensities: NDArray[Any],
    footprint: Footprint,
    settings: Settings,
    image_type: ImageType | None = None,
    image_name: str = "original",
    **around: Any,
) -> Region:
    """Join intensities and voxels, how to make grey levels and neighbours of them, and what is `around`."""
    bins = settings.options(discretize, image_type)
    flat = settings.options(flat_axis_of, image_type)
    return cut_region(
        intensities,
        footprint,
        volume.spacing_mm,
        image_name=image_name,
        flat_axis=flat_axis_of(volume.planar, **flat),
        planar=volume.planar,
        slice_axis=0 if volume.planar else flat["force2Ddimension"],
        bin_width=bins["binWidth"],
        bin_count=bins["binCount"],
        bin_origin=bins["bin_origin"],
        discretization=bins["discretization"],
        **around,
    )


@timed("families")
def _family_values(
    image_name: str,
    region: Region,
    families: Iterable[Family],
    settings: Settings,
    image_type: ImageType | None = None,
) -> dict[str, float]:
    """Compute the wanted features of each family that fits the region, by column name.

    A family named in the parameter file that does not fit is remarked on; among families that
    nobody named, those that fit are meant.
    """
    values = {}
    for family in families:
        if reason := family.unfit(region):
            if settings.families is not None:
                add_remark(f"{family.name} was not computed: {reason}")
            continue
        computed = family.compute(region, **settings.options(family.compute, image_type))
        prefix = f"{image_name}_{family.name}_"
        for suffix, of_suffix in (computed if family.aggregated else {"": computed}).items():
            for feature in settings.wanted[family.name]:
                values[f"{prefix}{feature}{suffix}"] = of_suffix[feature]
    return values
