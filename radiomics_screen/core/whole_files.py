"""Files that are whole or not there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from radiomics_screen.core.errors import ModelError


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
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".report-") as beside:
            made = Path(beside) / place.name
            made.write_text(text, encoding="utf-8")
            os.replace(made, place)
    except OSError as error:
        raise ModelError(f"the report cannot be written to {path}: {error}") from error
