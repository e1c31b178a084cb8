"""Sums in one thread, so that a result does not depend on the number of cores.

The numbers of threads of BLAS and of SimpleITK are settings of the whole process, that of OpenMP is
one of each thread. Whoever lowers them puts them back, but two threads that do so by themselves, and
overlap, put back what the other had set. So there is one place that does it, and it counts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, get_ident, local

import threadpoolctl
from threadpoolctl import ThreadpoolController, threadpool_limits

_lock = Lock()


@dataclass
class _Library:
    """A library with a number of threads of its own, that threadpoolctl does not know."""

    read: Callable[[], int]
    write: Callable[[int], None]
    before: int | None = None

    def lower(self) -> None:
        self.before = self.read()
        self.write(1)

    def restore(self) -> None:
        if self.before is not None:
            self.write(self.before)
            self.before = None


@dataclass
class _Pools:
    """The limits of some pools of threads, and how many scopes hold them.

    Libraries that are loaded while a scope is open are limited by the next scope that is entered.
    """

    user_api: str
    depth: int = 0
    modules: int = 0
    limits: list[threadpool_limits] = field(default_factory=list)

    def enter(self) -> bool:
        """Return whether this is the outermost scope."""
        self.depth += 1
        if self.modules != len(sys.modules):  # as good as: a library may have been loaded
            self.modules = len(sys.modules)
            controller = _controller(self.modules)
            with _any_thread_controls():
                self.limits.append(controller.limit(limits=1, user_api=self.user_api))
        return self.depth == 1

    def leave(self, *, restore: bool = True) -> bool:
        """Return whether it was the outermost scope; put back the limits then."""
        self.depth -= 1
        if self.depth == 0 and restore:
            with _any_thread_controls():
                while self.limits:  # the latest first: it holds what an earlier one had set
                    self.limits.pop().restore_original_limits()
            self.modules = 0
        return self.depth == 0


class _OfThread(local):
    def __init__(self) -> None:
        self.openmp = _Pools("openmp")


_blas = _Pools("blas")
_of_thread = _OfThread()
_libraries: list[_Library] = []
_found: tuple[int, ThreadpoolController] | None = None


def register_library(read: Callable[[], int], write: Callable[[int], None]) -> None:
    """Have another library compute in one thread inside :func:`single_threaded`.

    Parameters
    ----------
    read, write
        Return and set the number of threads that it uses in the whole process.
    """
    library = _Library(read, write)
    with _lock:
        _libraries.append(library)
        if _blas.depth:
            library.lower()


@contextmanager
def single_threaded() -> Iterator[None]:
    """Let this process compute with one thread while the block runs, and put it back afterwards.

    Scopes may be nested, and may overlap in several threads: the first one in sets the limits, the last
    one out takes them away. It covers BLAS and the libraries of :func:`register_library` in the whole
    process, and OpenMP in the thread that enters.
    """
    openmp, thread = _of_thread.openmp, get_ident()
    with _lock:
        if _blas.enter():
            for library in _libraries:
                library.lower()
        openmp.enter()
    try:
        yield
    finally:
        with _lock:
            # a generator may be closed by another thread, which cannot put back the number of this one
            openmp.leave(restore=get_ident() == thread)
            if _blas.leave():
                for library in _libraries:
                    library.restore()


@contextmanager
def _any_thread_controls() -> Iterator[None]:
    """Let this thread set the number of OpenBLAS, whichever thread did so before.

    threadpoolctl lets one thread set it, until that one is done, and silently ignores the others: the last
    one out would restore nothing. Here a lock and a count see to it that threads do not disagree.
    """
    openblas = getattr(threadpoolctl, "OpenBLASController", None)
    release = getattr(openblas, "clear_controlling_thread", None)  # older versions know no owner
    if release is None:
        yield
        return
    release(force=True)
    try:
        yield
    finally:
        release(force=True)


def _controller(modules: int) -> ThreadpoolController:
    """Return what knows the libraries that are loaded; looking for them takes milliseconds."""
    global _found
    if _found is None or _found[0] != modules:
        _found = modules, ThreadpoolController()
    return _found[1]
