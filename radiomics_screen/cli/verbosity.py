"""How much the command line says: summaries and progress, nothing but results and errors, or timings too."""

from __future__ import annotations

import logging
import sys
from time import monotonic

import typer

from radiomics_screen.core.printable import printable

_PACKAGE = "radiomics_screen"
_quiet = False
_said = monotonic()


def set_verbosity(verbose: int, *, quiet: bool) -> None:
    """Set what is said from now on.

    Parameters
    ----------
    verbose
        1: timings of stages, summed over cases; 2: each stage by itself.
    quiet
        No progress and no summaries; errors, warnings and asked-for output stay.
    """
    global _quiet
    _quiet = quiet
    level = logging.ERROR if quiet else (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logger = logging.getLogger(_PACKAGE)
    logger.setLevel(level)
    for handler in logger.handlers[:]:
        if isinstance(handler, _ToStandardError):
            logger.removeHandler(handler)
    logger.addHandler(_ToStandardError())


def is_quiet() -> bool:
    """Return whether progress and summaries are left out."""
    return _quiet


def echo(message: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a text, whatever is in it; control characters of names are written out."""
    typer.echo(printable(message), err=err, nl=nl)


def say(message: str, *, err: bool = False) -> None:
    """Print progress (`err`) or a summary, unless the command line is quiet."""
    global _said
    _said = monotonic()
    if not _quiet:
        echo(message, err=err)


def silent_for() -> float:
    """Return for how many seconds nothing was said."""
    return monotonic() - _said


class _ToStandardError(logging.Handler):
    """Writes records to standard error as it is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        print(printable(self.format(record)), file=sys.stderr, flush=True)
