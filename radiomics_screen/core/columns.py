"""What the columns of a table are: each has a role, and a feature says of what it was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from radiomics_screen.core.column_names import EMBEDDING, block_of, parts_of

#: Columns before and after those that are carried from the cohort.
IDENTITY = ("case_id", "patient_id", "image", "mask", "label")
STATUS = ("status", "error", "warnings", "seconds", "case_key")

#: The column that holds the crop of each row's lesion.
CROP = "crop"


class Role(StrEnum):
    """What a column is for."""

    IDENTITY = "identity"  #: which case it is
    CARRIED = "carried"  #: what the list of cases brought along: clinical variables, outcome, site
    STATUS = "status"  #: how the extraction of the case went
    FEATURE = "feature"  #: what a family measured
    EMBEDDING = "embedding"  #: what a pretrained network made of the lesion's crop
    CROP = "crop"  #: the crop itself

    @property
    def is_measured(self) -> bool:
        """Whether the column is a number that was measured in the image."""
        return self in (Role.FEATURE, Role.EMBEDDING)


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name
        As in the table.
    role
        What it is for.
    region
        The region beyond the lesion that a feature describes; empty for the lesion itself.
    image
        Name of the (filtered) image that a feature was measured on; empty where the name does not say.
    family
        The family that measured a feature; empty where the name does not say.
    block
        The columns that a feature is judged together with: its region, or what its family stands for
        ("radiomics", "breast", "pixels", "embedding"). Empty for what was not measured.
    """

    name: str
    role: Role
    region: str = ""
    image: str = ""
    family: str = ""
    block: str = ""


def measured_column(name: str, blocks: Mapping[str, str] | None = None) -> Column:
    """Return the column of a feature or of one number of an embedding.

    Parameters
    ----------
    name
        Of a column that is known to be measured; it need not follow the grammar of names.
    blocks
        Block of each family as the table says it; of other families the registered one counts.
    """
    parts = parts_of(name)
    role = Role.EMBEDDING if parts.family == EMBEDDING else Role.FEATURE
    block = parts.region or (blocks or {}).get(parts.family) or block_of(name)
    return Column(name, role, parts.region, parts.image, parts.family, block)


def other_column(name: str, *, holds_crops: bool = False) -> Column:
    """Return the column of what was not measured, by its name."""
    if name in IDENTITY:
        return Column(name, Role.IDENTITY)
    if name in STATUS:
        return Column(name, Role.STATUS)
    return Column(name, Role.CROP if holds_crops else Role.CARRIED)


def blocks_by_family(columns: Iterable[Column]) -> dict[str, str]:
    """Return the block of each family that measured the lesion itself, families in alphabetical order."""
    found = {c.family: c.block for c in columns if c.role.is_measured and c.family and not c.region}
    return dict(sorted(found.items()))
