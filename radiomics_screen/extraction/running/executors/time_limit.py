"""A time limit that ends the process, since native code that hangs listens to nothing else.

The operating system's alarm ends it on Linux and macOS, a thread of :mod:`faulthandler` elsewhere; neither
needs the interpreter's lock. What waits in a queue does not count: the clock runs only where work is done.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from threading import current_thread, main_thread
from typing import TypeVar

Item = TypeVar("Item")

#: What loky calls the exit of a process that its clock ended.
_EXIT = "EXIT(1)" if sys.platform == "win32" else "SIGALRM(-14)"


def start_clock(seconds: float) -> None:
    """End this process after some seconds, unless the clock is stopped before."""
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


def each_within(seconds: float | None, items: Iterable[Item], home: int) -> Iterator[Item]:
    """Yield items; a worker process that takes longer to make one is ended.

    Parameters
    ----------
    seconds
        Most time of an item; None for no limit.
    items
        Made as they are asked for.
    home
        Number of the process that hands out the work, which no clock may end; nor may one end a worker that
        works on several pieces at a time.
    """
    if seconds is None or os.getpid() == home or current_thread() is not main_thread():
        yield from items
        return
    try:
        start_clock(seconds)
        for item in items:
            stop_clock()
            yield item
            start_clock(seconds)
    finally:
        stop_clock()


def ended_by_clock(reason: str) -> bool:
    """Tell whether a process died of its clock, by the exit codes that are known of its death."""
    return _EXIT in reason


def _nowhere() -> int:
    """Return a file descriptor that swallows what is written; the process is about to end."""
    return os.open(os.devnull, os.O_WRONLY)
