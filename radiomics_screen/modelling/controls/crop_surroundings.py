"""What does a network look at that learns from crops: the lesion, or what lies round it?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.assessment.json_values import plain
from radiomics_screen.modelling.controls.base import Control, shown, signed
from radiomics_screen.modelling.controls.setup import Setup
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.data.crop_column import as_column
from radiomics_screen.modelling.data.dataset import Columns, Dataset

BACKGROUND = "background"
_TITLE = "Surroundings hidden from the network"

Bytes = npt.NDArray[np.uint8]


def lesion_alone(crop: Bytes) -> Bytes:
    """Return a crop, shape (2, height, width), with the lesion's mean in the place of all round it."""
    image, mask = crop[0], crop[1] > 0
    hidden = crop.copy()
    hidden[0][~mask] = round(float(image[mask].mean())) if mask.any() else 0
    return hidden


def not_run(reason: str) -> Control:
    """Return the control without a verdict."""
    return Control(BACKGROUND, _TITLE, "not run", reason)


def surroundings_hidden(setup: Setup) -> Control:
    """Return whether networks do as well that see the lesion alone, in training and in testing.

    To be looked at where those that see the surroundings are surely better (95 % interval of the difference
    above 0): shadow and margin lie there, and so do marks and texts that are burned into the image.
    """
    dataset = setup.dataset
    crops = as_column(lesion_alone(crop) for crop in dataset.inputs[CROP])
    try:
        alone = setup.probabilities(replace(dataset, inputs=dataset.inputs.assign(**{CROP: crops})))
    except ModelError as error:
        return not_run(f"Nothing could be learned: {error}.")
    gain, own, other = setup.gain(alone), setup.auc(setup.reference), setup.auc(alone)
    text = (
        f"AUC of networks that see the lesion alone {shown(other)}, with what lies round it {shown(own)}"
        f"{setup.how}: a difference of {signed(gain)}."
    )
    figures = plain({"auc": other, "features": own, "gain": vars(gain)})
    if gain.low > 0:
        text += (
            " So it looks at the surroundings, too. Shadow and margin lie there, and so do marks and texts: "
            "see what becomes of its answers where marks are drawn."
        )
        return Control(BACKGROUND, _TITLE, "look", text, figures)
    text += " So it needs nothing of what lies round the lesion, nor of marks that lie there."
    return Control(BACKGROUND, _TITLE, "passed", text, figures)


def crops_of_setup(setup: Setup, dataset: Dataset) -> Setup:
    """Return the same for the column of crops alone, learned from by a network."""
    if not setup.dataset.columns.features:
        return setup
    plan = setup.plan
    options = plan.hyperparameters.get("cnn", {})
    if "cnn" not in plan.candidates:  # a member of late fusion
        late = plan.hyperparameters.get("late", {})
        options = ((late.get("options") or {}).get(CROP) or {}).get("cnn", {})
    plan = replace(plan, candidates=("cnn",), hyperparameters={"cnn": options})
    how = ", both by a network on crops alone, with nothing searched or corrected"
    crops = replace(setup, dataset=dataset.only(Columns((), crop=True)), plan=plan, how=how)
    return replace(crops, reference=crops.probabilities(crops.dataset))


def shown_crops(dataset: Dataset, found: pd.DataFrame) -> tuple[npt.NDArray[np.bool_], pd.DataFrame]:
    """Return which rows have other crops in a table with ``case_id`` and ``crop``, and inputs with these.

    A row that has none keeps its own.
    """
    known = dict(zip(found["case_id"].astype(str), found[CROP], strict=True))
    others = [known.get(str(case)) for case in dataset.cases]
    there = np.array([one is not None for one in others])
    own = dataset.inputs[CROP]
    pairs = zip(others, own, strict=True)
    crops = as_column(mine if theirs is None else theirs for theirs, mine in pairs)
    return there, dataset.inputs.assign(**{CROP: crops})
