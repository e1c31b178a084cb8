"""What is finished of a fit, kept until all of it is: folds, settings that were tried, permutations.

A fit that is cut off and started again takes from here what it would compute in the same way: each result
lies under the digest of everything that it follows from. It is a file of JSON lines, to which lines are only
added; one that was cut off while it was written is passed over. Nothing in it is run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from copy import copy
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

import numpy as np

from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.locks import open_locked
from radiomics_screen.modelling.data.dataset import Dataset

FILE = "finished.jsonl"

#: What results depend on besides the rows and the plan.
_PACKAGES = ("radiomics-screen", "numpy", "scipy", "scikit-learn", "xgboost", "optuna", "torch")


class FinishedWork:
    """Results by key, kept in a folder; several threads of one process may use it.

    Parameters
    ----------
    folder
        Made where it is missing. One process uses it at a time.

    Raises
    ------
    ScreenError
        Another process uses it, or it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ModelError(f"the folder of unfinished work {folder} cannot be made: {error}") from None
        self._path = folder / FILE
        self._lock = Lock()
        self._file = open_locked(self._path)
        self._results: dict[str, Any] = {}
        self.keeps_trials = True
        self.reused = 0
        self._read()

    def __enter__(self) -> Self:
        """Return this."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let others use the folder; what is in it stays."""
        self._file.close()

    def without_trials(self) -> FinishedWork:
        """Return the same for work that is repeated so often that single trials would fill the disk."""
        coarse = copy(self)
        coarse.keeps_trials = False
        return coarse

    def recall(self, key: str) -> Any:
        """Return a result, as plain JSON values; None where it is not there."""
        with self._lock:
            found = self._results.get(key)
            self.reused += found is not None
        return found

    def keep(self, key: str, result: Any) -> None:
        """Keep a result of plain JSON values.

        Raises
        ------
        ModelError
            It cannot be written.
        """
        line = json.dumps({"key": key, "result": result}) + "\n"
        with self._lock:
            self._results[key] = result
            try:
                self._file.write(line.encode())
                self._file.flush()
            except OSError as error:
                raise ModelError(f"{self._path} cannot be written: {error.strerror}") from None

    def _read(self) -> None:
        self._file.seek(0)
        content = self._file.read()
        lines = content.split(b"\n")
        if _parsed(lines[0]) != _circumstances():
            self._file.truncate(0)
            self._file.write(json.dumps(_circumstances()).encode() + b"\n")
            self._file.flush()
            return
        for line in lines[1:]:
            entry = _parsed(line)
            if isinstance(entry, dict) and isinstance(entry.get("key"), str) and "result" in entry:
                self._results[entry["key"]] = entry["result"]
        if not content.endswith(b"\n"):  # it was cut off while a line was written
            self._file.write(b"\n")
            self._file.flush()


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


@cache
def _circumstances() -> dict[str, Any]:
    """Return the versions of what computes; results of others are not taken."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = ""
    return {"finished": 1, "versions": found}


def forget_finished(folder: Path) -> None:
    """Remove what was kept for a fit that has ended; a folder with other files stays."""
    (folder / FILE).unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def key_of(rows: Dataset, *facts: object) -> Callable[..., str]:
    """Return what gives the key of a part of the work on some rows.

    Parameters
    ----------
    rows
        All that is learned from and tested on.
    facts
        What is done with them; what equals has the same ``repr``.
    """
    whole = hashlib.blake2b(digest_size=20)
    blocks = [rows.columns.block_of(name) for name in rows.columns.features]
    whole.update(repr((rows.fingerprint, rows.columns, blocks, *facts)).encode())
    if rows.measured is not None:
        whole.update(np.ascontiguousarray(rows.measured).tobytes())

    def key(*parts: object) -> str:
        digest = whole.copy()
        for part in parts:
            digest.update(part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
            digest.update(b"\0")
        return digest.hexdigest()

    return key
