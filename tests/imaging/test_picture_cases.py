"""Pictures that went wrong in 0.5, and what is right: the folder beside the real data, where it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from radiomics_screen import extract
from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.remarks import collect_remarks

SETTINGS = {"featureClass": {"firstorder": ["Mean"], "shape": ["VoxelVolume"], "shape2D": ["PixelSurface"]}}


def measured(cases_dir: Path, image: str, mask: str) -> tuple[dict[str, float], list[str]]:
    with collect_remarks() as remarks:
        return extract(cases_dir / image, cases_dir / mask, SETTINGS), remarks


@pytest.mark.parametrize(
    ("image", "mask", "mean", "remark"),
    [
        ("picture.png", "mask_white_is_zero.tif", 128.347, "as stored"),
        ("orientation3.tif", "orientation_mask.png", 135.531, "orientation tag"),
        ("exif_180.jpg", "exif_mask.png", 117.443, "orientation tag"),
        ("planar16_lzw.tif", "planar16_mask.png", 25676.444, "equal channels"),
        ("float_predictor.tif", "planar16_mask.png", 128.347, ""),
    ],
)
def test_values_are_right_and_the_row_says_how(
    cases_dir: Path, image: str, mask: str, mean: float, remark: str
) -> None:
    values, remarks = measured(cases_dir, image, mask)
    assert values["original_firstorder_Mean"] == pytest.approx(mean, abs=1e-3)
    assert any(remark in one for one in remarks)


def test_lengths_of_imagej(cases_dir: Path) -> None:
    values, _ = measured(cases_dir, "imagej_2d.tif", "imagej_mask2d.tif")
    assert values["original_shape2D_PixelSurface"] == pytest.approx(11.52)
    values, _ = measured(cases_dir, "imagej_stack.tif", "imagej_mask3d.tif")
    assert values["original_shape_VoxelVolume"] == pytest.approx(207.36)


@pytest.mark.parametrize(
    ("image", "mask", "message"),
    [
        ("two_samples.tif", "planar16_mask.png", "2 values a voxel that differ"),
        ("imagej_time.tif", "imagej_mask3d.tif", "6 time points"),
        ("ifd_loop.tif", "planar16_mask.png", "in a circle"),
        ("corrupt.jpg", "corrupt_mask.png", "damaged JPEG"),
    ],
)
def test_what_cannot_be_read_rightly_is_an_error(
    cases_dir: Path, image: str, mask: str, message: str
) -> None:
    with pytest.raises(ReadError, match=message):
        measured(cases_dir, image, mask)
