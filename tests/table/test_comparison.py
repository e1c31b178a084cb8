"""Where tables differ is found, and rounding is not taken for a difference."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiomics_screen.core.errors import TableError
from radiomics_screen.table.comparison import compare_tables, relative_differences, write_comparison

MEAN, CONTRAST, SHAPE = "original_firstorder_Mean", "original_glcm_Contrast", "original_shape2D_Perimeter"


def table(rows: int = 3) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "case_id": [f"c{n}" for n in range(rows)],
            "image": [f"/data/images/{n}.png" for n in range(rows)],
            "mask": [f"/data/masks/{n}.png" for n in range(rows)],
            "label": pd.array([None] * rows, dtype="Int64"),
            "status": "ok",
            "error": "",
            SHAPE: 10.0 + np.arange(rows),
            MEAN: 100.0 + np.arange(rows),
            CONTRAST: 0.5 + np.arange(rows),
        }
    )


def changed(row: int, column: str, value: object) -> pd.DataFrame:
    frame = table()
    frame.loc[row, column] = value
    return frame


# -- values -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "relative"),
    [
        (2.0, 2.0, 0.0),
        (2.0, 1.0, 0.5),
        (-2.0, 2.0, 2.0),
        (0.0, 0.0, 0.0),
        (np.inf, np.inf, 0.0),
        (np.inf, 1.0, np.inf),
        (np.nan, 1.0, np.inf),
        (1.0, np.nan, np.inf),
        (np.nan, np.nan, np.nan),
        (1e-16, -3e-16, 4e-7),  # rounding round zero: against 1e-9
        (1e-9, 2e-9, 0.5),
    ],
)
def test_a_difference_is_relative_to_the_larger_value(a: float, b: float, relative: float) -> None:
    ((found,),) = relative_differences(np.array([[a]]), np.array([[b]]))
    assert found == pytest.approx(relative, nan_ok=True)


def test_near_zero_the_largest_value_of_the_feature_counts() -> None:
    a, b = np.array([[1e6, 0.0], [1e-7, 0.0]]), np.array([[1e6, 1.0], [3e-7, 0.0]])
    found = relative_differences(a, b)
    assert found[1, 0] == pytest.approx(2e-7)  # 2e-7 of a millionth of 1e6
    assert found[0, 1] == 1.0


def test_equal_tables_agree() -> None:
    found = compare_tables(table(), table())
    assert found.agree
    assert (found.cases, found.features, found.total.values) == (3, 3, 9)
    assert found.total.worst is not None
    assert found.total.worst.relative == 0
    assert [family.name for family in found.families] == ["shape2D", "firstorder", "glcm"]


def test_the_largest_difference_is_named() -> None:
    found = compare_tables(table(), changed(1, MEAN, 101.2))
    worst = found.total.worst
    assert worst is not None
    assert (worst.case, worst.feature, worst.a, worst.b) == ("c1", MEAN, 101.0, 101.2)
    assert worst.relative == pytest.approx(0.2 / 101.2)
    assert not found.agree
    assert [family.differing for family in found.families] == [0, 1, 0]


def test_the_tolerance_decides() -> None:
    other = changed(1, MEAN, 101.0 * (1 + 1e-4))
    assert not compare_tables(table(), other).agree
    assert compare_tables(table(), other, tolerance=1e-3).agree


def test_nan_beside_a_number_is_a_difference_and_beside_nan_is_not() -> None:
    nan = changed(2, CONTRAST, np.nan)
    for a, b in ((nan, table()), (table(), nan)):
        found = compare_tables(a, b, tolerance=1e9)
        assert (found.total.values, found.total.differing, found.total.undefined) == (9, 1, 1)
        assert not found.agree
    both = compare_tables(nan, nan)
    assert both.agree
    assert both.total.values == 8


def test_what_is_in_one_table_only_is_named_and_does_not_count() -> None:
    found = compare_tables(table(4), table().drop(columns=SHAPE))
    assert found.cases_only == (("c3",), ())
    assert found.features_only == ((SHAPE,), ())
    assert found.agree


def test_failed_cases_are_listed_and_count_where_they_failed_once() -> None:
    failed = table()
    failed.loc[1, ["status", "error"]] = ["failed", "no mask"]
    failed.loc[1, [SHAPE, MEAN, CONTRAST]] = np.nan
    once = compare_tables(failed, table())
    assert once.failed == (("c1", "no mask", ""),)
    assert (once.total.values, once.total.differing) == (6, 0)
    assert not once.agree
    assert compare_tables(failed, failed).agree


def test_a_row_without_values_has_failed() -> None:
    """As in the tables of pyradiomics, which have no column that says so."""
    empty = table().drop(columns=["status", "error"])
    empty.loc[0, [SHAPE, MEAN, CONTRAST]] = np.nan
    assert compare_tables(empty, table()).failed == (("c0", "it has no values", ""),)


def test_nothing_in_common_cannot_be_compared() -> None:
    with pytest.raises(TableError, match="no name is in both"):
        compare_tables(table()[["case_id", MEAN]], table()[["case_id", SHAPE]])
    with pytest.raises(TableError, match="needs a column case_id"):
        compare_tables(table(), table().drop(columns="case_id"))
    failed = table().assign(status="failed")
    with pytest.raises(TableError, match="none of 3 cases has values in both"):
        compare_tables(failed, table())


# -- which rows belong together ---------------------------------------------------------------


def test_rows_in_another_order_are_matched_by_case_id() -> None:
    found = compare_tables(table(), table()[::-1].reset_index(drop=True))
    assert found.agree
    assert found.matched_by == "case_id"


def test_rows_with_other_names_are_matched_by_their_files() -> None:
    found = compare_tables(table(), table()[::-1].assign(case_id=["x", "y", "z"]))
    assert found.agree
    assert found.matched_by == "image, mask and label"
    assert found.total.worst is not None
    assert found.total.worst.case == "c0"


@pytest.mark.parametrize("label", [1, 1.0, "1", None])
def test_a_table_of_pyradiomics_is_matched_by_its_files(tmp_path: Path, label: object) -> None:
    """Its rows have no names, its paths may be other ones, and its label is always there."""
    theirs = table()[::-1].drop(columns=["case_id", "status", "error"]).assign(label=label)
    theirs["image"] = theirs["image"].str.replace("/data/images/", "images\\", regex=False)
    theirs = theirs.rename(columns={"image": "Image", "mask": "Mask", "label": "Label"})
    theirs.insert(3, "diagnostics_Versions_PyRadiomics", "v3.0.1")
    theirs.to_csv(tmp_path / "theirs.csv", index=False)
    found = compare_tables(table(), tmp_path / "theirs.csv")
    assert found.agree
    assert found.total.values == 9
    assert found.matched_by.startswith("file names of image and mask")


def test_regions_of_one_image_are_told_apart_by_their_label() -> None:
    regions = table().assign(image="i.png", mask="m.png", label=[1, 2, 3])
    found = compare_tables(regions, regions[::-1].assign(case_id=["x", "y", "z"]))
    assert found.agree
    assert found.cases == 3


def test_what_cannot_be_told_apart_is_not_guessed() -> None:
    same = table().assign(image="i.png", mask="m.png")
    with pytest.raises(TableError, match="no row of one table is in the other"):
        compare_tables(same, same.assign(case_id=["x", "y", "z"]))


def test_unnamed_rows_are_not_matched_by_their_number(tmp_path: Path) -> None:
    columns = ["image", "mask", MEAN]
    for name, frame in (("a", table()), ("b", table()[::-1])):
        frame[columns].to_csv(tmp_path / f"{name}.csv", index=False)
    found = compare_tables(tmp_path / "a.csv", tmp_path / "b.csv")
    assert found.agree
    assert found.cases == 3


# -- on disk ----------------------------------------------------------------------------------


def test_what_was_found_is_json(tmp_path: Path) -> None:
    write_comparison(compare_tables(table(), changed(0, MEAN, np.nan)), tmp_path / "c.json")
    told = json.loads((tmp_path / "c.json").read_text())
    assert told["agree"] is False
    assert told["total"]["undefined"] == 1
    assert told["total"]["worst"] == {
        **{"case": "c0", "feature": MEAN},
        **{"a": 100.0, "b": None, "relative": None},
    }
    with pytest.raises(TableError, match="cannot write"):
        write_comparison(compare_tables(table(), table()), tmp_path / "none" / "c.json")
