"""Crops of the lesions of cases: what a network looks at, read and cut in parallel."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.cohort.cases import Case
from radiomics_screen.core.errors import SettingsError
from radiomics_screen.core.options import options_of
from radiomics_screen.extraction.measuring.case_result import CaseResult, Once
from radiomics_screen.extraction.measuring.opening import image_of, mask_of, pixels_of
from radiomics_screen.extraction.measuring.preparing import after_steps, marked, on_image
from radiomics_screen.extraction.run import ProgressCallback, RunProgress
from radiomics_screen.extraction.running.batch_rows import cause_of_death, checked_time_limit
from radiomics_screen.extraction.running.executors.choice import executor_for
from radiomics_screen.extraction.running.executors.contract import Cancelled, Executor, Finished, WorkerDied
from radiomics_screen.extraction.running.executors.time_limit import each_within
from radiomics_screen.extraction.running.image_batches import ImageBatch, image_batches_of
from radiomics_screen.imaging.crop import crop_lesion, crop_region
from radiomics_screen.imaging.threads import single_threaded
from radiomics_screen.perturbation import Chain
from radiomics_screen.settings.schema import checked
from radiomics_screen.settings.settings import Settings

#: A crop, shape (2, size, size), or why there is none.
Cut = NDArray[np.uint8] | str


def crop_options(given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return all options of :func:`~radiomics_screen.imaging.crop.crop_lesion`: those given, else defaults.

    Raises
    ------
    SettingsError
        There is no such option, or it cannot have this value.
    """
    problems: list[str] = []
    found = checked("crop", dict(given or {}), options_of(crop_lesion), problems)
    if problems:
        raise SettingsError("\n".join(problems))
    return found


def lesion_crops(
    cases: Sequence[Case],
    settings: Settings,
    options: Mapping[str, Any],
    *,
    chain: Chain | None = None,
    seed: int = 0,
    jobs: int | None = None,
    progress: ProgressCallback | None = None,
    time_limit: float | None = None,
) -> list[Cut]:
    """Return the crop of each case's lesion, or why there is none, in the order of the cases.

    Crops are cut from images after the steps under ``preprocessing``; an image with several lesions is read
    once.

    Parameters
    ----------
    cases
        Read from disk; a case with a ``problem`` has no crop, for that reason.
    settings
        How images are preprocessed, and how masks mark lesions.
    options
        As :func:`crop_options` returns them.
    chain, seed
        What is done to image and region first; None: nothing.
    jobs, progress, time_limit
        As in :func:`~radiomics_screen.extraction.run.extract_cohort`; a lesion that takes longer has no crop.
    """
    time_limit = checked_time_limit(time_limit)
    found: dict[int, Cut] = {n: case.problem for n, case in enumerate(cases) if case.problem}
    todo = {n: case for n, case in enumerate(cases) if not case.problem}
    executor = executor_for(jobs, limited=time_limit is not None)
    bunches = image_batches_of(todo, executor.slots)
    work = _Cutting(settings, options, chain, seed, time_limit, os.getpid())
    tell = progress or (lambda _: None)
    tell(RunProgress(len(cases), len(found), len(found), 0))
    with single_threaded(), closing(_cut(executor, work, bunches)) as coming:
        for number, cut in coming:
            found[number] = cut
            failures = sum(isinstance(one, str) for one in found.values())
            tell(RunProgress(len(cases), len(found), failures, 0))
    return [found[n] for n in range(len(cases))]


@dataclass(frozen=True)
class _Cutting:
    """What is done to every batch of cases that share an image; `home` hands out the work."""

    settings: Settings
    options: Mapping[str, Any]
    chain: Chain | None
    seed: int
    time_limit: float | None
    home: int

    def __call__(self, batch: ImageBatch) -> list[tuple[int, Cut]]:
        crops = each_crop(batch, self.settings, self.options, self.chain, self.seed)
        with single_threaded():
            return list(each_within(self.time_limit, crops, self.home))


def _cut(executor: Executor, work: _Cutting, bunches: Sequence[ImageBatch]) -> Generator[tuple[int, Cut]]:
    """Yield the crops as they come; where a worker died, the cases of its batch are cut one by one."""
    with closing(executor.run(work, bunches)) as outcomes:
        for outcome in outcomes:
            batch = bunches[outcome.piece]
            if isinstance(outcome, WorkerDied):
                for one in batch:
                    yield from _cuts_of(executor.run_isolated(work, (one,)), (one,), work.time_limit)
            else:
                yield from _cuts_of(outcome, batch, work.time_limit)


def _cuts_of(
    outcome: Finished[tuple[int, Cut]] | WorkerDied | Cancelled, batch: ImageBatch, time_limit: float | None
) -> Iterator[tuple[int, Cut]]:
    if isinstance(outcome, Finished):
        yield from outcome.results
        return
    if isinstance(outcome, WorkerDied):
        reason = cause_of_death("cut this lesion out", outcome, time_limit)
    else:
        reason = f"this lesion was not cut out: {outcome.reason}"
    yield from ((number, reason) for number, _ in batch)


def each_crop(
    bunch: ImageBatch,
    settings: Settings,
    options: Mapping[str, Any],
    chain: Chain | None = None,
    seed: int = 0,
) -> Iterator[tuple[int, Cut]]:
    """Yield the crops of cases that share an image, each with the number of its case."""
    loaded = image_of(bunch[0][1])
    image = Once(pixels_of, loaded)
    ready = Once(_after_steps, image, settings)
    source, mask = None, None
    for number, case in bunch:
        if mask is None or case.marks != source:  # one mask may mark many lesions
            source, mask = case.marks, Once(mask_of, case, loaded, settings)
        attempt = CaseResult()
        crop = attempt.make(_crop, _Asked(image, ready, mask, settings, options), case, chain, seed)
        yield number, attempt.error if crop is None else crop


def _after_steps(image: Once[sitk.Image], settings: Settings) -> sitk.Image:
    return after_steps(image(), settings)


class _Asked(NamedTuple):
    """An image as it is in the file and after the steps, a mask, and how lesions are cut out."""

    image: Once[sitk.Image]
    ready: Once[sitk.Image]
    mask: Once[sitk.Image]
    settings: Settings
    options: Mapping[str, Any]


def _crop(asked: _Asked, case: Case, chain: Chain | None, seed: int) -> NDArray[np.uint8]:
    settings = asked.settings
    roi = on_image(asked.image(), marked(asked.mask(), settings, case.label), settings)
    if chain is None:
        return crop_region(asked.ready(), roi, **asked.options)
    altered, roi = chain.apply(asked.image(), roi, seed=seed, case_id=case.id)
    return crop_region(after_steps(altered, settings), roi, **asked.options)
