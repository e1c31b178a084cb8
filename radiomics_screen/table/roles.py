"""Which role each column of a table has: as it is stored with the table, or else as its name says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from radiomics_screen.core.column_names import (
    REGION,
    has_form_of_feature,
    is_feature,
    may_be_feature,
    parts_of,
)
from radiomics_screen.core.columns import (
    CROP,
    Column,
    Role,
    blocks_by_family,
    measured_column,
    other_column,
)
from radiomics_screen.core.errors import TableError

if TYPE_CHECKING:
    import pandas as pd

_NAMED = 5  # of the columns in doubt


@dataclass(frozen=True)
class SortedColumns:
    """The columns of a table by their roles.

    Attributes
    ----------
    columns
        What each column is, by its name, in the order of the table.
    features
        Names of those that were measured.
    doubtful
        Names of those that may be features of a package that is not installed; they count as carried.
    unlisted
        Names of those that are named like features, and that a complete list of features leaves out; they
        count as carried.
    joined
        Names of features that were joined to a table whose provenance does not list them.
    """

    columns: dict[str, Column]
    features: list[str]
    doubtful: list[str]
    unlisted: list[str]
    joined: list[str]

    def remarks(self, what: str) -> list[str]:
        """Return what a reader should know of these columns, in sentences that begin with `what`."""
        found = []
        if self.doubtful:
            found.append(
                f"{what}: {_listed(self.doubtful)} named like features of a family or an image type that is "
                "not known here; they count as carried from the list of cases. If they are features, "
                "install the package that measures them, or keep the table's provenance beside it "
                "(see docs/reference/parameters.md, 'Columns of another package')"
            )
        if self.unlisted:
            found.append(
                f"{what}: {_listed(self.unlisted)} named like features and not among those that its "
                "provenance lists; they count as carried. If they are features that were joined, move the "
                "provenance away"
            )
        return found


def sort_columns(
    frame: pd.DataFrame, provenance: Mapping[str, Any] | None, *, complete: bool = False
) -> SortedColumns:
    """Return what the columns of a table are.

    A column has the role that the provenance stores; one that was joined later, or is of a table without
    provenance, is a feature where a known image type and a known family name it.

    Parameters
    ----------
    frame
        The table.
    provenance
        What is stored with it.
    complete
        Whether the provenance lists all features there are, and no others were joined later: that is how
        tables are read that were written before roles were stored.

    Raises
    ------
    TableError
        The stored roles are damaged.
    """
    stored, blocks = _stored(provenance)
    columns: dict[str, Column] = {}
    unknown: list[str] = []
    unlisted: list[str] = []
    joined: list[str] = []
    for name in frame.columns:
        role = stored.get(name)
        if role is None and is_feature(str(name)):
            (unlisted if complete else joined).append(name)
            role = Role.CARRIED if complete else Role.FEATURE
        if role is not None and role.is_measured:
            columns[name] = measured_column(str(name), blocks)
            continue
        columns[name] = other_column(str(name), holds_crops=role is None and _holds_crops(frame, name))
        if role is None and has_form_of_feature(str(name)) and _is_numeric(frame, name):
            unknown.append(name)
    features = [name for name, column in columns.items() if column.role.is_measured]
    return SortedColumns(columns, features, _doubtful(unknown), unlisted, joined if stored else [])


def _doubtful(unknown: Sequence[str]) -> list[str]:
    """Return which columns of the form of features may be some, and those of the same families with them."""
    families = {parts_of(str(name)).family for name in unknown if may_be_feature(str(name))}
    return [name for name in unknown if parts_of(str(name)).family in families]


def columns_of(
    frame: pd.DataFrame, features: Sequence[str], known: Mapping[str, Column]
) -> dict[str, Column]:
    """Return what each column of a table is, in its order, where the features are known.

    `known` columns stay what they are, unless they are a feature here and no feature there.
    """
    measured = set(features)
    found = {}
    for name in frame.columns:
        column = known.get(name)
        if column is None or column.role.is_measured != (name in measured):
            column = (
                measured_column(str(name))
                if name in measured
                else other_column(str(name), holds_crops=_holds_crops(frame, name))
            )
        found[name] = column
    return found


def content_of(columns: Mapping[str, Column]) -> dict[str, Any]:
    """Return columns as plain JSON values: the names of each role, and the block of each family."""
    roles: dict[str, list[str]] = {}
    for name, column in columns.items():
        roles.setdefault(column.role.value, []).append(name)
    return {"roles": roles, "blocks": blocks_by_family(columns.values())}


def _listed(names: Sequence[str]) -> str:
    """Return "2 columns are (a, b)", with the first few names."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    count = f"{len(names)} columns" if len(names) > 1 else "1 column"
    return f"{count} ({', '.join(map(str, names[:_NAMED]))}{more}) {'are' if len(names) > 1 else 'is'}"


def _stored(provenance: Mapping[str, Any] | None) -> tuple[dict[str, Role], dict[str, str]]:
    """Return the stored role of each column, and the block of each family.

    A table of a version that stored no roles names its features and its carried columns.
    """
    if not provenance:
        return {}, {}
    roles = dict.fromkeys(provenance.get("carried") or (), Role.CARRIED)
    content = provenance.get("columns") or {}
    try:
        for role, names in (content.get("roles") or {}).items():
            roles |= dict.fromkeys(names, Role(role))
        blocks = {str(family): str(block) for family, block in (content.get("blocks") or {}).items()}
        if odd := [block for block in blocks.values() if not re.fullmatch(REGION, block)]:
            raise ValueError(f"'{odd[0]}' is no name of a block")
    except (AttributeError, TypeError, ValueError) as damage:
        raise TableError(
            f"the roles of the columns that are stored with the table are damaged ({damage}); extract it "
            "again, or take the entry 'columns' out of its provenance"
        ) from damage
    return roles | dict.fromkeys(provenance.get("features") or (), Role.FEATURE), blocks


def _is_numeric(frame: pd.DataFrame, name: Any) -> bool:
    kind = getattr(frame[name], "dtype", None)  # a table may have two columns of one name
    return getattr(kind, "kind", "O") in "iuf"


def _holds_crops(frame: pd.DataFrame, name: Any) -> bool:
    """Tell whether a column holds pictures; one that is called so in a list of cases is carried."""
    return name == CROP and any(isinstance(cell, np.ndarray) for cell in frame[name])
