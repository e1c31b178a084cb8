"""How much the command line says."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from radiomics_screen.cli.app import app
from radiomics_screen.cli.verbosity import set_verbosity
from radiomics_screen.cohort.synthetic import make_sample

PARAMETERS = "featureClass: {firstorder: []}\n"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    logger = logging.getLogger("radiomics_screen")
    level, handlers = logger.level, logger.handlers[:]
    yield
    set_verbosity(0, quiet=False)
    logger.setLevel(level)
    logger.handlers[:] = handlers


@pytest.fixture
def extract(tmp_path: Path) -> list[str]:
    cases = make_sample(tmp_path / "cohort", patients=2)
    (tmp_path / "params.yaml").write_text(PARAMETERS)
    return ["extract", str(cases), "-o", str(tmp_path / "t.parquet"), "-p", str(tmp_path / "params.yaml")]


def test_summaries_and_progress_by_default(extract: list[str]) -> None:
    done = CliRunner().invoke(app, extract)
    assert done.exit_code == 0
    assert "provenance" in done.stdout
    assert "cases" in done.stderr
    assert "stages" not in done.output


def test_quiet_says_nothing(extract: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["--quiet", *extract])
    assert done.exit_code == 0
    assert done.output == ""
    assert (tmp_path / "t.parquet").exists()


def test_quiet_still_shows_errors(extract: list[str]) -> None:
    done = CliRunner().invoke(app, ["-q", *extract[:-1], "missing.yaml"])
    assert done.exit_code == 2
    assert "missing.yaml" in done.stderr


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_verbose_shows_the_stages_of_all_cases(extract: list[str], jobs: str) -> None:
    done = CliRunner().invoke(app, ["-v", *extract, "--jobs", jobs])
    assert done.exit_code == 0
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("stages, summed over"))
    assert "reading" in line
    assert "families" in line
    assert "\nreading: " not in done.stderr


def test_twice_verbose_shows_each_stage(extract: list[str]) -> None:
    assert "\nreading: " in CliRunner().invoke(app, ["-vv", *extract]).stderr


def test_verbose_and_quiet_exclude_each_other(extract: list[str]) -> None:
    done = CliRunner().invoke(app, ["-v", "-q", *extract])
    assert done.exit_code == 2
    assert "not both" in done.stderr
