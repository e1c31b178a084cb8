"""The many columns of an embedding become few: principal components, or those that tell the outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.column_names import EMBEDDING, is_feature, parts_of
from radiomics_screen.core.errors import ModelError, did_you_mean
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.core.threads import single_threaded
from radiomics_screen.modelling.steps.base import ArrayTransform, Texts, step
from radiomics_screen.modelling.steps.numerics.components import pls_weights, principal_axes
from radiomics_screen.modelling.steps.numerics.frames import FrameStep, require_columns
from radiomics_screen.modelling.steps.numerics.scale import centre_and_spread, scaled
from radiomics_screen.modelling.steps.numerics.selection import two_classes

#: Ways to reduce an embedding, each with how many components are made where it is not said.
COMPONENTS = {"pca": 32, "pls": 4}
_LEAST_ROWS = 3  # with an embedding, from which components are learned


@dataclass(frozen=True)
class Projection:
    """How the columns of one network's embedding of one region become scores.

    Attributes
    ----------
    stem
        What their names share: ``original_embedding``.
    columns
        Their names.
    centre, spread
        Mean and standard deviation of each, shape (columns,).
    weights
        Of each standardised column in each score, shape (scores, columns).
    """

    stem: str
    columns: list[str]
    centre: FloatArray
    spread: FloatArray
    weights: FloatArray

    def names(self, method: str) -> list[str]:
        """Return the names of the scores: ``original_embedding_pca01``."""
        width = max(2, len(str(len(self.weights))))
        return [f"{self.stem}_{method}{number:0{width}d}" for number in range(1, len(self.weights) + 1)]

    def scores(self, values: FloatArray) -> FloatArray:
        """Return the scores of rows of the columns; NaN throughout for a row that lacks a value."""
        standard = np.ascontiguousarray(scaled(values, self.centre, self.spread))
        found = np.empty((len(values), len(self.weights)))
        with single_threaded():
            for row, numbers in enumerate(standard):  # one by one: a row is answered alone as among others
                found[row] = self.weights @ numbers
        return found


@step("reduce")
class EmbeddingReducer(FrameStep):
    """Put a few scores in the place of the columns of an embedding; all other columns pass as they are.

    Each column is standardised; a score is a weighted sum of all of them. Columns of another region or of
    another filtered image are another embedding, with scores of their own. The scores stand after the other
    columns. A row that lacks a value of the embedding has no scores (NaN), and is not learned from.

    Parameters
    ----------
    method
        ``"pca"``: directions in which the rows differ most (principal components; Hotelling 1933), whatever
        the outcome. ``"pls"``: directions whose covariance with the outcome is largest (partial least
        squares; Wold, Sjöström and Eriksson, "PLS-regression: a basic tool of chemometrics", 2001).
    components
        How many scores; below 1, for ``"pca"``: as many as hold this part of the variance. None: 32 of
        ``"pca"``, 4 of ``"pls"``. There are fewer where the rows or the columns allow no more.

    Attributes
    ----------
    projections_ : list of Projection
        One for each embedding.

    Raises
    ------
    ModelError
        If an option has a value that it cannot have, or ``"pls"`` is not given an outcome of two values.
    """

    def __init__(self, method: str = "pca", components: float | None = None) -> None:
        self.method = method
        self.components = components

    def _learn(self, frame: pd.DataFrame, outcome: npt.NDArray[Any] | None) -> None:
        check_reduction(self.method, self.components)
        codes = None
        if self.method == "pls":
            if outcome is None:
                raise ModelError("partial least squares (pls) learns from the outcome, but none was given")
            codes = two_classes(outcome).astype(np.float64)
        self.projections_ = [
            self._projection(stem, frame[columns], codes)
            for stem, columns in _embeddings(list(frame.columns)).items()
        ]
        if not self._names_out():
            raise ModelError("the embedding is all there is to learn from, and gives no component")

    def _projection(self, stem: str, frame: pd.DataFrame, codes: FloatArray | None) -> Projection:
        """Learn the scores of one embedding from the rows that have it."""
        values = frame.to_numpy(np.float64)
        known = ~np.isnan(values).all(axis=0)
        whole = known.any() & ~np.isnan(values[:, known]).any(axis=1)
        columns = [str(name) for name in frame.columns[known]]
        if whole.sum() < _LEAST_ROWS:
            add_remark(
                f"{int(whole.sum())} rows have '{stem}': too few to learn components from, so it is left out"
            )
            nothing = np.zeros(len(columns))
            return Projection(stem, columns, nothing, nothing, np.empty((0, len(columns))))
        there = values[whole][:, known]
        wanted = COMPONENTS[self.method] if self.components is None else self.components
        centre, spread = centre_and_spread(there)
        standard = scaled(there, centre, spread)
        with single_threaded():
            if codes is None:
                weights = principal_axes(standard, wanted)
            else:
                weights = pls_weights(standard, codes[whole], int(wanted))
        return Projection(stem, columns, centre, spread, weights)

    def _apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        parts = [frame[self._others()]]
        for one in self.projections_:
            scores = one.scores(frame[one.columns].to_numpy(np.float64))
            parts.append(pd.DataFrame(scores, columns=one.names(self.method), index=frame.index))
        return pd.concat(parts, axis=1)

    def array_transform(self, names: Sequence[str]) -> ArrayTransform | None:
        """Return the step as a function of arrays (rows, columns), or None where it needs a data frame."""
        place = {name: number for number, name in enumerate(names)}
        others = [place[name] for name in self._others()]
        embedded = [[place[name] for name in one.columns] for one in self.projections_]

        def reduced(numbers: FloatArray, texts: Mapping[str, Texts]) -> FloatArray:
            scores = [
                one.scores(numbers[:, columns])
                for one, columns in zip(self.projections_, embedded, strict=True)
            ]
            return np.asfortranarray(np.hstack([numbers[:, others], *scores]))

        return reduced

    def _others(self) -> list[str]:
        return [str(name) for name in self.feature_names_in_ if not is_embedding(name)]

    def _names_out(self) -> list[str]:
        return [*self._others(), *(name for one in self.projections_ for name in one.names(self.method))]

    def learned(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the learned values as plain data for the model folder, by column name."""
        return {
            "projections": [
                {
                    "stem": one.stem,
                    "columns": one.columns,
                    "centre": one.centre.tolist(),
                    "spread": one.spread.tolist(),
                    "weights": one.weights.tolist(),
                }
                for one in self.projections_
            ]
        }

    def restore(self, learned: Mapping[str, Any], names: Sequence[str]) -> None:
        """Set the learned values from what `learned` returned, for columns in the order of `names`."""
        super().restore(learned, names)
        check_reduction(self.method, self.components)
        self.projections_ = []
        for part in learned["projections"]:
            columns = list(part["columns"])
            require_columns(columns, names, "an embedding's")
            numbers = [np.array(part[key], dtype=np.float64) for key in ("centre", "spread", "weights")]
            numbers[2] = numbers[2].reshape(-1, len(columns))
            if not all(np.isfinite(one).all() and one.shape[-1] == len(columns) for one in numbers):
                raise ModelError(f"the components of '{part['stem']}' are not finite, or not of its columns")
            self.projections_.append(Projection(str(part["stem"]), columns, *numbers))


def is_embedding(column: str) -> bool:
    """Tell whether a column is one of an embedding."""
    return is_feature(column) and parts_of(column).family == EMBEDDING


def check_reduction(method: str, components: float | None) -> None:
    """Raise a ModelError where an embedding cannot be reduced so."""
    if method not in COMPONENTS:
        raise ModelError(f"unknown reduction '{method}'{did_you_mean(method, COMPONENTS)}")
    if components is None:
        return
    whole = components >= 1 and float(components).is_integer()
    if not whole and not (method == "pca" and 0 < components < 1):
        more = ", or a part of the variance below 1" if method == "pca" else ""
        raise ModelError(f"components is {components}; it must be a whole number of 1 or more{more}")


def _embeddings(names: Sequence[str]) -> dict[str, list[str]]:
    """Return the columns of each embedding, by what their names share."""
    found: dict[str, list[str]] = {}
    for name in names:
        if is_embedding(name):
            found.setdefault(name.rpartition("_")[0], []).append(name)
    return found
