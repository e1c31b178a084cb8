"""From a feature table to what is learned from: features, outcome, patients, and who was left out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.errors import ModelError, did_you_mean
from radiomics_screen.table import is_feature

NO_GROUP = "none"
#: Columns of a feature table that are never features, whatever is said to be one.
BOOKKEEPING = frozenset(
    ("case_id", "patient_id", "image", "mask", "label", "status", "error", "warnings", "seconds", "case_key")
)
_NAMED = 5  # how many cases or patients a message names


@dataclass(frozen=True)
class Dataset:
    """The rows that a model is learned from, in the order of the table.

    Attributes
    ----------
    features
        Numbers, NaN where missing; shape (rows, features).
    outcome
        1 for a positive row, else 0; shape (rows,).
    groups
        Patient of each row as text; shape (rows,).
    folds
        Given fold of each row as text, or None; shape (rows,).
    cases
        Name of each row; shape (rows,).
    target, positive, negative
        Name of the outcome column, and its two values as text.
    group
        Name of the column that tells patients apart, or None where each row counts as one.
    rows_read
        Number of rows of the table.
    left_out
        For each reason why rows were left out: ``{"reason", "rows", "cases"}``.
    """

    features: pd.DataFrame
    outcome: npt.NDArray[np.int64]
    groups: npt.NDArray[np.object_]
    folds: npt.NDArray[np.object_] | None
    cases: npt.NDArray[np.object_]
    target: str
    positive: str
    negative: str
    group: str | None
    rows_read: int
    left_out: list[dict[str, Any]] = field(default_factory=list)

    @property
    def cohort(self) -> dict[str, Any]:
        """Counts of what was read, left out and used, as plain JSON values."""
        by_patient = pd.Series(self.outcome).groupby(self.groups).agg(["min", "max"])
        missing = self.features.isna().to_numpy()
        return {
            "rows_read": self.rows_read,
            "left_out": self.left_out,
            "rows": len(self.outcome),
            "positives": int(self.outcome.sum()),
            "negatives": int((1 - self.outcome).sum()),
            "patients": len(by_patient),
            "patients_with_both": int((by_patient["min"] < by_patient["max"]).sum()),
            "features": self.features.shape[1],
            "missing_values": int(missing.sum()),
            "features_with_missing_values": int(missing.any(axis=0).sum()),
        }

    @property
    def fingerprint(self) -> str:
        """Hash of all that is learned from: names, values, outcomes, patients (BLAKE2b, hex)."""
        digest = hashlib.blake2b(digest_size=16)
        for texts in (self.features.columns, self.cases, self.groups, self.folds):
            digest.update(repr(None if texts is None else list(texts)).encode())
        digest.update(np.ascontiguousarray(self.features.to_numpy(np.float64)).tobytes())
        digest.update(self.outcome.astype(np.int8).tobytes())
        return digest.hexdigest()


def prepare(
    frame: pd.DataFrame,
    features: Sequence[str],
    *,
    target: str,
    positive: object = None,
    group: str | None,
    folds: str | None = None,
) -> Dataset:
    """Check a feature table and turn it into what is learned from.

    Left out, and counted with their reason: rows whose extraction failed (``status`` is not
    ``ok``), rows without an outcome, rows without a single feature value.

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
        Column that tells patients apart, or ``"none"`` where each row is another patient.
    folds
        Column with the fold of each row.

    Raises
    ------
    ModelError
        If a column is missing, the outcome has not two values, a patient is unknown, a feature is
        no number or infinite, or nothing is left to learn from.
    """
    _check_columns(frame, target=target, group=group, folds=folds)
    cases = _case_names(frame)
    rows = pd.Series(True, index=range(len(frame)))
    left_out: list[dict[str, Any]] = []

    def leave_out(which: npt.NDArray[np.bool_], reason: str) -> None:
        which = which & rows.to_numpy()
        if which.any():
            rows[which] = False
            named = cases[which][: 2 * _NAMED].tolist()
            left_out.append({"reason": reason, "rows": int(which.sum()), "cases": named})

    if "status" in frame:
        leave_out((frame["status"] != "ok").to_numpy(bool), "the extraction failed (status is not ok)")
    outcomes = texts_of(frame[target])
    leave_out(outcomes == "", f"no value of '{target}'")
    used = _feature_names(frame, features, exclude={target, group, folds} | BOOKKEEPING)
    values = numbers_of(frame, used, cases)
    leave_out(values.isna().all(axis=1).to_numpy(), "no feature has a value")

    kept = rows.to_numpy()
    if not kept.any():
        reasons = "; ".join(f"{part['rows']}: {part['reason']}" for part in left_out) or "it is empty"
        raise ModelError(f"no row of the table can be used ({reasons})")
    negative_text, positive_text = _two_values(outcomes[kept], target, positive)
    values = values[kept].reset_index(drop=True)
    refuse_infinite(values, cases[kept])
    return Dataset(
        features=values,
        outcome=(outcomes[kept] == positive_text).astype(np.int64),
        groups=_groups(frame[kept], group, cases[kept]),
        folds=None if folds is None else _no_empty(frame[kept], folds, cases[kept], "fold"),
        cases=cases[kept],
        target=target,
        positive=positive_text,
        negative=negative_text,
        group=None if group is None or _is_no_group(frame, group) else group,
        rows_read=len(frame),
        left_out=left_out,
    )


def texts_of(column: pd.Series[Any]) -> npt.NDArray[np.object_]:
    """Return the values as text, empty where there is none: 1.0 is "1", True is "true"."""
    return np.array([_text(value) for value in column], dtype=object)


def _text(value: object) -> str:
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def refuse_double_columns(frame: pd.DataFrame) -> None:
    """Raise a ModelError where two columns share a name: which one is meant cannot be known."""
    double = frame.columns[frame.columns.duplicated()]
    if len(double):
        raise ModelError(f"the table has two columns named '{double[0]}'")


def _is_no_group(frame: pd.DataFrame, group: str) -> bool:
    return group == NO_GROUP and NO_GROUP not in frame


def _check_columns(frame: pd.DataFrame, *, target: str, group: str | None, folds: str | None) -> None:
    refuse_double_columns(frame)
    if group is None:
        raise ModelError(
            "which rows belong to one patient? Name the column (group: 'patient_id'), so that no patient "
            f"is learned from and tested on; group: '{NO_GROUP}' says that each row is another patient"
        )
    asked = {"target": target, "group": None if _is_no_group(frame, group) else group, "folds": folds}
    columns = [str(name) for name in frame.columns]
    for role, name in asked.items():
        if name is not None and name not in frame:
            hint = did_you_mean(name, columns)
            if not hint.startswith(":"):
                hint = f"; it has {', '.join(column for column in columns if not is_feature(column))}"
            raise ModelError(f"the table has no column '{name}' ({role}){hint}")


def _case_names(frame: pd.DataFrame) -> npt.NDArray[np.object_]:
    return texts_of(frame["case_id"]) if "case_id" in frame else np.array(list(map(str, frame.index)), object)


def _feature_names(frame: pd.DataFrame, features: Sequence[str], exclude: set[str | None]) -> list[str]:
    absent = [name for name in features if name not in frame]
    if absent:
        raise ModelError(f"the table has no column '{absent[0]}', though it is said to be a feature")
    used = [name for name in features if name not in exclude]
    if not used:
        raise ModelError("the table has no feature columns: nothing to learn from")
    return used


def numbers_of(frame: pd.DataFrame, names: Sequence[str], cases: npt.NDArray[np.object_]) -> pd.DataFrame:
    """Return the columns as numbers, NaN where there is no value; rows are counted from 0.

    Raises
    ------
    ModelError
        If a column is there twice, or a value is no number; `cases` names its row.
    """
    refuse_double_columns(frame)
    columns = {}
    for name in names:
        column = frame[name]
        numbers = pd.to_numeric(column, errors="coerce")
        wrong = (numbers.isna() & column.notna()).to_numpy()
        if wrong.any():
            found = column[wrong].iloc[0]
            raise ModelError(f"feature '{name}' of case {cases[wrong][0]} is {found!r}, which is no number")
        columns[name] = numbers.to_numpy(np.float64, na_value=np.nan)
    return pd.DataFrame(columns)


def refuse_infinite(values: pd.DataFrame, cases: Sequence[str] | npt.NDArray[np.object_]) -> None:
    """Raise a ModelError that names the first values that are infinite or too large to compute with.

    Trees compare 32-bit numbers, so the limit is their largest one, 3.4e38.
    """
    beyond = (np.abs(values.to_numpy(np.float64)) > np.finfo(np.float32).max).nonzero()
    if len(beyond[0]):
        named = [f"{values.columns[j]} of case {cases[i]}" for i, j in zip(*beyond, strict=True)][:_NAMED]
        raise ModelError(
            f"{len(beyond[0])} feature values are infinite or beyond 3.4e38 (among them {'; '.join(named)}); "
            "a division by zero made them: mend the feature or leave it out, an infinite value is not imputed"
        )


def _two_values(outcomes: npt.NDArray[np.object_], target: str, positive: object) -> tuple[str, str]:
    """Return the negative and the positive value, as text."""
    counts = pd.Series(outcomes).value_counts().sort_index()
    listed = ", ".join(f"'{value}' ({count} rows)" for value, count in counts.items())
    wanted = _text(positive)
    if len(counts) > 2:
        raise ModelError(
            f"'{target}' has {len(counts)} values: {listed}; a model tells two apart. Make a column that has "
            "two, and leave it empty for rows that should not take part"
        )
    if wanted and wanted not in counts:
        raise ModelError(f"'{target}' has no value '{wanted}' that could be positive; it has {listed}")
    if len(counts) < 2:
        raise ModelError(f"'{target}' has one value only: {listed}; a model needs rows of two classes")
    if not wanted:
        values = set(counts.index)
        if values not in ({"0", "1"}, {"false", "true"}):
            raise ModelError(f"which value of '{target}' is positive? It has {listed}")
        wanted = max(values)
    negative = next(value for value in counts.index if value != wanted)
    return str(negative), wanted


def _groups(
    frame: pd.DataFrame, group: str | None, cases: npt.NDArray[np.object_]
) -> npt.NDArray[np.object_]:
    if group is None or _is_no_group(frame, group):
        return np.array([f"row {number}" for number in range(1, len(frame) + 1)], dtype=object)
    return _no_empty(frame, group, cases, "patient")


def _no_empty(
    frame: pd.DataFrame, name: str, cases: npt.NDArray[np.object_], what: str
) -> npt.NDArray[np.object_]:
    """Return the column as text; every row must have a value."""
    texts = texts_of(frame[name])
    empty = texts == ""
    if empty.any():
        named = ", ".join(cases[empty][:_NAMED])
        raise ModelError(f"{int(empty.sum())} rows have no {what}: '{name}' is empty for {named}")
    return texts
