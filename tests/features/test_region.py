"""Regions: grey levels, directions, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from radiomics_screen.core.errors import RegionError
from radiomics_screen.features.mask import bounding_box, check_size, resegment
from radiomics_screen.features.region import binned, cut_region, discretize, flat_axis_of
from tests.helpers.regions import random_region


def test_bins_of_fixed_width_start_at_a_multiple_of_the_width() -> None:
    values = np.array([54, 74, 75, 100, 124, 125, 166])
    assert discretize(values, binWidth=25.0).tolist() == [1, 1, 2, 3, 3, 4, 5]
    assert discretize(np.array([-26, -25, -1, 0, 24]), binWidth=25.0).tolist() == [1, 2, 2, 3, 3]


def test_eight_bit_intensities_do_not_overflow() -> None:
    values = np.array([0, 25, 240, 255], dtype=np.uint8)
    assert discretize(values, binWidth=25.0).tolist() == [1, 2, 10, 11]
    mask, _ = resegment(values, np.ones(4, bool), resegmentRange=(-1.0, 1.0), resegmentMode="sigma")
    assert mask.tolist() == [False, True, True, False]


def test_fixed_number_of_bins_puts_the_maximum_into_the_last() -> None:
    values = np.linspace(10, 20, 101)
    levels = discretize(values, binCount=4)
    assert levels[0] == 1
    assert levels[-1] == 4
    assert np.bincount(levels)[1:].tolist() == [25, 25, 25, 26]


@pytest.mark.parametrize("pixel", [np.uint8, np.int16, np.float32, np.float64])
def test_bins_are_those_of_a_search_among_the_edges(pixel: type) -> None:
    random = np.random.default_rng(5)
    for width in (0.1, 1.0, 7.3, 25.0):
        values = (random.normal(100, 40, 500).clip(0, 255) * (1 if pixel != np.float32 else 0.37)).astype(
            pixel
        )
        low, high = values.astype(float).min(), values.astype(float).max()
        if np.issubdtype(pixel, np.integer):
            edges = np.arange(low - low % width, high + 2 * width, width)
            assert np.array_equal(discretize(values, binWidth=width), np.digitize(values, edges))
        edges = np.histogram_bin_edges(values.astype(float), 32)
        edges[-1] += 1
        # a value on an edge, or one rounding away from it, falls as a comparison with the edge says
        awkward = np.concatenate([edges, np.nextafter(edges, -np.inf), np.nextafter(edges, np.inf)])
        assert np.array_equal(binned(awkward, edges), np.digitize(awkward, edges))


@pytest.mark.parametrize("options", [{"binWidth": 25.0}, {"binCount": 8}])
def test_constant_region_has_one_level(options: dict[str, float]) -> None:
    assert set(discretize(np.full(5, 50.0), **options)) == ({1} if "binWidth" in options else {5})


def test_too_narrow_bins_are_refused() -> None:
    with pytest.raises(RegionError, match="set a larger binWidth, or binCount"):
        discretize(np.array([0.0, 1e9]), binWidth=1.0)


@pytest.mark.parametrize(
    ("shape", "flat_axis", "distances", "count"),
    [
        ((5, 5, 5), None, (1,), 13),
        ((5, 5, 5), 0, (1,), 4),
        ((1, 5, 5), None, (1,), 4),
        ((5, 5, 5), None, (1, 2), 62),
        ((2, 5, 5), None, (2,), 24),  # no step of 2 along z, but of 1
        ((1, 1, 5), None, (1,), 1),
    ],
)
def test_number_of_directions(
    shape: tuple[int, int, int], flat_axis: int | None, distances: tuple[int, ...], count: int
) -> None:
    region = cut_region(np.zeros(shape), np.ones(shape, bool), (1.0, 1.0, 1.0), flat_axis=flat_axis)
    directions = region.directions(distances)
    assert len(directions) == count
    both_ways = {tuple(d) for d in directions} | {tuple(-d) for d in directions}
    assert len(both_ways) == 2 * count
    assert {int(abs(d).max()) for d in directions} == set(distances)


@pytest.mark.parametrize("margin", [1, 3])
def test_lattice_neighbours_are_those_of_the_array(margin: int) -> None:
    region = random_region(0)
    lattice = region.lattice(margin)
    padded = np.zeros([n + 2 * margin for n in region.mask.shape])
    inner = tuple(slice(margin, -margin) for _ in range(3))
    padded[inner][region.mask] = region.levels
    level_of = np.concatenate([[0], lattice.levels])
    places = np.concatenate([np.arange(start, end) for start, end in lattice.spans])
    for direction in region.directions((margin,)):
        dz, dy, dx = direction
        shifted = np.roll(padded, (-dz, -dy, -dx), axis=(0, 1, 2))
        found = level_of[lattice.ranks[places + lattice.offset(direction)]]
        assert np.array_equal(found, shifted[inner][region.mask])


def test_resegmentation_keeps_the_drawn_mask_for_the_shape() -> None:
    values = np.arange(8.0).reshape(2, 2, 2)
    mask = np.ones((2, 2, 2), bool)
    textured, shaped = resegment(values, mask, resegmentRange=(2.0, 5.0))
    assert textured.sum() == 4
    assert shaped is mask
    _, shaped = resegment(values, mask, resegmentRange=(2.0, 5.0), resegmentShape=True)
    assert shaped.sum() == 4
    assert resegment(values, mask, resegmentRange=(0.5,), resegmentMode="relative")[0].sum() == 4
    with pytest.raises(RegionError, match="keeps 0 of 8 voxels"):
        resegment(values, mask, resegmentRange=(100.0,))


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((0, 0, 0), {}, "the region is empty"),
        ((1, 1, 1), {}, "a single voxel"),
        ((1, 1, 4), {}, "fewer than minimumROIDimensions: 2"),
        ((1, 4, 4), {"minimumROIDimensions": 3}, "fewer than minimumROIDimensions: 3"),
        ((2, 2, 2), {"minimumROISize": 8}, "8 voxels, not more than minimumROISize: 8"),
    ],
)
def test_too_small_regions_are_refused(
    shape: tuple[int, int, int], options: dict[str, int], message: str
) -> None:
    mask = np.zeros((6, 6, 6), bool)
    mask[tuple(slice(0, n) for n in shape)] = True
    with pytest.raises(RegionError, match=message):
        check_size(mask, **options)


def test_region_that_touches_the_border_is_measured() -> None:
    mask = np.zeros((3, 4, 5), bool)
    mask[0, :2, 3:] = True
    check_size(mask)
    assert bounding_box(mask) == (slice(0, 1), slice(0, 2), slice(3, 5))


def test_intensities_that_are_no_numbers_are_refused_inside_the_mask_only() -> None:
    values = np.array([[[1.0, np.nan], [2.0, 3.0]]])
    mask = np.array([[[True, False], [True, True]]])
    assert cut_region(values, mask, (1.0, 1.0, 1.0)).values.tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(RegionError, match="1 of the 4 voxels"):
        cut_region(values, np.ones_like(mask), (1.0, 1.0, 1.0))


def test_a_planar_image_is_always_analysed_in_its_plane() -> None:
    assert flat_axis_of(True, force2D=False, force2Ddimension=2) == 0
    assert flat_axis_of(False, force2D=True, force2Ddimension=2) == 2
    assert flat_axis_of(False) is None
