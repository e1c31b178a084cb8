"""What the figures are with rows kept together that were parted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.controls.base import Control, shown, signed
from radiomics_screen.modelling.controls.setup import Setup
from radiomics_screen.modelling.data.leaks import PATIENT
from radiomics_screen.modelling.data.splits import grouped_splits
from radiomics_screen.modelling.statistics.delong import AucDifference

#: p of the difference, below which it is called a leak. Folds are drawn anew, which DeLong's error does not
#: know: at 0.05 as many as 6 % of simulated tables without a leak had one.
_SURE = 0.001


def split_patients(setup: Setup) -> Control | None:
    """Return what becomes of the AUC with patients kept whole; None where they are."""
    if not setup.dataset.split_across_folds:
        return None
    return regrouped(
        setup,
        setup.owners,
        name="patients apart",
        title="Rows of one patient on both sides",
        found=f"{setup.dataset.split_across_folds} patients have rows on both sides of the folds",
        advice=f"Group by {PATIENT}.",
    )


def regrouped(
    setup: Setup, groups: npt.NDArray[np.object_], *, name: str, title: str, found: str, advice: str
) -> Control:
    """Return what the AUC is with other groups kept whole, in new folds."""
    dataset = replace(setup.dataset, groups=groups)
    try:
        folds = len(setup.splits)
        splits = grouped_splits(dataset.outcome, groups, splits=folds, repeats=1, seed=setup.plan.seed)
        together = replace(setup, dataset=dataset, splits=splits)
        kept = together.probabilities(dataset)
    except ModelError as error:
        return Control(name, title, "look", f"{found}. With them kept together: {error}. {advice}")
    auc, gain = together.auc(kept), together.gain(kept)
    leaks = leak(gain)
    text = (
        f"{found}. Kept together, the AUC is {shown(auc)}; parted it was "
        f"{shown(together.auc(setup.reference))}{setup.how}, a difference of {signed(gain)}. "
    )
    text += (
        "The outcome leaks through the patient: the figures are too good. "
        if leaks
        else "That is no sure leak, but the figure with them kept together is the one to report. "
    )
    return Control(name, title, "look", text + advice, {"auc": auc, "gain": vars(gain), "leaks": leaks})


def leak(gain: AucDifference) -> bool:
    """Tell whether rows kept together surely do worse than parted."""
    return gain.difference > 0 and (np.isnan(gain.low) or gain.p < _SURE)
