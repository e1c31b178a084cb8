"""A fitted model: what a reading needs, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.pipeline import Pipeline

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.assessment.evaluation import Evaluation
from radiomics_screen.modelling.assessment.uncertainty import ERROR_RATE, Uncertainty
from radiomics_screen.modelling.bundle.card import Card
from radiomics_screen.modelling.bundle.folder import Parts, write_folder
from radiomics_screen.modelling.bundle.model_inputs import Inputs, Rows
from radiomics_screen.modelling.bundle.signing import SignWith
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.statistics.recalibration import (
    Platt,
    Recalibration,
    recalibration_from_dict,
)
from radiomics_screen.modelling.training.learning import recalibrated
from radiomics_screen.modelling.training.pipeline import (
    kept_features,
    probability_of,
    reaching,
    values_reaching,
)


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


@dataclass(frozen=True, repr=False)
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
    doubt
        What it knows of its own limits; None where the folder of an older version was loaded.
    """

    pipeline: Pipeline
    card: Card
    evaluation: Evaluation
    doubt: Uncertainty | None = None

    def __repr__(self) -> str:
        card = self.card
        return f"<Model {card.classifier}: {card.target} = {card.positive}, {len(self.kept)} columns>"

    @property
    def features(self) -> list[str]:
        """Columns that a case must bring: features, clinical variables, scanner or site, crop."""
        return list(self._wanted.names)

    @property
    def radiomics(self) -> list[str]:
        """Names of the features among them, which an extraction gives."""
        return self._wanted.radiomics

    @property
    def looks_at_crops(self) -> bool:
        """Whether a case must bring a crop of its lesion, cut as ``card.crop`` says."""
        return self._wanted.crop

    @property
    def recalibration(self) -> Recalibration | None:
        """How the classifier's probabilities are corrected; None: not at all."""
        written = self.card.recalibration
        return None if written is None else recalibration_from_dict(written)

    @property
    def kept(self) -> list[str]:
        """Names of the features that reach the classifier."""
        return kept_features(self.pipeline)

    @property
    def kept_numbers(self) -> list[str]:
        """Those of :attr:`kept` that are numbers: all but the crop."""
        return [name for name in self.kept if name != CROP]

    @property
    def settings(self) -> dict[str, Any] | None:
        """Settings with which to extract the features; None where the training table did not say."""
        return self.card.settings

    @property
    def threshold(self) -> float:
        """Probability from which on a case is called positive."""
        return self.card.threshold

    def predict_probability(self, frame: Rows) -> npt.NDArray[np.float64]:
        """Return the probability of the positive class, shape (rows,).

        Parameters
        ----------
        frame
            A table with the model's columns (features, and clinical variables or the scanner where it
            learned from them), and any others; or those of one case as a mapping. A missing value (NaN)
            is imputed.

        Raises
        ------
        ModelError
            If a feature's column is missing, a value is no number or infinite, or a case has no
            value at all.
        """
        inputs = self._wanted.taken(frame)
        if not len(inputs):
            return np.empty(0)
        return recalibrated(probability_of(self.pipeline, inputs), self.recalibration)

    def values(self, frame: Rows) -> pd.DataFrame:
        """Return what reaches the classifier: imputed, harmonised, encoded; one column a kept feature.

        Crops of lesions are left out.
        """
        inputs = self._wanted.taken(frame)
        return pd.DataFrame(self._values(inputs), columns=self.kept_numbers, index=inputs.index)

    def prediction_sets(
        self, probabilities: npt.ArrayLike, error_rate: float = ERROR_RATE
    ) -> npt.NDArray[np.bool_]:
        """Return whether the negative and the positive outcome cannot be ruled out, shape (rows, 2).

        One of them: the case is called so. Both: the model is not sure. None: it is like neither. Of patients
        like those learned from, the set misses the outcome in about `error_rate` of the cases of each class;
        the evaluation's summary tells how often it did (``doubt``).

        Raises
        ------
        ModelError
            If the model was saved by a version that did not keep what is needed.
        """
        if self.doubt is None:
            raise ModelError(
                "the model was saved without what prediction sets need; fit it anew with this version"
            )
        return self.doubt.sets(probabilities, error_rate)

    def unusual(self, frame: Rows) -> npt.NDArray[np.float64]:
        """Return how unusual each case is: percent of the training rows that are less so, shape (rows,).

        By the distance from the training rows in what reaches the classifier. NaN where it is not known.
        """
        values = self._values(self._wanted.taken(frame))
        if self.doubt is None or not len(values):
            return np.full(len(values), np.nan)
        return self.doubt.percentiles(values)

    def unknown_batches(self, frame: Rows) -> npt.NDArray[np.bool_]:
        """Return whether each case is of a scanner or site that was not learned, shape (rows,).

        Its features are then not harmonised. False everywhere for a model that does not harmonise.
        """
        return self._wanted.unknown_batches(frame)

    def unlearned(self, frame: Rows) -> npt.NDArray[np.object_]:
        """Return for each row what the model has not met of its other columns, in words; shape (rows,).

        A scanner or site, or a text of a clinical variable, that was not among the training rows. An empty
        text where there is none.
        """
        return self._wanted.unlearned(frame)

    def classify(self, probabilities: npt.ArrayLike) -> npt.NDArray[np.object_]:
        """Return the positive or the negative label for each probability, at the stored threshold."""
        positive = np.asarray(probabilities, dtype=np.float64) >= self.threshold
        return np.where(positive, self.card.positive, self.card.negative).astype(object)

    def contributions(self, frame: Rows) -> pd.DataFrame:
        """Return what each kept feature adds to the log-odds of each case.

        How they are found depends on the classifier: Shapley values of boosted trees (Lundberg et al.,
        "From local explanations to global understanding", 2020); for the others, see the
        documentation of modelling. One column a kept feature, and last ``bias``, the log-odds where no
        feature is known; the sum of a row is the log-odds of its probability. Where probabilities are
        recalibrated by a logistic curve (Platt), the sum is that of the recalibrated one; where by steps
        (isotonic), that of the one before.
        """
        inputs = self._wanted.taken(frame)
        found = self._contributions(inputs)
        return pd.DataFrame(found, columns=[*self.kept, "bias"], index=inputs.index)

    def strongest(self, frame: Rows, count: int = 10) -> list[list[Contribution]]:
        """Return for each case the features that moved it most, the strongest first.

        At most `count`; features that add nothing are not named.
        """
        inputs = self._wanted.taken(frame)
        kept = self.kept
        values = self._values(inputs)
        if CROP in kept:  # which is the last
            values = np.pad(values, ((0, 0), (0, 1)), constant_values=np.nan)
        missing = inputs.reindex(columns=kept).isna().to_numpy() & np.isin(kept, inputs.columns)
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

    def unreadable(self, frame: Rows) -> npt.NDArray[np.object_]:
        """Return for each row why the model cannot judge it, an empty text where it can; shape (rows,).

        It cannot where a value of its features is infinite or too large, or where none is there.

        Raises
        ------
        ModelError
            If a feature's column is missing, or a value is no number.
        """
        return self._wanted.reasons_against(self._wanted.read(frame))

    def save(self, folder: str | Path, sign_with: SignWith | None = None) -> None:
        """Write the model folder; an older model there is replaced.

        Parameters
        ----------
        folder
            A model folder, an empty one, or one to be made.
        sign_with
            Private key with which the model is signed: its file, or, where that has a password, what
            :func:`~radiomics_screen.modelling.bundle.signing_keys.open_signing_key` returned.

        Raises
        ------
        ModelError
            If `folder` is something else than a model folder or an empty folder, cannot be written,
            or a file that the settings name is gone; or if the key cannot be opened.
        """
        write_folder(Parts(self.pipeline, self.card, self.evaluation, self.doubt), folder, sign_with)

    @property
    def _wanted(self) -> Inputs:
        return Inputs.of(self.pipeline, self.card)

    def _values(self, inputs: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the numbers that reach the classifier, shape (rows, kept numbers)."""
        return (
            values_reaching(self.pipeline, inputs) if len(inputs) else np.empty((0, len(self.kept_numbers)))
        )

    def _contributions(self, inputs: pd.DataFrame) -> npt.NDArray[np.float64]:
        if not len(inputs):
            return np.empty((0, len(self.kept) + 1))
        kind = CLASSIFIERS[self.card.classifier]
        found = kind.contributions(self.pipeline[-1], reaching(self.pipeline, inputs))
        if isinstance(curve := self.recalibration, Platt):
            found = found * curve.slope
            found[:, -1] += curve.intercept
        return found
