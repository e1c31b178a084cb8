"""Where the voxels of a region lie, and its grey levels laid out for looking at neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.kernels import kernel

#: A lattice keeps a level's place in 16 bits.
MOST_RANKS = 65_535

Shape = tuple[int, int, int]


class Footprint:
    """The voxels of a region in its bounding box. What follows from them alone is found once.

    Attributes
    ----------
    mask
        Shape (z, y, x), bool: the voxels of the region.
    """

    def __init__(self, mask: NDArray[np.bool_]) -> None:
        # a read-only array is another type to a kernel, which would be compiled once more for it
        self.mask = np.require(mask, bool, ["C", "W"])
        self._spans: dict[Shape, NDArray[np.int64]] = {}

    @cached_property
    def voxels(self) -> NDArray[np.int64]:
        """Flat indices of the region's voxels, ascending."""
        return np.flatnonzero(self.mask)

    def values(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return the elements of an array on the bounding box that lie in the region, in its order."""
        return np.take(np.ascontiguousarray(array).reshape(-1), self.voxels)

    def spans(self, pads: Shape) -> NDArray[np.int64]:
        """Return start and end of each run of voxels along x, in the flat box with margins `pads`: (n, 2)."""
        if pads not in self._spans:
            _, ny, nx = self.mask.shape
            z, y = np.divmod(self._runs[:, :1], ny)
            rows = (z + pads[0]) * (ny + 2 * pads[1]) + y + pads[1]
            self._spans[pads] = rows * (nx + 2 * pads[2]) + pads[2] + self._runs[:, 1:]
        return self._spans[pads]

    @cached_property
    def _runs(self) -> NDArray[np.int64]:
        return runs_along_x(self.mask.reshape(-1, self.mask.shape[2]))


@kernel
def runs_along_x(rows: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Find the runs of true elements in each row: row, start and end, shape (n, 3)."""
    n = 0
    for row in range(rows.shape[0]):
        before = False
        for x in range(rows.shape[1]):
            n += rows[row, x] and not before
            before = rows[row, x]
    runs = np.empty((n, 3), dtype=np.int64)
    n = 0
    for row in range(rows.shape[0]):
        before = False
        for x in range(rows.shape[1]):
            here = rows[row, x]
            if here and not before:
                runs[n, 0], runs[n, 1] = row, x
            elif before and not here:
                runs[n, 2] = x
                n += 1
            before = here
        if before:
            runs[n, 2] = rows.shape[1]
            n += 1
    return runs


@dataclass(frozen=True, eq=False)
class Lattice:
    """The grey levels of a region, laid out so that a neighbour is one addition away.

    Attributes
    ----------
    ranks
        Flat array of the bounding box with a margin: 0 outside the region, else 1 + the place of
        the voxel's level among `levels`.
    spans
        Shape (n, 2): first index and one past the last of each run of region voxels along x.
    steps
        Flat index step of one voxel along each axis.
    levels
        The grey levels that occur, ascending, as floats.
    """

    ranks: NDArray[np.uint16]
    spans: NDArray[np.int64]
    steps: Shape
    levels: NDArray[np.float64]

    @cached_property
    def tones(self) -> NDArray[np.int32]:
        """Flat array as `ranks`, of the grey levels themselves; 0 outside the region."""
        if self.levels[-1] == len(self.levels):  # every level occurs, and so ranks are levels
            return self.ranks.astype(np.int32)
        return np.take(np.concatenate([[0], self.levels]).astype(np.int32), self.ranks)

    @cached_property
    def longest_span(self) -> int:
        """Return the length of the longest span in voxels."""
        return int((self.spans[:, 1] - self.spans[:, 0]).max())

    def offset(self, direction: Sequence[int] | NDArray[np.int64]) -> int:
        """Flat index step of a direction (z, y, x)."""
        return sum(int(d) * s for d, s in zip(direction, self.steps, strict=True))

    def offsets(self, directions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Flat index steps of directions, shape (n, 3) -> (n,)."""
        return directions @ np.array(self.steps, dtype=np.int64)

    def around(self, directions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Flat index steps of directions and of their opposites, shape (n, 3) -> (2 n,)."""
        forward = self.offsets(directions)
        return np.concatenate([forward, -forward])


def lay_out(footprint: Footprint, levels: NDArray[np.int32], pads: Shape) -> Lattice:
    """Lay out grey levels, given in the order of the footprint's voxels, with margins `pads`.

    Raises
    ------
    RegionError
        If there are more than 65535 levels.
    """
    occurring = np.flatnonzero(np.bincount(levels))
    if len(occurring) > MOST_RANKS:
        raise RegionError(
            f"the region has {len(occurring)} grey levels, more than the {MOST_RANKS} that texture is "
            "measured on; set a larger binWidth, or binCount"
        )
    rank_of = np.zeros(int(occurring[-1]) + 1, dtype=np.uint16)
    rank_of[occurring] = np.arange(1, len(occurring) + 1)
    nz, ny, nx = (n + 2 * p for n, p in zip(footprint.mask.shape, pads, strict=True))
    spans = footprint.spans(pads)
    ranks = ranked(levels, rank_of, spans, nz * ny * nx)
    return Lattice(ranks, spans, (ny * nx, nx, 1), occurring.astype(np.float64))


@kernel
def ranked(
    levels: NDArray[np.int32], rank_of: NDArray[np.uint16], spans: NDArray[np.int64], size: int
) -> NDArray[np.uint16]:
    """Put the rank of each level to its place in the flat box; the rest is 0."""
    ranks = np.zeros(size, dtype=np.uint16)
    k = 0
    for s in range(len(spans)):
        for place in range(spans[s, 0], spans[s, 1]):
            ranks[place] = rank_of[levels[k]]
            k += 1
    return ranks


@lru_cache(maxsize=1024)
def half_neighbours(shape: Shape, flat_axis: int | None, distances: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the offsets (z, y, x) to one half of the neighbours, shape (n, 3); do not write to them.

    A neighbour is as far away as its largest step along an axis (Chebyshev norm); of two opposite
    offsets the one that points forward is returned. Offsets that cannot stay inside `shape`, or
    that step along the flat axis, are left out.
    """
    reach = max(distances)
    spans = [
        range(0, 1) if axis == flat_axis else range(-min(reach, n - 1), min(reach, n - 1) + 1)
        for axis, n in enumerate(shape)
    ]
    forward = [o for o in product(*spans) if o > (0, 0, 0) and max(map(abs, o)) in distances]
    return np.array(sorted(forward, reverse=True), dtype=np.int64).reshape(-1, 3)
