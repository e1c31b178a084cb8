"""How unlike the training rows a row is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

from radiomics_screen.core.arrays import FloatArray, IndexArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.arrays import patient_numbers

_COMPONENTS = 64  # directions with a variance of their own; all others share one
_TO_SD = 1.3489795003921634  # interquartile range of the standard normal distribution
_ARRAYS = ("location", "scale", "centre", "directions", "variances")
_PULLED_IN = 5.0  # standard deviations, to which training values are drawn before spread is estimated


@dataclass(frozen=True)
class _Shape:
    """Where training rows lie: location, scale, and variance by direction (in units of the scale)."""

    used: npt.NDArray[np.intp]
    location: FloatArray
    scale: FloatArray
    centre: FloatArray
    directions: FloatArray  # (components, used)
    variances: FloatArray  # (components,)
    rest: float  # variance in every other direction

    def distances(self, rows: FloatArray) -> FloatArray:
        z = (rows[:, self.used] - self.location) / self.scale - self.centre
        along = z @ self.directions.T
        beside = np.maximum(np.einsum("ij,ij->i", z, z) - np.einsum("ij,ij->i", along, along), 0.0)
        return np.sqrt((np.sum(along**2 / self.variances, axis=1) + beside / self.rest) / len(self.used))


@dataclass(frozen=True)
class Outlying:
    """Distance from the training rows, and the distances that those have themselves.

    Attributes
    ----------
    columns
        Number of columns of a row.
    own
        Distance of each training row from rows of other patients, rising.
    """

    columns: int
    own: tuple[float, ...]
    _shape: _Shape

    def distances(self, rows: npt.ArrayLike) -> FloatArray:
        """Return the distance of each row, shape (rows,): about 1 for a usual one.

        Parameters
        ----------
        rows
            Shape (rows, columns), as in training: imputed, without missing values.
        """
        return self._shape.distances(_checked(rows, self.columns))

    def percentiles(self, rows: npt.ArrayLike) -> FloatArray:
        """Return the part of training rows, in percent, that are less unusual than each row.

        The row itself counts as one more: 100 n / (n + 1) at most. A row like those of training is above
        95 in about 5 of 100 cases, so 95 alone is no ground for doubt; 99 and more is.
        """
        return 100 * np.searchsorted(np.asarray(self.own), self.distances(rows)) / (len(self.own) + 1)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        shape = {name: getattr(self._shape, name) for name in _Shape.__dataclass_fields__}
        plain = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in shape.items()}
        return {"columns": self.columns, "own": list(self.own)} | plain

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Outlying:
        """Return what :meth:`to_dict` wrote.

        Raises
        ------
        ModelError
            If it is none.
        """
        try:
            arrays = {name: np.asarray(values[name], dtype=np.float64) for name in _ARRAYS}
            own = np.asarray(values["own"], dtype=np.float64)
            columns, rest = int(values["columns"]), float(values["rest"])
            used = np.asarray(values["used"], dtype=np.intp)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ModelError(
                f"the shape of the training rows cannot be read ({error!r}): fit the model again"
            ) from error
        shape = _Shape(used=used, rest=rest, **arrays)
        if not (_fits(shape, columns) and _fits_own(own)):
            raise ModelError("the shape of the training rows does not fit together: fit the model again")
        return Outlying(columns, tuple(own.tolist()), shape)


def _fits(shape: _Shape, columns: int) -> bool:
    """Say whether the parts of a shape have sizes and values that go together."""
    used, variances = shape.used, shape.variances
    if used.ndim != 1 or variances.ndim != 1 or len(used) == 0:
        return False
    sizes = {part.shape for part in (shape.location, shape.scale, shape.centre)}
    placed = used.min() >= 0 and used.max() < columns and len(np.unique(used)) == len(used)
    if sizes != {used.shape} or shape.directions.shape != (len(variances), len(used)) or not placed:
        return False
    numbers = [np.asarray(getattr(shape, name)) for name in (*_ARRAYS, "rest")]
    positive = np.all(shape.scale > 0) and np.all(variances > 0) and shape.rest > 0
    return bool(positive and all(np.all(np.isfinite(one)) for one in numbers))


def _fits_own(values: FloatArray) -> bool:
    """Say whether these are rising distances of some rows."""
    there = values.ndim == 1 and len(values) > 0
    return bool(there and np.all(np.isfinite(values)) and np.all(np.diff(values) >= 0))


def fit_outlying(
    rows: npt.ArrayLike, patients: npt.ArrayLike | None = None, *, folds: int = 50, seed: int = 0
) -> Outlying:
    """Learn where training rows lie, and how far off they are themselves when they are left out.

    A Mahalanobis distance. Columns are put on one scale by median and interquartile range, and their
    values drawn in to 5 standard deviations, so that a few wild rows do not make everything look usual.
    The covariance is shrunk towards a multiple of the identity (Ledoit and Wolf 2004, J Multivar Anal
    88:365), which keeps it invertible with more columns than rows. The 64 directions of most variance
    keep their own variance, all others share their mean (Tipping and Bishop 1999): a row that leaves
    the space that training rows span is noticed, and no training row is kept, as nearest neighbours
    would ask for.

    With many columns, training rows lie nearer to a shape learned from them than any new row would. So
    their own distances are those from a shape learned without them and without other rows of their
    patient: patients are left out in `folds` groups, one by one if there are no more than that.
    With few rows and many columns, percentiles of new rows are a few points too high in the middle, as
    the shape of all rows is learned from a few rows more than those of the groups.

    Parameters
    ----------
    rows
        Shape (rows, columns), imputed: no missing values. A column that never changes has no scale and
        is not looked at.
    patients
        Patient of each row; without them, rows are independent.
    folds
        Groups in which patients are left out.
    seed
        Of the grouping.

    Raises
    ------
    ModelError
        With fewer than three patients, or without a column that changes.
    """
    table = _checked(rows, None)
    patient = patient_numbers(patients, len(table))
    count = int(patient.max()) + 1 if len(patient) else 0
    if count < 3:
        raise ModelError(f"{count} patients are too few to tell an unusual row by: at least 3 are needed")
    group = np.random.default_rng(seed).permutation(count) % min(folds, count)
    own = _left_out(table, group[patient])
    return Outlying(table.shape[1], tuple(np.sort(own).tolist()), _shape(table))


def _left_out(table: FloatArray, group: IndexArray) -> FloatArray:
    own = np.empty(len(table))
    for one in np.unique(group):
        own[group == one] = _shape(table[group != one]).distances(table[group == one])
    return own


def _checked(rows: npt.ArrayLike, columns: int | None) -> FloatArray:
    table = np.asarray(rows, dtype=np.float64)
    if table.ndim != 2 or (columns is not None and table.shape[1] != columns):
        raise ModelError(
            f"rows have shape {table.shape}, but training rows had {columns or 'several'} columns"
        )
    if not np.all(np.isfinite(table)):
        raise ModelError("a row has missing or infinite values: impute them before asking how unusual it is")
    return table


def _shape(table: FloatArray) -> _Shape:
    location = np.median(table, axis=0)
    low, high = np.quantile(table, [0.25, 0.75], axis=0)
    scale = (high - low) / _TO_SD
    spread = table.std(axis=0)
    scale = np.where(scale > 1e-6 * spread, scale, spread)  # half of the values alike: the plain one
    used = np.flatnonzero(spread > 1e-9 * np.max(np.abs(table), axis=0, initial=0))
    if len(used) == 0:
        raise ModelError("no column of the training rows changes: nothing tells an unusual row")
    location, scale = location[used], scale[used]
    z = np.clip((table[:, used] - location) / scale, -_PULLED_IN, _PULLED_IN)
    centre = z.mean(axis=0)
    z = z - centre
    variances, directions = _leading(z)
    shrinkage, mean = _ledoit_wolf(z)
    others = len(used) - len(variances)
    rest = max(mean * len(used) - float(variances.sum()), 0.0) / others if others else mean
    shrunk = (1 - shrinkage) * np.r_[variances, rest] + shrinkage * mean
    shrunk = np.maximum(shrunk, 1e-9 * mean)
    return _Shape(used, location, scale, centre, directions, shrunk[:-1], float(shrunk[-1]))


def _leading(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return variance and direction of the leading components of centred rows."""
    n, p = z.shape
    small = (z.T @ z if n >= p else z @ z.T) / n
    leading = max(0, len(small) - _COMPONENTS), len(small) - 1
    variances, vectors = eigh(small, subset_by_index=leading)
    variances, vectors = variances[::-1], vectors[:, ::-1]
    kept = variances > 1e-9 * variances[0]
    variances, vectors = variances[kept], vectors[:, kept]
    if n >= p:
        return variances, vectors.T
    return variances, (z.T @ vectors / np.sqrt(n * variances)).T  # from the rows' products to the columns'


def _ledoit_wolf(z: FloatArray) -> tuple[float, float]:
    """Return how far to shrink the covariance of centred rows, 0 to 1, and the mean variance."""
    n, p = z.shape
    small = z @ z.T / n if n < p else z.T @ z / n  # both have the same sum of squares and trace
    mean = float(np.trace(small) / p)
    squares = float(np.sum(small**2))
    away = squares / p - mean**2
    lengths = np.einsum("ij,ij->i", z, z)
    noise = (float(np.sum(lengths**2)) / n - squares) / (n * p)
    return (min(noise, away) / away if away > 0 else 1.0), mean
