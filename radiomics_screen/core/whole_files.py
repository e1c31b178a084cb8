"""Files that are whole or not there, and that only their owner may read.

Tables, models and reports tell of patients. A new file is its owner's alone (mode 0600, folders 0700); one
that is replaced keeps the permissions that it was given.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.leftovers import maker, remove_leftovers

_FILE, _FOLDER = 0o600, 0o700
_UNFINISHED = ".unfinished-"


def replace_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` write a file beside `path`, with the same ending, and put it there only when it is whole.

    Raises
    ------
    OSError
        It cannot be written; `path` is then as it was.
    """
    remove_leftovers(path.parent, _UNFINISHED, f"-{path.name}")
    unfinished = path.with_name(f"{_UNFINISHED}{maker()}-{path.name}")
    try:
        write(unfinished)
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.chmod(path.stat().st_mode & 0o777 if path.exists() else _FILE)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def make_private(folder: Path) -> None:
    """Take a new folder, and all in it, for its owner alone."""
    for place, _, files in os.walk(folder):
        Path(place).chmod(_FOLDER)
        for name in files:
            (Path(place) / name).chmod(_FILE)


def write_whole(text: str, path: str | Path) -> None:
    """Write a text to a file, whole or not at all.

    Raises
    ------
    ModelError
        If it cannot be written.
    """
    place = Path(path)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        replace_whole(place, lambda file: file.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"the report cannot be written to {path}: {error}") from error
