"""Features that do better than shuffled copies of features (Boruta)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import binom

from radiomics_screen.core.arrays import BoolArray, FloatArray, IndexArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.modelling.steps.base import step
from radiomics_screen.modelling.steps.numerics.selection import Selector

IMPORTANCE = ("forest", "xgboost")
_LEAST_SHADOWS = 5


@step("boruta")
class BorutaSelector(Selector):
    """Keep every column that trees find more useful than chance, redundant ones included.

    In each round all columns that are not yet rejected get a shuffled copy, their shadow; trees learn
    from both. A column has a hit where its importance exceeds that of the best shadow. Its hits over
    the rounds are held against a fair coin, two-sided: with more it is confirmed, with fewer
    rejected, else it stays tentative.

    Where patients are given, whole patients are shuffled, so that the rows of one are as alike in a
    shadow as in its column; otherwise a column that merely identifies patients would look useful.

    Parameters
    ----------
    importance
        ``"forest"`` (default): mean decrease of impurity in a random forest. ``"xgboost"``: total
        gain in boosted trees; faster, but it sees fewer of several alike columns.
    rounds
        int, default 50: the most rounds; fewer where all columns are decided.
    alpha
        float in (0, 1), default 0.05: chance that any column is wrongly confirmed or rejected by the
        coin, over all columns and rounds (Bonferroni for columns × rounds).
    percentile
        float in (0, 100], default 100: which percentile of the shadows' importances counts as the
        best shadow; less finds more, among them more that say nothing.
    tentative
        bool, default False: keep columns that are still tentative at the end, too.
    trees
        int, default 100: number of trees in a round.
    depth
        int, default 5: questions asked in a row by one tree.
    seed
        int, default 0: of shuffling and trees. The same for a seed, whatever the cores.

    Attributes
    ----------
    hits_ : ndarray of int, shape (n_features_in_,)
        Rounds in which a column beat the shadows; only after fitting.
    rounds_ : int
        How many rounds there were; only after fitting.
    confirmed_, tentative_ : ndarray of bool, shape (n_features_in_,)
        Only after fitting.

    Notes
    -----
    Kursa and Rudnicki, "Feature selection with the Boruta package", J. Stat. Softw. 36(11), 2010.
    They correct for the columns only. Where no column would be kept, the one with most hits is, with
    a note: the features say nothing to these trees.
    """

    def __init__(
        self,
        importance: str = "forest",
        rounds: int = 50,
        alpha: float = 0.05,
        percentile: float = 100.0,
        tentative: bool = False,
        trees: int = 100,
        depth: int = 5,
        seed: int = 0,
    ) -> None:
        self.importance = importance
        self.rounds = rounds
        self.alpha = alpha
        self.percentile = percentile
        self.tentative = tentative
        self.trees = trees
        self.depth = depth
        self.seed = seed

    def _select(self, values: FloatArray, outcome: IndexArray, groups: IndexArray) -> BoolArray:
        self._check()
        count = values.shape[1]
        self.hits_ = np.zeros(count, dtype=np.intp)
        sums = np.zeros(count)  # of importances, to choose among columns of equal hits
        confirmed = np.zeros(count, dtype=bool)
        rejected: BoolArray = values.max(axis=0) == values.min(axis=0)
        if rejected.all():
            raise ModelError("features cannot be selected: none of them varies")
        # Seeds come from one stream each: the draws of a round do not depend on the trees' library.
        for number, state in enumerate(np.random.SeedSequence(self.seed).spawn(self.rounds), start=1):
            random = np.random.default_rng(state)
            running = np.flatnonzero(~rejected)
            importance, best_shadow = self._compete(values[:, running], outcome, groups, random)
            self.hits_[running] += importance > best_shadow
            sums[running] += importance
            surprise = _surprise(self.hits_, number) * count * self.rounds
            open_ = ~confirmed & ~rejected & (surprise < self.alpha)
            confirmed |= open_ & (self.hits_ > number / 2)
            rejected |= open_ & (self.hits_ < number / 2)
            self.rounds_ = number
            if (confirmed | rejected).all():
                break
        self.confirmed_, self.tentative_ = confirmed, ~confirmed & ~rejected
        keep: BoolArray = confirmed | self.tentative_ if self.tentative else confirmed.copy()
        if not keep.any():
            add_remark("no feature does better than shuffled ones: the one that came nearest is kept")
            keep[np.lexsort((-sums, -self.hits_))[0]] = True
        return keep

    def _compete(
        self, values: FloatArray, outcome: IndexArray, groups: IndexArray, random: np.random.Generator
    ) -> tuple[FloatArray, float]:
        """Return the columns' importances in one round and that of the best shadow."""
        copies = -(-_LEAST_SHADOWS // values.shape[1])
        shadows = shuffled(np.tile(values, (1, copies)), groups, random)
        trees = self._trees(int(random.integers(2**31)))
        found = trees.fit(np.hstack([values, shadows]), outcome).feature_importances_.astype(np.float64)
        own, chance = found[: values.shape[1]], found[values.shape[1] :]
        return own, float(np.percentile(chance, self.percentile))

    def _trees(self, seed: int) -> Any:
        """Return unfitted trees with ``feature_importances_``."""
        if self.importance == "forest":
            from sklearn.ensemble import RandomForestClassifier

            return RandomForestClassifier(
                n_estimators=self.trees, max_depth=self.depth, n_jobs=1, random_state=seed
            )
        from xgboost import XGBClassifier

        return XGBClassifier(
            n_estimators=self.trees,
            max_depth=self.depth,
            learning_rate=0.1,
            subsample=0.7,
            colsample_bynode=0.2,
            importance_type="total_gain",
            tree_method="hist",
            n_jobs=1,
            random_state=seed,
        )

    def _check(self) -> None:
        if self.importance not in IMPORTANCE:
            raise ModelError(f"importance is {self.importance!r}; it must be 'forest' or 'xgboost'")
        for name in ("rounds", "trees", "depth"):
            if getattr(self, name) < 1:
                raise ModelError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if not 0 < self.alpha < 1:
            raise ModelError(f"alpha is {self.alpha}; it must be above 0 and below 1")
        if not 0 < self.percentile <= 100:
            raise ModelError(f"percentile is {self.percentile}; it must be above 0 and at most 100")


def shuffled(values: FloatArray, groups: IndexArray, random: np.random.Generator) -> FloatArray:
    """Return each column shuffled on its own, the rows of a group kept together.

    Groups are put into a random order, and their rows laid over the rows in the groups' old order; where
    all have as many rows, whole groups change places. Shape (rows, columns).
    """
    sizes = np.bincount(groups)
    if sizes.max() == 1:
        return random.permuted(values, axis=0)
    by_group = np.argsort(groups, kind="stable")
    starts = np.cumsum(sizes) - sizes
    result = np.empty_like(values)
    for column in range(values.shape[1]):
        order = random.permutation(len(sizes))
        # Positions, in rows sorted by group, of the groups' rows in their new order.
        ends = np.cumsum(sizes[order])
        shift = np.repeat(starts[order] - (ends - sizes[order]), sizes[order])
        result[by_group, column] = values[by_group[np.arange(len(values)) + shift], column]
    return result


def _surprise(hits: IndexArray, rounds: int) -> FloatArray:
    """Return the two-sided p-values of so many hits in so many throws of a fair coin."""
    low, high = binom.cdf(hits, rounds, 0.5), binom.sf(hits - 1, rounds, 0.5)
    p: FloatArray = np.minimum(2 * np.minimum(low, high), 1.0)
    return p
