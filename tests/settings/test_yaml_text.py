"""Parameter files that are no plain data, or unfold to more than anybody writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from radiomics_screen.core.errors import SettingsError
from radiomics_screen.settings.settings import load_settings
from radiomics_screen.settings.yaml_text import parse_yaml

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "\n".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 10)}]"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAUGHS, "line 6, column 4: holds more than 200000 values with all that is repeated by reference"),
        ("setting: &a {x: *a}", "line 1, column 10: a part refers to itself"),
        ("setting: " + "[" * 3000 + "]" * 3000, "nested more than 40 deep"),
        ("setting: " + "{a: " * 3000 + "1" + "}" * 3000, "nested more than 40 deep"),
        ("setting: !!set {a, b}", "'set' has no place in parameters"),
        ("setting: {binWidth: !!binary aGVsbG8=}", "'binary' has no place in parameters"),
        ("setting: !!omap [a: 1]", "'omap' has no place in parameters"),
        ("x: !!timestamp 2001-99-99", "'timestamp' has no place in parameters"),
        ("setting: !!python/object/apply:os.system ['true']", "has no place in parameters"),
        ("? [a, b]\n: 1", "a key must be a name"),
        ("? {a: b}\n: 1", "a key must be a name"),
        (f"setting: {{binWidth: {'9' * 5000}}}", "'99999999999999999999' is no whole number"),
        (f"setting: {{label: 1{'0' * 40}}}", "is too large for a number"),
        ("setting: {binWidth: !!int abc}", "'abc' is no whole number"),
        ("setting: {binWidth: !!float abc}", "could not convert"),
        ("setting: {force2D: !!bool abc}", "neither YAML nor JSON"),
        ("setting: {binWidth: 2020-01-01}", "expected a valid number, got '2020-01-01'"),
        ("setting: {~: 1}", "unknown option 'None'"),
        ("featureClass: {glcm: [1, [2]]}", "featureClass.glcm: expected a list of features"),
        ("featureClass: {glcm: [{a: b}]}", "featureClass.glcm: expected a list of features"),
        ("a: 1\n---\nb: 2", "single document"),
        ("# " + "x" * 2_000_001, "characters long"),
    ],
)
def test_what_no_parameter_file_holds_is_refused_in_a_sentence(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings(path)
    assert message in str(refused.value)
    assert str(path) in str(refused.value)


def test_parts_may_be_repeated_and_merged() -> None:
    text = """
    one: &one {binWidth: 5, force2D: true}
    two: *one
    three: {<<: *one, binWidth: 10}
    """
    one = {"binWidth": 5, "force2D": True}
    assert parse_yaml(text, "text") == {"one": one, "two": one, "three": {"binWidth": 10, "force2D": True}}


def test_a_merged_part_acts_in_a_parameter_file(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "imageType: &images {Original: {}}\n"
        "regions: {rim: {outer: 3, featureClass: {firstorder: }, imageType: {<<: *images, Mean: "
        "{mean_support: [5]}}}}\n"
    )
    (rim,) = load_settings(path).regions
    assert [image_type.name for image_type in rim.image_types] == ["Original", "Mean"]


def test_a_part_with_very_many_names_is_refused_before_they_are_compared(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("setting:\n" + "".join(f" k{n}: 1\n" for n in range(1001)))
    with pytest.raises(SettingsError, match="a part holds 1001 names, and 1000 are read at most"):
        load_settings(path)


def test_a_message_stays_short_whatever_the_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    twice = "".join(f"k{n}: 1\n" * 2 for n in range(200))
    unknown = "".join(f"k{n}: 1\n" for n in range(200))
    for text in ("setting: {binWidth: " + "1:" * 10_000 + "1}", twice, unknown):
        path.write_text(text)
        with pytest.raises(SettingsError) as refused:
            load_settings(path)
        assert len(str(refused.value)) < 3000
