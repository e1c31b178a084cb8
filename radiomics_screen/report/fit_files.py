"""What a fit leaves: the model folder, the report and the model card beside it, put in place together."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from radiomics_screen.core.errors import ModelError, option_named
from radiomics_screen.core.leftovers import leftovers, scratch_folder
from radiomics_screen.modelling import Model, check_destination
from radiomics_screen.modelling.bundle.signing import SignWith
from radiomics_screen.report.fit_report import report_beside, write_fit_report
from radiomics_screen.report.model_card import card_beside, write_model_card

#: How scratch folders begin in which such files are made.
SCRATCH = (".fit-", ".share-")
#: The folder inside for what was there before.
BEFORE = "before"
_PUTTING = "putting.json"  # in it: what is put where


class FitFiles(NamedTuple):
    """Where a fit is written.

    Attributes
    ----------
    model
        The model folder.
    report, card
        The report and the model card, beside it.
    """

    model: Path
    report: Path
    card: Path


def fit_files(folder: str | Path, *, overwrite: bool = False) -> FitFiles:
    """Return where a fit into a folder is written, checked before the work begins.

    Parameters
    ----------
    folder
        The model folder.
    overwrite
        Whether an earlier model, report and card there are replaced.

    Raises
    ------
    ModelError
        No model can be written there, or there is one already.
    """
    place = Path(folder).resolve()  # "." has no name of its own
    _finish_putting(place.parent)
    check_destination(place)
    files = FitFiles(place, report_beside(place), card_beside(place))
    if not overwrite:
        for path in files:
            if path.is_file() or (path.is_dir() and any(path.iterdir())):
                raise ModelError(
                    f"{path} is there already; replace it with {option_named('overwrite', True)}, or name "
                    f"another {option_named('output')}"
                )
    return files


def write_fit(
    model: Model,
    files: FitFiles,
    *,
    table: pd.DataFrame | None = None,
    subgroups: Sequence[str] = (),
    montage: bool = True,
    sign_with: SignWith | None = None,
) -> None:
    """Write model, report and card; all of them are made before any takes its place.

    Parameters
    ----------
    model
        What ``fit`` returned.
    files
        Where.
    table, subgroups, montage
        As in :func:`~radiomics_screen.report.fit_report.write_fit_report`.
    sign_with
        As in :meth:`~radiomics_screen.modelling.bundle.model.Model.save`.

    Raises
    ------
    ModelError
        They cannot be made or written; what was there before stays.
    """
    try:
        with scratch_folder(SCRATCH[0], files.model.parent) as aside:
            made = FitFiles(*(Path(aside) / path.name for path in files))
            model.save(made.model, sign_with=sign_with)
            write_fit_report(model, made.report, table=table, subgroups=subgroups, montage=montage)
            write_model_card(model, made.card)
            put_together(made, files, Path(aside) / BEFORE)
    except OSError as error:
        raise ModelError(f"the model cannot be written to {files.model}: {error}") from error


def put_together(made: FitFiles, files: FitFiles, before: Path) -> None:
    """Give new files their names; where that fails, those of before come back from the folder `before`."""
    before.mkdir()
    pairs = [[str(new.absolute()), str(path.absolute())] for new, path in zip(made, files, strict=True)]
    (before / _PUTTING).write_text(json.dumps(pairs), encoding="utf-8")
    moved: list[tuple[Path, Path]] = []
    try:
        for path in files:
            if path.exists():
                path.rename(before / path.name)
                moved.append((before / path.name, path))
        for new, path in zip(made, files, strict=True):
            new.rename(path)
            moved.append((path, new))
    except BaseException:
        for now, back in reversed(moved):
            with suppress(OSError):
                now.rename(back)
        raise
    shutil.rmtree(before, ignore_errors=True)


def _finish_putting(place: Path) -> None:
    """Put in place what a process that was killed had made whole, and had begun to put there."""
    for folder in (path for prefix in SCRATCH for path in leftovers(place, prefix)):
        try:
            pairs = json.loads((folder / BEFORE / _PUTTING).read_text(encoding="utf-8"))
        except (OSError, ValueError):  # nothing had begun, so nothing was moved
            continue
        try:
            for new, path in ((Path(new), Path(path)) for new, path in pairs):
                if new.exists() and folder in new.parents and path.parent == place:
                    if path.exists():
                        path.rename(folder / BEFORE / f"{path.name}.{new.stat().st_mtime_ns}")
                    new.rename(path)
        except OSError as error:  # the folder stays where this run ends, for the next one
            raise ModelError(
                f"a fit that was interrupted lies in {folder} and cannot be put in place: {error}; free the "
                "names of its files, then run this again"
            ) from error
