"""One grid for image and mask: every situation has a defined behaviour."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from radiomics_screen import extract
from radiomics_screen.core.errors import GeometryError, RegionError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.imaging.geometry import match_grid, pre_crop, resample, select_label
from radiomics_screen.imaging.reading import read_image, read_mask
from radiomics_screen.imaging.roi import roi_of
from radiomics_screen.imaging.volume import to_volume

SPACING = (0.7, 1.1, 2.5)


def image_3d() -> sitk.Image:
    image = sitk.GetImageFromArray(np.random.default_rng(1).integers(0, 900, (7, 8, 9)).astype(np.int16))
    image.SetSpacing(SPACING)
    image.SetOrigin((-31.0, 12.5, 100.0))
    image.SetDirection((0, -1, 0, 1, 0, 0, 0, 0, 1))
    return image


def mask_of(image: sitk.Image, box: tuple[slice, ...], value: int = 1) -> sitk.Image:
    """Mark a box, given (z, y, x) or (y, x), on the grid of `image`."""
    array = np.zeros(image.GetSize()[::-1], np.uint8)
    array[box] = value
    mask = sitk.GetImageFromArray(array)
    mask.CopyInformation(image)
    return mask


BOX = (slice(2, 5), slice(1, 6), slice(3, 7))


def matched_image(image: sitk.Image, mask: sitk.Image, **options: object) -> sitk.Image:
    return match_grid(image, select_label(mask), **options).image()


def resampled_images(image: sitk.Image, mask: sitk.Image, **options: object) -> tuple[sitk.Image, sitk.Image]:
    new, roi = resample(image, select_label(mask), **options)
    return new, roi.image()


def cropped_images(image: sitk.Image, mask: sitk.Image, **options: object) -> tuple[sitk.Image, sitk.Image]:
    new, roi = pre_crop(image, select_label(mask), **options)
    return new, roi.image()


def same_grid(a: sitk.Image, b: sitk.Image) -> bool:
    parts = ("GetSize", "GetSpacing", "GetOrigin", "GetDirection")
    return all(getattr(a, part)() == getattr(b, part)() for part in parts)


# ---- labels -------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [1, 255, 4_000_000_000])
def test_the_one_value_there_is_marks_the_region(value: int) -> None:
    array = np.zeros((4, 5), np.uint32)
    array[1, 2:4] = value
    chosen = select_label(sitk.GetImageFromArray(array))
    assert (chosen.lower, chosen.size, chosen.grid.size) == ((2, 1), (2, 1), (5, 4))
    assert chosen.image().GetPixelID() == sitk.sitkUInt8
    assert np.array_equal(sitk.GetArrayFromImage(chosen.image()), array > 0)


def test_several_values_need_a_label() -> None:
    mask = sitk.GetImageFromArray(np.array([[0, 1, 2], [2, 5, 5]], np.uint8))
    with pytest.raises(RegionError, match=r"several values \(1, 2, 5\)"):
        select_label(mask)
    assert sitk.GetArrayFromImage(select_label(mask, label=2).image()).tolist() == [[0, 0, 1], [1, 0, 0]]
    with pytest.raises(RegionError, match="label 3 is not in the mask; its values are 1, 2, 5"):
        select_label(mask, label=3)


@pytest.mark.parametrize("pixel", [np.uint8, np.int16, np.int64])
@pytest.mark.parametrize("shape", [(4, 5, 6), (7, 9)])
def test_the_box_of_a_label_is_found_whatever_the_pixel_type(pixel: type, shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(3)
    for _ in range(20):
        array = np.where(random.random(shape) < 0.05, random.integers(1, 4, shape), 0).astype(pixel)
        for label in range(1, 4):
            roi = roi_of(sitk.GetImageFromArray(array), label)
            places = np.argwhere(array == label)
            if not len(places):
                assert roi is None
                continue
            assert roi.lower[::-1] == tuple(places.min(axis=0))
            assert roi.mask.shape == tuple(np.ptp(places, axis=0) + 1)
            assert np.array_equal(sitk.GetArrayFromImage(roi.image()), array == label)


def test_empty_mask_and_mask_of_a_hundred_values() -> None:
    with pytest.raises(RegionError, match="the mask is empty"):
        select_label(sitk.Image(4, 5, sitk.sitkUInt8), label=1)
    with pytest.raises(RegionError, match="and 90 more; is it a JPEG"):
        select_label(sitk.GetImageFromArray(np.arange(101, dtype=np.uint8).reshape(1, 101)))


# ---- grids --------------------------------------------------------------------------------------


def test_matching_grid_is_taken_silently_up_to_the_tolerance() -> None:
    image = image_3d()
    mask = mask_of(image, BOX)
    mask.SetOrigin([o + 0.5e-6 * SPACING[0] for o in image.GetOrigin()])
    with collect_remarks() as notes:
        matched = matched_image(image, mask)
    assert same_grid(image, matched)
    assert not notes


def test_tiny_difference_is_taken_with_a_note_and_a_tolerance_silences_it() -> None:
    image = image_3d()
    mask = mask_of(image, BOX)
    mask.SetOrigin([o + 1e-3 for o in image.GetOrigin()])
    with collect_remarks() as notes:
        matched = matched_image(image, mask)
    assert same_grid(image, matched)
    assert np.array_equal(sitk.GetArrayFromImage(matched), sitk.GetArrayFromImage(mask))
    assert ["differs from the image's by" in n for n in notes] == [True]
    with collect_remarks() as notes:
        matched_image(image, mask, geometryTolerance=0.01)
    assert not notes


@pytest.mark.parametrize("tolerance", [1e-6, 1e-4, 9e-4])
def test_a_tolerance_that_is_set_counts_below_a_hundredth_of_a_voxel_too(tolerance: float) -> None:
    image = image_3d()
    mask = mask_of(image, BOX)
    mask.SetOrigin([o + 1e-3 * image.GetSpacing()[0] for o in image.GetOrigin()])
    with pytest.raises(GeometryError, match=f"different grids by more than geometryTolerance .{tolerance:g}"):
        matched_image(image, mask, geometryTolerance=tolerance)
    with collect_remarks() as notes:
        matched_image(image, mask, geometryTolerance=tolerance, correctMask=True)
    assert notes == ["the mask lay on another grid: it was resampled to the image's (nearest neighbour)"]
    with collect_remarks() as notes:
        matched_image(image, mask, geometryTolerance=1.1e-3)
    assert not notes
    parameters = {"featureClass": {"shape": None}, "setting": {"geometryTolerance": tolerance}}
    with pytest.raises(GeometryError, match="geometryTolerance"):
        extract(image, mask, parameters)


def test_rotation_counts_by_how_far_it_moves_the_corners() -> None:
    image = image_3d()
    for angle, accepted in ((1e-5, True), (1e-2, False)):
        turn = np.array(
            [[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]]
        )
        mask = mask_of(image, BOX)
        mask.SetDirection((turn @ np.reshape(image.GetDirection(), (3, 3))).ravel().tolist())
        if accepted:
            with collect_remarks() as notes:
                assert same_grid(image, matched_image(image, mask))
            assert notes
        else:
            with pytest.raises(GeometryError, match="different grids"):
                matched_image(image, mask)


def test_other_grid_is_an_error_that_says_what_to_do_and_correct_mask_does_it() -> None:
    image = image_3d()
    coarse = sitk.Resample(
        mask_of(image, BOX), [5, 4, 7], sitk.Transform(), sitk.sitkNearestNeighbor,
        image.GetOrigin(), [1.4, 2.2, 2.5], image.GetDirection(), 0, sitk.sitkUInt8,
    )  # fmt: skip
    with pytest.raises(
        GeometryError, match=r"\(9, 8, 7\) voxels.*mask \(5, 4, 7\) voxels.*correctMask: true"
    ):
        matched_image(image, coarse)
    with collect_remarks() as notes:
        matched = matched_image(image, coarse, correctMask=True)
    assert same_grid(image, matched)
    assert "resampled" in notes[0]
    overlap = sitk.GetArrayFromImage(matched)[BOX]
    assert overlap.mean() > 0.7


def test_flipped_axes_are_resampled_without_loss() -> None:
    image = image_3d()
    mask = mask_of(image, BOX)
    flipped = sitk.Flip(mask, [True, False, True])
    with pytest.raises(GeometryError):
        matched_image(image, flipped)
    with collect_remarks():
        matched = matched_image(image, flipped, correctMask=True)
    assert np.array_equal(sitk.GetArrayFromImage(matched), sitk.GetArrayFromImage(mask))


def test_region_outside_the_image_and_region_lost_between_voxels() -> None:
    image = image_3d()
    mask = mask_of(image, BOX)
    mask.SetOrigin(image.TransformIndexToPhysicalPoint((4, 0, 0)))
    with pytest.raises(GeometryError, match="reaches beyond the image"):
        matched_image(image, mask, correctMask=True)
    fine = sitk.Image(40, 40, 40, sitk.sitkUInt8)
    fine.SetSpacing((0.1, 0.1, 0.1))
    fine.SetOrigin(image.TransformContinuousIndexToPhysicalPoint((3.5, 3.5, 3.5)))
    fine.SetDirection(image.GetDirection())
    fine[1, 1, 1] = 1
    with collect_remarks(), pytest.raises(RegionError, match="no voxel was left"):
        matched_image(image, fine, correctMask=True)


def test_picture_mask_is_laid_on_a_dicom_slice_pixel_by_pixel(tmp_path: Path, data_dir: Path) -> None:
    image = read_image(data_dir / "dicom" / "ct_image.dcm")
    array = np.zeros((128, 128), np.uint8)
    array[40:60, 50:90] = 255
    Image.fromarray(array).save(tmp_path / "mask.png")
    with collect_remarks() as notes:
        matched = matched_image(image, read_mask(tmp_path / "mask.png"))
    assert same_grid(image, matched)
    assert np.array_equal(sitk.GetArrayFromImage(matched)[0] * 255, array)
    assert ["pixel by pixel" in n for n in notes] == [True]
    with collect_remarks():
        _, cut = resampled_images(image, read_mask(tmp_path / "mask.png"), resampledPixelSpacing=(1, 1, 0))
    assert sitk.GetArrayFromImage(cut).sum() == pytest.approx(20 * 40 * 0.661468**2, rel=0.1)


def test_one_slice_and_two_dimensions_stand_for_each_other() -> None:
    plane = sitk.GetImageFromArray(np.arange(30, dtype=np.uint8).reshape(5, 6))
    plane.SetSpacing((0.5, 0.25))
    mask = mask_of(plane, (slice(1, 3), slice(2, 5)))
    slice_image, slice_mask = sitk.JoinSeries(plane), sitk.JoinSeries(mask)
    slice_image.SetOrigin((5.0, 6.0, 7.0))
    assert same_grid(plane, matched_image(plane, slice_mask))
    assert same_grid(slice_image, matched_image(slice_image, mask))
    with pytest.raises(GeometryError, match=r"the image is 3-D .* but the mask is 2-D"):
        matched_image(sitk.JoinSeries([plane, plane]), mask)
    wrong = sitk.Image(7, 6, sitk.sitkUInt8) + 1
    with pytest.raises(GeometryError, match="different grids"):
        matched_image(slice_image, wrong)


def test_two_dimensional_mask_of_other_spacing_is_another_grid() -> None:
    plane = sitk.GetImageFromArray(np.arange(30, dtype=np.uint8).reshape(5, 6))
    plane.SetSpacing((0.5, 0.25))
    mask = mask_of(plane, (slice(1, 3), slice(2, 5)))
    mask.SetSpacing((0.6, 0.25))
    with pytest.raises(GeometryError, match="different grids"):
        matched_image(plane, mask)


# ---- resampling and cropping --------------------------------------------------------------------


def test_resampled_grid_keeps_corners_and_pixel_type() -> None:
    image = image_3d()
    mask = mask_of(image, (slice(None),) * 3)
    new, region = resampled_images(image, mask, resampledPixelSpacing=(0.35, 1.1, 5.0))
    assert new.GetSpacing() == (0.35, 1.1, 5.0)
    assert new.GetPixelID() == sitk.sitkInt16
    assert same_grid(new, region)
    for grid in (image, new):
        assert grid.TransformContinuousIndexToPhysicalPoint((-0.5, -0.5, -0.5)) == pytest.approx(
            image.TransformContinuousIndexToPhysicalPoint((-0.5, -0.5, -0.5))
        )


def test_volume_of_the_region_survives_resampling() -> None:
    image = image_3d()
    mask = mask_of(image, BOX)
    _, region = resampled_images(image, mask, resampledPixelSpacing=(0.35, 0.55, 1.25), padDistance=2)
    expected = sitk.GetArrayFromImage(mask).sum() * np.prod(SPACING)
    assert sitk.GetArrayFromImage(region).sum() * 0.35 * 0.55 * 1.25 == pytest.approx(expected)


def test_zero_and_one_slice_directions_keep_their_spacing() -> None:
    image = image_3d()
    new, _ = resampled_images(image, mask_of(image, BOX), resampledPixelSpacing=(1.0, 0, 1.0))
    assert new.GetSpacing() == (1.0, 1.1, 1.0)
    new, region = resampled_images(
        image, mask_of(image, (slice(3, 4), *BOX[1:])), resampledPixelSpacing=(1.0, 1.0, 1.0)
    )
    assert new.GetSpacing() == (1.0, 1.0, 2.5)
    assert sitk.GetArrayFromImage(region).any(axis=(1, 2)).sum() == 1


def test_same_spacing_only_crops() -> None:
    image = image_3d()
    new, region = resampled_images(image, mask_of(image, BOX), resampledPixelSpacing=SPACING, padDistance=1)
    assert np.array_equal(sitk.GetArrayFromImage(new), sitk.GetArrayFromImage(image)[1:6, 0:7, 2:8])
    assert sitk.GetArrayFromImage(region).sum() == 3 * 5 * 4


@pytest.mark.parametrize(
    "nothing", [{"resampledPixelSpacing": None}, {"resampledPixelSpacing": (1, 1, 1), "interpolator": None}]
)
def test_nothing_is_resampled_unless_asked(nothing: dict) -> None:
    image = image_3d()
    mask = mask_of(image, BOX)
    roi = select_label(mask)
    assert resample(image, roi, **nothing) == (image, roi)


def test_two_dimensions_take_two_spacings_or_the_first_two_of_three() -> None:
    plane = image_3d()[:, :, 2]
    mask = mask_of(plane, BOX[1:])
    two, _ = resampled_images(plane, mask, resampledPixelSpacing=(0.5, 0.5), interpolator="sitkLinear")
    three, _ = resampled_images(plane, mask, resampledPixelSpacing=(0.5, 0.5, 9.0), interpolator=2)
    assert np.array_equal(sitk.GetArrayFromImage(two), sitk.GetArrayFromImage(three))
    with pytest.raises(GeometryError, match="has 2 values but the image is 3-D; give 3"):
        resampled_images(image_3d(), mask_of(image_3d(), BOX), resampledPixelSpacing=(0.5, 0.5))


def test_region_that_vanishes_is_an_error() -> None:
    image = image_3d()
    thin = mask_of(image, (slice(2, 4), slice(2, 4), slice(2, 4)))
    with pytest.raises(
        RegionError, match=r"no voxel was left of the region at the spacing \(40, 40, 40\) mm"
    ):
        resampled_images(image, thin, resampledPixelSpacing=(40, 40, 40))


@pytest.mark.parametrize(
    ("box", "pad", "size"),
    [
        ((slice(0, 1), slice(0, 1), slice(0, 1)), 0, (1, 1, 1)),
        ((slice(0, 1), slice(0, 1), slice(0, 1)), 2, (3, 3, 3)),
        ((slice(6, 7), slice(7, 8), slice(8, 9)), 2, (3, 3, 3)),
        ((slice(None), slice(None), slice(None)), 5, (9, 8, 7)),
    ],
)
def test_cropping_at_the_border(box: tuple[slice, ...], pad: int, size: tuple[int, ...]) -> None:
    image = image_3d()
    mask = mask_of(image, box)
    small, region = cropped_images(image, mask, preCrop=True, padDistance=pad)
    assert small.GetSize() == size
    assert same_grid(small, region)
    assert sitk.GetArrayFromImage(region).sum() == sitk.GetArrayFromImage(mask).sum()
    roi = select_label(mask)
    assert pre_crop(image, roi) == (image, roi)


# ---- against pyradiomics, where it is installed ----------------------------------------------------

SPACINGS = [
    (1, 1, 1),
    (2, 2, 2),
    (0.5, 0.5, 0),
    (0, 0, 0),
    (3, 0.7, 1.3),
    (0, 0, 5),
    (0.664062, 0.664062, 2.1),
]


def test_splines_that_hit_whole_numbers_are_cut_off_as_in_the_whole_image() -> None:
    operations = pytest.importorskip("radiomics.imageoperations")
    random = np.random.default_rng(0)
    image = sitk.GetImageFromArray(random.integers(0, 200, (240, 300)).astype(np.int32))
    mask = mask_of(image, (slice(110, 150), slice(130, 170)))
    theirs, _ = operations.resampleImage(image, mask, resampledPixelSpacing=[3, 3], padDistance=1)
    mine, _ = resample(image, select_label(mask), resampledPixelSpacing=(3.0, 3.0), padDistance=1)
    assert np.array_equal(sitk.GetArrayFromImage(mine), sitk.GetArrayFromImage(theirs))


@pytest.mark.parametrize("pixel", [sitk.sitkFloat32, sitk.sitkFloat64])
def test_splines_of_a_cut_are_those_of_the_whole_image(pixel: int) -> None:
    image = sitk.GetImageFromArray(np.random.default_rng(0).normal(0, 1e3, (90, 120, 110)))
    image = sitk.Cast(image, pixel)
    mask = select_label(mask_of(image, (slice(40, 44), slice(50, 55), slice(52, 58))))
    mine, _ = resample(image, mask, resampledPixelSpacing=(0.7, 1.3, 0.4))
    whole = sitk.Resample(image, mine, sitk.Transform(), sitk.sitkBSpline, 0.0, pixel)
    found, expected = sitk.GetArrayFromImage(mine), sitk.GetArrayFromImage(whole)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("interpolator", ["sitkBSpline", "sitkLinear", 4])
def test_resampling_equals_pyradiomics(
    data_dir: Path, spacing: tuple[float, ...], interpolator: str | int
) -> None:
    operations = pytest.importorskip("radiomics.imageoperations")
    image = read_image(data_dir / "pyradiomics" / "breast1_image.nrrd")
    whole = select_label(read_mask(data_dir / "pyradiomics" / "breast1_label.nrrd")).image()
    corner = mask_of(image, (slice(-3, None), slice(-9, None), slice(0, 7)))
    one_slice = mask_of(image, (slice(9, 10), slice(40, 60), slice(10, 30)))
    for mask in (whole, corner, one_slice):
        mine = resampled_images(image, mask, resampledPixelSpacing=spacing, interpolator=interpolator)
        theirs = operations.resampleImage(
            image, mask, resampledPixelSpacing=list(spacing), interpolator=interpolator, padDistance=5
        )
        for a, b in zip(mine, theirs, strict=True):
            assert same_grid(a, b)
            assert np.array_equal(sitk.GetArrayFromImage(a), sitk.GetArrayFromImage(b))


def test_a_spacing_that_would_fill_the_memory_is_refused() -> None:
    image = sitk.Image([100, 100, 100], sitk.sitkInt16)
    mask = sitk.Image([100, 100, 100], sitk.sitkUInt8) + 1
    with pytest.raises(GeometryError, match="voxels; does the file know its spacing"):
        resampled_images(image, mask, resampledPixelSpacing=(0.05, 0.05, 0.05))


def test_the_array_of_a_volume_outlives_its_image() -> None:
    volumes = [to_volume(sitk.Image([64, 64, 64], sitk.sitkInt16) + n) for n in range(4)]
    others = [sitk.Image([64, 64, 64], sitk.sitkInt16) + 99 for _ in range(8)]  # into memory given back
    assert [set(np.unique(volume.array)) for volume in volumes] == [{0}, {1}, {2}, {3}]
    assert not volumes[0].array.flags.writeable
    assert len(others) == 8
