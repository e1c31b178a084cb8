"""What the images say of a model: lesions without texture, what lies round them, images that look alike."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from typer.testing import CliRunner

from radiomics_screen.cli.app import app
from radiomics_screen.cohort.cases import Case, read_cohort
from radiomics_screen.cohort.synthetic import make_sample
from radiomics_screen.extraction.run import extract_cohort
from radiomics_screen.extraction.sampling import sample_of
from radiomics_screen.image_controls.run import run_image_controls
from radiomics_screen.modelling import fit
from radiomics_screen.table.feature_table import FeatureTable, as_table

SETTINGS = {"featureClass": {"shape2D": [], "shape": [], "firstorder": [], "glcm": []}}
FORMS = ("_shape_", "_shape2D_", "_morph_")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sample(tmp_path_factory.mktemp("sample"), patients=24, seed=2)


@pytest.fixture(scope="module")
def table(sample: Path) -> FeatureTable:
    return as_table(extract_cohort(sample, SETTINGS))


def pictures(folder: Path, what: str, number: int = 60) -> FeatureTable:
    """Draw discs in noise, of which every second is "bad" in one way, and measure them.

    With "texture" its grey levels lie side by side in order and not at random, of the same values; with
    "surroundings" all that is not the lesion is brighter; with "gain" the whole image is.
    """
    random = np.random.default_rng(5)
    y, x = np.mgrid[:48, :52]
    cases = []
    for n in range(number):
        bad = n % 2 == 1
        lesion = np.hypot(y - 24 + random.uniform(-2, 2), x - 26) < random.uniform(7, 10)
        image = random.normal(100, 12, lesion.shape)
        if what == "texture" and bad:
            image[lesion] = np.sort(image[lesion])
        elif what != "texture":
            image[(what == "gain") | ~lesion] += random.normal(12 * bad, 6)
        files = {}
        for name, values in (("image", np.clip(image, 0, 255)), ("mask", 255 * lesion)):
            files[name] = folder / f"{name}{n}.png"
            sitk.WriteImage(sitk.GetImageFromArray(values.astype(np.uint8)), files[name])
        cases.append(Case(f"c{n}", f"p{n}", **files, label=None, line=n + 2, carried={"bad": int(bad)}))
    return as_table(extract_cohort(cases, SETTINGS))


def verdicts(table: FeatureTable) -> dict[str, tuple[str, str]]:
    """Return verdict and text of each control of a fit with its images."""
    model = fit(table, target="bad", group="patient_id", classifier="logistic", splits=4, repeats=1,
                resamples=100, images=run_image_controls(table, group="patient_id"))  # fmt: skip
    return {one["name"]: (one["verdict"], one["text"]) for one in model.evaluation.summary["controls"]}


# --- altered lesions ------------------------------------------------------------------------------


def test_where_texture_decides_it_is_missed_in_shuffled_voxels_and_round_the_lesion(tmp_path):
    found = verdicts(pictures(tmp_path, "texture"))
    assert found["shuffle"][0] == "passed"
    assert "texture adds" in found["shuffle"][1]
    assert found["surroundings"][0] == "passed"
    assert found["near duplicates"][0] == "passed"


def test_where_the_gain_of_the_image_decides_the_surroundings_do_as_well(tmp_path):
    found = verdicts(pictures(tmp_path, "gain"))
    for name in ("surroundings", "shuffle"):
        verdict, text = found[name]
        assert (verdict, "as good" in text) in {("look", True), ("unsure", False)}


def test_what_shows_only_round_the_lesion_is_found_there(tmp_path):
    verdict, text = verdicts(pictures(tmp_path, "surroundings"))["surroundings"]
    assert verdict == "look"
    assert "The features do worse" in text


def test_every_case_is_measured_again_and_a_ring_has_no_form(table):
    found = run_image_controls(table, group="patient_id", seed=3)
    assert not found.hindrance
    for name in ("shuffle", "surroundings"):
        assert found.altered[name]["case_id"].tolist() == table.frame["case_id"].tolist()
    shuffled, ring = found.altered["shuffle"], found.altered["surroundings"]
    measured = [name for name in table.features if table.frame[name].notna().any()]
    assert shuffled[measured].notna().all(axis=None)
    formless = [name for name in measured if not any(form in name for form in FORMS)]
    assert [name for name in ring if name in table.features] == formless
    form = "original_shape2D_Sphericity"
    np.testing.assert_allclose(shuffled[form], table.frame[form])
    again = run_image_controls(table, group="patient_id", seed=3).altered["shuffle"]
    np.testing.assert_array_equal(again[measured], shuffled[measured])


def test_volumes_are_looked_at_too(tmp_path):
    random = np.random.default_rng(4)
    cases = []
    for n in range(4):
        values = random.normal(40, 9, (9, 22, 24)).astype(np.float32)
        mask = np.zeros(values.shape, np.uint8)
        mask[2:7, 6 : 14 + n, 7:16] = 1
        for name, array in (("image", values), ("mask", mask)):
            image = sitk.GetImageFromArray(array)
            image.SetSpacing((0.8, 0.9, 2.5))
            sitk.WriteImage(image, tmp_path / f"{name}{n}.nrrd")
        files = {"image": tmp_path / f"image{n}.nrrd", "mask": tmp_path / f"mask{n}.nrrd"}
        cases.append(Case(f"c{n}", f"p{n}", **files, label=None, line=n + 2, carried={}))
    twice = replace(cases[0], id="twin", patient_id="other")
    found = run_image_controls(as_table(extract_cohort([*cases, twice], SETTINGS)), group="patient_id")
    assert found.altered["shuffle"]["original_shape_MeshVolume"].notna().all()
    assert found.altered["surroundings"]["original_glcm_Contrast"].notna().all()
    assert "original_shape_MeshVolume" not in found.altered["surroundings"]
    (alike,) = found.controls
    assert (alike.verdict, alike.figures["pairs"]) == ("look", 1)
    assert "1 pair among 5 images: c0 and twin" in alike.text


# --- images that look alike -----------------------------------------------------------------------


def with_copy(table: FeatureTable, folder: Path, patient: str) -> FeatureTable:
    """Return the table with its first image once more: brighter, mirrored, of another name and `patient`."""
    image = sitk.GetArrayFromImage(sitk.ReadImage(table.frame["image"][0]))[:, ::-1]
    copy = folder / "copy.png"
    sitk.WriteImage(sitk.GetImageFromArray(np.clip(image * 1.1 + 9, 0, 255).astype(np.uint8)), copy)
    frame = table.frame.copy()
    frame.loc[len(frame)] = frame.iloc[0].to_dict() | {
        "case_id": "copy", "patient_id": patient, "image": str(copy), "case_key": "another",
    }  # fmt: skip
    return replace(table, frame=frame)


@pytest.mark.parametrize("group", ["patient_id", "none", None])
def test_an_image_that_comes_back_for_another_patient_is_named(table, tmp_path, group):
    (alike,) = run_image_controls(with_copy(table, tmp_path, "Z"), group=group).controls
    assert alike.verdict == "look"
    assert f"{table.frame['case_id'][0]} and copy" in alike.text
    patient = table.frame["patient_id"][0]
    (same,) = run_image_controls(with_copy(table, tmp_path, patient), group=group).controls
    assert same.verdict == "passed"  # another view of the same patient is no leak
    assert "would not show" in same.text


# --- tables that do not tell, images that are gone --------------------------------------------------


def test_a_table_that_does_not_say_how_it_was_made_or_of_what_is_a_hindrance(table, sample):
    unknown = run_image_controls(replace(table, provenance=None), group="patient_id")
    assert unknown.hindrance == "Nothing says how the features were extracted."
    assert not unknown.altered
    nameless = replace(table, frame=table.frame.drop(columns="image"))
    assert "has no column image" in run_image_controls(nameless, group="patient_id").hindrance
    moved = table.frame.assign(image=[f"/gone/{Path(name).name}" for name in table.frame["image"]])
    gone = run_image_controls(replace(table, frame=moved), group="patient_id")
    assert "None of the images can be found" in gone.hindrance
    relative = table.frame.assign(
        image=[f"images/{Path(name).name}" for name in table.frame["image"]],
        mask=[f"masks/{Path(name).name}" for name in table.frame["mask"]],
    )
    found = run_image_controls(replace(table, frame=relative), group="patient_id", folder=sample.parent)
    assert not found.hindrance


def test_some_images_that_are_gone_are_counted_and_the_others_looked_at(table):
    frame = table.frame.copy()
    frame.loc[:2, "image"] = "/gone/image.png"
    frame.loc[3, "status"] = "failed"
    found = run_image_controls(replace(table, frame=frame), group="patient_id")
    assert found.altered["shuffle"]["case_id"].tolist() == frame["case_id"].tolist()[4:]
    (alike,) = found.controls
    assert alike.figures["compared"] == len(frame) - 4
    assert "3 images could not be found or read." in alike.text


# --- the command ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("figures_not_rendered")
def test_the_command_looks_at_the_images_unless_told_not_to(sample, tmp_path):
    run = CliRunner()
    features = str(tmp_path / "features.csv")
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(SETTINGS))
    made = run.invoke(app, ["extract", str(sample), "--params", str(settings), "--output", features])
    assert made.exit_code == 0, made.output
    asked = ["--target", "pathology", "--positive", "malignant", "--group", "patient_id", "--classifier",
             "logistic", "--splits", "3", "--repeats", "1", "--no-montage"]  # fmt: skip
    expected = {"all": 8, "table": 7, "none": None}
    for controls, number in expected.items():
        output = tmp_path / controls
        done = run.invoke(app, ["fit", features, *asked, "--controls", controls, "-o", str(output)])
        assert done.exit_code == 0, done.output
        found = json.loads((output / "evaluation.json").read_text())["controls"]
        assert (None if found is None else len(found)) == number
    looked = json.loads((tmp_path / "all" / "evaluation.json").read_text())["controls"]
    judged = {one["name"]: one["verdict"] for one in looked}
    assert judged["near duplicates"] == "passed"
    assert "not run" not in (judged["shuffle"], judged["surroundings"])


def test_real_ultrasound(data_dir: Path):
    cohort = sample_of(read_cohort(data_dir / "busbra" / "cases.csv"), 10, seed=1)
    found = run_image_controls(as_table(extract_cohort(cohort, SETTINGS)), group="patient_id")
    assert [one.verdict for one in found.controls] == ["passed"]
    brightness = "original_firstorder_Mean"
    lesion, ring = (found.altered[name][brightness] for name in ("shuffle", "surroundings"))
    assert (ring > lesion).mean() > 0.8  # lesions are darker than what lies round them
