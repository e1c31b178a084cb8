"""What a model asks of the rows that it is given, and why it cannot take some of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.pipeline import Pipeline

from radiomics_screen.core.arrays import BoolArray, FloatArray
from radiomics_screen.core.errors import ModelError, did_you_mean
from radiomics_screen.modelling.bundle.card import Card
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.data.crop_column import checked_crops
from radiomics_screen.modelling.data.values import beyond_largest, listed, number_array, texts_of
from radiomics_screen.modelling.steps.combat import ComBat
from radiomics_screen.modelling.steps.encode import ClinicalEncoder
from radiomics_screen.modelling.training.pipeline import input_names, steps_of

Rows = pd.DataFrame | Mapping[str, Any]
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class InputRows:
    """Rows as a model takes them, read and checked once.

    Attributes
    ----------
    names
        The model's columns, in its order.
    index
        Of the table that the rows came from.
    cases
        What a message calls each row, shape (rows,).
    numbers
        Shape (rows, columns): NaN where there is no value, and in columns of texts and crops.
    texts
        Texts of the columns that were learned as such, and of the scanner or site; shape (rows,).
    crops
        Crop of each row's lesion, None where there is none; None for a model that looks at none.
    refused
        Why the model cannot judge a row, or an empty text; shape (rows,).
    unlearned
        What the model has not met of a row's scanner and clinical texts, in words, or an empty text.
    """

    names: tuple[str, ...]
    index: pd.Index
    cases: Texts
    numbers: FloatArray
    texts: Mapping[str, Texts]
    crops: Texts | None
    refused: Texts
    unlearned: Texts

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, chosen: BoolArray) -> InputRows:
        """Return some of the rows."""
        return InputRows(
            self.names,
            self.index[chosen],
            self.cases[chosen],
            np.asfortranarray(self.numbers[chosen]),
            {name: texts[chosen] for name, texts in self.texts.items()},
            None if self.crops is None else self.crops[chosen],
            self.refused[chosen],
            self.unlearned[chosen],
        )

    def require_readable(self) -> InputRows:
        """Return the rows as they are.

        Raises
        ------
        ModelError
            The model cannot judge one of them.
        """
        if (refused := self.refused != "").any():
            raise ModelError(f"{self.refused[refused][0]} (case {listed(self.cases[refused].tolist())})")
        return self

    def frame(self) -> pd.DataFrame:
        """Return the rows as a table with the model's columns, in its order."""
        table = pd.DataFrame(self.numbers, columns=list(self.names), index=self.index)
        for name, texts in self.texts.items():
            table[name] = texts
        if self.crops is not None:
            table[CROP] = self.crops
        return table


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

    @cached_property
    def radiomics(self) -> tuple[str, ...]:
        """Names of the radiomic features."""
        aside = {*self.levels, *self.numbers, self.batch, CROP}
        return tuple(name for name in self.names if name not in aside)

    @cached_property
    def beside(self) -> tuple[str, ...]:
        """Names of the other columns, but that of the crops."""
        aside = {*self.radiomics, CROP}
        return tuple(name for name in self.names if name not in aside)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Place of each column."""
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def radiomic_places(self) -> npt.NDArray[np.intp]:
        """Places of the radiomic features."""
        return np.array([self.places[name] for name in self.radiomics], dtype=np.intp)

    def read(self, rows: Rows) -> InputRows:
        """Read the columns, whatever their values: texts where learned as such, else numbers or NaN.

        Raises
        ------
        ModelError
            If a column is missing, or a feature is no number.
        """
        given = as_frame(rows)
        there = set(given.columns)
        if absent := [name for name in self.radiomics if name not in there]:
            raise ModelError(
                f"{len(absent)} of the model's {len(self.radiomics)} features are missing: "
                f"{listed(absent, 10)}; extract with the settings that the model was fitted with"
            )
        self._require_beside(given)
        cases = _case_names(given)
        numbers = np.full((len(given), len(self.names)), np.nan, order="F")
        numbers[:, self.radiomic_places] = number_array(given, self.radiomics, cases)
        texts = {name: texts_of(given[name]) for name in self.beside}
        for name in self.numbers:
            numbers[:, self.places[name]] = _parsed(texts[name])
        crops = self._crops(given, cases) if self.crop else None
        refused = self._reasons_against(numbers, texts, crops)
        unlearned = self._unlearned(texts, len(given))
        learned_as_text = {name: found for name, found in texts.items() if name not in self.numbers}
        return InputRows(self.names, given.index, cases, numbers, learned_as_text, crops, refused, unlearned)

    def unknown_batches(self, rows: Rows) -> BoolArray:
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
        return self._is_unknown(texts_of(given[self.batch]))

    def unlearned(self, rows: Rows) -> Texts:
        """Return for each row what was not learned of its batch and its clinical texts, in words.

        Shape (rows,); an empty text where there is nothing to remark. Raises as :meth:`unknown_batches`.
        """
        given = as_frame(rows)
        self._require_beside(given)
        return self._unlearned({name: texts_of(given[name]) for name in self.beside}, len(given))

    def _reasons_against(self, numbers: FloatArray, texts: Mapping[str, Texts], crops: Texts | None) -> Texts:
        """Return why the model cannot judge each row, or an empty text."""
        features = numbers[:, self.radiomic_places]
        reasons = np.full(len(numbers), "", dtype=object)
        if len(self.radiomics):
            reasons[np.isnan(features).all(axis=1)] = "none of the model's features has a value"
        for name in self.numbers:
            values = numbers[:, self.places[name]]
            for row in np.flatnonzero(np.isnan(values) & (texts[name] != "")):
                reasons[row] = f"'{name}' is {texts[name][row]!r}; in training it was a number"
            reasons[beyond_largest(values)] = f"infinite or beyond 3.4e38: {name}"
        if crops is not None:
            reasons[[crop is None for crop in crops]] = "there is no crop of its lesion"
        beyond = beyond_largest(features)
        for row in np.flatnonzero(beyond.any(axis=1)):
            which = [self.radiomics[place] for place in np.flatnonzero(beyond[row])]
            reasons[row] = f"infinite or beyond 3.4e38: {listed(which)}"
        return reasons

    def _is_unknown(self, batches: Texts) -> BoolArray:
        found: BoolArray = ~np.isin(batches, self.batches)
        return found

    def _unlearned(self, texts: Mapping[str, Texts], rows: int) -> Texts:
        remarks: list[list[str]] = [[] for _ in range(rows)]
        if self.batch is not None:
            batches = texts[self.batch]
            for row in np.flatnonzero(self._is_unknown(batches)).tolist():
                what = batches[row] or "(empty)"
                remarks[row].append(
                    f"'{self.batch}' {what} was not learned, so its features are not harmonised"
                )
        for name, levels in self.levels.items():
            for row, value in enumerate(texts[name]):
                if value and value not in levels:
                    remarks[row].append(f"'{name}' {value} was not learned, and counts as no value")
        return np.array(["; ".join(one) for one in remarks], dtype=object)

    def _crops(self, given: pd.DataFrame, cases: Texts) -> Texts:
        if CROP not in given:
            raise ModelError(
                f"the model looks at crops of the lesions, and there is no column '{CROP}': "
                "radiomics_screen.prediction.crop_inputs.with_crops adds it"
            )
        found: Texts = checked_crops(given[CROP], cases).to_numpy()
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


def _parsed(texts: Texts) -> FloatArray:
    """Return the numbers that texts hold, 1 and 0 for true and false, NaN where there is none."""
    truths = pd.Series(texts, dtype=object).replace({"true": "1", "false": "0"})
    numbers = pd.to_numeric(truths.where(truths != ""), errors="coerce")
    found: FloatArray = numbers.to_numpy(np.float64, na_value=np.nan)
    return found


def _case_names(frame: pd.DataFrame) -> Texts:
    return texts_of(pd.Series(frame.get("case_id", frame.index)))
