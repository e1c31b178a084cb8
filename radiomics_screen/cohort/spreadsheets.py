"""The file behind a cohort: CSV, Excel or Parquet into lines of named cells, whatever wrote it."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from radiomics_screen.cohort.excel import MOST_CELLS, read_excel
from radiomics_screen.core.delimited_text import decoded, dialect_of, rows_of
from radiomics_screen.core.errors import CohortError
from radiomics_screen.core.parquet_files import read_parquet
from radiomics_screen.core.printable import cause_of
from radiomics_screen.core.text_cells import without_guard

Cells = dict[str, Any]

TOO_MANY = "\0too many"  # key of the remark on a line with more cells than the header


def read_rows(path: Path) -> tuple[list[str], list[tuple[int, Cells]]]:
    """Return the header, and ``(line, {column: cell})`` of every line that is not empty."""
    ending = path.suffix.lower()
    readers = {".csv": _read_text, ".tsv": _read_text, ".txt": _read_text, ".xlsx": read_excel}
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
        cell = without_guard(cell.strip())
        return None if cell == "" else cell
    return None if isinstance(cell, float) and math.isnan(cell) else cell


def _read_text(path: Path) -> Iterable[tuple[int, list[Any]]]:
    try:
        text = decoded(path.read_bytes(), str(path))
        return list(rows_of(text, dialect_of(text)))
    except (OSError, csv.Error, UnicodeError) as error:
        raise CohortError(f"{path}: cannot be read as a table of text: {cause_of(error)}") from error


def _read_parquet(path: Path) -> Iterable[tuple[int, list[Any]]]:
    import pyarrow

    try:
        table = read_parquet(path, MOST_CELLS)
        columns = [column.to_pylist() for column in table.columns]
    except (OSError, ValueError, OverflowError, pyarrow.ArrowException) as error:  # also a date beyond dates
        raise CohortError(f"{path}: cannot be read as Parquet: {cause_of(error)}") from error
    return [
        (1, list(table.column_names)),
        *enumerate((list(row) for row in zip(*columns, strict=True)), start=2),
    ]
