"""One case becomes one row. Nothing here knows of tables, processes or progress."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Generic, ParamSpec, TypeVar

import SimpleITK as sitk

from radiomics_screen.cohort import Case
from radiomics_screen.errors import ScreenError
from radiomics_screen.extraction.lesion import (
    Lesion,
    described,
    filtered_images,
    image_values,
    keeps_grid,
    measure,
    prepared,
    preprocessed,
    shape_values,
)
from radiomics_screen.extraction.sharing import clusters, inside, within
from radiomics_screen.extraction.sources import Source, image_of, mask_of
from radiomics_screen.imaging.reading import read_image, read_mask
from radiomics_screen.notes import collected_notes, note
from radiomics_screen.settings import Settings, load_settings

P = ParamSpec("P")
Result = TypeVar("Result")


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
        Time spent on the case, by the clock; its share of what was done for several at once.
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
        image_of(image, spacing_mm),
        mask_of(mask, spacing_mm, label_channel=channel),
        resolved,
        label=label,
    )


def extract_case(case: Case, settings: Settings) -> Row:
    """Measure one case of a cohort; whatever is wrong with it is told in the row, and never raised."""
    start = perf_counter()
    attempt = _Attempt(case.problem)
    attempt.add(extract, case.image, case.mask, settings, label=case.label)
    return attempt.row(perf_counter() - start)


def extract_cases(cases: Sequence[Case], settings: Settings) -> Iterator[Row]:
    """Measure cases that share one image: it is read and preprocessed once, and so is each mask.

    Where their regions lie close together, the image is filtered once for them. A case that fails
    leaves the others alone.
    """
    if len(cases) == 1:
        yield extract_case(cases[0], settings)
        return
    start = perf_counter()
    channel = settings.setting.get("label_channel")
    image = _Once(_read_and_preprocessed, cases[0].image, settings)
    masks = {path: _Once(read_mask, path, label_channel=channel) for path in {case.mask for case in cases}}
    attempts = [_Attempt(case.problem) for case in cases]
    ready = []
    for case, attempt in zip(cases, attempts, strict=True):
        lesion = attempt.make(_prepared, image, masks[case.mask], case, settings)
        if lesion is not None:
            ready.append((lesion, attempt))
    if keeps_grid(settings):
        for members in clusters([lesion.box for lesion, _ in ready]):
            _describe_together([ready[n] for n in members], settings)
    else:
        for lesion, attempt in ready:
            attempt.add(described, lesion, settings)
    seconds = (perf_counter() - start) / len(cases)
    for attempt in attempts:
        yield attempt.row(seconds)


def _read_and_preprocessed(path: Path, settings: Settings) -> sitk.Image:
    return preprocessed(read_image(path), settings)


def _prepared(image: _Once[sitk.Image], mask: _Once[sitk.Image], case: Case, settings: Settings) -> Lesion:
    return prepared(image(), mask(), settings, label=case.label)


def _describe_together(members: Sequence[tuple[Lesion, _Attempt]], settings: Settings) -> None:
    """Describe lesions of one volume on images that are filtered once for all of them."""
    whole = inside([lesion.box for lesion, _ in members])
    for lesion, attempt in members:
        attempt.add(shape_values, lesion, settings)
    images = filtered_images(members[0][0].volume, whole, settings)
    while True:
        common = _Attempt()
        made = common.make(next, images, None)
        for lesion, attempt in members:
            attempt.take(common)
            if made is not None:
                image_type, name, filtered = made
                part = filtered[within(lesion.box, whole)]
                attempt.add(image_values, lesion, part, name, image_type, settings)
        if made is None or all(attempt.error for _, attempt in members):
            return


@dataclass
class _Attempt:
    """What comes of a case step by step: its values and remarks, or why it failed."""

    error: str = ""
    values: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def make(self, work: Callable[P, Result], *args: P.args, **options: P.kwargs) -> Result | None:
        """Do some work for the case unless it has failed; None where it fails."""
        if self.error:
            return None
        with collected_notes() as notes:
            try:
                return work(*args, **options)
            except ScreenError as failure:
                self.error = str(failure)
            except MemoryError:
                self.error = "not enough memory for this case"
            except Exception as failure:  # the one place where a failure becomes a row
                self.error = _unexpected(failure)
            finally:
                self.notes += [n for n in notes if n not in self.notes]
        return None

    def add(self, work: Callable[P, Mapping[str, float]], *args: P.args, **options: P.kwargs) -> None:
        """Do some work that gives values."""
        self.values |= self.make(work, *args, **options) or {}

    def take(self, common: _Attempt) -> None:
        """Add what came of work that was done for this case and others."""
        self.error = self.error or common.error
        self.notes += [n for n in common.notes if n not in self.notes]

    def row(self, seconds: float) -> Row:
        if self.error:
            return Row("failed", {}, self.error, tuple(self.notes), seconds)
        return Row("ok", self.values, "", tuple(self.notes), seconds)


class _Once(Generic[Result]):
    """Something made when it is first asked for; its remarks and its failure are told each time."""

    def __init__(self, make: Callable[P, Result], *args: P.args, **options: P.kwargs) -> None:
        self._make: Callable[[], Result] | None = partial(make, *args, **options)
        self._result: list[Result] = []
        self._failure: Exception | None = None
        self._notes: list[str] = []

    def __call__(self) -> Result:
        if self._make is not None:
            make, self._make = self._make, None
            with collected_notes() as self._notes:
                try:
                    self._result.append(make())
                except (ScreenError, MemoryError, RuntimeError) as failure:
                    self._failure = failure
        for remark in self._notes:
            note(remark)
        if self._failure is not None:
            raise self._failure
        return self._result[0]


def _unexpected(failure: Exception) -> str:
    place = traceback.extract_tb(failure.__traceback__)[-1]
    reason = " ".join(str(failure).split())
    return f"unexpected {type(failure).__name__} in {Path(place.filename).name}:{place.lineno}: {reason}"
