"""Reports without their figures, for tests of their words: rendering takes most of the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO
from unittest.mock import patch


@contextmanager
def not_rendered() -> Iterator[None]:
    """Let figures be built, and each rendered as an empty drawing."""

    def save(figure: Any, written: TextIO, **options: Any) -> None:
        written.write('<svg viewBox="0 0 1 1"></svg>')

    with patch("matplotlib.figure.Figure.savefig", save):
        yield
