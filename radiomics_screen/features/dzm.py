"""Grey-level distance zone: how deep in the region the patches of one grey level lie."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family
from radiomics_screen.features.szm import described_zones, zones_of
from radiomics_screen.features.texture.aggregation import Aggregations, aggregated, surrounded

FEATURES = (
    "sde",
    "lde",
    "lgze",
    "hgze",
    "sdlge",
    "sdhge",
    "ldlge",
    "ldhge",
    "glnu",
    "glnu_norm",
    "zdnu",
    "zdnu_norm",
    "z_perc",
    "gl_var",
    "zd_var",
    "zd_entr",
)


@family("dzm", FEATURES, conventions="ibsi", aggregated=True)
def dzm(region: Region, *, aggregation: Aggregations = None) -> dict[str, dict[str, float]]:
    """Describe how far zones of one grey level lie from the border of the region.

    Zones are those of the size-zone matrix. The distance of a zone is the least number of steps along
    the axes from one of its voxels to the outside of the mask as it was drawn; 1 at the border, which
    the edge of the image is, too.

    Parameters
    ----------
    aggregation
        Where zones extend to and distances are measured, and which zones share a matrix: slice by slice,
        features averaged (2D_avg or 2D_comb, which are one here), within slices, all in one matrix
        (2_5D_avg, 2_5D_comb), or in space (3D_avg, 3D_comb); null computes the first two for a 2-D
        analysis, and else the last.

    Source: Thibault et al., IEEE Trans. Biomed. Eng. 61 (2014) 630; IBSI family VMDZ.
    """
    turned = region.by_slices
    lattice = surrounded(turned)

    @cache
    def depths(flat: bool) -> NDArray[np.int32]:
        zones = zones_of(turned, lattice, flat)
        distances = border_distances(turned.morphological.mask, flat)
        return np.minimum.reduceat(distances.reshape(-1)[zones.members], zones.starts)

    def describe(spans: NDArray[np.int64], flat: bool, *_: bool) -> NDArray[np.float64]:
        zones = zones_of(turned, lattice, flat)
        some = zones.beginning_in(spans)
        values = described_zones(zones.ranks[some], depths(flat)[some], lattice.levels)
        sizes = zones.sizes[some]
        values[:, FEATURES.index("z_perc")] = len(sizes) / sizes.sum()
        return values

    return aggregated("dzm", FEATURES, region, lattice, aggregation, describe)


def border_distances(mask: NDArray[np.bool_], flat: bool) -> NDArray[np.int32]:
    """Count the steps along the axes (within slices: the last two) from each voxel of a mask to the outside.

    The outside begins at the end of the array, too. The result has a margin of one voxel on each side.
    """
    from scipy.ndimage import distance_transform_cdt, generate_binary_structure  # takes a while to import

    steps = generate_binary_structure(3, 1)
    if flat:
        steps[[0, 2]] = False
    return distance_transform_cdt(np.pad(mask, 1), steps)
