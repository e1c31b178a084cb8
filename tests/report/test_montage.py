"""Which cases the montage shows, and what it says where it can show none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiomics_screen.cohort.synthetic import make_sample
from radiomics_screen.modelling import Model, fit
from radiomics_screen.report.sections.montage import montage_of, most_extreme
from radiomics_screen.report.sections.out_of_fold import OutOfFold, out_of_fold
from tests.helpers.tables import ASKED, FAST, small_table


def folds_of(
    outcome: list[int],
    probabilities: list[list[float]],
    patients: str,
    thresholds: list[list[float]] | None = None,
) -> OutOfFold:
    return OutOfFold(
        cases=np.array([f"c{n}" for n in range(len(outcome))], dtype=object),
        patients=np.array(list(patients)),
        outcome=np.array(outcome),
        probabilities=np.array(probabilities),
        thresholds=None if thresholds is None else np.array(thresholds),
        threshold=0.5,
    )


def test_the_most_extreme_of_each_kind_one_a_patient() -> None:
    found = folds_of([1, 1, 1, 1, 0, 0, 0], [[0.7, 0.99, 0.98, 0.1, 0.6, 0.2, 0.01]], "aabcdef")
    assert most_extreme(found, truth=1, called=1) == [1, 2]  # row 0 is the same patient as row 1
    assert most_extreme(found, truth=1, called=0) == [3]
    assert most_extreme(found, truth=0, called=1) == [4]
    assert most_extreme(found, truth=0, called=0) == [6, 5]
    assert most_extreme(found, truth=0, called=0, count=1) == [6]


def test_repeats_vote_and_their_probabilities_are_averaged() -> None:
    found = folds_of([1, 1, 1], [[0.9, 0.4, 0.6], [0.7, 0.45, 0.1], [0.8, 0.9, 0.2]], "abc")
    assert found.called.tolist() == [True, False, False]
    assert found.mean_probability == pytest.approx([0.8, 1.75 / 3, 0.3])
    assert most_extreme(found, truth=1, called=0) == [2, 1]


def test_thresholds_of_the_folds_go_before_that_of_the_model() -> None:
    found = folds_of([1, 1], [[0.3, 0.3]], "ab", [[0.2, 0.4]])
    assert found.called.tolist() == [True, False]


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(small_table(), **ASKED, **FAST)


def with_pictures(folder: Path, rows: int) -> pd.DataFrame:
    """Give every row an image of the synthetic cohort."""
    cases = pd.read_csv(make_sample(folder, patients=2))
    made = small_table()
    paths = {name: [str(folder / path) for path in cases[name]] for name in ("image", "mask")}
    return made.assign(
        **{name: [found[n % len(found)] for n in range(rows)] for name, found in paths.items()}, label=pd.NA
    )


def test_pictures_of_all_kinds_of_calls(model: Model, tmp_path: Path) -> None:
    table = with_pictures(tmp_path, len(small_table()))
    found = montage_of(model, table, out_of_fold(model))
    assert [title for title, _, _ in found.kinds] == [
        "bad, called good", "good, called bad", "bad, called so", "good, called so",
    ]  # fmt: skip
    tiles = [tile for *_, tiles in found.kinds for tile in tiles]
    assert all(tile.picture is not None for tile in tiles)
    predictions = model.evaluation.predictions
    assert predictions is not None
    by_case = predictions.set_index("case_id")
    for tile in tiles:
        assert tile.truth == by_case.loc[tile.case, "target"]
        assert float(tile.probability) == pytest.approx(by_case.loc[tile.case, "probability"], abs=5e-4)


def test_one_image_that_is_gone_leaves_the_others(model: Model, tmp_path: Path) -> None:
    table = with_pictures(tmp_path, len(small_table()))
    whole = montage_of(model, table, out_of_fold(model))
    gone = whole.kinds[0][2][0].case
    table.loc[table["case_id"] == gone, "image"] = str(tmp_path / "nowhere.png")
    found = montage_of(model, table, out_of_fold(model))
    without = [tile for *_, tiles in found.kinds for tile in tiles if tile.picture is None]
    assert [tile.case for tile in without] == [gone]
    assert "nowhere.png" in without[0].problem


def test_where_no_image_can_be_read_one_sentence_says_so(model: Model, tmp_path: Path) -> None:
    folds = out_of_fold(model)
    for table in (None, small_table()):
        found = montage_of(model, table, folds)
        assert found.kinds == []
        assert "the table names none" in found.remark
    lost = small_table().assign(image=str(tmp_path / "a.png"), mask=str(tmp_path / "b.png"), label="x")
    found = montage_of(model, lost, folds)
    assert found.kinds == []
    assert "none could be read" in found.remark
    unnamed = montage_of(model, lost.assign(image=None), folds)
    assert "names no image" in unnamed.remark
