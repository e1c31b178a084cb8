"""AUC, curves, figures at a threshold and their bootstraps, beside others."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import norm
from sklearn import metrics as sk

from benchmarks.statistical import literal
from benchmarks.statistical.findings import Finding, Pairs, Peers, by_hand
from benchmarks.statistical.samples import (
    ALL,
    BY_ROW,
    CLUSTERS,
    FEW,
    INDEPENDENT,
    TIED_CLUSTERS,
    TIES,
    Floats,
    Numbers,
    Sample,
    ovarian,
)
from radiomics_screen.modelling.assessment.ablation import compare
from radiomics_screen.modelling.statistics.curves import (
    precision_recall_band,
    precision_recall_curve,
    roc_band,
    roc_curve,
)
from radiomics_screen.modelling.statistics.delong import (
    auc_covariance,
    auc_interval,
    compare_aucs,
    compare_independent_aucs,
    compare_mean_aucs,
)
from radiomics_screen.modelling.statistics.intervals import bootstrap_figures
from radiomics_screen.modelling.statistics.metrics import METRICS, figures
from radiomics_screen.modelling.statistics.multiple_comparison import figure_differences
from radiomics_screen.modelling.statistics.operating import (
    sensitivity_at_specificity,
    specificity_at_sensitivity,
    threshold_at_sensitivity,
    threshold_at_specificity,
    youden_threshold,
)
from radiomics_screen.modelling.statistics.resampling import patient_weights

_RESAMPLES = 150
_PLACES = np.linspace(0, 1, 21)


def findings(peers: Peers) -> Iterator[Finding]:
    """Yield what was found, one comparison after the other."""
    yield from _delong(peers)
    yield _mean_difference()
    yield _independent()
    pairs = [
        ([v[0] for v in figures(s.outcome, s.scores[0]).values()], {**s.given(), "threshold": 0.5})
        for s in (INDEPENDENT, TIES, CLUSTERS)
    ]
    yield peers.compare("`metrics.figures`", "scikit-learn", "figures", "120, ties, clusters", pairs)
    for name, curve, function in (
        ("`roc_curve`", roc_curve, "roc"),
        ("`precision_recall_curve`", precision_recall_curve, "precision_recall"),
    ):
        found = [(curve(s.outcome, s.scores[0]), s) for s in ALL]
        drawn = [(np.r_[one.x, one.y], s.given()) for one, s in found]
        yield peers.compare(f"{name}, points", "scikit-learn", function, "all", drawn)
    yield _operating()
    yield from _bootstraps()


def _delong(peers: Peers) -> Iterator[Finding]:
    known = ovarian()
    samples = (*BY_ROW, known)
    ours = [(auc_interval(s.outcome, s.scores[0], scale="plain"), s) for s in samples]
    pairs = [((a.value, a.low, a.high), s.given()) for a, s in ours if a.low > 0 and a.high < 1]
    name = "`auc_interval`, plain"
    yield peers.compare(
        name,
        "confidenceinterval",
        "auc",
        "independent rows, DeLong 1988",
        pairs,
        remark="it ranks in single precision",
        allowed=1e-6,
    )
    yield peers.compare(
        "`auc_interval`, `compare_aucs`", "MLstatkit", "delong", "the same", [_tested(s) for s in samples]
    )
    pairs_by_hand = []
    for s in (*ALL, known):
        for owner in (s.patients, np.arange(len(s.outcome))):
            found = auc_covariance(s.outcome, s.scores, owner)
            expected = literal.auc_covariance(s.outcome, s.scores, owner)
            pairs_by_hand.append((np.r_[found[0], found[1].ravel()], np.r_[expected[0], expected[1].ravel()]))
    beside = "all pairs of rows, after Obuchowski 1997"
    yield by_hand("`auc_covariance`, by row and by patient", "all, DeLong 1988", pairs_by_hand, beside)
    logits = []
    for s in ALL:
        (auc, *_), covariance = literal.auc_covariance(s.outcome, s.scores, s.patients)
        reach = norm.ppf(0.975) * np.sqrt(covariance[0, 0]) / (auc * (1 - auc))
        ends = 1 / (1 + np.exp(-(np.log(auc / (1 - auc)) + np.array([-reach, reach]))))
        interval = auc_interval(s.outcome, s.scores[0], s.patients)
        logits.append(((interval.low, interval.high), ends))
    yield by_hand("`auc_interval`, logit", "all", logits, beside)


def _tested(s: Sample) -> tuple[list[float], dict[str, list[float]]]:
    a, b = (auc_interval(s.outcome, score, scale="plain") for score in s.scores)
    gap = compare_aucs(s.outcome, *s.scores)
    given = {"first": s.scores[0].tolist(), "second": s.scores[1].tolist()}
    values = [a.value, b.value, a.low, a.high, b.low, b.high, gap.z, gap.p]
    return values, {"outcome": s.outcome.tolist(), **given}


def _mean_difference() -> Finding:
    pairs: Pairs = []
    for s in (INDEPENDENT, CLUSTERS, TIED_CLUSTERS):
        random = np.random.default_rng(8)
        first, second = (np.clip(one + 0.05 * random.normal(size=(3, len(one))), 0, 1) for one in s.scores)
        aucs, covariance = literal.auc_covariance(s.outcome, np.vstack([first, second]), s.patients)
        gap = aucs[:3].mean() - aucs[3:].mean()
        error = np.sqrt(
            (covariance[:3, :3].sum() + covariance[3:, 3:].sum() - 2 * covariance[:3, 3:].sum()) / 9
        )
        expected = (
            gap,
            gap - norm.ppf(0.975) * error,
            gap + norm.ppf(0.975) * error,
            2 * norm.sf(abs(gap / error)),
        )
        found = compare_mean_aucs(s.outcome, first, second, s.patients)
        pairs.append(((found.difference, found.low, found.high, found.p), expected))
        (test,) = compare(s.outcome, {"a": (first, 1), "b": (second, 1)}, s.patients)["tests"]
        pairs.append((list(vars(found).values()), [test[name] for name in vars(found)]))
    name = "`compare_mean_aucs`, `compare`"
    return by_hand(name, "3 repeats of 120, clusters", pairs, "all pairs of rows, mean over the repeats")


def _independent() -> Finding:
    one, two = (auc_interval(s.outcome, s.scores[0], s.patients) for s in (INDEPENDENT, CLUSTERS))
    errors = [
        literal.auc_covariance(s.outcome, s.scores, s.patients)[1][0, 0] for s in (INDEPENDENT, CLUSTERS)
    ]
    found = compare_independent_aucs(one, two)
    z = (one.value - two.value) / np.sqrt(sum(errors))
    return by_hand(
        "`compare_independent_aucs`", "120, clusters", [((found.z, found.p), (z, 2 * norm.sf(abs(z))))]
    )


def _operating() -> Finding:
    pairs = []
    for s in (*ALL, ovarian()):
        for part in (0.5, 0.8, 0.9, 0.95, 1.0):
            asked = (s.outcome, s.scores[0], part)
            cut, index = youden_threshold(*asked[:2])
            found = [
                threshold_at_sensitivity(*asked),
                threshold_at_specificity(*asked),
                sensitivity_at_specificity(*asked),
                specificity_at_sensitivity(*asked),
            ]
            ours = [*(float(one[0]) for one in found), float(cut[0]), float(index[0])]
            pairs.append((ours, literal.operating(*asked)))
    name = "`threshold_at_...`, `..._at_...`, `youden_threshold`"
    return by_hand(name, "all, DeLong 1988; at 50 to 100 %", pairs, "search over all thresholds")


def _bootstraps() -> Iterator[Finding]:
    beside = "loop over the rows drawn, scikit-learn's figures"
    one, difference = [], []
    band: Pairs = []
    for s in (INDEPENDENT, CLUSTERS, FEW):
        owner = np.unique(s.patients, return_inverse=True)[1]
        counts = np.concatenate(list(patient_weights(owner, _RESAMPLES, 0)))
        found = bootstrap_figures(s.outcome, s.scores[0], s.patients, resamples=_RESAMPLES)
        ends = literal.bootstrap(partial(_figures, s, 0), counts)
        wide = ends[0] < ends[1]
        ours = np.array([(found[name].low, found[name].high) for name in METRICS]).T
        one.append((ours[:, wide], ends[:, wide]))
        if s is FEW:
            continue
        gaps = figure_differences(s.outcome, s.scores[0], s.scores[1], s.patients, resamples=_RESAMPLES)
        ends = literal.bootstrap(partial(_gaps, s), counts)
        difference.append((np.array([(gaps[name].low, gaps[name].high) for name in METRICS]).T, ends))
        band.extend(_bands(s, counts))
    same = "120, clusters; the same 150 draws"
    yield by_hand("`bootstrap_figures`", "120, clusters, 12 rows; the same 150 draws", one, beside)
    yield by_hand("`figure_differences`", same, difference, beside)
    yield by_hand("`roc_band`, `precision_recall_band`", same, band, "loop over the rows drawn")


def _gaps(s: Sample, rows: Numbers) -> Floats:
    return np.subtract(_figures(s, 0, rows), _figures(s, 1, rows))


def _figures(s: Sample, model: int, rows: Numbers) -> list[float]:
    y, p = s.outcome[rows], s.scores[model][rows]
    called, both, no_value = p >= 0.5, 0 < y.sum() < len(y), {"zero_division": np.nan}
    recalls = [sk.recall_score(y, called, pos_label=label, **no_value) for label in (1, 0)]
    return [
        sk.roc_auc_score(y, p) if both else np.nan,
        sk.average_precision_score(y, p) if y.any() else np.nan,
        sk.accuracy_score(y, called),
        sum(recalls) / 2,
        *recalls,
        sk.precision_score(y, called, **no_value),
        sk.precision_score(y, called, pos_label=0, **no_value),
        sk.f1_score(y, called, **no_value),
        np.mean((p - y) ** 2),
    ]


def _bands(s: Sample, counts: Floats) -> Iterator[tuple[Floats, Floats]]:
    def roc(rows: Numbers) -> Floats:
        false, true, _ = sk.roc_curve(s.outcome[rows], s.scores[0][rows], drop_intermediate=False)
        return np.interp(_PLACES, false, true)

    def precision(rows: Numbers) -> list[float]:
        y, p = s.outcome[rows], s.scores[0][rows]
        precisions, recalls, _ = sk.precision_recall_curve(y, p)
        kept = [(r, q) for r, q in zip(recalls[:-1], precisions[:-1], strict=True) if r > 0]
        return [max((r, q) for r, q in kept if r <= _lowest(kept, place))[1] for place in _PLACES]

    reads: tuple[tuple[Any, Any], ...] = ((roc_band, roc), (precision_recall_band, precision))
    for band, read in reads:
        found = band(s.outcome, s.scores[0], s.patients, places=_PLACES, resamples=len(counts))
        yield np.stack([found.low, found.high]), literal.bootstrap(read, counts)


def _lowest(points: list[tuple[float, float]], place: float) -> float:
    """Return the smallest recall at or above a place."""
    return min(recall for recall, _ in points if recall >= place - 1e-9)
