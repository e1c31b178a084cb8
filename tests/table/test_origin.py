"""The origin of a table in memory: shared by its copies, changed by nobody."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pandas as pd
import pytest

from radiomics_screen.table.feature_table import as_table, with_origin
from radiomics_screen.table.origin import Origin

CONTENT = {"version": "1", "parameters": {"setting": {"binWidth": 25}}}


def frame() -> pd.DataFrame:
    made = pd.DataFrame({"case_id": ["a", "b"], "original_firstorder_Mean": [1.0, 2.0]})
    return with_origin(made, ["original_firstorder_Mean"], CONTENT)


def test_copies_of_a_table_share_its_origin() -> None:
    table = frame()
    origin = table.attrs["radiomics_screen"]
    for other in (table.copy(), table[["case_id", "original_firstorder_Mean"]], table["case_id"], table[:1]):
        assert other.attrs["radiomics_screen"] is origin
    assert as_table(table.copy()).provenance == origin
    assert as_table(table.assign(original_firstorder_Mean=0.0)).provenance is None


def test_an_origin_is_a_dict_that_cannot_be_changed() -> None:
    given = copy.deepcopy(CONTENT)
    origin = Origin(given)
    given["parameters"]["setting"]["binWidth"] = 1  # type: ignore[index]
    assert origin == CONTENT
    assert json.loads(json.dumps(origin)) == CONTENT
    again = pickle.loads(pickle.dumps(origin))
    assert (again, type(again)) == (CONTENT, Origin)
    assert copy.copy(origin) is copy.deepcopy(origin) is origin
    for change in (
        lambda: origin.__setitem__("version", "2"),
        lambda: origin.__delitem__("version"),
        lambda: origin.update(version="2"),
        lambda: origin.pop("version"),
        lambda: origin.setdefault("new", 1),
        origin.popitem,
        origin.clear,
    ):
        with pytest.raises(TypeError, match="cannot be changed"):
            change()
    assert {**origin, "version": "2"}["version"] == "2"


def test_an_origin_survives_files_and_joins(tmp_path: Path) -> None:
    table = frame()
    table.to_parquet(tmp_path / "table.parquet")
    assert pd.read_parquet(tmp_path / "table.parquet").attrs == table.attrs
    table.to_pickle(tmp_path / "table.pkl")
    assert pd.read_pickle(tmp_path / "table.pkl").attrs == table.attrs
    assert pd.concat([table, table]).attrs == table.attrs
