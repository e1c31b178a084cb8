"""Crops of the lesions of a table or of cases, as the column that networks learn from and are asked by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.extraction.cases_of_table import cases_of
from radiomics_screen.extraction.lesion_crops import Cut, crop_options, lesion_crops
from radiomics_screen.modelling.bundle.model import Model
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.data.crop_column import CASE, Crops, as_column, is_crop
from radiomics_screen.modelling.data.values import listed
from radiomics_screen.settings.settings import load_settings
from radiomics_screen.table.feature_table import FeatureTable, table_of

if TYPE_CHECKING:
    from radiomics_screen.cohort.cases import Case
    from radiomics_screen.extraction.run import ProgressCallback

#: Edge of the crops in pixels where nothing else is asked for.
EDGE = 160
_FILES = ("image", "mask")
_MEASURED = "case_key"  # column of what `extract` wrote, whose paths are as they were there
_NAMED = 3


def crops_of(
    table: FeatureTable | pd.DataFrame | str | Path,
    options: Mapping[str, Any] | None = None,
    *,
    folder: str | Path | None = None,
    jobs: int | None = None,
    progress: ProgressCallback | None = None,
    time_limit: float | None = None,
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
        Where files with a relative path are looked for; of a table that is given by its path, where it
        lies. Of a cases file, its own folder counts first; of a feature table, the working folder.
    jobs, progress, time_limit
        As in :func:`~radiomics_screen.extraction.run.extract_cohort`.

    Raises
    ------
    ModelError
        Not one crop could be cut, or the table has a column ``crop`` that holds something else.
    ScreenError
        SettingsError where an option is wrong, TableError where the table names no images.
    """
    read = table_of(table)
    if folder is None and isinstance(table, str | Path):
        folder = Path(table).parent
    resolved = crop_options({"size": EDGE, **(options or {})})
    settings = (read.provenance or {}).get("parameters")
    _refuse_foreign(read.frame)
    cases = lesions_of(read.frame, folder)
    found = lesion_crops(
        cases, load_settings(settings), resolved, jobs=jobs, progress=progress, time_limit=time_limit
    )
    _tell_of_missing(cases, found)
    column = _column(found)
    column.index = pd.Index([case.id for case in cases], dtype=object, name=CASE)
    return Crops(column, resolved)


def with_crops(
    model: Model,
    frame: pd.DataFrame,
    *,
    cases: Sequence[Case] | None = None,
    folder: str | Path | None = None,
    jobs: int | None = None,
    progress: ProgressCallback | None = None,
    time_limit: float | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Return rows with the crops that a model looks at, and for each row why it has none, or "".

    Parameters
    ----------
    model
        One that looks at crops (``model.looks_at_crops``); a table for another is returned as it is.
    frame
        With columns ``image`` and ``mask``, unless `cases` are given.
    cases
        The case of each row, where they are known: their images need not be files.
    folder, jobs, progress, time_limit
        As in :func:`crops_of`.

    Raises
    ------
    ModelError
        The table has a column ``crop`` that holds something else.
    """
    if not model.looks_at_crops:
        return frame, [""] * len(frame)
    _refuse_foreign(frame)
    if CROP in frame:
        return frame, [""] * len(frame)
    found = lesion_crops(
        lesions_of(frame, folder) if cases is None else cases,
        load_settings(model.settings),
        crop_options(model.card.crop),
        jobs=jobs,
        progress=progress,
        time_limit=time_limit,
    )
    column = _column(found)
    column.index = frame.index
    return frame.assign(**{CROP: column}), [one if isinstance(one, str) else "" for one in found]


def lesions_of(frame: pd.DataFrame, folder: str | Path | None) -> list[Case]:
    """Return the case of every row, its files looked for as :func:`crops_of` says.

    Raises
    ------
    TableError
        A column is missing.
    """
    if folder is None or _MEASURED in frame:
        return cases_of(frame, folder)
    place = Path(folder)
    here = {name: frame[name].map(lambda cell: _beside(cell, place)) for name in _FILES if name in frame}
    return cases_of(frame.assign(**here), folder)


def _beside(cell: Any, folder: Path) -> Any:
    """Return a file's path in a folder where there is one, else as it is."""
    return str(folder / cell) if isinstance(cell, str) and cell and (folder / cell).exists() else cell


def _refuse_foreign(frame: pd.DataFrame) -> None:
    if CROP in frame and frame[CROP].notna().any() and not any(map(is_crop, frame[CROP])):
        raise ModelError(
            f"the table has a column '{CROP}' that holds something else, and crops of the lesions are kept "
            "under that name: rename it"
        )


def _column(found: Sequence[Cut]) -> pd.Series[Any]:
    return as_column(one if isinstance(one, np.ndarray) else None for one in found)


def _tell_of_missing(cases: Sequence[Case], found: Sequence[Cut]) -> None:
    missing = [(case.id, one) for case, one in zip(cases, found, strict=True) if isinstance(one, str)]
    if missing and len(missing) == len(found):
        raise ModelError(f"not one lesion could be cut out: {missing[0][1]} (case {missing[0][0]})")
    if missing:
        add_remark(
            f"no crop of {len(missing)} lesions ({listed([name for name, _ in missing], _NAMED)}); of "
            f"{missing[0][0]}: {missing[0][1]}"
        )
