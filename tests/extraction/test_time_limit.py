"""A case that takes longer than its time is a row that says so, whatever code it hangs in."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from radiomics_screen import extract_cohort
from radiomics_screen.cli.extract import time_limit_of
from radiomics_screen.cohort.cases import read_cohort
from radiomics_screen.cohort.synthetic import make_sample
from radiomics_screen.core.errors import ReadError, SettingsError
from radiomics_screen.extraction.lesion_crops import crop_options, lesion_crops
from radiomics_screen.extraction.maps.limited import write_maps_within
from radiomics_screen.extraction.running.batch_rows import BatchMeasurement, NumberedRow, measure_batches
from radiomics_screen.extraction.running.executors.choice import executor_for
from radiomics_screen.extraction.running.executors.time_limit import each_within
from radiomics_screen.extraction.running.image_batches import ImageBatch
from radiomics_screen.image_controls import near_duplicates
from radiomics_screen.imaging.loaded_image import LoadedImage
from radiomics_screen.settings.settings import load_settings

SETTINGS = {"featureClass": {"firstorder": []}}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in hangs in the C library")


@dataclass(frozen=True)
class Hanging(BatchMeasurement):
    """Hangs at one case in native code that holds the interpreter's lock, as an endless loop there would."""

    def rows(self, batch: ImageBatch) -> Iterator[NumberedRow]:
        for one in batch:
            if one[0] == 1:
                ctypes.PyDLL(None).pause()
            yield from super().rows((one,))


@pytest.mark.parametrize("jobs", [2, pytest.param(1, marks=pytest.mark.slow)])
def test_a_case_that_hangs_becomes_a_row(tmp_path: Path, jobs: int) -> None:
    cohort = read_cohort(make_sample(tmp_path / "cohort", patients=4))
    made = BatchMeasurement.of(load_settings(SETTINGS), "own", "", time_limit=2)
    work = Hanging(made.settings, made.engine, made.recipe, time_limit=made.time_limit, home=made.home)
    batches: list[ImageBatch] = [tuple(enumerate(cohort.cases[:2])), ((2, cohort.cases[2]),)]
    rows = dict(measure_batches(executor_for(jobs, limited=True), work, batches))
    assert [rows[n].status for n in range(3)] == ["ok", "failed", "ok"]
    assert "took longer than the limit of 2 s" in rows[1].error
    assert "--time-limit" in rows[1].error


@pytest.mark.slow
def test_a_limit_changes_no_value(tmp_path: Path) -> None:
    cohort = read_cohort(make_sample(tmp_path / "cohort", patients=4))
    plain = extract_cohort(cohort, SETTINGS, jobs=1)
    limited = extract_cohort(cohort, SETTINGS, jobs=1, time_limit=600)
    assert plain.drop(columns="seconds").equals(limited.drop(columns="seconds"))


def hang(*_: object) -> Any:
    """Wait for ever in native code that holds the interpreter's lock."""
    ctypes.PyDLL(None).pause()


@dataclass(frozen=True)
class HangingSource:
    """An image that is never there."""

    def identity(self) -> str:
        return "hanging"

    def describe(self) -> str:
        return "hanging"

    def open(self) -> LoadedImage:
        return hang()


@pytest.mark.slow
def test_a_lesion_that_hangs_has_no_crop(tmp_path: Path) -> None:
    first, second, *_ = read_cohort(make_sample(tmp_path / "cohort", patients=4)).cases
    cases = [first, replace(second, image=HangingSource())]
    settings, options = load_settings(SETTINGS), crop_options({"size": 32})
    cut = lesion_crops(cases, settings, options, jobs=1, time_limit=2)
    assert not isinstance(cut[0], str)
    assert "took longer than the limit of 2 s" in cut[1]
    alone = lesion_crops(cases[:1], settings, options)
    assert np.array_equal(cut[0], alone[0])


def _look_or_hang(paths: list[str], time_limit: float | None, home: int) -> Any:
    def looks() -> Iterator[Any]:
        for path in paths:
            yield hang() if path == "hanging" else (path, "seen")

    return list(each_within(time_limit, looks(), home))


@pytest.mark.slow
def test_an_image_that_hangs_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "_look", _look_or_hang)
    frame = pd.DataFrame({"case_id": ["a", "b", "c"], "image": ["x", "hanging", "y"]})
    found = near_duplicates.near_duplicates(frame, ["p", "q", "r"], jobs=1, time_limit=2)
    reasons = dict(found.unreadable)
    assert reasons["a"] == reasons["c"] == "seen"
    assert "took longer than the limit of 2 s" in reasons["b"]


@pytest.mark.slow
def test_maps_that_hang_end_with_what_is_finished_kept(tmp_path: Path) -> None:
    case, *_ = read_cohort(make_sample(tmp_path / "cohort", patients=4)).cases
    settings = load_settings(
        {**SETTINGS, "featureClass": {"firstorder": ["Mean"], "glcm": ["Contrast"]}}, for_maps=True
    )

    def told(group: str) -> None:
        if "glcm" in group:
            hang()

    with pytest.raises(ReadError, match="took longer than the limit of 20 s; finished maps are kept"):
        write_maps_within(20, case.image, case.mask, settings, output=tmp_path / "maps", progress=told)
    assert (tmp_path / "maps" / "original_firstorder_Mean.nrrd").exists()
    written = write_maps_within(None, case.image, case.mask, settings, output=tmp_path / "maps")
    assert (written.kept, written.made) == (("original_firstorder_Mean",), ("original_glcm_Contrast",))


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_a_limit_is_a_number_of_seconds(tmp_path: Path, seconds: float) -> None:
    cohort = read_cohort(make_sample(tmp_path / "cohort", patients=4))
    with pytest.raises(SettingsError, match="time limit"):
        extract_cohort(replace(cohort), SETTINGS, time_limit=seconds)


def test_the_default_of_the_command_line() -> None:
    assert time_limit_of(None, jobs=1) is None
    assert time_limit_of(None, jobs=2) == 1800
    assert time_limit_of(5, jobs=1) == 5


def test_workers_without_work_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    """Its second worker has had no work yet when the parent is killed."""
    code = (
        "import os, time\n"
        "from joblib.externals.loky import reusable_executor\n"
        "from radiomics_screen.extraction.running.executors.local_processes import LocalProcesses\n"
        "def work(n):\n"
        "    return [os.getpid()]\n"
        "LocalProcesses(2).run_isolated(work, 0)\n"
        "print(*reusable_executor._executor._processes, flush=True)\n"
        "time.sleep(60)\n"
    )
    (tmp_path / "parent.py").write_text(code)
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "parent.py")], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        workers = [int(number) for number in parent.stdout.readline().split()]
        parent.kill()
    assert len(workers) == 2
    deadline = time.monotonic() + 5
    while any(_alive(worker) for worker in workers):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.1)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
