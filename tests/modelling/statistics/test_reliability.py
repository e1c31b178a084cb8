"""Intraclass correlations, against published tables, a plain analysis of variance and simulation."""

from __future__ import annotations

import numpy as np
import pytest

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.reliability import icc

#: Shrout and Fleiss 1979, table 2: four judges rate six targets.
RATINGS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
KINDS = ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)")


@pytest.mark.parametrize(
    ("kind", "value", "low", "high"),
    [  # values: Shrout and Fleiss 1979, table 4; intervals: the R package psych's for the same table
        ("ICC(1,1)", 0.17, -0.13, 0.72),
        ("ICC(2,1)", 0.29, 0.02, 0.76),
        ("ICC(3,1)", 0.71, 0.34, 0.95),
    ],
)
def test_published_example(kind, value, low, high):
    found = icc(RATINGS, kind)
    assert found.value.round(2).tolist() == [value]
    assert found.low.round(2).tolist() == [low]
    assert found.high.round(2).tolist() == [high]
    assert found.subjects.tolist() == [6]


def by_anova(table, kind):
    """The definitions, from sums of squares written out."""
    x = np.asarray(table, dtype=float)
    n, k = x.shape
    total = np.sum((x - x.mean()) ** 2)
    rows = k * np.sum((x.mean(axis=1) - x.mean()) ** 2)
    columns = n * np.sum((x.mean(axis=0) - x.mean()) ** 2)
    msr, msc, msw = rows / (n - 1), columns / (k - 1), (total - rows) / (n * (k - 1))
    mse = (total - rows - columns) / ((n - 1) * (k - 1))
    return {
        "ICC(1,1)": (msr - msw) / (msr + (k - 1) * msw),
        "ICC(2,1)": (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n),
        "ICC(3,1)": (msr - mse) / (msr + (k - 1) * mse),
    }[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_many_features_with_missing_measurements_are_each_one_alone(kind):
    random = np.random.default_rng(0)
    table = random.normal(size=(40, 12, 3)) + random.normal(size=(40, 12, 1)) * random.uniform(
        0, 5, (40, 1, 1)
    )
    table[random.random(table.shape) < 0.05] = np.nan
    found = icc(table, kind)
    for number, one in enumerate(table):
        whole = one[~np.isnan(one).any(axis=1)]
        assert found.subjects[number] == len(whole)
        assert found.value[number] == pytest.approx(by_anova(whole, kind), abs=1e-12)
        alone = icc(whole, kind)
        ends = (found.low[number], found.high[number])
        assert ends == pytest.approx((alone.low[0], alone.high[0]), abs=1e-12)
    assert np.all((found.low < found.value) & (found.value < found.high))


@pytest.mark.parametrize("kind", KINDS)
def test_units_and_offset_do_not_matter(kind):
    expected = icc(RATINGS, kind)
    for scale, offset in ((1e-200, 0), (1e200, 0), (-3, 7), (1, 1e6)):
        found = icc(np.array(RATINGS) * scale + offset, kind)
        assert found.value == pytest.approx(expected.value, rel=1e-8)
        assert found.low == pytest.approx(expected.low, rel=1e-8)
        assert found.high == pytest.approx(expected.high, rel=1e-8)


def test_a_shift_between_measurements_counts_for_agreement_only():
    random = np.random.default_rng(1)
    table = 3 * random.normal(size=(30, 1)) + random.normal(size=(30, 2))
    shifted = table + np.array([0, 10])
    assert icc(shifted, "ICC(3,1)").value == pytest.approx(icc(table, "ICC(3,1)").value)
    assert icc(shifted, "ICC(2,1)").value[0] < 0.3 < 0.8 < icc(table, "ICC(2,1)").value[0]


@pytest.mark.parametrize("kind", KINDS)
def test_what_has_no_value_is_nan(kind):
    nothing = [
        np.full((4, 3), 2.5),  # alike everywhere
        np.full((4, 3), 0.1 + 0.2),
        np.full((4, 3), np.nan),
        [[1, 2, 3], [np.nan, 1, 2], [2, np.nan, 2], [0, 1, np.nan]],  # one whole subject
    ]
    found = icc(nothing, kind)
    assert np.isnan([found.value, found.low, found.high]).all()
    assert found.subjects.tolist() == [4, 4, 0, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_full_agreement_is_one(kind):
    found = icc(np.repeat([[0.1], [0.7], [0.3]], 3, axis=1), kind)
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


def test_disagreement_alone_is_negative():
    table = [[0, 1], [1, 0], [0, 1], [1, 0]]  # subjects do not differ at all
    assert icc(table, "ICC(1,1)").value == pytest.approx(-1)
    assert icc(table, "ICC(3,1)").value == pytest.approx(-1)
    parallel = [[1, 5], [1, 5], [1, 5]]  # measurements differ, subjects do not
    assert icc(parallel, "ICC(2,1)").value == pytest.approx(0)
    assert np.isnan(icc(parallel, "ICC(3,1)").value).all()


@pytest.mark.parametrize(("kind", "rater"), [("ICC(1,1)", 0.0), ("ICC(2,1)", 0.5), ("ICC(3,1)", 3.0)])
def test_intervals_hold_the_truth_as_often_as_they_say(kind, rater):
    random, true = np.random.default_rng(3), 0.8
    noise = 1 - true - (rater if kind == "ICC(2,1)" else 0) * 0.1
    spread = np.sqrt(0.05) if kind == "ICC(2,1)" else rater
    table = (
        np.sqrt(true) * random.normal(size=(4000, 25, 1))
        + spread * random.normal(size=(4000, 1, 6))
        + np.sqrt(noise) * random.normal(size=(4000, 25, 6))
    )
    found = icc(table, kind)
    assert np.mean((found.low <= true) & (true <= found.high)) == pytest.approx(0.95, abs=0.012)


def test_tables_that_cannot_be_used_are_refused():
    with pytest.raises(ModelError, match="kind of ICC"):
        icc(RATINGS, "ICC(2,k)")
    with pytest.raises(ModelError, match="two measurements"):
        icc([[1], [2]])
    with pytest.raises(ModelError, match="two measurements"):
        icc([1, 2])
    with pytest.raises(ModelError, match="infinite"):
        icc([[1, np.inf], [2, 3]])
