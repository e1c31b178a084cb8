"""Net benefit and decision curves, by hand and by loops."""

from __future__ import annotations

import numpy as np
import pytest

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.decision import THRESHOLDS, decision_curve, net_benefit


def drawn(rows: int, seed: int, sharpness: float = 1.5):
    random = np.random.default_rng(seed)
    p = random.beta(1 / sharpness, 2 / sharpness, rows)
    return (random.random(rows) < p).astype(int), p, random.integers(0, 3, (3, rows)).astype(float)


def test_worked_example():
    """Of 100 rows 20 are positive; at 10 % the model acts on 18 of them and on 30 others.

    18 / 100 - 30 / 100 * 1 / 9 = 0.14667; acting on all: 20 / 100 - 80 / 100 / 9 = 0.11111.
    """
    outcome = np.repeat([1, 0], [20, 80])
    p = np.r_[np.full(18, 0.1), np.full(2, 0.05), np.full(30, 0.4), np.full(50, 0.02)]
    model, everyone = net_benefit(outcome, p, [0.1])
    assert model[0, 0] == pytest.approx(0.1466667, abs=1e-7)
    assert everyone[0, 0] == pytest.approx(0.1111111, abs=1e-7)


def test_it_is_the_loop_over_thresholds_with_weights():
    outcome, p, weights = drawn(60, seed=1)
    model, everyone = net_benefit(outcome, p, THRESHOLDS, weights)
    for number, weight in enumerate(weights):
        for place, t in enumerate(THRESHOLDS):
            true = sum(w for w, y, q in zip(weight, outcome, p, strict=True) if y and q >= t)
            false = sum(w for w, y, q in zip(weight, outcome, p, strict=True) if not y and q >= t)
            assert model[number, place] == pytest.approx((true - false * t / (1 - t)) / weight.sum())
            share = weight @ outcome / weight.sum()
            assert everyone[number, place] == pytest.approx(share - (1 - share) * t / (1 - t))


def test_laws():
    outcome, p, _ = drawn(300, seed=2)
    model, everyone = net_benefit(outcome, p, [0.0, outcome.mean()])
    assert model[0, 0] == everyone[0, 0] == pytest.approx(outcome.mean())  # acting costs nothing: act on all
    assert everyone[0, 1] == pytest.approx(0, abs=1e-12)  # all and none are worth the same at the prevalence
    perfect, _ = net_benefit(outcome, outcome, THRESHOLDS)
    np.testing.assert_allclose(perfect[0], outcome.mean())
    own, _ = net_benefit(outcome, p, THRESHOLDS, prevalence=outcome.mean())
    np.testing.assert_allclose(own, net_benefit(outcome, p, THRESHOLDS)[0], atol=1e-12)


def test_the_prevalence_of_another_place_is_a_weight_of_the_classes():
    outcome, p, _ = drawn(200, seed=3)
    weight = np.where(outcome == 1, 0.05 / outcome.mean(), 0.95 / (1 - outcome.mean()))
    expected = net_benefit(outcome, p, THRESHOLDS, weight)
    found = net_benefit(outcome, p, THRESHOLDS, prevalence=0.05)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_curve_bands_are_quantiles_over_drawn_patients():
    outcome, p, _ = drawn(90, seed=4)
    owner = np.repeat(np.arange(45), 2)
    found = decision_curve(outcome, p, owner, thresholds=[0.2, 0.5], resamples=400, seed=5)
    counts = np.random.default_rng(5).multinomial(45, np.full(45, 1 / 45), size=400)[:, owner]
    model, everyone = net_benefit(outcome, p, [0.2, 0.5], counts)
    gain = model - np.maximum(everyone, 0)
    for drawn_values, low, high in (
        (model, found.model_low, found.model_high),
        (everyone, found.treat_all_low, found.treat_all_high),
        (gain, found.gain_low, found.gain_high),
    ):
        np.testing.assert_allclose([low, high], np.quantile(drawn_values, [0.025, 0.975], axis=0))
    np.testing.assert_allclose(found.gain, found.model - np.maximum(found.treat_all, 0))
    np.testing.assert_allclose(found.standardised(), found.model / outcome.mean())


def test_useful_ranges():
    outcome, p, _ = drawn(3000, seed=6)
    good = decision_curve(outcome, p, resamples=200)
    low, high = max(good.useful(surely=True), key=lambda ends: ends[1] - ends[0])
    assert low < 0.2
    assert high > 0.6
    assert any(first <= low and high <= last for first, last in good.useful())
    noise = decision_curve(outcome, np.random.default_rng(0).random(3000), resamples=200)
    assert noise.useful(surely=True) == []
    constant = decision_curve(outcome, np.full(3000, outcome.mean()), resamples=50)
    assert constant.useful() == []
    at = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    values = [at, *[np.zeros(5)] * 6, np.array([1.0, -1, 1, 1, -1]), np.zeros(5), np.zeros(5), 0.3]
    assert type(good)(*values).useful() == [(0.1, 0.1), (0.3, 0.4)]


def test_bands_hold_the_truth():
    """Net benefit at 0.3 of true probabilities, beta distributed, with two equal rows a patient."""
    _, many, _ = drawn(400_000, seed=99)
    truth = np.mean((many >= 0.3) * (many - (1 - many) * 3 / 7))
    held, owner = 0, np.repeat(np.arange(100), 2)
    for seed in range(150):
        outcome, p, _ = drawn(100, seed)
        found = decision_curve(outcome[owner], p[owner], owner, thresholds=[0.3], resamples=200, seed=seed)
        held += found.model_low[0] <= truth <= found.model_high[0]
    assert 0.88 <= held / 150 <= 0.99


def test_odd_rows():
    with pytest.raises(ModelError, match="positive rows"):
        decision_curve([0, 0], [0.2, 0.3])
    model, everyone = net_benefit([1, 1], [0.2, 0.6], [0.5])
    assert (model[0, 0], everyone[0, 0]) == (0.5, 1.0)
    model, everyone = net_benefit([1, 1], [0.2, 0.6], [0.5], prevalence=0.1)
    assert np.isnan([model, everyone]).all()
    assert np.isnan(net_benefit([1, 0], [0.2, 0.6], [0.5], [[0, 0]])).all()
    for thresholds in ([1.0], [-0.1], [0.3, 0.2], [np.nan]):
        with pytest.raises(ModelError, match="stay below 1"):
            net_benefit([1, 0], [0.2, 0.6], thresholds)
    with pytest.raises(ModelError, match="prevalence"):
        net_benefit([1, 0], [0.2, 0.6], [0.5], prevalence=1)
