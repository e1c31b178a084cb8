"""Cases measured after alterations, and cases made again from a table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radiomics_screen.cohort.cases import Case, read_cohort
from radiomics_screen.cohort.synthetic import make_sample
from radiomics_screen.core.errors import CohortError, SettingsError, TableError
from radiomics_screen.extraction.cases_of_table import cases_of
from radiomics_screen.extraction.perturbed import extract_altered
from radiomics_screen.extraction.run import RunProgress, extract_cohort
from radiomics_screen.extraction.sampling import sample_of
from radiomics_screen.perturbation import Chain
from radiomics_screen.table.feature_table import read_table

SETTINGS = {
    "imageType": {"Original": {}, "LoG": {"sigma": [1.0]}},
    "featureClass": {"shape2D": [], "shape": [], "firstorder": [], "glcm": []},
}
CHAINS = ["", "noise+translate+resize+contour 1", "rotate 1", "shuffle", "surroundings"]


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> tuple[Case, ...]:
    folder = tmp_path_factory.mktemp("sample")
    return read_cohort(make_sample(folder, patients=3)).cases


@pytest.fixture(scope="module")
def table(cases) -> pd.DataFrame:
    return extract_altered(cases, SETTINGS, CHAINS, seed=3)


def features_of(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[[name for name in frame if name.startswith(("original_", "log-"))]]


def after(frame: pd.DataFrame, alteration: str) -> pd.DataFrame:
    return features_of(frame[frame["alteration"] == alteration])


def test_a_row_for_each_case_and_alteration(cases, table):
    assert table["case_id"].tolist() == [case.id for case in cases for _ in CHAINS]
    assert table["alteration"].tolist() == CHAINS * len(cases)
    assert (table["status"] == "ok").all()
    assert table.columns.tolist().index("alteration") == table.columns.tolist().index("status") - 1
    assert table["pathology"].isin(["benign", "malignant"]).all()
    assert table["case_key"].nunique() == len(table)
    assert table.attrs["radiomics_screen"]["alterations"]["shuffle"] == {"1. shuffle": {}}


def test_a_case_as_it_is_has_the_values_of_an_extraction_to_the_bit(cases, table):
    plain = extract_cohort(cases, SETTINGS)
    np.testing.assert_array_equal(after(table, "").to_numpy(), features_of(plain).to_numpy())
    assert plain["case_key"].tolist() == table.loc[table["alteration"] == "", "case_key"].tolist()


def test_values_do_not_depend_on_processes_order_or_other_alterations(cases, table):
    chosen = [CHAINS[3], CHAINS[1]]
    other = extract_altered(cases[::-1], SETTINGS, chosen, seed=3, jobs=2)
    for name in chosen:
        np.testing.assert_array_equal(after(other, name).to_numpy()[::-1], after(table, name).to_numpy())
    anew = extract_altered(cases[:1], SETTINGS, chosen, seed=4)
    assert (after(anew, CHAINS[1]).to_numpy() != after(table, CHAINS[1]).to_numpy()[:1]).mean() > 0.9


def test_shuffled_lesions_keep_histogram_and_shape_and_lose_their_texture(table):
    plain, shuffled = after(table, ""), after(table, "shuffle")
    same = [n for n in plain if n.startswith(("original_shape2D", "original_firstorder"))]
    np.testing.assert_allclose(shuffled[same], plain[same], rtol=1e-9)
    correlation = "original_glcm_Correlation"
    assert (plain[correlation] > 0.3).all()
    assert shuffled[correlation].abs().max() < 0.1


def test_the_surroundings_are_measured_on_the_image_as_it_is(cases, table):
    measured = after(table, "surroundings")["original_firstorder_Mean"].to_numpy()
    for case, mean in zip(cases, measured, strict=True):
        image, mask = (sitk.GetArrayFromImage(sitk.ReadImage(f)) for f in (case.image, case.mask))
        assert mean != pytest.approx(image[mask > 0].mean(), rel=0.02)
        low, high = np.quantile(image[mask == 0], [0.1, 0.9])
        assert low < mean < high


def test_options_of_a_chain_reach_the_alteration(cases):
    ring = Chain("thin ring", (("surroundings", {"width_pixels": 1}),))
    found = extract_altered(cases[:1], SETTINGS, [ring, "surroundings"])
    sizes = found["original_shape2D_PixelSurface"]
    assert sizes[0] < 0.5 * sizes[1]
    assert found["alteration"].tolist() == ["thin ring", "surroundings"]


def test_one_bad_case_is_failed_rows_that_say_why(cases, tmp_path):
    empty = tmp_path / "empty.png"
    sitk.WriteImage(sitk.Image(sitk.ReadImage(cases[0].mask).GetSize(), sitk.sitkUInt8), empty)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    bad = [
        replace(cases[0], id="empty", mask=empty),
        replace(cases[0], id="broken", image=broken),
        replace(cases[0], id="gone", problem="there is no image"),
    ]
    seen: list[RunProgress] = []
    found = extract_altered([*bad, cases[1]], SETTINGS, ["", "resize 1"], progress=seen.append)
    assert found["status"].tolist() == ["failed"] * 6 + ["ok"] * 2
    for row, text in (
        (0, "marks no voxel"),
        (1, "marks no voxel"),
        (3, "broken.png"),
        (5, "there is no image"),
    ):
        assert text in found["error"][row]
    assert features_of(found)[:6].isna().all(axis=None)
    assert (seen[0].done, seen[-1].done, seen[-1].total, seen[-1].failed) == (0, 4, 4, 3)


def test_regions_that_share_an_image_are_told_apart(tmp_path):
    values = np.random.default_rng(0).integers(0, 255, (7, 40, 44)).astype(np.uint8)
    marks = np.zeros(values.shape, np.uint8)
    marks[2:5, 5:17, 6:20], marks[1:6, 22:36, 24:40] = 1, 2
    for name, array in (("image", values), ("mask", marks)):
        image = sitk.GetImageFromArray(array)
        image.SetSpacing((0.7, 0.8, 3.0))
        sitk.WriteImage(image, tmp_path / f"{name}.nrrd")
    files = {"image": tmp_path / "image.nrrd", "mask": tmp_path / "mask.nrrd"}
    pair = [Case(f"r{n}", "p", **files, label=n, line=n, carried={}) for n in (1, 2)]
    resampled = {**SETTINGS, "setting": {"resampledPixelSpacing": [1, 1, 2], "interpolator": "sitkLinear"}}
    for settings in (SETTINGS, resampled):
        both = extract_altered(pair, settings, ["", "rotate+resize 1", "shuffle"])
        assert both["status"].tolist() == ["ok"] * 6
        for n, case in enumerate(pair):
            alone = extract_altered([case], settings, ["", "rotate+resize 1", "shuffle"])
            np.testing.assert_array_equal(features_of(alone), features_of(both)[3 * n : 3 * n + 3])


def test_the_table_is_written_with_what_was_done(cases, tmp_path):
    output = tmp_path / "altered.parquet"
    frame = extract_altered(cases[:1], SETTINGS, ["", "resize 1"], output=output, seed=5)
    read = read_table(output)
    np.testing.assert_array_equal(features_of(read.frame), features_of(frame))
    assert read.provenance is not None
    assert read.provenance["seed"] == 5
    assert read.provenance["alterations"]["resize 1"] == {"1. resize": {"fraction": 0.2}}
    plain = extract_cohort(cases[:1], SETTINGS).attrs["radiomics_screen"]
    assert read.provenance["fingerprint"] == plain["fingerprint"]
    assert read.provenance["content"] != plain["content"]  # `extract` must not go on in this table


@pytest.mark.parametrize(
    ("chains", "message"),
    [
        ([], "no alteration"),
        (["noise", "noise"], "'noise' is there twice; number repetitions"),
        (["blur"], "unknown alteration 'blur'"),
    ],
)
def test_alterations_are_checked_before_the_work(cases, chains, message):
    with pytest.raises(SettingsError, match=message):
        extract_altered(cases, SETTINGS, chains)


def test_a_column_named_alteration_is_refused(cases):
    with pytest.raises(CohortError, match="column of its own named alteration"):
        extract_altered([replace(cases[0], carried={"alteration": 1})], SETTINGS, ["noise"])


# --- cases of a table, and some of a cohort -------------------------------------------------------


def test_cases_come_back_from_their_table(cases, tmp_path):
    output = tmp_path / "features.parquet"
    extract_cohort(cases, SETTINGS, output=output)
    for frame in (read_table(output).frame, extract_cohort(cases, SETTINGS)):
        assert cases_of(frame) == [replace(case, line=n) for n, case in enumerate(cases, start=2)]
    labelled = [replace(case, label=255) for case in cases]
    assert [case.label for case in cases_of(extract_cohort(labelled, SETTINGS))] == [255] * len(cases)


def test_a_case_whose_image_is_gone_says_so(cases, tmp_path):
    frame = extract_cohort(cases, SETTINGS)
    frame.loc[0, "image"] = str(tmp_path / "moved.png")
    frame.loc[1, "mask"] = ""
    again = cases_of(frame)
    assert "moved.png, from which the table was made, is not there any more" in again[0].problem
    assert again[1].problem == "the table names no mask"
    assert extract_altered(again, SETTINGS, ["shuffle"])["status"].tolist()[:3] == ["failed", "failed", "ok"]


def test_relative_paths_are_looked_for_beside_the_table(cases):
    frame = pd.DataFrame(
        {
            "case_id": ["a"],
            "image": ["images/" + cases[0].image.name],
            "mask": ["masks/" + cases[0].mask.name],
        }
    )
    (found,) = cases_of(frame, cases[0].image.parents[1])
    assert (found.image, found.mask, found.problem) == (cases[0].image, cases[0].mask, "")
    assert (found.patient_id, found.label, found.carried) == (None, None, {})
    with pytest.raises(TableError, match="no column mask"):
        cases_of(frame.drop(columns="mask"))


def test_a_sample_has_one_case_a_patient(cases):
    cohort = read_cohort(cases[0].image.parents[1] / "cases.csv")
    several = replace(
        cohort, cases=tuple(replace(c, patient_id=f"p{n // 3}") for n, c in enumerate(cases * 4))
    )
    drawn = sample_of(several, 3, seed=1).cases
    assert len({case.patient_id for case in drawn}) == len(drawn) == 3
    assert drawn == sample_of(several, 3, seed=1).cases
    assert any(sample_of(several, 3, seed=seed).cases != drawn for seed in range(2, 8))
    everyone = sample_of(several, 99).cases
    assert len(everyone) == len({case.patient_id for case in several.cases})
    assert sample_of(replace(cohort, cases=(replace(cases[0], problem="bad"),)), 5).cases == ()


def test_ultrasound_after_the_recommended_chains(data_dir: Path):
    cohort = sample_of(read_cohort(data_dir / "busbra" / "cases.csv"), 4)
    chains = ["", "noise+translate+resize+contour 1", "noise+rotate+resize+contour 2", "surroundings"]
    found = extract_altered(cohort, SETTINGS, chains)
    assert (found["status"] == "ok").all()
    assert set(found["warnings"]) == {"shape was not computed: the image is 2-D; ask for shape2D"}
    means = found["original_firstorder_Mean"].to_numpy().reshape(4, 4)
    assert (np.abs(means[:, 1:3] / means[:, :1] - 1) < 0.25).all()
    assert (means[:, 3] > means[:, 0]).all()  # lesions are darker than what lies round them
