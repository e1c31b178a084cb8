"""Rows of cases with their embeddings: crops are cut out image by image, a network sees many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil
from time import perf_counter

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.cohort.cases import Case
from radiomics_screen.extraction.measuring.case import extract_cases, rois_of
from radiomics_screen.extraction.measuring.case_result import CaseResult, Once, Row
from radiomics_screen.extraction.measuring.embedding import Crop, crop_of, embed, named
from radiomics_screen.extraction.measuring.opening import image_of, pixels_of
from radiomics_screen.extraction.measuring.preparing import after_steps
from radiomics_screen.extraction.running.image_batches import ImageBatch
from radiomics_screen.imaging.loaded_image import LoadedImage
from radiomics_screen.imaging.roi import Roi
from radiomics_screen.settings.settings import Settings

#: A pack of work has so many crops at least, where there are that many: batches are seldom filled up.
_FEWEST = 32


@dataclass
class Held:
    """A case whose crop waits for others; None where it has none."""

    attempt: CaseResult
    crop: Crop | None
    seconds: float


def packs_of(bunches: Sequence[ImageBatch], settings: Settings, processes: int) -> list[ImageBatch]:
    """Join bunches of cases to pieces of work that fill batches; each process still gets its share."""
    if settings.embedding is None:
        return list(bunches)
    batch = settings.embedding["batch"]
    fewest = ceil(_FEWEST / batch) * batch
    share = ceil(sum(map(len, bunches)) / max(processes, 1))
    packs: list[ImageBatch] = []
    for bunch in bunches:
        if packs and len(packs[-1]) + len(bunch) <= min(fewest, share):
            packs[-1] += bunch
        else:
            packs.append(bunch)
    return packs


def embedded_rows(cases: Sequence[Case], settings: Settings) -> Iterator[Row]:
    """Measure cases, those of one image beside each other, and embed all of their lesions together.

    A case without a crop fails by itself; where the network fails, all of them do. The crops of all
    cases are held at once.
    """
    by_image = groupby(cases, key=lambda case: case.image)
    yield from rows_of((one for _, some in by_image for one in _measured(list(some), settings)), settings)


def rows_of(coming: Iterable[Held], settings: Settings) -> Iterator[Row]:
    """Turn what was measured into rows; where lesions are embedded, when the crops of all are there."""
    if settings.embedding is None:
        yield from (one.attempt.row(one.seconds) for one in coming)
        return
    held = list(coming)
    start = perf_counter()
    whole = [one for one in held if one.crop is not None]
    together = CaseResult()
    vectors = together.make(_vectors, [one.crop for one in whole if one.crop is not None], settings)
    share = (perf_counter() - start) / max(len(held), 1)
    for number, one in enumerate(whole):
        one.attempt.take(together)
        if vectors is not None:
            one.attempt.add(named, vectors[number])
    for one in held:
        yield one.attempt.row(one.seconds + share)


def _vectors(crops: Sequence[Crop], settings: Settings) -> NDArray[np.float32]:
    return embed(np.stack(crops), settings) if crops else np.empty((0, 0), np.float32)


def _measured(cases: Sequence[Case], settings: Settings) -> Iterator[Held]:
    """Measure cases of one image and cut out their crops; it and its masks are read once for both."""
    image = image_of(cases[0])
    stepped = Once(_stepped, image, settings)
    marks = rois_of(cases, settings, image)
    for row, mark in zip(_radiomics(cases, settings, stepped, marks), marks, strict=True):
        start = perf_counter()
        attempt = CaseResult(row.error, dict(row.features), list(row.warnings))
        crop = attempt.make(_crop, stepped, mark, settings)
        yield Held(attempt, crop, row.seconds + perf_counter() - start)


def _radiomics(
    cases: Sequence[Case], settings: Settings, stepped: Once[sitk.Image], marks: Sequence[Once[Roi]]
) -> Iterator[Row]:
    if settings.measures:
        yield from extract_cases(cases, settings, stepped, marks)
    else:
        yield from (CaseResult(case.problem).row(0.0) for case in cases)


def _stepped(image: Once[LoadedImage], settings: Settings) -> sitk.Image:
    return after_steps(pixels_of(image), settings)


def _crop(image: Once[sitk.Image], mark: Once[Roi], settings: Settings) -> Crop:
    return crop_of(image(), mark(), settings)
