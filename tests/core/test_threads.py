"""Limits of threads are set by the first scope and taken away by the last one, in whatever order."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Barrier, Event, Thread

import numpy as np
import pytest
import SimpleITK as sitk
from threadpoolctl import threadpool_info, threadpool_limits

from radiomics_screen.core.threads import register_library
from radiomics_screen.imaging.threads import single_threaded

get_itk = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads
set_itk = sitk.ProcessObject.SetGlobalDefaultNumberOfThreads


def limits() -> tuple[int, set[int]]:
    """Return the numbers of threads of SimpleITK and of BLAS."""
    np.ones((2, 2)) @ np.ones((2, 2))
    return get_itk(), {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def _several_threads() -> Iterator[None]:
    before = get_itk()
    set_itk(7)
    with threadpool_limits(limits=2):
        yield
    set_itk(before)


def test_nested_scopes_put_back_what_was() -> None:
    before = limits()
    assert before == (7, {2})
    with single_threaded():
        with single_threaded():
            assert limits() == (1, {1})
        assert limits() == (1, {1})
    assert limits() == before


def test_an_exception_puts_back_what_was() -> None:
    before = limits()
    with pytest.raises(ValueError, match="inside"), single_threaded(), single_threaded():
        raise ValueError("inside")
    assert limits() == before


def test_overlapping_threads_leave_the_limits_as_they_were() -> None:
    """The first one leaves while the second is inside: each by itself would restore a lowered number."""
    before = limits()
    first_in, second_in, first_out = Event(), Event(), Event()
    seen = []

    def first() -> None:
        with single_threaded():
            first_in.set()
            assert second_in.wait(30)
        first_out.set()

    def second() -> None:
        assert first_in.wait(30)
        with single_threaded():
            second_in.set()
            assert first_out.wait(30)
            seen.append(limits())

    threads = [Thread(target=first), Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [(1, {1})]
    assert limits() == before


def test_openmp_is_put_back_in_the_thread_that_set_it() -> None:
    """Its number belongs to a thread: the one that leaves first must put it back itself."""
    inside, outside = Barrier(2, timeout=30), Barrier(2, timeout=30)

    def other() -> None:
        with single_threaded():
            inside.wait()
            outside.wait()

    def openmp() -> set[int]:
        return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "openmp"}

    import sklearn.ensemble  # noqa: F401  brings OpenMP along

    with threadpool_limits(limits=2):
        thread = Thread(target=other)
        with single_threaded():
            thread.start()
            inside.wait()
            assert openmp() == {1}
        assert openmp() == {2}
        outside.wait()
        thread.join()
        assert openmp() == {2}


def test_a_generator_closed_by_another_thread_leaves_the_process_as_it_was() -> None:
    before = limits()

    def rows() -> Iterator[int]:
        with single_threaded():
            yield from range(3)

    coming = rows()
    next(coming)
    thread = Thread(target=coming.close)  # type: ignore[attr-defined]
    thread.start()
    thread.join()
    assert limits() == before


def test_a_library_that_is_registered_inside_is_limited_at_once() -> None:
    number = [5]
    with single_threaded():
        register_library(lambda: number[0], lambda threads: number.__setitem__(0, threads))
        assert number == [1]
    assert number == [5]
