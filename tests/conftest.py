"""What several tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.figures import not_rendered

if (
    "PYTEST_XDIST_WORKER" in os.environ
):  # there is a worker for each core: more threads would wait for each other
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")

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


@pytest.fixture
def figures_not_rendered() -> Iterator[None]:
    """Of reports, the words alone."""
    with not_rendered():
        yield
