"""The files that an image consists of: what a digest must cover is what reading opens."""

from __future__ import annotations

import re
from pathlib import Path

from radiomics_screen.core.errors import ReadError
from radiomics_screen.imaging.reading.volumes import data_files

_PAIR = re.compile(r"\.(hdr|hdr\.gz|img|img\.gz)$", re.IGNORECASE)
_PAIR_ENDINGS = (".hdr", ".hdr.gz", ".img", ".img.gz")


def files_behind(path: Path) -> list[Path]:
    """Return the files that an image consists of: itself, its data files, or those of a folder.

    Known by content, whatever the ending. Data files that reading would refuse are left out.

    Raises
    ------
    OSError
        The file is not there or cannot be read.
    """
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    if _PAIR.search(path.name):
        stem = _PAIR.sub("", path.name)
        spelled = [*_PAIR_ENDINGS, *(ending.upper() for ending in _PAIR_ENDINGS)]
        others = {path.with_name(stem + ending) for ending in spelled} - {path}
        return [path, *sorted(file for file in others if file.is_file())]
    if not path.is_file():
        return [path]
    try:
        return [path, *(file for file in data_files(path) if file.is_file())]
    except ReadError:
        return [path]
