"""Feature tables in CSV as other programs write them are what lists of cases would make of them."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiomics_screen.core.errors import TableError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.table.feature_table import FeatureTable, read_table, write_frame, write_table

MEAN, ENERGY = "original_firstorder_Mean", "original_firstorder_Energy"
PLAIN = f"case_id,patient_id,site,{MEAN},{ENERGY}\nc1,007,Köln,1.5,-2.25e-3\nc2,008,Bonn,2.5,1e5\n"


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "t.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("text", "encoding", "remarks"),
    [
        (PLAIN, "utf-8-sig", 0),
        (PLAIN.replace("\n", "\r\n"), "utf-8", 0),
        (PLAIN.replace(",", "\t"), "utf-8", 0),
        (PLAIN.replace(",", ";").replace(".", ","), "utf-8", 0),
        (PLAIN.replace(",", ";"), "utf-8", 0),
        ("sep=;\n" + PLAIN.replace(",", ";").replace(".", ","), "utf-8", 0),
        (PLAIN.replace(",", "|"), "utf-8", 0),
        (PLAIN, "utf-16", 0),
        (PLAIN, "cp1252", 1),
        (PLAIN.replace(",", ";").replace(".", ","), "cp1252", 1),
    ],
)
def test_spellings_of_the_same_table(tmp_path: Path, text: str, encoding: str, remarks: int) -> None:
    with collect_remarks() as found:
        table = read_table(written(tmp_path, text, encoding))
    assert len(found) == remarks
    assert table.features == [MEAN, ENERGY]
    assert table.frame[[MEAN, ENERGY]].to_numpy().tolist() == [[1.5, -2.25e-3], [2.5, 1e5]]
    assert table.frame["patient_id"].tolist() == ["007", "008"]
    assert table.frame["site"].tolist() == ["Köln", "Bonn"]


def test_the_table_with_semicolons_of_a_first_user(cases_dir: Path) -> None:
    table = read_table(cases_dir / "features_semicolon.csv")
    assert table.frame.loc[0, "original_firstorder_F0"] == 0.1257302210933933


def test_text_in_gbk_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="Chinese text in GBK"):
        read_table(written(tmp_path, PLAIN.replace("Köln", "北京医院"), "gbk"))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_feature_without_any_value_is_the_same_in_both_formats(tmp_path: Path, ending: str) -> None:
    frame = pd.DataFrame({"case_id": ["a", "b"], MEAN: [1.0, 2.0], ENERGY: [np.nan, np.nan]})
    write_frame(frame, tmp_path / f"t.{ending}")
    table = read_table(tmp_path / f"t.{ending}")
    assert table.features == [MEAN, ENERGY]
    assert table.frame[ENERGY].dtype == np.float64
    assert table.frame[ENERGY].isna().all()


@pytest.mark.parametrize("heading", ["PatientID", "patientid", "Patient ID", "patient-id", "Patient_Id"])
def test_the_patient_by_any_heading(tmp_path: Path, heading: str) -> None:
    frame = read_table(written(tmp_path, f"CaseID,{heading},{MEAN}\n01,007,1\n02,12E3,2\n")).frame
    assert frame["patient_id"].tolist() == ["007", "12E3"]
    assert frame["case_id"].tolist() == ["01", "02"]


def test_what_may_be_an_identifier_stays_text(tmp_path: Path) -> None:
    text = f"case_id,code,ward,age,long,{MEAN}\na,12E3,0012,1.5E3,12345678901234567890,1\nb,7,13,2,3,2\n"
    frame = read_table(written(tmp_path, text)).frame
    assert frame["code"].tolist() == ["12E3", "7"]
    assert frame["ward"].tolist() == ["0012", "13"]
    assert frame["long"].tolist() == ["12345678901234567890", "3"]
    assert frame["age"].tolist() == [1500, 2]


def test_quoted_decimal_commas_become_numbers_and_are_told(tmp_path: Path) -> None:
    text = f'case_id,age,dose,{MEAN}\na,"1,5","1,234",1\nb,2,"2,000",2\nc,"3,25","3,500",2\n'
    with collect_remarks() as remarks:
        frame = read_table(written(tmp_path, text)).frame
    assert frame["age"].tolist() == [1.5, 2.0, 3.25]
    assert frame["dose"].tolist() == ["1,234", "2,000", "3,500"]
    assert any("column 'age' is read with decimal commas: '1,5' is 1.5" in r for r in remarks)
    assert any("column 'dose': it is not clear what the comma" in r for r in remarks)


FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "'=x", "'t Veer", "-5", "\ttab", "plain", None]


def test_text_that_a_spreadsheet_would_run_is_guarded_and_comes_back(tmp_path: Path) -> None:
    names = [text or "none" for text in FORMULAS]
    frame = pd.DataFrame({"case_id": names, "site": FORMULAS, MEAN: np.arange(10.0)})
    write_table(FeatureTable(frame, [MEAN], {"carried": {"site": "str"}}), tmp_path / "t.csv")
    cells = [line.split('","')[0].strip('"') for line in (tmp_path / "t.csv").read_text().splitlines()[1:]]
    assert cells[:5] == ["'=1+1", "'+cmd|' /C calc'!A0", "'-2+3", "'@SUM(A1)", "''=x"]
    assert cells[5:7] == ["'t Veer", "-5"]
    back = read_table(tmp_path / "t.csv").frame
    assert back["case_id"].tolist() == names
    assert [text if isinstance(text, str) else None for text in back["site"]] == FORMULAS


def test_a_table_is_its_owners_until_somebody_says_otherwise(tmp_path: Path) -> None:
    frame = pd.DataFrame({"case_id": ["a"], MEAN: [1.0]})
    path = tmp_path / "t.csv"
    beside = write_table(FeatureTable(frame, [MEAN]), path)
    assert [stat.S_IMODE(file.stat().st_mode) for file in (path, beside)] == [0o600, 0o600]
    path.chmod(0o640)
    write_table(FeatureTable(frame, [MEAN]), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
