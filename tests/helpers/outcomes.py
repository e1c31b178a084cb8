"""Outcomes of two classes, with features or probabilities for them, and what a library learns from them."""

from __future__ import annotations

import numpy as np
from scipy.special import expit
from scipy.special import logit as log_odds
from sklearn.linear_model import LogisticRegression


def linear(
    rows: int = 200, columns: int = 30, informative: int = 4, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return correlated columns and an outcome that the first few of them bring about."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, columns)) + 0.5 * random.normal(size=(rows, 1))
    chance = 1 / (1 + np.exp(-1.5 * values[:, :informative].sum(axis=1)))
    return values, (random.random(rows) < chance).astype(int)


def drawn(rows: int, seed: int, *, slope: float = 1.0, shift: float = 0.0, levels: int | None = None):
    """Outcome of logit shift + slope * logit(p), probability p, and weights."""
    random = np.random.default_rng(seed)
    p = expit(1.3 * random.normal(size=rows) - 0.5)
    p = np.clip(np.round(p * levels) / levels, 0.01, 0.99) if levels else p
    outcome = (random.random(rows) < expit(shift + slope * log_odds(p))).astype(int)
    return outcome, p, random.integers(0, 4, (4, rows)).astype(float)


def maximum_likelihood(x, y, weight):
    """Return intercept and slope of a logistic regression by scikit-learn, without a penalty."""
    model = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000, solver="newton-cholesky")
    model.fit(x[:, np.newaxis], y, sample_weight=weight)
    return model.intercept_[0], model.coef_[0, 0]
