"""Masks of floats: what is nearly a whole number is a label, other fractions are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_screen import extract
from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.imaging.pixels import labels

MASK = np.zeros((6, 8, 9), np.uint8)
MASK[1:5, 2:6, 2:7] = 2
IMAGE = np.random.default_rng(0).integers(0, 200, MASK.shape)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("off", [-3e-5, 9e-4])
def test_nearly_whole_values_are_rounded_with_a_remark(kind: type, off: float, tmp_path: Path) -> None:
    near = MASK.astype(kind)
    near[2, 3, 3] += off
    near[0, 0, 0] += off
    path = tmp_path / "mask.nii.gz"
    sitk.WriteImage(sitk.GetImageFromArray(near), path)
    expected = extract(IMAGE, MASK)
    for source in (near, path, sitk.GetImageFromArray(near)):
        with collect_remarks() as remarks:
            assert extract(IMAGE, source) == expected
        assert sum("2 values that are nearly whole numbers" in remark for remark in remarks) == 1


@pytest.mark.parametrize("value", [0.5, 1.01, 2.002, np.nan, np.inf, -np.inf])
def test_other_fractions_are_refused(value: float) -> None:
    mask = MASK.astype(np.float32)
    mask[2, 3, 3] = value
    mask[3, 3, 3] = 1.9999
    with pytest.raises(ReadError, match=f"whole numbers, but this one has values such as {value:g}"):
        labels(sitk.GetImageFromArray(mask))


def test_whole_numbers_stored_as_floats_need_no_remark() -> None:
    with collect_remarks() as remarks:
        found = labels(sitk.GetImageFromArray(MASK.astype(np.float64)))
    assert not remarks
    assert np.array_equal(sitk.GetArrayFromImage(found), MASK)
