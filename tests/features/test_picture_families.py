"""The families that describe the picture of a lesion: hog, keypoints, lbp and pixels."""

from __future__ import annotations

import subprocess
import sys
from math import isnan, sqrt
from pathlib import Path

import numpy as np
import pytest

from radiomics_screen.cohort.cases import read_cohort
from radiomics_screen.core.column_names import block_of, is_feature
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.extraction.measuring.case import extract
from radiomics_screen.features import FAMILIES
from radiomics_screen.features.hog import COLUMNS, ORIENTATIONS, ROWS
from radiomics_screen.features.keypoints import DOWNSCALE, OCTAVES, orb_keypoints, picture_of
from radiomics_screen.features.picture.blobs import SIGMAS, STEP, compact, differences
from radiomics_screen.features.picture.plane import depths, plane_of
from radiomics_screen.features.picture.window import IMAGE, MOST_MARGIN
from radiomics_screen.settings.settings import load_settings
from tests.helpers.masses import drawn, ellipse, flower, mass, speckled
from tests.helpers.regions import random_region

NAMES = ("hog", "keypoints", "lbp", "pixels")
MASK = drawn(ellipse(1.0, 0.6), 60.0, turned=0.4)
LOBED = drawn(flower(5), 40.0)


def described(
    name: str,
    mask: np.ndarray,
    image: np.ndarray,
    spacing_mm: tuple[float, float] = (1.0, 1.0),
    **options: object,
) -> dict[str, float]:
    with collect_remarks():
        return FAMILIES[name].compute(mass(mask, image, spacing_mm), **options)


def rectangle(image: np.ndarray, top: int, bottom: int, left: int, right: int) -> np.ndarray:
    mask = np.zeros(image.shape, dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


def grid_of(found: dict[str, float]) -> np.ndarray:
    return np.reshape(list(found.values())[:64], (8, 8))


@pytest.mark.parametrize("name", NAMES)
def test_values_are_named_and_finite_and_stay_under_gain_offset_and_spacing(name: str) -> None:
    image = speckled(LOBED, noise=30)
    found = described(name, LOBED, image)
    assert tuple(found) == FAMILIES[name].features
    assert np.isfinite(list(found.values())).all()
    assert described(name, LOBED, 3.7 * image + 400) == pytest.approx(found, rel=1e-6, abs=1e-8)
    assert described(name, LOBED, image, (0.07, 0.07)) == pytest.approx(found, rel=1e-9, abs=1e-12)
    moved = described(name, np.roll(LOBED, (9, -7), (0, 1)), np.roll(image, (9, -7), (0, 1)))
    assert moved == pytest.approx(found, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("name", ["keypoints", "lbp", "pixels"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_right_angles_change_nothing_but_the_order_of_the_grid(name: str, times: int) -> None:
    image = speckled(MASK, noise=30)
    found, turned = (
        described(name, MASK, image),
        described(name, np.rot90(MASK, times), np.rot90(image, times)),
    )
    if name == "pixels":
        np.testing.assert_allclose(grid_of(turned), np.rot90(grid_of(found), times), atol=1e-9)
        found, turned = ({k: v[k] for k in FAMILIES[name].features[64:]} for v in (found, turned))
    assert turned == pytest.approx(found, rel=1e-6, abs=1e-8)


def test_half_a_turn_swaps_the_cells_of_gradients_and_keeps_orientations() -> None:
    image = speckled(MASK, noise=30)
    found, turned = described("hog", MASK, image), described("hog", MASK[::-1, ::-1], image[::-1, ::-1])
    cells = [np.reshape(list(v.values()), (3, 3, len(ORIENTATIONS))) for v in (found, turned)]
    np.testing.assert_allclose(cells[1], cells[0][::-1, ::-1], atol=1e-6)


@pytest.mark.parametrize("name", ["hog", "keypoints", "pixels"])
def test_pixels_that_are_not_square_are_seen_as_large_as_they_are(name: str) -> None:
    """Each row twice as often and half as high is the same picture."""
    y, x = np.indices(MASK.shape)
    image = np.where(MASK, 60.0, 120.0) + 25 * np.sin(y / 9) * np.cos(x / 7)
    found = described(name, MASK, image)
    finer = described(name, np.repeat(MASK, 2, axis=0), np.repeat(image, 2, axis=0), (0.5, 1.0))
    kept = [n for n in found if name != "keypoints" or "Blob" in n]
    difference = np.array([finer[n] - found[n] for n in kept])
    scale = np.array([found[n] for n in kept])
    assert np.linalg.norm(difference) < 0.15 * np.linalg.norm(scale)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_undefined_is_told_and_nothing_else_is_nan(name: str) -> None:
    noise = np.random.default_rng(3).normal(100, 20, (40, 50))
    flat = np.full((40, 50), 7.0)
    masks = {
        "pixel": (rectangle(noise, 20, 21, 20, 21), noise),
        "corner": (rectangle(noise, 0, 1, 49, 50), noise),
        "border": (rectangle(noise, 0, 20, 0, 50), noise),
        "whole": (rectangle(noise, 0, 40, 0, 50), noise),
        "line": (rectangle(noise, 12, 13, 0, 50), noise),
        "diagonal": (np.eye(40, 50, dtype=bool), noise),
        "flat": (rectangle(flat, 10, 30, 10, 30), flat),
        "flat inside": (
            rectangle(noise, 10, 30, 10, 30),
            np.where(rectangle(noise, 10, 30, 10, 30), 5.0, noise),
        ),
    }
    for what, (mask, image) in masks.items():
        with collect_remarks() as notes:
            found = FAMILIES[name].compute(mass(mask, image))
        undefined = [feature for feature, value in found.items() if isnan(value)]
        assert bool(notes) == bool(undefined), what
        assert not any(np.isinf(list(found.values()))), what
        assert name not in ("hog", "lbp") or not undefined, what


def test_what_is_not_finite_round_the_lesion_counts_as_its_mean() -> None:
    image = speckled(LOBED)
    image[:20], image[60:80, :60] = np.nan, np.inf
    for name in NAMES:
        assert np.isfinite(list(described(name, LOBED, image).values())).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_region_that_is_not_one_slice_does_not_fit(name: str) -> None:
    assert "force2D: true" in FAMILIES[name].unfit(random_region(1))
    assert "spans 7 across force2Ddimension" in FAMILIES[name].unfit(random_region(1, flat_axis=0))
    assert FAMILIES[name].unfit(mass(LOBED)) == ""


def test_they_are_measured_only_where_they_are_named() -> None:
    assert not set(NAMES) & set(load_settings({}).wanted)
    assert set(NAMES) <= set(load_settings({"featureClass": dict.fromkeys(NAMES)}).wanted)
    assert {FAMILIES[name].conventions for name in NAMES} == {IMAGE}


def test_scikit_image_is_loaded_when_it_is_needed() -> None:
    tell = "import radiomics_screen.features, sys; print('skimage' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


@pytest.mark.parametrize(("axis", "orientation"), [(1, 10), (0, 90)])
def test_one_edge_has_one_orientation_in_the_cells_that_it_runs_through(axis: int, orientation: int) -> None:
    image = (np.indices((90, 90))[axis] >= 45).astype(float)
    found = described("hog", rectangle(image, 21, 69, 21, 69), image)
    if axis == 1:
        through = [f"{row}Centre{orientation:03d}" for row in ROWS]
    else:
        through = [f"Middle{column}{orientation:03d}" for column in COLUMNS]
    assert {name for name, value in found.items() if value > 1e-9} == set(through)
    assert np.linalg.norm(list(found.values())) == pytest.approx(1)


def test_gradients_are_those_of_scikit_image() -> None:
    from skimage.feature import hog

    image = speckled(LOBED, noise=30)[:200, :200]
    mask = rectangle(image, 50, 98, 60, 108)  # 48 pixels: already of the size it is brought to
    for norm in ("L1", "L1-sqrt", "L2", "L2-Hys"):
        box = image[50:98, 60:108]
        expected = hog((box - box.mean()) / box.std(), 9, (16, 16), (3, 3), norm)
        np.testing.assert_allclose(
            list(described("hog", mask, image, hog_norm=norm).values()), expected, atol=1e-12
        )
    wider = described("hog", mask, image, hog_margin=MOST_MARGIN, hog_cell_pixels=32)
    box = image[26:122, 36:132]
    expected = hog((box - box.mean()) / box.std(), 9, (32, 32), (3, 3), "L2-Hys")
    np.testing.assert_allclose(list(wider.values()), expected, atol=1e-12)


def test_a_chessboard_is_half_bright_and_half_dark_spots() -> None:
    image = (np.indices((30, 30)).sum(axis=0) % 2).astype(float)
    found = described("lbp", rectangle(image, 8, 20, 8, 20), image)
    assert (found["Scale1Pattern0"], found["Scale1Pattern8"]) == (0.5, 0.5)
    assert found["Scale1Entropy"] == 1
    # four samples are those beside the pixel, four lie between: (d^2 + (1 - d)^2), d = 1 / sqrt(2), from it
    assert found["Scale1Contrast"] == pytest.approx((2 - sqrt(2)) ** 2 / 4 / 0.25, rel=1e-4)


def test_an_even_area_is_one_pattern_whatever_its_value() -> None:
    for value in (0.0, 0.1, 117.0, -3e5 / 7):
        image = np.full((20, 20), value)
        found = described("lbp", rectangle(image, 0, 9, 5, 12), image)
        assert [found[f"Scale{n}Pattern8"] for n in (1, 2, 3)] == [1, 1, 1]
        assert sum(found.values()) == 3


def test_patterns_are_counted_in_the_region_with_neighbours_outside_as_by_scikit_image() -> None:
    from skimage.feature import local_binary_pattern

    image = np.random.default_rng(2).integers(0, 256, LOBED.shape).astype(np.uint8)
    radii = (1.0, 2.5, 7.0)
    found = described("lbp", LOBED, image, lbp_radii=radii)
    for n, radius in enumerate(radii, 1):
        codes = local_binary_pattern(image, 8, radius, "uniform")[LOBED].astype(int)
        parts = np.bincount(codes, minlength=10) / len(codes)
        np.testing.assert_allclose([found[f"Scale{n}Pattern{k}"] for k in range(10)], parts, atol=1e-12)
        varying = local_binary_pattern(image, 8, radius, "var")[LOBED]
        assert found[f"Scale{n}Contrast"] == pytest.approx(varying.mean() / image[LOBED].var())


@pytest.mark.parametrize(("sign", "name", "other"), [(1, "Bright", "Dark"), (-1, "Dark", "Bright")])
def test_one_gaussian_is_one_blob_of_its_size(sign: int, name: str, other: str) -> None:
    y, x = np.indices((260, 260)) - 130.0
    mask, across = np.hypot(y, x) < 50, 10.0
    image = 100 + sign * 80 * np.exp(-(y**2 + x**2) / 2 / across**2)
    found = described("keypoints", mask, image)
    picture = picture_of(plane_of(mass(mask, image)))
    assert found[f"{name}BlobDensity"] * picture.mask.sum() / 1000 == pytest.approx(1)
    assert found[f"{name}BlobRadiusMean"] == pytest.approx(sqrt(2) * across / sqrt(STEP) / 50, rel=0.25)
    assert found[f"{name}BlobAreaFraction"] == pytest.approx(found[f"{name}BlobRadiusMean"] ** 2, rel=0.1)
    assert found[f"{name}BlobInnerFraction"] == 1
    assert found[f"{other}BlobDensity"] == found[f"{other}BlobAreaFraction"] == 0
    assert isnan(found[f"{other}BlobRadiusMean"])
    assert found["BlobBalance"] == sign


def test_keypoints_and_blobs_are_those_of_scikit_image() -> None:
    from skimage.feature import ORB, blob_dog
    from skimage.transform import pyramid_gaussian

    picture = picture_of(plane_of(mass(MASK, speckled(MASK, noise=30))))
    orb = ORB(n_keypoints=10**6, downscale=DOWNSCALE, n_scales=OCTAVES, fast_threshold=0.8)
    orb.detect(picture.values)
    octave = np.round(np.log(np.asarray(orb.scales)) / np.log(DOWNSCALE)).astype(int)
    shapes = np.array([image.shape for image in pyramid_gaussian(picture.values, 2, DOWNSCALE)])
    at = np.round(np.asarray(orb.keypoints) / DOWNSCALE ** octave[:, np.newaxis]) + 0.5
    at = at * (shapes[0] / shapes[octave]) - 0.5
    own = picture.mask[tuple(np.floor(at.T + 0.5).astype(int))]
    rest = np.column_stack([np.asarray(values) for values in (orb.orientations, orb.responses)])
    expected = np.column_stack([at, octave, rest])[own]
    places, octaves, angles, responses = orb_keypoints(picture, 0.8)
    assert len(places) > 10
    found = np.column_stack([places, octaves, angles, responses])
    np.testing.assert_allclose(found[np.lexsort(found.T)], expected[np.lexsort(expected.T)])

    options = {
        "min_sigma": SIGMAS[0],
        "max_sigma": SIGMAS[0] * STEP**3.5,
        "overlap": 1,
        "exclude_border": False,
    }
    theirs = blob_dog(picture.values, sigma_ratio=STEP, threshold=0.25, **options)
    cube = differences(picture.values)
    row, column = theirs[:, :2].astype(int).T
    scale = np.searchsorted(SIGMAS, theirs[:, 2] - 1e-9)
    assert cube[row, column, scale].min() > 0.25
    inside = picture.mask[row, column]
    inside[inside] = compact(cube, np.column_stack([row, column, scale])[inside])
    density = described("keypoints", MASK, speckled(MASK, noise=30))["BrightBlobDensity"]
    assert density * picture.mask.sum() / 1000 == pytest.approx(inside.sum())


def test_a_line_is_no_blob() -> None:
    y, x = np.indices((260, 260)) - 130.0
    line = 100 - 60 * np.exp(-((x - 0.3 * y) ** 2) / 200)
    found = described("keypoints", np.hypot(y, x) < 50, line)
    assert found["DarkBlobDensity"] == found["BrightBlobDensity"] == found["BlobBalance"] == 0
    assert found["DarkBlobAreaFraction"] == found["DarkBlobStrengthMaximum"] == 0


def test_a_known_grid_is_shown_standardised() -> None:
    known = np.random.default_rng(4).normal(50, 9, (8, 8))
    image = np.pad(np.kron(known, np.ones((5, 7))), 20, mode="edge")
    found = described("pixels", rectangle(image, 20, 60, 20, 76), image)
    np.testing.assert_allclose(grid_of(found), (known - known.mean()) / known.std(), atol=1e-9)
    assert found["WholeMean"] == pytest.approx(0, abs=1e-9)
    assert found["WholeL2"] == pytest.approx(1)
    assert found["WholeL1"] == pytest.approx(np.abs(known - known.mean()).mean() / known.std())
    shrunk = described("pixels", rectangle(image, 20, 60, 20, 76), image, grid_margin=0.25)
    np.testing.assert_allclose(shrunk["WholeL1"] / shrunk["WholeL2"], found["WholeL1"], rtol=1e-9)


def test_rings_by_hand() -> None:
    image = np.full((30, 30), 90.0)
    for n, value in enumerate((10.0, 20.0, 30.0, 40.0)):
        image[10 + n : 18 - n, 10 + n : 18 - n] = value
    mask = rectangle(image, 10, 18, 10, 18)
    np.testing.assert_array_equal(depths(mask, (0.3, 0.3))[mask].reshape(8, 8)[3, :4], [1, 2, 3, 4])
    image[12, 12] = 38.0  # in the third ring, of 12 pixels
    box = image[10:18, 10:18]
    found = described("pixels", mask, image)
    for n, value in ((1, 10.0), (2, 20.0), (4, 40.0)):
        assert found[f"Ring{n}Mean"] == pytest.approx((value - box.mean()) / box.std())
        assert found[f"Ring{n}L1"] == found[f"Ring{n}L2"] == pytest.approx(0, abs=1e-12)
    third = np.array([30.0] * 11 + [38.0])
    assert found["Ring3Mean"] == pytest.approx((third.mean() - box.mean()) / box.std())
    assert found["Ring3L1"] == pytest.approx(np.abs(third - third.mean()).mean() / box.std())
    assert found["Ring3L2"] == pytest.approx(third.std() / box.std())
    assert found["OutsideMean"] == pytest.approx((90 - box.mean()) / box.std())
    assert found["OutsideL2"] == pytest.approx(0, abs=1e-12)


def test_real_lesions_have_every_value(data_dir: Path) -> None:
    from skimage.feature import local_binary_pattern
    from skimage.io import imread

    folder = data_dir / "busbra"
    if not (folder / "cases.csv").is_file():
        pytest.skip("no BUS-BRA among the real data")
    settings = {"featureClass": dict.fromkeys(NAMES), "setting": {"force2D": True}}
    for case in read_cohort(folder / "cases.csv").cases[:3]:
        found = extract(case.image, case.mask, settings)
        features = {name: value for name, value in found.items() if is_feature(name)}
        assert len(features) == 81 + 23 + 36 + 82
        assert np.isfinite(list(features.values())).all()
        assert {block_of(name) for name in features} == {"pixels"}
        mask = imread(case.mask) > 0
        codes = local_binary_pattern(imread(case.image), 8, 2, "uniform")[mask]
        parts = [features[f"original_lbp_Scale2Pattern{k}"] for k in range(10)]
        np.testing.assert_allclose(
            parts, np.bincount(codes.astype(int), minlength=10) / mask.sum(), atol=0.002
        )
