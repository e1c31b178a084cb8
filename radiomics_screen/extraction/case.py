"""One case becomes one row. Nothing here knows of tables, processes or progress."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.cohort import Case
from radiomics_screen.errors import ReadError, ScreenError
from radiomics_screen.features import FAMILIES, Family
from radiomics_screen.features.lattice import Footprint
from radiomics_screen.features.mask import bounding_box, check_size, resegment
from radiomics_screen.features.region import Region, cut_region, discretize, flat_axis_of, require_finite
from radiomics_screen.filters import FILTERS
from radiomics_screen.filters.registry import Box
from radiomics_screen.imaging.geometry import match_grid, pre_crop, resample, select_label
from radiomics_screen.imaging.normalization import normalize
from radiomics_screen.imaging.pixels import grey, labels
from radiomics_screen.imaging.preprocessing import STEPS
from radiomics_screen.imaging.reading import read_image, read_mask
from radiomics_screen.imaging.roi import Roi
from radiomics_screen.imaging.volume import Volume, to_image, to_volume
from radiomics_screen.notes import collected_notes, note
from radiomics_screen.settings import ImageType, Settings, load_settings

#: An image or a mask: a file, a folder with one DICOM series, a SimpleITK image, or an array of shape
#: (z, y, x) or (y, x).
Source = str | Path | sitk.Image | NDArray[Any]


@dataclass(frozen=True)
class Row:
    """What became of one case.

    Attributes
    ----------
    status
        "ok", or "failed" with the cause in `error` and no features.
    features
        ``{column: value}``, in the order of computation.
    error
        Why the case failed; "" where it did not.
    warnings
        Remarks about how the values came about.
    seconds
        Time spent on the case, by the clock.
    """

    status: str
    features: Mapping[str, float]
    error: str
    warnings: tuple[str, ...]
    seconds: float


def extract(
    image: Source,
    mask: Source,
    settings: str | Path | Mapping[str, Any] | Settings | None = None,
    *,
    label: int | None = None,
    spacing_mm: Sequence[float] | None = None,
) -> dict[str, float]:
    """Measure one lesion.

    Parameters
    ----------
    image, mask
        Paths, SimpleITK images, or arrays of shape (z, y, x) or (y, x).
    settings
        Parameter file, its content as a dict, or what :func:`load_settings` returned; None is the default.
    label
        Mask value that marks the lesion; None takes the one value there is (or the settings' label).
    spacing_mm
        Distance of voxel centres in mm for arrays, in the order of their axes; 1 mm if not given.

    Returns
    -------
    ``{"original_glcm_Contrast": value, ...}``: image type, family and feature.

    Raises
    ------
    ScreenError
        SettingsError, ReadError, GeometryError or RegionError, each saying what to do.
    """
    resolved = load_settings(settings)
    channel = resolved.setting.get("label_channel")
    return measure(
        _image(image, spacing_mm),
        _mask(mask, spacing_mm, label_channel=channel),
        resolved,
        label=label,
    )


def extract_case(case: Case, settings: Settings) -> Row:
    """Measure one case of a cohort; whatever is wrong with it is told in the row, and never raised."""
    start = perf_counter()
    features: Mapping[str, float] = {}
    error = case.problem
    with collected_notes() as notes:
        if not error:
            try:
                features = extract(case.image, case.mask, settings, label=case.label)
            except ScreenError as failure:
                error = str(failure)
            except MemoryError:
                error = "not enough memory for this case"
            except Exception as failure:  # the one place where a failure becomes a row
                error = _unexpected(failure)
    status = "failed" if error else "ok"
    return Row(status, features, error, tuple(notes), perf_counter() - start)


def _unexpected(failure: Exception) -> str:
    place = traceback.extract_tb(failure.__traceback__)[-1]
    reason = " ".join(str(failure).split())
    return f"unexpected {type(failure).__name__} in {Path(place.filename).name}:{place.lineno}: {reason}"


def measure(
    image: sitk.Image, mask: sitk.Image, settings: Settings, *, label: int | None = None
) -> dict[str, float]:
    """Measure one lesion on images in memory; see :func:`extract`."""
    roi = select_label(mask, label=settings.setting["label"] if label is None else label)
    return _measured(preprocessed(image, settings), roi, settings)


def preprocessed(image: sitk.Image, settings: Settings) -> sitk.Image:
    """Do what happens to a whole image, whatever is marked on it."""
    for step in settings.preprocessing:
        image = STEPS[step.name](image, **step.options)
    return normalize(image, **settings.options(normalize))


def _measured(image: sitk.Image, roi: Roi, settings: Settings) -> dict[str, float]:
    image, roi = _on_one_grid(image, roi, settings)
    volume, box, drawn = to_volume(image), roi.box, roi.solid
    check_size(drawn, **settings.options(check_size))
    textured, shaped = resegment(volume.array[box], drawn, **settings.options(resegment))
    if textured is not drawn:
        check_size(textured, **settings.options(check_size))
    of_mask, of_images = _chosen_families(settings)
    values: dict[str, float] = {}
    place, footprint = _bounded(box, textured)
    if of_mask:
        shape_place, shape = (place, footprint) if shaped is textured else _bounded(box, shaped)
        region = _region(volume, volume.array[shape_place], shape, settings)
        values |= _described("original", region, of_mask, settings)
    if of_images:
        require_finite(volume.array[place], footprint)  # before it is filtered
        for image_type in settings.image_types:
            make = FILTERS[image_type.name]
            for name, filtered in make(volume, place, **settings.options(make, image_type)):
                region = _region(volume, filtered, footprint, settings, image_type, name)
                values |= _described(name, region, of_images, settings, image_type)
    return values


def _bounded(box: Box, mask: NDArray[np.bool_]) -> tuple[Box, Footprint]:
    """Return where the mask's own bounding box lies, and the mask in it; `box` is where the mask lies."""
    inner = bounding_box(mask)
    z, y, x = (slice(o.start + i.start, o.start + i.stop) for o, i in zip(box, inner, strict=True))
    return (z, y, x), Footprint(mask[inner])


def _on_one_grid(image: sitk.Image, roi: Roi, settings: Settings) -> tuple[sitk.Image, Roi]:
    resampling = settings.options(resample)
    if resampling["resampledPixelSpacing"] is None or resampling["interpolator"] is None:
        roi = match_grid(image, roi, **settings.options(match_grid))
        return pre_crop(image, roi, **settings.options(pre_crop))
    return resample(image, roi, **resampling)


def _chosen_families(settings: Settings) -> tuple[list[Family], list[Family]]:
    """Return the families that measure the mask, and those that measure every image."""
    chosen = [FAMILIES[name] for name in settings.wanted]
    return [f for f in chosen if f.of_mask], [f for f in chosen if not f.of_mask]


def _region(
    volume: Volume,
    intensities: NDArray[Any],
    footprint: Footprint,
    settings: Settings,
    image_type: ImageType | None = None,
    image_name: str = "original",
) -> Region:
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


def _described(
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


def _image(source: Source, spacing_mm: Sequence[float] | None) -> sitk.Image:
    if isinstance(source, sitk.Image | np.ndarray):
        return grey(_in_memory(source, spacing_mm))
    return read_image(_path(source))


def _mask(source: Source, spacing_mm: Sequence[float] | None, *, label_channel: int | None) -> sitk.Image:
    if isinstance(source, sitk.Image | np.ndarray):
        return labels(_in_memory(source, spacing_mm), label_channel=label_channel)
    return read_mask(_path(source), label_channel=label_channel)


def _path(source: object) -> Path:
    if not isinstance(source, str | os.PathLike):
        kind = type(source).__name__
        raise ReadError(f"an image or mask is a path, a SimpleITK image or a NumPy array, not {kind}")
    return Path(source)


def _in_memory(source: sitk.Image | NDArray[Any], spacing_mm: Sequence[float] | None) -> sitk.Image:
    if isinstance(source, sitk.Image):
        return source
    if source.ndim not in (2, 3):
        raise ReadError(f"an array must be (z, y, x) or (y, x), not of shape {source.shape}")
    spacing = _spacing(spacing_mm, source)
    z, y, x = (1.0, *spacing)[-3:]
    array = _native(source).reshape((1, *source.shape)[-3:])
    return to_image(Volume(array, (z, y, x), planar=source.ndim == 2))


def _spacing(spacing_mm: Sequence[float] | None, array: NDArray[Any]) -> tuple[float, ...]:
    if spacing_mm is None:
        return (1.0,) * array.ndim
    try:
        spacing = tuple(float(s) for s in spacing_mm)
    except (TypeError, ValueError):
        spacing = ()
    if len(spacing) != array.ndim or not all(0 < s < float("inf") for s in spacing):
        raise ReadError(
            f"spacing_mm {spacing_mm} must have one finite length above 0 for each axis of {array.shape}"
        )
    return spacing


def _native(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array in a type that SimpleITK has: this machine's byte order, no bool, no half."""
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise ReadError(f"an array must hold whole or decimal numbers of up to 64 bits, not {array.dtype}")
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype == np.float16:
        return array.astype(np.float32)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def ordered_features(names: Iterable[str]) -> list[str]:
    """Sort feature columns into the order of every table.

    First the original image, with the families that measure the mask before the others; then the
    other image types by name, numbers in them by size; features in the order of their family.
    """
    return sorted(set(names), key=_place)


@lru_cache(maxsize=100_000)
def _place(column: str) -> tuple[Any, ...]:
    image_name, family_name, feature = column.split("_", 2)
    family = FAMILIES[family_name]
    numbered = tuple(
        (0, int(p), "") if p.isdigit() else (1, 0, p) for p in re.split(r"(\d+)", image_name) if p
    )
    known = family.features + family.on_request
    return (image_name != "original", numbered, not family.of_mask, family_name, known.index(feature))
