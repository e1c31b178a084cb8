"""Feature tables as CSV: of this package, bit for bit, and of other programs, as they write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from radiomics_screen.core.column_names import has_form_of_feature
from radiomics_screen.core.columns import IDENTITY, STATUS
from radiomics_screen.core.delimited_text import Dialect, decoded, dialect_of, rows_of
from radiomics_screen.core.headings import IDENTITY_NAMES, plain_heading
from radiomics_screen.core.text_cells import RUN_BY_SPREADSHEETS, typed

#: Types of carried columns that are text.
TEXT_KINDS = ("str", "string", "object")
_TYPES = {
    "bool": pa.bool_(),
    "boolean": pa.bool_(),
    "int64": pa.int64(),
    "Int64": pa.int64(),
    "float64": pa.float64(),
}
_TEXT = {*IDENTITY, *STATUS} - {"label", "seconds"}
#: Not pandas' own words for missing values: "NA" and "None" may be somebody's identifier.
_NULLS = ["", "nan", "NaN"]
_HEAD = 1 << 20
#: What a spreadsheet would take for a formula, an apostrophe before it or not; a number is none.
_FORMULA = rf"^'*{RUN_BY_SPREADSHEETS}"
_NUMBER = r"^[+\-]?(\d+\.?\d*|\.\d+)([eE][+\-]?\d+)?$"


def read_csv(path: Path, provenance: Mapping[str, Any]) -> pa.Table:
    """Read a table; columns have the types that the provenance tells, and else those of their cells.

    Raises
    ------
    pyarrow.ArrowException, OSError, UnicodeError, csv.Error
        It is no table.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not _is_plain(head):
        return _parsed(_rewritten(path), provenance)
    try:
        return _parsed(path, provenance)
    except pa.ArrowInvalid as failure:
        if "UTF" not in str(failure):
            raise
        return _parsed(_rewritten(path), provenance)


def _is_plain(head: bytes) -> bool:
    """Tell whether a table that begins so can be parsed as it is: UTF-8, no decimal comma."""
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(head) < _HEAD or error.start < len(head) - 4:  # a letter that is cut off is no fault
            return False
        text = head[: error.start].decode("utf-8-sig")
    dialect = dialect_of(text)
    return "\0" not in text and dialect.separator != ";" and not dialect.is_declared


def _rewritten(path: Path) -> bytes:
    """Return a table in UTF-8 with commas between its cells and decimal points in them."""
    text = decoded(path.read_bytes(), str(path))
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows(
        cells for _, cells in rows_of(text, dialect_of(text)) if cells
    )
    return lines.getvalue().encode()


def _parsed(source: Path | bytes, provenance: Mapping[str, Any]) -> pa.Table:
    if isinstance(source, Path):
        with source.open("rb") as file:
            text = file.read(_HEAD).decode("utf-8-sig", errors="replace")
        dialect = dialect_of(text)
    else:
        text, dialect = source.decode(), Dialect(",", is_declared=False)
    names = next((cells for _, cells in rows_of(text, dialect)), [])
    told = _told_types(names, provenance)
    table = _arrow(source, dialect, told)
    own = [name for name in names if name and name not in told and not has_form_of_feature(name)]
    table = _with_own_types(table, source, dialect, own) if len(set(names)) == len(names) else table
    return _with_empty_features(_without_apostrophes(table))


def _told_types(names: list[str], provenance: Mapping[str, Any]) -> dict[str, pa.DataType]:
    """Return the types of columns that need not be guessed."""
    known = {alias for ours in ("case_id", "patient_id", "image", "mask") for alias in IDENTITY_NAMES[ours]}
    types: dict[str, pa.DataType] = dict.fromkeys(_TEXT, pa.string())
    types |= {name: pa.string() for name in names if plain_heading(name) in known}
    types |= dict.fromkeys(provenance.get("features", ()), pa.float64())
    for name, kind in {**provenance.get("carried", {}), "label": "Int64"}.items() if provenance else ():
        found = _TYPES.get(kind, pa.string() if kind in TEXT_KINDS else None)
        types |= {name: found} if found else {}
    return types


def _arrow(
    source: Path | bytes, dialect: Dialect, types: Mapping[str, pa.DataType], only: list[str] | None = None
) -> pa.Table:
    parse = pa.csv.ParseOptions(newlines_in_values=True, delimiter=dialect.separator)
    convert = pa.csv.ConvertOptions(column_types=dict(types), null_values=_NULLS, include_columns=only)
    opened = source if isinstance(source, Path) else io.BytesIO(source)
    return pa.csv.read_csv(opened, parse_options=parse, convert_options=convert)


def _with_own_types(table: pa.Table, source: Path | bytes, dialect: Dialect, names: list[str]) -> pa.Table:
    """Type carried columns by the rules of lists of cases, where Arrow's would change what they say."""
    guessed = [
        name
        for name in names
        if pa.types.is_integer(kind := table.schema.field(name).type)
        or pa.types.is_floating(kind)
        or pa.types.is_string(kind)
    ]
    if not guessed:
        return table
    texts = _arrow(source, dialect, dict.fromkeys(guessed, pa.string()), guessed)
    for name in guessed:
        cells = typed([text.strip() if text else None for text in texts[name].to_pylist()], name)
        is_text = any(isinstance(cell, str) for cell in cells)
        if is_text != pa.types.is_string(table.schema.field(name).type):
            column = texts[name] if is_text else pa.array(cells)
            table = table.set_column(table.column_names.index(name), name, column)
    return table


def _with_empty_features(table: pa.Table) -> pa.Table:
    """Make numbers of features without any value, which a file of text does not know as such."""
    for number, field in enumerate(table.schema):
        if pa.types.is_null(field.type) and has_form_of_feature(field.name):
            table = table.set_column(number, field.name, table.column(number).cast(pa.float64()))
    return table


def write_csv(table: pa.Table, path: Path) -> None:
    """Write a table; text that a spreadsheet would run as a formula stands behind an apostrophe."""
    for number, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            column = table.column(number)
            formula = pc.and_(
                pc.match_substring_regex(column, _FORMULA),
                pc.invert(pc.match_substring_regex(column, _NUMBER)),
            )
            if pc.any(formula).as_py():
                guarded = pc.if_else(
                    formula, pc.replace_substring_regex(column, "^", "'", max_replacements=1), column
                )
                table = table.set_column(number, field, guarded.cast(field.type))
    pa.csv.write_csv(table, path)


def _without_apostrophes(table: pa.Table) -> pa.Table:
    """Take away what :func:`write_csv` put before text that looks like a formula."""
    for number, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            column = table.column(number)
            if pc.any(pc.starts_with(column, "'")).as_py():
                table = table.set_column(
                    number, field, pc.replace_substring_regex(column, rf"^'('*{RUN_BY_SPREADSHEETS})", r"\1")
                )
    return table
