"""The values that pyradiomics publishes for its own test cases, in all their configurations."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.baseline import FAMILIES, compared

#: Number of published values: features x configurations.
COUNTS = {
    "firstorder": 144,
    "shape": 56,
    "shape2D": 18,
    "glcm": 384,
    "glrlm": 256,
    "glszm": 224,
    "gldm": 196,
    "ngtdm": 70,
}


@pytest.mark.parametrize("family", FAMILIES)
def test_baseline_values(data_dir: Path, family: str) -> None:
    values = list(compared(data_dir, family))
    wrong = [v for v in values if not v.relative_difference <= 1e-6]
    assert not wrong
    assert len(values) == COUNTS[family]
