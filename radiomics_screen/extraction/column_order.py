"""The order of the columns of every table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from radiomics_screen.core.column_names import EMBEDDING, parts_of
from radiomics_screen.features import FAMILIES


def ordered_features(names: Iterable[str]) -> list[str]:
    """Sort feature columns into the order of every table.

    First the original image, with the families that measure the mask before the others; then the
    other image types by name, numbers in them by size; features in the order of their family. What a network
    makes of a lesion comes after all else, by its numbers.
    """
    return sorted(set(names), key=_place)


@lru_cache(maxsize=100_000)
def _place(column: str) -> tuple[Any, ...]:
    region, image_name, family_name, feature = parts_of(column)
    if family_name == EMBEDDING:
        return (True, region, image_name, feature)
    family = FAMILIES[family_name]
    numbered = tuple(
        (0, int(p), "") if p.isdigit() else (1, 0, p) for p in re.split(r"(\d+)", image_name) if p
    )
    after = not (family.of_mask or family.of_original)
    return (False, region, image_name != "original", numbered, after, family_name, family.place(feature))
