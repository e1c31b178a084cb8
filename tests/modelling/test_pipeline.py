"""The steps of the pipeline and its classifier."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from radiomics_screen.core.errors import ModelError, SettingsError
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.classifiers import xgboost as trees
from radiomics_screen.modelling.classifiers.base import resolved_options
from radiomics_screen.modelling.data.values import LARGEST, beyond_largest
from radiomics_screen.modelling.steps import STEPS, step_from_dict
from radiomics_screen.modelling.steps.constant import ConstantFilter
from radiomics_screen.modelling.steps.correlation import CorrelationFilter, absolute_correlation
from radiomics_screen.modelling.steps.duplicate import DuplicateFilter
from radiomics_screen.modelling.steps.impute import MedianImputer
from radiomics_screen.modelling.training.pipeline import (
    build_pipeline,
    feature_counts,
    is_constant,
    kept_features,
    pipeline_from_dict,
    pipeline_to_dict,
    probability_of,
)


@parametrize_with_checks(
    [
        MedianImputer(),
        ConstantFilter(),
        DuplicateFilter(),
        CorrelationFilter(),
        CorrelationFilter(limit=0.5),
    ]
)
def test_steps_keep_the_estimator_contract(estimator, check):
    check(estimator)


def awkward(rows: int = 40) -> pd.DataFrame:
    """Columns of every kind that a step acts on."""
    random = np.random.default_rng(3)
    a, b = random.normal(size=(2, rows))
    holes = np.where(np.arange(rows) % 5 == 0, np.nan, b)
    return pd.DataFrame(
        {
            "a": a,
            "nothing": np.nan,
            "holes": holes,
            "constant": 7.0,
            "a again": a,
            "a bent": np.exp(3 * a),
            "minus a": -a,
            "alone": random.normal(size=rows),
        }
    )


def outcome(rows: int = 40) -> np.ndarray:
    return (awkward(rows)["a"] > 0).to_numpy(np.int64)


# --- impute -------------------------------------------------------------------------------------


def test_missing_values_become_the_median_of_the_rows_learned_from():
    learned_from = pd.DataFrame(
        {"x": [1.0, np.nan, 5.0, 100.0], "y": [np.nan] * 4, "z": [0.0, 0.0, 2.0, 4.0]}
    )
    imputer = MedianImputer().fit(learned_from)
    new = pd.DataFrame({"x": [np.nan, 3.0], "y": [8.0, np.nan], "z": [np.nan, np.nan]})
    np.testing.assert_array_equal(imputer.transform(new), [[5.0, 1.0], [3.0, 1.0]])
    assert list(imputer.get_feature_names_out()) == ["x", "z"]


def test_infinite_values_are_not_imputed():
    with pytest.raises(ValueError, match="infinity"):
        MedianImputer().fit([[np.inf], [1.0]])
    with pytest.raises(ValueError, match="infinity"):
        MedianImputer().fit([[0.0], [1.0]]).transform([[-np.inf]])


def test_a_table_without_any_value_is_refused():
    with pytest.raises(ModelError, match="none of the 2 features has a value"):
        MedianImputer().fit(np.full((3, 2), np.nan))


# --- constant and duplicate ---------------------------------------------------------------------


def test_constant_columns_go():
    kept = ConstantFilter().fit([[1.0, 2.0, 0.0], [1.0, 3.0, -0.0], [1.0, 2.0, 0.0]]).get_support()
    assert kept.tolist() == [False, True, False]


def test_a_table_of_constants_is_refused():
    with pytest.raises(ModelError, match="every one of the 2 features has the same value"):
        ConstantFilter().fit(np.ones((5, 2)))


def test_of_equal_columns_the_first_stays():
    x = np.array([0.0, 1.0, 2.0])
    columns = np.stack([x, x + 1, x * np.array([-1.0, 1.0, 1.0]), x + 1, np.nextafter(x, 9)], axis=1)
    assert DuplicateFilter().fit(columns).get_support().tolist() == [True, True, False, False, True]


# --- correlation --------------------------------------------------------------------------------


def test_rank_correlation_is_spearmans_with_ties_too():
    values = np.random.default_rng(0).integers(0, 6, size=(50, 7)).astype(float)
    np.testing.assert_allclose(absolute_correlation(values), np.abs(spearmanr(values).statistic), atol=1e-14)


def test_a_constant_column_is_correlated_with_none():
    values = np.array([[1.0, 1.0], [1.0, 2.0], [1.0, 4.0]])
    np.testing.assert_allclose(absolute_correlation(values), [[0, 0], [0, 1]], atol=1e-15)


@pytest.mark.parametrize("limit", [0.3, 0.6, 0.85])
def test_kept_columns_are_those_of_a_plain_loop(limit):
    random = np.random.default_rng(2)
    values = random.normal(size=(60, 6)) @ random.normal(size=(6, 25)) + 0.3 * random.normal(size=(60, 25))
    kept: list[int] = []
    for column in range(values.shape[1]):
        near = [abs(spearmanr(values[:, column], values[:, other]).statistic) > limit for other in kept]
        if not any(near):
            kept.append(column)
    found = CorrelationFilter(limit=limit).fit(values).get_support(indices=True)
    assert found.tolist() == kept
    assert 0 < len(kept) < 25


def test_rank_filter_sees_through_monotone_bending():
    values = np.random.default_rng(4).normal(size=(80, 10))
    values[:, 5:] = np.exp(values[:, :5]) + 0.05 * values[:, 5:]
    bent = np.arctan(values) ** 3
    np.testing.assert_array_equal(
        CorrelationFilter(0.8).fit(values).get_support(), CorrelationFilter(0.8).fit(bent).get_support()
    )


def test_limit_one_keeps_even_equal_columns():
    x = np.random.default_rng(0).normal(size=1500)
    assert CorrelationFilter(limit=1).fit(np.stack([x, x, -x], axis=1)).get_support().all()


@pytest.mark.parametrize("limit", [0.0, 1.5, float("nan")])
def test_the_correlation_limit_is_checked(limit):
    with pytest.raises(ModelError, match=f"limit is {limit}"):
        CorrelationFilter(limit).fit(np.random.default_rng(0).normal(size=(5, 2)))


# --- plain JSON ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["constant", "correlation", "duplicate", "impute"])
def test_every_step_comes_back_from_json(name):
    table = awkward() if name == "impute" else awkward().drop(columns="nothing").fillna(0.25)
    fitted = STEPS[name]().fit(table)
    written = json.loads(json.dumps(fitted.to_dict(list(table.columns)), allow_nan=False))
    back = step_from_dict(written, list(table.columns))
    assert type(back) is type(fitted)
    assert back.get_params() == fitted.get_params()
    np.testing.assert_array_equal(back.transform(table.to_numpy()), fitted.transform(table))
    assert list(back.get_feature_names_out(table.columns)) == list(fitted.get_feature_names_out())


def test_a_step_refuses_columns_that_are_not_its_own():
    written = {"step": "constant", "options": {}, "kept": ["b", "a"]}
    with pytest.raises(ModelError, match="out of order"):
        step_from_dict(written, ["a", "b"])
    with pytest.raises(SettingsError, match="did you mean 'constant'"):
        step_from_dict({**written, "step": "constnat"}, ["a", "b"])


def test_pipeline_comes_back_from_json_and_counts_what_each_step_left():
    table = awkward()
    fitted = build_pipeline(hyperparameters={"n_estimators": 5}).fit(table, outcome())
    assert feature_counts(fitted) == {
        "input": 8, "impute": 7, "constant": 6, "duplicate": 5, "correlation": 3,
    }  # fmt: skip
    assert kept_features(fitted) == ["a", "holes", "alone"]
    written = json.loads(json.dumps(pipeline_to_dict(fitted), allow_nan=False))
    back = pipeline_from_dict(written, fitted[-1])
    np.testing.assert_array_equal(probability_of(back, table), probability_of(fitted, table))
    assert feature_counts(back) == feature_counts(fitted)


def test_nothing_is_learned_from_rows_outside_the_fold():
    """Whatever stands in the other rows, the fitted pipeline is the same."""
    table, labels = awkward(), outcome()
    other = table.copy()
    other.iloc[30:] = np.random.default_rng(9).normal(50, 20, size=(10, table.shape[1]))
    pipeline = build_pipeline(hyperparameters={"n_estimators": 5})
    first, second = (clone(pipeline).fit(t.iloc[:30], labels[:30]) for t in (table, other))
    assert pipeline_to_dict(first) == pipeline_to_dict(second)
    assert first[-1].get_booster().save_raw("json") == second[-1].get_booster().save_raw("json")


# --- classifier ---------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_trees_are_the_same_for_a_seed_whatever_the_threads(threads):
    table, labels = awkward(200), outcome(200)
    pipeline = build_pipeline(seed=5, hyperparameters={"n_estimators": 10})
    expected = probability_of(clone(pipeline).fit(table, labels), table)
    pipeline[-1].set_params(n_jobs=threads)
    np.testing.assert_array_equal(probability_of(pipeline.fit(table, labels), table), expected)


def test_another_seed_draws_other_trees():
    table, labels = awkward(200), outcome(200)
    one, other = (
        probability_of(
            build_pipeline(seed=seed, hyperparameters={"n_estimators": 10}).fit(table, labels), table
        )
        for seed in (0, 1)
    )
    assert not np.array_equal(one, other)


def test_hyperparameters_are_those_of_the_signature():
    kind = CLASSIFIERS["xgboost"]
    assert resolved_options(kind, {"max_depth": 2})["max_depth"] == 2
    assert "device" not in resolved_options(kind, {})
    with pytest.raises(ModelError, match="did you mean 'max_depth'"):
        resolved_options(kind, {"maxdepth": 2})
    with pytest.raises(SettingsError, match="did you mean 'xgboost'"):
        build_pipeline(classifier="xgbost")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_estimators", 0),
        ("n_estimators", 10.5),
        ("max_depth", "deep"),
        ("max_depth", 1000),
        ("learning_rate", float("nan")),
        ("subsample", 2.0),
        ("colsample_bytree", 0),
        ("reg_lambda", -1),
        ("min_child_weight", float("inf")),
    ],
)
def test_values_of_hyperparameters_are_checked(name, value):
    with pytest.raises(ModelError, match=f"hyperparameter '{name}' is {value!r}: Input should be"):
        resolved_options(CLASSIFIERS["xgboost"], {name: value})


def test_numbers_of_numpy_are_hyperparameters():
    found = resolved_options(CLASSIFIERS["xgboost"], {"max_depth": np.int64(2), "subsample": np.float32(0.5)})
    assert json.loads(json.dumps(found))["max_depth"] == 2


@pytest.mark.parametrize(("rows", "part"), [(20, 0.5), (40, 0.5), (400, 0.05), (1000, 0.02)])
def test_small_cohorts_and_rare_outcomes_are_learned_from(rows, part):
    """Two classes that one feature tells apart are told apart, with the defaults."""
    random = np.random.default_rng(0)
    labels = (np.arange(rows) < part * rows).astype(np.int64)
    table = pd.DataFrame(random.normal(size=(rows, 6)), columns=list("abcdef"))
    table["a"] += 8 * labels
    fitted = build_pipeline().fit(table, labels)
    probability = probability_of(fitted, table)
    assert probability[labels == 1].min() > probability[labels == 0].max()
    assert not is_constant(fitted, table)


def test_trees_without_a_question_are_constant():
    table, labels = awkward(), outcome()
    fitted = build_pipeline(hyperparameters={"n_estimators": 5, "min_child_weight": 1e6}).fit(table, labels)
    assert is_constant(fitted, table)


# --- numbers ------------------------------------------------------------------------------------


def test_the_largest_number_is_the_last_that_stays_finite_in_32_bits():
    with np.errstate(over="ignore"):
        finite = np.isfinite(np.array([LARGEST, np.nextafter(LARGEST, np.inf)]).astype(np.float32))
    assert finite.tolist() == [True, False]
    found = beyond_largest([LARGEST, -LARGEST, np.nextafter(LARGEST, np.inf), -np.inf, np.nan, 0.0])
    assert found.tolist() == [False, False, True, True, False, False]


# --- device -------------------------------------------------------------------------------------


def test_auto_takes_a_gpu_only_where_one_is_usable(monkeypatch):
    monkeypatch.setattr(trees, "_gpu_hindrance", lambda: "")
    assert [trees.resolve_device(device) for device in ("auto", "cuda", "cpu")] == ["cuda", "cuda", "cpu"]
    monkeypatch.setattr(trees, "_gpu_hindrance", lambda: "XGBoost finds no GPU")
    assert [trees.resolve_device(device) for device in ("auto", "cpu")] == ["cpu", "cpu"]
    with pytest.raises(ModelError, match="'cuda' cannot be used: XGBoost finds no GPU; use 'cpu'"):
        trees.resolve_device("cuda")
    with pytest.raises(ModelError, match="unknown device 'gpu'"):
        trees.resolve_device("gpu")


def test_a_build_without_cuda_is_a_hindrance(monkeypatch):
    monkeypatch.setattr(trees.xgboost, "build_info", lambda: {"USE_CUDA": False})
    assert "without CUDA" in trees._gpu_hindrance.__wrapped__()


def test_the_machine_is_asked_and_answers():
    """Whether or not there is a GPU here, the choice of 'auto' is one that can be trained on."""
    device = trees.resolve_device("auto")
    assert device == ("cpu" if trees._gpu_hindrance() else "cuda")
    fitted = build_pipeline(device=device, hyperparameters={"n_estimators": 3}).fit(awkward(), outcome())
    assert np.isfinite(probability_of(fitted, awkward())).all()


def test_device_is_handed_on_and_prediction_stays_on_the_cpu():
    estimator = build_pipeline(device="cuda")[-1]
    assert estimator.get_params()["device"] == "cuda"
    assert estimator.get_params()["tree_method"] == "hist"
    fitted = clone(estimator).set_params(device="cpu", n_estimators=2).fit(np.eye(4), [0, 1, 0, 1])
    config = json.loads(fitted.get_booster().save_config())
    assert config["learner"]["generic_param"]["device"] == "cpu"
