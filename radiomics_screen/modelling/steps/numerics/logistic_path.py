"""Logistic regression with the elastic net, along a path of strengths."""

from __future__ import annotations

import numpy as np

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.steps.base import Flags
from radiomics_screen.modelling.steps.numerics.selection import Codes

_TOLERANCE = 1e-7  # of a weight, in log-odds
_INNER_TOLERANCE = 1e-10
_MOST_ROUNDS = 200
_LEAST_WEIGHT = 1e-5  # of a row, p (1 - p): rows that are sure would have none


def strongest_penalty(values: FloatArray, outcome: Codes, l1_ratio: float) -> float:
    """Return the smallest strength at which all weights are 0, for columns of mean 0."""
    return float(np.abs(values.T @ (outcome - outcome.mean())).max() / len(values) / l1_ratio)


def logistic_path(
    values: FloatArray, outcome: Codes, strengths: FloatArray, l1_ratio: float
) -> tuple[FloatArray, FloatArray]:
    """Return weights, shape (strengths, columns), and intercepts, shape (strengths,).

    Each minimises the mean of the rows' logistic loss + strength (l1_ratio sum |w| +
    (1 − l1_ratio) / 2 sum w²); the intercept has no penalty. Newton steps, each a least-squares
    elastic net that coordinate descent solves, over columns that may have a weight at all (Friedman,
    Hastie and Tibshirani, J. Stat. Softw. 33, 2010; Tibshirani et al., J. R. Stat. Soc. B 74, 2012).
    No random numbers.

    Parameters
    ----------
    values
        Columns of mean 0 and like spread, shape (rows, columns).
    outcome
        0 or 1, shape (rows,); both occur.
    strengths
        Decreasing.
    l1_ratio
        Above 0, up to 1.
    """
    share = outcome.mean()
    weights, intercept = np.zeros(values.shape[1]), float(np.log(share / (1 - share)))
    found, intercepts = np.zeros((len(strengths), values.shape[1])), np.zeros(len(strengths))
    before = strengths[0]
    for number, strength in enumerate(strengths):
        slope = np.abs(_slopes(values, outcome, weights, intercept))
        # The strong rule says which columns to look at; what it missed is found by the check below.
        active = (slope >= l1_ratio * (2 * strength - before)) | (weights != 0)
        while True:
            intercept = _descend(values, outcome, active, weights, intercept, strength, l1_ratio)
            slope = np.abs(_slopes(values, outcome, weights, intercept))
            missed = ~active & (slope > l1_ratio * strength * (1 + 1e-9))
            if not missed.any():
                break
            active |= missed
        found[number], intercepts[number], before = weights, intercept, strength
    return found, intercepts


def probabilities(scores: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-scores)) without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * scores))


def log_loss(scores: FloatArray, outcome: Codes) -> FloatArray:
    """Return the mean logistic loss over the rows, the first axis of `scores`."""
    signed = np.where(outcome.reshape(-1, *[1] * (scores.ndim - 1)) > 0, -scores, scores)
    mean: FloatArray = np.logaddexp(0, signed).mean(axis=0)
    return mean


def _slopes(values: FloatArray, outcome: Codes, weights: FloatArray, intercept: float) -> FloatArray:
    return values.T @ (outcome - probabilities(values @ weights + intercept)) / len(values)


def _descend(
    values: FloatArray,
    outcome: Codes,
    active: Flags,
    weights: FloatArray,
    intercept: float,
    strength: float,
    l1_ratio: float,
) -> float:
    """Bring the active columns' `weights`, in place, to the minimum; return the intercept."""
    columns = values[:, active]
    own = weights[active]

    def cost(own: FloatArray, intercept: float) -> float:
        penalty = l1_ratio * np.abs(own).sum() + (1 - l1_ratio) / 2 * (own @ own)
        return float(log_loss(columns @ own + intercept, outcome) + strength * penalty)

    current = cost(own, intercept)
    for _ in range(_MOST_ROUNDS):
        aim, aim_intercept = _newton(columns, outcome, own, intercept, strength, l1_ratio)
        step = 1.0
        while (reached := cost(own + step * (aim - own), intercept + step * (aim_intercept - intercept))) > (
            current + 1e-14
        ) and step > 1e-6:
            step /= 2
        moved = max(np.abs(aim - own).max(initial=0.0), abs(aim_intercept - intercept))
        if step <= 1e-6:
            break  # no way is down any more, but for rounding
        own = aim if step == 1 else own + step * (aim - own)
        intercept += step * (aim_intercept - intercept)
        current = reached
        if step * moved <= _TOLERANCE:
            break
    else:
        raise ModelError(
            "the elastic net does not converge; scale the features before, or choose a larger least strength"
        )
    weights[active] = own
    return float(intercept)


def _newton(
    columns: FloatArray, outcome: Codes, own: FloatArray, intercept: float, strength: float, l1_ratio: float
) -> tuple[FloatArray, float]:
    """Return weights and intercept that minimise the quadratic about the present ones."""
    from sklearn.linear_model import enet_path

    scores = columns @ own + intercept
    chance = probabilities(scores)
    certainty = np.maximum(chance * (1 - chance), _LEAST_WEIGHT)
    response = scores + (outcome - chance) / certainty
    total = certainty.sum()
    middle, level = certainty @ columns / total, certainty @ response / total
    if not columns.shape[1]:
        return own, float(level)
    root = np.sqrt(certainty)
    turned = np.asfortranarray(root[:, None] * (columns - middle))
    target = root * (response - level)
    # With the columns' products at hand a sweep costs columns², without them rows × columns.
    products = turned.T @ turned if columns.shape[1] < len(columns) else False
    aim = enet_path(
        turned,
        target,
        l1_ratio=l1_ratio,
        alphas=[strength],
        coef_init=own.copy(),
        precompute=products,
        Xy=turned.T @ target,
        check_input=False,
        max_iter=100_000,
        tol=_INNER_TOLERANCE,
    )[1][:, 0]
    return aim, float(level - middle @ aim)
