"""What a model's folds said of rows that they had not learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.assessment.performance import judge
from radiomics_screen.modelling.assessment.performance_types import Performance
from radiomics_screen.modelling.data.values import texts_of

if TYPE_CHECKING:
    from radiomics_screen.modelling.bundle.model import Model


@dataclass(frozen=True)
class OutOfFold:
    """Out-of-fold probabilities of a model, with what is needed to judge them.

    Attributes
    ----------
    cases, patients
        Names, shape (rows,).
    outcome
        1 for a positive row, else 0; shape (rows,).
    probabilities
        Of the positive class, shape (repeats, rows).
    thresholds
        From which on a row was called positive by its fold, shape (repeats, rows); None where one
        threshold holds for all.
    threshold
        Of the final model.
    """

    cases: npt.NDArray[np.object_]
    patients: npt.NDArray[np.str_]
    outcome: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float64]
    thresholds: npt.NDArray[np.float64] | None
    threshold: float

    @property
    def mean_probability(self) -> npt.NDArray[np.float64]:
        """Mean over the repeats, shape (rows,)."""
        return self.probabilities.mean(axis=0)

    @property
    def called(self) -> npt.NDArray[np.bool_]:
        """Whether a row is called positive in at least half of the repeats, shape (rows,)."""
        limits = self.threshold if self.thresholds is None else self.thresholds
        return np.asarray((self.probabilities >= limits).mean(axis=0) >= 0.5)

    def performance(
        self, subgroups: Mapping[str, npt.ArrayLike], *, resamples: int, seed: int
    ) -> Performance:
        """Return all figures; see :func:`~radiomics_screen.modelling.assessment.performance.judge`."""
        own: dict[str, Any] = {} if self.thresholds is None else {"thresholds": self.thresholds}
        return judge(
            self.outcome, self.probabilities, self.patients, threshold=self.threshold, subgroups=subgroups,
            resamples=resamples, seed=seed, **own,
        )  # fmt: skip


def out_of_fold(model: Model) -> OutOfFold:
    """Return what the folds of a model said.

    Raises
    ------
    ModelError
        If the model folder has no predictions, or other rows in one repeat than in another.
    """
    predictions = model.evaluation.predictions
    if predictions is None:
        raise ModelError("the model folder has no predictions.csv: there is nothing to draw a report from")
    repeats = [part for _, part in predictions.groupby("repeat", sort=True)]
    first = repeats[0]
    if any(list(part["case_id"]) != list(first["case_id"]) for part in repeats):
        raise ModelError("predictions.csv is not as it was written: the repeats have different rows")
    return OutOfFold(
        cases=texts_of(first["case_id"]),
        patients=texts_of(first["group"]).astype(str),
        outcome=(texts_of(first["target"]) == model.card.positive).astype(np.int64),
        probabilities=_stacked(repeats, "probability"),
        thresholds=_stacked(repeats, "threshold") if "threshold" in predictions else None,
        threshold=model.threshold,
    )


def _stacked(repeats: Sequence[Any], column: str) -> npt.NDArray[np.float64]:
    return np.stack([part[column].to_numpy(np.float64) for part in repeats])
