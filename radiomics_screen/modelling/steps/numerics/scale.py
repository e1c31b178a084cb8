"""Columns on one scale: what steps share that compare features with each other."""

from __future__ import annotations

import numpy as np

from radiomics_screen.core.arrays import FloatArray


def centre_and_spread(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of the columns; that of a constant column is exactly 0."""
    constant = values.max(axis=0) == values.min(axis=0)
    return np.where(constant, values[0], values.mean(axis=0)), np.where(constant, 0.0, values.std(axis=0))


def scaled(values: FloatArray, centre: FloatArray, spread: FloatArray) -> FloatArray:
    """Return the columns less their centre, divided by their spread; 0 where that is 0."""
    return np.divide(values - centre, spread, out=np.zeros_like(values), where=spread > 0)
