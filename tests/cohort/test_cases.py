"""Lists of cases as people really have them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from radiomics_screen.cohort.cases import Case, read_cohort
from radiomics_screen.core.errors import CohortError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.core.text_cells import typed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a few files to name; what is in them does not matter here."""
    for name in ("images/a.png", "images/b.png", "masks/a.png", "masks/b.png", "bilder/größe 1.nii.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "series").mkdir()
    return tmp_path


def write(folder: Path, text: str, encoding: str = "utf-8", name: str = "cases.csv") -> Path:
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


def only(path: Path) -> Case:
    (case,) = read_cohort(path).cases
    return case


def test_plain_list(folder: Path) -> None:
    path = write(
        folder,
        "case_id,patient_id,image,mask,label,pathology,age,score,code\n"
        "0001,007,images/a.png,masks/a.png,2,benign,47,1.5,03\n"
        "0002,007,images/b.png,masks/b.png,,malignant,,2,12\n",
    )
    cohort = read_cohort(path)
    first, second = cohort.cases
    assert (first.id, first.patient_id, first.label, first.line) == ("0001", "007", 2, 2)
    assert (first.image, first.mask) == (folder / "images/a.png", folder / "masks/a.png")
    assert first.carried == {"pathology": "benign", "age": 47, "score": 1.5, "code": "03"}
    assert second.carried == {"pathology": "malignant", "age": None, "score": 2.0, "code": "12"}
    assert (second.label, second.line) == (None, 3)
    assert cohort.carried_columns == ("pathology", "age", "score", "code")
    assert cohort.problems == ()
    cohort.require_sound()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("image,mask,site\nimages/a.png,masks/a.png,Köln\n", "utf-8-sig"),
        ("image;mask;site\r\nimages/a.png;masks/a.png;Köln\r\n", "utf-8"),
        ("image\tmask\tsite\nimages/a.png\tmasks/a.png\tKöln\n", "utf-16"),
        ("sep=;\nimage;mask;site\nimages/a.png;masks/a.png;Köln\n", "cp1252"),
        ("\nimage , mask , site\n images/a.png , masks/a.png , Köln \n,,\n\n", "utf-8"),
        ('Image,Mask,site\n"images\\a.png","masks\\a.png","Köln"\n', "utf-8"),
        ("image,mask,site\n{folder}/images/a.png,{folder}/masks/a.png,Köln\n", "utf-8"),
        (",image,mask,site\n0,images/a.png,masks/a.png,Köln\n", "utf-8"),
    ],
    ids=["BOM", "semicolons", "UTF-16", "sep=", "blanks", "backslashes", "absolute", "index"],
)
def test_spellings_of_the_same_list(folder: Path, text: str, encoding: str) -> None:
    with collect_remarks() as remarks:
        case = only(write(folder, text.replace("{folder}", str(folder)), encoding))
    assert len(remarks) == (encoding == "cp1252")
    assert case.image.samefile(folder / "images/a.png")
    assert case.mask.samefile(folder / "masks/a.png")
    assert case.carried == {"site": "Köln"}
    assert case.problem == ""


def test_pyradiomics_list_is_read_as_it_is(folder: Path) -> None:
    path = write(
        folder, "ID,Image,Mask,Label\np1,images/a.png,masks/a.png,1\np1,images/b.png,masks/b.png,1.0\n"
    )
    first, second = read_cohort(path).cases
    assert (first.label, second.label) == (1, 1)
    assert (first.id, second.id) == ("images/a", "images/b")
    assert first.carried == {"ID": "p1"}  # it repeats itself, so it names no case
    unique = write(folder, "ID,Image,Mask\nx,images/a.png,masks/a.png\ny,images/b.png,masks/b.png\n")
    assert [case.id for case in read_cohort(unique).cases] == ["x", "y"]


def test_decimal_comma_goes_with_semicolons(folder: Path) -> None:
    path = write(folder, "image;mask;bmi\nimages/a.png;masks/a.png;23,5\nimages/b.png;masks/b.png;NA\n")
    assert [case.carried["bmi"] for case in read_cohort(path).cases] == [23.5, None]


def test_ids_are_made_from_files_and_not_from_places(folder: Path) -> None:
    lines = [
        "images/a.png,masks/a.png,1", "images/a.png,masks/b.png,1", "images/a.png,masks/b.png,2",
        "images/b.png,masks/b.png,", "bilder/größe 1.nii.gz,masks/a.png,", "series,masks/a.png,",
    ]  # fmt: skip
    ids = [
        "images/a|masks/a", "images/a|masks/b|1", "images/a|masks/b|2",
        "images/b", "bilder/größe 1", "series",
    ]  # fmt: skip
    for order in (range(6), reversed(range(6))):
        chosen = list(order)
        path = write(folder, "image,mask,label\n" + "\n".join(lines[n] for n in chosen))
        assert [case.id for case in read_cohort(path).cases] == [ids[n] for n in chosen]


def test_names_composed_otherwise_than_on_disk_are_found(folder: Path) -> None:
    decomposed = "bilder/gro\u0308ße 1.nii.gz"
    assert only(write(folder, f"image,mask\n{decomposed},masks/a.png\n")).problem == ""


def test_problems_of_single_cases_do_not_stop_the_others(folder: Path) -> None:
    path = write(
        folder,
        "case_id,image,mask,label\n"
        "1,images/a.png,masks/a.png,\n"
        "\n"
        "2,images/none.png,masks/none.png,\n"
        "1,images/b.png,masks/b.png,\n"
        "3,images/b.png,masks/b.png,malignant\n"
        "4,images/b.png,masks/b.png,0\n"
        "5,images/b.png,,\n"
        "6,images/b.png,masks/b.png,1,more\n",
    )
    cohort = read_cohort(path)
    assert [bool(case.problem) for case in cohort.cases] == [False] + [True] * 6
    expected = [
        ("line 4 (2): ", "there is no image", "there is no mask"),
        ("line 5 (1): ", "case_id '1' is already on line 2"),
        ("line 6 (3): ", "label 'malignant' is no mask value"),
        ("line 7 (4): ", "label '0' is no mask value"),
        ("line 8 (5): ", "names no mask"),
        ("line 9 (6): ", "has 5 values for 4 columns"),
    ]
    for problem, parts in zip(cohort.problems, expected, strict=True):
        assert problem.startswith(parts[0])
        assert all(part in problem for part in parts)
    with pytest.raises(CohortError) as caught:
        cohort.require_sound()
    assert "6 problems in 7 cases" in str(caught.value)
    assert all(problem in str(caught.value) for problem in cohort.problems)


def test_the_same_case_twice_is_a_problem(folder: Path) -> None:
    path = write(folder, "image,mask\nimages/a.png,masks/a.png\nimages/a.png,masks/a.png\n")
    assert [bool(case.problem) for case in read_cohort(path).cases] == [False, True]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("imgae,mask\na,b\n", ["has no column 'image': did you mean 'imgae'?"]),
        (
            "path,outcome\na,b\n",
            ["has no column 'image'", "has no column 'mask'", "its columns are path, outcome"],
        ),
        ("p,q,r,s,t,u,v\na,b,c,d,e,f,g\n", ["its columns are p, q, r, s, t and 2 more"]),
        ("image,mask,age,age\na,b,1,2\n", ["column 'age' is there 2 times"]),
        ("image,Image,mask\na,b,c\n", ["columns 'Image' and 'image' mean the same"]),
        ("image,mask\n\n", ["holds no case"]),
        ("", ["the file is empty"]),
        ("image,mask\0\na,b\n", ["it is no text"]),
    ],
)
def test_lists_that_cannot_be_used(folder: Path, text: str, messages: list[str]) -> None:
    with pytest.raises(CohortError) as caught:
        read_cohort(write(folder, text))
    assert all(message in str(caught.value) for message in messages)


@pytest.mark.parametrize("name", ["cases.xlsx", "cases.parquet", "cases.csv", "cases.json", "none.csv"])
def test_files_that_are_not_what_they_are_called(folder: Path, name: str) -> None:
    if not name.startswith("none"):
        (folder / name).write_bytes(b"\x00\x01\x02 nothing")
    with pytest.raises(CohortError, match=name):
        read_cohort(folder / name)


@pytest.mark.parametrize("ending", ["xlsx", "parquet", "csv"])
def test_tables_of_other_programs_are_the_same_list(folder: Path, ending: str) -> None:
    frame = pd.DataFrame(
        {
            "case_id": ["01", "02"],
            "patient_id": [7, 8],
            "image": ["images/a.png", "images/b.png"],
            "mask": ["masks/a.png", "masks/b.png"],
            "label": [1.0, None],
            "age": [47, 52],
            "bmi": [23.5, None],
            "site": ["Köln", None],
        }
    )
    path = folder / f"list.{ending}"
    if ending == "xlsx":
        frame.to_excel(path, index=False)
    elif ending == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path)
    first, second = read_cohort(path).cases
    assert (first.id, first.patient_id, first.label, first.line) == ("01", "7", 1, 2)
    assert first.carried == {"age": 47, "bmi": 23.5, "site": "Köln"}
    assert (second.id, second.label, second.line) == ("02", None, 3)
    assert second.carried == {"age": 52, "bmi": None, "site": None}
    assert not second.problem


def test_label_channel_of_a_list_is_read_by_line_and_handed_on(folder: Path) -> None:
    path = write(
        folder, "image,mask,Label channel\nimages/a.png,masks/a.png,0\nimages/b.png,masks/b.png,2\n,,red\n"
    )
    cohort = read_cohort(path)
    assert [case.label_channel for case in cohort.cases] == [0, 2, None]
    assert ["label_channel" in case.problem for case in cohort.cases] == [False, False, True]
    assert cohort.carried_columns == ("label_channel",)
    assert cohort.cases[1].carried == {"label_channel": "2"}


def test_real_list(data_dir: Path) -> None:
    cohort = read_cohort(data_dir / "busbra" / "cases.csv")
    assert len(cohort.cases) == 1492
    assert cohort.problems == ()
    assert cohort.cases[0].patient_id == "0001"
    assert {type(case.carried["fold"]) for case in cohort.cases} == {int}


@pytest.mark.parametrize("cells", [["20230101000000000001", "20230101000000000002"], ["1e400", "2"]])
def test_numbers_that_would_change_stay_text(cells: list[str]) -> None:
    assert typed(cells) == cells


@pytest.mark.parametrize(
    ("cells", "meant"),
    [
        (["12E3", "7"], ["12E3", "7"]),
        (["1.5", "2E3"], [1.5, 2000.0]),
        (["1,5", "2", None], [1.5, 2.0, None]),
        (["1,5", "2.5"], ["1,5", "2.5"]),
        (["1,234", "2,500"], ["1,234", "2,500"]),
        (["#DIV/0!", "2"], [None, 2]),
        (["a,b", "1,5"], ["a,b", "1,5"]),
        ([2**63, 1], [str(2**63), "1"]),
        ([Decimal("NaN"), Decimal("1.5")], [None, 1.5]),
        ([timedelta(days=1), "x"], ["1 day, 0:00:00", "x"]),
        ([[1], None], ["[1]", None]),
    ],
)
def test_what_cells_mean(cells: list[object], meant: list[object]) -> None:
    with collect_remarks():
        assert typed(cells, "age") == meant


def test_the_patient_by_any_heading(folder: Path) -> None:
    for heading in ("PatientID", "patient id", "patientid", "SubjectID", "Patient-Id"):
        case = only(write(folder, f"image,mask,{heading}\nimages/a.png,masks/a.png,12E3\n"))
        assert case.patient_id == "12E3"


def test_a_list_in_gbk_is_named(folder: Path) -> None:
    path = write(folder, "image,mask,医院\nimages/a.png,masks/a.png,北京大学第一医院\n", "gbk")
    with pytest.raises(CohortError, match="Chinese text in GBK"):
        read_cohort(path)
    with collect_remarks() as remarks:  # two umlauts in a row are no Chinese
        case = only(write(folder, "image,mask,site\nimages/a.png,masks/a.png,Größe\n", "cp1252"))
    assert case.carried == {"site": "Größe"}
    assert len(remarks) == 1


def test_guarded_text_is_what_it_was(folder: Path) -> None:
    case = only(write(folder, "case_id,image,mask,site\n'=1+1,images/a.png,masks/a.png,'t Veer\n"))
    assert case.id == "=1+1"
    assert case.carried == {"site": "'t Veer"}
