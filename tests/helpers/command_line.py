"""The command line, run in the process of the tests."""

from __future__ import annotations

import io
import logging
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from radiomics_screen.cli import main
from radiomics_screen.cli.verbosity import set_verbosity


@dataclass(frozen=True)
class Finished:
    """What a command has written, and how it ended."""

    stdout: str
    stderr: str
    returncode: int


def run_command(*arguments: str | Path, code: int = 0, encoding: str = "utf-8") -> Finished:
    """Run ``radiomics-screen ARGUMENTS``, and check its exit code; leave the process as it was."""
    logger = logging.getLogger("radiomics_screen")
    signals = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    answers = {number: signal.getsignal(number) for number in signals}
    level, handlers = logger.level, logger.handlers[:]
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict") for _ in range(2))
    returned: object = 0
    try:
        with (
            patch.object(sys, "argv", ["radiomics-screen", *map(str, arguments)]),
            patch.dict("os.environ", {"COLUMNS": "120"}),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            main()
    except SystemExit as ended:
        returned = ended.code
    finally:
        for number, answer in answers.items():
            signal.signal(number, answer)
        set_verbosity(0, quiet=False)
        logger.setLevel(level)
        logger.handlers[:] = handlers
    written = []
    for stream in (out, err):
        stream.flush()
        written.append(stream.buffer.getvalue().decode(encoding))  # type: ignore[attr-defined]
    assert returned == code, "\n".join(written)
    return Finished(written[0], written[1], code)
