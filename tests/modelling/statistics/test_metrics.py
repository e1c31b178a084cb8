"""Figures and their intervals, against scikit-learn, plain loops and worked examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics as sk

from radiomics_screen.modelling.statistics.intervals import bootstrap_figures, exact_interval
from radiomics_screen.modelling.statistics.metrics import METRICS, figures


def drawn(rows: int, seed: int, levels: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcome, probability (with ties where `levels` are few) and weights with zeros among them."""
    random = np.random.default_rng(seed)
    outcome = random.integers(0, 2, rows)
    outcome[:2] = 0, 1
    probability = np.clip(0.25 * outcome + 0.75 * random.random(rows), 0, 1)
    if levels:
        probability = np.round(probability * levels) / levels
    weights = random.integers(0, 4, rows).astype(float)
    weights[:2] = 1
    return outcome, probability, weights


REFERENCE = {
    "auc": lambda y, p, c, w: sk.roc_auc_score(y, p, sample_weight=w),
    "average_precision": lambda y, p, c, w: sk.average_precision_score(y, p, sample_weight=w),
    "accuracy": lambda y, p, c, w: sk.accuracy_score(y, c, sample_weight=w),
    "balanced_accuracy": lambda y, p, c, w: sk.balanced_accuracy_score(y, c, sample_weight=w),
    "sensitivity": lambda y, p, c, w: sk.recall_score(y, c, sample_weight=w),
    "specificity": lambda y, p, c, w: sk.recall_score(y, c, pos_label=0, sample_weight=w),
    "ppv": lambda y, p, c, w: sk.precision_score(y, c, sample_weight=w, zero_division=np.nan),
    "npv": lambda y, p, c, w: sk.precision_score(y, c, pos_label=0, sample_weight=w, zero_division=np.nan),
    "f1": lambda y, p, c, w: sk.f1_score(y, c, sample_weight=w),
    "brier": lambda y, p, c, w: sk.brier_score_loss(y, p, sample_weight=w),
}


def test_every_figure_has_a_reference():
    assert list(REFERENCE) == list(METRICS)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(4, 60),
    seed=st.integers(0, 9999),
    levels=st.sampled_from([None, 1, 3, 10]),
    threshold=st.sampled_from([0.2, 0.5, 0.7]),
)
def test_figures_are_scikit_learns_with_ties_and_weights(rows, seed, levels, threshold):
    outcome, probability, weights = drawn(rows, seed, levels)
    called = (probability >= threshold).astype(int)
    several = np.stack([np.ones(rows), weights, 2.5 * weights])
    found = figures(outcome, probability, threshold=threshold, weights=several)
    for name, reference in REFERENCE.items():
        expected = [reference(outcome, probability, called, w) for w in several]
        np.testing.assert_allclose(found[name], expected, rtol=1e-12, atol=1e-12, err_msg=name)


def test_a_weight_is_a_number_of_copies():
    outcome, probability, weights = drawn(50, seed=1, levels=10)
    copies = np.repeat(np.arange(50), weights.astype(int))
    weighted = figures(outcome, probability, weights=weights[np.newaxis])
    copied = figures(outcome[copies], probability[copies])
    for name in METRICS:
        np.testing.assert_allclose(weighted[name], copied[name], rtol=1e-12)


def test_worked_example():
    # called at 0.5: the first three; tp 2, fp 1, fn 1, tn 2
    found = figures([1, 0, 1, 1, 0, 0], [0.9, 0.8, 0.5, 0.4, 0.2, 0.1])
    expected = {
        "auc": 7 / 9,  # of the nine pairs, the 0.8 beats two positives
        "average_precision": (1 + 2 / 3 + 3 / 4) / 3,
        "accuracy": 4 / 6,
        "balanced_accuracy": 4 / 6,
        "sensitivity": 2 / 3,
        "specificity": 2 / 3,
        "ppv": 2 / 3,
        "npv": 2 / 3,
        "f1": 2 / 3,
        "brier": (0.01 + 0.64 + 0.25 + 0.36 + 0.04 + 0.01) / 6,
    }
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], [value], rtol=1e-12, err_msg=name)


def test_what_has_no_value_is_nan():
    undefined = {name for name, value in figures([0, 0], [0.1, 0.2]).items() if np.isnan(value[0])}
    assert undefined == {"auc", "average_precision", "balanced_accuracy", "sensitivity", "ppv", "f1"}
    undefined = {name for name, value in figures([1, 1], [0.8, 0.9]).items() if np.isnan(value[0])}
    assert undefined == {"auc", "balanced_accuracy", "specificity", "npv"}


# --- intervals ----------------------------------------------------------------------------------


def clustered(patients: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcome, probability and patient; rows of one patient are alike."""
    random = np.random.default_rng(seed)
    owner = np.repeat(np.arange(patients), random.integers(1, 5, patients))
    outcome = (random.random(patients) < 0.4).astype(int)[owner]
    score = 1.2 * outcome + random.normal(size=patients)[owner] + 0.3 * random.normal(size=len(owner))
    return outcome, 1 / (1 + np.exp(0.6 - score)), owner


def test_intervals_are_those_of_a_plain_loop_over_drawn_patients():
    outcome, probability, owner = clustered(50, seed=3)
    found = bootstrap_figures(outcome, probability, owner, resamples=4000, seed=1)
    rows_of = [np.flatnonzero(owner == patient) for patient in range(50)]
    random = np.random.default_rng(77)
    looped: dict[str, list[float]] = {name: [] for name in ("auc", "average_precision", "brier")}
    for _ in range(600):
        rows = np.concatenate([rows_of[patient] for patient in random.integers(0, 50, 50)])
        y, p = outcome[rows], probability[rows]
        for name, values in looped.items():
            values.append(REFERENCE[name](y, p, p >= 0.5, None))
    for name, values in looped.items():
        spread = np.std(values)
        low, high = np.quantile(values, [0.025, 0.975])
        assert found[name].low == pytest.approx(low, abs=0.3 * spread), name
        assert found[name].high == pytest.approx(high, abs=0.3 * spread), name


def test_resamples_are_exactly_weighted_figures():
    """The pieces in which resamples are computed do not show."""
    outcome, probability, owner = clustered(2000, seed=4)
    found = bootstrap_figures(outcome, probability, owner, resamples=150, seed=8)
    counts = np.random.default_rng(8).multinomial(2000, np.full(2000, 1 / 2000), size=150)
    for name, values in figures(outcome, probability, weights=counts[:, owner]).items():
        low, high = np.quantile(values, [0.025, 0.975])
        assert (found[name].low, found[name].high) == pytest.approx((low, high), rel=1e-12)


def test_rows_of_one_patient_do_not_count_as_many():
    outcome, probability, owner = clustered(80, seed=5)
    by_patient = bootstrap_figures(outcome, probability, owner)["auc"]
    by_row = bootstrap_figures(outcome, probability, np.arange(len(owner)))["auc"]
    assert by_patient.high - by_patient.low > 1.2 * (by_row.high - by_row.low)
    twice = bootstrap_figures(np.tile(outcome, 2), np.tile(probability, 2), np.tile(owner, 2))["auc"]
    assert (twice.low, twice.high) == pytest.approx((by_patient.low, by_patient.high), abs=1e-12)


def test_repeats_are_averaged_with_the_patients_drawn_in_common():
    outcome, probability, owner = clustered(60, seed=6)
    one = bootstrap_figures(outcome, probability, owner, resamples=300)
    same = bootstrap_figures(outcome, np.stack([probability] * 3), owner, resamples=300)
    assert [vars(same[name]) for name in METRICS] == [pytest.approx(vars(one[name])) for name in METRICS]
    other = np.random.default_rng(0).permutation(probability)
    mean = bootstrap_figures(outcome, np.stack([probability, other]), owner, resamples=300)["auc"]
    alone = bootstrap_figures(outcome, other, owner, resamples=300)["auc"]
    assert mean.value == pytest.approx((one["auc"].value + alone.value) / 2)


def test_resamples_without_a_value_are_counted():
    outcome, probability = np.array([1, 0, 0, 0, 0]), np.array([0.9, 0.1, 0.2, 0.3, 0.4])
    found = bootstrap_figures(outcome, probability, np.arange(5), resamples=3000)
    missed = (4 / 5) ** 5  # the one positive is not drawn
    assert found["auc"].undefined / 3000 == pytest.approx(missed + (1 / 5) ** 5, abs=0.04)
    assert found["ppv"].undefined / 3000 == pytest.approx(missed, abs=0.04)
    assert found["brier"].undefined == 0
    assert found["auc"].value == 1.0


def test_a_proportion_without_a_miss_has_the_exact_interval_of_its_patients():
    """Ten patients with two rows each, told apart without a mistake; at 0.9 one row is called positive."""
    outcome = np.repeat([1, 0], [8, 12])
    owner = np.repeat(np.arange(10), 2)
    probability = np.r_[0.95, np.linspace(0.6, 0.89, 7), np.linspace(0.1, 0.4, 12)]
    found = bootstrap_figures(outcome, probability, owner, resamples=200)
    expected = {"accuracy": 10, "sensitivity": 4, "specificity": 6, "ppv": 4, "npv": 6}
    for name, patients in expected.items():
        low = binomtest(patients, patients).proportion_ci(0.95, "exact").low
        assert (found[name].low, found[name].high) == pytest.approx((low, 1.0)), name
    for name in ("auc", "average_precision", "balanced_accuracy", "f1"):
        assert found[name].value == 1.0
        assert np.isnan([found[name].low, found[name].high]).all(), name
    assert found["brier"].low < found["brier"].value < found["brier"].high
    one_call = bootstrap_figures(outcome, probability, owner, threshold=0.9, resamples=200)
    assert (one_call["ppv"].low, one_call["ppv"].high) == pytest.approx((0.025, 1.0))
    assert 0.25 < one_call["sensitivity"].high < 1
    wrong = bootstrap_figures(1 - outcome, probability, owner, resamples=200)["sensitivity"]
    assert (wrong.low, wrong.high) == pytest.approx((0.0, 1 - 0.025 ** (1 / 6)))


@pytest.mark.parametrize("trials", [1, 7, 400])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_exact_interval_is_clopper_and_pearsons(trials, level):
    for hits, proportion in ((0, 0.0), (trials, 1.0)):
        reference = binomtest(hits, trials).proportion_ci(level, "exact")
        assert exact_interval(proportion, trials, level) == pytest.approx((reference.low, reference.high))
    assert np.isnan(exact_interval(0.5, trials, level)).all()


def test_parts_may_predict_some_of_the_rows_only():
    """The mean of the folds' figures, drawn in common."""
    outcome, probability, owner = clustered(60, seed=2)
    fold = owner % 3
    parts = np.stack([np.where(fold == number, probability, np.nan) for number in range(3)])
    found = bootstrap_figures(outcome, parts, owner, resamples=150, seed=8)
    counts = np.random.default_rng(8).multinomial(60, np.full(60, 1 / 60), size=150)[:, owner]
    for name in ("auc", "specificity", "brier"):
        inside = [fold == number for number in range(3)]
        alone = [figures(outcome[rows], probability[rows])[name][0] for rows in inside]
        assert found[name].value == pytest.approx(np.mean(alone)), name
        drawn = [figures(outcome[rows], probability[rows], weights=counts[:, rows])[name] for rows in inside]
        means = np.mean(drawn, axis=0)
        assert found[name].undefined == np.isnan(means).sum()
        low, high = np.nanquantile(means, [0.025, 0.975])
        assert (found[name].low, found[name].high) == pytest.approx((low, high)), name


def test_a_figure_that_never_has_a_value_has_no_interval():
    found = bootstrap_figures([0, 0, 0], [0.1, 0.2, 0.3], [1, 2, 3], resamples=20)["auc"]
    assert np.isnan([found.value, found.low, found.high]).all()
    assert found.undefined == 20


def test_seed_decides_the_interval():
    outcome, probability, owner = clustered(40, seed=7)
    first, again, other = (
        bootstrap_figures(outcome, probability, owner, resamples=100, seed=seed)["auc"] for seed in (1, 1, 2)
    )
    assert first == again
    assert (first.low, first.high) != (other.low, other.high)


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    truth = figures(*clustered(200_000, seed=99)[:2])
    names = ("auc", "sensitivity", "brier")
    held = dict.fromkeys(names, 0)
    for seed in range(200):
        found = bootstrap_figures(*clustered(120, seed=seed), resamples=400, seed=seed)
        for name in names:
            held[name] += found[name].low <= truth[name][0] <= found[name].high
    for name in names:  # 95 % of 200, within three standard errors and the shortfall of small samples
        assert 0.89 <= held[name] / 200 <= 0.995, (name, held[name])
