"""The same command through pyradiomics: the same values, and errors that say whose they are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radiomics_screen import extract_cohort, load_settings, read_table
from radiomics_screen.cohort.synthetic import make_sample
from radiomics_screen.core.errors import SettingsError, TableError
from radiomics_screen.extraction.measuring import pyradiomics_engine
from radiomics_screen.extraction.measuring.engines import require_engine
from radiomics_screen.table.comparison import compare_tables

FIRSTORDER: dict[str, Any] = {"featureClass": {"firstorder": []}}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sample(tmp_path_factory.mktemp("cohort"), patients=2)


# -- without pyradiomics ----------------------------------------------------------------------


def test_an_unknown_engine_is_refused(cohort: Path) -> None:
    with pytest.raises(SettingsError, match="unknown engine 'pyradiomic': did you mean 'pyradiomics'"):
        extract_cohort(cohort, FIRSTORDER, engine="pyradiomic")


def test_where_pyradiomics_is_missing_it_says_how_to_install_it(
    cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "radiomics", None)
    pyradiomics_engine._pyradiomics.cache_clear()
    with pytest.raises(SettingsError, match=r"pip install 'radiomics-screen\[pyradiomics\]'"):
        extract_cohort(cohort, FIRSTORDER, output=tmp_path / "t.csv", engine="pyradiomics")
    pyradiomics_engine._pyradiomics.cache_clear()
    assert not list(tmp_path.glob("t.csv*"))


def test_a_table_is_continued_by_the_engine_that_made_it(
    cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "t.parquet"
    own = extract_cohort(cohort, FIRSTORDER, output=output)
    monkeypatch.setattr(pyradiomics_engine, "require_possible", lambda settings: None)
    monkeypatch.setattr(pyradiomics_engine, "distribution", lambda: "pyradiomics 9.9")
    with pytest.raises(TableError, match=r"with engine own, this is pyradiomics 9.9; name another output"):
        extract_cohort(cohort, FIRSTORDER, output=output, engine="pyradiomics")
    pd.testing.assert_frame_equal(read_table(output).frame, own, check_exact=True)


# -- with it ----------------------------------------------------------------------------------


@pytest.fixture
def pyradiomics() -> Any:
    return pytest.importorskip("radiomics", reason="pyradiomics is not installed")


pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::SyntaxWarning")


@pytest.mark.parametrize("jobs", [1, 2])
def test_both_engines_agree(pyradiomics: Any, cohort: Path, tmp_path: Path, jobs: int) -> None:
    for engine in ("own", "pyradiomics"):
        extract_cohort(cohort, output=tmp_path / f"{engine}.parquet", engine=engine, jobs=jobs)
    found = compare_tables(tmp_path / "own.parquet", tmp_path / "pyradiomics.parquet")
    assert found.agree, found.total
    assert not found.failed
    assert found.features_only == found.cases_only == ((), ())
    assert found.total.values == found.cases * found.features > 200
    about = read_table(tmp_path / "pyradiomics.parquet").provenance or {}
    assert about["engine"] == require_engine("pyradiomics", load_settings())
    assert about["engine"].startswith("pyradiomics")


def volumes(folder: Path) -> Path:
    """Write a volume with two labels, which lie off its grid by rounding, and return the list of cases."""
    rng = np.random.default_rng(4)
    image = sitk.GetImageFromArray(rng.normal(100, 30, (12, 20, 22)).astype(np.float32))
    labels = np.zeros((12, 20, 22), dtype=np.int16)
    labels[2:9, 3:10, 4:12], labels[3:8, 12:18, 3:20] = 3, 7
    mask = sitk.GetImageFromArray(labels)
    for one in (image, mask):
        one.SetSpacing((0.9, 0.9, 2.5))
    mask.SetOrigin((1e-5, 0, 0))
    sitk.WriteImage(image, str(folder / "i.nrrd"))
    sitk.WriteImage(mask, str(folder / "m.nrrd"))
    lines = ["image,mask,label", *(f"i.nrrd,m.nrrd,{label}" for label in (3, 7, 5))]
    (folder / "cases.csv").write_text("\n".join(lines))
    return folder / "cases.csv"


@pytest.mark.parametrize(
    "content",
    [
        {"preprocessing": ["median"], "setting": {"binWidth": 5}, "imageType": {"LoG": {"sigma": [2.0]}}},
        {"setting": {"resampledPixelSpacing": [1.5, 1.5, 0], "normalize": True, "binCount": 16}},
        {"imageType": {"Original": {"binCount": 8}, "Wavelet": {}}, "setting": {"force2D": True}},
    ],
    ids=["preprocessed", "resampled", "in slices"],
)
def test_regions_of_a_volume(pyradiomics: Any, tmp_path: Path, content: dict[str, Any]) -> None:
    cases = volumes(tmp_path)
    own, other = (extract_cohort(cases, content, engine=engine) for engine in ("own", "pyradiomics"))
    assert own["status"].tolist() == other["status"].tolist() == ["ok", "ok", "failed"]
    assert "label 5 is not in the mask" in other["error"][2]
    found = compare_tables(own, other)
    assert found.agree, found.total
    assert found.features_only == ((), ())


def test_what_pyradiomics_refuses_is_in_the_row(pyradiomics: Any, tmp_path: Path) -> None:
    found = extract_cohort(
        volumes(tmp_path), {**FIRSTORDER, "setting": {"minimumROISize": 400}}, engine="pyradiomics"
    )
    assert found["status"].tolist() == ["failed", "ok", "failed"]
    assert found["error"][0].startswith("pyradiomics: Size of the ROI is too small")


def test_what_it_leaves_undefined_is_named(
    pyradiomics: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: object) -> float:
        raise ZeroDivisionError

    firstorder = pyradiomics.getFeatureClasses()["firstorder"]
    monkeypatch.setattr(firstorder, "getKurtosisFeatureValue", fails)
    found = extract_cohort(volumes(tmp_path), FIRSTORDER, engine="pyradiomics")
    assert found["status"].tolist() == ["ok", "ok", "failed"]
    assert found["original_firstorder_Kurtosis"].isna().all()
    assert "pyradiomics left undefined: original_firstorder_Kurtosis" in found["warnings"][0]


def test_it_says_nothing_of_its_own_accord(
    pyradiomics: Any, cohort: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    extract_cohort(cohort, {"featureClass": {"shape": [], "glcm": ["SumAverage"]}}, engine="pyradiomics")
    assert capfd.readouterr() == ("", "")


def test_what_it_does_not_have_is_refused(pyradiomics: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings({"imageType": {"Wavelet": {}}})
    monkeypatch.setattr(pyradiomics, "getImageTypes", lambda: ["Original"])
    with pytest.raises(SettingsError, match="it has no image type Wavelet"):
        require_engine("pyradiomics", settings)
