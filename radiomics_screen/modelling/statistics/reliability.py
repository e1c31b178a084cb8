"""Intraclass correlation: how much of a feature's spread is between subjects, not between measurements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import fdtri

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.arrays import checked_level

IccKind = Literal["ICC(1,1)", "ICC(2,1)", "ICC(3,1)"]
_ROUNDING = 1e-13  # part of the squared size of the values, per value, below which squares count as 0


@dataclass(frozen=True)
class Icc:
    """Intraclass correlations, each array of shape (features,).

    Attributes
    ----------
    value, low, high
        With its interval; NaN where a feature is alike everywhere or has fewer than two subjects.
    subjects
        Subjects without a missing measurement, which are the ones used.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    subjects: npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Squares:
    """Mean squares of each feature: between subjects and measurements, within subjects, of the rest."""

    n: FloatArray
    k: int
    rows: FloatArray
    columns: FloatArray
    within: FloatArray
    rest: FloatArray


def icc(table: npt.ArrayLike, kind: IccKind = "ICC(2,1)", *, level: float = 0.95) -> Icc:
    """Return the intraclass correlation of single measurements, of many features at once.

    - "ICC(1,1)": each subject measured by others (one-way random).
    - "ICC(2,1)": absolute agreement; measurements are a random choice of ways to measure, and one that
      reads higher throughout lowers it (two-way random).
    - "ICC(3,1)": consistency; a constant shift between measurements does not count (two-way).

    The names are Shrout and Fleiss' (1979, Psychol Bull 86:420); intervals rest on the F distribution,
    that of ICC(2,1) approximately (McGraw and Wong 1996, Psychol Methods 1:30, table 7). They hold for
    independent subjects: give one region a patient.

    Parameters
    ----------
    table
        Shape (subjects, measurements) or (features, subjects, measurements). A subject with a missing
        (NaN) measurement of a feature is left out, for that feature only. Infinities are refused.
    kind
        See above.
    level
        Of the interval.

    Returns
    -------
    Icc
        An ICC may be below 0: measurements of one subject then differ more than subjects do. Where
        measurements agree fully it is 1, with an interval from 1 to 1 that says nothing about how sure
        it is.

    Raises
    ------
    ModelError
        If the kind is unknown, there are fewer than two measurements, or a value is infinite.
    """
    if kind not in ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)"):
        raise ModelError(f"the kind of ICC is '{kind}': it has to be 'ICC(1,1)', 'ICC(2,1)' or 'ICC(3,1)'")
    values = np.asarray(table, dtype=np.float64)
    values = values[np.newaxis] if values.ndim == 2 else values
    if values.ndim != 3 or values.shape[2] < 2:
        raise ModelError(f"a table of shape {values.shape} has no two measurements of each subject")
    if np.isinf(values).any():
        raise ModelError("a table for an ICC holds infinite values: make them missing (NaN)")
    tail = (1 + checked_level(level)) / 2
    squares = _mean_squares(values)
    interval = {"ICC(1,1)": _one_way, "ICC(2,1)": _agreement, "ICC(3,1)": _consistency}[kind]
    with np.errstate(divide="ignore", invalid="ignore"):
        value, low, high = interval(squares, tail)
    perfect = (squares.rows > 0) & (value == 1)
    undefined = np.isnan(value)
    low, high = np.where(perfect, 1.0, low), np.where(perfect, 1.0, high)
    low, high = (np.where(undefined, np.nan, end) for end in (low, high))
    return Icc(value, low, high, squares.n.astype(np.int64))


def _mean_squares(values: FloatArray) -> _Squares:
    k = values.shape[2]
    used = ~np.any(np.isnan(values), axis=2)
    n = used.sum(axis=1).astype(np.float64)
    x = np.where(used[:, :, np.newaxis], values, 0.0)
    size = np.max(np.abs(x), axis=(1, 2), initial=0.0)
    x = x / np.where(size > 0, size, 1.0)[:, np.newaxis, np.newaxis]  # squares neither overflow nor vanish
    cells = np.maximum(n, 1)
    mean = x.sum(axis=(1, 2)) / (cells * k)
    x = np.where(used[:, :, np.newaxis], x - mean[:, np.newaxis, np.newaxis], 0.0)
    of_row, of_column = x.mean(axis=2), x.sum(axis=1) / cells[:, np.newaxis]
    rest = np.where(used[:, :, np.newaxis], x - of_row[:, :, np.newaxis] - of_column[:, np.newaxis], 0.0)
    between_rows, between_columns = k * np.sum(of_row**2, axis=1), n * np.sum(of_column**2, axis=1)
    left = np.sum(rest**2, axis=(1, 2))
    floor = (_ROUNDING * np.sqrt(n * k)) ** 2
    parts = [np.where(part <= floor, 0.0, part) for part in (between_rows, between_columns, left)]
    subjects = np.where(n >= 2, n, np.nan)  # without two of them there is no mean square
    return _Squares(
        n,
        k,
        rows=parts[0] / (subjects - 1),
        columns=parts[1] / (k - 1),
        within=(parts[1] + parts[2]) / (subjects * (k - 1)),
        rest=parts[2] / ((subjects - 1) * (k - 1)),
    )


def _one_way(s: _Squares, tail: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    return _from_ratio(s, s.within, s.n * (s.k - 1), tail)


def _consistency(s: _Squares, tail: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    return _from_ratio(s, s.rest, (s.n - 1) * (s.k - 1), tail)


def _from_ratio(
    s: _Squares, error: FloatArray, free: FloatArray, tail: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return (F - 1) / (F + k - 1) for the ratio F of mean squares, and for its interval."""
    value = (s.rows - error) / (s.rows + (s.k - 1) * error)
    ratio = s.rows / error
    low, high = ratio / fdtri(s.n - 1, free, tail), ratio * fdtri(free, s.n - 1, tail)
    return value, (low - 1) / (low + s.k - 1), (high - 1) / (high + s.k - 1)


def _agreement(s: _Squares, tail: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    n, k = s.n, s.k
    value = (s.rows - s.rest) / (s.rows + (k - 1) * s.rest + k / n * (s.columns - s.rest))
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    free = (a * s.columns + b * s.rest) ** 2 / (
        (a * s.columns) ** 2 / (k - 1) + (b * s.rest) ** 2 / ((n - 1) * (k - 1))
    )
    error = k * s.columns + (k * n - k - n) * s.rest
    lower, upper = fdtri(n - 1, free, tail), fdtri(free, n - 1, tail)
    low = n * (s.rows - lower * s.rest) / (lower * error + n * s.rows)
    high = n * (upper * s.rows - s.rest) / (error + n * upper * s.rows)
    return value, low, high
