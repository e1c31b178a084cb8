"""What steps share that read clinical columns: is it a number or a text, and which values has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.data.values import beyond_largest, texts_of

Texts = npt.NDArray[np.object_]


def holds_numbers(column: pd.Series[Any]) -> bool:
    """Tell whether a column is of a numeric type (truth values too), or has no value at all."""
    return pd.api.types.is_numeric_dtype(column) or bool(column.isna().all())


def numbers_in(column: pd.Series[Any], name: str) -> FloatArray:
    """Return the column as numbers, NaN where there is no value.

    Raises
    ------
    ModelError
        If a value is no number, infinite or beyond 3.4e38.
    """
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = (numbers.isna() & column.notna()).to_numpy()
    if wrong.any():
        raise ModelError(f"column '{name}' holds {column[wrong].iloc[0]!r}, which is no number")
    values: FloatArray = numbers.to_numpy(np.float64, na_value=np.nan)
    if beyond_largest(values).any():
        raise ModelError(f"column '{name}' holds a value that is infinite or beyond 3.4e38")
    return values


def levels_in(texts: Texts) -> list[str]:
    """Return the different texts but the empty one, sorted."""
    return sorted(set(texts) - {""})


def unseen(texts: Texts, levels: Sequence[str]) -> list[str]:
    """Return the texts that are neither empty nor among `levels`, sorted."""
    return sorted(set(texts) - {"", *levels})


def one_hot(texts: Texts, levels: Sequence[str]) -> FloatArray:
    """Return 1 where a text is the level, else 0; shape (rows, levels)."""
    return (texts[:, None] == np.array(levels, dtype=object)[None, :]).astype(np.float64)


__all__ = ["Texts", "holds_numbers", "levels_in", "numbers_in", "one_hot", "texts_of", "unseen"]
