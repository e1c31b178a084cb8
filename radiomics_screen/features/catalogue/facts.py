"""What is known about a feature beside its value, and the register of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from radiomics_screen.core.column_names import parts_of
from radiomics_screen.core.errors import SettingsError
from radiomics_screen.features.catalogue.aggregations import AGGREGATIONS


@dataclass(frozen=True)
class Facts:
    """What one feature is.

    Attributes
    ----------
    title
        Name in words; that of the IBSI where it has the feature.
    code
        Code of the IBSI: four letters and digits; a general and a special one as "BC2M; NK6P"; "" where
        the IBSI does not have the feature.
    unit
        Unit of the value: "1", "degrees", "mm", "mm^2", "mm^3", "1/mm", "bins", "voxels", or "intensity"
        (that of the image's intensities), also powers and products of these.
    definition
        How it is computed, in the symbols of its family.
    family_code
        Code of the IBSI's family that the feature belongs to.
    note
        Where it differs from the IBSI's feature of that code; what else to know.
    aggregation
        Code of the IBSI for what the matrices are made of and how values are joined.
    """

    title: str
    code: str = ""
    unit: str = "1"
    definition: str = ""
    family_code: str = ""
    note: str = ""
    aggregation: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return what is known, without what is empty."""
        return {name: text for name, text in vars(self).items() if text}


@dataclass(frozen=True)
class FamilyFacts:
    """What a family of features is.

    Attributes
    ----------
    title, code
        Name in words, and code of the IBSI ("" where it has no such family).
    about
        What is measured, and the symbols that the definitions use.
    features
        The facts of each feature, in the order of the family.
    note
        Where the family as a whole differs from that of the IBSI.
    aggregations
        Suffixes under which each feature comes (see :data:`AGGREGATIONS`); none where it comes once.
    """

    title: str = ""
    code: str = ""
    about: str = ""
    features: Mapping[str, Facts] = field(default_factory=dict)
    note: str = ""
    aggregations: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what is known of the family itself, without what is empty."""
        known = {"title": self.title, "code": self.code, "about": self.about, "note": self.note}
        return {name: text for name, text in known.items() if text}


#: By the name of the family.
CATALOGUE: dict[str, FamilyFacts] = {}


def add_facts(family: str, facts: FamilyFacts) -> None:
    """Enter what is known about a family and its features.

    Other packages call it where they register their families. A family need not have facts.

    Raises
    ------
    SettingsError
        The family has facts already.
    """
    if family in CATALOGUE:
        raise SettingsError(f"there are facts of the feature family '{family}' already")
    CATALOGUE[family] = facts


def described(family: str, feature: str, suffix: str = "") -> Facts:
    """Return what is known about a feature; under a suffix, also of its aggregation.

    Parameters
    ----------
    suffix
        As in the columns of a table, with or without its first underscore: ``"_3D_avg"``.

    Raises
    ------
    KeyError
        There are no facts of this feature, or there is no such suffix.
    """
    facts = CATALOGUE[family].features[feature]
    if not suffix:
        return facts
    aggregation = AGGREGATIONS[suffix.removeprefix("_")]
    return replace(facts, aggregation=aggregation.code)


def describe_columns(columns: Iterable[str]) -> dict[str, Any]:
    """Return the facts that the feature columns of a table need, each once.

    Parameters
    ----------
    columns
        ``IMAGE_FAMILY_FEATURE`` or ``IMAGE_FAMILY_FEATURE_SUFFIX``. What has no facts is passed over.

    Returns
    -------
    ``{"families": {family: {..., "features": {feature: {...}}}}, "aggregations": {suffix: {...}}}``.
    """
    families: dict[str, dict[str, Any]] = {}
    suffixes: set[str] = set()
    for column in columns:
        _, _, family, rest = parts_of(column)
        feature, suffix = split_suffix(family, rest)
        if feature:
            entry = families.setdefault(family, {**CATALOGUE[family].to_dict(), "features": {}})
            entry["features"][feature] = described(family, feature).to_dict()
            suffixes.add(suffix)
    aggregations = {s: a.to_dict() for s, a in AGGREGATIONS.items() if s in suffixes}
    return {"families": families, "aggregations": aggregations}


def split_suffix(family: str, name: str) -> tuple[str, str]:
    """Split ``FEATURE`` or ``FEATURE_SUFFIX`` of a family; both are "" where there are no facts of it."""
    known = CATALOGUE.get(family, FamilyFacts())
    if name in known.features:
        return name, ""
    for suffix in known.aggregations:
        feature = name.removesuffix(f"_{suffix}")
        if feature != name and feature in known.features:
            return feature, suffix
    return "", ""


def table(family_code: str, unit: str, *rows: tuple[str, ...], aggregation: str = "") -> dict[str, Facts]:
    """Make facts of rows (feature, code, title, definition), or (..., definition, unit, note)."""
    facts = {}
    for name, code, title, definition, *more in rows:
        own_unit, note = (*more, "", "")[:2]
        facts[name] = Facts(title, code, own_unit or unit, definition, family_code, note, aggregation)
    return facts


def counterparts(of: Mapping[str, Facts], names: Mapping[str, str | Facts]) -> dict[str, Facts]:
    """Return another family's facts under other names: {own name: name there, or facts that differ}."""
    return {own: of[there] if isinstance(there, str) else there for own, there in names.items()}
