"""The pixels of a lesion's box as a small grid, and how strongly they vary from its edge to its core."""

from __future__ import annotations

from math import ceil, isnan, nan
from typing import Annotated

import numpy as np
from pydantic import Field

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.features.picture.plane import Plane, depths, plane_of, spans_slices
from radiomics_screen.features.picture.window import (
    IMAGE,
    MOST_MARGIN,
    REACH_LENGTHS,
    known_around,
    margin_of,
    standardised,
)
from radiomics_screen.features.region import Region
from radiomics_screen.features.registry import family, values_of

#: The box becomes a grid of so many rows and columns.
SIDE = 8

#: Rings within the lesion, from its edge to its core.
RINGS = 4

PARTS = ("Whole", *(f"Ring{n}" for n in range(1, RINGS + 1)), "Outside")
GRID = tuple(f"Row{row}Column{column}" for row in range(1, SIDE + 1) for column in range(1, SIDE + 1))
FEATURES = (*GRID, *(f"{part}{what}" for part in PARTS for what in ("Mean", "L1", "L2")))

Margin = Annotated[float, Field(ge=0, le=MOST_MARGIN)]


@family(
    "pixels",
    FEATURES,
    unfit=spans_slices,
    of_original=True,
    conventions=IMAGE,
    graded=False,
    reach_lengths=REACH_LENGTHS,
    block="pixels",
)
def pixels(region: Region, *, grid_margin: Margin = 0.0) -> dict[str, float]:
    """Show the lesion's box as a grid of 8 by 8 means, and norms of its intensities by ring.

    Intensities are standardised: less the mean of the box of the mask as drawn (all of its pixels), divided
    by their standard deviation; 0 everywhere where the box does not vary. So values change neither with gain,
    offset nor, as the box is divided into the same cells whatever its size, with pixel spacing.

    A cell of the grid is the mean over the area that it covers; row 1 is the first, column 1 the leftmost.
    Rings are those of the region's pixels whose distance from the outside of the mask as drawn is more
    than (n - 1)/4 and at most n/4 of the largest there is: Ring1 is the edge, Ring4 the core. Outside are the
    pixels not in the mask that are no farther from it than a ring is wide, at least those next to it. Of the
    intensities of each, and of the whole region, Mean is the mean m, L1 the mean of |x - m|, L2 the root of
    the mean of (x - m)^2: norms divided by the number of pixels, so that they do not grow with it.

    NaN, with a note: rings that a lesion of a few pixels' depth does not have, and Outside where the image
    ends at the lesion. Computed once, before filtering: it is the picture itself that is shown.

    Parameters
    ----------
    grid_margin
        How much wider than the lesion's box the grid reaches on each side, in parts of its height and
        width; also what the intensities are standardised by.

    Source: definitions of our own; grids of pixels as features: Turk and Pentland, Journal of Cognitive
    Neuroscience 3 (1991) 71.
    """
    from skimage.transform import resize_local_mean

    plane = plane_of(region)
    window = known_around(plane, margin_of(plane, grid_margin))
    mean, deviation = float(window.mean()), float(window.std())
    grid = resize_local_mean(standardised(window), (SIDE, SIDE), grid_mode=True)
    scale = 1 / deviation if standardised(window).any() else 0.0
    of_parts = (norms((values - mean) * scale) for values in _parts(plane))
    found = values_of(FEATURES, (*grid.ravel(), *(value for of_part in of_parts for value in of_part)))
    if missing := [part for part in PARTS if isnan(found[f"{part}Mean"])]:
        add_remark(
            f"pixels: {', '.join(missing)} undefined: the lesion is too small, or the image ends at it"
        )
    return found


def norms(values: FloatArray) -> tuple[float, float, float]:
    """Return the mean of values, and the L1 and L2 norm of what they deviate from it, per value."""
    if not len(values):
        return nan, nan, nan
    free = values - values.mean()
    return float(values.mean()), float(np.abs(free).mean()), float(np.sqrt(np.mean(free**2)))


def _parts(plane: Plane) -> list[FloatArray]:
    """Return the intensities of the whole region, of each ring, and of the ring just outside."""
    depth = depths(plane.boxed, plane.spacing_mm)
    ring = np.ceil(np.round(RINGS * depth / depth.max(), 9))[plane.kept]
    within = [plane.values[ring == n] for n in range(1, RINGS + 1)]
    return [plane.values, *within, _outside(plane, float(depth.max()) / RINGS)]


def _outside(plane: Plane, wide: float) -> FloatArray:
    """Return the intensities no farther from the mask than a ring is wide, or than the nearest pixels."""
    from scipy.ndimage import distance_transform_edt

    height, width = plane.spacing_mm
    reach = max(wide, 1.0, width / height)
    down, across = ceil(reach), ceil(reach * height / width)
    top, bottom, left, right = plane.box
    rows = slice(max(top - down, 0), bottom + down)
    columns = slice(max(left - across, 0), right + across)
    mask, image = plane.mask[rows, columns], plane.image[rows, columns]
    away = distance_transform_edt(~mask, sampling=(1.0, width / height))
    return np.asarray(image[(away > 0) & (away <= reach * (1 + 1e-9)) & np.isfinite(image)])
