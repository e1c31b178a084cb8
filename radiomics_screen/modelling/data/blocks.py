"""Columns come in blocks: clinical variables, radiomics, other families, regions beyond the lesion."""

from __future__ import annotations

from collections.abc import Iterable

from radiomics_screen.core.column_names import EMBEDDING, block_of, is_feature

#: The block of all columns that are not named like a feature.
CLINICAL = "clinical"

#: The column that holds the crop of each row's lesion, and the block that it is.
CROP = "crop"

#: All columns of numbers, where they are taken for one block.
NUMBERS = "numbers"


def block_named(column: str) -> str:
    """Return the block of a column that reaches a classifier.

    >>> block_named("original_embedding_pca01"), block_named("sex=F")
    ('embedding', 'clinical')
    """
    if column == CROP:
        return CROP
    return block_of(column) if is_feature(column) else CLINICAL


def places_by_block(names: Iterable[str]) -> dict[str, list[int]]:
    """Return the blocks in alphabetical order, each with the places of its columns among `names`."""
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        found.setdefault(block_named(name), []).append(place)
    return dict(sorted(found.items()))


def together(names: Iterable[str]) -> dict[str, list[int]]:
    """Return all columns of numbers as one block, and the crops as another; places as above."""
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        found.setdefault(CROP if name == CROP else NUMBERS, []).append(place)
    return dict(sorted(found.items()))


def fuses_network(names: Iterable[str]) -> bool:
    """Tell whether what a network sees (an embedding, crops) stands beside other columns."""
    blocks = {block_named(name) for name in names}
    return bool(blocks & {EMBEDDING, CROP}) and len(blocks) > 1
