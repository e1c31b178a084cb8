"""Area under the ROC curve: standard error, interval, and the difference of two of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtr, ndtri
from scipy.special import logit as log_odds

from radiomics_screen.core.arrays import FloatArray, IndexArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.statistics.arrays import checked, checked_level, patient_numbers

_NO_VARIANCE = 1e-12  # standard errors below are rounding


@dataclass(frozen=True)
class Auc:
    """An AUC with its interval.

    Attributes
    ----------
    value
        NaN without rows of both classes.
    standard_error
        NaN where a class has rows of fewer than two patients.
    low, high
        Ends of the interval; NaN where there is none.
    interval
        Where it comes from: "logit" or "plain" (both with DeLong's standard error), "exact" (the
        bound for an AUC of 1 or 0), or "none".
    positives, negatives
        Numbers of rows.
    """

    value: float
    standard_error: float
    low: float
    high: float
    interval: Literal["logit", "plain", "exact", "none"]
    positives: int
    negatives: int


@dataclass(frozen=True)
class AucDifference:
    """The first AUC less the second, on the same rows.

    Attributes
    ----------
    difference, standard_error, low, high
        With its interval, on the plain scale, within -1 to 1.
    z, p
        Statistic and two-sided p-value of no difference.

    `low` and `high` are NaN where the standard error is 0 (both scores order every pair of a positive
    and a negative row alike, or both AUCs are 0 or 1): the rows then say nothing about how sure the
    difference is. z is then 0 and p 1 if there is no difference, else both are NaN. All but the
    difference are NaN where a class has rows of fewer than two patients.
    """

    difference: float
    standard_error: float
    low: float
    high: float
    z: float
    p: float


def auc_covariance(
    outcome: npt.ArrayLike, scores: npt.ArrayLike, patients: npt.ArrayLike | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return the AUCs of several scores on the same rows, and their covariance.

    An AUC is the part of pairs of a positive and a negative row in which the positive one scores
    higher, ties counting half. Its structural components are, for each row, the part of the rows of
    the other class that it is rightly ordered against (DeLong, DeLong and Clarke-Pearson 1988,
    Biometrics 44:837), here from sorted scores in O(n log n) (Sun and Xu 2014, IEEE Signal Process
    Lett 21:1389). Rows of one patient are not independent: components are added up by patient, and
    positive and negative rows of one patient add a covariance (Obuchowski 1997, Biometrics 53:567).
    With one row a patient that is DeLong's estimate.

    The rows are what varies; the model is taken as given. Of cross-validated scores the variation from
    learning on other patients is not in it.

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    scores
        Shape (models, rows).
    patients
        Patient of each row; without them, rows are independent.

    Returns
    -------
    aucs
        Shape (models,); NaN without rows of both classes.
    covariance
        Shape (models, models); NaN where a class has rows of fewer than two patients.
    """
    table = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    found = [_components(*checked(outcome, row)) for row in table]
    positive = np.asarray(outcome, dtype=np.float64) > 0
    patient = patient_numbers(patients, len(positive))
    models, m, n = len(table), int(positive.sum()), int((~positive).sum())
    if m == 0 or n == 0:
        return np.full(models, np.nan), np.full((models, models), np.nan)
    aucs = np.array([upper.mean() for upper, _ in found])
    owners, with_positive, with_negative = (
        len(np.unique(patient[rows])) for rows in (slice(None), positive, ~positive)
    )
    if with_positive < 2 or with_negative < 2:
        return aucs, np.full((models, models), np.nan)
    upper = np.stack([above - auc for (above, _), auc in zip(found, aucs, strict=True)])
    lower = np.stack([below - auc for (_, below), auc in zip(found, aucs, strict=True)])
    by_positive = _patient_sums(upper, patient[positive], owners) / m
    by_negative = _patient_sums(lower, patient[~positive], owners) / n
    crossed = by_positive @ by_negative.T
    covariance = (
        with_positive / (with_positive - 1) * (by_positive @ by_positive.T)
        + with_negative / (with_negative - 1) * (by_negative @ by_negative.T)
        + owners / (owners - 1) * (crossed + crossed.T)
    )
    return aucs, covariance


def _patient_sums(values: FloatArray, patient: IndexArray, patients: int) -> FloatArray:
    """Return the sums over each patient's rows of each model's values, shape (models, patients)."""
    return np.stack([np.bincount(patient, row, patients) for row in values])


def _components(positive: FloatArray, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the structural components of the positive rows and of the negative rows."""
    high, low = scores[positive > 0], scores[positive == 0]
    if len(high) == 0 or len(low) == 0:
        return np.empty(0), np.empty(0)
    return _part_below(low, high), 1 - _part_below(high, low)


def _part_below(values: FloatArray, limits: FloatArray) -> FloatArray:
    """Return for each limit the part of values below it, equal ones counting half."""
    ordered = np.sort(values)
    lower = np.searchsorted(ordered, limits, side="left")
    return (lower + np.searchsorted(ordered, limits, side="right")) / (2 * len(values))


def auc_interval(
    outcome: npt.ArrayLike,
    score: npt.ArrayLike,
    patients: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
    scale: Literal["logit", "plain"] = "logit",
) -> Auc:
    """Return the AUC with the interval of DeLong's (or, of patients, Obuchowski's) standard error.

    On the logit scale the interval stays within 0 to 1 and is wider towards 0.5, as the skewed
    distribution of a high AUC from few rows asks for; the plain one covers too rarely there
    (Pepe 2003, The Statistical Evaluation of Medical Tests, 5.2.4; Qin and Hotilovac 2008, Stat
    Methods Med Res 17:207). The plain interval is cut off at 0 and 1.

    An AUC of 1 (or 0) has a standard error of 0, which does not mean that it is sure. Its interval
    is then exact and conservative: with k pairs of a positive and a negative row that share no
    patient, a true AUC of A orders all of them rightly in A^k of samples, so (1 - level) / 2 =
    A^k gives the lower end. Another AUC with a standard error of 0 (a constant score) has no interval.

    Parameters
    ----------
    outcome, score
        1 or 0 and any score that grows with the chance of 1; shape (rows,).
    patients
        Patient of each row; without them, rows are independent.
    level
        Of the interval.
    scale
        "logit" or "plain".

    Source: :func:`auc_covariance`.
    """
    if scale not in ("logit", "plain"):
        raise ModelError(f"the scale of an AUC's interval is '{scale}': it has to be 'logit' or 'plain'")
    z = float(ndtri((1 + checked_level(level)) / 2))
    positive, scores = checked(outcome, score)
    (value,), ((variance,),) = auc_covariance(positive, scores, patients)
    value, error = float(value), float(np.sqrt(max(variance, 0.0)))
    counts = int(positive.sum()), int(len(positive) - positive.sum())
    if value in (0.0, 1.0):
        pairs = _separate_pairs(positive, patient_numbers(patients, len(positive)))
        far = ((1 - level) / 2) ** (1 / pairs)
        low, high = (far, 1.0) if value else (0.0, 1 - far)
        return Auc(value, error, low, high, "exact", *counts)
    if np.isnan(error) or error < _NO_VARIANCE:
        return Auc(value, error, np.nan, np.nan, "none", *counts)
    if scale == "plain":
        return Auc(value, error, max(value - z * error, 0.0), min(value + z * error, 1.0), "plain", *counts)
    reach = z * error / (value * (1 - value))
    low, high = expit(log_odds(value) + np.array([-reach, reach]))
    return Auc(value, error, float(low), float(high), "logit", *counts)


def _separate_pairs(positive: FloatArray, patient: IndexArray) -> int:
    """Return how many pairs of a positive and a negative row there are that share no patient."""
    with_positive, with_negative = (len(np.unique(patient[positive == value])) for value in (1, 0))
    pairs = min(with_positive, with_negative, len(np.unique(patient)) // 2)
    return max(1, pairs)  # both classes in one patient are one pair


def compare_aucs(
    outcome: npt.ArrayLike,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    patients: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
) -> AucDifference:
    """Test whether two scores of the same rows have the same AUC.

    Of models of which one holds the other's predictors, fitted on these very rows, the test is not
    valid (Demler, Pencina and D'Agostino 2012, Stat Med 31:2577): compare scores of rows not learned from.

    Parameters
    ----------
    outcome, first, second
        1 or 0 and the two scores; shape (rows,).
    patients
        Patient of each row; without them, rows are independent.
    level
        Of the interval.

    Source: :func:`auc_covariance`; the normal test of a contrast is that of DeLong et al. 1988.
    """
    one, two = (np.atleast_2d(np.asarray(score, np.float64)) for score in (first, second))
    return compare_mean_aucs(outcome, one, two, patients, level=level)


def compare_mean_aucs(
    outcome: npt.ArrayLike,
    first: FloatArray,
    second: FloatArray,
    patients: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
) -> AucDifference:
    """Test whether two models have the same AUC, each a mean over several scores of the same rows.

    As :func:`compare_aucs`; the covariance of all AUCs gives the error of the difference of the means. It
    says how sure the difference of these fitted models is on such patients; what other training patients
    would have changed is not in it.

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    first, second
        Scores of each repeat, shape (repeats, rows).
    patients, level
        See :func:`compare_aucs`.
    """
    aucs, covariance = auc_covariance(outcome, np.vstack([first, second]), patients)
    contrast = np.r_[np.full(len(first), 1 / len(first)), np.full(len(second), -1 / len(second))]
    variance = float(contrast @ covariance @ contrast)
    return _difference(float(contrast @ aucs), float(np.sqrt(max(variance, 0.0))), level)


def compare_independent_aucs(first: Auc, second: Auc, *, level: float = 0.95) -> AucDifference:
    """Test whether the AUCs in two sets of rows that share no patient are the same.

    For subgroups, or a validation elsewhere: the variances of the two are added (Hanley and McNeil 1982).
    """
    return _difference(
        first.value - second.value, float(np.hypot(first.standard_error, second.standard_error)), level
    )


def _difference(difference: float, error: float, level: float) -> AucDifference:
    reach = float(ndtri((1 + checked_level(level)) / 2)) * error
    if np.isnan(error):
        return AucDifference(difference, error, np.nan, np.nan, np.nan, np.nan)
    if error < _NO_VARIANCE:
        same = abs(difference) < _NO_VARIANCE
        z, p = (0.0, 1.0) if same else (np.nan, np.nan)
        return AucDifference(difference, 0.0, np.nan, np.nan, z, p)
    z = difference / error
    low, high = max(difference - reach, -1.0), min(difference + reach, 1.0)
    return AucDifference(difference, error, low, high, z, float(2 * ndtr(-abs(z))))
