"""What the cells of a table of text mean: numbers, words, nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from radiomics_screen.core.remarks import add_remark

#: Words for a value that is not there.
MISSING = frozenset({"", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL"})
#: What a spreadsheet writes where it could not calculate.
ERRORS = frozenset({"#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"})

#: Pattern of the first character of text that a spreadsheet takes for a formula.
RUN_BY_SPREADSHEETS = r"[=+\-@\t\r]"

_WHOLE = re.compile(r"[+-]?(0|[1-9]\d{0,17})")  # no leading zeros: 0012 is a name
_DECIMAL = re.compile(r"[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?(0|[1-9]\d*),\d+")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
#: Digits, a bare E and digits: as good an identifier (12E3) as a number.
_LIKE_A_CODE = re.compile(r"\d+[eE]\d+")
_WIDEST = 2**63


def is_missing(cell: Any) -> bool:
    """Tell whether a cell holds nothing, or what a spreadsheet writes in place of a result."""
    return cell is None or (isinstance(cell, str) and (cell in MISSING or cell in ERRORS))


def text_of(cell: Any) -> str | None:
    """Return a cell as text; a whole number stored as a float without its point."""
    if is_missing(cell):
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def with_point(cell: str) -> str:
    """Turn a decimal comma, which goes with semicolons between the cells, into a point.

    >>> with_point("-1,5"), with_point("a,b")
    ('-1.5', 'a,b')
    """
    return cell.replace(",", ".") if re.fullmatch(r"[+-]?\d*,\d+([eE][+-]?\d+)?", cell.strip()) else cell


def typed(cells: list[Any], name: str = "") -> list[Any]:
    """Return the cells of a column with one type: bool, int, float or text, None where one is missing.

    Text becomes numbers where every cell is one, and none could be an identifier (0012, 12E3, more digits
    than a number keeps). Numbers with decimal commas are read as such, with a remark that names the column.
    """
    if failed := sorted({c for c in cells if isinstance(c, str) and c in ERRORS}):
        add_remark(f"column '{name}': {', '.join(failed)} of a spreadsheet is taken as missing")
    cells = [None if is_missing(c) else _plain(c) for c in cells]
    known = [c for c in cells if c is not None]
    types = {type(c) for c in known}
    if types == {str}:
        return _numbers(cells, name) or cells
    if types == {int, float}:
        types, cells = {float}, [None if c is None else float(c) for c in cells]
    too_wide = any(isinstance(c, int) and not -_WIDEST <= c < _WIDEST for c in known)
    return cells if types in ({bool}, {int}, {float}) and not too_wide else [text_of(c) for c in cells]


def _plain(cell: Any) -> Any:
    """Return a cell as text, a number or a truth value; dates and spans of time become text."""
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return float(cell) if cell.is_finite() else None
    if isinstance(cell, float):
        return None if math.isnan(cell) else cell
    return cell if isinstance(cell, str | bool | int) else str(cell)


def _numbers(cells: list[Any], name: str) -> list[Any] | None:
    """Return texts as numbers, or None where they are none, or had better stay what they are."""
    known = [c for c in cells if c is not None]
    commas = [c for c in known if _DECIMAL_COMMA.fullmatch(c)]
    if commas and all(_DECIMAL_COMMA.fullmatch(c) or _DECIMAL.fullmatch(c) for c in known):
        if any("." in c for c in known) or all(_THOUSANDS.fullmatch(c) for c in commas):
            add_remark(
                f"column '{name}': it is not clear what the comma in '{commas[0]}' means, so the column is "
                "taken as text; write numbers with a decimal point"
            )
            return None
        add_remark(f"column '{name}' is read with decimal commas: '{commas[0]}' is {with_point(commas[0])}")
        known = [with_point(c) for c in known]
        cells = [None if c is None else with_point(c) for c in cells]
    if may_be_codes(known):
        return None
    for pattern, kind in ((_WHOLE, int), (_DECIMAL, float)):
        if all(pattern.fullmatch(c) for c in known):
            numbers = [None if c is None else kind(c) for c in cells]
            changed = any(_would_change(c, n) for c, n in zip(cells, numbers, strict=True))
            return None if changed else numbers
    return None


def may_be_codes(cells: Iterable[str]) -> bool:
    """Tell whether texts that look like numbers are as likely identifiers, which a number would change.

    >>> may_be_codes(["0012", "0013"]), may_be_codes(["12E3", "7"]), may_be_codes(["1.5", "2E3", "-1E-5"])
    (True, True, False)
    """
    cells = list(cells)
    if any(re.fullmatch(r"0\d+", c) for c in cells):
        return True
    if any(re.search(r"\.|[eE][+-]|^[+-]", c) for c in cells):
        return False
    return any(_LIKE_A_CODE.fullmatch(c) for c in cells)


def _would_change(cell: str | None, number: float | None) -> bool:
    """Tell whether a number cannot stand for its text: a long identifier, or beyond what floats hold."""
    if cell is None or number is None:
        return False
    return not math.isfinite(number) or (cell.lstrip("+-").isdigit() and int(number) != int(cell))


def with_guard(cell: str) -> str:
    """Return a cell of text behind an apostrophe where a spreadsheet would run it.

    >>> with_guard("=A1"), with_guard("'=A1"), with_guard("'t Veer")
    ("'=A1", "''=A1", "'t Veer")
    """
    return f"'{cell}" if re.match(rf"'*{RUN_BY_SPREADSHEETS}", cell) else cell


def without_guard(cell: str) -> str:
    """Return a cell of text without the apostrophe that keeps spreadsheets from running it.

    >>> without_guard("'=A1"), without_guard("'t Veer")
    ('=A1', "'t Veer")
    """
    return cell[1:] if re.match(rf"'+{RUN_BY_SPREADSHEETS}", cell) else cell
