"""IBSI's intensity families against the published values of its digital phantom, naive loops, and laws."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from radiomics_screen.core.errors import RegionError, SettingsError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.features import FAMILIES
from radiomics_screen.features.ih import FEATURES as IH_FEATURES
from radiomics_screen.features.ih import ih
from radiomics_screen.features.ivh import ivh
from radiomics_screen.features.loc import RADIUS_MM, REACH_MM, loc, sphere_means
from radiomics_screen.features.region import Region, cut_region
from radiomics_screen.features.stat import FEATURES as STAT_FEATURES
from radiomics_screen.features.stat import stat
from tests.helpers.regions import SPACING_MM, random_region

SEEDS = range(4)

#: IBSI's digital phantom, slice by slice: intensities, negative outside the mask.
PHANTOM = np.array(
    [
        [[1, 4, 4, 1, 1], [1, 4, 6, 1, 1], [4, 1, 6, 4, 1], [4, 4, 6, 4, 1]],
        [[1, 4, 4, 1, 1], [1, 1, 6, 1, 1], [-1, 1, 3, 1, 1], [4, 4, 6, 1, 1]],
        [[1, 4, 4, -1, -1], [1, 1, 1, 1, 1], [1, 1, -9, 1, 1], [1, 1, 6, 1, 1]],
        [[1, 4, 4, -1, -1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 6, 1, 1]],
    ]
)
#: Zwanenburg et al., Radiology 295 (2020) 328: consensus values to three digits.
SHARED = {
    "mean": 2.15,
    "var": 3.05,
    "skew": 1.08,
    "kurt": -0.355,
    "median": 1,
    "min": 1,
    "p10": 1,
    "p90": 4,
    "max": 6,
    "iqr": 3,
    "range": 5,
    "mad": 1.55,
    "rmad": 1.11,
    "medad": 1.15,
    "cov": 0.812,
    "qcod": 0.6,
}
PUBLISHED: dict[str, dict[str, float]] = {
    "loc": {"peak_loc": 2.6, "peak_glob": 3.1},
    "stat": {**SHARED, "energy": 567, "rms": 2.77},
    "ih": {
        **SHARED,
        "mode": 1,
        "entropy": 1.27,
        "uniformity": 0.512,
        "max_grad": 8,
        "max_grad_g": 3,
        "min_grad": -50,
        "min_grad_g": 1,
    },
    "ivh": {
        "v10": 0.324,
        "v90": 0.0946,
        "i10": 5,
        "i90": 2,
        "diff_v10_v90": 0.23,
        "diff_i10_i90": 3,
    },
}


def line(values: Any, **facts: Any) -> Region:
    """A region that is one row of voxels."""
    row = np.asarray(values).reshape(1, 1, -1)
    return cut_region(row, np.ones(row.shape, bool), (1.0, 1.0, 1.0), **facts)


@pytest.mark.parametrize("name", PUBLISHED)
def test_digital_phantom(name: str) -> None:
    region = cut_region(abs(PHANTOM), PHANTOM > 0, (2.0, 2.0, 2.0), discretization="none")
    found = FAMILIES[name].compute(region)
    assert tuple(found) == FAMILIES[name].features
    assert {f: float(f"{found[f]:.3g}") for f in PUBLISHED[name]} == PUBLISHED[name]


# --- loc -------------------------------------------------------------------------------------------------


def naive_sphere_means(image: np.ndarray, spacing_mm: tuple[float, ...]) -> np.ndarray:
    """Compare the distances of all pairs of voxels."""
    places = np.array(list(product(*map(range, image.shape))))
    values = image.reshape(-1).astype(float)
    means = np.empty(len(values))
    for k, place in enumerate(places):
        within = (((places - place) * spacing_mm) ** 2).sum(axis=1) <= RADIUS_MM**2
        means[k] = np.nanmean(values[within])
    return means.reshape(image.shape)


@pytest.mark.parametrize(
    ("shape", "spacing_mm"),
    [
        ((7, 8, 9), SPACING_MM),
        ((9, 11, 12), (2.0, 1.5, 1.7)),
        ((15, 14, 13), (1.0, 1.0, 1.0)),
        ((1, 4, 17), (5.0, 2.5, 0.8)),
        ((4, 1, 3), (7.0, 6.2, 6.3)),  # steps longer and shorter than the radius
        ((3, 5, 4), (0.1, 0.1, 0.1)),  # all of the image in every sphere
    ],
)
@pytest.mark.parametrize("pixel", [np.int16, np.float32, np.float64])
def test_means_in_a_sphere_are_those_of_all_voxels_near_enough(
    shape: tuple[int, int, int], spacing_mm: tuple[float, float, float], pixel: type
) -> None:
    image = np.random.default_rng(3).normal(1000, 300, shape).astype(pixel)
    expected = naive_sphere_means(image, spacing_mm)
    whole = slice(0, None)
    np.testing.assert_allclose(sphere_means(image, (whole,) * 3, spacing_mm), expected, rtol=1e-13)
    part = tuple(slice(n // 3, n - n // 4) for n in shape)
    np.testing.assert_allclose(
        sphere_means(image, (part[0], part[1], part[2]), spacing_mm), expected[part], rtol=1e-13
    )


def test_a_bright_spot_elsewhere_takes_no_digits_from_a_mean() -> None:
    image = np.random.default_rng(4).normal(0, 1, (9, 9, 30))
    here = (slice(4, 5), slice(4, 5), slice(24, 25))
    before = sphere_means(image, here, (1.0, 1.0, 1.0))
    image[:, :, :10] = 1e30
    np.testing.assert_array_equal(sphere_means(image, here, (1.0, 1.0, 1.0)), before)


def test_a_centre_on_the_sphere_is_inside_along_each_axis() -> None:
    image = np.random.default_rng(5).random((3, 3, 3))
    for axis in range(3):
        spacing = [50.0, 50.0, 50.0]
        spacing[axis] = RADIUS_MM
        middle = sphere_means(image, (slice(1, 2),) * 3, (spacing[0], spacing[1], spacing[2]))
        assert middle.item() == pytest.approx(np.moveaxis(image, axis, 0)[:, 1, 1].mean(), rel=1e-14)


@pytest.mark.parametrize("seed", SEEDS)
def test_peaks_of_ragged_regions_look_beyond_their_box(seed: int) -> None:
    random = np.random.default_rng(seed)
    inner = random_region(seed, (4, 9, 8))
    image = random.integers(0, 40, (7, 13, 11)).astype(float)  # brighter outside than inside
    box = (slice(2, 6), slice(3, 12), slice(0, 8))
    image[box] = inner.intensities
    region = replace(inner, surroundings=(image, box))
    means = naive_sphere_means(image, SPACING_MM)[box][region.mask]
    brightest = region.values == region.values.max()
    assert brightest.sum() > 1
    assert loc(region) == pytest.approx(
        {"peak_loc": means[brightest].max(), "peak_glob": means.max()}, rel=1e-13
    )


def test_of_equally_bright_voxels_the_one_with_the_brightest_surroundings_counts() -> None:
    values = np.zeros(40)
    values[[5, 30]] = 100
    values[28:33:4] = 50  # near the second of them, to either side
    values[15:20] = 60  # the global peak is elsewhere
    found = loc(line(values))
    assert found["peak_loc"] == pytest.approx((100 + 50 + 50) / 13)
    assert found["peak_glob"] == pytest.approx(5 * 60 / 13)


@pytest.mark.parametrize("missing", [np.nan, np.inf, -np.inf])
def test_missing_surroundings_are_left_out_of_the_means_with_a_note(missing: float) -> None:
    image = np.random.default_rng(6).random((5, 9, 9))
    box = (slice(1, 4), slice(3, 7), slice(3, 6))
    image[0, 2, 2] = image[4, 8, 5] = missing
    region = cut_region(image[box], np.ones((3, 4, 3), bool), (2.0, 2.0, 2.0), surroundings=(image, box))
    means = naive_sphere_means(np.where(np.isfinite(image), image, np.nan), (2.0, 2.0, 2.0))[box]
    with collect_remarks() as notes:
        found = loc(region)
    assert found["peak_glob"] == pytest.approx(means.max(), rel=1e-13)
    assert notes == ["loc: 2 voxels round the region are NaN or infinite, and left out of the means"]


def test_loc_reaches_as_far_as_its_sphere_and_needs_a_volume() -> None:
    entry = FAMILIES["loc"]
    assert entry.reach_mm == REACH_MM > RADIUS_MM
    assert 4 / 3 * np.pi * RADIUS_MM**3 == pytest.approx(1000)
    assert entry.unfit(random_region(0)) == ""
    assert entry.unfit(random_region(0, flat_axis=0)) == ""  # slice by slice, yet in a volume
    assert "2-D" in entry.unfit(random_region(0, (1, 8, 9), planar=True))


# --- stat and ih -----------------------------------------------------------------------------------------


def naive_statistics(values: np.ndarray) -> dict[str, float]:
    mean, deviation = values.mean(), values.std()
    p10, p25, p50, p75, p90 = np.percentile(values, [10, 25, 50, 75, 90])
    robust = values[(values >= p10) & (values <= p90)]
    return {
        "mean": mean,
        "var": values.var(),
        "skew": ((values - mean) ** 3).mean() / deviation**3,
        "kurt": ((values - mean) ** 4).mean() / deviation**4 - 3,
        "median": p50,
        "min": values.min(),
        "p10": p10,
        "p90": p90,
        "max": values.max(),
        "iqr": p75 - p25,
        "range": np.ptp(values),
        "mad": abs(values - mean).mean(),
        "rmad": abs(robust - robust.mean()).mean(),
        "medad": abs(values - p50).mean(),
        "cov": deviation / mean,
        "qcod": (p75 - p25) / (p75 + p25),
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_statistics_are_those_of_numpy(seed: int) -> None:
    region = random_region(seed)
    shifted = replace(region, intensities=region.intensities * -1.37 - 500)  # no whole numbers, below zero
    for described in (region, shifted):
        values = described.values
        expected = {**naive_statistics(values), "energy": sum(values**2), "rms": np.mean(values**2) ** 0.5}
        assert stat(described) == pytest.approx(expected, rel=1e-12)
        assert tuple(stat(described)) == STAT_FEATURES
    found = ih(region)
    levels = region.levels.astype(float)
    assert {f: found[f] for f in SHARED} == pytest.approx(naive_statistics(levels), rel=1e-12)
    assert tuple(found) == IH_FEATURES


@pytest.mark.parametrize("value", [0.1, -1000.7, 7.0])
def test_equal_intensities_have_no_spread(value: float) -> None:
    found = stat(line(np.full(3001, value)))
    flat = ("var", "skew", "kurt", "iqr", "range", "mad", "rmad", "medad", "cov", "qcod")
    assert {f: found[f] for f in flat} == dict.fromkeys(flat, 0.0)
    assert found["mean"] == found["median"] == found["p90"] == value
    assert found["rms"] == pytest.approx(abs(value))


@pytest.mark.parametrize(
    ("values", "undefined", "reason"),
    [
        ([-3, -1, 1, 3], {"cov", "qcod"}, "the mean is 0; cov"),
        ([-0.1, -0.2, 0.3, 0.0], {"cov"}, "the mean is 0; cov"),  # but for rounding
        ([-9, -1, 0, 1, 2], {"qcod"}, "the quartiles add to 0; qcod"),
        ([0, 0, 0], {"cov", "qcod"}, "the mean is 0; cov"),
        ([5, 8], {"rmad"}, "between the 10th and 90th percentile; rmad"),
    ],
)
def test_what_has_no_value_is_nan_with_a_note(values: list[float], undefined: set[str], reason: str) -> None:
    with collect_remarks() as notes:
        found = stat(line(values))
    assert {name for name, value in found.items() if np.isnan(value)} == undefined
    assert len(notes) == len(undefined)
    assert f"{reason} is undefined" in notes[0]


def test_an_outlier_does_not_hide_the_quartiles() -> None:
    assert stat(line([1.0, 1, 2, 3, 3, 1e20]))["qcod"] == pytest.approx((3 - 1.25) / (3 + 1.25))


def test_histogram_by_hand() -> None:
    # bins 1 to 7 hold 1, 4, 0, 0, 2, 4, 1 voxels; their mean is 50 / 12, so bin 6 is closer to it than 2
    values = np.repeat([0, 1, 4, 5, 6], [1, 4, 2, 4, 1])
    found = ih(line(values, bin_width=1.0))
    p = np.array([1, 4, 2, 4, 1]) / 12
    own = {f: found[f] for f in IH_FEATURES if f not in SHARED}
    assert own == pytest.approx(
        {
            "mode": 6,
            "entropy": -(p * np.log2(p)).sum(),
            "uniformity": 38 / 144,
            "max_grad": 3,  # from bin 1 to 2; inside: -0.5, -2, 1, 2, -0.5
            "max_grad_g": 1,
            "min_grad": -3,
            "min_grad_g": 7,
        }
    )
    assert found["mean"] == pytest.approx(50 / 12)


@pytest.mark.parametrize(
    ("levels", "mode"),
    [
        ([1, 1, 4, 4, 4, 9, 9, 9], 4),  # mean 5.1
        ([1, 1, 7, 7], 1),  # as close to the mean: the lower one
        ([1, 1, 7, 7, 4], 1),
        ([1, 1, 1, 7, 7, 7, 8], 7),
    ],
)
def test_mode_of_several_is_the_one_next_to_the_mean(levels: list[int], mode: int) -> None:
    assert ih(line(levels, discretization="none"))["mode"] == mode


def test_empty_bins_at_the_low_end_count() -> None:
    region = line([13, 14, 14, 18], bin_width=2.0, bin_origin=8.0)  # bins 3, 4, 4, 6: counts 0 0 1 2 0 1
    found = ih(region)
    assert (found["max_grad"], found["max_grad_g"]) == (1, 3)  # 0, 0.5, 1, -0.5, -0.5, 1: the first of two
    assert (found["min_grad"], found["min_grad_g"]) == (-0.5, 4)
    assert found["min"] == 3


def test_histogram_of_one_bin() -> None:
    found = ih(line([5, 5, 5], bin_count=8, bin_origin="range"))
    expected = {
        "mode": 1,
        "entropy": 0,
        "uniformity": 1,
        "max_grad": 0,
        "max_grad_g": 1,
        "min_grad": 0,
        "min_grad_g": 1,
    }
    assert {f: found[f] for f in expected} == expected
    assert not np.signbit(found["entropy"])


# --- ivh -------------------------------------------------------------------------------------------------


def naive_ivh(values: np.ndarray, levels: list[float], low: float, high: float) -> dict[str, float]:
    """Go through the levels: `values` are the levels of the voxels."""
    fractions = [np.mean(values >= level - 1e-9) for level in levels]
    heights = [(level - low) / (high - low) + 1e-12 for level in levels]
    v10, v90 = (
        max((f for f, h in zip(fractions, heights, strict=True) if h >= x), default=0.0) for x in (0.1, 0.9)
    )
    after = levels[-1] + (levels[1] - levels[0])
    i10, i90 = (
        min((i for f, i in zip(fractions, levels, strict=True) if f <= x), default=after) for x in (0.1, 0.9)
    )
    return {
        "v10": v10,
        "v90": v90,
        "i10": i10,
        "i90": i90,
        "diff_v10_v90": v10 - v90,
        "diff_i10_i90": i10 - i90,
        "auc": sum(
            (f + g) / 2 * (b - a)
            for f, g, a, b in zip(fractions, fractions[1:], heights, heights[1:], strict=False)
        ),
    }


RANGES = [
    None,
    (-np.inf, np.inf),
    (-12.0, 40.0),
    (-np.inf, 20.0),
    (0.0, np.inf),
    (-3.5, 13.0),
    (1.0, 13.0),
]


@pytest.mark.parametrize("thresholds", RANGES)
@pytest.mark.parametrize("seed", SEEDS)
def test_whole_numbers_are_levels_as_they_are(seed: int, thresholds: tuple[float, float] | None) -> None:
    region = random_region(seed, thresholds=thresholds)
    low, high = thresholds or (-np.inf, np.inf)
    low = np.ceil(low) if np.isfinite(low) else region.values.min()
    high = high if np.isfinite(high) else region.values.max()
    expected = naive_ivh(region.values, list(np.arange(low, high + 1)), low, high)
    assert ivh(region) == pytest.approx(expected, rel=1e-9)
    whole = replace(region, intensities=region.intensities.astype(np.int16))
    assert ivh(whole) == ivh(region)


@pytest.mark.parametrize("width", [0.1, 0.37, 2.0, 2.5, 5.0])
@pytest.mark.parametrize("thresholds", RANGES)
@pytest.mark.parametrize("seed", SEEDS)
def test_bins_of_fixed_width(seed: int, thresholds: tuple[float, float] | None, width: float) -> None:
    region = random_region(seed, thresholds=thresholds)
    random = np.random.default_rng(seed)
    region = replace(region, intensities=region.intensities - random.random(region.mask.shape).round(2) * 0.9)
    region = replace(region, intensities=np.maximum(region.intensities, 1.0))
    low, high = thresholds or (-np.inf, np.inf)
    low = low if np.isfinite(low) else region.values.min()
    centres = low + (np.floor((region.values - low) / width) + 0.5) * width
    high = high - width / 2 if np.isfinite(high) else centres.max()
    low += width / 2
    levels = [
        low + k * width for k in range(round((high - low) / width) + 2) if low + k * width <= high + 1e-9
    ]
    expected = naive_ivh(centres, levels, low, high)
    assert ivh(region, ivh_bin_width=width) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("count", [None, 2, 11, 64, 1000])
@pytest.mark.parametrize("seed", SEEDS)
def test_bins_of_fixed_number_span_the_region_whatever_was_kept(seed: int, count: int | None) -> None:
    region = random_region(seed, thresholds=(-100.0, 100.0))
    region = replace(region, intensities=np.sqrt(region.intensities))  # no whole numbers: 1000 bins
    values, n = region.values, count or 1000
    low, high = values.min(), values.max()
    levels = np.minimum(np.floor(n * (values - low) / (high - low)) + 1, n)
    expected = naive_ivh(levels, list(np.arange(1.0, n + 1)), 1, n)
    assert ivh(region, ivh_bin_count=count) == pytest.approx(expected, rel=1e-9)


def test_fractions_that_are_met_exactly_are_met() -> None:
    region = line(np.arange(1, 12))  # 11 levels: level 2 is at 10 %, level 10 at 90 % of the range
    assert ivh(region)["v10"] == pytest.approx(10 / 11)
    assert ivh(region)["v90"] == pytest.approx(2 / 11)
    twenty = ivh(line(np.arange(20)))  # 2 of 20 voxels reach level 18, and 18 of 20 level 2
    assert (twenty["i10"], twenty["i90"]) == (18, 2)
    tenths = line(np.arange(11) / 10 + 0.05, thresholds=(0.0, 1.1))
    found = ivh(tenths, ivh_bin_width=0.1)  # 1.1 / 0.1 is more than 11 to a computer
    assert (found["v10"], found["v90"]) == (pytest.approx(10 / 11), pytest.approx(2 / 11))


def test_where_no_level_is_high_enough_the_next_one_stands_for_it() -> None:
    values = [0, 1, 2, 3, 4, 9, 9, 9]
    assert ivh(line(values))["i10"] == 10
    assert ivh(line([0.5, *values[1:]]), ivh_bin_width=3.0)["i10"] == 0.5 + 3.5 * 3
    assert ivh(line(values), ivh_bin_count=4)["i10"] == 5


@pytest.mark.parametrize(
    ("values", "facts", "options", "above"),
    [
        ([7, 7, 7], {}, {}, 8),
        ([7.5, 7.5], {}, {}, 2),
        ([7.5, 7.5], {}, {"ivh_bin_count": 32}, 2),
        ([7, 9], {}, {"ivh_bin_count": 1}, 2),
        ([7.5, 8.0], {}, {"ivh_bin_width": 2.0}, 7.5 + 3),
        ([7.5, 8.0], {"thresholds": (7.0, 8.5)}, {"ivh_bin_width": 1.0}, 7 + 1.5),
    ],
)
def test_one_level(values: Any, facts: dict[str, Any], options: dict[str, Any], above: float) -> None:
    with collect_remarks() as notes:
        found = ivh(line(values, **facts), **options)
    expected = {"v10": 1, "v90": 1, "i10": above, "i90": above, "auc": 0}
    assert found == {**expected, "diff_v10_v90": 0, "diff_i10_i90": 0}
    assert notes == ["ivh: the range has one level only; v10, v90 and auc tell nothing of the region"]


def test_equal_intensities_in_a_range_have_fractions_of_it() -> None:
    with collect_remarks() as notes:
        found = ivh(line([7, 7, 7], thresholds=(0.0, 10.0)))
    assert found == pytest.approx(
        {"v10": 1, "v90": 0, "i10": 8, "i90": 8, "diff_v10_v90": 1, "diff_i10_i90": 0, "auc": 0.75}
    )
    assert notes == []


def test_an_end_too_far_away_to_count_from_is_an_open_one() -> None:
    region = random_region(0, thresholds=(-1e30, 20.0))
    assert ivh(region) == ivh(replace(region, thresholds=(-np.inf, 20.0)))


def test_levels_are_not_listed() -> None:
    values = np.array([-(10**12), 0, 5, 10**12])
    found = ivh(line(values))
    assert (found["i10"], found["i90"]) == (10**12 + 1, 1 - 10**12)
    assert (found["v10"], found["v90"]) == (0.75, 0.25)
    # numbers that large are whole for want of digits
    assert ivh(line(values * 1e12))["i10"] == 1001


def test_options_that_cannot_be_followed_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"both ivh_bin_width \(2\) and ivh_bin_count \(8\) are set"):
        ivh(line([1, 5]), ivh_bin_width=2.0, ivh_bin_count=8)
    with pytest.raises(
        RegionError, match=r"ivh_bin_width 1e-06 is too narrow .* set a larger one, or ivh_bin_c"
    ):
        ivh(line([1, 5]), ivh_bin_width=1e-6)
