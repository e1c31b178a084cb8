"""Processes that read specimens, and a watch over their time, their memory and their end."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.attacks.doors import DOORS, ScreenError
from benchmarks.attacks.specimens import Specimen

#: Outcomes that must not be.
FAULTS = ("crash", "hang", "died", "memory", "silent", "unclear")


@dataclass(frozen=True)
class Outcome:
    """What became of one specimen: its number, the outcome, its words, seconds and peak memory (MiB)."""

    number: int
    kind: str
    outcome: str
    detail: str
    seconds: float = 0.0
    peak_mib: float = 0.0
    damage: str = ""


def watch(
    numbers: Sequence[int],
    make: Callable[[int], Specimen],
    sound: Callable[[int], str],
    seconds: float,
    mib: float,
) -> Iterator[Outcome]:
    """Yield the outcome of each number; a process that dies or hangs is replaced, and the next number taken.

    Parameters
    ----------
    make
        The specimen of a number.
    sound
        What the undamaged specimen of a number gave.
    seconds, mib
        Most time and memory above the idle process that a specimen may take.
    """
    todo = list(numbers)
    while todo:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _work(todo, make, sound, mib, writing)
        os.close(writing)
        done = 0
        for outcome in _lines(reading, child, seconds):
            yield outcome
            done += 1
        os.close(reading)
        _, status = os.waitpid(child, 0)
        if done < len(todo):
            number = todo[done]
            specimen = make(number)
            cause = signal.Signals(status & 127).name if status & 127 else f"exit {status >> 8}"
            kind = "hang" if cause == "SIGKILL" else "died"
            yield Outcome(
                number, specimen.kind, kind, cause, seconds if kind == "hang" else 0, 0, specimen.damage
            )
            done += 1
        todo = todo[done:]


def _lines(reading: int, child: int, seconds: float) -> Iterator[Outcome]:
    waiting = b""
    while True:
        if not select.select([reading], [], [], seconds)[0]:
            os.kill(child, signal.SIGKILL)  # our own child, which is past its time
            return
        got = os.read(reading, 65536)
        if not got:
            return
        *lines, waiting = (waiting + got).split(b"\n")
        for line in lines:
            yield Outcome(**json.loads(line))


def _work(
    numbers: Sequence[int],
    make: Callable[[int], Specimen],
    sound: Callable[[int], str],
    mib: float,
    writing: int,
) -> None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)
    warnings.simplefilter("ignore")
    folder = Path(mkdtemp(prefix="attack-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    try:
        for number in numbers:
            outcome = examined(number, make(number), sound, mib, folder / "case")
            os.write(writing, json.dumps(asdict(outcome)).encode() + b"\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0 if sys.exc_info()[0] is None else 1)


def examined(
    number: int, specimen: Specimen, sound: Callable[[int], str], mib: float, folder: Path
) -> Outcome:
    """Read one specimen in this process."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in specimen.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    _forget_peak()
    idle, start = _memory_mib("VmRSS"), time.perf_counter()
    outcome, detail = read(specimen, folder)
    seconds, peak = time.perf_counter() - start, _memory_mib("VmHWM") - idle
    if outcome == "accepted" and specimen.is_summed and specimen.damage and detail != sound(number):
        outcome = "silent"
    if peak > mib and outcome not in FAULTS:
        outcome = "memory"
    return Outcome(number, specimen.kind, outcome, detail[-1500:], seconds, peak, specimen.damage)


def read(specimen: Specimen, folder: Path) -> tuple[str, str]:
    """Return the outcome and its words."""
    from radiomics_screen.core.remarks import collect_remarks

    try:
        with collect_remarks() as remarks:
            detail = DOORS[specimen.door](folder, specimen.target)
        return ("remarked", "; ".join(map(str, remarks))) if remarks else ("accepted", detail)
    except ScreenError as error:
        text = str(error)
        is_clear = bool(text.strip()) and "Traceback" not in text and len(text) < 3000
        return ("refused" if is_clear else "unclear"), text
    except MemoryError:
        return "memory", "MemoryError"
    except BaseException:
        return "crash", traceback.format_exc()


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _memory_mib(name: str) -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024
