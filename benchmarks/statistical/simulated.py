"""How often intervals hold the truth and tests err, found by drawing many data sets whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal
from zlib import crc32

import numpy as np
from scipy.stats import norm

from benchmarks.statistical.samples import Floats, Numbers
from radiomics_screen.modelling.statistics.decision import decision_curve
from radiomics_screen.modelling.statistics.delong import auc_interval, compare_aucs, compare_mean_aucs
from radiomics_screen.modelling.statistics.intervals import bootstrap_figures
from radiomics_screen.modelling.statistics.multiple_comparison import figure_differences, holm
from radiomics_screen.modelling.statistics.proportions import proportion

Random = np.random.Generator


@dataclass(frozen=True)
class Simulated:
    """A part of draws that is known beforehand, and the one found.

    Attributes
    ----------
    what, setting
        For people.
    nominal
        The part to be expected.
    found, error
        Part of the draws, or mean of parts, and its standard error.
    draws
        How many data sets were drawn.
    """

    what: str
    setting: str
    nominal: float
    found: float
    error: float
    draws: int


def share(what: str, setting: str, nominal: float, draws: int, draw: Callable[[Random], float]) -> Simulated:
    """Return the mean of what `draw` gives, with a generator of its own for each draw of a setting."""
    seeds = np.random.SeedSequence(crc32(setting.encode())).spawn(draws)
    return summed(what, setting, nominal, [float(draw(np.random.default_rng(seed))) for seed in seeds])


def summed(what: str, setting: str, nominal: float, parts: Sequence[float]) -> Simulated:
    """Return the mean of parts with its standard error."""
    error = float(np.std(parts, ddof=1) / np.sqrt(len(parts)))
    return Simulated(what, setting, nominal, float(np.mean(parts)), error, len(parts))


def clustered(
    random: Random, patients: int = 80, rows: int = 3, shift: float = 1.2, models: int = 1
) -> tuple[Numbers, Floats, Numbers]:
    """Return outcome, scores of an AUC of Phi(shift / 2), and patient, who makes half of a score's variance.

    Half of the patients are positive, and a tenth of the rows has the other outcome.
    """
    owner = np.repeat(np.arange(patients), rows)
    ill = random.random(patients) < 0.5
    outcome = (ill[owner] ^ (random.random(len(owner)) < 0.1)).astype(np.int64)
    shared = random.normal(size=patients)[owner]
    own = random.normal(size=(models, len(owner)))
    return outcome, shift * outcome + shared + own, owner


def findings(effort: float = 1.0) -> Iterator[Simulated]:
    """Yield what was found; `effort` times as many draws as usual."""

    def times(draws: int) -> int:
        return max(2, round(draws * effort))

    yield from _of_auc(times)
    yield from _of_differences(times)
    yield from _of_bootstraps(times)


def _of_auc(times: Callable[[int], int]) -> Iterator[Simulated]:
    scales: tuple[Literal["logit", "plain"], ...] = ("logit", "plain")
    for true, high, low in ((0.75, 25, 40), (0.95, 25, 40), (0.75, 10, 100)):
        setting = f"true AUC {true}, {high} positive and {low} negative rows"
        for scale in scales:
            draw = partial(_held, true, np.repeat([1, 0], [high, low]), scale)
            yield share(f"DeLong interval, {scale}: holds the AUC", setting, 0.95, times(2000), draw)
    setting = "80 patients of 3 rows, half of the variance theirs"
    for name, by_patient in (("by patient", True), ("patients ignored", False)):
        draw = partial(_held_of_patients, by_patient)
        yield share(f"DeLong interval, {name}: holds the AUC", setting, 0.95, times(2000), draw)


def _held(true: float, outcome: Numbers, scale: Literal["logit", "plain"], random: Random) -> bool:
    score = random.normal(size=len(outcome)) + np.sqrt(2) * norm.ppf(true) * outcome
    found = auc_interval(outcome, score, scale=scale)
    return found.low <= true <= found.high


def _held_of_patients(by_patient: bool, random: Random) -> bool:
    outcome, (score,), owner = clustered(random)
    found = auc_interval(outcome, score, owner if by_patient else None)
    return found.low <= float(norm.cdf(0.6)) <= found.high


def _of_differences(times: Callable[[int], int]) -> Iterator[Simulated]:
    setting = "80 patients of 3 rows"

    def test(random: Random) -> float:
        outcome, scores, owner = clustered(random, models=2)
        return compare_aucs(outcome, scores[0], scores[1], owner).p < 0.05

    yield share("`compare_aucs`: p < 0.05 of equal models", setting, 0.05, times(2000), test)

    def tests(random: Random) -> float:
        outcome, scores, owner = clustered(random, models=4)
        p = [compare_aucs(outcome, scores[0], other, owner).p for other in scores[1:]]
        return bool(np.min(holm(p)) < 0.05)

    yield share("`holm` of 3 tests: any p < 0.05 of equal models", setting, 0.05, times(1000), tests)
    for name, second in (("p < 0.05 of equal models", 1.2), ("interval holds the difference", 0.7)):

        def repeats(random: Random, second: float = second) -> float:
            outcome, scores, owner = clustered(random, shift=0.0, models=6)
            lift = np.r_[[1.2] * 3, [second] * 3][:, np.newaxis] * outcome
            found = compare_mean_aucs(outcome, scores[:3] + lift[:3], scores[3:] + lift[3:], owner)
            true = norm.cdf(0.6) - norm.cdf(second / 2)
            return found.p < 0.05 if second == 1.2 else found.low <= true <= found.high

        nominal = 0.05 if second == 1.2 else 0.95
        yield share(f"`compare_mean_aucs`: {name}", f"{setting}, 3 repeats", nominal, times(2000), repeats)
    for rows in (60, 200):
        yield share(
            "`compare_mean_aucs`: p < 0.05, models learned anew",
            f"{rows} rows, 5 folds x 2 repeats, 4 features each of one worth",
            0.05,
            times(1000),
            partial(_learned, rows),
        )


def _learned(rows: int, random: Random) -> float:
    """Say whether two linear discriminants of equally telling features differ in cross-validation."""
    outcome = np.arange(rows) % 2
    features = random.normal(size=(2, rows, 4)) + 0.45 * outcome[:, np.newaxis]
    scores = np.empty((2, 2, rows))
    for repeat in range(2):
        fold = np.empty(rows, dtype=int)
        for label in (0, 1):
            fold[outcome == label] = random.permutation(np.arange(rows // 2) % 5)
        for model, table in enumerate(features):
            for one in range(5):
                train = fold != one
                high, low = (table[train & (outcome == label)] for label in (1, 0))
                spread = np.cov(high.T) + np.cov(low.T)
                weights = np.linalg.solve(spread, high.mean(axis=0) - low.mean(axis=0))
                middle = (high.mean(axis=0) + low.mean(axis=0)) / 2
                scores[model, repeat, ~train] = (table[~train] - middle) @ weights
    return compare_mean_aucs(outcome, scores[0], scores[1], np.arange(rows)).p < 0.05


def _of_bootstraps(times: Callable[[int], int]) -> Iterator[Simulated]:
    names = {
        "auc": norm.cdf(0.6),
        "sensitivity": norm.cdf(0.4 / np.sqrt(2)),
        "specificity": norm.cdf(0.8 / np.sqrt(2)),
    }
    for patients in (30, 120):
        held: dict[str, list[bool]] = {name: [] for name in names}
        draws = times(400)
        for seed in np.random.SeedSequence(patients).spawn(draws):
            outcome, (score,), owner = clustered(np.random.default_rng(seed), patients)
            found = bootstrap_figures(outcome, score, owner, threshold=0.8, resamples=500)
            for name, true in names.items():
                held[name].append(found[name].low <= true <= found[name].high)
        for name, hits in held.items():
            setting = f"{patients} patients of 3 rows, 500 resamples"
            what = f"`bootstrap_figures`, {name}: holds the truth"
            yield summed(what, setting, 0.95, hits)

    def difference(random: Random) -> float:
        outcome, scores, owner = clustered(random, shift=0.0, models=2)
        p = norm.cdf(scores + np.array([[1.2], [0.7]]) * outcome)
        found = figure_differences(outcome, p[0], p[1], owner, resamples=400)["auc"]
        return found.low <= norm.cdf(0.6) - norm.cdf(0.35) <= found.high

    setting = "80 patients of 3 rows, 400 resamples"
    yield share("`figure_differences`, AUC: holds the truth", setting, 0.95, times(400), difference)

    def benefit(random: Random) -> float:
        outcome, (score,), owner = clustered(random)
        found = decision_curve(outcome, norm.cdf(score - 0.6), owner, thresholds=[0.3], resamples=400)
        cut = norm.ppf(0.3) + 0.6
        high, low = norm.sf((cut - 1.2) / np.sqrt(2)), norm.sf(cut / np.sqrt(2))
        true = high / 2 - low / 2 * 3 / 7
        return found.model_low[0] <= true <= found.model_high[0]

    yield share("`decision_curve` at 30 %: band holds the truth", setting, 0.95, times(400), benefit)
    for rows, most in ((3, 60), (8, 40)):

        def part(random: Random, rows: int = rows, most: int = most) -> float:
            owner = np.repeat(np.arange(most), rows)
            hit = (random.normal(size=most)[owner] + random.normal(size=len(owner))) > -1.2
            found = proportion(hit, owner)
            return found.low <= norm.cdf(1.2 / np.sqrt(2)) <= found.high

        setting = f"{most} patients of {rows} rows, true value 0.80"
        yield share("`proportion` of patients' rows: holds the truth", setting, 0.95, times(2000), part)
