"""Preprocessing: every step keeps the grid, and does what it is there for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.ndimage import uniform_filter

from radiomics_screen.core.errors import ReadError, RegionError, SettingsError
from radiomics_screen.core.options import REQUIRED, options_of
from radiomics_screen.imaging.normalization import normalize
from radiomics_screen.imaging.preprocessing import STEPS, files_of, with_files_in
from radiomics_screen.imaging.reading import read_image

ARRAY = np.random.default_rng(3).gamma(4, 12, (9, 22, 25)).clip(0, 255)
REQUIRED_OPTIONS = {"bilateral": {"range_sigma": 15.0}, "window": {"lower": 20.0, "upper": 90.0}}


def image_of(array: np.ndarray) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((0.7, 1.1, 2.5)[: array.ndim])
    image.SetOrigin((5.0, -6.0, 7.0)[: array.ndim])
    return image


def array_of(image: sitk.Image) -> np.ndarray:
    return sitk.GetArrayFromImage(image)


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    reference = tmp_path_factory.mktemp("reference") / "model.nii"
    sitk.WriteImage(image_of((ARRAY * 3 + 10).astype(np.float32)), reference)
    return {**REQUIRED_OPTIONS, "histogram_match": {"reference": str(reference)}}


@pytest.mark.parametrize("name", sorted(STEPS))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, np.float64])
@pytest.mark.parametrize("shape", ["2-D", "3-D", "one slice"])
def test_every_step_keeps_the_grid_and_the_original(
    name: str, dtype: type, shape: str, options: dict[str, dict]
) -> None:
    whole = ARRAY.astype(dtype)
    array = {"2-D": whole[4], "3-D": whole, "one slice": whole[4:5]}[shape]
    image = image_of(array)
    result = STEPS[name](image, **options.get(name, {}))
    for part in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(result, part)() == getattr(image, part)()
    assert np.isfinite(array_of(result)).all()
    assert not np.array_equal(array_of(result), array)
    assert np.array_equal(array_of(image), array)


@pytest.mark.parametrize("name", sorted(STEPS))
def test_every_option_is_typed_and_documented(name: str) -> None:
    for option in options_of(STEPS[name]).values():
        assert option.doc, f"{name}.{option.name}"
        assert option.type is not REQUIRED


@pytest.mark.parametrize("name", ["median", "bilateral", "speckle", "window", "clahe", "diffusion"])
def test_one_slice_is_treated_as_the_plane_that_it_is(name: str) -> None:
    given = REQUIRED_OPTIONS.get(name, {})
    plane = array_of(STEPS[name](image_of(ARRAY[4]), **given))
    one_slice = array_of(STEPS[name](image_of(ARRAY[4:5]), **given))
    assert np.array_equal(plane, one_slice[0])


def test_median_removes_an_impulse_and_keeps_an_edge() -> None:
    step = np.zeros((9, 9), np.uint8)
    step[:, 5:] = 200
    noisy = step.copy()
    noisy[4, 2] = 255
    assert np.array_equal(array_of(STEPS["median"](image_of(noisy), radius=1)), step)


@pytest.mark.parametrize(
    ("name", "given"),
    [("diffusion", {"iterations": 10}), ("bilateral", {"range_sigma": 30.0}), ("speckle", {})],
)
def test_denoising_smooths_tissue_and_keeps_edges(name: str, given: dict) -> None:
    clean = np.full((40, 40), 60.0)
    clean[:, 20:] = 180.0
    noisy = clean + np.random.default_rng(0).normal(0, 8, clean.shape)
    result = array_of(STEPS[name](image_of(noisy), **given))
    assert result[:, 4:16].std() < 0.6 * noisy[:, 4:16].std()
    assert result[:, 22:36].mean() - result[:, 4:18].mean() == pytest.approx(120, abs=4)


def test_speckle_goes_by_its_noise_model() -> None:
    """Where the local variance is what the model expects, only the local mean is left."""
    rng = np.random.default_rng(0)
    bright = np.repeat([20.0, 200.0], 30)[np.newaxis] * np.ones((60, 1))
    loupas = bright + np.sqrt(bright) * rng.normal(0, 1, bright.shape)
    mean = uniform_filter(loupas, 5, mode="nearest")
    assert np.allclose(array_of(STEPS["speckle"](image_of(loupas), level=1e6)), mean)
    by_model = array_of(STEPS["speckle"](image_of(loupas), level=1.5))
    for columns in (slice(4, 26), slice(34, 56)):  # dark and bright tissue alike
        assert by_model[:, columns].std() < 0.6 * loupas[:, columns].std()
    envelope = bright * rng.rayleigh(1, bright.shape)
    smooth = array_of(STEPS["speckle"](image_of(envelope), noise="multiplicative"))
    assert smooth[:, 34:56].std() < 0.6 * envelope[:, 34:56].std()


def test_window_by_ends_and_by_center() -> None:
    image = image_of(np.array([[-1000, -20, 40, 3000]], np.int16))
    by_ends = STEPS["window"](image, lower=-160.0, upper=240.0)
    assert array_of(by_ends).tolist() == [[-160, -20, 40, 240]]
    assert by_ends.GetPixelID() == sitk.sitkInt16
    assert array_of(STEPS["window"](image, center=40.0, width=400.0)).tolist() == [[-160, -20, 40, 240]]
    assert array_of(STEPS["window"](image, upper=0.5)).tolist() == [[-1000, -20, 0.5, 0.5]]
    assert array_of(STEPS["window"](image, lower=-1e9)).tolist() == [[-1000, -20, 40, 3000]]


@pytest.mark.parametrize(
    "given", [{}, {"center": 1.0}, {"lower": 5.0, "upper": 5.0}, {"lower": 1.0, "center": 1.0, "width": 2.0}]
)
def test_window_that_is_none(given: dict) -> None:
    with pytest.raises(SettingsError, match=r"preprocessing\.window"):
        STEPS["window"](image_of(ARRAY), **given)


def test_clahe_raises_contrast_within_the_range_and_leaves_a_constant() -> None:
    faint = np.tile(np.linspace(100, 110, 64), (64, 1))
    faint[0, 0], faint[0, 1] = 0, 255
    result = array_of(STEPS["clahe"](image_of(faint), clip_limit=0.05))
    assert result[10:, :].std() > 1.5 * faint[10:, :].std()
    assert (result.min(), result.max()) == (0, 255)
    assert (array_of(STEPS["clahe"](image_of(np.full((9, 9), 7, np.uint8)))) == 7).all()


def test_histogram_match_undoes_a_linear_change_of_scale(options: dict[str, dict]) -> None:
    result = array_of(
        STEPS["histogram_match"](image_of(ARRAY), **options["histogram_match"], match_points=15)
    )
    assert np.median(np.abs(result - (ARRAY * 3 + 10))) < 3
    flat = array_of(STEPS["histogram_match"](image_of(ARRAY[4]), **options["histogram_match"]))
    assert flat.mean() == pytest.approx((ARRAY * 3 + 10).mean(), rel=0.1)


def test_histogram_reference_is_told_and_must_be_there(options: dict[str, dict]) -> None:
    given = options["histogram_match"]
    assert files_of("histogram_match", {**given, "levels": 256}) == [Path(given["reference"])]
    assert files_of("median", {"radius": 1}) == []
    placed = with_files_in("histogram_match", {"reference": "a/model.nii", "levels": 9}, Path("/params"))
    assert placed == {"reference": "/params/a/model.nii", "levels": 9}
    assert with_files_in("histogram_match", given, Path("/params")) == given
    with pytest.raises(ReadError, match="no such file"):
        STEPS["histogram_match"](image_of(ARRAY), reference="nowhere.nii")


def test_n4_takes_shading_out() -> None:
    rng = np.random.default_rng(0)
    z, y, x = np.mgrid[:12, :40, :40]
    tissue = np.where(np.hypot(y - 20, x - 20) < 17, 100.0, 3.0) + rng.normal(0, 2, z.shape)
    shaded = tissue * np.exp(0.02 * (x - 20))
    inside = np.hypot(y - 20, x - 20) < 15
    corrected = array_of(STEPS["n4"](image_of(shaded.clip(0.1)), shrink_factor=2))
    spread = [a[inside].std() / a[inside].mean() for a in (shaded, corrected)]
    assert spread[1] < 0.5 * spread[0]
    with pytest.raises(RegionError, match="constant"):
        STEPS["n4"](image_of(np.full((9, 9), 7, np.uint8)))


# ---- normalisation ------------------------------------------------------------------------------


def test_normalisation_clips_before_it_scales() -> None:
    array = np.array([[0, 0, 0, 0, 0, 0, 0, 0, 0, 100]], np.float64)
    unit = (array - array.mean()) / array.std(ddof=1)
    image = image_of(array)
    result = normalize(image, normalize=True, normalizeScale=50, removeOutliers=2)
    assert np.allclose(array_of(result), 50 * unit.clip(-2, 2))
    assert normalize(image) is image
    step = STEPS["normalize"](image, scale=50, outliers=2)
    assert np.array_equal(array_of(step), array_of(result))


@pytest.mark.parametrize("value", [7.0, np.nan, np.inf])
def test_what_cannot_be_normalised_is_an_error(value: float) -> None:
    array = np.full((5, 6), 7.0)
    array[2, 3] = value
    with pytest.raises(RegionError, match="constant, or it holds NaN or infinite"):
        normalize(image_of(array), normalize=True)


@pytest.mark.parametrize("scale", [1, 100, 2.5])
@pytest.mark.parametrize("outliers", [None, 3, 1.7])
def test_normalisation_equals_pyradiomics(data_dir: Path, scale: float, outliers: float | None) -> None:
    operations = pytest.importorskip("radiomics.imageoperations")
    image = read_image(data_dir / "pyradiomics" / "brain1_image.nrrd")
    mine = normalize(image, normalize=True, normalizeScale=scale, removeOutliers=outliers)
    theirs = operations.normalizeImage(image, normalizeScale=scale, removeOutliers=outliers)
    assert mine.GetPixelID() == theirs.GetPixelID()
    assert np.array_equal(array_of(mine), array_of(theirs))
