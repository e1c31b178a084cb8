"""Parquet files that are damaged, or unfold to more than they weigh: in lists of cases and in tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from radiomics_screen.cohort.cases import read_cohort
from radiomics_screen.core import parquet_files
from radiomics_screen.core.errors import ScreenError
from radiomics_screen.table.feature_table import read_table

DOORS = pytest.mark.parametrize("read", [read_cohort, read_table])


def saved(path: Path, metadata: dict[bytes, bytes] | None = None) -> Path:
    table = pa.table({"image": ["aaaa.png"], "mask": ["mmmm.png"]})
    parquet.write_table(
        table.replace_schema_metadata(metadata), path, compression="none", use_dictionary=False
    )
    return path


@DOORS
def test_text_that_is_no_utf8(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    path = saved(tmp_path / "t.parquet")
    path.write_bytes(path.read_bytes().replace(b"aaaa.png", b"a\xff\xfea.png"))
    with pytest.raises(ScreenError, match="cannot be read as"):
        read(path)


@DOORS
def test_what_pandas_says_of_columns_is_no_json(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    path = saved(tmp_path / "t.parquet", {b"pandas": b"{x"})
    with pytest.raises(ScreenError, match="its names or what pandas says of its columns are damaged"):
        read(path)


def test_more_cells_than_are_read(tmp_path: Path) -> None:
    path = saved(tmp_path / "t.parquet")
    assert parquet_files.read_parquet(path, most_cells=2).num_rows == 1
    with pytest.raises(pa.ArrowInvalid, match="it declares 2 cells, and 1 are read at most"):
        parquet_files.read_parquet(path, most_cells=1)


@DOORS
def test_repeated_text_counts_as_often_as_it_stands(
    tmp_path: Path, read: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand times the same hundred letters take some bytes in the file."""
    path = tmp_path / "t.parquet"
    columns = {
        "case_id": [f"c{n}" for n in range(10_000)],
        "image": ["i" * 50] * 10_000,
        "mask": ["m" * 50] * 10_000,
    }
    parquet.write_table(pa.table({**columns, "original_firstorder_Mean": [1.5] * 10_000}), path)
    text = sum(len(cell) for column in columns.values() for cell in column)
    monkeypatch.setattr(parquet_files, "MOST_TEXT", text)
    parquet_files.read_parquet(path)
    monkeypatch.setattr(parquet_files, "MOST_TEXT", text - 1)
    with pytest.raises(ScreenError, match="bytes of text"):
        read(path)


@DOORS
def test_text_in_lists_does_not_escape_the_count(
    tmp_path: Path, read: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = {"case_id": ["a", "b"], "image": [["i" * 50] * 100] * 2, "mask": ["m", "m"]}
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    monkeypatch.setattr(parquet_files, "MOST_TEXT", 100)
    with pytest.raises(ScreenError, match="holds lists of much text"):
        read(tmp_path / "t.parquet")
