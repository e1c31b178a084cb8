"""What becomes of failures, and of an interrupt that comes disguised as one."""

from __future__ import annotations

import pytest

from radiomics_screen.extraction.measuring.case_result import CaseResult, Once


def disguised() -> dict[str, float]:
    """Fail as a compiled function does when Ctrl-C arrives while its result is handed over."""
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt as interrupt:
        raise SystemError("returned a result with an exception set") from interrupt


def test_an_interrupt_is_never_a_failed_case() -> None:
    with pytest.raises(KeyboardInterrupt):
        CaseResult().add(disguised)
    once = Once(disguised)
    with pytest.raises(KeyboardInterrupt):
        CaseResult().make(once)


def test_any_other_failure_is() -> None:
    attempt = CaseResult()
    attempt.add(lambda: {"a": 1 / 0})
    assert attempt.row(0.0).status == "failed"
    assert "unexpected ZeroDivisionError in test_case_result.py" in attempt.row(0.0).error
    once = Once(lambda: 1 / 0)
    for _ in range(2):
        attempt = CaseResult()
        attempt.make(once)
        assert "ZeroDivisionError" in attempt.error
