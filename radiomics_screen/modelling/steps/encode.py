"""Clinical variables as numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.modelling.data.values import listed
from radiomics_screen.modelling.steps.base import ArrayTransform, Texts, step
from radiomics_screen.modelling.steps.numerics.clinical import (
    holds_numbers,
    levels_in,
    numbers_in,
    one_hot,
    texts_of,
    unseen,
)
from radiomics_screen.modelling.steps.numerics.frames import FrameStep, radiomic_flags, require_columns
from radiomics_screen.modelling.steps.numerics.scale import centre_and_spread, scaled


@step("encode")
class ClinicalEncoder(FrameStep):
    """Turn clinical columns into numbers; all other columns pass as they are.

    - A column of texts becomes one column a level, ``sex=F`` and ``sex=M``: 1 where the row has
      it, else 0. All levels are kept, so a level that was not learned is 0 in all of them, and a
      note says so. A missing value is 0 in all of them, too.
    - A column of numbers keeps its name; a missing value becomes the median. A column without
      any value is dropped.
    - Where values were missing in the rows learned from, a column ``sex missing`` is 1 in rows
      without the value: that it was not asked or not measured may say something itself.

    What a column holds, its levels, medians and scales are learned from the rows of the fold alone.
    The new columns stand where the old one stood.

    Parameters
    ----------
    columns
        list of str, or None (default): which columns are turned; None: all that are not radiomic
        features (see `prefixes`).
    prefixes
        list of str, or None (default): with ``columns=None``, radiomic is a column whose name
        begins with one of these; None: one that is named like a feature of an extraction.
    indicators
        bool, default True: add the columns that say where a value was missing.
    scale
        bool, default False: bring the columns of numbers to mean 0 and standard deviation 1, after
        the medians were put in; levels and indicators stay 0 and 1.
    most_levels
        int, default 20: a column with more different texts is refused: it is a name or a free text.

    Attributes
    ----------
    coding_ : dict
        For each turned column how: ``{"median", "centre", "spread", "missing"}`` (median None where there
        was no value) or ``{"levels", "missing"}``.

    Raises
    ------
    ModelError
        If a column is not there, a value is no number where numbers were learned, a column has too
        many levels, or a new column's name is taken.
    """

    def __init__(
        self,
        columns: Sequence[str] | None = None,
        prefixes: Sequence[str] | None = None,
        indicators: bool = True,
        scale: bool = False,
        most_levels: int = 20,
    ) -> None:
        self.columns = columns
        self.prefixes = prefixes
        self.indicators = indicators
        self.scale = scale
        self.most_levels = most_levels

    def _learn(self, frame: pd.DataFrame, outcome: npt.NDArray[Any] | None) -> None:
        self.coding_ = {name: self._code(frame[name], name) for name in self._turned(list(frame.columns))}
        names = self._names_out()
        if len(double := {name for name, times in Counter(names).items() if times > 1}):
            raise ModelError(f"two columns would be named '{min(double)}' after encoding; rename one before")
        if not names:
            raise ModelError("none of the clinical columns has a value in any row")

    def _turned(self, names: list[str]) -> list[str]:
        if self.columns is None:
            radiomic = radiomic_flags(names, self.prefixes)
            return [name for name, is_radiomic in zip(names, radiomic, strict=True) if not is_radiomic]
        require_columns(self.columns, names, "to encode")
        return [name for name in names if name in self.columns]

    def _code(self, column: pd.Series[Any], name: str) -> dict[str, Any]:
        """Learn how one column is turned."""
        if not holds_numbers(column):
            texts = texts_of(column)
            levels = levels_in(texts)
            if len(levels) > self.most_levels:
                raise ModelError(
                    f"column '{name}' has {len(levels)} different texts ({listed(levels)}), more than "
                    f"{self.most_levels}: leave it out, group its values, or raise most_levels"
                )
            return {"levels": levels, "missing": bool((texts == "").any())}
        values = numbers_in(column, name)
        missing = np.isnan(values)
        if missing.all():
            return {"median": None, "missing": True}
        median = float(np.median(values[~missing]))
        centre, spread = centre_and_spread(np.where(missing, median, values)[:, None])
        scales = {"centre": float(centre[0]), "spread": float(spread[0])}
        return {"median": median, **scales, "missing": bool(missing.any())}

    def _names_out(self) -> list[str]:
        names: list[str] = []
        for name in self.feature_names_in_:
            names.extend(self._names_of(name) if name in self.coding_ else [name])
        return names

    def _names_of(self, name: str) -> list[str]:
        """Return the names of the columns that one column becomes."""
        coding = self.coding_[name]
        if "levels" in coding:
            names = [f"{name}={level}" for level in coding["levels"]]
        elif coding["median"] is None:
            return []
        else:
            names = [name]
        return [*names, f"{name} missing"] if coding["missing"] and self.indicators else names

    def _apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        parts: dict[str, Any] = {}
        for name in frame.columns:
            if name not in self.coding_:
                parts[name] = frame[name]
                continue
            turned = self._turn(frame[name], name)
            parts.update(zip(self._names_of(name), turned, strict=True))
        return pd.DataFrame(parts, index=frame.index)

    def array_transform(self, names: Sequence[str]) -> ArrayTransform | None:
        """Return the step as a function of arrays (rows, columns), or None where it needs a data frame."""
        pieces: list[tuple[str, int, slice]] = []  # of each turned column: name, place, places that it gets
        passing: list[int] = []
        targets: list[int] = []
        width = 0
        for number, name in enumerate(names):
            if name in self.coding_:
                count = len(self._names_of(name))
                pieces.append((name, number, slice(width, width + count)))
            else:
                count = 1
                passing.append(number)
                targets.append(width)
            width += count

        def encoded(numbers: FloatArray, texts: Mapping[str, Texts]) -> FloatArray:
            out = np.empty((len(numbers), width), order="F")
            out[:, targets] = numbers[:, passing]
            for name, number, places in pieces:
                if "levels" in self.coding_[name]:
                    turned = self._turned_texts(texts[name], name)
                else:
                    turned = self._turned_numbers(numbers[:, number], name)
                if turned:
                    out[:, places] = np.column_stack(turned)
            return out

        return encoded

    def _turn(self, column: pd.Series[Any], name: str) -> list[FloatArray]:
        """Return the columns that one column becomes, in the order of :meth:`_names_of`."""
        if "levels" in self.coding_[name]:
            return self._turned_texts(texts_of(column), name)
        return self._turned_numbers(numbers_in(column, name), name)

    def _turned_texts(self, texts: Texts, name: str) -> list[FloatArray]:
        levels = self.coding_[name]["levels"]
        if new := unseen(texts, levels):
            rows = int(np.isin(texts, new).sum())
            add_remark(
                f"'{name}' is {listed(new)} in {rows} rows, which was not learned: counted as no level"
            )
        return [*one_hot(texts, levels).T, *self._indicator(texts == "", name)]

    def _turned_numbers(self, values: FloatArray, name: str) -> list[FloatArray]:
        coding = self.coding_[name]
        if coding["median"] is None:
            return []
        missing = np.isnan(values)
        filled = np.where(missing, coding["median"], values)
        if self.scale:
            filled = scaled(filled, np.array(coding["centre"]), np.array(coding["spread"]))
        return [filled, *self._indicator(missing, name)]

    def _indicator(self, missing: npt.NDArray[np.bool_], name: str) -> list[FloatArray]:
        wanted = self.coding_[name]["missing"] and self.indicators
        return [missing.astype(np.float64)] if wanted else []

    def learned(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the learned values as plain data for the model folder, by column name."""
        return {"coding": self.coding_}

    def restore(self, learned: Mapping[str, Any], names: Sequence[str]) -> None:
        """Set the learned values from what `learned` returned, for columns in the order of `names`."""
        super().restore(learned, names)
        self.coding_ = dict(learned["coding"])
        require_columns(list(self.coding_), names, "encoded")
        for name, coding in self.coding_.items():
            if "levels" in coding or coding["median"] is None:
                continue
            if not np.isfinite([coding[key] for key in ("median", "centre", "spread")]).all():
                raise ModelError(f"a number of the encoded column '{name}' is not finite")
