"""A pipe or a device in the place of a file is refused in a sentence; nothing waits for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from radiomics_screen.cohort.cases import read_cohort
from radiomics_screen.core.errors import ScreenError
from radiomics_screen.settings.settings import load_settings
from radiomics_screen.table.feature_table import read_table

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def circle(path: Path) -> None:
    path.symlink_to(path)


MADE = pytest.mark.parametrize("make", [pipe, device, circle, Path.mkdir])


@MADE
@pytest.mark.parametrize(
    ("read", "ending"),
    [(load_settings, "yaml"), (load_settings, "json")]
    + [(read, ending) for read in (read_cohort, read_table) for ending in ("csv", "parquet")],
)
def test_in_the_place_of_what_is_read(
    tmp_path: Path, make: Callable[[Path], Any], read: Callable[[Path], Any], ending: str
) -> None:
    make(tmp_path / f"x.{ending}")
    with pytest.raises(ScreenError):
        read(tmp_path / f"x.{ending}")


@MADE
def test_in_the_place_of_a_provenance(tmp_path: Path, make: Callable[[Path], Any]) -> None:
    pd.DataFrame({"case_id": ["a"], "original_firstorder_Mean": [1.0]}).to_csv(
        tmp_path / "t.csv", index=False
    )
    make(tmp_path / "t.provenance.json")
    with pytest.raises(ScreenError, match=r"t\.provenance\.json cannot be read"):
        read_table(tmp_path / "t.csv")
