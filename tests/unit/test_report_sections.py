"""What the sections of a report say, from summaries written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from radiomics_screen.report.checklist import AUTHOR, items_of
from radiomics_screen.report.comparing import comparison_of, permutation_chart
from radiomics_screen.report.controls import controls_of, in_short
from radiomics_screen.report.doubt import doubt_of
from radiomics_screen.report.preparation import NOT_DONE, preparation_of
from radiomics_screen.report.tuning import tuning_of
from radiomics_screen.report.words import options_text, p_equals, p_value, per_cent, per_cent_with_interval
from tests.unit.summaries import figure, full_summary

COHORT: dict[str, Any] = {
    "rows_read": 10, "rows": 8, "positives": 3, "missing_values": 0,
    "left_out": [{"reason": "why", "rows": 2, "cases": []}],
}  # fmt: skip


def answers(summary: dict[str, Any]) -> dict[str, str]:
    items = items_of(
        cohort=COHORT,
        division="d",
        settings=True,
        features="f",
        calibrated=True,
        external=False,
        summary=summary,
    )
    assert len({item.topic for item in items}) == len(items)
    assert all((item.answer == AUTHOR) != item.answered for item in items)
    flags = [item.answered for item in items]
    assert flags == sorted(flags, reverse=True)  # the answered first
    return {item.topic: item.answer for item in items}


def test_controls_to_look_at_come_first_and_marks_differ_without_colour() -> None:
    controls = controls_of(full_summary())
    assert [one.verdict for one in controls] == ["look", "passed", "not run"]
    assert len({one.mark for one in controls}) == 3
    assert in_short(controls) == "Negative controls: 1 passed, 1 to look at (Size alone), 1 not run"


def test_controls_that_were_not_run_are_no_controls() -> None:
    only = [one for one in controls_of(full_summary()) if one.verdict == "not run"]
    assert in_short(only) == in_short([]) == ""


@pytest.mark.parametrize("empty", [{}, dict.fromkeys(full_summary())])
def test_what_was_not_done_has_no_section(empty: dict[str, Any]) -> None:
    assert controls_of(empty) == []
    assert doubt_of(empty, "bad", "good") is None
    assert comparison_of(empty) is None
    assert permutation_chart(empty) is None
    assert tuning_of(empty) is None


def test_preparation_says_not_done_only_of_what_could_have_been() -> None:
    assert preparation_of({}) == []
    nothing = dict(preparation_of(dict.fromkeys(full_summary())))
    assert nothing.pop("Threshold") == "given beforehand"
    assert set(nothing.values()) == {NOT_DONE}
    assert len(nothing) == 4
    done = dict(preparation_of(full_summary()))
    assert "60 of 102" in done["Robust features"]
    assert "0.75" in done["Robust features"]
    assert "'device' (A, B)" in done["Harmonisation of sources"]
    assert done["Clinical variables"] == "age, side"
    assert "Platt" in done["Recalibration of probabilities"]
    assert done["Threshold"] == "sensitivity of 95 % on inner folds"
    assert dict(preparation_of({"recalibration": "none"})) == {"Recalibration of probabilities": NOT_DONE}


def test_the_parts_of_prediction_sets_are_all_rows() -> None:
    doubt = doubt_of(full_summary(), "bad", "good")
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
    doubt = doubt_of(summary, "bad", "good")
    assert doubt is not None
    assert [part for _, part, _ in doubt.parts] == [0, 0, 1, 0]
    assert ("of these, wrong", "not defined", True) in doubt.rows


def test_comparison_names_what_is_subtracted() -> None:
    found = comparison_of(full_summary())
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
    chart = permutation_chart(summary)
    assert chart is not None
    assert f"an AUC of 0.900 or more was {said}" in chart.caption
    assert "(95 % interval 0.100 to 0.300)" in chart.caption


def test_a_permutation_without_a_figure_is_left_out() -> None:
    summary = full_summary()
    summary["permutation"]["permuted"] = [None, 0.5]
    chart = permutation_chart(summary)
    assert chart is not None
    assert 'aria-label="AUCs of 1 models' in chart.svg


def test_each_fold_and_the_final_model_have_a_row() -> None:
    found = tuning_of(full_summary())
    assert found is not None
    assert [row[0] for row in found.rows] == ["1", "2", "final model, all rows"]
    assert found.rows[0][1:] == ("xgboost", "0.900", "0.250", "max_depth 4, learning_rate 0.03457")
    assert "30 trials in at most 2.5 minutes of xgboost, logistic" in found.text


def test_folds_of_several_repeats_are_told_apart() -> None:
    summary = full_summary()
    summary["tuning"]["chosen"][1]["repeat"] = 2
    found = tuning_of(summary)
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
    untested = full_summary()
    untested["comparison"]["tests"] = []
    untested["controls"] = untested["controls"][1:2]  # that which was not run
    assert answers(untested)["Comparison with clinical data or a simpler model"] == AUTHOR
    assert answers(untested)["Confounding factors"] == AUTHOR


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
