"""The voxels round each voxel of a region, cut out one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.kernels import kernel
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.features.region import Region
from radiomics_screen.features.texture.lattice import Shape, half_neighbours


class Surroundings(NamedTuple):
    """Where the voxels round each voxel lie, and room for those of one of them.

    The surroundings of a voxel, its patch, are laid out as a :class:`~.lattice.Lattice` is: flat, with
    an empty margin. They are written into the same arrays for every voxel.

    Attributes
    ----------
    field
        Flat array of the region's box with a margin: 0 where a voxel counts for nobody, else 1 + the
        place of its grey level among `levels`.
    levels
        The grey levels that occur in the region, ascending.
    centres
        Flat index of each voxel that is to be described, ascending.
    sources, targets
        Of each row of a patch along x: the flat step to its first voxel from the centre, and its flat
        index in the patch.
    width
        Voxels of a row.
    ranks, tones
        The patch: 0 outside, else the number of the grey level among `here`, and the grey level.
    spans
        Shape (n, 2): room for the runs of voxels along x.
    here, counts
        Room for the grey levels that occur in the patch, and how often each of them does.
    found, numbers
        Room for their places among `levels`, and the other way round.
    """

    field: NDArray[np.uint16]
    levels: NDArray[np.float64]
    centres: NDArray[np.int64]
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    width: int
    ranks: NDArray[np.uint16]
    tones: NDArray[np.int32]
    spans: NDArray[np.int64]
    here: NDArray[np.float64]
    counts: NDArray[np.float64]
    found: NDArray[np.int64]
    numbers: NDArray[np.uint16]


class Around:
    """What surrounds each voxel of a region.

    Parameters
    ----------
    region
        The voxels that count, with their grey levels.
    centres
        Bool, shape of the region's box: the voxels that are to be described.
    radius
        How far a patch reaches, in voxels along each axis.
    """

    def __init__(self, region: Region, centres: NDArray[np.bool_], radius: int) -> None:
        self.region = region
        self.centres = centres
        axes = enumerate(region.mask.shape)
        reach = [0 if axis == region.flat_axis else min(radius, n - 1) for axis, n in axes]
        self._reach: Shape = (reach[0], reach[1], reach[2])
        self.lattice = region.lattice(radius)  # with a margin as wide as the reach
        nz, ny, nx = (2 * r + 1 for r in reach)
        self.shape: Shape = (nz, ny, nx)

    @property
    def n_centres(self) -> int:
        """Return the number of centre voxels."""
        return int(np.count_nonzero(self.centres))

    @property
    def n_voxels(self) -> int:
        """Voxels of a patch at most."""
        return int(np.prod(self.shape))

    def directions(self, distances: tuple[int, ...] = (1,)) -> NDArray[np.int64]:
        """Return the offsets (z, y, x) to one half of the neighbours within a patch and the region's box."""
        z, y, x = (min(n, m) for n, m in zip(self.shape, self.region.mask.shape, strict=True))
        return half_neighbours((z, y, x), self.region.flat_axis, distances)

    def steps(self, margin: int) -> Shape:
        """Return the flat step along each axis of a patch with a margin."""
        _, ny, nx = self._padded(margin)
        return ny * nx, nx, 1

    def offsets(self, directions: NDArray[np.int64], margin: int) -> NDArray[np.int64]:
        """Return the flat steps of directions in a patch with a margin."""
        return directions @ np.array(self.steps(margin), dtype=np.int64)

    def neighbours(self, distances: tuple[int, ...], margin: int) -> NDArray[np.int64]:
        """Return the flat steps to all neighbours in a patch with a margin."""
        forward = self.offsets(self.directions(distances), margin)
        return np.concatenate([forward, -forward])

    def intensities(self) -> NDArray[np.float64]:
        """Return the intensities laid out as the field of the surroundings is."""
        widths = [(r, r) for r in self._reach]
        return np.pad(self.region.intensities.astype(np.float64), widths).reshape(-1)

    def surroundings(self, margin: int) -> Surroundings:
        """Lay out the region for :func:`cut`, with `margin` empty voxels on each side of a patch.

        A margin is never wider than one voxel of the patch can be away from another.
        """
        z, y, x = self._reach
        pads = self._pads(margin)
        steps, field_steps = self.steps(margin), self.lattice.steps
        rows = [(k, j) for k in range(-z, z + 1) for j in range(-y, y + 1)]
        sources = [k * field_steps[0] + j * field_steps[1] - x for k, j in rows]
        targets = [(k + z + pads[0]) * steps[0] + (j + y + pads[1]) * steps[1] + pads[2] for k, j in rows]
        places = np.argwhere(self.centres) + self._reach
        most = min(self.n_voxels, len(self.lattice.levels))
        size = int(np.prod(self._padded(margin)))
        return Surroundings(
            self.lattice.ranks,
            self.lattice.levels,
            places @ np.array(field_steps, dtype=np.int64),
            np.array(sources, dtype=np.int64),
            np.array(targets, dtype=np.int64),
            2 * x + 1,
            np.zeros(size, dtype=np.uint16),
            np.zeros(size, dtype=np.int32),
            np.empty((len(rows) * (x + 1), 2), dtype=np.int64),
            np.empty(most),
            np.empty(most),
            np.empty(most, dtype=np.int64),
            np.zeros(len(self.lattice.levels) + 1, dtype=np.uint16),
        )

    def _pads(self, margin: int) -> Shape:
        z, y, x = (min(margin, n - 1) for n in self.shape)
        return z, y, x

    def _padded(self, margin: int) -> Shape:
        z, y, x = (n + 2 * p for n, p in zip(self.shape, self._pads(margin), strict=True))
        return z, y, x


def places_in(names: Sequence[str | None], wanted: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the place of each wanted name."""
    return np.array([names.index(name) for name in wanted], dtype=np.int64)


def tell_undefined(what: str, values: NDArray[np.float64], reason: str) -> None:
    """Remark on the voxels at which some of the features, shape (features, voxels), have no value."""
    number = np.count_nonzero(np.isnan(values).any(axis=0))
    if number:
        add_remark(f"{what} undefined (NaN) at {number} of {values.shape[1]} voxels, {reason}")


@kernel
def cut(around: Surroundings, centre: int) -> tuple[int, int]:
    """Lay out the patch of one centre; return how many runs of voxels and how many levels it has.

    Levels are numbered in the order in which they are met.
    """
    n_spans = n_levels = 0
    for row in range(len(around.sources)):
        source, target = around.sources[row] + centre, around.targets[row]
        inside = False
        for x in range(around.width):
            rank = around.field[source + x]
            number, tone = np.uint16(0), 0.0
            if rank:
                number, tone = around.numbers[rank], around.levels[rank - 1]
                if number == 0:
                    around.found[n_levels] = rank
                    around.here[n_levels] = tone
                    around.counts[n_levels] = 0
                    n_levels += 1
                    number = np.uint16(n_levels)
                    around.numbers[rank] = number
                around.counts[number - 1] += 1
                if not inside:
                    around.spans[n_spans, 0] = target + x
            elif inside:
                around.spans[n_spans, 1] = target + x
                n_spans += 1
            inside = rank != 0
            around.ranks[target + x] = number
            around.tones[target + x] = np.int32(tone)
        if inside:
            around.spans[n_spans, 1] = target + around.width
            n_spans += 1
    for k in range(n_levels):
        around.numbers[around.found[k]] = 0
    return n_spans, n_levels
