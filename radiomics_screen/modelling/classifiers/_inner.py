"""Folds inside the training rows, for what must be learned from rows that a classifier has not seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from radiomics_screen.errors import ModelError
from radiomics_screen.modelling.classifiers._binary import Groups, Outcome

Rows = npt.NDArray[np.intp]


def inner_splits(outcome: Outcome, groups: Groups | None, folds: int, seed: int) -> list[tuple[Rows, Rows]]:
    """Return (train, test) rows of stratified, shuffled folds that keep each patient whole.

    There are `folds` of them, or as many as the rarer class has patients where that is fewer.

    Raises
    ------
    ModelError
        If a class has rows of one patient only: nothing would be left to learn it from.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    owners = np.arange(len(outcome)) if groups is None else np.unique(groups, return_inverse=True)[1]
    count = min(folds, *(len(np.unique(owners[outcome == value])) for value in (0, 1)))
    if count >= 2:
        divided = StratifiedGroupKFold(n_splits=count, shuffle=True, random_state=seed)
        found = list(divided.split(np.zeros(len(outcome)), outcome, owners))
        if all(len(np.unique(outcome[train])) == 2 and len(test) for train, test in found):
            return found
    raise ModelError(
        f"the {len(outcome)} rows of {len(np.unique(owners))} patients cannot be divided again inside a "
        f"training set so that both classes ({int(outcome.sum())} positive rows) are on each side: collect "
        "more cases, or take a classifier that does not need it (logistic, forest, xgboost)"
    )
