"""Parquet files, held against what they may unfold to, and checked before anything relies on their content.

A column that repeats one value takes no space in the file, so the size of a file says nothing of its content.
pyarrow reads damaged text and positions as they are, and fails on them later, or not at all.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

#: How many cells are read, in all columns together.
MOST_CELLS = 500_000_000


def read_parquet(path: Path, most_cells: int = MOST_CELLS) -> pa.Table:
    """Return the table in a Parquet file.

    Raises
    ------
    pyarrow.ArrowException, OSError
        It is damaged, or holds more than `most_cells`.
    """
    import pyarrow as pa
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        cells = file.metadata.num_rows * file.metadata.num_columns
        if not 0 <= cells <= most_cells:
            raise pa.ArrowInvalid(f"it declares {cells:,} cells, and {most_cells:,} are read at most")
        table = file.read()
    table.validate(full=True)
    try:
        _ = table.schema.pandas_metadata
        for name in table.column_names:
            name.encode()
    except ValueError as error:
        raise pa.ArrowInvalid(f"its names or what pandas says of its columns are damaged: {error}") from error
    return table
