"""Images of different patients that look alike: the hash, its laws, and what is found among files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.fft import dctn
from scipy.ndimage import gaussian_filter, zoom

from radiomics_screen.core.errors import ReadError, TableError
from radiomics_screen.extraction.run import RunProgress
from radiomics_screen.image_controls.near_duplicates import LEAST_LIKENESS, MOST_BITS, near_duplicates
from radiomics_screen.imaging import perceptual_hash as hashing
from radiomics_screen.imaging.perceptual_hash import (
    BITS,
    EDGE,
    MIRRORED,
    fingerprint,
    hash_distances,
    likeness,
    mirrored,
    signs,
    thumbnail,
)
from radiomics_screen.imaging.reading import read_image

Grey = NDArray[np.uint8]


def picture(seed: int, shape: tuple[int, int] = (150, 211)) -> Grey:
    """Make an image of blobs under speckle, brighter at the top, as every scan of one machine is."""
    random = np.random.default_rng(seed)
    blobs = sum(gaussian_filter(random.normal(size=shape), s) * s for s in (2, 5, 10, 20))
    layout = np.linspace(2, 0, shape[0])[:, None]
    image = (blobs + layout) * random.gamma(8, 1 / 8, shape)
    scaled = (image - image.min()) / (image.max() - image.min()) * 255
    return np.rint(scaled).astype(np.uint8)


def compared(first: NDArray, second: NDArray) -> tuple[int, float, str]:
    a, b = fingerprint(first), fingerprint(second)
    parts = signs(a.bits[None]), signs(b.bits[None])
    turned = mirrored(*parts)
    alike = likeness(a.detail[None], b.detail[None], turned)
    return int(hash_distances(*parts)[0, 0]), float(alike[0]), MIRRORED[turned[0]]


def jpeg(image: Grey) -> Grey:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=30)
    return np.asarray(Image.open(file))


def cropped(image: Grey, part: float) -> Grey:
    """Cut a part off each side."""
    y, x = (round(part * n) for n in image.shape)
    return image[y : image.shape[0] - y, x : image.shape[1] - x]


CHANGES: dict[str, Callable[[Grey], NDArray]] = {
    "half the size": lambda a: zoom(a.astype(float), 0.5, order=1),
    "another aspect": lambda a: zoom(a.astype(float), (0.8, 1.3), order=1),
    "brighter": lambda a: np.clip(a * 1.2 + 15.0, 0, 255),
    "gamma": lambda a: (a / 255.0) ** 0.7,
    "noisy": lambda a: a + np.random.default_rng(5).normal(0, 8, a.shape),
    "jpeg": jpeg,
    "cropped": lambda a: cropped(a, 0.03),
    "a corner off": lambda a: a[5:, 7:],
    "mirrored": lambda a: a[:, ::-1],
    "all": lambda a: jpeg(np.clip(a[3:, ::-1][::2, 2::2] * 1.15 + 10, 0, 255).astype(np.uint8)),
}


# --- the hash -----------------------------------------------------------------------------------


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_changed_copy_is_near_and_another_image_is_not(seed, change):
    image = picture(seed)
    distance, alike, _ = compared(image, CHANGES[change](image))
    assert distance <= MOST_BITS
    assert alike >= LEAST_LIKENESS
    other, unlike, _ = compared(picture(seed + 10), CHANGES[change](image))
    assert other > MOST_BITS or unlike < LEAST_LIKENESS
    assert unlike < 0.6


@pytest.mark.parametrize("shape", [(150, 211), (49, 47), (7, 9), (48, 96)])
def test_mirroring_changes_nothing_and_is_told(shape):
    image = picture(3, shape)
    turns = (image, image[:, ::-1], image[::-1], image[::-1, ::-1])
    for turned, how in zip(turns, MIRRORED, strict=True):
        distance, alike, told = compared(image, turned)
        assert (distance, told) == (0, how)
        assert alike == pytest.approx(1, abs=1e-3)


def test_brightness_and_contrast_change_no_bit():
    image = picture(4).astype(float)
    made = fingerprint(image)
    for other in (image * 3 - 1000, image / 255, image.astype(np.float32) + 7):
        np.testing.assert_array_equal(fingerprint(other).bits, made.bits)
        assert np.abs(fingerprint(other).detail.astype(int) - made.detail).max() <= 1
    assert fingerprint(-image).bits.sum() == BITS - made.bits.sum()


def test_a_thumbnail_holds_means():
    """Held against whole-numbered blocks, and against the integral of the steps for other sizes."""
    image = np.random.default_rng(0).normal(size=(2 * EDGE, 3 * EDGE))
    blocks = image.reshape(EDGE, 2, EDGE, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(thumbnail(image), blocks, atol=1e-12)
    odd = np.random.default_rng(1).normal(size=(31, 53))
    fine = np.repeat(np.repeat(odd, EDGE, axis=0), EDGE, axis=1)
    blocks = fine.reshape(EDGE, 31, EDGE, 53).mean(axis=(1, 3))
    np.testing.assert_allclose(thumbnail(odd), blocks, atol=1e-12)


def test_bits_and_distances_are_what_they_say():
    """Held against a slow computation: transform each mirrored image anew, and count the bits."""
    images = [picture(seed, (60, 50)) for seed in range(5)]

    def bits(image: NDArray) -> NDArray:
        found = dctn(thumbnail(image.astype(float)))
        return (found[:12, :12] > 0).ravel()[1:]

    made = [fingerprint(image) for image in images]
    parts = signs(np.stack([one.bits for one in made]))
    found = hash_distances(parts, parts)
    for i, first in enumerate(images):
        np.testing.assert_array_equal(made[i].bits, bits(first))
        for j, second in enumerate(images):
            turns = (second, second[:, ::-1], second[::-1], second[::-1, ::-1])
            assert found[i, j] == min(np.count_nonzero(bits(first) != bits(turn)) for turn in turns)


def test_likeness_is_the_best_correlation():
    a, b = (fingerprint(picture(seed)).detail for seed in (0, 1))
    shift, inner = hashing.SHIFT, EDGE - 2 * hashing.SHIFT
    middle = a[shift:-shift, shift:-shift].ravel()
    expected = max(
        np.corrcoef(middle, b[y : y + inner, x : x + inner].ravel())[0, 1]
        for y in range(2 * shift + 1)
        for x in range(2 * shift + 1)
    )
    unturned = np.zeros(1, dtype=np.intp)
    assert likeness(a[None], b[None], unturned)[0] == pytest.approx(expected, abs=1e-5)
    moved = np.roll(a, (2, -3), axis=(0, 1))
    assert likeness(a[None], moved[None], unturned)[0] == pytest.approx(1, abs=1e-5)
    assert likeness(a[None], np.zeros_like(a)[None], unturned)[0] == 0


def test_of_a_volume_the_mean_along_z_is_seen():
    planes = np.stack([picture(seed, (40, 50)) for seed in (0, 0, 0, 1)]).astype(float)
    np.testing.assert_array_equal(fingerprint(planes).bits, fingerprint(planes.mean(axis=0)).bits)
    np.testing.assert_array_equal(fingerprint(planes[:1]).detail, fingerprint(planes[0]).detail)
    thick = planes.reshape(2, 2, 40, 50).mean(axis=1)
    assert compared(planes, thick)[:2] == (0, pytest.approx(1, abs=1e-3))


def test_what_looks_like_nothing_is_refused():
    for nothing in (np.full((9, 8), 0.1), np.zeros((3, 9, 8), np.uint8), np.full((9, 8), np.nan)):
        with pytest.raises(ReadError, match="same value everywhere"):
            fingerprint(nothing)
    image = picture(0).astype(float)
    gaps = image.copy()
    gaps[::40, ::40] = [[np.nan, np.inf, -np.inf, np.nan, np.nan, np.nan]] * 4
    distance, alike, _ = compared(image, gaps)
    assert distance <= 10
    assert alike > 0.9


# --- among files --------------------------------------------------------------------------------


@pytest.fixture
def cohort(tmp_path: Path) -> pd.DataFrame:
    """Twelve images of twelve patients; one of p03 is once more there as another patient, mirrored."""
    images = {f"p{n:02d}": picture(n) for n in range(12)}
    images["again"] = np.ascontiguousarray(cropped(images["p03"], 0.02)[:, ::-1])
    rows = []
    for name, image in images.items():
        sitk.WriteImage(sitk.GetImageFromArray(image), str(tmp_path / f"{name}.png"))
        rows.append({"case_id": f"case {name}", "image": str(tmp_path / f"{name}.png"), "owner": name})
    return pd.DataFrame(rows)


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_pair_across_patients_is_found(cohort, jobs):
    told: list[RunProgress] = []
    found = near_duplicates(cohort, cohort["owner"], jobs=jobs, progress=told.append)
    (pair,) = found.pairs
    assert (pair.first, pair.second) == ("case p03", "case again")
    assert (pair.first_group, pair.second_group) == ("p03", "again")
    assert pair.mirrored == "left-right"
    assert pair.distance <= MOST_BITS
    assert LEAST_LIKENESS <= pair.likeness <= 1
    assert (found.compared, found.unreadable) == (13, ())
    assert [one.done for one in told] == list(range(14))
    assert found.frame()["second"].tolist() == ["case again"]


def test_pairs_of_one_patient_are_not_told(cohort):
    cohort.loc[cohort["owner"] == "again", "owner"] = "p03"
    found = near_duplicates(cohort, cohort["owner"])
    assert found.pairs == ()
    assert found.frame().columns.tolist()[:2] == ["first", "second"]


def test_lesions_of_one_file_under_two_names_are_a_pair_and_the_file_is_read_once(cohort, monkeypatch):
    lesions = cohort.iloc[[0, 0, 0, 1]].assign(case_id=list("abcd"))
    read = []
    monkeypatch.setattr(
        "radiomics_screen.image_controls.near_duplicates.read_image",
        lambda path: read.append(path) or read_image(path),
    )
    found = near_duplicates(lesions, ["x", "x", "y", "z"])
    assert [(pair.first, pair.second, pair.distance) for pair in found.pairs] == [
        ("a", "c", 0),
        ("b", "c", 0),
    ]
    assert len(read) == 2


def test_every_pair_is_compared_whatever_the_tiles(cohort, monkeypatch):
    """With limits that let every pair through, each is told once, from tiles of 5 as from one."""
    monkeypatch.setattr("radiomics_screen.image_controls.near_duplicates.MOST_BITS", BITS)
    monkeypatch.setattr("radiomics_screen.image_controls.near_duplicates.LEAST_LIKENESS", -1.0)
    whole = near_duplicates(cohort, cohort["owner"])
    assert len({(pair.first, pair.second) for pair in whole.pairs}) == len(whole.pairs) == 13 * 12 // 2
    monkeypatch.setattr("radiomics_screen.image_controls.near_duplicates._TILE", 5)
    monkeypatch.setattr("radiomics_screen.image_controls.near_duplicates._PAIRS_AT_A_TIME", 7)
    tiled = near_duplicates(cohort, cohort["owner"]).frame()
    pd.testing.assert_frame_equal(tiled, whole.frame(), check_exact=False, atol=1e-5)


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_cannot_be_read_is_told_with_its_reason(cohort, tmp_path, jobs):
    (tmp_path / "p01.png").write_bytes(b"no image")
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((20, 30), np.uint8)), str(tmp_path / "p02.png"))
    (tmp_path / "p04.png").unlink()
    cohort.loc[5, "image"] = None
    told: list[RunProgress] = []
    found = near_duplicates(cohort, cohort["owner"], jobs=jobs, progress=told.append)
    reasons = dict(found.unreadable)
    assert list(reasons) == ["case p01", "case p02", "case p04", "case p05"]
    assert "is no image by its content" in reasons["case p01"]
    assert reasons["case p02"].startswith(f"{tmp_path / 'p02.png'}: the image has the same value everywhere")
    assert "there is no such file" in reasons["case p04"]
    assert reasons["case p05"] == "the row names no image"
    assert found.compared == 9
    assert [(pair.first, pair.second) for pair in found.pairs] == [("case p03", "case again")]
    assert told[-1] == RunProgress(13, 13, 4, 0)


def test_a_table_that_does_not_say_enough_is_refused(cohort):
    with pytest.raises(TableError, match="no column image"):
        near_duplicates(cohort.drop(columns="image"), cohort["owner"])
    with pytest.raises(TableError, match="2 patients were given for 13 rows"):
        near_duplicates(cohort, ["a", "b"])
    for nobody in (None, "", np.nan):
        with pytest.raises(TableError, match="1 rows have no patient, such as case case p02"):
            near_duplicates(cohort, [*"ab", nobody, *"defghijklm"])


def test_few_images_make_no_pairs(cohort):
    for count in (0, 1):
        found = near_duplicates(cohort[:count], cohort["owner"][:count])
        assert (found.pairs, found.compared) == ((), count)


def test_among_real_scans_only_the_copy_is_found(data_dir, tmp_path):
    folder = data_dir / "busbra"
    if not folder.is_dir():
        pytest.skip(f"no BUS-BRA in {data_dir}")
    with open(folder / "cases.csv", newline="", encoding="utf-8") as file:
        rows = pd.DataFrame(list(csv.DictReader(file))[:150])
    rows["image"] = [str(folder / name) for name in rows["image"]]
    original = sitk.GetArrayFromImage(read_image(rows["image"][7]))
    saved = np.clip(cropped(original, 0.03) * 1.1 + 10.0, 0, 255).astype(np.uint8)
    sitk.WriteImage(sitk.GetImageFromArray(saved), str(tmp_path / "copy.jpg"))
    copy = {"case_id": "copy", "patient_id": "another", "image": str(tmp_path / "copy.jpg")}
    table = pd.concat([rows, pd.DataFrame([copy])], ignore_index=True)
    found = near_duplicates(table, table["patient_id"])
    assert [(pair.first, pair.second) for pair in found.pairs] == [(rows["case_id"][7], "copy")]
    assert found.compared == 151
