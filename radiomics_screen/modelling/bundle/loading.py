"""A model from its folder."""

from __future__ import annotations

from pathlib import Path

from radiomics_screen.modelling.bundle.folder import read_folder
from radiomics_screen.modelling.bundle.model import Model
from radiomics_screen.modelling.bundle.signing import Trusted, required_keys


def load_model(folder: str | Path, trusted: Trusted | None = None) -> Model:
    """Read a model folder. It is data only and checked as such; nothing in it is run.

    One exception is refused unless a trusted key has signed it: a model whose embedding is a TorchScript
    file, which is a program.

    Without trusted keys the checks find damage and mixed-up files, not forgery: who can write the
    folder can write another sound model into it. Reports (``metrics.csv``, ``predictions.csv``) may
    be missing; one that was changed is not read, and a note says so.

    Parameters
    ----------
    folder
        As :meth:`Model.save` or ``radiomics-screen fit`` writes it.
    trusted
        Public key, or several, one of which has to have signed the model. Keys in the environment
        variable ``RADIOMICS_SCREEN_TRUSTED_KEYS`` are required besides, whatever is given here. With
        either, the signature is checked before anything is parsed, and any file that was changed,
        reports included, is an error.

    Raises
    ------
    ModelError
        If a file is missing, changed or damaged, the parts do not belong together, or the model
        was written by a newer version of this package or of XGBoost; if keys are required and none
        of them has signed it; if it holds a program and no key is required.
    """
    return Model(*read_folder(folder, required_keys(trusted)))
