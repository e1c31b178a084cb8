"""Logistic regression under an elastic-net penalty: where the penalised loss is lowest.

The loss is convex and has one lowest value, so nothing is drawn. Steps of two kinds take turns:
accelerated gradient steps, which find out which coefficients are zero, and Newton steps over the
others, which are quick where features are strongly correlated, as radiomic features are. Along a path of
penalties each solution starts from the one before, on the columns that may have a coefficient at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.special import expit

from radiomics_screen.core.arrays import FloatArray, IndexArray
from radiomics_screen.core.remarks import add_remark

_TOLERANCE = 1e-7  # of the gradient, where a feature's standard deviation is 1
_ROUNDS = 500
_GRADIENT_STEPS = 30  # in each round
_NEWTON_STEPS = 5
_HALVINGS = 12


@dataclass(frozen=True)
class _Loss:
    """The penalised loss as a function of the coefficients, of which the last is the intercept."""

    columns: FloatArray  # (rows, features + 1), the last of ones
    outcome: FloatArray | IndexArray  # (rows,), 0 or 1
    weights: FloatArray  # (rows,), with a mean of 1
    absolute: float  # penalty on the sum of absolute coefficients
    squared: float  # penalty on half the sum of squared coefficients

    def value(self, at: FloatArray) -> float:
        line = self.columns @ at
        fit = np.mean(self.weights * (np.logaddexp(0, line) - self.outcome * line))
        return float(fit + self.absolute * np.abs(at[:-1]).sum() + self.squared / 2 * (at[:-1] @ at[:-1]))

    def slope(self, at: FloatArray) -> FloatArray:
        """Return the gradient of all but the absolute values."""
        errors = self.weights * (expit(self.columns @ at) - self.outcome)
        found: FloatArray = errors @ self.columns / len(errors)
        found[:-1] += self.squared * at[:-1]
        return found

    def shrunk(self, at: FloatArray, step: float) -> FloatArray:
        """Return the coefficients, each but the intercept drawn towards 0 by the step's penalty."""
        found = np.sign(at) * np.maximum(np.abs(at) - step * self.absolute, 0)
        found[-1] = at[-1]
        return found

    def distance(self, at: FloatArray) -> float:
        """Return how far the conditions of a minimum are from being met: the largest gradient left."""
        slope = self.slope(at)
        penalty = np.full(len(at), self.absolute)
        penalty[-1] = 0
        off_zero = np.abs(slope + np.sign(at) * penalty)
        at_zero = np.maximum(np.abs(slope) - penalty, 0)
        return float(np.where(at != 0, off_zero, at_zero).max())

    def steepest(self) -> float:
        """Return a bound of how fast the gradient changes."""
        largest = float(np.linalg.norm(np.sqrt(self.weights)[:, np.newaxis] * self.columns, 2))
        return largest**2 / (4 * len(self.outcome)) + self.squared


def fit_elastic_net(
    values: FloatArray,
    outcome: FloatArray | IndexArray,
    weights: FloatArray,
    penalty: float,
    l1_ratio: float,
    start: FloatArray | None = None,
) -> tuple[FloatArray, float]:
    """Return coefficients, shape (features,), and intercept with the lowest penalised loss.

    The loss is ``mean(weights * -log P(outcome)) + penalty * (l1_ratio * sum |b| +
    (1 - l1_ratio) / 2 * sum b²)``; the intercept is not penalised.

    Parameters
    ----------
    values
        Standardised features, shape (rows, features).
    outcome
        0 or 1, shape (rows,).
    weights
        Of the rows, shape (rows,), with a mean of 1.
    penalty, l1_ratio
        Strength of the penalty, and which part of it is on absolute values.
    start
        Coefficients to start from, the intercept last, shape (features + 1,); None: all are 0.

    Source: Zou and Hastie, "Regularization and variable selection via the elastic net" (2005);
    gradient steps by Beck and Teboulle (2009), restarted where they go uphill (O'Donoghue and
    Candès 2015).
    """
    columns = np.hstack([values, np.ones((len(values), 1))])
    loss = _Loss(columns, outcome, weights, penalty * l1_ratio, penalty * (1 - l1_ratio))
    if start is None:
        at = np.zeros(columns.shape[1])
        at[-1] = np.log(weights @ outcome / (weights @ (1 - outcome)))
    else:
        at = start
    step = 1 / loss.steepest()
    for _ in range(_ROUNDS):
        if loss.distance(at) <= _TOLERANCE:
            break
        at = _newton_steps(loss, _gradient_steps(loss, at, step))
    else:
        add_remark(
            f"a logistic regression with penalty {penalty:g} and l1_ratio {l1_ratio:g} was stopped before "
            "its coefficients settled: take a larger penalty or a smaller l1_ratio"
        )
    return at[:-1], float(at[-1])


def strongest_penalty(values: FloatArray, outcome: IndexArray, l1_ratio: float) -> float:
    """Return the smallest penalty at which all coefficients are 0, for columns of mean 0."""
    return float(np.abs(values.T @ (outcome - outcome.mean())).max() / len(values) / l1_ratio)


def elastic_net_path(
    values: FloatArray, outcome: IndexArray, penalties: FloatArray, l1_ratio: float
) -> tuple[FloatArray, FloatArray]:
    """Return coefficients, shape (penalties, features), and intercepts, shape (penalties,).

    Each row is what :func:`fit_elastic_net` finds with equal weights.

    Parameters
    ----------
    values
        Standardised features, shape (rows, features).
    outcome
        0 or 1, shape (rows,); both occur.
    penalties
        Decreasing.
    l1_ratio
        Above 0, up to 1.

    Source: the strong rule that leaves columns out, and the check of what it left out, by Tibshirani et
    al., "Strong rules for discarding predictors in lasso-type problems" (2012).
    """
    weights = np.ones(len(values))
    share = float(outcome.mean())
    at = np.append(np.zeros(values.shape[1]), np.log(share / (1 - share)))
    found, before = np.empty((len(penalties), len(at))), float(penalties[0])
    for number, penalty in enumerate(penalties):
        active = (_slopes(values, outcome, at) >= l1_ratio * (2 * penalty - before)) | (at[:-1] != 0)
        while True:
            start = at[np.append(active, True)]
            coefficients, intercept = fit_elastic_net(
                values[:, active], outcome, weights, float(penalty), l1_ratio, start
            )
            at = np.zeros(len(at))
            at[:-1][active], at[-1] = coefficients, intercept
            missed = ~active & (_slopes(values, outcome, at) > l1_ratio * penalty + _TOLERANCE)
            if not missed.any():
                break
            active |= missed
        found[number], before = at, float(penalty)
    return found[:, :-1], found[:, -1]


def log_loss(log_odds: FloatArray, outcome: IndexArray) -> FloatArray:
    """Return the mean logistic loss over the rows, the first axis of `log_odds`."""
    signed = np.where(outcome.reshape(-1, *[1] * (log_odds.ndim - 1)) > 0, -log_odds, log_odds)
    mean: FloatArray = np.logaddexp(0, signed).mean(axis=0)
    return mean


def _slopes(values: FloatArray, outcome: IndexArray, at: FloatArray) -> FloatArray:
    """Return the size of the loss's gradient for each coefficient, shape (features,)."""
    found: FloatArray = np.abs(values.T @ (outcome - expit(values @ at[:-1] + at[-1]))) / len(values)
    return found


def _gradient_steps(loss: _Loss, at: FloatArray, step: float) -> FloatArray:
    ahead, pace = at, 1.0
    for _ in range(_GRADIENT_STEPS):
        found = loss.shrunk(ahead - step * loss.slope(ahead), step)
        if (ahead - found) @ (found - at) > 0:  # uphill: the momentum is spent
            pace, ahead, at = 1.0, found, found
            continue
        faster = (1 + np.sqrt(1 + 4 * pace**2)) / 2
        ahead, at, pace = found + (pace - 1) / faster * (found - at), found, faster
    return at


def _newton_steps(loss: _Loss, at: FloatArray) -> FloatArray:
    """Go downhill over the coefficients that are not zero; one that would change its sign becomes zero."""
    lowest = loss.value(at)
    for _ in range(_NEWTON_STEPS):
        sign = np.sign(at)
        sign[-1] = 0
        used = np.append(np.flatnonzero(at[:-1]), len(at) - 1)
        target = at.copy()
        try:
            target[used] -= _newton_step(loss, at, used, loss.slope(at) + loss.absolute * sign)
        except LinAlgError:  # without a squared penalty, and features that say the same
            return at
        for halving in range(_HALVINGS):
            tried = at + 0.5**halving * (target - at)
            tried[sign * tried < 0] = 0
            if (value := loss.value(tried)) < lowest:
                break
        else:
            return at
        at, lowest = tried, value
    return at


def _newton_step(loss: _Loss, at: FloatArray, used: npt.NDArray[np.intp], slope: FloatArray) -> FloatArray:
    part = loss.columns[:, used]
    chance = expit(loss.columns @ at)
    curvature = part.T @ ((loss.weights * chance * (1 - chance))[:, np.newaxis] * part) / len(part)
    curvature[np.diag_indices_from(curvature)] += np.where(used < len(at) - 1, loss.squared, 0)
    step: FloatArray = cho_solve(cho_factor(curvature), slope[used])
    return step
