"""Which classifier, with which settings: found on folds inside the rows to learn from.

Everything that looks at the rows is learned again in each inner fold: preparation, classifier, and the
weights of a stack. What is found here is too good by having been searched for; how good it is, only rows
outside can tell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.classifiers.base import resolved_options
from radiomics_screen.modelling.classifiers.shared.fusion import cross_combined
from radiomics_screen.modelling.classifiers.stack import USUAL, member_names
from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.statistics.metrics import auc_of
from radiomics_screen.modelling.training.inner_folds import (
    InnerFold,
    InnerFolds,
    Setting,
    mean_auc,
    try_setting,
)
from radiomics_screen.modelling.training.plan import Plan
from radiomics_screen.modelling.training.study import Study, searched_options

_STACK = "stack"


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
    folds = InnerFolds(plan, rows)
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


def _tried(plan: Plan, given: dict[str, dict[str, Any]], folds: InnerFolds) -> tuple[list[Setting], int]:
    """Return the settings that were tried to the end, and how many were given up.

    A classifier without an option to search is tried once, before the others.
    """
    varied = {name: options for name, options in given.items() if searched_options(name, options)}
    deadline = math.inf if plan.seconds is None else monotonic() + plan.seconds
    found = []
    for name in given:
        if name not in varied:
            options = resolved_options(CLASSIFIERS[name], given[name])
            found.append(try_setting(plan, name, options, folds, lambda mean: False))
    study = Study(plan.seed, varied) if varied else None
    while study is not None and len(found) < max(plan.trials, len(given)):
        if len(found) >= len(given) and monotonic() > deadline:
            break
        name, options, stop, tell = study.ask()
        found.append(try_setting(plan, name, options, folds, stop))
        tell(found[-1])
    done = [one for one in found if one is not None]
    return done, len(found) - len(done)


def _stacked(
    plan: Plan, members: list[Setting], folds: list[InnerFold], outcome: npt.NDArray[np.int64]
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
    return Setting(_STACK, options, mean_auc(aucs), unseen)
