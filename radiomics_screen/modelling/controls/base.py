"""What controls share: their verdicts, and what they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.modelling.comparison import MeanDifference, mean_auc_difference
from radiomics_screen.modelling.dataset import Dataset
from radiomics_screen.modelling.folds import pooled_probabilities, run_folds
from radiomics_screen.modelling.judgement import auc_of_repeats, plain
from radiomics_screen.modelling.metrics import Floats
from radiomics_screen.modelling.plan import Plan
from radiomics_screen.modelling.splits import Split

Verdict = Literal["passed", "look", "not run"]


@dataclass(frozen=True)
class Control:
    """What a control found.

    Attributes
    ----------
    name, title
        For programs, and for people.
    verdict
        ``"passed"``; ``"look"``: something to look at; or ``"not run"``.
    text
        What was found and what it means.
    figures
        Plain JSON values behind it.
    """

    name: str
    title: str
    verdict: Verdict
    text: str
    figures: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return plain(vars(self))


@dataclass(frozen=True)
class ImageEvidence:
    """What was found in the images, which are not looked at here.

    Attributes
    ----------
    altered
        By the name of the alteration (``"shuffle"``, ``"surroundings"``): a feature table of the same
        cases, with ``case_id``, measured on altered images or regions.
    controls
        Controls that were judged on the images themselves.
    hindrance
        Why there is nothing; empty where there is.
    """

    altered: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    controls: Sequence[Control] = ()
    hindrance: str = ""


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
    """

    dataset: Dataset
    frame: pd.DataFrame
    plan: Plan
    splits: Sequence[Split]
    reference: Floats
    jobs: int = 1

    def probabilities(self, dataset: Dataset, plan: Plan | None = None) -> Floats:
        """Return out-of-fold probabilities of other columns of the same rows, shape (1, rows)."""
        tested = run_folds(dataset, plan or self.plan, self.splits, jobs=self.jobs)
        return pooled_probabilities(self.splits, tested, len(dataset.outcome))

    def auc(self, probabilities: Floats) -> dict[str, Any]:
        """Return an AUC with DeLong's interval."""
        return plain(auc_of_repeats(self.dataset.outcome, probabilities, self.dataset.groups.astype(str)))

    def gain(self, probabilities: Floats) -> MeanDifference:
        """Return the AUC of the features less that of other probabilities."""
        groups = self.dataset.groups.astype(str)
        return mean_auc_difference(self.dataset.outcome, self.reference, probabilities, groups)

    def against(self, name: str, title: str, probabilities: Floats, *, less: str, more: str) -> Control:
        """Return whether the features do better than other probabilities.

        Parameters
        ----------
        less, more
            What it means where they do not, and where they do.
        """
        other, gain = self.auc(probabilities), self.gain(probabilities)
        better = gain.low > 0 or (np.isnan(gain.low) and gain.difference > 0)
        text = (
            f"AUC {shown(other)}; the features have {shown(self.auc(self.reference))}, a difference of "
            f"{signed(gain)}. {more if better else less}"
        )
        figures = {"auc": other, "gain": vars(gain)}
        return Control(name, title, "passed" if better else "look", text, figures)


def shown(auc: Mapping[str, Any]) -> str:
    """Return an AUC with its interval for people."""
    if auc["value"] is None:
        return "not defined"
    ends = "" if auc["low"] is None else f" ({auc['low']:.3f} to {auc['high']:.3f})"
    return f"{auc['value']:.3f}{ends}"


def signed(gain: MeanDifference) -> str:
    """Return a difference with its interval for people."""
    if np.isnan(gain.low):
        return f"{gain.difference:.3f}"
    return f"{gain.difference:.3f} ({gain.low:.3f} to {gain.high:.3f})"


def aligned(frame: pd.DataFrame, cases: npt.NDArray[np.object_]) -> pd.DataFrame:
    """Return the rows of a table by ``case_id``, in the order of `cases`, empty where there is none."""
    named = frame.assign(case_id=frame["case_id"].astype(str)).drop_duplicates("case_id")
    return named.set_index("case_id").reindex([str(case) for case in cases])
