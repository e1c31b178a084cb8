"""The folds of a cross-validation: each learns from its training rows and predicts the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed

from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.core.threads import single_threaded
from radiomics_screen.core.timing import Stages, collect_stages, collected
from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.data.splits import Split
from radiomics_screen.modelling.training.finished_work import key_of
from radiomics_screen.modelling.training.learning import Learned, learn
from radiomics_screen.modelling.training.pipeline import feature_counts, is_constant, kept_features
from radiomics_screen.modelling.training.plan import Plan
from radiomics_screen.modelling.training.study import load_optuna

P = ParamSpec("P")
Result = TypeVar("Result")

#: Called with ``"fold"`` or ``"permutation"``, how many of them are finished, and of how many.
FoldProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class FoldResult:
    """What one fold gave.

    Attributes
    ----------
    probability
        Of its test rows, shape (rows,).
    choice
        What was chosen on its training rows, as plain JSON values.
    counts
        Features left by each step.
    constant
        Whether all of its training rows get the same probability.
    kept
        Names of the features that reach its classifier.
    notes
        What was remarked on the way.
    """

    probability: npt.NDArray[np.float64]
    choice: dict[str, Any]
    counts: dict[str, int]
    constant: bool
    kept: list[str]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return this as plain JSON values; every number comes back to the bit."""
        return {**vars(self), "probability": self.probability.tolist()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> FoldResult:
        """Return what :meth:`to_json` made plain."""
        probability = np.array(content["probability"], dtype=np.float64)
        return cls(**{**content, "probability": probability, "notes": tuple(content["notes"])})


def run_folds(
    dataset: Dataset,
    plan: Plan,
    splits: Sequence[Split],
    *,
    shown: pd.DataFrame | None = None,
    jobs: int = 1,
    progress: FoldProgress | None = None,
) -> list[FoldResult]:
    """Learn from each split's training rows, and predict its test rows; in the order of the splits.

    Parameters
    ----------
    dataset
        Features, outcomes and patients.
    plan
        How a model is learned; all that is learned is learned by it.
    splits
        Of the rows.
    shown
        What the models are shown of the rows that they are tested on, in place of the dataset's inputs.
    jobs
        Number of folds that are worked on at a time; the result does not depend on it.
    progress
        Called after each fold with ``"fold"``, the number of finished folds, and of all.
    """
    into = collected()
    test = _tester(plan, dataset, shown)
    work = (delayed(_collecting)(into, test, split) for split in splits)
    tested: list[FoldResult] = []
    for one in _results(work, jobs):
        tested.append(one)
        if progress is not None:
            progress("fold", len(tested), len(splits))
    return tested


def learn_everywhere(
    dataset: Dataset,
    plan: Plan,
    splits: Sequence[Split],
    *,
    jobs: int = 1,
    progress: FoldProgress | None = None,
) -> tuple[Learned, list[FoldResult]]:
    """Learn from all rows, and from each split's training rows as :func:`run_folds` does.

    Raises
    ------
    ModelError
        If nothing can be learned from all rows: each gets the same probability.
    """
    if plan.looks_inside:
        load_optuna()
    into = collected()
    work: list[Any] = [delayed(_collecting)(into, _learn_from_all, plan, dataset)]
    test = _tester(plan, dataset)
    work += [delayed(_collecting)(into, test, split) for split in splits]
    found: list[Any] = []
    for one in _results(work, jobs):
        found.append(one)
        if progress is not None and len(found) > 1:
            progress("fold", len(found) - 1, len(splits))
    return found[0], found[1:]


def _collecting(into: Stages | None, work: Callable[P, Result], *args: P.args, **options: P.kwargs) -> Result:
    """Do some work whose stages count for another thread."""
    with collect_stages(into, on=into is not None):
        return work(*args, **options)


def _results(work: Iterable[Any], jobs: int) -> Iterator[Any]:
    """Yield what comes of the work, in its order, so much of it at a time."""
    with single_threaded():
        yield from Parallel(n_jobs=jobs, prefer="threads", return_as="generator")(work)


def pooled_probabilities(
    splits: Sequence[Split], tested: Sequence[FoldResult], rows: int
) -> npt.NDArray[np.float64]:
    """Return the out-of-fold probabilities, shape (repeats, rows)."""
    return by_repeat_and_row(splits, [one.probability for one in tested], rows)


def by_repeat_and_row(
    splits: Sequence[Split], values: Sequence[npt.NDArray[np.float64] | float], rows: int
) -> npt.NDArray[np.float64]:
    """Return the values of the folds' test rows, shape (repeats, rows)."""
    repeats = sorted({split.repeat for split in splits})
    found = np.full((len(repeats), rows), np.nan)
    for split, value in zip(splits, values, strict=True):
        found[repeats.index(split.repeat), split.test] = value
    return found


def _tester(plan: Plan, dataset: Dataset, shown: pd.DataFrame | None = None) -> Callable[[Split], FoldResult]:
    """Return what learns and tests in a fold, and takes the result of one that is finished."""
    finished = plan.finished
    if finished is None:
        return partial(_learn_and_test, plan, dataset, shown=shown)
    key = key_of(dataset, plan.facts, None if shown is None else replace(dataset, inputs=shown).fingerprint)

    def test(split: Split) -> FoldResult:
        place = key("fold", split.repeat, split.fold, split.train, split.test)
        if (known := finished.recall(place)) is not None:
            return FoldResult.from_json(known)
        result = _learn_and_test(plan, dataset, split, shown)
        finished.keep(place, result.to_json())
        return result

    return test


def _learn_and_test(
    plan: Plan, dataset: Dataset, split: Split, shown: pd.DataFrame | None = None
) -> FoldResult:
    rows = dataset.take(split.train)
    place = f"repeat {split.repeat}, fold {split.fold}" if split.repeat > 1 else f"fold {split.fold}"
    learned = learn(replace(plan, watch=plan.watch.within(place)), rows)
    with collect_remarks() as notes:
        inputs = dataset.inputs if shown is None else shown
        probability = learned.probability(inputs.iloc[split.test])
        constant = is_constant(learned.pipeline, rows.inputs)
    return FoldResult(
        probability,
        learned.choice,
        feature_counts(learned.pipeline),
        constant,
        kept_features(learned.pipeline),
        (*learned.notes, *notes),
    )


def merged_notes(notes: Sequence[Sequence[str]]) -> list[str]:
    """Return each remark once, with the number of folds that made it."""
    counts = Counter(note for fold in notes for note in dict.fromkeys(fold))
    return [f"{note} (in {count} of {len(notes)} folds)" for note, count in counts.items()]


def _learn_from_all(plan: Plan, dataset: Dataset) -> Learned:
    final = learn(replace(plan, watch=plan.watch.within("all rows")), dataset)
    if is_constant(final.pipeline, dataset.inputs):
        raise ModelError(
            f"nothing can be learned from these {len(dataset.outcome)} rows, of which "
            f"{int(dataset.outcome.sum())} are {dataset.positive}: every one gets the same probability. "
            "Collect more cases, or take hyperparameters that hold less back (of xgboost, a smaller "
            "min_child_weight)"
        )
    return final
