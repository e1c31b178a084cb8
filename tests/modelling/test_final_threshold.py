"""What ships is stated beside what was judged."""

from __future__ import annotations

import numpy as np
import pytest

from radiomics_screen.modelling import fit
from radiomics_screen.modelling.assessment.final_threshold import final_threshold
from tests.helpers.tables import ASKED, FAST, small_table


def test_figures_at_both_kinds_of_threshold_worked_out_by_hand() -> None:
    outcome = np.array([1, 1, 1, 1, 0, 0, 0, 0])
    probability = np.array([[0.9, 0.6, 0.3, 0.1, 0.8, 0.2, 0.15, 0.05]])
    thresholds = np.array([[0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25]])
    found = final_threshold(outcome, probability, thresholds, np.arange(8), 0.1, resamples=50, seed=0)
    assert found["of_folds"] == [0.25, 0.5]
    assert found["folds"]["sensitivity"]["value"] == 0.5
    assert found["folds"]["specificity"]["value"] == 0.75
    assert found["final"]["sensitivity"]["value"] == 1.0
    assert found["final"]["specificity"]["value"] == 0.25


def test_a_fit_by_a_rule_says_what_its_threshold_does() -> None:
    model = fit(small_table(30), **ASKED, **FAST, controls=False, at_sensitivity=0.9)
    found = model.evaluation.findings.final_threshold
    assert found is not None
    assert found.value == model.threshold
    predictions = model.evaluation.predictions
    assert predictions is not None
    bad = predictions["target"] == "bad"
    called = predictions["probability"] >= model.threshold
    assert found.final.sensitivity.value == pytest.approx(called[bad].mean())
    assert found.folds.specificity.value == model.evaluation.figure("specificity").value
    (said,) = [text for text in model.evaluation.findings.messages if "ships with a threshold" in text]
    assert f"{found.of_folds[0]:.3g} to {found.of_folds[1]:.3g}" in said


def test_a_threshold_given_beforehand_needs_no_word() -> None:
    model = fit(small_table(30), **ASKED, **FAST, controls=False)
    assert model.evaluation.findings.final_threshold is None
    assert not any("ships with" in text for text in model.evaluation.findings.messages)


def test_a_model_answers_as_scikit_learn_has_it() -> None:
    table = small_table(30)
    model = fit(table, **ASKED, **FAST, controls=False)
    probabilities = model.predict_proba(table)
    assert probabilities.shape == (len(table), 2)
    np.testing.assert_array_equal(probabilities[:, 1], model.predict_probability(table))
    assert model.classes_.tolist() == ["good", "bad"]
    called = np.where(probabilities[:, 1] >= model.threshold, "bad", "good")
    assert model.predict(table).tolist() == called.tolist()
