"""From decision values to probabilities, by a logistic curve (Platt 1999)."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.modelling.classifiers.shared.binary import Outcome

_LEAST_SLOPE = 0.01  # of the log-odds, in standard deviations of the decision values


def platt_curve(decisions: FloatArray, outcome: Outcome) -> tuple[float, float]:
    """Return slope and intercept of the log-odds as a line over the decision values.

    Fitted by maximum likelihood to decision values of rows that were not learned from. Instead of 0
    and 1 it aims at 1 / (n- + 2) and (n+ + 1) / (n+ + 2), so that a perfect separation gives a finite
    slope (Lin, Lin and Weng, "A note on Platt's probabilistic outputs for support vector machines",
    2007). The slope is above 0: where the rows say nothing, or the reverse of what was learned, all
    probabilities lie near the part of positives, and the order of the rows stays that of the decisions.

    Parameters
    ----------
    decisions
        Shape (rows,).
    outcome
        0 or 1, shape (rows,).
    """
    positives = int(outcome.sum())
    negatives = len(outcome) - positives
    aim = np.where(outcome == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    centre, spread = float(decisions.mean()), float(decisions.std()) or 1.0
    steps = (decisions - centre) / spread

    def loss(at: FloatArray) -> tuple[float, FloatArray]:
        line = at[0] * steps + at[1]
        errors = expit(line) - aim
        return float(np.mean(np.logaddexp(0, line) - aim * line)), np.array(
            [np.mean(errors * steps), np.mean(errors)]
        )

    start = np.array([1.0, np.log((positives + 1) / (negatives + 1))])
    bounds = [(_LEAST_SLOPE, None), (None, None)]
    options = {"ftol": 1e-14, "gtol": 1e-10}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    slope = float(found[0]) / spread
    return slope, float(found[1]) - slope * centre
