"""A fit that is cut off goes on: finished folds, settings and permutations are taken as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from radiomics_screen.core.errors import ScreenError
from radiomics_screen.modelling import Model, fit
from radiomics_screen.modelling.training import folds, inner_folds
from radiomics_screen.modelling.training.finished_work import FILE, FinishedWork, forget_finished
from tests.helpers.tables import ASKED, small_table

OPTIONS: dict[str, Any] = {
    **ASKED,
    "classifier": ["logistic", "svm"],
    "trials": 4,
    "at_sensitivity": 0.9,
    "splits": 3,
    "repeats": 1,
    "inner_folds": 3,
    "permutations": 1,
    "resamples": 50,
    "controls": False,
}


class CutOff(Exception):
    """Stands for whatever ends a process."""


class Killer:
    """Counts what is learned, and ends the fit at a given piece of work."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int | None = None) -> None:
        self.learned = 0
        self.tried = 0
        self.at = at
        learn, fit_rows = folds._learn_and_test, inner_folds.fit_rows

        def counted(*args: Any, **options: Any) -> Any:
            self.learned += 1
            return learn(*args, **options)

        def tried(*args: Any, **options: Any) -> Any:
            self.tried += 1
            if self.tried == self.at:
                raise CutOff
            return fit_rows(*args, **options)

        monkeypatch.setattr(folds, "_learn_and_test", counted)
        monkeypatch.setattr(inner_folds, "fit_rows", tried)


def outcome_of(model: Model) -> tuple[dict[str, Any], list[list[Any]]]:
    """Return all that a fit found but for the time that it took."""
    predictions = model.evaluation.predictions
    assert predictions is not None
    summary = {name: value for name, value in model.evaluation.to_json().items() if name != "seconds"}
    return summary, predictions.to_numpy().tolist()


@pytest.fixture(scope="module")
def undisturbed() -> tuple[Any, Killer]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        counts = Killer(monkeypatch)
        return outcome_of(fit(small_table(30), **OPTIONS)), counts


@pytest.mark.parametrize(
    "at", [5, 50, pytest.param(30, marks=pytest.mark.slow), pytest.param(80, marks=pytest.mark.slow)]
)
def test_a_fit_that_was_cut_off_goes_on_to_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: tuple[Any, Killer], at: int
) -> None:
    expected, whole = undisturbed
    first = Killer(monkeypatch, at)
    with pytest.raises(CutOff):
        fit(small_table(30), **OPTIONS, checkpoints=tmp_path)
    monkeypatch.undo()
    second = Killer(monkeypatch)
    model = fit(small_table(30), **OPTIONS, checkpoints=tmp_path)
    assert outcome_of(model) == expected
    # of what was tried before the end, only the setting or the fold at hand is tried again
    assert first.tried + second.tried < whole.tried + 3 * 4 * 3
    assert first.learned + second.learned <= whole.learned + 1


def test_what_is_finished_is_not_learned_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = small_table(30)
    one = fit(table, **OPTIONS, checkpoints=tmp_path)
    again = Killer(monkeypatch)
    said: list[str] = []
    two = fit(table, **OPTIONS, checkpoints=tmp_path, on_stage=said.append)
    assert (again.learned, again.tried) == (0, 0)
    assert outcome_of(one) == outcome_of(two)
    assert any("results of a fit that was interrupted were reused" in text for text in said)


@pytest.mark.parametrize("changed", [{"seed": 1}, {"select": "mrmr"}, {"table": 1}])
def test_nothing_is_taken_from_another_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any]
) -> None:
    quick = {**OPTIONS, "permutations": 0, "trials": 0, "classifier": "logistic"}
    fit(small_table(30), **quick, checkpoints=tmp_path)
    table = small_table(30)
    if changed.pop("table", 0):
        table.loc[3, "original_firstorder_F2"] += 1e-9
    alone = outcome_of(fit(table, **{**quick, **changed}))
    again = Killer(monkeypatch)
    assert outcome_of(fit(table, **{**quick, **changed}, checkpoints=tmp_path)) == alone
    assert again.learned == 3


def test_a_file_that_was_torn_anywhere_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = {**OPTIONS, "permutations": 0, "trials": 0, "classifier": "logistic"}
    whole = outcome_of(fit(small_table(30), **quick, checkpoints=tmp_path))
    content = (tmp_path / FILE).read_bytes()
    for part in (0, 1, 40, len(content) // 2, len(content) - 1):
        (tmp_path / FILE).write_bytes(content[:part])
        assert outcome_of(fit(small_table(30), **quick, checkpoints=tmp_path)) == whole
        again = Killer(monkeypatch)
        fit(small_table(30), **quick, checkpoints=tmp_path)
        assert again.learned == 0
        monkeypatch.undo()


def test_two_fits_do_not_share_a_folder_at_a_time(tmp_path: Path) -> None:
    with FinishedWork(tmp_path), pytest.raises(ScreenError, match="another run"):
        FinishedWork(tmp_path)
    FinishedWork(tmp_path).__exit__(None, None, None)


def test_results_of_other_versions_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FinishedWork(tmp_path) as finished:
        finished.keep("k", [1.5, float("nan")])
    with FinishedWork(tmp_path) as finished:
        assert finished.recall("k")[0] == 1.5
    header, rest = (tmp_path / FILE).read_text().split("\n", 1)
    (tmp_path / FILE).write_text(header.replace('"numpy": "', '"numpy": "9') + "\n" + rest)
    with FinishedWork(tmp_path) as finished:
        assert finished.recall("k") is None


def test_forgetting_leaves_what_is_not_ours(tmp_path: Path) -> None:
    FinishedWork(tmp_path / "a").__exit__(None, None, None)
    forget_finished(tmp_path / "a")
    assert not (tmp_path / "a").exists()
    FinishedWork(tmp_path / "b").__exit__(None, None, None)
    (tmp_path / "b" / "notes.txt").touch()
    forget_finished(tmp_path / "b")
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["notes.txt"]
