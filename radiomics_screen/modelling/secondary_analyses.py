"""What is found out about a model besides its figures: sets, blocks, controls, chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.modelling.assessment.ablation import compare, plan_ablation
from radiomics_screen.modelling.assessment.evaluation import Evaluation
from radiomics_screen.modelling.assessment.final_threshold import final_threshold
from radiomics_screen.modelling.assessment.label_permutation import permuted
from radiomics_screen.modelling.assessment.uncertainty import judge_sets
from radiomics_screen.modelling.controls import ImageControlInputs, run_controls
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.data.splits import Split
from radiomics_screen.modelling.training.folds import (
    FoldProgress,
    by_repeat_and_row,
    pooled_probabilities,
    run_folds,
)
from radiomics_screen.modelling.training.plan import Plan, ThresholdRule


@dataclass(frozen=True)
class Run:
    """A finished cross-validation, and all that is needed to ask more of it.

    Attributes
    ----------
    dataset, plan, splits, evaluation
        What was learned from, how, in which folds, and what came of it.
    frame
        The table.
    jobs
        Number of folds worked on at a time.
    resamples
        Of the bootstraps.
    progress
        Called after each further fold and each permutation.
    """

    dataset: Dataset
    frame: pd.DataFrame
    plan: Plan
    splits: Sequence[Split]
    evaluation: Evaluation
    jobs: int
    resamples: int
    progress: FoldProgress | None = None

    @cached_property
    def probabilities(self) -> FloatArray:
        """Out-of-fold probabilities, shape (repeats, rows)."""
        predictions = self.evaluation.predictions
        assert predictions is not None  # of a cross-validation that was just made
        repeats = [part for _, part in predictions.groupby("repeat", sort=True)]
        return np.stack([part["probability"].to_numpy(np.float64) for part in repeats])

    @property
    def unseen(self) -> FloatArray:
        """Out-of-fold probabilities of the first repeat, shape (rows,)."""
        found: FloatArray = self.probabilities[0]
        return found

    @property
    def _first(self) -> list[Split]:
        return [split for split in self.splits if split.repeat == 1]

    @property
    def _patients(self) -> npt.NDArray[np.str_]:
        return self.dataset.groups.astype(str)

    def threshold(self, threshold: float) -> dict[str, Any] | None:
        """Return what the final model's threshold does here; None where it was given beforehand."""
        predictions = self.evaluation.predictions
        if self.plan.rule.kind == "fixed" or predictions is None:
            return None
        repeats = [part for _, part in predictions.groupby("repeat", sort=True)]
        own = np.stack([part["threshold"].to_numpy(np.float64) for part in repeats])
        return final_threshold(
            self.dataset.outcome, self.probabilities, own, self._patients, threshold,
            resamples=self.resamples, seed=self.plan.seed,
        )  # fmt: skip

    def sets(self, error_rate: float) -> dict[str, Any]:
        """Return how prediction sets do."""
        numbers = [float(at) for at in range(len(self.splits))]
        folds = by_repeat_and_row(self.splits, numbers, len(self.dataset.outcome)).astype(np.intp)
        return judge_sets(
            self.dataset.outcome, self.probabilities, folds, self._patients,
            error_rate=error_rate, resamples=self.resamples, seed=self.plan.seed,
        )  # fmt: skip

    def blocks(self, *, each: bool = False) -> dict[str, Any] | None:
        """Return models of some blocks of columns beside that of all of them.

        Of clinical variables and of features; or, with `each`, of each block alone and of all the others. One
        that cannot be learned is left out, with a note; None where no two are left.
        """
        asked = plan_ablation(self.dataset.blocks, each=each)
        if asked is None:
            if each:
                add_remark(f"all columns are of one block ({self.dataset.blocks[0]}): no blocks to compare")
            return None
        models = {asked.whole: self._named(self.dataset, self.probabilities)}
        for name, blocks in asked.models.items():
            part = self.dataset.part(blocks)
            try:
                progress = self._progress_of(f"fold of the model of {name}")
                tested = run_folds(part, self._plan_of(part), self.splits, jobs=self.jobs, progress=progress)
            except ModelError as error:  # such as a clinical column that hardly varies
                add_remark(f"no model of '{name}' columns alone to compare with: {error}")
                continue
            models[name] = self._named(part, pooled_probabilities(self.splits, tested, len(part.outcome)))
        if len(models) < 2:
            return None
        pairs = asked.pairs and [pair for pair in asked.pairs if set(pair) <= set(models)]
        return asked.summarize(compare(self.dataset.outcome, models, self._patients, pairs))

    def _progress_of(self, what: str) -> FoldProgress | None:
        tell = self.progress
        return None if tell is None else lambda _, done, of: tell(what, done, of)

    def _plan_of(self, part: Dataset) -> Plan:
        """Return how some of the blocks are learned from; no AUC depends on the threshold."""
        candidates = self.plan.candidates
        alone = len(part.blocks) == 1 and part.blocks != [CROP]
        if alone and len(candidates) > 1:  # there is nothing to fuse
            candidates = tuple(name for name in candidates if name != "late")
        return replace(self.plan, rule=ThresholdRule(), candidates=candidates)

    def _named(self, dataset: Dataset, probabilities: FloatArray) -> tuple[FloatArray, int]:
        return probabilities, len(dataset.columns.features) + len(dataset.columns.clinical)

    def controls(self, images: ImageControlInputs | None) -> list[dict[str, Any]]:
        """Return what the controls found, as plain JSON values."""
        rows = self.frame.iloc[self.dataset.positions].reset_index(drop=True)
        found = run_controls(
            self.dataset, rows, self.plan, self._first, self.unseen, evidence=images, jobs=self.jobs
        )
        return [one.to_dict() for one in found]

    def chance(self, divide: Callable[[Dataset], list[Split]], permutations: int) -> dict[str, Any]:
        """Return how well permuted labels do."""
        return permuted(
            self.dataset, self.plan, divide, self.unseen,
            permutations=permutations, jobs=self.jobs, progress=self.progress,
        )  # fmt: skip
