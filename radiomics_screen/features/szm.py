"""Grey-level size zone as the IBSI defines and aggregates it; the zones themselves."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.features.glszm import zone_members
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family
from radiomics_screen.features.texture.aggregation import Aggregations, aggregated, in_reach, surrounded
from radiomics_screen.features.texture.lattice import Lattice
from radiomics_screen.features.texture.level_size import IBSI_ORDER, N_VALUES, level_size_values

FEATURES = (
    "sze",
    "lze",
    "lgze",
    "hgze",
    "szlge",
    "szhge",
    "lzlge",
    "lzhge",
    "glnu",
    "glnu_norm",
    "zsnu",
    "zsnu_norm",
    "z_perc",
    "gl_var",
    "zs_var",
    "zs_entr",
)


@family("szm", FEATURES, conventions="ibsi", aggregated=True)
def szm(region: Region, *, aggregation: Aggregations = None) -> dict[str, dict[str, float]]:
    """Describe the size of zones of one grey level, connected through faces, edges and corners.

    Parameters
    ----------
    aggregation
        Where zones extend to, and which share a matrix: slice by slice, features averaged (2D_avg or
        2D_comb, which are one here), within slices, all in one matrix (2_5D_avg, 2_5D_comb), or in space
        (3D_avg, 3D_comb); null computes the first two for a 2-D analysis, and else the last.

    Source: Thibault et al., Pattern Recognition and Information Processing (2009) 140; IBSI family 9SAK.
    """
    turned = region.by_slices
    lattice = surrounded(turned)

    def describe(spans: NDArray[np.int64], flat: bool, *_: bool) -> NDArray[np.float64]:
        zones = zones_of(turned, lattice, flat)
        some = zones.beginning_in(spans)
        return described_zones(zones.ranks[some], zones.sizes[some], lattice.levels)

    return aggregated("szm", FEATURES, region, lattice, aggregation, describe)


@dataclass(frozen=True, eq=False)
class Zones:
    """Connected voxels of one grey level, in the order of their first voxel.

    Attributes
    ----------
    members
        Places in the lattice of all voxels, zone after zone.
    starts
        Where each zone begins among them, with its first voxel.
    sizes
        Number of voxels of each zone.
    ranks
        Place of each zone's level among the levels of the lattice.
    """

    members: NDArray[np.int32]
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    ranks: NDArray[np.int64]

    def beginning_in(self, spans: NDArray[np.int64]) -> slice:
        """Tell which zones have their first voxel in some consecutive spans."""
        first, last = np.searchsorted(self.members[self.starts], [spans[0, 0], spans[-1, 1]])
        return slice(int(first), int(last))


#: Zones within slices and in space, of regions in use: two families measure them.
_FOUND: WeakKeyDictionary[Region, dict[bool, Zones]] = WeakKeyDictionary()


def zones_of(region: Region, lattice: Lattice, flat: bool) -> Zones:
    """Find the zones of a region that lies with its slices along the first axis; once for each region."""
    found = _FOUND.setdefault(region, {})
    if flat not in found:
        around = lattice.around(in_reach(region, flat))
        members, sizes = zone_members(lattice.ranks, lattice.spans, around)
        starts = np.cumsum(sizes) - sizes
        ranks = lattice.ranks[members[starts]].astype(np.int64) - 1
        found[flat] = Zones(members, starts, sizes, ranks)
    return found[flat]


def described_zones(
    ranks: NDArray[np.int64], sizes: NDArray[np.signedinteger], levels: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Describe zones by level and size (or another positive number), in the IBSI's order: (1, 16)."""
    number = np.bincount(sizes)
    occurring = np.flatnonzero(number)
    column = np.zeros(len(number), dtype=np.int64)
    column[occurring] = np.arange(len(occurring))
    shape = (len(levels), len(occurring))
    counts = np.bincount(ranks * shape[1] + column[sizes], minlength=shape[0] * shape[1])
    values = np.empty(N_VALUES)
    level_size_values(counts.reshape(shape).astype(np.float64), levels, occurring.astype(np.float64), values)
    return values[list(IBSI_ORDER)][np.newaxis]
