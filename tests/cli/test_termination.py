"""A process that is asked to end ends, even where the exception that should end it is lost."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs signals")

LOSES_IT = """
import time
from radiomics_screen.cli import termination
termination.GRACE_SECONDS = 0.5
termination.end_on_signals()
class Waits:
    def __del__(self):
        print("here", flush=True)
        time.sleep(30)  # what is raised in here is printed and lost
Waits()
time.sleep(30)
"""
CATCHES_IT = """
import time
from radiomics_screen.cli.termination import end_on_signals
end_on_signals()
try:
    print("here", flush=True)
    time.sleep(30)
except KeyboardInterrupt:
    raise SystemExit(130)
"""


def _ended_by(number: int, code: str) -> int:
    heard = f"import signal\nsignal.signal({int(number)}, signal.default_int_handler)\n"  # nohup ignores some
    with subprocess.Popen(
        [sys.executable, "-c", heard + code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        return process.wait(timeout=10)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_process_in_good_order(name: str) -> None:
    assert _ended_by(getattr(signal, name), CATCHES_IT) == 130


def test_a_signal_that_is_lost_in_a_destructor_ends_the_process_all_the_same() -> None:
    assert _ended_by(signal.SIGTERM, LOSES_IT) == 1
