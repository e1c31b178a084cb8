"""The list of cases: read from CSV, Excel or Parquet, and checked as a whole before any work starts."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radiomics_screen.cohort.spreadsheets import TOO_MANY, Cells, read_rows
from radiomics_screen.core.errors import CohortError, did_you_mean
from radiomics_screen.core.headings import IDENTITY_NAMES, plain_heading
from radiomics_screen.core.text_cells import text_of, typed

if TYPE_CHECKING:
    from radiomics_screen.imaging.sources import ImageSource, MaskSource

#: The column that chooses a channel of the mask; it is handed on to the table under this name.
CHANNEL = "label_channel"

_NAMED = 5  # how many columns a message names


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
        Files, or folders with one DICOM series; or whatever else images and masks are opened from
        (:data:`radiomics_screen.imaging.sources.Source`), which becomes a source: bytes, arrays, SimpleITK
        images, objects that fetch them.
    label
        Mask value that marks the lesion; None takes the one value there is.
    line
        Line of the file, its header being line 1; 0 where there is none.
    carried
        Every other column: outcome, clinical variables, folds.
    problem
        Why the case cannot be measured; "" where nothing speaks against it.
    label_channel
        Channel of a mask with several values a voxel, from 0; None takes that of the settings.
    """

    id: str
    patient_id: str | None
    image: Path | ImageSource
    mask: Path | MaskSource
    label: int | None = None
    line: int = 0
    carried: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    label_channel: int | None = None

    def __post_init__(self) -> None:
        for name in ("image", "mask"):
            if not isinstance(given := getattr(self, name), Path):
                from radiomics_screen.imaging.sources import source_of

                object.__setattr__(self, name, source_of(given))

    @property
    def marks(self) -> tuple[Path | MaskSource, int | None]:
        """Mask and channel: cases that have both in common read the same."""
        return self.mask, self.label_channel


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
        if wanted, case_id, patient_id, label and label_channel. Paths in it are relative to its folder.

    Raises
    ------
    CohortError
        The file cannot be used at all; every reason is listed. What is wrong with single cases is
        in :attr:`Cohort.problems` and on the case instead.
    """
    return cohort_of_rows(Path(path), *read_rows(Path(path)))


def cohort_of_rows(path: Path, header: Sequence[str], rows: Sequence[tuple[int, Cells]]) -> Cohort:
    """Return the cohort of numbered lines of named cells; paths are relative to the folder of `path`."""
    columns, problems = _columns(header)
    if not rows:
        problems.append("holds no case")
    if problems:
        raise CohortError(f"{path}: cannot be used: {'; '.join(problems)}")
    carried = [name for name in header if name and name not in columns.values()]
    if "case_id" in columns and not _is_case_id(columns["case_id"], rows):
        carried = [name for name in header if name in {*carried, columns["case_id"]}]
        del columns["case_id"]
    values = {name: typed([cells.get(name) for _, cells in rows], name) for name in carried}
    if CHANNEL in columns:
        carried.append(CHANNEL)
        values[CHANNEL] = typed([cells.get(columns[CHANNEL]) for _, cells in rows], CHANNEL)
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
    alike: dict[str, set[str]] = {}
    for name in dict.fromkeys(header):
        alike.setdefault(plain_heading(name), set()).add(name)
    for ours, names in IDENTITY_NAMES.items():
        for alias in names:
            matching = sorted(alike.get(alias, ()))
            if len(matching) > 1:
                problems.append(f"columns {' and '.join(map(repr, matching))} mean the same")
            if matching and ours not in found:
                found[ours] = matching[0]
    for ours in ("image", "mask"):
        if ours not in found:
            named = [n for n in header if n]
            hint = did_you_mean(ours, named)
            if named and not hint.startswith(":"):
                more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
                hint = f"; its columns are {', '.join(named[:_NAMED])}{more}"
            problems.append(f"has no column '{ours}'{hint}")
    return found, problems


def _is_case_id(column: str, rows: Sequence[tuple[int, Cells]]) -> bool:
    """Tell whether a column names cases; one headed "ID" often names patients and repeats itself."""
    ids = [text_of(cells.get(column)) for _, cells in rows]
    return plain_heading(column) == "case_id" or (None not in ids and len(set(ids)) == len(ids))


def _case(path: Path, line: int, cells: Cells, columns: Mapping[str, str], carried: Cells) -> Case:
    given = {ours: text_of(cells.get(theirs)) for ours, theirs in columns.items()}
    problems = [str(cells[TOO_MANY])] if TOO_MANY in cells else []
    files: dict[str, Any] = {}
    for what in ("image", "mask"):
        cell = cells.get(columns[what])
        if cell is not None and not isinstance(cell, str | int | float):  # an array, an image, a source
            files[what] = cell
            continue
        text = given[what]
        files[what] = _file(path.parent, text) if text else Path()
        if not text:
            problems.append(f"names no {what}")
        elif not _exists(files[what]):
            problems.append(f"there is no {what} {files[what]}")
    numbers = {}
    for name, parsed in (("label", _label), (CHANNEL, _channel)):
        if text := given.get(name):
            try:
                numbers[name] = parsed(text)
            except ValueError as error:
                problems.append(str(error))
    return Case(
        id=given.get("case_id") or ("" if given["image"] else f"line {line}"),
        patient_id=given.get("patient_id"),
        image=files["image"],
        mask=files["mask"],
        label=numbers.get("label"),
        line=line,
        carried=carried,
        problem="; ".join(problems),
        label_channel=numbers.get(CHANNEL),
    )


def _label(text: str) -> int:
    if not re.fullmatch(r"\+?\d{1,18}([.,]0*)?", text) or not int(re.split("[.,]", text)[0]):
        raise ValueError(
            f"label '{text}' is no mask value (a whole number from 1); "
            "an outcome belongs in a column of another name"
        )
    return int(re.split("[.,]", text)[0])


def _channel(text: str) -> int:
    if not re.fullmatch(r"\+?\d{1,4}([.,]0*)?", text):
        raise ValueError(f"label_channel '{text}' is no channel (a whole number from 0)")
    return int(re.split("[.,]", text)[0])


def _file(folder: Path, text: str) -> Path:
    """Return the path that is meant: Windows separators and composed or decomposed letters included."""
    spellings = [text, text.replace("\\", "/")]
    spellings += [unicodedata.normalize(form, s) for form in ("NFC", "NFD") for s in spellings]
    paths = [folder / s for s in dict.fromkeys(spellings) if "\0" not in s]
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
        lambda case: (
            f"{_stem(path.parent, case.image)}|{_stem(path.parent, case.mask)}|{case.label}"
            + ("" if case.label_channel is None else f"|{case.label_channel}")
        ),
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


def _stem(folder: Path, file: Path | ImageSource | MaskSource) -> str:
    """Return a file's path below the folder of the list, without its ending."""
    if not isinstance(file, Path):
        return file.describe()
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
