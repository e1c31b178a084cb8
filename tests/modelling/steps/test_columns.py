"""Scaling, near-constant columns, and columns chosen by name."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.steps import step_from_dict
from radiomics_screen.modelling.steps.base import PlainStep, step
from radiomics_screen.modelling.steps.numerics.frames import NameFilter
from radiomics_screen.modelling.steps.numerics.scale import centre_and_spread, scaled
from radiomics_screen.modelling.steps.variance import VarianceFilter


@parametrize_with_checks([VarianceFilter()])
def test_steps_keep_the_estimator_contract(estimator, check):
    check(estimator)


def numbers(rows: int = 50) -> np.ndarray:
    random = np.random.default_rng(0)
    return np.exp(random.normal(size=(rows, 6))) * [1e-30, 1e-6, 1, 1e6, 1e30, -3]


def again(step: PlainStep, names: list[str]) -> PlainStep:
    """Return the step as it comes back from JSON."""
    return step_from_dict(json.loads(json.dumps(step.to_dict(names), allow_nan=False)), names)


# --- scale --------------------------------------------------------------------------------------


def test_scaled_values_are_those_of_scikit_learn():
    # Without the first column: a spread below 1e-15 is none to scikit-learn.
    learned_from, new = numbers()[:, 1:], numbers(70)[50:, 1:]
    found = scaled(new, *centre_and_spread(learned_from))
    np.testing.assert_allclose(found, StandardScaler().fit(learned_from).transform(new), rtol=1e-12)


def test_a_constant_column_is_0_in_new_rows_too():
    learned_from = np.column_stack([np.full(7, 0.1), np.arange(7.0), np.full(7, 1e30)])
    new = np.array([[5.0, 3.0, 1.0], [0.1, 9.0, 1e30]])
    found = scaled(new, *centre_and_spread(learned_from))
    assert found[:, [0, 2]].tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert found[0, 1] == 0
    assert found[1, 1] > 0


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


# --- by name -------------------------------------------------------------------------------------


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


@step("test-first")
class FirstColumn(NameFilter):
    """Keep the first column."""

    def _keep(self, names):
        return np.arange(len(names)) == 0


def test_steps_by_name_say_what_new_rows_lack():
    first = FirstColumn().fit(mixed())
    with pytest.raises(
        ModelError, match="1 of the 5 columns that step 'test-first' was fitted on are missing: sex"
    ):
        first.transform(mixed().drop(columns="sex"))
    with pytest.raises(ModelError, match="learned from 5 columns, not \\(2, 3\\)"):
        first.transform(np.ones((2, 3)))
    with pytest.raises(ModelError, match="two columns named 'age'"):
        first.fit(pd.concat([mixed(), mixed()[["age"]]], axis=1))
    with pytest.raises(ModelError, match="0 rows"):
        first.fit(mixed().iloc[:0])
    assert len(FirstColumn().fit(mixed()).transform(mixed().iloc[:0])) == 0
