"""Columns of another package's family and filter: from the image to the reading, by every kind of table."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import builtin_columns
from radiomics_screen.cohort.synthetic import make_sample

REPOSITORY = Path(__file__).parents[2]

COLUMNS = """
from radiomics_screen.core.column_names import DeclaredColumns

COLUMNS = DeclaredColumns(families={"vessels": "perfusion"}, image_types={"Fractal": r"fractal-\\d+"})
"""

CODE = """
import numpy as np
from radiomics_screen.features.registry import family
from radiomics_screen.filters.registry import image_type

@image_type("Fractal", columns=r"fractal-\\d+", local=True)
def fractal(volume, box):
    yield "fractal-2", np.abs(volume.array[box].astype(np.float64)) ** 0.5

@family("vessels", ("Density", "mean_flow"), block="perfusion", graded=False)
def vessels(region):
    values = region.values
    return {"Density": float(values.mean() / (1 + values.std())), "mean_flow": float(values.max())}
"""

ENTRY_POINTS = """[radiomics_screen.families]
vessels = vessels_code

[radiomics_screen.filters]
Fractal = vessels_code

[radiomics_screen.columns]
vessels = vessels_columns:COLUMNS
"""

#: On each of two images two features of firstorder, seven of stat and two of the plug-in.
SETTINGS = {
    "imageType": {"Original": {}, "Fractal": {}},
    "featureClass": {
        "firstorder": ["Mean", "Variance"],
        "stat": ["mean", "var", "skew", "kurt", "median", "iqr", "energy"],
        "vessels": [],
    },
}
FEATURES = 22

ROUND_TRIP = """
import json, sys, warnings
from pathlib import Path
import pandas as pd
from radiomics_screen import extract_cohort, fit, load_model, read_table
from radiomics_screen.prediction.reading import read_cases
warnings.simplefilter("error")
folder, settings = Path(sys.argv[1]), json.loads(sys.argv[2])
cases = folder / "cases.csv"
for name in ("t.parquet", "t.csv"):
    extract_cohort(cases, settings, output=folder / name)
(folder / "bare.csv").write_bytes((folder / "t.csv").read_bytes())
more = pd.DataFrame({"case_id": pd.read_csv(folder / "t.csv", dtype=str)["case_id"]})
more["grade"] = range(len(more))
pd.read_parquet(folder / "t.parquet").merge(more, on="case_id").to_csv(folder / "merged.csv", index=False)
pd.read_parquet(folder / "t.parquet").merge(more, on="case_id").to_parquet(folder / "merged.parquet")
asked = {"target": "pathology", "positive": "malignant", "group": "patient_id", "clinical": ["age"]}
fast = {"splits": 2, "repeats": 1, "resamples": 50, "controls": False, "device": "cpu"}
found = {}
for name in ("t.parquet", "t.csv", "bare.csv", "merged.csv", "merged.parquet"):
    table = read_table(folder / name)
    model = fit(
        table, classifier="late", correlation=1.0, blocks=True, **asked, **fast,
        hyperparameters={"members": {"radiomics": ["logistic"], "perfusion": ["logistic"]}},
    )
    model.save(folder / f"model of {name}")
    model = load_model(folder / f"model of {name}")
    found[name] = {
        "features": table.features,
        "roles": {column: str(one.role) for column, one in table.columns.items()},
        "blocks": {column: one.block for column, one in table.columns.items() if one.block},
        "late": {block: len(places) for block, places in model.pipeline[-1].blocks_.items()},
        "compared": [one["name"] for one in model.evaluation.summary["comparison"]["models"]],
        "radiomics": model.radiomics,
        "known": table.provenance is not None,
        "probability": model.predict_probability(table.frame).tolist(),
    }
    if table.provenance is not None:
        readings = read_cases(model, cases)
        found[name]["status"] = readings["status"].tolist()
        found[name]["read"] = readings["probability"].tolist()
print(json.dumps(found))
"""

READ_ONLY = """
import json, sys, warnings
from pathlib import Path
from radiomics_screen import read_table
folder, found = Path(sys.argv[1]), {}
for name in ("t.parquet", "t.csv", "bare.csv", "merged.csv", "merged.parquet"):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = read_table(folder / name)
    found[name] = {
        "features": table.features,
        "blocks": {column: one.block for column, one in table.columns.items() if one.block},
        "remarks": [str(one.message) for one in caught],
    }
heavy = {"numba", "SimpleITK", "vessels_code", "radiomics_screen.features", "radiomics_screen.filters"}
print(json.dumps({"loaded": sorted(heavy & set(sys.modules)), "tables": found}))
"""

JUDGE = """
import json, sys
from pathlib import Path
from radiomics_screen import load_model, read_table
folder = Path(sys.argv[1])
model = load_model(folder / "model of bare.csv")
print(json.dumps(model.predict_probability(read_table(folder / "t.parquet").frame).tolist()))
"""


def run(code: str, *arguments: object, plug_in: Path | None = None) -> Any:
    """Run code in a fresh interpreter, where a package is installed or is not; return what it printed."""
    folders = [str(REPOSITORY), *([str(plug_in)] if plug_in else [])]
    place = f"import sys; sys.path[:0] = {folders!r}\n"
    done = subprocess.run(
        [sys.executable, "-c", place + code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=plug_in,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_what_is_known_without_loading_families_is_what_they_declare() -> None:
    assert builtin_columns.FILE.read_text(encoding="utf-8") == builtin_columns.text_of_declared(), (
        "run: python -m benchmarks.builtin_columns --write"
    )


@pytest.fixture(scope="module")
def plug_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a package with a family and a filter is installed."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "vessels_columns.py").write_text(COLUMNS)
    (folder / "vessels_code.py").write_text(CODE)
    about = folder / "vessels-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: vessels\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    return folder


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    make_sample(folder, patients=16)
    return folder


@pytest.fixture(scope="module")
def found(plug_in: Path, cohort: Path) -> dict[str, Any]:
    tables: dict[str, Any] = run(ROUND_TRIP, cohort, json.dumps(SETTINGS), plug_in=plug_in)
    return tables


@pytest.mark.slow
def test_every_kind_of_table_keeps_every_feature_and_its_block(found: dict[str, Any]) -> None:
    whole = found["t.parquet"]
    assert len(whole["features"]) == FEATURES
    assert whole["roles"]["case_id"] == "identity"
    assert whole["roles"]["age"] == whole["roles"]["pathology"] == "carried"
    assert whole["roles"]["case_key"] == "status"
    assert whole["blocks"]["fractal-2_vessels_mean_flow"] == "perfusion"
    assert whole["blocks"]["original_stat_skew"] == "radiomics"
    for name, table in found.items():
        assert table["features"] == whole["features"], name
        assert table["blocks"] == whole["blocks"], name
        assert table["radiomics"] == whole["features"], name
        assert table["known"] is (name in ("t.parquet", "t.csv")), name


@pytest.mark.slow
def test_late_fusion_and_blocks_go_by_the_role(found: dict[str, Any]) -> None:
    for name, table in found.items():
        # mean and variance are there twice on each image, and one of two equal columns is dropped
        assert table["late"] == {"clinical": 1, "perfusion": 4, "radiomics": FEATURES - 4 - 4}, name
        assert {"clinical", "perfusion", "radiomics"} < set(table["compared"]), name
        assert table["probability"] == found["t.parquet"]["probability"], name


@pytest.mark.slow
def test_the_model_reads_images_with_the_plug_in(found: dict[str, Any]) -> None:
    for name in ("t.parquet", "t.csv"):
        assert set(found[name]["status"]) == {"ok"}
        assert found[name]["read"] == found[name]["probability"]


@pytest.mark.slow
def test_reading_a_table_loads_neither_families_nor_the_plug_in(
    found: dict[str, Any], plug_in: Path, cohort: Path
) -> None:
    read = run(READ_ONLY, cohort, plug_in=plug_in)
    assert read["loaded"] == []
    for name, table in read["tables"].items():
        assert table == {
            "features": found["t.parquet"]["features"],
            "blocks": found["t.parquet"]["blocks"],
            "remarks": [],
        }, name


@pytest.mark.slow
def test_without_the_plug_in_its_columns_are_never_dropped_silently(
    found: dict[str, Any], cohort: Path
) -> None:
    read = run(READ_ONLY, cohort)
    whole = found["t.parquet"]
    for name in ("t.parquet", "t.csv"):
        assert read["tables"][name] == {
            "features": whole["features"],
            "blocks": whole["blocks"],
            "remarks": [],
        }, name
    for name in ("bare.csv", "merged.csv", "merged.parquet"):
        table = read["tables"][name]
        known = [one for one in whole["features"] if one.startswith(("original_f", "original_s"))]
        assert table["features"] == known
        (remark,) = table["remarks"]
        assert f"{FEATURES - len(known)} columns (" in remark
        assert "original_vessels_Density" in remark or "fractal-2_" in remark
        assert "install the package" in remark
    assert run(JUDGE, cohort) == whole["probability"]
