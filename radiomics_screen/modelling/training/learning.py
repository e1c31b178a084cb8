"""From rows to a model of them: search, fit, recalibrate, put the threshold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.pipeline import Pipeline

from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import add_remark, collect_remarks
from radiomics_screen.core.timing import stage
from radiomics_screen.modelling.classifiers import CLASSIFIERS
from radiomics_screen.modelling.classifiers.base import resolved_options
from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.statistics.recalibration import Recalibration, fit_isotonic, fit_platt
from radiomics_screen.modelling.training.pipeline import build_pipeline, fitted, probability_of
from radiomics_screen.modelling.training.plan import Plan
from radiomics_screen.modelling.training.tuning import Search, search


@dataclass(frozen=True)
class Learned:
    """What was learned from rows.

    Attributes
    ----------
    pipeline
        Fitted on all of them.
    recalibration
        Of its probabilities, or None.
    threshold
        Probability, after recalibration, from which on a row is called positive.
    classifier, hyperparameters
        Which were taken.
    found
        The search for them on inner folds; None where there was nothing to choose.
    notes
        What was remarked on the way, but for the search.
    """

    pipeline: Pipeline
    recalibration: Recalibration | None
    threshold: float
    classifier: str
    hyperparameters: dict[str, Any]
    found: Search | None
    notes: tuple[str, ...] = ()

    def probability(self, inputs: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the probability of being positive, shape (rows,)."""
        return recalibrated(probability_of(self.pipeline, inputs), self.recalibration)

    @property
    def choice(self) -> dict[str, Any]:
        """What was chosen, as plain JSON values."""
        return {
            "classifier": self.classifier,
            "hyperparameters": self.hyperparameters,
            "threshold": self.threshold,
            "inner_auc": None if self.found is None else self.found.best.auc,
            "inner_auc_by_classifier": {} if self.found is None else self.found.by_classifier,
            "trials": 0 if self.found is None else self.found.trials,
            "given_up": 0 if self.found is None else self.found.given_up,
        }


def recalibrated(
    probability: npt.NDArray[np.float64], recalibration: Recalibration | None
) -> npt.NDArray[np.float64]:
    """Return the probabilities, corrected where there is a correction."""
    return probability if recalibration is None else recalibration.apply(probability)


def learn(plan: Plan, rows: Dataset) -> Learned:
    """Learn a model from rows as planned; nothing outside them is looked at.

    Raises
    ------
    ModelError
        If they cannot be learned from.
    """
    with collect_remarks() as before:
        plan = _with_columns(plan, rows)
    with collect_remarks(), stage("search"):  # remarks of settings that nothing else is heard of
        found = search(plan, rows) if plan.looks_inside else None
    with collect_remarks() as notes:
        if found is None:
            (classifier,) = plan.candidates
            options = resolved_options(CLASSIFIERS[classifier], plan.hyperparameters.get(classifier, {}))
        else:
            classifier, options = found.best.classifier, found.best.hyperparameters
        part = rows.only(rows.columns.of(CLASSIFIERS[classifier].takes))
        unfitted = build_pipeline(
            plan.preparation, part.columns, classifier=classifier, hyperparameters=options,
            seed=plan.seed, device=plan.device,
        )  # fmt: skip
        with stage("learning"):
            pipeline = fitted(unfitted, part, plan.watch)
        unseen = None if found is None else found.best.unseen
        recalibration: Recalibration | None = None
        if unseen is not None and plan.recalibrate != "none":
            recalibration = (fit_platt if plan.recalibrate == "platt" else fit_isotonic)(rows.outcome, unseen)
            unseen = recalibrated(unseen, recalibration)
        threshold = plan.rule.threshold(rows.outcome, unseen)
    return Learned(pipeline, recalibration, threshold, classifier, options, found, (*before, *notes))


def _with_columns(plan: Plan, rows: Dataset) -> Plan:
    """Return the plan without candidates for which there is no column: crops for one, numbers for another."""
    seen = {name: rows.columns.of(CLASSIFIERS[name].takes) for name in plan.candidates}
    able = tuple(name for name, of in seen.items() if of.features or of.clinical or of.crop)
    if able == plan.candidates:
        return plan
    blind = " and ".join(name for name in plan.candidates if name not in able)
    if not able:
        raise ModelError(f"there is no column that {blind} could learn from")
    add_remark(f"{blind} was left out, for there is no column to learn from")
    return replace(plan, candidates=able)
