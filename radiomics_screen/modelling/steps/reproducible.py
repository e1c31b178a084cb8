"""Features that come out alike when the lesion is measured again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from radiomics_screen.core.arrays import BoolArray, FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.modelling.statistics.reliability import IccKind, icc
from radiomics_screen.modelling.steps.base import step
from radiomics_screen.modelling.steps.numerics.frames import NameFilter

#: Every row has its own chance perturbations, which no other row shares: a one-way random design.
KIND: IccKind = "ICC(1,1)"
LEVEL = 0.95
#: So many columns at a time: little more memory is taken than the measurements have.
_PART = 64


@step("reproducible")
class ReproducibleFilter(NameFilter):
    """Keep the features whose intraclass correlation over repeated measurements is surely high enough.

    A feature stays if the lower end of the 95 % interval of its ICC(1,1) over the measurements of the
    training rows is at least `least`. Columns without a single repeated measurement, such as clinical
    variables, stay. A feature whose ICC has no value (alike everywhere, or measured completely in fewer
    than two patients) goes.

    It stands first, where clinical and scanner columns are still there, and takes a DataFrame to a
    DataFrame. ``fit(X, y=None, measured=None, groups=None)``: see :meth:`fit`.

    Parameters
    ----------
    least
        float between 0 and 1, default 0.75: "good" reliability after Koo and Li. Zwanenburg et al. ask
        for 0.90.

    Attributes
    ----------
    icc_, low_ : ndarray, shape (n_features_in_,)
        ICC and the lower end of its interval; NaN where they have no value. The ICC is known only after
        fitting.

    Notes
    -----
    ICC(1,1), as Zwanenburg et al. (2019, Sci Rep 9:614) use it for perturbed images: each row has
    perturbations drawn for it alone, so that the n-th measurement of one row has nothing in common with the
    n-th of another, and there is no effect of "the measurement" to take out. The lower end rather than
    the value: Koo and Li (2016, J Chiropr Med 15:155).
    """

    def __init__(self, least: float = 0.75) -> None:
        self.least = least

    def fit(self, X: Any, y: Any = None, measured: Any = None, groups: Any = None) -> Self:
        """Decide which columns are kept.

        Parameters
        ----------
        X
            Training rows, shape (rows, columns); their values are not looked at.
        y
            Not looked at.
        measured
            Repeated measurements of the same rows and columns, shape (rows, measurements, columns); NaN
            for a row or column that was not measured again. None: nothing was, and all columns stay, with a
            note.
        groups
            Patient of each row, shape (rows,). Of a patient's rows, the first that was measured counts:
            an ICC needs independent subjects. None: each row is another patient.

        Raises
        ------
        ModelError
            If shapes do not agree, fewer than two patients were measured again, a measurement is infinite,
            or no column would be left.
        """
        if not 0 < self.least < 1:
            raise ModelError(
                f"the least ICC of a reproducible feature is {self.least}; it must be between 0 and 1"
            )
        super().fit(X, y)
        columns = self.n_features_in_
        self.icc_, self.low_ = np.full(columns, np.nan), np.full(columns, np.nan)
        if measured is None:
            add_remark("there are no repeated measurements: every feature was taken for reproducible")
            return self
        values = self._checked(measured, len(X))
        subjects = values[_subjects(values, groups)]
        again = ~np.isnan(subjects).all(axis=(0, 1))
        self._judge(subjects, np.flatnonzero(again))
        self.support_ = ~again | (self.low_ >= self.least)
        if not self.support_[again].any():  # clinical columns alone would be another model
            raise ModelError(
                f"none of the {int(again.sum())} features is reproducible: the best lower bound of an ICC "
                f"over {len(subjects)} patients is {np.nanmax(self.low_, initial=-1):.3f}, and {self.least} "
                "is asked for; ask for less, or perturb more cases"
            )
        return self

    def _keep(self, names: Sequence[str]) -> BoolArray:
        return np.ones(len(names), dtype=bool)

    def _checked(self, measured: Any, rows: int) -> FloatArray:
        values = np.asarray(measured, dtype=np.float64)
        if values.ndim != 3 or (values.shape[0], values.shape[2]) != (rows, self.n_features_in_):
            raise ModelError(
                f"the repeated measurements have shape {values.shape}, but there are {rows} rows and "
                f"{self.n_features_in_} columns: give one of shape (rows, measurements, columns)"
            )
        return values

    def _judge(self, subjects: FloatArray, columns: npt.NDArray[np.intp]) -> None:
        """Take the ICC of some columns, a part of them at a time."""
        for start in range(0, len(columns), _PART):
            part = columns[start : start + _PART]
            found = icc(np.ascontiguousarray(np.moveaxis(subjects[:, :, part], 2, 0)), KIND, level=LEVEL)
            self.icc_[part], self.low_[part] = found.value, found.low

    def learned(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the learned values as plain data for the model folder, by column name."""
        lows = zip(names, self.low_.tolist(), strict=True)
        return {**super().learned(names), "low": {name: low for name, low in lows if not np.isnan(low)}}

    def restore(self, learned: Mapping[str, Any], names: Sequence[str]) -> None:
        """Set the learned values from what `learned` returned, for columns in the order of `names`."""
        super().restore(learned, names)
        lows = learned["low"]
        self.low_ = np.array([lows.get(name, np.nan) for name in names], dtype=np.float64)


def _subjects(values: FloatArray, groups: Any) -> npt.NDArray[np.intp]:
    """Return one row for each patient that was measured again: the first."""
    rows = np.flatnonzero(~np.isnan(values).all(axis=(1, 2)))
    if groups is not None:
        owners = np.asarray(groups).astype(str)
        if owners.shape != (len(values),):
            raise ModelError(f"groups have shape {owners.shape}, but there are {len(values)} rows")
        rows = rows[np.sort(np.unique(owners[rows], return_index=True)[1])]
    if len(rows) < 2:
        raise ModelError(
            f"{len(rows)} of the patients to learn from were measured again; an ICC needs at least two, and "
            "means something from about thirty on: perturb more cases"
        )
    return rows
