"""What becomes of this process when somebody asks it to end."""

from __future__ import annotations

import faulthandler
import os
import signal
from types import FrameType

#: How long an orderly end may take; a caller that counts to five finds the process gone.
GRACE_SECONDS = 4.0


def end_on_signals() -> None:
    """End as by Ctrl-C on SIGINT, SIGTERM and SIGHUP; what the caller has ignored stays ignored."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows knows no SIGHUP
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, and see to it that the process ends even where nobody catches it.

    An exception that is raised in a callback of a library (numba, SimpleITK, xgboost) or in a destructor is
    printed and lost. So a thread that needs no interpreter ends the process after the grace; whatever is
    written by then is whole, as after any kill. A second signal ends it at once.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if (other := getattr(signal, name, None)) is not None and signal.getsignal(other) is _end:
            signal.signal(other, signal.SIG_DFL)
    faulthandler.dump_traceback_later(GRACE_SECONDS, exit=True, file=os.open(os.devnull, os.O_WRONLY))
    raise KeyboardInterrupt
