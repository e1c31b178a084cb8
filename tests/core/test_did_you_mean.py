"""The name that was meant: letters that changed places are one error, as people make them."""

from __future__ import annotations

import pytest

from radiomics_screen.core.errors import SettingsError, did_you_mean
from radiomics_screen.features import FAMILIES
from radiomics_screen.settings.settings import load_settings

FAMILY_NAMES = ["firstorder", "gldm", "glcm", "glrlm", "glszm", "ngtdm", "shape", "shape2D"]


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("glmc", "glcm"),
        ("gldmm", "gldm"),
        ("gllrm", "glrlm"),
        ("shaep", "shape"),
        ("SHAPE2d", "shape2D"),
        ("first_order", "firstorder"),
    ],
)
def test_the_fewest_typing_errors_win(wrong: str, meant: str) -> None:
    assert did_you_mean(wrong, FAMILY_NAMES) == f": did you mean '{meant}'?"


def test_what_is_like_nothing_lists_what_there_is() -> None:
    assert did_you_mean("quux", ["one", "two"]) == "; known are one, two"
    assert did_you_mean("quux", []) == ""
    assert did_you_mean("", ["one"]) == "; known are one"


@pytest.mark.parametrize(
    ("content", "meant"),
    [
        ({"featureClass": {"glmc": None}}, "glcm"),
        ({"imageType": {"Wavelte": {}}}, "Wavelet"),
        ({"setting": {"binWdith": 5}}, "binWidth"),
        ({"featureClass": {"glcm": ["Contrsat"]}}, "Contrast"),
        ({"preprocessing": [{"n4": {}}, {"medain": {}}]}, "median"),
    ],
)
def test_parameter_files(content: dict[str, object], meant: str) -> None:
    assert "glcm" in FAMILIES
    with pytest.raises(SettingsError, match=f"did you mean '{meant}'"):
        load_settings(content)
