"""Reliability, proportions, many tests, permutations and stability, beside others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.statistical import literal
from benchmarks.statistical.findings import Finding, Peers, by_hand
from benchmarks.statistical.samples import ALL, CLUSTERS, TIED_CLUSTERS, drawn, ratings
from radiomics_screen.modelling.statistics.intervals import exact_interval
from radiomics_screen.modelling.statistics.metrics import ranking_figures
from radiomics_screen.modelling.statistics.multiple_comparison import holm
from radiomics_screen.modelling.statistics.operating import operating_point
from radiomics_screen.modelling.statistics.permutation import permutation_test
from radiomics_screen.modelling.statistics.proportions import proportion, wilson
from radiomics_screen.modelling.statistics.reliability import IccKind, icc
from radiomics_screen.modelling.statistics.selection_stability import selection_stability

KINDS: tuple[IccKind, ...] = ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)")
#: Shrout and Fleiss 1979, table 2 (four judges, six targets), and the ICCs of table 4.
JUDGED = ((9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7))
JUDGED_ICC = (0.17, 0.29, 0.71)
#: Newcombe 1998 (Stat Med 17:857), table I, method 3: hits, trials and the interval.
NEWCOMBE = (
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0, 0.1611),
    (1, 29, 0.0061, 0.1718),
)
#: Selections, and what the program of Nogueira et al. (github.com/nogueirs/JMLR2018) gives: index, interval.
SELECTED = ("1110000000", "1101000000", "1110100000", "1010010000", "1100001001")
SELECTED_STABILITY = (0.3315508021390373, 0.14969533699360743, 0.5134062672844673)


def findings(peers: Peers) -> Iterator[Finding]:
    """Yield what was found, one comparison after the other."""
    yield from _icc(peers)
    yield from _proportions(peers)
    yield from _tests(peers)
    yield from _stability()


def _icc(peers: Peers) -> Iterator[Finding]:
    found = [round(float(icc(JUDGED, kind).value[0]), 2) for kind in KINDS]
    yield by_hand("`icc`, rounded", "their table 2", [(found, JUDGED_ICC)], "Shrout and Fleiss 1979, table 4")
    tables = [
        np.array(JUDGED, dtype=float),
        ratings(1, 40, 2, spread=2.0, shift=0.5),
        ratings(2, 25, 5, spread=0.3, shift=1.0),
        ratings(3, 6, 3, spread=4.0, shift=0.0),
    ]
    pairs = []
    for table in tables:
        ours = [(one.value[0], one.low[0], one.high[0]) for one in (icc(table, kind) for kind in KINDS)]
        pairs.append((np.ravel(ours), {"table": table.tolist()}))
    yield peers.compare("`icc`, values and intervals", "pingouin", "icc", "6x4, 40x2, 25x5, 6x3", pairs)


def _proportions(peers: Peers) -> Iterator[Finding]:
    found = [np.round(np.r_[wilson(h, n)], 4) for h, n, *_ in NEWCOMBE]
    published = [(low, high) for *_, low, high in NEWCOMBE]
    yield by_hand("`wilson`, rounded", "4 examples", [(found, published)], "Newcombe 1998, table I")
    trials = [1, 3, 10, 57, 1000]
    hits = [[0, 1], [0, 1, 3], [0, 4, 10], [0, 13, 57], [0, 3, 500, 1000]]
    pairs = [(h, n) for n, some in zip(trials, hits, strict=True) for h in some]
    h, n = ([pair[i] for pair in pairs] for i in (0, 1))
    given: dict[str, Any] = {"hits": h, "trials": n}
    ends = np.r_[wilson(h, n)]
    data = "1 to 1000 rows"
    yield peers.compare(
        "`wilson`", "statsmodels", "proportion", data, [(ends, {**given, "method": "wilson"})]
    )
    sure = [(a, b) for a, b in pairs if a in (0, b)]
    both = np.array([exact_interval(a / b, b) for a, b in sure]).T.ravel()
    given = {"hits": [a for a, _ in sure], "trials": [b for _, b in sure], "method": "beta"}
    yield peers.compare("`exact_interval`", "statsmodels", "proportion", data, [(both, given)])
    clustered = []
    for s in (CLUSTERS, TIED_CLUSTERS):
        hit = (s.scores[0] >= 0.5).astype(float)
        effective = literal.effective_rows(hit, s.patients)
        one = proportion(hit, s.patients)
        ends = np.ravel(wilson(hit.mean() * effective, effective))
        clustered.append(((one.effective, one.low, one.high), (effective, *ends)))
    yield by_hand(
        "`proportion` of patients' rows", "clusters", clustered, "design effect of Rao and Scott 1992"
    )
    points = [operating_point(s.outcome, s.scores[0], 0.6) for s in ALL]
    ratios, tables = [], []
    for at in points:
        ratios += [*vars(at.positive_ratio).values(), *vars(at.negative_ratio).values()]
        tables += [[[at.tp, at.fn], [at.fp, at.tn]], [[at.fn, at.tp], [at.tn, at.fp]]]
    name = "`operating_point`, likelihood ratios"
    yield peers.compare(name, "statsmodels", "ratio", "all, by row", [(ratios, {"tables": tables})])


def _tests(peers: Peers) -> Iterator[Finding]:
    random = np.random.default_rng(4)
    lists = [random.random(7) ** 3, np.r_[0.01, 0.01, 0.5, 1.0], np.full(3, 0.04)]
    pairs = [(holm(p), {"p": p.tolist()}) for p in lists]
    yield peers.compare("`holm`", "statsmodels", "holm", "7, 4 and 3 tests", pairs)
    s = drawn("9 rows", 11, patients=9)

    def auc(labels: np.ndarray) -> float:
        return float(ranking_figures(labels.astype(float), s.scores[0], np.ones((1, len(labels))))[0][0])

    found = permutation_test(auc, s.outcome, permutations=4000)
    counted = (1 + sum(one >= found.observed - 1e-12 for one in found.permuted)) / 4001
    yield by_hand("`permutation_test`", "9 rows", [(found.p, counted)], "Phipson and Smyth 2010, counted")
    error = float(np.sqrt(found.p * (1 - found.p) / 4000))
    yield peers.compare(
        "`permutation_test`",
        "scipy",
        "exact_permutation",
        "9 rows",
        [(found.p, s.given())],
        remark=f"4000 labellings drawn from all: standard error {error:.1g}",
        allowed=4 * error,
    )


def _stability() -> Iterator[Finding]:
    random = np.random.default_rng(5)
    tables = [
        (random.random((count, 12)) < part).astype(float) for count, part in ((5, 0.3), (20, 0.5), (3, 0.2))
    ]
    pairs = [(_index(table), literal.nogueira(table)) for table in tables]
    data = "3 to 20 selections of 12"
    yield by_hand("`selection_stability`", data, pairs, "Nogueira et al. 2018, its formulas")
    known = np.array([[float(c) for c in row] for row in SELECTED])
    yield by_hand(
        "`selection_stability`",
        "5 selections of 10",
        [(_index(known), SELECTED_STABILITY)],
        "program of Nogueira et al.",
    )


def _index(table: np.ndarray) -> tuple[float, float, float]:
    names = [f"f{number}" for number in range(table.shape[1])]
    selections = [[names[j] for j in np.flatnonzero(row)] for row in table]
    found = selection_stability(selections, names)
    return found.index, found.low, found.high
