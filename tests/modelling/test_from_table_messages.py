"""Several names where one is wanted: the message says so."""

from __future__ import annotations

from typing import Any

import pytest

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.data.from_table import prepare
from tests.helpers.tables import ASKED, small_table


@pytest.mark.parametrize(
    ("asked", "cause"),
    [
        ({"positive": "bad, good"}, "no value 'bad, good' that could be positive.*; name one value$"),
        ({"positive": "bad,ill"}, r"no value 'bad,ill' .* rows\)$"),
        (
            {"batch": "official,site"},
            r"no column 'official,site' \(batch\): these are several columns; name one",
        ),
        (
            {"target": "x"},
            r"no column 'x' \(target\); it has case_id, patient_id, finding, official, site$",
        ),
    ],
)
def test_several_names_where_one_is_wanted(asked: dict[str, Any], cause: str) -> None:
    table = small_table(12).assign(site="A")
    names = [str(name) for name in table if str(name).startswith("original_")]
    with pytest.raises(ModelError, match=cause):
        prepare(table, names, **{**ASKED, **asked})
