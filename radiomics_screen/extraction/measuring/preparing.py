"""An image and a mask become a lesion that can be described: preprocessed, resampled, cut out, checked."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any, NamedTuple

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.core.remarks import add_remark
from radiomics_screen.core.timing import timed
from radiomics_screen.extraction.measuring.lesion import Lesion
from radiomics_screen.extraction.measuring.wanted import (
    filtered_types,
    keeps_grid,
    resamples,
)
from radiomics_screen.features.mask import bounding_box, check_size, kept_range, resegment
from radiomics_screen.features.region import require_finite
from radiomics_screen.features.texture.lattice import Footprint
from radiomics_screen.filters.registry import Box
from radiomics_screen.imaging.geometry import match_grid, pre_crop, resample, select_label
from radiomics_screen.imaging.normalization import normalize
from radiomics_screen.imaging.preprocessing import STEPS
from radiomics_screen.imaging.roi import Roi
from radiomics_screen.imaging.volume import to_volume
from radiomics_screen.settings.settings import Settings


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
    if settings.wanted_families.need_image:
        require_finite(volume.array[z, y, x], footprint, after=_done_before(settings))
    shape = footprint if shaped is textured else _cut_shape(shaped, inner, settings)
    margin = [ceil(settings.wanted_families.reach_mm / s) for s in volume.spacing_mm]
    reach = widened((z, y, x), margin, volume.array.shape)
    return Lesion(
        volume,
        (z, y, x),
        footprint,
        shape,
        roi.grid,
        reach,
        kept_range(**settings.options(kept_range)),
        _surroundings(image, found, settings, _Placed(volume.array, (z, y, x), inner, whole)),
    )


def _done_before(settings: Settings) -> str:
    """Return what happened to the intensities of an image before it is filtered, for messages."""
    if resamples(settings):
        return f"resampling (interpolator {settings.options(resample)['interpolator']})"
    names = ", ".join(step.name for step in settings.preprocessing)
    return f"preprocessing ({names})" if names else ""


class _Placed(NamedTuple):
    """A lesion's box in the volume and in its region, and whether the volume was to be whole."""

    array: NDArray[Any]
    box: Box
    inner: Box
    whole: bool


def _surroundings(
    image: sitk.Image, roi: Roi, settings: Settings, placed: _Placed
) -> tuple[NDArray[Any], Box] | None:
    """Return the volume as far as families that are computed once look at it, and the lesion's box in it.

    It is the volume itself, but where that is cut off nearer to the region. Then the wider part is
    resampled by itself: to cut the nearer part out of it would change what is filtered in its last digits,
    and nothing that is filtered depends on these families.
    """
    lengths = settings.wanted_families.reach_lengths
    if not lengths:
        return None
    if keeps_grid(settings) or _resamples_whole(settings, whole=placed.whole):
        return placed.array, placed.box
    sides = zip(roi.size, roi.grid.spacing, strict=True)
    moved, roi = on_one_grid(image, roi, settings, reach_mm=lengths * max(n * mm for n, mm in sides))
    z, y, x = (slice(o.start + i.start, o.start + i.stop) for o, i in zip(roi.box, placed.inner, strict=True))
    return to_volume(moved).array, (z, y, x)


def _is_smaller(image: sitk.Image, whole: sitk.Image) -> bool:
    """Tell whether an image covers less than another, along any axis, by more than the width of a voxel."""
    sizes = zip(image.GetSize(), image.GetSpacing(), whole.GetSize(), whole.GetSpacing(), strict=False)
    return any(n * s < m * t - max(s, t) for n, s, m, t in sizes)


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
    if left_out and settings.wanted_families.of_mask:
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
    if reach_mm is None:
        reach_mm = settings.wanted_families.reach_mm
        _tell_of_more_room(image, settings, reach_mm)
    if resamples(settings):
        options = _with_room(settings.options(resample), image, reach_mm)
        if options["resampling_grid"] == "corner":
            return resample(image, roi, **options)
        roi = match_grid(image, roi, **settings.options(match_grid))
        whole = _resamples_whole(settings, whole=whole)
        return resample(image, roi, None if whole else reach_mm, **options)
    roi = match_grid(image, roi, **settings.options(match_grid))
    return pre_crop(image, roi, **_with_room(settings.options(pre_crop), image, reach_mm))


def _resamples_whole(settings: Settings, *, whole: bool) -> bool:
    """Tell whether all of an image is resampled, since filters look at all of it or `whole` asks for it."""
    if not resamples(settings) or settings.options(resample)["resampling_grid"] == "corner":
        return False
    return whole or _is_filtered(settings)


def _is_filtered(settings: Settings) -> bool:
    return any(image_type.name != "Original" for image_type in filtered_types(settings))


def _tell_of_more_room(image: sitk.Image, settings: Settings, reach_mm: float) -> None:
    """Remark that a family moves the edge at which all filters see the image end."""
    if keeps_grid(settings) or not _is_filtered(settings) or _resamples_whole(settings, whole=False):
        return
    asked = settings.options(resample if resamples(settings) else pre_crop)
    given = asked["padDistance"]
    needed = _with_room(asked, image, reach_mm)["padDistance"]
    if needed > given:
        add_remark(
            f"padDistance was raised from {given} to {needed} voxels, since "
            f"{' and '.join(settings.wanted_families.far_reaching)} looks {reach_mm:g} mm beyond the region; "
            "near its edge, filtered images differ from those of a file without it: set padDistance to this "
            "value there too, or extract it by a file of its own"
        )


def _with_room(options: dict[str, Any], image: sitk.Image, reach_mm: float) -> dict[str, Any]:
    """Leave so much of the image round the region."""
    if not reach_mm:
        return options
    spacings = [mm for mm in options.get("resampledPixelSpacing") or () if mm] + list(image.GetSpacing())
    return {**options, "padDistance": max(options["padDistance"], ceil(reach_mm / min(spacings)))}
