"""An ``evaluation.json`` that version 0.5.0 wrote, of a real fit, is read and written again."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import pytest

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.assessment.evaluation import Evaluation
from radiomics_screen.modelling.training.fold_design import FoldDesign

WRITTEN: dict[str, Any] = json.loads(
    Path(__file__).with_name("evaluation_0_5_0.json").read_text(encoding="utf-8")
)


def plain(content: Any) -> Any:
    """Return JSON values with None for each NaN."""
    if isinstance(content, dict):
        return {name: plain(value) for name, value in content.items()}
    if isinstance(content, list):
        return [plain(value) for value in content]
    return None if isinstance(content, float) and math.isnan(content) else content


def test_all_entries_are_attributes() -> None:
    found = Evaluation.from_json(WRITTEN, None).findings
    assert found.task.target == "pathology"
    assert (found.task.positive, found.task.negative) == ("malignant", "benign")
    assert (found.cohort.rows, found.cohort.left_out) == (300, ())
    assert found.fold_design == FoldDesign("fold", 4, repeats=1, stratified=False, seed=None)
    assert [fold.test_rows for fold in found.folds] == [fold["test_rows"] for fold in WRITTEN["folds"]]
    assert found.clinical == ("side",)
    assert found.interval.resamples == 2000
    assert found.comparison is not None
    assert [one.name for one in found.comparison.models] == ["both", "radiomics", "clinical"]
    assert found.comparison.tests[0].p_holm == WRITTEN["comparison"]["tests"][0]["p_holm"]
    assert found.permutation is not None
    assert found.permutation.permuted == tuple(WRITTEN["permutation"]["permuted"])
    assert found.controls is not None
    assert [one.name for one in found.controls] == [one["name"] for one in WRITTEN["controls"]]
    assert found.prediction_sets is not None
    coverage = WRITTEN["doubt"]["figures"]["coverage"]
    assert vars(found.prediction_sets.figures["coverage"]) == coverage
    assert found.seconds == WRITTEN["seconds"]


def test_it_is_written_as_it_was_with_what_is_new() -> None:
    again = Evaluation.from_json(WRITTEN, None).to_json()
    assert again.pop("format") == 1
    assert again.pop("fold_design")["column"] == "fold"
    assert plain(again) == WRITTEN


def test_figures_are_a_table_in_a_notebook() -> None:
    written = copy.deepcopy(WRITTEN)
    written["target"] = "<b>"
    shown = Evaluation.from_json(written, None)._repr_html_()
    assert "&lt;b&gt; = malignant" in shown
    assert "<b>" not in shown
    auc = Evaluation.from_json(WRITTEN, None).figure("auc")
    assert f"<td>{auc.value:.3f}</td><td>{auc.low:.3f} to {auc.high:.3f}</td>" in shown


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("cohort",), {"rows": 3}, "cohort.rows_read"),
        (("cohort", "rows"), "many", "cohort.rows"),
        (("doubt", "error_rate"), None, "doubt.error_rate"),
        (("comparison", "models", 0, "auc", "value"), [], "comparison.models.0.auc.value"),
        (("controls", 0, "verdict"), "fine", "controls.0.verdict"),
        (("threshold",), None, "threshold"),
    ],
)
def test_a_damaged_entry_is_named(path: tuple[str | int, ...], value: object, said: str) -> None:
    damaged = copy.deepcopy(WRITTEN)
    place: Any = damaged
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(ModelError) as error:
        Evaluation.from_json(damaged, None, "m/evaluation.json")
    assert str(error.value).startswith(f"m/evaluation.json is damaged: {said}: ")
