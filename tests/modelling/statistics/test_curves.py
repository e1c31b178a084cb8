"""ROC and precision-recall curves, against scikit-learn and a loop over resamples."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.curves import (
    precision_recall_band,
    precision_recall_curve,
    roc_band,
    roc_curve,
)
from radiomics_screen.modelling.statistics.metrics import figures


def drawn(patients: int, seed: int, levels: int | None = None):
    random = np.random.default_rng(seed)
    owner = np.repeat(np.arange(patients), 2)
    outcome = (random.random(patients) < 0.4).astype(int)[owner]
    score = outcome + random.normal(size=patients)[owner] + 0.4 * random.normal(size=2 * patients)
    return outcome, np.round(score * levels) / levels if levels else score, owner


@pytest.mark.parametrize("levels", [None, 2])
@pytest.mark.parametrize("seed", range(4))
def test_curves_are_scikit_learns_and_their_areas_the_metrics(seed, levels):
    outcome, score, _ = drawn(30, seed, levels)
    found, expected = roc_curve(outcome, score), sk.roc_curve(outcome, score, drop_intermediate=False)
    for mine, theirs in zip((found.x, found.y, found.thresholds), expected, strict=True):
        np.testing.assert_allclose(mine, theirs)
    figure = figures(outcome, score)
    assert found.area == pytest.approx(figure["auc"][0], abs=1e-12)
    assert found.area == pytest.approx(
        np.trapezoid(found.y, found.x) if hasattr(np, "trapezoid") else found.area
    )
    curve = precision_recall_curve(outcome, score)
    precision, recall, thresholds = sk.precision_recall_curve(outcome, score)
    np.testing.assert_allclose(curve.x, recall[:-1][::-1])
    np.testing.assert_allclose(curve.y, precision[:-1][::-1])
    np.testing.assert_allclose(curve.thresholds, thresholds[::-1])
    assert curve.area == pytest.approx(figure["average_precision"][0], abs=1e-12)


def test_worked_example():
    outcome, score = [1, 0, 1, 0], [0.9, 0.7, 0.7, 0.1]
    found = roc_curve(outcome, score)
    assert found.x.tolist() == [0, 0, 0.5, 1]
    assert found.y.tolist() == [0, 0.5, 1, 1]
    assert found.area == 0.875
    band = roc_band(outcome, score, places=[0, 0.25, 0.5, 1], resamples=10)
    assert band.y.tolist() == [0.5, 0.75, 1, 1]
    curve = precision_recall_curve(outcome, score)
    assert curve.x.tolist() == [0.5, 1, 1]
    np.testing.assert_allclose(curve.y, [1, 2 / 3, 0.5])
    band = precision_recall_band(outcome, score, places=[0, 0.5, 0.51, 1], resamples=10)
    np.testing.assert_allclose(band.y, [1, 1, 2 / 3, 2 / 3])
    late = precision_recall_band([0, 1, 1], [0.9, 0.5, 0.1], places=[0, 0.5, 1], resamples=10)
    np.testing.assert_allclose(late.y, [1 / 2, 1 / 2, 2 / 3])  # the highest score is no positive row's


def test_bands_are_those_of_a_loop_over_resamples():
    outcome, score, owner = drawn(40, seed=2, levels=3)
    roc = roc_band(outcome, score, owner, places=[0, 0.1, 0.5], resamples=150, seed=4)
    pr = precision_recall_band(outcome, score, owner, places=[0.2, 0.8, 1], resamples=150, seed=4)
    sensitivities, precisions = [], []
    for counts in np.random.default_rng(4).multinomial(40, np.full(40, 1 / 40), size=150):
        rows = np.repeat(np.arange(80), counts[owner])
        x, y, _ = sk.roc_curve(outcome[rows], score[rows], drop_intermediate=False)
        last = np.r_[x[1:] != x[:-1], True]
        sensitivities.append([y[x == 0].max(), *np.interp([0.1, 0.5], x[last], y[last])])
        precision, recall, _ = sk.precision_recall_curve(outcome[rows], score[rows])
        precisions.append([precision[:-1][recall[:-1] >= place - 1e-9][-1] for place in (0.2, 0.8, 1)])
    np.testing.assert_allclose([roc.low, roc.high], np.quantile(sensitivities, [0.025, 0.975], axis=0))
    np.testing.assert_allclose([pr.low, pr.high], np.quantile(precisions, [0.025, 0.975], axis=0))


def test_bands_enclose_their_curve_and_narrow_with_patients():
    small, large = ((*drawn(patients, seed=5),) for patients in (40, 400))
    for band in (roc_band, precision_recall_band):
        few, many = band(*small, resamples=200), band(*large, resamples=200)
        assert np.all(few.low <= few.y + 1e-12)
        assert np.all(few.y <= few.high + 1e-12)
        inside = slice(20, 80)
        assert np.mean((many.high - many.low)[inside]) < 0.5 * np.mean((few.high - few.low)[inside])
    rows = roc_band(*small[:2], resamples=200)
    patients = roc_band(*small, resamples=200)
    assert np.mean(patients.high - patients.low) > 1.15 * np.mean(rows.high - rows.low)


def test_resamples_of_one_class_are_left_out():
    band = roc_band([1, 1, 0, 0], [4, 3, 2, 1], resamples=300)
    assert np.all(band.low == 1)  # always in order, where there is a curve


@pytest.mark.parametrize("function", [roc_curve, precision_recall_curve, roc_band, precision_recall_band])
def test_one_class_has_no_curve(function):
    with pytest.raises(ModelError, match="both classes"):
        function([1, 1], [0.2, 0.4])


def test_constant_scores():
    outcome = [1, 0, 0, 0]
    assert roc_curve(outcome, [0.5] * 4).y.tolist() == [0, 1]
    assert roc_curve(outcome, [0.5] * 4).area == 0.5
    assert precision_recall_curve(outcome, [0.5] * 4).area == 0.25
