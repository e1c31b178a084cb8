"""A provenance, beside a table or in it, whose entries are not what reading relies on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from radiomics_screen.core.errors import TableError
from radiomics_screen.table.feature_table import FeatureTable, read_table, write_table

ODD = [
    ("table", {}), ("table", 3),
    ("table", ""), ("table", "/etc/passwd"), ("table", "../t.csv"), ("features", True),
    ("features", [["a"]]), ("carried", [1]), ("carried", {"age": 3}), ("parameters", "x"), ("digest", 1),
    ("carried", {"age": "no type"}),
]  # fmt: skip


def written(path: Path) -> Path:
    frame = pd.DataFrame({"case_id": ["a"], "age": [40], "original_firstorder_Mean": [1.5]})
    return write_table(
        FeatureTable(frame, ["original_firstorder_Mean"], {"package": "radiomics_screen"}), path
    )


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize(("entry", "value"), ODD)
def test_an_entry_of_the_wrong_kind_is_refused(tmp_path: Path, ending: str, entry: str, value: Any) -> None:
    table = tmp_path / f"t.{ending}"
    beside = written(table)
    beside.write_text(json.dumps({**json.loads(beside.read_text()), entry: value}))
    with pytest.raises(TableError):
        read_table(table)


def test_a_damaged_provenance_within_a_table(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    from radiomics_screen.table import feature_table

    for text in (b"{", b"[]", b'{"features": 1}'):
        stored = pa.table({"case_id": ["a"]}).replace_schema_metadata({feature_table._METADATA: text})
        parquet.write_table(stored, tmp_path / "t.parquet")
        with pytest.raises(TableError):
            read_table(tmp_path / "t.parquet")
