"""Unfinished files and folders carry their maker's name; a later run removes what dead ones left.

A name tells the machine (and container) and the process. Only a process of this machine can be asked whether
it lives: what another machine of a shared file system writes is never touched.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path


def maker() -> str:
    """Return a text that names this process among those of all machines."""
    return f"{_here()}-{os.getpid()}"


@contextmanager
def scratch_folder(prefix: str, parent: Path | None = None) -> Iterator[str]:
    """Give a folder of its own to a block, and remove it, and those whose makers were killed.

    Parameters
    ----------
    prefix
        How its name begins.
    parent
        Where it lies; None: where temporary files do.
    """
    place = Path(tempfile.gettempdir()) if parent is None else parent
    remove_leftovers(place, prefix)
    with tempfile.TemporaryDirectory(prefix=f"{prefix}{maker()}-", dir=place) as folder:
        yield folder


@lru_cache(maxsize=256)  # places; to list one at every file that is read would take long
def remove_leftovers(place: Path, prefix: str, ending: str | None = None) -> None:
    """Remove what dead processes of this machine left in a folder, once in the life of this process.

    Parameters
    ----------
    place
        The folder.
    prefix, ending
        How names begin before the maker and end after it; without an ending, any.
    """
    for path in leftovers(place, prefix, ending):
        with suppress(OSError):
            _remove(path)


def leftovers(place: Path, prefix: str, ending: str | None = None) -> list[Path]:
    """Return what dead processes of this machine left in a folder; see :func:`remove_leftovers`."""
    if sys.platform == "win32":  # where asking for a process may end it
        return []
    rest = "(-.*)?" if ending is None else re.escape(ending)
    form = re.compile(re.escape(prefix) + _here() + r"-(\d+)" + rest)
    try:
        names = sorted(os.listdir(place))
    except OSError:
        return []
    found = [(place / name, form.fullmatch(name)) for name in names]
    return [path for path, match in found if match and not _lives(int(match[1]))]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # of another user, or no number of a process
    return True


@lru_cache(maxsize=1)
def _here() -> str:
    """Return what tells apart hosts and containers: each has process numbers of its own."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return hashlib.blake2b(f"{platform.node()} {space}".encode(), digest_size=6).hexdigest()
