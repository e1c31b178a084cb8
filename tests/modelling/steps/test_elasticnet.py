"""Selection by the elastic net: against another solver and the conditions of the minimum."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import ScreenWarning
from radiomics_screen.modelling.data.splits import inner_splits
from radiomics_screen.modelling.statistics.elastic_net import elastic_net_path, strongest_penalty
from radiomics_screen.modelling.steps.elasticnet import ElasticNetSelector
from tests.helpers.outcomes import linear


@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
@pytest.mark.parametrize("rows", [25, 300])
def test_weights_are_those_of_scikit_learns_other_solver(l1_ratio, rows):
    values, outcome = linear(rows=rows, columns=40)
    values -= values.mean(axis=0)
    strengths = strongest_penalty(values, outcome, l1_ratio) * np.array([1.0, 0.5, 0.2])
    weights, intercepts = elastic_net_path(values, outcome, strengths, l1_ratio)
    assert not weights[0].any()
    for number in (1, 2):
        saga = LogisticRegression(
            C=1 / (rows * strengths[number]), l1_ratio=l1_ratio, solver="saga", tol=1e-8, max_iter=20_000
        ).fit(values, outcome)
        np.testing.assert_allclose(weights[number], saga.coef_[0], atol=1e-5)
        assert intercepts[number] == pytest.approx(saga.intercept_[0], abs=1e-5)
        assert 0 < (weights[number] != 0).sum() < 40


def test_the_path_meets_the_conditions_of_the_minimum():
    """Slope of the loss = pull of the penalty, at each strength; for a rare outcome and ugly columns."""
    values, outcome = linear(rows=400, columns=60, seed=3)
    outcome &= np.random.default_rng(0).random(400) < 0.15
    values[:, 9] = values[:, 0]
    values = StandardScaler().fit_transform(values)
    strengths = strongest_penalty(values, outcome, 0.5) * np.geomspace(1, 0.005, 15)
    weights, intercepts = elastic_net_path(values, outcome, strengths, 0.5)
    chance = 1 / (1 + np.exp(-(values @ weights.T + intercepts)))
    slope = values.T @ (outcome[:, None] - chance) / 400
    pull = strengths * (0.5 * np.sign(weights.T) + 0.5 * weights.T)
    some = weights.T != 0
    np.testing.assert_allclose(slope[some], pull[some], atol=1e-6)
    assert (np.abs(slope) <= 0.5 * strengths + 1e-6)[~some].all()
    np.testing.assert_allclose(chance.mean(axis=0), outcome.mean(), atol=1e-7)
    assert some.sum(axis=0)[-1] > 30


def test_the_strength_is_that_of_a_plain_cross_validation():
    values, outcome = linear(rows=150, columns=20)
    groups = np.arange(150) // 3
    step = ElasticNetSelector(strengths=8, least=0.02).fit(values, outcome, groups=groups)
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    strengths = strongest_penalty(standard, outcome, 0.5) * np.geomspace(1, 0.02, 8)
    loss = np.zeros(8)
    for train, test in inner_splits(outcome, groups, 5, seed=0):
        scaling = StandardScaler().fit(values[train])
        for number, strength in enumerate(strengths):
            fitted = LogisticRegression(
                C=1 / (len(train) * strength), l1_ratio=0.5, solver="saga", tol=1e-6, max_iter=10_000
            ).fit(scaling.transform(values[train]), outcome[train])
            chance = fitted.predict_proba(scaling.transform(values[test]))[:, 1]
            loss[number] -= np.log(np.where(outcome[test], chance, 1 - chance)).sum()
    assert step.strength_ == pytest.approx(strengths[np.argmin(loss)])
    calmer = ElasticNetSelector(strengths=8, least=0.02, rule="one standard error").fit(
        values, outcome, groups
    )
    assert calmer.strength_ > step.strength_
    assert 4 <= calmer.get_support().sum() < step.get_support().sum()


def test_what_brings_the_outcome_about_is_kept():
    values, outcome = linear(rows=500)
    kept = ElasticNetSelector().fit(values * np.geomspace(1e-9, 1e9, 30), outcome).get_support()
    assert kept[:4].all()
    assert kept.sum() < 25


def test_of_noise_one_column_is_kept_with_a_note():
    random = np.random.default_rng(11)
    values, outcome = random.normal(size=(60, 15)), np.arange(60) % 2
    with pytest.warns(ScreenWarning, match="finds nothing in the features"):
        kept = ElasticNetSelector(rule="one standard error").fit(values, outcome).get_support()
    assert 1 <= kept.sum() <= 3


def test_features_that_never_vary_are_refused():
    with pytest.raises(ModelError, match="none of them varies"):
        ElasticNetSelector().fit(np.ones((20, 3)), np.arange(20) % 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"l1_ratio": 0}, "l1_ratio is 0"),
        ({"rule": "min"}, "rule is 'min'"),
        ({"least": 1}, "least is 1"),
        ({"strengths": 1}, "strengths is 1"),
        ({"splits": 1}, "splits 1"),
    ],
)
def test_options_of_the_elastic_net_are_checked(options, message):
    with pytest.raises(ModelError, match=message):
        ElasticNetSelector(**options).fit(*linear())
