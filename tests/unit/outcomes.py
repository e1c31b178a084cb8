"""Features with an outcome of two classes, for the tests of what learns from them."""

from __future__ import annotations

import numpy as np


def linear(
    rows: int = 200, columns: int = 30, informative: int = 4, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return correlated columns and an outcome that the first few of them bring about."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, columns)) + 0.5 * random.normal(size=(rows, 1))
    chance = 1 / (1 + np.exp(-1.5 * values[:, :informative].sum(axis=1)))
    return values, (random.random(rows) < chance).astype(int)
