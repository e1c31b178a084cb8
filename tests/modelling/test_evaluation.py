"""From a table to figures: who takes part, what is honest, what is refused."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from radiomics_screen.core.column_names import is_feature
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling import fit
from radiomics_screen.modelling.assessment.evaluation import Evaluation
from radiomics_screen.modelling.bundle.model import Model
from radiomics_screen.modelling.data.from_table import prepare
from radiomics_screen.modelling.statistics.metrics import METRICS
from radiomics_screen.table.feature_table import FeatureTable
from tests.helpers.tables import ASKED, FAST, small_table


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
    assert found["patients_with_both"] == found["patients_in_several_groups"] == 0
    mixed = table.copy()
    twice = mixed["patient_id"].duplicated()
    mixed.loc[twice.idxmax(), "finding"] = "good" if mixed.loc[twice.idxmax(), "finding"] == "bad" else "bad"
    assert prepared(mixed).cohort["patients_with_both"] == 1
    assert any(
        "1 patient has rows of both" in m for m in fit(mixed, **ASKED, **FAST).evaluation.summary["messages"]
    )


def test_only_features_are_features(table):
    """Neither the outcome nor anything that goes with it is learned from, even where it is listed."""
    table = table.assign(outcome_number=(table["finding"] == "bad").astype(float), label=1)
    listed = ["outcome_number", "official", "label", "seconds", *(name for name in table if is_feature(name))]
    asked = {**ASKED, "target": "outcome_number", "positive": 1, "folds": "official"}
    found = fit(FeatureTable(table, listed), **asked, **FAST)
    assert found.features == listed[4:]
    assert fit(table, **ASKED, **FAST).features == listed[4:]


def test_a_status_is_that_of_an_extraction_only_where_it_says_so(table):
    """Elsewhere it may be anything, such as whether a patient is alive."""
    alive = table.assign(status=np.where(table["finding"] == "bad", "dead", "alive"))
    assert prepared(alive).left_out == []
    assert prepared(table.assign(status=None)).left_out == []
    holes = table.assign(status=pd.array(["ok", None] * (len(table) // 2) + ["ok"] * (len(table) % 2)))
    for kind in (object, "string"):
        (left_out,) = prepared(holes.astype({"status": kind})).left_out
        assert left_out["rows"] == len(table) // 2
        assert "status is not ok" in left_out["reason"]


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


def messages_of(evaluation: Evaluation) -> list[str]:
    """All remarks but the one that every table without provenance, as these are, is given."""
    given = list(evaluation.summary["messages"])
    assert "the model cannot read images" in given.pop()
    return given


def messages(model: Model) -> list[str]:
    return messages_of(model.evaluation)


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
        ({}, {"target": "case_id"}, r"'0009' \(1 rows\) and \d+ more; a model tells two apart"),
        ({"finding": None}, {}, r"no row of the table can be used \(\d+: no value of 'finding'\)"),
        ({"status": "failed"}, {}, "no row of the table can be used"),
        ({"patient_id": ["x", None, "z"]}, {}, r"rows have no patient: 'patient_id' is empty for 0001"),
        ({"official": [1, 2, None]}, {"folds": "official"}, "rows have no fold"),
        ({"original_firstorder_F3": [0.0, 1.0, np.inf]}, {}, "values are infinite.*F3 of case 0002"),
        ({"original_firstorder_F3": [0.0, 1.0, -1e39]}, {}, "beyond 3.4e38"),
        ({"case_id": ["x", "y", "z"]}, {}, r"3 names in case_id stand in several rows: x, y, z; keep one"),
        (
            {"site": ["a", "b", "c"]},
            {"group": "site"},
            r"'site' parts the rows of \d+ patients of patient_id",
        ),
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
    split_across_folds = table.assign(official=np.arange(len(table)) % 4)
    with pytest.raises(ModelError, match="patients are in more than one fold"):
        fit(split_across_folds, **ASKED, **FAST, folds="official")


@pytest.mark.parametrize(
    ("option", "value", "cause"),
    [
        ("splits", 1, "splits is 1"),
        ("splits", 2.5, "splits is 2.5; it must be a whole number"),
        ("seed", -1, "seed is -1; it must be at least 0"),
        ("repeats", 0, "repeats is 0"),
        ("resamples", 0, "resamples is 0"),
        ("threshold", 1.0, "threshold is 1"),
        ("correlation", 0.0, "correlation is 0"),
        ("jobs", 0, "jobs is 0"),
        ("device", "tpu", "device is 'tpu'; it must be auto, cpu or cuda"),
        ("hyperparameters", {"depth": 3}, "unknown hyperparameter 'depth'"),
        (
            "hyperparameters",
            {"min_child_weight": 1e6},
            "nothing can be learned from these.*of which 48 are bad",
        ),
    ],
)
def test_options_are_checked(table, option, value, cause):
    with pytest.raises(ModelError, match=cause):
        fit(table, **ASKED, **{**FAST, option: value})


def test_copies_in_other_groups_are_refused(table):
    """The same lesion under another name would be learned from and tested on."""
    same_features = pd.concat([table, table.iloc[[0]].assign(case_id="copy", patient_id="other")])
    same_features.iloc[[0, -1], -1] = np.nan  # missing in both
    same_features.iloc[0, -2] = 0.0
    same_features.iloc[-1, -2] = -0.0
    same_image = table.assign(case_key=[f"k{row}" for row in range(len(table))])
    same_image.loc[len(table) - 1, "case_key"] = "k0"
    last = table["case_id"].iloc[-1]
    for copied, name in ((same_features, "copy"), (same_image, last)):
        for group in ("patient_id", "none"):
            with pytest.raises(ModelError, match=rf"1 rows are copies .*\(0000 and {name}\).*Remove one"):
                prepared(copied, group=group)
        grouped = copied.assign(patient_id="one").assign(pair=copied["case_id"].isin(["0000", name]))
        together = grouped["case_id"].where(~grouped["pair"], "pair")
        assert prepared(copied.assign(patient_id=together)).cohort["rows"] == len(copied)


def test_few_equal_values_and_empty_keys_make_no_copies(table):
    features = [name for name in table if is_feature(name)]
    coarse = table.assign(case_key="", **{name: table[name].round() for name in features[:2]})
    found = prepare(coarse, features[:2], **ASKED)
    assert found.features.duplicated().any()


def test_patients_whom_no_group_parts_are_told(table):
    several = int(table["patient_id"].duplicated(keep=False).groupby(table["patient_id"]).any().sum())
    found = fit(table, **{**ASKED, "group": "none"}, **FAST)
    assert found.evaluation.summary["cohort"]["patients_in_several_groups"] == several > 0
    assert any(f"{several} patients of patient_id have several rows" in m for m in messages(found))
    blank = prepared(table.assign(patient_id=None), group="none")
    assert blank.split_across_folds == 0
    sites = table.assign(site=table["patient_id"].str[-1])  # several patients a site, none in two
    assert prepared(sites, group="site").cohort["patients"] == 10


# --- what is found ------------------------------------------------------------------------------


def test_figures_can_be_computed_again_from_the_predictions(model, table):
    predictions = model.evaluation.predictions
    assert list(predictions) == ["case_id", "group", "target", "repeat", "fold", "probability", "threshold"]
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
    assert metrics["scope"].tolist() == ["pooled", "mean of folds"] + ["fold"] * 6
    of_folds = metrics["value"][metrics["scope"] == "fold"]
    assert model.evaluation.figure("auc", "mean of folds").value == pytest.approx(of_folds.mean(), rel=1e-12)
    for row in metrics[metrics["scope"] == "fold"].itertuples():
        one = predictions.query("repeat == @row.repeat and fold == @row.fold")
        assert row.value == pytest.approx(
            roc_auc_score(one["target"] == "bad", one["probability"]), rel=1e-12
        )
        assert (row.rows, row.positives) == (len(one), (one["target"] == "bad").sum())
        assert row.low <= row.value <= row.high


def test_counts_for_people_are_those_of_the_rows(model, table):
    called = [
        int((one["probability"] >= 0.5).sum()) for _, one in model.evaluation.predictions.groupby("repeat")
    ]
    assert model.evaluation.counts() == [
        ("rows", f"{len(table)}, of which {(table['finding'] == 'bad').sum()} bad"),
        ("patients", "60"),
        ("tested on", "3 stratified folds of whole patients, 2 times anew"),
        ("called bad at >= 0.5", f"{min(called)} to {max(called)} rows"),
    ]
    assert messages(model) == []


def test_an_unknown_figure_is_named(model):
    with pytest.raises(ModelError, match="no figure 'aucc': did you mean 'auc'"):
        model.evaluation.figure("aucc")


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
    assert list(shown) == ["AUC", "AUC, mean of folds", *list(METRICS.values())[1:]]
    assert shown["PPV (precision)"] == ("undefined", "")
    assert math.isnan(found.figure("ppv").value)
    assert found.figure("ppv").undefined == 200
    assert next(row for row in found.to_json()["metrics"] if row["metric"] == "ppv")["value"] is None
    assert shown["specificity"][0] == "1.000"
    low, high = shown["specificity"][1].split(" to ")
    assert float(low) < float(high) == 1
    assert any("no row was called bad: no probability reaches" in m for m in messages_of(found))
    assert found.counts()[-1] == ("called bad at >= 0.999", "0 rows")


def test_table_for_people_marks_what_many_resamples_do_not_have(table):
    rare = table.assign(finding="good")
    rare.loc[rare["patient_id"].isin(["p000", "p001", "p002", "p003"]), "finding"] = "bad"
    found = fit(rare, **ASKED, **{**FAST, "splits": 2}).evaluation
    shown = {name: interval for name, _, interval in found.table()}
    missed = found.figure("auc", "mean of folds").undefined / 200
    assert missed > 0.05
    assert shown["AUC, mean of folds"].endswith(f" ({missed:.0%} of resamples undefined)")
    assert "undefined" not in shown["accuracy"]


def test_result_is_the_same_for_any_number_of_jobs_and_differs_by_seed(table, model):
    options = {**FAST, "repeats": 2}
    told: list[tuple[int, int]] = []
    other = fit(table, **ASKED, **options, jobs=2, progress=lambda what, done, of: told.append((done, of)))
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
    assert "splits and repeats not used: the folds are those of column 'official'" in messages_of(found)
    alone = {name: value for name, value in FAST.items() if name not in ("splits", "repeats")}
    assert messages(fit(table, **ASKED, **alone, folds="official")) == []


def test_folds_in_which_nothing_is_learned_are_counted(table):
    few = table.drop_duplicates("patient_id").head(12).reset_index(drop=True)
    weight = {"n_estimators": 20, "learning_rate": 0.2, "min_child_weight": 1.15}
    found = fit(few, **ASKED, **{**FAST, "splits": 2, "hyperparameters": weight}).evaluation
    constant = [fold["constant"] for fold in found.summary["folds"]]
    assert constant == [True, True]
    assert any("in 2 of 2 folds nothing was learned" in m for m in messages_of(found))


def test_folds_of_unequal_prevalence_are_told_and_bias_the_pooled_auc_only():
    """Noise: a fold's own ranks are worth one half, but ranks across folds follow the other folds' parts."""
    random = np.random.default_rng(5)
    table = small_table(240, effect=0.0, seed=4).drop_duplicates("patient_id").reset_index(drop=True)
    table["site"] = np.arange(240) % 4
    table["finding"] = np.where(
        random.random(240) < np.array([0.15, 0.3, 0.5, 0.7])[table["site"]], "bad", "good"
    )
    few_trees = {"n_estimators": 5, "learning_rate": 0.05}
    found = fit(table, **ASKED, **{**FAST, "hyperparameters": few_trees}, folds="site").evaluation
    assert found.figure("auc").high < 0.45
    of_folds = found.figure("auc", "mean of folds")
    assert of_folds.low < 0.5 < of_folds.high
    assert any(
        re.search(r"differ .*in '0', .*in '3', chi-square p = .*AUC, mean of folds", m)
        for m in messages_of(found)
    )


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
    table["case_id"] = [str(number) for number in range(len(table))]
    table["original_firstorder_F0"] = random.normal(size=len(table))  # else they were copies
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
