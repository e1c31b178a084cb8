"""Remarks where texture tells little: one grey level, far too many, or hardly any voxel; one line a case."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from radiomics_screen import extract
from radiomics_screen.cohort.cases import Case
from radiomics_screen.core.remarks import GatheredRemark, collect_remarks, join_remarks
from radiomics_screen.extraction.measuring.case import extract_case, extract_cases
from radiomics_screen.settings.presets import preset_path
from radiomics_screen.settings.settings import load_settings

IMAGE = np.random.default_rng(0).normal(100, 20, (12, 16, 18))
MASK = np.zeros(IMAGE.shape, np.uint8)
MASK[2:-2, 3:-3, 3:-3] = 1
SMALL = np.zeros_like(MASK)
SMALL[5:7, 5:8, 5:8] = 1
TEXTURE = {"glcm": None, "firstorder": None}


def remarks_of(image: np.ndarray, mask: np.ndarray, parameters: dict[str, Any]) -> list[str]:
    with collect_remarks() as remarks:
        extract(image, mask, parameters)
    case = Case("a", None, image, mask)
    alone = extract_case(case, load_settings(parameters))
    batch = list(extract_cases([case, Case("b", None, image, mask)], load_settings(parameters)))
    assert alone.status == "ok"
    assert {row.warnings for row in batch} == {alone.warnings} == {tuple(remarks)}
    assert all(type(text) is str for text in alone.warnings)
    return list(remarks)


def test_one_grey_level() -> None:
    (remark,) = remarks_of(IMAGE / 100, MASK, {"featureClass": TEXTURE})
    assert remark.startswith("all voxels are on one grey level in original: binWidth is wider")
    assert "binCount" in remark
    assert not remarks_of(IMAGE / 100, MASK, {"featureClass": TEXTURE, "setting": {"binWidth": 0.1}})
    assert not remarks_of(IMAGE / 100, MASK, {"featureClass": TEXTURE, "setting": {"binCount": 32}})
    assert not remarks_of(IMAGE / 100, MASK, {"featureClass": {"shape": None, "stat": None}})


def test_image_types_are_gathered() -> None:
    parameters = {"imageType": {"Original": {}, "Wavelet": {}}, "featureClass": TEXTURE}
    (remark,) = remarks_of(IMAGE / 100 + 0.1, MASK, parameters)
    assert remark.startswith("all voxels are on one grey level in original, wavelet-LLL: binWidth")
    many = {"imageType": {"Original": {}, "Wavelet": {"binWidth": 0.01}}, "featureClass": TEXTURE}
    (remark,) = remarks_of(IMAGE, MASK, many)
    assert " and 2 more: binWidth is far too narrow" in remark


def test_intensities_that_do_not_vary() -> None:
    (remark,) = remarks_of(np.full_like(IMAGE, 7.0), MASK, {"featureClass": {"glrlm": None}})
    assert remark == "intensities do not vary in original: texture tells nothing there"


def test_far_too_many_levels() -> None:
    for width in (0.05, 0.01):
        (remark,) = remarks_of(IMAGE, MASK, {"featureClass": TEXTURE, "setting": {"binWidth": width}})
        assert "in original: binWidth is far too narrow" in remark
    for setting in ({"binWidth": 1}, {"binCount": 256}):
        assert not remarks_of(IMAGE, MASK, {"featureClass": TEXTURE, "setting": setting})


def test_too_few_voxels_name_the_families() -> None:
    (remark,) = remarks_of(IMAGE, SMALL, {"featureClass": {**TEXTURE, "shape": None, "stat": None}})
    assert remark.startswith("the region has 18 voxels, fewer than 27: too few for ")
    assert "glcm" in remark
    assert "firstorder" in remark
    assert "shape" not in remark
    assert "stat," not in remark


def test_first_order_features_without_levels_need_none() -> None:
    parameters = {"featureClass": {"firstorder": ["Mean", "Maximum"]}}
    assert not remarks_of(IMAGE / 100, MASK, parameters)
    assert not remarks_of(IMAGE, SMALL, parameters)


def test_gathered_remarks_are_joined_and_travel() -> None:
    remarks: list[str] = ["other"]
    for name in ("a", "b", "a"):
        join_remarks(remarks, [GatheredRemark("odd in {}: mend", (name,)), "other"])
    assert remarks == ["other", "odd in a, b: mend"]
    assert pickle.loads(pickle.dumps(remarks[1])).things == ("a", "b")


@pytest.mark.parametrize("row", range(0, 1400, 350))
def test_ordinary_lesions_get_none(data_dir: Path, row: int) -> None:
    folder = data_dir / "busbra"
    case = pd.read_csv(folder / "cases.csv").iloc[row]
    found = extract_case(
        Case("a", None, folder / case.image, folder / case["mask"]),
        load_settings(preset_path("breast-ultrasound")),
    )
    assert found.status == "ok"
    assert not [text for text in found.warnings if "grey level" in text or "too few" in text]


def test_pet_with_the_default_width(data_dir: Path) -> None:
    folder = data_dir / "sts" / "STS_001"
    row = extract_case(
        Case("a", None, folder / "PET_image.nii.gz", folder / "PET_mask.nii.gz"),
        load_settings({"featureClass": TEXTURE}),
    )
    assert sum("all voxels are on one grey level in original" in text for text in row.warnings) == 1
