"""Could the AUC have come about by chance? Everything again with labels that mean nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.assessment.json_values import plain
from radiomics_screen.modelling.classifiers.shared.watch import Watch
from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.data.splits import Split
from radiomics_screen.modelling.statistics.metrics import auc_of
from radiomics_screen.modelling.statistics.permutation import permutation_test
from radiomics_screen.modelling.training.folds import FoldProgress, pooled_probabilities, run_folds
from radiomics_screen.modelling.training.plan import Plan, ThresholdRule

Divide = Callable[[Dataset], list[Split]]


def permuted(
    dataset: Dataset,
    plan: Plan,
    divide: Divide,
    probability: FloatArray,
    *,
    permutations: int,
    jobs: int = 1,
    progress: FoldProgress | None = None,
) -> dict[str, Any]:
    """Return how often permuted labels do as well as the true ones, as plain JSON values.

    Labels are permuted among patients; then the rows are divided anew, and all that is learned is
    learned anew in each fold: search, selection, fit, recalibration. No threshold is put: the AUC does not
    depend on it. It stops early where chance does as well 20 times:
    the p-value is then known well enough.

    Parameters
    ----------
    dataset
        What was learned from.
    plan
        How.
    divide
        Returns the folds of one repeat.
    probability
        Out-of-fold probabilities with the true labels in such folds, shape (rows,).
    permutations
        How many, at most.
    jobs
        Number of folds worked on at a time.
    progress
        Called after each permutation.

    Returns
    -------
    dict
        "observed" AUC; "p"; "low" and "high", its 95 % interval for endless permutations; "permutations"
        done; "permuted", their AUCs, None where one had no value.
    """
    coarse = None if plan.finished is None else plan.finished.without_trials()
    # nobody waits for one of so many trainings
    plan = replace(plan, rule=ThresholdRule(), watch=Watch(), finished=coarse)

    def auc(labels: npt.NDArray[np.int64]) -> float:
        shuffled = replace(dataset, outcome=labels)
        try:
            splits = divide(shuffled)
            found = run_folds(shuffled, plan, splits, jobs=jobs)
        except ModelError:  # a fold with one class only: counts as done well, on the safe side
            return float("nan")
        return auc_of(labels, pooled_probabilities(splits, found, len(labels))[0])

    found = permutation_test(
        auc,
        dataset.outcome,
        dataset.groups.astype(str),
        observed=auc_of(dataset.outcome, probability),
        permutations=permutations,
        enough=20,
        seed=plan.seed,
        progress=None if progress is None else partial(progress, "permutation"),
    )
    return plain({**vars(found), "permutations": len(found.permuted)})
