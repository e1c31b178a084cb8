"""Awkward regions for the tests of features."""

from __future__ import annotations

import numpy as np

from radiomics_screen.features.mask import bounding_box
from radiomics_screen.features.region import Region, cut_region

SPACING_MM = (3.0, 0.7, 1.1)


def random_region(seed: int, shape: tuple[int, int, int] = (7, 8, 9), **facts: object) -> Region:
    """A ragged region with holes, touching every border, of a dozen grey levels with gaps."""
    random = np.random.default_rng(seed)
    mask = random.random(shape) < 0.7
    levels = random.choice([1, 2, 3, 5, 6, 9, 12, 13], size=shape)
    box = bounding_box(mask)
    facts = {"spacing_mm": SPACING_MM, "bin_width": 1.0, **facts}
    return cut_region(levels[box].astype(float), mask[box], **facts)  # type: ignore[arg-type]


def ball(radius: float, spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> np.ndarray:
    """A mask of the voxels whose centre lies within `radius` mm of a point off the grid."""
    reach = [int(np.ceil(radius / s)) + 2 for s in spacing_mm]
    z, y, x = np.ogrid[tuple(slice(-r, r + 1) for r in reach)]
    sz, sy, sx = spacing_mm
    return (z * sz + 0.2) ** 2 + (y * sy - 0.1) ** 2 + (x * sx + 0.3) ** 2 <= radius**2
