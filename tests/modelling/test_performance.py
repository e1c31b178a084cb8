"""All figures of given probabilities: against scikit-learn, by laws, and where a class is missing."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    roc_auc_score,
    roc_curve,
)

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.assessment.performance import LABELS, judge
from radiomics_screen.modelling.assessment.performance_types import Performance
from radiomics_screen.modelling.statistics.intervals import bootstrap_figures

FEW = {"resamples": 100}


def drawn(patients: int = 120, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return outcome, true probability and patient, two rows a patient."""
    random = np.random.default_rng(seed)
    score = np.repeat(random.normal(size=patients), 2) + 0.3 * random.normal(size=2 * patients)
    probability = 1 / (1 + np.exp(-1.5 * score))
    return (
        (random.random(len(score)) < probability).astype(int),
        probability,
        np.repeat(np.arange(patients), 2),
    )


def test_figures_are_those_of_scikit_learn() -> None:
    outcome, p, patients = drawn()
    found = judge(outcome, p, patients, threshold=0.4, **FEW)
    figures = found["figures"]
    assert figures["auc"]["value"] == pytest.approx(roc_auc_score(outcome, p))
    assert found["delong"]["value"] == pytest.approx(roc_auc_score(outcome, p))
    assert figures["average_precision"]["value"] == pytest.approx(average_precision_score(outcome, p))
    assert figures["brier"]["value"] == pytest.approx(brier_score_loss(outcome, p))
    tn, fp, fn, tp = confusion_matrix(outcome, p >= 0.4).ravel()
    assert found["confusion"] == {"tp": tp, "fp": fp, "tn": tn, "fn": fn}
    false, true, _ = roc_curve(outcome, p, drop_intermediate=False)
    best = true[false <= 0.1 + 1e-9].max()
    assert figures["sensitivity_at_specificity_90"]["value"] == pytest.approx(best)
    assert set(figures) == set(LABELS)


def test_every_interval_holds_its_value_and_the_result_is_plain_json() -> None:
    outcome, p, patients = drawn()
    found = judge(outcome, p, patients, threshold=0.5, subgroups={"half": ["a", "b"] * 120}, **FEW)
    assert json.loads(json.dumps(found.to_json(), allow_nan=False)) == found.to_json()
    for name, figure in found["figures"].items():
        if name != "ece":  # its resamples lie above it, as noise is added to noise
            assert figure["low"] <= figure["value"] <= figure["high"], name
    for name, curve in found["curves"].items():
        low, y, high = (np.array(curve[key], dtype=float) for key in ("low", "y", "high"))
        assert np.all(low <= high + 1e-12), name
        assert np.mean((low <= y + 1e-9) & (y <= high + 1e-9)) > 0.95, name


def test_repeats_are_judged_one_by_one_and_averaged() -> None:
    outcome, p, patients = drawn()
    other = np.clip(p + np.random.default_rng(1).normal(0, 0.2, len(p)), 0.01, 0.99)
    both = judge(outcome, [p, other], patients, threshold=0.5, **FEW)
    one, two = (judge(outcome, single, patients, threshold=0.5, **FEW) for single in (p, other))
    for name in LABELS:
        mean = (one["figures"][name]["value"] + two["figures"][name]["value"]) / 2
        assert both["figures"][name]["value"] == pytest.approx(mean), name
    assert both["confusion"]["tp"] == (one["confusion"]["tp"] + two["confusion"]["tp"]) / 2
    for name in ("roc", "precision_recall", "decision"):
        mean = np.mean([one["curves"][name]["y"], two["curves"][name]["y"]], axis=0)
        np.testing.assert_allclose(both["curves"][name]["y"], mean)
    assert any("2 repeats" in message for message in both["messages"])


def test_the_same_repeat_twice_is_as_sure_as_once() -> None:
    outcome, p, patients = drawn()
    once, twice = (judge(outcome, [p] * n, patients, threshold=0.5, **FEW) for n in (1, 2))
    for key in ("low", "high"):
        assert twice["delong"][key] == pytest.approx(once["delong"][key])
        assert twice["figures"]["slope"][key] == pytest.approx(once["figures"]["slope"][key])


def test_figures_of_metrics_csv_are_the_same_with_the_same_draws() -> None:
    outcome, p, patients = drawn()
    found = judge(outcome, p, patients, threshold=0.5, seed=3, **FEW)["figures"]
    known = bootstrap_figures(outcome, p, patients, threshold=0.5, seed=3, **FEW)
    for name, figure in known.items():
        assert found[name] == vars(figure)


def test_rows_of_one_patient_make_intervals_wider_than_independent_rows() -> None:
    random = np.random.default_rng(5)
    outcome = np.repeat(random.random(40) < 0.5, 6).astype(int)
    p = np.clip(np.repeat(random.random(40), 6) + 0.2 * outcome, 0, 1) * 0.8
    grouped, alone = (judge(outcome, p, patients, **FEW) for patients in (np.repeat(np.arange(40), 6), None))
    for found in ("figures", "delong"):
        wide, narrow = (one[found]["auc"] if found == "figures" else one[found] for one in (grouped, alone))
        assert wide["high"] - wide["low"] > 1.5 * (narrow["high"] - narrow["low"])


def test_true_probabilities_are_calibrated_and_doubled_log_odds_have_half_the_slope() -> None:
    outcome, p, patients = drawn(600, seed=2)
    figures = judge(outcome, p, patients, **FEW)["figures"]
    assert figures["slope"]["low"] < 1 < figures["slope"]["high"]
    extreme = 1 / (1 + ((1 - p) / p) ** 2)
    steep = judge(outcome, extreme, patients, **FEW)["figures"]
    assert steep["slope"]["value"] == pytest.approx(figures["slope"]["value"] / 2, rel=1e-6)


def test_without_a_threshold_no_figure_needs_one() -> None:
    outcome, p, patients = drawn()
    found = judge(outcome, p, patients, subgroups={"half": ["a", "b"] * 120}, **FEW)
    assert found["confusion"] is None
    assert not {"sensitivity", "ppv", "accuracy"} & set(found["figures"])
    assert "sensitivity" not in found["subgroups"]["half"][0]


def test_one_class_only_gives_what_is_defined_and_says_so() -> None:
    found = judge([0, 0, 0, 0], [0.1, 0.2, 0.3, 0.9], threshold=0.5, **FEW)
    assert found["figures"]["auc"]["value"] is None
    assert found["delong"]["value"] is None
    assert found["figures"]["specificity"]["value"] == 0.75
    assert found["figures"]["brier"]["value"] == pytest.approx(0.2375)
    assert all(curve is None for curve in found["curves"].values())
    assert any("one class" in message for message in found["messages"])


def test_a_perfect_model_is_not_sure() -> None:
    outcome = np.array([0, 1] * 10)
    for repeats in (1, 2):
        found = judge(outcome, np.tile(0.1 + 0.8 * outcome, (repeats, 1)), threshold=0.5, **FEW)
        assert found["delong"]["interval"] == "exact"
        assert found["delong"]["low"] < 0.75
        assert found["figures"]["auc"]["low"] is None
        assert found["figures"]["sensitivity"]["low"] == pytest.approx(0.025 ** (1 / 10))


@pytest.mark.parametrize("seed", range(12))
def test_every_interval_holds_its_estimate(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = int(random.choice([20, 40, 100]))
    score = random.normal(size=rows)
    outcome = (random.random(rows) < 1 / (1 + np.exp(-seed % 3 * score))).astype(int)
    outcome[:2] = 0, 1
    p = 1 / (1 + np.exp(-random.choice([0.5, 1, 3]) * score + random.normal(0, 0.5, rows)))
    found = judge(outcome, p, np.arange(rows) // 2, threshold=0.5, resamples=100, seed=seed)["figures"]
    assert found["ece"]["low"] >= 0
    for name, one in found.items():
        if one["low"] is not None:
            assert one["low"] - 1e-12 <= one["value"] <= one["high"] + 1e-12, name


def test_a_subgroup_of_few_rows_has_no_figures() -> None:
    outcome, p, patients = drawn()
    few = np.full(len(outcome), "many", dtype=object)
    few[np.flatnonzero(outcome == 1)[:9]] = "few"
    few[np.flatnonzero(outcome == 0)[:30]] = "few"
    parts = judge(outcome, p, patients, threshold=0.5, subgroups={"x": few}, **FEW)["subgroups"]["x"]
    found = {part["value"]: part for part in parts}["few"]
    assert found["note"] == "too few: 9 positive and 30 negative; 10 of each are needed"
    assert found["auc"]["value"] is found["auc"]["low"] is found["sensitivity"]["value"] is None
    assert found["specificity"]["value"] is not None


def test_subgroups_name_what_is_not_known_and_what_says_little() -> None:
    outcome, p, patients = drawn()
    values = np.where(outcome == 1, "ill", "").astype(object)
    values[:60] = "mixed"
    parts = {
        part["value"]: part
        for part in judge(outcome, p, patients, subgroups={"x": values}, **FEW)["subgroups"]["x"]
    }
    assert set(parts) == {"ill", "mixed", "not known"}
    assert parts["ill"]["auc"]["value"] is None
    assert "no negative rows" in parts["ill"]["note"]
    here = values == "mixed"
    assert parts["mixed"]["auc"]["value"] == pytest.approx(roc_auc_score(outcome[here], p[here]))
    assert sum(part["rows"] for part in parts.values()) == len(outcome)


@pytest.mark.parametrize(
    ("outcome", "probability", "words"),
    [
        ([0, 1], [0.5, 1.5], "0 to 1"),
        ([0, 2], [0.5, 0.5], "outcome"),
        ([0, 1], [0.5, np.nan], "not finite"),
        ([], [], "nothing to judge"),
        ([0, 1, 1], [0.5, 0.2], "shape"),
    ],
)
def test_what_cannot_be_judged_is_refused(outcome: list[int], probability: list[float], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        judge(outcome, probability, **FEW)


@pytest.mark.parametrize("threshold", [None, 0.5])
@pytest.mark.parametrize("one_class", [False, True])
def test_what_was_written_is_read_as_the_same_types(threshold: float | None, one_class: bool) -> None:
    outcome, p, patients = drawn()
    outcome = np.zeros_like(outcome) if one_class else outcome
    found = judge(outcome, p, patients, threshold=threshold, subgroups={"half": ["a", "b"] * 120}, **FEW)
    written = json.dumps(found.to_json(), allow_nan=False)
    read = Performance.from_json(json.loads(written))
    assert read == found
    assert json.dumps(read.to_json()) == written  # in the same order too


def test_attributes_are_entries_and_an_unknown_entry_is_refused() -> None:
    outcome, p, patients = drawn()
    found = judge(outcome, p, patients, threshold=0.5, **FEW)
    assert found["figures"]["auc"]["value"] == found.figures["auc"].value
    assert list(found.delong) == ["value", "low", "high", "interval"]
    assert len(found.counts) == 5
    assert "to_json" not in found
    with pytest.raises(KeyError, match="to_json"):
        found["to_json"]


def test_damage_is_named_by_the_entry() -> None:
    outcome, p, patients = drawn()
    written = judge(outcome, p, patients, threshold=0.5, **FEW).to_json()
    written["figures"]["auc"]["value"] = "high"
    with pytest.raises(ModelError, match=r"evaluation\.json is damaged: figures\.auc\.value"):
        Performance.from_json(written, "evaluation.json")
