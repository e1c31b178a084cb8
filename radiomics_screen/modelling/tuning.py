"""Which classifier, with which settings: found on folds inside the rows to learn from.

Everything that looks at the rows is learned anew in each inner fold: preparation, classifier, and the
weights of a stack. What is found here is too good by having been searched for; how good it is, only rows
outside can tell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from radiomics_screen.errors import ModelError
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.classifiers._inner import inner_splits
from radiomics_screen.modelling.classifiers.base import resolved_options
from radiomics_screen.modelling.classifiers.stack import USUAL, cross_combined
from radiomics_screen.modelling.dataset import Dataset
from radiomics_screen.modelling.metrics import Floats, ranking_figures
from radiomics_screen.modelling.pipeline import fitted
from radiomics_screen.modelling.plan import Plan

_STACK = "stack"
_DRAWN_FIRST = 10  # settings drawn by chance before the search learns from them
_NOT_GIVEN_UP = 5  # settings that are tried on all inner folds, whatever comes of them

Stop = Callable[[int, float], bool]  # (inner fold, mean AUC so far) -> whether to give up


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
    unseen: Floats


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
    """An inner fold, prepared for a classifier."""

    learned: Floats
    outcome: npt.NDArray[np.int64]
    groups: npt.NDArray[np.object_]
    tested: Floats
    rows: npt.NDArray[np.intp]
    truth: npt.NDArray[np.int64]


def search(plan: Plan, rows: Dataset) -> Search:
    """Return the best setting of the plan's candidates on inner folds of `rows`.

    The defaults of each candidate are tried first. Then settings are drawn, by chance first and then
    where good ones were found (tree-structured Parzen estimator: Bergstra et al. 2011; Optuna: Akiba et
    al. 2019). One whose mean AUC after two or more inner folds is below the median of the others is given
    up. A stack adds up the best settings of the other candidates; its weights, too, are learned on the
    other inner folds.

    Raises
    ------
    ModelError
        If the rows cannot be divided again, or hyperparameters are not those of a candidate.
    """
    folds = list(_prepared(plan, rows))
    members = [name for name in plan.candidates if name != _STACK]
    tuned_stack = _STACK in plan.candidates and plan.chooses
    if tuned_stack and len(members) < 2:
        members = list(dict.fromkeys([*members, *USUAL]))
    settings, given_up = _tried(plan, members if tuned_stack else list(plan.candidates), folds, rows)
    best = {one.classifier: one for one in sorted(settings, key=lambda one: one.auc)}
    if tuned_stack:
        best[_STACK] = _stacked(plan, [best[name] for name in members], folds, rows)
    allowed = [best[name] for name in plan.candidates]
    return Search(
        max(allowed, key=lambda one: one.auc),
        {name: best[name].auc for name in plan.candidates},
        len(settings) + given_up,
        given_up,
    )


def _prepared(plan: Plan, rows: Dataset) -> Iterator[_Fold]:
    for train, test in inner_splits(rows.outcome, rows.groups, plan.inner_folds, plan.seed):
        part = rows.take(train)
        steps = fitted(Pipeline(plan.preparation.steps(rows.columns, seed=plan.seed)), part)
        learned, tested = (np.asarray(steps.transform(one.inputs)) for one in (part, rows.take(test)))
        yield _Fold(learned, part.outcome, part.groups, tested, test, rows.outcome[test])


def _tried(plan: Plan, names: list[str], folds: list[_Fold], rows: Dataset) -> tuple[list[Setting], int]:
    """Return the settings that were tried to the end, and how many were given up."""
    fixed = {name: plan.hyperparameters.get(name, {}) for name in names}
    done = []
    if plan.trials <= len(names):
        for name in names:
            options = resolved_options(CLASSIFIERS[name], fixed[name])
            done.append(_required(_judged(plan, name, options, folds, len(rows.outcome))))
        return done, 0
    given_up = 0
    deadline = math.inf if plan.seconds is None else monotonic() + plan.seconds
    study = _Study(plan, names, fixed)
    for number in range(plan.trials):
        if number >= len(names) and monotonic() > deadline:
            break
        name, options, stop, tell = study.ask()
        found = _judged(plan, name, options, folds, len(rows.outcome), stop)
        tell(found)
        if found is None:
            given_up += 1
        else:
            done.append(found)
    return done, given_up


def _required(found: Setting | None) -> Setting:
    if found is None:
        raise ModelError("no inner fold has rows of both classes to test on: collect more cases")
    return found


class _Study:
    """Where to look next: Optuna's study of settings."""

    def __init__(self, plan: Plan, names: list[str], fixed: dict[str, Any]) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.names, self.fixed = names, fixed
        sampler = optuna.samplers.TPESampler(seed=plan.seed, n_startup_trials=_DRAWN_FIRST)
        patience = max(_NOT_GIVEN_UP, len(names))
        pruner = optuna.pruners.MedianPruner(n_startup_trials=patience, n_warmup_steps=1)
        self.study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
        self.given_up = optuna.trial.TrialState.PRUNED
        for name in names:
            defaults = resolved_options(CLASSIFIERS[name], {})
            first = {f"{name}.{option}": defaults[option] for option in self._tuned(name)}
            self.study.enqueue_trial({"classifier": name, **first})

    def _tuned(self, name: str) -> list[str]:
        return [option for option in CLASSIFIERS[name].space if option not in self.fixed[name]]

    def ask(self) -> tuple[str, dict[str, Any], Stop, Callable[[Setting | None], None]]:
        """Return a setting to try, when to give it up, and whom to tell."""
        trial = self.study.ask()
        name = str(trial.suggest_categorical("classifier", self.names))
        kind = CLASSIFIERS[name]
        drawn: dict[str, Any] = {}
        for option in self._tuned(name):
            span = kind.space[option]
            where = f"{name}.{option}"
            if isinstance(span.low, int) and isinstance(span.high, int):
                drawn[option] = trial.suggest_int(where, span.low, span.high, log=span.log)
            else:
                drawn[option] = trial.suggest_float(where, span.low, span.high, log=span.log)

        def stop(fold: int, mean: float) -> bool:
            trial.report(mean, fold)
            return bool(trial.should_prune())

        def tell(found: Setting | None) -> None:
            if found is None:
                self.study.tell(trial, state=self.given_up)
            else:
                self.study.tell(trial, found.auc)

        return name, resolved_options(kind, {**self.fixed[name], **drawn}), stop, tell


def _judged(
    plan: Plan, name: str, options: dict[str, Any], folds: list[_Fold], rows: int, stop: Stop | None = None
) -> Setting | None:
    """Return a setting with its mean AUC; None where it was given up, or no AUC has a value."""
    unseen, aucs = np.full(rows, np.nan), []
    for number, fold in enumerate(folds):
        estimator = CLASSIFIERS[name].build(seed=plan.seed, device=plan.device, **options)
        told = {"groups": fold.groups} if has_fit_parameter(estimator, "groups") else {}
        estimator.fit(fold.learned, fold.outcome, **told)
        unseen[fold.rows] = estimator.predict_proba(fold.tested)[:, 1]
        aucs.append(_auc(fold.truth, unseen[fold.rows]))
        last = number == len(folds) - 1
        if stop is not None and not last and stop(number, _mean(aucs)):
            return None
    mean = _mean(aucs)
    return None if math.isnan(mean) else Setting(name, options, mean, unseen)


def _auc(truth: npt.NDArray[np.int64], probability: Floats) -> float:
    return float(ranking_figures(truth.astype(np.float64), probability, np.ones((1, len(truth))))[0][0])


def _mean(aucs: list[float]) -> float:
    """Return the mean of those that have a value; NaN without any."""
    there = [auc for auc in aucs if not math.isnan(auc)]
    return math.fsum(there) / len(there) if there else math.nan


def _stacked(plan: Plan, members: list[Setting], folds: list[_Fold], rows: Dataset) -> Setting:
    """Return the stack of the members' best settings."""
    chosen = {
        "members": [one.classifier for one in members],
        "options": {one.classifier: one.hyperparameters for one in members},
    }
    options = resolved_options(CLASSIFIERS[_STACK], {**chosen, **plan.hyperparameters.get(_STACK, {})})
    unseen = cross_combined(
        np.stack([one.unseen for one in members], axis=1),
        rows.outcome,
        [fold.rows for fold in folds],
        options["pull"],
    )
    aucs = [_auc(fold.truth, unseen[fold.rows]) for fold in folds]
    return Setting(_STACK, options, _mean(aucs), unseen)
