"""Engines in processes of their own, measured in turns."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.cases import Case

WORKER = Path(__file__).parent / "peers" / "worker.py"

#: One thread, whatever library it is that would take more.
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "PICTOLOGICS_NUM_THREADS",
        "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
    ),
    "1",
)


#: Engines whose first call says nothing about the next.
COMPILED_ON_FIRST_USE = ("radiomics_screen", "pictologics")


class EngineError(Exception):
    """An engine cannot do a case; the message says why."""


@dataclass(frozen=True)
class Figures:
    """What was measured of one engine on one case.

    Attributes
    ----------
    cpu_s, wall_s
        Medians, per case, in seconds.
    cpu_low_s, cpu_high_s
        Smallest and largest CPU seconds.
    runs
        How many calls the medians are of.
    peak_bytes, before_bytes
        Largest resident memory of a process that reads the case and measures it once, and of the
        same process just before it measures.
    values
        How many numbers a call gives.
    reason
        Why there are no figures; "" where there are.
    """

    cpu_s: float = 0.0
    wall_s: float = 0.0
    cpu_low_s: float = 0.0
    cpu_high_s: float = 0.0
    runs: int = 0
    peak_bytes: int = 0
    before_bytes: int = 0
    values: int = 0
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Engine:
    """A process that measures with one engine; ask it with :meth:`ask`."""

    def __init__(self, name: str, python: str) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [python, str(WORKER), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if not os.environ.get("BENCHMARK_ERRORS") else None,
            text=True,
            env={**os.environ, **ONE_THREAD},
        )

    def ask(self, do: str, **options: Any) -> Any:
        """Send a request and wait for its answer.

        Raises
        ------
        EngineError
            The engine has no such thing, failed or died.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps({"do": do, **options}), file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise EngineError(f"the process of {self.name} ended") from None
        line = self._process.stdout.readline()
        if not line:
            raise EngineError(f"the process of {self.name} ended ({self._process.wait()})")
        answer = json.loads(line)
        if "ok" not in answer:
            raise EngineError(answer.get("not_there") or f"failed: {answer['error']}")
        return answer["ok"]

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.__exit__(None, None, None)  # closes its input, which ends it, and waits


def measured(
    case: Case, pythons: Mapping[str, str], *, seconds: float = 3.0, rounds: int = 5
) -> dict[str, Figures]:
    """Measure a case with several engines by turns.

    Parameters
    ----------
    pythons
        Interpreter of each engine, by name.
    seconds
        CPU seconds to spend on each engine, about; a call that takes longer is made once.
    rounds
        How many turns each engine gets in that time.
    """
    figures: dict[str, Figures] = {}
    seen: dict[str, dict[str, Any]] = {}
    engines: dict[str, Engine] = {}
    with ExitStack() as stack:
        for name, python in pythons.items():
            engines[name] = stack.enter_context(Engine(name, python))
            try:
                seen[name] = _first_calls(engines[name], case, seconds)
            except EngineError as error:
                figures[name] = Figures(reason=str(error))
        once = {name: seen[name]["cpu"][0] for name in seen}
        for turn in range(rounds):
            for name in [n for n in seen if n not in figures]:
                times = min(50, seconds / max(once[name], 1e-6)) / rounds
                # a call that fills the time by itself is not made again
                if once[name] < seconds and (times >= 1 or turn < 2):
                    try:
                        _add(seen[name], engines[name].ask("run", times=max(1, round(times))))
                    except EngineError as error:
                        figures[name] = Figures(reason=str(error))
    for name in [n for n in seen if n not in figures]:
        try:
            before, peak = _memory(case, name, pythons[name])
            figures[name] = _figures(seen[name], case.calls, before, peak)
        except EngineError as error:
            figures[name] = Figures(reason=str(error))
    return {name: figures[name] for name in pythons}


def _first_calls(engine: Engine, case: Case, seconds: float) -> dict[str, Any]:
    """Load the case and warm up; return the first call that tells how long one takes."""
    engine.ask("load", case=case.to_dict())
    first: dict[str, Any] = engine.ask("run", times=1)
    if first["cpu"][0] > seconds and engine.name not in COMPILED_ON_FIRST_USE:
        return first
    second: dict[str, Any] = engine.ask("run", times=1)
    return second


def _add(total: dict[str, Any], more: Mapping[str, Any]) -> None:
    total["cpu"] += more["cpu"]
    total["wall"] += more["wall"]


def _memory(case: Case, name: str, python: str) -> tuple[int, int]:
    """Measure memory in a fresh process, which compiles nothing since all is compiled by now."""
    with Engine(name, python) as engine:
        before = engine.ask("load", case=case.to_dict())
        engine.ask("run", times=1)
        return before, engine.ask("memory")


def _figures(seen: Mapping[str, Any], calls: int, before: int, peak: int) -> Figures:
    cpu, wall = [t / calls for t in seen["cpu"]], [t / calls for t in seen["wall"]]
    return Figures(
        cpu_s=statistics.median(cpu),
        wall_s=statistics.median(wall),
        cpu_low_s=min(cpu),
        cpu_high_s=max(cpu),
        runs=len(cpu),
        peak_bytes=peak,
        before_bytes=before,
        values=seen["values"],
    )
