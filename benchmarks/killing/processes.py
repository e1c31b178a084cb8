"""Start the command line, kill it, find what lives on (Linux only: by a mark in the environment)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

MARK = "RADIOMICS_SCREEN_KILLS"
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
#: No process may live longer after its command was killed.
ORPHAN_SECONDS = 5.0


def start(command: Sequence[str], scratch: Path) -> subprocess.Popen[bytes]:
    """Start a command of radiomics-screen, marked, with its temporary files in a folder of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "radiomics_screen", "--quiet", *command],
        env={**os.environ, MARK: str(os.getpid()), "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def finish(command: Sequence[str], scratch: Path) -> float:
    """Run a command undisturbed; return the seconds that it took. A failure ends the program."""
    begun = time.monotonic()
    if code := start(command, scratch).wait():
        raise SystemExit(f"undisturbed, it failed with exit code {code}: {' '.join(command)}")
    return time.monotonic() - begun


def kill(process: subprocess.Popen[bytes], jobs: int, chance: random.Random, counts: Counter[str]) -> None:
    """Send a random signal to a process that still runs, and count it."""
    number = chance.choice(SIGNALS)
    if process.poll() is None:
        process.send_signal(number)
        counts["kills"] += 1
        counts[f"kills by {number.name} -j {jobs}"] += 1


def left_after(seconds: float, process: subprocess.Popen[bytes]) -> int:
    """Return how many marked processes live on some seconds after a kill; they are ended."""
    deadline = time.monotonic() + seconds
    while process.poll() is None or marked():
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    alive = marked()
    for number in alive:
        print("lives on:", Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ")[:160])
        os.kill(number, signal.SIGKILL)
    process.wait()
    return len(alive)


def marked() -> list[int]:
    """Return the numbers of the processes that carry this program's mark."""
    mark, found = f"{MARK}={os.getpid()}".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:  # it ended, or is another user's
            continue
    return found
