"""Model, report and card appear together, or what was there before stays."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling import Model, fit
from radiomics_screen.report import fit_files as module
from radiomics_screen.report.fit_files import FitFiles, fit_files, write_fit
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
