"""A fitted model: what a reading needs, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.pipeline import Pipeline

from radiomics_screen.errors import ModelError
from radiomics_screen.modelling.card import Card
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.evaluation import Evaluation
from radiomics_screen.modelling.folder import Parts, write_folder
from radiomics_screen.modelling.pipeline import kept_features, probability_of
from radiomics_screen.modelling.values import beyond_largest, listed, numbers_of, texts_of


@dataclass(frozen=True)
class Contribution:
    """What one feature adds to the log-odds of one case.

    Attributes
    ----------
    feature
        Its name.
    value
        Its value, or the one put in its place where it was missing.
    log_odds
        What it adds; above 0 speaks for the positive class.
    imputed
        True where the value was missing.
    """

    feature: str
    value: float
    log_odds: float
    imputed: bool


@dataclass(frozen=True)
class Model:
    """A fitted pipeline with what is known about it.

    Attributes
    ----------
    pipeline
        From features to probability, fitted on all rows.
    card
        What it was learned from, and for which question.
    evaluation
        How good the same pipeline was on patients that it had not seen.
    """

    pipeline: Pipeline
    card: Card
    evaluation: Evaluation

    @property
    def features(self) -> list[str]:
        """Names of the features that a case must bring."""
        return [str(name) for name in self.pipeline[0].feature_names_in_]

    @property
    def kept(self) -> list[str]:
        """Names of the features that reach the classifier."""
        return kept_features(self.pipeline)

    @property
    def settings(self) -> dict[str, Any] | None:
        """Settings with which to extract the features; None where the training table did not say."""
        return self.card.settings

    @property
    def threshold(self) -> float:
        """Probability from which on a case is called positive."""
        return self.card.threshold

    def predict_probability(self, frame: pd.DataFrame | Mapping[str, Any]) -> npt.NDArray[np.float64]:
        """Return the probability of the positive class, shape (rows,).

        Parameters
        ----------
        frame
            A table with the model's features, and any other columns; or one case's features as
            a mapping. A missing value (NaN) is imputed.

        Raises
        ------
        ModelError
            If a feature's column is missing, a value is no number or infinite, or a case has no
            value at all.
        """
        inputs = self._inputs(frame)
        return probability_of(self.pipeline, inputs) if len(inputs) else np.empty(0)

    def classify(self, probabilities: npt.ArrayLike) -> npt.NDArray[np.object_]:
        """Return the positive or the negative label for each probability, at the stored threshold."""
        positive = np.asarray(probabilities, dtype=np.float64) >= self.threshold
        return np.where(positive, self.card.positive, self.card.negative).astype(object)

    def contributions(self, frame: pd.DataFrame | Mapping[str, Any]) -> pd.DataFrame:
        """Return what each kept feature adds to the log-odds of each case.

        How they are found depends on the classifier: Shapley values of boosted trees (Lundberg et al.,
        "From local explanations to global understanding", 2020); for the others, see the
        documentation of modelling. One column a kept feature, and last ``bias``, the log-odds where no
        feature is known; the sum of a row is the log-odds of its probability.
        """
        inputs = self._inputs(frame)
        found = self._contributions(inputs)
        return pd.DataFrame(found, columns=[*self.kept, "bias"], index=inputs.index)

    def strongest(self, frame: pd.DataFrame | Mapping[str, Any], count: int = 10) -> list[list[Contribution]]:
        """Return for each case the features that moved it most, the strongest first.

        At most `count`; features that add nothing are not named.
        """
        inputs = self._inputs(frame)
        kept = self.kept
        values = self._values(inputs)
        missing = inputs[kept].isna().to_numpy()
        found = self._contributions(inputs)[:, :-1]
        reasons = []
        for row, added in enumerate(found):
            order = np.argsort(-np.abs(added), kind="stable")[:count]
            reasons.append(
                [
                    Contribution(kept[j], float(values[row, j]), float(added[j]), bool(missing[row, j]))
                    for j in order
                    if added[j] != 0
                ]
            )
        return reasons

    def unreadable(self, frame: pd.DataFrame | Mapping[str, Any]) -> npt.NDArray[np.object_]:
        """Return for each row why the model cannot judge it, an empty text where it can; shape (rows,).

        It cannot where a value of its features is infinite or too large, or where none is there.

        Raises
        ------
        ModelError
            If a feature's column is missing, or a value is no number.
        """
        return self._reasons_against(self._numbers(frame))

    def save(self, folder: str | Path) -> None:
        """Write the model folder; an older model there is replaced.

        Raises
        ------
        ModelError
            If `folder` is something else than a model folder or an empty folder, cannot be written,
            or a file that the settings name is gone.
        """
        write_folder(Parts(self.pipeline, self.card, self.evaluation), folder)

    def _inputs(self, frame: pd.DataFrame | Mapping[str, Any]) -> pd.DataFrame:
        """Return the model's features in its order, as numbers that it can take or NaN."""
        values = self._numbers(frame)
        against = self._reasons_against(values)
        if (refused := against != "").any():
            cases = _case_names(_as_frame(frame))[refused].tolist()
            raise ModelError(f"{against[refused][0]} (case {listed(cases)})")
        return values

    def _numbers(self, frame: pd.DataFrame | Mapping[str, Any]) -> pd.DataFrame:
        """Return the model's features in its order, as numbers or NaN."""
        given = _as_frame(frame)
        names = self.features
        if absent := [name for name in names if name not in given]:
            raise ModelError(
                f"{len(absent)} of the model's {len(names)} features are missing: {listed(absent, 10)}; "
                "extract with the settings that the model was fitted with"
            )
        return numbers_of(given, names, _case_names(given)).set_index(given.index)

    def _reasons_against(self, values: pd.DataFrame) -> npt.NDArray[np.object_]:
        names = np.array(values.columns, dtype=object)
        reasons = np.full(len(values), "", dtype=object)
        reasons[values.isna().all(axis=1).to_numpy()] = "none of the model's features has a value"
        beyond = beyond_largest(values)
        for row in np.flatnonzero(beyond.any(axis=1)):
            reasons[row] = f"infinite or beyond 3.4e38: {listed(names[beyond[row]].tolist())}"
        return reasons

    def _values(self, inputs: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return what reaches the classifier, shape (rows, kept)."""
        if not len(inputs):
            return np.empty((0, len(self.kept)))
        return np.asarray(self.pipeline[:-1].transform(inputs), dtype=np.float64)

    def _contributions(self, inputs: pd.DataFrame) -> npt.NDArray[np.float64]:
        if not len(inputs):
            return np.empty((0, len(self.kept) + 1))
        kind = CLASSIFIERS[self.card.classifier]
        return kind.contributions(self.pipeline[-1], self._values(inputs))


def _as_frame(given: pd.DataFrame | Mapping[str, Any]) -> pd.DataFrame:
    return given if isinstance(given, pd.DataFrame) else pd.DataFrame([dict(given)])


def _case_names(frame: pd.DataFrame) -> npt.NDArray[np.object_]:
    return texts_of(pd.Series(frame.get("case_id", frame.index)))
