"""Do the models answer otherwise when marks are drawn on the images that they are tested on?"""

from __future__ import annotations

import numpy as np

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.assessment.json_values import plain
from radiomics_screen.modelling.controls.altered_lesions import NO_IMAGES, measured_rows, with_values
from radiomics_screen.modelling.controls.base import Control, ImageControlInputs, shown, signed
from radiomics_screen.modelling.controls.crop_surroundings import shown_crops
from radiomics_screen.modelling.controls.setup import Setup
from radiomics_screen.modelling.statistics.proportions import wilson

MARKS = "marks"
_TITLE = "Marks drawn on the image"

#: Part of the calls that drawn marks may change where nothing is said.
MOST_CHANGED = 0.05


def drawn_marks(setup: Setup, evidence: ImageControlInputs | None) -> Control:
    """Return what becomes of the answers when calipers and a number are drawn on the test images.

    The models have learned from the images as they are. To be looked at where the marked images have a
    surely lower AUC (95 % interval of the difference above 0), or more than :data:`MOST_CHANGED` of the
    calls at 0.5 change.
    """
    if evidence is None or evidence.hindrance or MARKS not in evidence.altered:
        reason = NO_IMAGES if evidence is None else evidence.hindrance or "It was not measured."
        return Control(MARKS, _TITLE, "not run", reason)
    found = measured_rows(setup, evidence.altered[MARKS])
    if isinstance(found, str):
        return Control(MARKS, _TITLE, "not run", found)
    try:
        some = setup.take(found.rows) if found.missing else setup
        marked = with_values(some.dataset, found.values, found.columns)
        part = some.dataset.only(marked.columns)
        as_is = some.probabilities(part)
        answers = some.probabilities(part, shown=marked.inputs)
    except ModelError as error:
        return Control(MARKS, _TITLE, "not run", f"Nothing could be learned: {error}.")
    return _judged(some, as_is, answers, MARKS, _TITLE, found.rest)


def marks_on_crops(setup: Setup, evidence: ImageControlInputs | None) -> Control:
    """Return the same for a network: crops of the test images with marks drawn on them."""
    name, title = f"{MARKS} in crops", "Marks drawn on what the network sees"
    if evidence is None or MARKS not in evidence.crops:
        none = "No crops were cut of marked images."
        reason = NO_IMAGES if evidence is None else evidence.hindrance or none
        return Control(name, title, "not run", reason)
    try:
        there, inputs = shown_crops(setup.dataset, evidence.crops[MARKS])
        answers = setup.probabilities(setup.dataset, shown=inputs)
    except ModelError as error:
        return Control(name, title, "not run", f"Nothing could be learned: {error}.")
    missing = int((~there).sum())
    rest = f" {missing} cases could not be marked, and count as they are." if missing else ""
    return _judged(setup, setup.reference, answers, name, title, rest)


def _judged(
    setup: Setup, as_is: FloatArray, answers: FloatArray, name: str, title: str, rest: str
) -> Control:
    loss = setup.gain(answers, than=as_is)
    changed = float(np.mean((answers >= 0.5) != (as_is >= 0.5)))
    own, other = setup.auc(as_is), setup.auc(answers)
    text = (
        f"AUC on images with calipers and a number drawn round the lesion {shown(other)}, without "
        f"{shown(own)}{setup.how}: a difference of {signed(loss)}. {changed:.1%} of the calls change."
    )
    figures = plain({"auc": other, "features": own, "gain": vars(loss), "changed": changed})
    patients = len(np.unique(setup.dataset.groups.astype(str)))
    if loss.low > 0 or wilson(changed * patients, patients)[0] > MOST_CHANGED:
        text += " The model reads such marks, or what they hide: those in the images may have taught it."
        return Control(name, title, "look", text + rest, figures)
    if changed > MOST_CHANGED:
        text += " So few patients do not tell whether such marks move it."
        return Control(name, title, "unsure", text + rest, figures)
    text += " So such marks hardly move it. Marks of another kind would not show."
    return Control(name, title, "passed", text + rest, figures)
