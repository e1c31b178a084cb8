"""The breast family on drawn masses of known form; where it is computed, and what it needs."""

from __future__ import annotations

import re
from math import pi, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from scipy.ndimage import gaussian_filter
from scipy.spatial import ConvexHull
from sklearn.metrics import roc_auc_score

from radiomics_screen import extract
from radiomics_screen.core.column_names import is_feature
from radiomics_screen.core.errors import SettingsError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.features import FAMILIES
from radiomics_screen.features.breast import FEATURES, breast
from radiomics_screen.features.breast.contour import contour_of, hull_corners, outer_path
from radiomics_screen.features.breast.outline import excursions, lobes
from radiomics_screen.features.region import Region
from radiomics_screen.settings.settings import load_settings
from tests.helpers.masses import SIZE, described, disc, drawn, ellipse, flower, mass, speckled, star
from tests.helpers.regions import random_region

OF_OUTLINE = FEATURES[:16]
#: What tells up from down, or from the side: it changes when the image is turned.
OF_DEPTH = {
    *("DepthToWidth", "LongAxisAngle", "EchoRatioAbove", "EchoZoneHeterogeneity", "EchoLowerContrast"),
    *(name for name in FEATURES if name.startswith(("Posterior", "Shadow", "Enhancement"))),
}
COUNTS = ("LobeCount", "IndentationCount", "CornerCount", "RadialZeroCrossings")
OUTLINES = (flower(5), star(7), ellipse(1.5, 0.7), flower(3, 0.3))


def test_a_disc_has_no_irregularity() -> None:
    found = described(drawn(disc))
    for name in (*COUNTS, "RadialEntropy", "RadialAreaRatio", "DeepestIndentation", "RadialSD"):
        assert found[name] == pytest.approx(0, abs=0.005), name
    for name in ("RadialMean", "Solidity", "EllipseOverlap", "EllipticNormalizedCircumference"):
        assert found[name] == pytest.approx(1, abs=0.005), name
    steps = np.array([8, 16, 32, 64])  # chords of 1/64 to 1/8 of a circle
    slope = np.polyfit(np.log(steps), np.log(np.sin(pi * steps / 512) / steps), 1)[0]
    assert found["FractalDimension"] == pytest.approx(1 - slope, abs=0.001)


@pytest.mark.parametrize("degrees", [0, 25, 60, 90])
def test_an_ellipse_lies_as_it_was_drawn(degrees: int) -> None:
    angle, major, minor = np.radians(degrees), 1.6, 0.7
    found = described(drawn(ellipse(major, minor), turned=angle))
    assert found["LongAxisAngle"] == pytest.approx(degrees, abs=0.5)
    height = np.hypot(major * np.sin(angle), minor * np.cos(angle))
    width = np.hypot(major * np.cos(angle), minor * np.sin(angle))
    assert found["DepthToWidth"] == pytest.approx(height / width, rel=0.02)
    assert [found[name] for name in COUNTS] == [0, 0, 0, 4]
    assert found["EllipticNormalizedCircumference"] == pytest.approx(1, abs=0.003)
    assert found["EllipseOverlap"] > 0.99


@pytest.mark.parametrize("radius", [20, 50, 80])
@pytest.mark.parametrize("petals", [3, 4, 5, 6])
def test_a_flower_has_as_many_lobes_as_petals(petals: int, radius: float) -> None:
    found = described(drawn(flower(petals), radius))
    assert found["LobeCount"] == petals
    assert found["CornerCount"] == 0 or petals == 6  # whose tips are almost corners
    assert found["RadialZeroCrossings"] == 2 * petals
    assert found["RadialSD"] == pytest.approx(0.2 / sqrt(2) / 1.2, rel=0.1)


@pytest.mark.parametrize("radius", [20, 50, 100])
@pytest.mark.parametrize("points", [4, 5, 7])
def test_a_star_has_as_many_corners_and_indentations_as_points(points: int, radius: float) -> None:
    found = described(drawn(star(points), radius, turned=0.3))
    assert found["CornerCount"] == found["IndentationCount"] == found["LobeCount"] == points
    # of the star: valleys at 0.5 under chords at cos(pi / n); of a disc of its area: the radius
    area = points * 0.5 * np.sin(pi / points)
    depth = (np.cos(pi / points) - 0.5) / sqrt(area / pi)
    if radius >= 50:  # smoothing fills valleys and takes points away
        assert found["DeepestIndentation"] == pytest.approx(depth, rel=0.35)
        assert found["Solidity"] == pytest.approx(area / (points / 2 * np.sin(2 * pi / points)), rel=0.12)


def test_more_irregular_is_more_irregular() -> None:
    ways = [described(drawn(outline)) for outline in (disc, flower(5, 0.1), flower(5, 0.2), star(8, 0.4))]
    for name in (
        "FractalDimension",
        "EllipticNormalizedCircumference",
        "RadialRoughness",
        "DeepestIndentation",
    ):
        values = [found[name] for found in ways]
        assert values == sorted(values), name
        assert len(set(values)) == len(values), name


def found_round(found: dict[str, float]) -> bool:
    """Whether a mass has no long axis."""
    return found["RadialZeroCrossings"] != 4


@pytest.mark.parametrize("outline", OUTLINES)
def test_values_change_little_when_a_mass_is_drawn_with_twice_as_many_pixels(outline) -> None:
    random = np.random.default_rng(0)
    coarse = drawn(outline, 40, turned=0.2)
    fine = drawn(outline, 80, turned=0.2, size=2 * SIZE)
    tissue = 100 + 400 * gaussian_filter(random.normal(size=(SIZE, SIZE)), 3)
    image = gaussian_filter(np.where(coarse, 0.5, 1.0), 2) * tissue
    doubled = sitk.GetArrayFromImage(
        sitk.Resample(sitk.GetImageFromArray(image), [2 * SIZE] * 2, sitk.Transform(), sitk.sitkLinear,
                      (-0.25, -0.25), (0.5, 0.5), (1, 0, 0, 1), 0.0)
    )  # fmt: skip
    doubled[:1], doubled[:, :1] = doubled[1:2], doubled[:, 1:2]
    first, second = described(coarse, image), described(fine, doubled, (0.5, 0.5))
    for name in set(FEATURES) - ({"LongAxisAngle"} if found_round(first) else set()):
        loose = 0.12 if name.startswith(("Margin", "Halo", "Spicul")) else 0.05
        assert second[name] == pytest.approx(first[name], rel=loose, abs=loose), name


@pytest.mark.parametrize("outline", OUTLINES)
@pytest.mark.parametrize("angle", [0.3, 1.1])
def test_the_outline_does_not_depend_on_how_a_mass_is_turned(outline, angle: float) -> None:
    first, second = described(drawn(outline)), described(drawn(outline, turned=angle))
    for name in set(OF_OUTLINE) - OF_DEPTH:
        assert second[name] == pytest.approx(first[name], rel=0.04, abs=0.01), name


def drawn_by_pixels(*parts: tuple[slice, slice], holes: tuple[tuple[slice, slice], ...] = ()) -> np.ndarray:
    mask = np.zeros((62, 75), bool)
    for part in parts:
        mask[part] = True
    for hole in holes:
        mask[hole] = False
    return mask


def on_grid(radius: float, middle: float) -> np.ndarray:
    y, x = np.indices((60, 60)) - middle
    return y**2 + x**2 <= radius**2


def ragged() -> np.ndarray:
    mask = np.zeros((62, 75), bool)
    mask[20:45, 22:60] = np.random.default_rng(3).random((25, 38)) < 0.6
    return mask


#: Also those that mirrors and turns bring onto themselves, on the border, and joined by corners.
AWKWARD = {
    "flower": drawn(flower(5), 45, turned=0.4),
    "star": drawn(star(7), 30, turned=0.1),
    "ellipse": drawn(ellipse(1.5, 0.7), 20),
    "disc round a pixel": on_grid(13, 30),
    "disc round a corner": on_grid(12, 29.5),
    "small disc": on_grid(5, 30),
    "square": drawn_by_pixels(np.s_[20:40, 25:45]),
    "oblong": drawn_by_pixels(np.s_[20:41, 25:60]),
    "four pixels": drawn_by_pixels(np.s_[30:32, 30:32]),
    "T": drawn_by_pixels(np.s_[30:31, 30:33], np.s_[29:30, 31:32]),
    "L": drawn_by_pixels(np.s_[20:40, 30:35], np.s_[35:40, 30:60]),
    "joined by a corner": drawn_by_pixels(np.s_[20:30, 20:30], np.s_[30:42, 30:42]),
    "ring": drawn_by_pixels(np.s_[20:40, 20:40], holes=(np.s_[27:33, 27:33],)),
    "at the border": drawn_by_pixels(np.s_[0:30, 5:40]),
    "ragged": ragged(),
}
#: What is done to an image; whether that leaves up and down; whether it swaps depth and width.
TURNS = (
    (np.rot90, False, True),
    (lambda array: np.rot90(array, 2), False, False),
    (lambda array: np.rot90(array, 3), False, True),
    (np.fliplr, True, False),
    (np.flipud, False, False),
    (np.transpose, False, True),
)
#: A fourfold mask has no long axis.
LONG_AXIS = "LongAxisAngle"


def require_same_when_turned(mask: np.ndarray, image: np.ndarray, spacing: tuple[float, float]) -> None:
    first = described(mask, image, spacing)
    for turn, upright, swaps in TURNS:
        turned = [np.ascontiguousarray(turn(array)) for array in (mask, image)]
        found = described(*turned, spacing[::-1] if swaps else spacing)
        for name in FEATURES:
            if name not in OF_DEPTH - {"EchoZoneHeterogeneity"} or (upright and name != LONG_AXIS):
                assert found[name] == pytest.approx(first[name], rel=1e-8, abs=1e-9, nan_ok=True), name


@pytest.mark.parametrize("name", AWKWARD)
def test_quarter_turns_and_mirrors(name: str) -> None:
    mask = AWKWARD[name]
    require_same_when_turned(mask, speckled(mask), (1.0, 1.0))
    require_same_when_turned(mask, speckled(mask), (0.08, 0.11))


@pytest.mark.parametrize("row", range(0, 1400, 280))
def test_quarter_turns_and_mirrors_of_real_lesions(data_dir: Path, row: int) -> None:
    folder = data_dir / "busbra"
    case = pd.read_csv(folder / "cases.csv").iloc[row]
    image, mask = (
        sitk.GetArrayFromImage(sitk.ReadImage(str(folder / case[part]))) for part in ("image", "mask")
    )
    require_same_when_turned(mask > 0, image.astype(float), (0.1, 0.1))


def test_a_quarter_turn_swaps_depth_and_width() -> None:
    mask = AWKWARD["flower"]
    first, turned = described(mask), described(np.rot90(mask))
    assert turned["DepthToWidth"] == pytest.approx(1 / first["DepthToWidth"])
    assert turned[LONG_AXIS] == pytest.approx(90 - first[LONG_AXIS])


@pytest.mark.parametrize("radius", [3, 5, 8, 20])
def test_the_overlap_with_the_ellipse_is_counted_in_pixels(radius: int) -> None:
    mask = on_grid(radius, 30)
    contour = contour_of(mask, (1.0, 1.0))
    places = np.arange(-10.0, 70.0)
    inside = contour.elliptic_squares(places[:, np.newaxis], places) <= 1
    whole = np.zeros(inside.shape, bool)
    whole[10:70, 10:70] = mask
    expected = np.count_nonzero(whole & inside) / np.count_nonzero(whole | inside)
    assert described(mask)["EllipseOverlap"] == pytest.approx(expected, abs=1e-12)
    assert expected > (0.98 if radius == 20 else 0.8)


def test_pixels_of_the_ellipse_beyond_the_image_count() -> None:
    mask = drawn_by_pixels(np.s_[0:20, 10:50])
    lower = np.roll(mask, 15, axis=0)
    assert described(mask)["EllipseOverlap"] == pytest.approx(described(lower)["EllipseOverlap"], abs=1e-12)


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (np.ones((40, 50), bool), "the lesion fills the image"),
        (np.pad(np.ones((38, 48), bool), 1), "the lesion nearly fills the image: at most 1 pixels are left"),
        (drawn_by_pixels(np.s_[10:40, 0:75]), r"touches the border of the image \(left, right\)$"),
        (drawn_by_pixels(np.s_[30:32, 30:32]), "the lesion has 4 pixels only"),
    ],
)
def test_the_reason_for_no_value(mask: np.ndarray, reason: str) -> None:
    with collect_remarks() as remarks:
        found = breast(mass(mask))
    assert any(np.isnan(value) for value in found.values())
    assert re.search(f"undefined: .*{reason}", " / ".join(remarks))


def test_no_value_where_nothing_varies_says_so() -> None:
    mask = drawn_by_pixels(np.s_[20:40, 20:40])
    with collect_remarks() as remarks:
        breast(mass(mask, np.where(mask, 50.0, 100.0)))
    assert "intensities in the lesion do not vary; intensities round the lesion do not vary" in remarks[-1]


def test_a_mask_of_parts_gets_a_remark() -> None:
    apart = drawn_by_pixels(np.s_[20:30, 20:30], np.s_[33:36, 40:44])
    for mask, expected in ((apart, 1), (AWKWARD["joined by a corner"], 0), (AWKWARD["ring"], 0)):
        with collect_remarks() as remarks:
            breast(mass(mask))
        assert (
            sum("the mask has 2 parts, the largest with 100 of 112 pixels" in r for r in remarks) == expected
        )


def test_moving_changes_nothing_and_gain_and_unit_little() -> None:
    mask = drawn(star(6), 35)
    image = speckled(mask)
    first = described(mask, image)
    moved = [np.roll(part, (13, -9), axis=(0, 1)) for part in (mask, image)]
    assert described(*moved) == pytest.approx(first, rel=1e-9, abs=1e-12)
    assert described(mask, 3.7 * image) == pytest.approx(first, rel=1e-9, abs=1e-12)
    assert described(mask, image, (0.08, 0.08)) == pytest.approx(first, rel=1e-9, abs=1e-9)


def test_pixels_that_are_not_square() -> None:
    y, x = np.indices((200, 400))
    mask = np.hypot((y - 100) * 2, x - 200) < 60
    found = described(mask, spacing_mm=(2.0, 1.0))
    assert found["DepthToWidth"] == pytest.approx(1, abs=0.03)
    assert found["EllipticNormalizedCircumference"] == pytest.approx(1, abs=0.005)
    assert found["RadialSD"] < 0.01
    assert [found[name] for name in COUNTS] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "rows",
    [
        ["#"],
        ["##"],
        ["#.", ".#"],
        [".#", "#."],
        ["#" * 30],
        ["#"] * 30,
        ["#####", "#...#", "#.#.#", "#...#", "#####"],
        ["##....", "##....", "....##", "....##", "....##"],
        ["#.#.#.#", "#######", "#.#.#.#"],
    ],
)
@pytest.mark.parametrize("pad", [0, 1, 40])
def test_awkward_shapes_have_values(rows: list[str], pad: int) -> None:
    mask = np.pad(np.array([[c == "#" for c in row] for row in rows]), pad)
    found = described(mask)
    for name in set(OF_OUTLINE):
        assert np.isfinite(found[name]), name
    assert 0 < found["Solidity"] <= 1 + 1e-9
    assert 0 <= found["EllipseOverlap"] <= 1
    if pad == 40:
        undefined = {name for name, value in found.items() if np.isnan(value)}
        # one zone only, one pixel only
        assert undefined <= {"EchoRimContrast", "EchoLowerContrast", "PosteriorLesionContrast"}


@pytest.mark.parametrize("seed", range(4))
def test_ragged_regions_without_surroundings(seed: int) -> None:
    region = random_region(seed, (1, 9, 12), flat_axis=0, planar=True)
    with collect_remarks():
        found = breast(region)
    assert tuple(found) == FEATURES
    assert all(type(value) is float for value in found.values())


def test_the_outline_is_that_of_the_largest_part_with_its_holes_filled() -> None:
    mask = drawn(disc, 40)
    holed = mask.copy()
    holed[120:140, 120:140] = False
    holed[5:15, 5:15] = True
    first, second = contour_of(mask, (1.0, 1.0)), contour_of(holed, (1.0, 1.0))
    np.testing.assert_array_equal(first.points, second.points)
    assert first.radius_mm == sqrt(np.count_nonzero(mask) / pi)
    assert first.area_mm2 == pytest.approx(np.count_nonzero(mask), rel=0.01)
    np.testing.assert_allclose(first.centroid, np.argwhere(mask).mean(axis=0), atol=0.01)


def test_paths_and_hulls_agree_with_others() -> None:
    random = np.random.default_rng(1)
    mask = gaussian_filter(random.normal(size=(60, 70)), 3) > 0
    from skimage.measure import label, regionprops

    parts = regionprops(label(mask, connectivity=2))
    middles, pixels = outer_path(np.pad(mask, 1))
    assert pixels == max(part.area_filled for part in parts)
    steps = np.abs(np.diff(np.concatenate([middles, middles[:1]]), axis=0))
    assert set(map(tuple, steps.tolist())) <= {(0, 1), (1, 0), (0.5, 0.5)}
    points = random.normal(size=(512, 2))
    order = np.lexsort(points.T)
    assert set(hull_corners(points, order)) == set(ConvexHull(points).vertices)


def test_counting_round_a_closed_curve() -> None:
    turn = np.arange(512) * 2 * pi / 512
    for start in (0, 100, 300):
        wave = np.roll(np.cos(4 * turn), start)
        assert excursions(wave, 0.5, -0.5) == 4
        assert lobes(0.1 * wave) == 4
        assert lobes(0.02 * wave) == 0
        assert excursions(wave, 1.5, -0.5) == 0


def test_a_volume_is_refused_and_a_slice_of_it_is_not() -> None:
    family = FAMILIES["breast"]
    assert "3-D" in family.unfit(random_region(0))
    assert "spans 7" in family.unfit(random_region(0, flat_axis=0))
    assert not family.unfit(mass(drawn(disc, 20)))
    mask = drawn(flower(5), 30)
    region = mass(mask)
    upright = Region(
        region.intensities.transpose(1, 0, 2),
        type(region.footprint)(region.mask.transpose(1, 0, 2)),
        (1.0, 1.0, 1.0),
        flat_axis=1,
        surroundings=(
            region.wider[0].transpose(1, 0, 2),
            tuple(region.wider[1][axis] for axis in (1, 0, 2)),
        ),
    )
    assert breast(upright) == breast(region)


def images(mask: np.ndarray, image: np.ndarray, spacing: float) -> list[sitk.Image]:
    pair = [sitk.GetImageFromArray(part) for part in (image, mask.astype(np.uint8))]
    for one in pair:
        one.SetSpacing((spacing, spacing))
    return pair


def test_its_option_is_set_for_the_whole_file() -> None:
    content = {"featureClass": {"breast": []}, "setting": {"spot_diameters": [0.2, 2]}}
    assert load_settings(content).setting["spot_diameters"] == (0.2, 2)
    with pytest.raises(SettingsError, match="'spot_diameters' acts before the image types"):
        load_settings({**content, "imageType": {"Original": {"spot_diameters": [0.2, 2]}}})


def test_it_is_extracted_where_it_is_named() -> None:
    assert "breast" not in load_settings().wanted
    assert "breast" not in load_settings({"conventions": "ibsi", "setting": {"binWidth": 5}}).wanted
    mask = drawn(flower(5), 40)
    pair = images(mask, speckled(mask), 0.1)
    found = extract(*pair, {"featureClass": {"breast": []}})
    assert list(found) == [f"original_breast_{name}" for name in FEATURES]
    assert all(map(is_feature, found))
    assert list(found.values()) == pytest.approx(list(described(mask).values()), rel=1e-9, abs=1e-9)
    cropped = extract(*pair, {"featureClass": {"breast": []}, "setting": {"preCrop": True}})
    assert cropped == pytest.approx(found, rel=1e-9)


@pytest.mark.parametrize("grid", ["corner", "centre"])
def test_resampling_leaves_it_enough_of_the_image_and_other_families_as_they_were(grid: str) -> None:
    mask = drawn(flower(5), 30)
    image = gaussian_filter(speckled(mask), 1.5)
    image[mask.nonzero()[0].max() + 1 :] *= 0.5
    pair = images(mask, image, 0.1)
    setting = {"resampledPixelSpacing": [0.05, 0.05], "resampling_grid": grid, "interpolator": "sitkLinear"}
    types = {"Original": {}, "LoG": {"sigma": [0.3]}}
    others = {"imageType": types, "featureClass": {"firstorder": [], "glcm": []}, "setting": setting}
    alone = extract(*pair, others)
    both = extract(*pair, {**others, "featureClass": {"firstorder": [], "glcm": [], "breast": []}})
    assert {name: both[name] for name in alone} == alone
    direct = described(mask, image)
    for name in ("PosteriorRatio", "EchoRatio", "DepthToWidth", "Solidity", "LobeCount", "EchoRatioAbove"):
        assert both[f"original_breast_{name}"] == pytest.approx(direct[name], rel=0.05), name
    assert not any(np.isnan(value) for value in both.values())


def test_irregular_masses_are_the_malignant_ones(data_dir: Path) -> None:
    folder = data_dir / "busbra"
    cases = pd.read_csv(folder / "cases.csv").iloc[::15]
    rows = []
    for case in cases.itertuples():
        image, mask = (
            sitk.GetArrayFromImage(sitk.ReadImage(str(folder / part))) for part in (case.image, case.mask)
        )
        rows.append(described(mask > 0, image))
    table, malignant = pd.DataFrame(rows), (cases["pathology"] == "malignant").to_numpy()
    assert table.notna().all(axis=None)
    for name, sign in (("EllipticNormalizedCircumference", 1), ("FractalDimension", 1), ("Solidity", -1)):
        assert roc_auc_score(malignant, sign * table[name]) > 0.7, name
