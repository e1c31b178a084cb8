"""Cases that share an image, put together: it is read, preprocessed and filtered once for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from radiomics_screen.cohort.cases import Case

#: Cases of one image with their numbers in the cohort, in its order; handed out as one piece of work.
ImageBatch = tuple[tuple[int, Case], ...]

#: The rows of a bunch reach the disk together where several processes work: so much may be lost at most.
LARGEST = 64


def image_batches_of(cases: Mapping[int, Case], processes: int) -> list[ImageBatch]:
    """Put together the cases that share an image, in the order of their first appearance.

    A bunch holds no more than :data:`LARGEST` cases, nor more than its share of all cases: one image
    with a hundred regions keeps every process busy. It is then read once in each of them.
    """
    by_image: dict[object, list[tuple[int, Case]]] = {}
    for number, case in cases.items():
        by_image.setdefault(case.image, []).append((number, case))
    share = ceil(len(cases) / max(processes, 1))
    return [
        tuple(part) for of_image in by_image.values() for part in _cut(of_image, max(1, min(share, LARGEST)))
    ]


def _cut(numbered: list[tuple[int, Case]], most: int) -> list[list[tuple[int, Case]]]:
    """Cut into as few parts as hold no more than `most` each, all of about one length."""
    length = ceil(len(numbered) / ceil(len(numbered) / most))
    return [numbered[start : start + length] for start in range(0, len(numbered), length)]
