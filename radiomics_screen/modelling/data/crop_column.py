"""Crops of lesions as a column of a table: what they are, and how they are stacked for a network."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.data.blocks import CROP

#: Name of the index of crops that know their cases.
CASE = "case_id"

_CHANNELS = 2  # the image, and the lesion as 0 and 255
_SMALL = 32  # pixels

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Crops:
    """The crops of a table's rows, and how they were cut.

    Attributes
    ----------
    column
        A crop for each row of the table, None where there is none. Where its index is called ``case_id``,
        each crop goes to the row of its case, in whatever order the rows are.
    options
        With which :func:`radiomics_screen.imaging.crop.crop_lesion` made them, as plain JSON values.
    """

    column: pd.Series[Any]
    options: Mapping[str, Any]


def is_crop(value: object) -> bool:
    """Tell whether a cell holds a crop: bytes of shape (2, height, width)."""
    return (
        isinstance(value, np.ndarray)
        and value.dtype == np.uint8
        and value.ndim == _CHANNELS + 1
        and len(value) == _CHANNELS
    )


def as_column(crops: Iterable[Bytes | None]) -> pd.Series[Any]:
    """Return crops as a column of a table, None where there is none."""
    cells = list(crops)
    column = np.empty(len(cells), dtype=object)
    for row, cell in enumerate(cells):  # one by one: NumPy would make one large array of them
        column[row] = cell
    return pd.Series(column, name=CROP, dtype=object)


def checked_crops(column: pd.Series[Any], cases: npt.NDArray[np.object_]) -> pd.Series[Any]:
    """Return the crop of each case, all of one size, or None.

    Raises
    ------
    ModelError
        If a cell is something else, they are of several sizes, or they are not those of `cases`.
    """
    cells = [None if _is_empty(cell) else cell for cell in _in_order(column, cases)]
    wrong = [row for row, cell in enumerate(cells) if cell is not None and not is_crop(cell)]
    if wrong:
        raise ModelError(
            f"column '{CROP}' of case {cases[wrong[0]]} holds no crop (bytes of shape (2, height, width)): "
            "radiomics_screen.prediction.crop_inputs.crops_of makes them"
        )
    sizes = {cell.shape for cell in cells if cell is not None}
    if len(sizes) > 1:
        raise ModelError(f"column '{CROP}' holds crops of several sizes: {sorted(sizes)}")
    return as_column(cells)


def _in_order(column: pd.Series[Any], cases: npt.NDArray[np.object_]) -> list[Any]:
    """Return the cells in the order of the cases, by name where the column knows them."""
    if column.index.name == CASE and (known := list(map(str, column.index))) != cases.tolist():
        if len(set(known)) < len(known):
            raise ModelError("several crops are of one case, so that nothing tells which row each belongs to")
        cells = dict(zip(known, column, strict=True))
        if lost := [case for case in cases if case not in cells]:
            raise ModelError(
                f"there is no crop of {len(lost)} cases, such as {lost[0]}: cut crops from the same table"
            )
        return [cells[case] for case in cases]
    if len(column) != len(cases):
        raise ModelError(
            f"there are {len(column)} crops for {len(cases)} rows: cut them from the same table, and give "
            "None for a row without one"
        )
    return list(column)


def _is_empty(cell: object) -> bool:
    return cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell))


def crop_shape_of(estimator: Any) -> tuple[int, int]:
    """Return height and width of the crops that a fitted classifier, or a member of it, has learned from."""
    members = getattr(estimator, "fitted_", {}).values()
    shapes = [one.crop_shape_ for one in (estimator, *members) if hasattr(one, "crop_shape_")]
    height, width = shapes[0]
    return height, width


def placeholder_crop(shape: tuple[int, int]) -> Bytes:
    """Return a crop for checks: grey values that rise to the right, and a lesion in the middle half."""
    height, width = shape
    crop = np.zeros((_CHANNELS, height, width), dtype=np.uint8)
    crop[0] = np.linspace(0, 255, width).astype(np.uint8)
    crop[1, height // 4 : -(height // 4), width // 4 : -(width // 4)] = 255
    return crop


def placeholder_crops(rows: int) -> pd.Series[Any]:
    """Return such crops for all rows of a table, to check the rest of it before lesions are cut out."""
    return as_column([placeholder_crop((_SMALL, _SMALL))] * rows)


def digest_of(column: pd.Series[Any]) -> str:
    """Return the digest of all crops of a column (BLAKE2b, hex)."""
    digest = hashlib.blake2b(digest_size=16)
    for cell in column:
        digest.update(repr(None if cell is None else cell.shape).encode())
        digest.update(b"" if cell is None else np.ascontiguousarray(cell).tobytes())
    return digest.hexdigest()
