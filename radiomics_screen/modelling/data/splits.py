"""Which rows are learned from and which are tested on; a patient is never on both sides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from radiomics_screen.core.arrays import IndexArray
from radiomics_screen.core.errors import ModelError

Outcome = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]
Groups = npt.NDArray[Any]

_NAMED = 5  # how many patients a message names


@dataclass(frozen=True)
class Split:
    """One division of the rows.

    Attributes
    ----------
    repeat
        Which round over all rows it belongs to, from 1.
    fold
        Name of the part that is tested on.
    train, test
        Positions of the rows.
    """

    repeat: int
    fold: str
    train: IndexArray
    test: IndexArray


def grouped_splits(
    outcome: Outcome, groups: Texts, *, splits: int = 5, repeats: int = 5, seed: int = 0
) -> list[Split]:
    """Return repeated, shuffled, stratified folds that keep each patient whole.

    Each repeat divides all rows again, into folds of about the same part of positives
    (:class:`sklearn.model_selection.StratifiedGroupKFold`).

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    groups
        Patient of each row, shape (rows,).
    splits
        Number of folds.
    repeats
        Number of rounds.
    seed
        Of the shuffling; each repeat takes its own seed from it.

    Raises
    ------
    ModelError
        If there are too few patients or too few rows of a class for so many folds.
    """
    _check_enough(outcome, groups, splits)
    found = []
    for repeat, state in enumerate(np.random.SeedSequence(seed).generate_state(repeats), start=1):
        folder = StratifiedGroupKFold(n_splits=splits, shuffle=True, random_state=int(state))
        parts = folder.split(np.zeros(len(outcome)), outcome, groups)
        for fold, (train, test) in enumerate(parts, start=1):
            found.append(Split(repeat, str(fold), train, test))
    _check_classes(found, outcome, advice=f"there are too few patients for {splits} folds: ask for fewer")
    return found


def column_splits(outcome: Outcome, groups: Texts, folds: Texts) -> list[Split]:
    """Return the folds that a column gives: each is tested on once, learned from the others.

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    groups
        Patient of each row, shape (rows,).
    folds
        Name of each row's fold, shape (rows,).

    Raises
    ------
    ModelError
        If there is one fold only, a patient is in several, or a fold has one class only.
    """
    names = sorted(set(folds), key=_natural)
    if len(names) < 2:
        raise ModelError(f"all rows are in one fold ('{names[0]}'): nothing is left to learn from")
    _refuse_split_patients(groups, folds)
    found = [Split(1, name, np.flatnonzero(folds != name), np.flatnonzero(folds == name)) for name in names]
    _check_classes(found, outcome, advice="merge it with another")
    return found


def inner_splits(
    outcome: Outcome, groups: Groups | None, folds: int, seed: int
) -> list[tuple[IndexArray, IndexArray]]:
    """Return (train, test) rows of stratified, shuffled folds inside the rows to learn from.

    Each patient is kept whole. There are `folds` of them, or as many as the rarer class has patients
    where that is fewer.

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    groups
        Patient of each row, shape (rows,); None: each row is another patient.
    folds
        Number of folds.
    seed
        Of the shuffling.

    Raises
    ------
    ModelError
        If a class has rows of one patient only: nothing would be left to learn it from.
    """
    owners = np.arange(len(outcome)) if groups is None else np.unique(groups, return_inverse=True)[1]
    classes = np.asarray(outcome, dtype=np.int8)
    count = min(folds, *(len(np.unique(owners[classes == value])) for value in (0, 1)))
    found = _divided(classes.tobytes(), owners.astype(np.int64).tobytes(), count, seed) if count >= 2 else ()
    if found and all(len(np.unique(classes[train])) == 2 and len(test) for train, test in found):
        return list(found)
    raise ModelError(
        f"the {len(classes)} rows of {len(np.unique(owners))} patients cannot be divided again inside a "
        f"training set so that both classes ({int(classes.sum())} positive rows) are on each side: collect "
        "more cases, or do without what needs it (tuning, a threshold or recalibration on inner folds, "
        "elasticnet, svm, stack, late)"
    )


@lru_cache(maxsize=64)
def _divided(
    classes: bytes, owners: bytes, count: int, seed: int
) -> tuple[tuple[IndexArray, IndexArray], ...]:
    """Divide rows; the same rows are divided for every setting that a search tries, and it is slow."""
    outcome, owner = np.frombuffer(classes, dtype=np.int8), np.frombuffer(owners, dtype=np.int64)
    folder = StratifiedGroupKFold(n_splits=count, shuffle=True, random_state=seed)
    found = tuple(folder.split(np.zeros(len(outcome)), outcome, owner))
    for rows in (rows for pair in found for rows in pair):
        rows.flags.writeable = False  # they are shared
    return found


def _natural(name: str) -> tuple[int, float, str]:
    """Sort numbers by their value, before texts."""
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name


def _check_enough(outcome: Outcome, groups: Texts, splits: int) -> None:
    patients = len(set(groups))
    if patients < splits:
        raise ModelError(f"{patients} patients cannot be divided into {splits} folds; ask for fewer folds")
    for value, name in ((1, "positive"), (0, "negative")):
        rows = outcome == value
        owners = len(set(groups[rows]))
        if rows.sum() < 2 * splits or owners < splits:
            raise ModelError(
                f"there are {int(rows.sum())} {name} rows of {owners} patients: too few for {splits} folds, "
                f"each of which needs 2 such rows; ask for fewer folds or collect more cases"
            )


def _refuse_split_patients(groups: Texts, folds: Texts) -> None:
    per_patient = pd.Series(folds).groupby(groups).unique()
    split_patients = per_patient[per_patient.map(len) > 1]
    if len(split_patients):
        named = "; ".join(
            f"{patient} in {', '.join(sorted(places, key=_natural))}"
            for patient, places in split_patients[:_NAMED].items()
        )
        raise ModelError(
            f"{len(split_patients)} patients are in more than one fold ({named}): the model would be tested "
            "on patients that it has learned from. Give each patient one fold"
        )


def _check_classes(found: list[Split], outcome: Outcome, advice: str) -> None:
    for split in found:
        for rows, part in ((split.test, "fold"), (split.train, "the rows outside fold")):
            classes = np.unique(outcome[rows])
            if len(classes) < 2:
                only = "positive" if len(classes) and classes[0] else "negative"
                raise ModelError(f"{part} '{split.fold}' has {only} rows only; {advice}")
