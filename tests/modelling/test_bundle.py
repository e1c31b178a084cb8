"""The model: what it predicts and why, and its folder."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from radiomics_screen.core.column_names import is_feature
from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.modelling import check_destination, fit, load_model
from radiomics_screen.modelling.bundle import folder as folders
from radiomics_screen.modelling.bundle.model import Model
from radiomics_screen.table.feature_table import FeatureTable
from tests.helpers.tables import ASKED, FAST, small_table

SETTINGS = {"imageType": {"Original": {}}, "setting": {"binWidth": 25}}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    made = small_table()
    made["original_glcm_Again"] = made["original_firstorder_F0"] * 2  # correlated: does not reach the trees
    made.loc[3, "original_firstorder_F0"] = np.nan
    return made


@pytest.fixture(scope="module")
def model(table: pd.DataFrame) -> Model:
    features = [name for name in table if is_feature(name)]
    return fit(FeatureTable(table, features, {"parameters": SETTINGS}), **ASKED, **FAST, threshold=0.4)


@pytest.fixture
def folder(model: Model, tmp_path: Path) -> Path:
    model.save(tmp_path / "model")
    return tmp_path / "model"


# --- predicting ---------------------------------------------------------------------------------


def test_contributions_add_up_to_the_log_odds(model, table):
    probability = model.predict_probability(table)
    found = model.contributions(table)
    assert list(found) == [*model.kept, "bias"]
    assert "original_glcm_Again" in model.features
    assert "original_glcm_Again" not in model.kept
    np.testing.assert_allclose(found.sum(axis=1), np.log(probability / (1 - probability)), atol=1e-4)
    assert found["bias"].nunique() == 1
    assert found.abs().mean().idxmax() == "original_firstorder_F0"  # the one that tells the classes apart


def test_strongest_are_the_largest_contributions(model, table):
    found = model.contributions(table).drop(columns="bias")
    reasons = model.strongest(table, count=3)
    for row, named in enumerate(reasons):
        expected = found.iloc[row].abs().sort_values(ascending=False)[:3]
        assert [abs(reason.log_odds) for reason in named] == pytest.approx(expected.tolist())
        for reason in named:
            assert reason.log_odds == found.iloc[row][reason.feature]
            given = table.iloc[row][reason.feature]
            assert reason.imputed == np.isnan(given)
            assert reason.imputed or reason.value == given
    imputed = next(reason for reason in model.strongest(table.iloc[[3]])[0] if reason.imputed)
    assert imputed.value == table["original_firstorder_F0"].median()


def test_only_features_that_add_something_are_named(table):
    stump = fit(table, **ASKED, **{**FAST, "hyperparameters": {"n_estimators": 1, "max_depth": 1}})
    assert all(len(reasons) == 1 for reasons in stump.strongest(table))


def test_classes_are_called_from_the_threshold_on(model):
    assert model.classify([0.39, 0.4, 0.9]).tolist() == ["good", "bad", "bad"]


def test_order_and_further_columns_do_not_matter(model, table):
    shuffled = table[np.random.default_rng(0).permutation(table.columns)].assign(further="x")
    np.testing.assert_array_equal(model.predict_probability(shuffled), model.predict_probability(table))
    one = table.iloc[0][model.features].to_dict()
    assert model.predict_probability(one)[0] == model.predict_probability(table.iloc[[0]])[0]
    nullable = table.astype(dict.fromkeys(model.features, "Float64"))
    np.testing.assert_array_equal(model.predict_probability(nullable), model.predict_probability(table))


def test_no_rows_give_no_answers(model, table):
    nobody = table.iloc[:0]
    assert model.predict_probability(nobody).shape == (0,)
    assert model.contributions(nobody).shape == (0, len(model.kept) + 1)
    assert model.strongest(nobody) == []


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda t: t.drop(columns="original_firstorder_F2"), "1 of the model's 9 features are missing: .*F2"),
        (
            lambda t: t.assign(original_firstorder_F2=np.inf),
            "infinite or beyond 3.4e38: original_firstorder_F2 .case 0000, 0001",
        ),
        (lambda t: t.assign(original_firstorder_F2="x"), "F2' of case 0000 is 'x', which is no number"),
        (
            lambda t: t.assign(**dict.fromkeys(filter(is_feature, t), np.nan)),
            "none of the model's features has a value .case 0000",
        ),
    ],
)
def test_what_cannot_be_predicted_is_refused(model, table, change, cause):
    with pytest.raises(ModelError, match=cause):
        model.predict_probability(change(table))


def test_rows_that_cannot_be_read_are_told_apart(model, table):
    broken = table.head(5).copy()
    features = [name for name in table if is_feature(name)]
    broken.loc[1, features] = np.nan
    broken.loc[2, features[1:3]] = [np.inf, -3.5e38]
    broken.loc[4, features[1]] = np.nan  # imputed
    found = model.unreadable(broken)
    assert found.tolist() == [
        "",
        "none of the model's features has a value",
        f"infinite or beyond 3.4e38: {features[1]}, {features[2]}",
        "",
        "",
    ]
    assert model.predict_probability(broken[found == ""]).shape == (3,)
    assert model.unreadable(broken.iloc[:0]).shape == (0,)


# --- folder -------------------------------------------------------------------------------------


def test_a_loaded_model_is_the_saved_one(model, table, folder):
    back = load_model(folder)
    np.testing.assert_array_equal(back.predict_probability(table), model.predict_probability(table))
    pd.testing.assert_frame_equal(back.contributions(table), model.contributions(table))
    assert back.card == model.card
    assert back.settings == SETTINGS
    assert (back.features, back.kept, back.threshold) == (model.features, model.kept, 0.4)
    pd.testing.assert_frame_equal(back.evaluation.metrics, model.evaluation.metrics, check_dtype=False)
    pd.testing.assert_frame_equal(
        back.evaluation.predictions, model.evaluation.predictions, check_dtype=False
    )
    back.save(folder.with_name("again"))
    for path in folder.iterdir():
        assert (folder.with_name("again") / path.name).read_bytes() == path.read_bytes(), path.name


def test_many_kinds_of_trees_come_back(table, tmp_path):
    for number, options in enumerate(
        [{"n_estimators": 1}, {"max_depth": 9, "min_child_weight": 0.0}, {"max_depth": 1}]
    ):
        made = fit(table, **ASKED, **{**FAST, "hyperparameters": options, "resamples": 5})
        made.save(tmp_path / str(number))
        back = load_model(tmp_path / str(number))
        np.testing.assert_array_equal(back.predict_probability(table), made.predict_probability(table))


def test_folder_holds_json_and_csv_only(folder):
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        "doubt.json", "evaluation.json", "metrics.csv", "model.json", "pipeline.json", "predictions.csv",
        "xgboost.json",
    ]  # fmt: skip
    for path in folder.glob("*.json"):
        json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)
    metrics = pd.read_csv(folder / "metrics.csv")
    assert len(metrics) == 10 * (2 + 3)
    written = json.loads((folder / "pipeline.json").read_text())
    assert written["steps"][0]["medians"]["original_firstorder_F0"] == pytest.approx(
        small_table()["original_firstorder_F0"].drop(3).median()
    )


def test_predictions_may_be_taken_out_before_handing_on(model, table, folder):
    (folder / "predictions.csv").unlink()
    back = load_model(folder)
    assert back.evaluation.predictions is None
    np.testing.assert_array_equal(back.predict_probability(table), model.predict_probability(table))
    back.save(folder)
    assert not (folder / "predictions.csv").exists()
    load_model(folder)


def test_an_older_model_is_replaced_and_nothing_else(model, folder, tmp_path):
    model.save(folder)
    (tmp_path / "empty").mkdir()
    model.save(tmp_path / "empty")
    model.save(tmp_path / "new" / "deeper")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "model", "new"]

    (folder / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "metrics.csv").write_text("mine")
    for place, cause in [
        (folder, "it holds notes.txt"),
        ("file", "is a file"),
        ("other", "it holds metrics.csv"),
    ]:
        for refuse in (check_destination, model.save):
            with pytest.raises(ModelError, match=cause):
                refuse(tmp_path / place)
    assert (folder / "notes.txt").read_text() == (tmp_path / "other" / "metrics.csv").read_text() == "mine"


def test_a_save_that_fails_leaves_the_older_model(model, folder, monkeypatch):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def fail(*_: object) -> None:
        raise OSError("disk full")

    def leave_half(path: Path, content: object) -> None:
        path.write_text("{}", encoding="utf-8")

    monkeypatch.setattr(folders, "pipeline_to_dict", fail)
    with pytest.raises(ModelError, match=r"cannot be saved in .*disk full"):
        model.save(folder)
    monkeypatch.undo()
    monkeypatch.setattr(folders, "write_json", leave_half)
    with pytest.raises(ModelError, match=r"could not be loaded again: .* is damaged"):
        model.save(folder)
    monkeypatch.undo()
    rename = Path.rename

    def fail_for_the_new(path: Path, target: Path) -> Path:
        return fail() if path.suffix == ".partial" else rename(path, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_new)
    with pytest.raises(ModelError, match="disk full"):
        model.save(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_model_is_saved_where_a_link_leads(model, folder, tmp_path):
    (tmp_path / "link").symlink_to("model")
    (tmp_path / "dangling").symlink_to("elsewhere")
    for link in ("link", "dangling"):
        model.save(tmp_path / link)
        assert (tmp_path / link).is_symlink()
        assert load_model(tmp_path / link).card == model.card
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dangling", "elsewhere", "link", "model"]
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("link")
    with pytest.raises(ModelError, match="no model can be written to"):
        check_destination(tmp_path / "link")


def test_a_destination_is_tried(tmp_path):
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path / "file" / "model", tmp_path / ("m" * 300), tmp_path / "x\0y"):
        with pytest.raises(ModelError, match="no model can be written to"):
            check_destination(place)
    check_destination(tmp_path / "deep" / "deeper" / "model")
    assert list((tmp_path / "deep" / "deeper").iterdir()) == []
    check_destination(tmp_path / ("m" * 250))


def test_values_up_to_the_largest_are_saved_and_loaded(table, tmp_path):
    """Whatever can be learned from can be loaded again."""
    extreme = table.assign(
        original_firstorder_F3=np.where(table["finding"] == "bad", 3.4028235e38, -3.402e38)
    )
    made = fit(extreme, **ASKED, **{**FAST, "resamples": 5})
    made.save(tmp_path / "model")
    back = load_model(tmp_path / "model")
    np.testing.assert_array_equal(back.predict_probability(extreme), made.predict_probability(extreme))
    assert made.strongest(extreme)[0][0].feature == "original_firstorder_F3"


# --- files that the settings name ---------------------------------------------------------------


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    path = tmp_path / "references" / "typical v1.2 (b).nii.gz"
    path.parent.mkdir()
    path.write_bytes(b"an image")
    return path


@pytest.fixture
def matched(table: pd.DataFrame, reference: Path) -> Model:
    settings = {**SETTINGS, "preprocessing": [{"histogram_match": {"reference": str(reference)}}]}
    digest = hashlib.blake2b(b"an image", digest_size=16).hexdigest()
    provenance = {"parameters": settings, "files": {str(reference): digest}}
    features = [name for name in table if is_feature(name)]
    return fit(FeatureTable(table, features, provenance), **ASKED, **{**FAST, "resamples": 5})


def reference_of(model: Model) -> Path:
    assert model.settings is not None
    return Path(model.settings["preprocessing"][0]["histogram_match"]["reference"])


def test_files_of_the_settings_travel_with_the_model(matched, reference, tmp_path):
    assert reference_of(matched) == reference
    matched.save(tmp_path / "model")
    assert reference.parent.name not in (tmp_path / "model" / "model.json").read_text()
    shutil.rmtree(reference.parent)
    (tmp_path / "model").rename(tmp_path / "moved")
    back = load_model(tmp_path / "moved")
    assert reference_of(back).is_relative_to(tmp_path / "moved")
    assert reference_of(back).name.endswith(".nii.gz")
    assert reference_of(back).read_bytes() == b"an image"
    assert back.settings["setting"] == SETTINGS["setting"]
    back.save(tmp_path / "moved")  # over the very files that it names
    back.save(tmp_path / "again")
    for path in (tmp_path / "moved").rglob("*"):
        other = tmp_path / "again" / path.relative_to(tmp_path / "moved")
        assert path.is_dir() or other.read_bytes() == path.read_bytes()
    assert reference_of(load_model(tmp_path / "again")).is_relative_to(tmp_path / "again")


def test_a_file_that_is_gone_or_another_is_refused(matched, reference, tmp_path):
    reference.write_bytes(b"another image")
    with pytest.raises(ModelError, match=r"extracted with the file .*but it was changed since"):
        matched.save(tmp_path / "model")
    reference.unlink()
    with pytest.raises(ModelError, match=r"extracted with the file .*cannot be read"):
        matched.save(tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["references"]


def test_a_damaged_copy_is_refused(matched, tmp_path):
    matched.save(tmp_path / "model")
    (copy,) = (tmp_path / "model" / "files").iterdir()
    copy.write_bytes(b"another image")
    with pytest.raises(ModelError, match=f"{copy.name} was changed"):
        load_model(tmp_path / "model")
    copy.unlink()
    with pytest.raises(ModelError, match=f"files/{copy.name} is missing"):
        load_model(tmp_path / "model")
    edit(tmp_path / "model" / "model.json", lambda c: c["files"].pop(f"files/{copy.name}"))
    with pytest.raises(ModelError, match=f"does not list files/{copy.name}"):
        load_model(tmp_path / "model")


# --- broken folders -----------------------------------------------------------------------------


def edit(path: Path, change: Callable[[Any], object], *, rehash: bool = True) -> None:
    """Change a JSON file of a model folder; make its hash in the manifest right, as a forger would."""
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    if rehash and path.name != "model.json":
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        edit(path.with_name("model.json"), lambda manifest: manifest["files"].update({path.name: digest}))


@pytest.mark.parametrize("name", ["model.json", "pipeline.json", "xgboost.json", "evaluation.json"])
def test_a_missing_or_damaged_file_is_named(folder, name):
    content = (folder / name).read_bytes()
    for broken in (content[: len(content) // 2], b"", bytes([content[0] ^ 1]) + content[1:], b"\xff" * 50):
        (folder / name).write_bytes(broken)
        with pytest.raises(ModelError, match=name):
            load_model(folder)
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing|has no model.json"):
        load_model(folder)


@pytest.mark.parametrize("name", ["metrics.csv", "predictions.csv"])
def test_a_report_that_was_changed_is_not_read_and_told(model, table, folder, name):
    (folder / name).write_text("opened and saved in a spreadsheet", encoding="utf-8")
    with collect_remarks() as notes:
        back = load_model(folder)
    assert notes == [f"{folder / name} was changed after the model was saved, and is not read"]
    assert (back.evaluation.predictions is None) == (name == "predictions.csv")
    np.testing.assert_array_equal(back.predict_probability(table), model.predict_probability(table))
    (folder / name).unlink()
    with collect_remarks() as notes:
        load_model(folder)
    assert notes == []


def test_what_is_no_model_folder(tmp_path):
    with pytest.raises(ModelError, match="is not a model folder: it has no model"):
        load_model(tmp_path / "nowhere")
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(ModelError, match="does not describe a radiomics_screen model"):
        load_model(tmp_path)


def tree(content: dict[str, Any]) -> dict[str, Any]:
    return content["learner"]["gradient_booster"]["model"]["trees"][0]


def swap_children(one: dict[str, Any]) -> None:
    """Part every pair of nodes otherwise: a tree still, but not as XGBoost reads it."""
    one["left_children"], one["right_children"] = one["right_children"], one["left_children"]


def lead_root_to(one: dict[str, Any], node: int) -> None:
    one["left_children"][0], one["right_children"][0] = node, node + 1


@pytest.mark.parametrize(
    ("name", "change", "cause"),
    [
        ("model.json", lambda c: c.update(format_version=2), "format 2.*install a newer radiomics_screen"),
        (
            "model.json",
            lambda c: c["versions"].update(xgboost="99.1.0"),
            "made with xgboost 99.1.0.*install xgboost>=99",
        ),
        (
            "model.json",
            lambda c: c["versions"].update(radiomics_screen="0.99.3"),
            "made with radiomics_screen 0.99.3.*install radiomics_screen>=0.99",
        ),
        ("model.json", lambda c: c["versions"].update(radiomics_screen="new"), "which radiomics_screen"),
        ("model.json", lambda c: c["versions"].update(xgboost="\u00b2"), "does not say which xgboost"),
        ("model.json", lambda c: c.update(format_version=True), "damaged: format_version"),
        ("model.json", lambda c: c.update(format_version="1"), "damaged: format_version"),
        ("model.json", lambda c: c.update(format_version=0), "damaged: format_version"),
        ("model.json", lambda c: c["versions"].pop("xgboost"), "does not say which xgboost"),
        ("model.json", lambda c: c.update(threshold="high"), "damaged: threshold"),
        ("model.json", lambda c: c.pop("probe"), "damaged: probe"),
        ("model.json", lambda c: c.update(probe=0.123), "computes something else than when it was saved"),
        ("model.json", lambda c: c.update(classifier="oracle"), "a 'oracle', which is not installed"),
        (
            "model.json",
            lambda c: c["hyperparameters"].update(objective="x"),
            "unknown hyperparameter 'objective'",
        ),
        ("model.json", lambda c: c["files"].update({"../model.json": "0"}), "damaged: files"),
        ("model.json", lambda c: c["files"].update({"files/../../x": "0"}), "damaged: files"),
        ("model.json", lambda c: c.update(setting_files={"/etc/hosts": "0"}), "damaged: setting_files"),
        ("model.json", lambda c: c["files"].pop("xgboost.json"), "does not list xgboost.json"),
        ("pipeline.json", lambda c: c["steps"].pop(), "do not lead from 'features' to 'kept'"),
        (
            "pipeline.json",
            lambda c: c["steps"][0]["medians"].popitem(),
            "model in .* is damaged|not among its input",
        ),
        (
            "pipeline.json",
            lambda c: c["steps"][0].update(step="os.system"),
            "unknown modelling step 'os.system'",
        ),
        ("pipeline.json", lambda c: c.pop("kept"), "damaged: 'kept'"),
        ("evaluation.json", lambda c: c["metrics"].clear(), "is damaged"),
        ("evaluation.json", lambda c: c.pop("called_positive"), "is damaged"),
        (
            "xgboost.json",
            lambda c: tree(c)["left_children"].__setitem__(0, 10**6),
            "do not stand side by side",
        ),
        (
            "xgboost.json",
            lambda c: swap_children(tree(c)),
            "do not stand side by side",
        ),
        (
            "xgboost.json",
            lambda c: lead_root_to(tree(c), 10**6),
            "a child that cannot be its own",
        ),
        (
            "xgboost.json",
            lambda c: lead_root_to(tree(c), 0),
            "a child that cannot be its own",
        ),
        ("xgboost.json", lambda c: tree(c)["split_indices"].__setitem__(0, 10**6), "asks for a feature"),
        ("xgboost.json", lambda c: tree(c)["split_type"].__setitem__(0, 1), "split_type"),
        ("xgboost.json", lambda c: tree(c)["base_weights"].pop(), "arrays differ in length"),
        ("xgboost.json", lambda c: c["learner"]["objective"].update(name="reg:squarederror"), "objective"),
        (
            "xgboost.json",
            lambda c: c["learner"]["learner_model_param"].update(num_feature="3"),
            "number of features",
        ),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(folder, name, change, cause):
    edit(folder / name, change)
    with pytest.raises(ModelError, match=cause):
        load_model(folder)


def test_trees_of_another_model_are_noticed(table, folder, tmp_path):
    other = fit(table, **ASKED, **{**FAST, "seed": 5, "resamples": 5})
    other.save(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "xgboost.json", folder)
    with pytest.raises(ModelError, match="changed or damaged"):
        load_model(folder)
    edit(folder / "xgboost.json", lambda content: None)
    with pytest.raises(ModelError, match="computes something else"):
        load_model(folder)


def places(content: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    parts = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    return [path, *(place for key, value in parts for place in places(value, (*path, key)))]


@pytest.fixture(scope="module")
def small(table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a model of two trees; to be copied."""
    folder = tmp_path_factory.mktemp("small") / "model"
    fit(table, **ASKED, **{**FAST, "hyperparameters": {"n_estimators": 2}, "resamples": 5}).save(folder)
    return folder


@pytest.mark.parametrize("name", ["xgboost.json", "pipeline.json", "evaluation.json", "model.json"])
def test_a_forged_folder_gives_a_clear_error_or_a_model(table, small, tmp_path, name):
    """Any value replaced by any other, hashes made right: never a crash, never a fault of the program."""
    folder = tmp_path / "model"
    shutil.copytree(small, folder)
    table, whole = table.head(20), json.loads((folder / name).read_text())
    where = places(whole)[1:]
    chance = random.Random(0)
    strange = [
        None,
        -1,
        0,
        1,
        2**31,
        2**40,
        1e300,
        float("nan"),
        "",
        "x",
        "0",
        "999999",
        [],
        {},
        [1, 2],
        True,
    ]
    refused = 0
    for _ in range(60):
        place, value = chance.choice(where), chance.choice(strange)

        def forge(content: Any, place: tuple[Any, ...] = place, value: object = value) -> None:
            for key in place[:-1]:
                content = content[key]
            content[place[-1]] = value

        for changed in {name, "model.json"}:
            shutil.copy(small / changed, folder / changed)
        edit(folder / name, forge)
        try:
            with collect_remarks():
                found = load_model(folder)
        except ModelError:
            refused += 1
        else:
            assert len(found.strongest(table)) == len(found.predict_probability(table)) == len(table)
    assert refused >= 5
