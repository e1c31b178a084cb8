"""The feature table keeps every value, type and name, and says clearly what it cannot read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from radiomics_screen.core.column_names import is_feature
from radiomics_screen.core.errors import TableError
from radiomics_screen.core.remarks import ScreenWarning
from radiomics_screen.table.feature_table import (
    FeatureTable,
    provenance_path,
    read_table,
    require_writable,
    write_frame,
    write_table,
)

AWKWARD = [0.1 + 0.2, 5e-324, -0.0, 1 / 3, 1.7976931348623157e308, np.nan, np.inf, 123456789.123456789]


def table_of(values: list[float] = AWKWARD) -> FeatureTable:
    rows = len(values)
    frame = pd.DataFrame(
        {
            "case_id": [f"{i:04d}" for i in range(rows)],
            "patient_id": ["NA", "None", "nan", "007", "ü", 'a "quoted", one', "1e5", "x\ny"][:rows],
            "image": ["i.png"] * rows,
            "mask": ["m.png"] * rows,
            "label": pd.array([1, None, *[2] * (rows - 2)], dtype="Int64"),
            "site": ["01", "02", None, *["03"] * (rows - 3)],
            "left": pd.array([None, True, False, *[True] * (rows - 3)], dtype="boolean"),
            "age": np.arange(rows) * 1.5,
            "count": pd.array([None, *range(rows - 1)], dtype="Int64"),
            "status": ["ok"] * rows,
            "error": [""] * rows,
            "warnings": ["a; b"] * rows,
            "seconds": np.linspace(0, 1, rows),
            "case_key": ["00ff"] * rows,
            "original_firstorder_Mean": values,
        }
    )
    carried = {name: str(frame[name].dtype) for name in ("site", "left", "age", "count")}
    return FeatureTable(
        frame, ["original_firstorder_Mean"], {"carried": carried, "parameters": {"setting": {}}}
    )


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_every_value_and_type_comes_back(tmp_path: Path, name: str) -> None:
    table = table_of()
    write_table(table, tmp_path / name)
    back = read_table(tmp_path / name)
    pd.testing.assert_frame_equal(back.frame, table.frame, check_exact=True)
    given, found = (t.frame["original_firstorder_Mean"].to_numpy() for t in (table, back))
    assert given.tobytes() == found.tobytes()  # -0.0 is not 0.0
    assert back.features == table.features
    assert back.provenance is not None
    assert back.provenance["parameters"] == {"setting": {}}


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_writing_what_was_read_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    write_table(table_of(), tmp_path / name)
    first = (tmp_path / name).read_bytes()
    write_table(read_table(tmp_path / name), tmp_path / name)
    assert (tmp_path / name).read_bytes() == first


def test_parquet_explains_itself_without_its_provenance_file(tmp_path: Path) -> None:
    beside = write_table(table_of(), tmp_path / "t.parquet")
    beside.unlink()
    back = read_table(tmp_path / "t.parquet")
    assert back.provenance is not None
    assert back.provenance["parameters"] == {"setting": {}}
    assert back.features == ["original_firstorder_Mean"]


def test_two_tables_of_one_stem_keep_their_own_provenance(tmp_path: Path) -> None:
    first = write_table(table_of(), tmp_path / "t.parquet")
    second = write_table(table_of(), tmp_path / "t.csv")
    assert first.name == "t.provenance.json"
    assert second.name == "t.csv.provenance.json"
    assert json.loads(first.read_text())["table"] == "t.parquet"
    assert json.loads(second.read_text())["table"] == "t.csv"
    assert provenance_path(tmp_path / "t.parquet") == first


def test_a_renamed_pair_belongs_together_still(tmp_path: Path) -> None:
    beside = write_table(table_of(), tmp_path / "t.csv")
    (tmp_path / "t.csv").rename(tmp_path / "new.csv")
    beside.rename(tmp_path / "new.provenance.json")
    assert read_table(tmp_path / "new.csv").provenance is not None


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("original_glcm_Contrast", True),
        ("original_shape2D_MeshSurface", True),
        ("wavelet-LLH_firstorder_10Percentile", True),
        ("wavelet2-HL_glcm_Id", True),
        ("log-sigma-1-5-mm-3D_ngtdm_Busyness", True),
        ("lbp-3D-k_firstorder_Mean", True),
        ("squareroot_gldm_DependenceEntropy", True),
        ("original_mine_Own_Feature", False),  # of another package: its provenance says so
        ("original_lesion_class", False),
        ("diagnostics_Image-original_Mean", False),
        ("original_device", False),
        ("case_id", False),
        ("device_make_Model", False),
    ],
)
def test_features_are_known_by_their_names(column: str, expected: bool) -> None:
    assert is_feature(column) is expected


def test_a_table_of_pyradiomics_is_read(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(
        "Image,Mask,ID,diagnostics_Versions_PyRadiomics,original_shape_Elongation,wavelet-HH_glcm_Idn\n"
        "a.nrrd,b.nrrd,007,v3.0.1,0.25,\nc.nrrd,d.nrrd,008,v3.0.1,0.5,1e-3\n"
    )
    table = read_table(tmp_path / "p.csv")
    assert table.features == ["original_shape_Elongation", "wavelet-HH_glcm_Idn"]
    assert table.provenance is None
    assert table.frame["case_id"].tolist() == ["007", "008"]
    assert table.frame["image"].tolist() == ["a.nrrd", "c.nrrd"]
    assert table.frame["status"].tolist() == ["ok", "ok"]
    np.testing.assert_array_equal(table.frame["wavelet-HH_glcm_Idn"], [np.nan, 1e-3])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.txt", "a,b\n", r"ends in .parquet or .csv, not '.txt'"),
        ("t.parquet", "no parquet", r"t.parquet cannot be read as a table"),
        ("t.csv", "", r"t.csv cannot be read as a table"),
        ("t.csv", "a,a\n1,2\n", r"more than one column named a"),
        (
            "t.csv",
            "original_glcm_Contrast\n1\nbad\n",
            r"original_glcm_Contrast must hold numbers, not 'bad' in data row 2",
        ),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(TableError, match=message):
        read_table(tmp_path / name)


def test_a_missing_table_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="extract"):
        read_table(tmp_path / "none.parquet")


def test_a_damaged_provenance_is_not_passed_over(tmp_path: Path) -> None:
    write_table(table_of(), tmp_path / "t.csv").write_text("{")
    with pytest.raises(TableError, match="provenance"):
        read_table(tmp_path / "t.csv")


def test_a_failed_write_leaves_the_old_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    write_table(table_of(), path)
    before = path.read_bytes()

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(TableError, match="No space left"):
        write_table(table_of([1.0, 2.0, 3.0]), path)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t.csv", "t.provenance.json"]


def test_places_that_cannot_be_written_are_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TableError, match="cannot write into the folder"):
        require_writable(tmp_path / "file" / "t.csv")
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(TableError, match="is a folder"):
        require_writable(tmp_path / "d.csv")
    with pytest.raises(TableError, match="ends in"):
        require_writable(tmp_path / "t.xls")
    assert require_writable(tmp_path / "new" / "t.csv").parent.is_dir()


def test_excel_takes_text_that_it_does_not_allow(tmp_path: Path) -> None:
    frame = pd.DataFrame({"case_id": ["a"], "error": ["bad \x00 byte"], "probability": [0.25]})
    write_frame(frame, tmp_path / "r.xlsx")
    back = pd.read_excel(tmp_path / "r.xlsx")
    assert back["error"].tolist() == ["bad   byte"]
    assert back["probability"].tolist() == [0.25]


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_changed_values_lose_their_provenance_and_say_so(tmp_path: Path, name: str) -> None:
    write_table(table_of(), tmp_path / name)
    frame = read_table(tmp_path / name).frame
    frame["original_firstorder_Mean"] *= 2
    write_frame(frame, tmp_path / name)
    with pytest.warns(ScreenWarning, match="its values are not those that its provenance tells of"):
        back = read_table(tmp_path / name)
    assert back.provenance is None
    assert back.features == ["original_firstorder_Mean"]


def test_a_renamed_table_keeps_its_provenance(tmp_path: Path) -> None:
    beside = write_table(table_of(), tmp_path / "t.csv")
    (tmp_path / "t.csv").rename(tmp_path / "u.csv")
    beside.rename(tmp_path / "u.provenance.json")
    assert read_table(tmp_path / "u.csv").provenance is not None


def joined(tmp_path: Path, name: str, frame: pd.DataFrame) -> Path:
    """Save a table under another name beside t.*, with a copy of the provenance of that one."""
    copy = tmp_path / f"joined{Path(name).suffix}"
    write_frame(frame, copy)
    copy.with_name("joined.provenance.json").write_bytes((tmp_path / "t.provenance.json").read_bytes())
    return copy


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_a_table_with_a_joined_column_keeps_its_provenance(tmp_path: Path, name: str) -> None:
    write_table(table_of(), tmp_path / name)
    copy = joined(tmp_path, name, read_table(tmp_path / name).frame.assign(grade="high"))
    back = read_table(copy)
    assert back.provenance is not None
    assert back.provenance["parameters"] == {"setting": {}}
    assert back.frame["grade"].tolist() == ["high"] * len(AWKWARD)
    assert back.frame["site"].tolist()[:2] == ["01", "02"]
    beside = write_table(back, copy)  # the copied file stays that of the other table
    assert beside.name == f"{copy.name}.provenance.json"
    assert json.loads(beside.read_text())["table"] == copy.name


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_a_copied_provenance_of_other_values_is_left_aside_with_a_note(tmp_path: Path, name: str) -> None:
    write_table(table_of(), tmp_path / name)
    copy = joined(tmp_path, name, read_table(tmp_path / name).frame.iloc[::-1])
    with pytest.warns(
        ScreenWarning, match="add it to the cases file and run `radiomics-screen extract` again"
    ):
        back = read_table(copy)
    assert back.provenance is None
    assert back.features == ["original_firstorder_Mean"]


def test_the_provenance_of_a_table_of_the_same_stem_is_no_matter(tmp_path: Path) -> None:
    write_table(table_of(), tmp_path / "t.parquet")
    (tmp_path / "t.csv").write_text("case_id,age,original_firstorder_Mean\n1,old,2.5\n")
    back = read_table(tmp_path / "t.csv")  # warnings are errors: it is silent
    assert back.provenance is None
    assert back.frame["age"].tolist() == ["old"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_are_seen(tmp_path: Path, delimiter: str) -> None:
    rows = [["case_id", "original_glcm_Contrast"], ["001", "1.5"], ["002", "2"]]
    (tmp_path / "t.csv").write_text("\n".join(delimiter.join(row) for row in rows))
    table = read_table(tmp_path / "t.csv")
    assert table.frame["case_id"].tolist() == ["001", "002"]
    assert table.frame["original_glcm_Contrast"].tolist() == [1.5, 2.0]


def test_text_in_excel_is_no_formula(tmp_path: Path) -> None:
    write_frame(pd.DataFrame({"case_id": ["=1+1", "plain"]}), tmp_path / "r.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx").active
    assert [(c.value, c.data_type) for c in sheet["A"]] == [("case_id", "s"), ("=1+1", "s"), ("plain", "s")]
