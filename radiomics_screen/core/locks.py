"""A file that one process holds at a time."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO

from radiomics_screen.core.errors import TableError


def open_locked(path: Path) -> IO[bytes]:
    """Open a file for this process alone; the lock ends with the process, however it ends.

    Raises
    ------
    TableError
        Another process holds it, or it cannot be written.
    """
    while True:
        try:
            file = open(path, "a+b", opener=_private)  # noqa: SIM115 (the caller closes it)
        except OSError as failure:
            raise TableError(f"cannot write {path}: {failure.strerror}") from failure
        if not _lock(file):
            file.close()
            raise TableError(
                f"another run is writing to the same output ({path} is in use); wait for its end"
            )
        try:
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except FileNotFoundError:
            pass  # the other run ended, and removed it, between opening and locking
        file.close()


def _private(path: str, flags: int) -> int:
    """Open a new file for its owner alone: a journal tells of patients."""
    return os.open(path, flags, 0o600)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> bool:
        position = file.tell()
        file.seek(1 << 40)  # a lock keeps others from reading the locked bytes: take one far beyond the end
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            file.seek(position)
        return True

else:
    import fcntl

    def _lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass  # a file system without locks: then nothing keeps two runs apart but the user
        return True
