"""Twenty ways to be broken, and good cases among them: each ends in its own message, none is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.data import get_testdata_file

from radiomics_screen import extract_cohort
from radiomics_screen.cohort.cases import read_cohort
from radiomics_screen.core.errors import CohortError

SIZE = (24, 20, 8)  # x, y, z


def image_of(size: tuple[int, ...] = SIZE, dtype: str = "int16") -> sitk.Image:
    values = np.random.default_rng(1).integers(0, 500, size[::-1]).astype(dtype)
    return sitk.GetImageFromArray(values)


def mask_of(size: tuple[int, ...] = SIZE, value: int = 1) -> sitk.Image:
    values = np.zeros(size[::-1], np.uint8)
    values[tuple(slice(n // 4, n // 4 + max(1, n // 2)) for n in size[::-1])] = value
    return sitk.GetImageFromArray(values)


def truncated(path: Path, keep: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])


class Folder:
    """Writes the files of one cohort and keeps its list."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, object]] = []
        self.expected: dict[str, str] = {}

    def write(self, image: sitk.Image, name: str) -> str:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(image, str(path))
        return name

    def add(self, case_id: str, image: str, mask: str, message: str = "", **more: object) -> None:
        self.rows.append({"case_id": case_id, "patient_id": case_id, "image": image, "mask": mask, **more})
        self.expected.setdefault(case_id, message)

    def save(self) -> Path:
        path = self.path / "cases.csv"
        pd.DataFrame(self.rows).to_csv(path, index=False)
        return path


def break_files(folder: Folder, image: str, mask: str) -> None:
    add, path = folder.add, folder.path
    add("missing image", "nowhere.nrrd", mask, "nowhere.nrrd")
    add("missing mask", image, "nowhere_mask.nrrd", "nowhere_mask.nrrd")
    (path / "text.png").write_text("this is no picture")
    add("text as png", "text.png", mask, "text.png: ")
    (path / "empty.nii.gz").write_bytes(b"")
    add("no bytes", "empty.nii.gz", mask, "is empty")
    folder.write(image_of(), "cut.nii.gz")
    truncated(path / "cut.nii.gz", 0.4)
    add("truncated nifti", "cut.nii.gz", mask, "cut.nii.gz: ")
    (path / "cut.dcm").write_bytes(Path(get_testdata_file("CT_small.dcm")).read_bytes())
    truncated(path / "cut.dcm", 0.5)
    add("truncated dicom", "cut.dcm", mask, "cut.dcm: ")
    (path / "not_a_series").mkdir()
    (path / "not_a_series" / "notes.txt").write_text("nothing to see")
    add("folder without dicom", "not_a_series", mask, "not_a_series: ")
    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
    dataset.Modality = "RTSTRUCT"
    del dataset.PixelData
    dataset.save_as(path / "contours.dcm")
    add("contours as mask", image, "contours.dcm", "contours.dcm: ")


def break_regions(folder: Folder, image: str, mask: str) -> None:
    add, write = folder.add, folder.write
    add("empty mask", image, write(mask_of(value=0), "m_empty.nrrd"), "the mask is empty")
    add("wrong label", image, mask, "label 7 is not in the mask; its values are 1", label=7)
    two = mask_of()
    two[0, 0, 0] = 2
    add("two values", image, write(two, "m_two.nrrd"), r"holds several values \(1, 2\)")
    add("other size", image, write(mask_of((24, 20, 7)), "m_size.nrrd"), "lie on different grids")
    moved = mask_of()
    moved.SetOrigin((400.0, 0.0, 0.0))
    add("other place", image, write(moved, "m_moved.nrrd"), "lie on different grids")
    point = mask_of(value=0)
    point[3, 3, 3] = 1
    add("one voxel", image, write(point, "m_point.nrrd"), "a single voxel")
    line = mask_of(value=0)
    line[3:9, 3, 3] = 1
    add("one line", image, write(line, "m_line.nrrd"), "fewer than minimumROIDimensions: 2")
    half = sitk.Cast(mask_of(), sitk.sitkFloat32) * 0.5
    add("half a label", image, write(half, "m_half.nrrd"), "m_half.nrrd: ")
    nan = sitk.GetArrayFromImage(image_of()).astype(np.float32)
    nan[4, 10, 12] = np.nan
    add(
        "not a number",
        write(sitk.GetImageFromArray(nan), "nan.nrrd"),
        mask,
        "1 of the .* are NaN or infinite",
    )
    huge = sitk.GetArrayFromImage(image_of()).astype(np.float64) * 1e9
    add("too many levels", write(sitk.GetImageFromArray(huge), "huge.nrrd"), mask, "set a larger binWidth")
    add("text label", image, mask, "label", label="tumour")
    add("time series", write(image_of((6, 6, 4, 3)), "series.nii.gz"), mask, "series.nii.gz: ")


def add_good(folder: Folder, image: str, mask: str) -> None:
    add, write = folder.add, folder.write
    add("good", image, mask)
    add("constant image", write(image_of() * 0 + 40, "constant.nrrd"), mask)
    add("any value marks", image, write(mask_of(value=255), "m_255.nrrd"))
    add("chosen label", image, "m_two.nrrd", label=1)
    add("non-ASCII", write(image_of(), "Жизнь/größe 乳.nii.gz"), mask)
    add("flat", write(image_of((30, 20), "uint8"), "flat.png"), write(mask_of((30, 20), 255), "m_flat.png"))
    whole = sitk.GetImageFromArray(np.ones(SIZE[::-1], np.uint8))
    add("at every border", image, write(whole, "m_whole.nrrd"))
    nearly = mask_of()
    nearly.SetOrigin((0.001, 0.0, 0.0))
    add("tiny shift", image, write(nearly, "m_nearly.nrrd"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("broken"))
    image, mask = folder.write(image_of(), "image.nrrd"), folder.write(mask_of(), "mask.nrrd")
    makers: list[Callable[[Folder, str, str], None]] = [break_files, break_regions, add_good]
    for make in makers:
        make(folder, image, mask)
    folder.add("good", image, mask)  # the same id again
    return folder


@pytest.fixture(scope="module")
def table(folder: Folder) -> pd.DataFrame:
    return extract_cohort(folder.save(), output=folder.path / "features.parquet")


def test_nothing_is_lost(folder: Folder, table: pd.DataFrame) -> None:
    assert table["case_id"].tolist() == [row["case_id"] for row in folder.rows]
    assert len(folder.expected) >= 28
    assert pd.read_parquet(folder.path / "features.parquet").equals(table)


def test_each_broken_case_says_what_is_wrong(folder: Folder, table: pd.DataFrame) -> None:
    first = table.drop_duplicates("case_id").set_index("case_id")
    for case_id, message in folder.expected.items():
        if message:
            assert first.loc[case_id, "status"] == "failed", case_id
            assert pd.Series([first.loc[case_id, "error"]]).str.contains(message).all(), (
                f"{case_id}: {first.loc[case_id, 'error']}"
            )
    errors = first.loc[first["status"] == "failed", "error"]
    assert not errors.str.contains("unexpected").any()
    assert errors.is_unique


def test_the_same_id_again_is_refused_and_the_first_kept(table: pd.DataFrame) -> None:
    twice = table[table["case_id"] == "good"]
    assert twice["status"].tolist() == ["ok", "failed"]
    assert "good" in twice["error"].iloc[1]


def test_good_cases_among_them_succeed(folder: Folder, table: pd.DataFrame) -> None:
    first = table.drop_duplicates("case_id").set_index("case_id")
    good = first.loc[[case for case, message in folder.expected.items() if not message]]
    assert (good["status"] == "ok").all()
    assert (good["error"] == "").all()
    volumes = good.drop(index="flat")
    assert volumes.filter(regex="^original_(shape_|glcm)").notna().all(axis=None)
    assert good.loc[["flat"]].filter(regex="^original_(shape2D_|glcm)").notna().all(axis=None)
    contrast = good["original_glcm_Contrast"]
    assert contrast["good"] == contrast["any value marks"] == contrast["non-ASCII"] == contrast["tiny shift"]
    assert contrast["constant image"] == 0
    assert "0.001 voxel" in good.loc["tiny shift", "warnings"]


def test_nothing_is_missing_in_silence(table: pd.DataFrame) -> None:
    """A value that is missing in a row that succeeded belongs to a family that did not apply."""
    good = table[table["status"] == "ok"]
    features = good[[c for c in good.columns if c.startswith("original_")]]
    families = {c.split("_")[1] for c in features.columns[features.isna().any()]}
    assert families <= {"shape", "shape2D"}


def test_all_that_can_be_known_before_is_told_before_with_lines(folder: Folder) -> None:
    cohort = read_cohort(folder.save())
    with pytest.raises(CohortError) as error:
        cohort.require_sound()
    told = str(error.value)
    for problem in ("nowhere.nrrd", "nowhere_mask.nrrd", "tumour", "good"):
        assert problem in told
    assert "line 2" in told


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_message_that_quotes_bytes_of_no_text_becomes_a_row(tmp_path: Path, ending: str) -> None:
    """What is no UTF-8 arrives as a lone surrogate, which no table can hold."""
    sitk.WriteImage(mask_of(), str(tmp_path / "m.nrrd"))
    header = "ObjectType = Image\nNDims = 3\nDimSize = 24 20 8\nElementType = MET_SHORT\nElementDataFile = a"
    (tmp_path / "i.mhd").write_bytes(header.encode() + b"\xbc.raw\n")
    (tmp_path / "cases.csv").write_text("image,mask\ni.mhd,m.nrrd\n")
    output = tmp_path / f"t.{ending}"
    found = extract_cohort(tmp_path / "cases.csv", {"featureClass": {"firstorder": ["Mean"]}}, output=output)
    assert found["status"].tolist() == ["failed"]
    assert "a\\udcbc.raw is missing" in found["error"][0]
