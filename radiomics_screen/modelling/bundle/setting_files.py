"""Files that the extraction's settings name: they travel in the model folder.

A histogram reference is part of how features come about. So a model folder holds a copy, and its
settings name that one, wherever the folder lies.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.regular_files import require_regular
from radiomics_screen.modelling.bundle.card import Card

FILES = "files"  # the folder's folder for them
_ENDING = re.compile(r"(\.[A-Za-z0-9]+){0,2}$")  # as ".nii.gz": what a reader may go by


def packed(card: Card, folder: Path) -> Card:
    """Copy the files that the settings name into `folder`; the card returned names the copies.

    Raises
    ------
    ModelError
        If a file is gone, or is not the one that the features were extracted with.
    """
    copies = {}
    for original, digest in card.setting_files.items():
        content = _content(Path(original), digest)
        copies[original] = f"{FILES}/{digest}{_ENDING.search(Path(original).name)[0]}"  # type: ignore[index]
        (folder / FILES).mkdir(exist_ok=True)
        (folder / copies[original]).write_bytes(content)
    return _renamed(card, copies)


def unpacked(card: Card, folder: Path) -> Card:
    """Return the card that names the copies by their place on this machine."""
    return _renamed(card, {copy: str(folder / copy) for copy in card.setting_files})


def _content(path: Path, digest: str) -> bytes:
    named = f"the features were extracted with the file {path}, which the model needs"
    try:
        require_regular(path)
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{named}, but it cannot be read: {error.strerror or error}") from error
    if hashlib.blake2b(content, digest_size=16).hexdigest() != digest:
        raise ModelError(
            f"{named}, but it was changed since, or consists of several files: put the right one back, or "
            "extract anew with a single file (NIfTI, NRRD, PNG ...)"
        )
    return content


def _renamed(card: Card, names: Mapping[str, str]) -> Card:
    files = {names[path]: digest for path, digest in card.setting_files.items()}
    return card.model_copy(update={"settings": _replaced(card.settings, names), "setting_files": files})


def _replaced(value: Any, names: Mapping[str, str]) -> Any:
    """Return plain JSON values in which each text that is a key of `names` is replaced."""
    if isinstance(value, dict):
        return {key: _replaced(part, names) for key, part in value.items()}
    if isinstance(value, list):
        return [_replaced(part, names) for part in value]
    return names.get(value, value) if isinstance(value, str) else value
