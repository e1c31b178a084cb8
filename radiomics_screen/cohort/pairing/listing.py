"""The list of cases as a file, and beside it what was left over."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from radiomics_screen.cohort.pairing.find import FoundCases
from radiomics_screen.cohort.pairing.pairs import Pair
from radiomics_screen.core.errors import CohortError, option_named
from radiomics_screen.core.text_cells import with_guard
from radiomics_screen.core.whole_files import replace_whole

DOUBT = "pairing_doubt"
_UNPAIRED = ".unpaired.csv"


def write_cases(found: FoundCases, path: str | Path, *, overwrite: bool = False) -> tuple[Path, Path | None]:
    """Write the pairs as a list of cases, and what is unpaired beside it (``NAME.unpaired.csv``).

    Parameters
    ----------
    found
        What :func:`~radiomics_screen.cohort.pairing.find.find_cases` returned.
    path
        The list, ``.csv``; paths in it are relative to its folder.
    overwrite
        Replace a list that is there.

    Returns
    -------
    Both files; None for the second where everything was paired.

    Raises
    ------
    CohortError
        The list is there already, has another ending, or cannot be written.
    """
    path = Path(path)
    beside = path.with_suffix(_UNPAIRED)
    require_writable(path, overwrite=overwrite)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, *_table(found.pairs, path.parent))
        if not found.unpaired:
            beside.unlink(missing_ok=True)
            return path, None
        rows = [(one.kind, str(one.relative), one.reason) for one in found.unpaired]
        _write(beside, ["kind", "path", "reason"], rows)
    except OSError as error:
        raise CohortError(
            f"{path} cannot be written ({error.strerror or error}); name another {option_named('output')}"
        ) from error
    return path, beside


def require_writable(path: Path, *more: Path, overwrite: bool) -> None:
    """Refuse a list of another format, and, unless they may be replaced, files that are there.

    Raises
    ------
    CohortError
        Before any image is read.
    """
    if path.suffix.lower() != ".csv":
        raise CohortError(f"{path}: the list of cases is written as .csv; name it so")
    for file in (path, path.with_suffix(_UNPAIRED), *more):
        if file.exists() and not overwrite:
            raise CohortError(
                f"{file} is there already; name another {option_named('output')}, or set "
                f"{option_named('overwrite', True)}"
            )


def _table(pairs: Sequence[Pair], folder: Path) -> tuple[list[str], list[list[str]]]:
    """Return header and rows; columns that no pair needs are left out."""
    more = list(dict.fromkeys(name for pair in pairs for name in pair.carried))
    columns = {
        "case_id": [pair.case_id for pair in pairs],
        "patient_id": [pair.patient_id for pair in pairs],
        "image": [_relative(pair.image.path, folder) for pair in pairs],
        "mask": [_relative(pair.mask.path, folder) for pair in pairs],
        "label": ["" if pair.label is None else str(pair.label) for pair in pairs],
        **{name: [pair.carried.get(name, "") for pair in pairs] for name in more},
        "modality": [pair.image.modality for pair in pairs],
        DOUBT: ["; ".join(pair.doubts) for pair in pairs],
    }
    kept = {name: cells for name, cells in columns.items() if any(cells)}
    return list(kept), [list(row) for row in zip(*kept.values(), strict=True)]


def _relative(path: Path, folder: Path) -> str:
    try:
        text = Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()
    except ValueError:  # another drive of Windows
        return path.absolute().as_posix()
    return f"./{text}" if with_guard(text) != text else text


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([with_guard(cell) for cell in row] for row in rows)
    replace_whole(path, lambda file: file.write_text(text.getvalue(), encoding="utf-8", newline=""))
