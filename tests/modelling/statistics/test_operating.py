"""Thresholds and what happens there, against plain loops over all thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.metrics import figures
from radiomics_screen.modelling.statistics.operating import (
    likelihood_ratios,
    operating_point,
    sensitivity_at_specificity,
    specificity_at_sensitivity,
    threshold_at_sensitivity,
    threshold_at_specificity,
    youden_threshold,
)
from radiomics_screen.modelling.statistics.proportions import proportion, wilson


def drawn(seed: int, rows: int = 40, levels: int | None = 12):
    random = np.random.default_rng(seed)
    outcome = random.integers(0, 2, rows)
    outcome[:2] = 0, 1
    score = np.clip(0.3 * outcome + 0.7 * random.random(rows), 0, 1)
    weights = random.integers(0, 3, (5, rows)).astype(float)
    weights[:, :2] = 1
    return outcome, np.round(score * levels) / levels if levels else score, weights


def rates(outcome, score, weight, threshold):
    found = figures(outcome, score, threshold=threshold, weights=weight[np.newaxis])
    return found["sensitivity"][0], found["specificity"][0]


@pytest.mark.parametrize("levels", [None, 12])
@pytest.mark.parametrize("part", [0.05, 0.5, 0.8, 0.9, 1.0])
def test_thresholds_are_those_of_a_search(part, levels):
    for seed in range(6):
        outcome, score, weights = drawn(seed, levels=levels)
        sensitive = threshold_at_sensitivity(outcome, score, part, weights)
        specific = threshold_at_specificity(outcome, score, part, weights)
        best_specificity = specificity_at_sensitivity(outcome, score, part, weights)
        best_sensitivity = sensitivity_at_specificity(outcome, score, part, weights)
        for number, weight in enumerate(weights):
            tried = np.r_[np.unique(score), 2.0]
            sens, spec = np.array([rates(outcome, score, weight, t) for t in tried]).T
            assert sensitive[number] == tried[sens >= part - 1e-9].max()
            expected = tried[spec >= part - 1e-9].min()
            if expected == 2.0:  # no score reaches it: nothing may be called
                assert specific[number] == np.nextafter(score.max(), 2)
            else:
                assert specific[number] == expected
            assert best_specificity[number] == pytest.approx(spec[sens >= part - 1e-9].max())
            assert best_sensitivity[number] == pytest.approx(sens[spec >= part - 1e-9].max())


def test_a_threshold_reaches_what_it_was_asked_for_despite_rounding():
    """0.9 of 10 positives is 9 of them, though 0.9 * 10 and 9 / 10 differ in the last digit for some."""
    for rows in range(1, 60):
        outcome, score = np.ones(rows), np.arange(rows, 0, -1.0)
        for hits in range(1, rows + 1):
            assert threshold_at_sensitivity(outcome, score, hits / rows)[0] == score[hits - 1]


def test_worked_example():
    outcome, score = [1, 1, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.6, 0.4, 0.1]
    assert threshold_at_sensitivity(outcome, score, 0.67)[0] == 0.6
    assert threshold_at_sensitivity(outcome, score, 0.66)[0] == 0.8
    assert specificity_at_sensitivity(outcome, score, 1)[0] == pytest.approx(2 / 3)
    assert threshold_at_specificity(outcome, score, 1)[0] == 0.8
    assert threshold_at_specificity(outcome, score, 0.5)[0] == 0.6  # 2 of 3 negatives lie below
    assert sensitivity_at_specificity(outcome, score, 1)[0] == pytest.approx(2 / 3)
    thresholds, index = youden_threshold(outcome, score)
    assert (thresholds[0], index[0]) == pytest.approx((0.6, 2 / 3))  # 0.8 does as well; 0.6 is more sensitive


def test_where_a_class_is_missing():
    for function in (threshold_at_sensitivity, sensitivity_at_specificity, specificity_at_sensitivity):
        assert np.isnan(function([0, 0], [0.1, 0.2], 0.9)).all()
    assert np.isnan(threshold_at_specificity([1, 1], [0.1, 0.2], 0.9)).all()
    assert threshold_at_specificity([0, 0], [0.1, 0.2], 0.5)[0] == 0.2
    assert np.isnan(youden_threshold([1, 1], [0.1, 0.2])).all()


def test_constant_scores():
    outcome, score = [1, 0, 1], [0.4, 0.4, 0.4]
    assert threshold_at_sensitivity(outcome, score, 0.9)[0] == 0.4
    assert specificity_at_sensitivity(outcome, score, 0.9)[0] == 0
    assert sensitivity_at_specificity(outcome, score, 0.9)[0] == 0
    assert youden_threshold(outcome, score)[1][0] == 0


@pytest.mark.parametrize("part", [0, -0.1, 1.1, np.nan])
def test_impossible_parts_are_refused(part):
    with pytest.raises(ModelError, match="above 0 and at most 1"):
        threshold_at_sensitivity([0, 1], [0.1, 0.2], part)
    with pytest.raises(ModelError, match="no rows"):
        threshold_at_sensitivity([], [], 0.5)


# --- proportions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("hits", "trials"), [(0, 7), (7, 7), (3, 10), (81, 263)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_wilsons_interval_is_scipys(hits, trials, level):
    expected = binomtest(hits, trials).proportion_ci(level, "wilson")
    assert wilson(hits, trials, level) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilsons_interval_published_example():
    """81 of 263: 0.2553 to 0.3662 (Newcombe 1998, Stat Med 17:857, table I)."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert np.isnan(wilson(0, 0)).all()


def test_rows_of_a_patient_that_agree_count_once():
    hit = np.repeat([1, 0, 1, 1, 0, 0, 0, 1, 0, 0], 4)
    owner = np.repeat(np.arange(10), 4)
    found = proportion(hit, owner)
    assert found.value == 0.4
    assert found.effective == pytest.approx(9)  # 10, less the one that the mean takes
    assert proportion(hit).effective == 40
    assert (found.low, found.high) == pytest.approx(tuple(float(end) for end in wilson(3.6, 9)))
    assert proportion(np.ones(40), owner).effective == 10
    assert np.isnan(proportion([]).value)
    assert proportion([1, 0] * 10, np.repeat(np.arange(10), 2)).effective == 20  # patients all alike: no gain


def test_clustered_proportions_hold_the_truth():
    random, held, naive = np.random.default_rng(4), 0, 0
    owner = np.repeat(np.arange(60), 3)
    for _ in range(500):
        chance = random.beta(2, 1, 60)  # mean 2/3
        hit = random.random(180) < chance[owner]
        found, plain = proportion(hit, owner), proportion(hit)
        held += found.low <= 2 / 3 <= found.high
        naive += plain.low <= 2 / 3 <= plain.high
    assert 0.92 <= held / 500 <= 0.98
    assert naive < held - 15


def test_operating_point_by_hand():
    outcome = np.repeat([1, 0], [100, 200])
    score = np.r_[np.full(90, 0.8), np.full(10, 0.2), np.full(40, 0.8), np.full(160, 0.2)]
    found = operating_point(outcome, score, 0.5)
    assert (found.tp, found.fp, found.tn, found.fn) == (90, 40, 160, 10)
    values = {name: part.value for name, part in found.proportions.items()}
    assert values == pytest.approx(
        {"sensitivity": 0.9, "specificity": 0.8, "ppv": 90 / 130, "npv": 160 / 170, "accuracy": 250 / 300}
    )
    for name, hits, trials in (("sensitivity", 90, 100), ("npv", 160, 170), ("accuracy", 250, 300)):
        part = found.proportions[name]
        assert (part.low, part.high) == pytest.approx(tuple(float(end) for end in wilson(hits, trials)))
        assert (part.hits, part.trials) == (hits, trials)
    # Simel's: exp(log LR +- 1.96 sqrt(1/90 - 1/100 + 1/40 - 1/200))
    ratio = found.positive_ratio
    reach = 1.959964 * np.sqrt(1 / 90 - 1 / 100 + 1 / 40 - 1 / 200)
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx(
        (4.5, 4.5 * np.exp(-reach), 4.5 * np.exp(reach))
    )
    assert found.negative_ratio.value == pytest.approx(0.125)
    reach = 1.959964 * np.sqrt(1 / 10 - 1 / 100 + 1 / 160 - 1 / 200)
    assert found.negative_ratio.high == pytest.approx(0.125 * np.exp(reach))


def test_operating_point_agrees_with_the_metrics_and_widens_with_patients():
    outcome, score, _ = drawn(3, rows=200)
    found, expected = operating_point(outcome, score, 0.5), figures(outcome, score)
    for name, part in found.proportions.items():
        assert part.value == pytest.approx(expected[name][0])
    ratios = likelihood_ratios(expected["sensitivity"], expected["specificity"])
    assert (found.positive_ratio.value, found.negative_ratio.value) == pytest.approx([r[0] for r in ratios])
    doubled = operating_point(np.tile(outcome, 2), np.tile(score, 2), 0.5, np.tile(np.arange(200), 2))
    for name, part in found.proportions.items():
        assert (doubled.proportions[name].low, part.low) == pytest.approx((part.low, part.low), rel=0.01)
    assert doubled.positive_ratio.high == pytest.approx(found.positive_ratio.high, rel=0.02)


def test_likelihood_ratios_at_the_ends():
    nothing = operating_point([1, 1, 0, 0], [0.6, 0.4, 0.3, 0.2], 0.5)
    assert nothing.positive_ratio.value == np.inf
    assert np.isnan(nothing.positive_ratio.low)
    assert nothing.negative_ratio.value == 0.5
    uncalled = operating_point([1, 0], [0.1, 0.2], 0.5)
    assert np.isnan(uncalled.positive_ratio.value)
    assert np.isnan(uncalled.proportions["ppv"].value)
    positive, negative = likelihood_ratios([0.9, 0.0], [1.0, 1.0])
    assert positive[0] == np.inf
    assert np.isnan(positive[1])
    np.testing.assert_allclose(negative, [0.1, 1.0])
    one_class = operating_point([1, 1], [0.6, 0.4], 0.5)
    assert np.isnan([one_class.positive_ratio.value, one_class.proportions["specificity"].low]).all()
