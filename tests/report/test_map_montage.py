"""The page that shows all maps of a lesion."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from radiomics_screen.cohort.synthetic import make_sample
from radiomics_screen.report.map_montage import MONTAGE, write_map_montage
from tests.helpers.command_line import run_command


def written(array: np.ndarray, path: Path, spacing: tuple[float, ...], origin: tuple[float, ...]) -> Path:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    sitk.WriteImage(image, str(path))
    return path


def pictures(page: str) -> list[np.ndarray]:
    """Return the pictures of the maps, with colours and opacity."""
    found = re.findall(r'<svg class="map".*?base64,([^"]+)"', page)
    opened = [Image.open(io.BytesIO(base64.b64decode(one))) for one in found]
    return [np.asarray(one.convert("RGBA")) for one in opened]


@pytest.fixture
def volume(tmp_path: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    mask = np.zeros((6, 12, 10), np.uint8)
    mask[1, 3:6, 3:6] = 1
    mask[3, 2:8, 2:7] = 1  # the largest area
    image = rng.integers(0, 255, mask.shape).astype(np.uint8)
    where = ((0.5, 0.5, 2.0), (10.0, 20.0, 30.0))
    return written(image, tmp_path / "i.nrrd", *where), written(mask, tmp_path / "m.nrrd", *where)


def test_the_slice_the_range_and_the_gaps_of_a_map_on_a_grid_of_its_own(
    tmp_path: Path, volume: tuple[Path, Path]
) -> None:
    values = np.zeros((5, 8, 7))  # of the voxels from (z, y, x) = (1, 1, 1)
    values[2, 1:7, 1:6] = np.arange(30).reshape(6, 5) + 5.0
    values[2, 1, 1] = np.nan
    values[0, 2:5, 2:5] = 100.0  # the other slice counts for the range
    origin = (10.5, 20.5, 32.0)
    path = written(values, tmp_path / "original_glcm_Contrast.nrrd", (0.5, 0.5, 2.0), origin)
    files = {"original_glcm_Contrast": path}
    page = write_map_montage(tmp_path, files, *volume, units={"original_glcm_Contrast": "mm"}).read_text()
    words = " ".join(re.sub("<[^>]+>", " ", page).split())
    assert "Contrast 6 to 100 mm 1 of 39 voxels without a value" in words
    (shown,) = pictures(page)
    inside = np.zeros((8, 7), bool)
    inside[1:7, 1:6] = True
    inside[1, 1] = False
    assert ((shown[..., 3] > 0) == inside).all()
    assert len({tuple(one) for one in shown[inside]}) > 10
    assert 'viewBox="0 0 3.5 4"' in page  # mm
    assert "http" not in page.replace("http://www.w3.org", "")


def test_a_map_without_values(tmp_path: Path, volume: tuple[Path, Path]) -> None:
    values = np.full((5, 8, 7), np.nan)
    path = written(values, tmp_path / "a_b_C.nrrd", (0.5, 0.5, 2.0), (10.5, 20.5, 32.0))
    page = write_map_montage(tmp_path, {"a_b_C": path}, *volume).read_text()
    assert "no value in this slice" in page
    assert pictures(page) == []


def test_the_command_makes_it_whole_after_an_interruption_and_leaves_it_out(tmp_path: Path) -> None:
    make_sample(tmp_path / "c", patients=4)
    image = next((tmp_path / "c" / "images").iterdir())
    settings = tmp_path / "p.yaml"
    settings.write_text("featureClass: {firstorder: [Mean, Entropy]}")
    asked = ("map", image, tmp_path / "c" / "masks" / image.name, "-p", settings, "-o")
    run_command(*asked, tmp_path / "without", "--no-montage")
    assert not (tmp_path / "without" / MONTAGE).exists()
    run_command(*asked, tmp_path / "with")
    page = tmp_path / "with" / MONTAGE
    assert len(pictures(page.read_text())) == 2
    page.unlink()
    run_command(*asked, tmp_path / "with")
    assert len(pictures(page.read_text())) == 2
    assert "<b>Entropy</b>" in page.read_text()
    page.write_text("notes of mine")
    told = run_command(*asked, tmp_path / "with").stderr
    assert "not written by this command" in told
    assert page.read_text() == "notes of mine"
