"""A fitted model: what a reading needs, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field
from sklearn.pipeline import Pipeline

from radiomics_screen.errors import ModelError
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.dataset import numbers_of, refuse_infinite
from radiomics_screen.modelling.evaluation import Evaluation
from radiomics_screen.modelling.pipeline import kept_features, probability_of


class Card(BaseModel):
    """What is known about a model besides its learned values: the contents of ``model.json``.

    Attributes
    ----------
    versions
        Of the packages that it was fitted with.
    settings
        With which its features were extracted, as a parameter file; None where its table did not say.
    training
        Counts of rows and features, and the ``fingerprint`` of the table it was learned from.
    probe
        Probability of a case without any value: lets loading see that all parts fit together.
    """

    model_config = ConfigDict(frozen=True)

    versions: dict[str, str]
    created: str
    target: str
    positive: str
    negative: str
    group: str | None
    threshold: float = Field(gt=0, lt=1)
    classifier: str
    hyperparameters: dict[str, Any]
    seed: int
    device: str
    settings: dict[str, Any] | None
    training: dict[str, Any]
    probe: float


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

        Shapley values of the trees (Lundberg et al., "From local explanations to global
        understanding", 2020). One column a kept feature, and last ``bias``, the log-odds where no
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

    def save(self, folder: str | Path) -> None:
        """Write the model folder; see :func:`radiomics_screen.modelling.bundle.save_model`."""
        from radiomics_screen.modelling.bundle import save_model

        save_model(self, folder)

    def _inputs(self, frame: pd.DataFrame | Mapping[str, Any]) -> pd.DataFrame:
        """Return the model's features in its order, as finite numbers or NaN."""
        given = frame if isinstance(frame, pd.DataFrame) else pd.DataFrame([dict(frame)])
        names = self.features
        absent = [name for name in names if name not in given]
        if absent:
            listed = ", ".join(absent[:10]) + (" ..." if len(absent) > 10 else "")
            raise ModelError(
                f"{len(absent)} of the model's {len(names)} features are missing: {listed}; extract with the "
                "settings that the model was fitted with"
            )
        cases = np.array([str(case) for case in given.get("case_id", given.index)], dtype=object)
        values = numbers_of(given, names, cases).set_index(given.index)
        refuse_infinite(values, cases)
        empty = values.isna().all(axis=1).to_numpy()
        if empty.any():
            named = ", ".join(case for case, without in zip(cases, empty, strict=True) if without)
            raise ModelError(f"no feature has a value in case {named}: there is nothing to predict from")
        return values

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


def probe_of(pipeline: Pipeline) -> float:
    """Return the probability of a case without any value: all imputed."""
    names = list(pipeline[0].feature_names_in_)
    return float(probability_of(pipeline, pd.DataFrame(np.nan, index=[0], columns=names))[0])
