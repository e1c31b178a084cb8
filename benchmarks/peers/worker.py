"""Run one engine in a process of its own, told what to do by lines of JSON on standard input.

Started as a script, with the interpreter that has the engine: ``python worker.py pyradiomics``.
Each line is a request, each request has one line of answer:

====================================  =====================================================
``{"do": "load", "case": {...}}``     read the images, make the settings, run nothing yet
``{"do": "run", "times": 3}``         call 3 times; CPU and wall seconds of each call
``{"do": "memory"}``                  largest resident memory of this process so far, in bytes
====================================  =====================================================

An answer is ``{"ok": ...}``, ``{"not_there": reason}`` where the engine has no such thing, or
``{"error": what}``. The end of the input ends the process.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path

from missing import NotThere


def memory_bytes() -> int:
    """Return the largest resident memory of this process so far.

    ``ru_maxrss`` of a process also counts what its parent held when it was started, so on Linux the
    kernel's own high-water mark of the address space is read.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024


def timed(call, times):
    """Call several times; return CPU and wall seconds of each call, and what the last one gave."""
    cpu, wall, result = [], [], None
    for _ in range(times):
        start_wall, start_cpu = time.perf_counter(), time.process_time()
        result = call()
        cpu.append(time.process_time() - start_cpu)
        wall.append(time.perf_counter() - start_wall)
    return {"cpu": cpu, "wall": wall, "values": result}


class Engine:
    """One engine, and the case that it has loaded."""

    def __init__(self, name: str) -> None:
        self.adapter = import_module(f"with_{name}")
        self.call = None

    def answer(self, request):
        if request["do"] == "version":
            return self.adapter.version()
        if request["do"] == "load":
            self.call = self.adapter.prepared(request["case"])
            return memory_bytes()
        if request["do"] == "run":
            return timed(self.call, request["times"])
        if request["do"] == "memory":
            return memory_bytes()
        raise ValueError(f"unknown request {request['do']!r}")


def serve(name: str) -> None:
    """Answer requests until the input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print must not get between the answers
    engine = None
    for line in sys.stdin:
        try:
            engine = engine or Engine(name)
            answer = {"ok": engine.answer(json.loads(line))}
        except NotThere as failure:
            answer = {"not_there": str(failure)}
        except Exception as failure:  # the one place where a failure becomes an answer
            answer = {"error": "".join(traceback.format_exception_only(type(failure), failure)).strip()}
            traceback.print_exc()
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    serve(sys.argv[1])
