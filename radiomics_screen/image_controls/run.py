"""What the images of a feature table say about a model of it: altered lesions, images that are alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from radiomics_screen.core.errors import ScreenError
from radiomics_screen.extraction.lesion_crops import crop_options, lesion_crops
from radiomics_screen.extraction.perturbed import ALTERATION, extract_altered
from radiomics_screen.image_controls.near_duplicates import NearDuplicates, near_duplicates
from radiomics_screen.modelling.controls import Control, ImageControlInputs
from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.data.crop_column import as_column
from radiomics_screen.modelling.data.leaks import PATIENT
from radiomics_screen.modelling.data.values import texts_of
from radiomics_screen.perturbation import chain_of
from radiomics_screen.prediction.crop_inputs import lesions_of
from radiomics_screen.settings.settings import load_settings

if TYPE_CHECKING:
    from radiomics_screen.cohort.cases import Case
    from radiomics_screen.extraction.run import ProgressCallback
    from radiomics_screen.table.feature_table import FeatureTable

_SHUFFLE, _SURROUNDINGS, _MARKS = "shuffle", "surroundings", "marks"
#: The form of a ring is the form of the lesion inside it, so it says nothing of the surroundings alone;
#: the family breast measures form and margin, too.
_OF_FORM = re.compile(r"[^_]+_(shape|shape2D|morph|breast)_.*", re.IGNORECASE)
_NAMED = 3  # pairs that a message names


class _Work(NamedTuple):
    """In how many processes images are read, and how many seconds one may take."""

    jobs: int | None
    time_limit: float | None


def run_image_controls(
    table: FeatureTable,
    *,
    group: str | None,
    folder: str | Path | None = None,
    crop: Mapping[str, Any] | None = None,
    seed: int = 0,
    jobs: int | None = None,
    progress: ProgressCallback | None = None,
    time_limit: float | None = None,
) -> ImageControlInputs:
    """Return what the images behind a feature table say, for the controls of a fit.

    Every case is measured three times more with the parameters of the table: with the voxels of its
    lesion shuffled, in a ring round it, and with calipers drawn on the image.
    Images of different patients are compared with each other.

    Parameters
    ----------
    table
        As ``extract`` wrote it, with its provenance.
    group
        Column that tells patients apart. None, ``"none"``, or a column that is not there: ``patient_id``
        tells which images are of different patients, and without it each row is another patient.
    folder
        Of the table, where relative paths of images are looked for, too.
    crop
        How crops are cut that are learned from, where they are; marks are then drawn on these, too.
    seed
        Of the shuffling.
    jobs, progress, time_limit
        As in :func:`~radiomics_screen.extraction.run.extract_cohort`.
    """
    work = _Work(jobs, time_limit)
    frame = table.frame
    if "status" in frame:
        frame = frame[frame["status"] != "failed"].reset_index(drop=True)
    settings = (table.provenance or {}).get("parameters")
    hindrance = "" if settings is not None else "Nothing says how the features were extracted."
    if hindrance and crop is None:
        return ImageControlInputs(hindrance=hindrance)
    try:
        cases = [case for case in lesions_of(frame, folder) if not case.problem]
        if not cases:
            return ImageControlInputs(
                hindrance="None of the images can be found where the table says they are."
            )
        alike = near_duplicates(_placed(frame, cases), _owners(frame, group, cases), **work._asdict())
        crops = {} if crop is None else {_MARKS: _marked_crops(cases, settings, crop, seed, work)}
        altered = {} if hindrance else _altered(cases, settings, seed, work, progress)
    except ScreenError as error:
        return ImageControlInputs(hindrance=f"The images cannot be looked at: {error}.")
    return ImageControlInputs(altered, (_of_duplicates(alike, len(frame)),), hindrance, crops)


def _placed(frame: pd.DataFrame, cases: list[Case]) -> pd.DataFrame:
    """Return name and image of each case, the image where it was found."""
    return pd.DataFrame({"case_id": [c.id for c in cases], "image": [str(c.image) for c in cases]})


def _owners(frame: pd.DataFrame, group: str | None, cases: list[Case]) -> list[str]:
    """Return the patient of each case; of a case without one, its own name."""
    column = group if group in frame else PATIENT
    if column not in frame:
        return [case.id for case in cases]
    known = dict(zip(frame["case_id"].astype(str), texts_of(frame[column]), strict=True))
    return [known[case.id] or case.id for case in cases]


def _marked_crops(
    cases: list[Case], settings: Any, options: Mapping[str, Any], seed: int, work: _Work
) -> pd.DataFrame:
    """Return the crops of images with marks drawn on them, None where one could not be cut."""
    wanted = crop_options(options)
    found = lesion_crops(
        cases, load_settings(settings), wanted, chain=chain_of(_MARKS), seed=seed, **work._asdict()
    )
    crops = as_column(None if isinstance(one, str) else one for one in found)
    return pd.DataFrame({"case_id": [case.id for case in cases]}).assign(**{CROP: crops})


def _altered(
    cases: list[Case], settings: object, seed: int, work: _Work, progress: ProgressCallback | None
) -> dict[str, pd.DataFrame]:
    resolved = load_settings(settings)  # type: ignore[arg-type]  # the provenance holds what it takes
    found = extract_altered(
        cases, resolved, (_SHUFFLE, _SURROUNDINGS, _MARKS), seed=seed, progress=progress, **work._asdict()
    )
    tables = {str(name): part.reset_index(drop=True) for name, part in found.groupby(ALTERATION, sort=False)}
    formless = [name for name in found.columns if not _OF_FORM.fullmatch(str(name))]
    return {**tables, _SURROUNDINGS: tables[_SURROUNDINGS][formless]}


def _of_duplicates(found: NearDuplicates, rows: int) -> Control:
    """Return what was found among the images, as a control."""
    name, title = "near duplicates", "Images of different patients that look alike"
    unread = rows - found.compared
    rest = f" {unread} images could not be found or read." if unread else ""
    figures = {"pairs": len(found.pairs), "compared": found.compared}
    if not found.compared:
        return Control(name, title, "not run", rest.strip())
    if not found.pairs:
        text = (
            f"Among {found.compared} images there is no such pair. Large crops, and other views of one "
            f"patient, would not show.{rest}"
        )
        return Control(name, title, "passed", text, figures)
    pairs = [f"{pair.first} and {pair.second}" for pair in found.pairs[:_NAMED]]
    more = f" and {len(found.pairs) - _NAMED} more" if len(found.pairs) > _NAMED else ""
    counted = "1 pair" if len(found.pairs) == 1 else f"{len(found.pairs)} pairs"
    text = (
        f"{counted} among {found.compared} images: {'; '.join(pairs)}{more}. If they are one patient, or one "
        f"image twice, the model was tested on what it has learned: give them one group.{rest}"
    )
    return Control(name, title, "look", text, figures)
