"""One log-odds from several: which weight each classifier gets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from radiomics_screen.modelling.classifiers._binary import Outcome

Floats = npt.NDArray[np.float64]

_LEAST_SUM = 0.01  # of the weights: the order of the rows is kept where nothing was learned


def combined(log_odds: Floats, outcome: Outcome, pull: float) -> tuple[Floats, float]:
    """Return weights, none below 0, shape (classifiers,), and intercept of a sum of log-odds.

    Lowest is ``sum -log P(outcome) + pull / 2 * sum (weight - 1 / classifiers)²``: rows that say
    little leave the mean of the log-odds. Weights below 0 would play classifiers off against each
    other that say nearly the same (Breiman, "Stacked regressions", 1996).

    Parameters
    ----------
    log_odds
        Of rows that the classifiers have not seen, shape (rows, classifiers).
    outcome
        0 or 1, shape (rows,).
    pull
        Towards equal weights, as if so many rows had spoken for them.
    """
    count = log_odds.shape[1]
    equal = np.full(count, 1 / count)

    def loss(at: Floats) -> tuple[float, Floats]:
        line = (log_odds * at[:-1]).sum(axis=1) + at[-1]
        away = at[:-1] - equal
        value = np.sum(np.logaddexp(0, line) - outcome * line) + pull / 2 * np.sum(away**2)
        errors = (expit(line) - outcome)[:, np.newaxis]
        slope = np.append((errors * log_odds).sum(axis=0) + pull * away, errors.sum())
        return float(value) / len(outcome), slope / len(outcome)

    bounds = [(0, None)] * count + [(None, None)]
    options = {"ftol": 1e-14, "gtol": 1e-10, "maxiter": 1000}
    start = np.append(equal, 0.0)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    weights: Floats = found[:-1]
    if weights.sum() < _LEAST_SUM:
        weights = _LEAST_SUM * equal
    return weights, float(found[-1])
