"""Calibration, recalibration and decision curves, beside others."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from scipy.special import logit

from benchmarks.statistical import literal
from benchmarks.statistical.findings import Finding, Pairs, Peers, by_hand
from benchmarks.statistical.samples import (
    ALL,
    CLUSTERS,
    INDEPENDENT,
    UNBALANCED,
    Floats,
    Numbers,
    Sample,
)
from radiomics_screen.modelling.statistics.calibration import (
    brier_decomposition,
    calibration_bins,
    calibration_curve,
    calibration_figures,
    integrated_calibration_index,
)
from radiomics_screen.modelling.statistics.decision import THRESHOLDS, decision_curve, net_benefit
from radiomics_screen.modelling.statistics.proportions import wilson
from radiomics_screen.modelling.statistics.recalibration import fit_isotonic, fit_platt
from radiomics_screen.modelling.statistics.resampling import patient_weights

_NEW = np.linspace(0, 1, 41)
_RESAMPLES = 150


def findings(peers: Peers) -> Iterator[Finding]:
    """Yield what was found, one comparison after the other."""
    yield from _figures(peers)
    yield from _curves(peers)
    yield from _recalibration(peers)
    yield from _decisions(peers)


def _figures(peers: Peers) -> Iterator[Finding]:
    line, brier = [], []
    sums: Pairs = []
    for s in ALL:
        weights = np.random.default_rng(9).integers(1, 4, len(s.outcome)).astype(float)
        found = calibration_figures(s.outcome, s.scores[0], weights)
        given = {"outcome": s.outcome.tolist(), "weights": weights.tolist()}
        named = [float(found[name][0]) for name in ("intercept_in_the_large", "intercept", "slope")]
        line.append((named, {**given, "logit": logit(s.scores[0]).tolist()}))
        parts = [float(found[name][0]) for name in ("brier", "scaled_brier")]
        brier.append((parts, {**given, "probability": s.scores[0].tolist()}))
        sums.append((found["observed_to_expected"], weights @ s.outcome / (weights @ s.scores[0])))
    name = "`calibration_figures`:"
    yield peers.compare(
        f"{name} in the large, intercept, slope", "statsmodels", "calibration", "all, weighted", line
    )
    yield peers.compare(f"{name} Brier, scaled Brier", "scikit-learn", "brier", "all, weighted", brier)
    yield by_hand(f"{name} observed to expected", "all, weighted", sums)
    errors = [
        (
            calibration_figures(s.outcome, s.scores[0])["ece"],
            literal.expected_calibration_error(s.outcome, s.scores[0], 10),
        )
        for s in (INDEPENDENT, UNBALANCED)
    ]
    yield by_hand(f"{name} expected calibration error", "120, 400 rows", errors, "loop over bins")
    sums = []
    for s in ALL:
        parted = brier_decomposition(s.outcome, s.scores[0])
        sums.append((list(parted.values()), literal.brier_parts(s.outcome, s.scores[0])))
    yield by_hand("`brier_decomposition`", "all", sums, "isotonic regression of scikit-learn")


def _curves(peers: Peers) -> Iterator[Finding]:
    bins, ends = [], []
    for s in (INDEPENDENT, UNBALANCED):
        found = calibration_bins(s.outcome, s.scores[0], bins=8)
        values = np.r_[found.predicted, found.observed]
        bins.append((values, {"outcome": s.outcome.tolist(), "probability": s.scores[0].tolist(), "bins": 8}))
        ends.append((np.r_[found.low, found.high], np.r_[wilson(found.observed * found.rows, found.rows)]))
    yield peers.compare("`calibration_bins`", "scikit-learn", "bins", "120, 400 rows; 8 bins", bins)
    yield by_hand("`calibration_bins`, intervals", "120, 400 rows; 8 bins", ends, "Wilson's interval")
    lowess, lines, index = [], [], []
    for s in (INDEPENDENT, UNBALANCED):
        p = s.scores[0]
        grid = np.linspace(np.quantile(p, 0.05), np.quantile(p, 0.95), 21)
        curve = calibration_curve(s.outcome, p, grid)[0]
        lines.append((curve, literal.local_lines(s.outcome, p, grid, 0.75)))
        given = {"outcome": s.outcome.tolist(), "probability": p.tolist(), "span": 0.75}
        lowess.append((curve, {**given, "grid": grid.tolist()}))
        exact = np.mean(np.abs(literal.local_lines(s.outcome, p, p, 0.75) - p))
        index.append((integrated_calibration_index(s.outcome, p), exact))
    data = "120, 400 rows"
    yield peers.compare("`calibration_curve`", "statsmodels", "lowess", data, lowess)
    yield by_hand("`calibration_curve`", data, lines, "weighted least squares at each place")
    yield by_hand(
        "`integrated_calibration_index`",
        data,
        index,
        "the same at each row",
        remark="the curve is joined by lines between 101 places",
        allowed=1e-3,
    )


def _recalibration(peers: Peers) -> Iterator[Finding]:
    sigmoid, fractions, isotonic = [], [], []
    for s in ALL:
        platt, x = fit_platt(s.outcome, s.scores[0]), logit(s.scores[0])
        ours, m, n = [platt.intercept, platt.slope], s.outcome.sum(), (1 - s.outcome).sum()
        sigmoid.append((ours, {"outcome": s.outcome.tolist(), "logit": x.tolist()}))
        target = np.where(s.outcome == 1, (m + 1) / (m + 2), 1 / (n + 2))
        fractions.append((ours, {"target": target.tolist(), "logit": x.tolist()}))
        given = {"outcome": s.outcome.tolist(), "probability": s.scores[0].tolist(), "new": _NEW.tolist()}
        isotonic.append((fit_isotonic(s.outcome, s.scores[0]).apply(_NEW), given))
    yield peers.compare(
        "`fit_platt`", "scikit-learn", "sigmoid", "all", sigmoid, remark="its search ends early", allowed=1e-5
    )
    yield peers.compare("`fit_platt`", "statsmodels", "fractions", "all", fractions)
    yield peers.compare("`fit_isotonic`", "scikit-learn", "isotonic", "all", isotonic)


def _decisions(peers: Peers) -> Iterator[Finding]:
    plain: Pairs = []
    elsewhere: Pairs = []
    for s in ALL:
        given = {"outcome": s.outcome.tolist(), "probability": s.scores[0].tolist()}
        for part, pairs in ((None, plain), (0.1, elsewhere)):
            found = net_benefit(s.outcome, s.scores[0], THRESHOLDS, prevalence=part)
            case = {**given, "thresholds": list(THRESHOLDS), "prevalence": part}
            pairs.append((np.concatenate(found, axis=1)[0], case))
    yield peers.compare("`net_benefit`", "dcurves", "net_benefit", "all", plain)
    yield peers.compare("`net_benefit`, other prevalence", "dcurves", "net_benefit", "all", elsewhere)
    by_loops = [(net_benefit(s.outcome, s.scores[0], THRESHOLDS)[0], _benefit(s)) for s in ALL]
    yield by_hand("`net_benefit`", "all", by_loops, "loop over rows and thresholds")
    bands = []
    for s in (INDEPENDENT, CLUSTERS):
        curve = decision_curve(s.outcome, s.scores[0], s.patients, resamples=_RESAMPLES)
        counts = np.concatenate(list(patient_weights(s.patients, _RESAMPLES, 0)))
        ends = literal.bootstrap(partial(_gain, s), counts)
        bands.append((np.stack([curve.gain_low, curve.gain_high]), ends))
    yield by_hand(
        "`decision_curve`, bands of the gain",
        "120, clusters; the same 150 draws",
        bands,
        "loop over the rows drawn",
    )


def _benefit(s: Sample) -> list[float]:
    found = []
    for t in THRESHOLDS:
        true = sum(1 for y, p in zip(s.outcome, s.scores[0], strict=True) if y and p >= t)
        false = sum(1 for y, p in zip(s.outcome, s.scores[0], strict=True) if not y and p >= t)
        found.append(true / len(s.outcome) - false / len(s.outcome) * t / (1 - t))
    return found


def _gain(s: Sample, rows: Numbers) -> Floats:
    y, p, t = s.outcome[rows], s.scores[0][rows], np.array(THRESHOLDS)
    odds, called = t / (1 - t), p[:, np.newaxis] >= t
    model = np.mean(called * np.where(y[:, np.newaxis] == 1, 1, -odds), axis=0)
    everyone = np.mean(np.where(y[:, np.newaxis] == 1, 1, -odds), axis=0)
    return model - np.maximum(everyone, 0)
