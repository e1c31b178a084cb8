"""Permuted labels, their p-value, differences on the same draws, and Holm's correction."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.arrays import patient_numbers
from radiomics_screen.modelling.statistics.metrics import METRICS, figures
from radiomics_screen.modelling.statistics.multiple_comparison import figure_differences, holm
from radiomics_screen.modelling.statistics.permutation import permutation_test, permuted_labels
from radiomics_screen.modelling.statistics.resampling import patient_weights, percentile_interval, resampled


def test_patients_with_one_outcome_swap_it():
    owner = np.array(list("aabcccddef"))
    outcome = np.array([1, 1, 0, 1, 1, 1, 0, 0, 0, 1])
    seen = set()
    for labels in permuted_labels(outcome, owner, 400):
        by_patient = {name: set(labels[owner == name]) for name in "abcdef"}
        assert all(len(values) == 1 for values in by_patient.values())
        assert sum(values == {1} for values in by_patient.values()) == 3
        seen.add(tuple(labels))
    assert len(seen) == 20  # 3 of 6


def test_patients_with_both_outcomes_swap_all_of_them():
    owner = np.array([3, 1, 1, 2, 2, 3, 4, 4, 4, 5])
    outcome = np.array([1, 0, 1, 0, 0, 1, 1, 0, 1, 0])
    seen = set()
    for labels in permuted_labels(outcome, owner, 200):
        assert labels[[6, 7, 8, 9]].tolist() == [1, 0, 1, 0]  # nobody else has three rows, or one
        blocks = (tuple(labels[[1, 2]]), tuple(labels[[3, 4]]), tuple(labels[[0, 5]]))
        assert sorted(blocks) == [(0, 0), (0, 1), (1, 1)]
        seen.add(blocks)
    assert seen == set(itertools.permutations([(0, 0), (0, 1), (1, 1)]))


def test_a_permutation_does_not_depend_on_how_many_follow():
    first = list(permuted_labels(np.arange(20) % 2, None, 3, seed=4))
    for one, other in zip(first, permuted_labels(np.arange(20) % 2, None, 9, seed=4), strict=False):
        assert np.array_equal(one, other)
    assert not np.array_equal(first[0], next(permuted_labels(np.arange(20) % 2, None, 1, seed=5)))


def test_what_cannot_be_permuted_is_refused():
    with pytest.raises(ModelError, match="all rows have the same"):
        list(permuted_labels([1, 1, 1], None, 2))
    with pytest.raises(ModelError, match="no two patients"):
        list(permuted_labels([1, 0, 1], [1, 1, 2], 2))
    with pytest.raises(ModelError, match="without a value"):
        permutation_test(lambda labels: np.nan, [0, 1])
    with pytest.raises(ModelError, match="at least one"):
        permutation_test(lambda labels: 1.0, [0, 1], permutations=0)


def test_p_is_that_of_all_labellings():
    """Difference of means of 4 and 4: the true one beats or equals 5 of 70 labellings, itself included."""
    values = np.array([7.0, 9, 4, 8, 5, 2, 3, 6])
    outcome = np.array([1, 1, 1, 1, 0, 0, 0, 0])

    def gap(labels):
        return values[labels == 1].mean() - values[labels == 0].mean()

    every = [gap(np.isin(np.arange(8), chosen).astype(int)) for chosen in itertools.combinations(range(8), 4)]
    exact = np.mean(np.array(every) >= gap(outcome) - 1e-12)
    found = permutation_test(gap, outcome, permutations=4000)
    assert found.p == pytest.approx(exact, abs=0.013)
    assert found.low <= exact <= found.high
    assert found.observed == gap(outcome)
    assert len(found.permuted) == 4000


def test_p_values_of_noise_are_valid_and_use_patients():
    random, by_patient, by_row = np.random.default_rng(6), [], []
    owner = np.repeat(np.arange(12), 4)
    for seed in range(300):
        outcome = random.permutation(np.repeat([0, 1], 6))[owner]
        score = random.normal(size=12)[owner] + 0.2 * random.normal(size=48)

        def auc(labels, score=score):
            return figures(labels, score)["auc"][0]

        by_patient.append(permutation_test(auc, outcome, owner, permutations=19, seed=seed).p)
        by_row.append(permutation_test(auc, outcome, permutations=19, seed=seed).p)
    assert 0.02 <= np.mean(np.array(by_patient) <= 0.05) <= 0.085
    assert np.mean(np.array(by_row) <= 0.05) > 0.15
    assert min(by_patient) == 0.05


def test_a_signal_is_found_and_the_smallest_p_is_not_zero():
    outcome = np.arange(40) % 2
    calls = []
    found = permutation_test(
        lambda labels: figures(labels, outcome + 0.0)["auc"][0],
        outcome,
        observed=1.0,
        permutations=99,
        progress=lambda done, of: calls.append((done, of)),
    )
    assert found.p == 0.01
    assert found.low == 0
    assert calls == [(i, 99) for i in range(1, 100)]


def test_stopping_early():
    random = np.random.default_rng(0)
    found = permutation_test(
        lambda labels: random.random(), [0, 1] * 5, observed=0.5, enough=8, permutations=900
    )
    assert np.sum(found.permuted >= 0.5) == 8
    assert found.permuted[-1] >= 0.5
    assert found.p == 8 / len(found.permuted)
    last = permutation_test(lambda labels: 1.0, [0, 1] * 5, observed=1.0, enough=4, permutations=4)
    assert last.p == 1.0


def test_a_permuted_figure_without_a_value_counts_against():
    found = permutation_test(lambda labels: np.nan, [0, 1] * 5, observed=0.9, permutations=9)
    assert found.p == 1.0
    assert np.isnan(found.permuted).all()


# --- Holm's correction ----------------------------------------------------------------------------


def test_holm_worked_example():
    """p = 0.01, 0.04, 0.03, 0.005: times 3, 1, 2, 4, and never below a smaller one's."""
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.6, 0.7]), [1.0, 1.0])
    np.testing.assert_allclose(holm([0.02, np.nan, 0.04]), [0.04, np.nan, 0.04])
    assert len(holm([])) == 0
    for p in ([-0.1], [1.2]):
        with pytest.raises(ModelError, match="p-value"):
            holm(p)


def test_holm_keeps_false_alarms_rare():
    p = np.random.default_rng(1).random((3000, 6))
    alarms = np.mean([np.any(holm(row) <= 0.05) for row in p])
    assert alarms == pytest.approx(1 - (1 - 0.05 / 6) ** 6, abs=0.012)


# --- bootstrap over patients ----------------------------------------------------------------------


def test_differences_are_those_of_the_same_draws():
    random = np.random.default_rng(2)
    owner = np.repeat(np.arange(40), 2)
    outcome = (np.arange(40) % 3 == 0).astype(int)[owner]
    first, second = np.clip(0.3 * outcome + 0.6 * random.random((2, 80)), 0, 1)
    found = figure_differences(outcome, first, second, owner, thresholds=(0.5, 0.3), resamples=300, seed=3)
    counts = np.random.default_rng(3).multinomial(40, np.full(40, 1 / 40), size=300)[:, owner]
    one = figures(outcome, first, threshold=0.5, weights=counts)
    two = figures(outcome, second, threshold=0.3, weights=counts)
    for name in METRICS:
        low, high = np.quantile(one[name] - two[name], [0.025, 0.975])
        assert (found[name].low, found[name].high) == pytest.approx((low, high)), name
        assert found[name].difference == pytest.approx(found[name].first - found[name].second)
    assert found["auc"].first == figures(outcome, first)["auc"][0]
    same = figure_differences(outcome, first, first, owner, resamples=50)
    assert {one.difference for one in same.values()} == {0.0}
    assert np.isnan([[one.low, one.high] for one in same.values()]).all()


def test_an_interval_of_few_resamples_with_a_value_is_none():
    drawn = np.array([[1.0, np.nan, np.nan], [2, 5, np.nan], [3, np.nan, np.nan], [4, 6, np.nan], [5, 7, 1]])
    low, high = percentile_interval(drawn, 0.5)
    np.testing.assert_allclose(low, [2, 5.5, np.nan])
    np.testing.assert_allclose(high, [4, 6.5, np.nan])


def test_pieces_in_which_weights_come_do_not_show():
    patient = np.arange(5000) // 2
    whole = np.random.default_rng(1).multinomial(2500, np.full(2500, 1 / 2500), size=120)[:, patient]
    assert np.array_equal(np.concatenate(list(patient_weights(patient, 120, seed=1))), whole)
    sums = resampled(lambda weights: weights[:, :3], patient, resamples=120, seed=1)
    assert np.array_equal(sums, whole[:, :3])
    with pytest.raises(ModelError, match="needs rows"):
        next(patient_weights(np.array([], dtype=int), 10, 0))
    with pytest.raises(ModelError, match="patients have shape"):
        patient_numbers([1, 2], 3)
