"""Decision curves: is acting on the model better than acting on all, or on none?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.arrays import (
    checked_probability,
    patient_numbers,
    ratio,
    weight_table,
)
from radiomics_screen.modelling.statistics.resampling import percentile_interval, resampled

#: Threshold probabilities of a decision curve, where none are given.
THRESHOLDS = tuple(float(value) for value in np.round(np.arange(0.01, 1.0, 0.01), 2))


@dataclass(frozen=True)
class DecisionCurve:
    """Net benefit over threshold probabilities, each array of shape (thresholds,).

    Attributes
    ----------
    thresholds
        Probability from which on one would act: it says how many needless acts one useful one is worth.
    model, model_low, model_high
        Net benefit of acting on the model's calls, with its band.
    treat_all, treat_all_low, treat_all_high
        Of acting on every row. Acting on none has a net benefit of 0.
    gain, gain_low, gain_high
        Of the model over the better of acting on all and on none, in the same resamples.
    prevalence
        The net benefit that a perfect model would have.

    Bands hold at each threshold for itself, not for the whole curve.
    """

    thresholds: FloatArray
    model: FloatArray
    model_low: FloatArray
    model_high: FloatArray
    treat_all: FloatArray
    treat_all_low: FloatArray
    treat_all_high: FloatArray
    gain: FloatArray
    gain_low: FloatArray
    gain_high: FloatArray
    prevalence: float

    def standardised(self) -> FloatArray:
        """Return the model's net benefit over a perfect model's (Kerr et al. 2016, J Clin Oncol 34:2534)."""
        return self.model / self.prevalence

    def useful(self, *, surely: bool = False) -> list[tuple[float, float]]:
        """Return the ranges of thresholds, ends included, in which the model gains over all and none.

        Parameters
        ----------
        surely
            Ask for a gain whose band lies above 0 instead.
        """
        better = (self.gain_low if surely else self.gain) > 1e-12
        edges = np.flatnonzero(np.diff(np.r_[False, better, False].astype(np.int8)))
        return [
            (float(self.thresholds[first]), float(self.thresholds[end - 1]))
            for first, end in edges.reshape(-1, 2)
        ]


def net_benefit(
    outcome: npt.ArrayLike,
    probability: npt.ArrayLike,
    thresholds: npt.ArrayLike = THRESHOLDS,
    weights: npt.ArrayLike | None = None,
    *,
    prevalence: float | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return the net benefit of the model and of acting on all.

    True positives less false positives times t / (1 - t), over all rows (Vickers and Elkin 2006, Med
    Decis Making 26:565). At a threshold t one act on a positive row makes up for (1 - t) / t needless ones.

    Parameters
    ----------
    outcome, probability
        1 or 0, and the probability; shape (rows,). A row is acted on where its probability is at or
        above the threshold.
    thresholds
        At least 0, below 1; shape (thresholds,).
    weights
        Shape (weightings, rows).
    prevalence
        Part of positives where the model will be used, if these rows were chosen by outcome: it takes
        the place of their own part (Vickers et al. 2008, BMC Med Inform Decis Mak 8:53).

    Returns
    -------
    tuple
        Two arrays of shape (weightings, thresholds). NaN without rows; with a `prevalence`, also
        without rows of both classes.
    """
    positive, p = checked_probability(outcome, probability)
    at = _checked_thresholds(thresholds)
    w = weight_table(weights, len(p))
    called = (p[:, np.newaxis] >= at).astype(np.float64)
    events, others = (w @ positive)[:, np.newaxis], (w @ (1 - positive))[:, np.newaxis]
    true, false = (w * positive) @ called, (w * (1 - positive)) @ called
    odds = at / (1 - at)
    if prevalence is None:
        total = events + others
        return ratio(true - odds * false, total), ratio(events - odds * others, total)
    if not 0 < prevalence < 1:
        raise ModelError(f"the prevalence is {prevalence:g}: it has to lie between 0 and 1")
    model = prevalence * ratio(true, events) - (1 - prevalence) * odds * ratio(false, others)
    everyone = prevalence - (1 - prevalence) * odds
    return model, np.where(np.isnan(model), np.nan, everyone)


def decision_curve(
    outcome: npt.ArrayLike,
    probability: npt.ArrayLike,
    patients: npt.ArrayLike | None = None,
    *,
    thresholds: npt.ArrayLike = THRESHOLDS,
    prevalence: float | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> DecisionCurve:
    """Return the decision curve with the bands of a bootstrap over patients.

    The gain is over the better of acting on all and on none, chosen again in each resample, as one who
    uses the model does not know which is better; that is a little to the model's disadvantage where
    both are near.

    Parameters
    ----------
    outcome, probability, thresholds, prevalence
        See :func:`net_benefit`.
    patients
        Patient of each row; without them, rows are independent.
    resamples, level, seed
        Of the bootstrap.

    Raises
    ------
    ModelError
        Without positive rows: there is no benefit to be had.
    """
    at = _checked_thresholds(thresholds)
    positive, p = checked_probability(outcome, probability)
    if not positive.any():
        raise ModelError("a decision curve needs positive rows")

    def curves(weights: FloatArray | None) -> FloatArray:
        model, everyone = net_benefit(positive, p, at, weights, prevalence=prevalence)
        return np.stack([model, everyone, model - np.maximum(everyone, 0)], axis=1)

    (here,) = curves(None)
    drawn = resampled(curves, patient_numbers(patients, len(p)), resamples=resamples, seed=seed)
    low, high = percentile_interval(drawn, level)
    return DecisionCurve(
        at,
        *(here[0], low[0], high[0]),
        *(here[1], low[1], high[1]),
        *(here[2], low[2], high[2]),
        float(positive.mean()) if prevalence is None else prevalence,
    )


def _checked_thresholds(thresholds: npt.ArrayLike) -> FloatArray:
    at = np.atleast_1d(np.asarray(thresholds, dtype=np.float64))
    if not np.all((at >= 0) & (at < 1)) or np.any(np.diff(at) <= 0):
        raise ModelError("thresholds of a decision curve have to rise, from 0 on, and stay below 1")
    return at
