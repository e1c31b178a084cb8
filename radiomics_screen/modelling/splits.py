"""Which rows are learned from and which are tested on; a patient is never on both sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from radiomics_screen.errors import ModelError

Rows = npt.NDArray[np.intp]
Outcome = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

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
    train: Rows
    test: Rows


def grouped_splits(
    outcome: Outcome, groups: Texts, *, splits: int = 5, repeats: int = 5, seed: int = 0
) -> list[Split]:
    """Return repeated, shuffled, stratified folds that keep each patient whole.

    Each repeat divides all rows anew, into folds of about the same part of positives
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
    _refuse_torn_patients(groups, folds)
    found = [Split(1, name, np.flatnonzero(folds != name), np.flatnonzero(folds == name)) for name in names]
    _check_classes(found, outcome, advice="merge it with another")
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


def _refuse_torn_patients(groups: Texts, folds: Texts) -> None:
    per_patient = pd.Series(folds).groupby(groups).unique()
    torn = per_patient[per_patient.map(len) > 1]
    if len(torn):
        named = "; ".join(
            f"{patient} in {', '.join(sorted(places, key=_natural))}"
            for patient, places in torn[:_NAMED].items()
        )
        raise ModelError(
            f"{len(torn)} patients are in more than one fold ({named}): the model would be tested on "
            "patients that it has learned from. Give each patient one fold"
        )


def _check_classes(found: list[Split], outcome: Outcome, advice: str) -> None:
    for split in found:
        for rows, part in ((split.test, "fold"), (split.train, "the rows outside fold")):
            classes = np.unique(outcome[rows])
            if len(classes) < 2:
                only = "positive" if len(classes) and classes[0] else "negative"
                raise ModelError(f"{part} '{split.fold}' has {only} rows only; {advice}")
