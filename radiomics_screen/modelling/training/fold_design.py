"""Into which folds the rows are divided, for any outcome that they may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.data.splits import Split, column_splits, grouped_splits

SPLITS, REPEATS = 5, 5  # where neither they nor a column of folds are given


class Division(NamedTuple):
    """How the rows are divided, in words too, and what is to be said about it."""

    splits: list[Split]
    origin: str
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
            return Division(self.one(dataset), f"folds of column '{self.folds}'", remarks)
        splits = SPLITS if self.splits is None else self.splits
        repeats = REPEATS if self.repeats is None else self.repeats
        return Division(self._drawn(dataset, repeats), f"{splits} stratified folds of whole patients", [])

    def one(self, dataset: Dataset) -> list[Split]:
        """Return the folds of the first repeat."""
        if dataset.folds is not None:
            return column_splits(dataset.outcome, dataset.groups, dataset.folds)
        return self._drawn(dataset, 1)

    def _drawn(self, dataset: Dataset, repeats: int) -> list[Split]:
        splits = SPLITS if self.splits is None else self.splits
        return grouped_splits(dataset.outcome, dataset.groups, splits=splits, repeats=repeats, seed=self.seed)
