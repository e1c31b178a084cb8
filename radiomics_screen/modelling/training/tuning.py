"""Which classifier, with which settings: found on folds inside the rows to learn from.

Everything that looks at the rows is learned again in each inner fold: preparation, classifier, and the
weights of a stack. What is found here is too good by having been searched for; how good it is, only rows
outside can tell.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.classifiers.base import fit_rows, resolved_options
from radiomics_screen.modelling.classifiers.shared.fusion import cross_combined
from radiomics_screen.modelling.classifiers.stack import USUAL, member_names
from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.data.splits import inner_splits
from radiomics_screen.modelling.statistics.metrics import auc_of
from radiomics_screen.modelling.steps.chain import names_after
from radiomics_screen.modelling.training.pipeline import fitted
from radiomics_screen.modelling.training.plan import Plan
from radiomics_screen.modelling.training.preparation_steps import preparation_steps

_STACK = "stack"
_DRAWN_FIRST = 10  # settings drawn by chance before the search learns from them
_NOT_GIVEN_UP = 5  # settings that are tried on all inner folds, whatever comes of them
_FEWEST_FOLDS = 2  # after which a setting may be given up

Stop = Callable[[float], bool]  # mean AUC after one more inner fold -> whether to give up


@dataclass(frozen=True)
class Setting:
    """A classifier with its hyperparameters, and what it said of rows that it had not seen.

    Attributes
    ----------
    classifier, hyperparameters
        All of them, tuned or not.
    auc
        Mean over the inner folds.
    unseen
        Probability of each row by the pipeline of the other inner folds, shape (rows,).
    """

    classifier: str
    hyperparameters: dict[str, Any]
    auc: float
    unseen: FloatArray


@dataclass(frozen=True)
class Search:
    """What a search found.

    Attributes
    ----------
    best
        The setting with the highest mean AUC.
    by_classifier
        Mean AUC on the inner folds of each candidate's best setting.
    trials, given_up
        Settings tried, and those of them that were given up after some inner folds.
    """

    best: Setting
    by_classifier: dict[str, float]
    trials: int
    given_up: int


@dataclass(frozen=True)
class _Fold:
    """An inner fold, prepared for a classifier that gets the names and blocks of its columns."""

    learned: FloatArray
    outcome: npt.NDArray[np.int64]
    groups: npt.NDArray[np.object_]
    names: list[str]
    blocks: list[str]
    tested: FloatArray
    rows: npt.NDArray[np.intp]
    truth: npt.NDArray[np.int64]


def search(plan: Plan, rows: Dataset) -> Search:
    """Return the best setting of the plan's candidates on inner folds of `rows`.

    The defaults of each candidate are tried first. Then settings are drawn, by chance first and then
    where good ones were found (tree-structured Parzen estimator: Bergstra et al. 2011; Optuna: Akiba et
    al. 2019). One whose mean AUC after two or more inner folds is below the median of the others there is
    given up. Of equally good settings the first counts, which is a default where there is one.

    A stack adds up the best settings of its members: those named in its hyperparameters, else the other
    candidates that learn from numbers, with the usual members where that is but one. Its weights, too, are
    learned on the other inner folds. Late fusion is tried once, as it is given.

    Raises
    ------
    ModelError
        If the rows cannot be divided again, or hyperparameters are not those of a candidate.
    """
    folds = _Folds(plan, rows)
    names, members = _searched(plan)
    settings, given_up = _tried(plan, names, folds)
    best = {name: _best([one for one in settings if one.classifier == name]) for name in names}
    if members:
        best[_STACK] = _stacked(plan, [best[name] for name in members], folds.of(_STACK), rows.outcome)
    return Search(
        _best([best[name] for name in plan.candidates]),
        {name: best[name].auc for name in plan.candidates},
        len(settings) + given_up,
        given_up,
    )


def _best(settings: Sequence[Setting]) -> Setting:
    """Return the setting with the highest mean AUC, of several the first."""
    return max(settings, key=lambda one: one.auc)


class _Folds:
    """The inner folds, each prepared once for all classifiers that learn from the same columns."""

    def __init__(self, plan: Plan, rows: Dataset) -> None:
        self.rows = len(rows.outcome)
        self._plan, self._all = plan, rows
        self._prepared: dict[str, list[_Fold]] = {}

    def of(self, classifier: str) -> list[_Fold]:
        """Return the folds as a classifier sees them."""
        takes = CLASSIFIERS[classifier].takes
        if takes == "both" and not self._all.columns.crop:
            takes = "numbers"  # which are then the same
        if takes not in self._prepared:
            columns = self._all.columns.of(takes)
            self._prepared[takes] = _prepared(self._plan, self._all.only(columns))
        return self._prepared[takes]


def _prepared(plan: Plan, rows: Dataset) -> list[_Fold]:
    """Return the inner folds, with what each learns of the columns before a classifier."""
    folds = []
    for train, test in inner_splits(rows.outcome, rows.groups, plan.inner_folds, plan.seed):
        part = rows.take(train)
        steps = fitted(Pipeline(preparation_steps(plan.preparation, rows.columns, seed=plan.seed)), part)
        learned, tested = (np.asarray(steps.transform(one.inputs)) for one in (part, rows.take(test)))
        names = names_after(steps)
        blocks = rows.columns.blocks_of(names)
        truth = rows.outcome[test]
        folds.append(_Fold(learned, part.outcome, part.groups, names, blocks, tested, test, truth))
    if not any(0 < fold.truth.sum() < len(fold.truth) for fold in folds):
        raise ModelError(
            "no inner fold has rows of both classes to test on: collect more cases, or take another seed"
        )
    return folds


def _searched(plan: Plan) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return what is searched, each with the options that are given, and the members of a stack of them."""
    given = {name: dict(plan.hyperparameters.get(name, {})) for name in plan.candidates}
    if _STACK not in given or not plan.chooses:
        return given, []
    stack = given.pop(_STACK)
    others = [name for name in given if CLASSIFIERS[name].takes == "numbers"]
    usual = others if len(others) > 1 else sorted({*others, *USUAL})
    options = stack.get("options") or {}
    members = member_names(stack.get("members") or usual, options)
    if odd := [name for name in members if CLASSIFIERS[name].takes != "numbers"]:
        raise ModelError(
            f"{odd[0]} cannot be a member of a stack, which learns from numbers; take late fusion"
        )
    for name in members:
        given[name] = {**options.get(name, {}), **given.get(name, {})}
    return given, members


def _tried(plan: Plan, given: dict[str, dict[str, Any]], folds: _Folds) -> tuple[list[Setting], int]:
    """Return the settings that were tried to the end, and how many were given up.

    A classifier without an option to search is tried once, before the others.
    """
    varied = {name: options for name, options in given.items() if searched_options(name, options)}
    deadline = math.inf if plan.seconds is None else monotonic() + plan.seconds
    found = []
    for name in given:
        if name not in varied:
            options = resolved_options(CLASSIFIERS[name], given[name])
            found.append(_judged(plan, name, options, folds, lambda mean: False))
    study = _Study(plan.seed, varied) if varied else None
    while study is not None and len(found) < max(plan.trials, len(given)):
        if len(found) >= len(given) and monotonic() > deadline:
            break
        name, options, stop, tell = study.ask()
        found.append(_judged(plan, name, options, folds, stop))
        tell(found[-1])
    done = [one for one in found if one is not None]
    return done, len(found) - len(done)


def searched_options(name: str, given: Mapping[str, Any]) -> list[str]:
    """Return the options of a classifier that are searched: those worth it that are not given."""
    return [option for option in CLASSIFIERS[name].space if option not in given]


@cache
def load_optuna() -> Any:
    """Return Optuna, quiet; call it before threads do, as warnings are set aside for the whole process."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")  # of a bar that is never shown
        import optuna
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


class _Study:
    """Where to look next: Optuna's study of settings.

    Parameters
    ----------
    seed
        Of what is drawn.
    given
        Names of the classifiers, each with the options that are not searched.
    """

    def __init__(self, seed: int, given: dict[str, dict[str, Any]]) -> None:
        optuna = load_optuna()
        self.given = given
        self.given_up = optuna.trial.TrialState.PRUNED
        self.running: list[list[float]] = []  # mean AUCs after each inner fold, of settings tried to the end
        self.patience = max(_NOT_GIVEN_UP, len(given))
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_DRAWN_FIRST)
        pruner = optuna.pruners.NopPruner()
        self.study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
        for name in given:
            defaults = resolved_options(CLASSIFIERS[name], {})
            first = {f"{name}.{option}": defaults[option] for option in searched_options(name, given[name])}
            self.study.enqueue_trial({"classifier": name, **first})

    def ask(self) -> tuple[str, dict[str, Any], Stop, Callable[[Setting | None], None]]:
        """Return a setting to try, when to give it up, and whom to tell."""
        trial = self.study.ask()
        name = str(trial.suggest_categorical("classifier", list(self.given)))
        kind = CLASSIFIERS[name]
        drawn: dict[str, Any] = {}
        for option in searched_options(name, self.given[name]):
            span = kind.space[option]
            where = f"{name}.{option}"
            if isinstance(span.low, int) and isinstance(span.high, int):
                drawn[option] = trial.suggest_int(where, span.low, span.high, log=span.log)
            else:
                drawn[option] = trial.suggest_float(where, span.low, span.high, log=span.log)
        means: list[float] = []

        def stop(mean: float) -> bool:
            trial.report(mean, len(means))
            means.append(mean)
            return self._is_behind(means)

        def tell(found: Setting | None) -> None:
            if found is None:
                self.study.tell(trial, state=self.given_up)
            else:
                self.study.tell(trial, found.auc)
                self.running.append(means)

        return name, resolved_options(kind, {**self.given[name], **drawn}), stop, tell

    def _is_behind(self, means: list[float]) -> bool:
        """Tell whether a setting does worse so far than most did that were tried to the end."""
        if len(means) < _FEWEST_FOLDS or len(self.running) < self.patience:
            return False
        return means[-1] < float(np.median([one[len(means) - 1] for one in self.running]))


def _judged(plan: Plan, name: str, options: dict[str, Any], folds: _Folds, stop: Stop) -> Setting | None:
    """Return a setting with its mean AUC; None where it was given up."""
    prepared, unseen, aucs = folds.of(name), np.full(folds.rows, np.nan), []
    for number, fold in enumerate(prepared, start=1):
        estimator = CLASSIFIERS[name].build(seed=plan.seed, device=plan.device, **options)
        watch = plan.watch.within(f"inner fold {number}")
        fit_rows(estimator, fold.learned, fold.outcome, fold.groups, fold.names, watch, fold.blocks)
        unseen[fold.rows] = estimator.predict_proba(fold.tested)[:, 1]
        aucs.append(auc_of(fold.truth, unseen[fold.rows]))
        if stop(_mean(aucs)) and number < len(prepared):
            return None
    return Setting(name, options, _mean(aucs), unseen)


def _mean(aucs: list[float]) -> float:
    """Return the mean of those that have a value; NaN without any."""
    there = [auc for auc in aucs if not math.isnan(auc)]
    return math.fsum(there) / len(there) if there else math.nan


def _stacked(
    plan: Plan, members: list[Setting], folds: list[_Fold], outcome: npt.NDArray[np.int64]
) -> Setting:
    """Return the stack of the members' best settings."""
    chosen = {
        "members": [one.classifier for one in members],
        "options": {one.classifier: one.hyperparameters for one in members},
    }
    options = resolved_options(CLASSIFIERS[_STACK], {**plan.hyperparameters.get(_STACK, {}), **chosen})
    unseen = cross_combined(
        np.stack([one.unseen for one in members], axis=1),
        outcome,
        [fold.rows for fold in folds],
        options["pull"],
    )
    aucs = [auc_of(fold.truth, unseen[fold.rows]) for fold in folds]
    return Setting(_STACK, options, _mean(aucs), unseen)
