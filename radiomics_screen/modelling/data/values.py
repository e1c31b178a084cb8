"""Values of a table: texts, numbers, and which numbers can be computed with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.core.errors import ModelError

NAMED = 5  # how many cases, patients or columns a message names

#: The largest size of a number that trees can compare: they hold 32-bit numbers, and what lies
#: nearer to 2**128 than to the last of those becomes infinite.
LARGEST = float(np.nextafter(2.0**128 - 2.0**103, 0))


def beyond_largest(values: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Tell which numbers are infinite or beyond :data:`LARGEST`; NaN, a missing value, is not."""
    found: npt.NDArray[np.bool_] = np.abs(np.asarray(values, dtype=np.float64)) > LARGEST
    return found


def refuse_beyond(values: pd.DataFrame, cases: Sequence[str] | npt.NDArray[np.object_]) -> None:
    """Raise a ModelError that names the first values that are :func:`beyond_largest`."""
    beyond = beyond_largest(values).nonzero()
    if len(beyond[0]):
        pairs = list(zip(*beyond, strict=True))
        named = [f"{values.columns[j]} of case {cases[i]}" for i, j in pairs[:NAMED]]
        raise ModelError(
            f"{len(pairs)} feature values are infinite or beyond 3.4e38, which trees cannot compare "
            f"(among them {'; '.join(named)}): mend or leave out the feature, or empty the value, which is "
            "then imputed"
        )


def listed(names: Sequence[str], limit: int = NAMED) -> str:
    """Return the names with commas between them; those after the first few are counted only."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def texts_of(column: pd.Series[Any]) -> npt.NDArray[np.object_]:
    """Return the values as text, empty where there is none: 1.0 is "1", True is "true"."""
    return np.array([text_of(value) for value in column], dtype=object)


def text_of(value: object) -> str:
    """Return one value as text; see :func:`texts_of`."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def numbers_of(frame: pd.DataFrame, names: Sequence[str], cases: npt.NDArray[np.object_]) -> pd.DataFrame:
    """Return the columns as numbers, NaN where there is no value; rows are counted from 0.

    Raises
    ------
    ModelError
        If a column is there twice, or a value is no number; `cases` names its row.
    """
    names = list(dict.fromkeys(names))
    return pd.DataFrame(number_array(frame, names, cases), columns=names, index=range(len(frame)))


def number_array(
    frame: pd.DataFrame, names: Sequence[str], cases: npt.NDArray[np.object_]
) -> npt.NDArray[np.float64]:
    """Return the columns as numbers, NaN where there is no value; shape (rows, columns), by columns.

    Raises
    ------
    ModelError
        As :func:`numbers_of`.
    """
    refuse_double_columns(frame)
    places = frame.columns.get_indexer(pd.Index(names, dtype=object))
    if (places < 0).any():
        raise ModelError(f"the table has no column '{names[int(np.argmin(places))]}'")
    kinds = frame.dtypes.to_numpy()[places]
    plain = np.array([isinstance(kind, np.dtype) and kind.kind in "fiu" for kind in kinds], dtype=bool)
    values = np.empty((len(frame), len(names)), order="F")
    if plain.any():
        values[:, plain] = frame.iloc[:, places[plain]].to_numpy(np.float64)
    for place in np.flatnonzero(~plain).tolist():
        values[:, place] = _numbers(frame.iloc[:, places[place]], names[place], cases)
    return values


def _numbers(column: pd.Series[Any], name: str, cases: npt.NDArray[np.object_]) -> npt.NDArray[np.float64]:
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = (numbers.isna() & column.notna()).to_numpy()
    if wrong.any():
        found = column[wrong].iloc[0]
        raise ModelError(f"feature '{name}' of case {cases[wrong][0]} is {found!r}, which is no number")
    values: npt.NDArray[np.float64] = numbers.to_numpy(np.float64, na_value=np.nan)
    return values


def refuse_double_columns(frame: pd.DataFrame) -> None:
    """Raise a ModelError where two columns share a name: which one is meant cannot be known."""
    double = frame.columns[frame.columns.duplicated()]
    if len(double):
        raise ModelError(f"the table has two columns named '{double[0]}'")


def clinical_column(column: pd.Series[Any]) -> npt.NDArray[Any]:
    """Return a clinical column as numbers (NaN where missing) if all its values are, else as texts."""
    texts = texts_of(column)
    truths = pd.Series(texts).replace({"true": "1", "false": "0"})
    numbers = pd.to_numeric(truths.where(truths != ""), errors="coerce")
    if bool((numbers.notna() | (texts == "")).all()):
        found: npt.NDArray[Any] = numbers.to_numpy(np.float64, na_value=np.nan)
        return found
    return texts
