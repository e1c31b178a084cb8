"""Numbers with the thing they count."""

from __future__ import annotations

import pytest

from radiomics_screen.core.plurals import counted


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1000, "1000 rows")]
)
def test_only_one_is_singular(number: int, text: str) -> None:
    assert counted(number, "row") == text


def test_a_plural_of_its_own() -> None:
    assert counted(1, "family", "families") == "1 family"
    assert counted(3, "family", "families") == "3 families"
