"""A list of cases that is a DataFrame is the same as its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radiomics_screen import extract, extract_cohort
from radiomics_screen.cohort.cases import read_cohort
from radiomics_screen.cohort.frames import cohort_of_frame
from radiomics_screen.core.errors import CohortError, SettingsError

ARRAY = np.random.default_rng(0).integers(0, 200, (30, 40)).astype(np.uint8)
MARKS = np.zeros((30, 40), dtype=np.uint8)
MARKS[8:20, 10:28] = 1


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    sitk.WriteImage(sitk.GetImageFromArray(ARRAY), "a.png")
    sitk.WriteImage(sitk.GetImageFromArray(MARKS), "m.png")
    return tmp_path


def test_a_frame_is_the_cohort_of_its_file(folder: Path) -> None:
    frame = pd.DataFrame(
        {
            "PatientID": ["007", "12E3", None],
            "image": ["a.png", Path("a.png"), "none.png"],
            "mask": "m.png",
            "label": pd.array([1, None, 1], dtype="Int64"),
            "age": [40.5, np.nan, 3],
            "site": pd.Categorical(["x", "y", "x"]),
            "seen": pd.to_datetime(["2020-01-02", None, "2021-03-04"]),
        }
    )
    frame.to_csv("cases.csv", index=False)
    ours, theirs = cohort_of_frame(frame), read_cohort("cases.csv")
    for one, other in zip(ours.cases, theirs.cases, strict=True):
        assert (one.id, one.patient_id, one.label, one.line) == (
            other.id, other.patient_id, other.label, other.line,
        )  # fmt: skip
        assert {**one.carried, "seen": ""} == {**other.carried, "seen": ""}
        assert (one.image, one.mask, one.problem) == (other.image, other.mask, other.problem)
    assert "there is no image" in ours.cases[2].problem


def test_images_of_a_frame_may_be_arrays(folder: Path) -> None:
    frame = pd.DataFrame({"case_id": ["x"], "image": [ARRAY], "mask": [MARKS], "outcome": ["good"]})
    table = extract_cohort(frame, {"featureClass": {"firstorder": ["Mean"]}})
    assert table.loc[0, "original_firstorder_Mean"] == ARRAY[MARKS > 0].mean()
    assert table.loc[0, "outcome"] == "good"
    assert len(frame.columns) == 4


def test_a_frame_that_is_no_list_says_why() -> None:
    with pytest.raises(CohortError, match="has no column 'mask'"):
        extract_cohort(pd.DataFrame({"image": ["a.png"]}))
    with pytest.raises(CohortError, match="holds no case"):
        extract_cohort(pd.DataFrame({"image": [], "mask": []}))


def test_a_preset_by_its_name(folder: Path) -> None:
    by_name = extract("a.png", "m.png", preset="breast-ultrasound")
    assert "wavelet-HL_glcm_Contrast" in by_name
    (row,) = extract_cohort(
        pd.DataFrame({"image": ["a.png"], "mask": ["m.png"]}), preset="breast-ultrasound"
    ).to_dict("records")
    assert {name: row[name] for name in by_name} == by_name
    with pytest.raises(SettingsError, match="unknown preset 'breast'"):
        extract("a.png", "m.png", preset="breast")
    with pytest.raises(SettingsError, match="both given"):
        extract("a.png", "m.png", {}, preset="breast-ultrasound")
