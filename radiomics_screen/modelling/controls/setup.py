"""What every control is given, and how the features are held against something simpler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.assessment.json_values import plain
from radiomics_screen.modelling.assessment.performance import auc_of_repeats
from radiomics_screen.modelling.controls.base import Control, shown, signed
from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.data.leaks import PATIENT
from radiomics_screen.modelling.data.splits import Split
from radiomics_screen.modelling.data.values import texts_of
from radiomics_screen.modelling.statistics.delong import AucDifference, compare_mean_aucs
from radiomics_screen.modelling.training.folds import pooled_probabilities, run_folds
from radiomics_screen.modelling.training.plan import Plan

#: AUC by which the features may at most be better where something simpler is said to do as well.
AS_WELL = 0.02


class Wording(NamedTuple):
    """A control that holds the features against something simpler, in words.

    ``alone`` names what is simpler; ``more`` says what it means, and does not mean, that the features
    surely do better; ``less`` what it may mean that they do not.
    """

    name: str
    title: str
    alone: str
    more: str
    less: str


@dataclass(frozen=True)
class Setup:
    """What every control is given.

    Attributes
    ----------
    dataset
        What was learned from.
    frame
        The rows of the table, in the same order, with all columns.
    plan
        One classifier with given settings: the same for the features and for what stands against them.
    splits
        Of one repeat.
    reference
        Out-of-fold probabilities of the features under that plan, shape (1, rows).
    jobs
        Number of folds worked on at a time.
    how
        What to say of the plan where it is not that of the fit.
    """

    dataset: Dataset
    frame: pd.DataFrame
    plan: Plan
    splits: Sequence[Split]
    reference: FloatArray
    jobs: int = 1
    how: str = ""

    @property
    def owners(self) -> npt.NDArray[np.object_]:
        """Patient of each row, also where each row was taken for another patient; shape (rows,)."""
        if not self.dataset.split_across_folds:
            return self.dataset.groups
        known = texts_of(self.frame[PATIENT])
        found: npt.NDArray[np.object_] = np.where(known == "", self.dataset.groups, known)
        return found

    def probabilities(
        self, dataset: Dataset, plan: Plan | None = None, *, shown: pd.DataFrame | None = None
    ) -> FloatArray:
        """Return out-of-fold probabilities of other columns of the same rows, shape (1, rows).

        `shown`: what the models are shown of their test rows, in place of the dataset's inputs.
        """
        tested = run_folds(dataset, plan or self.plan, self.splits, shown=shown, jobs=self.jobs)
        return pooled_probabilities(self.splits, tested, len(dataset.outcome))

    def auc(self, probabilities: FloatArray) -> dict[str, Any]:
        """Return an AUC with DeLong's interval."""
        return plain(auc_of_repeats(self.dataset.outcome, probabilities, self.dataset.groups.astype(str)))

    def gain(self, probabilities: FloatArray, *, than: FloatArray | None = None) -> AucDifference:
        """Return the AUC of the features, or of `than`, less that of other probabilities."""
        groups = self.dataset.groups.astype(str)
        own = self.reference if than is None else than
        return compare_mean_aucs(self.dataset.outcome, own, probabilities, groups)

    def take(self, rows: npt.NDArray[np.bool_]) -> Setup:
        """Return the same with some of the rows, from which the features are learned anew.

        Raises
        ------
        ModelError
            If a fold then has too little to learn from.
        """
        place = np.cumsum(rows) - 1
        parts = [
            replace(one, train=place[one.train[rows[one.train]]], test=place[one.test[rows[one.test]]])
            for one in self.splits
        ]
        dataset, splits = self.dataset.take(rows), [one for one in parts if len(one.test)]
        if any(len(np.unique(dataset.outcome[one.train])) < 2 for one in splits):
            raise ModelError("a fold has rows of one class only to learn from")
        some = replace(self, dataset=dataset, frame=self.frame[rows].reset_index(drop=True), splits=splits)
        return replace(some, reference=some.probabilities(dataset))

    def against(self, wording: Wording, dataset: Dataset, plan: Plan | None = None) -> Control:
        """Return whether the features do better than other columns of the same rows."""
        try:
            probabilities = self.probabilities(dataset, plan)
        except ModelError as error:
            return Control(wording.name, wording.title, "not run", f"Nothing could be learned: {error}.")
        return self.control_of(wording, probabilities)

    def control_of(self, wording: Wording, probabilities: FloatArray) -> Control:
        """Return whether the features do better than other probabilities.

        Passed is what has a 95 % interval of the difference of AUCs (DeLong, patients as clusters) above
        0; to look at, what has one that ends below :data:`AS_WELL`; all else is unsure. Where neither is
        surely better than chance there is nothing to explain, and no verdict.
        """
        other, own, gain = self.auc(probabilities), self.auc(self.reference), self.gain(probabilities)
        found = (
            f"AUC of {wording.alone} {shown(other)}; of the features {shown(own)}{self.how}: a difference "
            f"of {signed(gain)}."
        )
        figures = {"auc": other, "features": own, "gain": vars(gain)}
        if not (above_chance(other) or above_chance(own)):
            text = f"{found} Neither is surely better than chance: there is nothing to explain."
            return Control(wording.name, wording.title, "not run", text, figures)
        if other["value"] is not None and other["value"] < 0.5 and above_chance(own):
            # Below 0.5 nothing was learned: a gain over it would be too large.
            text = (
                f"AUC of {wording.alone} {shown(other)}: on rows outside the fold it tells nothing here. Of "
                f"the features {shown(own)}{self.how}. {wording.more}"
            )
            return Control(wording.name, wording.title, "passed", text, figures)
        if gain.low > 0 or (np.isnan(gain.low) and gain.difference > 0):
            return Control(wording.name, wording.title, "passed", f"{found} {wording.more}", figures)
        as_good = np.isnan(gain.high) or gain.high < AS_WELL
        text = f"{found} {_compared(gain)} {wording.less}"
        return Control(wording.name, wording.title, "look" if as_good else "unsure", text, figures)


def above_chance(auc: dict[str, Any]) -> bool:
    """Tell whether the interval of an AUC lies above 0.5."""
    return auc["low"] is not None and auc["low"] > 0.5


def _compared(gain: AucDifference) -> str:
    """Say how the features compare that are not surely better."""
    if gain.high < 0:
        return "The features do worse."
    if np.isnan(gain.high) or gain.high < AS_WELL:
        return "That is as good."
    return "With so few rows it is not sure that the features add anything."
