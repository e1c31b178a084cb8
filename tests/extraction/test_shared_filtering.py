"""Regions of one image measured together: with the values, remarks and failures of each alone."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_screen.cohort.cases import Case
from radiomics_screen.extraction.measuring import case as case_module
from radiomics_screen.extraction.measuring import describing
from radiomics_screen.extraction.measuring.case import extract_case, extract_cases
from radiomics_screen.extraction.measuring.shared_filtering import clusters, inside, within
from radiomics_screen.imaging import sources
from radiomics_screen.settings.settings import load_settings

ALL = {"Original": {}, "Wavelet": {}, "LoG": {"sigma": [1.0, 3.0]}}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An image, and a mask of five labels: two neighbours, one far off, a single voxel, a line."""
    folder = tmp_path_factory.mktemp("several")
    image = np.random.default_rng(6).normal(100, 30, (12, 60, 140)).astype(np.float32)
    mask = np.zeros(image.shape, np.uint8)
    mask[2:8, 5:20, 5:20] = 1
    mask[3:9, 12:25, 18:30] = 2
    mask[4:7, 40:50, 125:135] = 3
    mask[0, 59, 0] = 4
    mask[10, 50, 60:64] = 5
    for name, array in (("image", image), ("mask", mask)):
        made = sitk.GetImageFromArray(array)
        made.SetSpacing((0.9, 0.8, 3.0))
        sitk.WriteImage(made, str(folder / f"{name}.nrrd"))
    return folder / "image.nrrd", folder / "mask.nrrd"


def cases_of(files: tuple[Path, Path], labels: tuple[int | None, ...]) -> list[Case]:
    image, mask = files
    return [Case(f"case-{label}", None, image, mask, label, 0, {}) for label in labels]


@pytest.mark.parametrize(
    "setting", [{}, {"preCrop": True}, {"resampledPixelSpacing": [1, 1, 0]}, {"force2D": True}]
)
def test_rows_are_those_of_each_case_alone(files: tuple[Path, Path], setting: dict[str, object]) -> None:
    image_types = {**ALL, "LoG": {"sigma": [1.0]}} if "preCrop" in setting else ALL
    settings = load_settings({"imageType": image_types, "setting": setting})
    cases = cases_of(files, (3, 1, 2, 4, 5, 8, None))
    together = list(extract_cases(cases, settings))
    alone = [extract_case(case, settings) for case in cases]
    assert [row.status for row in together] == ["ok"] * 3 + ["failed"] * 4
    for row, expected in zip(together, alone, strict=True):
        assert row.error == expected.error
        assert row.warnings == expected.warnings
        assert list(row.features) == list(expected.features)
        assert row.features == pytest.approx(expected.features, rel=1e-9)
    assert "fewer than minimumROIDimensions" in together[4].error
    assert "label 8 is not in the mask" in together[5].error
    assert "several values" in together[6].error


def test_files_are_read_once_and_neighbours_filtered_once(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, boxes = [], []
    load_image, read_mask, filtered = sources.load_image, sources.read_mask, describing.filtered_images
    monkeypatch.setattr(sources, "load_image", lambda p: reads.append(p) or load_image(p))
    monkeypatch.setattr(sources, "read_mask", lambda p, *i, **o: reads.append(p) or read_mask(p, *i, **o))
    monkeypatch.setattr(
        case_module, "filtered_images", lambda v, box, *rest: boxes.append(box) or filtered(v, box, *rest)
    )
    image_types = {"Original": {}, "Wavelet": {}}
    rows = list(extract_cases(cases_of(files, (1, 2, 3)), load_settings({"imageType": image_types})))
    assert [row.status for row in rows] == ["ok"] * 3
    assert reads == list(files)
    assert len(boxes) == 2 * len(image_types)  # 1 and 2 together, 3 for itself


@pytest.mark.parametrize("strange", [np.nan, 3e38])
def test_what_lies_near_one_lesion_is_no_matter_of_another(tmp_path: Path, strange: float) -> None:
    """Together they would be filtered on a box that holds a voxel which the second one alone never sees."""
    image = np.random.default_rng(7).normal(100, 30, (24, 48, 48)).astype(np.float32)
    image[10, 10, 3] = strange
    mask = np.zeros(image.shape, np.uint8)
    mask[8:13, 8:13, 8:13] = 1
    mask[8:13, 8:13, 20:26] = 2
    for name, array in (("image", image), ("mask", mask)):
        sitk.WriteImage(sitk.GetImageFromArray(array), str(tmp_path / f"{name}.nrrd"))
    cases = cases_of((tmp_path / "image.nrrd", tmp_path / "mask.nrrd"), (1, 2))
    for image_types in ({"LoG": {"sigma": [0.5]}}, {"LBP2D": {}}, {"Wavelet": {}}, {"Gradient": {}}):
        settings = load_settings({"imageType": image_types})
        together, alone = list(extract_cases(cases, settings)), [extract_case(c, settings) for c in cases]
        assert [(row.status, row.error) for row in together] == [(row.status, row.error) for row in alone]
        assert [row.features for row in together] == [row.features for row in alone]


def test_a_file_that_cannot_be_read_is_told_in_every_row(tmp_path: Path, files: tuple[Path, Path]) -> None:
    (tmp_path / "image.png").write_text("no picture")
    cases = [Case(str(n), None, tmp_path / "image.png", files[1], n, 0, {}) for n in (1, 2)]
    rows = list(extract_cases(cases, load_settings()))
    assert [row.status for row in rows] == ["failed"] * 2
    assert all("is no image by its content" in row.error for row in rows)


def test_boxes_are_put_together_only_where_that_saves_work() -> None:
    random = np.random.default_rng(0)
    starts = random.integers(0, 400, (30, 3))
    boxes = [tuple(slice(int(a), int(a) + 12) for a in start) for start in starts]
    groups = clusters(boxes)
    assert sorted(n for group in groups for n in group) == list(range(30))
    assert 1 < len(groups) < 30
    for group in groups:
        whole = inside([boxes[n] for n in group])
        array = np.zeros([side.stop - side.start for side in whole], np.uint8)
        for n in group:
            assert array[within(boxes[n], whole)].shape == (12, 12, 12)
    touching = [(slice(0, 9), slice(0, 9), slice(n, n + 9)) for n in range(0, 90, 9)]
    assert clusters(touching) == [list(range(10))]
    assert all(a.stop == b.start for (_, _, a), (_, _, b) in pairwise(touching))
