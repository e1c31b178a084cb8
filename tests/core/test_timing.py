"""Stages count what they take, each by itself; nothing is collected where nobody asks."""

from __future__ import annotations

import logging
from threading import Thread
from time import sleep

import pytest

from radiomics_screen.core.timing import Stages, collect_stages, collected, stage, timed, timed_items


def test_a_stage_within_another_counts_by_itself() -> None:
    with collect_stages() as stages, stage("outer"), stage("inner"):
        sleep(0.05)
    seconds = stages.take()
    assert seconds["inner"] >= 0.05
    assert seconds["outer"] < seconds["inner"]
    assert stages.take() == {}


def test_nothing_is_made_where_nobody_asks() -> None:
    assert stage("a") is stage("b")
    with collect_stages(on=False) as stages, stage("a"):
        pass
    assert stages.take() == {}


def test_threads_that_work_for_another_add_to_its_stages() -> None:
    def work(into: Stages | None) -> None:
        with collect_stages(into), stage("work"):
            pass

    with collect_stages() as stages:
        thread = Thread(target=work, args=(collected(),))
        thread.start()
        thread.join()
    assert set(stages.take()) == {"work"}


def test_functions_and_items_are_stages() -> None:
    @timed("function")
    def doubled(number: int) -> int:
        return 2 * number

    with collect_stages() as stages:
        assert [doubled(n) for n in timed_items("items", range(3))] == [0, 2, 4]
    assert set(stages.take()) == {"function", "items"}


def test_an_exception_ends_its_stage() -> None:
    with collect_stages() as stages:
        with pytest.raises(ValueError, match="inside"), stage("failing"):
            raise ValueError("inside")
        with stage("next"):
            pass
    assert set(stages.take()) == {"failing", "next"}


def test_each_stage_is_logged_for_debugging(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "radiomics_screen.core.timing"), stage("reading"):
        pass
    assert "reading: 0.0" in caplog.text


def test_the_longest_stage_comes_first() -> None:
    stages = Stages()
    stages.add({"short": 0.5, "long": 2.0})
    stages.add({"short": 0.25})
    assert str(stages) == "long 2.00 s, short 0.75 s"
