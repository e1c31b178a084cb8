"""Scripts, run in the process of the tests."""

from __future__ import annotations

import io
import runpy
import sys
import warnings
from contextlib import redirect_stdout
from unittest.mock import patch

import pytest


def script_help(module: str) -> str:
    """Return what ``python -m MODULE --help`` prints."""
    said = io.StringIO()
    with patch.object(sys, "argv", [module, "--help"]), redirect_stdout(said), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'benchmarks.* found in sys.modules", RuntimeWarning)
        with pytest.raises(SystemExit) as ended:
            runpy.run_module(module, run_name="__main__")
    assert not ended.value.code
    return said.getvalue()
