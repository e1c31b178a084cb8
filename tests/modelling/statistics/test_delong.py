"""AUC with its standard error: against loops over the definition, a bootstrap and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.delong import (
    auc_covariance,
    auc_interval,
    compare_aucs,
    compare_independent_aucs,
)
from radiomics_screen.modelling.statistics.metrics import figures


def clustered(patients: int, seed: int, levels: int | None = None, most: int = 4):
    """Outcome, two scores and patient; patients may have rows of both classes."""
    random = np.random.default_rng(seed)
    owner = np.repeat(np.arange(patients), random.integers(1, most + 1, patients))
    ill = random.random(patients) < 0.5
    outcome = np.where(random.random(len(owner)) < 0.8, ill[owner], random.random(len(owner)) < 0.5).astype(
        int
    )
    shared = random.normal(size=patients)[owner]
    scores = outcome + shared + 0.6 * random.normal(size=(2, len(owner))) * [[1], [2]]
    return outcome, np.round(scores * levels) / levels if levels else scores, owner


def by_definition(outcome, scores, owner):
    """Covariance of AUCs from Obuchowski's formulas, written out with loops over pairs and patients."""
    m, n = int(np.sum(outcome == 1)), int(np.sum(outcome == 0))
    patients = sorted(set(owner))
    aucs, v10, v01 = [], [], []
    for score in scores:
        kernel = {
            (i, j): 1.0 * (score[i] > score[j]) + 0.5 * (score[i] == score[j])
            for i in np.flatnonzero(outcome == 1)
            for j in np.flatnonzero(outcome == 0)
        }
        aucs.append(sum(kernel.values()) / (m * n))
        up, down = dict.fromkeys(patients, 0.0), dict.fromkeys(patients, 0.0)
        for (i, j), value in kernel.items():
            up[owner[i]] += value / n
            down[owner[j]] += value / m
        v10.append(up)
        v01.append(down)
    ms = {c: int(np.sum((outcome == 1) & (owner == c))) for c in patients}
    ns = {c: int(np.sum((outcome == 0) & (owner == c))) for c in patients}
    i10, i01, i = sum(v > 0 for v in ms.values()), sum(v > 0 for v in ns.values()), len(patients)
    found = np.empty((len(scores), len(scores)))
    for a in range(len(scores)):
        for b in range(len(scores)):
            dx = [[v10[q][c] - ms[c] * aucs[q] for c in patients] for q in (a, b)]
            dy = [[v01[q][c] - ns[c] * aucs[q] for c in patients] for q in (a, b)]
            s10 = i10 / ((i10 - 1) * m) * np.dot(dx[0], dx[1])
            s01 = i01 / ((i01 - 1) * n) * np.dot(dy[0], dy[1])
            s11 = i / (i - 1) * (np.dot(dx[0], dy[1]) + np.dot(dx[1], dy[0]))
            found[a, b] = s10 / m + s01 / n + s11 / (m * n)
    return np.array(aucs), found


@pytest.mark.parametrize("levels", [None, 1])
@pytest.mark.parametrize("seed", range(4))
def test_covariance_is_that_of_the_definition(seed, levels):
    outcome, scores, owner = clustered(15, seed, levels)
    aucs, covariance = auc_covariance(outcome, scores, np.array(list("abcdefghijklmno"))[owner])
    expected, matrix = by_definition(outcome, scores, owner)
    np.testing.assert_allclose(aucs, expected, rtol=1e-12)
    np.testing.assert_allclose(covariance, matrix, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(aucs, [roc_auc_score(outcome, score) for score in scores])
    rows = np.arange(len(outcome))
    np.testing.assert_allclose(auc_covariance(outcome, scores)[1], by_definition(outcome, scores, rows)[1])
    assert np.linalg.eigvalsh(covariance).min() >= -1e-15


def test_of_independent_rows_it_is_the_variance_of_the_components():
    """DeLong's S10 / m + S01 / n of 3 positive and 2 negative rows, by hand."""
    outcome, score = [1, 1, 1, 0, 0], [5, 3, 2, 4, 2]
    # pairs: 5 beats both; 3 beats 2; 2 ties with 2. V10 = 1, 1/2, 1/4; V01 = 1/3, 5/6; AUC 7/12
    found = auc_interval(outcome, score, scale="plain")
    assert found.value == pytest.approx(7 / 12)
    s10 = np.var([1, 0.5, 0.25], ddof=1)
    s01 = np.var([1 / 3, 5 / 6], ddof=1)
    assert found.standard_error == pytest.approx(np.sqrt(s10 / 3 + s01 / 2))
    assert (found.low, found.high) == (0.0, 1.0)  # cut off
    narrow = auc_interval(outcome, score, scale="plain", level=0.5)
    assert narrow.low == pytest.approx(7 / 12 - 0.6744898 * found.standard_error)
    logit = auc_interval(outcome, score)
    reach = 1.959964 * found.standard_error / (7 / 12 * 5 / 12)
    middle = np.log(7 / 5)
    expected = 1 / (1 + np.exp(-(middle + np.array([-reach, reach]))))
    assert (logit.low, logit.high) == pytest.approx(tuple(expected), abs=1e-6)
    assert (logit.interval, logit.positives, logit.negatives) == ("logit", 3, 2)


def test_the_clustered_error_is_that_of_a_bootstrap_over_patients():
    outcome, scores, owner = clustered(250, seed=3)
    counts = np.random.default_rng(0).multinomial(250, np.full(250, 1 / 250), size=1500)[:, owner]
    drawn = np.stack([figures(outcome, s, weights=counts)["auc"] for s in scores])
    _, covariance = auc_covariance(outcome, scores, owner)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), drawn.std(axis=1), rtol=0.07)
    gap = compare_aucs(outcome, *scores, owner)
    assert gap.standard_error == pytest.approx(np.std(drawn[0] - drawn[1]), rel=0.07)
    assert gap.standard_error < 0.7 * np.sqrt(np.trace(covariance))
    assert auc_interval(outcome, scores[0]).standard_error < 0.8 * np.sqrt(covariance[0, 0])


def test_every_row_twice_adds_nothing():
    outcome, scores, owner = clustered(40, seed=5)
    once = compare_aucs(outcome, *scores, owner)
    twice = compare_aucs(np.tile(outcome, 2), *np.tile(scores, 2), np.tile(owner, 2))
    assert vars(twice) == pytest.approx(vars(once))


@pytest.mark.parametrize("true", [0.75, 0.95])
def test_independent_intervals_hold_the_truth_as_often_as_they_say(true):
    random, held = np.random.default_rng(1), {"logit": 0, "plain": 0}
    shift = np.sqrt(2) * norm.ppf(true)
    outcome = np.repeat([1, 0], [25, 40])
    for _ in range(1000):
        score = random.normal(size=65) + shift * outcome
        for scale in held:
            found = auc_interval(outcome, score, scale=scale)
            held[scale] += found.low <= true <= found.high
    assert 0.935 <= held["logit"] / 1000 <= 0.985, held
    assert held["plain"] < held["logit"], held


def test_clustered_intervals_hold_the_truth_and_independent_ones_do_not():
    random, by_patient, by_row = np.random.default_rng(2), 0, 0
    owner = np.repeat(np.arange(60), 3)
    outcome = np.repeat(np.arange(60) % 2, 3)
    outcome[::9] = 1 - outcome[::9]  # some patients have both
    # normal scores with variance 1.5 between patients and 0.5 within, shift 1.5
    true = norm.cdf(1.5 / 2)
    for _ in range(600):
        score = (
            1.5 * outcome
            + np.sqrt(1.5) * random.normal(size=60)[owner]
            + np.sqrt(0.5) * random.normal(size=180)
        )
        found, naive = auc_interval(outcome, score, owner), auc_interval(outcome, score)
        by_patient += found.low <= true <= found.high
        by_row += naive.low <= true <= naive.high
    assert 0.92 <= by_patient / 600 <= 0.98
    assert by_row / 600 < 0.88


def test_the_test_of_two_scores_errs_as_often_as_it_says():
    random, p = np.random.default_rng(3), []
    owner, outcome = np.repeat(np.arange(80), 2), np.repeat(np.arange(80) % 2, 2)
    for _ in range(600):
        shared = outcome + random.normal(size=80)[owner]
        scores = shared + random.normal(size=(2, 80))[:, owner] + 0.3 * random.normal(size=(2, 160))
        p.append(compare_aucs(outcome, *scores, owner).p)
    assert 0.03 <= np.mean(np.array(p) < 0.05) <= 0.075
    assert 0.45 < np.mean(p) < 0.55


def test_a_difference_adds_up():
    outcome, scores, owner = clustered(60, seed=9)
    forth, back = compare_aucs(outcome, *scores, owner), compare_aucs(outcome, *scores[::-1], owner)
    assert (forth.difference, forth.z, forth.p) == pytest.approx((-back.difference, -back.z, back.p))
    assert forth.p == pytest.approx(2 * norm.sf(abs(forth.difference / forth.standard_error)))
    half = (forth.high - forth.low) / 2
    assert half == pytest.approx(norm.ppf(0.975) * forth.standard_error)
    apart = compare_independent_aucs(*(auc_interval(outcome, s, owner) for s in scores))
    assert apart.difference == pytest.approx(forth.difference)
    assert apart.standard_error > forth.standard_error


# --- corner cases ---------------------------------------------------------------------------------


def test_a_perfect_auc_has_an_exact_bound_of_pairs_without_a_common_patient():
    outcome, score = np.repeat([1, 0], [6, 10]), np.arange(16)[::-1]
    found = auc_interval(outcome, score)
    assert (found.value, found.standard_error, found.interval) == (1.0, 0.0, "exact")
    assert (found.low, found.high) == pytest.approx((0.025 ** (1 / 6), 1.0))
    wrong = auc_interval(outcome, -score)
    assert (wrong.low, wrong.high) == pytest.approx((0.0, 1 - 0.025 ** (1 / 6)))
    owner = np.r_[0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 8, 9, 9]
    assert auc_interval(outcome, score, owner).low == pytest.approx(0.025 ** (1 / 3))
    both = auc_interval([1, 1, 1, 1, 0, 0, 0, 0], np.arange(8)[::-1], [1, 2, 3, 4] * 2)
    assert both.low == pytest.approx(0.025 ** (1 / 2))  # four patients make two pairs
    assert auc_interval([1, 0], [2, 1], ["a", "a"]).low == pytest.approx(0.025)


def test_the_exact_bound_is_held():
    """Of 8 rows a class with a true AUC at the bound, all pairs are in order in 2.5 % of samples at most."""
    random = np.random.default_rng(0)
    shift = np.sqrt(2) * norm.ppf(0.025 ** (1 / 8))
    perfect = random.normal(size=(20000, 8)).min(axis=1) + shift > random.normal(size=(20000, 8)).max(axis=1)
    assert perfect.mean() <= 0.025


def test_scores_that_say_nothing_have_no_interval():
    constant = auc_interval([1, 0, 1, 0], [0.3] * 4)
    assert (constant.value, constant.standard_error, constant.interval) == (0.5, 0.0, "none")
    assert np.isnan([constant.low, constant.high]).all()


def test_one_class_or_one_row_of_it():
    one_class = auc_interval([1, 1, 1], [1, 2, 3])
    assert np.isnan([one_class.value, one_class.standard_error, one_class.low]).all()
    one_row = auc_interval([1, 0, 0, 0], [2, 1, 3, 0])
    assert one_row.value == pytest.approx(2 / 3)
    assert np.isnan([one_row.standard_error, one_row.low, one_row.high]).all()
    one_patient = auc_interval([1, 1, 0, 0, 0], [2, 1, 1.5, 3, 0], [1, 1, 2, 3, 4])
    assert np.isnan(one_patient.standard_error)
    assert np.isnan(compare_aucs([1, 0, 0], [1, 2, 3], [3, 2, 1]).p)


def test_scores_of_one_order_do_not_differ():
    outcome, scores, owner = clustered(30, seed=1)
    same = compare_aucs(outcome, scores[0], np.exp(scores[0]), owner)
    assert (same.difference, same.standard_error, same.z, same.p) == (0.0, 0.0, 0.0, 1.0)
    assert np.isnan([same.low, same.high]).all()
    opposite = compare_aucs([1, 1, 0, 0], [4, 3, 2, 1], [1, 2, 3, 4])
    assert opposite.difference == 1.0
    assert np.isnan([opposite.low, opposite.z, opposite.p]).all()


@pytest.mark.parametrize(
    ("outcome", "score", "message"),
    [
        ([0, 1, 2], [1, 2, 3], "an outcome is 2"),
        ([0, 1], [1, 2, 3], "shape"),
        ([0, 1, 1], [1, np.nan, 3], "1 of 3 scores are not finite"),
    ],
)
def test_rows_that_cannot_be_used_are_refused(outcome, score, message):
    with pytest.raises(ModelError, match=message):
        auc_interval(outcome, score)
