"""A case is recognised by all that its values depend on, and by nothing else."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from radiomics_screen.cohort.cases import Case
from radiomics_screen.extraction.running.case_keys import content_hash, contents_of, digest_of, files_behind


@pytest.fixture
def case(tmp_path: Path) -> Case:
    for name in ("image", "mask"):
        (tmp_path / name).write_bytes(name.encode())
    return Case("a", "p", tmp_path / "image", tmp_path / "mask", None, 2, {"age": 1})


def key(case: Case, recipe: str = "r") -> str:
    return contents_of(case, recipe).key


def test_name_place_and_carried_columns_do_not_count(case: Case, tmp_path: Path) -> None:
    moved = case.image.rename(tmp_path / "moved")
    other = replace(case, id="b", patient_id=None, image=moved, line=9, carried={})
    (tmp_path / "image").write_bytes(b"image")
    assert key(other) == key(case)


def test_content_label_and_recipe_count(case: Case) -> None:
    keys = {key(case), key(case, "other"), key(replace(case, label=1)), key(replace(case, label=2))}
    keys.add(key(replace(case, image=case.mask, mask=case.image)))
    for path in (case.image, case.mask):
        path.write_bytes(path.read_bytes() + b"!")
        keys.add(key(case))
    assert len(keys) == 7


def test_a_file_changed_in_place_is_seen_though_hashes_are_remembered(case: Case) -> None:
    before = key(case)
    case.image.write_bytes(b"IMAGE")  # of the same size
    os.utime(case.image, ns=(1, 1))
    assert key(case) != before


def test_an_unreadable_case_has_no_key(case: Case) -> None:
    case.mask.unlink()
    assert contents_of(case, "r").key == ""


def test_parts_do_not_run_together() -> None:
    assert digest_of(("ab", "c")) != digest_of(("a", "bc"))
    assert digest_of(("a",)) != digest_of(("a", ""))


@pytest.mark.parametrize(
    ("header", "content", "others"),
    [
        ("a.mhd", "NDims = 3\nElementDataFile = a.raw\n", ["a.raw"]),
        ("a.mhd", "ElementDataFile = LOCAL\n", []),
        ("a.mhd", "ElementDataFile = LIST\n1.raw\n2.raw\n", ["1.raw", "2.raw"]),
        ("a.mhd", "ElementDataFile = s%03d.raw 1 2 1\n", ["s001.raw", "s002.raw"]),
        ("a.nhdr", "NRRD0004\ndata file: a.raw\n", ["a.raw"]),
        ("a.nhdr", "NRRD0004\r\ndatafile: a.raw\r\n", ["a.raw"]),
        ("a.mha", "ObjectType = Image\nElementDataFile = a.raw\n", ["a.raw"]),
        ("a.mha", "ObjectType = Image\nElementDataFile = LIST\n1.raw\n2.raw\n", ["1.raw", "2.raw"]),
        ("a.dat", "NDims = 3\nElementDataFile = below.x/größe.bin\n", ["größe.bin"]),
        (
            "A.MHD",
            "ObjectType = Image\nElementDataFile = s%02d.raw 1 5 2\n",
            ["s01.raw", "s03.raw", "s05.raw"],
        ),
        ("a.nrrd", "NRRD0005\ntype: short\ndata file: LIST 2\n1.raw\n2.raw\n", ["1.raw", "2.raw"]),
        ("a.nrrd", "NRRD0005\ntype: short\ndata file: s%02d.raw 1 2 1 2\n", ["s01.raw", "s02.raw"]),
        ("a.hdr", "", ["a.img"]),
        ("a.img", "", ["a.hdr"]),
    ],
)
def test_data_files_belong_to_their_header(
    tmp_path: Path, header: str, content: str, others: list[str]
) -> None:
    (tmp_path / header).write_text(content)
    folder = tmp_path / "below.x" if "below.x" in content else tmp_path
    folder.mkdir(exist_ok=True)
    for name in others:
        (folder / name).write_text(name)
    (tmp_path / "unrelated.raw").write_text("x")
    assert [p.name for p in files_behind(tmp_path / header)] == [header, *others]
    before = content_hash(tmp_path / header)
    for name in others:
        (folder / name).write_text(f"{name} changed")
        changed = content_hash(tmp_path / header)
        assert changed != before
        before = changed


def test_a_file_beside_a_header_is_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.nii.gz").write_bytes(b"x")
    (tmp_path / "a.nii").write_bytes(b"y")
    assert files_behind(tmp_path / "a.nii.gz") == [tmp_path / "a.nii.gz"]


def test_data_outside_the_folder_is_not_looked_at_unless_it_may_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.raw").write_text("x")
    (tmp_path / "below").mkdir()
    header = tmp_path / "below" / "a.mhd"
    header.write_text("ObjectType = Image\nElementDataFile = ../x.raw\n")
    assert files_behind(header) == [header]
    monkeypatch.setenv("RADIOMICS_SCREEN_ALLOW_OUTSIDE_DATA", "1")
    assert [file.name for file in files_behind(header)] == ["a.mhd", "x.raw"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_or_a_device_has_no_content_and_never_blocks(case: Case, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mhd")
    for path in (tmp_path / "pipe.mhd", Path("/dev/zero")):
        assert contents_of(replace(case, mask=path), "r").key == ""


def test_a_change_that_keeps_size_and_time_is_seen(case: Case) -> None:
    before, status = key(case), case.image.stat()
    case.image.write_bytes(b"IMAGE")
    os.utime(case.image, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert key(case) != before


def test_a_folder_is_its_files_and_their_names(tmp_path: Path) -> None:
    series = tmp_path / "series"
    series.mkdir()
    (series / "1.dcm").write_text("one")
    (series / "2.dcm").write_text("two")
    before = content_hash(series)
    assert content_hash(series.rename(tmp_path / "renamed")) == before
    (tmp_path / "renamed" / "2.dcm").write_text("zwo")
    assert content_hash(tmp_path / "renamed") != before
