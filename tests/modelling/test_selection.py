"""Features chosen by the outcome: inside the fold, told with their stability, kept in the model folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from radiomics_screen import load_model
from radiomics_screen.core.errors import ScreenError
from radiomics_screen.modelling import fit
from radiomics_screen.modelling.data.from_table import prepare
from radiomics_screen.modelling.options.groups import SELECTIONS, Preparation
from radiomics_screen.modelling.training.pipeline import (
    CLASSIFIER,
    build_pipeline,
    feature_counts,
    fitted,
)
from tests.helpers.tables import ASKED, FAST, small_table

TELLING = "original_firstorder_F0"


@pytest.mark.parametrize("select", ["mrmr", "elasticnet"])
def test_what_tells_is_kept_and_comes_back_from_the_folder(select: str, tmp_path: Path) -> None:
    table = small_table(80, features=12)
    model = fit(table, **ASKED, **FAST, select=select, most_features=3, correlation=1.0)
    assert TELLING in model.kept
    assert len(model.kept) < 12
    counts = feature_counts(model.pipeline)
    assert counts[select] == len(model.kept)
    if select == "mrmr":
        assert counts[select] == 3
    assert model.evaluation.summary["select"] == select
    stability = model.evaluation.summary["stability"]
    assert stability["frequency"][TELLING] == 1.0
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_probability(table), model.predict_probability(table))
    assert again.evaluation.summary["stability"] == stability


def test_every_selection_stands_before_the_classifier() -> None:
    for select in SELECTIONS:
        names = [name for name, _ in build_pipeline(Preparation(select=select)).steps]
        assert names[-2:] == [names[-2] if select == "none" else select, CLASSIFIER]


def test_choosing_happens_inside_the_fold() -> None:
    """Chosen on all rows, a few of many columns of noise would seem to tell."""
    table = small_table(60, effect=0.0, features=300, seed=4)
    honest = fit(table, **ASKED, **FAST, select="mrmr", most_features=5).evaluation.figure("auc")
    assert honest.low < 0.5 < honest.high
    chosen = fit(table, **ASKED, **FAST, select="mrmr", most_features=5).kept
    leaky = fit(table[[c for c in table if c in chosen or not c.startswith("original")]], **ASKED, **FAST)
    assert leaky.evaluation.figure("auc").low > 0.5  # the trap is there


def test_without_choosing_stability_tells_of_the_filters() -> None:
    stability = fit(small_table(), **ASKED, **FAST).evaluation.summary["stability"]
    assert stability["index"] is None  # every fold kept everything
    assert set(stability["frequency"].values()) == {1.0}


class _Spy(LogisticRegression):
    """Remembers the patients that it is told."""

    seen: ClassVar[list[Any]] = []

    def fit(self, X: Any, y: Any, groups: Any = None) -> _Spy:
        _Spy.seen.append(groups)
        return super().fit(X, y)


def test_patients_reach_what_divides_the_rows_anew() -> None:
    table = small_table(30)
    rows = prepare(table, [c for c in table if c.startswith("original")], **ASKED)
    made = build_pipeline(Preparation(select="elasticnet"))
    pipeline = Pipeline([*made.steps[:-1], (CLASSIFIER, _Spy())])
    told: list[Any] = []
    step = type(pipeline["elasticnet"])
    original = step.fit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            step,
            "fit",
            lambda self, X, y=None, groups=None: told.append(groups) or original(self, X, y, groups),
        )
        fitted(pipeline, rows)
    np.testing.assert_array_equal(_Spy.seen[-1], table["patient_id"])
    np.testing.assert_array_equal(told[-1], table["patient_id"])


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        (
            {"select": "mrmrr"},
            "select is 'mrmrr'; it must be .*: did you mean 'mrmr'",
        ),
        ({"select": "mrmr", "most_features": 0}, "most_features is 0; it must be at least 1"),
        ({"classifier": "logistic", "hyperparameters": {}, "device": "cuda"}, "is trained on the CPU only"),
        ({"classifier": "forrest", "hyperparameters": {}}, "unknown classifier 'forrest'"),
    ],
)
def test_mistakes_are_named(options: dict[str, Any], cause: str) -> None:
    with pytest.raises(ScreenError, match=cause):
        fit(small_table(), **ASKED, **{**FAST, **options})


def test_a_classifier_without_gpu_says_cpu() -> None:
    model = fit(
        small_table(), **ASKED, **{**FAST, "hyperparameters": {}, "device": "auto"}, classifier="logistic"
    )
    assert model.card.device == "cpu"
    assert isinstance(model.evaluation.predictions, pd.DataFrame)


def test_a_number_of_features_that_nothing_takes_is_told() -> None:
    def told(**options: Any) -> bool:
        summary = fit(small_table(), **ASKED, **FAST, controls=False, **options).evaluation.summary
        return any("most_features not used" in message for message in summary["messages"])

    assert told(most_features=5)
    assert not told(most_features=5, select="mrmr")
    assert not told()
