"""One log-odds from several classifiers: the weight of each, and what stack and late fusion share."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.base import ClassifierMixin

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.classifiers.base import CLASSIFIERS, fit_rows
from radiomics_screen.modelling.classifiers.shared.binary import BinaryClassifier, Groups, Outcome, closed
from radiomics_screen.modelling.classifiers.shared.data_file import class_labels
from radiomics_screen.modelling.classifiers.shared.watch import Watch
from radiomics_screen.modelling.data.splits import inner_splits

Folds = Annotated[int, Field(ge=2, le=20)]
Weight = Annotated[float, Field(ge=0, le=1e9, strict=True)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

#: Classifiers that are made of others, and cannot be members of one another.
COMBINING = ("late", "stack")
_LEAST_SUM = 0.01  # of the weights: the order of the rows is kept where nothing was learned
_CERTAIN = 1e-6  # nearest to 0 and 1 that a member's probability counts


def combined(log_odds: FloatArray, outcome: Outcome, pull: float) -> tuple[FloatArray, float]:
    """Return weights, none below 0, shape (classifiers,), and intercept of a sum of log-odds.

    Lowest is ``sum -log P(outcome) + pull / 2 * sum (weight - 1 / classifiers)²``: rows that say
    little leave the mean of the log-odds. Weights below 0 would play classifiers off against each
    other that say nearly the same (Breiman, "Stacked regressions", 1996).

    Parameters
    ----------
    log_odds
        Of rows that the classifiers have not seen, shape (rows, classifiers).
    outcome
        0 or 1, shape (rows,).
    pull
        Towards equal weights, as if so many rows had spoken for them.
    """
    count = log_odds.shape[1]
    equal = np.full(count, 1 / count)

    def loss(at: FloatArray) -> tuple[float, FloatArray]:
        line = (log_odds * at[:-1]).sum(axis=1) + at[-1]
        away = at[:-1] - equal
        value = np.sum(np.logaddexp(0, line) - outcome * line) + pull / 2 * np.sum(away**2)
        errors = (expit(line) - outcome)[:, np.newaxis]
        slope = np.append((errors * log_odds).sum(axis=0) + pull * away, errors.sum())
        return float(value) / len(outcome), slope / len(outcome)

    bounds = [(0, None)] * count + [(None, None)]
    options = {"ftol": 1e-14, "gtol": 1e-10, "maxiter": 1000}
    start = np.append(equal, 0.0)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    weights: FloatArray = found[:-1]
    if weights.sum() < _LEAST_SUM:
        weights = _LEAST_SUM * equal
    return weights, float(found[-1])


def log_odds_of(probability: Any) -> FloatArray:
    """Return the log-odds of members' probabilities, none of them certain."""
    return logit(np.clip(np.asarray(probability, dtype=np.float64), _CERTAIN, 1 - _CERTAIN))


def cross_combined(
    unseen: FloatArray, outcome: Outcome, parts: Sequence[npt.NDArray[np.intp]], pull: float
) -> FloatArray:
    """Return what a stack says of rows that neither its members nor its weights have seen, shape (rows,).

    Parameters
    ----------
    unseen
        Probabilities of the members, each by a member that had not seen the row; shape (rows, members).
    outcome
        0 or 1, shape (rows,).
    parts
        Rows of each fold: its weights are learned from the others.
    pull
        See :func:`combined`.
    """
    log_odds = log_odds_of(unseen)
    found = np.empty(len(outcome))
    for part in parts:
        others = np.setdiff1d(np.arange(len(outcome)), part)
        weights, intercept = combined(log_odds[others], outcome[others], pull)
        found[part] = expit((log_odds[part] * weights).sum(axis=1) + intercept)
    return found


class CombiningClassifier(BinaryClassifier):
    """A weighted sum of the log-odds of several classifiers, its members.

    Attributes
    ----------
    fitted_ : dict of str to estimator
        The members, fitted to all rows.
    weights_ : ndarray, shape (members,)
        Learned from members that had not seen the rows: the folds inside keep patients whole.
    intercept_ : float
        Added to the sum.
    """

    inner_folds: int
    pull: float
    seed: int

    @abstractmethod
    def unfitted_members(self) -> dict[str, ClassifierMixin]:
        """Return the members as they are before they have learned, in their order.

        Raises
        ------
        ScreenError
            If they cannot be members, or an option is wrong.
        """

    def kind_of(self, member: str) -> str:
        """Return which kind of classifier a member is."""
        return member

    def places_of(self, member: str) -> Any:
        """Return the places of the columns that a member sees."""
        return slice(None)

    def names_of(self, member: str) -> list[str] | None:
        """Return the names of the columns that a member sees; None where they are not known."""
        return None

    def watch_of(self, member: str) -> Watch | None:
        """Return what a member is handed that trains for long."""
        return None

    def _learn(self, values: Any, outcome: Outcome, groups: Groups | None) -> None:
        members = self.unfitted_members()
        if len(members) == 1:  # nothing to weigh
            self.weights_, self.intercept_ = np.ones(1), 0.0
        else:
            unseen = np.empty((len(outcome), len(members)))
            for train, test in inner_splits(outcome, groups, self.inner_folds, self.seed):
                owners = None if groups is None else groups[train]
                fitted = self._fitted(values[train], outcome[train], owners)
                unseen[test] = self.said_by(fitted, values[test])
            self.weights_, self.intercept_ = combined(unseen, outcome, self.pull)
        self.fitted_ = self._fitted(values, outcome, groups)

    def _fitted(self, values: Any, outcome: Outcome, groups: Groups | None) -> dict[str, ClassifierMixin]:
        fitted = self.unfitted_members()
        for name, member in fitted.items():
            part = values[:, self.places_of(name)]
            fit_rows(member, part, outcome, groups, self.names_of(name), self.watch_of(name))
        return fitted

    def _log_odds(self, values: Any) -> FloatArray:
        return (self.said_by(self.fitted_, values) * self.weights_).sum(axis=1) + self.intercept_

    def said_by(self, members: Mapping[str, ClassifierMixin], values: Any) -> FloatArray:
        """Return the log-odds of each member, shape (rows, members)."""
        chances = [one.predict_proba(values[:, self.places_of(name)])[:, 1] for name, one in members.items()]
        return log_odds_of(np.stack(chances, axis=1))

    def contributions(self, values: Any) -> FloatArray:
        """Return the members' contributions times their weights, added up; shape (rows, columns + 1)."""
        whole = np.zeros((len(values), values.shape[1] + 1))
        whole[:, -1] = self.intercept_
        for weight, (name, member) in zip(self.weights_, self.fitted_.items(), strict=True):
            part = values[:, self.places_of(name)]
            found = CLASSIFIERS[self.kind_of(name)].contributions(member, part)
            log_odds = log_odds_of(member.predict_proba(part)[:, 1])
            whole[:, :-1][:, self.places_of(name)] += weight * closed(found[:, :-1], log_odds - found[:, -1])
            whole[:, -1] += weight * found[:, -1]
        return whole


class MemberPart(BaseModel):
    """A member in a file: which it is, the digest of its own file, and its weight."""

    name: str
    sha256: Digest
    weight: Weight


def require_weight(members: Sequence[MemberPart]) -> None:
    """Raise a ValueError where no member has any weight."""
    if not sum(member.weight for member in members) > 0:
        raise ValueError("no member has any weight")


def save_member(kind: str, member: ClassifierMixin, place: Path) -> str:
    """Write a fitted member to a file of its own, and return its SHA-256."""
    CLASSIFIERS[kind].save(member, place)
    return _digest(place)


def load_member(
    kind: str, place: Path, unfitted: ClassifierMixin, sha256: str, features: int
) -> ClassifierMixin:
    """Return a member from its file.

    Raises
    ------
    ModelError
        If the file is missing, not the one that was saved, or expects another number of features.
    """
    if not place.is_file() or _digest(place) != sha256:
        raise ModelError(f"{place} is missing, or not the one that its weight was saved with")
    fitted = CLASSIFIERS[kind].load(place, unfitted)
    if CLASSIFIERS[kind].input_count(fitted) != features:
        raise ModelError(f"{place} does not expect {features} features, as its weight was saved with")
    return fitted


def filled(
    unfitted: Any,
    fitted: dict[str, ClassifierMixin],
    parts: Sequence[MemberPart],
    intercept: float,
    features: int,
) -> ClassifierMixin:
    """Return a combination filled with its fitted members, their weights, and what else it has learned."""
    unfitted.fitted_ = fitted
    unfitted.weights_ = np.array([one.weight for one in parts])
    unfitted.intercept_ = intercept
    unfitted.classes_ = class_labels()
    unfitted.n_features_in_ = features
    return unfitted


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
