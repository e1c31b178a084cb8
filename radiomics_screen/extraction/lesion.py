"""A marked lesion becomes numbers: prepared, filtered, described. Images in memory only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.features import FAMILIES, Family
from radiomics_screen.features.lattice import Footprint
from radiomics_screen.features.mask import bounding_box, check_size, resegment
from radiomics_screen.features.region import Region, cut_region, discretize, flat_axis_of, require_finite
from radiomics_screen.filters import FILTERS
from radiomics_screen.filters.registry import Box, Filtered
from radiomics_screen.imaging.geometry import match_grid, pre_crop, resample, select_label
from radiomics_screen.imaging.normalization import normalize
from radiomics_screen.imaging.preprocessing import STEPS
from radiomics_screen.imaging.roi import Grid, Roi
from radiomics_screen.imaging.volume import Volume, to_volume
from radiomics_screen.notes import note
from radiomics_screen.settings import ImageType, Settings


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
    """

    volume: Volume
    box: Box
    footprint: Footprint
    shape: Footprint
    grid: Grid


def measure(
    image: sitk.Image, mask: sitk.Image, settings: Settings, *, label: int | None = None
) -> dict[str, float]:
    """Measure one lesion on images in memory: ``{column: value}``.

    Raises
    ------
    ScreenError
        SettingsError, GeometryError or RegionError, each saying what to do.
    """
    lesion = prepared(preprocessed(image, settings), mask, settings, label=label)
    return described(lesion, settings)


def preprocessed(image: sitk.Image, settings: Settings) -> sitk.Image:
    """Do what happens to a whole image, whatever is marked on it."""
    return normalize(after_steps(image, settings), **settings.options(normalize))


def after_steps(image: sitk.Image, settings: Settings) -> sitk.Image:
    """Do the steps under ``preprocessing``."""
    for step in settings.preprocessing:
        image = STEPS[step.name](image, **step.options)
    return image


def prepared(image: sitk.Image, mask: sitk.Image, settings: Settings, *, label: int | None = None) -> Lesion:
    """Find a label's region, bring it and a preprocessed image to one grid, and check it."""
    roi = marked(mask, settings, label)
    image, roi = on_one_grid(image, roi, settings)
    volume, box, drawn = to_volume(image), roi.box, roi.solid
    check_size(drawn, **settings.options(check_size))
    textured, shaped = resegment(volume.array[box], drawn, **settings.options(resegment))
    if textured is not drawn:
        check_size(textured, **settings.options(check_size))
    inner = bounding_box(textured)
    z, y, x = (slice(o.start + i.start, o.start + i.stop) for o, i in zip(box, inner, strict=True))
    footprint = Footprint(textured[inner])
    if _families(settings, of_mask=False):
        require_finite(volume.array[z, y, x], footprint)
    shape = footprint if shaped is textured else _cut_shape(shaped, inner, settings)
    return Lesion(volume, (z, y, x), footprint, shape, roi.grid)


def marked(mask: sitk.Image, settings: Settings, label: int | None) -> Roi:
    """Return the region of a label; None is the settings' label, or the one that there is."""
    return select_label(mask, label=settings.setting["label"] if label is None else label)


def _cut_shape(drawn: NDArray[np.bool_], box: Box, settings: Settings) -> Footprint:
    """Cut the mask as drawn off at the box of the voxels that resegmentation keeps, as pyradiomics does."""
    shape = Footprint(drawn[box])
    left_out = int(np.count_nonzero(drawn)) - len(shape.voxels)
    if left_out and _families(settings, of_mask=True):
        note(
            f"shape is measured within the box of the voxels that resegmentRange keeps, as by pyradiomics: "
            f"{left_out} of {left_out + len(shape.voxels)} voxels of the mask are left out"
        )
    return shape


def on_one_grid(image: sitk.Image, roi: Roi, settings: Settings) -> tuple[sitk.Image, Roi]:
    """Resample image and region, or see to it that they lie on one grid, as the settings say."""
    if resamples(settings):
        return resample(image, roi, **settings.options(resample))
    roi = match_grid(image, roi, **settings.options(match_grid))
    return pre_crop(image, roi, **settings.options(pre_crop))


def resamples(settings: Settings) -> bool:
    """Tell whether images are resampled."""
    resampling = settings.options(resample)
    return resampling["resampledPixelSpacing"] is not None and resampling["interpolator"] is not None


def keeps_grid(settings: Settings) -> bool:
    """Tell whether lesions of one image keep it whole, and so may share what is filtered."""
    return not (resamples(settings) or settings.options(pre_crop)["preCrop"])


def described(lesion: Lesion, settings: Settings) -> dict[str, float]:
    """Describe a lesion: its shape, then each of its filtered images."""
    values = shape_values(lesion, settings)
    for image_type, name, filtered in all_images(lesion.volume, lesion.box, settings):
        values |= image_values(lesion, filtered, name, image_type, settings)
    return values


def all_images(volume: Volume, box: Box, settings: Settings) -> Iterator[tuple[ImageType, str, NDArray[Any]]]:
    """Yield the images of all types on a box, each with its type and name."""
    for image_type in filtered_types(settings):
        for name, filtered in filtered_images(volume, box, image_type, settings):
            yield image_type, name, filtered


def filtered_types(settings: Settings) -> tuple[ImageType, ...]:
    """Return the image types; none where no family asks for them."""
    return settings.image_types if _families(settings, of_mask=False) else ()


def filtered_images(volume: Volume, box: Box, image_type: ImageType, settings: Settings) -> Filtered:
    """Yield the images of one type on a box, each with its name."""
    make = FILTERS[image_type.name]
    return make(volume, box, **settings.options(make, image_type))


def _families(settings: Settings, *, of_mask: bool) -> list[Family]:
    return [family for name in settings.wanted if (family := FAMILIES[name]).of_mask == of_mask]


def shape_values(lesion: Lesion, settings: Settings) -> dict[str, float]:
    """Compute the families that measure the mask alone."""
    families = _families(settings, of_mask=True)
    if not families:
        return {}
    region = region_of(lesion.volume, lesion.volume.array[lesion.box], lesion.shape, settings)
    return _family_values("original", region, families, settings)


def image_values(
    lesion: Lesion, filtered: NDArray[Any], name: str, image_type: ImageType, settings: Settings
) -> dict[str, float]:
    """Compute the families of one filtered image, which is given on the lesion's box."""
    families = _families(settings, of_mask=False)
    region = region_of(lesion.volume, filtered, lesion.footprint, settings, image_type, name)
    return _family_values(name, region, families, settings, image_type)


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
    return cut_region(
        intensities,
        footprint,
        volume.spacing_mm,
        image_name=image_name,
        flat_axis=flat_axis_of(volume.planar, **settings.options(flat_axis_of, image_type)),
        planar=volume.planar,
        bin_width=bins["binWidth"],
        bin_count=bins["binCount"],
    )


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
                note(f"{family.name} was not computed: {reason}")
            continue
        computed = family.compute(region, **settings.options(family.compute, image_type))
        prefix = f"{image_name}_{family.name}_"
        for feature in settings.wanted[family.name]:
            values[prefix + feature] = computed[feature]
    return values
