"""The channel of a mask, line by line: several lesions drawn in the colours of one picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from radiomics_screen import extract, extract_cohort
from radiomics_screen.cohort.cases import Case, read_cohort
from radiomics_screen.extraction.cases_of_table import cases_of
from radiomics_screen.extraction.running.case_keys import contents_of
from radiomics_screen.extraction.transformer import RadiomicsTransformer

AREA = "original_shape2D_PixelSurface"
SETTINGS = {"featureClass": {"shape2D": ["PixelSurface"]}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    Image.fromarray(random.integers(0, 256, (20, 24), dtype=np.uint8)).save(tmp_path / "image.png")
    mask = np.zeros((20, 24, 3), np.uint8)
    mask[2:8, 3:9, 0] = 255
    mask[5:15, 10:20, 1] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    lines = ["image,mask,label_channel", *(f"image.png,mask.png,{channel}" for channel in (0, 1, ""))]
    (tmp_path / "cases.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_lines_choose_the_channel(folder: Path) -> None:
    table = extract_cohort(folder / "cases.csv", SETTINGS, jobs=1)
    assert table["status"].tolist() == ["ok", "ok", "failed"]
    assert "in the parameter file or in a column of the case list" in table["error"].iloc[2]
    assert table[AREA].tolist()[:2] == [36.0, 100.0]
    assert table["label_channel"].tolist()[:2] == [0, 1]
    assert table["case_id"].is_unique


def test_the_settings_serve_lines_without_one(folder: Path) -> None:
    table = extract_cohort(folder / "cases.csv", {**SETTINGS, "setting": {"label_channel": 1}}, jobs=1)
    assert table[AREA].tolist() == [36.0, 100.0, 100.0]


def test_every_door_takes_it(folder: Path) -> None:
    image, mask = folder / "image.png", folder / "mask.png"
    assert extract(image, mask, SETTINGS, label_channel=1)[AREA] == 100.0
    frame = pd.DataFrame({"image": [image] * 2, "mask": [mask] * 2, "label_channel": [1, 0]})
    assert RadiomicsTransformer(SETTINGS).fit_transform(frame)[:, 0].tolist() == [100.0, 36.0]
    table = extract_cohort(folder / "cases.csv", SETTINGS, jobs=1)
    assert [case.label_channel for case in cases_of(table, folder)] == [0, 1, None]


def test_rows_of_two_channels_are_not_taken_for_one_another(folder: Path) -> None:
    first, second, neither = read_cohort(folder / "cases.csv").cases
    keys = [contents_of(case, "recipe").key for case in (first, second, neither)]
    assert len(set(keys)) == 3
    plain = Case("a", None, folder / "image.png", folder / "mask.png")
    assert contents_of(plain, "recipe").key == keys[2]
