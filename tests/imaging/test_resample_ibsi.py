"""Grids that follow from the image alone: where their voxels lie, and what is interpolated there."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_screen.core.errors import GeometryError, RegionError
from radiomics_screen.imaging.geometry import resample
from radiomics_screen.imaging.roi import Grid, Roi

SPACING_MM = (0.9, 1.3, 2.5)


def noisy(shape: tuple[int, ...] = (7, 9, 11), spacing_mm: tuple[float, ...] = SPACING_MM) -> sitk.Image:
    image = sitk.GetImageFromArray(np.random.default_rng(0).normal(size=shape) * 100)
    image.SetSpacing(spacing_mm[: len(shape)])
    image.SetOrigin((3.0, -20.0, 7.0)[: len(shape)])
    return image


def marked(image: sitk.Image, lower: tuple[int, ...], size: tuple[int, ...]) -> Roi:
    return Roi(np.ones(size[::-1], dtype=bool), lower, Grid.of(image))


def literally(image: sitk.Image, grid: Grid) -> np.ndarray:
    """Interpolate linearly at each voxel of a grid, one by one, from the eight voxels round it."""
    array = sitk.GetArrayFromImage(image)
    result = np.empty(grid.size[::-1])
    for index in product(*(range(n) for n in grid.size)):
        point = grid.frame.TransformContinuousIndexToPhysicalPoint([float(i) for i in index])
        at = np.array(image.TransformPhysicalPointToContinuousIndex(point))
        at = np.clip(at, 0, np.array(image.GetSize()) - 1.0)
        below = np.minimum(np.floor(at).astype(int), np.array(image.GetSize()) - 2).clip(0)
        total = 0.0
        for corner in product((0, 1), repeat=len(index)):
            weights = np.where(corner, at - below, 1 - (at - below))
            place = np.minimum(below + corner, np.array(image.GetSize()) - 1)
            total += weights.prod() * array[tuple(place[::-1])]
        result[index[::-1]] = total
    return result


@pytest.mark.parametrize(
    ("alignment", "size", "first", "spacing"),
    [
        # four voxels of 3 mm, to be 2 mm wide: the example of the IBSI's manual
        ("centre", 6, -0.5, 2.0),
        ("origin", 6, 0.0, 2.0),
        ("fit", 6, 0.0, 1.8),
    ],
)
def test_where_the_voxels_lie(alignment: str, size: int, first: float, spacing: float) -> None:
    image = sitk.Image(4, 4, sitk.sitkFloat64)
    image.SetSpacing((3.0, 3.0))
    new, _ = resample(
        image,
        marked(image, (0, 0), (4, 4)),
        resampledPixelSpacing=(2, 2),
        resampling_grid=alignment,  # type: ignore[arg-type]
        interpolator="sitkLinear",
    )
    assert new.GetSize() == (size, size)
    assert new.GetSpacing() == pytest.approx((spacing, spacing))
    assert new.GetOrigin() == pytest.approx((first, first))


@pytest.mark.parametrize("shape", [(7, 9, 11), (9, 11)])
@pytest.mark.parametrize("alignment", ["centre", "origin", "fit"])
def test_intensities_and_mask_are_interpolated_linearly(alignment: str, shape: tuple[int, ...]) -> None:
    image = noisy(shape)
    roi = marked(image, (2, 3, 1)[: len(shape)], (5, 4, 3)[: len(shape)])
    new, new_roi = resample(
        image,
        roi,
        resampledPixelSpacing=(1.1, 0.8, 2.0)[: len(shape)],
        resampling_grid=alignment,  # type: ignore[arg-type]
        interpolator="sitkLinear",
        mask_interpolator="sitkLinear",
    )
    expected = literally(image, Grid.of(new))
    np.testing.assert_allclose(sitk.GetArrayFromImage(new), expected, rtol=0, atol=1e-9)
    inside = literally(sitk.Cast(roi.image(), sitk.sitkFloat64), Grid.of(new)) >= 0.5 - 1e-6
    np.testing.assert_array_equal(sitk.GetArrayFromImage(new_roi.image()) > 0, inside)
    assert new_roi.grid == Grid.of(new)


def test_voxels_exactly_half_inside_are_inside() -> None:
    image = noisy((6, 6, 6), (1.0, 1.0, 1.0))
    roi = marked(image, (2, 2, 2), (2, 2, 2))
    _, new_roi = resample(
        image,
        roi,
        resampledPixelSpacing=(0.5, 0.5, 0.5),
        resampling_grid="origin",
        mask_interpolator="sitkLinear",
    )
    # of 1-D weights 0.5, 1, 1, 1, 0.5 the product is at least one half with one 0.5 among them at most
    ramp = np.array([0.5, 1, 1, 1, 0.5])
    assert new_roi.mask.shape == (5, 5, 5)
    np.testing.assert_array_equal(new_roi.mask, ramp[:, None, None] * ramp[:, None] * ramp >= 0.5)


@pytest.mark.parametrize("name", ["sitkNearestNeighbor", "sitkLinear", "sitkBSpline"])
@pytest.mark.parametrize("lower", [(0, 0, 0), (6, 5, 3)])
def test_what_is_cut_to_the_region_is_part_of_the_whole(name: str, lower: tuple[int, ...]) -> None:
    image = noisy((41, 40, 39), (1.0, 1.0, 1.0))
    roi = marked(image, lower, (4, 5, 6))
    options = {"resampledPixelSpacing": (0.7, 0.8, 0.9), "resampling_grid": "centre", "interpolator": name}
    whole, roi_of_whole = resample(image, roi, **options)  # type: ignore[arg-type]
    part, roi_of_part = resample(image, roi, 2.0, **options)  # type: ignore[arg-type]
    assert part.GetSize() < whole.GetSize()
    first = whole.TransformPhysicalPointToIndex(part.GetOrigin())
    same = sitk.RegionOfInterest(whole, part.GetSize(), first)
    np.testing.assert_allclose(sitk.GetArrayFromImage(part), sitk.GetArrayFromImage(same), rtol=0, atol=1e-9)
    np.testing.assert_array_equal(roi_of_part.mask, roi_of_whole.mask)
    assert tuple(a - b for a, b in zip(roi_of_whole.lower, first, strict=True)) == roi_of_part.lower


def test_rounded_intensities_are_integers() -> None:
    image = noisy()
    options = {"resampledPixelSpacing": (1, 1, 1), "interpolator": "sitkLinear", "round_intensities": True}
    roi = marked(image, (2, 3, 1), (5, 4, 3))
    for grid in ("centre", "corner"):
        plain, _ = resample(
            image,
            roi,
            **{**options, "round_intensities": False},
            resampling_grid=grid,  # type: ignore[arg-type]
        )
        rounded, _ = resample(image, roi, **options, resampling_grid=grid)  # type: ignore[arg-type]
        difference = sitk.GetArrayFromImage(rounded) - sitk.GetArrayFromImage(plain)
        assert 0.4 < np.abs(difference).max() <= 0.5
        assert np.all(sitk.GetArrayFromImage(rounded) % 1 == 0)


def test_a_mask_is_interpolated_on_the_corner_grid_too() -> None:
    image = noisy()
    roi = marked(image, (2, 3, 1), (5, 4, 3))
    new, new_roi = resample(
        image, roi, resampledPixelSpacing=(1, 1, 1), mask_interpolator="sitkLinear", mask_threshold=0.3
    )
    inside = literally(sitk.Cast(roi.image(), sitk.sitkFloat64), Grid.of(new)) >= 0.3 - 1e-6
    np.testing.assert_array_equal(sitk.GetArrayFromImage(new_roi.image()) > 0, inside)


def test_a_spacing_that_is_there_already_changes_nothing() -> None:
    image = noisy()
    roi = marked(image, (2, 3, 1), (5, 4, 3))
    new, new_roi = resample(image, roi, resampledPixelSpacing=(0, 1.3, 0), resampling_grid="centre")
    assert new is image
    assert new_roi.mask is roi.mask


def test_a_region_that_falls_between_the_voxels_is_named() -> None:
    image = noisy((9, 9, 9), (1.0, 1.0, 1.0))
    roi = marked(image, (1, 1, 1), (1, 1, 1))
    with pytest.raises(RegionError, match="no voxel was left of the region at the spacing"):
        resample(image, roi, resampledPixelSpacing=(7, 7, 7), resampling_grid="origin")


def test_interpolators_and_sizes_that_cannot_be_had_are_named() -> None:
    image = noisy()
    roi = marked(image, (2, 3, 1), (5, 4, 3))
    with pytest.raises(GeometryError, match="sitkGaussian is an interpolator for"):
        resample(
            image, roi, resampledPixelSpacing=(1, 1, 1), resampling_grid="centre", interpolator="sitkGaussian"
        )
    with pytest.raises(GeometryError, match="voxels; does the file know its spacing"):
        resample(image, roi, resampledPixelSpacing=(1e-4, 1e-4, 1), resampling_grid="centre")


def test_rotated_images_keep_their_place_in_space() -> None:
    image = noisy()
    image.SetDirection((0, 1, 0, -1, 0, 0, 0, 0, 1))
    roi = marked(image, (2, 3, 1), (5, 4, 3))
    new, _ = resample(image, roi, resampledPixelSpacing=(1, 1, 1), resampling_grid="centre")
    centres = [
        np.array(i.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in i.GetSize()]))
        for i in (image, new)
    ]
    np.testing.assert_allclose(*centres)
