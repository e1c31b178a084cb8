"""Who takes part: a feature table checked, and turned into what is learned from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.core.columns import IDENTITY, STATUS, Column
from radiomics_screen.core.errors import ModelError, did_you_mean
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.data.crop_column import checked_crops
from radiomics_screen.modelling.data.dataset import Columns, Dataset
from radiomics_screen.modelling.data.leaks import (
    refuse_copies,
    refuse_repeated_cases,
    refuse_split_patients,
    split_patients,
)
from radiomics_screen.modelling.data.values import (
    NAMED,
    clinical_column,
    listed,
    numbers_of,
    refuse_beyond,
    refuse_double_columns,
    text_of,
    texts_of,
)

NO_GROUP = "none"
#: Columns of a feature table that are never features, whatever is said to be one.
BOOKKEEPING = frozenset((*IDENTITY, *STATUS))
_MOST_VALUES = 10  # of an outcome, that a message lists


def prepare(
    frame: pd.DataFrame,
    features: Sequence[str],
    *,
    target: str,
    positive: object = None,
    group: str | None,
    folds: str | None = None,
    clinical: Sequence[str] = (),
    batch: str | None = None,
    crops: pd.Series[Any] | None = None,
    roles: Mapping[str, Column] | None = None,
) -> Dataset:
    """Check a feature table and turn it into what is learned from.

    Left out, and counted with their reason: rows whose extraction failed (``status`` is not
    ``ok``), rows without an outcome, rows without a single feature value, rows without a crop where
    crops are learned from.

    Parameters
    ----------
    frame
        One row a case.
    features
        Which columns are features. The outcome, patient and fold columns and the table's
        bookkeeping are never used as such, even where they are named.
    target
        Column with the outcome: two values.
    positive
        The value that counts as positive; not needed where the values are 0/1 or False/True.
    group
        Column that identifies patients, or ``"none"`` where each row is another patient.
    folds
        Column with the fold of each row.
    clinical
        Columns of clinical variables, numbers or texts; never the outcome, patient or fold.
    batch
        Column with scanner or site, which every row must have; never the outcome or patient.
    crops
        A crop for each row, or None where there is none; None: crops are not learned from.
    roles
        What the table says of its columns, by their names; None: their names tell.

    Raises
    ------
    ModelError
        If a column is missing, the outcome has not two values, a patient is unknown or parted by
        the groups, a case is there twice, a feature is no number or infinite, or nothing is left to
        learn from.
    """
    refuse_double_columns(frame)
    by = _group_column(frame, group)
    _check_columns(frame, {"target": target, "group": by, "folds": folds, "batch": batch}, features)
    if batch is not None and batch in (target, by):
        raise ModelError(f"'{batch}' cannot be the batch: it is the column of the outcome or the patient")
    clinical = checked_clinical(
        frame,
        clinical,
        taken={"target": target, "group": by, "folds": folds, "batch": batch},
        features=features,
    )
    cases = _case_names(frame)
    rows = pd.Series(True, index=range(len(frame)))
    left_out: list[dict[str, Any]] = []

    def leave_out(which: npt.NDArray[np.bool_], reason: str) -> None:
        which = which & rows.to_numpy()
        if which.any():
            rows[which] = False
            named = cases[which][: 2 * NAMED].tolist()
            left_out.append({"reason": reason, "rows": int(which.sum()), "cases": named})

    leave_out(_failed(frame), "the extraction failed (status is not ok)")
    outcomes = texts_of(frame[target])
    leave_out(outcomes == "", f"no value of '{target}'")
    exclude = {target, by, folds, batch, *clinical} | BOOKKEEPING
    used = _feature_names(frame, features, needed=crops is None, exclude=exclude)
    values = numbers_of(frame, used, cases)
    if used or crops is None:
        leave_out(values.isna().all(axis=1).to_numpy(), "no feature has a value")
    pictures = None if crops is None else checked_crops(crops, cases)
    if pictures is not None:
        leave_out(pictures.isna().to_numpy(), "there is no crop of its lesion")

    kept = rows.to_numpy()
    if not kept.any():
        reasons = "; ".join(f"{part['rows']}: {part['reason']}" for part in left_out) or "it is empty"
        raise ModelError(f"no row of the table can be used ({reasons})")
    negative_text, positive_text = _two_values(outcomes[kept], target, positive)
    frame, values, cases = frame[kept], values[kept].reset_index(drop=True), cases[kept]
    refuse_beyond(values, cases)
    groups = _row_names(frame) if by is None else _no_empty(frame, by, cases, "patient")
    split_across_folds = _check_groups(frame, values, groups, cases, by)
    beside = {name: clinical_column(frame[name]) for name in clinical}
    if batch is not None:
        beside[batch] = _no_empty(frame, batch, cases, "batch")
    if pictures is not None:
        beside[CROP] = pictures[kept].to_numpy()
    return Dataset(
        inputs=pd.concat([values, pd.DataFrame(beside, index=values.index)], axis=1) if beside else values,
        outcome=(outcomes[kept] == positive_text).astype(np.int64),
        groups=groups,
        folds=None if folds is None else _no_empty(frame, folds, cases, "fold"),
        cases=cases,
        target=target,
        positive=positive_text,
        negative=negative_text,
        group=by,
        rows_read=len(kept),
        left_out=left_out,
        split_across_folds=split_across_folds,
        columns=Columns(
            tuple(values.columns),
            clinical,
            batch,
            pictures is not None,
            {name: roles[name] for name in values.columns if name in roles} if roles else {},
        ),
        positions=np.flatnonzero(kept),
    )


def checked_clinical(
    frame: pd.DataFrame,
    clinical: Sequence[str],
    taken: Mapping[str, str | None],
    features: Sequence[str] = (),
) -> tuple[str, ...]:
    """Return the names of the clinical columns, each once.

    Raises
    ------
    ModelError
        If one is not there, or has another part in this fit.
    """
    if isinstance(clinical, str):
        raise ModelError(f"clinical is the text {clinical!r}; it must be a list of column names")
    for name in clinical:
        _check_columns(frame, {"clinical": name}, features)
        if name in BOOKKEEPING or name in taken.values():
            role = next((role for role, column in taken.items() if column == name), "the table's bookkeeping")
            raise ModelError(f"'{name}' cannot be a clinical variable: it is the column of {role}")
    return tuple(dict.fromkeys(clinical))


def _group_column(frame: pd.DataFrame, group: str | None) -> str | None:
    """Return the column that identifies patients, None where each row is asked to count as one."""
    if group is None:
        raise ModelError(
            "which rows belong to one patient? Name the column (group: 'patient_id'), so that no patient "
            f"is learned from and tested on; group: '{NO_GROUP}' says that each row is another patient"
        )
    return None if group == NO_GROUP and NO_GROUP not in frame else group


def _failed(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which rows have no features because their extraction failed.

    A column ``status`` with other values than an extraction writes says something else.
    """
    if "status" not in frame:
        return np.zeros(len(frame), dtype=bool)
    texts = texts_of(frame["status"])
    said = set(texts) - {""}
    of_extraction = bool(said) and said <= {"ok", "failed"}
    return (texts != "ok") & of_extraction


def _check_groups(
    frame: pd.DataFrame,
    values: pd.DataFrame,
    groups: npt.NDArray[np.object_],
    cases: npt.NDArray[np.object_],
    by: str | None,
) -> int:
    """Refuse what the groups would let leak; return how many patients are parted where they may be."""
    refuse_repeated_cases(frame)
    split_across_folds = split_patients(frame, groups)
    if by is not None:
        refuse_split_patients(split_across_folds, by)
    refuse_copies(frame, values, groups, cases)
    return len(split_across_folds)


def _check_columns(
    frame: pd.DataFrame, asked: Mapping[str, str | None], features: Sequence[str] = ()
) -> None:
    columns = [str(name) for name in frame.columns]
    for role, name in asked.items():
        if name is not None and name not in frame:
            hint = did_you_mean(str(name), columns)
            if _all_in(str(name), columns):
                hint = ": these are several columns; name one column"
            elif not hint.startswith(":"):
                kept_back = (BOOKKEEPING - {"case_id", "patient_id"}) | set(features)
                hint = f"; it has {listed([c for c in columns if c not in kept_back])}"
            raise ModelError(f"the table has no column '{name}' ({role}){hint}")


def _all_in(text: str, known: Iterable[str]) -> bool:
    """Tell whether a text has commas and each of its parts is known."""
    return "," in text and {part.strip() for part in text.split(",")} <= set(known)


def _case_names(frame: pd.DataFrame) -> npt.NDArray[np.object_]:
    return texts_of(frame["case_id"]) if "case_id" in frame else np.array(list(map(str, frame.index)), object)


def _feature_names(
    frame: pd.DataFrame, features: Sequence[str], *, needed: bool, exclude: set[str | None]
) -> list[str]:
    absent = [name for name in features if name not in frame]
    if absent:
        raise ModelError(f"the table has no column '{absent[0]}', though it is said to be a feature")
    used = [name for name in features if name not in exclude]
    if not used and needed:
        hint = ""
        if {"image", "mask"} <= set(frame.columns) and "case_key" not in frame:
            hint = "; it looks like a cases file, of which `radiomics-screen extract` makes a table"
        raise ModelError(f"the table has no feature columns: nothing to learn from{hint}")
    return used


def _two_values(outcomes: npt.NDArray[np.object_], target: str, positive: object) -> tuple[str, str]:
    """Return the negative and the positive value, as text."""
    counts = pd.Series(outcomes).value_counts().sort_index()
    found = listed([f"'{value}' ({count} rows)" for value, count in counts.items()], _MOST_VALUES)
    wanted = text_of(positive)
    if len(counts) > 2:
        raise ModelError(
            f"'{target}' has {len(counts)} values: {found}; a model tells two apart. Make a column that has "
            "two, and leave it empty for rows that should not take part"
        )
    if wanted and wanted not in counts:
        more = "; name one value" if _all_in(wanted, counts.index) else ""
        raise ModelError(f"'{target}' has no value '{wanted}' that could be positive; it has {found}{more}")
    if len(counts) < 2:
        raise ModelError(f"'{target}' has one value only: {found}; a model needs rows of two classes")
    if not wanted:
        values = set(counts.index)
        if values not in ({"0", "1"}, {"false", "true"}):
            raise ModelError(f"which value of '{target}' is positive? It has {found}")
        wanted = max(values)
    negative = next(value for value in counts.index if value != wanted)
    return str(negative), wanted


def _row_names(frame: pd.DataFrame) -> npt.NDArray[np.object_]:
    return np.array([f"row {number}" for number in range(1, len(frame) + 1)], dtype=object)


def _no_empty(
    frame: pd.DataFrame, name: str, cases: npt.NDArray[np.object_], what: str
) -> npt.NDArray[np.object_]:
    """Return the column as text; every row must have a value."""
    texts = texts_of(frame[name])
    empty = texts == ""
    if empty.any():
        named = listed(cases[empty].tolist())
        raise ModelError(f"{int(empty.sum())} rows have no {what}: '{name}' is empty for {named}")
    return texts
