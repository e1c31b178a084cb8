"""Excel sheets that are damaged, or unfold to far more than they weigh."""

from __future__ import annotations

import io
import random
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest

from radiomics_screen.cohort import excel
from radiomics_screen.cohort.cases import read_cohort
from radiomics_screen.core.errors import CohortError


@pytest.fixture(scope="module")
def sheet() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["case_id", "image", "mask", "age"])
    for number in range(5):
        book.active.append([f"c{number}", f"{number}.png", f"m{number}.png", 40.5 + number])
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def with_part(sheet: bytes, name: str, content: bytes) -> bytes:
    held = io.BytesIO()
    with ZipFile(io.BytesIO(sheet)) as old, ZipFile(held, "w", ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, content if part == name else old.read(part))
    return held.getvalue()


def problem(folder: Path, content: bytes) -> str:
    path = folder / "cases.xlsx"
    path.write_bytes(content)
    with pytest.raises(CohortError) as refused:
        read_cohort(path)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("name", ["cases_broken_1.xlsx", "cases_broken_2.xlsx"])
def test_sheets_that_ended_in_a_traceback(cases_dir: Path, name: str) -> None:
    with pytest.raises(CohortError, match="save"):
        read_cohort(cases_dir / name)


def test_what_unpacks_to_too_much_is_not_unpacked(tmp_path: Path, sheet: bytes) -> None:
    bomb = with_part(sheet, "xl/worksheets/sheet1.xml", b" " * (excel.MOST_BYTES + 1))
    assert len(bomb) < 1 << 20
    assert "unpacks to 512 MiB" in problem(tmp_path, bomb)


def test_xml_with_entities_is_refused(tmp_path: Path, sheet: bytes) -> None:
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><sst>&b;</sst>'
    for encoding in ("utf-8", "utf-16"):
        text = laughs.decode().encode(encoding)
        assert "definitions of its own" in problem(tmp_path, with_part(sheet, "xl/workbook.xml", text))


def test_a_sheet_of_too_many_cells_is_refused(
    tmp_path: Path, sheet: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "MOST_CELLS", 20)
    assert "more than 20 cells" in problem(tmp_path, sheet)


def test_damage_anywhere_is_a_sentence_or_a_list(tmp_path: Path, sheet: bytes) -> None:
    rng = random.Random(7)
    path = tmp_path / "cases.xlsx"
    with ZipFile(io.BytesIO(sheet)) as parts:
        content = {name: parts.read(name) for name in parts.namelist()}
    refused = 0
    for _ in range(60):
        name = rng.choice([part for part in content if part.endswith(".xml")])
        damaged = bytearray(content[name])
        for _ in range(rng.randint(1, 6)):
            place = rng.randrange(len(damaged))
            damaged[place : place + rng.randrange(4)] = rng.randbytes(rng.randrange(4))
        path.write_bytes(with_part(sheet, name, bytes(damaged)))
        try:
            read_cohort(path)
        except CohortError:
            refused += 1
    assert refused > 10


def test_what_openpyxl_says_of_a_damaged_archive_does_not_quote_the_file(
    tmp_path: Path, sheet: bytes
) -> None:
    """A file name of another length makes zipfile repeat all that follows."""
    place = sheet.index(b"docProps/app.xml") - 4  # the length of the name, in the file's own header
    told = problem(tmp_path, sheet[:place] + b"\xff\x0f" + sheet[place + 2 :])
    assert "cannot be read as an Excel sheet (BadZipFile: " in told
    assert len(told) < 500
    assert "save it as .csv" in told
