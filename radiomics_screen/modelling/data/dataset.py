"""What is learned from: features, clinical variables, outcome, patients, and who was left out."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.core.columns import Column, measured_column
from radiomics_screen.modelling.data.blocks import CLINICAL, CROP, block_named
from radiomics_screen.modelling.data.crop_column import digest_of
from radiomics_screen.modelling.data.values import texts_of


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
    crop
        Whether there is a column of crops.
    known
        What the table says of its features, by their names; of others their names tell.
    """

    features: tuple[str, ...]
    clinical: tuple[str, ...] = ()
    batch: str | None = None
    crop: bool = False
    known: Mapping[str, Column] = field(default_factory=dict, compare=False, repr=False)

    def block_of(self, feature: str) -> str:
        """Return the block of a feature."""
        column = self.known.get(feature)
        return (measured_column(feature) if column is None else column).block

    def blocks_of(self, names: Iterable[str]) -> list[str]:
        """Return the block of each column that reaches a classifier, also of those that steps have made."""
        features, clinical = set(self.features), set(self.clinical)
        return [
            self.block_of(name) if name in features else CLINICAL if name in clinical else block_named(name)
            for name in names
        ]

    def of(self, takes: str) -> Columns:
        """Return those that a classifier learns from: ``"numbers"``, ``"crops"`` or ``"both"``."""
        if takes == "crops":
            return Columns((), crop=self.crop)
        return self if takes == "both" else replace(self, crop=False)

    @property
    def names(self) -> list[str]:
        """All names, in their order."""
        batch = [] if self.batch is None else [self.batch]
        return [*self.features, *self.clinical, *batch, *([CROP] if self.crop else [])]


@dataclass(frozen=True)
class Dataset:
    """The rows that a model is learned from, in the order of the table.

    Attributes
    ----------
    inputs
        All that is learned from, shape (rows, columns): the features as numbers, NaN where missing;
        after them the clinical columns, numbers or texts; the batch; and last the crops.
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
        Name of the column that identifies patients, or None where each row counts as one.
    rows_read
        Number of rows of the table.
    left_out
        For each reason why rows were left out: ``{"reason", "rows", "cases"}``.
    split_across_folds
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
    split_across_folds: int = 0
    columns: Columns = Columns(())
    positions: npt.NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    measured: npt.NDArray[np.float64] | None = None

    @property
    def features(self) -> pd.DataFrame:
        """The features alone, numbers, shape (rows, features)."""
        return self.inputs[list(self.columns.features)]

    def only(self, columns: Columns) -> Dataset:
        """Return the same rows with some of the columns."""
        measured = self.measured
        if measured is not None:
            place = {name: at for at, name in enumerate(self.columns.features)}
            measured = measured[:, :, [place[name] for name in columns.features]]
        columns = replace(columns, known=columns.known or self.columns.known)
        return replace(self, inputs=self.inputs[columns.names], columns=columns, measured=measured)

    @property
    def blocks(self) -> list[str]:
        """The blocks that its columns come in: clinical variables first, then as the features stand."""
        clinical = [CLINICAL] if self.columns.clinical else []
        crop = [CROP] if self.columns.crop else []
        return list(dict.fromkeys([*clinical, *map(self.columns.block_of, self.columns.features), *crop]))

    def part(self, blocks: Collection[str]) -> Dataset:
        """Return the same rows with the columns of some blocks; the batch stays where there are features."""
        known = self.columns
        features = tuple(name for name in known.features if known.block_of(name) in blocks)
        clinical = known.clinical if CLINICAL in blocks else ()
        batch = known.batch if features else None
        return self.only(Columns(features, clinical, batch, known.crop and CROP in blocks))

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
            "patients_in_several_groups": self.split_across_folds,
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
            column = self.inputs[name]
            known = digest_of(column) if name == CROP else list(texts_of(column))
            digest.update(repr((name, known)).encode())
        return digest.hexdigest()
