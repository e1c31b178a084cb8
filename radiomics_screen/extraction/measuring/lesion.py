"""A marked lesion becomes numbers: prepared, filtered, described. Images in memory only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import ceil, isfinite
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.remarks import add_remark, collect_remarks
from radiomics_screen.core.timing import timed, timed_items
from radiomics_screen.extraction.measuring.case_result import join
from radiomics_screen.extraction.measuring.grey_level_remarks import tell_of_levels, tell_of_size
from radiomics_screen.extraction.measuring.shared_filtering import within
from radiomics_screen.features import FAMILIES, Family
from radiomics_screen.features.mask import bounding_box, check_size, kept_range, resegment
from radiomics_screen.features.region import Region, cut_region, discretize, flat_axis_of, require_finite
from radiomics_screen.features.texture.lattice import Footprint
from radiomics_screen.filters import FILTERS
from radiomics_screen.filters.registry import Box, Filtered
from radiomics_screen.imaging.geometry import match_grid, pre_crop, resample, select_label
from radiomics_screen.imaging.normalization import normalize
from radiomics_screen.imaging.preprocessing import STEPS
from radiomics_screen.imaging.roi import Grid, Roi
from radiomics_screen.imaging.volume import Volume, to_volume
from radiomics_screen.settings.sections import ImageType
from radiomics_screen.settings.settings import Settings

#: Of the image on which it is tried what names images get.
_TRIAL_EDGE = 24


@dataclass(frozen=True, eq=False)
class Lesion:
    """A lesion on its image, ready to be described.

    Attributes
    ----------
    volume
        The image after everything that happens to it before filtering.
    box, footprint
        Where the voxels lie whose intensities and texture are described, and which they are.
    shape
        The voxels in that box whose shape is described.
    grid
        Where the volume lies in space.
    reach
        The box with what families look at beyond it, as far as the image goes.
    thresholds
        The range of intensities that resegmentation kept, where one was given.
    surroundings
        For families that are computed once: the volume as far as they look at it, and the box in it.
    """

    volume: Volume
    box: Box
    footprint: Footprint
    shape: Footprint
    grid: Grid
    reach: Box
    thresholds: tuple[float, float] | None = None
    surroundings: tuple[NDArray[Any], Box] | None = None


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


@timed("preprocessing")
def preprocessed(image: sitk.Image, settings: Settings) -> sitk.Image:
    """Do what happens to a whole image, whatever is marked on it."""
    return normalize(after_steps(image, settings), **settings.options(normalize))


@timed("preprocessing")
def after_steps(image: sitk.Image, settings: Settings) -> sitk.Image:
    """Do the steps under ``preprocessing``."""
    for step in settings.preprocessing:
        image = STEPS[step.name](image, **step.options)
    return image


def prepared(
    image: sitk.Image,
    mask: sitk.Image,
    settings: Settings,
    *,
    label: int | None = None,
    whole: bool = False,
) -> Lesion:
    """Find a label's region, bring it and a preprocessed image to one grid, and check it.

    With `whole`, all of the image is resampled, whatever the settings need of it.
    """
    return prepared_roi(image, marked(mask, settings, label), settings, whole=whole)


def prepared_roi(image: sitk.Image, found: Roi, settings: Settings, *, whole: bool = False) -> Lesion:
    """Bring a region and a preprocessed image to one grid, and check it."""
    moved, roi = on_one_grid(image, found, settings, whole=whole)
    volume, box, drawn = to_volume(moved, cropped=_is_smaller(moved, image)), roi.box, roi.solid
    check_size(drawn, **settings.options(check_size))
    textured, shaped = resegment(volume.array[box], drawn, **settings.options(resegment))
    if textured is not drawn:
        check_size(textured, **settings.options(check_size))
    inner = bounding_box(textured if settings.options(resegment)["crop_shape"] else drawn)
    z, y, x = (slice(o.start + i.start, o.start + i.stop) for o, i in zip(box, inner, strict=True))
    footprint = Footprint(textured[inner])
    if _families(settings, of_mask=False):
        require_finite(volume.array[z, y, x], footprint, after=_done_before(settings))
    shape = footprint if shaped is textured else _cut_shape(shaped, inner, settings)
    margin = [ceil(_reach_mm(settings) / s) for s in volume.spacing_mm]
    reach = widened((z, y, x), margin, volume.array.shape)
    return Lesion(
        volume,
        (z, y, x),
        footprint,
        shape,
        roi.grid,
        reach,
        kept_range(**settings.options(kept_range)),
        _surroundings(image, found, volume, (z, y, x), inner, settings),
    )


def _done_before(settings: Settings) -> str:
    """Return what happened to the intensities of an image before it is filtered, for messages."""
    if resamples(settings):
        return f"resampling (interpolator {settings.options(resample)['interpolator']})"
    names = ", ".join(step.name for step in settings.preprocessing)
    return f"preprocessing ({names})" if names else ""


def _surroundings(
    image: sitk.Image, roi: Roi, volume: Volume, box: Box, inner: Box, settings: Settings
) -> tuple[NDArray[Any], Box] | None:
    """Return the volume as far as families that are computed once look at it, and the lesion's box in it.

    It is the volume itself, but where that is cut off nearer to the region: what is filtered does not
    depend on these families.
    """
    lengths = max((FAMILIES[name].reach_lengths for name in settings.wanted), default=0.0)
    if not lengths:
        return None
    if keeps_grid(settings):
        return volume.array, box
    sides = zip(roi.size, roi.grid.spacing, strict=True)
    moved, roi = on_one_grid(image, roi, settings, reach_mm=lengths * max(n * mm for n, mm in sides))
    z, y, x = (slice(o.start + i.start, o.start + i.stop) for o, i in zip(roi.box, inner, strict=True))
    return to_volume(moved).array, (z, y, x)


def _is_smaller(image: sitk.Image, whole: sitk.Image) -> bool:
    """Tell whether an image covers less than another, along any axis, by more than the width of a voxel."""
    sizes = zip(image.GetSize(), image.GetSpacing(), whole.GetSize(), whole.GetSpacing(), strict=False)
    return any(n * s < m * t - max(s, t) for n, s, m, t in sizes)


def _reach_mm(settings: Settings) -> float:
    """Return how far the wanted families look beyond the region's box."""
    return max((FAMILIES[name].reach_mm for name in settings.wanted), default=0.0)


def widened(box: Box, margin: Sequence[int], shape: Sequence[int]) -> Box:
    """Return a box widened by a margin along each axis, as far as an image goes."""
    z, y, x = (
        slice(max(0, side.start - by), min(n, side.stop + by))
        for side, by, n in zip(box, margin, shape, strict=True)
    )
    return z, y, x


def marked(mask: sitk.Image, settings: Settings, label: int | None) -> Roi:
    """Return the region of a label; None is the settings' label, or the one that there is."""
    return select_label(mask, label=settings.setting["label"] if label is None else label)


def on_image(image: sitk.Image, roi: Roi, settings: Settings) -> Roi:
    """Bring a region to its image's grid, before anything is resampled."""
    options: dict[str, Any] = settings.options(match_grid)
    if resamples(settings):  # then the settings take a mask on any grid
        options = {**options, "correctMask": True}
    return match_grid(image, roi, **options)


def _cut_shape(drawn: NDArray[np.bool_], box: Box, settings: Settings) -> Footprint:
    """Cut the mask as drawn off at the box of the voxels that resegmentation keeps, as pyradiomics does."""
    shape = Footprint(drawn[box])
    left_out = int(np.count_nonzero(drawn)) - len(shape.voxels)
    if left_out and _families(settings, of_mask=True):
        add_remark(
            f"shape is measured within the box of the voxels that resegmentRange keeps, as by pyradiomics: "
            f"{left_out} of {left_out + len(shape.voxels)} voxels of the mask are left out"
        )
    return shape


def on_one_grid(
    image: sitk.Image,
    roi: Roi,
    settings: Settings,
    *,
    whole: bool = False,
    reach_mm: float | None = None,
) -> tuple[sitk.Image, Roi]:
    """Resample image and region, or see to it that they lie on one grid, as the settings say.

    As much of the image stays round the region as the wanted families look at, or `reach_mm`.
    """
    reach = _reach_mm(settings) if reach_mm is None else reach_mm
    if resamples(settings):
        options = _with_room(settings.options(resample), image, reach)
        if options["resampling_grid"] == "corner":
            return resample(image, roi, **options)
        roi = match_grid(image, roi, **settings.options(match_grid))
        filtered = any(image_type.name != "Original" for image_type in filtered_types(settings))
        return resample(image, roi, None if whole or filtered else reach, **options)
    roi = match_grid(image, roi, **settings.options(match_grid))
    return pre_crop(image, roi, **_with_room(settings.options(pre_crop), image, reach))


def _with_room(options: dict[str, Any], image: sitk.Image, reach: float) -> dict[str, Any]:
    """Leave so much of the image (mm) round the region."""
    if not reach:
        return options
    spacings = [mm for mm in options.get("resampledPixelSpacing") or () if mm] + list(image.GetSpacing())
    return {**options, "padDistance": max(options["padDistance"], ceil(reach / min(spacings)))}


def resamples(settings: Settings) -> bool:
    """Tell whether images are resampled."""
    resampling = settings.options(resample)
    return resampling["resampledPixelSpacing"] is not None and resampling["interpolator"] is not None


def keeps_grid(settings: Settings) -> bool:
    """Tell whether lesions of one image keep it whole, and so may share what is filtered."""
    return not (resamples(settings) or settings.options(pre_crop)["preCrop"])


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


def filtered_types(settings: Settings) -> tuple[ImageType, ...]:
    """Return the image types; none where no family asks for them."""
    return settings.image_types if _of_images(settings) else ()


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


def _families(settings: Settings, *, of_mask: bool) -> list[Family]:
    return [family for name in settings.wanted if (family := FAMILIES[name]).of_mask == of_mask]


def _of_images(settings: Settings) -> list[Family]:
    """Return the wanted families that describe every filtered image."""
    return [family for family in _families(settings, of_mask=False) if not family.of_original]


def _of_levels(settings: Settings) -> list[Family]:
    """Return the families with wanted features of grey levels; of first-order ones, two are."""
    graded = [family for family in _of_images(settings) if family.graded]
    if {"Entropy", "Uniformity"}.isdisjoint(settings.wanted.get("firstorder", ())):
        graded = [family for family in graded if family.name != "firstorder"]
    return graded


def shape_values(lesion: Lesion, settings: Settings) -> dict[str, float]:
    """Compute what is computed once: of the mask alone, or of it and the image before filtering."""
    values: dict[str, float] = {}
    tell_of_size(lesion.footprint.mask, _of_levels(settings))
    intensities = lesion.volume.array[lesion.box]
    if of_mask := _families(settings, of_mask=True):
        region = region_of(lesion.volume, intensities, lesion.shape, settings)
        values |= _family_values("original", region, of_mask, settings)
    both = [family for family in _families(settings, of_mask=False) if family.of_original]
    if both:
        region = region_of(lesion.volume, intensities, lesion.footprint, settings)
        region = replace(
            region, drawn=lesion.shape, thresholds=lesion.thresholds, surroundings=lesion.surroundings
        )
        values |= _family_values("original", region, both, settings)
    return values


def image_values(
    lesion: Lesion, filtered: NDArray[Any], name: str, image_type: ImageType, settings: Settings
) -> dict[str, float]:
    """Compute the families of one filtered image, which is given on the lesion's reach."""
    inner = within(lesion.box, lesion.reach)
    region = region_of(lesion.volume, filtered[inner], lesion.footprint, settings, image_type, name)
    region = replace(region, drawn=lesion.shape, surroundings=(filtered, inner))
    region = in_kept_range(region, lesion, image_type)
    values = _family_values(name, region, _of_images(settings), settings, image_type)
    tell_of_levels(region, name, _of_levels(settings))
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
) -> Region:
    """Join intensities and voxels, and how grey levels and neighbours are to be made of them."""
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
