"""Every feature knows its name, code, unit and definition, and shares them with its counterpart only."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from radiomics_screen.core.errors import SettingsError
from radiomics_screen.core.options import summary_of
from radiomics_screen.features import FAMILIES, Family
from radiomics_screen.features.catalogue import (
    AGGREGATIONS,
    CATALOGUE,
    Facts,
    FamilyFacts,
    add_facts,
    describe_columns,
    described,
)
from radiomics_screen.features.catalogue.listing import listed_families
from radiomics_screen.features.catalogue.pages import WIDTH, as_markdown, as_text
from radiomics_screen.features.region import cut_region
from radiomics_screen.settings.settings import load_settings
from tests.helpers.regions import SPACING_MM, ball, random_region

#: Families of this package; another test, or another package, may have registered its own.
OWN = [n for n, f in FAMILIES.items() if f.compute.__module__.startswith("radiomics_screen.")]
IBSI = [name for name in OWN if FAMILIES[name].conventions == "ibsi"]
UNITS = {
    "1", "degrees", "mm", "mm^2", "mm^3", "1/mm", "bins", "bins^2", "voxels/bin",
    "intensity", "intensity^2", "intensity mm^3", "intensity^2 mm^3",
}  # fmt: skip
#: What measures the same by both conventions: family, its counterparts, and in which aggregation.
COUNTERPARTS = {
    "firstorder": (("stat", "ih"), ""),
    "glcm": (("cm",), "3D_avg"),
    "glrlm": (("rlm",), "3D_avg"),
    "glszm": (("szm",), "3D"),
    "gldm": (("ngl",), "3D"),
    "shape": (("morph",), ""),
}


@pytest.mark.parametrize("name", OWN)
def test_every_feature_has_facts_in_the_order_of_its_family(name: str) -> None:
    assert tuple(CATALOGUE[name].features) == FAMILIES[name].features + FAMILIES[name].on_request


def test_no_facts_are_without_a_family() -> None:
    assert set(CATALOGUE) <= set(FAMILIES)


@pytest.mark.parametrize("family", CATALOGUE)
def test_facts_are_complete(family: str) -> None:
    for name, facts in CATALOGUE[family].features.items():
        assert facts.title[0].isupper() or facts.title[0] in "(19", name
        assert facts.definition, name
        assert facts.unit in UNITS, name
        assert facts.code or facts.note or CATALOGUE[family].note, f"why has {name} no code?"
        for text in vars(facts).values():
            assert text.isascii(), name
            assert text == " ".join(text.split()), name
        assert facts.definition.count("(") == facts.definition.count(")"), name


@pytest.mark.parametrize("family", CATALOGUE)
def test_codes_are_those_of_the_ibsi_and_each_is_used_once(family: str) -> None:
    known = CATALOGUE[family]
    code = "[0-9A-Z]{4}"
    assert re.fullmatch(f"({code})?", known.code)
    assert known.about.isascii()
    assert known.note.isascii()
    codes = [facts.code for facts in known.features.values() if facts.code]
    assert len(codes) == len(set(codes))
    for facts in known.features.values():
        pair = f"{code}; {code}" if family == "ivh" and facts.title != "Area under the IVH curve" else code
        assert re.fullmatch(pair, facts.code) or not facts.code
        assert re.fullmatch(code, facts.family_code) or not facts.code
        assert facts.aggregation in ("", "DHQ4")
    titles = [facts.title for facts in known.features.values()]
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("name", IBSI)
def test_only_aggregated_families_have_suffixes(name: str) -> None:
    known = CATALOGUE[name]
    assert bool(known.aggregations) == FAMILIES[name].aggregated
    assert set(known.aggregations) <= set(AGGREGATIONS)
    for feature in known.features:
        assert described(name, feature).aggregation == ("" if known.aggregations else "DHQ4")


def test_suffixes_are_those_of_the_values() -> None:
    region = random_region(1, (3, 4, 5)).by_slices
    everything = ("2D_avg", "2D_comb", "2_5D_avg", "2_5D_comb", "3D_avg", "3D_comb")
    for name in IBSI:
        if FAMILIES[name].aggregated:
            suffixes = FAMILIES[name].compute(region, aggregation=everything)
            assert tuple(s.removeprefix("_") for s in suffixes) == CATALOGUE[name].aggregations


def test_every_tag_of_the_digital_phantom_is_described(data_dir: Path) -> None:
    with open(data_dir / "ibsi1" / "reference" / "digital_phantom.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    with_value = {row["tag"] for row in rows if row["reference value"]}
    assert len(with_value) == 482
    ours = [
        f"{family}_{feature}{suffix}"
        for family in CATALOGUE
        for feature in CATALOGUE[family].features
        for suffix in [f"_{s}" for s in CATALOGUE[family].aggregations] or [""]
        if CATALOGUE[family].code and (family not in FAMILIES or FAMILIES[family].conventions == "ibsi")
    ]
    assert len(ours) == len(set(ours))
    assert {row["tag"] for row in rows} == set(ours)
    told = describe_columns(f"original_{tag}" for tag in with_value)["families"]
    undescribed = {f"morph_{kind}_dens_{box}" for kind in ("vol", "area") for box in ("ombb", "mvee")}
    assert {
        f"{family}_{feature}"
        for family, known in CATALOGUE.items()
        for feature in known.features
        if family in told and feature not in told[family]["features"]
    } == undescribed | {"ivh_auc"}


@pytest.mark.parametrize("name", COUNTERPARTS)
def test_features_of_one_code_have_one_value_but_for_what_their_note_tells(name: str) -> None:
    """So each code stands beside the feature that it belongs to."""
    families, suffix = COUNTERPARTS[name]
    region = random_region(11)
    if name == "shape":  # whose mesh has holes where voxels touch at edges only
        smooth = ball(3.0, SPACING_MM)
        region = cut_region(np.indices(smooth.shape).sum(axis=0, dtype=float), smooth, SPACING_MM)
    n = len(region.footprint.voxels)
    wanted = {"aggregation": (suffix if "avg" in suffix else f"{suffix}_avg",)} if suffix else {}
    by_code: dict[str, float] = {}
    for family in families:
        values = FAMILIES[family].compute(region, **wanted)
        values = values[f"_{suffix}"] if suffix else values
        by_code |= {described(family, feature).code: value for feature, value in values.items()}
    compared = 0
    for feature, value in FAMILIES[name].compute(region).items():
        facts = described(name, feature)
        if not facts.code:
            continue
        expected = by_code[facts.code]
        if feature == "Kurtosis":
            assert "3 less" in facts.note
            expected += 3
        elif feature.endswith("AxisLength"):
            assert "sqrt(N / (N - 1))" in facts.note
            expected *= ((n - 1) / n) ** 0.5
        assert value == pytest.approx(expected, rel=1e-12), feature
        compared += 1
    assert compared >= 14


def test_a_suffix_adds_the_code_of_its_aggregation() -> None:
    assert described("cm", "joint_max", "_3D_avg") == replace(
        CATALOGUE["cm"].features["joint_max"], aggregation="ITBB"
    )
    assert described("szm", "sze", "2_5D").aggregation == "62GR"
    with pytest.raises(KeyError):
        described("cm", "joint_max", "4D")
    with pytest.raises(KeyError):
        described("cm", "joint_min")


def test_columns_are_described_once_and_others_passed_over() -> None:
    told = describe_columns(
        [
            "original_cm_joint_max_3D_avg",
            "wavelet-LLH_cm_joint_max_3D_comb",
            "log-sigma-2-0-mm-3D_firstorder_10Percentile",
            "original_szm_sze_2_5D",
            "original_cm_joint_max_9D",
            "original_elsewhere_Mean",
            "case_id",
            "seconds",
            "",
        ]
    )
    assert set(told) == {"families", "aggregations"}
    assert {name: list(family["features"]) for name, family in told["families"].items()} == {
        "cm": ["joint_max"],
        "firstorder": ["10Percentile"],
        "szm": ["sze"],
    }
    assert list(told["aggregations"]) == ["3D_avg", "3D_comb", "2_5D"]
    assert told["aggregations"]["3D_comb"]["code"] == "IAZD"
    assert told["families"]["cm"]["code"] == "LFYI"
    assert told["families"]["cm"]["features"]["joint_max"] == {
        "title": "Joint maximum",
        "code": "GYBY",
        "unit": "1",
        "definition": "max p(i,j)",
        "family_code": "LFYI",
    }


def test_facts_are_entered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, "spread", FamilyFacts(title="Spread"))
    with pytest.raises(SettingsError, match="facts of the feature family 'spread' already"):
        add_facts("spread", FamilyFacts())


def spread(region: object) -> dict[str, float]:
    """Describe how far the intensities lie from their median."""
    return {"Spread": float(np.nan)}


@pytest.mark.parametrize("with_facts", [False, True])
def test_families_of_other_packages_are_listed_with_what_there_is(
    monkeypatch: pytest.MonkeyPatch, with_facts: bool
) -> None:
    monkeypatch.setitem(FAMILIES._entries, "spread", Family("spread", spread, ("Spread", "Wide | far")))
    if with_facts:
        monkeypatch.setitem(CATALOGUE, "spread", FamilyFacts("Spread", features={"Spread": Facts("Width")}))
    listing = listed_families(["spread"])
    (family,) = listing["families"]
    assert family["summary"] == summary_of(spread)
    assert [f["name"] for f in family["features"]] == ["Spread", "Wide | far"]
    for definitions in (False, True):
        text = as_text(listing, definitions=definitions)
        assert ("Width" in text) == with_facts
        assert ("from their median" in text) == (definitions or not with_facts)
        assert "Wide | far" in text
    assert r"| `Wide \| far` |" in as_markdown(listing)
    assert "spread" in {f["name"] for f in listed_families()["families"]}


def test_text_fits_into_its_width() -> None:
    for name in OWN:
        for definitions in (False, True):
            text = as_text(listed_families([name]), definitions=definitions)
            assert max(map(len, text.splitlines())) <= WIDTH
            assert not any(line != line.rstrip() for line in text.splitlines())


def test_the_default_families_are_those_of_pyradiomics() -> None:
    assert set(load_settings().wanted) == {
        "shape", "shape2D", "firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm",
    }  # fmt: skip
