"""One case becomes one row. Nothing here knows of tables, processes or progress."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import SimpleITK as sitk

from radiomics_screen.cohort.cases import Case
from radiomics_screen.extraction.measuring.case_result import CaseResult, Once, Row
from radiomics_screen.extraction.measuring.describing import (
    described,
    filtered_images,
    image_values,
    shape_values,
)
from radiomics_screen.extraction.measuring.embedding import embedded
from radiomics_screen.extraction.measuring.lesion import Lesion
from radiomics_screen.extraction.measuring.opening import image_of, mask_of, pixels_of
from radiomics_screen.extraction.measuring.preparing import after_steps, marked, prepared_roi, preprocessed
from radiomics_screen.extraction.measuring.regions import lesion_and_regions, region_values
from radiomics_screen.extraction.measuring.shared_filtering import clusters, inside, within
from radiomics_screen.extraction.measuring.wanted import filtered_types, keeps_grid
from radiomics_screen.filters.registry import LOCAL, WHOLE
from radiomics_screen.imaging.loaded_image import LoadedImage
from radiomics_screen.imaging.normalization import normalize
from radiomics_screen.imaging.roi import Roi
from radiomics_screen.imaging.sources import Source, open_image, open_mask
from radiomics_screen.settings.presets import settings_or_preset
from radiomics_screen.settings.sections import ImageType
from radiomics_screen.settings.settings import Settings, load_settings

#: Lesions of one image, each with what has come of it.
Members = Sequence[tuple[Lesion, CaseResult]]


def extract(
    image: Source,
    mask: Source,
    settings: str | Path | Mapping[str, Any] | Settings | None = None,
    *,
    preset: str | None = None,
    label: int | None = None,
    label_channel: int | None = None,
    spacing_mm: Sequence[float] | None = None,
) -> dict[str, float]:
    """Measure one lesion, and the regions beyond it that the settings ask for.

    Parameters
    ----------
    image, mask
        Paths, the bytes of a file, SimpleITK images, arrays of shape (z, y, x) or (y, x), or other sources
        (:data:`radiomics_screen.imaging.sources.Source`).
    settings
        Parameter file, its content as a dict, or what :func:`load_settings` returned; None is the default.
    preset
        Name of a ready parameter file, instead of `settings`.
    label
        Mask value that marks the lesion; None takes the one value there is (or the settings' label).
    label_channel
        Channel of a mask with several values a voxel, from 0; None takes that of the settings.
    spacing_mm
        Distance of voxel centres in mm for arrays, in the order of their axes; 1 mm if not given.

    Returns
    -------
    ``{"original_glcm_Contrast": value, ...}``: image type, family and feature; before them the name of a
    region beyond the lesion and a point (``rim.original_glcm_Contrast``).

    Raises
    ------
    ScreenError
        SettingsError, ReadError, GeometryError or RegionError, each saying what to do.
    """
    resolved = load_settings(settings_or_preset(settings, preset))
    channel = resolved.setting.get("label_channel") if label_channel is None else label_channel
    loaded = open_image(image, spacing_mm)
    marks = open_mask(mask, loaded, spacing_mm, label_channel=channel)
    stepped = after_steps(loaded.image, resolved)
    values: dict[str, float] = {}
    if resolved.measures:
        ready = normalize(stepped, **resolved.options(normalize))
        values = lesion_and_regions(ready, marks, resolved, label=label)
    return values | embedded(stepped, marks, resolved, label)


def extract_case(case: Case, settings: Settings) -> Row:
    """Measure one case of a cohort; whatever is wrong with it is told in the row, and never raised."""
    start = perf_counter()
    attempt = CaseResult(case.problem)
    channel = case.label_channel
    attempt.add(extract, case.image, case.mask, settings, label=case.label, label_channel=channel)
    return attempt.row(perf_counter() - start)


def rois_of(cases: Sequence[Case], settings: Settings, image: Once[LoadedImage]) -> list[Once[Roi]]:
    """Return the region that each case marks, found when it is first asked for; each mask is read once.

    A mask, which is as large as its image, is held only until the regions in it are found.
    """
    masks = {case.marks: Once(mask_of, case, image, settings) for case in cases}
    return [Once(_roi_in, masks[case.marks], case, settings) for case in cases]


def _roi_in(mask: Once[sitk.Image], case: Case, settings: Settings) -> Roi:
    return marked(mask(), settings, case.label)


def extract_cases(
    cases: Sequence[Case],
    settings: Settings,
    stepped: Once[sitk.Image] | None = None,
    marks: Sequence[Once[Roi]] | None = None,
) -> Iterator[Row]:
    """Measure cases that share one image: it is read and preprocessed once, and so is each mask.

    Where their regions lie close together, and a filter gives the same for one as for all, it is
    filtered once. The rows are those of :func:`extract_case`: a case that fails leaves the others alone.
    """
    if len(cases) == 1 and stepped is None:
        yield extract_case(cases[0], settings)
        return
    start = perf_counter()
    loaded = image_of(cases[0])
    image = Once(_preprocessed, loaded, settings, stepped)
    marks = rois_of(cases, settings, loaded) if marks is None else marks
    attempts = [CaseResult(case.problem) for case in cases]
    ready = []
    rois = []
    for marked_by in dict.fromkeys(case.marks for case in cases):
        for case, attempt, mark in zip(cases, attempts, marks, strict=True):
            if case.marks == marked_by:  # one mask at a time: masks are as large as images
                found = attempt.make(_prepared, image, mark, settings)
                if found is not None:
                    lesion, roi = found
                    ready.append((lesion, attempt))
                    rois.append(roi)
    if keeps_grid(settings):
        everywhere = {image_type.key for image_type in filtered_types(settings) if image_type.name in WHOLE}
        for members in clusters([lesion.reach for lesion, _ in ready]):
            _describe_together([ready[n] for n in members], settings, but=everywhere)
        if ready and everywhere:
            _describe_types(ready, [t for t in filtered_types(settings) if t.key in everywhere], settings)
    else:
        for lesion, attempt in ready:
            attempt.add(described, lesion, settings)
    for (_, attempt), roi in zip(ready, rois, strict=True):
        attempt.add(_region_values, image, roi, settings)
    seconds = (perf_counter() - start) / len(cases)
    for attempt in attempts:
        yield attempt.row(seconds)


def _preprocessed(
    loaded: Once[LoadedImage], settings: Settings, stepped: Once[sitk.Image] | None
) -> sitk.Image:
    if stepped is None:
        return preprocessed(pixels_of(loaded), settings)
    return normalize(stepped(), **settings.options(normalize))


def _prepared(image: Once[sitk.Image], mark: Once[Roi], settings: Settings) -> tuple[Lesion, Roi]:
    """Return a case's lesion ready to be described, and its region as it is marked in the mask."""
    whole = image()
    roi = mark()
    return prepared_roi(whole, roi, settings), roi


def _region_values(image: Once[sitk.Image], roi: Roi, settings: Settings) -> dict[str, float]:
    return region_values(image(), roi, settings)


def _describe_together(members: Members, settings: Settings, *, but: Collection[str] = ()) -> None:
    """Describe lesions of one volume, but for image types with the keys `but`."""
    for lesion, attempt in members:
        attempt.add(shape_values, lesion, settings)
    _describe_types(members, [t for t in filtered_types(settings) if t.key not in but], settings)


def _describe_types(members: Members, image_types: Iterable[ImageType], settings: Settings) -> None:
    """Describe lesions on images of some types, filtered once for all where that comes to the same."""
    for image_type in image_types:
        together = image_type.name in LOCAL and _describe_images(members, image_type, settings)
        if not together:
            for member in members:
                _describe_images([member], image_type, settings)


def _describe_images(members: Members, image_type: ImageType, settings: Settings) -> bool:
    """Describe lesions on the images of one type; False where the filter fails for several at once."""
    whole = inside([lesion.reach for lesion, _ in members])
    images = filtered_images(members[0][0].volume, whole, image_type, settings)
    while True:
        common = CaseResult()
        made = common.make(next, images, None)
        if common.error and len(members) > 1:
            return False
        for lesion, attempt in members:
            attempt.take(common)
            if made is not None:
                name, filtered = made
                part = filtered[within(lesion.reach, whole)]
                attempt.add(image_values, lesion, part, name, image_type, settings)
        if made is None:
            return True
