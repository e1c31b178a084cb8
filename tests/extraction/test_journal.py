"""The journal gives back what was written, whatever became of other lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from radiomics_screen.core.errors import TableError
from radiomics_screen.extraction.running.case_keys import Contents
from radiomics_screen.extraction.running.finished_row import Measured
from radiomics_screen.extraction.running.journal import Journal


def row(key: str, names: tuple[str, ...], first: float = 0.1) -> Measured:
    values = np.array([first, np.nan, -0.0, 5e-324][: len(names)])
    return Measured(Contents(f"i{key}", f"m{key}", key), "ok", "", "ü; b", 0.25, names, values)


def assert_same(found: Measured, expected: Measured) -> None:
    assert found.values.tobytes() == expected.values.tobytes()
    assert (found.names, found.contents) == (expected.names, expected.contents)
    assert (found.warnings, found.seconds) == (expected.warnings, expected.seconds)


def test_rows_come_back_to_the_bit(tmp_path: Path) -> None:
    rows = [row("a", ("x", "y", "z", "w")), row("b", ("x",), 1 / 3), row("c", ())]
    with Journal(tmp_path / "j") as journal:
        journal.start({"content": "r"})
        for one in rows:
            journal.add(one.contents.key, one)
    with Journal(tmp_path / "j") as journal:
        assert journal.header == {"journal": 1, "content": "r"}
        assert list(journal.rows) == ["a", "b", "c"]
        for one in rows:
            assert_same(journal.rows[one.contents.key], one)


def test_names_lost_to_damage_are_never_taken_for_others(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Journal(path) as journal:
        journal.start({"content": "r"})
        journal.add("a", row("a", ("x", "y")))
        journal.add("b", row("b", ("u", "v")))
    lines = path.read_bytes().splitlines(keepends=True)
    assert b'"names"' in lines[1]
    path.write_bytes(b"".join([lines[0], b"damage\n", *lines[2:]]))
    rows = [row("c", ("p", "q")), row("d", ("u", "v")), row("e", ("x", "y"))]
    with Journal(path) as journal:
        assert list(journal.rows) == ["b"]
        for one in rows:
            journal.add(one.contents.key, one)
    with Journal(path) as journal:
        assert list(journal.rows) == ["b", "c", "d", "e"]
        for one in [row("b", ("u", "v")), *rows]:
            assert_same(journal.rows[one.contents.key], one)


def test_failed_rows_are_not_given_back(tmp_path: Path) -> None:
    failure = Measured(Contents("i", "m", "k"), "failed", "why", "", 0.0, (), np.empty(0))
    with Journal(tmp_path / "j") as journal:
        journal.start({})
        journal.add("a", failure)
    with Journal(tmp_path / "j") as journal:
        assert not journal.rows


def test_a_journal_without_rows_is_not_left_behind(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.start({})
    assert not (tmp_path / "j").exists()


def test_a_begun_case_is_suspect_until_it_ends_or_the_process_does_in_order(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Journal(path) as journal:
        journal.start({})
        journal.begin(["a"])
        journal.add("a", row("a", ("x",)))
        journal.begin(["b"])
        alive = path.read_bytes()
    with Journal(path) as journal:
        assert not journal.suspects
    path.write_bytes(alive)  # as a kill would have left it
    with Journal(path) as journal:
        assert journal.suspects == {"b"}


def test_one_at_a_time(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.start({})
        with pytest.raises(TableError, match="another run is writing"):
            Journal(tmp_path / "j")
    with Journal(tmp_path / "j"):
        pass
