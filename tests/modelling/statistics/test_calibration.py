"""Calibration, against scikit-learn, worked examples and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.special import logit as log_odds
from sklearn.isotonic import IsotonicRegression

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.calibration import (
    brier_decomposition,
    calibration_bins,
    calibration_curve,
    calibration_figures,
    integrated_calibration_index,
)
from radiomics_screen.modelling.statistics.logistic import slope_fit
from radiomics_screen.modelling.statistics.proportions import wilson
from tests.helpers.outcomes import drawn, maximum_likelihood


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("levels", [None, 6])
def test_slope_and_intercept_are_scikit_learns(seed, levels):
    outcome, p, weights = drawn(120, seed, slope=0.7, shift=0.4, levels=levels)
    found = calibration_figures(outcome, p, weights)
    for number, weight in enumerate(weights):
        intercept, slope = maximum_likelihood(log_odds(p), outcome, weight)
        assert found["slope"][number] == pytest.approx(slope, abs=1e-6)
        assert found["intercept"][number] == pytest.approx(intercept, abs=1e-6)
        a = found["intercept_in_the_large"][number]  # where its likelihood is flat
        assert weight @ (expit(a + log_odds(p)) - outcome) == pytest.approx(0, abs=1e-7)


def test_over_fitted_probabilities_have_a_slope_below_one():
    outcome, p, _ = drawn(60_000, seed=1, slope=0.5, shift=-0.3)
    found = calibration_figures(outcome, p)
    assert found["slope"][0] == pytest.approx(0.5, abs=0.02)
    assert found["intercept"][0] == pytest.approx(-0.3, abs=0.03)
    true = calibration_figures(*drawn(60_000, seed=2)[:2])
    assert true["slope"][0] == pytest.approx(1, abs=0.03)
    assert true["intercept_in_the_large"][0] == pytest.approx(0, abs=0.03)
    assert true["ece"][0] < 0.01
    too_high = calibration_figures(*drawn(60_000, seed=3, shift=-1)[:2])
    assert too_high["intercept_in_the_large"][0] == pytest.approx(-1, abs=0.03)
    assert too_high["observed_to_expected"][0] < 0.8


def test_a_weight_is_a_number_of_copies():
    outcome, p, weights = drawn(90, seed=5)
    copies = np.repeat(np.arange(90), weights[0].astype(int))
    weighted, copied = (
        calibration_figures(outcome, p, weights[:1]),
        calibration_figures(outcome[copies], p[copies]),
    )
    for name in set(weighted) - {"ece"}:  # bins are those of the unweighted rows
        assert weighted[name][0] == pytest.approx(copied[name][0], rel=1e-6), name


def test_worked_example():
    """Four rows at 0.2 of which one is positive, four at 0.8 of which two are."""
    outcome, p = [1, 0, 0, 0, 1, 1, 0, 0], [0.2] * 4 + [0.8] * 4
    found = {name: value[0] for name, value in calibration_figures(outcome, p, bins=2).items()}
    slope = (log_odds(0.5) - log_odds(0.25)) / (log_odds(0.8) - log_odds(0.2))
    assert found["slope"] == pytest.approx(slope)
    assert found["intercept"] == pytest.approx(-slope * log_odds(0.8))
    assert found["ece"] == pytest.approx((0.05 + 0.3) / 2)
    assert found["observed_to_expected"] == pytest.approx(3 / 4)
    assert found["brier"] == pytest.approx((0.64 + 3 * 0.04 + 2 * 0.04 + 2 * 0.64) / 8)
    assert found["scaled_brier"] == pytest.approx(1 - found["brier"] / (3 / 8 * 5 / 8))


@pytest.mark.parametrize(
    ("outcome", "p", "undefined"),
    [
        ([1, 1, 1], [0.2, 0.5, 0.9], {"slope", "intercept", "intercept_in_the_large", "scaled_brier"}),
        ([0, 1, 1, 0], [0.3] * 4, {"slope", "intercept"}),
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], {"slope", "intercept"}),  # parted
        ([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4], {"slope", "intercept"}),  # parted the wrong way
        ([0, 0, 1, 1], [0.1, 0.2, 0.2, 0.4], {"slope", "intercept"}),  # touching
        ([0, 1], [0.0, 0.0], {"slope", "intercept", "observed_to_expected"}),
        ([0, 1, 0, 1], [0.0, 0.0, 1.0, 1.0], set()),
        ([], [], None),
    ],
)
def test_what_has_no_value_is_nan(outcome, p, undefined):
    found = calibration_figures(outcome, p)
    missing = {name for name, value in found.items() if np.isnan(value[0])}
    assert missing == (set(found) if undefined is None else undefined)


def test_separation_is_seen_in_each_weighting():
    outcome, p = [0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4]
    found = calibration_figures(
        outcome, p, [[1, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 0], [0, 1, 0, 1]]
    )
    assert np.isnan(found["slope"]).tolist() == [False, True, True, False, True]


def test_extreme_slopes_are_found():
    """Nearly parted classes, and probabilities near one another: far from where the search starts."""
    p = np.r_[np.linspace(0.500, 0.501, 50), np.linspace(0.5005, 0.502, 50)]
    outcome = np.repeat([0, 1], 50)
    found = calibration_figures(outcome, p)
    x, a, b = log_odds(p), found["intercept"][0], found["slope"][0]
    left = expit(a + b * x) - outcome
    assert b > 1000
    assert [left.sum(), left @ (x * 1000)] == pytest.approx([0, 0], abs=1e-5)


@pytest.mark.filterwarnings("error")
def test_the_maximum_is_found_however_odd_the_rows():
    """One row far out stretches the scale; nearly parted classes have a steep maximum."""
    random, found = np.random.default_rng(17), 0
    for round_ in range(400):
        rows = int(random.integers(4, 40))
        x, y = random.normal(size=rows), random.integers(0, 2, rows).astype(float)
        if round_ % 2:
            x[0] *= 500
        else:
            x, y = np.sort(x), (np.arange(rows) > rows / 2) * 1.0
            y[random.integers(0, rows)] = random.integers(0, 2)
        weights = random.integers(0, 3, (2, rows)).astype(float)
        for weight, a, b in zip(weights, *slope_fit(x, y, weights), strict=True):
            if not np.isnan(b):
                excess = weight * (expit(a + b * x) - y)
                assert [excess.sum(), excess @ x / x.std()] == pytest.approx([0, 0], abs=1e-6)
                found += 1
    assert found > 300


def test_scores_outside_0_to_1_are_refused():
    with pytest.raises(ModelError, match=r"probabilities run from -0\.1 to 0\.5"):
        calibration_figures([0, 1], [-0.1, 0.5])


# --- curves ---------------------------------------------------------------------------------------


def test_bins_hold_equal_counts_and_wilsons_interval():
    outcome, p, _ = drawn(200, seed=1)
    found = calibration_bins(outcome, p, bins=8)
    assert found.rows.tolist() == [25] * 8
    order = np.argsort(p)
    for number in range(8):
        rows = order[25 * number : 25 * number + 25]
        assert found.predicted[number] == pytest.approx(p[rows].mean())
        assert found.observed[number] == pytest.approx(outcome[rows].mean())
        low, high = wilson(outcome[rows].sum(), 25)
        assert (found.low[number], found.high[number]) == pytest.approx((float(low), float(high)))


def test_equal_probabilities_share_a_bin():
    found = calibration_bins([0, 1, 0, 1, 1], [0.2, 0.2, 0.2, 0.2, 0.9], bins=4)
    assert found.rows.tolist() == [4, 1]
    middle = calibration_bins([0, 1, 0, 1, 1, 0], [0.1, 0.5, 0.5, 0.5, 0.5, 0.9], bins=3)
    assert middle.rows.tolist() == [1, 4, 1]
    assert calibration_bins([0, 1], [0.5, 0.5]).rows.tolist() == [2]
    assert len(calibration_bins([], []).rows) == 0
    with pytest.raises(ModelError, match="at least 2"):
        calibration_bins([0, 1], [0.5, 0.5], bins=1)


def test_bins_of_few_patients_are_wide():
    outcome, p, _ = drawn(100, seed=3)
    owner = np.tile(np.arange(100), 4)
    many = calibration_bins(np.tile(outcome, 4), np.tile(p, 4), owner, bins=5)
    one, naive = (
        calibration_bins(outcome, p, bins=5),
        calibration_bins(np.tile(outcome, 4), np.tile(p, 4), bins=5),
    )
    np.testing.assert_allclose(many.high - many.low, one.high - one.low, rtol=0.05)
    assert np.all(naive.high - naive.low < 0.6 * (many.high - many.low))


def test_the_smooth_curve_is_a_weighted_line_fit():
    outcome, p, weights = drawn(80, seed=6)
    grid = [0.1, 0.37, 0.8]
    found = calibration_curve(outcome, p, grid, weights, span=0.5)
    for place, at in enumerate(grid):
        distance = np.abs(p - at)
        near = np.sort(distance)[39]
        kernel = np.clip(1 - (distance / near) ** 3, 0, None) ** 3
        for number, weight in enumerate(weights):
            line = np.polynomial.polynomial.polyfit(p - at, outcome, 1, w=np.sqrt(kernel * weight))
            assert found[number, place] == pytest.approx(np.clip(line[0], 0, 1), abs=1e-6)


def test_the_smooth_curve_finds_the_truth():
    outcome, p, _ = drawn(40_000, seed=7, slope=0.6)
    grid = np.linspace(0.1, 0.9, 9)
    found = calibration_curve(outcome, p, grid, span=0.3)[0]
    np.testing.assert_allclose(found, expit(0.6 * log_odds(grid)), atol=0.02)
    expected = np.mean(np.abs(expit(0.6 * log_odds(p)) - p))
    assert integrated_calibration_index(outcome, p, span=0.3)[0] == pytest.approx(expected, abs=0.01)
    assert integrated_calibration_index(*drawn(40_000, seed=8)[:2])[0] < 0.012


def test_smooth_curves_of_few_different_probabilities():
    np.testing.assert_allclose(calibration_curve([0, 1, 1], [0.4] * 3, [0.4, 0.5]), [[2 / 3] * 2])
    two = calibration_curve([0, 1, 1, 1], [0.2, 0.2, 0.9, 0.9], [0.2, 0.9], span=0.5)
    np.testing.assert_allclose(two, [[0.5, 1]])
    assert integrated_calibration_index([0, 1, 1], [0.4] * 3)[0] == pytest.approx(2 / 3 - 0.4)
    assert np.isnan(calibration_curve([0, 1], [0.2, 0.8], [0.5], [[0, 0]])).all()
    for span in (0, 1.5):
        with pytest.raises(ModelError, match="span"):
            calibration_curve([0, 1], [0.2, 0.8], [0.5], span=span)


# --- Brier score ----------------------------------------------------------------------------------


def test_the_brier_score_is_the_sum_of_its_parts():
    outcome, p, weights = drawn(300, seed=9, slope=0.5, shift=0.5)
    for weight in (np.ones(300), weights[0]):
        parts = brier_decomposition(outcome, p, weight)
        assert parts["brier"] == pytest.approx(np.average((p - outcome) ** 2, weights=weight))
        left = parts["miscalibration"] - parts["discrimination"] + parts["uncertainty"]
        assert parts["brier"] == pytest.approx(left)
        best = IsotonicRegression().fit_transform(p, outcome, sample_weight=np.maximum(weight, 1e-300))
        expected = parts["brier"] - np.average((best - outcome) ** 2, weights=weight)
        assert parts["miscalibration"] == pytest.approx(expected, abs=1e-9)


def test_parts_of_extreme_forecasts():
    perfect = brier_decomposition([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9])
    assert perfect["discrimination"] == perfect["uncertainty"] == 0.25
    constant = brier_decomposition([0, 0, 1, 0], [0.5] * 4)
    assert constant["discrimination"] == 0
    assert constant["miscalibration"] == pytest.approx(0.0625)
