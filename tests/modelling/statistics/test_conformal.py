"""Prediction sets, against a loop over the definition and simulation."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import betabinom

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.conformal import (
    Conformal,
    expected_coverage,
    fit_conformal,
    set_figures,
)


def drawn(patients: int, random: np.random.Generator, *, rows: int = 1, rare: float = 0.3):
    """Outcome, a badly calibrated probability and patient; rows of a patient are alike."""
    owner = np.repeat(np.arange(patients), rows)
    outcome = (random.random(patients) < rare).astype(int)[owner]
    own = random.normal(size=patients)[owner] + 0.3 * random.normal(size=len(owner)) * (rows > 1)
    return outcome, expit(3 * (1.5 * outcome + own - 1)), owner


@pytest.mark.parametrize("by_class", [True, False])
def test_p_values_are_those_of_the_definition(by_class):
    random = np.random.default_rng(0)
    outcome, p, owner = drawn(20, random, rows=2)
    outcome[::5] = 1 - outcome[::5]  # some patients have both
    p = p.round(1)  # ties
    found = fit_conformal(outcome, p, owner, by_class=by_class).p_values([0.0, 0.33, 0.5, 1.0])
    for row, new in enumerate([0.0, 0.33, 0.5, 1.0]):
        for label in (0, 1):
            strange = [1 - q if y else q for q, y in zip(p, outcome, strict=True)]
            mine = 1 - new if label else new
            parts = []
            for patient in range(20):
                rows = [i for i in range(40) if owner[i] == patient and (not by_class or outcome[i] == label)]
                if rows:
                    parts.append(np.mean([strange[i] >= mine - 1e-12 for i in rows]))
            assert found[row, label] == pytest.approx((sum(parts) + 1) / (len(parts) + 1))


def test_worked_example():
    found = fit_conformal([1, 1, 1, 0, 0, 0, 0], [0.9, 0.6, 0.3, 0.5, 0.2, 0.2, 0.1])
    # 1 - p of the positives: 0.1, 0.4, 0.7; p of the negatives: 0.5, 0.2, 0.2, 0.1
    np.testing.assert_allclose(found.p_values([0.2, 0.7]), [[4 / 5, 1 / 4], [1 / 5, 3 / 4]])
    assert found.sets([0.2, 0.7], 0.3).tolist() == [[True, False], [False, True]]
    assert found.sets([0.2, 0.7], 0.22).tolist() == [[True, True], [False, True]]
    assert found.sets([0.2], 0.249).tolist() == [[True, True]]
    assert found.sets([0.2], 0.25).tolist() == [[True, False]]  # at the rate itself it is ruled out
    assert found.sets([0.55], 0.6).tolist() == [[False, False]]
    assert (found.size(0), found.size(1)) == (4, 3)


def test_too_few_patients_rule_nothing_out():
    found = fit_conformal([1, 1, 0, 0], [0.9, 0.8, 0.1, 0.2])
    assert found.sets(np.linspace(0, 1, 11), 0.3).all()
    assert expected_coverage(2, 0.3) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("by_class", [True, False])
def test_coverage_is_what_was_asked_for(by_class):
    random = np.random.default_rng(1)
    found = []
    for _ in range(300):
        conformal = fit_conformal(*drawn(150, random)[:2], by_class=by_class)
        outcome, p, _ = drawn(400, random)
        found.append([value[0] for value in set_figures(outcome, conformal.sets(p, 0.1)).values()])
    coverage, of_positive, of_negative, *_ = np.mean(found, axis=0)
    assert coverage == pytest.approx(0.905, abs=0.01)
    if by_class:
        assert of_positive == pytest.approx(0.91, abs=0.012)
        assert of_negative == pytest.approx(0.905, abs=0.012)
    else:
        assert abs(of_positive - of_negative) > 0.02  # the whole holds, the classes do not


def test_coverage_for_a_new_patient_when_patients_have_several_rows():
    """Patients with many rows get unsure scores: counting rows would make these the measure of all."""
    random, weighted, plain = np.random.default_rng(2), [], []
    for _ in range(400):
        many, one = drawn(40, random, rows=8), drawn(80, random)
        outcome, p = np.r_[many[0], one[0]], np.r_[0.5 + (many[1] - 0.5) * 0.1, one[1]]
        owner = np.r_[many[2], one[2] + 40]
        new_many, new_one = drawn(20, random), drawn(40, random)
        y, q = np.r_[new_many[0], new_one[0]], np.r_[0.5 + (new_many[1] - 0.5) * 0.1, new_one[1]]
        for patients, into in ((owner, weighted), (None, plain)):
            sets = fit_conformal(outcome, p, patients, by_class=False).sets(q, 0.1)
            into.append(set_figures(y, sets)["coverage"][0])
    assert np.mean(weighted) == pytest.approx(0.904, abs=0.012)
    assert np.mean(plain) < 0.85


def test_cross_conformal_compares_each_model_with_its_own_fold():
    random = np.random.default_rng(3)
    outcome, p, owner = drawn(60, random)
    folds = np.array(["a", "b", "c"])[owner % 3]
    found = fit_conformal(outcome, p, owner, folds=folds)
    said = random.random((3, 5))
    counted = np.ones((5, 2))
    for number, name in enumerate("abc"):
        one = fit_conformal(outcome[folds == name], p[folds == name])
        sizes = [one.size(0), one.size(1)]
        counted += one.p_values(said[number]) * (np.array(sizes) + 1) - 1
    np.testing.assert_allclose(found.p_values(said), counted / [found.size(0) + 1, found.size(1) + 1])
    same = np.tile(said[0], (3, 1))
    np.testing.assert_allclose(found.p_values(same), found.p_values(said[0]))
    with pytest.raises(ModelError, match="2 models were given, but calibration had 3"):
        found.p_values(said[:2])


def test_expected_coverage_is_that_of_the_beta_distribution():
    """Of 99 calibration rows at 10 %: 90 of 100 on average; for many new rows, beta(90, 10)."""
    mean, low, high = expected_coverage(99, 0.1)
    assert mean == 0.9
    many = 10**6
    assert betabinom(many, 90, 10).cdf(low * many) == pytest.approx(0.025, abs=1e-3)
    assert betabinom(many, 90, 10).cdf(high * many) == pytest.approx(0.975, abs=1e-3)
    random, found = np.random.default_rng(4), []
    for _ in range(2000):
        own = np.sort(random.random(99))
        found.append(own[89])  # 90th smallest: new uniform scores up to it are covered
    assert (np.mean(found), *np.quantile(found, [0.025, 0.975])) == pytest.approx((mean, low, high), abs=0.01)


def test_set_figures_by_hand():
    sets = [[True, False], [False, True], [True, True], [False, False], [True, False]]
    found = {name: value.tolist() for name, value in set_figures([0, 1, 1, 0, 1], sets).items()}
    assert found == {
        "coverage": [0.6],
        "coverage_of_positive": [pytest.approx(2 / 3)],
        "coverage_of_negative": [0.5],
        "single": [0.6],
        "both": [0.2],
        "none": [0.2],
        "error_of_single": [pytest.approx(1 / 3)],
    }
    assert np.isnan(set_figures([0], [[True, True]])["error_of_single"][0])
    assert np.isnan(set_figures([0], [[True, True]])["coverage_of_positive"][0])
    weighted = set_figures([0, 1, 1, 0, 1], sets, [[1, 0, 0, 0, 1], [0, 0, 1, 0, 0]])
    assert weighted["coverage"].tolist() == [0.5, 1.0]


def test_it_survives_json():
    outcome, p, owner = drawn(30, np.random.default_rng(5), rows=2)
    found = fit_conformal(outcome, p, owner, folds=owner % 4)
    again = Conformal.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again == found
    grid = np.linspace(0, 1, 50)
    assert np.array_equal(again.p_values(grid), found.p_values(grid))


@pytest.mark.parametrize(
    "change",
    [
        {"probability": [0.5]},
        {"probability": [0.5, 1.5]},
        {"outcome": [0, 3]},
        {"weight": [1, 0]},
        {"weight": [1, "x"]},
        {"fold": [0, -1]},
        {"fold": None},
        {"by_class": "yes"},
        {"probability": [], "outcome": [], "weight": [], "fold": []},
    ],
)
def test_broken_scores_are_refused(change):
    whole = fit_conformal([0, 1], [0.2, 0.7]).to_dict()
    assert Conformal.from_dict(whole).size(1) == 1
    with pytest.raises(ModelError):
        Conformal.from_dict(whole | change)


def test_rows_that_cannot_be_used_are_refused():
    with pytest.raises(ModelError, match="both classes"):
        fit_conformal([1, 1], [0.4, 0.5])
    found = fit_conformal([0, 1], [0.2, 0.7])
    for p in ([np.nan], [1.2]):
        with pytest.raises(ModelError, match="0 to 1"):
            found.p_values(p)
    with pytest.raises(ModelError, match="level"):
        found.sets([0.4], 0)
