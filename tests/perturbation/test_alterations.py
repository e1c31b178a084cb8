"""Alterations: laws on awkward shapes, values worked out by hand, and other implementations."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.ndimage import affine_transform, binary_dilation, label, shift

from radiomics_screen.core.errors import GeometryError, RegionError, SettingsError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.imaging.geometry import match_grid, select_label
from radiomics_screen.imaging.pixels import PIXELS_ONLY
from radiomics_screen.imaging.reading import read_image, read_mask
from radiomics_screen.imaging.roi import Roi, roi_of
from radiomics_screen.perturbation import ALTERATIONS, Chain, chain_of
from radiomics_screen.perturbation.contour import random_field, signed_distance
from radiomics_screen.perturbation.noise import noise_deviation
from radiomics_screen.perturbation.rigid_motion import shifted, turned

NAMES = ("contour", "marks", "noise", "resize", "rotate", "shuffle", "surroundings", "translate")
PERTURBING = "noise+translate+rotate+resize+contour"


def image_of(array: np.ndarray, spacing=(0.8, 0.7, 3.0)) -> sitk.Image:
    """An image with an origin and a turned direction of its own; spacing is (x, y, z)."""
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing[: array.ndim])
    image.SetOrigin((5.0, -3.0, 40.0)[: array.ndim])
    image.SetDirection([0, 1, 1, 0] if array.ndim == 2 else [0, 1, 0, 1, 0, 0, 0, 0, -1])
    return image


def scene(shape=(7, 40, 45), kind="int16", seed=0) -> tuple[sitk.Image, Roi]:
    """Smoothed noise with an ellipsoid that lies off its centre."""
    random = np.random.default_rng(seed)
    places = [np.arange(n) - 0.45 * (n - 1) for n in shape]
    grids = np.meshgrid(*places, indexing="ij")
    inside = sum((g / (0.27 * n)) ** 2 for g, n in zip(grids, shape, strict=True)) <= 1
    values = 100 + 30 * random.normal(size=shape) + 2 * grids[-1]
    image = image_of(values.astype(kind))
    return image, region_on(inside, image)


def region_on(mask: np.ndarray, image: sitk.Image) -> Roi:
    marks = sitk.GetImageFromArray(mask.astype(np.uint8))
    marks.CopyInformation(image)
    found = roi_of(marks, 1)
    assert found is not None
    return match_grid(image, found)


def voxels(image: sitk.Image) -> np.ndarray:
    return sitk.GetArrayFromImage(image)


def mask_of(roi: Roi) -> np.ndarray:
    return voxels(roi.image()) > 0


def dice(a: Roi, b: Roi) -> float:
    return 2 * (mask_of(a) & mask_of(b)).sum() / (mask_of(a).sum() + mask_of(b).sum())


def test_every_file_has_its_alteration() -> None:
    assert tuple(ALTERATIONS) == NAMES


# --- what holds for all ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("shape", "kind"),
    [((7, 40, 45), "int16"), ((40, 45), "uint8"), ((1, 40, 45), "float32"), ((9, 8, 7), "float64")],
)
def test_grid_and_type_stay_and_nothing_is_changed_in_place(name, shape, kind):
    image, roi = scene(shape, kind)
    before, marked = voxels(image), roi.mask.copy()
    altered, region = chain_of(name).apply(image, roi, seed=1, case_id="a")
    assert altered.GetPixelID() == image.GetPixelID()
    for what in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(altered, what)() == getattr(image, what)()
    assert region.grid == roi.grid
    assert region.mask.any()
    assert region.mask.dtype == bool
    assert mask_of(region).sum() == region.mask.sum()
    np.testing.assert_array_equal(voxels(image), before)
    np.testing.assert_array_equal(roi.mask, marked)
    assert (voxels(altered) != before).any() == (name in ("marks", "noise", "rotate", "shuffle", "translate"))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "marks"])  # which draws no lots
def test_chance_comes_of_seed_case_and_name_alone(name):
    image, roi = scene()

    def altered(chain: str, seed: int, case: str) -> bytes:
        changed, region = chain_of(chain).apply(image, roi, seed=seed, case_id=case)
        return voxels(changed).tobytes() + mask_of(region).tobytes()

    first = altered(f"{name} 1", 0, "a")
    assert altered(f"{name} 1", 0, "a") == first
    for other in ((f"{name} 2", 0, "a"), (f"{name} 1", 1, "a"), (f"{name} 1", 0, "b")):
        assert altered(*other) != first


@pytest.mark.parametrize("shape", [(5, 5), (4, 5, 6), (1, 1, 9), (1, 9)])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_tiny_lesion_never_vanishes(shape, count):
    mask = np.zeros(shape, bool)
    mask.reshape(-1)[mask.size // 2 - 1 : mask.size // 2 - 1 + count] = True
    image = image_of(np.random.default_rng(0).integers(0, 200, shape).astype(np.uint8))
    for repetition in range(8):
        with collect_remarks():
            _, region = chain_of(f"{PERTURBING} {repetition}").apply(
                image, region_on(mask, image), seed=0, case_id="a"
            )
        assert 1 <= region.mask.sum() <= 2 * count + 2


def test_a_lesion_that_would_vanish_is_left_with_a_note():
    image, _ = scene((9, 9), "uint8")
    mask = np.zeros((9, 9), bool)
    mask[4, 4] = True
    roi = region_on(mask, image)
    told = []
    for repetition in range(20):
        with collect_remarks() as notes:
            altered, left = chain_of(f"translate {repetition}").apply(image, roi, seed=0, case_id="a")
        assert left.mask.sum() == 1
        if notes:
            assert left is roi
            assert altered is image
        told += notes
    assert set(told) == {"translate: nothing would be left of so small a lesion; it was left as it is"}


@pytest.mark.parametrize("name", ["contour", "resize"])
def test_a_lesion_that_fills_the_image_is_left_with_a_note_or_shrunk_nowhere(name):
    image, _ = scene((8, 9), "uint8")
    roi = region_on(np.ones((8, 9), bool), image)
    for repetition in range(4):
        with collect_remarks():
            _, left = chain_of(f"{name} {repetition}").apply(image, roi, seed=0, case_id="a")
        assert left.mask.all()


# --- chains ---------------------------------------------------------------------------------------


def test_a_chain_is_its_alterations_one_after_the_other():
    image, roi = scene()
    random = np.random.default_rng(0)
    expected = ALTERATIONS["resize"](*ALTERATIONS["shuffle"](image, roi, random), random, fraction=0.4)
    random = np.random.default_rng(0)
    chain = Chain("two", (("shuffle", {}), ("resize", {"fraction": 0.4})))
    pair = (image, roi)
    for name, options in chain.steps:
        pair = ALTERATIONS[name](*pair, random, **options)
    np.testing.assert_array_equal(voxels(pair[0]), voxels(expected[0]))
    np.testing.assert_array_equal(mask_of(pair[1]), mask_of(expected[1]))
    assert chain.to_dict() == {"1. shuffle": {}, "2. resize": {"fraction": 0.4}}


def test_names_of_chains():
    assert [name for name, _ in chain_of("noise+rotate 12").steps] == ["noise", "rotate"]
    assert chain_of("noise+rotate 12").name == "noise+rotate 12"
    assert chain_of("").steps == ()
    image, roi = scene()
    assert chain_of("").apply(image, roi, seed=0, case_id="a") == (image, roi)


@pytest.mark.parametrize(
    ("name", "steps", "message"),
    [
        ("roate", None, "unknown alteration 'roate': did you mean 'rotate'"),
        ("noise, rotate", None, "no chain of alterations"),
        ("x", (("resize", {"part": 0.1}),), "unknown option 'part' of alteration 'resize'"),
        ("x", (("shuffle", {"part": 0.1}),), "unknown option 'part' of alteration 'shuffle'; it has none"),
        ("x", (("resize", {"fraction": 1.5}),), "fraction is 1.5; Input should be less than 1"),
    ],
)
def test_what_is_wrong_with_a_chain_is_told(name, steps, message):
    with pytest.raises(SettingsError, match=message):
        chain_of(name) if steps is None else Chain(name, steps)


# --- moving ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 3])
def test_a_shift_is_that_of_scipy(order):
    array = np.random.default_rng(0).normal(size=(7, 8, 9))
    by = (0.25, -0.5, 0.9)
    found = shifted(array, by, order)
    expected = shift(array, by, order=order, mode="nearest")
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_half_a_voxel_is_the_mean_of_neighbours():
    np.testing.assert_allclose(shifted(np.array([[[1.0, 3.0, 7.0]]]), (0, 0, 0.5), 1), [[[1, 2, 5]]])
    np.testing.assert_allclose(shifted(np.array([[[1.0, 3.0, 7.0]]]), (0, 0, -0.5), 1), [[[2, 5, 7]]])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_turn_by_a_right_angle_is_that_of_numpy(axis):
    array = np.random.default_rng(0).normal(size=(9, 9, 9))
    found = turned(array, np.pi / 2, axis=axis, centre=(4, 4, 4), spacing_mm=(1, 1, 1), order=3)
    plane = tuple(a for a in range(3) if a != axis)
    np.testing.assert_allclose(found, np.rot90(array, -1, plane), atol=1e-9)


def test_a_turn_goes_by_millimetres():
    spacing = np.array([3.0, 0.5, 1.5])
    array = np.random.default_rng(0).normal(size=(3, 20, 30))
    centre = np.array([1.0, 8.0, 14.0])
    found = turned(array, 0.3, axis=0, centre=centre, spacing_mm=spacing, order=1)
    c, s = np.cos(0.3), np.sin(0.3)
    in_mm = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    matrix = np.diag(1 / spacing) @ in_mm @ np.diag(spacing)
    expected = affine_transform(array, matrix, centre - matrix @ centre, order=1, mode="nearest")
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("shape", [(7, 40, 45), (40, 45)])
@pytest.mark.parametrize("name", ["translate", "rotate"])
def test_the_lesion_moves_with_its_image(name, shape):
    _, roi = scene(shape)
    bright = np.where(mask_of(roi), 1000.0, 0.0)
    marked = image_of(bright)
    for repetition in range(5):
        moved, region = chain_of(f"{name} {repetition}").apply(marked, roi, seed=0, case_id="a")
        inside = voxels(moved)[mask_of(region)]
        assert inside.mean() > 940
        assert voxels(moved)[~mask_of(region)].max() < 700
        assert dice(region, roi) > 0.8


def test_what_is_not_finite_stays_where_it_is():
    image, roi = scene((30, 30), "float32")
    values = voxels(image)
    values[0, 0] = np.nan
    moved, _ = chain_of("translate 1").apply(image_of(values), roi, seed=0, case_id="a")
    assert 1 <= np.isnan(voxels(moved)).sum() <= 4


# --- noise ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 300, 200), (6, 90, 110)])
def test_white_noise_is_found_on_a_smooth_image(shape):
    y, x = np.meshgrid(np.arange(shape[1]), np.arange(shape[2]), indexing="ij")
    smooth = 200 * np.sin(y / 40) * np.cos(x / 30) + 3 * x
    noisy = smooth + np.random.default_rng(0).normal(scale=4.0, size=shape)
    assert noise_deviation(noisy) == pytest.approx(4.0, rel=0.03)
    assert noise_deviation(np.broadcast_to(smooth, shape)) < 0.1


def test_an_empty_border_is_not_taken_for_a_quiet_image():
    noisy = np.random.default_rng(0).normal(scale=4.0, size=(1, 200, 200))
    noisy[:, :120] = 0.0
    assert noise_deviation(noisy) == pytest.approx(4.0, rel=0.05)
    assert noise_deviation(np.zeros((2, 30, 30))) == 0.0


def test_an_image_without_noise_gets_none():
    image = image_of(np.full((20, 20), 7, np.uint8))
    roi = region_on(np.eye(20, dtype=bool), image)
    with collect_remarks() as notes:
        assert chain_of("noise").apply(image, roi, seed=0, case_id="a") == (image, roi)
    assert notes == ["noise: none can be found in the image, so none was added"]


def test_noise_of_the_images_own_strength_is_added():
    values = 128 + np.random.default_rng(0).normal(scale=6.0, size=(150, 150))
    image = image_of(values)
    roi = region_on(np.ones((150, 150), bool), image)
    altered, _ = Chain("n", (("noise", {"scale": 2.0}),)).apply(image, roi, seed=0, case_id="a")
    added = voxels(altered) - values
    assert added.std() == pytest.approx(12.0, rel=0.05)
    assert abs(added.mean()) < 0.3
    assert abs(np.corrcoef(added[:, 1:].ravel(), added[:, :-1].ravel())[0, 1]) < 0.03


def test_whole_numbers_are_rounded_and_cut_off():
    values = np.random.default_rng(0).choice([0, 255], (40, 40)).astype(np.uint8)
    image = image_of(values)
    roi = region_on(np.ones((40, 40), bool), image)
    altered = voxels(chain_of("noise").apply(image, roi, seed=0, case_id="a")[0])
    assert altered.dtype == np.uint8
    assert altered.min() == 0  # and not what wraps round
    assert altered.max() == 255


# --- size and contour -----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(7, 40, 45), (60, 55)])
def test_a_region_grows_and_shrinks_by_whole_rims(shape):
    image, roi = scene(shape)
    count = roi.mask.sum()
    ratios = []
    for repetition in range(12):
        _, sized = chain_of(f"resize {repetition}").apply(image, roi, seed=0, case_id="a")
        ratios.append(sized.mask.sum() / count)
        larger, smaller = (mask_of(sized), mask_of(roi))[:: 1 if ratios[-1] >= 1 else -1]
        assert (larger | ~smaller).all()  # one lies in the other
        assert label(mask_of(sized), np.ones([3] * len(shape)))[1] == 1
    assert 0.8 <= min(ratios) < 0.92
    assert 1.08 < max(ratios) <= 1.2


def test_growth_takes_the_nearest_in_millimetres_first():
    image, roi = scene((7, 40, 45))  # slices 3 mm apart, pixels 0.7 to 0.8 mm
    for repetition in range(12):
        _, sized = chain_of(f"resize {repetition}").apply(image, roi, seed=0, case_id="a")
        slices = mask_of(sized).any(axis=(1, 2))
        np.testing.assert_array_equal(slices, mask_of(roi).any(axis=(1, 2)))


def test_the_border_of_the_image_is_none_of_the_lesion():
    image, _ = scene((30, 30))
    mask = np.zeros((30, 30), bool)
    mask[:, :12] = True
    for repetition in range(10):
        _, sized = chain_of(f"resize {repetition}").apply(image, region_on(mask, image), seed=0, case_id="a")
        assert mask_of(sized)[:, :8].all()
        assert not mask_of(sized)[:, 16:].any()


def test_a_random_field_has_the_variance_and_correlation_asked_for():
    random = np.random.default_rng(0)
    fields = np.stack([random_field((1, 25, 30), (1, 5, 3), random) for _ in range(3000)])
    assert fields.mean() == pytest.approx(0, abs=0.02)
    assert fields.var() == pytest.approx(1, abs=0.02)
    at = fields[:, 0, 10, 10]
    for place, apart in (((15, 10), 1.0), ((10, 13), 1.0), ((20, 10), 2.0), ((10, 28), 6.0)):
        correlation = (at * fields[:, 0, place[0], place[1]]).mean()
        assert correlation == pytest.approx(np.exp(-(apart**2) / 2), abs=0.05)
    ends = (fields[:, 0, 0, 0] * fields[:, 0, 24, 0]).mean()  # it must not repeat itself
    assert abs(ends) < 0.05


def test_the_signed_distance_is_that_to_the_outline():
    found = signed_distance(np.array([[[0, 0, 1, 1, 1, 0]]], bool), (3.0, 1.0, 2.0))
    np.testing.assert_allclose(found, [[[3, 1, -1, -3, -1, 1]]])


@pytest.mark.parametrize("shape", [(120, 120), (40, 41, 42)])
def test_the_contour_agrees_with_that_drawn_as_well_as_predicted(shape):
    places = np.meshgrid(*(np.arange(n) - n / 2 + 0.2 for n in shape), indexing="ij")
    ball = sum(p**2 for p in places) <= (0.3 * shape[0]) ** 2
    image = image_of(np.zeros(shape, np.float32), (1.0, 1.0, 1.0))
    roi = region_on(ball, image)
    found, sizes = [], []
    for repetition in range(60 if len(shape) == 2 else 15):
        _, drawn = chain_of(f"contour {repetition}").apply(image, roi, seed=0, case_id="a")
        assert label(drawn.mask, np.ones([3] * len(shape)))[1] == 1
        found.append(dice(drawn, roi))
        sizes.append(drawn.mask.sum() / roi.mask.sum())
    assert np.mean(found) == pytest.approx(0.92 if len(shape) == 2 else 0.88, abs=0.015)
    assert np.mean(sizes) == pytest.approx(1, abs=0.06)


# --- controls -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(7, 40, 45), (40, 45)])
def test_shuffled_intensities_are_the_same_ones_elsewhere(shape):
    image, roi = scene(shape)
    altered, same = chain_of("shuffle").apply(image, roi, seed=0, case_id="a")
    inside, before, after = mask_of(roi), voxels(image), voxels(altered)
    assert same is roi
    np.testing.assert_array_equal(after[~inside], before[~inside])
    np.testing.assert_array_equal(np.sort(after[inside]), np.sort(before[inside]))
    assert (after[inside] != before[inside]).mean() > 0.9


@pytest.mark.parametrize("shape", [(7, 40, 45), (60, 55)])
def test_the_ring_is_of_the_lesions_size_and_next_to_it(shape):
    image, roi = scene(shape)
    same, ring = chain_of("surroundings").apply(image, roi, seed=0, case_id="a")
    assert same is image
    assert ring.mask.sum() == roi.mask.sum()
    assert not (mask_of(ring) & mask_of(roi)).any()
    assert label(mask_of(ring) | mask_of(roi))[1] == 1
    if len(shape) == 2:
        assert mask_of(ring)[binary_dilation(mask_of(roi)) & ~mask_of(roi)].all()


def ring_of(image: sitk.Image, roi: Roi, **options) -> np.ndarray:
    return mask_of(Chain("r", (("surroundings", options),)).apply(image, roi, seed=0, case_id="a")[1])


def test_the_width_of_the_ring():
    image = image_of(np.zeros((5, 11, 21), np.uint8), (0.5, 1.0, 4.0))
    mask = np.zeros((5, 11, 21), bool)
    mask[2, 5, 10] = True
    roi = region_on(mask, image)
    wide = ring_of(image, roi, width_mm=2.0)
    assert wide.sum() == sum(x**2 / 4 + y**2 <= 4 for x in range(-9, 10) for y in range(-5, 6)) - 1
    assert np.argwhere(wide)[:, 0].tolist() == [2] * wide.sum()  # the next slice is 4 mm away
    assert ring_of(image, roi, width_pixels=1).sum() == 6
    assert ring_of(image, roi, width_mm=4.0, width_pixels=1)[1, 5, 10]  # mm, where they are known


def test_the_width_of_the_ring_where_the_file_knows_no_spacing():
    image = sitk.GetImageFromArray(np.zeros((20, 20), np.uint8))
    image.SetMetaData(PIXELS_ONLY, "1")
    mask = np.zeros((20, 20), bool)
    mask[8:10, 8:10] = True
    roi = region_on(mask, image)
    assert ring_of(image, roi, width_mm=3.0, width_pixels=1).sum() == 8
    assert ring_of(image, roi).sum() == 4
    with pytest.raises(GeometryError, match=r"3 mm wide.*give width_pixels"):
        ring_of(image, roi, width_mm=3.0)


def test_a_ring_that_the_image_has_no_room_for():
    image, _ = scene((10, 10))
    mask = np.ones((10, 10), bool)
    with pytest.raises(RegionError, match="the lesion fills the image"):
        ring_of(image, region_on(mask, image))
    mask[:, 8:] = False
    with collect_remarks() as notes:
        assert ring_of(image, region_on(mask, image)).sum() == 20
    assert notes == ["surroundings: the image has only 20 voxels round a lesion of 80"]


# --- real images ----------------------------------------------------------------------------------


def test_real_ultrasound_and_its_sizes(data_dir):
    files = sorted((data_dir / "busbra" / "images").glob("*.png"))[::150]
    agreeing, deviations = [], []
    for file in files:
        image = read_image(file)
        roi = match_grid(image, select_label(read_mask(file.parents[1] / "masks" / file.name)))
        before = voxels(image).astype(float)
        deviations.append(noise_deviation(before[np.newaxis]))
        altered, region = chain_of("noise+resize+contour").apply(image, roi, seed=0, case_id=file.stem)
        assert altered.HasMetaDataKey(PIXELS_ONLY)
        assert np.std(voxels(altered) - before) < 2 * deviations[-1] + 0.5
        agreeing.append(dice(region, roi))
    assert len(files) >= 9
    assert all(0 < deviation < 8 for deviation in deviations)
    assert min(agreeing) > 0.75
    assert all(a != b for a, b in pairwise(agreeing))


# --- marks ----------------------------------------------------------------------------------------


def marked_rectangle(top=10, bottom=19, left=20, right=45) -> tuple[np.ndarray, np.ndarray]:
    """Return an image of 60 by 80 pixels after drawing on a rectangle of 9 by 25, and where it changed."""
    mask = np.zeros((60, 80), bool)
    mask[top:bottom, left:right] = True
    image = image_of(np.full((60, 80), 50, np.uint8), (0.5, 0.5))
    start = voxels(image)
    start[0, 0] = 200
    image = image_of(start, (0.5, 0.5))
    altered, region = chain_of("marks").apply(image, region_on(mask, image), seed=0, case_id="a")
    np.testing.assert_array_equal(mask_of(region), mask)
    after = voxels(altered)
    return after, after != start


def test_calipers_lie_on_the_ends_of_both_diameters_and_a_number_below():
    after, drawn = marked_rectangle()
    assert set(np.unique(after[drawn])) == {200}  # as bright as the brightest voxel of the image
    for row, column in ((10, 20), (18, 44)):  # the longest diameter runs from corner to corner
        assert drawn[row - 2 : row + 3, column].all()
        assert drawn[row, column - 2 : column + 3].all()
    parts, count = label(drawn, np.ones((3, 3)))
    below = {int(part) for part in np.unique(parts[21:]) if part}
    assert count - len(below) in (3, 4)  # crosses that lie near each other grow together
    length = np.hypot(24, 8) * 0.5  # 12.6 mm between the centres of the last voxels
    assert f"{length:.1f}" == "12.6"
    glyphs = drawn[25:30, 20 : 20 + 4 * 4]
    assert "\n".join("".join(".#"[int(p)] for p in row) for row in glyphs) == "\n".join(
        (
            ".#..###.....###.",
            "##....#.....#...",
            ".#..###.....###.",
            ".#..#.......#.#.",
            "###.###..#..###.",
        )
    )


def test_marks_that_do_not_fit_are_cut_off_by_the_image():
    _, drawn = marked_rectangle(top=50, bottom=60, left=70, right=80)
    assert drawn[59, 79]
    assert drawn[55:].any()
