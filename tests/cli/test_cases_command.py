"""`cases` writes a list that `extract` takes, names what is unpaired and shows what is doubtful."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from radiomics_screen.cohort.cases import read_cohort
from tests.helpers.command_line import run_command


def make(folder: Path) -> None:
    """Write three images of noise: one with a good mask, one with an empty mask, one without."""
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (40, 40), dtype=np.uint8)
    mask = np.zeros((40, 40), dtype=np.uint8)
    for name in ("<b>good", "void", "lone"):
        sitk.WriteImage(sitk.GetImageFromArray(noise), str(folder / f"{name}.png"))
    sitk.WriteImage(sitk.GetImageFromArray(mask), str(folder / "void_mask.png"))
    mask[10:30, 10:30] = 255
    sitk.WriteImage(sitk.GetImageFromArray(mask), str(folder / "<b>good_mask.png"))


def test_a_folder_becomes_a_list_and_the_list_a_table(tmp_path: Path) -> None:
    make(tmp_path / "data")
    path = tmp_path / "list" / "cases.csv"
    said = run_command("cases", tmp_path / "data", "-o", path).stdout
    assert "2 pairs, 1 of them doubtful" in said
    assert "1 image without mask" in said
    assert "lone.png: no mask fits it" in said
    assert "--preset breast-ultrasound" in said
    cohort = read_cohort(path)
    assert not cohort.problems
    assert {case.id: bool(case.carried["pairing_doubt"]) for case in cohort.cases} == {
        "<b>good": False,
        "void": True,
    }
    extracted = run_command("extract", path, "-o", tmp_path / "t.parquet", code=1)
    assert "1" in extracted.stdout


def test_the_page_shows_each_doubt_in_escaped_text(tmp_path: Path) -> None:
    make(tmp_path / "data")
    run_command("cases", tmp_path / "data", "-o", tmp_path / "cases.csv")
    page = (tmp_path / "cases.doubts.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert "the mask is empty" in page
    assert "&lt;b&gt;good" in page
    assert "<b>good" not in page
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_files_that_are_there_are_not_replaced_unless_asked(tmp_path: Path) -> None:
    make(tmp_path / "data")
    path = tmp_path / "cases.csv"
    path.write_text("mine")
    refused = run_command("cases", tmp_path / "data", "-o", path, code=2)
    assert "is there already" in refused.stderr
    assert "--overwrite" in refused.stderr
    assert path.read_text() == "mine"
    run_command("cases", tmp_path / "data", "-o", path, "--overwrite", "--no-check")
    assert len(read_cohort(path).cases) == 2
