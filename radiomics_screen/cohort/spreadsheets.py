"""The file behind a cohort: CSV, Excel or Parquet into lines of named cells, whatever wrote it."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from radiomics_screen.core.errors import CohortError

MISSING = frozenset({"", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL"})

_WHOLE = re.compile(r"[+-]?(0|[1-9]\d{0,17})")  # no leading zeros: 0012 is a name
_DECIMAL = re.compile(r"[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")

Cells = dict[str, Any]

TOO_MANY = "\0too many"  # key of the remark on a line with more cells than the header


def read_rows(path: Path) -> tuple[list[str], list[tuple[int, Cells]]]:
    """Return the header, and ``(line, {column: cell})`` of every line that is not empty."""
    ending = path.suffix.lower()
    readers = {".csv": _read_text, ".tsv": _read_text, ".txt": _read_text, ".xlsx": _read_excel}
    readers |= {".parquet": _read_parquet}
    if ending not in readers:
        raise CohortError(f"{path}: ending '{ending}' is unknown; give a .csv, .xlsx or .parquet file")
    if not path.is_file():
        raise CohortError(f"{path}: there is no such file; check the path")
    lines = [(n, [_trimmed(c) for c in cells]) for n, cells in readers[ending](path)]
    lines = [(n, cells) for n, cells in lines if any(c is not None for c in cells)]
    if not lines:
        raise CohortError(
            f"{path}: the file is empty; its first line must name the columns (image, mask, ...)"
        )
    header = ["" if _is_index(name) else str(name) for name in lines[0][1]]
    rows = []
    for line, cells in lines[1:]:
        row = dict(zip(header, cells, strict=False))
        if any(c is not None for c in cells[len(header) :]):
            row[TOO_MANY] = f"has {len(cells)} values for {len(header)} columns"
        rows.append((line, row))
    return header, rows


def _is_index(name: Any) -> bool:
    """Tell whether a column has no name, or the one that pandas gives its row numbers."""
    return name is None or re.fullmatch(r"__index_level_\d+__|Unnamed: \d+", str(name)) is not None


def _trimmed(cell: Any) -> Any:
    """Strip text, and make None of what means nothing."""
    if isinstance(cell, str):
        cell = cell.strip()
        return None if cell == "" else cell
    return None if cell is None or cell != cell else cell  # NaN is unlike itself


def _read_text(path: Path) -> Iterable[tuple[int, list[Any]]]:
    try:
        text = _decoded(path.read_bytes())
        head, _, rest = text.partition("\n")
        told = re.fullmatch(r"\s*sep=(.)\s*", head, re.IGNORECASE)  # Excel's own first line
        first = next((line for line in (rest if told else text).splitlines() if line.strip()), "")
        unquoted = re.sub(r'"[^"]*"', "", first)
        delimiter = told.group(1) if told else max(",;\t|", key=unquoted.count)
        reader = csv.reader(io.StringIO(rest if told else text, newline=""), delimiter=delimiter)
        rows = []
        line = 1 + bool(told)
        for cells in reader:
            rows.append((line, [_with_point(c) if delimiter == ";" else c for c in cells]))
            line = 1 + bool(told) + reader.line_num
        return rows
    except (OSError, csv.Error, UnicodeError) as error:
        raise CohortError(f"{path}: cannot be read as a table of text: {error}") from error


def _decoded(content: bytes) -> str:
    """Decode as UTF-8 or UTF-16 by its mark, and else as what Windows programs write."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    if b"\0" in content:
        raise UnicodeError("it is no text; give it the ending of what it is (.xlsx, .parquet)")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def _with_point(cell: str) -> str:
    """Turn a decimal comma, which goes with semicolons between the cells, into a point."""
    return cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell.strip()) else cell


def _read_excel(path: Path) -> Iterable[tuple[int, list[Any]]]:
    from zipfile import BadZipFile

    import openpyxl  # takes long to import, and few lists are Excel sheets
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            return [(n, list(row)) for n, row in enumerate(book.worksheets[0].values, start=1)]
        finally:
            book.close()
    except (OSError, BadZipFile, InvalidFileException, KeyError, ValueError, IndexError) as error:
        raise CohortError(f"{path}: cannot be read as an Excel sheet: {error}; save it as .csv") from error


def _read_parquet(path: Path) -> Iterable[tuple[int, list[Any]]]:
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(path).read()
    except (OSError, pyarrow.ArrowException) as error:
        raise CohortError(f"{path}: cannot be read as Parquet: {error}") from error
    columns = [column.to_pylist() for column in table.columns]
    return [
        (1, list(table.column_names)),
        *enumerate((list(row) for row in zip(*columns, strict=True)), start=2),
    ]


def text_of(cell: Any) -> str | None:
    """Return a cell as text; a whole number stored as a float without its point."""
    if cell is None or (isinstance(cell, str) and cell in MISSING):
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _would_change(cell: str | None, number: float | None) -> bool:
    """Tell whether a number cannot stand for its text: a long identifier, or beyond what floats hold."""
    if cell is None or number is None:
        return False
    return not math.isfinite(number) or (cell.lstrip("+-").isdigit() and int(number) != int(cell))


def typed(cells: list[Any]) -> list[Any]:
    """Return a carried column with one type: bool, int, float or text, None where a cell is missing."""
    cells = [None if isinstance(c, str) and c in MISSING else c for c in cells]
    cells = [c.isoformat() if isinstance(c, datetime | date | time) else c for c in cells]
    cells = [float(c) if isinstance(c, Decimal) else c for c in cells]
    known = [c for c in cells if c is not None]
    types = {type(c) for c in known}
    if types == {str}:
        for pattern, kind in ((_WHOLE, int), (_DECIMAL, float)):
            if all(pattern.fullmatch(c) for c in known):
                numbers = [None if c is None else kind(c) for c in cells]
                return (
                    cells
                    if any(_would_change(c, n) for c, n in zip(cells, numbers, strict=True))
                    else numbers
                )
        return cells
    if types in ({bool}, {int}, {float}):
        return cells
    if types == {int, float}:
        return [None if c is None else float(c) for c in cells]
    return [text_of(c) for c in cells]
