"""The public names, and the old ones that forward to them."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import radiomics_screen
from radiomics_screen.core import moved


def test_every_public_name_is_there() -> None:
    assert {"extract", "fit", "Model", "ScreenError", "Settings"} <= set(radiomics_screen.__all__)
    for name in radiomics_screen.__all__:
        assert getattr(radiomics_screen, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = radiomics_screen.nothing  # type: ignore[attr-defined]


@pytest.mark.parametrize("old", sorted(moved.MODULES))
def test_an_old_module_forwards_to_the_new_one(old: str) -> None:
    homes = [import_module(name) for name in moved.new_homes(old)]
    sys.modules.pop(f"radiomics_screen.{old}", None)
    with pytest.warns(DeprecationWarning, match=rf"radiomics_screen\.{old} is now radiomics_screen\."):
        forwarded = import_module(f"radiomics_screen.{old}")
    found = {name: value for home in homes for name, value in vars(home).items() if not name.startswith("_")}
    assert found
    for name, value in found.items():
        assert getattr(forwarded, name) is value
    with pytest.raises(AttributeError):
        _ = forwarded.nothing


def test_an_old_name_forwards_to_the_new_one() -> None:
    with pytest.warns(DeprecationWarning, match="image_evidence is now called run_image_controls"):
        found = radiomics_screen.image_evidence  # type: ignore[attr-defined]
    assert found is radiomics_screen.run_image_controls
    sys.modules.pop("radiomics_screen.notes", None)
    with pytest.warns(DeprecationWarning, match="radiomics_screen") as warned:
        from radiomics_screen.notes import note
    assert "note is now called add_remark" in str(warned[-1].message)
    assert note is import_module("radiomics_screen.core.remarks").add_remark


def test_the_program_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "radiomics_screen", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"radiomics-screen {radiomics_screen.__version__}"
