"""The estimates of ComBat: how far each batch is shifted and stretched.

Model for the value y of a feature in row j of batch i (Johnson, Li and Rabinovic, Biostatistics 8,
2007, 118-127; for imaging Fortin et al., NeuroImage 167, 2018, 104-120)::

    y = mean + covariates * weights + sd * (shift_i + sqrt(spread_i) * noise)

Mean, weights and sd come from least squares; shift and spread are drawn towards what the other
features show of the same batch (parametric empirical Bayes).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError

_ROUNDING = 1e-12  # part of a column's largest value: no variation but rounding
_ALIKE = 1e-8  # of a column's sd: rows that differ less are copies
_CONVERGED = 1e-13
_MOST_ROUNDS = 10_000


@dataclass(frozen=True)
class Estimates:
    """What ComBat learned.

    Attributes
    ----------
    mean, sd : ndarray, shape (features,)
        Mean at average covariates; spread of the residuals. sd is 0 where a feature does not vary
        but with batch and covariates; the other estimates say nothing there.
    weights : ndarray, shape (covariates, features)
        What a covariate adds.
    shift, spread : ndarray, shape (batches, features)
        Of each batch, in units of sd and of sd squared.
    """

    mean: FloatArray
    sd: FloatArray
    weights: FloatArray
    shift: FloatArray
    spread: FloatArray


def estimate(
    values: FloatArray, batches: FloatArray, covariates: FloatArray, *, reference: int | None, stretch: bool
) -> Estimates:
    """Return the estimates for `values`, shape (rows, features), NaN where missing.

    Parameters
    ----------
    batches
        1 for the batch of a row, else 0; shape (rows, batches).
    covariates
        Centred; shape (rows, covariates).
    reference
        Number of the batch that the others are brought to; None: to the mean of all.
    stretch
        Whether batches differ in spread, too.

    Raises
    ------
    ModelError
        If the rows cannot separate batches from covariates.
    """
    design = np.hstack([batches, covariates])
    if len(values) <= design.shape[1] or np.linalg.matrix_rank(design) < design.shape[1]:
        raise ModelError(
            f"{len(values)} rows cannot tell {batches.shape[1]} batches and {covariates.shape[1]} covariate "
            "columns apart: there are too few rows, or a covariate has one value in each batch; "
            "preserve fewer covariates, or leave out harmonising"
        )
    mean, sd, weights = _least_squares(values, batches, covariates, reference)
    standard = np.divide(values - mean - covariates @ weights, sd, out=np.zeros_like(values), where=sd > 0)
    standard[np.isnan(values)] = np.nan
    varies = sd > 0
    shift, spread = np.zeros((batches.shape[1], len(sd))), np.ones((batches.shape[1], len(sd)))
    for number, rows in enumerate(batches.T > 0):
        if number != reference:
            found = _posterior(standard[np.ix_(rows, varies)], stretch=stretch)
            shift[number, varies], spread[number, varies] = found
    return Estimates(mean, sd, weights, shift, spread)


def _least_squares(
    values: FloatArray, batches: FloatArray, covariates: FloatArray, reference: int | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return mean, sd and weights; features that miss the same rows are fitted together."""
    count = values.shape[1]
    mean, sd, weights = np.zeros(count), np.zeros(count), np.zeros((covariates.shape[1], count))
    there = ~np.isnan(values)
    patterns, members = np.unique(there, axis=1, return_inverse=True)
    for number, rows in enumerate(patterns.T):
        which = members.ravel() == number
        part, owners = values[np.ix_(rows, which)], batches[rows]
        if rows.any():
            found = _fit(part, owners, covariates[rows], reference)
            mean[which], sd[which], weights[:, which] = found
    return mean, sd, weights


def _fit(
    values: FloatArray, batches: FloatArray, covariates: FloatArray, reference: int | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    sizes = batches.sum(axis=0)
    design = np.hstack([batches, covariates])
    unit = np.abs(values).max(axis=0)
    unit[unit == 0] = 1.0  # values near 1 neither overflow nor underflow in the squares
    solution = np.linalg.lstsq(design, values / unit, rcond=None)[0]
    residual = values / unit - design @ solution
    levels, weights = solution[: len(sizes)], solution[len(sizes) :]
    if reference is None or not sizes[reference]:
        mean = sizes @ levels / sizes.sum()
    else:
        mean, residual = levels[reference], residual[batches[:, reference] > 0]
    sd = np.sqrt(np.mean(residual**2, axis=0))
    sd[sd <= _ROUNDING] = 0.0
    return mean * unit, sd * unit, weights * unit


def _posterior(standard: FloatArray, *, stretch: bool) -> tuple[FloatArray, FloatArray]:
    """Return shift and spread of one batch: the modes of their posteriors, shape (features,) each.

    Priors: shift ~ normal, spread ~ inverse gamma, their moments those of the features' own
    estimates. A feature without a value in the batch has the prior's means. A single feature has no
    others to learn from, and a batch without two rows no spread: 1.
    """
    there = ~np.isnan(standard)
    rows = there.sum(axis=0)
    known = rows > 0
    own = np.zeros(len(rows))
    own[known] = np.nansum(standard[:, known], axis=0) / rows[known]
    squares = np.nansum((standard - own) ** 2, axis=0)
    squares[squares <= rows * _ALIKE**2] = 0.0
    stretch = stretch and bool(squares.any())
    if known.sum() < 2:
        spread = squares / np.maximum(rows - 1, 1)
        return own, np.where((spread > 0) & stretch, spread, 1.0)
    centre, around = own[known].mean(), own[known].var(ddof=1)
    if not stretch:
        return (around * rows * own + centre) / (around * rows + 1), np.ones(len(rows))
    spreads = squares[rows > 1] / (rows[rows > 1] - 1)
    middle = spreads.mean()
    scatter = spreads.var(ddof=1) if len(spreads) > 1 else 0.0
    return _iterate(own, squares, rows, centre, around, middle, scatter)


def _iterate(
    own: FloatArray,
    squares: FloatArray,
    rows: npt.NDArray[np.intp],
    centre: float,
    around: float,
    middle: float,
    scatter: float,
) -> tuple[FloatArray, FloatArray]:
    """Solve the two equations of the posterior modes by turns.

    `centre` and `around` are mean and variance of the shifts, `middle` and `scatter` of the spreads.
    The inverse gamma prior's parameters are a = (2 scatter + middle²) / scatter and
    b = (middle scatter + middle³) / scatter; both equations are multiplied by `scatter`, so that
    features of one spread (0) need no exception.
    """
    shift, spread = own, np.full(len(own), middle)
    for _ in range(_MOST_ROUNDS):
        new_shift = (around * rows * own + spread * centre) / (around * rows + spread)
        around_shift = squares + rows * (own - new_shift) ** 2
        new_spread = (0.5 * scatter * around_shift + middle * (scatter + middle**2)) / (
            scatter * (0.5 * rows + 1) + middle**2
        )
        moved = max(np.abs(new_shift - shift).max(), np.abs(new_spread - spread).max())
        shift, spread = new_shift, new_spread
        if moved <= _CONVERGED * max(1.0, np.abs(shift).max(), spread.max()):
            return shift, spread
    raise ModelError("the estimates of the batch effects do not converge; look for features with outliers")
