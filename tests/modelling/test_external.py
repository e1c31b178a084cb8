"""A model on a table that it has never seen, and the tables that are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling import Model, fit, load_model
from radiomics_screen.modelling.external_evaluation import evaluate
from tests.helpers.tables import ASKED, FAST, small_table

FEW = {"resamples": 50}


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(small_table(), threshold=0.35, **ASKED, **FAST)


def elsewhere(seed: int = 7) -> pd.DataFrame:
    """Return a table of other cases and patients."""
    table = small_table(50, seed=seed)
    return table.assign(
        case_id="x" + table["case_id"],
        patient_id="x" + table["patient_id"],
        device=np.where(table.index % 3 == 0, "A", "B"),
        age=20 + np.arange(len(table)) % 60,
    )


def test_the_frozen_model_is_judged(model: Model) -> None:
    table = elsewhere()
    found = evaluate(model, table, subgroups=["device", "age"], **FEW)
    p = model.predict_probability(table)
    judgement = found.summary["judgement"]
    assert judgement["threshold"] == 0.35
    assert judgement["figures"]["auc"]["value"] == pytest.approx(roc_auc_score(table["finding"] == "bad", p))
    np.testing.assert_allclose(found.predictions["probability"], p)
    assert set(found.predictions["prediction"]) == {"bad", "good"}
    assert [part["value"] for part in judgement["subgroups"]["device"]] == ["A", "B"]
    assert len(judgement["subgroups"]["age"]) == 3
    assert sum(part["rows"] for part in judgement["subgroups"]["age"]) == len(table)
    scopes = set(found.metrics["scope"])
    assert {"external", "device = A", "device = B"} <= scopes
    assert found.performance.to_json() == judgement
    assert found.performance.figures["auc"].value == judgement["figures"]["auc"]["value"]


def test_subgroups_keep_to_their_rows_where_rows_are_left_out(model: Model) -> None:
    table = elsewhere()
    table.loc[[0, 3, 4], "finding"] = None
    found = evaluate(model, table, subgroups=["device"], **FEW)
    kept = table.drop(index=[0, 3, 4])
    parts = {part["value"]: part for part in found.summary["judgement"]["subgroups"]["device"]}
    for value, part in parts.items():
        here = kept[kept["device"] == value]
        assert part["rows"] == len(here)
        known = roc_auc_score(here["finding"] == "bad", model.predict_probability(here))
        assert part["auc"]["value"] == pytest.approx(known)
    assert any("3 rows left out" in message for message in found.summary["messages"])


def test_the_training_table_is_refused(model: Model) -> None:
    with pytest.raises(ModelError, match="the table that the model was fitted on"):
        evaluate(model, small_table(), **FEW)


def test_the_training_table_is_refused_where_its_folds_were_given() -> None:
    options = {name: value for name, value in FAST.items() if name not in ("splits", "repeats")}
    made = fit(small_table(), folds="official", **ASKED, **options)
    with pytest.raises(ModelError, match="the table that the model was fitted on"):
        evaluate(made, small_table(), **FEW)


def test_known_patients_are_left_out_and_counted(model: Model) -> None:
    learned = small_table()
    table = pd.concat([elsewhere(), learned[learned["patient_id"] < "p010"]], ignore_index=True)
    found = evaluate(model, table, **FEW)
    assert len(found.predictions) == len(elsewhere())
    assert found.summary["cohort"]["left_out"][-1]["rows"] == int((learned["patient_id"] < "p010").sum())
    new_case_of_known = elsewhere().assign(patient_id=lambda one: one["patient_id"].str[1:])
    with pytest.raises(ModelError, match="keep_known=True"):
        evaluate(model, new_case_of_known, **FEW)
    kept = evaluate(model, new_case_of_known, keep_known=True, **FEW)
    assert len(kept.predictions) == len(new_case_of_known)
    assert any("kept, as asked" in message for message in kept.summary["messages"])


def test_without_predictions_what_is_known_cannot_be_told(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "m")
    (tmp_path / "m" / "predictions.csv").unlink()
    found = evaluate(load_model(tmp_path / "m"), elsewhere(), **FEW)
    assert any("cannot be told" in message for message in found.summary["messages"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="original_firstorder_F2"), "1 of the model's 8 features are missing"),
        (lambda t: t[t["finding"] == "bad"], "one value only"),
        (lambda t: t.drop(columns="patient_id"), "no column 'patient_id'"),
        (lambda t: t.rename(columns={"finding": "found"}), "no column 'finding'"),
    ],
)
def test_tables_that_cannot_be_judged(model: Model, change, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        evaluate(model, change(elsewhere()), **FEW)


def test_subgroups_that_cannot_be(model: Model) -> None:
    with pytest.raises(ModelError, match="no column 'scanner'"):
        evaluate(model, elsewhere(), subgroups=["scanner"], **FEW)
    with pytest.raises(ModelError, match="at most 12"):
        evaluate(model, elsewhere(), subgroups=["patient_id"], **FEW)


def test_what_is_written_and_where_not(model: Model, tmp_path: Path) -> None:
    found = evaluate(model, elsewhere(), **FEW)
    found.write(tmp_path / "out")
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8")) == found.summary
    metrics = pd.read_csv(tmp_path / "out" / "metrics.csv")
    assert list(metrics["metric"]) == list(found.metrics["metric"])
    assert len(pd.read_csv(tmp_path / "out" / "predictions.csv")) == len(found.predictions)
    model.save(tmp_path / "model")
    with pytest.raises(ModelError, match="its own evaluation would be lost"):
        found.write(tmp_path / "model")
