"""Logistic regression, forest, support vector machine and stack: what they learn, keep and explain."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks
from threadpoolctl import threadpool_info, threadpool_limits

from radiomics_screen.core.errors import ModelError, ScreenError
from radiomics_screen.core.threads import single_threaded
from radiomics_screen.modelling import fit, load_model
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.classifiers.base import resolved_options
from radiomics_screen.modelling.classifiers.forest import ForestClassifier
from radiomics_screen.modelling.classifiers.logistic import LogisticClassifier
from radiomics_screen.modelling.classifiers.shared.binary import CLIP, Scaling, closed
from radiomics_screen.modelling.classifiers.shared.fusion import combined
from radiomics_screen.modelling.classifiers.shared.platt import platt_curve
from radiomics_screen.modelling.classifiers.svm import SvmClassifier
from radiomics_screen.modelling.data.splits import inner_splits
from radiomics_screen.modelling.data.values import LARGEST
from radiomics_screen.modelling.statistics.elastic_net import fit_elastic_net
from tests.helpers.tables import ASKED, FAST, small_table

NAMES = ["forest", "logistic", "stack", "svm"]
SMALL: dict[str, dict[str, Any]] = {
    "logistic": {},
    "forest": {"n_estimators": 8},
    "svm": {"inner_folds": 2},
    "stack": {
        "members": ["logistic", "svm", "xgboost"],
        "options": {"xgboost": {"n_estimators": 5}},
        "inner_folds": 2,
    },
}


def built(name: str, seed: int = 0, **options: Any) -> Any:
    return CLASSIFIERS[name].build(seed=seed, **{**SMALL[name], **options})


def rows_of(count: int = 120, columns: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Correlated columns on very different scales, the first of which tells the classes apart."""
    chance = np.random.default_rng(seed)
    values = chance.normal(size=(count, columns)) + 0.8 * chance.normal(size=(count, 1))
    outcome = (values[:, 0] + 0.7 * chance.normal(size=count) > 0.3).astype(np.int64)
    return values * 10.0 ** np.arange(-3, columns - 3) + 1000.0, outcome


@parametrize_with_checks(
    [LogisticClassifier(), ForestClassifier(n_estimators=3), SvmClassifier(inner_folds=2)]
)
def test_they_keep_the_estimator_contract(estimator, check):
    check(estimator)


# --- what all do --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_file_brings_back_the_same_answers_to_the_last_bit(name, tmp_path):
    values, outcome = rows_of()
    kind, fitted = CLASSIFIERS[name], built(name).fit(values, outcome)
    kind.save(fitted, tmp_path / kind.file_name)
    back = kind.load(tmp_path / kind.file_name, built(name))
    assert kind.input_count(back) == 6
    np.testing.assert_array_equal(back.predict_proba(values), fitted.predict_proba(values))
    np.testing.assert_array_equal(kind.contributions(back, values), kind.contributions(fitted, values))
    (tmp_path / "again").mkdir()
    kind.save(back, tmp_path / "again" / kind.file_name)
    for path in (tmp_path / "again").iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_contributions_add_up_and_credit_the_feature_that_matters(name):
    values, outcome = rows_of()
    fitted = built(name).fit(values, outcome)
    found = CLASSIFIERS[name].contributions(fitted, values)
    assert found.shape == (120, 7)
    np.testing.assert_allclose(found.sum(axis=1), logit(fitted.predict_proba(values)[:, 1]), atol=1e-9)
    assert np.ptp(found[:, -1]) == 0
    assert np.abs(found[:, :-1]).mean(axis=0).argmax() == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_same_for_a_seed_whatever_the_threads(name):
    values, outcome = rows_of(150, 40)
    found = []
    for threads in (1, 3):
        with threadpool_limits(limits=threads):
            found.append(built(name, seed=3).fit(values, outcome).predict_proba(values))
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("name", ["forest", "svm"])
def test_another_seed_draws_otherwise(name):
    values, outcome = rows_of()
    one, other = (built(name, seed=seed).fit(values, outcome).predict_proba(values) for seed in (0, 1))
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("name", ["logistic", "svm", "forest"])
def test_a_row_is_answered_alone_as_among_others(name):
    values, outcome = rows_of(150, 40)
    fitted = built(name).fit(values, outcome)
    whole = fitted.predict_proba(values)
    np.testing.assert_array_equal(np.vstack([fitted.predict_proba(row[np.newaxis]) for row in values]), whole)


@pytest.mark.parametrize("name", ["logistic", "svm"])
def test_the_scale_of_a_feature_does_not_matter(name):
    values, outcome = rows_of()
    first = built(name).fit(values, outcome).predict_proba(values)
    other = values * 2.0**40 + 0.0
    np.testing.assert_allclose(built(name).fit(other, outcome).predict_proba(other), first, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_largest_numbers_and_equal_columns_are_learned_from(name):
    values, outcome = rows_of(60)
    values[:, 1] = np.where(outcome == 1, LARGEST, -LARGEST)
    values[:, 2] = 0.1
    fitted = built(name).fit(values, outcome)
    chance = fitted.predict_proba(values)[:, 1]
    assert roc_auc_score(outcome, chance) == 1
    found = CLASSIFIERS[name].contributions(fitted, values)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[:, 2], 0, atol=1e-12)


@pytest.mark.parametrize("name", ["logistic", "svm"])
def test_one_far_value_does_not_rule_the_answer(name):
    values, outcome = rows_of()
    fitted = built(name).fit(values, outcome)
    far, farther = values[:1].copy(), values[:1].copy()
    far[0, 3], farther[0, 3] = 1e9, LARGEST
    np.testing.assert_array_equal(fitted.predict_proba(far), fitted.predict_proba(farther))


@pytest.mark.parametrize("name", NAMES)
def test_through_the_pipeline_and_a_folder(name, tmp_path):
    table = small_table(40)
    asked = {**FAST, "splits": 2, "resamples": 5, "hyperparameters": SMALL[name]}
    made = fit(table, **ASKED, **asked, classifier=name)
    made.save(tmp_path / "model")
    made.save(tmp_path / "model")  # over its own files
    back = load_model(tmp_path / "model")
    assert back.card == made.card
    np.testing.assert_array_equal(back.predict_probability(table), made.predict_probability(table))
    assert made.strongest(table)[0][0].feature in made.kept
    assert made.evaluation.figure("auc").value > 0.6


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("logistic", "penalty", 0.0),
        ("logistic", "l1_ratio", 1.1),
        ("logistic", "class_weights", "equal"),
        ("forest", "n_estimators", 0),
        ("forest", "max_features", "all"),
        ("forest", "max_depth", 1000),
        ("svm", "C", float("inf")),
        ("svm", "gamma", -1.0),
        ("svm", "inner_folds", 1),
        ("stack", "members", "logistic"),
        ("stack", "pull", -1),
    ],
)
def test_hyperparameters_are_checked(name, option, value):
    with pytest.raises(ModelError, match=f"hyperparameter '{option}' is {value!r}"):
        resolved_options(CLASSIFIERS[name], {option: value})


@pytest.mark.parametrize("name", ["logistic", "forest", "svm"])
def test_balanced_classes_count_the_same(name):
    """A rare class is called more often; probabilities of the machine are learned afterwards and stay."""
    values, outcome = rows_of(400)
    rare = np.flatnonzero((outcome == 0) | (np.arange(400) % 6 == 0))
    values, outcome = values[rare], outcome[rare]
    plain, balanced = (
        built(name, class_weights=weights).fit(values, outcome).predict_proba(values)[:, 1].mean()
        for weights in (None, "balanced")
    )
    assert plain == pytest.approx(outcome.mean(), abs=0.04)
    assert (balanced > plain + 0.05) == (name != "svm")


# --- shared parts -------------------------------------------------------------------------------


def test_scaling_is_that_of_the_rows_learned_from():
    scaling = Scaling.learned(np.array([[1.0, 0.1], [3.0, 0.1], [5.0, 0.1]]))
    found = scaling.applied(np.array([[3.0, 0.1], [1e300, 0.1], [-1e300, 0.1]]))
    np.testing.assert_allclose(found, [[0, 0], [CLIP, 0], [-CLIP, 0]], atol=1e-15)


def test_closing_shares_what_is_missing_by_size():
    found = closed(np.array([[3.0, -1.0, 0.0], [0.0, 0.0, 0.0]]), np.array([6.0, 0.0]))
    np.testing.assert_allclose(found, [[6.0, 0.0, 0.0], [0.0, 0.0, 0.0]])


def test_folds_inside_keep_patients_whole():
    chance = np.random.default_rng(0)
    groups = np.repeat([f"p{n}" for n in range(40)], 3)
    outcome = np.repeat(chance.permutation([1] * 12 + [0] * 28), 3)
    found = inner_splits(outcome, groups, 5, seed=1)
    assert sorted(np.concatenate([test for _, test in found])) == list(range(120))
    for train, test in found:
        assert not set(groups[train]) & set(groups[test])
    assert len(inner_splits(np.array([0, 0, 0, 1, 1, 1]), None, 5, seed=0)) == 3
    with pytest.raises(ModelError, match="6 rows of 4 patients cannot be divided again"):
        inner_splits(np.array([0, 0, 0, 1, 1, 1]), np.array(list("abcddd")), 5, seed=0)


@pytest.mark.parametrize("name", ["svm", "stack"])
def test_copies_of_a_patient_are_told_apart_by_the_groups_alone(name):
    """Noise, each row five times: without groups the probabilities are learned from copies."""
    chance = np.random.default_rng(0)
    values, outcome = chance.normal(size=(60, 8)), np.arange(60) % 2
    groups = np.repeat(np.arange(60), 5)
    values, outcome = np.repeat(values, 5, axis=0), np.repeat(outcome, 5)
    unseen = chance.normal(size=(200, 8))
    sure = []
    options: dict[str, Any] = {"gamma": 1.0}
    if name == "stack":
        options = {"options": {"svm": options}, "members": ["svm", "logistic"]}
    for owners in (None, groups):
        found = built(name, **options).fit(values, outcome, groups=owners).predict_proba(unseen)[:, 1]
        sure.append(np.abs(found - 0.5).mean())
    assert sure[0] > 0.25
    assert sure[1] < 0.15


def test_the_limit_of_threads_is_shared_and_goes():
    def counts() -> set[int]:
        return {one["num_threads"] for one in threadpool_info()}

    with threadpool_limits(limits=2):
        with single_threaded():
            with single_threaded():
                pass
            assert counts() == {1}
        assert counts() == {2}


# --- logistic regression ------------------------------------------------------------------------


@pytest.mark.parametrize("l1_ratio", [0.0, 0.3, 1.0])
def test_coefficients_are_those_of_scikit_learn(l1_ratio):
    values, outcome = rows_of(80, 20)
    scaled = Scaling.learned(values).applied(values)
    found, intercept = fit_elastic_net(scaled, outcome.astype(float), np.ones(80), 0.02, l1_ratio)
    other = LogisticRegression(
        solver="saga", C=1 / (80 * 0.02), l1_ratio=l1_ratio, tol=1e-10, max_iter=100_000
    ).fit(scaled, outcome)
    np.testing.assert_allclose(found, other.coef_[0], atol=1e-6)
    assert intercept == pytest.approx(other.intercept_[0], abs=1e-6)
    assert (found == 0).any() == (l1_ratio > 0)


def test_a_thousand_correlated_features_reach_the_minimum():
    """The conditions of the minimum (Karush, Kuhn and Tucker) hold for every coefficient."""
    chance = np.random.default_rng(0)
    values = chance.normal(size=(200, 10)) @ chance.normal(size=(10, 1000)) + chance.normal(size=(200, 1000))
    outcome = (values[:, 0] + 3 * chance.normal(size=200) > 0).astype(float)
    scaled = Scaling.learned(values).applied(values)
    found, intercept = fit_elastic_net(scaled, outcome, np.ones(200), 0.02, 0.5)
    slope = scaled.T @ (expit(scaled @ found + intercept) - outcome) / 200 + 0.01 * found
    used = found != 0
    assert 10 < used.sum() < 500
    np.testing.assert_allclose(slope[used], -0.01 * np.sign(found[used]), atol=1e-6)
    assert np.abs(slope[~used]).max() <= 0.01 + 1e-6


def test_a_contribution_is_coefficient_times_standardised_value():
    values, outcome = rows_of()
    fitted = built("logistic").fit(values, outcome)
    found = CLASSIFIERS["logistic"].contributions(fitted, values)
    expected = fitted.coefficients_ * np.clip((values - values.mean(axis=0)) / values.std(axis=0), -5, 5)
    np.testing.assert_allclose(found[:, :-1], expected, rtol=1e-12)


# --- forest -------------------------------------------------------------------------------------


def test_probabilities_are_those_of_scikit_learn_within_the_limit():
    values, outcome = rows_of(200)
    fitted = built("forest", min_samples_leaf=1, seed=4).fit(values, outcome)
    grown = RandomForestClassifier(8, max_features=0.3, max_depth=20, random_state=4).fit(values, outcome)
    expected = np.clip(grown.predict_proba(values)[:, 1], 1 / 202, 201 / 202)
    assert (expected == 201 / 202).any()
    np.testing.assert_allclose(fitted.predict_proba(values)[:, 1], expected, atol=1e-14)


def shapley_by_hand(forest: Any, row: np.ndarray) -> np.ndarray:
    """Return path-dependent Shapley values of the forest's probability by their definition."""
    from itertools import combinations
    from math import factorial

    trees, count = forest.trees, len(row)

    def expected(node: int, known: frozenset[int]) -> float:
        left, feature = int(trees.left[node]), int(trees.feature[node])
        if feature < 0:
            return float(trees.positive[node])
        if feature in known:
            return expected(left + (np.float32(row[feature]) > trees.threshold[node]), known)
        shares = trees.weight[left : left + 2] / trees.weight[node]
        return float(shares[0] * expected(left, known) + shares[1] * expected(left + 1, known))

    def value(known: tuple[int, ...]) -> float:
        return float(np.mean([expected(int(root), frozenset(known)) for root in trees.roots]))

    found = np.zeros(count)
    for feature in range(count):
        others = [other for other in range(count) if other != feature]
        for size in range(count):
            share = factorial(size) * factorial(count - size - 1) / factorial(count)
            for known in combinations(others, size):
                found[feature] += share * (value((*known, feature)) - value(known))
    return found


def test_contributions_of_the_forest_are_scaled_shapley_values():
    values, outcome = rows_of(100, 4)
    fitted = built("forest", n_estimators=3).fit(values, outcome)
    forest = fitted.forest_
    for number in range(5):
        by_hand = shapley_by_hand(forest, values[number])
        probability = forest.trees.positives(values[[number]])[0]
        assert by_hand.sum() == pytest.approx(probability - forest.trees.base())
        total = fitted.decision_function(values[[number]])[0] - logit(forest.trees.base())
        factor = total / by_hand.sum()
        found = CLASSIFIERS["forest"].contributions(fitted, values[[number]])[0]
        np.testing.assert_allclose(found[:-1], by_hand * factor, atol=1e-5)


# --- support vector machine ---------------------------------------------------------------------


def test_decision_values_are_those_of_scikit_learn():
    values, outcome = rows_of()
    fitted = built("svm").fit(values, outcome)
    scaled = Scaling.learned(values).applied(values)
    other = SVC(C=10, gamma=0.1 / 6, tol=1e-3).fit(np.round(scaled, 6), outcome)
    np.testing.assert_allclose(fitted.machine_.decisions(values), other.decision_function(scaled), atol=1e-5)


def test_gradients_are_integrated_from_the_mean():
    values, outcome = rows_of()
    machine = built("svm", gamma=5.0).fit(values, outcome).machine_
    found = machine.integrated_gradients(values)
    np.testing.assert_allclose(found.sum(axis=1), machine.decisions(values) - machine.base(), atol=1e-8)
    row, nudge = machine.scaling.applied(values)[0], 1e-5
    steps = (np.arange(2000) + 0.5) / 2000
    for column in range(3):
        path = steps[:, np.newaxis] * row
        up, down = path.copy(), path.copy()
        up[:, column] += nudge
        down[:, column] -= nudge
        slope = (machine._sums(up) - machine._sums(down)) / (2 * nudge)
        assert found[0, column] == pytest.approx(row[column] * slope.mean(), abs=1e-5)


def test_platts_curve_finds_the_line_that_made_the_outcomes():
    chance = np.random.default_rng(0)
    decisions = chance.normal(3, 20, size=20_000)
    outcome = (chance.random(20_000) < expit(0.1 * decisions - 1)).astype(np.int64)
    slope, intercept = platt_curve(decisions, outcome)
    assert (slope, intercept) == (pytest.approx(0.1, rel=0.05), pytest.approx(-1, abs=0.06))
    other = LogisticRegression(C=np.inf, tol=1e-10).fit(decisions[:, np.newaxis], outcome)
    assert slope == pytest.approx(other.coef_[0, 0], rel=2e-3)


def test_decisions_that_say_the_reverse_leave_the_part_of_positives():
    outcome = np.arange(100) % 4 == 0
    slope, intercept = platt_curve(np.where(outcome, -1.0, 1.0), outcome.astype(np.int64))
    assert 0 < slope < 0.05
    assert expit(slope * np.array([-1.0, 1.0]) + intercept) == pytest.approx(0.25, abs=0.02)


def test_probabilities_of_the_machine_are_calibrated():
    chance = np.random.default_rng(1)
    values = chance.normal(size=(1200, 3))
    truth = expit(1.5 * values[:, 0])
    outcome = (chance.random(1200) < truth).astype(np.int64)
    found = built("svm", C=1.0).fit(values[:400], outcome[:400]).predict_proba(values[400:])[:, 1]
    assert np.abs(found - truth[400:]).mean() < 0.06
    assert roc_auc_score(outcome[400:], found) > 0.95 * roc_auc_score(outcome[400:], truth[400:])


# --- stack --------------------------------------------------------------------------------------


def test_weights_go_to_who_knows_more_and_stay_equal_without_rows():
    chance = np.random.default_rng(0)
    signal = chance.normal(size=2000)
    outcome = (chance.random(2000) < expit(2 * signal)).astype(np.int64)
    log_odds = np.stack([2 * signal, chance.normal(size=2000), -signal], axis=1)
    weights, intercept = combined(log_odds, outcome, pull=4.0)
    np.testing.assert_allclose(weights, [1, 0, 0], atol=0.15)
    assert intercept == pytest.approx(0, abs=0.15)
    weights, _ = combined(log_odds, outcome, pull=1e7)
    np.testing.assert_allclose(weights, 1 / 3, atol=1e-3)
    weights, _ = combined(-log_odds[:, :2], outcome, pull=0.0)
    assert weights.min() >= 0
    assert weights.sum() >= 0.01


def test_a_stack_is_a_sum_of_its_members():
    values, outcome = rows_of()
    fitted = built("stack").fit(values, outcome)
    assert list(fitted.fitted_) == ["logistic", "svm", "xgboost"]
    chances = [one.predict_proba(values)[:, 1].astype(float) for one in fitted.fitted_.values()]
    expected = logit(np.stack(chances, axis=1)) @ fitted.weights_ + fitted.intercept_
    np.testing.assert_allclose(fitted.decision_function(values), expected, atol=1e-9)
    alone = built("logistic").fit(values, outcome)
    np.testing.assert_array_equal(chances[0], alone.predict_proba(values)[:, 1])
    assert clone(fitted).get_params() == fitted.get_params()


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"members": ["logistic"]}, "members of a stack are logistic; name two or more"),
        ({"members": ["logistic", "stack"]}, "none of them a stack"),
        ({"members": ["svm", "svm"]}, "two or more different"),
        ({"members": ["svm", "forrest"]}, "did you mean 'forest'"),
        ({"options": {"svm": {"c": 1}}}, "unknown hyperparameter 'c'"),
        ({"members": ["svm", "forest"], "options": {"logistic": {}}}, "'logistic', which is not a member"),
    ],
)
def test_a_stack_that_cannot_be_is_refused(options, cause):
    with pytest.raises(ScreenError, match=cause):
        CLASSIFIERS["stack"].build(**options)


def test_a_member_of_another_stack_is_noticed(tmp_path):
    values, outcome = rows_of()
    kind = CLASSIFIERS["stack"]
    kind.save(built("stack").fit(values, outcome), tmp_path / "stack.json")
    other = built("logistic", penalty=0.5).fit(values, outcome)
    CLASSIFIERS["logistic"].save(other, tmp_path / "logistic.json")
    with pytest.raises(ModelError, match=r"logistic.json is missing, or not the one"):
        kind.load(tmp_path / "stack.json", built("stack"))
    (tmp_path / "logistic.json").unlink()
    with pytest.raises(ModelError, match=r"logistic.json is missing, or not the one"):
        kind.load(tmp_path / "stack.json", built("stack"))


# --- hostile and damaged files ------------------------------------------------------------------


def places(content: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    parts: Any = ()
    if isinstance(content, dict):
        parts = content.items()
    elif isinstance(content, list):
        parts = enumerate(content)
    return [path, *(place for key, value in parts for place in places(value, (*path, key)))]


def put(content: Any, place: tuple[Any, ...], value: object) -> None:
    for key in place[:-1]:
        content = content[key]
    content[place[-1]] = value


STRANGE = [
    None,
    -1,
    0,
    1,
    7,
    2**31,
    10**30,
    1e300,
    -1e38,
    1e-300,
    float("nan"),
    "",
    "0",
    [],
    {},
    [1, 2],
    True,
]


@pytest.fixture
def small(request, tmp_path: Path) -> tuple[Any, Path, Any]:
    values, outcome = rows_of(40, 3)
    name = request.param
    kind = CLASSIFIERS[name]
    path = tmp_path / kind.file_name
    kind.save(built(name, **({"n_estimators": 2} if name == "forest" else {})).fit(values, outcome), path)
    return kind, path, built(name)


@pytest.mark.parametrize("small", NAMES, indirect=True)
def test_any_value_changed_gives_a_clear_error_or_finite_answers(small):
    kind, path, unfitted = small
    whole = json.loads(path.read_text())
    values = rows_of(20, 3)[0]
    where, chance, refused = places(whole)[1:], random.Random(0), 0
    top = [place for place in where if len(place) < 3]
    for number in range(200):
        changed = json.loads(json.dumps(whole))
        put(changed, chance.choice(top if number % 3 == 0 else where), chance.choice(STRANGE))
        path.write_text(json.dumps(changed))
        try:
            found = kind.load(path, clone(unfitted))
        except ModelError:
            refused += 1
            continue
        if kind.input_count(found) == 3:
            assert np.isfinite(found.predict_proba(values)).all()
            assert np.isfinite(kind.contributions(found, values)).all()
    assert refused > 70


@pytest.mark.parametrize("small", NAMES, indirect=True)
def test_a_damaged_file_is_named(small):
    kind, path, unfitted = small
    content = path.read_bytes()
    for broken in (content[: len(content) // 2], b"", b"\xff" * 50, b"[" * 100_000, b"[]", b"3"):
        path.write_bytes(broken)
        with pytest.raises(ModelError, match=path.name):
            kind.load(path, unfitted)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda t: t["feature"].__setitem__(0, -1), "no question leads to node 1"),
        (lambda t: t["feature"].__setitem__(-1, 0), "a question leads to no node"),
        (lambda t: t["feature"].__setitem__(0, 3), "asks for a feature that is not there"),
        (lambda t: t["threshold"].pop(), "differ in length"),
        (lambda t: t["weight"].__setitem__(0, 1e6), "are not those of their parent"),
        (lambda t: t["positive"].__setitem__(0, 1.5), "less than or equal to 1"),
        (
            lambda t: t.update(
                feature=[0, -1] * 101 + [-1], threshold=[0.0] * 203, positive=[0.5] * 203, weight=[1.0] * 203
            ),
            "deeper than 100",
        ),
    ],
)
@pytest.mark.parametrize("small", ["forest"], indirect=True)
def test_what_is_no_tree_is_refused(small, change, cause):
    kind, path, unfitted = small
    content = json.loads(path.read_text())
    change(content["trees"][0])
    path.write_text(json.dumps(content))
    with pytest.raises(ModelError, match=cause):
        kind.load(path, unfitted)


# --- noise --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["logistic", "forest", "svm"])
def test_noise_is_not_learned(name):
    """Probabilities of unseen rows rank no better than chance."""
    chance = np.random.default_rng(5)
    values, outcome = chance.normal(size=(600, 30)), np.arange(600) % 2
    found = built(name).fit(values[:300], outcome[:300]).predict_proba(values[300:])[:, 1]
    error = np.sqrt(601 / (12 * 300 * 300 / 2))
    assert abs(roc_auc_score(outcome[300:], found) - 0.5) < norm.ppf(0.999) * error


def test_names_are_offered():
    assert set(NAMES) < set(CLASSIFIERS)
    assert pd.Index(list(CLASSIFIERS)).is_unique
