"""The parts of the benchmarks that reason: what is drawn, when values count as equal, what is written."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.agreement import decade, read_log, relative_difference, report
from benchmarks.cases import MissingData, cases
from benchmarks.draw import drawn
from benchmarks.growth import exponent
from benchmarks.known import known_reason
from benchmarks.measuring import Engine, EngineError
from benchmarks.synthetic import ball_mask
from benchmarks.writing import put_into, table
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.settings.schema import WITHOUT_EFFECT
from radiomics_screen.settings.settings import load_settings
from tests.helpers.scripts import script_help


def test_the_same_number_draws_the_same_parameter_file() -> None:
    assert drawn(1, 7) == drawn(1, 7)
    assert drawn(1, 7) != drawn(1, 8)
    assert drawn(1, 7) != drawn(2, 7)


def _known(setting: dict[str, object]) -> dict[str, object]:
    """Return the drawn settings as they are kept: lists are tuples, and some have nothing to decide."""
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in setting.items()
        if name not in WITHOUT_EFFECT and value is not None
    }


def test_every_drawn_parameter_file_is_accepted() -> None:
    with collect_remarks():
        for number in range(60):
            parameters = drawn(3, number)
            accepted = load_settings(parameters)
            assert [t.name for t in accepted.image_types] == list(parameters["imageType"])
            assert accepted.setting.items() >= _known(parameters["setting"]).items()


def test_differences_are_relative_to_the_larger_value() -> None:
    assert relative_difference(1.0, 1.0) == 0
    assert relative_difference(2.0, 1.0) == 0.5
    assert relative_difference(-1.0, 1.0) == 2
    assert relative_difference(1e-12, -1e-12) == 0
    assert relative_difference(math.nan, math.nan) == 0
    assert relative_difference(math.nan, 1.0) == math.inf


@pytest.mark.parametrize(
    ("difference", "named"), [(0.0, "0"), (3e-13, "1e-12"), (0.2, "1e+00"), (math.inf, "one is NaN")]
)
def test_differences_are_counted_by_powers_of_ten(difference: float, named: str) -> None:
    assert decade(difference) == named


def test_a_direction_with_one_level_on_one_side_explains_a_difference_of_mcc() -> None:
    asymmetric = {"setting": {"symmetricalGLCM": False}, "imageType": {"Original": {}}}
    theirs = 0.41608879871784826
    assert known_reason("original_glcm_MCC", theirs * 12 / 13, theirs, asymmetric)
    assert not known_reason("original_glcm_MCC", theirs * 0.9234567, theirs, asymmetric)
    assert not known_reason("original_glcm_MCC", theirs * 12 / 13, theirs, {**asymmetric, "setting": {}})


def test_an_unexplained_value_makes_the_report_unsound(tmp_path: Path) -> None:
    entry = {
        "seed": 1,
        "number": 4,
        "image": "brain1",
        "parameters": {"setting": {}, "imageType": {"Original": {}}},
        "values": 2,
        "worst": 0.5,
        "decades": {"0": 1, "1e+00": 1},
        "differ": [["original_glcm_Contrast", "2.0", "1.0"]],
        "notes": [],
        "only_ours": [],
        "only_theirs": [],
        "refused": {"ours": "", "theirs": ""},
    }
    log = tmp_path / "log.jsonl"
    log.write_text(json.dumps(entry) + "\n")
    text, sound = report(read_log([log, tmp_path / "none.jsonl"]))
    assert not sound
    assert "file 1:4 on brain1: original_glcm_Contrast 2.0 here, 1.0 in pyradiomics" in text
    log.write_text(json.dumps(entry | {"differ": [], "worst": 1e-12}) + "\n")
    assert report(read_log([log]))[1]


def test_a_section_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    document = tmp_path / "speed.md"
    document.write_text("# Speed\n\n<!-- a: begin -->\nold\n<!-- a: end -->\n\nafter\n")
    put_into(document, "a", "new")
    put_into(document, "b", "added")
    text = document.read_text()
    assert text.startswith("# Speed\n\n<!-- a: begin -->\nnew\n<!-- a: end -->\n\nafter\n")
    assert text.endswith("<!-- b: begin -->\nadded\n<!-- b: end -->\n")


def test_tables_have_as_many_columns_as_heads() -> None:
    assert table(["case", "s"], [["a", "1"]]) == ["| case | s |", "| --- | ---: |", "| a | 1 |"]


def test_the_ball_has_the_volume_of_a_ball() -> None:
    assert ball_mask((256, 256, 256), 60).sum() == 904089
    assert ball_mask((5, 5), 1).tolist()[1:4] == [[0, 0, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 0, 0]]


def test_growth_is_the_slope_of_the_last_two_points() -> None:
    assert exponent({10: 1.0, 1000: 4.0, 100: 2.0}) == pytest.approx(np.log10(2))


def test_missing_images_are_told_and_the_other_cases_go_on(tmp_path: Path) -> None:
    (problem,) = cases(["brain1"], tmp_path, None, tmp_path)
    assert isinstance(problem, MissingData)
    assert "--data" in str(problem)


def test_an_engine_that_cannot_be_imported_says_so() -> None:
    with Engine("nobody", sys.executable) as engine, pytest.raises(EngineError, match="with_nobody"):
        engine.ask("version")


@pytest.mark.parametrize("script", ["speed", "growth", "sweep", "cohort"])
def test_every_script_explains_itself(script: str) -> None:
    assert f"python -m benchmarks.{script}" in script_help(f"benchmarks.{script}")
