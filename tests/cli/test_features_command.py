"""``radiomics-screen features``, and the page of documentation that it makes."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from radiomics_screen.features import FAMILIES
from radiomics_screen.features.catalogue import AGGREGATIONS
from radiomics_screen.features.catalogue.images import IMAGE_TYPES
from radiomics_screen.filters import FILTERS
from tests.helpers.command_line import Finished, run_command

REPOSITORY = Path(__file__).parents[2]


@cache
def run(*arguments: str, code: int = 0) -> Finished:
    """Run the command where the terminal takes ASCII alone."""
    return run_command("features", *arguments, code=code, encoding="ascii")


def test_all_families_are_listed_without_definitions() -> None:
    lines = run().stdout.splitlines()
    assert max(map(len, lines)) <= 100
    for name in FAMILIES:
        assert any(line.startswith(f"{name}: ") for line in lines)
    assert "  joint_max          GYBY  1  Joint maximum" in lines
    assert "      max p(i,j)" not in lines
    assert any(line.startswith("  _2_5D_comb  ZW7Z  one matrix") for line in lines)
    assert any(line.split()[:2] == ["LoG", "-"] for line in lines)
    assert lines[-1].startswith("Name a family for its definitions")


def test_a_family_is_shown_with_its_definitions() -> None:
    told = run("firstorder", "ivh", "firstorder").stdout
    assert told.count("firstorder: First-order statistics (IBSI UHIW; conventions: pyradiomics)") == 1
    assert "      sum (x - m)^4 / N / v^2; 0 where v = 0\n      Note: The IBSI's is in excess" in told
    assert "  v10           BC2M; NK6P  1  " in told
    assert "image types" not in told
    assert "_3D_avg" not in told
    assert "Name a family" not in told


def test_an_unknown_family_is_an_error_with_the_nearest_name() -> None:
    told = run("firstorder", "glcmm", code=2)
    assert told.stdout == ""
    assert told.stderr == "radiomics-screen: unknown feature family 'glcmm': did you mean 'glcm'?\n"


def test_json_is_complete() -> None:
    told = json.loads(run("--format", "json").stdout)
    assert {f["name"]: [x["name"] for x in f["features"]] for f in told["families"]} == {
        name: list(family.features + family.on_request) for name, family in FAMILIES.items()
    }
    assert [a["suffix"] for a in told["aggregations"]] == list(AGGREGATIONS)
    assert {i["name"] for i in told["image_types"]} == set(FILTERS)
    (shape,) = (f for f in told["families"] if f["name"] == "shape")
    assert [x["name"] for x in shape["features"] if x["on_request"]] == list(FAMILIES["shape"].on_request)
    assert next(x for x in shape["features"] if x["name"] == "MeshVolume") == {
        "name": "MeshVolume",
        "on_request": False,
        "title": "Volume (mesh)",
        "code": "RNU0",
        "unit": "mm^3",
        "definition": "V",
        "family_code": "HCUG",
        "note": "",
        "aggregation": "DHQ4",
    }


def test_families_and_image_types_alone() -> None:
    told = json.loads(run("szm", "--format", "json").stdout)
    assert set(told) == {"families", "aggregations"}
    assert [a["code"] for a in told["aggregations"]] == ["8QNN", "62GR", "KOBO"]
    assert set(json.loads(run("--images", "--format", "json").stdout)) == {"image_types"}
    both = run("ngt", "--images").stdout
    assert both.startswith("ngt: ")
    assert "image types\n" in both


def test_image_types_have_the_codes_of_the_ibsi() -> None:
    assert set(IMAGE_TYPES) <= set(FILTERS)
    told = {i["name"]: i for i in json.loads(run("--images", "--format", "json").stdout)["image_types"]}
    assert (told["Gabor"]["code"], told["LoG"]["code"]) == ("Q88H", "")
    assert all(i["summary"] for i in told.values())


def test_the_page_of_documentation_is_made_from_the_catalogue() -> None:
    """To make it: radiomics-screen features --format markdown > docs/reference/features.md."""
    page = (REPOSITORY / "docs" / "reference" / "features.md").read_text(encoding="utf-8")
    assert run("--format", "markdown").stdout == page
