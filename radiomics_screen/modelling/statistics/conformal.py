"""Conformal prediction: sets of outcomes that hold the true one as often as they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.arrays import (
    checked_level,
    checked_probability,
    patient_numbers,
    ratio,
)

Booleans = npt.NDArray[np.bool_]
_ROUNDING = 1e-12


@dataclass(frozen=True)
class _Scores:
    """Scores of some calibration rows, rising, and the weight of those at or above each place."""

    scores: FloatArray
    above: FloatArray

    @staticmethod
    def of(scores: FloatArray, weights: FloatArray) -> _Scores:
        order = np.argsort(scores, kind="stable")
        falling = np.cumsum(weights[order][::-1])[::-1]
        return _Scores(scores[order], np.r_[falling, 0.0])

    def at_least(self, values: FloatArray) -> FloatArray:
        return self.above[np.searchsorted(self.scores, values - _ROUNDING)]


@dataclass(frozen=True)
class Conformal:
    """Calibration scores that turn a probability into a p-value for each of the two outcomes.

    Attributes
    ----------
    by_class
        Whether an outcome is compared with calibration rows of that outcome only (Mondrian), so that
        the error rate holds in each class.
    probability, outcome, weight, fold
        Of the calibration rows: probability of 1, outcome, weight (1 / rows of that patient, in that
        class if `by_class`), and which model said it; shape (rows,).
    """

    by_class: bool
    probability: tuple[float, ...]
    outcome: tuple[int, ...]
    weight: tuple[float, ...]
    fold: tuple[int, ...]

    def size(self, label: int) -> float:
        """Return how many patients an outcome (0 or 1) is compared with."""
        weight, rows = np.asarray(self.weight), np.asarray(self.outcome) == label
        return float(weight[rows].sum() if self.by_class else weight.sum())

    def p_values(self, probability: npt.ArrayLike) -> FloatArray:
        """Return for each row the p-value of the outcomes 0 and 1, shape (rows, 2).

        The part of calibration patients whose own outcome was as unlikely to the model or more, the
        row itself counting as one of them. Ties count in full, so p-values are a little too large
        rather than too small.

        Parameters
        ----------
        probability
            Of outcome 1, shape (rows,); or (folds, rows), what the model of each fold says, in the
            order of the fold's numbers: then each is compared with its own fold's rows (cross-conformal).
        """
        table = np.asarray(probability, dtype=np.float64)
        if not np.all((table >= 0) & (table <= 1)):
            raise ModelError("conformal p-values are of probabilities, which have to lie in 0 to 1")
        folds = np.asarray(self.fold)
        parts = (
            [np.ones(len(folds), bool)]
            if table.ndim == 1
            else [folds == one for one in range(folds.max() + 1)]
        )
        table = np.atleast_2d(table)
        if len(table) != len(parts):
            raise ModelError(
                f"probabilities of {len(table)} models were given, but calibration had {len(parts)}"
            )
        return np.stack([self._p_value(label, table, parts) for label in (0, 1)], axis=1)

    def _p_value(self, label: int, table: FloatArray, parts: list[Booleans]) -> FloatArray:
        own, weight = self._strangeness(), np.asarray(self.weight)
        compared = np.asarray(self.outcome) == label if self.by_class else np.ones(len(own), bool)
        count = np.ones(table.shape[1])
        for said, part in zip(table, parts, strict=True):
            rows = part & compared
            count += _Scores.of(own[rows], weight[rows]).at_least(1 - said if label else said)
        return np.minimum(count / (self.size(label) + 1), 1.0)

    def _strangeness(self) -> FloatArray:
        """Return 1 - probability of the true outcome."""
        p, y = np.asarray(self.probability), np.asarray(self.outcome)
        return np.where(y == 1, 1 - p, p)

    def sets(self, probability: npt.ArrayLike, error_rate: float) -> Booleans:
        """Return for each row whether the outcomes 0 and 1 are in its set, shape (rows, 2).

        One outcome: the row is called so. Both: not sure. None: unlike the calibration rows of either.
        With fewer than 1 / `error_rate` - 1 patients to compare with, an outcome is never ruled out.

        Parameters
        ----------
        probability
            See :meth:`p_values`.
        error_rate
            How often the true outcome may be missing from the set.
        """
        return self.p_values(probability) > checked_level(error_rate) + _ROUNDING

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        named = ("probability", "outcome", "weight", "fold")
        return {"by_class": self.by_class} | {name: list(getattr(self, name)) for name in named}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Conformal:
        """Return what :meth:`to_dict` wrote.

        Raises
        ------
        ModelError
            If it is none.
        """
        try:
            p, weight = (tuple(float(value) for value in values[name]) for name in ("probability", "weight"))
            y, fold = (tuple(int(value) for value in values[name]) for name in ("outcome", "fold"))
            by_class = values["by_class"]
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"conformal scores cannot be read ({error!r}): fit the model again") from error
        checked_probability(y, p)
        fits = len(p) == len(weight) == len(fold) and isinstance(by_class, bool)
        if not fits or not p or not all(0 < one <= 1 for one in weight) or min(fold) < 0:
            raise ModelError("conformal scores do not fit together: fit the model again")
        return Conformal(by_class, p, y, weight, fold)


def fit_conformal(
    outcome: npt.ArrayLike,
    probability: npt.ArrayLike,
    patients: npt.ArrayLike | None = None,
    *,
    folds: npt.ArrayLike | None = None,
    by_class: bool = True,
) -> Conformal:
    """Return the conformal predictor that rows calibrate which the model has not learned from.

    - Split conformal: rows set aside; a set at error rate e holds the true outcome of a new row in at
      least 1 - e of cases, whatever the model (Vovk, Gammerman and Shafer 2005; Papadopoulos et al. 2002).
    - Cross-conformal: out-of-fold probabilities of all rows. With new rows judged by each fold's model
      the guarantee is about 1 - 2 e, in practice near 1 - e (Vovk 2015, Ann Math Artif Intell 74:9). With
      new rows judged by one model, fitted on all rows, there is no guarantee: coverage is near 1 - e
      as long as that model's probabilities are distributed like the folds' ones.

    All of it supposes new patients like those of the calibration. Rows of one patient are not
    exchangeable with others': each patient's rows share a weight of 1, which keeps the guarantee for a
    row of a new patient (Dunn, Wasserman and Ramdas 2023; Lee, Barber and Willett 2023).

    Parameters
    ----------
    outcome, probability
        1 or 0, and the probability of 1; shape (rows,).
    patients
        Patient of each row; without them, rows are independent.
    folds
        Which model said the probability; shape (rows,). Its sorted names are numbered from 0 on.
    by_class
        Hold the error rate in each class (Mondrian), not only on the whole. Of a rare class the
        other way may nearly always miss.

    Raises
    ------
    ModelError
        Without rows of both classes.
    """
    positive, p = checked_probability(outcome, probability)
    if len(np.unique(positive)) < 2:
        raise ModelError("conformal prediction needs calibration rows of both classes")
    patient, fold = patient_numbers(patients, len(p)), np.zeros(len(p), dtype=np.intp)
    if folds is not None:
        fold = patient_numbers(folds, len(p))
    group = patient * 2 + positive.astype(np.intp) if by_class else patient
    weight = 1 / np.bincount(group)[group]
    labels = positive.astype(int).tolist()
    return Conformal(by_class, tuple(p.tolist()), tuple(labels), tuple(weight.tolist()), tuple(fold.tolist()))


def set_figures(
    outcome: npt.ArrayLike, sets: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> dict[str, FloatArray]:
    """Return how prediction sets did on rows whose outcome is known.

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    sets
        Whether 0 and 1 are in the set, shape (rows, 2).
    weights
        Shape (weightings, rows).

    Returns
    -------
    dict
        Parts of rows, shape (weightings,): "coverage" (the set holds the outcome), "coverage_of_positive"
        and "coverage_of_negative" (among those), "single" (one outcome), "both", "none", and
        "error_of_single" (wrong, among sets of one outcome). NaN where there are no such rows.
    """
    held = np.asarray(sets, dtype=bool)
    positive, _ = checked_probability(outcome, held[:, 1].astype(np.float64))
    w = np.ones((1, len(positive))) if weights is None else np.asarray(weights, dtype=np.float64)
    right = np.where(positive > 0, held[:, 1], held[:, 0]).astype(np.float64)
    size = held.sum(axis=1)
    total, single = w.sum(axis=1), w @ (size == 1)
    return {
        "coverage": ratio(w @ right, total),
        "coverage_of_positive": ratio(w @ (right * positive), w @ positive),
        "coverage_of_negative": ratio(w @ (right * (1 - positive)), w @ (1 - positive)),
        "single": ratio(single, total),
        "both": ratio(w @ (size == 2), total),
        "none": ratio(w @ (size == 0), total),
        "error_of_single": ratio(w @ ((size == 1) * (1 - right)), single),
    }


def expected_coverage(patients: int, error_rate: float, *, level: float = 0.95) -> tuple[float, float, float]:
    """Return the coverage to expect of split conformal sets, and the range it lies in.

    Over many new rows, coverage depends on the calibration rows drawn: it has a beta distribution with
    parameters n + 1 - l and l, l = floor(e (n + 1)) (Vovk 2012, ACML 25:475), for scores without ties.

    Parameters
    ----------
    patients
        Number n of independent calibration rows that an outcome is compared with.
    error_rate
        The rate e asked for.
    level
        Part of calibration sets whose coverage lies in the range.

    Returns
    -------
    tuple
        Mean, lower and upper end. All 1 where `patients` are too few to rule anything out.
    """
    ruled_out = int(np.floor(checked_level(error_rate) * (patients + 1) + _ROUNDING))
    if ruled_out == 0:
        return 1.0, 1.0, 1.0
    a, b = patients + 1 - ruled_out, ruled_out
    low, high = betaincinv(a, b, [(1 - checked_level(level)) / 2, (1 + level) / 2])
    return a / (a + b), float(low), float(high)
