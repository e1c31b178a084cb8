"""The figures of features: contributions, clusters, stability."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from radiomics_screen.modelling import Model, fit
from radiomics_screen.report.figures.clusters import clusters_of, rank_correlations
from radiomics_screen.report.figures.contributions import Explained, explained
from radiomics_screen.report.figures.swarm import _offsets, _ranks, swarm
from radiomics_screen.report.sections.stability import stability_chart, stability_text
from tests.helpers.summaries import findings
from tests.helpers.tables import ASKED, FAST, small_table


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    made = small_table()
    made.loc[:4, "original_firstorder_F0"] = np.nan
    made.loc[5, "finding"] = None
    return made


@pytest.fixture(scope="module")
def model(table: pd.DataFrame) -> Model:
    return fit(table, **ASKED, **FAST)


def test_values_and_contributions_are_of_the_rows_learned_from(model: Model, table: pd.DataFrame) -> None:
    found = explained(model, table)
    assert found is not None
    assert found.names[0] == "original_firstorder_F0"
    assert len(found.added) == len(table) - 1  # one has no outcome
    assert found.strength.is_monotonic_decreasing
    values = found.values["original_firstorder_F0"]
    assert values.isna().sum() == 5
    measured = table.loc[values.index, "original_firstorder_F0"].rank()
    pd.testing.assert_series_equal(values.rank(), measured, check_names=False)
    assert explained(model, None) is None


def test_clinical_variables_and_scanners_are_encoded_before_they_are_shown() -> None:
    made = small_table(40).assign(age=lambda t: np.arange(len(t)) % 50 + 20.0)
    made["sex"] = np.where(np.arange(len(made)) % 3, "F", "M")
    made["scanner"] = np.where(np.arange(len(made)) % 2, "A", "B")
    model = fit(made, **ASKED, **FAST, clinical=["age", "sex"], batch="scanner")
    found = explained(model, made)
    assert found is not None
    assert set(found.names) <= set(model.kept)
    texts = [name for name in found.names if name.startswith("sex")]
    assert set(np.unique(found.values[texts])) <= {0.0, 1.0}
    assert found.values.notna().all(axis=None)


def test_a_caption_tells_of_rows_and_missing_values(model: Model, table: pd.DataFrame) -> None:
    found = explained(model, table)
    assert found is not None
    chart = swarm(found)
    assert f"one of {len(table) - 1} rows:" in chart.caption
    assert "Grey: not measured" in chart.caption
    assert chart.svg.count("data:image/png;base64,") >= 1  # points are dots, not thousands of elements
    assert len(chart.svg) < 300_000


def test_many_rows_are_thinned_and_the_caption_says_so() -> None:
    added = pd.DataFrame({"a_b_C": np.linspace(-1, 1, 5000)})
    chart = swarm(Explained(added, added, 1))
    assert "one of 5000 rows (1500 of them drawn)" in chart.caption


def test_ranks_by_hand() -> None:
    np.testing.assert_allclose(_ranks(np.array([3.0, 1.0, np.nan, 2.0])), [1, 0, np.nan, 0.5])
    np.testing.assert_allclose(_ranks(np.array([1.0, 1.0, 5.0])), [0.25, 0.25, 1])
    assert np.isnan(_ranks(np.array([np.nan]))).all()
    assert _ranks(np.array([4.0])) == 0


def test_points_of_one_place_lie_beside_each_other() -> None:
    offsets = _offsets(np.array([0.0, 0.0, 0.0, 0.9]), 1.0)
    assert offsets[3] == 0  # alone in its place
    assert sorted(offsets[:3]) == pytest.approx([-1 / 12, 0, 1 / 12])
    crowd = _offsets(np.zeros(500), 1.0)
    assert len(set(crowd)) == 500
    assert np.abs(crowd).max() <= 0.5


@pytest.mark.parametrize("gaps", [False, True])
def test_rank_correlations_are_those_of_scipy(gaps: bool) -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(40, 5))
    values[:, 1] = np.exp(values[:, 0])  # the same order
    values[:, 2] = np.round(values[:, 0] + values[:, 2])  # ties
    if gaps:
        values[random.random(values.shape) < 0.2] = np.nan
    expected = spearmanr(values, nan_policy="omit").statistic
    np.testing.assert_allclose(rank_correlations(values), np.abs(expected), atol=1e-12)


def test_a_pair_that_does_not_vary_together_is_unlike() -> None:
    values = np.array([[1.0, 2.0], [2.0, np.nan], [np.nan, 3.0]])
    np.testing.assert_array_equal(rank_correlations(values), np.eye(2))


def test_clusters_by_hand() -> None:
    random = np.random.default_rng(0)
    a, b, alone = random.normal(size=(3, 300))
    columns = {
        "a1": a,
        "alone": alone,
        "b1": b,
        "a2": -(a**3),
        "b2": np.exp(b),
        "a3": a + 0.1 * b,
        "flat": 0 * a,
    }
    values = pd.DataFrame(columns)
    found = clusters_of(Explained(values, values, 7))
    assert found is not None
    assert found.rows == [("a1", "3", "a2, a3"), ("b1", "2", "b2")]
    assert found.alone == 1
    assert "2 clusters of several features, 1 feature alone" in found.chart.caption
    assert clusters_of(Explained(values[["a1", "b1", "flat"]], values[["a1", "b1", "flat"]], 3)) is None


FOLD = {
    "repeat": 1, "fold": "1", "train_rows": 6, "test_rows": 2, "test_positives": 1, "features": {},
    "constant": False, "choice": {"classifier": "xgboost", "hyperparameters": {}},
}  # fmt: skip


def summary(frequency: dict[str, float], **more: Any) -> dict[str, Any]:
    return {
        "stability": {"index": 0.5, "low": 0.25, "high": None, "frequency": frequency},
        "folds": [FOLD] * 4,
        **more,
    }


def test_stability_shows_the_strongest_that_are_told_of() -> None:
    told = summary({"a": 1.0, "b": 0.75, "c": 0.5})
    chart = stability_chart(findings(**told), ["c", "unknown", "a"])
    assert chart is not None
    assert "The 2 strongest features of the final model" in chart.caption
    assert "2 of 4" in chart.svg
    assert "3 of 4" not in chart.svg
    most_frequent = stability_chart(findings(**told), [])
    assert most_frequent is not None
    assert "The 3 most frequent features" in most_frequent.caption


def test_features_that_all_folds_kept_need_no_figure() -> None:
    assert stability_chart(findings(**summary({"a": 1.0, "b": 1.0})), ["a"]) is None
    assert stability_chart(findings(stability={}), ["a"]) is None


def test_stability_in_words() -> None:
    told = summary({})
    told["stability"]["low"] = None
    assert "0.50, where 1 is" in stability_text(findings(**told))
    told["stability"].update(low=0.25, high=0.75)
    assert "0.50 (0.25 to 0.75), where" in stability_text(findings(**told))
    assert "chosen" not in stability_text(findings(**told))
    assert "no feature was chosen by the outcome" in stability_text(findings(**{**told, "select": "none"}))
    told["stability"].update(index=1.0, low=0.998, high=1.0)
    assert "1.00, where" in stability_text(findings(**told))
    assert stability_text(findings()) == ""
