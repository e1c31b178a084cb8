"""ComBat, prediction sets and distances from the training rows, beside others."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.statistical import literal
from benchmarks.statistical.findings import Finding, Peers, by_hand
from benchmarks.statistical.samples import ALL, BY_ROW, CLUSTERS, TIED_CLUSTERS, Floats, Numbers, Sites, sites
from radiomics_screen.modelling.assessment.uncertainty import judge_sets
from radiomics_screen.modelling.statistics.conformal import expected_coverage, fit_conformal
from radiomics_screen.modelling.statistics.novelty import fit_outlying
from radiomics_screen.modelling.steps.combat import ComBat

_NEW = np.linspace(0.005, 0.995, 25)
_KINDS: dict[str, dict[str, Any]] = {
    "": {},
    ", age kept": {"covariates": ["age"]},
    ", reference site": {"reference_batch": "0"},
}
_EARLY = "its iteration ends at relative steps of 1e-4"
_BY_N = "it divides the variances of sites and priors by n, not n - 1"
#: Program -> the kinds that it runs here, why it differs, and by how much it may.
_PROGRAMS: dict[str, tuple[tuple[str, ...], str, float]] = {
    "neuroCombat": (tuple(_KINDS), _EARLY, 1e-4),
    "neuroHarmonize": (("", ", age kept"), _EARLY, 1e-4),
    "inmoose": (("", ", reference site"), _BY_N, 0.2),
}


def findings(peers: Peers) -> Iterator[Finding]:
    """Yield what was found, one comparison after the other."""
    yield from _combat(peers)
    yield from _conformal(peers)
    yield from _outlying(peers)


def _combat(peers: Peers) -> Iterator[Finding]:
    tables = [sites(1, (30, 40, 25), 12), sites(2, (8, 60), 40)]
    for package, (wanted, remark, allowed) in _PROGRAMS.items():
        for kind in wanted:
            options = _KINDS[kind]
            pairs = [
                (
                    _harmonised(one, options).ravel(),
                    {
                        "values": one.values.tolist(),
                        "batch": one.site.tolist(),
                        "covariates": {"age": one.age.tolist()} if "covariates" in options else {},
                        "reference": 0 if "reference_batch" in options else None,
                    },
                )
                for one in tables
            ]
            data = "95 x 12 of 3 sites, 68 x 40 of 2"
            yield peers.compare(
                f"`ComBat`{kind}", package, "combat", data, pairs, remark=remark, allowed=allowed
            )
    small = sites(3, (12, 9, 15), 5)
    both = [(_harmonised(small, {}), literal.combat(small.values, small.site))]
    yield by_hand("`ComBat`", "36 x 5 of 3 sites", both, "Johnson et al. 2007, number by number")


def _harmonised(one: Sites, options: dict[str, Any]) -> Floats:
    names = [f"original_f{number}" for number in range(one.values.shape[1])]
    table = pd.DataFrame(one.values, columns=names).assign(site=one.site.astype(str), age=one.age)
    return ComBat("site", prefixes=["original"], **options).fit(table).transform(table)[names].to_numpy()


def _conformal(peers: Peers) -> Iterator[Finding]:
    for by_class in (True, False):
        pairs = []
        for s in BY_ROW:
            found = fit_conformal(s.outcome, s.scores[0], by_class=by_class).p_values(_NEW)
            given = {"outcome": s.outcome.tolist(), "probability": s.scores[0].tolist(), "new": _NEW.tolist()}
            pairs.append((found.T.ravel(), {**given, "by_class": by_class}))
        name = f"`fit_conformal`, p-values{' by class' if by_class else ''}"
        yield peers.compare(name, "crepes", "p_values", "independent rows", pairs)
    weighted = []
    for s in ALL:
        found = fit_conformal(s.outcome, s.scores[0], s.patients).p_values(_NEW)
        expected = [
            [literal.conformal_p(s.outcome, s.scores[0], s.patients, new, label) for label in (0, 1)]
            for new in _NEW
        ]
        weighted.append((found, expected))
    yield by_hand("`fit_conformal`, p-values of patients", "all", weighted, "loop over patients")
    cases = [(9, 0.1), (40, 0.1), (200, 0.05)]
    beta = [(expected_coverage(n, e), {"patients": n, "error_rate": e}) for n, e in cases]
    yield peers.compare("`expected_coverage`", "scipy", "beta", "9, 40 and 200 patients", beta)
    yield _judged_sets()


def _judged_sets() -> Finding:
    pairs = []
    for s in (CLUSTERS, TIED_CLUSTERS):
        folds = np.stack([s.patients % 5, (s.patients // 3) % 4])
        found = judge_sets(s.outcome, s.scores, folds, s.patients, resamples=20)["figures"]
        each = []
        for said, fold in zip(s.scores, folds, strict=True):
            sets = np.zeros((len(said), 2), dtype=bool)
            for row, new in enumerate(said):
                other = fold != fold[row]
                known = s.outcome[other], said[other], s.patients[other]
                sets[row] = [literal.conformal_p(*known, new, label) > 0.1 for label in (0, 1)]
            each.append(_told_by(s.outcome, sets))
        expected = [np.mean([one[name] for one in each]) for name in found]
        pairs.append(([one["value"] for one in found.values()], expected))
    return by_hand("`judge_sets`", "clusters, 2 repeats", pairs, "loop over rows, patients and folds")


def _told_by(outcome: Numbers, sets: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Return the figures of prediction sets, counted row by row."""
    rows = list(zip(outcome.tolist(), sets.tolist(), strict=True))
    held = [one[y] for y, one in rows]
    single = [one[y] for y, one in rows if sum(one) == 1]
    return {
        "coverage": fmean(held),
        "coverage_of_positive": fmean(one[1] for y, one in rows if y),
        "coverage_of_negative": fmean(one[0] for y, one in rows if not y),
        "single": len(single) / len(rows),
        "both": fmean(all(one) for _, one in rows),
        "none": fmean(not any(one) for _, one in rows),
        "error_of_single": 1 - fmean(single),
    }


def _outlying(peers: Peers) -> Iterator[Finding]:
    random = np.random.default_rng(6)
    pairs = []
    for rows, columns in ((80, 6), (30, 50)):
        table = random.normal(size=(rows, columns)) @ random.normal(size=(columns, columns))
        new = random.normal(size=(7, columns)) @ random.normal(size=(columns, columns))
        found = fit_outlying(table, folds=3).distances(new)
        middle = np.median(table, axis=0)
        scale = np.subtract(*np.quantile(table, [0.75, 0.25], axis=0)) / 1.3489795003921634
        drawn_in = np.clip((table - middle) / scale, -5, 5)
        given = {"rows": drawn_in.tolist(), "new": ((new - middle) / scale).tolist()}
        pairs.append((found, given))
    name = "`fit_outlying`, distances"
    yield peers.compare(name, "scikit-learn", "ledoit_wolf", "80 x 6, 30 x 50", pairs)
