"""Rows of one patient on both sides of the folds, and rows that are all but copies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from radiomics_screen.modelling.controls.similar_rows import nearest_rows, standardised
from radiomics_screen.modelling.data.splits import grouped_splits
from radiomics_screen.modelling.training.folds import pooled_probabilities, run_folds
from radiomics_screen.modelling.training.plan import Plan
from tests.helpers.controlled import controls, dataset_of, noise, table_of


@pytest.mark.parametrize("seeds", [range(6), pytest.param(range(6, 30), marks=pytest.mark.slow)], ids=str)
def test_pure_noise_is_never_called_a_leak_nor_explained(seeds):
    for seed in seeds:
        random, values, _ = noise(seed, rows=150)
        owner = np.repeat(np.arange(50), 3)
        outcome = random.permutation(np.arange(50) % 2)[owner]
        found = controls(table_of(values, outcome, owner), group="none")
        assert found["patients apart"].verdict == "look"
        assert found["patients apart"].figures["leaks"] is False
        assert found["alike rows"].verdict == "passed"
        assert found["one feature"].verdict == "passed"


def fingerprints(seed: int, patients: int = 50, rows: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features that tell patients apart and nothing else, outcome and patient of each row."""
    random = np.random.default_rng(seed)
    owner = np.repeat(np.arange(patients), rows)
    marks = random.normal(size=(patients, 12))[owner]
    return marks + 0.3 * random.normal(size=marks.shape), (np.arange(patients) % 2)[owner], owner


def test_an_outcome_that_leaks_through_the_patient_is_named_with_the_honest_auc():
    values, outcome, owner = fingerprints(0)
    frame = table_of(values, outcome, owner)
    plan = Plan(candidates=("xgboost",), hyperparameters={"xgboost": {"n_estimators": 40}})
    found = controls(frame, plan, group="none")["patients apart"]
    assert found.verdict == "look"
    assert found.figures["leaks"] is True
    assert found.figures["gain"]["difference"] > 0.2
    dataset = dataset_of(frame)
    splits = grouped_splits(dataset.outcome, dataset.groups, splits=4, repeats=1, seed=0)
    honest = pooled_probabilities(splits, run_folds(dataset, plan, splits), len(frame))[0]
    assert found.figures["auc"]["value"] == pytest.approx(roc_auc_score(outcome, honest))
    assert f"{roc_auc_score(outcome, honest):.3f}" in found.text
    assert "leaks through the patient" in found.text
    assert "patients apart" not in controls(frame, plan)


def test_with_group_none_rows_of_one_patient_are_not_called_rows_of_different_patients():
    values, outcome, owner = fingerprints(1)
    values += 0.99 * (values[owner * 4] - values)  # rows of a patient are all but copies
    frame = table_of(values, outcome, owner)
    assert controls(frame, group="none")["alike rows"].verdict == "passed"
    strangers = controls(frame.drop(columns="patient_id"), group="none")["alike rows"]
    assert strangers.verdict == "look"
    assert strangers.figures["rows"] > 190


def copied(seed: int, copies: int, rows: int = 160) -> pd.DataFrame:
    """Return noise, of which the first rows stand there again under other names, a little changed."""
    random, values, outcome = noise(seed, rows, features=30)
    again = values[:copies] + 0.02 * random.normal(size=(copies, 30))
    return table_of(np.vstack([values, again]), np.r_[outcome, outcome[:copies]])


def test_near_copies_of_other_patients_are_kept_together_and_the_figures_told_anew():
    found = controls(copied(3, copies=100), Plan(candidates=("svm",)))["alike rows"]
    assert found.verdict == "look"
    assert found.figures["rows"] == 200
    assert found.figures["leaks"] is True
    assert found.figures["auc"]["low"] < 0.5 < found.figures["auc"]["high"]
    assert "100% of them have its outcome" in found.text
    assert "c000 and c160" in found.text or "and 97 more" in found.text


def test_a_single_near_copy_is_named_and_nothing_learned_anew():
    found = controls(copied(4, copies=1))["alike rows"]
    assert found.verdict == "look"
    assert "2 of 161 rows" in found.text
    assert "(c000 and c160)" in found.text
    assert "auc" not in found.figures


@pytest.mark.parametrize("kind", ["normal", "few dimensions", "heavy tails", "skewed"])
def test_independent_rows_are_rarely_alike(kind):
    told = 0
    for seed in range(25):
        random = np.random.default_rng(seed)
        dimensions = 4 if kind == "few dimensions" else 12
        hidden = random.normal(size=(300, dimensions))
        if kind == "heavy tails":
            hidden = random.standard_t(2, size=hidden.shape)
        values = hidden @ random.normal(size=(dimensions, 30))
        if kind == "skewed":
            values = np.exp(values / values.std())
        found = nearest_rows(standardised(values), np.arange(300).astype(str).astype(object))
        told += bool((found.part < found.limit).any())
    assert told <= 2


def test_nearest_rows_are_those_of_a_search_by_hand_and_of_another_patient():
    random = np.random.default_rng(5)
    values = random.normal(size=(70, 6)).astype(np.float32)
    owners = (np.arange(70) // 2).astype(str).astype(object)
    found = nearest_rows(values, owners)
    for row in range(70):
        distance = np.linalg.norm(values - values[row], axis=1)
        distance[owners == owners[row]] = np.inf
        order = np.sort(distance)
        assert found.partner[row] == np.argmin(distance)
        assert found.part[row] == pytest.approx(order[0] / order[19], abs=1e-3)


def test_of_very_many_rows_only_some_are_looked_at(monkeypatch):
    monkeypatch.setattr("radiomics_screen.modelling.controls.similar_rows._MOST_COMPARISONS", 6000)
    found = controls(table_of(*noise(6)[1:]))["alike rows"]
    assert found.figures["of"] == 50
    assert "50 rows (drawn from 120)" in found.text


def test_scores_are_ranks_without_missing_or_constant_columns_and_of_many_columns_256():
    values = np.column_stack([[1e9, 2.0, 1.0, np.nan], np.full(4, np.nan), np.full(4, 7.0)])
    scores = standardised(values)
    assert scores.shape == (4, 1)
    assert scores[:, 0].tolist() == pytest.approx([0.967422, 0, -0.967422, 0], abs=1e-5)
    assert standardised(np.random.default_rng(0).normal(size=(9, 1000))).shape == (9, 256)
