"""The parameter file: what it may say, and what it answers to mistakes."""

from __future__ import annotations

import copy
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import yaml

from radiomics_screen.core.errors import SettingsError
from radiomics_screen.core.options import options_of
from radiomics_screen.core.remarks import ScreenWarning, collect_remarks
from radiomics_screen.features import FAMILIES
from radiomics_screen.features.glcm import glcm
from radiomics_screen.features.region import discretize
from radiomics_screen.features.registry import Family
from radiomics_screen.filters import FILTERS
from radiomics_screen.imaging.preprocessing import STEPS
from radiomics_screen.settings.schema import known_settings
from radiomics_screen.settings.settings import load_settings
from radiomics_screen.settings.template import commented_default


def test_defaults_are_pyradiomics_defaults() -> None:
    setting = load_settings().setting
    assert setting["binWidth"] == 25
    assert setting["minimumROIDimensions"] == 2
    assert setting["padDistance"] == 5
    assert setting["interpolator"] == "sitkBSpline"
    assert setting["resampledPixelSpacing"] is None
    assert [t.name for t in load_settings().image_types] == ["Original"]


def test_commented_default_is_the_default(tmp_path: Path) -> None:
    path = tmp_path / "default.yaml"
    path.write_text(commented_default())
    assert load_settings(path).to_dict() == load_settings().to_dict()


def test_commented_default_tells_of_every_option_and_feature() -> None:
    text = commented_default()
    functions = [f for _, f in [*STEPS.items(), *FILTERS.items()]] + [f.compute for _, f in FAMILIES.items()]
    names = {name for function in functions for name in options_of(function)} | set(known_settings())
    features = {feature for _, family in FAMILIES.items() for feature in family.features + family.on_request}
    assert [name for name in sorted(names) if f"{name}:" not in text] == []
    assert [name for name in sorted(features) if name not in text] == []
    undocumented = [o.name for o in known_settings().values() if not o.doc]
    assert undocumented == []


def test_commented_default_can_be_switched_on(tmp_path: Path) -> None:
    """Taking the "# " away from the commented image types and families gives a valid file."""
    lines = []
    for line in commented_default().split("\n"):
        bare = line.removeprefix("  # ")
        off = line.startswith("  # ") and (bare.startswith(" ") or bare.rstrip(" {}[]").endswith(":"))
        lines.append(f"  {bare}" if off else line)
    path = tmp_path / "all.yaml"
    path.write_text("\n".join(lines).replace("preprocessing: []", "preprocessing:").replace("...", "1"))
    content = yaml.safe_load(path.read_text())
    content["preprocessing"] = []
    settings = load_settings(content)
    assert {t.name for t in settings.image_types} == set(FILTERS)
    assert set(settings.wanted) == set(FAMILIES)


def test_resolved_parameters_load_again_to_the_same() -> None:
    settings = load_settings(
        {
            "preprocessing": ["n4", {"median": {"radius": 2}}],
            "imageType": {"Original": {}, "LoG": {"sigma": [1, 2.5], "binWidth": 10}},
            "featureClass": {"glcm": ["Contrast", "Autocorrelation"], "shape": None},
            "setting": {"binCount": 32, "resampledPixelSpacing": [1, 1, 0]},
        }
    )
    again = load_settings(json.loads(json.dumps(settings.to_dict())))
    assert again.to_dict() == settings.to_dict()
    assert again.fingerprint == settings.fingerprint
    assert settings.wanted["glcm"] == ("Autocorrelation", "Contrast")
    assert settings.wanted["shape"] == FAMILIES["shape"].features
    assert [s.name for s in settings.preprocessing] == ["n4", "median"]


@pytest.mark.parametrize(
    "change",
    [
        {"setting": {"binWidth": 24}},
        {"imageType": {"Original": {"binWidth": 24}}},
        {"featureClass": {"glcm": []}},
        {"preprocessing": ["median"]},
    ],
)
def test_fingerprint_tells_parameters_apart(change: dict[str, Any]) -> None:
    assert load_settings(change).fingerprint != load_settings().fingerprint
    assert load_settings({"setting": {"binWidth": 25}}).fingerprint == load_settings().fingerprint


def test_image_types_may_differ_from_the_setting() -> None:
    settings = load_settings(
        {"imageType": {"Wavelet": {"binWidth": 5}}, "setting": {"binWidth": 50, "distances": [2]}}
    )
    (image_type,) = settings.image_types
    assert settings.options(discretize, image_type)["binWidth"] == 5
    assert settings.options(glcm, image_type)["distances"] == (2,)
    assert settings.options(discretize)["binWidth"] == 50


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"settings": {}}, "unknown section 'settings': did you mean 'setting'?"),
        ({"setting": {"binwidth": 1}}, "setting: unknown option 'binwidth': did you mean 'binWidth'?"),
        ({"setting": {"binWidth": "wide"}}, "setting.binWidth: expected a valid number, got 'wide'"),
        ({"setting": {"binWidth": float("inf")}}, "setting.binWidth: expected a finite number"),
        ({"setting": {"binWidth": -1}}, "setting.binWidth: expected greater than 0, got -1"),
        ({"setting": {"force2D": 1}}, "setting.force2D: expected a valid boolean, got 1"),
        ({"setting": {"label": True}}, "setting.label: expected a valid integer, got True"),
        ({"setting": {"distances": [1, 0]}}, "setting.distances: expected greater than 0, got [1, 0]"),
        ({"setting": {"interpolator": "Spline"}}, "setting.interpolator: expected 'sitkNearestNeighbor'"),
        ({"setting": [1]}, "setting: expected options with values, got [1]"),
        ({"imageType": {"Wavlet": {}}}, "unknown image type 'Wavlet': did you mean 'Wavelet'?"),
        ({"imageType": {"LoG": {}}}, "imageType.LoG needs 'sigma': Widths of the Gaussian"),
        ({"imageType": {"LoG": {"sigma": [1], "normalize": True}}}, "acts before the image types are made"),
        ({"imageType": {"Wavelet": {"wavelet": "coif99"}}}, "no discrete wavelet of PyWavelets"),
        ({"featureClass": {"GLCM": None}}, "unknown feature family 'GLCM': did you mean 'glcm'?"),
        ({"featureClass": {"glcm": ["contrast"]}}, "unknown feature 'contrast': did you mean 'Contrast'?"),
        ({"featureClass": {"glcm": "Contrast"}}, "featureClass.glcm: expected a list of features"),
        ({"preprocessing": [{"medain": {}}]}, "unknown step 'medain': did you mean 'median'?"),
        ({"preprocessing": [{"median": {"radios": 1}}]}, "preprocessing.median: unknown option 'radios'"),
        ({"setting": {"distances": []}}, "setting.distances: expected a list that is not empty"),
        ({"setting": {"binCount": 10**9}}, "setting.binCount: expected less than or equal to 1000000"),
        ({"setting": {"padDistance": 10**20}}, "setting.padDistance: expected less than or equal to 100000"),
        (
            {"setting": {"resegmentRange": [1, 2, 3]}},
            "resegmentRange: Tuple should have at most 2 items",
        ),
        ({"imageType": {"LoG": 5}}, "imageType.LoG: expected options with values, got 5"),
        ({"imageType": {"LoG": [1]}}, "imageType.LoG: expected options with values, got [1]"),
        (
            {"imageType": {"LoG": {"sigma": ["bad"]}}},
            "LoG.sigma: expected a valid number, got ['bad']",
        ),
        ({"featureClass": {5: None, "glcm": None}}, "unknown feature family '5'"),
        (
            {"preprocessing": [{"window": {"lower": float("inf")}}]},
            "window.lower: expected a finite number",
        ),
        (
            {"imageType": {"Original": {"lbp2DRadius": 1}}},
            "imageType.Original: 'lbp2DRadius' is an option of LBP2D; take it out here",
        ),
        (
            {"imageType": {"Original": {"gradientUseSpacing": True}}},
            "imageType.Original: 'gradientUseSpacing' is an option of Gradient; take it out here",
        ),
        ({"imageType": {"LBP2D": {"lbp2DMethod": "Uniform"}}}, "lbp2DMethod: expected 'default', 'ror'"),
        ({"imageType": {"LBP3D": {"lbp3DLevels": 0}}}, "lbp3DLevels: expected greater than or equal to 1"),
        (
            {"setting": {"symmetricalGLCM": None}},
            "setting.symmetricalGLCM: is empty, which pyradiomics takes as false; set true or false",
        ),
        ({"setting": {"additionalInfo": "yes"}}, "setting.additionalInfo: expected true or false, got 'yes'"),
        (
            {"setting": {"kernelRadius": 2}},
            "unknown option 'kernelRadius', which stands under 'voxelSetting'",
        ),
        ({"voxelSetting": {"initValue": "none"}}, "voxelSetting.initValue: expected a number or nan"),
        ({"voxelSetting": {"voxelBatch": 0}}, "voxelSetting.voxelBatch: expected greater than 0"),
        (
            {"featureClass": {"glcm": ["SumVariance"]}},
            "pyradiomics retired it, since it equals ClusterTendency",
        ),
        ({"preprocessing": [3]}, "preprocessing, step 1: expected 'name: {options}', got 3"),
    ],
)
def test_mistakes_are_named(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(parameters)
    assert message in str(error.value)


def test_one_mistake_is_told_once() -> None:
    with pytest.raises(SettingsError) as error:
        load_settings({"imageType": {"LoG": {"sigma": ["bad"]}}})
    assert "\n" not in str(error.value)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        load_settings({"setting": {"binWidth": "a", "nope": 1}, "imageType": {"X": {}}})
    assert len(str(error.value).split("\n")) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("setting: {binWidth: 1, binWidth: 2}", "binWidth: given twice"),
        ("setting: [", "is neither YAML nor JSON"),
        ("just text", "expected sections"),
    ],
)
def test_unreadable_files_are_told(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=message):
        load_settings(path)
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load_settings(tmp_path / "missing.yaml")


def test_pyradiomics_habits_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "pyradiomics.yaml"
    path.write_text(
        "imageType:\n  Original: {}\nfeatureClass:\n  shape:\n  firstorder: []\n"
        "setting:\n  resampledPixelSpacing:\n  weightingNorm:\n  binWidth:\n"
        "  additionalInfo: true\n  label: 1\n"
        "voxelSetting:\n  kernelRadius: 2\n  initValue: nan\n"
    )
    with pytest.warns(ScreenWarning, match="voxelSetting"):
        settings = load_settings(path)
    assert settings.setting["binWidth"] == 25
    assert settings.setting["weightingNorm"] is None
    assert list(settings.wanted) == ["firstorder", "shape"]
    with pytest.warns(ScreenWarning, match="voxelSetting"):
        again = load_settings(json.loads(json.dumps(settings.to_dict())))
    assert again.to_dict() == settings.to_dict()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1e-6", 1e-6),
        ("1E2", 100.0),
        ("2.5e1", 25.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("1_000", 1000),
        ("+7", 7),
    ],
)
def test_numbers_are_those_of_yaml_1_2(tmp_path: Path, text: str, number: float) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"setting: {{binWidth: {text}, resegmentRange: [-{text.lstrip('+')}, {text}]}}")
    setting = load_settings(path).setting
    assert setting["binWidth"] == number
    assert setting["resegmentRange"] == (-number, number)


def test_what_is_no_number_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    for text in ("1:30", "1.2.3", "12abc", "1e"):
        path.write_text(f"setting: {{binWidth: {text}}}")
        with pytest.raises(SettingsError, match=f"expected a valid number, got '{text}'"):
            load_settings(path)


def test_value_outside_a_map_may_be_nan_in_any_spelling(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    for text, value in (("nan", "nan"), (".nan", "nan"), ("NaN", "nan"), ("-3", -3.0), ("1e-3", 0.001)):
        path.write_text(f"voxelSetting: {{initValue: {text}}}")
        with pytest.warns(ScreenWarning, match="voxelSetting"):
            assert load_settings(path).voxel_setting == {"initValue": value}


def test_resolved_settings_are_shared_and_cannot_be_changed():
    content = {"setting": {"binWidth": 10}, "featureClass": {"glcm": ["Contrast"]}}
    first = load_settings(content)
    assert load_settings({**content}) is first
    for values in (first.setting, first.families, first.wanted, first.image_types[0].overrides):
        with pytest.raises(TypeError, match="cannot be changed"):
            values["binWidth"] = 5
    with pytest.raises(TypeError, match="cannot be changed"):
        first.options(discretize).pop("binWidth")
    content["setting"]["binWidth"] = 5
    assert load_settings(content).setting["binWidth"] == 5
    assert first.setting["binWidth"] == 10
    assert pickle.loads(pickle.dumps(first)) == first == copy.deepcopy(first)


@pytest.mark.parametrize("other", [True, "10", [10]])
def test_values_that_look_alike_are_told_apart_from_those_resolved_before(other):
    load_settings({"setting": {"padDistance": 1}})
    with pytest.raises(SettingsError, match="padDistance"):
        load_settings({"setting": {"padDistance": other}})


def test_a_parameter_file_that_is_rewritten_is_read_again(tmp_path):
    path = tmp_path / "params.yaml"
    found = []
    for width in (10, 20):
        path.write_text(f"setting:\n  binWidth: {width}\n")
        os.utime(path, (0, 0))  # neither time nor size tell the two apart
        found.append(load_settings(path).setting["binWidth"])
    assert found == [10, 20]


def test_a_remark_of_a_file_is_repeated_each_time_it_is_loaded():
    for _ in range(2):
        with collect_remarks() as remarks:
            load_settings({"voxelSetting": {"kernelRadius": 2}})
        assert remarks == ["voxelSetting acts in `radiomics-screen map` only"]


def test_a_family_registered_later_brings_its_options(monkeypatch):
    content = {"setting": {"laterOption": 3}}
    with pytest.raises(SettingsError, match="unknown option 'laterOption'"):
        load_settings(content)
    before = load_settings()

    def later(region, *, laterOption: int = 1):
        """Return nothing."""
        return {"Nothing": float(laterOption)}

    monkeypatch.setitem(FAMILIES._entries, "later", Family("later", later, ("Nothing",)))
    assert load_settings(content).setting["laterOption"] == 3
    assert "later" in load_settings({"featureClass": {"later": None}}).wanted
    assert "later" not in load_settings().wanted  # installing it changes nobody's default
    monkeypatch.undo()
    assert load_settings() == before
    with pytest.raises(SettingsError, match="unknown option 'laterOption'"):
        load_settings(content)
