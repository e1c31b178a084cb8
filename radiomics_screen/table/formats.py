"""Files of tables by their ending: how each is read and written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet

from radiomics_screen.core.errors import TableError
from radiomics_screen.core.parquet_files import read_parquet
from radiomics_screen.core.whole_files import replace_whole
from radiomics_screen.table.csv_files import read_csv, write_csv

if TYPE_CHECKING:
    import pandas as pd  # takes a while to import: a run needs it when all is measured

_NOT_IN_EXCEL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def ending_of(path: Path, known: Iterable[str]) -> str:
    """Return a path's ending, in small letters.

    Raises
    ------
    TableError
        It is none of those that are known.
    """
    ending = path.suffix.lower()
    if ending not in known:
        raise TableError(f"{path}: a table's name ends in {' or '.join(known)}, not '{path.suffix}'")
    return ending


def replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    TableError
        It cannot be written.
    """
    try:
        replace_whole(path, write)
    except OSError as failure:
        raise TableError(f"cannot write {path}: {failure.strerror or failure}") from failure


def to_arrow(frame: pd.DataFrame) -> pa.Table:
    """Return a table of pandas as one of Arrow."""
    return pa.Table.from_pandas(frame, preserve_index=False)


def _read_parquet(path: Path, _: Mapping[str, Any]) -> pa.Table:
    return read_parquet(path)


def _write_parquet(table: pa.Table, path: Path) -> None:
    pa.parquet.write_table(table, path)


def _write_excel(table: pa.Table, path: Path) -> None:
    import pandas as pd

    frame = table.to_pandas()
    for name in frame.select_dtypes(["object", "string"]).columns:
        frame[name] = frame[name].str.replace(_NOT_IN_EXCEL, " ", regex=True)
    with path.open("wb") as file, pd.ExcelWriter(file, engine="openpyxl") as writer:
        frame.to_excel(writer, index=False)
        for cells in writer.book.active.iter_rows():
            for cell in cells:
                if cell.data_type == "f":  # text that begins with "=" is text, not a formula
                    cell.data_type = "s"


#: What reads a feature table, given its provenance, by the ending of the file.
READERS: dict[str, Callable[[Path, Mapping[str, Any]], pa.Table]] = {
    ".parquet": _read_parquet,
    ".csv": read_csv,
}
#: What writes any table, by the ending of the file.
WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    ".csv": write_csv,
    ".parquet": _write_parquet,
    ".xlsx": _write_excel,
}
