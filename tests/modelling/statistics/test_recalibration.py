"""Recalibration maps, against scikit-learn and on new rows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit
from scipy.special import logit as log_odds
from sklearn.isotonic import IsotonicRegression

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.calibration import calibration_figures
from radiomics_screen.modelling.statistics.recalibration import (
    Isotonic,
    Platt,
    fit_isotonic,
    fit_platt,
    recalibration_from_dict,
)
from tests.helpers.outcomes import drawn, maximum_likelihood


def test_platts_map_is_the_logistic_regression_of_his_targets():
    outcome, p, weights = drawn(150, seed=10, slope=0.4, shift=1)
    weight = weights[0]
    found = fit_platt(outcome, p, weight)
    ones, zeros = weight @ outcome, weight @ (1 - outcome)
    target = np.where(outcome, (ones + 1) / (ones + 2), 1 / (zeros + 2))
    x = np.tile(log_odds(p), 2)
    both = np.repeat([1, 0], 150)
    intercept, slope = maximum_likelihood(x, both, np.r_[weight * target, weight * (1 - target)])
    assert (found.intercept, found.slope) == pytest.approx((intercept, slope), abs=1e-6)


def test_recalibrated_probabilities_are_calibrated_on_new_rows():
    outcome, p, _ = drawn(20_000, seed=11, slope=0.5, shift=0.7)
    again, q, _ = drawn(20_000, seed=12, slope=0.5, shift=0.7)
    before = calibration_figures(again, q)
    for fit in (fit_platt, fit_isotonic):
        after = calibration_figures(again, fit(outcome, p).apply(q))
        assert after["slope"][0] == pytest.approx(1, abs=0.08)
        assert after["intercept_in_the_large"][0] == pytest.approx(0, abs=0.06)
        assert after["ece"][0] < 0.2 * before["ece"][0]
        assert after["brier"][0] < before["brier"][0]


def test_isotonic_map_is_scikit_learns():
    for seed in range(5):
        outcome, p, weights = drawn(80, seed, levels=15 if seed % 2 else None)
        weight = weights[0] + 0.5
        found = fit_isotonic(outcome, p, weight)
        expected = IsotonicRegression(out_of_bounds="clip").fit(p, outcome, sample_weight=weight)
        grid = np.r_[p, np.linspace(0, 1, 301)]
        np.testing.assert_allclose(found.apply(grid), expected.predict(grid), atol=1e-12)
        assert np.all(np.diff(found.apply(np.sort(grid))) >= 0)
        assert len(found.at) <= len(np.unique(p))


def test_recalibration_of_odd_rows():
    constant = fit_platt([0, 1, 0, 0], [0.7] * 4)
    assert constant.slope == 0
    assert constant.apply([0.1, 0.9]) == pytest.approx((2 / 3 + 3 / 5) / 4)
    backwards = fit_platt([1, 1, 1, 0, 0, 0, 1, 0], np.linspace(0.1, 0.8, 8))
    assert backwards.slope == 0
    parted = fit_platt([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])
    assert np.isfinite([parted.slope, parted.intercept]).all()
    assert parted.slope > 0
    assert fit_isotonic([0, 1, 0, 0], [0.7] * 4).apply([0.0, 1.0]).tolist() == [0.25, 0.25]
    assert fit_isotonic([0, 1], [0.2, 0.8]).apply([0.0, 0.5, 1.0]) == pytest.approx([0, 0.5, 1])
    assert np.all(np.isfinite(fit_platt([0, 1, 1, 0], [0.0, 1.0, 0.2, 0.4]).apply([0.0, 1.0])))
    for fit in (fit_platt, fit_isotonic):
        with pytest.raises(ModelError, match="both classes"):
            fit([1, 1], [0.2, 0.4])
        with pytest.raises(ModelError, match="both classes"):
            fit([1, 0], [0.2, 0.4], [1, 0])
        with pytest.raises(ModelError, match="weights have shape"):
            fit([1, 0], [0.2, 0.4], [1, 0, 1])


@pytest.mark.parametrize("fit", [fit_platt, fit_isotonic])
def test_maps_survive_json(fit):
    outcome, p, _ = drawn(100, seed=13)
    found = fit(outcome, p)
    again = recalibration_from_dict(json.loads(json.dumps(found.to_dict())))
    assert again == found
    assert np.array_equal(again.apply(p), found.apply(p))


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"kind": "spline"},
        {"kind": "platt", "intercept": 1.0},
        {"kind": "platt", "intercept": "x", "slope": 1},
        {"kind": "platt", "intercept": float("nan"), "slope": 1},
        {"kind": "isotonic", "at": [], "values": []},
        {"kind": "isotonic", "at": [0.1, 0.2], "values": [0.5]},
        {"kind": "isotonic", "at": [0.2, 0.1], "values": [0.5, 0.6]},
        {"kind": "isotonic", "at": [0.1, 0.2], "values": [0.6, 0.5]},
        {"kind": "isotonic", "at": 3, "values": 4},
        {"kind": "isotonic", "at": [0.1, 0.2], "values": [0.5, float("nan")]},
    ],
)
def test_broken_maps_are_refused(values):
    with pytest.raises(ModelError):
        recalibration_from_dict(values)


def test_maps_are_what_they_say():
    assert Platt(0.5, 2).apply([0.5])[0] == pytest.approx(expit(0.5))
    assert Platt(0, 1).apply([0.3, 0.9]) == pytest.approx([0.3, 0.9])
    assert Isotonic((0.2, 0.6), (0.0, 1.0)).apply([0.1, 0.4, 0.9]) == pytest.approx([0, 0.5, 1])
