"""What a model asks of the rows that it is given, and why it cannot take some of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.pipeline import Pipeline

from radiomics_screen.core.errors import ModelError, did_you_mean
from radiomics_screen.modelling.bundle.card import Card
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.data.crop_column import checked_crops
from radiomics_screen.modelling.data.values import (
    beyond_largest,
    clinical_column,
    listed,
    numbers_of,
    text_of,
    texts_of,
)
from radiomics_screen.modelling.steps.combat import ComBat
from radiomics_screen.modelling.steps.encode import ClinicalEncoder
from radiomics_screen.modelling.training.pipeline import input_names, steps_of

Rows = pd.DataFrame | Mapping[str, Any]


@dataclass(frozen=True)
class Inputs:
    """The columns that a model learned from.

    Attributes
    ----------
    names
        All of them, in the model's order.
    levels
        Clinical columns that were learned as texts, each with the texts that were learned.
    numbers
        Clinical columns that were learned as numbers.
    batch
        Column with scanner or site, or None.
    batches
        Those that were learned.
    crop
        Whether it looks at crops of the lesions.
    """

    names: tuple[str, ...]
    levels: Mapping[str, list[str]]
    numbers: tuple[str, ...]
    batch: str | None
    batches: tuple[str, ...]
    crop: bool = False

    @classmethod
    def of(cls, pipeline: Pipeline, card: Card) -> Inputs:
        """Return what a fitted pipeline learned from."""
        steps = steps_of(pipeline)
        coding = next((one.coding_ for one in steps if isinstance(one, ClinicalEncoder)), {})
        levels = {name: list(how["levels"]) for name, how in coding.items() if "levels" in how}
        numbers = tuple(name for name in coding if name not in levels)
        batches = next((tuple(one.batches_) for one in steps if isinstance(one, ComBat)), ())
        names = tuple(input_names(pipeline))
        batch = card.batch if card.batch in names else None
        return cls(names, levels, numbers, batch, batches, CROP in names)

    @property
    def radiomics(self) -> list[str]:
        """Names of the radiomic features."""
        aside = {*self.levels, *self.numbers, self.batch, CROP}
        return [name for name in self.names if name not in aside]

    @property
    def beside(self) -> list[str]:
        """Names of the other columns, but that of the crops."""
        aside = {*self.radiomics, CROP}
        return [name for name in self.names if name not in aside]

    def taken(self, rows: Rows) -> pd.DataFrame:
        """Return the columns in the model's order: texts where learned as such, else numbers or NaN.

        Raises
        ------
        ModelError
            If a column is missing, a feature is no number, or :meth:`reasons_against` a row has any.
        """
        values = self.read(rows)
        against = self.reasons_against(values)
        if (refused := against != "").any():
            cases = _case_names(as_frame(rows))[refused].tolist()
            raise ModelError(f"{against[refused][0]} (case {listed(cases)})")
        return values

    def read(self, rows: Rows) -> pd.DataFrame:
        """Return the columns as :meth:`taken` does, whatever their values.

        Raises
        ------
        ModelError
            If a column is missing, or a feature is no number.
        """
        given = as_frame(rows)
        names = self.radiomics
        if absent := [name for name in names if name not in given]:
            raise ModelError(
                f"{len(absent)} of the model's {len(names)} features are missing: {listed(absent, 10)}; "
                "extract with the settings that the model was fitted with"
            )
        self._require_beside(given)
        values = numbers_of(given, names, _case_names(given)).set_index(given.index)
        for name in self.beside:
            # What was learned as texts is read as such: "01" on its own looks like a number.
            values[name] = clinical_column(given[name]) if name in self.numbers else texts_of(given[name])
        if self.crop:
            values[CROP] = self._crops(given)
        return values[list(self.names)]

    def reasons_against(self, values: pd.DataFrame) -> npt.NDArray[np.object_]:
        """Return why the model cannot judge each row of what :meth:`read` returned, or an empty text."""
        names = np.array(self.radiomics, dtype=object)
        reasons = np.full(len(values), "", dtype=object)
        if len(names):
            reasons[values[names].isna().all(axis=1).to_numpy()] = "none of the model's features has a value"
        for name in self.numbers:
            numbers = pd.to_numeric(values[name], errors="coerce")
            wrong = (numbers.isna() & (texts_of(values[name]) != "")).to_numpy()
            for row in np.flatnonzero(wrong):
                reasons[row] = f"'{name}' is {values[name].iloc[row]!r}; in training it was a number"
            reasons[beyond_largest(numbers)] = f"infinite or beyond 3.4e38: {name}"
        if self.crop:
            reasons[values[CROP].isna().to_numpy()] = "there is no crop of its lesion"
        beyond = beyond_largest(values[names])
        for row in np.flatnonzero(beyond.any(axis=1)):
            reasons[row] = f"infinite or beyond 3.4e38: {listed(names[beyond[row]].tolist())}"
        return reasons

    def unknown_batches(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """Return whether each row is of a batch that was not learned, shape (rows,).

        Raises
        ------
        ModelError
            If a column beside the features is missing.
        """
        given = as_frame(rows)
        self._require_beside(given)
        if self.batch is None:
            return np.zeros(len(given), dtype=bool)
        found: npt.NDArray[np.bool_] = ~np.isin(texts_of(given[self.batch]), self.batches)
        return found

    def unlearned(self, rows: Rows) -> npt.NDArray[np.object_]:
        """Return for each row what was not learned of its batch and its clinical texts, in words.

        Shape (rows,); an empty text where there is nothing to remark. Raises as :meth:`unknown_batches`.
        """
        given = as_frame(rows)
        remarks: list[list[str]] = [[] for _ in range(len(given))]
        for row in np.flatnonzero(self.unknown_batches(given)).tolist():
            what = text_of(given[self.batch].iloc[row]) or "(empty)"
            remarks[row].append(f"'{self.batch}' {what} was not learned, so its features are not harmonised")
        for name, levels in self.levels.items():
            for row, value in enumerate(texts_of(given[name])):
                if value and value not in levels:
                    remarks[row].append(f"'{name}' {value} was not learned, and counts as no value")
        return np.array(["; ".join(one) for one in remarks], dtype=object)

    def _crops(self, given: pd.DataFrame) -> npt.NDArray[np.object_]:
        if CROP not in given:
            raise ModelError(
                f"the model looks at crops of the lesions, and there is no column '{CROP}': "
                "radiomics_screen.prediction.crop_inputs.with_crops adds it"
            )
        found: npt.NDArray[np.object_] = checked_crops(given[CROP], _case_names(given)).to_numpy()
        return found

    def _require_beside(self, given: pd.DataFrame) -> None:
        if absent := [name for name in self.beside if name not in given]:
            hint = did_you_mean(absent[0], map(str, given.columns))
            raise ModelError(
                f"the model learned from {listed(self.beside)}, too, but there is no column '{absent[0]}'"
                f"{hint if hint.startswith(':') else ''}; give each case its value, or leave it empty "
                "where it is not known"
            )


def as_frame(rows: Rows) -> pd.DataFrame:
    """Return rows as a table, one case as a table of one row."""
    return rows if isinstance(rows, pd.DataFrame) else pd.DataFrame([dict(rows)])


def _case_names(frame: pd.DataFrame) -> npt.NDArray[np.object_]:
    return texts_of(pd.Series(frame.get("case_id", frame.index)))
