"""The model card: what is known, what is not, and text that stays text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling import Model, fit
from radiomics_screen.report import card_beside, write_model_card
from tests.helpers.summaries import full_summary
from tests.helpers.tables import ASKED, FAST, small_table

HEADINGS = [
    "Model details",
    "What the fit was asked for",
    "Intended use",
    "Factors",
    "Metrics",
    "Training data",
    "Evaluation",
    "Ethical considerations and limits",
]


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(small_table(), **ASKED, **FAST)


def written(model: Model, folder: Path) -> str:
    write_model_card(model, folder / "m.card.md")
    return (folder / "m.card.md").read_text(encoding="utf-8")


def test_a_card_has_the_usual_headings_and_the_figures_of_the_model(model: Model, tmp_path: Path) -> None:
    text = written(model, tmp_path)
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == HEADINGS
    assert "Research use only" in text
    auc = model.evaluation.figure("auc")
    assert f"| AUC | {auc.value:.3f} | {auc.low:.3f} to {auc.high:.3f} |" in text
    assert model.card.training["fingerprint"] in text
    assert text.count("needs the author") >= 6
    cohort = model.card.training
    assert f"{cohort['rows']} rows of {cohort['patients']} patients" in text
    assert written(model, tmp_path) == text


def test_a_card_tells_what_else_was_done(model: Model, tmp_path: Path) -> None:
    bare = {**model.evaluation.summary, **dict.fromkeys(full_summary())}
    plain = written(replace(model, evaluation=replace(model.evaluation, summary=bare)), tmp_path)
    for word in ("Prediction sets", "permutations", "Control,", "Holm", "ComBat", "Platt"):
        assert word not in plain
    summary = {**model.evaluation.summary, **full_summary()}
    more = replace(model, evaluation=replace(model.evaluation, summary=summary))
    text = written(more, tmp_path)
    for word in (
        "Prediction sets",
        "4 permutations",
        "Control, look at this: Size alone",
        "Holm",
        "ComBat",
        "Platt",
        "these figures are not of radiomics alone",
        "Controls: To be quick",
    ):
        assert word in text
    assert "Device \\<alone\\>" in text


def test_names_in_a_card_cannot_become_markup(model: Model, tmp_path: Path) -> None:
    nasty = model.card.model_copy(update={"target": "a|b\n# <script>", "positive": "*[x](y)*"})
    text = written(replace(model, card=nasty), tmp_path)
    assert "<script>" not in text
    assert "\n# <" not in text
    assert "# Model card: a\\|b \\# \\<script\\> = \\*\\[x\\](y)\\*" in text


def test_a_card_lies_beside_its_model_and_may_fail_to_be_written(model: Model, tmp_path: Path) -> None:
    assert card_beside(tmp_path / "model") == tmp_path / "model.card.md"
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be written"):
        write_model_card(model, tmp_path / "file" / "m.card.md")
