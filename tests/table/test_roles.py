"""Columns have the role that is stored with them, or that their names say; none is dropped silently."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiomics_screen.core import column_names
from radiomics_screen.core.column_names import (
    DeclaredColumns,
    block_of,
    declare,
    declare_family,
    declare_image_type,
    is_feature,
    may_be_feature,
)
from radiomics_screen.core.columns import CROP, Role
from radiomics_screen.core.errors import SettingsError, TableError
from radiomics_screen.core.remarks import ScreenWarning
from radiomics_screen.modelling.data.from_table import prepare
from radiomics_screen.table.feature_table import (
    FeatureTable,
    as_table,
    read_table,
    with_origin,
    write_frame,
    write_table,
)

STAT = ("mean", "var", "skew", "kurt", "median", "min", "p10", "p90", "max", "iqr", "range", "mad", "rmad")
STAT += ("medad", "cov", "qcod", "energy", "rms")
#: The example of 21 columns: two of pyradiomics, eighteen of the IBSI, one of another package.
OTHER = "original_vessels_Mean_flow"
FEATURES = ["original_firstorder_Mean", "original_firstorder_Variance"]
FEATURES += [*(f"original_stat_{name}" for name in STAT), OTHER]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what a test declares be forgotten after it."""
    monkeypatch.setattr(column_names, "_known", column_names._KnownNames())


def example() -> pd.DataFrame:
    random = np.random.default_rng(0)
    rows = 12
    frame = pd.DataFrame(random.normal(size=(rows, len(FEATURES))), columns=FEATURES)
    frame.insert(0, "case_id", [f"c{n}" for n in range(rows)])
    frame.insert(1, "finding", ["good", "bad"] * (rows // 2))
    frame.insert(2, "age_at_diagnosis", range(40, 40 + rows))
    return frame


def declare_vessels() -> None:
    declare(DeclaredColumns(families={"vessels": "perfusion"}, image_types={"Fractal": r"fractal-\d+"}))


def test_a_csv_table_without_provenance_keeps_all_21_features(tmp_path: Path, known: None) -> None:
    declare_vessels()
    write_frame(example(), tmp_path / "t.csv")
    table = read_table(tmp_path / "t.csv")
    assert table.features == FEATURES
    assert len(table.features) == 21
    assert table.of_role(Role.CARRIED) == ["finding", "age_at_diagnosis"]
    dataset = prepare(
        table.frame, table.features, target="finding", positive="bad", group="none",
        clinical=["age_at_diagnosis"], roles=table.columns,
    )  # fmt: skip
    blocks = dataset.columns.blocks_of(dataset.inputs.columns)
    assert blocks == ["radiomics"] * 20 + ["perfusion", "clinical"]
    assert dataset.blocks == ["clinical", "radiomics", "perfusion"]
    assert list(dataset.part(["perfusion"]).features) == [OTHER]


def test_a_family_that_is_not_known_is_remarked_on(tmp_path: Path, known: None) -> None:
    write_frame(example(), tmp_path / "t.csv")
    with pytest.warns(ScreenWarning, match=rf"1 column \({OTHER}\) is named like features") as caught:
        table = read_table(tmp_path / "t.csv")
    assert len(caught) == 1
    assert table.features == FEATURES[:-1]
    assert table.columns[OTHER].role is Role.CARRIED
    with pytest.warns(ScreenWarning, match="install the package"):
        assert as_table(example()).features == FEATURES[:-1]


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_roles_are_stored_for_who_does_not_know_the_family(tmp_path: Path, known: None, name: str) -> None:
    declare_vessels()
    write_table(FeatureTable(example(), FEATURES, {"package": "radiomics-screen"}), tmp_path / name)
    column_names._known = column_names._KnownNames()  # where the package is not installed
    table = read_table(tmp_path / name)
    assert table.features == FEATURES
    assert table.columns[OTHER].block == "perfusion"
    assert (table.columns[OTHER].image, table.columns[OTHER].family) == ("original", "vessels")
    assert block_of(OTHER) == "radiomics"  # which is all that the name says here


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_features_that_were_joined_are_features(tmp_path: Path, name: str) -> None:
    table = FeatureTable(example().drop(columns=OTHER), FEATURES[:-1], {"package": "radiomics-screen"})
    write_table(table, tmp_path / name)
    frame = read_table(tmp_path / name).frame.assign(**{"rim.original_glcm_Contrast": 1.5})
    write_frame(frame, tmp_path / f"joined{Path(name).suffix}")
    beside = tmp_path / "joined.provenance.json"
    beside.write_bytes((tmp_path / "t.provenance.json").read_bytes())
    with pytest.warns(ScreenWarning, match="its values are not those"):
        joined = read_table(tmp_path / f"joined{Path(name).suffix}")
    assert joined.features == [*FEATURES[:-1], "rim.original_glcm_Contrast"]
    assert joined.columns["rim.original_glcm_Contrast"].block == "rim"
    assert joined.provenance is None


def test_features_joined_in_memory_are_features() -> None:
    frame = with_origin(example().drop(columns=OTHER), FEATURES[:-1], {"parameters": {}})
    frame["original_glcm_Contrast"] = 1.5
    with pytest.warns(ScreenWarning, match="features that were joined to it"):
        table = as_table(frame)
    assert table.features == [*FEATURES[:-1], "original_glcm_Contrast"]
    assert table.provenance is None


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_tables_of_before_list_all_their_features(tmp_path: Path, name: str) -> None:
    """What is named like a feature and is not listed stays what it was, and a remark says so."""
    frame = example().drop(columns=OTHER)
    beside = write_table(FeatureTable(frame, FEATURES[:5], {"package": "radiomics-screen"}), tmp_path / name)
    content = json.loads(beside.read_text())
    del content["columns"]
    write_frame(frame, tmp_path / name)  # without what Parquet stores in itself
    beside.write_text(json.dumps(content))
    with pytest.warns(ScreenWarning, match=r"15 columns \(original_stat_kurt.*are named like features and"):
        table = read_table(tmp_path / name)
    assert table.features == FEATURES[:5]
    assert table.provenance is not None


def test_a_list_of_features_written_by_hand_is_enough(tmp_path: Path) -> None:
    write_frame(example(), tmp_path / "t.csv")
    (tmp_path / "t.provenance.json").write_text(json.dumps({"features": [OTHER, "age_at_diagnosis"]}))
    table = read_table(tmp_path / "t.csv")
    assert table.features == ["age_at_diagnosis", *FEATURES]
    assert table.provenance is None


@pytest.mark.parametrize(
    "columns", [{"roles": {"flavour": ["finding"]}}, {"roles": ["finding"]}, {"blocks": {"stat": "a b"}}, "x"]
)
def test_damaged_roles_are_not_passed_over(tmp_path: Path, columns: object) -> None:
    write_frame(example(), tmp_path / "t.csv")
    (tmp_path / "t.provenance.json").write_text(json.dumps({"columns": columns}))
    with pytest.raises(TableError, match="roles of the columns"):
        read_table(tmp_path / "t.csv")


def test_a_table_keeps_up_with_its_frame() -> None:
    crops = np.empty(12, dtype=object)
    crops[:] = [np.zeros((2, 2))] * 12
    table = FeatureTable(example(), FEATURES)
    more = replace(table, frame=table.frame.assign(crop=crops, site="a"))
    assert more.of_role(Role.CROP) == [CROP]
    assert more.of_role(Role.CARRIED) == ["finding", "age_at_diagnosis", "site"]
    fewer = replace(table, features=FEATURES[:3])
    assert fewer.of_role(Role.FEATURE) == FEATURES[:3]
    assert as_table(example()[["case_id", "finding"]].assign(crop="left")).columns[CROP].role is Role.CARRIED


@pytest.mark.parametrize(
    ("column", "certain", "doubtful"),
    [
        ("original_szm_zsnu_norm_3D", True, False),
        ("mean-5-3D-nearest_morph_volume", True, False),
        ("rim.riesz-1-0-0-simoncelli-level-2-3D_loc_peak_local", True, False),
        ("original_embedding_0001", True, False),
        ("original_glcm_Contrast_change", False, True),
        ("fractal-2_firstorder_Mean", False, True),
        ("original_vessels_density", False, True),
        ("fractal-2_vessels_Density", False, True),
        ("rim.fractal-2_vessels_Density", False, True),
        ("age_at_diagnosis", False, False),
        ("birads_class", False, False),
        ("diagnostics_Image-original_Mean", False, False),
        ("diagnostics_Versions_PyRadiomics", False, False),
        ("1rim.original_glcm_Contrast", False, False),
        ("", False, False),
    ],
)
def test_names_are_certain_doubtful_or_neither(column: str, certain: bool, doubtful: bool) -> None:
    assert (is_feature(column), may_be_feature(column)) == (certain, doubtful)


def test_wrong_declarations_are_refused() -> None:
    with pytest.raises(SettingsError, match="stands between two '_'"):
        declare_family("my_family")
    for block in ("a b", "clinical"):
        with pytest.raises(SettingsError, match=f"cannot be called '{block}'"):
            declare_family("mine", block)
    with pytest.raises(SettingsError, match="no regular expression"):
        declare_image_type("Mine", "mine-(")
