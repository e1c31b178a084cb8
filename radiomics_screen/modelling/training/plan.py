"""How a model is learned from rows: the same way for each fold and for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.classifiers.shared.watch import Watch
from radiomics_screen.modelling.options.groups import Learner, Preparation
from radiomics_screen.modelling.options.option import OptionError, faults_in
from radiomics_screen.modelling.statistics.operating import threshold_at_sensitivity, threshold_at_specificity
from radiomics_screen.modelling.training.finished_work import FinishedWork

_NEAREST = 1e-9  # to 0 and 1, that a threshold may lie


@dataclass(frozen=True)
class ThresholdRule:
    """Where the threshold is put.

    Attributes
    ----------
    kind
        ``"fixed"``: at `value`. ``"sensitivity"`` or ``"specificity"``: where rows that were not learned
        from have at least this much of it.
    value
        Above 0 and below 1.
    """

    kind: Literal["fixed", "sensitivity", "specificity"] = "fixed"
    value: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.value < 1:
            what = "threshold" if self.kind == "fixed" else self.kind
            raise ModelError(f"the {what} is {self.value}; it must be between 0 and 1")

    @property
    def text(self) -> str | None:
        """The rule in words; None where the threshold is fixed."""
        return None if self.kind == "fixed" else f"{self.kind} of {self.value:.3g} on inner folds"

    def threshold(self, outcome: npt.ArrayLike, unseen: npt.ArrayLike | None) -> float:
        """Return the threshold, from the probabilities of rows that were not learned from."""
        if self.kind == "fixed" or unseen is None:
            return self.value
        find = threshold_at_sensitivity if self.kind == "sensitivity" else threshold_at_specificity
        return float(np.clip(find(outcome, unseen, self.value)[0], _NEAREST, 1 - _NEAREST))


@dataclass(frozen=True)
class Plan:
    """How a model is learned from rows.

    Attributes
    ----------
    preparation
        What happens to the columns before the classifier.
    candidates
        Names of classifiers; of several, inner folds choose.
    hyperparameters
        Options that are not tuned, by the name of the classifier.
    trials
        Number of settings tried on inner folds, the defaults of each candidate among them; 0: only those.
    seconds
        Time limit of a search; None: no limit.
    inner_folds
        Stratified folds of whole patients inside the rows to learn from.
    recalibrate
        How probabilities are corrected on inner folds.
    rule
        Where the threshold is put.
    seed
        Of all that is drawn.
    device
        ``"cpu"`` or ``"cuda"``.
    watch
        Where the progress of long trainings is reported and their checkpoints are kept.
    finished
        What was finished of the same fit before it was cut off; None: nothing is kept.
    """

    preparation: Preparation = field(default_factory=Preparation)
    candidates: tuple[str, ...] = ("xgboost",)
    hyperparameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    trials: int = 0
    seconds: float | None = None
    inner_folds: int = 5
    recalibrate: str = "none"
    rule: ThresholdRule = field(default_factory=ThresholdRule)
    seed: int = 0
    device: str = "cpu"
    watch: Watch = field(default_factory=Watch)
    finished: FinishedWork | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        asked = {"trials": self.trials, "inner_folds": self.inner_folds, "recalibrate": self.recalibrate}
        if faults := faults_in(Learner, asked):
            raise OptionError(faults)
        if not self.candidates or len(set(self.candidates)) < len(self.candidates):
            raise ModelError(f"candidates are {', '.join(self.candidates) or 'none'}; name each once")

    @property
    def facts(self) -> tuple[object, ...]:
        """All that the result depends on."""
        return (
            self.preparation, self.candidates, self.hyperparameters, self.trials, self.seconds,
            self.inner_folds, self.recalibrate, self.rule, self.seed, self.device,
        )  # fmt: skip

    @property
    def chooses(self) -> bool:
        """Whether inner folds choose a classifier or its settings."""
        return len(self.candidates) > 1 or self.trials > 0

    @property
    def looks_inside(self) -> bool:
        """Whether inner folds are needed at all."""
        return self.chooses or self.recalibrate != "none" or self.rule.kind != "fixed"
