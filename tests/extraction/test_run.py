"""A run loses nothing, mixes nothing, and gives the same values however it is done."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radiomics_screen import extract_cohort, read_table
from radiomics_screen.cohort.cases import Case, read_cohort
from radiomics_screen.cohort.synthetic import make_sample
from radiomics_screen.core.errors import CohortError, SettingsError, TableError
from radiomics_screen.core.remarks import ScreenWarning
from radiomics_screen.extraction import run
from radiomics_screen.extraction.compose_table import compose
from radiomics_screen.extraction.run import RunProgress
from radiomics_screen.extraction.running.finished_row import Measured
from radiomics_screen.extraction.running.journal import Journal
from radiomics_screen.table.feature_table import as_table

SETTINGS: dict[str, Any] = {"featureClass": {"firstorder": [], "shape2D": []}}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sample(tmp_path_factory.mktemp("original"), patients=5)


@pytest.fixture
def cohort(original: Path, tmp_path: Path) -> Path:
    """Return the cases file of a small cohort that a test may change."""
    shutil.copytree(original.parent, tmp_path / "cohort")
    return tmp_path / "cohort" / "cases.csv"


@pytest.fixture(scope="module")
def undisturbed(original: Path) -> pd.DataFrame:
    return extract_cohort(original, SETTINGS)


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Compare all but the clock, and the folder that the images lie in."""
    apart = ["seconds", "image", "mask"]
    pd.testing.assert_frame_equal(found.drop(columns=apart), expected.drop(columns=apart), check_exact=True)


class Watch:
    """Remembers the progress of a run, and may interrupt it after a number of rows."""

    def __init__(self, interrupt_after: int | None = None) -> None:
        self.seen: list[RunProgress] = []
        self._after = interrupt_after

    def __call__(self, now: RunProgress) -> None:
        self.seen.append(now)
        if self._after is not None and now.done - now.reused == self._after:
            raise KeyboardInterrupt

    @property
    def computed(self) -> int:
        return self.seen[-1].done - self.seen[0].done


def interrupted(cohort: Path, output: Path, *, after: int = 3, **options: Any) -> Path:
    """Begin a run, press Ctrl-C, and return the journal that is left."""
    with pytest.raises(KeyboardInterrupt):
        extract_cohort(cohort, SETTINGS, output=output, progress=Watch(after), **options)
    journal = output.with_name(output.name + ".journal")
    assert journal.exists()
    assert not output.exists()
    return journal


# -- the same values, however they are computed -----------------------------------------------


@pytest.mark.parametrize("jobs", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_processes_change_nothing(cohort: Path, undisturbed: pd.DataFrame, tmp_path: Path, jobs: int) -> None:
    found = extract_cohort(cohort, SETTINGS, output=tmp_path / "t.parquet", jobs=jobs)
    assert_same(found, undisturbed)
    assert_same(read_table(tmp_path / "t.parquet").frame, undisturbed)


def test_a_backend_of_the_caller_is_used(cohort: Path, undisturbed: pd.DataFrame) -> None:
    with joblib.parallel_config(backend="threading", n_jobs=2):
        assert_same(extract_cohort(cohort, SETTINGS), undisturbed)


def test_csv_and_parquet_hold_the_same(cohort: Path, undisturbed: pd.DataFrame, tmp_path: Path) -> None:
    extract_cohort(cohort, SETTINGS, output=tmp_path / "t.csv")
    assert_same(read_table(tmp_path / "t.csv").frame, undisturbed)


def test_threads_are_put_back(cohort: Path) -> None:
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(7)
    try:
        seen = []
        extract_cohort(
            cohort,
            SETTINGS,
            progress=lambda now: seen.append(sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()),
        )
        assert set(seen[1:]) == {1}
        assert sitk.ProcessObject.GetGlobalDefaultNumberOfThreads() == 7
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


def test_columns_come_in_their_order(undisturbed: pd.DataFrame) -> None:
    columns = list(undisturbed.columns)
    assert columns[:12] == [
        *("case_id", "patient_id", "image", "mask", "label", "pathology", "age"),
        *("status", "error", "warnings", "seconds", "case_key"),
    ]
    families = [name.split("_")[1] for name in columns[12:]]
    assert families == sorted(families, key=["shape2D", "firstorder"].index)
    assert undisturbed["age"].dtype == "int64"
    assert undisturbed["case_key"].is_unique


@pytest.fixture
def regions(original: Path, tmp_path: Path) -> Path:
    """Return the cases file of two images with four regions each, in turns."""
    rows = ["case_id,image,mask,label"]
    for name in ("synthetic-001-a", "synthetic-002-a"):
        size = sitk.ReadImage(str(original.parent / "images" / f"{name}.png")).GetSize()
        parts = np.zeros(size[::-1], dtype=np.uint8)
        for label in (1, 2, 3, 4):
            parts[20 * label : 20 * label + 12, 30 : 45 + label] = label
        sitk.WriteImage(sitk.GetImageFromArray(parts), str(tmp_path / f"{name}.png"))
        image = original.parent / "images" / f"{name}.png"
        rows += [f"{name}-{label},{image},{name}.png,{label}" for label in (1, 2, 3, 4)]
    rows[1:] = [rows[n] for n in (1, 5, 2, 6, 3, 7, 4, 8)]
    (tmp_path / "regions.csv").write_text("\n".join(rows))
    return tmp_path / "regions.csv"


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_regions_of_one_image_have_the_values_they_have_alone(regions: Path, jobs: int) -> None:
    found = extract_cohort(regions, SETTINGS, jobs=jobs)
    alone = pd.concat([extract_cohort([case], SETTINGS) for case in read_cohort(regions).cases])
    assert found["original_firstorder_Mean"].nunique() == 8
    pd.testing.assert_frame_equal(
        found.drop(columns="seconds"),
        alone.drop(columns="seconds").reset_index(drop=True),
        check_exact=True,
    )


def test_regions_of_one_image_reach_the_disk_one_by_one(regions: Path, tmp_path: Path) -> None:
    with Journal(interrupted(regions, tmp_path / "t.parquet", after=2)) as journal:
        assert len(journal.rows) == 2
    watch = Watch()
    extract_cohort(regions, SETTINGS, output=tmp_path / "t.parquet", progress=watch)
    assert watch.computed == 6


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_broken_region_leaves_the_others_of_its_image(regions: Path, jobs: int) -> None:
    regions.write_text(regions.read_text().replace("synthetic-001-a.png,2", "synthetic-001-a.png,9"))
    found = extract_cohort(regions, SETTINGS, jobs=jobs)
    assert found.loc[found["status"] != "ok", "case_id"].tolist() == ["synthetic-001-a-2"]
    assert "9" in found["error"][2]


def test_rows_share_their_names(cohort: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand rows of a thousand features do not hold a million names."""
    seen: list[Measured] = []
    monkeypatch.setattr(run, "compose", lambda cohort, rows: seen.extend(rows) or compose(cohort, rows))
    extract_cohort(cohort, SETTINGS, jobs=2)
    assert len({id(row.names) for row in seen}) == 1 < len(seen)


# -- nothing is lost, nothing is done twice ---------------------------------------------------


@pytest.mark.parametrize(
    ("name", "jobs"),
    [
        ("t.parquet", 1),
        ("t.csv", 1),
        pytest.param("t.parquet", 2, marks=pytest.mark.slow),
        pytest.param("t.csv", 2, marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_goes_on(
    cohort: Path, undisturbed: pd.DataFrame, tmp_path: Path, name: str, jobs: int
) -> None:
    output = tmp_path / name
    journal = interrupted(cohort, output, jobs=jobs)
    watch = Watch()
    found = extract_cohort(cohort, SETTINGS, output=output, progress=watch, jobs=jobs)
    assert watch.seen[0].reused >= 3
    assert watch.computed == len(undisturbed) - watch.seen[0].reused
    assert_same(found, undisturbed)
    assert_same(read_table(output).frame, undisturbed)
    assert not journal.exists()


def test_a_journal_torn_anywhere_is_continued(
    cohort: Path, undisturbed: pd.DataFrame, tmp_path: Path
) -> None:
    edit(cohort, lambda lines: lines[:5])
    undisturbed, output = undisturbed.head(4), tmp_path / "t.parquet"
    whole = interrupted(cohort, output, after=len(undisturbed) - 1).read_bytes()
    ends = [n + 1 for n, byte in enumerate(whole) if byte == ord("\n")]
    for cut in (0, 1, *(end + shift for end in ends for shift in (-1, 0, 7))):
        output.unlink(missing_ok=True)
        output.with_name("t.parquet.journal").write_bytes(whole[:cut])
        assert_same(extract_cohort(cohort, SETTINGS, output=output), undisturbed)


def test_a_damaged_line_costs_only_its_row(cohort: Path, undisturbed: pd.DataFrame, tmp_path: Path) -> None:
    output = tmp_path / "t.parquet"
    journal = interrupted(cohort, output, after=4)
    lines = journal.read_bytes().splitlines(keepends=True)
    rows = [n for n, line in enumerate(lines) if b'"case"' in line]
    lines[rows[1]] = lines[rows[1]][:30] + b"\x00\xff\n"
    journal.write_bytes(b"".join(lines))
    watch = Watch()
    assert_same(extract_cohort(cohort, SETTINGS, output=output, progress=watch), undisturbed)
    assert watch.seen[0].reused == 3


def test_a_finished_table_is_not_computed_again(
    cohort: Path, undisturbed: pd.DataFrame, tmp_path: Path
) -> None:
    extract_cohort(cohort, SETTINGS, output=tmp_path / "t.csv")
    first = (tmp_path / "t.csv").read_bytes()
    watch = Watch()
    assert_same(extract_cohort(cohort, SETTINGS, output=tmp_path / "t.csv", progress=watch), undisturbed)
    assert watch.computed == 0
    assert (tmp_path / "t.csv").read_bytes() == first


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
@pytest.mark.parametrize("replaced", [0, 1])
def test_stopped_while_the_table_is_replaced(
    cohort: Path, undisturbed: pd.DataFrame, tmp_path: Path, name: str, replaced: int
) -> None:
    """Table and provenance are two files: one may be the new one while the other is the old."""
    lines = cohort.read_text()
    edit(cohort, lambda lines: lines[:3])
    extract_cohort(cohort, SETTINGS, output=tmp_path / name)
    cohort.write_text(lines)
    put, calls = os.replace, []

    def stop(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) > replaced:
            raise KeyboardInterrupt
        put(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.replace", stop)
        with pytest.raises(KeyboardInterrupt):
            extract_cohort(cohort, SETTINGS, output=tmp_path / name)
    assert_same(extract_cohort(cohort, SETTINGS, output=tmp_path / name), undisturbed)
    assert_same(read_table(tmp_path / name).frame, undisturbed)


def edit(cohort: Path, change: Callable[[list[str]], list[str]]) -> None:
    cohort.write_text("\n".join(change(cohort.read_text().splitlines())) + "\n")


def test_new_cases_are_added_and_others_dropped(
    cohort: Path, undisturbed: pd.DataFrame, tmp_path: Path
) -> None:
    lines = cohort.read_text()
    edit(cohort, lambda lines: lines[:4])
    extract_cohort(cohort, SETTINGS, output=tmp_path / "t.parquet")
    cohort.write_text(lines)
    edit(cohort, lambda lines: [lines[0], *lines[:1:-1]])  # in another order, and without the first
    watch = Watch()
    with pytest.warns(ScreenWarning, match="kept as t.before.parquet"):
        found = extract_cohort(cohort, SETTINGS, output=tmp_path / "t.parquet", progress=watch)
    assert watch.seen[0].reused == 2
    assert_same(found, undisturbed[:0:-1].reset_index(drop=True))


def test_carried_columns_are_those_of_the_cases_file_now(cohort: Path, tmp_path: Path) -> None:
    extract_cohort(cohort, SETTINGS, output=tmp_path / "t.parquet")
    edit(cohort, lambda lines: [lines[0] + ",new", *(f"{line},{n}" for n, line in enumerate(lines[1:]))])
    watch = Watch()
    found = extract_cohort(cohort, SETTINGS, output=tmp_path / "t.parquet", progress=watch)
    assert watch.computed == 0
    assert found["new"].tolist() == list(range(len(found)))


def test_a_case_is_its_content_not_its_place(cohort: Path, tmp_path: Path) -> None:
    extract_cohort(cohort, SETTINGS, output=tmp_path / "t.parquet")
    lines = cohort.read_text().splitlines()
    image, other = (cohort.parent / line.split(",")[2] for line in lines[1:3])
    image.rename(image.with_name("moved.png"))
    shutil.copy(image.with_name("moved.png"), other)  # another image under the name of the second case
    edit(cohort, lambda lines: [line.replace(f"images/{image.name}", "images/moved.png") for line in lines])
    watch = Watch()
    with pytest.warns(ScreenWarning, match="kept as t.before.parquet"):
        found = extract_cohort(cohort, SETTINGS, output=tmp_path / "t.parquet", progress=watch)
    assert watch.computed == 1
    pd.testing.assert_frame_equal(
        found.drop(columns="seconds"),
        extract_cohort(cohort, SETTINGS).drop(columns="seconds"),
        check_exact=True,
    )


def test_equal_content_twice_is_two_rows(cohort: Path, tmp_path: Path) -> None:
    edit(cohort, lambda lines: [*lines, lines[1].replace("synthetic-001-a,", "twin,", 1)])
    for _ in range(2):
        found = extract_cohort(cohort, SETTINGS, output=tmp_path / "t.parquet")
        first, twin = found.iloc[0], found.iloc[-1]
        assert (first["case_id"], twin["case_id"]) == ("synthetic-001-a", "twin")
        assert first["case_key"] == twin["case_key"]
        pd.testing.assert_series_equal(first.iloc[12:], twin.iloc[12:], check_names=False)


def test_a_failed_case_is_a_row_and_is_tried_again(
    cohort: Path, undisturbed: pd.DataFrame, tmp_path: Path
) -> None:
    mask = cohort.parent / "masks" / "synthetic-002-a.png"
    content = mask.read_bytes()
    mask.write_text("no image")
    for _ in range(2):
        watch = Watch()
        found = extract_cohort(cohort, SETTINGS, output=tmp_path / "t.parquet", progress=watch)
        failed = found[found["status"] != "ok"]
        assert failed["case_id"].tolist() == ["synthetic-002-a"]
        assert "synthetic-002-a.png" in failed["error"].item()
        assert failed.iloc[0, 12:].isna().all()
    assert watch.computed == 1
    assert watch.seen[-1].failed == 1
    mask.write_bytes(content)
    assert_same(extract_cohort(cohort, SETTINGS, output=tmp_path / "t.parquet"), undisturbed)


def test_a_missing_file_is_a_row(cohort: Path, tmp_path: Path) -> None:
    (cohort.parent / "images" / "synthetic-001-a.png").unlink()
    found = extract_cohort(cohort, SETTINGS, output=tmp_path / "t.csv")
    assert found["status"].value_counts().to_dict() == {"ok": len(found) - 1, "failed": 1}
    assert found["case_key"][0] == ""
    assert_same(read_table(tmp_path / "t.csv").frame, found)


def test_all_failed_is_a_table_too(cohort: Path, tmp_path: Path) -> None:
    shutil.rmtree(cohort.parent / "images")
    found = extract_cohort(cohort, SETTINGS, output=tmp_path / "t.parquet")
    assert set(found["status"]) == {"failed"}
    table = read_table(tmp_path / "t.parquet")
    assert table.features == []


# -- a process that dies ----------------------------------------------------------------------


class _Bomb:
    """Ends the process that unpickles it, as a fault in a library would."""

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int]]:
        return os._exit, (7,)


@pytest.mark.slow
def test_a_case_that_kills_its_worker_becomes_a_row(
    cohort: Path, undisturbed: pd.DataFrame, tmp_path: Path
) -> None:
    cases = list(read_cohort(cohort).cases)
    cases[2] = replace(cases[2], carried={**cases[2].carried, "bomb": _Bomb()})
    found = extract_cohort(cases, SETTINGS, output=tmp_path / "t.parquet", jobs=2)
    assert found["status"].tolist() == ["ok", "ok", "failed", *["ok"] * (len(found) - 3)]
    assert "the process that measured this case died" in found["error"][2]
    others = found.drop(columns="bomb").drop(index=2).reset_index(drop=True)
    assert_same(others, undisturbed.drop(index=2).reset_index(drop=True))


@pytest.mark.slow
def test_a_case_that_kills_its_worker_takes_no_other_of_its_image_along(
    regions: Path, tmp_path: Path
) -> None:
    cases = list(read_cohort(regions).cases)
    cases[3] = replace(cases[3], carried={"bomb": _Bomb()})
    found = extract_cohort(cases, SETTINGS, output=tmp_path / "t.parquet", jobs=2)
    assert found["status"].tolist() == ["failed" if n == 3 else "ok" for n in range(len(cases))]


@pytest.mark.slow
def test_a_case_that_killed_the_run_is_tried_in_a_process_of_its_own(cohort: Path, tmp_path: Path) -> None:
    """With one process, the one that died cannot tell; the next run finds what it had begun."""
    output = tmp_path / "t.parquet"
    journal = interrupted(cohort, output, after=2)
    lines = [line for line in journal.read_bytes().splitlines(keepends=True) if b'"left"' not in line]
    cases = list(read_cohort(cohort).cases)
    journal.write_bytes(b"".join([*lines, json.dumps({"begin": cases[4].id}).encode() + b"\n"]))
    cases[4] = replace(cases[4], carried={**cases[4].carried, "bomb": _Bomb()})
    found = extract_cohort(cases, SETTINGS, output=output)
    assert found["status"].value_counts().to_dict() == {"ok": len(found) - 1, "failed": 1}
    assert "died" in found["error"][4]


def test_ctrl_c_makes_no_case_suspect(cohort: Path, tmp_path: Path) -> None:
    path = interrupted(cohort, tmp_path / "t.parquet")
    with Journal(path) as journal:
        assert len(journal.rows) == 3
        assert not journal.suspects


# -- nothing is mixed -------------------------------------------------------------------------

OTHER: dict[str, Any] = {**SETTINGS, "setting": {"binWidth": 10}}


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_other_parameters_are_refused_and_named(cohort: Path, tmp_path: Path, name: str) -> None:
    extract_cohort(cohort, SETTINGS, output=tmp_path / name)
    before = (tmp_path / name).read_bytes()
    with pytest.raises(TableError, match=r"setting.binWidth: was 25(.0)?, is now 10") as caught:
        extract_cohort(cohort, OTHER, output=tmp_path / name)
    assert "overwrite=True" in str(caught.value)
    assert (tmp_path / name).read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cohort", name, "t.provenance.json"]
    replaced = extract_cohort(cohort, OTHER, output=tmp_path / name, overwrite=True)
    assert_same(read_table(tmp_path / name).frame, replaced)


def test_an_unfinished_run_with_other_parameters_is_refused(
    cohort: Path, undisturbed: pd.DataFrame, tmp_path: Path
) -> None:
    journal = interrupted(cohort, tmp_path / "t.parquet")
    before = journal.read_bytes()
    with pytest.raises(
        TableError, match=r"unfinished run \(t.parquet.journal\) was made with other parameters"
    ):
        extract_cohort(cohort, OTHER, output=tmp_path / "t.parquet")
    assert journal.read_bytes().startswith(before)
    watch = Watch()
    extract_cohort(cohort, OTHER, output=tmp_path / "t.parquet", overwrite=True, progress=watch)
    assert watch.computed == len(undisturbed)
    assert not journal.exists()


def test_an_interrupted_overwriting_goes_on_too(cohort: Path, tmp_path: Path) -> None:
    output = tmp_path / "t.parquet"
    extract_cohort(cohort, OTHER, output=output)
    with pytest.raises(KeyboardInterrupt):
        extract_cohort(cohort, SETTINGS, output=output, overwrite=True, progress=Watch(3))
    assert "10" in str((read_table(output).provenance or {})["parameters"]["setting"]["binWidth"])
    watch = Watch()
    extract_cohort(cohort, SETTINGS, output=output, overwrite=True, progress=watch)
    assert watch.seen[0].reused == 3


def test_another_version_of_the_package_is_refused(
    cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract_cohort(cohort, SETTINGS, output=tmp_path / "t.parquet")
    monkeypatch.setattr("radiomics_screen.extraction.running.provenance.__version__", "99.0")
    with pytest.raises(TableError, match=r"was made by version .* of this package, this is 99.0"):
        extract_cohort(cohort, SETTINGS, output=tmp_path / "t.parquet")


def test_a_file_that_the_parameters_name_counts_by_content(cohort: Path, tmp_path: Path) -> None:
    reference = tmp_path / "reference.png"
    shutil.copy(cohort.parent / "images" / "synthetic-001-a.png", reference)
    settings = {**SETTINGS, "preprocessing": [{"histogram_match": {"reference": str(reference)}}]}
    extract_cohort(cohort, settings, output=tmp_path / "t.parquet")
    shutil.copy(cohort.parent / "images" / "synthetic-003-a.png", reference)
    with pytest.raises(TableError, match="a file that the parameters name has changed"):
        extract_cohort(cohort, settings, output=tmp_path / "t.parquet")
    reference.unlink()
    with pytest.raises(SettingsError, match=r"histogram_match: .*reference.png cannot be read"):
        extract_cohort(cohort, settings, output=tmp_path / "new.parquet")


def test_rows_of_another_cohort_are_not_thrown_away(cohort: Path, tmp_path: Path) -> None:
    other = make_sample(tmp_path / "other", patients=2, seed=9)
    extract_cohort(cohort, SETTINGS, output=tmp_path / "t.parquet")
    with pytest.raises(TableError, match="holds rows of other cases"):
        extract_cohort(other, SETTINGS, output=tmp_path / "t.parquet")


def test_a_file_of_somebody_else_is_not_replaced(cohort: Path, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(TableError, match="was not made by this command"):
        extract_cohort(cohort, SETTINGS, output=tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "a,b\n1,2\n"


def test_two_runs_do_not_write_one_output(cohort: Path, tmp_path: Path) -> None:
    output = tmp_path / "t.parquet"

    def second(now: RunProgress) -> None:
        if now.done == 1:
            with pytest.raises(TableError, match="another run is writing"):
                extract_cohort(cohort, SETTINGS, output=output)

    extract_cohort(cohort, SETTINGS, output=output, progress=second)
    assert len(read_table(output).frame)


# -- what is refused before the work ----------------------------------------------------------


def test_names_of_own_columns_are_refused(cohort: Path) -> None:
    edit(cohort, lambda lines: [lines[0].replace(",age", ",status"), *lines[1:]])
    with pytest.raises(CohortError, match="columns of its own named status"):
        extract_cohort(cohort, SETTINGS)


def test_no_jobs_are_refused(cohort: Path) -> None:
    with pytest.raises(SettingsError, match="jobs is 0"):
        extract_cohort(cohort, SETTINGS, jobs=0)


def test_no_cases_are_no_table() -> None:
    with pytest.raises(CohortError, match="no cases"):
        extract_cohort([], SETTINGS)


# -- provenance -------------------------------------------------------------------------------


def test_the_provenance_says_how_the_table_came_about(cohort: Path, tmp_path: Path) -> None:
    (cohort.parent / "images" / "synthetic-001-a.png").unlink()
    extract_cohort(cohort, SETTINGS, output=tmp_path / "t.parquet")
    told = json.loads((tmp_path / "t.provenance.json").read_text())
    table = read_table(tmp_path / "t.parquet")
    assert told["features"] == table.features
    assert told["counts"] == {"rows": len(table.frame), "ok": len(table.frame) - 1, "failed": 1}
    assert {"python", "radiomics-screen", "numpy", "SimpleITK", "numba"} <= told["versions"].keys()
    assert "unknown" not in told["versions"].values()
    assert set(told["inputs"]) == set(table.frame["case_id"][1:])
    assert told["started"] <= told["ended"]
    assert told["machine"]["cores"]
    again = extract_cohort(cohort, told["parameters"], output=tmp_path / "t.parquet")
    assert_same(again, table.frame)


def test_cases_made_in_python(cohort: Path, undisturbed: pd.DataFrame) -> None:
    cases = [
        Case(id=c.id, patient_id=None, image=c.image, mask=c.mask, label=255, line=0, carried={})
        for c in read_cohort(cohort).cases
    ]
    found = extract_cohort(cases, SETTINGS)
    assert set(found["label"]) == {255}
    assert set(found["patient_id"]) == {""}
    features = [name for name in undisturbed if name.startswith("original_")]
    pd.testing.assert_frame_equal(found[features], undisturbed[features], check_exact=True)


def test_a_run_does_not_replace_its_own_cases_file(cohort: Path) -> None:
    before = cohort.read_bytes()
    with pytest.raises(TableError, match="is the cases file"):
        extract_cohort(cohort, SETTINGS, output=cohort, overwrite=True)
    assert cohort.read_bytes() == before


def test_a_family_that_did_not_fit_leaves_no_columns_after_a_resume(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    for name, shape in (("flat", (12, 14)), ("thick", (5, 12, 14))):
        image = sitk.GetImageFromArray(random.integers(0, 200, shape).astype(np.int16))
        sitk.WriteImage(image, str(tmp_path / f"{name}.nrrd"))
        sitk.WriteImage(sitk.Cast(image * 0 + 1, sitk.sitkUInt8), str(tmp_path / f"{name}_mask.nrrd"))
    flat, thick = (
        Case(name, None, tmp_path / f"{name}.nrrd", tmp_path / f"{name}_mask.nrrd", None, 2, {})
        for name in ("flat", "thick")
    )
    output = tmp_path / "t.parquet"
    both = extract_cohort([flat, thick], output=output)
    assert both.filter(like="original_shape_").isna().any(axis=None)
    with pytest.warns(ScreenWarning, match="1 rows of t.parquet are of no case in this list"):
        alone = extract_cohort([flat], output=output)
    assert_same(alone, extract_cohort([flat]))
    assert len(read_table(tmp_path / "t.before.parquet").frame) == 2


def test_a_table_in_memory_remembers_how_it_came_about(undisturbed: pd.DataFrame) -> None:
    table = as_table(undisturbed)
    assert table.provenance is not None
    assert table.provenance["parameters"]["featureClass"]["shape2D"]
    changed = undisturbed.assign(original_firstorder_Mean=0.0)
    assert as_table(changed).provenance is None


def test_workers_end_with_the_process_that_started_them(cohort: Path, tmp_path: Path) -> None:
    code = (
        "import os, time\n"
        "from radiomics_screen.extraction.running.executors.local_processes import LocalProcesses\n"
        "def work(n):\n"
        "    print(os.getpid(), flush=True); time.sleep(60)\n"
        "list(LocalProcesses(2).run(work, range(2)))\n"
    )
    (tmp_path / "parent.py").write_text(code)
    command = [sys.executable, str(tmp_path / "parent.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        workers = [int(parent.stdout.readline()) for _ in range(2)]
        parent.kill()
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.2)


def test_a_feature_table_is_no_list_of_cases(undisturbed: pd.DataFrame) -> None:
    with pytest.raises(CohortError, match="the table has columns of its own named status"):
        extract_cohort(undisturbed)
