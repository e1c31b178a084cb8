"""Remarks about a case that do not stop it, collected into its row.

A step deep in the work calls :func:`add_remark`; whoever makes the row opens :func:`collect_remarks`
around it. Outside such a block a note becomes an ordinary Python warning, so nothing is lost in
a notebook either. The collector is a context variable: threads and processes do not mix theirs.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_collector: ContextVar[list[str] | None] = ContextVar("notes", default=None)


class ScreenWarning(UserWarning):
    """A remark about a case, seen where nobody collects them into a row."""


#: So many things are listed in one remark; of the others, only how many they are.
_MOST_LISTED = 6


class GatheredRemark(str):
    """A remark that holds for several things of one case, such as image types: they are listed in one line.

    Attributes
    ----------
    sentence
        The remark, with ``{}`` where the list belongs.
    things
        What it holds for.
    """

    sentence: str
    things: tuple[str, ...]

    def __new__(cls, sentence: str, things: tuple[str, ...]) -> GatheredRemark:
        """Make the text."""
        listed = ", ".join(things[:_MOST_LISTED])
        more = f" and {len(things) - _MOST_LISTED} more" if len(things) > _MOST_LISTED else ""
        made = super().__new__(cls, sentence.replace("{}", listed + more))
        made.sentence, made.things = sentence, things
        return made

    def __reduce__(self) -> tuple[type[GatheredRemark], tuple[str, tuple[str, ...]]]:
        """Travel to another process."""
        return GatheredRemark, (self.sentence, self.things)


def add_remark(message: str) -> None:
    """Tell the reader of the row at hand something about how its values came about."""
    collected = _collector.get()
    if collected is None:
        warnings.warn(message, ScreenWarning, stacklevel=2)
    else:
        join_remarks(collected, [message])


def join_remarks(collected: list[str], more: Iterable[str]) -> None:
    """Add remarks to others, each once; gathered ones of one sentence become one."""
    for message in more:
        if isinstance(message, GatheredRemark):
            _gather(collected, message)
        elif message not in collected:
            collected.append(message)


def _gather(collected: list[str], message: GatheredRemark) -> None:
    for place, other in enumerate(collected):
        if isinstance(other, GatheredRemark) and other.sentence == message.sentence:
            things = dict.fromkeys((*other.things, *message.things))
            collected[place] = GatheredRemark(message.sentence, tuple(things))
            return
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
