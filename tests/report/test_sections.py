"""What the sections of a report say, from summaries written by hand."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pytest

from radiomics_screen.modelling.assessment.evaluation import MEAN_OF_FOLDS, Evaluation
from radiomics_screen.modelling.assessment.findings import Permutation
from radiomics_screen.report.sections.ablation import comparison_of, permutation_chart, smallest_text
from radiomics_screen.report.sections.checklist import AUTHOR, items_of
from radiomics_screen.report.sections.controls import controls_intro, controls_of, in_short
from radiomics_screen.report.sections.headline import inputs_text, mean_auc_text
from radiomics_screen.report.sections.preparation import NOT_DONE, preparation_of
from radiomics_screen.report.sections.tuning import tuning_of
from radiomics_screen.report.sections.uncertainty import doubt_of
from radiomics_screen.report.wording.numbers import (
    number,
    options_text,
    p_equals,
    p_value,
    per_cent,
    per_cent_with_interval,
)
from tests.helpers.summaries import figure, findings, full_summary


def answers(summary: dict[str, Any], settings: dict[str, Any] | None = None) -> dict[str, str]:
    items = items_of(
        cohort=findings().cohort,
        division="d",
        settings=settings,
        features="f",
        calibrated=True,
        external=False,
        findings=findings(**summary),
    )
    assert len({item.topic for item in items}) == len(items)
    assert all((item.answer == AUTHOR) != item.answered for item in items)
    flags = [item.answered for item in items]
    assert flags == sorted(flags, reverse=True)  # the answered first
    return {item.topic: item.answer for item in items}


@pytest.mark.parametrize(
    ("settings", "answer"),
    [
        (None, AUTHOR),
        ({}, "all are kept in the model folder"),
        (
            {"imageType": {"Original": {}, "LoG": {}}, "setting": {"binCount": 32, "force2D": True}},
            "image types Original, LoG; 32 grey levels; in slices; all are kept in the model folder",
        ),
        (
            {
                "setting": {
                    "binWidth": 25.0,
                    "binCount": None,
                    "resampledPixelSpacing": None,
                    "normalize": True,
                }
            },
            "grey levels 25.0 wide; not resampled; intensities normalised; all are kept in the model folder",
        ),
        (
            {"setting": {"resampledPixelSpacing": [1, 1, 0.5]}},
            "resampled to 1 x 1 x 0.5 mm; all are kept in the model folder",
        ),
    ],
)
def test_settings_that_guidelines_ask_for_are_told(settings: dict[str, Any] | None, answer: str) -> None:
    assert answers(full_summary(), settings)["Settings of the extraction"] == answer


def test_controls_to_look_at_come_first_and_marks_differ_without_colour() -> None:
    controls = controls_of(findings(**full_summary()))
    assert [one.verdict for one in controls] == ["look", "passed", "not run"]
    assert len({one.mark for one in controls}) == 3
    assert in_short(controls) == "Negative controls: 1 passed, 1 to look at (Size alone), 1 not run"


def test_controls_that_were_not_run_are_no_controls() -> None:
    only = [one for one in controls_of(findings(**full_summary())) if one.verdict == "not run"]
    assert in_short(only) == in_short([]) == ""


@pytest.mark.parametrize("empty", [{}, dict.fromkeys(full_summary())])
def test_what_was_not_done_has_no_section(empty: dict[str, Any]) -> None:
    assert controls_of(findings(**empty)) == []
    assert doubt_of(findings(**empty).prediction_sets, "bad", "good") is None
    assert comparison_of(findings(**empty)) is None
    assert permutation_chart(findings(**empty)) is None
    assert tuning_of(findings(**empty)) is None


def test_preparation_says_not_done_only_of_what_could_have_been() -> None:
    assert preparation_of(findings()) == []
    nothing = dict(preparation_of(findings(**dict.fromkeys(full_summary()))))
    assert nothing.pop("Threshold") == "given beforehand"
    assert set(nothing.values()) == {NOT_DONE}
    assert len(nothing) == 4
    done = dict(preparation_of(findings(**full_summary())))
    assert "60 of 102" in done["Robust features"]
    assert "0.75" in done["Robust features"]
    assert "'device' (A, B)" in done["Harmonisation of sources"]
    assert done["Clinical variables"] == "age, side"
    assert "Platt" in done["Recalibration of probabilities"]
    assert done["Threshold"] == "sensitivity of 95 % on inner folds"
    assert dict(preparation_of(findings(recalibration="none"))) == {
        "Recalibration of probabilities": NOT_DONE
    }


def test_the_parts_of_prediction_sets_are_all_rows() -> None:
    doubt = doubt_of(findings(**full_summary()).prediction_sets, "bad", "good")
    assert doubt is not None
    parts = {kind: part for kind, part, _ in doubt.parts}
    assert sum(parts.values()) == pytest.approx(1)
    assert parts["wrong"] == pytest.approx(0.05)  # 6.25 % of the 80 % that are sets of one outcome
    assert parts["right"] == pytest.approx(0.75)
    assert doubt.asked == "90 %"
    labels = [label for label, _, _ in doubt.rows]
    assert "of bad rows" in labels
    assert "of good rows" in labels


def test_prediction_sets_that_never_hold_one_outcome() -> None:
    summary = full_summary()
    figures = summary["doubt"]["figures"]
    figures.update(single=figure(0.0), error_of_single=figure(None), both=figure(1.0), none=figure(0.0))
    doubt = doubt_of(findings(**summary).prediction_sets, "bad", "good")
    assert doubt is not None
    assert [part for _, part, _ in doubt.parts] == [0, 0, 1, 0]
    assert ("of these, wrong", "not defined", True) in doubt.rows


def test_comparison_names_what_is_subtracted() -> None:
    found = comparison_of(findings(**full_summary()))
    assert found is not None
    assert found.models[0] == ("clinical data alone", "0.800 (0.750 to 0.850)", "3")
    assert found.models[1][2] == ""
    assert found.tests == [
        ("radiomics \N{MINUS SIGN} clinical", "0.100 (0.050 to 0.150)", "< 0.001", "0.020")
    ]


@pytest.mark.parametrize(
    ("permuted", "said"),
    [([0.4, 0.5], "never reached"), ([0.4, 0.9], "once reached"), ([0.95, 0.9, 0.1], "2 times reached")],
)
def test_permutations_that_reach_the_observed_auc_are_counted(permuted: list[float], said: str) -> None:
    summary = full_summary()
    summary["permutation"]["permuted"] = permuted
    chart = permutation_chart(findings(**summary))
    assert chart is not None
    assert f"an AUC of 0.900 or more (that of this model) was {said}" in chart.caption
    assert "(95 % interval 0.100 to 0.300)" in chart.caption


@pytest.mark.parametrize(
    ("done", "p", "said"),
    [
        (19, 0.05, ", the smallest that 19 permutations can give; 199 or more say more"),
        (199, 0.005, ", the smallest that 199 permutations can give"),
        (19, 0.1, ""),
    ],
)
def test_the_smallest_p_of_few_permutations_is_called_so(done: int, p: float, said: str) -> None:
    assert smallest_text(Permutation(0.9, (0.5,) * done, p)) == said


def test_controls_say_only_how_their_aucs_do_differ() -> None:
    assert controls_intro(findings()) == controls_intro(findings(recalibration="none", clinical=[])) == ""
    twice = {"column": None, "splits": 5, "repeats": 2, "stratified": True, "seed": 0}
    assert "of the first repeat only. So" in controls_intro(findings(fold_design=twice))
    without = controls_intro(findings(clinical=["age"]))
    assert "of the radiomic features without clinical columns. So" in without
    assert "of one classifier with its defaults" in controls_intro(findings(recalibration="platt"))


def test_figures_that_are_not_of_radiomics_alone_say_so() -> None:
    assert inputs_text(findings(clinical=[])) == inputs_text(findings()) == ""
    alone = inputs_text(findings(clinical=["birads"]))
    assert "features and the clinical variable birads: these figures are not of radiomics alone." in alone
    compared = inputs_text(findings(clinical=["age", "birads"], comparison={"models": []}))
    assert "variables age, birads: these figures are not of radiomics alone (see the comparison)." in compared


@pytest.mark.parametrize(
    ("low", "undefined", "said"),
    [
        (0.6, 3, "0.800 (0.600 to 0.900)"),
        (np.nan, 63, "0.800 (no interval: in 63 % of 100 resamples it is not defined, because a fold"),
        (np.nan, 0, "0.800 (no interval: all 100 resamples agree)"),
    ],
)
def test_a_mean_of_folds_without_an_interval_says_why(low: float, undefined: int, said: str) -> None:
    row = {"scope": MEAN_OF_FOLDS, "metric": "auc", "value": 0.8, "undefined": undefined}
    summary = asdict(findings())
    metrics = pd.DataFrame([{**row, "low": low, "high": low + 0.3}])
    found = mean_auc_text(Evaluation(metrics, None, summary))
    assert found.startswith(said)


def test_a_permutation_without_a_figure_is_left_out() -> None:
    summary = full_summary()
    summary["permutation"]["permuted"] = [None, 0.5]
    chart = permutation_chart(findings(**summary))
    assert chart is not None
    assert 'aria-label="AUCs of 1 models' in chart.svg


def test_each_fold_and_the_final_model_have_a_row() -> None:
    found = tuning_of(findings(**full_summary()))
    assert found is not None
    assert [row[0] for row in found.rows] == ["1", "2", "final model, all rows"]
    assert found.rows[0][1:] == ("xgboost", "0.900", "0.250", "max_depth 4, learning_rate 0.03457")
    assert "30 trials in at most 2.5 minutes of xgboost, logistic" in found.text


def test_folds_of_several_repeats_are_told_apart() -> None:
    summary = full_summary()
    summary["tuning"]["chosen"][1]["repeat"] = 2
    found = tuning_of(findings(**summary))
    assert found is not None
    assert [row[0] for row in found.rows][:2] == ["1, fold 1", "2, fold 2"]


def test_the_checklist_counts_only_what_was_done() -> None:
    without = answers({})
    topics = (
        "Robustness of features against contours and acquisition",
        "Differences between devices or sites",
        "Stability of the chosen features",
        "Comparison with clinical data or a simpler model",
        "Confounding factors",
    )
    assert {without[topic] for topic in topics} == {AUTHOR}
    assert "More than chance" not in without
    done = answers({**full_summary(), "stability": {"index": 0.5, "low": None, "high": None}})
    assert AUTHOR not in {done[topic] for topic in topics}
    assert "1 to look at (Size alone)" in done["Confounding factors"]
    assert "0.50" in done["Stability of the chosen features"]
    assert done["Comparison with readers"] == AUTHOR
    unchosen = {"select": "none", "stability": {"index": 0.5, "low": None, "high": None}}
    assert answers(unchosen)["Stability of the chosen features"] == AUTHOR
    untested = full_summary()
    untested["comparison"]["tests"] = []
    untested["controls"] = untested["controls"][1:2]  # that which was not run
    assert answers(untested)["Comparison with clinical data or a simpler model"] == AUTHOR
    assert answers(untested)["Confounding factors"] == AUTHOR


def test_what_rounds_to_zero_has_no_sign() -> None:
    assert [number(value, 2) for value in (-0.004, -0.0, 0.004)] == ["0.00"] * 3
    assert number(-0.006, 2) == "\N{MINUS SIGN}0.01"


def test_p_values_and_parts_in_words() -> None:
    assert [p_value(p) for p in (0.0009, 0.001, 0.05, None)] == ["< 0.001", "0.001", "0.050", "not defined"]
    assert p_equals(0.0001) == "p\N{NO-BREAK SPACE}<\N{NO-BREAK SPACE}0.001"
    assert p_equals(0.5) == "p\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}0.500"
    assert per_cent(0.125) == "12.5\N{NO-BREAK SPACE}%"
    assert per_cent_with_interval(figure(0.5, 0.25, 0.75)) == "50.0\N{NO-BREAK SPACE}% (25.0 to 75.0)"
    assert per_cent_with_interval(figure(0.0, 0.0, 0.0)) == "0.0\N{NO-BREAK SPACE}%"
    assert per_cent_with_interval(figure(0.5)) == "50.0\N{NO-BREAK SPACE}%"


def test_options_read_as_a_line() -> None:
    assert options_text({"C": 10.0, "gamma": 0.123456, "class_weights": None}) == "C 10, gamma 0.1235"
    stack = {"members": ["svm"], "options": {"svm": {"C": 1.0}, "logistic": {"penalty": 0.02}}, "pull": 4.0}
    assert options_text(stack) == "svm: C 1; logistic: penalty 0.02; pull 4"
    assert options_text({"members": ["svm", "logistic"], "options": None}) == "members svm, logistic"
