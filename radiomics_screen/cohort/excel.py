"""The first sheet of an Excel file as lines of cells, whatever is in the file.

A sheet is a ZIP archive of XML. Both can unfold to far more than they weigh, so their sizes are read before
they are unpacked, and no XML with definitions of its own is parsed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from radiomics_screen.core.errors import CohortError
from radiomics_screen.core.printable import cause_of

#: What the parts of a sheet may take unpacked, together, in bytes.
MOST_BYTES = 512 << 20
#: How many cells are read, the empty ones between others included.
MOST_CELLS = 20_000_000


def read_excel(path: Path) -> Iterable[tuple[int, list[Any]]]:
    """Return ``(line, cells)`` of the first sheet.

    Raises
    ------
    CohortError
        It cannot be read as a sheet, or unfolds to more than a list of cases can hold.
    """
    import openpyxl  # takes long to import, and few lists are Excel sheets

    try:
        _require_harmless(path)
        with path.open("rb") as file:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            return list(_lines(book.worksheets[0].values))
    except _Refused as reason:
        raise CohortError(f"{path}: {reason}; save the list of cases as .csv") from None
    except Exception as error:  # openpyxl raises whatever a damaged part leads to
        cause = f"{type(error).__name__}: {cause_of(error)}" if str(error) else type(error).__name__
        raise CohortError(f"{path}: cannot be read as an Excel sheet ({cause}); save it as .csv") from error


class _Refused(Exception):
    """Why a sheet is not even opened."""


def _require_harmless(path: Path) -> None:
    try:
        archive = ZipFile(path)
    except BadZipFile:
        raise _Refused("is no Excel sheet of the kind .xlsx") from None
    with archive:
        parts = archive.infolist()
        if (unpacked := sum(part.file_size for part in parts)) > MOST_BYTES:
            raise _Refused(f"unpacks to {unpacked / 2**20:.0f} MiB, and {MOST_BYTES >> 20} are read at most")
        for part in parts:
            if part.filename.endswith((".xml", ".rels")):
                with archive.open(part) as file:
                    if b"<!DOCTYPE" in file.read(4096).replace(b"\0", b"").upper():
                        raise _Refused("holds XML with definitions of its own, which Excel never writes")


def _lines(rows: Iterable[Iterable[Any]]) -> Iterator[tuple[int, list[Any]]]:
    cells = 0
    for number, row in enumerate(rows, start=1):
        line = list(row)
        cells += len(line) or 1
        if cells > MOST_CELLS:
            raise _Refused(f"has more than {MOST_CELLS:,} cells")
        if any(cell is not None for cell in line):
            yield number, line
