"""Remarks about a case that do not stop it, collected into its row.

A step deep in the work calls :func:`add_remark`; whoever makes the row opens :func:`collect_remarks`
around it. Outside such a block a note becomes an ordinary Python warning, so nothing is lost in
a notebook either. The collector is a context variable: threads and processes do not mix theirs.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_collector: ContextVar[list[str] | None] = ContextVar("notes", default=None)


class ScreenWarning(UserWarning):
    """A remark about a case, seen where nobody collects them into a row."""


def add_remark(message: str) -> None:
    """Tell the reader of the row at hand something about how its values came about."""
    collected = _collector.get()
    if collected is None:
        warnings.warn(message, ScreenWarning, stacklevel=2)
    elif message not in collected:
        collected.append(message)


@contextmanager
def collect_remarks() -> Iterator[list[str]]:
    """Collect the notes made inside the block, in order, each once."""
    notes: list[str] = []
    token = _collector.set(notes)
    try:
        yield notes
    finally:
        _collector.reset(token)
