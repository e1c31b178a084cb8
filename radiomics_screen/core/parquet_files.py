"""Parquet files, held against what they may unfold to, and checked before anything relies on their content.

A column that repeats one value takes no space in the file, so the size of a file says nothing of its content.
pyarrow reads damaged text and positions as they are, and fails on them later, or not at all.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet as pq

#: How many cells are read, in all columns together.
MOST_CELLS = 500_000_000
#: How many bytes of text are read, in all columns together.
MOST_TEXT = 1 << 30


def read_parquet(path: Path, most_cells: int = MOST_CELLS) -> pa.Table:
    """Return the table in a Parquet file.

    Raises
    ------
    pyarrow.ArrowException, OSError
        It is damaged, or holds more than `most_cells`, or than :data:`MOST_TEXT` bytes of text.
    """
    import pyarrow as pa
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        cells = file.metadata.num_rows * file.metadata.num_columns
        if not 0 <= cells <= most_cells:
            raise pa.ArrowInvalid(f"it declares {cells:,} cells, and {most_cells:,} are read at most")
        if _most_text(file.metadata) > MOST_TEXT:
            _require_little_text(path, file.schema_arrow)
        table = file.read()
    table.validate(full=True)
    try:
        _ = table.schema.pandas_metadata
        for name in table.column_names:
            name.encode()
    except ValueError as error:
        raise pa.ArrowInvalid(f"its names or what pandas says of its columns are damaged: {error}") from error
    return table


def _most_text(metadata: pq.FileMetaData) -> int:
    """Return how many bytes of text there can be: no value is longer than the part that holds it."""
    return sum(
        column.num_values * column.total_uncompressed_size
        for group in range(metadata.num_row_groups)
        for n in range(metadata.num_columns)
        if (column := metadata.row_group(group).column(n)).physical_type == "BYTE_ARRAY"
    )


def _require_little_text(path: Path, schema: pa.Schema) -> None:
    """Refuse a file whose text columns unfold to too much; repeated values are counted, not unfolded."""
    import pyarrow as pa
    from pyarrow import compute, parquet

    if nested := [field.name for field in schema if pa.types.is_nested(field.type)]:
        raise pa.ArrowInvalid(f"column '{nested[0]}' holds lists of much text, which are not read")
    found = 0
    try:
        file = parquet.ParquetFile(path, read_dictionary=schema.names)
    except KeyError as error:  # a name that the schema and the columns do not share
        raise pa.ArrowInvalid(f"its columns are damaged: {error}") from error
    with file:
        for n, field in enumerate(file.schema_arrow):
            if not pa.types.is_dictionary(field.type):
                continue
            for part in file.read([schema.names[n]]).column(0).chunks:
                part.validate(full=True)
                lengths = compute.binary_length(part.dictionary)
                found += compute.sum(compute.take(lengths, part.indices), min_count=0).as_py() or 0
            if found > MOST_TEXT:
                raise pa.ArrowInvalid(f"it holds over {MOST_TEXT:,} bytes of text, which are read at most")
