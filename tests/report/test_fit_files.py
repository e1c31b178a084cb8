"""Model, report and card appear together, or what was there before stays."""

from __future__ import annotations

import os
import signal
import stat
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.leftovers import remove_leftovers, scratch_folder
from radiomics_screen.modelling import Model, fit
from radiomics_screen.report import fit_files as module
from radiomics_screen.report.fit_files import BEFORE, SCRATCH, FitFiles, fit_files, put_together, write_fit
from tests.helpers.tables import ASKED, FAST, small_table


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(small_table(30), **ASKED, **FAST, controls=False)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_all_three_are_there_and_their_owners(tmp_path: Path, model: Model) -> None:
    files = fit_files(tmp_path / "model")
    write_fit(model, files)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "model.card.md", "model.report.html"]
    assert stat.S_IMODE(files.model.stat().st_mode) == 0o700
    assert stat.S_IMODE(files.report.stat().st_mode) == 0o600


@pytest.mark.parametrize("which", ["model", "report", "card"])
def test_nothing_is_replaced_unasked(tmp_path: Path, model: Model, which: str) -> None:
    there = getattr(fit_files(tmp_path / "model"), which)
    if which == "model":
        model.save(there)
    else:
        there.write_text("mine")
    with pytest.raises(ModelError, match=r"is there already; replace it with overwrite=True"):
        fit_files(tmp_path / "model")
    write_fit(model, fit_files(tmp_path / "model", overwrite=True))
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("failing", ["write_fit_report", "write_model_card"])
def test_what_was_there_stays_where_one_of_them_fails(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    write_fit(model, fit_files(tmp_path / "model"))
    before = contents(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, failing, fail)
    with pytest.raises(KeyboardInterrupt):
        write_fit(model, fit_files(tmp_path / "model", overwrite=True))
    assert contents(tmp_path) == before


@pytest.mark.parametrize("at", range(6))
def test_names_change_all_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    for folder, text in ((new, "new"), (old, "old")):
        (folder / "model").mkdir(parents=True)
        for name in ("model/model.json", "report", "card"):
            (folder / name).write_text(text)
    made, files = (
        FitFiles(*(folder / name for name in ("model", "report", "card"))) for folder in (new, old)
    )
    before = contents(old)
    rename, count = Path.rename, iter(range(99))

    def failing(path: Path, target: Path) -> Path:
        if next(count) == at:
            raise OSError("no space")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="no space"):
        module.put_together(made, files, tmp_path / "before")
    assert contents(old) == before
    assert set(contents(new).values()) == {b"new"}


def put_and_die(folder: Path, at: int) -> None:
    """Put new files over old ones, and die before the rename number `at`."""
    rename, count = Path.rename, iter(range(99))

    def dying(path: Path, target: Path) -> Path:
        if next(count) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return rename(path, target)

    names = ("model", "model.report.html", "model.card.md")
    with scratch_folder(SCRATCH[0], folder) as aside:
        made, files = (FitFiles(*(Path(place) / name for name in names)) for place in (aside, folder))
        made.model.mkdir()
        for path in (made.model / "model.json", made.report, made.card):
            path.write_text("new")
        with patch.object(Path, "rename", dying):
            put_together(made, files, Path(aside) / BEFORE)
    os._exit(0)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such kills")
@pytest.mark.parametrize("at", range(7))
def test_a_kill_between_two_names_is_made_good_by_the_next_run(tmp_path: Path, at: int) -> None:
    """The process ends by SIGKILL before its rename number `at`."""
    folder = tmp_path / "fits"
    for name in ("model/model.json", "model.report.html", "model.card.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("old")
    child = os.fork()
    if not child:
        put_and_die(folder, at)
    status = os.waitpid(child, 0)[1]
    assert status == (0 if at == 6 else signal.SIGKILL)
    files = fit_files(folder / "model", overwrite=True)
    remove_leftovers.cache_clear()
    remove_leftovers(folder, SCRATCH[0])
    found = contents(folder)
    assert set(found.values()) == {b"new"}
    assert set(found) == {"model/model.json", files.report.name, files.card.name}
