"""``conventions``: which defaults it changes, and what the switches do."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_screen import extract, extract_cohort, feature_maps
from radiomics_screen.core.conventions import SWITCHES
from radiomics_screen.core.errors import RegionError, SettingsError
from radiomics_screen.core.remarks import ScreenWarning, collect_remarks
from radiomics_screen.extraction.column_order import ordered_features
from radiomics_screen.extraction.measuring.preparing import prepared
from radiomics_screen.features import FAMILIES
from radiomics_screen.features.mask import resegment
from radiomics_screen.features.region import discretize
from radiomics_screen.settings.schema import known_settings
from radiomics_screen.settings.settings import load_settings
from radiomics_screen.settings.template import commented_default
from radiomics_screen.settings.yaml_text import read_yaml

IBSI: dict[str, Any] = {"conventions": "ibsi", "setting": {"binWidth": 10}}


def lesion_on_noise() -> tuple[sitk.Image, sitk.Image]:
    random = np.random.default_rng(3)
    image = sitk.GetImageFromArray(random.normal(50, 30, (12, 14, 16)).round())
    marks = np.zeros((12, 14, 16), dtype=np.uint8)
    marks[3:8, 4:11, 5:12] = 1
    mask = sitk.GetImageFromArray(marks)
    for part in (image, mask):
        part.SetSpacing((1.0, 1.5, 2.0))
    return image, mask


def test_conventions_only_change_defaults() -> None:
    plain, ibsi = load_settings(), load_settings(IBSI)
    changed = {name for name in plain.setting if plain.setting[name] != ibsi.setting[name]}
    assert changed == {*SWITCHES["ibsi"], "binWidth"}
    own = load_settings({**IBSI, "setting": {"binWidth": 10, "interpolator": "sitkBSpline"}})
    assert own.setting["interpolator"] == "sitkBSpline"
    assert load_settings({"conventions": "pyradiomics"}).fingerprint == plain.fingerprint


def test_switches_are_options_with_allowed_values() -> None:
    known = known_settings()
    for name, value in SWITCHES["ibsi"].items():
        assert known[name].default != value
        load_settings({"setting": {name: value}})


def test_families_are_those_of_the_conventions() -> None:
    of = {name: load_settings(content).wanted for name, content in (("pyradiomics", None), ("ibsi", IBSI))}
    assert not set(of["pyradiomics"]) & set(of["ibsi"])
    assert {FAMILIES[name].conventions for name in of["ibsi"]} == {"ibsi"}
    both = load_settings({"featureClass": {"glcm": None, "stat": ["mean"]}})
    assert both.wanted["stat"] == ("mean",)


def test_resolved_settings_load_again() -> None:
    ibsi = load_settings({**IBSI, "imageType": [{"Original": {}}, {"Mean": {"mean_support": [3]}}]})
    again = load_settings(ibsi.to_dict())
    assert again.fingerprint == ibsi.fingerprint
    assert again.conventions == "ibsi"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"conventions": "isbi"},
            "conventions: expected pyradiomics or ibsi, got 'isbi': did you mean 'ibsi'",
        ),
        ({"conventions": ["ibsi"]}, "conventions: expected pyradiomics or ibsi"),
        (
            {"conventions": "ibsi"},
            "no default for grey levels; set binWidth, binCount or",
        ),
        (
            {"imageType": [{"Original": {}}, "Original"]},
            "Original is given twice with the same options",
        ),
        ({"imageType": [3]}, "imageType: expected names with options"),
        ({"setting": {"bin_origin": "rang"}}, "setting.bin_origin"),
        ({"setting": {"mask_threshold": 0}}, "setting.mask_threshold"),
    ],
)
def test_mistakes_are_named(content: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)):
        load_settings(content)


def test_grey_levels_need_not_be_set_for_families_without() -> None:
    assert load_settings({"conventions": "ibsi", "featureClass": {"stat": None}}).wanted == {
        "stat": FAMILIES["stat"].features
    }
    in_images = {"conventions": "ibsi", "imageType": {"Original": {"binCount": 8}}}
    assert load_settings(in_images).image_types[0].overrides == {"binCount": 8}


def test_the_printed_defaults_are_the_defaults(tmp_path: Any) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(commented_default("ibsi"))
    content = read_yaml(path)
    assert not {"binWidth", "binCount", "discretization"} & set(content["setting"])
    content["setting"]["binWidth"] = 10
    assert load_settings(content).fingerprint == load_settings(IBSI).fingerprint


def test_bins_begin_at_the_lower_bound() -> None:
    values = np.array([-480.0, -475.0, 3.0, 400.0])
    np.testing.assert_array_equal(discretize(values, bin_origin=-500.0), [1, 2, 21, 37])
    np.testing.assert_array_equal(discretize(values, bin_origin=-490.0), [1, 1, 20, 36])
    np.testing.assert_array_equal(discretize(values, bin_origin="range"), [1, 1, 20, 36])
    np.testing.assert_array_equal(discretize(values), [1, 2, 21, 37])
    with pytest.raises(RegionError, match="the first bin begins at -400, but the region's smallest"):
        discretize(values, bin_origin=-400.0)


def test_a_fixed_number_of_bins_by_formula() -> None:
    random = np.random.default_rng(1)
    values = random.integers(-700, 500, 500).astype(np.float64)
    low, high = values.min(), values.max()
    expected = np.minimum(np.floor(32 * (values - low) / (high - low)) + 1, 32)
    np.testing.assert_array_equal(discretize(values, binCount=32, bin_origin="range"), expected)
    np.testing.assert_array_equal(discretize(np.full(3, 7.0), binCount=32, bin_origin="range"), [1, 1, 1])


def test_intensities_may_be_grey_levels_as_they_are() -> None:
    np.testing.assert_array_equal(discretize(np.array([1, 4, 9]), discretization="none"), [1, 4, 9])
    for wrong in ([0, 4], [1.5, 2.0], [-1, 3]):
        with pytest.raises(RegionError, match="must be whole numbers from 1"):
            discretize(np.array(wrong), discretization="none")


def test_outliers_and_range_are_both_left_out() -> None:
    values = np.concatenate([np.random.default_rng(0).normal(0, 1, 997), [50.0, -50.0, 2.0]])
    intensities, mask = values.reshape(10, 10, 10), np.ones((10, 10, 10), dtype=bool)
    mean, reach = values.mean(), 3 * values.std()
    for lower in (None, -1.0):
        kept, drawn = resegment(
            intensities, mask, outlier_sigma=3, resegmentRange=None if lower is None else (lower,)
        )
        expected = (np.abs(intensities - mean) <= reach) & (intensities >= (lower or -np.inf))
        np.testing.assert_array_equal(kept, expected)
        assert drawn is mask
    with pytest.raises(RegionError, match=r"resegmentRange \[100\.0\] .* and outlier_sigma 3 keeps 0"):
        resegment(intensities, mask, outlier_sigma=3, resegmentRange=(100.0,))


def test_shape_is_that_of_the_whole_mask() -> None:
    image, mask = lesion_on_noise()
    array = sitk.GetArrayFromImage(image)
    array[3, :, :] = 500  # the whole first slice of the lesion is left out
    image = sitk.GetImageFromArray(array)
    mask.SetSpacing((1, 1, 1))
    setting = {"binWidth": 10, "resegmentRange": [-500, 400]}
    whole = prepared(image, mask, load_settings({"conventions": "ibsi", "setting": setting}))
    with pytest.warns(ScreenWarning, match="49 of 245 voxels of the mask are left out"):
        cut = prepared(image, mask, load_settings({"setting": setting}))
    assert whole.shape.mask.shape == (5, 7, 7)
    assert cut.shape.mask.shape == (4, 7, 7)
    assert len(whole.footprint.voxels) == len(cut.footprint.voxels) == 4 * 49
    assert whole.thresholds == (-500.0, 400.0)


def test_families_that_look_further_see_the_image_round_the_lesion() -> None:
    image, mask = lesion_on_noise()
    array = sitk.GetArrayFromImage(image)
    brighter = array.copy()
    brighter[sitk.GetArrayFromImage(mask) == 0] += 1000
    raised = sitk.GetImageFromArray(brighter)
    raised.CopyInformation(image)
    content = {"conventions": "ibsi", "featureClass": {"loc": None, "stat": None}}
    for spacing in (None, [1.1, 1.1, 1.1]):
        settings = {**content, "setting": {"resampledPixelSpacing": spacing}} if spacing else content
        near, far = extract(image, mask, settings), extract(raised, mask, settings)
        if not spacing:
            assert near["original_stat_mean"] == far["original_stat_mean"]
        assert far["original_loc_peak_glob"] > near["original_loc_peak_glob"] + 100


def test_two_images_of_one_name_are_refused() -> None:
    image, mask = lesion_on_noise()
    twice = {"imageType": [{"Original": {"binWidth": 10}}, {"Original": {"binWidth": 20}}]}
    with pytest.raises(SettingsError, match="two entries of imageType make an image named original"):
        extract(image, mask, twice)


def test_columns_stand_in_the_order_of_the_families() -> None:
    columns = [
        "original_cm_joint_avg_3D_comb",
        "original_cm_joint_max_3D_comb",
        "original_cm_joint_avg_3D_avg",
        "original_morph_volume",
        "original_stat_mean",
        "original_cm_joint_max_3D_avg",
    ]
    assert ordered_features(columns) == [
        "original_morph_volume",
        "original_cm_joint_max_3D_avg",
        "original_cm_joint_max_3D_comb",
        "original_cm_joint_avg_3D_avg",
        "original_cm_joint_avg_3D_comb",
        "original_stat_mean",
    ]


def test_cohorts_with_two_images_of_one_name_are_refused_before_any_work(tmp_path: Any) -> None:
    image, mask = lesion_on_noise()
    for name, part in (("image", image), ("mask", mask)):
        sitk.WriteImage(part, tmp_path / f"{name}.nii")
    (tmp_path / "cases.csv").write_text("image,mask\nimage.nii,mask.nii\n")
    twice = [{"Mean": {"mean_support": [3]}}, {"Mean": {"mean_support": [5, 3]}}]
    with pytest.raises(SettingsError, match="two entries of imageType make an image named mean-3-3D"):
        extract_cohort(tmp_path / "cases.csv", {"imageType": twice})
    assert load_settings({"imageType": [{"Mean": {"mean_support": [3]}}, {"Mean": {"mean_support": [5]}}]})


def test_only_what_is_wrong_is_told() -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings({"imageType": {"Gabor": {"sigma": [1], "gabor_wavelength": 2, "gabor_theta_step": 50}}})
    assert "gabor_theta_step" in str(raised.value)
    assert "needs" not in str(raised.value)


def flat_image(value: float) -> tuple[sitk.Image, sitk.Image]:
    _, mask = lesion_on_noise()
    image = sitk.GetImageFromArray(np.full((12, 14, 16), value))
    image.CopyInformation(mask)
    return image, mask


@pytest.mark.parametrize("interpolator", ["sitkLinear", "sitkBSpline"])
def test_interpolation_adds_no_texture(interpolator: str) -> None:
    setting = {"resampledPixelSpacing": [1.3, 1.1, 0.9], "interpolator": interpolator, "binCount": 32}
    content = {
        "conventions": "ibsi",
        "featureClass": {"ih": ["entropy"], "stat": ["range"]},
        "setting": setting,
    }
    with collect_remarks() as remarks:
        assert extract(*flat_image(37.1), content) == {"original_ih_entropy": 0.0, "original_stat_range": 0.0}
    assert remarks == ["intensities do not vary in original: texture tells nothing there"]


@pytest.mark.parametrize("interpolator", ["sitkNearestNeighbor", "sitkLinear", "sitkBSpline"])
def test_filters_beside_it_do_not_change_the_original(interpolator: str) -> None:
    image, mask = lesion_on_noise()
    array = sitk.GetArrayFromImage(image)
    array[0, 0, 0] = np.nan  # far from the lesion, and out of reach of the mean
    spoilt = sitk.GetImageFromArray(array)
    spoilt.CopyInformation(mask)
    setting = {"resampledPixelSpacing": [1.3, 1.1, 0.9], "interpolator": interpolator}
    content = {"conventions": "ibsi", "featureClass": {"stat": None}, "setting": setting}
    both = {**content, "imageType": {"Original": {}, "Mean": {"mean_support": [3]}}}
    with collect_remarks() as remarks:
        alone, beside = extract(spoilt, mask, content), extract(spoilt, mask, both)
    assert bool(remarks) == (interpolator == "sitkBSpline")  # which leaves the NaN out of its fit
    assert alone == {name: beside[name] for name in alone}
    assert np.isfinite(list(beside.values())).all()


def test_maps_use_the_grey_levels_of_the_table() -> None:
    image, mask = lesion_on_noise()
    setting = {"binWidth": 25, "resegmentRange": [-107, 400]}
    wanted = {"featureClass": {"glcm": ["JointAverage"]}, "setting": setting, "conventions": "ibsi"}
    table = extract(image, mask, wanted)
    maps = feature_maps(image, mask, {**wanted, "voxelSetting": {"kernelRadius": 12}})
    values = sitk.GetArrayFromImage(maps["original_glcm_JointAverage"])
    assert values.max() == pytest.approx(table["original_glcm_JointAverage"], rel=1e-9)


def test_a_crop_leaves_room_for_what_families_look_at() -> None:
    image, mask = lesion_on_noise()
    content = {"conventions": "ibsi", "featureClass": {"loc": None}}
    whole = extract(image, mask, content)
    assert extract(image, mask, {**content, "setting": {"preCrop": True, "padDistance": 0}}) == whole
