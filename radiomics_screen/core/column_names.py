"""What the name of a feature column says: ``[<region>.]<image>_<family>_<Feature>``.

Families and filters declare here what their columns are called when they are registered. Those of this
package are known without being loaded (``builtin_columns.py``, written by
``python -m benchmarks.builtin_columns --write``); those of other packages by their entry points, of which
only the group ``radiomics_screen.columns`` is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import NamedTuple

from radiomics_screen.core.builtin_columns import FAMILIES, IMAGE_TYPES
from radiomics_screen.core.errors import SettingsError

#: How a region beyond the lesion may be called: it stands before a point in the names of its columns.
REGION = r"[A-Za-z][A-Za-z0-9-]*"

#: Family of the features that a pretrained network makes of a lesion's crop.
EMBEDDING = "embedding"

#: The block of families that do not say another.
RADIOMICS = "radiomics"

#: What several blocks, or columns that no family measured, are called together: no block of a family.
RESERVED_BLOCKS = frozenset(("clinical", "crop", "numbers", "all", "both"))

#: How features are called: as pyradiomics calls them, or as the IBSI and other packages do.
CAMEL_CASE, ANY_WORD = r"[A-Za-z0-9]+", r"[A-Za-z0-9][A-Za-z0-9_.+-]*"

COLUMNS_GROUP = "radiomics_screen.columns"
FAMILIES_GROUP = "radiomics_screen.families"
FILTERS_GROUP = "radiomics_screen.filters"

_FAMILY_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_IMAGE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.-]*")
_NOT_MEASURED = "diagnostics"  # with which pyradiomics begins the names of what is no feature


class NameParts(NamedTuple):
    """The parts of a feature column's name; `region` is empty for the lesion itself."""

    region: str
    image: str
    family: str
    feature: str


@dataclass(frozen=True)
class DeclaredColumns:
    """What the columns of another package are called, for its entry point in ``radiomics_screen.columns``.

    Tables are read without loading the package's families and filters, so the module that this stands in
    should import nothing heavy.

    Attributes
    ----------
    families
        Name of each family and the block that its columns belong to, ``"radiomics"`` or one of its own.
    image_types
        Name of each image type and a regular expression of the names of its images.
    """

    families: Mapping[str, str] = field(default_factory=dict)
    image_types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _FamilyColumns:
    block: str
    features: re.Pattern[str]


class _KnownNames:
    """The names of all families and images that this process knows of."""

    def __init__(self) -> None:
        self.families = {n: _FamilyColumns(block, re.compile(f)) for n, (block, f) in FAMILIES.items()}
        self.families[EMBEDDING] = _FamilyColumns(EMBEDDING, re.compile(CAMEL_CASE))
        self.image_types = dict(IMAGE_TYPES)
        self._images: re.Pattern[str] | None = None
        self._entry_points_read = False

    def add_family(self, name: str, block: str, features: str) -> None:
        self.families[name] = _FamilyColumns(block, re.compile(features))

    def add_image_type(self, name: str, pattern: str) -> None:
        self.image_types[name] = pattern
        self._images = None

    def family(self, name: str) -> _FamilyColumns | None:
        self._read_entry_points()
        return self.families.get(name)

    def has_image(self, name: str) -> bool:
        self._read_entry_points()
        if self._images is None:
            self._images = re.compile("|".join(f"(?:{one})" for one in self.image_types.values()))
        return self._images.fullmatch(name) is not None

    def _read_entry_points(self) -> None:
        """Learn what other packages declare; their families and filters are known by name, not loaded."""
        if self._entry_points_read:
            return
        self._entry_points_read = True
        for point in entry_points(group=COLUMNS_GROUP):
            declared = point.load()
            if not isinstance(declared, DeclaredColumns):
                raise SettingsError(
                    f"the entry point '{point.name}' of {COLUMNS_GROUP} is {declared!r:.60}; it must be a "
                    "radiomics_screen.core.column_names.DeclaredColumns"
                )
            declare(declared)
        for point in entry_points(group=FAMILIES_GROUP):
            if point.name not in self.families and _FAMILY_NAME.fullmatch(point.name):
                self.add_family(point.name, RADIOMICS, ANY_WORD)
        for point in entry_points(group=FILTERS_GROUP):
            if point.name not in self.image_types:
                self.add_image_type(point.name, default_images(point.name))


_known = _KnownNames()


def declare(columns: DeclaredColumns) -> None:
    """Make the columns of another package known in this process.

    Raises
    ------
    SettingsError
        A name cannot be part of a column's name, or a pattern is no regular expression.
    """
    for name, block in columns.families.items():
        declare_family(name, block)
    for name, pattern in columns.image_types.items():
        declare_image_type(name, pattern)


def declare_family(name: str, block: str = RADIOMICS, features: str = ANY_WORD) -> None:
    """Make the columns of a family known: the block they belong to, and a pattern of its features' names.

    Raises
    ------
    SettingsError
        Such a name could not distinguish columns: it is not of letters and digits.
    """
    if not _FAMILY_NAME.fullmatch(name):
        raise SettingsError(
            f"a feature family cannot be called '{name}': it stands between two '_' in the names of its "
            "columns, so it is of letters and digits and begins with a letter"
        )
    if not re.fullmatch(REGION, block) or block in RESERVED_BLOCKS:
        raise SettingsError(
            f"the block of feature family '{name}' cannot be called '{block}': a block's name is of letters, "
            f"digits and hyphens, begins with a letter, and is none of {', '.join(sorted(RESERVED_BLOCKS))}"
        )
    _known.add_family(name, block, features)


def declare_image_type(name: str, pattern: str) -> None:
    """Make the names of an image type's images known, by a regular expression.

    Raises
    ------
    SettingsError
        The pattern is no regular expression.
    """
    try:
        re.compile(pattern)
    except re.error as error:
        raise SettingsError(
            f"image type '{name}': its columns {pattern!r} are no regular expression: {error}"
        ) from None
    _known.add_image_type(name, pattern)


def default_images(image_type: str) -> str:
    """Return the pattern of an image type that declares none: its own name in lower case, and what follows.

    >>> default_images("Fractal")
    'fractal(-[A-Za-z0-9-]+)?'
    """
    return f"{re.escape(image_type.lower())}(-[A-Za-z0-9-]+)?"


def is_feature(column: str) -> bool:
    """Tell whether a column is named like a feature: by a known image, a known family and a feature of it."""
    parts = parts_of(column)
    if parts.region and not re.fullmatch(REGION, parts.region):
        return False
    family = _known.family(parts.family)
    if family is None or not family.features.fullmatch(parts.feature):
        return False
    return _known.has_image(parts.image)


def may_be_feature(column: str) -> bool:
    """Tell whether a column that is not known as a feature is named as one of another package may be.

    Its image or its family is known; or neither, and the feature is spelled as pyradiomics spells its own.
    A clinical variable (``age_at_diagnosis``) is not meant, what pyradiomics calls diagnostics neither.
    """
    parts = parts_of(column)
    if is_feature(column) or not has_form_of_feature(column):
        return False
    family = _known.family(parts.family)
    if _known.has_image(parts.image) or (family is not None and family.features.fullmatch(parts.feature)):
        return True
    return re.fullmatch(r"\d*[A-Z][A-Za-z0-9]*", parts.feature) is not None


def has_form_of_feature(column: str) -> bool:
    """Tell whether a name has all parts of a feature column's, known or not."""
    parts = parts_of(column)
    return bool(
        parts.image != _NOT_MEASURED
        and (not parts.region or re.fullmatch(REGION, parts.region))
        and _IMAGE_NAME.fullmatch(parts.image)
        and _FAMILY_NAME.fullmatch(parts.family)
        and re.fullmatch(ANY_WORD, parts.feature)
    )


def parts_of(column: str) -> NameParts:
    """Return the parts of a feature column's name; what it lacks is empty."""
    image, family, feature = (*column.split("_", 2), "", "")[:3]
    region, point, rest = image.partition(".")
    return NameParts(region, rest, family, feature) if point else NameParts("", image, family, feature)


def block_of(column: str) -> str:
    """Return the block that a feature belongs to: its region, or what its family stands for.

    >>> block_of("original_glcm_Contrast"), block_of("original_breast_HaloWidth")
    ('radiomics', 'breast')
    >>> block_of("rim.original_firstorder_Mean")
    'rim'
    """
    parts = parts_of(column)
    family = _known.family(parts.family)
    return parts.region or (RADIOMICS if family is None else family.block)


def names_declared() -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """Return what is declared in this process: ``{family: (block, features)}``, ``{image type: images}``."""
    families = {name: (one.block, one.features.pattern) for name, one in sorted(_known.families.items())}
    return families, dict(sorted(_known.image_types.items()))
