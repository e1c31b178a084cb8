"""Cases of one image are handed out together, and nothing is lost or left idle."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiomics_screen.cohort.cases import Case
from radiomics_screen.extraction.running.image_batches import LARGEST, ImageBatch, image_batches_of


def cases_on(images: str) -> dict[int, Case]:
    """Return a case for each letter, on the image of that name; numbered with gaps, as in a resumed run."""
    return {
        3 * n: Case(f"{image}{n}", None, Path(image), Path("mask"), n, 0, {})
        for n, image in enumerate(images)
    }


def images_of(bunches: list[ImageBatch]) -> list[str]:
    return ["".join(str(case.image) for _, case in bunch) for bunch in bunches]


def test_images_come_in_the_order_of_their_first_case() -> None:
    assert images_of(image_batches_of(cases_on("badabcb"), 1)) == ["bbb", "aa", "d", "c"]


def test_cases_of_an_image_keep_their_order() -> None:
    bunches = image_batches_of(cases_on("abab"), 1)
    assert [[number for number, _ in bunch] for bunch in bunches] == [[0, 6], [3, 9]]


@pytest.mark.parametrize(("processes", "expected"), [(1, [8]), (2, [4, 4]), (3, [3, 3, 2]), (20, [1] * 8)])
def test_one_image_keeps_every_process_busy(processes: int, expected: list[int]) -> None:
    assert [len(bunch) for bunch in image_batches_of(cases_on("a" * 8), processes)] == expected


def test_a_large_group_is_cut_evenly() -> None:
    lengths = [len(bunch) for bunch in image_batches_of(cases_on("a" * (2 * LARGEST + 1)), 1)]
    assert len(lengths) == 3
    assert max(lengths) - min(lengths) <= 1


@given(st.text("abcd", max_size=300), st.integers(1, 9))
def test_every_case_is_in_one_bunch(images: str, processes: int) -> None:
    cases = cases_on(images)
    bunches = image_batches_of(cases, processes)
    handed_out = [pair for bunch in bunches for pair in bunch]
    assert dict(handed_out) == cases
    assert len(handed_out) == len(cases)
    assert all(len({case.image for _, case in bunch}) == 1 for bunch in bunches)
    assert all(0 < len(bunch) <= LARGEST for bunch in bunches)
