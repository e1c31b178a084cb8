"""Crops of the lesions of a table or of cases, as the column that networks learn from and are asked by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from radiomics_screen.errors import ModelError
from radiomics_screen.extraction.crops import Cut, crop_options, lesion_crops
from radiomics_screen.extraction.table_cases import cases_of
from radiomics_screen.modelling.blocks import CROP
from radiomics_screen.modelling.crops import Crops, as_column
from radiomics_screen.modelling.model import Model
from radiomics_screen.modelling.values import listed
from radiomics_screen.notes import note
from radiomics_screen.settings import load_settings
from radiomics_screen.table import FeatureTable, table_of

if TYPE_CHECKING:
    from radiomics_screen.cohort import Case
    from radiomics_screen.extraction.run import Watcher

#: Edge of the crops in pixels where nothing else is asked for.
EDGE = 160
_NAMED = 3


def crops_of(
    table: FeatureTable | pd.DataFrame | str | Path,
    options: Mapping[str, Any] | None = None,
    *,
    folder: str | Path | None = None,
    jobs: int | None = None,
    progress: Watcher | None = None,
) -> Crops:
    """Return the crops of a table's lesions, for ``fit(..., crops=...)``.

    Parameters
    ----------
    table
        With columns ``image`` and ``mask``: a feature table, or a cases file that was read.
    options
        Of :func:`radiomics_screen.imaging.crop.crop_lesion`, where they differ from its defaults; crops
        are 160 pixels wide where nothing else is asked for.
    folder
        Where files with a relative path are looked for, too; of a table that is given by its path, where it
        lies.
    jobs, progress
        As in :func:`~radiomics_screen.extraction.run.extract_cohort`.

    Raises
    ------
    ModelError
        Not one crop could be cut.
    ScreenError
        SettingsError where an option is wrong, TableError where the table names no images.
    """
    read = table_of(table)
    if folder is None and isinstance(table, str | Path):
        folder = Path(table).parent
    resolved = crop_options({"size": EDGE, **(options or {})})
    settings = (read.provenance or {}).get("parameters")
    cases = cases_of(read.frame, folder)
    found = lesion_crops(cases, load_settings(settings), resolved, jobs=jobs, progress=progress)
    _tell_of_missing(cases, found)
    return Crops(_column(found), resolved)


def with_crops(
    model: Model,
    frame: pd.DataFrame,
    *,
    folder: str | Path | None = None,
    jobs: int | None = None,
    progress: Watcher | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Return rows with the crops that a model looks at, and for each row why it has none, or "".

    Parameters
    ----------
    model
        One that looks at crops (``model.looks_at_crops``); a table for another is returned as it is.
    frame
        With columns ``image`` and ``mask``.
    folder, jobs, progress
        As in :func:`crops_of`.
    """
    if not model.looks_at_crops or CROP in frame:
        return frame, [""] * len(frame)
    found = lesion_crops(
        cases_of(frame, folder),
        load_settings(model.settings),
        crop_options(model.card.crop),
        jobs=jobs,
        progress=progress,
    )
    column = _column(found)
    column.index = frame.index
    return frame.assign(**{CROP: column}), [one if isinstance(one, str) else "" for one in found]


def _column(found: Sequence[Cut]) -> pd.Series[Any]:
    return as_column(one if isinstance(one, np.ndarray) else None for one in found)


def _tell_of_missing(cases: Sequence[Case], found: Sequence[Cut]) -> None:
    missing = [(case.id, one) for case, one in zip(cases, found, strict=True) if isinstance(one, str)]
    if missing and len(missing) == len(found):
        raise ModelError(f"not one lesion could be cut out: {missing[0][1]} (case {missing[0][0]})")
    if missing:
        note(
            f"no crop of {len(missing)} lesions ({listed([name for name, _ in missing], _NAMED)}): "
            f"{missing[0][1]}"
        )
