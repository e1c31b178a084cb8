"""``radiomics-screen verify``: all reference values there are, and what is said where some are not met."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from typer.testing import CliRunner

from radiomics_screen.cli.app import app
from radiomics_screen.core.errors import ReadError
from radiomics_screen.settings.presets import preset_names
from radiomics_screen.settings.settings import load_settings
from radiomics_screen.verification import ReferenceComparison, chapter1, chapter2, verify
from radiomics_screen.verification.phantom import digital_phantom
from radiomics_screen.verification.results import Reference, compared, significant

#: Values with a reference, by part.
TOTALS = {
    "digital phantom": 482,
    "configuration A": 406,
    "configuration B": 406,
    "configuration D": 270,
    "response maps": 33,
    "filtered CT phantom": 180,
}


@pytest.fixture
def command() -> Callable[..., tuple[int, str]]:
    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["verify", *arguments])
        return result.exit_code, result.output

    return run


def test_the_digital_phantom_without_any_data(
    command: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    code, text = command("--json", str(tmp_path / "found.json"))
    assert code == 0
    assert "482/482" in text
    assert "not run: configuration D: needs the data sets of the IBSI: name their folder by --data" in text
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["passed"] is True
    assert sum(group["total"] for group in found["groups"]) == 482
    assert [omitted["part"] for omitted in found["omitted"]] == [
        *(f"configuration {letter}" for letter in "ABCDE"),
        "response maps",
        "filtered CT phantom",
    ]


@pytest.mark.slow
def test_everything_that_there_is_data_for(data_dir: Path) -> None:
    report = verify(data_dir)
    failures = [c for group in report.groups for c in group.comparisons if not c.passed]
    assert failures == []
    totals: dict[str, int] = {}
    for group in report.groups:
        totals[group.part] = totals.get(group.part, 0) + len(group.comparisons)
    assert totals == TOTALS
    assert report.passed
    assert {omitted.part for omitted in report.omitted} == {"configuration C", "configuration E"}


def test_the_phantom_is_that_of_the_data_set(data_dir: Path) -> None:
    for made, name in zip(digital_phantom(), ("image", "mask"), strict=True):
        read = sitk.ReadImage(str(data_dir / "ibsi1" / "digital_phantom" / f"{name}.nii.gz"))
        np.testing.assert_array_equal(sitk.GetArrayFromImage(made), sitk.GetArrayFromImage(read))
        assert made.GetSpacing() == read.GetSpacing()


def test_the_shipped_references_are_those_of_the_data_set(data_dir: Path) -> None:
    path = data_dir / "ibsi1" / "reference" / "digital_phantom.csv"
    assert chapter1.read_references(chapter1.PHANTOM_REFERENCE) == chapter1.read_references(path)


def test_a_deviation_fails_and_is_told(
    command: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = chapter1.read_references
    monkeypatch.setattr(
        chapter1,
        "read_references",
        lambda path: (
            [replace(r, value=r.value + 1) if r.tag == "stat_mean" else r for r in honest(path)]
            + [Reference("stat_unheard", 1.0, 0.1)]
        ),
    )
    code, text = command()
    assert code == 1
    assert "481/483" in text
    assert "FAILED: digital phantom: stat_mean: 2.14865, not 3.15 +- 0" in text
    assert "FAILED: digital phantom: stat_unheard: no value" in text
    assert "Not all passed" in text


@pytest.mark.parametrize(
    ("value", "reference", "tolerance", "passed"),
    [
        (2.14865, 2.15, 0.0, True),  # as published: three digits
        (2.1451, 2.15, 0.0, True),
        (2.1449, 2.15, 0.0, False),
        (3065.0, 3065.0, 0.0, True),  # a reference of more digits is met exactly
        (3066.0, 3065.0, 0.0, False),
        (-8638012.0, -8640000.0, 0.0, True),
        (0.0, 0.0, 0.0, True),
        (float("nan"), 0.0, 1.0, False),
        (None, 0.0, 1.0, False),
    ],
)
def test_values_are_compared_as_they_were_published(
    value: float | None, reference: float, tolerance: float, passed: bool
) -> None:
    assert compared(value, Reference("tag", reference, tolerance)).passed is passed


def test_the_worst_is_the_one_nearest_to_failing() -> None:
    fine = ReferenceComparison("fine", 1.0, 1.0, 0.0, 0.0, True)
    near = ReferenceComparison("near", 1.0, 1.9, 1.0, 0.9, True)
    over = ReferenceComparison("over", 1.0, 1.1, 0.0, 0.1, False)
    missing = ReferenceComparison("missing", None, 1.0, 5.0, None, False)
    assert max((fine, near), key=lambda c: c.severity) is near
    assert over.severity == missing.severity == float("inf")
    assert significant(-0.00123456) == -0.00123


def test_a_folder_without_data_is_refused(command: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    code, text = command("--data", str(tmp_path))
    assert code == 2
    assert f"{tmp_path}: has none of the IBSI's files, such as ibsi1/ct_phantom/image.nii.gz" in text
    code, text = command("--data", str(tmp_path / "nowhere"))
    assert code == 2
    assert "nowhere: is no folder" in text
    code, text = command("--json", str(tmp_path / "nowhere" / "found.json"))
    assert code == 2
    assert "found.json: cannot be written" in text


def phantom_test(folder: Path, difference: float) -> None:
    """Write phantom and reference of a test whose response is known: the mean of a flat image."""
    image = np.full((16, 16, 16), 100.0)
    expected = image.copy()
    expected[0, 0, 0], expected[1, 1, 1] = 100 + difference, 0.0
    for path, array in ((chapter2.phantom_file("1_a_2"), image), (chapter2.response_file("1_a_2"), expected)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(sitk.GetImageFromArray(array), folder / path)


def test_what_cannot_be_read_fails_by_itself(command: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    phantom_test(tmp_path, 1.0)
    code, text = command("--data", str(tmp_path), "--json", str(tmp_path / "found.json"))
    assert code == 1
    assert "FAILED: response maps: 1_a_2: differs by 99.01% of the range, 1% are allowed" in text
    assert f"not run: configuration A: {tmp_path} has no ibsi1/ct_phantom/image.nii.gz and 2 more" in text
    (tmp_path / chapter2.response_file("1_a_2")).write_bytes(b"no image")
    code, text = command("--data", str(tmp_path), "--json", str(tmp_path / "found.json"))
    assert code == 1
    assert "COULD NOT BE RUN: response maps: " in text
    assert "482/482" in text
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["passed"] is False
    assert found["broken"][0]["part"] == "response maps"


def test_a_damaged_reference_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config_a.csv"
    for content, reason in (
        ("value,tag\n1,2\n", "expected the columns 'reference value', 'tolerance' and 'tag'"),
        ("", "it has no values"),
        ("reference value;tolerance;tag\n;;stat_mean\n", "it has no values"),
        ("reference value;tolerance;tag\nnan;0;stat_mean\n", "stat_mean is no number"),
    ):
        path.write_text(content)
        with pytest.raises(ReadError, match=reason):
            chapter1.read_references(path)


def test_every_test_has_its_parameter_file() -> None:
    names = preset_names()
    for test in (*chapter2.TESTS, *(f"phase2-{t}" for t in chapter2.PHASE_2)):
        assert f"ibsi/filters/{test}" in names
    assert len(chapter2.TESTS) == 33
    for name in names:
        if name.startswith("ibsi/"):
            from radiomics_screen.settings.presets import preset_path

            assert load_settings(preset_path(name)).conventions == "ibsi"


def test_all_tags_of_all_references_are_measured(data_dir: Path) -> None:
    """A tag without a value would be counted as failed; here it is the catalogue of tags that is checked."""
    from radiomics_screen.features import FAMILIES
    from radiomics_screen.features.registry import AGGREGATION

    for path in sorted((data_dir / "ibsi1" / "reference").glob("*.csv")):
        with path.open(newline="") as file:
            tags = [row["tag"] for row in csv.DictReader(file, delimiter=";")]
        for tag in tags:
            if tag.endswith(("_img", "_roi")):
                continue
            family, feature = tag.split("_", 1)
            stem = AGGREGATION.sub("", feature) if FAMILIES[family].aggregated else feature
            assert stem in FAMILIES[family].features
