"""A stack: classifiers whose log-odds are added up with learned weights (Wolpert 1992, Breiman 1996)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field, model_validator
from scipy.special import expit, logit
from sklearn.base import ClassifierMixin

from radiomics_screen.errors import ModelError
from radiomics_screen.modelling.classifiers._binary import BinaryClassifier, Floats, Groups, Outcome, closed
from radiomics_screen.modelling.classifiers._combining import combined
from radiomics_screen.modelling.classifiers._data_file import (
    Moderate,
    class_labels,
    read_content,
    write_content,
)
from radiomics_screen.modelling.classifiers.base import (
    CLASSIFIERS,
    ClassifierKind,
    classifier,
    fit_rows,
    resolved_options,
)
from radiomics_screen.modelling.splits import inner_splits
from radiomics_screen.options import NonNegative

Folds = Annotated[int, Field(ge=2, le=20)]
Names = list[str] | None
Options = dict[str, dict[str, Any]] | None

USUAL = ("logistic", "svm", "xgboost")  # a forest takes longer than these together
_NAME = "stack"
_CERTAIN = 1e-6  # nearest to 0 and 1 that a member's probability counts


class StackClassifier(BinaryClassifier):
    """A weighted sum of the log-odds of several classifiers.

    Attributes
    ----------
    fitted_ : dict of str to estimator
        The members, fitted to all rows, by their names in alphabetical order.
    weights_ : ndarray, shape (members,)
        Learned from members that had not seen the rows: the folds inside keep patients whole.
    intercept_ : float
        Added to the sum.
    """

    def __init__(
        self,
        members: Names = None,
        options: Options = None,
        inner_folds: int = 5,
        pull: float = 4.0,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.members = members
        self.options = options
        self.inner_folds = inner_folds
        self.pull = pull
        self.seed = seed
        self.device = device

    def unfitted_members(self) -> dict[str, ClassifierMixin]:
        """Return the members as they are before they have learned, in alphabetical order.

        Raises
        ------
        ScreenError
            If they cannot be members, or an option is wrong.
        """
        names = member_names(self.members, self.options)
        given: Mapping[str, Any] = self.options or {}
        built = {}
        for name in names:
            kind = CLASSIFIERS[name]
            options = resolved_options(kind, given.get(name, {}))
            built[name] = kind.build(seed=self.seed, device=self.device, **options)
        return built

    def _learn(self, values: Floats, outcome: Outcome, groups: Groups | None) -> None:
        unseen = np.empty((len(outcome), len(self.unfitted_members())))
        for train, test in inner_splits(outcome, groups, self.inner_folds, self.seed):
            owners = None if groups is None else groups[train]
            fitted = self._fitted(values[train], outcome[train], owners)
            unseen[test] = _log_odds_of(fitted, values[test])
        self.weights_, self.intercept_ = combined(unseen, outcome, self.pull)
        self.fitted_ = self._fitted(values, outcome, groups)

    def _fitted(self, values: Floats, outcome: Outcome, groups: Groups | None) -> dict[str, ClassifierMixin]:
        fitted = self.unfitted_members()
        for member in fitted.values():
            fit_rows(member, values, outcome, groups)
        return fitted

    def _log_odds(self, values: Floats) -> Floats:
        return (_log_odds_of(self.fitted_, values) * self.weights_).sum(axis=1) + self.intercept_


def member_names(members: Names, options: Options) -> list[str]:
    """Return the names of the members in alphabetical order.

    Raises
    ------
    ScreenError
        If there are fewer than two, one is named twice, is a stack or not known, or options are
        given for one that is no member.
    """
    names = sorted(USUAL if members is None else members)
    if len(names) < 2 or len(set(names)) < len(names) or _NAME in names:
        raise ModelError(
            f"the members of a stack are {', '.join(names) or 'none'}; name two or more different "
            "classifiers, none of them a stack"
        )
    for name in names:
        CLASSIFIERS[name]
    if foreign := sorted(set(options or {}) - set(names)):
        raise ModelError(f"options are given for '{foreign[0]}', which is not a member ({', '.join(names)})")
    return names


def _log_odds_of(members: Mapping[str, ClassifierMixin], values: Floats) -> Floats:
    """Return the log-odds of each member, shape (rows, members)."""
    chances = [np.asarray(one.predict_proba(values)[:, 1], dtype=np.float64) for one in members.values()]
    return logit(np.clip(np.stack(chances, axis=1), _CERTAIN, 1 - _CERTAIN))


def cross_combined(
    unseen: Floats, outcome: Outcome, parts: Sequence[npt.NDArray[np.intp]], pull: float
) -> Floats:
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
        See :func:`stack_classifier`.
    """
    log_odds = logit(np.clip(unseen, _CERTAIN, 1 - _CERTAIN))
    found = np.empty(len(outcome))
    for part in parts:
        others = np.setdiff1d(np.arange(len(outcome)), part)
        weights, intercept = combined(log_odds[others], outcome[others], pull)
        found[part] = expit((log_odds[part] * weights).sum(axis=1) + intercept)
    return found


def stack_classifier(
    *,
    members: Names = None,
    options: Options = None,
    inner_folds: Folds = 5,
    pull: NonNegative = 4.0,
    seed: int = 0,
    device: str = "cpu",
) -> StackClassifier:
    """Return an unfitted stack of classifiers.

    Parameters
    ----------
    members
        Names of two or more classifiers; None: logistic, svm and xgboost, which differ in kind and are
        quick. A forest would take longer than these together.
    options
        Hyperparameters of members instead of their defaults, by the members' names.
    inner_folds
        Folds inside the training rows, from which the weights are learned; fewer where a class has
        fewer patients.
    pull
        Towards equal weights, as if so many rows had spoken for them.
    seed
        Of those folds and of all members.
    device
        Where members that can use it are trained: ``"cpu"`` or ``"cuda"``.
    """
    made = StackClassifier(members, options, inner_folds, pull, seed, device)
    made.unfitted_members()  # a wrong name or option is told now
    return made


class _Member(BaseModel):
    name: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    weight: Annotated[float, Field(ge=0, le=1e9, strict=True)]


class _StackFile(BaseModel):
    members: list[_Member]
    intercept: Moderate
    features: Annotated[int, Field(ge=1, le=10**6, strict=True)]

    @model_validator(mode="after")
    def _has_weight(self) -> _StackFile:
        if not sum(member.weight for member in self.members) > 0:
            raise ValueError("no member has any weight")
        return self


@classifier(_NAME)
class StackKind(ClassifierKind):
    """A stack, kept as its weights; each member lies beside them in a file of its own."""

    file_name = "stack.json"
    build = staticmethod(stack_classifier)

    def save(self, estimator: ClassifierMixin, path: Path) -> None:
        members = []
        for (name, member), weight in zip(
            estimator.fitted_.items(), estimator.weights_.tolist(), strict=True
        ):
            kind = CLASSIFIERS[name]
            place = path.with_name(kind.file_name)
            kind.save(member, place)
            members.append(_Member(name=name, sha256=_digest(place), weight=weight))
        content = _StackFile(
            members=members, intercept=estimator.intercept_, features=estimator.n_features_in_
        )
        write_content(path, content)

    def load(self, path: Path, unfitted: ClassifierMixin) -> ClassifierMixin:
        content = read_content(path, _StackFile)
        members = unfitted.unfitted_members()
        if [member.name for member in content.members] != list(members):
            raise ModelError(f"{path} is damaged: its members are not {', '.join(members)}")
        fitted = {}
        for member in content.members:
            kind = CLASSIFIERS[member.name]
            place = path.with_name(kind.file_name)
            if not place.is_file() or _digest(place) != member.sha256:
                raise ModelError(f"{place} is missing, or not the one that {path.name} was saved with")
            fitted[member.name] = kind.load(place, members[member.name])
            if kind.input_count(fitted[member.name]) != content.features:
                raise ModelError(f"{place} does not expect {content.features} features, as the stack does")
        unfitted.fitted_ = fitted
        unfitted.weights_ = np.array([member.weight for member in content.members])
        unfitted.intercept_ = content.intercept
        unfitted.classes_ = class_labels()
        unfitted.n_features_in_ = content.features
        return unfitted

    def input_count(self, estimator: ClassifierMixin) -> int:
        return int(estimator.n_features_in_)

    def contributions(self, estimator: ClassifierMixin, values: Floats) -> Floats:
        """Return the members' contributions, each times its weight and added up."""
        values = np.asarray(values, dtype=np.float64)
        log_odds = _log_odds_of(estimator.fitted_, values)
        whole = np.zeros((len(values), values.shape[1] + 1))
        whole[:, -1] = estimator.intercept_
        for column, (name, member) in enumerate(estimator.fitted_.items()):
            found = CLASSIFIERS[name].contributions(member, values)
            found[:, :-1] = closed(found[:, :-1], log_odds[:, column] - found[:, -1])
            whole += estimator.weights_[column] * found
        return whole


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
