"""Coverage of prediction sets, of ICCs and of stability; errors of permutation tests; percentiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.special import expit

from benchmarks.statistical.samples import Floats, Numbers, ratings
from benchmarks.statistical.simulated import Random, Simulated, share
from radiomics_screen.modelling.assessment.uncertainty import judge_sets
from radiomics_screen.modelling.statistics.conformal import expected_coverage, fit_conformal, set_figures
from radiomics_screen.modelling.statistics.metrics import ranking_figures
from radiomics_screen.modelling.statistics.novelty import fit_outlying
from radiomics_screen.modelling.statistics.permutation import permutation_test
from radiomics_screen.modelling.statistics.reliability import IccKind, icc
from radiomics_screen.modelling.statistics.selection_stability import selection_stability


def findings(effort: float = 1.0) -> Iterator[Simulated]:
    """Yield what was found; `effort` times as many draws as usual."""

    def times(draws: int) -> int:
        return max(2, round(draws * effort))

    yield from _sets(times)
    yield from _reliability(times)
    yield from _permutations(times)
    yield from _others(times)


def _rows(random: Random, patients: int, most: int = 1) -> tuple[Numbers, Floats, Numbers]:
    """Return outcome (a third positive), probability and patient; a patient's rows share most noise."""
    owner = np.repeat(np.arange(patients), random.integers(1, most + 1, patients) ** 2)
    ill = random.random(patients) < 1 / 3
    logits = 2 * ill[owner] - 1 + random.normal(size=patients)[owner] + 0.4 * random.normal(size=len(owner))
    return ill[owner].astype(np.int64), expit(logits), owner


def _sets(times: Callable[[int], int]) -> Iterator[Simulated]:
    for error_rate, patients in ((0.1, 60), (0.1, 300), (0.2, 60)):
        expected = expected_coverage(patients, error_rate)[0]

        def split(random: Random, error_rate: float = error_rate, patients: int = patients) -> float:
            y, p, _ = _rows(random, patients)
            if 0 < y.sum() < patients:
                new = _rows(random, 400)
                sets = fit_conformal(y, p, by_class=False).sets(new[1], error_rate)
                return float(set_figures(new[0], sets)["coverage"][0])
            return 1.0

        what = f"prediction sets at {error_rate}: hold the outcome"
        yield share(what, f"calibrated on {patients} rows", expected, times(2000), split)
    for name in ("coverage_of_positive", "coverage_of_negative"):
        for patients_known in (True, False):

            def classes(random: Random, name: str = name, known: bool = patients_known) -> float:
                y, p, owner = _rows(random, 100, most=4)
                new = _rows(random, 400)
                fitted = fit_conformal(y, p, owner if known else None)
                return float(set_figures(new[0], fitted.sets(new[1], 0.1))[name][0])

            kind = "positive" if name.endswith("positive") else "negative"
            how = "weighted by patient" if patients_known else "patients ignored"
            what = f"sets by class at 0.1, {how}: hold the outcome of a new patient's {kind} row"
            yield share(what, "calibrated on 100 patients of 1 to 16 rows", 0.9, times(600), classes)

    def out_of_fold(random: Random) -> float:
        y, p, owner = _rows(random, 150, most=3)
        found = judge_sets(y, np.stack([p, p]), np.stack([owner % 5, owner // 30]), owner, resamples=2)
        return found["figures"]["coverage"]["value"]

    yield share(
        "`judge_sets` at 0.1: coverage", "150 patients of 1 to 9 rows, 5 folds", 0.9, times(200), out_of_fold
    )


def _reliability(times: Callable[[int], int]) -> Iterator[Simulated]:
    kinds: tuple[tuple[IccKind, float, float], ...] = (
        ("ICC(1,1)", 0.0, 0.8),
        ("ICC(2,1)", 0.7, 4 / 5.49),
        ("ICC(3,1)", 0.7, 0.8),
    )
    for kind, shift, true in kinds:

        def draw(random: Random, kind: IccKind = kind, shift: float = shift, true: float = true) -> float:
            found = icc(ratings(int(random.integers(2**31)), 25, 3, spread=2.0, shift=shift), kind)
            return bool(found.low[0] <= true <= found.high[0])

        yield share(
            f"`icc`, {kind}: holds the truth",
            f"25 subjects x 3, true value {true:.2f}",
            0.95,
            times(2000),
            draw,
        )

    chance = np.r_[np.full(4, 0.9), np.full(6, 0.5), np.full(30, 0.1)]
    part = chance.mean()
    true = 1 - np.mean(chance * (1 - chance)) / (part * (1 - part))
    names = [f"f{number}" for number in range(len(chance))]
    for folds in (10, 50):

        def stable(random: Random, folds: int = folds) -> float:
            chosen = random.random((folds, len(chance))) < chance
            found = selection_stability([[names[j] for j in np.flatnonzero(row)] for row in chosen], names)
            return found.low <= true <= found.high

        setting = f"{folds} selections of 40 features, true value {true:.2f}"
        yield share("`selection_stability`: holds the truth", setting, 0.95, times(1000), stable)


def _permutations(times: Callable[[int], int]) -> Iterator[Simulated]:
    for enough in (None, 10):

        def draw(random: Random, enough: int | None = enough) -> float:
            owner = np.repeat(np.arange(30), 3)
            outcome = (random.random(30) < 0.5)[owner].astype(int)
            if not 0 < outcome.sum() < 90:
                return 0.0
            score = random.normal(size=30)[owner] + 0.3 * random.normal(size=90)

            def auc(labels: np.ndarray) -> float:
                return float(ranking_figures(labels.astype(float), score, np.ones((1, 90)))[0][0])

            return permutation_test(auc, outcome, owner, permutations=99, enough=enough).p <= 0.05

        how = "99 permutations" if enough is None else "stopped once 10 do as well"
        yield share(
            "`permutation_test`: p <= 0.05 of noise", f"30 patients of 3 rows, {how}", 0.05, times(600), draw
        )


def _others(times: Callable[[int], int]) -> Iterator[Simulated]:
    for rows, columns in ((150, 10), (80, 60)):

        def draw(random: Random, rows: int = rows, columns: int = columns) -> float:
            fitted = fit_outlying(random.normal(size=(rows, columns)), folds=20)
            return float(np.mean(fitted.percentiles(random.normal(size=(100, columns))) > 95))

        setting = f"{rows} rows x {columns} columns, new rows of the same kind"
        yield share("`fit_outlying`: percentile above 95", setting, 0.05, times(60), draw)
