"""Crops as a column: beside numbers, in folds, in files, and what is refused before the work."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from radiomics_screen.cli.network_options import forget_unfinished, nested
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling import arguments
from radiomics_screen.modelling.arguments import (
    candidates_of,
    device_for,
    features_for,
    refuse_reserved,
)
from radiomics_screen.modelling.controls.crop_surroundings import crops_of_setup, lesion_alone, shown_crops
from radiomics_screen.modelling.controls.setup import Setup
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.data.crop_column import as_column, checked_crops, placeholder_crop
from radiomics_screen.modelling.data.dataset import Columns, Dataset
from radiomics_screen.modelling.data.from_table import prepare
from radiomics_screen.modelling.options.groups import Preparation
from radiomics_screen.modelling.steps.base import step_from_dict
from radiomics_screen.modelling.steps.chain import chain_from_dict, chain_to_dict, fitted_chain
from radiomics_screen.modelling.steps.constant import ConstantFilter
from radiomics_screen.modelling.steps.crop_passthrough import CropPassthrough
from radiomics_screen.modelling.steps.impute import MedianImputer
from radiomics_screen.modelling.steps.reproducible import ReproducibleFilter
from radiomics_screen.modelling.training.learning import learn
from radiomics_screen.modelling.training.pipeline import (
    fitted,
    kept_features,
    reaching,
    values_reaching,
)
from radiomics_screen.modelling.training.plan import Plan
from radiomics_screen.modelling.training.preparation_steps import preparation_steps
from radiomics_screen.modelling.training.tuning import search
from radiomics_screen.prediction.crop_inputs import lesions_of, with_crops

MEAN, AREA = "original_firstorder_Mean", "original_shape2D_PixelSurface"
ROWS, EDGE = 40, 32


def crop_of(number: int, edge: int = EDGE) -> np.ndarray:
    """Return a crop whose grey values are all `number`, with the lesion in the middle."""
    crop = placeholder_crop((edge, edge))
    crop[0] = number
    return crop


def dataset_of(*, crop: bool = True, seed: int = 0) -> Dataset:
    """Return rows of 20 patients, with two features, an age, and crops whose grey value is the row."""
    chance = np.random.default_rng(seed)
    outcome = np.repeat(np.arange(ROWS // 2) % 2, 2).astype(np.int64)
    inputs = pd.DataFrame(
        {MEAN: chance.normal(size=ROWS) + outcome, AREA: chance.normal(size=ROWS), "age": 40.0 + outcome}
    )
    inputs.loc[3, MEAN] = np.nan
    if crop:
        inputs[CROP] = as_column(crop_of(row) for row in range(ROWS)).to_numpy()
    return Dataset(
        inputs=inputs,
        outcome=outcome,
        groups=np.repeat([f"p{n}" for n in range(ROWS // 2)], 2).astype(object),
        folds=None,
        cases=np.array([f"c{n}" for n in range(ROWS)], dtype=object),
        target="y",
        positive="1",
        negative="0",
        group="p",
        rows_read=ROWS,
        columns=Columns((MEAN, AREA), ("age",), crop=crop),
        positions=np.arange(ROWS),
    )


def apart(*steps: Any) -> CropPassthrough:
    return CropPassthrough([(one.step_name, one) for one in steps])


# Numbers are prepared, crops pass by


def test_numbers_are_prepared_and_crops_pass_as_they_are():
    frame = pd.DataFrame({"a": [1.0, np.nan, 5.0], CROP: as_column(map(crop_of, range(3))), "b": [2.0, 2, 2]})
    found = apart(MedianImputer(), ConstantFilter()).fit_transform(frame)
    assert list(found.columns) == ["a", CROP], "the crops come last, and a constant column is gone"
    assert found["a"].tolist() == [1, 3, 5]
    assert all(there is given for there, given in zip(found[CROP], frame[CROP], strict=True))


def test_crops_alone_need_no_steps():
    frame = pd.DataFrame({CROP: as_column(map(crop_of, range(3)))})
    step = CropPassthrough().fit(frame)
    assert step.chain_ is None
    assert list(step.transform(frame).columns) == list(step.get_feature_names_out()) == [CROP]


@pytest.mark.parametrize("names", [["a", "b", CROP], [CROP, "b", "a"], [CROP]])
def test_what_was_learned_is_the_same_from_a_file(names):
    values = {"a": [1.0, np.nan, 5.0], "b": [0.0, 1, 0], CROP: as_column(map(crop_of, range(3)))}
    frame = pd.DataFrame({name: values[name] for name in names})
    step = apart(MedianImputer(), ConstantFilter()).fit(frame)
    again = step_from_dict(json.loads(json.dumps(step.to_dict(names))), names)
    new = frame.iloc[[1, 0]]
    pd.testing.assert_frame_equal(step.transform(new), again.transform(new))
    assert again.to_dict(names) == step.to_dict(names)


def test_repeated_measurements_are_those_of_the_numbers():
    """They come with a column for the crops, too, which nobody measured again."""
    chance = np.random.default_rng(0)
    truth = chance.normal(size=(12, 2))
    frame = pd.DataFrame(truth, columns=["steady", "noise"])
    frame[CROP] = as_column(map(crop_of, range(12))).to_numpy()
    measured = np.full((12, 4, 3), np.nan)
    measured[:, :, 0] = truth[:, [0]] + 0.01 * chance.normal(size=(12, 4))
    measured[:, :, 1] = chance.normal(size=(12, 4))
    step = apart(ReproducibleFilter(least=0.75)).fit(frame, measured=measured)
    assert step.get_feature_names_out().tolist() == ["steady", CROP]


def test_a_chain_leads_to_what_it_kept_or_is_refused():
    frame = pd.DataFrame({"a": [1.0, np.nan, 5.0], "b": [2.0, 2, 2]})
    steps = [("impute", MedianImputer()), ("constant", ConstantFilter())]
    chain, values = fitted_chain(steps, frame, None, {"groups": None, "measured": None})
    written = json.loads(json.dumps(chain_to_dict(chain.steps, ["a", "b"])))
    assert written["kept"] == ["a"]
    np.testing.assert_array_equal(Pipeline(chain_from_dict(written)).transform(frame), values)
    with pytest.raises(ValueError, match="do not lead from"):
        chain_from_dict({**written, "kept": ["b"]})


def test_the_pipeline_of_numbers_is_the_same_with_crops_beside():
    with_, without = dataset_of(), dataset_of(crop=False)
    preparation = Preparation(select="mrmr", most_features=1)
    one, other = (
        fitted(Pipeline(preparation_steps(preparation, rows.columns)), rows) for rows in (with_, without)
    )
    np.testing.assert_array_equal(one.transform(with_.inputs).iloc[:, :-1], other.transform(without.inputs))


# The column


def test_cells_are_crops_of_one_size_or_none():
    cases = np.array(["a", "b", "c"], dtype=object)
    found = checked_crops(pd.Series([crop_of(1), np.nan, pd.NA], dtype=object), cases)
    assert found[0] is not None
    assert found[1] is None
    assert found[2] is None


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ([crop_of(0), "x.png"], "of case b holds no crop"),
        ([crop_of(0).astype(float), None], "of case a holds no crop"),
        ([crop_of(0), crop_of(0)[:1]], "of case b holds no crop"),
        ([crop_of(0), crop_of(0, 64)], r"several sizes: \[\(2, 32, 32\), \(2, 64, 64\)\]"),
        ([crop_of(0)], "1 crops for 2 rows"),
    ],
)
def test_other_cells_are_told(cells, told):
    with pytest.raises(ModelError, match=told):
        checked_crops(as_column(cells), np.array(["a", "b"], dtype=object))


def test_crops_that_know_their_cases_follow_them():
    column = as_column([crop_of(1), crop_of(2), None])
    column.index = pd.Index(["a", "b", "c"], name="case_id")
    found = checked_crops(column, np.array(["c", "a"], dtype=object))
    assert found[0] is None
    assert found[1][0].max() == 1
    with pytest.raises(ModelError, match="no crop of 1 cases, such as d"):
        checked_crops(column, np.array(["a", "d", "b"], dtype=object))
    column.index = pd.Index(["a", "b", "b"], name="case_id")
    with pytest.raises(ModelError, match="several crops are of one case"):
        checked_crops(column, np.array(["b", "a"], dtype=object))


def test_rows_are_taken_with_their_crops():
    rows = dataset_of().take(np.array([7, 2]))
    assert [crop[0, 0, 0] for crop in rows.inputs[CROP]] == [7, 2]
    assert rows.cases.tolist() == ["c7", "c2"]


def test_columns_are_those_that_a_classifier_sees():
    rows = dataset_of()
    assert rows.only(rows.columns.of("crops")).inputs.columns.tolist() == [CROP]
    assert rows.only(rows.columns.of("numbers")).inputs.columns.tolist() == [MEAN, AREA, "age"]
    assert rows.columns.of("both") == rows.columns
    assert rows.blocks == ["clinical", "radiomics", CROP]
    assert rows.part([CROP]).inputs.columns.tolist() == [CROP]
    assert rows.part(["radiomics"]).inputs.columns.tolist() == [MEAN, AREA]
    assert rows.part(["clinical", CROP]).inputs.columns.tolist() == ["age", CROP]


def test_one_pixel_changes_the_fingerprint():
    rows, same = dataset_of(), dataset_of()
    assert rows.fingerprint == same.fingerprint
    assert rows.fingerprint != dataset_of(crop=False).fingerprint
    same.inputs[CROP].iloc[5][0, 3, 4] += 1
    assert rows.fingerprint != same.fingerprint


def test_a_row_without_a_crop_does_not_take_part():
    frame = pd.DataFrame({"case_id": list("abcd"), "y": [0, 1, 0, 1]})
    column = as_column([crop_of(0), None, crop_of(2), crop_of(3)])
    rows = prepare(frame, [], target="y", group="none", crops=column)
    assert rows.cases.tolist() == ["a", "c", "d"]
    assert rows.left_out == [{"reason": "there is no crop of its lesion", "rows": 1, "cases": ["b"]}]
    assert rows.columns == Columns((), crop=True)


def test_the_lesion_alone_and_other_crops_in_its_place():
    crop = placeholder_crop((EDGE, EDGE))
    alone = lesion_alone(crop)
    inside = crop[1] > 0
    np.testing.assert_array_equal(alone[0][inside], crop[0][inside])
    assert set(alone[0][~inside]) == {round(float(crop[0][inside].mean()))}
    np.testing.assert_array_equal(crop, placeholder_crop((EDGE, EDGE)))
    found = pd.DataFrame({"case_id": ["c1", "c2"], CROP: as_column([crop_of(200), None])})
    there, inputs = shown_crops(dataset_of(), found)
    assert np.flatnonzero(there).tolist() == [1]
    assert [cell[0, 0, 0] for cell in inputs[CROP][:3]] == [0, 200, 2]


# What is asked for


def test_crops_are_needed_given_and_looked_at():
    with pytest.raises(ModelError, match="'cnn' learns from crops of the lesions, and none are given"):
        features_for(["logistic", "cnn"], [MEAN], crops_given=False)
    with pytest.raises(ModelError, match="looked at by cnn or late only, not by svm"):
        features_for(["svm"], [MEAN], crops_given=True)
    assert features_for(["late"], [MEAN], crops_given=False) == [MEAN]


@pytest.mark.parametrize(
    ("candidates", "kept"), [(["cnn"], []), (["cnn", "svm"], [MEAN]), (["late"], [MEAN])]
)
def test_a_network_alone_learns_from_no_feature(candidates, kept, monkeypatch):
    monkeypatch.setattr(arguments, "require_torch", lambda: None)
    assert features_for(candidates, [MEAN], crops_given=True) == kept


def test_what_crops_beside_numbers_need_is_asked_for_before_the_work(monkeypatch):
    def missing() -> None:
        raise ModelError("needs torch")

    monkeypatch.setattr(arguments, "require_torch", missing)
    with pytest.raises(ModelError, match="needs torch"):
        features_for(["late"], [MEAN], crops_given=True)
    assert features_for(["late"], [MEAN], crops_given=False) == [MEAN]


def test_late_is_among_the_candidates_of_auto_where_a_network_sees_something():
    assert "late" not in candidates_of("auto", {}, ["radiomics", "clinical"])[0]
    assert "late" in candidates_of("auto", {}, ["radiomics", CROP])[0]
    assert "late" not in candidates_of("auto", {}, [CROP])[0]


@pytest.mark.parametrize("columns", [[CROP, MEAN], ["age", CROP], [CROP]])
def test_a_column_cannot_be_called_as_crops_are(columns):
    with pytest.raises(ModelError, match="'crop' cannot be learned from"):
        refuse_reserved(columns)
    refuse_reserved([MEAN, "crops", None])


def test_a_network_asks_torch_for_the_gpu(monkeypatch):
    torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'radiomics-screen[cnn]'")
    asked: list[str] = []
    monkeypatch.setattr(arguments, "resolve_device", lambda device: asked.append(device) or "cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_for(["cnn"], "auto") == "cuda"
    assert asked == [], "what XGBoost can do says nothing of a network"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_for(["cnn"], "auto") == "cpu"
    assert device_for(["cnn", "xgboost"], "auto") == "cpu", "both have to find one"
    with pytest.raises(ModelError, match="finds no GPU"):
        device_for(["cnn"], "cuda")


def test_a_device_that_is_none_is_told():
    with pytest.raises(ModelError, match="unknown device 'gpu'"):
        device_for(["cnn"], "gpu")
    assert device_for(["cnn"], "cpu") == "cpu"


def test_candidates_without_a_column_are_left_out_and_told():
    rows = dataset_of(crop=False)
    learned = learn(Plan(candidates=("cnn", "logistic")), rows)
    assert learned.classifier == "logistic"
    assert learned.notes[0] == "cnn was left out, for there is no column to learn from"
    blind = rows.only(Columns(()))
    with pytest.raises(ModelError, match="no column that svm and cnn could learn from"):
        learn(Plan(candidates=("svm", "cnn")), blind)


def test_a_stack_has_members_that_see_numbers():
    rows = dataset_of()
    members = {"members": ["cnn", "logistic"]}
    plan = Plan(candidates=("logistic", "stack"), hyperparameters={"stack": members}, inner_folds=2)
    with pytest.raises(ModelError, match="cnn cannot be a member of a stack"):
        search(plan, rows)


def test_the_controls_of_pictures_say_by_what_they_are_judged(monkeypatch):
    rows = dataset_of()
    monkeypatch.setattr(Setup, "probabilities", lambda self, dataset: np.full((1, ROWS), 0.5))
    late = {"options": {CROP: {"cnn": {"epochs": 2}}}}
    plan = Plan(candidates=("late",), hyperparameters={"late": late})
    setup = Setup(rows.part(["radiomics"]), pd.DataFrame(), plan, [], np.zeros((1, ROWS)), how=" by late")
    found = crops_of_setup(setup, rows)
    assert found.plan.candidates == ("cnn",)
    assert found.plan.hyperparameters == {"cnn": {"epochs": 2}}
    assert found.dataset.columns == Columns((), crop=True)
    assert "by a network on crops alone" in found.how
    assert "late" not in found.how


# Of the command line


def test_options_are_nested_by_their_points():
    given = ["epochs=20", "stack.pull=0.5", "options.crop.cnn.rate=1e-4", "options.crop.cnn.augment=false"]
    assert nested(given, "--set") == {
        "epochs": 20,
        "stack": {"pull": 0.5},
        "options": {"crop": {"cnn": {"rate": "1e-4", "augment": False}}},
    }
    assert nested(["members.crop=[cnn]"], "--set") == {"members": {"crop": ["cnn"]}}
    assert nested(["intensities=null", "a=b=c"], "--crop") == {"intensities": None, "a": "b=c"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["epochs"], "--set 'epochs' is not of the form name=value"),
        (["=3"], "not of the form name=value"),
        (["a..b=3"], "not of the form name=value"),
        (["a=1", "a=2"], "--set a is given twice"),
        (["a=1", "a.b=2"], "'a' has a value of its own"),
        (["a.b=1", "a=2"], "--set a is given twice"),
        (["a=[1"], r"'\[1' is no value"),
        (["a=2020-13-45"], "'2020-13-45' is no value"),
    ],
)
def test_what_is_no_option_is_told(given, told):
    with pytest.raises(ModelError, match=told):
        nested(given, "--set")


def test_kept_trainings_go_and_other_files_stay(tmp_path):
    place = tmp_path / "model.training"
    forget_unfinished(place)
    place.mkdir()
    for name in ("ab.training", "cd.training.17.partial"):
        (place / name).touch()
    forget_unfinished(place)
    assert not place.exists()
    place.mkdir()
    (place / "notes.txt").touch()
    (place / "ab.training").touch()
    forget_unfinished(place)
    assert [path.name for path in place.iterdir()] == ["notes.txt"]


# Where images lie


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two folders with files of the same name; the second is the working folder."""
    for name in ("mine", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").touch()
    monkeypatch.chdir(tmp_path / "other")
    return tmp_path / "mine", tmp_path / "other"


def test_files_of_a_cases_file_lie_beside_it_first(places):
    mine, other = places
    (other / "b.png").touch()
    frame = pd.DataFrame({"case_id": ["1", "2"], "image": ["a.png", "b.png"], "mask": ["a.png", None]})
    first, second = lesions_of(frame, mine)
    assert first.image == first.mask == mine / "a.png"
    assert second.image == Path("b.png")
    assert "names no mask" in second.problem


def test_files_of_a_feature_table_are_where_it_was_made_first(places):
    frame = pd.DataFrame({"case_id": ["1"], "image": ["a.png"], "mask": ["a.png"], "case_key": ["k"]})
    assert lesions_of(frame, places[0])[0].image == Path("a.png")


def test_a_column_of_the_users_own_called_crop_is_told():
    model: Any = SimpleNamespace(looks_at_crops=True)
    frame = pd.DataFrame({"case_id": ["1"], "image": ["a"], "mask": ["a"], CROP: ["left"]})
    with pytest.raises(ModelError, match="column 'crop' that holds something else"):
        with_crops(model, frame)
    ready = frame.assign(**{CROP: as_column([crop_of(1)])})
    assert with_crops(model, ready)[0] is ready


def test_what_reaches_a_classifier_ends_with_the_crop():
    rows = dataset_of()
    steps = fitted(Pipeline(preparation_steps(Preparation(), rows.columns)), rows)
    pipeline = Pipeline([*steps.steps, ("classifier", "passthrough")])
    assert kept_features(pipeline)[-1] == CROP
    assert values_reaching(pipeline, rows.inputs).dtype == np.float64
    assert reaching(pipeline, rows.inputs)[4, -1] is rows.inputs[CROP][4]
