"""Intervals of a proportion, of rows that are independent and of rows that share patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.modelling.statistics.arrays import checked_level, patient_numbers, ratio


@dataclass(frozen=True)
class Proportion:
    """A part of some rows, with its interval.

    Attributes
    ----------
    value, low, high
        The proportion and the ends of its interval; NaN where there are no rows.
    hits, trials
        Rows that count, and rows in all.
    effective
        Number of independent rows that would be as telling: `trials` over the design effect.
    """

    value: float
    low: float
    high: float
    hits: int
    trials: int
    effective: float


def wilson(hits: npt.ArrayLike, trials: npt.ArrayLike, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Return the score interval of a proportion of independent trials.

    It stays within 0 to 1 and has a width even where nothing or everything is a hit, which the plain
    normal interval has not (Wilson 1927, J Am Stat Assoc 22:209; Brown, Cai and DasGupta 2001).

    Parameters
    ----------
    hits, trials
        Of any common shape; need not be whole numbers.
    level
        Of the interval.

    Returns
    -------
    tuple
        Lower and upper ends; NaN where there are no trials.
    """
    hit, trial = np.broadcast_arrays(np.asarray(hits, np.float64), np.asarray(trials, np.float64))
    z = float(ndtri((1 + checked_level(level)) / 2))
    share = ratio(hit, trial)
    per_trial = ratio(np.full(trial.shape, z * z), trial)
    middle = (share + per_trial / 2) / (1 + per_trial)
    reach = np.sqrt(share * (1 - share) * per_trial + per_trial**2 / 4) / (1 + per_trial)
    low = np.where(share == 0, 0.0, np.maximum(middle - reach, 0.0))  # free of rounding at the ends
    return low, np.where(share == 1, 1.0, np.minimum(middle + reach, 1.0))


def proportion(
    hit: npt.ArrayLike, patients: npt.ArrayLike | None = None, *, level: float = 0.95
) -> Proportion:
    """Return the proportion of rows that are hits, rows of one patient not counting as independent.

    Wilson's interval with the effective number of rows: their number over the design effect, which is
    the variance of the proportion between patients over that of independent rows (Rao and Scott 1992,
    Biometrics 48:577; in Wilson's interval: Saha, Miller and Wang 2016, Int J Biostat 12). A design
    effect below 1 counts as 1. Where all rows agree it cannot be estimated: then the number of patients
    is the effective number.

    Parameters
    ----------
    hit
        1 or 0, shape (rows,): only the rows that the proportion is of.
    patients
        Patient of each row; without them, rows are independent.
    level
        Of the interval.
    """
    hits = np.asarray(hit, dtype=np.float64)
    rows = len(hits)
    if rows == 0:
        return Proportion(np.nan, np.nan, np.nan, 0, 0, 0.0)
    share = float(hits.mean())
    effective = _effective_rows(hits - share, patient_numbers(patients, rows), share)
    low, high = wilson(share * effective, effective, level)
    return Proportion(share, float(low), float(high), int(hits.sum()), rows, effective)


def _effective_rows(excess: FloatArray, patient: npt.NDArray[np.intp], share: float) -> float:
    rows, owners = len(excess), int(patient.max()) + 1
    if owners == rows or owners == 1:
        return float(owners)
    if share in (0, 1):
        return float(owners)
    between = owners / (owners - 1) * np.sum(np.bincount(patient, weights=excess) ** 2) / rows**2
    design_effect = between / (share * (1 - share) / rows)
    return float(rows / max(1.0, design_effect))
