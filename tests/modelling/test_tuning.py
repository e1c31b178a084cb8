"""The search on inner folds: what it finds, what it is not shown, and when it stops."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
import pandas as pd
import pytest

from radiomics_screen.core.column_names import is_feature
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling import fit
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.classifiers.base import resolved_options
from radiomics_screen.modelling.classifiers.shared.fusion import combined, cross_combined
from radiomics_screen.modelling.data.dataset import Columns, Dataset
from radiomics_screen.modelling.data.splits import inner_splits
from radiomics_screen.modelling.options.groups import Preparation
from radiomics_screen.modelling.statistics.metrics import auc_of
from radiomics_screen.modelling.training import inner_folds, tuning
from radiomics_screen.modelling.training import study as study_module
from radiomics_screen.modelling.training.learning import learn
from radiomics_screen.modelling.training.plan import Plan, ThresholdRule
from radiomics_screen.modelling.training.preparation_steps import preparation_steps
from radiomics_screen.modelling.training.tuning import search
from tests.helpers.tables import ASKED, small_table

#: Looks inside, but has nothing to choose.
PLATT: dict[str, Any] = {"recalibrate": "platt", "preparation": Preparation(correlation=1)}
FEW_TREES = {"n_estimators": 30, "learning_rate": 0.2, "max_depth": 3, "colsample_bytree": 1.0}


def dataset(values: np.ndarray, outcome: np.ndarray, groups: np.ndarray | None = None) -> Dataset:
    rows = len(values)
    names = tuple(f"original_firstorder_F{number}" for number in range(values.shape[1]))
    owners = np.arange(rows) if groups is None else groups
    return Dataset(
        inputs=pd.DataFrame(values, columns=list(names)), outcome=outcome.astype(np.int64),
        groups=np.array([f"p{owner:04d}" for owner in owners], dtype=object), folds=None,
        cases=np.array([f"c{row}" for row in range(rows)], dtype=object), target="t", positive="1",
        negative="0", group="g", rows_read=rows, columns=Columns(names), positions=np.arange(rows),
    )  # fmt: skip


def board(fields: int, rows: int = 240, seed: int = 0) -> Dataset:
    """A chequered board of so many fields a side: no straight line tells its colours apart."""
    values = np.random.default_rng(seed).uniform(-1, 1, size=(rows, 2))
    return dataset(values, np.floor((values + 1) / 2 * fields).sum(axis=1) % 2)


def line(rows: int = 120, noise: int = 3, effect: float = 3.0) -> Dataset:
    random = np.random.default_rng(1)
    outcome = np.arange(rows) % 2
    values = random.normal(size=(rows, 1 + noise))
    values[:, 0] += effect * outcome
    return dataset(values, outcome)


# --- what is found ------------------------------------------------------------------------------


def test_a_chequered_board_goes_to_those_who_can_bend():
    names = ("logistic", "xgboost", "svm")
    found = search(Plan(candidates=names, hyperparameters={"xgboost": FEW_TREES}), board(2))
    assert found.best.classifier in ("svm", "xgboost")
    assert found.by_classifier["logistic"] < 0.65
    assert min(found.by_classifier["svm"], found.by_classifier["xgboost"]) > 0.85
    assert found.best.auc == max(found.by_classifier.values())
    assert list(found.by_classifier) == list(names)


def test_a_setting_is_found_that_the_default_is_far_from_and_given_ones_stay():
    """A board of 4 by 4 fields needs a narrow kernel."""
    plan = Plan(candidates=("svm",), hyperparameters={"svm": {"C": 50.0}}, trials=12)
    default = search(Plan(candidates=("svm",), hyperparameters={"svm": {"C": 50.0}}, **PLATT), board(4)).best
    found = search(plan, board(4)).best
    assert default.hyperparameters == resolved_options(CLASSIFIERS["svm"], {"C": 50.0})
    assert found.auc > default.auc + 0.1
    assert found.hyperparameters["gamma"] > 0.3
    assert found.hyperparameters["C"] == 50.0


def test_unseen_probabilities_are_those_of_each_fold_alone():
    rows = line()
    plan = Plan(candidates=("logistic",), seed=3, **PLATT)
    found = search(plan, rows).best
    expected = np.full(len(rows.outcome), np.nan)
    for train, test in inner_splits(rows.outcome, rows.groups, 5, 3):
        alone = learn(Plan(candidates=("logistic",), preparation=plan.preparation), rows.take(train))
        expected[test] = alone.probability(rows.inputs.iloc[test])
    np.testing.assert_array_equal(found.unseen, expected)
    aucs = [
        auc_of(rows.outcome[test], expected[test])
        for _, test in inner_splits(rows.outcome, rows.groups, 5, 3)
    ]
    assert found.auc == pytest.approx(np.mean(aucs))


def test_of_equally_good_settings_the_default_is_taken():
    found = search(Plan(candidates=("logistic",), trials=6), line(effect=30.0))
    assert found.best.auc == 1
    assert found.best.hyperparameters == resolved_options(CLASSIFIERS["logistic"], {})


# --- how it looks -------------------------------------------------------------------------------


def test_trials_are_counted_and_every_candidates_default_comes_first(monkeypatch):
    tried = []
    judged = tuning.try_setting

    def spy(plan, name, options, *others):
        tried.append((name, options, judged(plan, name, options, *others)))
        return tried[-1][2]

    monkeypatch.setattr(tuning, "try_setting", spy)
    found = search(Plan(candidates=("svm", "logistic"), trials=14), board(3))
    assert [(name, options) for name, options, _ in tried[:2]] == [
        (name, resolved_options(CLASSIFIERS[name], {})) for name in ("svm", "logistic")
    ]
    assert len(tried) == found.trials == 14
    assert sum(one is None for *_, one in tried) == found.given_up > 0
    assert all(one is not None for *_, one in tried[:5])
    finished = [one for *_, one in tried if one is not None]
    assert found.best.auc == max(one.auc for one in finished)
    assert not any(np.isnan(one.unseen).any() for one in finished)
    for name in ("svm", "logistic"):
        assert found.by_classifier[name] == max(one.auc for one in finished if one.classifier == name)


def test_given_up_is_what_does_worse_than_most_after_two_folds():
    study = study_module.Study(0, {"logistic": {}})
    assert not study._is_behind([0.1, 0.1])  # nothing to compare with
    study.running = [[0.9, 0.8], [0.9, 0.8], [0.9, 0.7], [0.9, 0.6], [0.9, 0.5]]
    assert not study._is_behind([0.1])
    assert study._is_behind([0.95, 0.69])
    assert not study._is_behind([0.1, 0.7])


def test_fewer_trials_than_candidates_or_nothing_to_tune_try_the_defaults_alone():
    found = search(Plan(candidates=("logistic", "svm"), trials=1), line(60))
    assert found.trials == 2
    given = {"logistic": {"penalty": 0.1, "l1_ratio": 0.5}}
    found = search(Plan(candidates=("logistic",), hyperparameters=given, trials=50), line(60))
    assert found.trials == 1
    assert found.best.hyperparameters["penalty"] == 0.1


def test_time_ends_the_search_but_not_before_the_defaults(monkeypatch):
    ticks = count()
    monkeypatch.setattr(tuning, "monotonic", lambda: float(next(ticks)))
    assert search(Plan(candidates=("logistic",), trials=50, seconds=3.5), line(60)).trials == 1 + 3
    assert search(Plan(candidates=("logistic", "svm"), trials=50, seconds=0.0), line(60)).trials == 2


def test_the_same_for_a_seed_whatever_the_jobs():
    table = small_table(60, effect=0.8)
    options = {"classifier": ["logistic", "svm"], "trials": 5, "inner_folds": 2, "splits": 2, "resamples": 20}

    def told(**others: Any) -> tuple[Any, ...]:
        made = fit(table, **ASKED, **{**options, **others}, controls=False, device="cpu")
        return made.evaluation.summary["tuning"], made.predict_probability(table).tolist()

    first = told()
    assert first == told(jobs=2)
    assert first[0]["trials"] == 5
    assert [one["trials"] for one in first[0]["chosen"]] == [5, 5]
    assert first[1] != told(seed=1)[1]


# --- what it is not shown -----------------------------------------------------------------------


def everything() -> tuple[pd.DataFrame, dict[str, Any]]:
    """A table, and a fit in which all is learned that can be."""
    random = np.random.default_rng(4)
    table = small_table(40, effect=1.0)
    table = table.assign(
        official=table["official"] % 2 + 1,
        age=random.normal(60, 9, len(table)).round(),
        sex=random.choice(["F", "M"], len(table)),
        scanner=random.choice(["A", "B"], len(table)),
    )
    features = [name for name in table if is_feature(name)]
    again = [
        table.assign(
            alteration=f"noise {n}", **{f: table[f] + random.normal(0, 0.2, len(table)) for f in features}
        )
        for n in range(2)
    ]
    options = {
        "classifier": ["logistic", "svm"], "trials": 4, "inner_folds": 2, "select": "mrmr",
        "most_features": 4,
        "clinical": ["age", "sex"], "batch": "scanner", "perturbed": pd.concat(again, ignore_index=True),
        "recalibrate": "platt", "at_sensitivity": 0.9, "common_value": 0.9, "folds": "official",
        "resamples": 20, "controls": False, "device": "cpu",
    }  # fmt: skip
    return table, options


def test_nothing_of_the_rows_tested_on_is_looked_at():
    """Other outcomes and other values there leave what was learned for them as it was."""
    table, options = everything()
    tested = (table["official"] == 1).to_numpy()
    features = [name for name in table if is_feature(name)]
    other_outcome = table.copy()
    other_outcome.loc[tested, "finding"] = np.where(table.loc[tested, "finding"] == "bad", "good", "bad")
    other_values, without = table.copy(), options["perturbed"]
    other_values.loc[tested, features] = 1e6 * np.random.default_rng(0).normal(
        size=(tested.sum(), len(features))
    )
    other_values.loc[tested, ["age", "sex", "scanner"]] = [200.0, "F", "B"]
    noisy = without.copy()
    of_tested = noisy["case_id"].isin(table.loc[tested, "case_id"])
    noisy.loc[of_tested, features] = np.tile(np.random.default_rng(1).normal(size=(tested.sum(), 8)), (2, 1))
    models = [
        fit(other, **ASKED, **{**options, "perturbed": again})
        for other, again in [(table, without), (other_outcome, without), (other_values, noisy)]
    ]
    learned = [
        {
            name: value
            for name, value in model.evaluation.summary["folds"][0].items()
            if name != "test_positives"
        }
        for model in models
    ]
    assert learned[0] == learned[1] == learned[2]
    assert learned[0]["choice"]["trials"] == 4
    first, second = (model.evaluation.predictions for model in models[:2])
    mine = first["fold"] == "1"
    assert mine.sum() == tested.sum()
    np.testing.assert_array_equal(first.loc[mine, "probability"], second.loc[mine, "probability"])
    assert not np.array_equal(first.loc[~mine, "probability"], second.loc[~mine, "probability"])


def test_preparation_is_learned_from_the_inner_training_rows_alone(monkeypatch):
    rows = line(60)
    rows = dataset(
        rows.inputs.to_numpy(), rows.outcome.repeat(1), groups=np.arange(60) // 4 * 2 + np.arange(60) % 2
    )
    shown: list[Dataset] = []
    prepared = inner_folds.fitted
    monkeypatch.setattr(
        inner_folds, "fitted", lambda steps, part: shown.append(part) or prepared(steps, part)
    )
    search(Plan(candidates=("logistic",), inner_folds=4, **PLATT), rows)
    assert len(shown) == 4
    everyone = set(rows.groups)
    left_out = [everyone - set(part.groups) for part in shown]
    assert sorted(name for names in left_out for name in names) == sorted(
        everyone
    )  # each patient once, whole
    for part, names in zip(shown, left_out, strict=True):
        assert len(part.outcome) + np.isin(rows.groups, list(names)).sum() == 60


def test_features_selected_on_noise_do_not_look_good():
    random = np.random.default_rng(0)
    noise, outcome = random.normal(size=(80, 400)), np.arange(80) % 2
    select = Preparation(correlation=1, select="mrmr", most_features=5)
    plan = Plan(candidates=("logistic",), preparation=select, recalibrate="platt")
    assert 0.3 < search(plan, dataset(noise, outcome)).best.auc < 0.65
    chosen = preparation_steps(select, seed=0)[-1][1].fit(noise, outcome).get_support()
    assert search(plan, dataset(noise[:, chosen], outcome)).best.auc > 0.8  # so the trap would have bitten


def test_copies_of_a_patient_are_never_on_both_sides():
    random = np.random.default_rng(0)
    values, outcome = random.normal(size=(40, 6)), np.arange(40) % 2
    owner = np.repeat(np.arange(40), 4)
    narrow = {"svm": {"C": 100.0, "gamma": 10.0}}
    plan = Plan(candidates=("svm",), hyperparameters=narrow, **PLATT)
    known = search(plan, dataset(values[owner], outcome[owner], owner)).best.auc
    split_across_folds = search(plan, dataset(values[owner], outcome[owner])).best.auc
    assert 0.3 < known < 0.7
    assert split_across_folds > 0.95


# --- stacks -------------------------------------------------------------------------------------


def test_a_stack_is_made_of_the_best_settings(monkeypatch):
    members = []
    stacked = tuning._stacked
    monkeypatch.setattr(tuning, "_stacked", lambda p, m, f, o: members.extend(m) or stacked(p, m, f, o))
    rows = line(120, effect=1.0)
    found = search(Plan(candidates=("svm", "stack", "logistic"), trials=8), rows)
    assert [one.classifier for one in members] == ["logistic", "svm"]
    assert {one.classifier: one.auc for one in members} == {
        name: found.by_classifier[name] for name in ("logistic", "svm")
    }
    alone = search(Plan(candidates=("stack",), trials=5, hyperparameters={"stack": {"pull": 9.0}}), rows)
    assert alone.best.classifier == "stack"
    assert alone.best.hyperparameters["members"] == ["logistic", "svm", "xgboost"]
    assert alone.best.hyperparameters["pull"] == 9.0
    assert list(alone.by_classifier) == ["stack"]


def test_members_and_options_that_are_named_are_those_of_the_stack():
    """What was judged is what is then fitted, and given options are not searched."""
    given = {"members": ["svm", "logistic"], "options": {"logistic": {"penalty": 0.05}}}
    plan = Plan(candidates=("stack",), trials=9, hyperparameters={"stack": given}, inner_folds=3)
    learned = learn(plan, line(90, effect=1.0))
    assert learned.hyperparameters["members"] == ["logistic", "svm"]
    assert learned.hyperparameters["options"]["logistic"]["penalty"] == 0.05
    fitted = learned.pipeline[-1].fitted_
    assert list(fitted) == ["logistic", "svm"]
    assert fitted["svm"].gamma == learned.hyperparameters["options"]["svm"]["gamma"]
    foreign = {"stack": {"members": ["svm", "logistic"], "options": {"forest": {}}}}
    with pytest.raises(ModelError, match="options are given for 'forest', which is not a member"):
        search(Plan(candidates=("stack",), trials=2, hyperparameters=foreign), line(60))


def test_the_weights_of_a_stack_are_not_learned_from_the_rows_it_answers_for():
    random = np.random.default_rng(0)
    unseen, outcome = random.uniform(0.05, 0.95, size=(60, 3)), random.permutation(np.arange(60) % 2)
    parts = np.array_split(random.permutation(60), 4)
    found = cross_combined(unseen, outcome, parts, pull=4.0)
    turned = outcome.copy()
    turned[parts[2]] = 1 - turned[parts[2]]
    others = cross_combined(unseen, turned, parts, pull=4.0)
    np.testing.assert_array_equal(found[parts[2]], others[parts[2]])
    assert np.all(found[parts[0]] != others[parts[0]])
    rest = np.setdiff1d(np.arange(60), parts[1])
    log_odds = np.log(unseen / (1 - unseen))
    weights, intercept = combined(log_odds[rest], outcome[rest], 4.0)
    expected = 1 / (1 + np.exp(-(log_odds[parts[1]] @ weights + intercept)))
    np.testing.assert_allclose(found[parts[1]], expected, rtol=1e-12)


# --- where there is nothing to look at ----------------------------------------------------------


def test_one_candidate_with_its_defaults_needs_no_inner_folds(monkeypatch):
    monkeypatch.setattr(inner_folds, "inner_splits", lambda *_: pytest.fail("inner folds were made"))
    learned = learn(Plan(candidates=("logistic",)), line(40))
    assert learned.found is None
    assert learned.threshold == 0.5
    assert learned.choice["trials"] == 0
    for plan in (
        Plan(candidates=("logistic", "svm")),
        Plan(candidates=("logistic",), trials=1),
        Plan(candidates=("logistic",), recalibrate="isotonic"),
        Plan(candidates=("logistic",), rule=ThresholdRule("specificity", 0.9)),
    ):
        with pytest.raises(pytest.fail.Exception, match="inner folds were made"):
            learn(plan, line(40))


@pytest.mark.parametrize("options", [{"trials": 3}, {"at_sensitivity": 0.9}, {"recalibrate": "platt"}])
def test_too_few_patients_for_inner_folds_are_told(options):
    three = dataset(np.random.default_rng(0).normal(size=(9, 2)), np.arange(9) // 3 == 0, np.arange(9) // 3)
    with pytest.raises(ModelError, match=r"9 rows of 3 patients cannot be divided again.*do without"):
        search(Plan(candidates=("logistic",), trials=1), three)
    table = small_table(8)
    table = table[table["patient_id"] < "p004"]
    table = table.assign(side=np.where(table["patient_id"].isin(["p000", "p001"]), "left", "right"))
    asked = {"classifier": "logistic", "folds": "side", "device": "cpu", "controls": False}
    assert fit(table, **ASKED, **asked, resamples=10).kept
    with pytest.raises(ModelError, match="of 2 patients cannot be divided again inside a training set"):
        fit(table, **ASKED, **asked, **options)


def test_inner_folds_without_both_classes_are_told(monkeypatch):
    rows = line(12)
    one_class = [(np.arange(3, 12), np.array([0, 2])), (np.arange(2, 12), np.array([1]))]
    monkeypatch.setattr(inner_folds, "inner_splits", lambda *_: one_class)
    with pytest.raises(ModelError, match="no inner fold has rows of both classes to test on"):
        search(Plan(candidates=("logistic",), trials=2), rows)


def test_remarks_of_settings_that_were_not_taken_are_not_passed_on():
    """A batch that lies in one inner fold alone says nothing of the model."""
    table, options = everything()
    table["scanner"] = np.where(np.arange(len(table)) < 3, "C", table["scanner"])
    chosen = {
        name: options[name] for name in ("batch", "classifier", "trials", "resamples", "controls", "device")
    }
    made = fit(table, **ASKED, **chosen, splits=2, inner_folds=5)
    heard = [
        text for text in made.evaluation.summary["messages"] if "of a batch that was not learned" in text
    ]
    assert len(heard) <= 1
    assert all("(in 1 of 2 folds)" in text for text in heard)
