"""What a case is recognised by: the content of its files, and everything else that its values depend on."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from radiomics_screen.cohort.cases import Case
from radiomics_screen.imaging.sources import ImageSource, MaskSource

_PART_BYTES = 1 << 20
_HEAD_BYTES = 65_536  # the header of a MetaImage or NRRD file that names its data file is far shorter
_DATA_FILE = re.compile(r"^(?:ElementDataFile|data ?file)\s*[:=]\s*(.+?)\s*$", re.IGNORECASE | re.MULTILINE)
_PAIRS = (".hdr", ".img", ".img.gz")


@dataclass(frozen=True)
class Contents:
    """Digests (hexadecimal) of what a case is made of; "" where a file cannot be read.

    Attributes
    ----------
    image, mask
        Of the file's bytes, or of all files of the folder.
    key
        Of both, the label, the channel and the recipe: two cases with one key have the same values.
    """

    image: str
    mask: str
    key: str


def contents_of(case: Case, recipe: str) -> Contents:
    """Return the digests of a case; `recipe` stands for the parameters and the program."""
    try:
        image, mask = _content_of(case.image), _content_of(case.mask)
    except OSError:
        return Contents("", "", "")
    chosen = () if case.label_channel is None else (f"channel {case.label_channel}",)
    return Contents(image, mask, digest_of((image, mask, str(case.label), *chosen, recipe)))


def _content_of(source: Path | ImageSource | MaskSource) -> str:
    return content_hash(source) if isinstance(source, Path) else source.identity()


def digest_of(parts: Iterable[str]) -> str:
    """Return the digest of several texts; moving a letter from one to the next changes it."""
    return hashlib.blake2b(repr(tuple(parts)).encode(), digest_size=16).hexdigest()


def content_hash(path: Path) -> str:
    """Return the digest of a file's content, or of all files that an image consists of.

    Raises
    ------
    OSError
        The file is not there or cannot be read.
    """
    files = files_behind(path)
    if files == [path]:
        return _file_hash(path)
    return digest_of(part for file in files for part in (_name_in(path, file), _file_hash(file)))


def files_behind(path: Path) -> list[Path]:
    """Return the files that an image consists of: itself, its data files, or those of a folder."""
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    ending = path.suffix.lower()
    if ending in (".mhd", ".nhdr"):
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES).decode("latin-1")
        return [path, *_named_data_files(path, head)]
    if ending in (".hdr", ".img") or path.name.lower().endswith(".img.gz"):
        stem = re.sub(r"\.(hdr|img|img\.gz)$", "", path.name, flags=re.IGNORECASE)
        others = {path.with_name(stem + e) for e in _PAIRS} - {path}
        return [path, *sorted(file for file in others if file.is_file())]
    return [path]


def _named_data_files(path: Path, head: str) -> list[Path]:
    """Return the files that a detached header names: one, a list of them, or a numbered pattern."""
    if not (named := _DATA_FILE.search(head)):
        return []
    value = named.group(1)
    if value.upper() == "LOCAL":
        return []
    if value.upper().startswith("LIST"):
        names = [line.strip() for line in head[named.end() :].splitlines() if line.strip()]
        return [path.parent / name for name in names]
    if "%" in value:
        pattern = re.sub(r"%0?\d*d", "*", value.split()[0])
        return sorted(path.parent.glob(pattern))
    return [path.parent / value]


def _name_in(path: Path, file: Path) -> str:
    return os.path.relpath(file, path if path.is_dir() else path.parent)


def _file_hash(path: Path) -> str:
    status = path.stat()
    return _file_hash_of(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)  # regions that share an image, and an image's companion files
def _file_hash_of(path: Path, size: int, modified: int) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb", buffering=0) as file:
        while part := file.read(min(size, _PART_BYTES) + 1):  # a small file in one go
            digest.update(part)
    return digest.hexdigest()
