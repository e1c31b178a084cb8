"""Into which folds the rows are divided, for any outcome that they may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.data.splits import Split, column_splits, grouped_splits

SPLITS, REPEATS = 5, 5  # where neither they nor a column of folds are given


@dataclass(frozen=True)
class FoldDesign:
    """What the folds of a cross-validation were.

    Attributes
    ----------
    column
        Of the table, that names the fold of each row; None where folds were drawn.
    splits
        Number of folds in one repeat.
    repeats
        How often all rows were divided.
    stratified
        Whether the folds were drawn with similar parts of positive rows.
    seed
        Of the drawing; None where folds were given.
    """

    column: str | None
    splits: int
    repeats: int
    stratified: bool
    seed: int | None

    @property
    def text(self) -> str:
        """Where the folds come from, in words."""
        if self.column is not None:
            return f"folds of column '{self.column}'"
        return f"{self.splits} {'stratified ' if self.stratified else ''}folds of whole patients"

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> FoldDesign:
        """Build the design again from what :meth:`to_json` returned."""
        return cls(**written)


class Division(NamedTuple):
    """How the rows are divided, and what is to be said about it."""

    splits: list[Split]
    design: FoldDesign
    remarks: list[str]


@dataclass(frozen=True)
class Divider:
    """How rows are divided into folds, for any outcome that they may have."""

    folds: str | None
    splits: int | None
    repeats: int | None
    seed: int

    def all(self, dataset: Dataset) -> Division:
        """Return the folds of all repeats."""
        if dataset.folds is not None:
            given = {"splits": self.splits, "repeats": self.repeats}
            unused = " and ".join(name for name, value in given.items() if value is not None)
            remarks = [f"{unused} not used: the folds are those of column '{self.folds}'"] if unused else []
            given_folds = self.one(dataset)
            design = FoldDesign(self.folds, len(given_folds), repeats=1, stratified=False, seed=None)
            return Division(given_folds, design, remarks)
        splits = SPLITS if self.splits is None else self.splits
        repeats = REPEATS if self.repeats is None else self.repeats
        design = FoldDesign(None, splits, repeats, stratified=True, seed=self.seed)
        return Division(self._drawn(dataset, repeats), design, [])

    def one(self, dataset: Dataset) -> list[Split]:
        """Return the folds of the first repeat."""
        if dataset.folds is not None:
            return column_splits(dataset.outcome, dataset.groups, dataset.folds)
        return self._drawn(dataset, 1)

    def _drawn(self, dataset: Dataset, repeats: int) -> list[Split]:
        splits = SPLITS if self.splits is None else self.splits
        return grouped_splits(dataset.outcome, dataset.groups, splits=splits, repeats=repeats, seed=self.seed)
