"""The catalogue joined with the registers: every family and image type, also those of other packages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from radiomics_screen.core.options import summary_of
from radiomics_screen.features.catalogue.aggregations import AGGREGATIONS
from radiomics_screen.features.catalogue.facts import CATALOGUE, Facts, FamilyFacts
from radiomics_screen.features.registry import FAMILIES, Family

#: Sections and entries as they are written to JSON.
Listing = dict[str, list[dict[str, Any]]]


def listed_families(names: Iterable[str] = ()) -> Listing:
    """Return what is known about feature families, and about the aggregations that they come in.

    Parameters
    ----------
    names
        The families wanted; none means all: pyradiomics' first, then the others.

    Raises
    ------
    SettingsError
        There is no such family.
    """
    wanted = [FAMILIES[name] for name in dict.fromkeys(names)]
    if not wanted:
        wanted = [family for _, family in FAMILIES.items()]
        wanted.sort(key=lambda family: (family.conventions != "pyradiomics", family.conventions))
    families = [_family(family) for family in wanted]
    suffixes = {suffix for family in families for suffix in family["aggregations"]}
    aggregations = [
        {"suffix": suffix, **aggregation.to_dict()}
        for suffix, aggregation in AGGREGATIONS.items()
        if suffix in suffixes
    ]
    return {"families": families, "aggregations": aggregations}


def _family(family: Family) -> dict[str, Any]:
    known = CATALOGUE.get(family.name, FamilyFacts())
    return {
        "name": family.name,
        "title": known.title,
        "code": known.code,
        "conventions": family.conventions,
        "summary": summary_of(family.compute),
        "about": known.about,
        "note": known.note,
        "aggregations": list(known.aggregations),
        "features": [
            {
                "name": name,
                "on_request": name in family.on_request,
                **vars(known.features.get(name, Facts(title="", unit=""))),
            }
            for name in family.features + family.on_request
        ],
    }
