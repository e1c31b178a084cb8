"""Cases measured after something was done to their images or lesions: perturbations and controls."""

from __future__ import annotations

import os
import pickle
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import SimpleITK as sitk

from radiomics_screen.cohort.cases import Case, Cohort
from radiomics_screen.core.errors import CohortError, SettingsError
from radiomics_screen.extraction.compose_table import compose
from radiomics_screen.extraction.measuring.case_result import CaseResult, Once
from radiomics_screen.extraction.measuring.describing import require_distinct_images
from radiomics_screen.extraction.measuring.embedding import Crop, crop_of_label, require_embedder
from radiomics_screen.extraction.measuring.engines import OWN
from radiomics_screen.extraction.measuring.opening import image_of, mask_of, pixels_of
from radiomics_screen.extraction.measuring.preparing import after_steps, marked, on_image
from radiomics_screen.extraction.measuring.regions import lesion_and_regions
from radiomics_screen.extraction.run import (
    Cases,
    ProgressCallback,
    RunProgress,
    as_cohort,
    require_free_names,
)
from radiomics_screen.extraction.running.batch_rows import (
    BatchMeasurement,
    NumberedRow,
    checked_time_limit,
    measure_batches,
    unpacked,
)
from radiomics_screen.extraction.running.case_keys import contents_of, digest_of
from radiomics_screen.extraction.running.compile_kernels import compile_kernels
from radiomics_screen.extraction.running.embedded_rows import Held, rows_of
from radiomics_screen.extraction.running.executors.choice import executor_for
from radiomics_screen.extraction.running.executors.contract import Executor
from radiomics_screen.extraction.running.finished_row import Measured, failed, measured
from radiomics_screen.extraction.running.image_batches import ImageBatch, image_batches_of
from radiomics_screen.extraction.running.provenance import Recipe, describe_run
from radiomics_screen.imaging.normalization import normalize
from radiomics_screen.imaging.roi import Roi
from radiomics_screen.imaging.threads import single_threaded
from radiomics_screen.perturbation import Chain, chain_of
from radiomics_screen.settings.settings import Settings, load_settings
from radiomics_screen.table.feature_table import require_writable, with_origin, write_table

if TYPE_CHECKING:
    import pandas as pd

#: The column that names what was done to a case.
ALTERATION = "alteration"


@dataclass(frozen=True)
class AlteredMeasurement(BatchMeasurement):
    """What is done to every case, several times: the rows of a bunch are numbered chain by chain.

    Attributes
    ----------
    chains
        What is done before measuring; row `n` of a run is of chain ``n % len(chains)``.
    seed
        Of chance.
    """

    chains: tuple[Chain, ...] = ()
    seed: int = 0

    def rows(self, bunch: ImageBatch) -> Iterator[NumberedRow]:
        """Yield the rows of a bunch; its image is read and preprocessed once, each region read once."""
        settings = unpacked(self.settings)
        rows = rows_of(self._measured(bunch, settings), settings)
        for (number, case), row in zip(bunch, rows, strict=True):
            content = self.content_of(self._chain(number))
            yield NumberedRow(number, measured(contents_of(case, content), row))

    def _chain(self, number: int) -> Chain:
        return self.chains[number % len(self.chains)]

    def _measured(self, bunch: ImageBatch, settings: Settings) -> Iterator[Held]:
        loaded = image_of(bunch[0][1])
        image = Once(pixels_of, loaded)
        ready = _Ready(Once(_stepped, image, settings), settings)
        last: Case | None = None
        for number, case in bunch:
            start = perf_counter()
            if case is not last:
                last, mask = case, Once(mask_of, case, loaded, settings)
                roi = Once(_roi_of, image, mask, case, settings)
            chain = self._chain(number)
            attempt = CaseResult(case.problem)
            if chain.steps:
                found = attempt.make(_measure_altered, chain, self.seed, case, image, ready, roi, settings)
            else:
                found = attempt.make(_measure, ready, mask, case, settings)
            values, crop = found or ({}, None)
            attempt.values.update(values)
            yield Held(attempt, crop, perf_counter() - start)

    def content_of(self, chain: Chain) -> str:
        """Return the digest of all that a row depends on beside its case."""
        if not chain.steps:
            return self.recipe
        return digest_of((self.recipe, chain.name, repr(chain.to_dict()), str(self.seed)))


def extract_altered(
    cases: Cases,
    settings: str | Path | Mapping[str, Any] | Settings | None,
    alterations: Sequence[str | Chain],
    *,
    output: str | Path | None = None,
    jobs: int | None = None,
    seed: int = 0,
    progress: ProgressCallback | None = None,
    executor: Executor | None = None,
    time_limit: float | None = None,
) -> pd.DataFrame:
    """Measure every case once after each alteration and return the table of their features.

    Images are read once for all alterations of a case. They are altered as they are in the file,
    before preprocessing. A case that fails is a row with ``status`` "failed" and its cause. Values
    depend on the seed, on the names of cases and of alterations, and not on `jobs`.

    Parameters
    ----------
    cases
        Path of a cases file, a cohort, or cases.
    settings
        Parameter file, its content, or settings; None is the default.
    alterations
        Chains of alterations, by name ("rotate+noise 3": the third repetition) or with options
        (:class:`~radiomics_screen.perturbation.Chain`); "" measures the case as it is.
    output
        Table to write (.parquet or .csv), with its provenance beside it; None: nothing is written.
    jobs
        Number of processes; -1 for one a core; None for 1, or what ``joblib.parallel_config`` says.
    seed
        Of chance.
    progress
        Called at the start and after every case.
    executor
        Who does the work, instead of `jobs`; see :func:`~radiomics_screen.extraction.run.extract_cohort`.
    time_limit
        Seconds that one measurement of a case may take; None or 0: no limit.

    Returns
    -------
    A row for each case and alteration, in the order of the cases; the columns are those of a feature
    table, and before ``status`` the column ``alteration`` with the chain's name.

    Raises
    ------
    ScreenError
        CohortError, SettingsError, or TableError where the output cannot be written.
    """
    started = datetime.now(UTC)
    cohort = as_cohort(cases)
    chains = _distinct(alterations)
    resolved = load_settings(settings)
    require_distinct_images(resolved)
    if output is not None:
        output = require_writable(output)
    recipe = Recipe.of(resolved)
    require_embedder(resolved)
    time_limit = checked_time_limit(time_limit)
    executor = executor_for(jobs, executor, limited=time_limit is not None)
    work = AlteredMeasurement(
        pickle.dumps(resolved),
        OWN,
        recipe.content,
        time_limit=time_limit,
        home=os.getpid(),
        chains=chains,
        seed=seed,
    )
    of_rows = _of_rows(cohort, chains)
    rows: dict[int, Measured] = {}
    count = _Count(len(cohort.cases), len(chains), progress)
    with single_threaded(), closing(_rows(executor, work, resolved, cohort.cases)) as coming:
        for number, row in coming:
            rows[number] = row
            count.add(number, row)
    in_order = [rows[number] for number in range(len(of_rows.cases))]
    table = compose(of_rows, in_order)
    origin = {
        **replace(recipe, content=digest_of(work.content_of(chain) for chain in chains)).to_dict(),
        "alterations": {chain.name: chain.to_dict() for chain in chains},
        "seed": seed,
    }
    if output is not None:
        about = {**describe_run(recipe, of_rows.cases, in_order, started), **origin}
        about["carried"] = {name: str(table.frame[name].dtype) for name in of_rows.carried_columns}
        write_table(replace(table, provenance=about), output)
    return with_origin(table.frame, table.features, origin)


def _distinct(alterations: Sequence[str | Chain]) -> tuple[Chain, ...]:
    """Return the chains; there is at least one, and no two share a name."""
    if isinstance(alterations, str | Chain):
        alterations = (alterations,)
    chains = tuple(chain_of(given) for given in alterations)
    names = [chain.name for chain in chains]
    if not names:
        raise SettingsError("there is no alteration to measure the cases after")
    if twice := [name for name in names if names.count(name) > 1]:
        raise SettingsError(f"the alteration '{twice[0]}' is there twice; number repetitions: '{twice[0]} 2'")
    return chains


def _of_rows(cohort: Cohort, chains: Sequence[Chain]) -> Cohort:
    """Return the cohort with each case once for every chain, whose name is carried."""
    if ALTERATION in cohort.carried_columns:
        raise CohortError(
            f"{cohort.path}: the table has a column of its own named {ALTERATION}; rename it in the list"
        )
    require_free_names(cohort)
    cases = tuple(
        replace(case, carried={**case.carried, ALTERATION: chain.name})
        for case in cohort.cases
        for chain in chains
    )
    return Cohort(cohort.path, cases, (*cohort.carried_columns, ALTERATION), cohort.problems)


def _rows(
    executor: Executor, work: AlteredMeasurement, settings: Settings, cases: Sequence[Case]
) -> Generator[NumberedRow]:
    """Yield the rows as they come, each with its number."""
    todo: dict[int, Case] = {}
    for place, case in enumerate(cases):
        numbers = range(place * len(work.chains), (place + 1) * len(work.chains))
        if case.problem:
            yield from (NumberedRow(number, failed(case, "")) for number in numbers)
        else:
            todo.update(dict.fromkeys(numbers, case))
    if todo and not executor.in_this_process:
        compile_kernels(settings)
    yield from measure_batches(executor, work, image_batches_of(todo, executor.slots))


def _stepped(image: Once[sitk.Image], settings: Settings) -> sitk.Image:
    return after_steps(image(), settings)


class _Ready:
    """An image after its preprocessing: ``steps()`` as crops see it, ``whole()`` as features do."""

    def __init__(self, steps: Once[sitk.Image], settings: Settings) -> None:
        self.steps = steps
        self.whole = Once(self._normalized, settings)

    def _normalized(self, settings: Settings) -> sitk.Image:
        return normalize(self.steps(), **settings.options(normalize))


def _roi_of(image: Once[sitk.Image], mask: Once[sitk.Image], case: Case, settings: Settings) -> Roi:
    """Return the case's region on its image's grid, where alterations work."""
    return on_image(image(), marked(mask(), settings, case.label), settings)


def _measure(
    ready: _Ready, mask: Once[sitk.Image], case: Case, settings: Settings
) -> tuple[dict[str, float], Crop | None]:
    """Measure a case as it is, and cut out its crop where it is embedded."""
    return _values_and_crop(ready, mask(), settings, case.label)


def _values_and_crop(
    ready: _Ready, mask: sitk.Image, settings: Settings, label: int | None
) -> tuple[dict[str, float], Crop | None]:
    values = lesion_and_regions(ready.whole(), mask, settings, label=label) if settings.measures else {}
    if settings.embedding is None:
        return values, None
    return values, crop_of_label(ready.steps(), mask, settings, label)


def _measure_altered(
    chain: Chain,
    seed: int,
    case: Case,
    image: Once[sitk.Image],
    ready: _Ready,
    roi: Once[Roi],
    settings: Settings,
) -> tuple[dict[str, float], Crop | None]:
    """Measure a case after a chain of alterations; an image that they leave alone is preprocessed once."""
    altered, region = chain.apply(image(), roi(), seed=seed, case_id=case.id)
    if altered is not image():
        ready = _Ready(Once(after_steps, altered, settings), settings)
    return _values_and_crop(ready, region.image(), settings, 1)


class _Count:
    """Counts cases whose rows are all there, and reports their number."""

    def __init__(self, cases: int, chains: int, callback: ProgressCallback | None) -> None:
        self._state = RunProgress(cases, 0, 0, 0)
        self._missing = dict.fromkeys(range(cases), chains)
        self._failed: set[int] = set()
        self._chains = chains
        self._callback = callback
        self._report()

    def add(self, number: int, row: Measured) -> None:
        case = number // self._chains
        self._missing[case] -= 1
        if row.status != "ok":
            self._failed.add(case)
        if not self._missing[case]:
            self._state = replace(self._state, done=self._state.done + 1, failed=len(self._failed))
            self._report()

    def _report(self) -> None:
        if self._callback:
            self._callback(self._state)
