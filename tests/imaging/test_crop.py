"""The square picture of a lesion: where it lies, what is on it, and what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.core.errors import GeometryError, RegionError, SettingsError
from radiomics_screen.imaging.crop import crop_lesion
from radiomics_screen.imaging.reading import read_image, read_mask
from radiomics_screen.settings.settings import load_settings

random = np.random.default_rng(3)


def itk(array: NDArray[Any], *spacing_mm: float) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing_mm or (1.0,) * array.ndim)
    return image


def boxed(shape: tuple[int, ...], *sides: slice, value: int = 1) -> NDArray[np.uint8]:
    mask = np.zeros(shape, np.uint8)
    mask[sides] = value
    return mask


def test_a_box_without_margin_is_the_image_itself() -> None:
    """As many pixels as voxels: nothing is interpolated."""
    pixels = random.integers(0, 256, (50, 70), dtype=np.uint8)
    mask = boxed((50, 70), slice(10, 42), slice(30, 62))
    crop = crop_lesion(itk(pixels), itk(mask), margin=0, size=32)
    np.testing.assert_array_equal(crop[0], pixels[10:42, 30:62])
    assert (crop[1] == 255).all()
    assert crop.dtype == np.uint8


def test_halving_an_image_weights_a_triangle() -> None:
    """Of a ramp, the middle of each pixel is left; of one bright column, worked out by hand."""
    ramp = np.tile(np.arange(64, dtype=np.uint8), (64, 1))
    mask = boxed((64, 64), slice(0, 64), slice(0, 64))
    crop = crop_lesion(itk(ramp), itk(mask), margin=0, size=32)[0]
    np.testing.assert_array_equal(crop[0, 1:-1], np.rint(np.arange(1, 31) * 2 + 0.5))
    line = np.zeros((64, 64), np.uint8)
    line[:, 20] = 200
    crop = crop_lesion(itk(line), itk(mask), margin=0, size=32)[0]
    # pixel 10 covers columns 20 and 21 with its middle at 20.5: weights 0.75, 0.75, 0.25, 0.25 over 2
    np.testing.assert_array_equal(crop[5, 8:13], [0, 25, 75, 0, 0])


def test_the_square_lies_round_the_box_in_mm() -> None:
    """A box of 20 mm x 40 mm, margin 10 mm: 60 mm round its middle, whatever the voxels are."""
    rows = np.mgrid[0:90, 0:120][0]
    image = itk((rows + 100).astype(np.float32), 1.0, 2.0)  # x, y: voxels are twice as high as wide
    mask = itk(boxed((90, 120), slice(40, 50), slice(50, 90)), 1.0, 2.0)  # 20 mm high, 40 mm wide
    crop = crop_lesion(image, mask, margin=0.25, size=60, intensities=(100, 100 + 255))
    # a pixel is 1 mm, half a voxel down: rows from 45 - 15 to 45 + 15
    expected = 30 + (np.arange(60) + 0.5) / 2 - 0.5
    np.testing.assert_allclose(crop[0][:, 7], expected, atol=0.51)
    marked = crop[1] == 255
    assert (np.flatnonzero(marked.any(axis=1))[[0, -1]] == [20, 39]).all()
    assert (np.flatnonzero(marked.any(axis=0))[[0, -1]] == [10, 49]).all()


def test_a_box_that_is_no_square_is_stretched() -> None:
    pixels = random.integers(0, 256, (40, 64), dtype=np.uint8)
    mask = boxed((40, 64), slice(4, 36), slice(0, 64))
    crop = crop_lesion(itk(pixels), itk(mask), margin=0, square=False, size=64)
    assert (crop[1] == 255).all()
    assert crop_lesion(itk(pixels), itk(mask), margin=0, size=64)[1].mean() == pytest.approx(127.5, abs=4)


def test_beyond_the_image_its_nearest_pixel_goes_on() -> None:
    pixels = random.integers(0, 256, (64, 64), dtype=np.uint8)
    mask = boxed((64, 64), slice(0, 32), slice(0, 32))
    crop = crop_lesion(itk(pixels), itk(mask), margin=0.5, size=64)
    np.testing.assert_array_equal(crop[0][16:, 16:], pixels[:48, :48])
    np.testing.assert_array_equal(crop[0][:16, 16:], np.tile(pixels[0, :48], (16, 1)))
    np.testing.assert_array_equal(crop[0][16:, 3], pixels[:48, 0])
    assert (crop[0][:16, :16] == pixels[0, 0]).all()
    assert not crop[1][:16].any()


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
@pytest.mark.parametrize("corner", [(0, 0), (13, 21), (40, 50)])
def test_a_masked_background_knows_nothing_of_what_is_outside(kind: type, corner: tuple[int, int]) -> None:
    """At the image's border too, and where the range of intensities is the image's own."""
    y, x = corner
    disc = np.hypot(*(np.indices((24, 30)) - np.array([12, 15])[:, None, None])) < 11
    inside = np.zeros((64, 80), bool)
    inside[y : y + 24, x : x + 30] = disc
    mask = itk(inside.astype(np.uint8))
    crops = []
    for seed in (1, 2):
        image = np.random.default_rng(seed).integers(0, 100 * seed, inside.shape)
        image[inside] = np.arange(inside.sum()) % 90
        crops.append(crop_lesion(itk(image.astype(kind)), mask, background="mask", size=48))
    np.testing.assert_array_equal(crops[0], crops[1])
    kept = [
        crop_lesion(itk(image.astype(kind)), mask, background="keep", size=48)
        for image in (np.where(inside, 7, 0), np.where(inside, 7, 90))
    ]
    assert not np.array_equal(kept[0], kept[1])


def test_the_background_is_the_mean_of_the_lesion() -> None:
    image = np.full((50, 50), 200, np.uint8)
    mask = boxed((50, 50), slice(20, 30), slice(20, 30))
    image[20:30, 20:30] = 40
    image[20:30, 25:30] = 60
    crop = crop_lesion(itk(image), itk(mask), background="mask", margin=1.0, size=90)
    assert (crop[0][crop[1] == 0][:100] == 50).all()
    assert set(np.unique(crop[0])) <= set(range(40, 61))


def test_what_becomes_black_and_white() -> None:
    values = np.linspace(-3, 5, 64 * 64).reshape(64, 64)
    mask = itk(boxed((64, 64), slice(0, 64), slice(0, 64)))
    own = crop_lesion(itk(values), mask, margin=0, size=64)[0]
    assert own.min() == 0
    assert own.max() == 255
    np.testing.assert_array_equal(own, np.rint((values + 3) / 8 * 255))
    chosen = crop_lesion(itk(values), mask, margin=0, size=64, intensities=(0, 1))[0]
    np.testing.assert_array_equal(chosen, np.rint(np.clip(values, 0, 1) * 255))
    dark = crop_lesion(itk((values + 3).astype(np.uint8)), mask, margin=0, size=64)[0]
    assert dark.max() == 8  # 8 bits keep their scale
    flat = crop_lesion(itk(np.full((64, 64), 7.5)), mask, margin=0, size=64)[0]
    assert not flat.any()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_of_a_volume_the_slice_with_most_of_the_lesion(axis: int) -> None:
    volume = random.integers(0, 256, (32, 40, 48), dtype=np.uint8)
    mask = boxed(volume.shape, slice(4, 20), slice(8, 24), slice(10, 26), value=3)
    index: list[Any] = [slice(None)] * 3
    index[axis] = 17
    thinned = mask.copy()
    hole = [slice(None)] * 3
    hole[axis] = slice(18, None)
    thinned[tuple(hole)] = 0
    other = [slice(None)] * 3
    other[axis] = slice(0, 17)
    thinned[tuple(other)] *= random.integers(0, 2, thinned[tuple(other)].shape, dtype=np.uint8)
    crop = crop_lesion(itk(volume), itk(thinned), 3, margin=0.5, size=32, axis=axis)
    plane, marks = volume[tuple(index)], mask[tuple(index)]
    alone = crop_lesion(
        itk(np.ascontiguousarray(plane)), itk(np.ascontiguousarray(marks)), margin=0.5, size=32
    )
    np.testing.assert_array_equal(crop, alone)


def test_a_single_voxel_is_not_lost() -> None:
    mask = boxed((400, 500), slice(10, 390), slice(250, 251))
    crop = crop_lesion(itk(random.integers(0, 256, (400, 500), dtype=np.uint8)), itk(mask), size=32)
    assert (crop[1] == 255).any()
    one = boxed((9, 7), slice(3, 4), slice(2, 3))
    crop = crop_lesion(itk(np.zeros((9, 7), np.uint8)), itk(one), margin=0, size=32)
    assert (crop[1, 8:24, 8:24] == 255).all()  # linear weights of both axes round its corners off


def test_what_cannot_be_cropped() -> None:
    image = np.zeros((40, 40), np.float32)
    mask = boxed((40, 40), slice(10, 20), slice(10, 20))
    with pytest.raises(RegionError, match="empty"):
        crop_lesion(itk(image), itk(np.zeros((40, 40), np.uint8)))
    with pytest.raises(GeometryError, match="different grids"):
        crop_lesion(itk(image), itk(mask[:, :39]))
    image[8, 12] = np.nan
    with pytest.raises(RegionError, match="not finite"):
        crop_lesion(itk(image), itk(mask))
    assert crop_lesion(itk(image), itk(mask), background="mask").shape == (2, 224, 224)
    with pytest.raises(SettingsError, match="a lower and a higher intensity"):
        load_settings({"embedding": {"intensities": [3, 3]}})


def test_a_real_lesion_lies_in_the_middle(data_dir: Path) -> None:
    folder = data_dir / "busbra"
    names = sorted(p.name for p in (folder / "images").iterdir())[:5]
    for name in names:
        image = read_image(folder / "images" / name)
        mask = read_mask(folder / "masks" / name)
        crop = crop_lesion(image, mask, margin=0.25)
        places = np.argwhere(crop[1])
        middle = (places.min(axis=0) + places.max(axis=0)) / 2
        np.testing.assert_allclose(middle, 111.5, atol=1)
        assert np.ptp(places, axis=0).max() == pytest.approx(224 / 1.5, abs=2)
