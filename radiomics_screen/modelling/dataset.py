"""From a feature table to what is learned from: features, outcome, patients, and who was left out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.errors import ModelError, did_you_mean
from radiomics_screen.modelling.leaks import (
    refuse_copies,
    refuse_repeated_cases,
    refuse_torn_patients,
    torn_patients,
)
from radiomics_screen.modelling.values import (
    NAMED,
    listed,
    numbers_of,
    refuse_beyond,
    refuse_double_columns,
    text_of,
    texts_of,
)
from radiomics_screen.table import is_feature

NO_GROUP = "none"
#: Columns of a feature table that are never features, whatever is said to be one.
BOOKKEEPING = frozenset(
    ("case_id", "patient_id", "image", "mask", "label", "status", "error", "warnings", "seconds", "case_key")
)
_MOST_VALUES = 10  # of an outcome, that a message lists


#: What can be learned from, where there are clinical columns.
BLOCKS = ("both", "radiomics", "clinical")


@dataclass(frozen=True)
class Columns:
    """What the columns of a dataset are.

    Attributes
    ----------
    features
        Names of the radiomic features.
    clinical
        Names of the clinical columns.
    batch
        Name of the column with scanner or site, or None.
    """

    features: tuple[str, ...]
    clinical: tuple[str, ...] = ()
    batch: str | None = None


@dataclass(frozen=True)
class Dataset:
    """The rows that a model is learned from, in the order of the table.

    Attributes
    ----------
    inputs
        All that is learned from, shape (rows, columns): the features as numbers, NaN where missing;
        after them the clinical columns, numbers or texts; and last the batch.
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
    torn
        Number of patients of ``patient_id`` whose rows are in several groups; above 0 only where
        each row counts as a patient.
    columns
        What the columns of `inputs` are.
    positions
        Which row of the table each is, from 0 on; shape (rows,).
    measured
        Repeated measurements of the features, NaN where a row was not measured again; shape
        (rows, measurements, features); None where there are none.
    """

    inputs: pd.DataFrame
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
    torn: int = 0
    columns: Columns = Columns(())
    positions: npt.NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    measured: npt.NDArray[np.float64] | None = None

    @property
    def features(self) -> pd.DataFrame:
        """The features alone, numbers, shape (rows, features)."""
        return self.inputs[list(self.columns.features)]

    def only(self, columns: Columns) -> Dataset:
        """Return the same rows with some of the columns."""
        batch = [] if columns.batch is None else [columns.batch]
        measured = self.measured
        if measured is not None:
            place = {name: at for at, name in enumerate(self.columns.features)}
            measured = measured[:, :, [place[name] for name in columns.features]]
        inputs = self.inputs[[*columns.features, *columns.clinical, *batch]]
        return replace(self, inputs=inputs, columns=columns, measured=measured)

    def block(self, block: str) -> Dataset:
        """Return the same rows with the columns of one of :data:`BLOCKS`."""
        known = self.columns
        if block == "radiomics":
            return self.only(replace(known, clinical=()))
        return self.only(Columns((), known.clinical)) if block == "clinical" else self

    def measured_columns(self) -> npt.NDArray[np.float64] | None:
        """Return the repeated measurements, NaN for columns that are no features.

        Shape (rows, measurements, columns of `inputs`).
        """
        if self.measured is None:
            return None
        others = self.inputs.shape[1] - self.measured.shape[2]
        return np.pad(self.measured, ((0, 0), (0, 0), (0, others)), constant_values=np.nan)

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Dataset:
        """Return the data of some rows."""
        chosen = self.inputs[rows] if rows.dtype == bool else self.inputs.iloc[rows]
        return replace(
            self,
            inputs=chosen.reset_index(drop=True),
            outcome=self.outcome[rows],
            groups=self.groups[rows],
            folds=None if self.folds is None else self.folds[rows],
            cases=self.cases[rows],
            positions=self.positions[rows],
            measured=None if self.measured is None else self.measured[rows],
        )

    @property
    def cohort(self) -> dict[str, Any]:
        """Counts of what was read, left out and used, as plain JSON values."""
        by_patient = pd.Series(self.outcome).groupby(self.groups).agg(["min", "max"])
        features = self.features
        missing = features.isna().to_numpy()
        return {
            "rows_read": self.rows_read,
            "left_out": self.left_out,
            "rows": len(self.outcome),
            "positives": int(self.outcome.sum()),
            "negatives": int((1 - self.outcome).sum()),
            "patients": len(by_patient),
            "patients_with_both": int((by_patient["min"] < by_patient["max"]).sum()),
            "patients_in_several_groups": self.torn,
            "features": features.shape[1],
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
        for name in self.inputs.columns[len(self.columns.features) :]:
            digest.update(repr((name, list(texts_of(self.inputs[name])))).encode())
        return digest.hexdigest()


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
    clinical
        Columns of clinical variables, numbers or texts; never the outcome, patient or fold.
    batch
        Column with scanner or site, which every row must have; never the outcome or patient.

    Raises
    ------
    ModelError
        If a column is missing, the outcome has not two values, a patient is unknown or parted by
        the groups, a case is there twice, a feature is no number or infinite, or nothing is left to
        learn from.
    """
    refuse_double_columns(frame)
    by = _group_column(frame, group)
    _check_columns(frame, {"target": target, "group": by, "folds": folds, "batch": batch})
    if batch is not None and batch in (target, by):
        raise ModelError(f"'{batch}' cannot be the batch: it is the column of the outcome or the patient")
    clinical = checked_clinical(
        frame, clinical, taken={"target": target, "group": by, "folds": folds, "batch": batch}
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
    used = _feature_names(frame, features, exclude={target, by, folds, batch, *clinical} | BOOKKEEPING)
    values = numbers_of(frame, used, cases)
    leave_out(values.isna().all(axis=1).to_numpy(), "no feature has a value")

    kept = rows.to_numpy()
    if not kept.any():
        reasons = "; ".join(f"{part['rows']}: {part['reason']}" for part in left_out) or "it is empty"
        raise ModelError(f"no row of the table can be used ({reasons})")
    negative_text, positive_text = _two_values(outcomes[kept], target, positive)
    frame, values, cases = frame[kept], values[kept].reset_index(drop=True), cases[kept]
    refuse_beyond(values, cases)
    groups = _row_names(frame) if by is None else _no_empty(frame, by, cases, "patient")
    torn = _check_groups(frame, values, groups, cases, by)
    beside = {name: clinical_column(frame[name]) for name in clinical}
    if batch is not None:
        beside[batch] = _no_empty(frame, batch, cases, "batch")
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
        torn=torn,
        columns=Columns(tuple(values.columns), clinical, batch),
        positions=np.flatnonzero(kept),
    )


def clinical_column(column: pd.Series[Any]) -> npt.NDArray[Any]:
    """Return a clinical column as numbers (NaN where missing) if all its values are, else as texts."""
    texts = texts_of(column)
    truths = pd.Series(texts).replace({"true": "1", "false": "0"})
    numbers = pd.to_numeric(truths.where(truths != ""), errors="coerce")
    if bool((numbers.notna() | (texts == "")).all()):
        found: npt.NDArray[Any] = numbers.to_numpy(np.float64, na_value=np.nan)
        return found
    return texts


def checked_clinical(
    frame: pd.DataFrame, clinical: Sequence[str], taken: Mapping[str, str | None]
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
        _check_columns(frame, {"clinical": name})
        if name in BOOKKEEPING or name in taken.values():
            role = next((role for role, column in taken.items() if column == name), "bookkeeping")
            raise ModelError(f"'{name}' cannot be a clinical variable: it is the column of {role}")
    return tuple(dict.fromkeys(clinical))


def _group_column(frame: pd.DataFrame, group: str | None) -> str | None:
    """Return the column that tells patients apart, None where each row is asked to count as one."""
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
    torn = torn_patients(frame, groups)
    if by is not None:
        refuse_torn_patients(torn, by)
    refuse_copies(frame, values, groups, cases)
    return len(torn)


def _check_columns(frame: pd.DataFrame, asked: Mapping[str, str | None]) -> None:
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
        raise ModelError(f"'{target}' has no value '{wanted}' that could be positive; it has {found}")
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
