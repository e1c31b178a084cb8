"""A model, its report and its card for others, without what names people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.leftovers import scratch_folder
from radiomics_screen.modelling.bundle.model import Model
from radiomics_screen.modelling.bundle.signing import SignWith
from radiomics_screen.modelling.data.values import texts_of
from radiomics_screen.modelling.training.pipeline import pipeline_to_dict
from radiomics_screen.report.fit_files import BEFORE, SCRATCH, FitFiles, fit_files, put_together
from radiomics_screen.report.fit_report import write_fit_report
from radiomics_screen.report.identifiers import Identifiers, named_in
from radiomics_screen.report.model_card import write_model_card
from radiomics_screen.report.nameless_model import stripped
from radiomics_screen.table.feature_table import FeatureTable, table_of

_NAMED = 3
_LEVELS = 10  # that a remark names of a column


@dataclass(frozen=True)
class Shared:
    """What was written, and what whoever hands it on has to know.

    Attributes
    ----------
    files
        The model folder, its report and its card.
    searched
        How many identifiers were looked for in every byte that was written; none was found.
    short
        How many are too short for that (``12``); they were taken out where identifiers stand.
    remarks
        What is kept since the model needs it, one sentence each.
    """

    files: FitFiles
    searched: int
    short: int
    remarks: tuple[str, ...]


def share(
    model: Model,
    table: FeatureTable | pd.DataFrame | str | Path,
    folder: str | Path,
    *,
    overwrite: bool = False,
    sign_with: SignWith | None = None,
) -> Shared:
    """Write a model, its report and its card without what names people.

    Left out are names of cases, patients and files, predictions of single cases, pictures, and values of a
    column of folds. Probabilities stay what they are, bit for bit. Then all that was written is searched for
    each identifier of the table; with a hit nothing is written.

    Parameters
    ----------
    model
        What ``fit`` or :func:`~radiomics_screen.modelling.bundle.loading.load_model` returned, with its
        predictions, of which the report is made.
    table
        What it was fitted on: it tells which texts name people.
    folder
        Of the shared model; report and card lie beside it, as ``fit`` puts them.
    overwrite
        Whether an earlier model, report and card there are replaced.
    sign_with
        As in :meth:`~radiomics_screen.modelling.bundle.model.Model.save`. A signature of the model does not
        hold for the shared one.

    Returns
    -------
    Shared
        The files, what was searched for, and what is kept.

    Raises
    ------
    ModelError
        The table is not the model's, the model has no predictions, an identifier is still in what would be
        written, or the folder cannot be written.
    """
    files = fit_files(folder, overwrite=overwrite)
    frame = table_of(table).frame
    identifiers = _identifiers(model, frame)
    nameless = stripped(model, identifiers)
    saved = replace(nameless, evaluation=replace(nameless.evaluation, predictions=None))
    try:
        with scratch_folder(SCRATCH[1], files.model.parent) as aside:
            made = FitFiles(*(Path(aside) / "made" / path.name for path in files))
            made.model.parent.mkdir()
            saved.save(made.model, sign_with=sign_with)
            write_fit_report(nameless, made.report, table=_nameless(model, nameless, frame), montage=False)
            write_model_card(saved, made.card)
            _require_clean(made, identifiers)
            put_together(made, files, Path(aside) / BEFORE)
    except OSError as error:
        raise ModelError(f"the model cannot be written to {files.model}: {error}") from error
    remarks = tuple(_kept(nameless, identifiers))
    return Shared(files, len(identifiers.telling), len(identifiers.short), remarks)


def _identifiers(model: Model, frame: pd.DataFrame) -> Identifiers:
    predictions = model.evaluation.predictions
    if predictions is None:
        raise ModelError(
            "the model has no predictions.csv, of which its report is made: share it as fit wrote it"
        )
    if "case_id" not in frame:
        raise ModelError("the table has no column case_id, so nobody knows what names a case")
    known = set(texts_of(frame["case_id"]).tolist())
    learned = set(texts_of(predictions["case_id"]).tolist())
    if missing := sorted(learned - known):
        raise ModelError(
            f"this is not the table that the model was fitted on: it lacks {len(missing)} cases, such as "
            f"{', '.join(missing[:_NAMED])}"
        )
    card = model.card
    left_out = (case for part in model.evaluation.findings.cohort.left_out for case in part.cases)
    texts = {
        *named_in(frame, [card.group] if card.group else []),
        *map(str, left_out),
        *learned,
        str(Path.home()),
    }
    texts |= set(texts_of(predictions["group"]).tolist())
    needed = {
        card.target,
        card.positive,
        card.negative,
        card.group or "",
        *map(str, frame.columns),
        *model.features,
    }
    return Identifiers.of(texts, needed)


def _nameless(model: Model, nameless: Model, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that were learned from, for the report, with the names of the shared model."""
    before, after = model.evaluation.predictions, nameless.evaluation.predictions
    assert before is not None  # checked before
    assert after is not None
    names = dict(zip(texts_of(before["case_id"]), after["case_id"], strict=True))
    cases = pd.Series(texts_of(frame["case_id"]), index=frame.index).map(names)
    kept = cases.notna()
    return frame.loc[kept].drop(columns=["image", "mask"], errors="ignore").assign(case_id=cases[kept])


def _require_clean(made: FitFiles, identifiers: Identifiers) -> None:
    """Refuse what still holds an identifier."""
    found = list(identifiers.in_folder(made.model.parent))
    if found:
        path, text = found[0]
        raise ModelError(
            f"nothing was written: identifiers are still in it ({len(found)}), such as '{text}' in "
            f"{path.name}. A column that names people may have been learned from; leave it out of the fit"
        )


def _kept(model: Model, identifiers: Identifiers) -> Iterator[str]:
    """Say what the model needs and keeps, so that whoever hands it on can look at it."""
    if identifiers.shared:
        yield (
            "these identifiers are names that the model needs, too, and were not looked for: "
            f"{_listed(identifiers.shared)}"
        )
    for name, levels in _levels(pipeline_to_dict(model.pipeline)):
        yield f"values of '{name}' are kept, by which the model knows a case's: {_listed(levels)}"
    if model.card.setting_files:
        yield (
            f"{len(model.card.setting_files)} files that the extraction needs are kept as they are: look at "
            "the folder 'files', for an image may show a name"
        )
    if model.doubt is not None:
        yield "probability and outcome of each training row are kept, without its name, for prediction sets"


def _levels(pipeline: dict[str, Any]) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield the columns whose texts the steps know, with the texts."""
    for step in pipeline["steps"]:
        for name, coding in (step.get("coding") or {}).items():
            if isinstance(coding, dict) and coding.get("levels"):
                yield name, map(str, coding["levels"])
        if step.get("batches"):
            yield str(step["options"].get("batch", "batch")), map(str, step["batches"])


def _listed(texts: Iterable[str]) -> str:
    found = sorted(texts)
    more = f" and {len(found) - _LEVELS} more" if len(found) > _LEVELS else ""
    return f"{', '.join(found[:_LEVELS])}{more}"
