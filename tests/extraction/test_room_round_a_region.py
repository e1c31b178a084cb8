"""How much of the image stays round a region, and who is told that it is more than the settings say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from radiomics_screen import extract
from radiomics_screen.core.remarks import collect_remarks

IMAGE = np.random.default_rng(3).normal(100, 20, (20, 40, 40))
MASK = np.zeros(IMAGE.shape, np.uint8)
MASK[8:12, 14:24, 15:25] = 1
TYPES = {"Original": {}, "LoG": {"sigma": [2.0]}}
CROPS = [{"preCrop": True}, {"resampledPixelSpacing": [1.2, 1.2, 1.2]}]


def measured(families: list[str], types: dict[str, Any], setting: dict[str, Any]) -> tuple[dict, list[str]]:
    with collect_remarks() as remarks:
        values = extract(
            IMAGE,
            MASK,
            {"imageType": types, "featureClass": dict.fromkeys(families), "setting": setting},
        )
    return values, [remark for remark in remarks if "padDistance" in remark]


@pytest.mark.parametrize("crop", CROPS)
def test_a_family_that_looks_farther_than_padDistance_is_named(crop: dict[str, Any]) -> None:
    alone, said = measured(["firstorder"], TYPES, {**crop, "padDistance": 2})
    assert not said
    both, (remark,) = measured(["firstorder", "loc"], TYPES, {**crop, "padDistance": 2})
    assert "loc looks" in remark
    wider = int(remark.split(" to ")[1].split()[0])
    assert wider > 2
    changed = [name for name in alone if both[name] != pytest.approx(alone[name], rel=1e-9)]
    assert changed
    assert all(name.startswith("log-") for name in changed)
    as_advised, said = measured(["firstorder"], TYPES, {**crop, "padDistance": wider})
    assert not said
    assert as_advised == pytest.approx({name: both[name] for name in as_advised}, rel=1e-9)


@pytest.mark.parametrize("crop", CROPS)
def test_nothing_is_said_where_no_value_changes(crop: dict[str, Any]) -> None:
    alone, said = measured(["firstorder"], {"Original": {}}, {**crop, "padDistance": 2})
    both, also_said = measured(["firstorder", "loc"], {"Original": {}}, {**crop, "padDistance": 2})
    assert not said
    assert not also_said
    assert alone == pytest.approx({name: both[name] for name in alone}, rel=1e-9)
