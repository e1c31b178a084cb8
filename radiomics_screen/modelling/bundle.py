"""A model from its folder."""

from __future__ import annotations

from pathlib import Path

from radiomics_screen.modelling.folder import read_folder
from radiomics_screen.modelling.model import Model


def load_model(folder: str | Path) -> Model:
    """Read a model folder. It is data only and checked as such; nothing in it is run.

    The checks find damage and mixed-up files, not forgery: who can write the folder can write
    another sound model into it. Reports (``metrics.csv``, ``predictions.csv``) may be missing; one
    that was changed is not read, and a note says so.

    Raises
    ------
    ModelError
        If a file is missing, changed or damaged, the parts do not belong together, or the model
        was written by a newer version of this package or of XGBoost.
    """
    return Model(*read_folder(folder))
