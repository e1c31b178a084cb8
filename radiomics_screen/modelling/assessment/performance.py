"""All figures of given probabilities: what a report shows.

Several repeats (rows of `probabilities`) are judged one by one, and the figures and curves are averaged.
That describes one fitted pipeline, as ``metrics.csv`` does. Averaging the probabilities of each row first
would describe an ensemble of as many models as there are repeats, which nobody will use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtri
from scipy.special import logit as log_odds

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.assessment.curve_bands import (
    LEVEL,
    curves_of,
    distribution_of,
    mean_of,
    with_interval,
)
from radiomics_screen.modelling.assessment.json_values import plain
from radiomics_screen.modelling.assessment.performance_types import (
    AucEstimate,
    Confusion,
    Counts,
    FigureEstimate,
    Performance,
    Subgroup,
)
from radiomics_screen.modelling.statistics.arrays import checked_probability, patient_numbers
from radiomics_screen.modelling.statistics.calibration import calibration_figures
from radiomics_screen.modelling.statistics.delong import Auc, auc_covariance, auc_interval
from radiomics_screen.modelling.statistics.intervals import bootstrap_figures
from radiomics_screen.modelling.statistics.metrics import METRICS
from radiomics_screen.modelling.statistics.operating import (
    sensitivity_at_specificity,
    specificity_at_sensitivity,
)

#: Figures that depend on the threshold.
AT_THRESHOLD = ("accuracy", "balanced_accuracy", "sensitivity", "specificity", "ppv", "npv", "f1")
#: Figures that :func:`judge` adds to those of ``metrics.csv``: name -> label for people.
FURTHER = {
    "sensitivity_at_specificity_90": "sensitivity at 90 % specificity",
    "sensitivity_at_specificity_95": "sensitivity at 95 % specificity",
    "specificity_at_sensitivity_90": "specificity at 90 % sensitivity",
    "specificity_at_sensitivity_95": "specificity at 95 % sensitivity",
    "intercept_in_the_large": "calibration in the large",
    "intercept": "calibration intercept",
    "slope": "calibration slope",
    "observed_to_expected": "observed to expected",
    "scaled_brier": "scaled Brier score",
    "ece": "expected calibration error",
}
LABELS = {**METRICS, **FURTHER}
_BINS = 10  # of the expected calibration error
_FEW = 10  # rows of a class, below which a curve of calibration says little, and a subgroup nothing


def judge(
    outcome: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    patients: npt.ArrayLike | None = None,
    *,
    threshold: float | None = None,
    thresholds: npt.ArrayLike | None = None,
    subgroups: Mapping[str, npt.ArrayLike] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> Performance:
    """Return how good probabilities of rows are that were not learned from.

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    probabilities
        Of the positive class, in 0 to 1; shape (rows,), or (repeats, rows): see the head of this module.
    patients
        Patient of each row; without them, rows are independent.
    threshold
        Fixed beforehand; a row is called positive where its probability is at or above it. Without
        one, no figure that needs one is given.
    thresholds
        Those by which rows are called, of the shape of `probabilities`, where each fold had its own;
        `threshold` is then only the one to be shown.
    subgroups
        Name -> value of each row as text, empty where it is not known.
    resamples, seed
        Of the bootstraps over patients. Bands of curves come from at most 1000 resamples.

    Returns
    -------
    Performance
        Numbers of Python, None where something is not defined; see its attributes. Figures that
        ``metrics.csv`` has too are computed in the same way, with the same draws.

    Raises
    ------
    ModelError
        If there are no rows, shapes differ, an outcome is not 0 or 1, or a probability is missing or
        not in 0 to 1.
    """
    positive, scores = _checked(outcome, probabilities)
    patient = patient_numbers(patients, len(positive))
    limits = _limits(threshold, thresholds, scores.shape)
    drawing = {"resamples": resamples, "seed": seed}
    return Performance(
        counts=_counts(positive, patient, len(scores)),
        threshold=plain(threshold),
        level=LEVEL,
        resamples=resamples,
        figures=_figures(positive, scores, patient, limits, drawing),
        delong=_delong(positive, scores, patient),
        confusion=None if limits is None else _confusion(positive, scores, limits),
        curves=curves_of(positive, scores, patient, min(resamples, 1000), seed),
        distribution=distribution_of(positive, scores),
        subgroups={
            str(name): tuple(
                judge_subgroup(
                    value,
                    positive[a],
                    scores[:, a],
                    patient[a],
                    None if limits is None else limits[:, a],
                    drawing,
                )
                for value, a in _parts(values, len(positive), name)
            )
            for name, values in (subgroups or {}).items()
        },
        messages=tuple(_messages(positive, patient, scores)),
    )


def judge_subgroup(
    value: str,
    positive: FloatArray,
    scores: FloatArray,
    patient: npt.NDArray[np.intp],
    limits: FloatArray | None,
    drawing: Mapping[str, int],
) -> Subgroup:
    """Return counts, AUC (DeLong) and, at the thresholds, sensitivity and specificity of some rows.

    A figure has no value where the class that it needs (both, for the AUC) has fewer than ten rows, and
    `note` says so: its interval would hold nearly everything, and the figure alone would be believed.
    """
    counts = _counts(positive, patient, len(scores))
    fewest = min(counts.positives, counts.negatives)
    auc = _delong(positive, scores, patient)
    found = Subgroup(
        value=value,
        **counts,
        auc=auc if fewest >= _FEW else auc.without_value(),
        note=_too_few(counts.positives, counts.negatives),
    )
    if limits is None:
        return found
    figures = bootstrap_figures(
        positive, scores, patient, threshold=limits, resamples=drawing["resamples"], seed=drawing["seed"]
    )
    sensitivity, specificity = (
        known if rows >= _FEW else known.without_value()
        for name, rows in (("sensitivity", counts.positives), ("specificity", counts.negatives))
        for known in [FigureEstimate(**plain(vars(figures[name])))]
    )
    return replace(found, sensitivity=sensitivity, specificity=specificity)


def _too_few(positives: int, negatives: int) -> str:
    """Say that rows of a class are too few for a figure; "" where they are not."""
    if min(positives, negatives) >= _FEW:
        return ""
    if not min(positives, negatives):
        return f"no {'negative' if positives else 'positive'} rows"
    return f"too few: {positives} positive and {negatives} negative; {_FEW} of each are needed"


def _checked(outcome: npt.ArrayLike, probabilities: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    scores = np.atleast_2d(np.asarray(probabilities, dtype=np.float64))
    if scores.ndim != 2 or scores.size == 0:
        raise ModelError(f"there is nothing to judge: probabilities have shape {scores.shape}")
    positive = [checked_probability(outcome, one)[0] for one in scores][-1]
    return positive, scores


def _counts(positive: FloatArray, patient: npt.NDArray[np.intp], repeats: int) -> Counts:
    return Counts(
        rows=len(positive),
        positives=int(positive.sum()),
        negatives=int((1 - positive).sum()),
        patients=len(np.unique(patient)),
        repeats=repeats,
    )


def _figures(
    positive: FloatArray,
    scores: FloatArray,
    patient: npt.NDArray[np.intp],
    limits: FloatArray | None,
    drawing: Mapping[str, int],
) -> dict[str, FigureEstimate]:
    by = 0.5 if limits is None else limits  # not used where there is none
    known = bootstrap_figures(positive, scores, patient, threshold=by, **drawing)
    found = {
        name: FigureEstimate(**plain(vars(one)))
        for name, one in known.items()
        if limits is not None or name not in AT_THRESHOLD
    }

    def read(score: FloatArray, weights: FloatArray) -> FloatArray:
        calibration = calibration_figures(positive, score, weights, bins=_BINS)
        operating = [
            find(positive, score, part, weights)
            for find in (sensitivity_at_specificity, specificity_at_sensitivity)
            for part in (0.90, 0.95)
        ]
        return np.stack([*operating, *(calibration[name] for name in list(FURTHER)[4:])], axis=1)

    here, drawn, low, high = with_interval(mean_of(read, scores), patient, **drawing)
    ece = list(FURTHER).index("ece")
    low[ece], high[ece] = _recentred(here[ece], drawn[:, ece], low[ece], high[ece])
    for at, name in enumerate(FURTHER):
        undefined = int(np.sum(np.isnan(drawn[:, at])))
        same = np.nanmin(drawn[:, at]) == np.nanmax(drawn[:, at]) if undefined < len(drawn) else True
        ends = (np.nan, np.nan) if same else (low[at], high[at])  # resamples that all agree tell nothing
        found[name] = FigureEstimate(plain(here[at]), plain(ends[0]), plain(ends[1]), undefined)
    return found


def _recentred(value: float, drawn: FloatArray, low: float, high: float) -> tuple[float, float]:
    """Return the interval of a distance that resamples overstate, moved by how much they do so on average.

    A resample repeats rows, so that its bins look worse calibrated than those of the sample: the percentiles
    of the expected calibration error may all lie above it.
    """
    if np.isnan(drawn).all():
        return low, high
    excess = float(np.nanmean(drawn)) - value
    return min(value, max(0.0, low - excess)), max(value, high - excess)


def auc_of_repeats(
    outcome: npt.ArrayLike, probabilities: npt.ArrayLike, patients: npt.ArrayLike
) -> AucEstimate:
    """Return the AUC, mean over the repeats in `probabilities`, with DeLong's interval: see :func:`judge`."""
    positive, scores = _checked(outcome, probabilities)
    return _delong(positive, scores, patient_numbers(patients, len(positive)))


def _delong(positive: FloatArray, scores: FloatArray, patient: npt.NDArray[np.intp]) -> AucEstimate:
    if len(scores) == 1:
        return _shown(auc_interval(positive, scores[0], patient, level=LEVEL))
    aucs, covariance = auc_covariance(positive, scores, patient)
    value, error = float(aucs.mean()), float(np.sqrt(max(covariance.mean(), 0.0)))
    if value in (0.0, 1.0):
        return _shown(auc_interval(positive, scores[0], patient, level=LEVEL))
    if not error > 1e-12:  # or NaN
        return AucEstimate(plain(value), interval="none")
    reach = float(ndtri((1 + LEVEL) / 2)) * error / (value * (1 - value))
    low, high = expit(log_odds(value) + np.array([-reach, reach]))
    return AucEstimate(plain(value), plain(low), plain(high), "logit")


def _shown(auc: Auc) -> AucEstimate:
    return AucEstimate(plain(auc.value), plain(auc.low), plain(auc.high), auc.interval)


def _limits(
    threshold: float | None, thresholds: npt.ArrayLike | None, shape: tuple[int, ...]
) -> FloatArray | None:
    """Return the threshold of each probability; None where there is none."""
    if thresholds is None:
        return None if threshold is None else np.full(shape, threshold)
    limits = np.atleast_2d(np.asarray(thresholds, dtype=np.float64))
    if limits.shape != shape:
        raise ModelError(f"thresholds have shape {limits.shape}, but the probabilities {shape}")
    return limits


def _confusion(positive: FloatArray, scores: FloatArray, limits: FloatArray) -> Confusion:
    called = scores >= limits
    tp, fp = (called & (positive > 0)).sum(axis=1).mean(), (called & (positive == 0)).sum(axis=1).mean()
    return Confusion(*plain([tp, fp, (1 - positive).sum() - fp, positive.sum() - tp]))


def _parts(values: npt.ArrayLike, rows: int, name: str) -> list[tuple[str, npt.NDArray[np.intp]]]:
    texts = np.asarray(values, dtype=object)
    if texts.shape != (rows,):
        raise ModelError(f"subgroup '{name}' has shape {texts.shape}, but there are {rows} rows")
    named = [str(text) if text else "not known" for text in texts]
    return [(value, np.flatnonzero(np.array(named) == value)) for value in sorted(set(named))]


def _messages(positive: FloatArray, patient: npt.NDArray[np.intp], scores: FloatArray) -> list[str]:
    messages = []
    if not 0 < positive.sum() < len(positive):
        messages.append("all rows are of one class: what needs both is not defined")
    elif min(positive.sum(), (1 - positive).sum()) < 5 * _FEW:
        messages.append("a class has fewer than 50 rows: calibration and the tails of the curves say little")
    if len(np.unique(patient)) < 60:
        messages.append("fewer than 60 patients: bootstrap intervals are somewhat too narrow")
    if len(scores) > 1:
        messages.append(f"figures and curves are means over {len(scores)} repeats, each judged by itself")
    return messages
