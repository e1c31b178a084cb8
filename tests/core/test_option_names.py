"""A message names an option as its reader spells it: as an argument in Python, as a flag in a command."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from radiomics_screen import extract_cohort
from radiomics_screen.cohort.synthetic import make_sample
from radiomics_screen.core.errors import ScreenError, TableError, option_named
from radiomics_screen.report.fit_files import fit_files
from tests.helpers.command_line import run_command

PARAMETERS = {"featureClass": {"firstorder": ["Mean"]}}


@pytest.mark.parametrize(
    ("option", "argument", "flag"),
    [
        (option_named("keep_known", True), "keep_known=True", "--keep-known"),
        (option_named("montage", False), "montage=False", "--no-montage"),
        (option_named("group", None), "group=None", "--group none"),
        (option_named("splits", 5), "splits=5", "--splits 5"),
        (option_named("output"), "output", "--output"),
    ],
)
def test_both_spellings(option: str, argument: str, flag: str) -> None:
    error = pickle.loads(pickle.dumps(TableError(f"set {option} or {option}.")))
    assert str(error) == f"set {argument} or {argument}."
    assert error.on_command_line() == f"set {flag} or {flag}."


def test_a_message_without_options_is_as_it_was() -> None:
    assert str(ScreenError("50 % of {group}")) == ScreenError("50 % of {group}").on_command_line()


def test_the_same_refusal_by_both_doors(tmp_path: Path) -> None:
    cases = make_sample(tmp_path / "cohort", patients=2)
    table = tmp_path / "table.csv"
    extract_cohort(cases, PARAMETERS, output=table)
    with pytest.raises(TableError, match="name another output, or replace it with overwrite=True"):
        extract_cohort(cases, {"featureClass": {"firstorder": ["Median"]}}, output=table)
    done = run_command("extract", cases, "--output", table, code=2)
    assert "name another --output, or replace it with --overwrite" in done.stderr
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.json").touch()
    with pytest.raises(ScreenError, match="replace it with overwrite=True, or name another output"):
        fit_files(tmp_path / "model")
