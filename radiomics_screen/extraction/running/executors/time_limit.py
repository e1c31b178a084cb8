"""A time limit that ends the process, since native code that hangs listens to nothing else.

The operating system's alarm ends it on Linux and macOS, a thread of :mod:`faulthandler` elsewhere; neither
needs the interpreter's lock. What waits in a queue does not count: the clock runs only where work is done.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread

#: What loky calls the exit of a process that its clock ended.
_EXIT = "EXIT(1)" if sys.platform == "win32" else "SIGALRM(-14)"


def start_clock(seconds: float) -> None:
    """End this process after some seconds, unless the clock is started again or stopped."""
    if sys.platform == "win32":
        faulthandler.dump_traceback_later(seconds, exit=True, file=_nowhere())
    else:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)


def stop_clock() -> None:
    """Let this process live."""
    if sys.platform == "win32":
        faulthandler.cancel_dump_traceback_later()
    else:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def limited(seconds: float | None, home: int) -> Iterator[None]:
    """Stop the clock at the end of a block that starts it with :func:`start_clock`.

    Parameters
    ----------
    seconds
        The limit of the first piece; None for no limit.
    home
        Number of the process that hands out the work, which no clock may end.
    """
    if seconds is None or not may_be_ended(home):
        yield
        return
    start_clock(seconds)
    try:
        yield
    finally:
        stop_clock()


def may_be_ended(home: int) -> bool:
    """Tell whether this is a worker process that works on one piece at a time."""
    return os.getpid() != home and current_thread() is main_thread()


def ended_by_clock(reason: str) -> bool:
    """Tell whether a process died of its clock, by the exit codes that are known of its death."""
    return _EXIT in reason


def _nowhere() -> int:
    """Return a file descriptor that swallows what is written; the process is about to end."""
    return os.open(os.devnull, os.O_WRONLY)
