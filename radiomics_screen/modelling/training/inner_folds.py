"""Settings tried on folds inside the rows to learn from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.classifiers.base import fit_rows
from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.data.splits import inner_splits
from radiomics_screen.modelling.statistics.metrics import auc_of
from radiomics_screen.modelling.steps.chain import names_after
from radiomics_screen.modelling.training.finished_work import key_of
from radiomics_screen.modelling.training.pipeline import fitted
from radiomics_screen.modelling.training.plan import Plan
from radiomics_screen.modelling.training.preparation_steps import preparation_steps

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
class InnerFold:
    """An inner fold, prepared for a classifier that gets the names and blocks of its columns."""

    learned: FloatArray
    outcome: npt.NDArray[np.int64]
    groups: npt.NDArray[np.object_]
    names: list[str]
    blocks: list[str]
    tested: FloatArray
    rows: npt.NDArray[np.intp]
    truth: npt.NDArray[np.int64]


class InnerFolds:
    """The inner folds, each prepared once for all classifiers that learn from the same columns."""

    def __init__(self, plan: Plan, rows: Dataset) -> None:
        self.rows = len(rows.outcome)
        self._plan, self._all = plan, rows
        self._prepared: dict[str, list[InnerFold]] = {}
        facts = (plan.preparation, plan.inner_folds, plan.seed, plan.device)
        keeps = plan.finished is not None and plan.finished.keeps_trials
        self._key = key_of(rows, "trial", *facts) if keeps else None

    def known(self, classifier: str, options: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return what is known of a setting that was tried before the fit was cut off."""
        if self._plan.finished is None or self._key is None:
            return None
        found: Mapping[str, Any] | None = self._plan.finished.recall(self._key(classifier, options))
        return found

    def keep(self, classifier: str, options: Mapping[str, Any], trial: _Trial) -> None:
        """Keep a setting that was tried."""
        if self._plan.finished is not None and self._key is not None:
            content = {**vars(trial), "unseen": trial.unseen.tolist()}
            self._plan.finished.keep(self._key(classifier, options), content)

    def of(self, classifier: str) -> list[InnerFold]:
        """Return the folds as a classifier sees them."""
        takes = CLASSIFIERS[classifier].takes
        if takes == "both" and not self._all.columns.crop:
            takes = "numbers"  # which are then the same
        if takes not in self._prepared:
            columns = self._all.columns.of(takes)
            self._prepared[takes] = _prepared(self._plan, self._all.only(columns))
        return self._prepared[takes]


def _prepared(plan: Plan, rows: Dataset) -> list[InnerFold]:
    """Return the inner folds, with what each learns of the columns before a classifier."""
    folds = []
    for train, test in inner_splits(rows.outcome, rows.groups, plan.inner_folds, plan.seed):
        part = rows.take(train)
        steps = fitted(Pipeline(preparation_steps(plan.preparation, rows.columns, seed=plan.seed)), part)
        learned, tested = (np.asarray(steps.transform(one.inputs)) for one in (part, rows.take(test)))
        names = names_after(steps)
        blocks = rows.columns.blocks_of(names)
        truth = rows.outcome[test]
        folds.append(InnerFold(learned, part.outcome, part.groups, names, blocks, tested, test, truth))
    if not any(0 < fold.truth.sum() < len(fold.truth) for fold in folds):
        raise ModelError(
            "no inner fold has rows of both classes to test on: collect more cases, or take another seed"
        )
    return folds


def try_setting(
    plan: Plan, name: str, options: dict[str, Any], folds: InnerFolds, stop: Stop
) -> Setting | None:
    """Return a setting with its mean AUC; None where it was given up."""
    known = _Trial.of_json(folds.known(name, options), folds.rows)
    for number, mean in enumerate(known.means, start=1):
        if stop(mean) and number < known.of:
            return None
    if len(known.means) < known.of or not known.of:
        known = _tried_on(plan, name, options, folds, stop, done=len(known.means))
        folds.keep(name, options, known)
    return Setting(name, options, known.means[-1], known.unseen) if len(known.means) == known.of else None


@dataclass(frozen=True)
class _Trial:
    """A setting on inner folds: mean AUC after each, of how many, and what was said of the rows."""

    means: list[float]
    of: int
    unseen: FloatArray

    @classmethod
    def of_json(cls, content: Mapping[str, Any] | None, rows: int) -> _Trial:
        if content is None:
            return cls([], 0, np.full(rows, np.nan))
        return cls(content["means"], content["of"], np.array(content["unseen"], dtype=np.float64))


def _tried_on(
    plan: Plan, name: str, options: dict[str, Any], folds: InnerFolds, stop: Stop, *, done: int
) -> _Trial:
    """Try a setting on the inner folds until it is given up, which was not done after `done` of them."""
    prepared, unseen = folds.of(name), np.full(folds.rows, np.nan)
    aucs: list[float] = []
    means: list[float] = []
    for number, fold in enumerate(prepared, start=1):
        estimator = CLASSIFIERS[name].build(seed=plan.seed, device=plan.device, **options)
        watch = plan.watch.within(f"inner fold {number}")
        fit_rows(estimator, fold.learned, fold.outcome, fold.groups, fold.names, watch, fold.blocks)
        unseen[fold.rows] = estimator.predict_proba(fold.tested)[:, 1]
        aucs.append(auc_of(fold.truth, unseen[fold.rows]))
        means.append(mean_auc(aucs))
        if number > done and stop(means[-1]) and number < len(prepared):
            break
    return _Trial(means, len(prepared), unseen)


def mean_auc(aucs: list[float]) -> float:
    """Return the mean of those that have a value; NaN without any."""
    there = [auc for auc in aucs if not math.isnan(auc)]
    return math.fsum(there) / len(there) if there else math.nan
