"""What a case is recognised by: the content of its files, and everything else that its values depend on."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from radiomics_screen.cohort.cases import Case
from radiomics_screen.imaging.image_files import files_behind
from radiomics_screen.imaging.sources import ImageSource, MaskSource

_PART_BYTES = 1 << 20


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
        image, mask = content_of(case.image), content_of(case.mask)
    except OSError:
        return Contents("", "", "")
    chosen = () if case.label_channel is None else (f"channel {case.label_channel}",)
    return Contents(image, mask, digest_of((image, mask, str(case.label), *chosen, recipe)))


def content_of(source: Path | ImageSource | MaskSource) -> str:
    """Return the digest of what a source holds; an OSError where it is a file that cannot be read."""
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


def _name_in(path: Path, file: Path) -> str:
    return os.path.relpath(file, path if path.is_dir() else path.parent)


def _file_hash(path: Path) -> str:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # a pipe would wait for ever, and a device never ends
        raise OSError(errno.EINVAL, "is no regular file", str(path))
    return _file_hash_of(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


@lru_cache(maxsize=4096)  # regions that share an image, and an image's companion files
def _file_hash_of(path: Path, size: int, *_state: int) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb", buffering=0) as file:
        while part := file.read(min(size, _PART_BYTES) + 1):  # a small file in one go
            digest.update(part)
    return digest.hexdigest()
