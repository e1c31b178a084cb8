"""Several models of the same rows and folds, side by side: do they differ by more than chance?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from radiomics_screen.errors import ModelError
from radiomics_screen.modelling.judgement import auc_of_repeats, plain
from radiomics_screen.modelling.metrics import Floats
from radiomics_screen.modelling.statistics.comparing import holm
from radiomics_screen.modelling.statistics.delong import auc_covariance

_LEVEL = 0.95
_NO_VARIANCE = 1e-12  # standard errors below are rounding


@dataclass(frozen=True)
class MeanDifference:
    """The first model's mean AUC less the second's, on the same rows.

    Attributes
    ----------
    difference, low, high
        With its 95 % interval; no ends (NaN) where the rows do not say how sure it is.
    p
        Two-sided, of no difference; 1 where there is none at all.
    """

    difference: float
    low: float
    high: float
    p: float


def mean_auc_difference(
    outcome: npt.ArrayLike, first: Floats, second: Floats, patients: npt.ArrayLike
) -> MeanDifference:
    """Return the difference of two models' AUCs, each a mean over repeats, after DeLong.

    The covariance of all AUCs of both models (DeLong et al. 1988; patients as clusters: Obuchowski 1997)
    gives the standard error of the difference of the means. It says how sure the difference of these
    fitted models is on such patients; what other training patients would have changed is not in it.

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    first, second
        Out-of-fold probabilities, shape (repeats, rows).
    patients
        Patient of each row, shape (rows,).
    """
    aucs, covariance = auc_covariance(outcome, np.vstack([first, second]), patients)
    weights = np.r_[np.full(len(first), 1 / len(first)), np.full(len(second), -1 / len(second))]
    difference = float(weights @ aucs)
    error = float(np.sqrt(max(weights @ covariance @ weights, 0.0)))
    if not error > _NO_VARIANCE:  # or NaN
        p = 1.0 if abs(difference) <= _NO_VARIANCE else float("nan")
        return MeanDifference(difference, float("nan"), float("nan"), p)
    reach = float(ndtri((1 + _LEVEL) / 2)) * error
    low, high = max(difference - reach, -1.0), min(difference + reach, 1.0)
    return MeanDifference(difference, low, high, float(2 * ndtr(-abs(difference) / error)))


def compare(
    outcome: npt.ArrayLike,
    models: Mapping[str, tuple[Floats, int | None]],
    patients: npt.ArrayLike,
) -> dict[str, Any]:
    """Return each model's AUC, and a test of each pair, as plain JSON values.

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    models
        Name -> out-of-fold probabilities, shape (repeats, rows), and the number of columns that it
        learned from.
    patients
        Patient of each row, shape (rows,).

    Returns
    -------
    dict
        "models": list of name, features, auc (value, low, high); "tests": list of first, second,
        difference, low, high, p, and p_holm, corrected for the number of tests.

    Raises
    ------
    ModelError
        With fewer than two models.
    """
    if len(models) < 2:
        raise ModelError("a comparison needs at least two models")
    pairs = list(combinations(models, 2))
    found = [mean_auc_difference(outcome, models[a][0], models[b][0], patients) for a, b in pairs]
    corrected = holm([one.p for one in found])
    return plain(
        {
            "models": [
                {"name": name, "features": columns, "auc": auc_of_repeats(outcome, scores, patients)}
                for name, (scores, columns) in models.items()
            ],
            "tests": [
                {"first": a, "second": b, **vars(one), "p_holm": p}
                for (a, b), one, p in zip(pairs, found, corrected.tolist(), strict=True)
            ],
        }
    )
