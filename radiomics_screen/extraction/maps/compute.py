"""Maps of features: each voxel of a lesion described by the voxels round it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.core.errors import SettingsError
from radiomics_screen.core.options import options_of
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.extraction.measuring.describing import all_images, in_kept_range, region_of
from radiomics_screen.extraction.measuring.lesion import Lesion
from radiomics_screen.extraction.measuring.preparing import prepared, preprocessed, widened
from radiomics_screen.features import FAMILIES
from radiomics_screen.features.maps.makers import MAKERS
from radiomics_screen.features.maps.surroundings import Around
from radiomics_screen.features.region import require_finite
from radiomics_screen.features.texture.lattice import Footprint
from radiomics_screen.filters.registry import Box
from radiomics_screen.imaging.roi import Grid
from radiomics_screen.imaging.sources import Source, open_image, open_mask
from radiomics_screen.settings.schema import voxel_maps
from radiomics_screen.settings.settings import Settings, load_settings


def feature_maps(
    image: Source,
    mask: Source,
    settings: str | Path | Mapping[str, Any] | Settings | None = None,
    *,
    label: int | None = None,
    spacing_mm: Sequence[float] | None = None,
) -> dict[str, sitk.Image]:
    """Describe each voxel of a lesion by the voxels round it: one image for each feature.

    The surroundings are a cube of ``2 kernelRadius + 1`` voxels, or a square with ``force2D``, of
    which only the voxels of the lesion count unless ``maskedKernel`` is false. Grey levels are those
    of the whole lesion.

    Parameters
    ----------
    image, mask
        Paths, SimpleITK images, or arrays of shape (z, y, x) or (y, x).
    settings
        Parameter file, its content as a dict, or what :func:`load_settings` returned; None is the
        default. Its section ``voxelSetting`` holds kernelRadius, maskedKernel and initValue.
    label
        Mask value that marks the lesion; None takes the one value there is (or the settings' label).
    spacing_mm
        Distance of voxel centres in mm for arrays, in the order of their axes; 1 mm if not given.

    Returns
    -------
    ``{"original_glcm_Contrast": image, ...}``: 64-bit images on the lesion's bounding box, widened by
    kernelRadius as far as the image goes; initValue outside the lesion, NaN where a feature has no value.

    Raises
    ------
    ScreenError
        SettingsError, ReadError, GeometryError or RegionError, each saying what to do.
    """
    resolved = for_maps(load_settings(settings, for_maps=True))
    channel = resolved.setting.get("label_channel")
    loaded = open_image(image, spacing_mm)
    read = loaded.image, open_mask(mask, loaded, spacing_mm, label_channel=channel)
    return dict(each_map(*read, resolved, label=label))


def for_maps(settings: Settings) -> Settings:
    """Return settings with a value for every option of maps, and without regions beyond the lesion.

    Raises
    ------
    SettingsError
        No family is asked for that has maps.
    """
    if not _families(settings):
        raise SettingsError(
            f"featureClass: only these families have maps: {', '.join(MAKERS)}; name one of them"
        )
    defaults = {option.name: option.default for option in options_of(voxel_maps).values()}
    if settings.regions:
        names = ", ".join(region.name for region in settings.regions)
        add_remark(f"regions: maps are made of the lesion only, not of {names}")
    if settings.embedding is not None:
        add_remark("embedding: maps are made of features only")
    return replace(settings, voxel_setting={**defaults, **settings.voxel_setting}, regions=())


def _families(settings: Settings) -> list[str]:
    return [name for name in settings.wanted if name in MAKERS]


def each_map(
    image: sitk.Image,
    mask: sitk.Image,
    settings: Settings,
    *,
    label: int | None = None,
    skip: Collection[str] = (),
) -> Iterator[tuple[str, sitk.Image]]:
    """Yield the maps one after the other, each with its name, but for those named in `skip`.

    Little more is in memory than the maps of one family.
    """
    if settings.families is not None and (left_out := [n for n in settings.families if n not in MAKERS]):
        add_remark(f"{', '.join(left_out)}: no maps can be made of it, it was left out")
    lesion = prepared(preprocessed(image, settings), mask, settings, label=label, whole=True)
    radius, fill = settings.voxel_setting["kernelRadius"], float(settings.voxel_setting["initValue"])
    box = widened(lesion.box, (radius,) * 3, lesion.volume.array.shape)
    place, footprint, centres = lesion.box, lesion.footprint, lesion.footprint.mask
    if not settings.voxel_setting["maskedKernel"]:
        place, centres = box, _laid_in(box, lesion, np.ones(len(footprint.voxels), dtype=bool), False)
        footprint = Footprint(np.ones(centres.shape, dtype=bool))
        require_finite(lesion.volume.array[box], footprint)
    for image_type, image_name, filtered in all_images(lesion.volume, place, settings):
        region = region_of(lesion.volume, filtered, footprint, settings, image_type, image_name)
        region = in_kept_range(region, lesion, image_type)
        around = Around(region, centres, radius)
        for family in _families(settings):
            prefix = f"{image_name}_{family}_"
            wanted = tuple(f for f in settings.wanted[family] if prefix + f not in skip)
            if wanted:
                options = settings.options(FAMILIES[family].compute, image_type)
                described = MAKERS[family](around, wanted, **options)
                for feature, values in zip(wanted, described, strict=True):
                    array = _laid_in(box, lesion, values, fill)
                    yield prefix + feature, _image(array, box, lesion.grid)


def _laid_in(box: Box, lesion: Lesion, values: NDArray[Any], fill: float) -> NDArray[Any]:
    """Lay one value for each voxel of a lesion into a box that holds it."""
    array = np.full([side.stop - side.start for side in box], fill, dtype=values.dtype)
    inner = tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(lesion.box, box, strict=True))
    array[inner][lesion.footprint.mask] = values
    return array


def _image(array: NDArray[np.float64], box: Box, grid: Grid) -> sitk.Image:
    """Turn an array on a box of a grid into an image."""
    image = sitk.GetImageFromArray(array[0] if grid.dimension == 2 else array)
    grid.lay(image)
    first = [side.start for side in reversed(box)][: grid.dimension]
    image.SetOrigin(grid.frame.TransformContinuousIndexToPhysicalPoint([float(n) for n in first]))
    return image
