"""A fitted model: what a reading needs, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.pipeline import Pipeline

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.modelling.assessment.evaluation import Evaluation
from radiomics_screen.modelling.assessment.uncertainty import ERROR_RATE, Uncertainty
from radiomics_screen.modelling.bundle.answers import Answers, Contribution, strongest
from radiomics_screen.modelling.bundle.card import Card
from radiomics_screen.modelling.bundle.folder import Parts, write_folder
from radiomics_screen.modelling.bundle.model_inputs import InputRows, Inputs, Rows
from radiomics_screen.modelling.bundle.signing import SignWith
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.statistics.recalibration import (
    Platt,
    Recalibration,
    recalibration_from_dict,
)
from radiomics_screen.modelling.training.learning import recalibrated
from radiomics_screen.modelling.training.pipeline import Preprocessing

#: How many of the features that moved a row most are reported with it.
REASONS = 10


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

    def _repr_html_(self) -> str:
        """Return the model as a small table for a notebook."""
        card = self.card
        width = f"{len(self.inputs.names)} to bring, {len(self._preprocessing.kept)} reach the classifier"
        rows = {
            "model": card.classifier,
            "question": f"{card.target} = {card.positive}, otherwise {card.negative}",
            "threshold": f"{self.threshold:.3g}",
            "columns": width,
            "beside the features": ", ".join(self.inputs.beside) or "nothing",
            "recalibrated": "no" if self.recalibration is None else self.recalibration.kind,
            "fitted": card.created,
        }
        left = "style='text-align:left'"
        cells = "".join(
            f"<tr><th {left}>{escape(name)}</th><td {left}>{escape(value)}</td></tr>"
            for name, value in rows.items()
        )
        return f"<table>{cells}</table>"

    @property
    def features(self) -> list[str]:
        """Columns that a case must bring: features, clinical variables, scanner or site, crop."""
        return list(self.inputs.names)

    @property
    def radiomics(self) -> list[str]:
        """Names of the features among them, which an extraction gives."""
        return list(self.inputs.radiomics)

    @property
    def looks_at_crops(self) -> bool:
        """Whether a case must bring a crop of its lesion, cut as ``card.crop`` says."""
        return self.inputs.crop

    @cached_property
    def inputs(self) -> Inputs:
        """The columns that a case must bring, and how they are read."""
        return Inputs.of(self.pipeline, self.card)

    @cached_property
    def recalibration(self) -> Recalibration | None:
        """How the classifier's probabilities are corrected; None: not at all."""
        written = self.card.recalibration
        return None if written is None else recalibration_from_dict(written)

    @property
    def kept(self) -> list[str]:
        """Names of the features that reach the classifier."""
        return list(self._preprocessing.kept)

    @property
    def kept_numbers(self) -> list[str]:
        """Those of :attr:`kept` that are numbers: all but the crop."""
        return [name for name in self._preprocessing.kept if name != CROP]

    @property
    def settings(self) -> dict[str, Any] | None:
        """Settings with which to extract the features; None where the training table did not say."""
        return self.card.settings

    @property
    def threshold(self) -> float:
        """Probability from which on a case is called positive."""
        return self.card.threshold

    def answer(
        self, frame: Rows | InputRows, *, error_rate: float = ERROR_RATE, reasons: int = REASONS
    ) -> Answers:
        """Return all that the model says of rows, from one pass over them.

        Parameters
        ----------
        frame
            As for :meth:`predict_probability`, or rows that :attr:`inputs` has read.
        error_rate
            As for :meth:`prediction_sets`.
        reasons
            As `count` of :meth:`reasons`; 0 spares computing them.

        Raises
        ------
        ModelError
            As for :meth:`predict_probability`.
        """
        rows = self._readable(frame)
        with collect_remarks():  # each row has its own in `unlearned`
            reached = self._reaching(rows)
        probability = self._probability(reached)
        numbers = self._preprocessing.numbers(reached)
        limits = self.doubt
        unusual = None if limits is None else self._percentiles(numbers)
        is_unusual = np.zeros(len(rows), dtype=bool)
        if limits is not None and unusual is not None:
            is_unusual = unusual >= limits.unusual_from
        return Answers(
            probability=probability,
            label=self.classify(probability),
            sets=None if limits is None else limits.sets(probability, error_rate),
            unusual=unusual,
            is_unusual=is_unusual,
            unlearned=rows.unlearned,
            reasons=self._reasons(rows, reached, reasons) if reasons else [[] for _ in range(len(rows))],
        )

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
        return self._probability(self._reaching(self._readable(frame)))

    @property
    def classes_(self) -> npt.NDArray[np.object_]:
        """The negative and the positive value of the target, as scikit-learn names them."""
        return np.array([self.card.negative, self.card.positive], dtype=object)

    def predict_proba(self, frame: Rows) -> npt.NDArray[np.float64]:
        """Return the probabilities of :attr:`classes_`, shape (rows, 2); see :meth:`predict_probability`."""
        positive = self.predict_probability(frame)
        return np.column_stack([1 - positive, positive])

    def predict(self, frame: Rows) -> npt.NDArray[np.object_]:
        """Return the value of the target that each row is called, by the model's threshold, shape (rows,)."""
        return self.classify(self.predict_probability(frame))

    def values(self, frame: Rows) -> pd.DataFrame:
        """Return what reaches the classifier: imputed, harmonised, encoded; one column a kept feature.

        Crops of lesions are left out.
        """
        rows, reached = self._read_quietly(frame)
        return pd.DataFrame(self._preprocessing.numbers(reached), columns=self.kept_numbers, index=rows.index)

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
        return self._percentiles(self._preprocessing.numbers(self._read_quietly(frame)[1]))

    def unknown_batches(self, frame: Rows) -> npt.NDArray[np.bool_]:
        """Return whether each case is of a scanner or site that was not learned, shape (rows,).

        Its features are then not harmonised. False everywhere for a model that does not harmonise.
        """
        return self.inputs.unknown_batches(frame)

    def unlearned(self, frame: Rows) -> npt.NDArray[np.object_]:
        """Return for each row what the model has not met of its other columns, in words; shape (rows,).

        A scanner or site, or a text of a clinical variable, that was not among the training rows. An empty
        text where there is none.
        """
        return self.inputs.unlearned(frame)

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
        rows, reached = self._read_quietly(frame)
        return pd.DataFrame(self._contributions(reached), columns=[*self.kept, "bias"], index=rows.index)

    def reasons(self, frame: Rows, count: int = REASONS) -> list[list[Contribution]]:
        """Return for each case the features that moved it most, the strongest first.

        At most `count`; features that add nothing are not named.
        """
        return self._reasons(*self._read_quietly(frame), count)

    def strongest(self, frame: Rows, count: int = REASONS) -> list[list[Contribution]]:
        """Return what :meth:`reasons` returns, under its older name."""
        return self.reasons(frame, count)

    def unreadable(self, frame: Rows) -> npt.NDArray[np.object_]:
        """Return for each row why the model cannot judge it, an empty text where it can; shape (rows,).

        It cannot where a value of its features is infinite or too large, or where none is there.

        Raises
        ------
        ModelError
            If a feature's column is missing, or a value is no number.
        """
        return self.inputs.read(frame).refused

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

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}  # not what was derived

    @cached_property
    def _preprocessing(self) -> Preprocessing:
        return Preprocessing.of(self.pipeline)

    @cached_property
    def _places_in(self) -> npt.NDArray[np.intp]:
        """Place among the inputs of each kept column, -1 for one that was made."""
        return np.array([self.inputs.places.get(name, -1) for name in self.kept], dtype=np.intp)

    def _readable(self, frame: Rows | InputRows) -> InputRows:
        rows = frame if isinstance(frame, InputRows) else self.inputs.read(frame)
        return rows.require_readable()

    def _read_quietly(self, frame: Rows) -> tuple[InputRows, Any]:
        """Return the rows, and what of them reaches the classifier, without remarks."""
        rows = self._readable(frame)
        with collect_remarks():
            return rows, self._reaching(rows)

    def _reaching(self, rows: InputRows) -> Any:
        """Return what reaches the classifier, shape (rows, kept columns): an array, or a table with crops."""
        if not len(rows):
            return np.empty((0, len(self._preprocessing.kept)))
        return self._preprocessing.apply(rows.numbers, rows.texts, rows.frame)

    def _probability(self, reached: Any) -> FloatArray:
        if not len(reached):
            return np.empty(0)
        found = np.asarray(self.pipeline[-1].predict_proba(reached)[:, 1], dtype=np.float64)
        return recalibrated(found, self.recalibration)

    def _percentiles(self, numbers: FloatArray) -> FloatArray:
        if self.doubt is None or not len(numbers):
            return np.full(len(numbers), np.nan)
        return self.doubt.percentiles(numbers)

    def _reasons(self, rows: InputRows, reached: Any, count: int) -> list[list[Contribution]]:
        values = self._preprocessing.numbers(reached)
        places = self._places_in
        missing = np.isnan(rows.numbers[:, places]) & (places >= 0)
        if CROP in self.inputs.places:  # whose crop, the last column, is there
            values = np.pad(values, ((0, 0), (0, 1)), constant_values=np.nan)
            missing[:, -1] = False
        return strongest(self.kept, values, missing, self._contributions(reached)[:, :-1], count)

    def _contributions(self, reached: Any) -> FloatArray:
        """Return what each kept column adds, and last the bias, shape (rows, kept columns + 1)."""
        if not len(reached):
            return np.empty((0, len(self._preprocessing.kept) + 1))
        kind = CLASSIFIERS[self.card.classifier]
        found = kind.contributions(self.pipeline[-1], np.asarray(reached))
        if isinstance(curve := self.recalibration, Platt):
            found = found * curve.slope
            found[:, -1] += curve.intercept
        return found
