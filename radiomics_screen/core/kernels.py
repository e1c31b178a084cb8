"""How the loops over voxels are compiled, kept, and announced.

numba compiles a kernel when it is first called and keeps the machine code in the cache folder beside
the module, or in the user's where that one is read-only (``NUMBA_CACHE_DIR`` names another). Later
processes load it.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
import os
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from numba.core import event

#: Time that compiling everything takes, for the message; a recent core needs less.
COMPILE_SECONDS = 30

_OPTIONS: Any = {"nogil": True, "error_model": "numpy"}
_CONSTANTS = (bool, int, float, str, tuple, np.generic)
_logger = logging.getLogger(__name__)
_kernels: list[Any] = []


def kernel(function: Callable[..., Any]) -> Any:
    """Compile the decorated function on its first call: without the GIL, dividing by zero as NumPy does.

    The machine code holds what it calls, and constants. numba takes kept code as fresh as long as the
    function's own file is the same, so kernels and constants of other files go into its name.
    """
    if outside := _from_outside(function):
        function.__qualname__ += "_" + hashlib.sha256(repr(outside).encode()).hexdigest()[:12]
    try:
        compiled = numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # no folder that can be written to: every process compiles for itself
        compiled = numba.njit(**_OPTIONS)(function)
    if compiled is not function:  # it is where NUMBA_DISABLE_JIT is set
        _kernels.append(compiled)
    return compiled


def _from_outside(function: Callable[..., Any]) -> list[tuple[str, str]]:
    """Return the names and contents of what the function uses and numba does not watch."""
    found = []
    for name, value in sorted(inspect.getclosurevars(function).globals.items()):
        if called := getattr(value, "py_func", None):
            file = inspect.getfile(called)
            if file != inspect.getfile(function):
                found.append((called.__qualname__, _content(file)))
        elif isinstance(value, np.ndarray):
            found.append((name, f"{value.dtype}{value.shape}{hashlib.sha256(value.tobytes()).hexdigest()}"))
        elif isinstance(value, _CONSTANTS):
            found.append((name, repr(value)))
    return found


@lru_cache
def _content(file: str) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def cache_folder() -> Path | None:
    """Return a folder that keeps compiled kernels; None where nothing can be kept."""
    folders = (kernel.stats.cache_path for kernel in _kernels)
    return next((Path(folder) for folder in folders if folder), None)


def identity() -> list[str]:
    """Return all that decides whether kept machine code is that of the kernels as they are now."""
    kernels = {f"{k.py_func.__module__}.{k.py_func.__qualname__}" for k in _kernels}
    files = {inspect.getfile(k.py_func) for k in _kernels}
    stamps = [f"{file} {(status := os.stat(file)).st_mtime_ns} {status.st_size}" for file in sorted(files)]
    processor = [llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()]
    return [*sorted(kernels), *stamps, *processor, numba.__version__, sys.version]


def _warn(message: str) -> None:
    """Log a warning; where nobody has set logging up, it is written to standard error all the same."""
    _logger.warning(message)
    listening: logging.Logger | None = _logger
    while listening is not None:
        if any(not isinstance(handler, logging.NullHandler) for handler in listening.handlers):
            return
        listening = listening.parent if listening.propagate else None
    if logging.lastResort is not None and _logger.isEnabledFor(logging.WARNING):
        record = _logger.makeRecord(_logger.name, logging.WARNING, __file__, 0, message, (), None)
        logging.lastResort.handle(record)


class _Announcer(event.Listener):
    """Explains, before the first kernel is compiled, why the next seconds pass without output."""

    def __init__(self) -> None:
        self._told = False

    def on_start(self, event: event.Event) -> None:
        if self._told or event.data["dispatcher"] not in _kernels:
            return
        self._told = True
        when = "once after installing"
        if cache_folder() is None:
            when = "in every process, for no folder can be written to that would keep them (NUMBA_CACHE_DIR)"
        _warn(f"compiling the numerical kernels that this needs, {when}: up to {COMPILE_SECONDS} s ...")

    def on_end(self, event: event.Event) -> None:
        """Do nothing: the rows that follow show that compiling is over."""


event.register("numba:compile", _Announcer())
