"""``radiomics-screen perturb``: from a cases file to features that are kept because they hold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from radiomics_screen.cli.app import app
from radiomics_screen.cohort.synthetic import make_sample
from radiomics_screen.modelling.data.repeated_measurements import measured_again
from radiomics_screen.modelling.steps.reproducible import ReproducibleFilter
from radiomics_screen.table.feature_table import provenance_path, read_table

PARAMETERS = {"featureClass": {"shape2D": [], "firstorder": [], "ngtdm": []}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_sample(tmp_path_factory.mktemp("sample"), patients=12).parent
    (folder / "params.json").write_text(json.dumps(PARAMETERS))
    return folder


def run(*arguments: str | Path, code: int = 0) -> Result:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    return done


def perturb(folder: Path, output: Path, *more: str | Path, code: int = 0) -> Result:
    given = ("--output", output, "--params", folder / "params.json")
    return run("perturb", folder / "cases.csv", *given, *more, code=code)


def test_perturbed_measurements_lead_to_features_that_hold(folder: Path, tmp_path: Path) -> None:
    perturbed, features = tmp_path / "perturbed.parquet", tmp_path / "features.parquet"
    told = perturb(folder, perturbed, "--times", "4").stdout
    run("extract", folder / "cases.csv", "--output", features, "--params", folder / "params.json")
    again, table = read_table(perturbed), read_table(features)
    assert f"{len(table.frame)} cases, 5 measurements each" in told
    assert len(again.frame) == 5 * len(table.frame)
    names = [
        f"noise+{moved}+resize+contour {k}" for k, moved in enumerate(["translate", "rotate"] * 2, start=1)
    ]
    assert again.frame["alteration"].dropna().unique().tolist() == names
    provenance = json.loads(provenance_path(perturbed).read_text())
    assert list(provenance["alterations"]) == ["", *names]
    assert provenance["alterations"][names[1]]["2. rotate"] == {"angle_deg": 10.0, "axis": 0}
    inputs = table.frame[[*table.features, "pathology"]]
    measured = measured_again(
        perturbed, table, cases=table.frame["case_id"].tolist(), features=table.frame[table.features]
    )
    beside = np.pad(measured, ((0, 0), (0, 0), (0, 1)), constant_values=np.nan)
    step = ReproducibleFilter(0.5).fit(inputs, measured=beside, groups=table.frame["patient_id"])
    kept = set(step.get_feature_names_out())
    assert {"pathology", "original_firstorder_Mean"} < kept < set(inputs)


def test_some_patients_with_a_chain_of_ones_own(folder: Path, tmp_path: Path) -> None:
    given = ("--times", "3", "--sample", "4", "--chain", "resize", "--chain", "noise", "--jobs", "2")
    perturb(folder, tmp_path / "a.csv", *given)
    perturb(folder, tmp_path / "b.parquet", *given[:-2])
    table, same = (read_table(tmp_path / name) for name in ("a.csv", "b.parquet"))
    assert table.frame["patient_id"].nunique() == len(table.frame) / 4 == 4
    assert table.frame["alteration"].dropna().unique().tolist() == ["resize 1", "noise 2", "resize 3"]
    np.testing.assert_array_equal(table.frame[table.features], same.frame[same.features])


def test_a_case_that_fails_is_told_with_its_cause(folder: Path, tmp_path: Path) -> None:
    lines = (folder / "cases.csv").read_text().splitlines()
    lines[2] = lines[2].replace("images/", "nowhere/")
    (folder / "bad.csv").write_text("\n".join(lines[:4]))
    output = tmp_path / "bad.parquet"
    told = run("perturb", folder / "bad.csv", "--output", output, "--times", "2", code=1)
    assert "3 cases, 3 measurements each" in told.stdout
    assert "6 ok, 3 failed" in told.stdout
    assert "3 failed: there is no image IMAGE [" in told.stdout


def test_what_it_refuses(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "there.parquet"
    output.write_bytes(b"something")
    assert "--overwrite" in perturb(folder, output, code=2).stderr
    assert (
        "unknown alteration 'blur'" in perturb(folder, tmp_path / "x.csv", "--chain", "blur", code=2).stderr
    )
    both = perturb(folder, tmp_path / "x.csv", "--preset", "ct", code=2)
    assert "--params or --preset" in both.stderr
    assert not (tmp_path / "x.csv").exists()
    assert output.read_bytes() == b"something"
