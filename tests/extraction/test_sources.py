"""A case needs no file system: bytes, arrays and objects give the rows that the files give."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radiomics_screen import Case, ScreenWarning, extract, extract_cohort
from radiomics_screen.cohort.cases import read_cohort
from radiomics_screen.core.errors import ReadError
from radiomics_screen.extraction.lesion_crops import lesion_crops
from radiomics_screen.extraction.perturbed import extract_altered
from radiomics_screen.imaging.loaded_image import LoadedImage
from radiomics_screen.imaging.reading import read_image, read_mask
from radiomics_screen.imaging.sources import BytesSource, ImageSource, MaskSource, open_image, source_of

SETTINGS = {"featureClass": {"firstorder": None, "glcm": ["Contrast"]}}
OWN = {"image", "mask", "seconds", "case_key"}


@dataclass(frozen=True)
class Archive:
    """An object that fetches: here from a folder, as others would from an address."""

    folder: str
    name: str

    def identity(self) -> str:
        return f"archive:{self.name}"

    def describe(self) -> str:
        return f"archive://{self.name}"

    def open(self) -> LoadedImage:
        if self.name == "gone":
            raise ReadError("archive://gone: the archive has no such object")
        return LoadedImage(read_image(Path(self.folder) / self.name))

    def open_mask(self, image: LoadedImage | None, *, label_channel: int | None = None) -> sitk.Image:
        assert image is not None
        return read_mask(Path(self.folder) / self.name, image, label_channel=label_channel)


def written(folder: Path, count: int = 4) -> list[Case]:
    """Write images and masks as NIfTI, NRRD and PNG, and return the cases of them."""
    cases = []
    for number in range(count):
        random = np.random.default_rng(number)
        flat = number == count - 1
        shape = (14, 17) if flat else (7, 14, 17)
        image = random.integers(0, 255, shape).astype(np.uint8)
        mask = np.zeros(shape, np.uint8)
        mask[(..., slice(3, 9), slice(4, 12))] = 1
        ending = "png" if flat else ("nii.gz", "nrrd", "nii")[number % 3]
        paths = []
        for what, array in (("image", image), ("mask", mask)):
            made = sitk.GetImageFromArray(array)
            if not flat:
                made.SetSpacing((0.5, 0.75, 2.0))
            paths.append(folder / f"{what}{number}.{ending}")
            sitk.WriteImage(made, paths[-1])
        cases.append(Case(f"case{number}", None, *paths, None, number, {}))
    return cases


def in_memory(case: Case, number: int) -> Case:
    """Return the case with its image and mask held in one of several ways."""
    if number == 0:
        held = [BytesSource(p.read_bytes(), p.name) for p in (case.image, case.mask)]
    elif number == 1:
        held = [read_image(case.image), read_mask(case.mask)]
    elif number == 2:
        held = [Archive(str(p.parent), p.name) for p in (case.image, case.mask)]
    else:
        held = [p.read_bytes() for p in (case.image, case.mask)]
    return Case(case.id, None, *held, case.label, case.line, {})


@pytest.mark.parametrize("jobs", [1, 2])
def test_rows_are_those_of_the_files(tmp_path: Path, jobs: int) -> None:
    cases = written(tmp_path)
    expected = extract_cohort(cases, SETTINGS)
    found = extract_cohort([in_memory(case, n) for n, case in enumerate(cases)], SETTINGS, jobs=jobs)
    values = [name for name in expected if name not in OWN]
    pd.testing.assert_frame_equal(found[values], expected[values], check_exact=True)
    assert found["image"].tolist() == [
        "image0.nii.gz", "image of 17 x 14 x 7 voxels in memory", "archive://image2.nii", "bytes",
    ]  # fmt: skip
    assert (found["status"] == "ok").all()


def test_a_run_is_resumed_by_content(tmp_path: Path) -> None:
    cases = [in_memory(case, n) for n, case in enumerate(written(tmp_path))]
    output = tmp_path / "t.parquet"
    first = extract_cohort(cases, SETTINGS, output=output)
    seen = []
    again = extract_cohort(cases, SETTINGS, output=output, progress=seen.append)
    assert seen[0].reused == len(cases)
    pd.testing.assert_frame_equal(again, first)
    other = Case("case0", None, b"P5 3 3 255 " + bytes(9), cases[0].mask, None, 0, {})
    seen.clear()
    with pytest.warns(ScreenWarning, match="is kept as"):  # the row of the case as it was
        extract_cohort([other, *cases[1:]], SETTINGS, output=output, progress=seen.append)
    assert seen[0].reused == len(cases) - 1


def test_the_key_of_bytes_is_that_of_the_file(tmp_path: Path) -> None:
    (case, *_) = written(tmp_path)
    held = Case(case.id, None, case.image.read_bytes(), case.mask.read_bytes(), None, 0, {})
    keys = [extract_cohort([one], SETTINGS)["case_key"].item() for one in (case, held)]
    assert keys[0] == keys[1]


def test_what_cannot_be_opened_is_a_failed_row(tmp_path: Path) -> None:
    cases = written(tmp_path)
    gone = Case("gone", None, Archive("", "gone"), cases[0].mask, None, 0, {})
    broken = Case("broken", None, b"no image", cases[0].mask, None, 0, {})
    found = extract_cohort([gone, broken, cases[1]], SETTINGS)
    assert found["status"].tolist() == ["failed", "failed", "ok"]
    assert found["error"][0] == "archive://gone: the archive has no such object"
    assert found["error"][1].startswith("bytes: is no image by its content")
    with pytest.raises(ReadError, match="not int"):
        Case("a", None, 3, cases[0].mask, None, 0, {})


def test_crops_and_perturbations_work_on_them(tmp_path: Path) -> None:
    cases = written(tmp_path)
    held = [in_memory(case, n) for n, case in enumerate(cases)]
    made = [lesion_crops(some, None, {}) for some in (cases, held)]
    for a, b in zip(*made, strict=True):
        np.testing.assert_array_equal(a, b)
    chains = ["", "noise"]
    a, b = (extract_altered(some, SETTINGS, chains, seed=1) for some in (cases, held))
    values = [name for name in a if name not in OWN]
    pd.testing.assert_frame_equal(b[values], a[values], check_exact=True)


def test_cases_that_share_a_source_are_measured_together(tmp_path: Path, monkeypatch) -> None:
    (case, *_) = written(tmp_path)
    opened = []
    real = BytesSource.open
    monkeypatch.setattr(BytesSource, "open", lambda self: opened.append(self.name) or real(self))
    image, mask = case.image.read_bytes(), case.mask.read_bytes()
    extract_cohort([Case(f"c{n}", None, image, mask, None, n, {}) for n in range(3)], SETTINGS)
    assert opened == ["bytes"]


def test_a_source_travels_and_is_recognised() -> None:
    array = np.arange(12.0).reshape(3, 4)
    source = source_of(array, [2.0, 0.5])
    again = pickle.loads(pickle.dumps(source))
    assert isinstance(source, ImageSource)
    assert isinstance(source, MaskSource)
    assert (again, hash(again)) == (source, hash(source))
    assert source_of(array).identity() != source.identity()
    np.testing.assert_array_equal(sitk.GetArrayFromImage(again.open().image), array)
    assert open_image(array, [2.0, 0.5]).image.GetSpacing() == (0.5, 2.0)


def test_tensors_are_taken() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'radiomics-screen[cnn]'")
    image = (100 * torch.rand(5, 9, 9)).requires_grad_()
    mask = torch.zeros(5, 9, 9, dtype=torch.bool)
    mask[1:4, 2:7, 2:7] = True
    assert extract(image, mask, SETTINGS) == extract(image.detach().numpy(), mask.numpy(), SETTINGS)


class _NibabelLike:
    """What nibabel's images offer, without nibabel: data as (x, y, z) and an affine to RAS+."""

    def __init__(self, image: sitk.Image) -> None:
        self.dataobj = sitk.GetArrayFromImage(image).transpose(2, 1, 0)
        matrix = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
        self.affine = np.eye(4)
        self.affine[:3, :3], self.affine[:3, 3] = matrix, image.GetOrigin()
        self.affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ self.affine


def test_images_of_nibabel_keep_their_place() -> None:
    image = sitk.GetImageFromArray(np.random.default_rng(0).normal(size=(4, 5, 6)).astype(np.float32))
    image.SetSpacing((0.5, 0.75, 2.0))
    image.SetOrigin((3.0, -7.0, 11.0))
    image.SetDirection((0.0, 1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0))
    found = open_image(_NibabelLike(image)).image
    np.testing.assert_array_equal(sitk.GetArrayFromImage(found), sitk.GetArrayFromImage(image))
    for name in ("GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(found, name)() == pytest.approx(getattr(image, name)())


def test_real_images_as_bytes(data_dir: Path) -> None:
    cohort = read_cohort(data_dir / "busbra" / "cases.csv")
    cases = cohort.cases[::100]
    expected = extract_cohort(cases, SETTINGS)
    held = [
        Case(c.id, c.patient_id, c.image.read_bytes(), c.mask.read_bytes(), c.label, c.line, c.carried)
        for c in cases
    ]
    found = extract_cohort(held, SETTINGS)
    values = [name for name in expected if name not in OWN]
    pd.testing.assert_frame_equal(found[values], expected[values], check_exact=True)
    assert found["case_key"].tolist() == expected["case_key"].tolist()
