"""What is left of the model when the lesion's texture is destroyed, or the lesion itself is hidden?"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from radiomics_screen.errors import ModelError
from radiomics_screen.modelling.controls.base import Control, ImageEvidence, Setup, aligned
from radiomics_screen.modelling.dataset import Columns, Dataset
from radiomics_screen.modelling.values import numbers_of


class _Altered(NamedTuple):
    title: str
    less: str
    more: str


_KNOWN = {
    "shuffle": _Altered(
        "Shuffled voxels",
        "Voxels were shuffled inside each region, which leaves shape and histogram and destroys texture. As "
        "this does as well, the model hardly rests on texture.",
        "Voxels were shuffled inside each region, which leaves shape and histogram: so texture takes part.",
    ),
    "surroundings": _Altered(
        "Surroundings alone",
        "A ring round each lesion does as well as the lesion: the model may rest on what lies around it, on "
        "the image's quality, or on marks in it.",
        "Measured was a ring round each lesion: so the lesion itself takes part.",
    ),
}


_NO_IMAGES = "No images were given to look at: `radiomics-screen fit` looks at them."


def altered_controls(setup: Setup, evidence: ImageEvidence | None) -> list[Control]:
    """Return what the same model makes of altered images, and the controls judged on the images."""
    if evidence is None or evidence.hindrance:
        reason = _NO_IMAGES if evidence is None else evidence.hindrance
        return [Control(name, known.title, "not run", reason) for name, known in _KNOWN.items()]
    return [*(_altered(setup, name, frame) for name, frame in evidence.altered.items()), *evidence.controls]


def _altered(setup: Setup, name: str, frame: pd.DataFrame) -> Control:
    known = _KNOWN[name]
    columns = [c for c in setup.dataset.columns.features if c in frame]
    values = aligned(frame, setup.dataset.cases).reset_index()
    measured = values[columns].notna().any(axis=1).to_numpy() if columns else np.zeros(len(values), bool)
    if measured.mean() < 0.5:
        text = f"Only {int(measured.sum())} of {len(measured)} altered cases could be measured."
        return Control(name, known.title, "not run", text)
    try:
        probabilities = setup.probabilities(_with(setup.dataset, values, columns))
    except ModelError as error:
        return Control(name, known.title, "not run", f"Nothing could be learned: {error}.")
    missing = int((~measured).sum())
    rest = f" {missing} cases could not be measured, and count as unknown." if missing else ""
    found = setup.against(name, known.title, probabilities, less=known.less, more=known.more)
    return replace(found, text=found.text + rest)


def _with(dataset: Dataset, values: pd.DataFrame, columns: list[str]) -> Dataset:
    """Return the rows with features of altered images in place of their own."""
    features = numbers_of(values, columns, dataset.cases)
    part = dataset.only(Columns(tuple(columns)))
    return replace(part, inputs=features.set_axis(part.inputs.index), measured=None)
