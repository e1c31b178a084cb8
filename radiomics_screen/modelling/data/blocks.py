"""Columns come in blocks: clinical variables, radiomics, other families, regions beyond the lesion."""

from __future__ import annotations

from collections.abc import Iterable

from radiomics_screen.core.column_names import EMBEDDING, block_of, is_feature
from radiomics_screen.core.columns import CROP as CROP  # the column of crops is a block, too

#: The block of all columns that were not measured in the image.
CLINICAL = "clinical"

#: All columns of numbers, where they are taken for one block.
NUMBERS = "numbers"


def block_named(column: str) -> str:
    """Return the block of a column that reaches a classifier, where nothing but its name is known.

    >>> block_named("original_embedding_pca01"), block_named("sex=F")
    ('embedding', 'clinical')
    """
    if column == CROP:
        return CROP
    return block_of(column) if is_feature(column) else CLINICAL


def places_by_block(blocks: Iterable[str]) -> dict[str, list[int]]:
    """Return the blocks in alphabetical order, each with the places of its columns.

    Parameters
    ----------
    blocks
        The block of each column, in their order.
    """
    found: dict[str, list[int]] = {}
    for place, block in enumerate(blocks):
        found.setdefault(block, []).append(place)
    return dict(sorted(found.items()))


def together(names: Iterable[str]) -> dict[str, list[int]]:
    """Return all columns of numbers as one block, and the crops as another; places as above."""
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        found.setdefault(CROP if name == CROP else NUMBERS, []).append(place)
    return dict(sorted(found.items()))


def fuses_network(blocks: Iterable[str]) -> bool:
    """Tell whether what a network sees (an embedding, crops) stands beside other blocks of columns."""
    found = set(blocks)
    return bool(found & {EMBEDDING, CROP}) and len(found) > 1
