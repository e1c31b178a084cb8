"""How unusual a row is, against scikit-learn's Ledoit-Wolf covariance and simulation."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import iqr, norm
from sklearn.covariance import ledoit_wolf
from threadpoolctl import threadpool_limits

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.novelty import Outlying, fit_outlying


@pytest.fixture(autouse=True)
def one_thread():
    """Many small decompositions: threads only get in each other's way."""
    with threadpool_limits(1):
        yield


def drawn(rows: int, columns: int, seed: int, factors: int = 5):
    """Correlated columns: a few factors and some noise."""
    loadings = np.random.default_rng(77).normal(size=(factors, columns))
    random = np.random.default_rng(seed)
    return random.normal(size=(rows, factors)) @ loadings + 0.5 * random.normal(size=(rows, columns))


@pytest.mark.parametrize(("rows", "columns"), [(200, 10), (30, 60)])
def test_the_distance_is_mahalanobis_with_the_shrunk_covariance(rows, columns):
    table, new = drawn(rows, columns, seed=0), drawn(8, columns, seed=1) * 2
    location = np.median(table, axis=0)
    scale = iqr(table, axis=0) / iqr(norm.ppf(np.linspace(1e-6, 1 - 1e-6, 100_001)))
    z = np.clip((table - location) / scale, -5, 5)
    covariance, _ = ledoit_wolf(z)
    away = (new - location) / scale - z.mean(axis=0)
    expected = np.sqrt(np.einsum("ij,jk,ik->i", away, np.linalg.inv(covariance), away) / columns)
    np.testing.assert_allclose(fit_outlying(table).distances(new), expected, rtol=1e-4)


def test_of_many_columns_all_but_the_leading_directions_share_their_variance():
    table, new = drawn(150, 300, seed=0), drawn(5, 300, seed=1)
    found = fit_outlying(table).to_dict()
    assert np.shape(found["directions"]) == (64, 300)
    z = (np.array(new) - found["location"]) / found["scale"] - found["centre"]
    directions, variances = np.array(found["directions"]), np.array(found["variances"])
    covariance = (directions.T * (variances - found["rest"])) @ directions + found["rest"] * np.eye(300)
    expected = np.sqrt(np.einsum("ij,jk,ik->i", z, np.linalg.inv(covariance), z) / 300)
    np.testing.assert_allclose(fit_outlying(table).distances(new), expected, rtol=1e-6)


@pytest.mark.parametrize(("rows", "columns"), [(300, 20), (60, 200)])
def test_new_rows_of_the_same_kind_are_spread_over_all_percentiles(rows, columns):
    """Also with far more columns than rows, where training rows lie nearer to what was learned from them."""
    found = [
        fit_outlying(drawn(rows, columns, seed)).percentiles(drawn(60, columns, 1000 + seed))
        for seed in range(12)
    ]
    percentiles = np.concatenate(found)
    np.testing.assert_allclose(
        np.quantile(percentiles, [0.1, 0.25, 0.5, 0.75, 0.9]), [10, 25, 50, 75, 90], atol=6
    )
    assert np.mean(percentiles > 95) == pytest.approx(0.05, abs=0.035)


def test_without_leaving_rows_out_all_new_rows_would_look_unusual():
    table = drawn(60, 200, seed=3)
    found = fit_outlying(table)
    naive = np.sort(found.distances(table))
    assert np.mean(found.distances(drawn(200, 200, seed=4)) > naive[-1]) > 0.8


@pytest.mark.parametrize(("rows", "columns"), [(300, 20), (100, 250)])
def test_unusual_rows_are_seen(rows, columns):
    table = drawn(rows, columns, seed=5)
    found, new = fit_outlying(table), drawn(50, columns, seed=6)
    random = np.random.default_rng(7)
    broken = new + 3 * random.normal(size=new.shape)  # correlations gone, each column still plausible
    scaled = new * 3
    # as wide as the columns, but off the space that they span
    alone = random.normal(size=new.shape) * table.std(axis=0)
    for odd in (broken, scaled, alone):
        assert np.median(found.percentiles(odd)) > 98
    one = np.median(table, axis=0)
    one[3] += 40 * table[:, 3].std()
    assert found.percentiles([one])[0] > 98
    assert found.percentiles([np.median(table, axis=0)])[0] < 30


def test_wild_training_rows_hide_no_unusual_one():
    table, new = drawn(200, 30, seed=8), drawn(40, 30, seed=9) * 4
    clean = fit_outlying(table)
    table[:6] *= 1000
    dirty = fit_outlying(table)
    assert np.median(dirty.distances(new)) > 0.5 * np.median(clean.distances(new))
    assert np.median(dirty.percentiles(new)) > 94


def test_rows_of_one_patient_are_left_out_together():
    """Twins would make each other look usual."""
    table = np.repeat(drawn(40, 100, seed=10), 2, axis=0)
    table = table + 0.01 * np.random.default_rng(0).normal(size=table.shape)
    owner = np.repeat(np.arange(40), 2)
    by_patient, by_row = fit_outlying(table, owner, folds=1000), fit_outlying(table, folds=1000)
    assert np.median(by_patient.own) > 1.2 * np.median(by_row.own)
    new = np.repeat(drawn(100, 100, seed=11), 1, axis=0)
    assert np.mean(by_patient.percentiles(new) > 90) < 0.2 < 0.5 < np.mean(by_row.percentiles(new) > 90)


def test_columns_that_never_change_are_not_looked_at():
    table = drawn(50, 6, seed=12)
    wider = np.insert(table, 2, 1 / 3, axis=1)
    new = drawn(5, 6, seed=13)
    found = fit_outlying(wider).distances(np.insert(new, 2, 99, axis=1))
    np.testing.assert_allclose(found, fit_outlying(table).distances(new))
    mostly = np.column_stack([table, np.r_[np.zeros(45), np.ones(5)]])  # no interquartile range
    assert np.all(np.isfinite(fit_outlying(mostly).distances(mostly)))


@pytest.mark.parametrize(("rows", "columns"), [(3, 1), (3, 40), (40, 1)])
def test_few_rows_and_columns(rows, columns):
    found = fit_outlying(drawn(rows, columns, seed=14))
    assert len(found.own) == rows
    assert np.all(np.isfinite(found.own))
    far = found.percentiles(1e6 * np.ones((1, columns)))
    assert far[0] == pytest.approx(100 * rows / (rows + 1))


def test_the_seed_decides():
    table = drawn(60, 10, seed=15)
    assert fit_outlying(table).own == fit_outlying(table).own
    assert fit_outlying(table).own != fit_outlying(table, seed=1).own


def test_it_survives_json():
    table, new = drawn(40, 100, seed=16), drawn(9, 100, seed=17)
    found = fit_outlying(table)
    again = Outlying.from_dict(json.loads(json.dumps(found.to_dict())))
    assert np.array_equal(again.distances(new), found.distances(new))
    assert np.array_equal(again.percentiles(new), found.percentiles(new))
    assert again.to_dict() == found.to_dict()


@pytest.mark.parametrize(
    "change",
    [
        {"scale": [1.0, 0.0, 1.0]},
        {"scale": [1.0, 1.0]},
        {"location": [1.0, float("nan"), 1.0]},
        {"used": [0, 1, 7]},
        {"used": [0, 1, -1]},
        {"used": [], "location": [], "scale": [], "centre": [], "directions": []},
        {"directions": [[1.0, 2.0]]},
        {"variances": [1.0]},
        {"rest": 0},
        {"rest": None},
        {"own": [3.0, 1.0]},
        {"columns": "many"},
        {"variances": None},
        {"used": [0, 1, 1]},
        {"rest": float("inf")},
    ],
)
def test_broken_shapes_are_refused(change):
    whole = fit_outlying(drawn(10, 3, seed=18)).to_dict()
    assert Outlying.from_dict(whole).columns == 3
    with pytest.raises(ModelError):
        Outlying.from_dict(whole | change)


def test_rows_that_cannot_be_used_are_refused():
    with pytest.raises(ModelError, match="2 patients are too few"):
        fit_outlying(drawn(6, 3, seed=0), [1, 1, 1, 2, 2, 2])
    with pytest.raises(ModelError, match="no column"):
        fit_outlying(np.ones((5, 3)))
    found = fit_outlying(drawn(6, 3, seed=0))
    with pytest.raises(ModelError, match="training rows had 3 columns"):
        found.distances(np.ones((2, 4)))
    with pytest.raises(ModelError, match="missing or infinite"):
        found.percentiles([[1, np.nan, 2]])
