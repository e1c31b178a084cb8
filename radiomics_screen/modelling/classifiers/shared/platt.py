"""From decision values to probabilities, by a logistic curve (Platt 1999)."""

from __future__ import annotations

import numpy as np

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.modelling.classifiers.shared.binary import Outcome
from radiomics_screen.modelling.statistics.recalibration import platt_line

_LEAST_SLOPE = 0.01  # of the log-odds, in standard deviations of the decision values


def platt_curve(decisions: FloatArray, outcome: Outcome) -> tuple[float, float]:
    """Return slope and intercept of the log-odds as a line over the decision values.

    The decision values are those of rows that were not learned from. The slope is above 0: where the rows
    say nothing, or the reverse of what was learned, all probabilities lie near the part of positives, and
    the order of the rows stays that of the decisions. See
    :func:`~radiomics_screen.modelling.statistics.recalibration.platt_line`.

    Parameters
    ----------
    decisions
        Shape (rows,).
    outcome
        0 or 1, shape (rows,).
    """
    least = _LEAST_SLOPE / (float(decisions.std()) or 1.0)
    intercept, slope = platt_line(decisions, outcome.astype(np.float64), np.ones(len(outcome)), least)
    return slope, intercept
