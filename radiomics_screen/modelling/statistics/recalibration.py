"""Maps from a model's probability to one that means what it says; kept as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.arrays import checked_probability
from radiomics_screen.modelling.statistics.calibration import LIMIT, logit
from radiomics_screen.modelling.statistics.isotonic import pooled_neighbours
from radiomics_screen.modelling.statistics.logistic import offset_fit, slope_fit


@dataclass(frozen=True)
class Platt:
    """Probability 1 / (1 + exp(-(intercept + slope logit p)))."""

    kind: ClassVar[str] = "platt"
    intercept: float
    slope: float

    def apply(self, probability: npt.ArrayLike) -> FloatArray:
        """Return recalibrated probabilities, of the same shape."""
        return expit(self.intercept + self.slope * logit(probability))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"kind": self.kind, "intercept": self.intercept, "slope": self.slope}


@dataclass(frozen=True)
class Isotonic:
    """A probability that never falls as the model's grows: straight lines between knots.

    Attributes
    ----------
    at
        Model's probability at the knots, rising.
    values
        Recalibrated probability there, never falling. Beyond the first and last knot it stays.
    """

    kind: ClassVar[str] = "isotonic"
    at: tuple[float, ...]
    values: tuple[float, ...]

    def apply(self, probability: npt.ArrayLike) -> FloatArray:
        """Return recalibrated probabilities, of the same shape."""
        return np.interp(np.asarray(probability, dtype=np.float64), self.at, self.values)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"kind": self.kind, "at": list(self.at), "values": list(self.values)}


Recalibration = Platt | Isotonic


def fit_platt(
    outcome: npt.ArrayLike, probability: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> Platt:
    """Return the logistic map from the logit of the probability to the outcome.

    By maximum likelihood, under a slope of at least 0: a map learned from noise shall not turn the order
    of rows round. Outcomes are drawn in a little, to (positives + 1) / (positives + 2) and
    1 / (negatives + 2), so that a finite map is there where a threshold parts the classes (Platt 1999).
    Of equal probabilities the slope is 0: all get the (drawn-in) part of positives.

    Parameters
    ----------
    outcome, probability
        1 or 0, and a probability from a model that has not seen the row; shape (rows,).
    weights
        Shape (rows,).

    Raises
    ------
    ModelError
        Without rows of both classes.
    """
    positive, p = checked_probability(outcome, probability)
    return Platt(*platt_line(logit(p, LIMIT), positive, _weights(weights, positive)))


def platt_line(
    scores: FloatArray, outcome: FloatArray, weights: FloatArray, least_slope: float = 0.0
) -> tuple[float, float]:
    """Return intercept and slope of the log-odds of the outcome as a line over scores.

    By maximum likelihood under a least slope, with the drawn-in outcomes of :func:`fit_platt`: a perfect
    separation gives a finite line.

    Parameters
    ----------
    scores, outcome, weights
        Shape (rows,); outcomes are 1 or 0, and both occur.
    least_slope
        Of the line: from 0 up the order of the rows stays that of the scores.

    Source: Platt, "Probabilistic outputs for support vector machines" (1999); Lin, Lin and Weng, "A note on
    Platt's probabilistic outputs for support vector machines" (2007).
    """
    positives, negatives = float(weights @ outcome), float(weights @ (1 - outcome))
    target = np.where(outcome > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    (intercept,), (slope,) = slope_fit(scores, target, weights[np.newaxis])
    if slope > least_slope:
        return float(intercept), float(slope)
    if least_slope == 0:
        share = float(weights @ target / weights.sum())
        return float(np.log(share / (1 - share))), 0.0
    (intercept,) = offset_fit(least_slope * scores, target, weights[np.newaxis])
    return float(intercept), least_slope


def fit_isotonic(
    outcome: npt.ArrayLike, probability: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> Isotonic:
    """Return the never-falling map that fits the outcome best, by least squares.

    Pooling of adjacent violators (Ayer et al. 1955; Zadrozny and Elkan 2002). It needs more rows than
    Platt's (about a thousand), makes ties, and says 0 or 1 at the ends where those rows are all alike.

    Parameters
    ----------
    outcome, probability
        1 or 0, and a probability from a model that has not seen the row; shape (rows,).
    weights
        Shape (rows,).

    Raises
    ------
    ModelError
        Without rows of both classes.
    """
    positive, p = checked_probability(outcome, probability)
    values, fitted = pooled_neighbours(p, positive, _weights(weights, positive))
    inner = np.r_[False, fitted[1:-1] == fitted[:-2], False] & np.r_[False, fitted[1:-1] == fitted[2:], False]
    keep = ~inner[: len(values)]
    return Isotonic(tuple(values[keep].tolist()), tuple(fitted[keep].tolist()))


def recalibration_from_dict(values: Mapping[str, Any]) -> Recalibration:
    """Return the map that `to_dict` wrote.

    Raises
    ------
    ModelError
        If it is none.
    """
    try:
        if values["kind"] == Platt.kind:
            return _finite(Platt(float(values["intercept"]), float(values["slope"])))
        if values["kind"] == Isotonic.kind:
            at, levels = (tuple(float(value) for value in values[name]) for name in ("at", "values"))
            if not at or len(at) != len(levels) or np.any(np.diff(at) <= 0) or np.any(np.diff(levels) < 0):
                raise ModelError("an isotonic map needs as many values as knots, both rising")
            return _finite(Isotonic(at, levels))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"a recalibration map cannot be read ({error!r}): fit the model again") from error
    raise ModelError(f"a recalibration map is of kind {values['kind']!r}: known are 'platt' and 'isotonic'")


def _finite(found: Recalibration) -> Recalibration:
    numbers = found.at + found.values if isinstance(found, Isotonic) else (found.intercept, found.slope)
    if not np.all(np.isfinite(numbers)):
        raise ModelError("a recalibration map holds numbers that are not finite: fit the model again")
    return found


def _weights(weights: npt.ArrayLike | None, positive: FloatArray) -> FloatArray:
    w = np.ones(len(positive)) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape != positive.shape:
        raise ModelError(f"weights have shape {w.shape}, but there are {len(positive)} rows")
    if not (w @ positive > 0 and w @ (1 - positive) > 0):
        raise ModelError("recalibration needs rows of both classes")
    return w
