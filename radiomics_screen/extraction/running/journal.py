"""Finished rows on disk while a run goes on, so that a killed run loses nothing.

The journal is a file of JSON lines beside the table that is being made. Its first line says what
the rows depend on; each later line is a finished row, a set of feature names (written once, since
hundreds of names in every row would make up most of the file), or the beginning of a case in this
very process. It is only ever appended to; a last line split_across_folds by a kill is dropped on reopening.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any

import numpy as np

from radiomics_screen.core.errors import TableError
from radiomics_screen.core.locks import open_locked
from radiomics_screen.extraction.running.case_keys import Contents
from radiomics_screen.extraction.running.finished_row import Measured

_FLOAT = "<f8"  # values are written as their bytes: exact, and hundreds of them cost next to nothing
_SYNC_SECONDS = 2.0  # at most this much is lost when the machine itself goes down


class Journal:
    """An open, locked journal.

    Attributes
    ----------
    header
        First line as found, or None where the journal is new.
    rows
        Successful rows found, by the key of their case.
    suspects
        Cases that were begun in a process that then died: one of them may have killed it.
    replacing
        The run ended while it replaced the table: what lies there may be the old one or the new one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header: dict[str, Any] | None = None
        self.rows: dict[str, Measured] = {}
        self.suspects: set[str] = set()
        self.replacing = False
        self._names: dict[tuple[str, ...], int] = {}
        self._empty = True
        self._synced = monotonic()
        self._file = open_locked(path)
        self._read()

    def _read(self) -> None:
        self._file.seek(0)
        names: dict[int, tuple[str, ...]] = {}
        whole = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            try:
                self._enter(json.loads(line), names)
            except (ValueError, LookupError, TypeError):
                continue  # a damaged line: its case is measured again
        self._file.truncate(whole)
        self._names = {n: number for number, n in names.items()}

    def _enter(self, line: dict[str, Any], names: dict[int, tuple[str, ...]]) -> None:
        if "journal" in line:
            self.header = line
        elif "names" in line:
            names[line["number"]] = tuple(line["names"])
        elif "begin" in line:
            self.suspects.add(line["begin"])
        elif "left" in line:
            self.suspects.clear()
        elif "replacing" in line:
            self.replacing = True
        else:
            self._empty = False
            self.suspects.discard(line["case"])
            if line["status"] == "ok":
                contents = Contents(line["image"], line["mask"], line["key"])
                values = np.frombuffer(base64.b64decode(line["values"]), _FLOAT).astype(np.float64)
                of_row = names[line["of"]]
                if len(of_row) == len(values):
                    self.rows[contents.key] = Measured(
                        contents, "ok", "", line["warnings"], line["seconds"], of_row, values
                    )

    def start(self, header: dict[str, Any]) -> None:
        """Empty the journal and write its first line."""
        self.rows, self.suspects, self._names, self.header = {}, set(), {}, header
        self._empty, self.replacing = True, False
        self._file.truncate(0)
        self._append({"journal": 1, **header})

    def begin(self, case_ids: Iterable[str]) -> None:
        """Note which cases are now measured in this process, so that its death points at them."""
        self._append(*({"begin": case_id} for case_id in case_ids))

    def replace(self) -> None:
        """Note that all rows are there, and that the table and its provenance are now replaced."""
        self._append({"replacing": True})

    def add(self, case_id: str, row: Measured) -> None:
        """Write a finished row."""
        self._empty = False
        lines: list[dict[str, Any]] = []
        of = self._names.get(row.names)
        if of is None:
            of = self._names[row.names] = 1 + max(self._names.values(), default=-1)
            lines.append({"names": row.names, "number": of})
        lines.append(
            {
                "case": case_id,
                "status": row.status,
                "warnings": row.warnings,
                "seconds": row.seconds,
                "image": row.contents.image,
                "mask": row.contents.mask,
                "key": row.contents.key,
                "of": of,
                "values": base64.b64encode(row.values.astype(_FLOAT).tobytes()).decode(),
            }
        )
        self._append(*lines)

    def _append(self, *lines: dict[str, Any]) -> None:
        try:
            self._file.write(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
            self._file.flush()
            if monotonic() - self._synced > _SYNC_SECONDS:
                os.fsync(self._file.fileno())
                self._synced = monotonic()
        except OSError as failure:
            raise TableError(f"cannot write {self.path}: {failure.strerror}") from failure

    def remove(self) -> None:
        """Close the journal and delete it: the table is whole."""
        if sys.platform == "win32":  # where an open file cannot be deleted
            self._close()
        self.path.unlink(missing_ok=True)
        self._close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the journal where it holds rows; say that this process ended in good order."""
        if self._file.closed:
            return
        if self._empty:
            self.remove()
        else:
            with suppress(TableError):  # on a full disk, that it was left in good order stays unsaid
                self._append({"left": True})
            self._close()

    def _close(self) -> None:
        with suppress(OSError):  # what a full disk does not take was told of when it was written
            self._file.close()
