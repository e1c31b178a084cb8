"""The synthetic cohort: the same from the same seed, sound, and neither trivial nor hopeless."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_screen.cohort.cases import Cohort, read_cohort
from radiomics_screen.cohort.synthetic import SHAPE, make_sample
from radiomics_screen.core.errors import ScreenError


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return read_cohort(make_sample(tmp_path_factory.mktemp("sample"), patients=20))


def test_it_is_a_sound_cohort_that_says_it_is_synthetic(cohort: Cohort) -> None:
    assert not cohort.problems
    assert cohort.carried_columns == ("pathology", "age")
    kinds = {case.patient_id: case.carried["pathology"] for case in cohort.cases}
    assert len(kinds) == 20
    assert sorted(kinds.values()).count("malignant") == 10
    assert 20 < len(cohort.cases) < 40  # some patients have two images
    assert all("synthetic" in case.id for case in cohort.cases)
    assert "SYNTHETIC" in (cohort.path.parent / "README.txt").read_text()


def arrays(cohort: Cohort) -> list[tuple[str, np.ndarray, np.ndarray]]:
    read = [(c.carried["pathology"], sitk.ReadImage(c.image), sitk.ReadImage(c.mask)) for c in cohort.cases]
    return [(kind, sitk.GetArrayFromImage(i), sitk.GetArrayFromImage(m)) for kind, i, m in read]


def test_lesions_are_whole_dark_and_inside(cohort: Cohort) -> None:
    for _, image, mask in arrays(cohort):
        assert image.shape == mask.shape == SHAPE
        assert image.dtype == np.uint8
        assert set(np.unique(mask)) == {0, 255}
        border = np.concatenate([mask[[0, -1]].ravel(), mask[:, [0, -1]].ravel()])
        assert not border.any()
        assert 400 < (mask > 0).sum() < 0.35 * mask.size
        assert image[mask > 0].mean() < image[mask == 0].mean()
        assert (image == 255).mean() < 0.05  # not burnt out


def test_malignant_outlines_are_rougher_but_not_always(cohort: Cohort) -> None:
    def roundness(mask: np.ndarray) -> float:
        shape = sitk.LabelShapeStatisticsImageFilter()
        shape.Execute(sitk.GetImageFromArray((mask > 0).astype(np.uint8)))
        return shape.GetRoundness(1)

    rounds = {
        kind: [roundness(m) for k, _, m in arrays(cohort) if k == kind] for kind in ("benign", "malignant")
    }
    assert np.mean(rounds["malignant"]) < np.mean(rounds["benign"]) - 0.02
    assert max(rounds["malignant"]) > min(rounds["benign"])


def digest(folder: Path) -> str:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return hashlib.blake2b(b"".join(p.name.encode() + p.read_bytes() for p in files)).hexdigest()


def test_the_seed_makes_the_images(tmp_path: Path) -> None:
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_sample(tmp_path / folder, patients=2, seed=seed)
    assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")


def test_places_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ScreenError, match="cannot write the sample"):
        make_sample(tmp_path / "file")
    with pytest.raises(ScreenError, match="at least 2 patients"):
        make_sample(tmp_path / "s", patients=1)
