"""The list of cases: read from CSV, Excel or Parquet, and checked as a whole before any work starts."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from radiomics_screen.errors import CohortError, did_you_mean

#: What a column may be called, the first name being its own; case, blanks and hyphens do not count.
NAMES = {
    "case_id": ("case_id", "case", "id"),
    "patient_id": ("patient_id", "patient", "subject_id", "subject"),
    "image": ("image", "image_path", "image_file"),
    "mask": ("mask", "mask_path", "mask_file"),
    "label": ("label", "mask_label"),
}
MISSING = frozenset({"", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL"})

_WHOLE = re.compile(r"[+-]?(0|[1-9]\d{0,17})")  # no leading zeros: 0012 is a name
_DECIMAL = re.compile(r"[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")

Cells = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One lesion to measure.

    Attributes
    ----------
    id
        Unique name; made from the image's path where the file gives none.
    patient_id
        Whose lesion it is; None where the file does not say.
    image, mask
        Files, or folders with one DICOM series.
    label
        Mask value that marks the lesion; None takes the one value there is.
    line
        Line of the file, its header being line 1.
    carried
        Every other column: outcome, clinical variables, folds.
    problem
        Why the case cannot be measured; "" where nothing speaks against it.
    """

    id: str
    patient_id: str | None
    image: Path
    mask: Path
    label: int | None
    line: int
    carried: Mapping[str, Any]
    problem: str = ""


@dataclass(frozen=True)
class Cohort:
    """All cases of one file, in its order.

    Attributes
    ----------
    path
        The file.
    cases
        Every line, those with a problem included.
    carried_columns
        Names of the columns that are handed on to the table, in the order of the file.
    problems
        What is wrong with single cases, with the number of the line.
    """

    path: Path
    cases: tuple[Case, ...]
    carried_columns: tuple[str, ...]
    problems: tuple[str, ...]

    def require_sound(self) -> None:
        """Raise a :class:`CohortError` with all problems if there are any."""
        if self.problems:
            listed = "".join(f"\n  {problem}" for problem in self.problems)
            raise CohortError(
                f"{self.path}: {len(self.problems)} problems in {len(self.cases)} cases:{listed}"
            )


def read_cohort(path: str | Path) -> Cohort:
    """Read a list of cases.

    Parameters
    ----------
    path
        ``.csv`` (also ``.tsv``, ``.txt``), ``.xlsx`` or ``.parquet`` with the columns image, mask and,
        if wanted, case_id, patient_id and label. Paths in it are relative to its folder.

    Raises
    ------
    CohortError
        The file cannot be used at all; every reason is listed. What is wrong with single cases is
        in :attr:`Cohort.problems` and on the case instead.
    """
    path = Path(path)
    header, rows = _read_rows(path)
    columns, problems = _columns(header)
    if not rows:
        problems.append("holds no case")
    if problems:
        raise CohortError(f"{path}: cannot be used: {'; '.join(problems)}")
    carried = [name for name in header if name and name not in columns.values()]
    if "case_id" in columns and not _is_case_id(columns["case_id"], rows):
        carried = [name for name in header if name in {*carried, columns["case_id"]}]
        del columns["case_id"]
    values = {name: _typed([cells.get(name) for _, cells in rows]) for name in carried}
    cases = [
        _case(path, line, cells, columns, {name: values[name][n] for name in carried})
        for n, (line, cells) in enumerate(rows)
    ]
    cases = _without_twins(_named(path, cases))
    problems = [f"line {case.line} ({case.id}): {case.problem}" for case in cases if case.problem]
    return Cohort(path, tuple(cases), tuple(carried), tuple(problems))


def _columns(header: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return ``{our name: the file's name}`` and what is wrong with the header."""
    problems = [f"column '{n}' is there {k} times" for n, k in Counter(header).items() if n and k > 1]
    found: dict[str, str] = {}
    for ours, names in NAMES.items():
        for alias in names:
            matching = sorted({n for n in header if _plain(n) == alias})
            if len(matching) > 1:
                problems.append(f"columns {' and '.join(map(repr, matching))} mean the same")
            if matching and ours not in found:
                found[ours] = matching[0]
    for ours in ("image", "mask"):
        if ours not in found:
            named = [n for n in header if n]
            hint = did_you_mean(ours, named) if named else ""
            problems.append(f"has no column '{ours}'{hint.replace('known are', 'its columns are')}")
    return found, problems


def _plain(name: str) -> str:
    return re.sub(r"[\s\-]+", "_", name.strip().lower())


def _is_case_id(column: str, rows: Sequence[tuple[int, Cells]]) -> bool:
    """Tell whether a column names cases; one headed "ID" often names patients and repeats itself."""
    ids = [_text(cells.get(column)) for _, cells in rows]
    return _plain(column) == "case_id" or (None not in ids and len(set(ids)) == len(ids))


def _case(path: Path, line: int, cells: Cells, columns: Mapping[str, str], carried: Cells) -> Case:
    given = {ours: _text(cells.get(theirs)) for ours, theirs in columns.items()}
    problems = [str(cells[_TOO_MANY])] if _TOO_MANY in cells else []
    files = {}
    for what in ("image", "mask"):
        text = given[what]
        files[what] = _file(path.parent, text) if text else Path()
        if not text:
            problems.append(f"names no {what}")
        elif not _exists(files[what]):
            problems.append(f"there is no {what} {files[what]}")
    label = None
    if given.get("label"):
        try:
            label = _label(given["label"] or "")
        except ValueError as error:
            problems.append(str(error))
    return Case(
        id=given.get("case_id") or "",
        patient_id=given.get("patient_id"),
        image=files["image"],
        mask=files["mask"],
        label=label,
        line=line,
        carried=carried,
        problem="; ".join(problems),
    )


def _label(text: str) -> int:
    if not re.fullmatch(r"\+?\d{1,18}([.,]0*)?", text) or not int(re.split("[.,]", text)[0]):
        raise ValueError(
            f"label '{text}' is no mask value (a whole number from 1); "
            "an outcome belongs in a column of another name"
        )
    return int(re.split("[.,]", text)[0])


def _file(folder: Path, text: str) -> Path:
    """Return the path that is meant: Windows separators and composed or decomposed letters included."""
    spellings = [text, text.replace("\\", "/")]
    spellings += [unicodedata.normalize(form, s) for form in ("NFC", "NFD") for s in spellings]
    paths = [folder / Path(s).expanduser() for s in dict.fromkeys(spellings) if "\0" not in s]
    return next((p for p in paths if _exists(p)), paths[0] if paths else Path())


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long, a folder that may not be entered
        return False


def _named(path: Path, cases: list[Case]) -> list[Case]:
    """Give a name to the cases that have none: the image, and mask and label where that is not enough."""
    steps: tuple[Callable[[Case], str], ...] = (
        lambda case: _stem(path.parent, case.image),
        lambda case: f"{_stem(path.parent, case.image)}|{_stem(path.parent, case.mask)}",
        lambda case: f"{_stem(path.parent, case.image)}|{_stem(path.parent, case.mask)}|{case.label}",
    )
    nameless = [n for n, case in enumerate(cases) if not case.id]
    for name in steps:
        counts = Counter(name(cases[n]) for n in nameless)
        unique = name is steps[-1]
        for n in nameless:
            if unique or counts[name(cases[n])] == 1:
                cases[n] = replace(cases[n], id=name(cases[n]))
        nameless = [n for n in nameless if not cases[n].id]
    return cases


def _stem(folder: Path, file: Path) -> str:
    """Return a file's path below the folder of the list, without its ending."""
    text = (file.relative_to(folder) if file.is_relative_to(folder) else file).as_posix()
    known = r"\.(nii|nii\.gz|nrrd|nhdr|mha|mhd|dcm|png|jpe?g|bmp|tiff?|pgm|hdr|img)$"
    return re.sub(known, "", text, flags=re.IGNORECASE)


def _without_twins(cases: list[Case]) -> list[Case]:
    """Put a problem on every case whose name was taken by an earlier line."""
    first: dict[str, int] = {}
    checked = []
    for case in cases:
        if case.id in first:
            twin = f"case_id '{case.id}' is already on line {first[case.id]}"
            case = replace(case, problem="; ".join(filter(None, (case.problem, twin))))
        first.setdefault(case.id, case.line)
        checked.append(case)
    return checked


_TOO_MANY = "\0too many"  # key of the remark on a line with more cells than the header


def _read_rows(path: Path) -> tuple[list[str], list[tuple[int, Cells]]]:
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
    header = ["" if name is None else str(name) for name in lines[0][1]]
    rows = []
    for line, cells in lines[1:]:
        row = dict(zip(header, cells, strict=False))
        if any(c is not None for c in cells[len(header) :]):
            row[_TOO_MANY] = f"has {len(cells)} values for {len(header)} columns"
        rows.append((line, row))
    return header, rows


def _trimmed(cell: Any) -> Any:
    """Strip text, and make None of what means nothing."""
    if isinstance(cell, str):
        cell = cell.strip()
        return None if cell == "" else cell
    return None if cell is None or cell != cell else cell  # noqa: PLR0124 (NaN is the value unlike itself)


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


def _text(cell: Any) -> str | None:
    """Return a cell as text; a whole number stored as a float without its point."""
    if cell is None or (isinstance(cell, str) and cell in MISSING):
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _typed(cells: list[Any]) -> list[Any]:
    """Return a carried column with one type: bool, int, float or text, None where a cell is missing."""
    cells = [None if isinstance(c, str) and c in MISSING else c for c in cells]
    cells = [c.isoformat() if isinstance(c, datetime | date | time) else c for c in cells]
    cells = [float(c) if isinstance(c, Decimal) else c for c in cells]
    known = [c for c in cells if c is not None]
    types = {type(c) for c in known}
    if types == {str}:
        for pattern, kind in ((_WHOLE, int), (_DECIMAL, float)):
            if all(pattern.fullmatch(c) for c in known):
                return [None if c is None else kind(c) for c in cells]
        return cells
    if types in ({bool}, {int}, {float}):
        return cells
    if types == {int, float}:
        return [None if c is None else float(c) for c in cells]
    return [_text(c) for c in cells]
