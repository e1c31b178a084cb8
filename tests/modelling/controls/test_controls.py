"""Controls of a fit: each speaks up when it should, and keeps still when it should not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency
from sklearn.metrics import roc_auc_score

from radiomics_screen.features.catalogue import CATALOGUE
from radiomics_screen.modelling import fit
from radiomics_screen.modelling.controls import Control, ImageControlInputs, run_controls
from radiomics_screen.modelling.controls.batch import batch_column, difference_by_chance
from radiomics_screen.modelling.controls.rates import rates
from radiomics_screen.modelling.controls.size import size_features
from radiomics_screen.modelling.data.splits import Split, grouped_splits
from radiomics_screen.modelling.options.groups import Preparation
from radiomics_screen.modelling.training.folds import pooled_probabilities, run_folds
from radiomics_screen.modelling.training.plan import Plan, ThresholdRule
from tests.helpers.controlled import AREA, controls, dataset_of, noise, table_of

# --- of all of them -------------------------------------------------------------------------------


def test_a_fit_writes_its_controls_those_to_look_at_first():
    random, values, outcome = noise(0)
    values[:, 0] += 2 * outcome
    frame = table_of(values, outcome, told=outcome + 0.01 * random.normal(size=120))
    model = fit(frame, target="bad", group="patient_id", clinical=["told"], classifier="logistic", splits=3,
                repeats=2, resamples=100)  # fmt: skip
    found = model.evaluation.summary["controls"]
    order = [one["verdict"] for one in found]
    assert order == sorted(order, key=["look", "unsure", "passed", "not run"].index)
    assert (found[0]["name"], found[0]["verdict"]) == ("one feature", "look")
    assert found[0]["figures"]["column"] == "told"


def test_a_control_that_cannot_learn_does_not_end_the_fit():
    random, values, outcome = noise(1)
    values[:, 0] += outcome
    frame = table_of(values, outcome).assign(**{AREA: 5.0})
    assert controls(frame)["size"].verdict == "not run"
    nothing = table_of(np.where(random.random((120, 1)) < 0, 0.0, values[:, :1] * 0), outcome, age=outcome)
    found = controls(nothing, clinical=["age"])
    assert found["one feature"].verdict == "look"
    assert found["alike rows"].verdict == found["shuffle"].verdict == "not run"


def test_what_is_searched_or_clinical_is_left_out_and_said():
    _, values, outcome = noise(2)
    values[:, 0] += 1.5 * outcome
    frame = table_of(values, outcome, age=outcome * 3.0 + np.arange(120) % 5).assign(**{AREA: values[:, 1]})
    plan = Plan(candidates=("xgboost", "logistic"), rule=ThresholdRule("sensitivity", 0.9), inner_folds=2)
    size = controls(frame, plan, clinical=["age"])["size"]
    assert "without clinical columns by logistic, with nothing searched or corrected" in size.text
    same = controls(frame)["size"]
    assert size.figures["features"]["value"] == same.figures["features"]["value"]
    assert "nothing searched" not in same.text


# --- one column -----------------------------------------------------------------------------------


def test_a_feature_that_is_the_outcome_and_a_little_noise_is_named():
    random, values, outcome = noise(7)
    values[:, 3] = -outcome + 0.05 * random.normal(size=120)
    found = controls(table_of(values, outcome))["one feature"]
    assert found.verdict == "look"
    assert found.figures == {"column": "original_firstorder_F3", "auc": 1.0}


def test_the_auc_of_a_column_is_that_of_its_rows_with_a_value():
    _, values, outcome = noise(8, features=5)
    values[:, 2] += 2 * outcome
    values[::7, 2] = np.nan
    there = ~np.isnan(values[:, 2])
    found = controls(table_of(values, outcome))["one feature"]
    assert found.verdict == "passed"
    assert found.figures["auc"] == pytest.approx(roc_auc_score(outcome[there], values[there, 2]))


def test_a_text_or_a_gap_that_tells_the_outcome_is_named_too():
    random, values, outcome = noise(9)
    frame = table_of(values, outcome, histology=np.where(outcome, "IDC", "cyst"))
    found = controls(frame, clinical=["histology"])["one feature"]
    assert (found.verdict, found.figures["column"]) == ("look", "histology")
    frame = table_of(values, outcome, score=np.where(outcome, random.normal(size=120), np.nan))
    found = controls(frame, clinical=["score"])["one feature"]
    assert (found.verdict, found.figures["column"]) == ("look", "whether score has a value")


def test_in_few_rows_an_auc_of_one_may_be_chance():
    random = np.random.default_rng(10)
    outcome = np.arange(16) % 2
    values = random.normal(size=(16, 20))
    values[:, 0] = np.nan
    values[:4, 0] = outcome[:4] + np.arange(4) / 100  # of four rows that have a value
    found = controls(table_of(values, outcome))["one feature"]
    assert found.verdict == "passed"
    assert found.figures["auc"] == 1.0
    assert "chance may do" in found.text


# --- size -----------------------------------------------------------------------------------------


def test_size_features_are_those_with_a_length_area_or_volume_for_a_unit():
    for family in ("shape", "shape2D", "morph"):
        for name, facts in CATALOGUE[family].features.items():
            column = f"original_{family}_{name}"
            is_size = facts.unit in ("mm", "mm^2", "mm^3") and name != "com"  # a shift of centres is no size
            assert bool(size_features((column,))) is is_size, column
    assert size_features(("original_shape_MajorAxis", "original_shape_Volume"))[0].endswith("Volume")
    assert not size_features(("original_shape_SurfaceVolumeRatio", "original_firstorder_Energy"))


def test_an_outcome_that_size_decides_is_told():
    random, values, _ = noise(11, rows=300)
    size = random.normal(size=300)
    frame = table_of(values, random.random(300) < 1 / (1 + np.exp(-2 * size)))
    found = controls(frame.assign(**{AREA: np.exp(size)}))["size"]
    assert found.verdict == "look"
    assert found.figures["auc"]["value"] > 0.8
    assert "ruler" in found.text
    assert AREA in found.title


def test_an_outcome_that_something_else_decides_passes_whatever_the_form_says():
    random, values, outcome = noise(12, rows=300)
    values[:, 0] += 2 * outcome
    area = random.lognormal(size=300)
    roundness = np.where(outcome, 4.0, 6.0) * random.lognormal(0, 0.02, 300)  # perimeter and area tell it
    sizes = {AREA: area, "original_shape2D_Perimeter": np.sqrt(area) * roundness,
             "original_shape_MeshVolume": np.nan}  # fmt: skip
    found = controls(table_of(values, outcome).assign(**sizes))["size"]
    assert found.verdict == "passed"
    assert AREA in found.title
    assert found.figures["auc"]["low"] < 0.5
    assert "may still be size" in found.text


def test_little_to_go_by_is_said_and_so_is_nothing_to_explain():
    random, values, outcome = noise(13, rows=60, features=2)
    values[:, 0] += 0.5 * outcome
    frame = table_of(values, outcome).assign(**{AREA: outcome + 0.7 * random.normal(size=60)})
    found = controls(frame)["size"]
    assert found.verdict == "unsure"  # red only where the interval excludes that nothing is of concern
    assert found.figures["gain"]["high"] > 0.02 > 0 > found.figures["gain"]["low"]
    assert "not sure that the features add anything" in found.text
    random, values, outcome = noise(14)
    found = controls(table_of(values, outcome).assign(**{AREA: random.random(120)}))["size"]
    assert found.verdict == "not run"
    assert "nothing to explain" in found.text


# --- scanner or site ------------------------------------------------------------------------------


def scanned(seed: int, rates_of: tuple[float, ...], rows: int = 200) -> pd.DataFrame:
    random, values, _ = noise(seed, rows=rows)
    scanner = random.integers(0, len(rates_of), rows)
    return table_of(values, random.random(rows) < np.array(rates_of)[scanner], Scanner=scanner)


def test_scanners_with_other_parts_of_positives_are_told():
    found = controls(scanned(15, (0.2, 0.6)))["batch"]
    assert found.verdict == "look"
    assert "(Scanner)" in found.title
    assert "--subgroups Scanner" in found.text
    assert "--batch Scanner" in found.text
    harmonised = controls(scanned(15, (0.2, 0.6)), batch="Scanner")["batch"]
    assert "were harmonised" in harmonised.text


@pytest.mark.parametrize(("batches", "patients", "rows_each"), [(2, 60, 1), (4, 60, 3), (25, 80, 2)])
def test_scanners_with_the_same_part_of_positives_pass_in_19_of_20_tables(batches, patients, rows_each):
    passed = 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        batch = random.choice(batches, patients, p=random.dirichlet(np.ones(batches)))
        owner = np.repeat(np.arange(patients), rows_each)
        outcome = (random.random(patients) < 0.35).astype(int)[owner]
        texts = [one.astype(str).astype(object) for one in (batch[owner], owner)]
        passed += difference_by_chance(texts[0], outcome, texts[1], seed=seed) >= 0.02
    assert passed >= 95


def test_with_one_row_a_patient_p_is_that_of_chi_square():
    random = np.random.default_rng(16)
    batch = random.integers(0, 3, 900).astype(str).astype(object)
    outcome = (random.random(900) < 0.4 + 0.04 * (batch == "1")).astype(int)
    expected = chi2_contingency(pd.crosstab(batch, outcome), correction=False).pvalue
    owners = np.arange(900).astype(str).astype(object)
    assert difference_by_chance(batch, outcome, owners) == pytest.approx(expected, abs=0.03)


def test_which_column_is_the_scanner():
    frame = pd.DataFrame(columns=["Site", "Manufacturer", "other"])
    assert batch_column(frame, "other") == "other"
    assert batch_column(frame, None) == "Site"
    assert batch_column(frame, None, target="Site") == "Manufacturer"
    assert batch_column(frame[["other"]], None) is None
    _, values, outcome = noise(17)
    assert controls(table_of(values, outcome))["batch"].verdict == "not run"
    one = controls(table_of(values, outcome, device="A"))["batch"]
    assert (one.verdict, "another one is not known" in one.text) == ("not run", True)


def test_rates_are_of_the_training_rows_less_that_of_all_and_unseen_categories_have_none():
    outcome = np.array([1, 1, 0, 0, 1, 0])
    categories = np.array(["a", "a", "b", "b", "a", "c"], dtype=object)
    split = Split(1, "1", np.arange(4), np.arange(4, 6))
    found = rates(categories, outcome, [split, Split(1, "2", np.arange(4), np.arange(4))])
    a = (2 + 0.5) / 3 - 0.5
    b = (0 + 0.5) / 3 - 0.5
    assert found == pytest.approx(np.array([a, a, b, b, a, 0]) / 2 + 0.5)


# --- altered images -------------------------------------------------------------------------------


def textured(seed: int = 18) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a table whose outcome is in its first feature, and the same without it."""
    random, values, outcome = noise(seed, rows=200)
    values[:, 0] += 1.5 * outcome
    frame = table_of(values, outcome)
    gone = frame.assign(original_firstorder_F0=random.normal(size=200))
    return frame, gone


def test_what_is_lost_in_altered_images_passes_and_what_is_kept_is_told():
    frame, gone = textured()
    found = controls(frame, evidence=ImageControlInputs({"shuffle": gone, "surroundings": frame}))
    assert found["shuffle"].verdict == "passed"
    assert "texture adds" in found["shuffle"].text
    assert found["surroundings"].verdict == "look"
    assert "That is as good" in found["surroundings"].text
    assert found["surroundings"].figures["gain"]["difference"] == 0


def test_cases_that_could_not_be_measured_are_left_out_of_both():
    frame, _ = textured()
    altered = frame.copy()
    altered.loc[::5, [name for name in frame if name.startswith("original_")]] = np.nan
    shuffled = altered.sample(frac=1, random_state=0).iloc[:-3]  # in another order, and some not there at all
    found = controls(frame, evidence=ImageControlInputs({"shuffle": shuffled}))["shuffle"]
    assert found.verdict == "look"
    assert found.figures["gain"]["difference"] == 0  # the rows that are there are the same in both
    assert "cases could not be measured so, and are left out of both" in found.text
    few = controls(frame, evidence=ImageControlInputs({"shuffle": altered.iloc[:90]}))["shuffle"]
    assert (few.verdict, few.text) == ("not run", "Only 72 of 200 altered cases could be measured.")


def test_models_that_read_marks_are_told_and_others_pass():
    frame, _ = textured()
    read = frame.assign(original_firstorder_F0=frame["original_firstorder_F0"] * 0.1)  # what a mark hides
    shifted = frame.assign(original_firstorder_F0=frame["original_firstorder_F0"] + 1)  # what it adds to all
    for altered, reason in ((read, "gain"), (shifted, "changed")):
        found = controls(frame, evidence=ImageControlInputs({"marks": altered}))["marks"]
        assert found.verdict == "look"
        assert "reads such marks" in found.text
        if reason == "gain":
            assert found.figures["gain"]["low"] > 0
        else:  # the order of the rows stays within each fold: only the calls tell
            assert found.figures["changed"] > 0.05
            assert abs(found.figures["gain"]["difference"]) < 0.02
    found = controls(frame, evidence=ImageControlInputs({"marks": frame}))["marks"]
    assert (found.verdict, found.figures["changed"], found.figures["gain"]["difference"]) == ("passed", 0, 0)
    few = controls(frame, evidence=ImageControlInputs({"marks": frame.iloc[:90]}))["marks"]
    assert (few.verdict, few.text) == ("not run", "Only 90 of 200 altered cases could be measured.")


def test_without_images_altered_controls_are_not_run_and_say_why():
    frame, gone = textured()
    assert "not looked at" in controls(frame)["shuffle"].text
    hindered = controls(frame, evidence=ImageControlInputs(hindrance="Gone."))
    assert (hindered["shuffle"].text, hindered["surroundings"].text) == ("Gone.", "Gone.")
    other = Control("near duplicates", "Images", "look", "Two.")
    partly = controls(frame, evidence=ImageControlInputs({"shuffle": gone}, (other,)))
    assert partly["surroundings"].verdict == "not run"
    assert partly["near duplicates"] is other


def test_altered_features_are_prepared_like_the_others():
    frame, _ = textured()
    frame["scanner"] = np.arange(200) % 2
    frame.loc[frame["scanner"] == 1, "original_firstorder_F0"] += 10  # what harmonising takes out
    altered = frame.copy()
    altered.loc[0, "original_firstorder_F1"] = np.inf
    found = controls(frame, evidence=ImageControlInputs({"shuffle": altered}), batch="scanner")["shuffle"]
    assert abs(found.figures["gain"]["difference"]) < 0.01
    dataset = dataset_of(frame)
    again = np.repeat(dataset.features.to_numpy()[:, np.newaxis], 3, axis=1)
    again[:, :, 0] += np.random.default_rng(0).normal(0, 5, again.shape[:2])  # the first is not reproducible
    dataset = replace(dataset, measured=again)
    plan = Plan(candidates=("logistic",), preparation=Preparation(reproducible=True))
    splits = grouped_splits(dataset.outcome, dataset.groups, splits=4, repeats=1)
    unseen = pooled_probabilities(splits, run_folds(dataset, plan, splits), 200)[0]
    evidence = ImageControlInputs({"shuffle": frame})
    (shuffle,) = (
        one
        for one in run_controls(dataset, frame, plan, splits, unseen, evidence=evidence)
        if one.name == "shuffle"
    )
    assert shuffle.figures["auc"] == shuffle.figures["features"]
