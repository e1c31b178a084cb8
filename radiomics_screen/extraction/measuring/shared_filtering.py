"""Which regions of one image are filtered together."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from radiomics_screen.filters.registry import Box

#: Voxels that a filter looks at beyond a region, as a rule.
MARGIN = 24


def clusters(boxes: Sequence[Box]) -> list[list[int]]:
    """Put boxes together, by their places in the list, while that gives a filter less to do.

    Two groups are joined where the box around both, with a filter's margin, has no more voxels than
    their boxes have apart.
    """
    groups = [[n] for n in range(len(boxes))]
    around = list(boxes)
    joined = True
    while joined:
        joined = False
        for a in range(len(groups)):
            for b in range(len(groups) - 1, a, -1):
                both = inside([around[a], around[b]])
                if _work(both) <= _work(around[a]) + _work(around[b]):
                    groups[a] += groups.pop(b)
                    around.pop(b)
                    around[a] = both
                    joined = True
    return [sorted(group) for group in groups]


def inside(boxes: Sequence[Box]) -> Box:
    """Return the smallest box that holds all of them."""
    z, y, x = (
        slice(min(box[axis].start for box in boxes), max(box[axis].stop for box in boxes))
        for axis in range(3)
    )
    return z, y, x


def within(box: Box, whole: Box) -> Box:
    """Return a box as a part of an array on another box that holds it."""
    z, y, x = (slice(b.start - w.start, b.stop - w.start) for b, w in zip(box, whole, strict=True))
    return z, y, x


def _work(box: Box) -> int:
    return prod(side.stop - side.start + 2 * MARGIN for side in box)
