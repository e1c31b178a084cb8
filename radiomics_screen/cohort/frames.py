"""A list of cases that is a pandas DataFrame."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from radiomics_screen.cohort.cases import Cohort, cohort_of_rows
from radiomics_screen.cohort.spreadsheets import Cells

if TYPE_CHECKING:
    import pandas as pd


def cohort_of_frame(frame: pd.DataFrame) -> Cohort:
    """Return the cohort of a table with the columns of a cases file.

    Parameters
    ----------
    frame
        One row a case, with the columns image, mask and, if wanted, case_id, patient_id, label and
        label_channel. Images and masks are paths, relative to the working directory, or whatever else they
        are opened from: arrays, SimpleITK images, bytes.

    Raises
    ------
    CohortError
        As for a file; what is wrong with single cases is on the case.
    """
    names = [str(name) for name in frame.columns]
    columns = [frame.iloc[:, place].tolist() for place in range(len(names))]
    rows: list[tuple[int, Cells]] = []
    for line, values in enumerate(zip(*columns, strict=True), start=2):
        rows.append((line, {name: _cell(value) for name, value in zip(names, values, strict=True)}))
    return cohort_of_rows(Path(), names, rows)


def _cell(value: Any) -> Any:
    """Return a value as a cell of a file would be: None for what is missing, plain numbers."""
    import pandas as pd

    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and np.isnan(value):
        return None
    return value.strip() if isinstance(value, str) else value
