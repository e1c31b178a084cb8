"""What is undefined in a NIfTI file stays undefined: SimpleITK reads 0."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_screen.imaging.reading import read_image

VALUES = np.random.default_rng(5).normal(50, 9, (4, 5, 6))
ODD = {(0, 1, 2): np.nan, (2, 0, 3): np.inf, (3, 4, 5): -np.inf, (1, 1, 1): 0.0}


def written(path: Path, values: np.ndarray, slope: float = 0.0, intercept: float = 0.0) -> Path:
    image = sitk.GetImageFromArray(np.nan_to_num(values, nan=1.0, posinf=1.0, neginf=1.0))
    image.SetSpacing((0.5, 0.7, 2.0))
    plain = path.with_name("plain.nii")
    sitk.WriteImage(image, plain)
    content = bytearray(plain.read_bytes())
    struct.pack_into("<2f", content, 112, slope, intercept)
    content[352:] = values.tobytes()
    plain.unlink()
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else bytes(content))
    return path


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_undefined_voxels_are_as_in_the_file(tmp_path: Path, name: str, dtype: type) -> None:
    values = VALUES.astype(dtype)
    for place, value in ODD.items():
        values[place] = value
    image = read_image(written(tmp_path / name, values))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), values)
    assert image.GetSpacing() == pytest.approx((0.5, 0.7, 2.0))


def test_they_are_rescaled_with_the_others(tmp_path: Path) -> None:
    values = VALUES.astype(np.float32)
    values[0, 1, 2] = np.nan
    found = sitk.GetArrayFromImage(read_image(written(tmp_path / "a.nii", values, 2.0, 3.0)))
    np.testing.assert_allclose(found, values * 2.0 + 3.0, rtol=1e-6)


def test_the_same_image_without_them_is_the_same(tmp_path: Path) -> None:
    values = VALUES.astype(np.float32)
    values[1, 1, 1] = 0
    image = read_image(written(tmp_path / "a.nii.gz", values))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), values)
