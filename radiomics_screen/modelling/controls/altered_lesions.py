"""What is left of the model when the lesion's texture is destroyed, or the lesion itself is hidden?"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.controls.base import Control, ImageControlInputs
from radiomics_screen.modelling.controls.setup import Setup, Wording
from radiomics_screen.modelling.data.dataset import Columns, Dataset
from radiomics_screen.modelling.data.values import beyond_largest, numbers_of, texts_of

_FEWEST = 0.5  # part of the rows that have to be measured anew

_KNOWN = {
    "shuffle": Wording(
        "shuffle",
        "Shuffled voxels",
        alone="lesions with shuffled voxels",
        more="Shuffling leaves shape and histogram: so texture adds to them, the lesion's or the machine's.",
        less="Shape and histogram may do all the work: no fault, but do not explain the model with texture.",
    ),
    "surroundings": Wording(
        "surroundings",
        "Surroundings alone",
        alone="a ring round each lesion",
        more="So the lesion tells more than what lies round it. A mark inside the lesion would not show.",
        less="The model may rest on what lies round the lesion, on image quality, or on marks in the image.",
    ),
}

NO_IMAGES = "The images were not looked at (--controls table, or a fit in Python that was given none)."


def altered_controls(setup: Setup, evidence: ImageControlInputs | None) -> list[Control]:
    """Return what the same way to learn makes of altered images, and the controls judged on the images."""
    evidence = ImageControlInputs(hindrance=NO_IMAGES) if evidence is None else evidence
    found = []
    for name, known in _KNOWN.items():
        if name in evidence.altered and not evidence.hindrance:
            found.append(_altered(setup, known, evidence.altered[name]))
        else:
            reason = evidence.hindrance or "It was not measured."
            found.append(Control(name, known.title, "not run", reason))
    return [*found, *evidence.controls]


def _altered(setup: Setup, wording: Wording, frame: pd.DataFrame) -> Control:
    measured = measured_rows(setup, frame)
    if isinstance(measured, str):
        return Control(wording.name, wording.title, "not run", measured)
    try:
        some = setup.take(measured.rows) if measured.missing else setup
        found = some.against(wording, with_values(some.dataset, measured.values, measured.columns))
    except ModelError as error:
        return Control(wording.name, wording.title, "not run", f"Nothing could be learned: {error}.")
    return replace(found, text=found.text + measured.rest)


class MeasuredRows(NamedTuple):
    """Rows that were measured on altered images.

    Attributes
    ----------
    rows
        Which of the dataset's, bool, shape (rows of the dataset,).
    values
        Their table.
    columns
        Names of the features that are in it.
    """

    rows: npt.NDArray[np.bool_]
    values: pd.DataFrame
    columns: list[str]

    @property
    def missing(self) -> int:
        """Number of rows that could not be measured."""
        return int((~self.rows).sum())

    @property
    def rest(self) -> str:
        """What to say of rows that could not be measured."""
        if not self.missing:
            return ""
        return f" {self.missing} cases could not be measured so, and are left out of both."


def measured_rows(setup: Setup, frame: pd.DataFrame) -> MeasuredRows | str:
    """Return the rows of a table of altered images, or why there are too few."""
    columns = [name for name in setup.dataset.columns.features if name in frame]
    values = aligned(frame, setup.dataset.cases)
    measured = values[columns].notna().any(axis=1).to_numpy() if columns else np.zeros(len(values), bool)
    if (count := int(measured.sum())) < _FEWEST * len(measured):
        return f"Only {count} of {len(measured)} altered cases could be measured."
    return MeasuredRows(measured, values[measured].reset_index(), columns)


def with_values(dataset: Dataset, values: pd.DataFrame, columns: list[str]) -> Dataset:
    """Return the rows with features of altered images in place of their own."""
    features = numbers_of(values, columns, dataset.cases)
    features = features.mask(beyond_largest(features))
    part = dataset.only(Columns(tuple(columns), (), dataset.columns.batch))
    inputs = part.inputs.assign(**{name: features[name].to_numpy() for name in columns})
    return replace(part, inputs=inputs)


def aligned(frame: pd.DataFrame, cases: npt.NDArray[np.object_]) -> pd.DataFrame:
    """Return the rows of a table by ``case_id``, in the order of `cases`, empty where there is none."""
    named = frame.assign(case_id=texts_of(frame["case_id"])).drop_duplicates("case_id")
    return named.set_index("case_id").reindex([str(case) for case in cases])
