"""Scaling, near-constant columns, and columns chosen by name."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import RobustScaler, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from radiomics_screen.errors import ModelError
from radiomics_screen.modelling.steps import step_from_dict
from radiomics_screen.modelling.steps.base import PlainStep
from radiomics_screen.modelling.steps.block import BlockFilter
from radiomics_screen.modelling.steps.choose import ChosenColumns
from radiomics_screen.modelling.steps.scale import Scaling
from radiomics_screen.modelling.steps.variance import VarianceFilter
from radiomics_screen.modelling.values import LARGEST


@parametrize_with_checks([Scaling(), Scaling("robust"), VarianceFilter()])
def test_steps_keep_the_estimator_contract(estimator, check):
    check(estimator)


def numbers(rows: int = 50) -> np.ndarray:
    random = np.random.default_rng(0)
    return np.exp(random.normal(size=(rows, 6))) * [1e-30, 1e-6, 1, 1e6, 1e30, -3]


def again(step: PlainStep, names: list[str]) -> PlainStep:
    """Return the step as it comes back from JSON."""
    return step_from_dict(json.loads(json.dumps(step.to_dict(names), allow_nan=False)), names)


# --- scale --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "other"), [("standard", StandardScaler()), ("robust", RobustScaler())])
def test_scaled_values_are_those_of_scikit_learn(method, other):
    # Without the first column: a spread below 1e-15 is none to scikit-learn.
    learned_from, new = numbers()[:, 1:], numbers(70)[50:, 1:]
    ours, theirs = Scaling(method).fit(learned_from), other.fit(learned_from)
    np.testing.assert_allclose(ours.transform(new), theirs.transform(new), rtol=1e-12)


@pytest.mark.parametrize("method", ["standard", "robust"])
def test_a_constant_column_is_0_in_new_rows_too(method):
    learned_from = np.column_stack([np.full(7, 0.1), np.arange(7.0), np.full(7, 1e30)])
    found = Scaling(method).fit(learned_from).transform([[5.0, 3.0, 1.0], [0.1, 9.0, 1e30]])
    assert found[:, [0, 2]].tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert found[0, 1] == 0
    assert found[1, 1] > 0


def test_without_interquartile_range_the_standard_deviation_divides():
    column = np.array([0.0] * 8 + [1.0, 3.0])[:, None]
    np.testing.assert_allclose(Scaling("robust").fit_transform(column), column / column.std(), rtol=1e-15)


def test_the_largest_numbers_can_be_scaled():
    values = np.array([[-LARGEST, 1.0], [LARGEST, 1.0 + 2**-52], [0.0, 1.0]])
    for method in ("standard", "robust"):
        found = Scaling(method).fit_transform(values)
        assert np.isfinite(found).all()
        assert np.ptp(found, axis=0).min() > 0.5


@pytest.mark.parametrize("method", ["standard", "robust"])
def test_scales_come_back_from_json_to_the_bit(method):
    names = list("abcdef")
    step = Scaling(method).fit(numbers())
    np.testing.assert_array_equal(again(step, names).transform(numbers(60)), step.transform(numbers(60)))
    written = step.to_dict(names)
    with pytest.raises(ModelError, match="not those of the step's input columns"):
        step_from_dict(written, names[::-1])
    written["scales"]["a"] = [0.0, float("nan")]
    with pytest.raises(ModelError, match="not a finite number"):
        step_from_dict(written, names)


def test_the_method_of_scaling_is_checked():
    with pytest.raises(ModelError, match="'minmax'"):
        Scaling("minmax").fit(numbers())


# --- variance -----------------------------------------------------------------------------------


def mostly_one(others: int, rows: int = 100) -> np.ndarray:
    return np.where(np.arange(rows) < others, np.arange(rows) + 5.0, 2.0)


def test_columns_with_one_value_in_nearly_all_rows_go():
    table = np.column_stack([mostly_one(others) for others in (0, 4, 5, 6, 100)])
    assert VarianceFilter(0.95).fit(table).get_support().tolist() == [False, False, True, True, True]
    assert VarianceFilter(1.0).fit(table).get_support().tolist() == [False, True, True, True, True]


def test_the_unit_and_where_its_zero_lies_do_not_matter():
    random = np.random.default_rng(1)
    table = np.where(
        random.random((200, 30)) < np.linspace(0.01, 0.2, 30), random.normal(size=(200, 30)), 0.25
    )
    kept = VarianceFilter().fit(table).get_support()
    assert 5 < kept.sum() < 28
    for other in (table * 1e-20, table * -1e20, table * 9 / 5 + 32, table + 1000):
        np.testing.assert_array_equal(VarianceFilter().fit(other).get_support(), kept)


def test_rounding_is_no_variation():
    random = np.random.default_rng(2)
    rounding = 1e6 * (1 + 1e-15 * random.integers(-3, 4, 60))
    small = 1e-12 * random.normal(size=60)
    kept = VarianceFilter().fit(np.column_stack([rounding, small])).get_support()
    assert kept.tolist() == [False, True]
    exact = VarianceFilter(precision=0).fit(np.column_stack([rounding, small])).get_support()
    assert exact.tolist() == [True, True]


def test_the_commonest_value_is_counted_as_by_hand():
    random = np.random.default_rng(3)
    table = random.integers(0, 4, size=(40, 20)) ** 3.0
    shares = [pd.Series(column).value_counts().max() / 40 for column in table.T]
    expected = [share <= 0.4 for share in shares]
    assert VarianceFilter(0.4).fit(table).get_support().tolist() == expected
    assert 0 < sum(expected) < 20


@pytest.mark.parametrize(
    ("options", "message"),
    [({"limit": 0}, "limit of the commonest value is 0"), ({"precision": 1}, "precision is 1")],
)
def test_options_of_the_variance_filter_are_checked(options, message):
    with pytest.raises(ModelError, match=message):
        VarianceFilter(**options).fit(numbers())


def test_a_table_of_near_constants_is_refused():
    with pytest.raises(ModelError, match="every one of the 2 features has one value in more than 95%"):
        VarianceFilter().fit(np.column_stack([mostly_one(1), mostly_one(0)]))


# --- choose and block ---------------------------------------------------------------------------


def mixed() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "age": [50.0, 60.0],
            "original_glcm_Contrast": [1.0, 2.0],
            "sex": ["F", "M"],
            "wavelet-HH_firstorder_Mean": [0.1, np.nan],
            "deep_1": [3, 4],
        },
        index=["x", "y"],
    )


def test_named_columns_are_kept_in_the_order_of_the_table():
    step = ChosenColumns(["sex", "age"]).fit(mixed())
    pd.testing.assert_frame_equal(step.transform(mixed()), mixed()[["age", "sex"]])
    back = again(step, list(mixed()))
    shuffled = mixed()[list(mixed())[::-1]].assign(more=1)
    pd.testing.assert_frame_equal(back.transform(shuffled), mixed()[["age", "sex"]])
    assert list(back.get_feature_names_out(list(mixed()))) == ["age", "sex"]


def test_no_list_keeps_all_columns():
    pd.testing.assert_frame_equal(ChosenColumns().fit(mixed()).transform(mixed()), mixed())


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["agee"], "no column 'agee' \\(chosen\\): did you mean 'age'"),
        ([], "must be a list of names"),
        ("age", "must be a list of names"),
    ],
)
def test_columns_that_cannot_be_chosen_are_named(columns, message):
    with pytest.raises(ModelError, match=message):
        ChosenColumns(columns).fit(mixed())


def test_blocks_are_told_apart_by_names():
    radiomic = ["original_glcm_Contrast", "wavelet-HH_firstorder_Mean"]
    for block, prefixes, expected in [
        ("radiomics", None, radiomic),
        ("clinical", None, ["age", "sex", "deep_1"]),
        ("both", None, list(mixed())),
        ("radiomics", ["deep_", "original"], ["original_glcm_Contrast", "deep_1"]),
        ("clinical", ["deep_", "original"], ["age", "sex", "wavelet-HH_firstorder_Mean"]),
    ]:
        step = again(BlockFilter(block, prefixes).fit(mixed()), list(mixed()))
        pd.testing.assert_frame_equal(step.transform(mixed()), mixed()[expected])
        assert step.get_params() == {"block": block, "prefixes": prefixes}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"block": "all"}, "block is 'all'; it must be one of clinical, radiomics, both"),
        ({"block": "radiomics", "prefixes": ["x_"]}, "none of the 5 columns is radiomic"),
        ({"block": "clinical", "prefixes": [""]}, "none of the 5 columns is clinical"),
        ({"block": "radiomics", "prefixes": "x_"}, "must be a list of texts"),
    ],
)
def test_blocks_that_are_empty_are_refused(options, message):
    with pytest.raises(ModelError, match=message):
        BlockFilter(**options).fit(mixed())


def test_steps_by_name_say_what_new_rows_lack():
    step = ChosenColumns(["age"]).fit(mixed())
    with pytest.raises(
        ModelError, match="1 of the 5 columns that step 'choose' was fitted on are missing: sex"
    ):
        step.transform(mixed().drop(columns="sex"))
    with pytest.raises(ModelError, match="learned from 5 columns, not \\(2, 3\\)"):
        step.transform(np.ones((2, 3)))
    with pytest.raises(ModelError, match="two columns named 'age'"):
        step.fit(pd.concat([mixed(), mixed()[["age"]]], axis=1))
    with pytest.raises(ModelError, match="0 rows"):
        step.fit(mixed().iloc[:0])
    assert len(ChosenColumns(["age"]).fit(mixed()).transform(mixed().iloc[:0])) == 0
