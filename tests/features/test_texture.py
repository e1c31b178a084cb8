"""Texture families against matrices worked out by hand, naive counting, and laws they must obey."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from scipy import ndimage

from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.features import FAMILIES
from radiomics_screen.features.glcm import FEATURES as GLCM_FEATURES
from radiomics_screen.features.glcm import co_occurrence_values, co_occurrences, glcm
from radiomics_screen.features.gldm import dependences, gldm
from radiomics_screen.features.glrlm import glrlm, run_lengths
from radiomics_screen.features.glszm import glszm, zones
from radiomics_screen.features.ngtdm import ngtdm, tone_differences
from radiomics_screen.features.region import Region, cut_region
from radiomics_screen.features.texture.correlation import maximal_correlation
from tests.helpers.regions import random_region

TEXTURE = ("glcm", "gldm", "glrlm", "glszm", "ngtdm")
SEEDS = range(4)


def plane(levels: list[list[int]]) -> Region:
    array = np.array([levels])
    return cut_region(array + 1.0, array >= 0, (1.0, 1.0, 1.0), bin_width=1.0)


def pairs(region: Region, direction: tuple[int, ...] | np.ndarray) -> np.ndarray:
    """Count the pairs along a direction: shape (levels, levels)."""
    lattice = region.lattice()
    counts = np.empty((len(lattice.levels) + 1,) * 2, np.int32)
    co_occurrences(lattice.ranks, lattice.spans, lattice.offset(direction), counts)
    return counts[1:, 1:]


def runs(region: Region, direction: tuple[int, ...] | np.ndarray) -> np.ndarray:
    """Count the runs along a direction: shape (levels, longest side)."""
    lattice = region.lattice()
    begun = np.empty((len(lattice.levels) + 1, max(region.mask.shape) + 2), np.int32)
    lengths = np.zeros(len(lattice.ranks), np.uint16)
    most = run_lengths(lattice.ranks, lattice.spans, lattice.offset(direction), lengths, begun)
    counts = begun[1:, 1:-1] - begun[1:, 2:]
    assert np.flatnonzero(counts.any(axis=0))[-1] + 1 == most
    return counts


def voxels(region: Region) -> dict[tuple[int, ...], int]:
    """Grey level of each voxel of the region, by its place."""
    places = map(tuple, np.argwhere(region.mask).tolist())
    return dict(zip(places, region.levels.tolist(), strict=True))


def neighbours(region: Region, place: tuple[int, ...]) -> Iterator[int]:
    levels = voxels(region)
    for step in product((-1, 0, 1), repeat=3):
        if any(step) and (region.flat_axis is None or step[region.flat_axis] == 0):
            there = tuple(a + b for a, b in zip(place, step, strict=True))
            if there in levels:
                yield levels[there]


def test_haralick_own_example() -> None:
    """The 4 x 4 image of Haralick, Shanmugam and Dinstein (1973), fig. 3, horizontal neighbours."""
    region = plane([[0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 2, 2], [2, 2, 3, 3]])
    counts = pairs(region, (0, 0, 1))
    assert (counts + counts.T).tolist() == [[4, 2, 1, 0], [2, 4, 0, 0], [1, 0, 6, 1], [0, 0, 1, 2]]


def test_galloway_own_example() -> None:
    """The 4 x 4 image of Galloway (1975): runs at 0 degrees."""
    region = plane([[0, 1, 2, 3], [0, 2, 3, 3], [2, 1, 1, 1], [3, 0, 3, 0]])
    counts = runs(region, (0, 0, 1))
    assert counts.tolist() == [[4, 0, 0, 0], [1, 0, 1, 0], [3, 0, 0, 0], [3, 1, 0, 0]]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("flat_axis", [None, 1])
def test_zones_are_the_connected_components_of_each_level(seed: int, flat_axis: int | None) -> None:
    region = random_region(seed, flat_axis=flat_axis)
    image = np.zeros(region.mask.shape, int)
    image[region.mask] = region.levels
    structure = np.ones((3, 3, 3), int)
    if flat_axis is not None:
        structure[tuple(slice(None, None, 2) if a == flat_axis else slice(None) for a in range(3))] = 0
    expected: Counter[tuple[int, int]] = Counter()
    for level in np.unique(region.levels):
        components, _ = ndimage.label(image == level, structure)
        expected.update((int(level), int(size)) for size in np.bincount(components.ravel())[1:])
    lattice = region.lattice()
    around = lattice.around(region.directions())
    counts, sizes = zones(lattice.ranks, lattice.spans, around, len(lattice.levels))
    found = {(int(lattice.levels[i]), int(sizes[j])): counts[i, j] for i, j in np.argwhere(counts)}
    assert found == expected


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("flat_axis", [None, 2])
def test_neighbourhoods_are_those_counted_naively(seed: int, flat_axis: int | None) -> None:
    region = random_region(seed, flat_axis=flat_axis)
    lattice = region.lattice()
    around = lattice.around(region.directions())
    dependent = np.zeros((len(lattice.levels), len(around) + 1))
    counts, differences = np.zeros(len(lattice.levels)), np.zeros(len(lattice.levels))
    for place, level in voxels(region).items():
        row = int(np.searchsorted(lattice.levels, level))
        near = list(neighbours(region, place))
        dependent[row, sum(abs(other - level) <= 1 for other in near)] += 1
        counts[row] += 1
        differences[row] += abs(level - np.mean(near)) if near else 0
    arguments = (
        lattice.ranks,
        lattice.tones,
        lattice.spans,
        lattice.longest_span,
        around,
        len(lattice.levels),
    )
    assert np.array_equal(dependences(*arguments, 1), dependent)
    found_counts, found_differences = tone_differences(*arguments)
    assert np.array_equal(found_counts, counts)
    assert found_differences == pytest.approx(differences)


@pytest.mark.parametrize("seed", SEEDS)
def test_runs_cover_the_region_in_every_direction(seed: int) -> None:
    region = random_region(seed)
    lattice = region.lattice()
    for direction in region.directions():
        counts = runs(region, direction)
        assert (counts.sum(axis=0) * np.arange(1, 10)).sum() == region.mask.sum()
        assert np.array_equal(
            counts @ np.arange(1, 10), np.bincount(region.levels)[lattice.levels.astype(int)]
        )


@pytest.mark.parametrize("name", [*TEXTURE, "firstorder"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_mirrored_image_has_the_same_texture(name: str, axis: int) -> None:
    region = random_region(3)
    mirrored = cut_region(
        np.flip(region.intensities, axis), np.flip(region.mask, axis), region.spacing_mm, bin_width=1.0
    )
    compute = FAMILIES[name].compute
    assert compute(mirrored) == pytest.approx(compute(region), rel=1e-12)


@pytest.mark.parametrize("name", TEXTURE)
def test_turned_image_has_the_same_texture(name: str) -> None:
    region = random_region(5, spacing_mm=(1.0, 1.0, 1.0))
    turned = cut_region(
        np.rot90(region.intensities, axes=(0, 2)),
        np.rot90(region.mask, axes=(0, 2)),
        (1.0, 1.0, 1.0),
        bin_width=1.0,
    )
    compute = FAMILIES[name].compute
    assert compute(turned) == pytest.approx(compute(region), rel=1e-12)


@pytest.mark.parametrize("name", TEXTURE)
def test_texture_ignores_a_shift_by_whole_bins(name: str) -> None:
    region = random_region(7)
    shifted = cut_region(region.intensities - 500, region.mask, region.spacing_mm, bin_width=1.0)
    assert FAMILIES[name].compute(shifted) == FAMILIES[name].compute(region)


def test_flat_analysis_is_that_of_the_single_slices_summed() -> None:
    region = random_region(1, flat_axis=0)
    lattice = region.lattice()
    offset = lattice.offset((0, 1, -1))
    whole = pairs(region, (0, 1, -1))
    summed = np.zeros_like(whole)
    per_slice = lattice.steps[0]
    for z in range(region.mask.shape[0]):
        here = lattice.spans[lattice.spans[:, 0] // per_slice == z]
        counts = np.empty((len(whole) + 1,) * 2, np.int32)
        co_occurrences(lattice.ranks, here, offset, counts)
        summed += counts[1:, 1:]
    assert np.array_equal(whole, summed)


def test_constant_region_has_the_values_of_the_definitions() -> None:
    region = cut_region(np.full((3, 4, 5), 7.0), np.ones((3, 4, 5), bool), (1.0, 1.0, 1.0))
    values = glcm(region)
    assert values["JointEntropy"] == 0
    assert values["Correlation"] == values["MCC"] == values["JointEnergy"] == 1
    assert values["Imc1"] == values["Imc2"] == values["Contrast"] == 0
    assert glszm(region)["ZonePercentage"] == 1 / 60
    assert ngtdm(region) == {"Busyness": 0, "Coarseness": 1e6, "Complexity": 0, "Contrast": 0, "Strength": 0}
    assert FAMILIES["firstorder"].compute(region)["Kurtosis"] == 0


def test_voxels_without_neighbours_have_no_pairs_and_say_so() -> None:
    mask = np.zeros((3, 1, 4), bool)
    mask[0, 0, 0] = mask[2, 0, 3] = True  # on no common line either
    region = cut_region(np.arange(12.0).reshape(3, 1, 4), mask, (1.0, 1.0, 1.0), bin_width=1.0)
    with collect_remarks() as notes:
        assert all(np.isnan(v) for v in glcm(region).values())
        assert all(np.isnan(v) for v in glrlm(region).values())
    assert [note.split(":")[0] for note in notes] == ["glcm", "glrlm"]
    assert gldm(region)["SmallDependenceEmphasis"] == 1
    assert glszm(region)["ZonePercentage"] == 1


def test_runs_need_two_voxels_on_a_line_not_side_by_side() -> None:
    mask = np.zeros((1, 3, 3), bool)
    mask[0, 0, 0] = mask[0, 0, 2] = True
    region = cut_region(np.ones((1, 3, 3)), mask, (1.0, 1.0, 1.0))
    assert glrlm(region)["ShortRunEmphasis"] == 1


@pytest.mark.parametrize("symmetric", [True, False])
def test_maximal_correlation_is_the_root_of_the_second_eigenvalue_of_q(symmetric: bool) -> None:
    random = np.random.default_rng(2)
    p = random.random((6, 6))
    p = p + p.T if symmetric else p
    p /= p.sum()
    p_i, p_j = p.sum(axis=1), p.sum(axis=0)
    q = (p[:, None, :] * p[None, :, :] / (p_i[:, None, None] * p_j[None, None, :])).sum(axis=2)
    eigenvalues = np.sort(np.linalg.eigvals(q).real)
    found = maximal_correlation(p, p_i, p_j, symmetric)
    assert found == pytest.approx(np.sqrt(eigenvalues[-2]), rel=1e-10)


@pytest.mark.parametrize("n", [2, 3, 5, 40])
def test_maximal_correlation_of_levels_that_keep_apart_is_one_and_of_strangers_zero(n: int) -> None:
    apart = np.eye(n) / n
    even = np.full(n, 1 / n)
    assert maximal_correlation(apart, even, even, True) == pytest.approx(1, abs=1e-12)
    strangers = np.full((n, n), 1 / n**2)
    assert maximal_correlation(strangers, even, even, True) == pytest.approx(0, abs=1e-12)


def test_weighting_sums_the_directions() -> None:
    region = random_region(9)
    even = glcm(region, weightingNorm="no_weighting")
    assert even != pytest.approx(glcm(region), rel=1e-6)
    # with an overwhelming weight for the direction of the shortest step only that one is left
    squeezed = random_region(9, spacing_mm=(9.0, 9.0, 1.0))
    counts = pairs(squeezed, (0, 0, 1))
    p = (counts + counts.T) / counts.sum() / 2
    assert glcm(squeezed, weightingNorm="euclidean")["JointEnergy"] == pytest.approx((p**2).sum())


def test_too_many_levels_are_refused_with_a_way_out() -> None:
    values = np.arange(5000.0).reshape(1, 50, 100)
    region = cut_region(values, np.ones_like(values, bool), (1.0, 1.0, 1.0), bin_width=1.0)
    with pytest.raises(RegionError, match="set a larger binWidth, or binCount"):
        glcm(region)


def test_every_family_returns_the_features_it_declares() -> None:
    volume, image = random_region(0), random_region(0, (1, 8, 9), planar=True, flat_axis=0)
    for _, family in FAMILIES.items():
        with collect_remarks():  # of what such a region leaves undefined
            computed = family.compute(volume if not family.unfit(volume) else image)
        for features in computed.values() if family.aggregated else [computed]:
            assert tuple(features) == family.features + family.on_request


@pytest.mark.parametrize("right", [[1, 2, 3], [1, 2, 3, 4, 5, 6], [3, 1, 4, 1, 5, 9, 2]])
def test_correlation_with_a_margin_of_one_level_is_one(right: list[int]) -> None:
    """Left voxels all alike: rounding must not decide between 1 and 0."""
    region = plane([[7, level] for level in right])
    values = np.empty(len(GLCM_FEATURES))
    counts = pairs(region, (0, 0, 1)).astype(float)
    co_occurrence_values(counts, region.lattice().levels, region.highest_level, False, values)
    assert values[GLCM_FEATURES.index("Correlation")] == 1


def test_weights_of_long_steps_do_not_vanish() -> None:
    near, far = (random_region(9, spacing_mm=(s, s, s)) for s in (1.0, 40.0))
    with collect_remarks() as notes:
        assert np.isfinite(list(glcm(far, weightingNorm="infinity").values())).all()
    assert notes == []
    assert glcm(far, weightingNorm="infinity") == pytest.approx(glcm(near, weightingNorm="infinity"))


def test_a_distance_longer_than_the_region_costs_nothing() -> None:
    region = random_region(2)
    assert glcm(region, distances=(1, 1_000_000)) == glcm(region)
    assert gldm(region, distances=(1, 1_000_000)) == gldm(region)
