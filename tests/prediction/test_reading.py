"""Readings: the model's own parameters, its threshold, its reasons, and no case without a word."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiomics_screen import (
    extract_cohort,
    fit,
    load_model,
    read_cases,
    read_lesion,
    read_table,
    readings_of,
)
from radiomics_screen.cohort.cases import Case, read_cohort
from radiomics_screen.cohort.synthetic import make_sample
from radiomics_screen.core.errors import CohortError, ModelError
from radiomics_screen.modelling import Model
from radiomics_screen.modelling.assessment.uncertainty import Uncertainty
from radiomics_screen.prediction.reading import REASONS, Reading, settings_for

#: Unlike the default, so that a reading with other parameters than the model's would show.
SETTINGS = {"setting": {"binWidth": 12}}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sample(tmp_path_factory.mktemp("cohort"), patients=40)


@pytest.fixture(scope="module")
def table(cohort: Path) -> Path:
    path = cohort.with_name("features.parquet")
    extract_cohort(cohort, SETTINGS, output=path)
    return path


@pytest.fixture(scope="module")
def model(table: Path) -> Model:
    fitted = fit(
        table,
        target="pathology",
        positive="malignant",
        group="patient_id",
        splits=3,
        repeats=1,
        resamples=50,
        threshold=0.4,
        hyperparameters={"n_estimators": 50, "learning_rate": 0.2},
        controls=False,
        device="cpu",
    )
    fitted.save(table.with_name("model"))
    return load_model(table.with_name("model"))


@pytest.fixture(scope="module")
def cases(cohort: Path) -> list[Case]:
    return list(read_cohort(cohort).cases)


def test_a_reading_is_what_the_model_says_of_the_table(model: Model, cases: list[Case], table: Path) -> None:
    readings = read_cases(model, cases[:10])
    frame = read_table(table).frame[:10]
    np.testing.assert_array_equal(readings["probability"], model.predict_probability(frame))
    np.testing.assert_array_equal(readings["prediction"], model.classify(readings["probability"]))
    assert set(readings["threshold"]) == {0.4}
    assert readings["case_id"].tolist() == frame["case_id"].tolist()
    assert readings["pathology"].tolist() == frame["pathology"].tolist()
    assert not any(c.startswith("original_") for c in readings.columns)


def test_reasons_are_the_strongest_contributions(model: Model, cases: list[Case], table: Path) -> None:
    readings = read_cases(model, cases[:5])
    frame = read_table(table).frame[:5]
    contributions = model.contributions(frame).drop(columns="bias")
    for row, (_, reading) in enumerate(readings.iterrows()):
        expected = contributions.iloc[row].abs().sort_values(ascending=False, kind="stable")
        expected = expected[expected > 0][:REASONS]
        assert len(expected), "a model that learned nothing shows nothing"
        found = [reading[f"feature_{n}"] for n in range(1, len(expected) + 1)]
        assert found == list(expected.index)
        assert [reading[f"value_{n}"] for n in range(1, len(found) + 1)] == [
            frame[f].iloc[row] for f in found
        ]
        added = [reading[f"contribution_{n}"] for n in range(1, len(found) + 1)]
        np.testing.assert_allclose(added, contributions.iloc[row][found])


def test_processes_change_nothing(model: Model, cases: list[Case]) -> None:
    pd.testing.assert_frame_equal(read_cases(model, cases[:6]), read_cases(model, cases[:6], jobs=2))


def test_a_failing_case_is_a_row_that_says_why(model: Model, cases: list[Case], tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_text("no image")
    broken = replace(cases[1], mask=tmp_path / "mask.png")
    readings = read_cases(model, [cases[0], broken, cases[2]])
    assert readings["status"].tolist() == ["ok", "failed", "ok"]
    assert "mask.png" in readings["error"][1]
    assert readings["prediction"][1] == ""
    assert readings["probability"].isna().tolist() == [False, True, False]
    assert readings["feature_1"].isna().tolist() == [False, True, False]


def test_only_failing_cases_are_readings_too(model: Model, cases: list[Case], tmp_path: Path) -> None:
    broken = replace(cases[0], image=tmp_path / "none.png", problem="there is no image none.png")
    readings = read_cases(model, [broken])
    assert readings["status"].tolist() == ["failed"]
    assert readings["error"].tolist() == ["there is no image none.png"]
    assert readings["probability"].isna().all()


def test_features_that_a_case_does_not_have_are_told(model: Model, data_dir: Path) -> None:
    """A volume has no 2-D shape; the model takes what is typical in its place, and the row says so."""
    folder = data_dir / "pyradiomics"
    image, mask = (next(iter(folder.rglob(f"breast1*{part}.nrrd"))) for part in ("image", "label"))
    case = Case("volume", "p", image, mask, None, 2, {})
    reading = read_cases(model, [case]).iloc[0]
    assert reading["status"] == "ok"
    assert "not measured, taken as typical: original_shape2D_" in reading["warnings"]


def test_a_case_without_any_feature_of_the_model_fails(
    model: Model, cases: list[Case], tmp_path: Path
) -> None:
    other = replace(model, card=model.card.model_copy(update={"settings": {"featureClass": {"shape": []}}}))
    reading = read_cases(other, cases[:1]).iloc[0]
    assert reading["status"] == "failed"
    assert "of the model's 102 features could not be measured" in reading["error"]


def test_a_model_must_say_how_to_extract(model: Model, cases: list[Case]) -> None:
    silent = replace(model, card=model.card.model_copy(update={"settings": None}))
    with pytest.raises(ModelError, match="does not say how its features were extracted"):
        read_cases(silent, cases[:1])


def test_an_infinite_feature_fails_its_case_alone(
    model: Model, cases: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = extract_cohort(cases[:3], model.settings)
    name = model.kept[0]
    frame.loc[1, name] = np.inf
    monkeypatch.setattr("radiomics_screen.prediction.reading.extract_cohort", lambda *args, **options: frame)
    readings = read_cases(model, cases[:3])
    assert readings["status"].tolist() == ["ok", "failed", "ok"]
    assert readings["error"][1] == f"infinite or beyond 3.4e38: {name}"
    assert readings["probability"].isna().tolist() == [False, True, False]


def test_columns_that_readings_have_of_their_own_are_refused_before_the_work(
    model: Model, cases: list[Case]
) -> None:
    clashing = [replace(cases[0], carried={"feature_1": "x", "probability": 0.1})]
    with pytest.raises(CohortError, match="named feature_1, probability; rename them"):
        read_cases(model, clashing, progress=lambda _: pytest.fail("the work has begun"))


# --- readings as objects ----------------------------------------------------------------------------


def as_in_the_table(reading: Reading, row: pd.Series) -> None:
    assert (reading.case_id, reading.status, reading.error) == (row["case_id"], row["status"], row["error"])
    assert " | ".join(reading.remarks) == row["warnings"]
    assert reading.probability == row["probability"]
    assert (reading.prediction, reading.threshold) == (row["prediction"], row["threshold"])
    assert " or ".join(reading.not_ruled_out or ()) == row["not_ruled_out"]
    assert reading.unusual_percent == row["unusual"]
    for number, reason in enumerate(reading.reasons, 1):
        assert reason.feature == row[f"feature_{number}"]
        assert reason.log_odds == row[f"contribution_{number}"]
        assert reason.imputed or reason.value == row[f"value_{number}"]


def test_the_table_is_a_view_of_the_readings(model: Model, cases: list[Case]) -> None:
    table, readings = read_cases(model, cases[:4]), readings_of(model, cases[:4])
    assert len(readings) == 4
    for reading, (_, row) in zip(readings, table.iterrows(), strict=True):
        as_in_the_table(reading, row)
        assert reading.reasons


def test_one_lesion_is_read_as_among_others(model: Model, cases: list[Case]) -> None:
    one = cases[2]
    reading = read_lesion(model, one.image, one.mask, label=one.label, case_id=one.id)
    as_in_the_table(reading, read_cases(model, cases[:4]).iloc[2])
    assert read_lesion(model, str(one.image), str(one.mask)).case_id == one.image.stem


def test_a_lesion_that_cannot_be_read_says_why(model: Model, cases: list[Case], tmp_path: Path) -> None:
    reading = read_lesion(model, tmp_path / "none.png", cases[0].mask)
    assert reading.status == "failed"
    assert "none.png" in reading.error
    assert (reading.prediction, reading.probability, reading.not_ruled_out) == (None, None, None)
    assert (reading.unusual_percent, reading.reasons) == (None, ())
    assert "failed" in reading._repr_html_()
    assert json.loads(json.dumps(reading.to_dict(), allow_nan=False))["probability"] is None


def test_a_reading_becomes_plain_json(richer: Model, cases: list[Case]) -> None:
    columns = {"age": np.int64(50), "side": None, "scanner": "C", "size": np.nan, "seen": True}
    reading = read_lesion(richer, cases[0].image, cases[0].mask, carried=columns)
    plain = json.loads(json.dumps(reading.to_dict(), allow_nan=False))
    assert plain["carried"] == {"age": 50, "side": None, "scanner": "C", "size": None, "seen": True}
    assert plain["probability"] == reading.probability
    assert plain["remarks"] == ["'scanner' C was not learned, so its features are not harmonised"]
    assert [one["feature"] for one in plain["reasons"]] == [one.feature for one in reading.reasons]
    with pytest.raises(CohortError, match="no column 'scanner'"):
        read_lesion(richer, cases[0].image, cases[0].mask, carried={"age": 50, "side": "01"})


def test_a_notebook_shows_a_reading_with_nothing_that_could_run(model: Model, cases: list[Case]) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    reading = read_lesion(model, cases[0].image, cases[0].mask, case_id=hostile)
    shown = replace(reading, remarks=(hostile,), positive=hostile)._repr_html_()
    assert "<img" not in shown
    assert shown.count("&lt;img src=x onerror=alert(1)&gt;") == 3
    assert f"{reading.probability:.3f} (threshold 0.4)" in shown
    assert reading.reasons[0].feature in shown


def test_a_models_settings_are_resolved_once(model: Model) -> None:
    assert settings_for(model) is settings_for(model)


# --- how sure, and whether the case is of the known kind ------------------------------------------


def test_what_cannot_be_ruled_out_is_said_in_the_targets_words(model: Model, cases: list[Case]) -> None:
    for rate in (0.02, 0.3):
        readings = read_cases(model, cases[:12], error_rate=rate)
        sets = model.prediction_sets(readings["probability"], rate)
        words = {(1, 0): "benign", (0, 1): "malignant", (1, 1): "benign or malignant", (0, 0): "neither"}
        assert readings["not_ruled_out"].tolist() == [words[tuple(pair)] for pair in sets.astype(int)]
    assert set(read_cases(model, cases[:3], error_rate=0.001)["not_ruled_out"]) == {"benign or malignant"}


def test_a_case_of_another_kind_is_told(
    model: Model, cases: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = extract_cohort(cases[:2], model.settings)
    usual = read_cases(model, cases[:2])
    np.testing.assert_array_equal(usual["unusual"], model.unusual(frame))
    assert usual["warnings"].tolist() == ["", ""]
    frame.loc[1, model.kept] = 1e6
    monkeypatch.setattr("radiomics_screen.prediction.reading.extract_cohort", lambda *args, **options: frame)
    readings = read_cases(model, cases[:2])
    assert readings["unusual"][0] == usual["unusual"][0]
    assert readings["warnings"].tolist() == ["", "unlike the cases that the model learned from"]


def test_a_model_of_before_there_was_doubt_reads_all_the_same(model: Model, cases: list[Case]) -> None:
    readings = read_cases(replace(model, doubt=None), cases[:2])
    assert not {"not_ruled_out", "unusual"} & set(readings)
    pd.testing.assert_frame_equal(
        readings, read_cases(model, cases[:2]).drop(columns=["not_ruled_out", "unusual"])
    )
    assert isinstance(model.doubt, Uncertainty)


# --- a model that learned from more than the image ------------------------------------------------


@pytest.fixture(scope="module")
def richer(table: Path) -> Model:
    """A model of features, clinical variables and a scanner."""
    read = read_table(table)
    random = np.random.default_rng(0)
    rows = len(read.frame)
    frame = read.frame.assign(
        age=random.integers(30, 80, rows), side=random.choice(["01", "02", "both"], rows),
        scanner=random.choice(["A", "B"], rows),
    )  # fmt: skip
    fitted = fit(
        replace(read, frame=frame), target="pathology", positive="malignant", group="patient_id", splits=3,
        repeats=1, resamples=20, classifier="logistic", clinical=["age", "side"], batch="scanner",
        recalibrate="platt", inner_folds=2, controls=False, device="cpu",
    )  # fmt: skip
    fitted.save(table.with_name("richer"))
    return load_model(table.with_name("richer"))


def carrying(case: Case, **columns: object) -> Case:
    return replace(case, carried={**case.carried, **columns})


def test_clinical_variables_and_scanner_come_with_the_cases(richer: Model, cases: list[Case]) -> None:
    """One that was not learned, or is not known, gets a word in its own row and none in another."""
    given = [
        carrying(cases[0], age=50, side="01", scanner="A"),
        carrying(cases[1], age=None, side=None, scanner="B"),
        carrying(cases[2], age="61", side="left", scanner="C"),
        carrying(cases[3], age="old", side="02", scanner="A"),
    ]
    readings = read_cases(richer, given)
    assert readings["status"].tolist() == ["ok", "ok", "ok", "failed"]
    assert readings["error"][3] == "'age' is 'old'; in training it was a number"
    assert readings["warnings"].tolist() == [
        "", "", "'scanner' C was not learned, so its features are not harmonised; 'side' left was not "
        "learned, and counts as no value", "",
    ]  # fmt: skip
    assert readings["not_ruled_out"].tolist()[3] == ""
    alone = [read_cases(richer, [one])["probability"][0] for one in given[:3]]
    np.testing.assert_array_equal(readings["probability"][:3], alone)
    features = extract_cohort(cases[:2], richer.settings)
    rows = features.assign(age=[50, np.nan], side=["01", ""], scanner=["A", "B"])
    np.testing.assert_array_equal(readings["probability"][:2], richer.predict_probability(rows))


def test_a_cases_file_without_the_models_columns_is_refused_before_the_work(
    richer: Model, cases: list[Case]
) -> None:
    some = [carrying(cases[0], age=50, side="01")]
    with pytest.raises(
        CohortError, match="learned from age, side, scanner, too, but there is no column 'scan"
    ):
        read_cases(richer, some, progress=lambda _: pytest.fail("the work has begun"))
    with pytest.raises(CohortError, match="no column 'age': did you mean 'Age'"):
        read_cases(richer, [carrying(replace(cases[0], carried={}), Age=50, side="01", scanner="A")])
    with pytest.raises(ModelError, match="no column 'age': did you mean 'Age'"):
        richer.unlearned(pd.DataFrame({"Age": [50], "side": ["01"], "scanner": ["A"]}))
    clash = [carrying(cases[0], not_ruled_out="x", unusual=1)]
    with pytest.raises(CohortError, match="named not_ruled_out, unusual; rename them"):
        read_cases(richer, clash, progress=lambda _: pytest.fail("the work has begun"))


def test_a_feature_table_in_the_place_of_a_cases_file_is_refused_in_a_line(table: Path, model: Model) -> None:
    with pytest.raises(CohortError, match="is a feature table; give the cases file") as refused:
        read_cases(model, table)
    assert len(str(refused.value)) < 400
    other = replace(read_cohort(table), carried_columns=("wavelet-LLH_glcm_Idn",))  # of other parameters
    with pytest.raises(CohortError, match="is a feature table"):
        read_cases(model, other)
