"""What each block of columns adds: models alone and without, tests of the right pairs, and the report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from radiomics_screen.core.column_names import is_feature
from radiomics_screen.modelling import Model, fit
from radiomics_screen.modelling.assessment.ablation import plan_ablation
from radiomics_screen.modelling.secondary_analyses import Run
from radiomics_screen.modelling.statistics.delong import compare_aucs
from radiomics_screen.modelling.statistics.multiple_comparison import holm
from radiomics_screen.report.fit_report import write_fit_report
from radiomics_screen.report.sections.ablation import comparison_of
from tests.helpers.summaries import findings, full_summary
from tests.helpers.tables import ASKED

QUICK: dict[str, Any] = {
    "classifier": "logistic", "splits": 3, "repeats": 1, "resamples": 20, "controls": False, "device": "cpu",
    "embedding": "none",
}  # fmt: skip


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Radiomics tell much, an embedding something of its own, a rim nothing, an age a little."""
    random = np.random.default_rng(3)
    bad = random.random(300) < 0.4
    effects = {
        "original_firstorder_A": 1.2, "original_firstorder_B": 0.8,
        "original_embedding_0001": 0.9, "original_embedding_0002": 0.6,
        "rim.original_firstorder_A": 0.0, "rim.original_firstorder_B": 0.0, "age": 0.5,
    }  # fmt: skip
    columns = {name: random.normal(size=300) + effect * bad for name, effect in effects.items()}
    known = {"case_id": [f"{n:04d}" for n in range(300)], "patient_id": [f"p{n // 2}" for n in range(300)]}
    table = pd.DataFrame({**known, "finding": np.where(bad, "bad", "good"), **columns})
    table["patient_id"] = [f"p{n}" for n in range(300)]
    return table


def made(table: pd.DataFrame, **options: Any) -> Model:
    return fit(table, **ASKED, **{**QUICK, **options})


@pytest.fixture(scope="module")
def model(table) -> Model:
    return made(table, clinical=["age"], blocks=True)


# --- which models -------------------------------------------------------------------------------


def test_nothing_more_is_compared_than_is_asked_for():
    assert plan_ablation(["radiomics", "breast", "embedding"], each=False) is None
    assert plan_ablation(["radiomics"], each=True) is None
    for each in (False, True):
        found = plan_ablation(["clinical", "radiomics"], each=each)
        assert found is not None
        assert (found.whole, found.pairs, found.without) == ("both", None, {})
        assert found.models == {"radiomics": ("radiomics",), "clinical": ("clinical",)}
    found = plan_ablation(["clinical", "radiomics", "breast"], each=False)
    assert found is not None
    assert found.models == {"radiomics": ("radiomics", "breast"), "clinical": ("clinical",)}


def test_of_two_blocks_each_is_all_but_the_other():
    found = plan_ablation(["radiomics", "embedding"], each=True)
    assert found is not None
    assert found.models == {"radiomics": ("radiomics",), "embedding": ("embedding",)}
    assert found.without == {"radiomics": "embedding", "embedding": "radiomics"}
    assert found.pairs == [("all blocks", "embedding"), ("all blocks", "radiomics")]


def test_of_more_each_alone_and_all_but_each():
    found = plan_ablation(["clinical", "radiomics", "rim"], each=True)
    assert found is not None
    assert list(found.models) == [
        "clinical", "radiomics", "rim", "all but clinical", "all but radiomics", "all but rim",
    ]  # fmt: skip
    assert found.models["all but radiomics"] == ("clinical", "rim")
    assert found.pairs == [
        ("all blocks", "all but clinical"),
        ("all blocks", "all but radiomics"),
        ("all blocks", "all but rim"),
        ("all blocks", "clinical"),
    ]


# --- what they say ------------------------------------------------------------------------------


def test_blocks_are_found_to_add_what_was_put_into_them(model):
    found = model.evaluation.summary["comparison"]
    auc = {one["name"]: one["auc"]["value"] for one in found["models"]}
    assert auc["radiomics"] > auc["embedding"] > auc["rim"]
    assert 0.4 < auc["rim"] < 0.6
    tests = {one["second"]: one for one in found["tests"]}
    assert tests["all but radiomics"]["low"] > 0.02
    assert tests["all but embedding"]["low"] > 0
    assert tests["all but rim"]["low"] < 0.01
    assert tests["all but rim"]["p_holm"] > 0.05 > tests["all but radiomics"]["p_holm"]
    assert tests["clinical"]["difference"] > 0.1
    assert [one["name"] for one in found["blocks"]] == ["clinical", "radiomics", "embedding", "rim"]
    features = {one["name"]: one["features"] for one in found["models"]}
    assert (features["all blocks"], features["all but rim"], features["clinical"]) == (7, 5, 1)


def test_models_and_tests_are_those_of_the_columns_on_the_same_folds(table, model):
    found = model.evaluation.summary["comparison"]
    columns = {
        "embedding": [name for name in table if "embedding" in name],
        "all but rim": [name for name in table if is_feature(name) and not name.startswith("rim")],
    }
    known = ["case_id", "patient_id", "finding"]
    said = {"all blocks": model.evaluation.predictions["probability"].to_numpy()}
    for name, own in columns.items():
        clinical = ["age"] if name == "all but rim" else []
        alone = made(table[[*known, *own, *clinical]], clinical=clinical)
        said[name] = alone.evaluation.predictions["probability"].to_numpy()
        expected = alone.evaluation.figure("auc").value
        (auc,) = (one["auc"]["value"] for one in found["models"] if one["name"] == name)
        assert auc == pytest.approx(expected)
    predictions = model.evaluation.predictions
    bad = (predictions["target"] == "bad").to_numpy()
    expected = compare_aucs(
        bad, said["all blocks"], said["all but rim"], predictions["group"].to_numpy().astype(str)
    )
    (test,) = (one for one in found["tests"] if one["second"] == "all but rim")
    assert test["first"] == "all blocks"
    for name in ("difference", "low", "high", "p"):
        assert test[name] == pytest.approx(getattr(expected, name))
    corrected = holm([one["p"] for one in found["tests"]])
    assert [one["p_holm"] for one in found["tests"]] == pytest.approx(corrected.tolist())


def test_without_being_asked_no_further_model_is_learned(table, monkeypatch):
    learned = []
    monkeypatch.setattr(
        "radiomics_screen.modelling.secondary_analyses.run_folds",
        lambda *_, **__: learned.append(1),
    )
    assert made(table).evaluation.summary["comparison"] is None
    assert not learned


def test_one_block_alone_has_nothing_to_be_compared_with(table):
    only = table[["case_id", "patient_id", "finding", "original_firstorder_A", "original_firstorder_B"]]
    model = made(only, blocks=True)
    assert model.evaluation.summary["comparison"] is None
    assert (
        "all columns are of one block (radiomics): no blocks to compare"
        in model.evaluation.summary["messages"]
    )


def test_a_block_that_cannot_be_learned_costs_its_own_models_alone(table):
    model = made(table.assign(place="here"), clinical=["place"], blocks=True)
    found = model.evaluation.summary["comparison"]
    names = [one["name"] for one in found["models"]]
    assert "clinical" not in names
    assert "all but clinical" in names
    assert all(one["second"] != "clinical" for one in found["tests"])
    shown = comparison_of(model.evaluation.findings)
    assert shown is not None
    assert shown.blocks[0][:2] == ("clinical data", "")


def test_a_single_block_is_not_fused(table, monkeypatch):
    asked: list[tuple[list[str], tuple[str, ...]]] = []

    def spy(self, part):
        plan = planned(self, part)
        asked.append((part.blocks, plan.candidates))
        return plan

    planned = Run._plan_of
    monkeypatch.setattr(Run, "_plan_of", spy)
    few = table.loc[:119, [name for name in table if not name.startswith("rim")]]
    one = {"members": {"radiomics": ["logistic"]}, "inner_folds": 2}
    made(
        few, classifier=["logistic", "late"], hyperparameters={"late": one}, blocks=True, clinical=["age"],
        inner_folds=2, trials=0,
    )  # fmt: skip
    assert [candidates for blocks, candidates in asked if len(blocks) == 1] == [("logistic",)] * 3
    assert [candidates for blocks, candidates in asked if len(blocks) == 2] == [("logistic", "late")] * 3


# --- report -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("figures_not_rendered")
def test_the_report_shows_what_each_block_adds(table, model, tmp_path):
    shown = comparison_of(model.evaluation.findings)
    assert shown is not None
    assert shown.chart.title == "What each block of columns adds"
    assert [row[0] for row in shown.blocks] == ["clinical data", "radiomics", "embedding", "rim"]
    found = model.evaluation.summary["comparison"]
    (radiomics,) = (one for one in found["tests"] if one["second"] == "all but radiomics")
    assert shown.blocks[1][2].startswith(f"{radiomics['difference']:.3f} (")
    assert shown.blocks[1][3] == "< 0.001"
    write_fit_report(model, tmp_path / "report.html", table=table, montage=False)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "adds to the others" in text
    assert "all but embedding" in text


def test_older_evaluations_are_shown_as_they_were():
    shown = comparison_of(findings(**full_summary()))
    assert shown is not None
    assert shown.blocks == []
    assert shown.chart.title == "With and without radiomics"
    assert shown.models[0][0] == "clinical data alone"
