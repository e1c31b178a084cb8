"""Features that a logistic regression with the elastic net gives a weight."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from radiomics_screen.core.arrays import BoolArray, FloatArray, IndexArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.core.threads import single_threaded
from radiomics_screen.modelling.data.splits import inner_splits
from radiomics_screen.modelling.statistics.elastic_net import elastic_net_path, log_loss, strongest_penalty
from radiomics_screen.modelling.steps.base import step
from radiomics_screen.modelling.steps.numerics.scale import centre_and_spread, scaled
from radiomics_screen.modelling.steps.numerics.selection import Selector

RULES = ("best", "one standard error")


@step("elasticnet")
class ElasticNetSelector(Selector):
    """Keep the columns that have a weight in a logistic regression with the elastic net.

    The strength of the penalty is chosen by the logistic loss on inner folds, which keep patients
    whole where they are given. Columns are standardised inside, again in each inner fold; what comes
    out has the values that came in.

    Parameters
    ----------
    l1_ratio
        float in (0, 1], default 0.5: part of the penalty on the weights' absolute values, the rest
        is on their squares. At 1 (lasso) one of several alike columns is kept, with less they are
        kept together.
    rule
        ``"best"`` (default): the strength with the smallest loss. ``"one standard error"``: the
        largest strength whose loss is at most one standard error (over inner folds) above that: fewer
        columns, more stable.
    strengths
        int, default 30: how many strengths are tried, evenly spaced in their logarithm.
    least
        float in (0, 1), default 0.01: the smallest strength, as a part of the one at which all
        weights are 0.
    splits
        int, default 5: number of inner folds; fewer where a class has fewer patients.
    seed
        int, default 0: of the division into inner folds.

    Attributes
    ----------
    strength_ : float
        The strength that was chosen; only after fitting.
    weights_ : ndarray, shape (n_features_in_,)
        Log-odds that one standard deviation of a column adds; only after fitting.

    Notes
    -----
    Zou and Hastie, J. R. Stat. Soc. B 67, 2005, 301-320. Where the chosen strength leaves no weight,
    the strongest one that leaves one is taken, with a note: the features say nothing to this model.
    """

    def __init__(
        self,
        l1_ratio: float = 0.5,
        rule: str = "best",
        strengths: int = 30,
        least: float = 0.01,
        splits: int = 5,
        seed: int = 0,
    ) -> None:
        self.l1_ratio = l1_ratio
        self.rule = rule
        self.strengths = strengths
        self.least = least
        self.splits = splits
        self.seed = seed

    def _select(self, values: FloatArray, outcome: IndexArray, groups: IndexArray) -> BoolArray:
        self._check()
        with single_threaded():  # the order of the sums, and so their last digit, depends on threads
            return self._with_weight(values, outcome, groups)

    def _with_weight(self, values: FloatArray, outcome: IndexArray, groups: IndexArray) -> BoolArray:
        """Return which columns have a weight at the strength that the inner folds prefer."""
        standard = scaled(values, *centre_and_spread(values))
        highest = strongest_penalty(standard, outcome, self.l1_ratio)
        if highest <= 0:
            raise ModelError("features cannot be selected: none of them varies with the outcome")
        strengths = highest * np.geomspace(1, self.least, self.strengths)
        weights, _ = elastic_net_path(standard, outcome, strengths, self.l1_ratio)
        chosen = self._chosen(values, outcome, groups, strengths)
        some = (weights != 0).any(axis=1)
        if not some[chosen]:
            if not some[chosen:].any():
                raise ModelError("no strength of the elastic net leaves a weight; set 'least' lower")
            chosen += int(np.argmax(some[chosen:]))
            add_remark("the elastic net finds nothing in the features: the first with a weight is kept")
        self.strength_, self.weights_ = float(strengths[chosen]), weights[chosen]
        keep: BoolArray = self.weights_ != 0
        return keep

    def _chosen(
        self, values: FloatArray, outcome: IndexArray, groups: IndexArray, strengths: FloatArray
    ) -> int:
        """Return the number of the strength that the inner folds prefer."""
        losses: list[npt.NDArray[np.float64]] = []
        sizes = []
        for train, test in inner_splits(outcome, groups, self.splits, self.seed):
            scales = centre_and_spread(values[train])
            learned = scaled(values[train], *scales)
            weights, intercepts = elastic_net_path(learned, outcome[train], strengths, self.l1_ratio)
            scores = scaled(values[test], *scales) @ weights.T + intercepts
            losses.append(log_loss(scores, outcome[test]))
            sizes.append(len(test))
        table, parts = np.array(losses), np.array(sizes) / np.sum(sizes)
        mean = parts @ table
        best = int(np.argmin(mean))
        if self.rule == "best":
            return best
        error = np.sqrt(parts @ (table[:, best] - mean[best]) ** 2 / (len(table) - 1))
        return int(np.argmax(mean <= mean[best] + error))

    def _check(self) -> None:
        if not 0 < self.l1_ratio <= 1:
            raise ModelError(f"l1_ratio is {self.l1_ratio}; it must be above 0 and at most 1")
        if self.rule not in RULES:
            raise ModelError(f"rule is {self.rule!r}; it must be 'best' or 'one standard error'")
        if not 0 < self.least < 1:
            raise ModelError(f"least is {self.least}; it must be above 0 and below 1")
        if self.strengths < 2 or self.splits < 2:
            raise ModelError(
                f"strengths is {self.strengths} and splits {self.splits}; both must be at least 2"
            )
