"""How sure a reading is: which outcomes cannot be ruled out, and whether the case is of the known kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.threads import single_threaded
from radiomics_screen.modelling.assessment.curve_bands import with_interval
from radiomics_screen.modelling.statistics.arrays import patient_numbers
from radiomics_screen.modelling.statistics.conformal import Conformal, fit_conformal, set_figures
from radiomics_screen.modelling.statistics.novelty import Outlying, fit_outlying

#: How often a prediction set may miss the outcome, where nothing else is asked for.
ERROR_RATE = 0.1
#: Percentile of the training rows' distances from which on a case is called unusual, of 99 rows and more.
UNUSUAL = 99.0


@dataclass(frozen=True)
class Uncertainty:
    """What a model knows of its own limits.

    Attributes
    ----------
    conformal
        Turns a probability into the set of outcomes that cannot be ruled out.
    outlying
        Tells how unlike the training rows a row is, by what reaches the classifier; None where there
        were too few rows to tell.
    """

    conformal: Conformal
    outlying: Outlying | None

    def sets(self, probability: npt.ArrayLike, error_rate: float = ERROR_RATE) -> npt.NDArray[np.bool_]:
        """Return whether the negative and the positive outcome are in each row's set, shape (rows, 2)."""
        return self.conformal.sets(probability, error_rate)

    def percentiles(self, values: FloatArray) -> FloatArray:
        """Return the part of training rows, in percent, that are less unusual than each row; NaN if unknown.

        Parameters
        ----------
        values
            What reaches the classifier, shape (rows, columns).
        """
        return np.full(len(values), np.nan) if self.outlying is None else self.outlying.percentiles(values)

    @property
    def unusual_from(self) -> float:
        """Percentile from which on a case is called unusual.

        With fewer than 99 training rows no case can have 99: then it is the highest there is, that of a case
        farther off than every training row. About 1 of 100 usual cases gets there, with n rows 1 of n + 1.
        """
        rows = 0 if self.outlying is None else len(self.outlying.own)
        return min(UNUSUAL, 100 * rows / (rows + 1))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        outlying = None if self.outlying is None else self.outlying.to_dict()
        return {"conformal": self.conformal.to_dict(), "outlying": outlying}

    @staticmethod
    def from_dict(written: Mapping[str, Any]) -> Uncertainty:
        """Return what :meth:`to_dict` wrote.

        Raises
        ------
        ModelError, KeyError
            If it is none.
        """
        outlying = written["outlying"]
        return Uncertainty(
            Conformal.from_dict(written["conformal"]),
            None if outlying is None else Outlying.from_dict(outlying),
        )


def fit_uncertainty(
    outcome: npt.ArrayLike,
    unseen: npt.ArrayLike,
    values: FloatArray,
    patients: npt.ArrayLike,
    *,
    seed: int = 0,
) -> Uncertainty:
    """Return what a model is to know of its limits.

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    unseen
        Probability of each row by a model of the same plan that had not seen it, shape (rows,).
    values
        What reaches the classifier of the model fitted on all rows, shape (rows, columns).
    patients
        Patient of each row, shape (rows,).
    seed
        Of the groups in which patients are left out to learn what is usual.
    """
    conformal = fit_conformal(outcome, unseen, patients)
    try:
        with single_threaded():  # the order of the sums, and so their last digit, depends on threads
            outlying: Outlying | None = fit_outlying(values, patients, seed=seed)
    except ModelError:  # fewer than three patients, or nothing that varies
        outlying = None
    return Uncertainty(conformal, outlying)


def judge_sets(
    outcome: npt.NDArray[np.int64],
    probabilities: FloatArray,
    folds: npt.NDArray[np.intp],
    patients: npt.ArrayLike,
    *,
    error_rate: float = ERROR_RATE,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """Return how often prediction sets hold the outcome: those of each fold calibrated by the others.

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    probabilities
        Out-of-fold, shape (repeats, rows).
    folds
        Number of the fold that each probability was tested in, shape (repeats, rows).
    patients
        Patient of each row, shape (rows,).
    error_rate
        How often a set may miss the outcome.
    resamples, seed
        Of the bootstrap over patients.

    Returns
    -------
    dict
        Plain JSON values: ``error_rate``, and ``figures`` (see
        :func:`~radiomics_screen.modelling.statistics.conformal.set_figures`), each with ``value``,
        ``low`` and ``high``; means over the repeats.
    """
    owner = patient_numbers(patients, len(outcome))
    sets = [
        _sets_by_others(outcome, said, fold, owner, error_rate)
        for said, fold in zip(probabilities, folds, strict=True)
    ]
    return {"error_rate": error_rate, "figures": figures_of_sets(outcome, sets, owner, resamples, seed)}


def _sets_by_others(
    outcome: npt.NDArray[np.int64],
    said: FloatArray,
    fold: npt.NDArray[np.intp],
    owner: npt.NDArray[np.intp],
    error_rate: float,
) -> npt.NDArray[np.bool_]:
    found = np.zeros((len(outcome), 2), dtype=bool)
    for one in np.unique(fold):
        here, others = fold == one, fold != one
        calibrated = fit_conformal(outcome[others], said[others], owner[others])
        found[here] = calibrated.sets(said[here], error_rate)
    return found


def figures_of_sets(
    outcome: npt.NDArray[np.int64],
    sets: list[npt.NDArray[np.bool_]],
    owner: npt.NDArray[np.intp],
    resamples: int,
    seed: int,
) -> dict[str, dict[str, float | None]]:
    """Return the figures of prediction sets with their intervals, means over the repeats in `sets`."""
    names = list(set_figures(outcome, sets[0]))

    def compute(weights: FloatArray) -> FloatArray:
        each = [set_figures(outcome, one, weights) for one in sets]
        return np.mean([[found[name] for name in names] for found in each], axis=0).T

    here, _, low, high = with_interval(compute, owner, resamples, seed)
    same = low == high  # resamples that all agree tell nothing
    low, high = np.where(same, np.nan, low), np.where(same, np.nan, high)
    return {
        name: {"value": _plain(here[at]), "low": _plain(low[at]), "high": _plain(high[at])}
        for at, name in enumerate(names)
    }


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
