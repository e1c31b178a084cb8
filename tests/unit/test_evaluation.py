"""From a table to figures: who takes part, what is honest, what is refused."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from radiomics_screen.errors import ModelError
from radiomics_screen.modelling import fit
from radiomics_screen.modelling.dataset import prepare
from radiomics_screen.modelling.evaluation import Evaluation
from radiomics_screen.modelling.metrics import METRICS
from radiomics_screen.modelling.model import Model
from radiomics_screen.table import FeatureTable, is_feature
from tests.unit.tables import ASKED, FAST, small_table


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return small_table()


@pytest.fixture(scope="module")
def model(table: pd.DataFrame) -> Model:
    return fit(table, **ASKED, **{**FAST, "repeats": 2})


def prepared(table: pd.DataFrame, **options: object):
    features = [name for name in table if is_feature(name)]
    return prepare(table, features, **{**ASKED, **options})


# --- who takes part -----------------------------------------------------------------------------


def test_rows_left_out_are_counted_with_their_reason(table):
    broken = table.copy()
    features = [name for name in table if is_feature(name)]
    broken.loc[:2, "status"] = "failed"
    broken.loc[:2, features] = np.nan
    broken.loc[[1, 5, 6], "finding"] = None
    broken.loc[7, features] = np.nan
    broken.loc[8, features[0]] = np.nan
    found = prepared(broken)
    assert found.left_out == [
        {"reason": "the extraction failed (status is not ok)", "rows": 3, "cases": ["0000", "0001", "0002"]},
        {"reason": "no value of 'finding'", "rows": 2, "cases": ["0005", "0006"]},
        {"reason": "no feature has a value", "rows": 1, "cases": ["0007"]},
    ]
    assert found.cohort["rows_read"] == len(table)
    assert found.cohort["rows"] == len(table) - 6 == len(found.cases)
    assert found.cohort["missing_values"] == 1
    assert "0008" in found.cases
    fitted = fit(broken, **ASKED, **FAST)
    assert len(fitted.evaluation.predictions) == len(table) - 6
    assert "2 rows left out: no value of 'finding'" in fitted.evaluation.summary["messages"]


@pytest.mark.parametrize(
    ("bad", "good", "positive"),
    [(1, 0, None), (1.0, 0.0, "1"), (True, False, None), ("1", "0", 1), (0, 1, 0), (" yes", "no ", "yes")],
)
def test_two_values_of_any_type_are_an_outcome(table, bad, good, positive):
    other = table.assign(finding=[bad if value == "bad" else good for value in table["finding"]])
    found = prepared(other, positive=positive)
    np.testing.assert_array_equal(found.outcome, table["finding"] == "bad")


def test_counts_of_patients(table):
    found = prepared(table).cohort
    assert found["patients"] == 60
    assert found["patients_with_both"] == 0
    mixed = table.copy()
    twice = mixed["patient_id"].duplicated()
    mixed.loc[twice.idxmax(), "finding"] = "good" if mixed.loc[twice.idxmax(), "finding"] == "bad" else "bad"
    assert prepared(mixed).cohort["patients_with_both"] == 1
    assert any(
        "1 patients have rows of both" in m
        for m in fit(mixed, **ASKED, **FAST).evaluation.summary["messages"]
    )


def test_only_features_are_features(table):
    """Neither the outcome nor anything that goes with it is learned from, even where it is listed."""
    table = table.assign(outcome_number=(table["finding"] == "bad").astype(float), label=1)
    listed = ["outcome_number", "official", "label", "seconds", *(name for name in table if is_feature(name))]
    asked = {**ASKED, "target": "outcome_number", "positive": 1, "folds": "official"}
    found = fit(FeatureTable(table, listed), **asked, **FAST)
    assert found.features == listed[4:]
    assert fit(table, **ASKED, **FAST).features == listed[4:]


def test_fingerprint_changes_with_what_is_learned_from(table):
    other_value, other_outcome, other_patient = table.copy(), table.copy(), table.copy()
    other_value.iloc[3, -1] += 1e-12
    other_outcome.loc[0, "finding"] = "good" if table.loc[0, "finding"] == "bad" else "bad"
    other_patient.loc[0, "patient_id"] = "somebody else"
    variants = [table, table.assign(seconds=9.0), other_value, other_outcome, other_patient]
    prints = [prepared(variant).fingerprint for variant in variants]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 4


# --- what is refused ----------------------------------------------------------------------------


def changed(table: pd.DataFrame, **columns: object) -> pd.DataFrame:
    return table.assign(**columns)


@pytest.mark.parametrize(
    ("columns", "asked", "cause"),
    [
        ({}, {"target": "findings"}, r"no column 'findings' \(target\): did you mean 'finding'"),
        ({}, {"target": "xyzzy"}, r"no column 'xyzzy' \(target\); it has case_id, patient_id, finding"),
        ({}, {"group": None}, "which rows belong to one patient.*group: 'none'"),
        ({}, {"group": "patient"}, "did you mean 'patient_id'"),
        ({}, {"folds": "offical"}, "did you mean 'official'"),
        (
            {},
            {"positive": "malignant"},
            r"no value 'malignant' that could be positive; it has 'bad' \(\d+ rows\)",
        ),
        ({}, {"positive": None}, "which value of 'finding' is positive"),
        ({"finding": "bad"}, {}, "one value only: 'bad'"),
        ({"finding": ["a", "b", "c"]}, {"positive": "a"}, r"3 values: 'a' \(.*Make a column that has two"),
        ({"finding": None}, {}, r"no row of the table can be used \(\d+: no value of 'finding'\)"),
        ({"status": "failed"}, {}, "no row of the table can be used"),
        ({"patient_id": ["x", None, "z"]}, {}, r"rows have no patient: 'patient_id' is empty for 0001"),
        ({"official": [1, 2, None]}, {"folds": "official"}, "rows have no fold"),
        ({"original_firstorder_F3": [0.0, 1.0, np.inf]}, {}, "values are infinite.*F3 of case 0002"),
        ({"original_firstorder_F3": [0.0, 1.0, -1e39]}, {}, "beyond 3.4e38"),
        ({"original_firstorder_F3": ["1", "2", "n/a"]}, {}, "F3' of case 0002 is 'n/a', which is no number"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(table, columns, asked, cause):
    cycled = {
        name: [value[row % 3] for row in range(len(table))] if isinstance(value, list) else value
        for name, value in columns.items()
    }
    with pytest.raises(ModelError, match=cause):
        fit(changed(table, **cycled), **{**ASKED, **asked}, **FAST)


def test_tables_without_anything_to_learn_are_refused(table):
    features = [name for name in table if is_feature(name)]
    with pytest.raises(ModelError, match="no feature columns"):
        fit(table.drop(columns=features), **ASKED, **FAST)
    with pytest.raises(ModelError, match="every one of the 8 features has the same value"):
        fit(table.assign(**dict.fromkeys(features, 3.0)), **ASKED, **FAST)
    with pytest.raises(ModelError, match="two columns named 'finding'"):
        fit(pd.concat([table, table["finding"]], axis=1), **ASKED, **FAST)
    with pytest.raises(ModelError, match="no column 'gone'"):
        fit(FeatureTable(table, [*features, "gone"]), **ASKED, **FAST)
    with pytest.raises(ModelError, match="3 patients cannot be divided into 5 folds"):
        fit(table[table["patient_id"].isin(["p000", "p001", "p002"])], **ASKED, device="cpu")
    torn = table.assign(official=np.arange(len(table)) % 4)
    with pytest.raises(ModelError, match="patients are in more than one fold"):
        fit(torn, **ASKED, **FAST, folds="official")


@pytest.mark.parametrize(
    ("option", "value", "cause"),
    [
        ("splits", 1, "splits is 1"),
        ("repeats", 0, "repeats is 0"),
        ("resamples", 0, "resamples is 0"),
        ("threshold", 1.0, "threshold is 1"),
        ("correlation", 0.0, "correlation limit is 0"),
        ("jobs", 0, "jobs is 0"),
        ("device", "tpu", "unknown device 'tpu'"),
        ("hyperparameters", {"depth": 3}, "unknown hyperparameter 'depth'"),
    ],
)
def test_options_are_checked(table, option, value, cause):
    with pytest.raises(ModelError, match=cause):
        fit(table, **ASKED, **{**FAST, option: value})


# --- what is found ------------------------------------------------------------------------------


def test_figures_can_be_computed_again_from_the_predictions(model, table):
    predictions = model.evaluation.predictions
    assert list(predictions) == ["case_id", "group", "target", "repeat", "fold", "probability"]
    assert len(predictions) == 2 * len(table)
    for _, one in predictions.groupby("repeat"):
        assert one["case_id"].tolist() == table["case_id"].tolist()
        assert one["target"].tolist() == table["finding"].tolist()
        assert one["group"].tolist() == table["patient_id"].tolist()
    of_repeats = [
        roc_auc_score(one["target"] == "bad", one["probability"]) for _, one in predictions.groupby("repeat")
    ]
    assert model.evaluation.figure("auc").value == pytest.approx(np.mean(of_repeats), rel=1e-12)
    metrics = model.evaluation.metrics.query("metric == 'auc'")
    assert metrics["scope"].tolist() == ["pooled"] + ["fold"] * 6
    for row in metrics[metrics["scope"] == "fold"].itertuples():
        one = predictions.query("repeat == @row.repeat and fold == @row.fold")
        assert row.value == pytest.approx(
            roc_auc_score(one["target"] == "bad", one["probability"]), rel=1e-12
        )
        assert (row.rows, row.positives) == (len(one), (one["target"] == "bad").sum())
        assert row.low <= row.value <= row.high


def test_a_real_effect_is_found(model):
    found = model.evaluation.figure("auc")
    assert 0.7 < found.low < found.value < found.high <= 1


def test_evaluation_is_json_and_comes_back(model):
    written = json.loads(json.dumps(model.evaluation.to_json(), allow_nan=False))
    back = Evaluation.from_json(written, model.evaluation.predictions)
    pd.testing.assert_frame_equal(back.metrics, model.evaluation.metrics, check_dtype=False)
    assert back.to_json() == written
    assert written["seed"] == 0
    assert written["hyperparameters"]["n_estimators"] == 20
    assert set(written["versions"]) >= {"radiomics_screen", "xgboost", "scikit-learn", "numpy"}
    assert written["folds"][0]["features"]["input"] == 8
    assert written["seconds"] > 0


def test_table_for_people_says_where_there_is_no_value(table):
    found = fit(table, **ASKED, **{**FAST, "threshold": 0.999}).evaluation
    shown = {name: (value, interval) for name, value, interval in found.table()}
    assert list(shown) == list(METRICS.values())
    assert shown["PPV (precision)"] == ("undefined", "")
    assert math.isnan(found.figure("ppv").value)
    assert found.figure("ppv").undefined == 200
    assert next(row for row in found.to_json()["metrics"] if row["metric"] == "ppv")["value"] is None
    assert shown["specificity"] == ("1.000", "1.000 to 1.000")


def test_result_is_the_same_for_any_number_of_jobs_and_differs_by_seed(table, model):
    options = {**FAST, "repeats": 2}
    told: list[tuple[int, int]] = []
    other = fit(table, **ASKED, **options, jobs=2, progress=lambda done, of: told.append((done, of)))
    pd.testing.assert_frame_equal(other.evaluation.metrics, model.evaluation.metrics)
    pd.testing.assert_frame_equal(other.evaluation.predictions, model.evaluation.predictions)
    np.testing.assert_array_equal(other.predict_probability(table), model.predict_probability(table))
    assert told == [(done, 6) for done in range(1, 7)]
    seeded = fit(table, **ASKED, **options, seed=1)
    assert not seeded.evaluation.predictions.equals(model.evaluation.predictions)


def test_given_folds_are_used_once(table):
    found = fit(table, **ASKED, **{**FAST, "repeats": 3}, folds="official").evaluation
    assert found.summary["repeats"] == 1
    assert found.summary["folds_from"] == "folds of column 'official'"
    official = dict(zip(table["case_id"], table["official"].astype(str), strict=True))
    assert (found.predictions["fold"] == found.predictions["case_id"].map(official)).all()


# --- honesty ------------------------------------------------------------------------------------


def test_a_feature_that_knows_the_patient_does_not_help():
    """Each patient has a constant signature: with whole patients held out it says nothing."""
    random = np.random.default_rng(0)
    table = small_table(80, effect=0.0, seed=1)
    signature = dict(zip(table["patient_id"].unique(), random.normal(size=80), strict=True))
    for number in range(4):
        shift = 10 * number
        table[f"original_glcm_S{number}"] = table["patient_id"].map(signature) * (1 + number) + shift
    table = pd.concat([table] * 3, ignore_index=True)
    options = {**FAST, "correlation": 1.0, "hyperparameters": {"n_estimators": 60, "min_child_weight": 0.5}}
    grouped = fit(table, **ASKED, **options).evaluation.figure("auc")
    leaky = fit(table, **{**ASKED, "group": "none"}, **options).evaluation.figure("auc")
    assert leaky.low > 0.8  # the trap is there
    assert grouped.low < 0.5 < grouped.high


@pytest.mark.parametrize("seed", [2, 3])
def test_noise_gives_an_interval_round_one_half(seed):
    table = small_table(80, effect=0.0, features=30, seed=seed)
    found = fit(table, **ASKED, **FAST).evaluation.figure("auc")
    assert found.low < 0.5 < found.high


def test_no_group_says_so(table):
    found = fit(table, **{**ASKED, "group": "none"}, **FAST)
    assert found.card.group is None
    assert found.evaluation.summary["cohort"]["patients"] == len(table)
    assert any("group is 'none'" in message for message in found.evaluation.summary["messages"])
