"""What killed processes left is removed; what living ones and other machines write is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from radiomics_screen.core.leftovers import maker, scratch_folder
from radiomics_screen.core.whole_files import write_whole

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes cannot be asked for there")


@pytest.fixture
def dead() -> str:
    """Return what a dead process of this machine is called."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return f"{maker().partition('-')[0]}-{process.pid}"


def test_a_file_takes_away_what_dead_writers_of_it_left(tmp_path: Path, dead: str) -> None:
    stays = [
        tmp_path / f".unfinished-{maker().partition('-')[0]}-{os.getppid()}-report.html",  # lives
        tmp_path / f".unfinished-0123456789ab-{dead.partition('-')[2]}-report.html",  # another machine's
        tmp_path / f".unfinished-{dead}-other.html",  # another file's
    ]
    goes = tmp_path / f".unfinished-{dead}-report.html"
    for path in (*stays, goes):
        path.write_text("half")
    write_whole("whole", tmp_path / "report.html")
    assert sorted(tmp_path.iterdir()) == sorted([*stays, tmp_path / "report.html"])


def test_a_scratch_folder_takes_away_those_of_dead_processes(tmp_path: Path, dead: str) -> None:
    left = tmp_path / f".fit-{dead}-abc"
    left.mkdir()
    (left / "model.bin").write_bytes(b"half")
    with scratch_folder(".fit-", tmp_path) as folder:
        assert [path.name for path in tmp_path.iterdir()] == [Path(folder).name]
        with scratch_folder(".fit-", tmp_path):
            assert Path(folder).exists()
    assert not list(tmp_path.iterdir())
