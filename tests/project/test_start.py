"""Kernels are compiled once, whoever computes; what is not needed is not waited for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from radiomics_screen import load_settings
from radiomics_screen.cohort.cases import Case
from radiomics_screen.cohort.synthetic import make_sample
from radiomics_screen.core import kernels
from radiomics_screen.extraction.measuring.case_result import Row
from radiomics_screen.extraction.running import compile_kernels as module

REPOSITORY = Path(__file__).parents[2]
ANNOUNCED = "compiling the numerical kernels"

EXTRACT = """
import sys
from numba.core import event

class Compiled(event.Listener):
    def on_start(self, event): pass
    def on_end(self, event): print("compiled", event.data["dispatcher"].py_func.__name__, file=sys.stderr)

from radiomics_screen import extract_cohort  # first, so that its own announcement comes first
event.register("numba:compile", Compiled())
table = extract_cohort({cases!r}, {{"featureClass": {{"firstorder": [], "ngtdm": []}}}}, jobs={jobs})
assert set(table["status"]) == {{"ok"}}, table["error"].tolist()
"""

WITHOUT_CACHE = """
import tempfile
def refuse(*args, **kwargs): raise PermissionError(13, "Permission denied")
tempfile.TemporaryFile = refuse  # with which numba finds out whether it may write to a folder
import numpy as np
from radiomics_screen import extract, kernels
lesion = np.zeros((8, 8), dtype=bool)
lesion[2:6, 2:6] = True
image = np.arange(64.0).reshape(8, 8)
assert extract(image, lesion, {"featureClass": {"ngtdm": []}})
assert kernels.cache_folder() is None
"""


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sample(tmp_path_factory.mktemp("cohort"), patients=2)


def run(code: str, cache: Path) -> str:
    """Run code in a fresh interpreter and return what it said on standard error."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_kernels_are_compiled_once(cohort: Path, tmp_path: Path, jobs: int) -> None:
    """With several processes too: workers, which would announce it themselves, only load."""
    code = EXTRACT.format(cases=str(cohort), jobs=jobs)
    first = run(code, tmp_path)
    assert first.count(ANNOUNCED) == 1
    assert "compiled" in first
    assert first.index(ANNOUNCED) < first.index("compiled")
    assert "compil" not in run(code, tmp_path)


@pytest.mark.slow
def test_without_a_folder_to_keep_them_kernels_work_and_it_says_so(tmp_path: Path) -> None:
    told = run(WITHOUT_CACHE, tmp_path)
    assert told.count(ANNOUNCED) == 1
    assert "NUMBA_CACHE_DIR" in told


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Case]]:
    """Keep the marks in a folder of this test, and return the cases that are measured."""
    cases: list[Case] = []

    def measure(case: Case, settings: object) -> Row:
        cases.append(case)
        return Row("ok" if case.image.stem == "image3" else "failed", {}, "", (), 0.0)

    monkeypatch.setattr(kernels, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(module, "extract_case", measure)
    return cases


def test_compiled_kernels_are_not_compiled_again(measured: list[Case]) -> None:
    module.compile_kernels(load_settings({"imageType": {"Original": {}}}))
    assert len(measured) == 2
    module.compile_kernels(load_settings({"setting": {"binWidth": 3}}))
    assert len(measured) == 2
    module.compile_kernels(load_settings({"imageType": {"Wavelet": {}}}))
    assert len(measured) == 4


def test_changed_kernels_are_compiled_again(measured: list[Case], monkeypatch: pytest.MonkeyPatch) -> None:
    module.compile_kernels(load_settings())
    monkeypatch.setattr(kernels, "identity", lambda: ["another processor"])
    module.compile_kernels(load_settings())
    assert len(measured) == 4


def test_where_nothing_could_be_measured_there_is_no_mark(
    measured: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "extract_case", lambda case, settings: Row("failed", {}, "x", (), 0.0))
    module.compile_kernels(load_settings())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content",
    [
        None,
        {"imageType": {"Original": {}, "Wavelet": {}, "LoG": {"sigma": [1, 5]}}},
        {
            "preprocessing": ["median"],
            "setting": {
                **{"label": 7, "minimumROISize": 100_000, "minimumROIDimensions": 3, "preCrop": True},
                **{"resampledPixelSpacing": [9, 9, 9], "interpolator": "sitkBSpline", "normalize": True},
                **{"resegmentRange": [5000, 6000], "label_channel": 3},
            },
        },
    ],
    ids=["default", "filters", "all that could stand in the way"],
)
def test_the_tiny_region_fits_any_settings(content: dict[str, object] | None, tmp_path: Path) -> None:
    settings = module.bare(load_settings(content))
    rows = [module.extract_case(case, settings) for case in module.tiny_cases(tmp_path)]
    assert [row.status for row in rows] == ["ok", "ok"], [row.error for row in rows]
    assert {name.split("_")[1] for row in rows for name in row.features} == set(settings.wanted)


def constant(base: int) -> object:
    namespace: dict[str, object] = {"BASE": base}
    exec("def raised(x):\n    return x + BASE", namespace)  # numba freezes the value of BASE
    return namespace["raised"]


def test_constants_count_in_the_name_under_which_a_kernel_is_kept() -> None:
    names = {kernels._from_outside(constant(base))[0] for base in (1, 2, 2)}  # type: ignore[arg-type]
    assert names == {("BASE", "1"), ("BASE", "2")}


def test_kernels_of_other_files_count_in_the_name_under_which_one_is_kept() -> None:
    namespace: dict[str, object] = {"called": kernels._kernels[0]}
    exec(compile("def calling(x):\n    return called(x)", __file__, "exec"), namespace)
    ((name, content),) = kernels._from_outside(namespace["calling"])  # type: ignore[arg-type]
    assert name == kernels._kernels[0].py_func.__qualname__
    assert len(content) == 64
