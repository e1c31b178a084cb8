"""Networks on crops through the whole product: fit, predict, evaluate. The networks are small ones."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from radiomics_screen.cli.app import app
from radiomics_screen.cohort.synthetic import make_sample
from radiomics_screen.core.errors import ModelError

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'radiomics-screen[cnn]'")

from radiomics_screen import extract_cohort, fit, load_model, read_cases  # noqa: E402
from radiomics_screen.cohort.cases import Case  # noqa: E402
from radiomics_screen.image_controls.run import run_image_controls  # noqa: E402
from radiomics_screen.imaging import sources  # noqa: E402
from radiomics_screen.modelling import Model  # noqa: E402
from radiomics_screen.modelling.classifiers.shared.watch import Watch  # noqa: E402
from radiomics_screen.modelling.data.crop_column import Crops  # noqa: E402
from radiomics_screen.networks import load_backbone as backbone  # noqa: E402
from radiomics_screen.prediction.crop_inputs import crops_of, with_crops  # noqa: E402
from radiomics_screen.prediction.reading import read_lesion, readings_of  # noqa: E402
from radiomics_screen.table.feature_table import read_table  # noqa: E402
from tests.helpers.cnn_examples import SmallBackbone  # noqa: E402
from tests.helpers.figures import not_rendered  # noqa: E402

SETTINGS = {"featureClass": {"firstorder": ["Mean", "Variance"], "shape2D": ["PixelSurface"]}}
QUESTION = ("--target", "pathology", "--positive", "malignant", "--group", "patient_id")
FOLDS = ("--splits", "2", "--repeats", "1")
QUICK = {"head_epochs": 1, "epochs": 1, "blocks": 1, "inner_folds": 2}
SET = [part for name, value in QUICK.items() for part in ("--set", f"{name}={value}")]
#: Runs command lines, given as JSON, where torch is not installed; prints exit codes and what was said.
WITHOUT_TORCH = """
import importlib.util, json, sys
missing = ("torch", "safetensors", "efficientnet_lite_pytorch")
known = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in missing else known(name, package)
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from matplotlib.figure import Figure
from typer.testing import CliRunner
from radiomics_screen.cli.app import app
Figure.savefig = lambda figure, written, **options: written.write("<svg></svg>")  # rendering takes long
done = [CliRunner().invoke(app, arguments) for arguments in json.loads(sys.argv[1])]
print("\\n" + json.dumps([[one.exit_code, one.output] for one in done]))
"""


@pytest.fixture(scope="module", autouse=True)
def small() -> pytest.MonkeyPatch:
    """Put a small network in the place of the one that knows photographs; figures are not what is tested."""
    with not_rendered(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(backbone, "load_backbone", lambda name: SmallBackbone())
        patch.setattr(backbone, "untrained_backbone", SmallBackbone)
        yield patch


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sample(tmp_path_factory.mktemp("cohort"), patients=20)


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the cases file of patients that no model has seen, in Excel's format."""
    path = make_sample(tmp_path_factory.mktemp("others"), patients=10, seed=5)
    frame = pd.read_csv(path, dtype=str)
    for name in ("case_id", "patient_id"):
        frame[name] = "other-" + frame[name]
    frame.to_csv(path, index=False)
    frame.to_excel(path.with_suffix(".xlsx"), index=False)
    return path


@pytest.fixture(scope="module")
def table(cases: Path) -> Path:
    path = cases.with_name("features.parquet")
    extract_cohort(cases, SETTINGS, output=path)
    return path


def run(*arguments: str | Path, code: int = 0) -> str:
    """Run the command line in this process, and return what it said."""
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture(scope="module")
def network(cases: Path) -> Path:
    """Return a network on crops, fitted directly on a cases file, with all controls."""
    folder = cases.with_name("network")
    run("fit", cases, *QUESTION, *FOLDS, "--model", "cnn", *SET, "--crop", "size=32", "--output", folder)
    return folder


def quick_fit(table: Path | pd.DataFrame, crops: Crops, **options: Any) -> Model:
    return fit(
        table, target="pathology", positive="malignant", group="patient_id", splits=2, repeats=1,
        resamples=50, classifier="cnn", hyperparameters=QUICK, crops=crops, **{"controls": False, **options},
    )  # fmt: skip


# A network alone


def test_a_network_is_fitted_read_with_and_judged(network: Path, others: Path, tmp_path: Path) -> None:
    card = json.loads((network / "model.json").read_text())
    assert card["classifier"] == "cnn"
    assert card["crop"]["size"] == 32
    assert not network.with_name("network.training").exists(), "trainings that were kept are gone"
    run("predict", network, others, "--output", tmp_path / "readings.csv")
    readings = pd.read_csv(tmp_path / "readings.csv").set_index("case_id")
    assert set(readings["status"]) == {"ok"}
    for form in (others, others.with_suffix(".xlsx")):
        run("evaluate", network, form, "--output", tmp_path / form.suffix)
        judged = pd.read_csv(tmp_path / form.suffix / "predictions.csv").set_index("case_id")
        pd.testing.assert_series_equal(judged["probability"], readings["probability"][judged.index])


def test_its_controls_ask_what_it_looks_at(network: Path) -> None:
    summary = json.loads((network / "evaluation.json").read_text())
    found = {one["name"]: one["verdict"] for one in summary["controls"]}
    assert {found["background"], found["marks in crops"]} <= {"look", "passed"}
    assert "near duplicates" in found


def test_a_case_alone_reads_as_among_others(network: Path, others: Path) -> None:
    model, frame = load_model(network), read_table(others).frame
    ready, why = with_crops(model, frame, folder=others.parent)
    assert set(why) == {""}
    whole = model.predict_probability(ready)
    alone = [model.predict_probability(ready.iloc[[row]])[0] for row in range(5)]
    np.testing.assert_allclose(alone, whole[:5], rtol=1e-6)


def test_one_case_is_read_once_and_need_not_be_a_file(
    network: Path, others: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, reads = load_model(network), []
    row = read_table(others).frame.iloc[0]
    image, mask = others.parent / row["image"], others.parent / row["mask"]
    load_image, read_mask = sources.load_image, sources.read_mask
    monkeypatch.setattr(sources, "load_image", lambda p: reads.append(p) or load_image(p))
    monkeypatch.setattr(sources, "read_mask", lambda p, *i, **o: reads.append(p) or read_mask(p, *i, **o))
    of_files = read_lesion(model, image, mask)
    assert reads == [image, mask]
    assert (of_files.status, of_files.image, of_files.mask) == ("ok", str(image), str(mask))
    of_bytes = read_lesion(model, image.read_bytes(), mask.read_bytes())
    of_pixels = read_lesion(model, load_image(image).image, read_mask(mask))
    assert (of_bytes.error, of_pixels.error) == ("", "")
    assert of_files.probability == of_bytes.probability == of_pixels.probability
    several = [Case(str(n), None, image.read_bytes(), mask.read_bytes()) for n in range(2)]
    assert [one.probability for one in readings_of(model, several)] == [of_files.probability] * 2


def test_a_case_that_cannot_be_cut_says_why(network: Path, others: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(others, dtype=str).head(4)
    for name in ("image", "mask"):
        frame[name] = [str(others.parent / one) for one in frame[name]]
    frame.loc[1, "mask"] = None
    frame.loc[2, "image"] = str(tmp_path / "gone.png")
    frame.to_csv(tmp_path / "cases.csv", index=False)
    readings = read_cases(load_model(network), tmp_path / "cases.csv")
    assert readings["status"].tolist() == ["ok", "failed", "failed", "ok"]
    assert "names no mask" in readings["error"][1]
    assert "gone.png" in readings["error"][2]
    assert readings["probability"].isna().tolist() == [False, True, True, False]


def test_one_changed_byte_is_found(network: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(network, folder)
    content = bytearray((folder / "cnn.safetensors").read_bytes())
    content[-10] ^= 1
    (folder / "cnn.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match=r"cnn\.safetensors was changed or damaged"):
        load_model(folder)


def test_a_model_folder_brings_all_that_it_needs(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> None:
        raise AssertionError(f"the weights of {name} are not needed any more")

    monkeypatch.setattr(backbone, "load_backbone", gone)
    assert load_model(network).looks_at_crops


# Folds, order, breaks


def test_test_rows_teach_nothing(cases: Path) -> None:
    """What the crop of a test row shows changes no answer about the other rows of its fold."""
    crops = crops_of(cases, {"size": 32})
    before = quick_fit(cases, crops).evaluation.predictions.set_index("case_id")
    fold = before.index[before["fold"].astype(str) == "1"]
    poisoned = crops.column.copy()
    poisoned[fold[0]] = np.zeros_like(poisoned[fold[0]])
    after = quick_fit(cases, Crops(poisoned, crops.options)).evaluation.predictions.set_index("case_id")
    changed = (before["probability"] != after["probability"])[fold]
    assert changed[fold[0]]
    assert not changed[fold[1:]].any()
    elsewhere = before.index.difference(fold)
    assert (before["probability"] != after["probability"])[elsewhere].any(), "there it was learned from"


def test_order_jobs_and_watching_change_nothing(cases: Path, tmp_path: Path) -> None:
    crops, told = crops_of(cases, {"size": 32}), []
    one = quick_fit(cases, crops)
    watch = Watch(tmp_path / "kept", lambda *what: told.append(what))
    two = quick_fit(cases, crops, watch=watch, jobs=2)
    pd.testing.assert_frame_equal(one.evaluation.predictions, two.evaluation.predictions)
    assert {place for place, _, _ in told} == {"all rows", "fold 1", "fold 2"}
    count = len(told)
    three = quick_fit(cases, crops, watch=watch)
    pd.testing.assert_frame_equal(one.evaluation.predictions, three.evaluation.predictions)
    assert len(told) == count, "a finished training is read, not repeated"
    turned = read_table(cases).frame.iloc[::-1].reset_index(drop=True)
    there = quick_fit(turned, crops).evaluation.predictions
    again = quick_fit(turned, crops_of(turned, {"size": 32}, folder=cases.parent)).evaluation.predictions
    pd.testing.assert_frame_equal(there, again)


def test_the_working_folder_does_not_decide_which_images_are_meant(
    network: Path, cases: Path, others: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other cohort has images of the same names."""
    probabilities = []
    for where in (cases.parent, others.parent):
        monkeypatch.chdir(where)
        model = load_model(network)
        ready, _ = with_crops(model, read_table(cases).frame, folder=cases.parent)
        probabilities.append(model.predict_probability(ready))
    np.testing.assert_array_equal(probabilities[0], probabilities[1])


# Beside numbers


def test_late_fusion_sees_numbers_and_crops(table: Path, others: Path, tmp_path: Path) -> None:
    folder = tmp_path / "late"
    given = [f"options.crop.cnn.{name}={value}" for name, value in QUICK.items()]
    given += ["apart=false", "members.numbers=[logistic]", "inner_folds=2"]
    said = run(
        *("fit", table, *QUESTION, *FOLDS, "--model", "late", "--crops", "--crop", "size=32"),
        *("--clinical", "age", "--blocks", "--controls", "none", "--output", folder),
        *(part for one in given for part in ("--set", one)),
    )
    assert "late" in said
    model = load_model(folder)
    assert model.kept[-1] == "crop"
    names = {one["name"] for one in model.evaluation.summary["comparison"]["models"]}
    assert {"all blocks", "clinical", "radiomics", "crop", "all but crop"} <= names
    readings = read_cases(model, others)
    assert set(readings["status"]) == {"ok"}
    run("evaluate", folder, others, "--output", tmp_path / "judged")
    judged = pd.read_csv(tmp_path / "judged" / "predictions.csv")["probability"]
    np.testing.assert_allclose(judged, readings["probability"], rtol=1e-12)
    added = model.contributions(with_crops(model, _measured(others), folder=others.parent)[0])
    log_odds = np.log(readings["probability"] / (1 - readings["probability"]))
    np.testing.assert_allclose(added.sum(axis=1), log_odds, atol=1e-6)


def _measured(path: Path) -> pd.DataFrame:
    return extract_cohort(path, SETTINGS)


def test_inner_folds_choose_between_numbers_and_crops(table: Path, tmp_path: Path) -> None:
    given = [f"cnn.{name}={value}" for name, value in QUICK.items()]
    said = run(
        *("fit", table, *QUESTION, *FOLDS, "--model", "cnn,logistic,stack", "--inner-folds", "2"),
        *("--crop", "size=32", "--controls", "none", "--at-sensitivity", "0.9", "--output", tmp_path / "m"),
        *(part for one in given for part in ("--set", one)),
    )
    assert "threshold of the model" in said
    model = load_model(tmp_path / "m")
    assert model.looks_at_crops == (model.card.classifier == "cnn")


def test_marks_are_drawn_on_the_crops_of_a_cases_file(cases: Path) -> None:
    crops = crops_of(cases, {"size": 32})
    found = run_image_controls(read_table(cases), group="patient_id", folder=cases.parent, crop=crops.options)
    assert found.hindrance == "Nothing says how the features were extracted."
    marked = found.crops["marks"].set_index("case_id")["crop"]
    pairs = [(crops.column[name], marked[name]) for name in marked.index]
    assert all(own.shape == other.shape for own, other in pairs)
    assert all((own[1] == other[1]).all() for own, other in pairs), "the lesion stays"
    assert np.mean([(own[0] != other[0]).any() for own, other in pairs]) > 0.9


# What is refused, and where torch is missing


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--model", "cnn", "--target", "pathologie"), "no column 'pathologie'"),
        (("--model", "cnn", "--clinical", "age"), "looks at crops alone, so clinical has no effect"),
        (("--model", "logistic", "--crop", "size=32"), "--crop has no effect"),
        (("--model", "logistic", "--crops"), "looked at by cnn or late only"),
    ],
)
def test_what_cannot_be_is_told_before_a_lesion_is_cut(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], told: str
) -> None:
    monkeypatch.setattr("radiomics_screen.cli.fit._crops", lambda *given: pytest.fail("the work has begun"))
    said = run("fit", table, *QUESTION, *options, "--output", tmp_path / "model", code=2)
    assert told in " ".join(said.split())


@pytest.mark.slow
def test_without_torch_the_extra_is_named_and_all_else_works(
    table: Path, network: Path, others: Path, tmp_path: Path
) -> None:
    fits = ["fit", table, *QUESTION, *FOLDS, "--controls", "none", "--no-montage"]
    lines = [
        [*fits, "--model", "late", "--crops", "--output", tmp_path / "late"],
        ["predict", network, others, "--output", tmp_path / "readings.csv"],
        [*fits, "--model", "logistic", "--output", tmp_path / "logistic"],
    ]
    given = json.dumps([[str(part) for part in line] for line in lines])
    command = [sys.executable, "-c", WITHOUT_TORCH, given]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    fusion, reading, other = json.loads(done.stdout.splitlines()[-1])
    for code, said in (fusion, reading):
        assert code != 0
        assert 'pip install "radiomics-screen[cnn]"' in " ".join(said.split())
    assert other[0] == 0, other[1]
    assert (tmp_path / "logistic" / "logistic.json").exists()
