"""Cut-outs of lesions: the right slice, the right place, the right shape."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_screen.core.errors import ScreenError
from radiomics_screen.imaging.reading import read_image
from radiomics_screen.report.figures.lesion_pictures import as_svg, picture_of, png


def written(
    folder: Path, image: np.ndarray, mask: np.ndarray, spacing: tuple[float, ...] | None = None
) -> tuple[Path, Path]:
    """Write image and mask, shape (z, y, x) or (y, x), with a spacing (x, y[, z])."""
    paths = (folder / "image.nii.gz", folder / "mask.nii.gz")
    for array, path in zip((image, mask.astype(np.uint8)), paths, strict=True):
        made = sitk.GetImageFromArray(array)
        made.SetSpacing(spacing or (1.0,) * array.ndim)
        sitk.WriteImage(made, path)
    return paths


def area_of(points: np.ndarray) -> float:
    """Area of a polygon (shoelace formula)."""
    y, x = points.T
    return abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


@pytest.mark.parametrize("shape", [(1, 1), (7, 9), (64, 33)])
def test_a_png_gives_back_every_pixel(shape: tuple[int, int], tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    (tmp_path / "p.png").write_bytes(png(pixels))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(sitk.ReadImage(tmp_path / "p.png")), pixels)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read_image(tmp_path / "p.png")), pixels)


def test_the_outline_lies_where_the_lesion_is(tmp_path: Path) -> None:
    image = np.zeros((60, 80), np.uint8)
    mask = np.zeros((60, 80), bool)
    mask[20:30, 30:50] = True
    image[mask] = 200
    found = picture_of(*written(tmp_path, image, mask))
    assert found.pixels.shape == (
        32,
        32,
    )  # 20 voxels and 30 % of them on either side
    (outline,) = found.outlines
    rows, columns = np.flatnonzero(found.pixels.max(axis=1)), np.flatnonzero(found.pixels.max(axis=0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (11, 20, 6, 25)
    np.testing.assert_allclose(outline.min(axis=0), (11, 6), atol=0.35)
    np.testing.assert_allclose(outline.max(axis=0), (21, 26), atol=0.35)
    assert area_of(outline) == pytest.approx(200, rel=0.02)


def test_of_a_volume_the_slice_with_the_largest_area_is_taken(tmp_path: Path) -> None:
    image = np.arange(7, dtype=np.int16)[:, None, None] * np.ones((1, 40, 41), np.int16)
    mask = np.zeros((7, 40, 41), bool)
    mask[1, 10:14, 10:14] = mask[5, 8:20, 9:19] = mask[6, 10:12, 10:12] = True
    image[5, 0, 0] = 99  # so that the slice has two grey values
    image[5, 12, 12] = -99
    found = picture_of(*written(tmp_path, image, mask, (1.0, 1.0, 5.0)))
    (outline,) = found.outlines
    assert area_of(outline) == pytest.approx(120, rel=0.03)


def test_pixels_are_square_in_mm(tmp_path: Path) -> None:
    mask = np.zeros((60, 50), bool)
    mask[20:40, 20:30] = True  # 20 mm x 20 mm
    image = np.random.default_rng(0).integers(0, 255, mask.shape, dtype=np.uint8)
    found = picture_of(*written(tmp_path, image, mask, (2.0, 1.0)))
    height, width = found.pixels.shape
    assert height == width == 32
    sides = np.ptp(found.outlines[0], axis=0)
    np.testing.assert_allclose(sides, (20, 20), atol=0.7)


def test_a_large_lesion_is_made_smaller(tmp_path: Path) -> None:
    mask = np.zeros((500, 600), bool)
    mask[50:450, 100:500] = True
    found = picture_of(*written(tmp_path, mask.astype(np.uint8) * 255, mask))
    assert max(found.pixels.shape) == 192
    assert len(as_svg(found, "x")) < 10_000


def test_a_lesion_that_fills_its_image_is_outlined_along_the_border(tmp_path: Path) -> None:
    mask = np.ones((9, 5), bool)
    image = np.random.default_rng(0).integers(0, 255, mask.shape, dtype=np.uint8)
    found = picture_of(*written(tmp_path, image, mask))
    assert found.pixels.shape == (9, 5)
    assert area_of(found.outlines[0]) == pytest.approx(45, rel=0.05)


def test_bytes_are_shown_as_they_are_and_other_values_stretched(tmp_path: Path) -> None:
    mask = np.zeros((40, 40), bool)
    mask[10:30, 10:30] = True
    image = np.full((40, 40), 100, np.uint8)
    assert set(picture_of(*written(tmp_path, image, mask)).pixels.flat) == {100}
    wide = np.linspace(-1000, 3000, 1600).reshape(40, 40).astype(np.float32)
    pixels = picture_of(*written(tmp_path, wide, mask)).pixels
    assert (pixels.min(), pixels.max()) == (0, 255)
    flat = np.full((40, 40), -7, np.int16)
    assert len(set(picture_of(*written(tmp_path, flat, mask)).pixels.flat)) == 1


def test_a_label_is_chosen_and_a_wrong_one_refused(tmp_path: Path) -> None:
    mask = np.zeros((40, 40), np.uint8)
    mask[5:10, 5:10], mask[20:30, 20:30] = 1, 2
    paths = written(tmp_path, np.zeros((40, 40), np.uint8), mask)
    assert area_of(picture_of(*paths, label=2).outlines[0]) == pytest.approx(100, rel=0.03)
    for label in (None, 3):
        with pytest.raises(ScreenError):
            picture_of(*paths, label=label)


def test_an_svg_says_what_it_shows_and_holds_its_pixels(tmp_path: Path) -> None:
    mask = np.zeros((40, 40), bool)
    mask[10:30, 10:30] = True
    text = as_svg(picture_of(*written(tmp_path, mask.astype(np.uint8), mask)), 'a "case" <1>')
    assert 'aria-label="a &#34;case&#34; &lt;1&gt;"' in text
    assert re.findall(r'href="(.{22})', text) == ["data:image/png;base64,"]
    assert text.count("<path") == 2


def test_real_volumes(data_dir: Path) -> None:
    for kind in ("CT", "PET"):
        place = data_dir / "sts" / "STS_002"
        image, mask = place / f"{kind}_image.nii.gz", place / f"{kind}_mask.nii.gz"
        found = picture_of(image, mask)
        marks = sitk.GetArrayFromImage(sitk.ReadImage(mask)) > 0
        spacing = sitk.ReadImage(mask).GetSpacing()
        largest_mm2 = marks.sum(axis=(1, 2)).max() * spacing[0] * spacing[1]
        outlined = sum(area_of(outline) for outline in found.outlines)
        assert max(found.pixels.shape) < 192  # not made smaller: a pixel is a voxel
        assert outlined * spacing[0] * spacing[1] == pytest.approx(largest_mm2, rel=0.05)
        assert found.pixels.std() > 5
