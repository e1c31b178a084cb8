"""What a fit can be asked for beside its figures, each held against what it should be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from radiomics_screen.core.column_names import is_feature
from radiomics_screen.core.errors import ModelError, ScreenError
from radiomics_screen.core.remarks import ScreenWarning, collect_remarks
from radiomics_screen.modelling import fit, load_model
from radiomics_screen.modelling.bundle.manifest import CARD_FILE, DOUBT_FILE
from radiomics_screen.modelling.bundle.model import Model
from radiomics_screen.modelling.controls import ImageControlInputs
from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.external_evaluation import evaluate
from radiomics_screen.modelling.statistics.conformal import fit_conformal
from radiomics_screen.modelling.statistics.delong import auc_interval, compare_aucs
from radiomics_screen.modelling.statistics.metrics import METRICS, figures
from radiomics_screen.modelling.statistics.multiple_comparison import holm
from radiomics_screen.modelling.training import folds as folds_module
from tests.helpers.tables import ASKED, small_table

QUICK: dict[str, Any] = {
    "classifier": "logistic", "splits": 3, "repeats": 1, "inner_folds": 2, "resamples": 50,
    "controls": False, "device": "cpu",
}  # fmt: skip


def made(table: pd.DataFrame, **options: Any) -> Model:
    return fit(table, **ASKED, **{**QUICK, **options})


def names_of(table: pd.DataFrame) -> list[str]:
    return [name for name in table if is_feature(name)]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Features with a weak effect, clinical variables of which age has one, and a scanner that shifts."""
    random = np.random.default_rng(7)
    table = small_table(90, effect=0.7)
    bad, rows = (table["finding"] == "bad").to_numpy(), len(table)
    table = table.assign(
        age=(50 + 8 * bad + random.normal(0, 9, rows)).round(),
        sex=random.choice(["F", "M"], rows),
        code=random.choice(["01", "true", "A"], rows),
        scanner=random.choice(["1", "2", "3"], rows),
    )
    table.loc[random.random(rows) < 0.1, "age"] = np.nan
    table.loc[random.random(rows) < 0.1, "sex"] = None
    features = names_of(table)
    shift = table["scanner"].map({"1": -2.0, "2": 0.0, "3": 3.0}).to_numpy()
    table[features] = table[features].add(shift, axis=0)
    return table


@pytest.fixture(scope="module")
def clinical(table: pd.DataFrame) -> Model:
    return made(table, clinical=["age", "sex", "code"], batch="scanner", recalibrate="platt", inner_folds=3)


@pytest.fixture(scope="module")
def loaded(clinical: Model, tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("models") / "clinical"
    clinical.save(folder)
    return load_model(folder)


# --- clinical variables -------------------------------------------------------------------------


def test_no_clinical_variable_speaks_in_a_harmonised_features_name(clinical, table):
    """What a scanner does is taken out of features the same whatever age and sex are."""
    features = [name for name in clinical.kept if name in names_of(table)]
    assert len(features) > 3
    changed = table.assign(age=99.0, sex="F", code="A")
    pd.testing.assert_frame_equal(clinical.values(changed)[features], clinical.values(table)[features])
    alone = made(table, batch="scanner")
    pd.testing.assert_frame_equal(alone.values(table)[features], clinical.values(table)[features])


def test_clinical_variables_reach_the_classifier_as_numbers(clinical, table):
    assert clinical.card.clinical == ["age", "sex", "code"]
    assert clinical.features == [*names_of(table), "age", "sex", "code", "scanner"]
    assert clinical.radiomics == names_of(table)
    values = clinical.values(table)
    known = table["age"].notna()
    np.testing.assert_array_equal(values.loc[known, "age"], table.loc[known, "age"])
    assert set(values.loc[~known, "age"]) == {table["age"].median()}
    np.testing.assert_array_equal(values["age missing"], table["age"].isna())
    np.testing.assert_array_equal(values["sex=F"], table["sex"] == "F")
    np.testing.assert_array_equal(values["sex missing"], table["sex"].isna())
    assert {"code=01", "code=A", "code=true"} & set(values)


def test_a_row_is_answered_alone_as_among_others(loaded, table):
    """Texts that look like numbers or truths stay texts where no other text is beside them."""
    whole = loaded.predict_probability(table)
    for code in ("01", "true", "A"):
        some = (table["code"] == code).to_numpy()
        np.testing.assert_array_equal(loaded.predict_probability(table[some]), whole[some])
    for row in (0, 5, 11):
        np.testing.assert_array_equal(loaded.predict_probability(table.iloc[[row]]), whole[[row]])
        np.testing.assert_array_equal(loaded.predict_probability(table.iloc[row].to_dict()), whole[[row]])


def test_texts_stay_texts_in_an_evaluation_elsewhere(loaded, table):
    some = table[(table["code"] == "01") & (table["sex"] == "F")]
    elsewhere = some.assign(case_id="x" + some["case_id"], patient_id="x" + some["patient_id"])
    elsewhere.loc[elsewhere.index[0], "scanner"] = "9"
    elsewhere[names_of(table)] += 1e-9
    found = evaluate(loaded, elsewhere, resamples=20)
    np.testing.assert_allclose(
        found.predictions["probability"][1:], loaded.predict_probability(some)[1:], rtol=1e-6
    )
    assert any("of a batch that was not learned ('scanner': 9)" in text for text in found.summary["messages"])


def test_a_level_that_was_not_learned_counts_as_none_and_is_told(clinical, table):
    row = table.iloc[[3]].assign(sex="X")
    with collect_remarks() as notes:
        found = clinical.predict_probability(row)
        other = clinical.predict_probability(table.iloc[[3]].assign(sex="Y"))
    np.testing.assert_array_equal(found, other)
    assert "'sex' is X in 1 rows, which was not learned: counted as no level" in notes
    assert clinical.unlearned(table.iloc[2:5].assign(sex=["X", "F", ""])).tolist() == [
        "'sex' X was not learned, and counts as no value", "", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (
            lambda t: t.drop(columns="age"),
            "learned from age, sex, code, scanner, too, but there is no column 'age'",
        ),
        (lambda t: t.drop(columns="scanner"), "there is no column 'scanner'"),
        (lambda t: t.assign(age=["old", *t["age"][1:]]), r"'old'; in training it was a number \(case 0000\)"),
        (lambda t: t.assign(age=np.inf), "infinite or beyond 3.4e38: age"),
    ],
)
def test_what_a_case_must_bring(loaded, table, change, cause):
    with pytest.raises(ModelError, match=cause):
        loaded.predict_probability(change(table.head(3)))


def test_one_row_that_cannot_be_read_spoils_no_other(loaded, table):
    rows = table.head(3).assign(age=["old", 51, None])
    assert [bool(reason) for reason in loaded.unreadable(rows)] == [True, False, False]
    whole = loaded.predict_probability(table.head(3).assign(age=[None, 51, None]))
    np.testing.assert_array_equal(loaded.predict_probability(rows[1:]), whole[1:])


def test_clinical_columns_are_checked(table):
    for asked, cause in [
        ({"clinical": ["agee"]}, r"no column 'agee' \(clinical\): did you mean 'age'"),
        ({"clinical": ["finding"]}, "'finding' cannot be a clinical variable: it is the column of target"),
        ({"clinical": ["case_id"]}, "it is the column of the table's bookkeeping"),
        ({"clinical": "age"}, "clinical is the text 'age'; it must be a list"),
        ({"clinical": ["scanner"], "batch": "scanner"}, "it is the column of batch"),
        ({"batch": "finding"}, "'finding' cannot be the batch"),
        ({"batch": "patient_id"}, "'patient_id' cannot be the batch"),
        ({"batch": "sex"}, "rows have no batch: 'sex' is empty for"),
    ]:
        with pytest.raises(ModelError, match=cause):
            made(table, **asked)


# --- scanner or site ----------------------------------------------------------------------------


def test_harmonised_features_have_lost_the_shift(table):
    harmonised = made(table, batch="scanner", correlation=1)
    values = harmonised.values(table)
    before = table.groupby("scanner")[values.columns].mean()
    after = values.groupby(table["scanner"]).mean()
    assert (np.ptp(before, axis=0) > 4).all()
    assert (np.ptp(after, axis=0) < 0.3).all()
    assert harmonised.evaluation.summary["harmonised"] == {"batch": "scanner", "batches": ["1", "2", "3"]}
    plain = made(table, correlation=1)
    assert harmonised.evaluation.figure("auc").value > plain.evaluation.figure("auc").value + 0.03


def test_a_scanner_that_was_not_learned_passes_and_is_told(clinical, loaded, table):
    rows = table.head(4).assign(scanner=["1", "9", "", "2"])
    for model in (clinical, loaded):
        assert model.unknown_batches(rows).tolist() == [False, True, True, False]
        with pytest.warns(ScreenWarning, match="2 rows are of a batch that was not learned"):
            model.predict_probability(rows)
        values = model.values(rows)
        kept = [name for name in model.kept if is_feature(name)]
        np.testing.assert_array_equal(values[kept].iloc[[1, 2]], rows[kept].iloc[[1, 2]])
        assert not np.isclose(values[kept].iloc[[0, 3]], rows[kept].iloc[[0, 3]]).any()
        assert model.unlearned(rows).tolist() == [
            "", "'scanner' 9 was not learned, so its features are not harmonised",
            "'scanner' (empty) was not learned, so its features are not harmonised", "",
        ]  # fmt: skip
        with pytest.raises(ModelError, match="there is no column 'scanner'"):
            model.unknown_batches(rows.drop(columns="scanner"))


@pytest.mark.parametrize("recalibrate", ["none", "platt", "isotonic"])
def test_a_loaded_model_answers_bit_by_bit(table, tmp_path, recalibrate):
    table = table.head(100)
    model = made(
        table, clinical=["age", "sex"], batch="scanner", recalibrate=recalibrate, at_specificity=0.8, splits=2
    )
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_probability(table), model.predict_probability(table))
    np.testing.assert_array_equal(again.contributions(table), model.contributions(table))
    np.testing.assert_array_equal(again.unusual(table), model.unusual(table))
    assert again.threshold == model.threshold != 0.5
    assert again.recalibration == model.recalibration
    sets = (one.prediction_sets(one.predict_probability(table), 0.2) for one in (model, again))
    np.testing.assert_array_equal(*sets)


# --- other columns that go ----------------------------------------------------------------------


def test_features_that_do_not_come_out_alike_are_dropped(table):
    random = np.random.default_rng(0)
    features = names_of(table)
    spread = np.where(np.arange(len(features)) < 5, 0.1, 5.0)
    again = pd.concat(
        [
            table.assign(alteration=f"noise {n}", **dict(zip(features, values.T, strict=True)))
            for n, values in enumerate(
                table[features].to_numpy() + spread * random.normal(size=(3, len(table), len(features)))
            )
        ],
        ignore_index=True,
    )
    model = made(table, perturbed=again, clinical=["age"], correlation=1)
    assert [name for name in model.kept if is_feature(name)] == features[:5]
    assert "age" in model.kept
    told = model.evaluation.summary["robustness"]
    assert told == {"least": 0.75, "cases": len(table), "measurements": 3, "kept": 5, "of": 8}
    assert [one["name"] for one in model.evaluation.summary["comparison"]["models"]] == [
        "both", "radiomics", "clinical",
    ]  # fmt: skip
    with pytest.raises(ModelError, match="none of the 8 features is reproducible"):
        made(table, perturbed=again, clinical=["age"], least_icc=0.9999)
    with pytest.raises(ModelError, match="5 of the 8 features were not measured again"):
        made(table, perturbed=again.drop(columns=features[:5]))


def test_columns_of_one_common_value_are_dropped(table):
    rare = np.where(np.arange(len(table)) % 25 == 0, 1.0, 0.0)  # 96 % are 0
    spoiled = table.assign(original_firstorder_Rare=rare)
    assert "original_firstorder_Rare" in made(spoiled).kept
    model = made(spoiled, common_value=0.95)
    assert "original_firstorder_Rare" not in model.kept
    assert model.evaluation.summary["common_value"] == 0.95
    assert "original_firstorder_Rare" in made(spoiled, common_value=0.97).kept


# --- threshold and recalibration ----------------------------------------------------------------


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    return small_table(500, effect=1.2, seed=3)


@pytest.fixture(scope="module")
def sensitive(many) -> Model:
    return made(many, at_sensitivity=0.9, recalibrate="platt", repeats=2, inner_folds=4)


def test_each_fold_has_its_own_threshold_and_the_aim_is_nearly_met(sensitive, many):
    predictions = sensitive.evaluation.predictions
    by_fold = predictions.groupby(["repeat", "fold"])["threshold"].nunique()
    assert by_fold.tolist() == [1] * 6
    assert predictions["threshold"].nunique() == 6
    chosen = {
        (f["repeat"], f["fold"]): f["choice"]["threshold"] for f in sensitive.evaluation.summary["folds"]
    }
    given = predictions.drop_duplicates(["repeat", "fold"]).set_index(["repeat", "fold"])["threshold"]
    assert given.to_dict() == chosen
    assert sensitive.threshold not in chosen.values()
    assert sensitive.evaluation.summary["threshold_rule"] == "sensitivity of 0.9 on inner folds"
    assert 0.86 < sensitive.evaluation.figure("sensitivity").value < 0.94
    assert sensitive.evaluation.counts()[-1][0] == "called bad at sensitivity of 0.9 on inner folds"
    specific = made(many, at_specificity=0.8)
    assert 0.76 < specific.evaluation.figure("specificity").value < 0.84


def test_figures_are_of_calls_at_each_folds_own_threshold(sensitive):
    predictions = sensitive.evaluation.predictions
    bad = (predictions["target"] == "bad").to_numpy(np.float64)
    called = (predictions["probability"] >= predictions["threshold"]).to_numpy()
    sensitivity, specificity = [], []
    for repeat in (1, 2):
        here = (predictions["repeat"] == repeat).to_numpy()
        sensitivity.append(called[here & (bad == 1)].mean())
        specificity.append(1 - called[here & (bad == 0)].mean())
    assert sensitive.evaluation.figure("sensitivity").value == pytest.approx(np.mean(sensitivity))
    assert sensitive.evaluation.figure("specificity").value == pytest.approx(np.mean(specificity))
    assert sensitive.evaluation.summary["called_positive"] == [
        int(called[predictions["repeat"] == repeat].sum()) for repeat in (1, 2)
    ]
    by_fold = [
        figures(
            (part["target"] == "bad").to_numpy(),
            part["probability"].to_numpy(),
            threshold=part["threshold"].iloc[0],
        )
        for _, part in predictions.groupby(["repeat", "fold"])
    ]
    for name in METRICS:
        mean = np.mean([one[name][0] for one in by_fold])
        assert sensitive.evaluation.figure(name, "mean of folds").value == pytest.approx(mean)


@pytest.fixture(scope="module")
def rare(many) -> pd.DataFrame:
    """One in ten of the positive patients: balanced weights move probabilities far."""
    return many[(many["finding"] == "good") | (many["patient_id"].str[-1] == "0")]


@pytest.mark.parametrize("recalibrate", ["platt", "isotonic"])
def test_the_threshold_is_put_after_recalibration(rare, recalibrate):
    options = {"at_sensitivity": 0.8, "hyperparameters": {"class_weights": "balanced"}}
    before, after = made(rare, **options), made(rare, **options, recalibrate=recalibrate)
    assert before.threshold > 0.3
    assert after.threshold < 0.15
    for model in (before, after):
        assert 0.6 < model.evaluation.figure("sensitivity").value < 0.95
    assert after.card.recalibration["kind"] == recalibrate


@pytest.mark.parametrize("recalibrate", ["platt", "isotonic"])
def test_recalibration_mends_what_balanced_weights_spoil(rare, recalibrate):
    balanced = {"hyperparameters": {"class_weights": "balanced"}}
    spoiled, mended = made(rare, **balanced), made(rare, **balanced, recalibrate=recalibrate)
    part = (rare["finding"] == "bad").mean()
    assert spoiled.predict_probability(rare).mean() > part + 0.15
    assert mended.predict_probability(rare).mean() == pytest.approx(part, abs=0.02)
    assert mended.evaluation.figure("brier").value < spoiled.evaluation.figure("brier").value - 0.05
    found = mended.evaluation.predictions.groupby("fold")["probability"].mean()
    assert (found - part).abs().max() < 0.04  # so it is in the folds, too


def test_contributions_sum_to_the_log_odds_that_they_say(table, clinical, loaded):
    for model in (clinical, loaded):
        assert model.recalibration.slope > 0
        log_odds = model.contributions(table).sum(axis=1)
        probability = model.predict_probability(table)
        np.testing.assert_allclose(log_odds, np.log(probability / (1 - probability)), atol=1e-9)
        strongest = model.strongest(table.head(2), count=3)
        assert [len(one) for one in strongest] == [3, 3]
    isotonic = made(table, recalibrate="isotonic")
    before = made(table)
    np.testing.assert_allclose(isotonic.contributions(table), before.contributions(table))


def test_a_missing_clinical_number_is_told_as_such_in_the_reasons(clinical, table):
    row = table.iloc[[0]].assign(age=np.nan)
    (reasons,) = clinical.strongest(row, count=50)
    assert {one.feature: one.imputed for one in reasons}["age"]
    assert not any(one.imputed for one in reasons if is_feature(one.feature))


def test_thresholds_and_options_are_checked_before_the_work(table, monkeypatch):
    monkeypatch.setattr(folds_module, "learn", lambda *_: pytest.fail("the work has begun"))
    for asked, cause in [
        ({"at_sensitivity": 0.9, "at_specificity": 0.9}, "give one of the three"),
        ({"at_sensitivity": 0.9, "threshold": 0.3}, "give one of the three"),
        ({"at_sensitivity": 1.0}, "at_sensitivity is 1.0; it must be between 0 and 1"),
        ({"threshold": 0.0}, "threshold is 0.0"),
        ({"recalibrate": "plat"}, "recalibrate is 'plat'"),
        ({"error_rate": 1.5}, "error_rate is 1.5; it must be between 0 and 1"),
        ({"minutes": 0}, "minutes is 0; it must be above 0"),
        ({"permutations": -1}, "permutations is -1"),
        ({"inner_folds": 1}, "inner_folds is 1; it must be at least 2"),
        ({"trials": 2.5}, "trials is 2.5; it must be a whole number"),
        ({"common_value": 0}, "common_value is 0"),
        ({"classifier": ["svm", "svm"]}, "name each once"),
        ({"classifier": ["svm", "logistic"], "hyperparameters": {"C": 2.0}}, "are given by their names"),
        ({"classifier": "svn"}, "unknown classifier 'svn': did you mean 'svm'"),
    ]:
        with pytest.raises(ScreenError, match=cause):
            made(table, **asked)


# --- comparison of blocks -----------------------------------------------------------------------


def test_blocks_are_compared_by_delongs_test_on_the_same_folds(table):
    model = made(table, clinical=["age", "sex"], at_sensitivity=0.9)
    alone = {
        "both": model,
        "radiomics": made(table),
        "clinical": fit(
            table.rename(columns={"age": "original_firstorder_age"}).drop(columns=names_of(table)),
            **{**ASKED}, **{**QUICK, "clinical": ["sex"]},
        ),
    }  # fmt: skip
    said = {name: one.evaluation.predictions["probability"].to_numpy() for name, one in alone.items()}
    predictions = model.evaluation.predictions
    bad, owner = (predictions["target"] == "bad").to_numpy(), predictions["group"].to_numpy().astype(str)
    found = model.evaluation.summary["comparison"]
    assert [one["name"] for one in found["models"]] == ["both", "radiomics", "clinical"]
    assert [one["features"] for one in found["models"]] == [10, 8, 2]
    for one in found["models"][:2]:  # the third has an indicator of missing ages that the table has not
        expected = auc_interval(bad, said[one["name"]], owner)
        assert one["auc"]["value"] == pytest.approx(expected.value)
        assert (one["auc"]["low"], one["auc"]["high"]) == pytest.approx((expected.low, expected.high))
        assert one["auc"]["value"] == pytest.approx(roc_auc_score(bad, said[one["name"]]))
    first = found["tests"][0]
    expected = compare_aucs(bad, said["both"], said["radiomics"], owner)
    assert (first["first"], first["second"]) == ("both", "radiomics")
    for name in ("difference", "low", "high", "p"):
        assert first[name] == pytest.approx(getattr(expected, name))
    assert first["difference"] > 0
    corrected = holm([one["p"] for one in found["tests"]])
    assert [one["p_holm"] for one in found["tests"]] == pytest.approx(corrected.tolist())
    assert made(table).evaluation.summary["comparison"] is None


def test_a_block_that_cannot_be_learned_costs_its_comparison_alone(table):
    model = made(table.assign(place="here"), clinical=["place"])
    found = model.evaluation.summary["comparison"]
    assert [one["name"] for one in found["models"]] == ["both", "radiomics"]
    (told,) = (text for text in model.evaluation.summary["messages"] if "to compare with" in text)
    assert told.startswith("no model of 'clinical' columns alone to compare with: ")


# --- prediction sets ----------------------------------------------------------------------------


def test_prediction_sets_hold_the_outcome_as_often_as_they_say(many, tmp_path):
    """On new patients of the same kind, in each class, before and after loading."""
    model = made(many, error_rate=0.2)
    model.save(tmp_path / "model")
    new = small_table(1500, effect=1.2, seed=99)
    bad = (new["finding"] == "bad").to_numpy()
    for one in (model, load_model(tmp_path / "model")):
        sets = one.prediction_sets(one.predict_probability(new), 0.2)
        assert sets[bad, 1].mean() == pytest.approx(0.8, abs=0.05)
        assert sets[~bad, 0].mean() == pytest.approx(0.8, abs=0.05)
    told = model.evaluation.summary["doubt"]
    assert told["error_rate"] == 0.2
    assert told["figures"]["coverage"]["value"] == pytest.approx(0.8, abs=0.04)
    strict = model.prediction_sets(model.predict_probability(new), 0.01)
    assert strict[bad, 1].mean() > 0.97


def test_figures_of_sets_are_of_folds_calibrated_by_the_others(many):
    model = made(many)
    predictions = model.evaluation.predictions
    bad, said = (predictions["target"] == "bad").to_numpy(), predictions["probability"].to_numpy()
    right = np.empty(len(bad), dtype=bool)
    for fold in ("1", "2", "3"):
        here = (predictions["fold"] == fold).to_numpy()
        others = fit_conformal(bad[~here], said[~here], predictions["group"].to_numpy()[~here].astype(str))
        right[here] = others.sets(said[here], 0.1)[np.arange(here.sum()), bad[here].astype(int)]
    found = model.evaluation.summary["doubt"]["figures"]["coverage"]
    assert found["value"] == pytest.approx(right.mean())
    assert found["low"] < found["value"] < found["high"]


def test_unusual_is_told_in_percent_of_the_training_rows(clinical, table):
    own = clinical.unusual(table)
    assert 0 <= own.min() < 10
    assert own.max() > 90
    far = table.head(2).copy()
    far[names_of(table)] += 50.0
    highest = 100 * len(table) / (len(table) + 1)
    assert clinical.unusual(far).tolist() == [highest, highest]
    assert clinical.doubt.unusual_from == 99
    few = made(table.head(60)).doubt
    assert few.unusual_from == 100 * 60 / 61  # where 99 cannot be reached


@pytest.fixture(scope="module")
def folder(clinical, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("doubt") / "model"
    clinical.save(place)
    return place


def forged(folder: Path, place: Path, change: Any) -> Path:
    """Copy a model folder with other contents of ``doubt.json``, and the hash that goes with them."""
    import hashlib

    shutil.copytree(folder, place)
    path = place / DOUBT_FILE
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    card = json.loads((place / CARD_FILE).read_text())
    card["files"][DOUBT_FILE] = hashlib.sha256(path.read_bytes()).hexdigest()
    (place / CARD_FILE).write_text(json.dumps(card))
    return place


def test_a_missing_or_damaged_file_of_doubt_is_named(folder, tmp_path):
    for name, change in [("missing", Path.unlink), ("changed", lambda path: path.write_text("{}"))]:
        place = tmp_path / name
        shutil.copytree(folder, place)
        change(place / DOUBT_FILE)
        with pytest.raises(ModelError, match=DOUBT_FILE):
            load_model(place)


def test_a_folder_of_before_there_was_doubt_still_reads(folder, tmp_path, table):
    place = tmp_path / "model"
    shutil.copytree(folder, place)
    (place / DOUBT_FILE).unlink()
    card = json.loads((place / CARD_FILE).read_text())
    del card["files"][DOUBT_FILE]
    (place / CARD_FILE).write_text(json.dumps(card))
    model = load_model(place)
    assert model.doubt is None
    assert np.isnan(model.unusual(table.head(2))).all()
    with pytest.raises(ModelError, match="saved without what prediction sets need"):
        model.prediction_sets([0.5])
    assert len(model.predict_probability(table)) == len(table)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.clear(),
        lambda d: d.update(conformal=None),
        lambda d: d.update(conformal=[1]),
        lambda d: d.update(outlying=3),
        lambda d: d["conformal"].update(probability=[2.0]),
        lambda d: d["conformal"]["probability"].pop(),
        lambda d: d["conformal"]["weight"].__setitem__(0, -1.0),
        lambda d: d["conformal"]["weight"].__setitem__(0, 10**400),
        lambda d: d["conformal"]["outcome"].__setitem__(0, 7),
        lambda d: d["conformal"].update(by_class="yes"),
        lambda d: d["outlying"].update(columns=2),
        lambda d: d["outlying"].update(own=["x"]),
        lambda d: d["outlying"].update(own=[]),
        lambda d: d["outlying"].pop(next(iter(d["outlying"]))),
    ],
)
def test_forged_doubt_gives_a_clear_error(folder, tmp_path, change):
    with pytest.raises(ModelError):
        load_model(forged(folder, tmp_path / "model", change))


# --- chance -------------------------------------------------------------------------------------


def test_noise_is_no_better_than_permuted_labels():
    model = made(small_table(60, effect=0.0, seed=2), permutations=19)
    found = model.evaluation.summary["permutation"]
    assert found["p"] > 0.05
    assert found["observed"] == pytest.approx(model.evaluation.figure("auc").value)
    assert 0.35 < np.mean(found["permuted"]) < 0.65


def test_a_strong_signal_has_the_smallest_p_there_is():
    table = small_table(60, effect=3.0)
    heard = []
    model = made(table, permutations=9, repeats=3, progress=lambda what, n, of: heard.append((what, n, of)))
    found = model.evaluation.summary["permutation"]
    assert found["p"] == pytest.approx(1 / 10)
    assert found["permutations"] == len(found["permuted"]) == 9
    assert max(found["permuted"]) < found["observed"]
    first = model.evaluation.predictions.query("repeat == 1")
    assert found["observed"] == pytest.approx(roc_auc_score(first["target"] == "bad", first["probability"]))
    assert heard == [("fold", n, 9) for n in range(1, 10)] + [("permutation", n, 9) for n in range(1, 10)]


def test_with_permuted_labels_everything_is_done_again(table, monkeypatch):
    """Search, selection, recalibration and the division into folds; each with the permuted labels alone."""
    learned: list[tuple[Any, Dataset]] = []
    learn = folds_module.learn
    monkeypatch.setattr(
        folds_module, "learn", lambda plan, rows: learned.append((plan, rows)) or learn(plan, rows)
    )
    made(
        table, permutations=2, classifier=["logistic", "svm"], trials=3, inner_folds=2, select="mrmr",
        batch="scanner", recalibrate="platt", at_sensitivity=0.9,
    )  # fmt: skip
    plans, rows = zip(*learned, strict=True)
    assert len(learned) == 1 + 3 + 2 * 3
    for plan in plans[4:]:
        assert (plan.trials, plan.candidates, plan.recalibrate) == (3, ("logistic", "svm"), "platt")
        assert plan.preparation == plans[0].preparation
    truth = dict(zip(rows[0].cases, rows[0].outcome, strict=True))
    for number in (0, 1):
        folds = rows[4 + 3 * number : 7 + 3 * number]
        labels = {}
        for part in folds:
            for case, label in zip(part.cases, part.outcome, strict=True):
                assert labels.setdefault(case, label) == label  # one labelling in all folds of a permutation
        assert labels != truth
        by_patient = pd.DataFrame(
            {"owner": rows[0].groups, "label": [labels[case] for case in rows[0].cases]}
        )
        assert by_patient.groupby("owner")["label"].nunique().max() == 1
        given = {frozenset(part.cases) for part in folds}
        assert given != {frozenset(part.cases) for part in rows[1:4]}


# --- all that is asked for has its price, and is asked for once -----------------------------------


def test_images_are_looked_at_when_the_rest_is_sound(table):
    looked = []

    def images() -> ImageControlInputs:
        looked.append(True)
        return ImageControlInputs(hindrance="the images are gone")

    with pytest.raises(ModelError, match="no column 'nothing'"):
        fit(table, **{**ASKED, "target": "nothing"}, **{**QUICK, "controls": True}, images=images)
    assert not looked
    model = made(table, controls=True, images=images)
    assert looked == [True]
    texts = [one["text"] for one in model.evaluation.summary["controls"] if one["verdict"] == "not run"]
    assert "the images are gone" in texts


def test_minutes_are_shared_by_all_searches(table, monkeypatch):
    plans = []
    learn = folds_module.learn
    monkeypatch.setattr(folds_module, "learn", lambda plan, rows: plans.append(plan) or learn(plan, rows))
    options = {"trials": 2, "inner_folds": 2, "minutes": 7.0}
    made(table, **options)
    assert {plan.seconds for plan in plans} == {7.0 * 60 / 4}
    plans.clear()
    made(table, **options, clinical=["age"])
    assert len(plans) == 1 + 3 * 3
    assert {plan.seconds for plan in plans} == {7.0 * 60 / 10}


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda t: t[t["finding"] == "bad"], "'finding' has one value only"),
        (lambda t: t[t["patient_id"] < "p003"], "rows of . patients: too few for 3 folds"),
        (lambda t: t.assign(**dict.fromkeys(names_of(t), 2.0)), "same value in all .* training rows"),
        (lambda t: t.drop(columns=names_of(t)), "no feature columns"),
        (lambda t: t.drop(columns="finding"), r"no column 'finding' \(target\)"),
        (lambda t: t.drop(columns="patient_id"), r"no column 'patient_id' \(group\)"),
    ],
)
@pytest.mark.parametrize("asked", [{}, {"trials": 4, "at_sensitivity": 0.9, "inner_folds": 2}])
def test_what_cannot_be_learned_from_is_told(table, change, cause, asked):
    with pytest.raises(ModelError, match=cause):
        made(change(table), **asked)
