"""What several tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder with the real data sets; a test that needs it is skipped where there is none."""
    named = os.environ.get("RADIOMICS_SCREEN_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data: set RADIOMICS_SCREEN_DATA (looked in {folder})")
    return folder


@pytest.fixture(scope="session")
def cases_dir(data_dir: Path) -> Path:
    """Folder with small inputs that once went wrong, beside the real data sets."""
    folder = data_dir.parent / "cases"
    if not folder.is_dir():
        pytest.skip(f"no small inputs that went wrong: {folder} is not there")
    return folder
