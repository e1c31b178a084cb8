"""The voxels nearest to a region, or deepest in it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.imaging.roi import Roi, shape_of
from radiomics_screen.perturbation.voxels import Box, Mask, around

Distances = NDArray[np.float64]


def distance_to(mask: Mask, spacing: Sequence[float]) -> Distances:
    """Return the distance of each voxel's centre to that of the nearest voxel of a mask; 0 in it."""
    from scipy.ndimage import distance_transform_edt

    found: Distances = distance_transform_edt(~mask, sampling=spacing)
    return found


def least(distance: Distances, count: int, random: np.random.Generator) -> Mask:
    """Return which `count` of some distances, shape (voxels,), are the least; of equals, chance decides."""
    chosen = np.zeros(len(distance), dtype=bool)
    if not count:
        return chosen
    limit = np.partition(distance, count - 1)[count - 1]
    chosen |= distance < limit
    tied = np.flatnonzero(distance == limit)
    chosen[random.choice(tied, count - int(np.count_nonzero(chosen)), replace=False)] = True
    return chosen


def nearest_outside(
    roi: Roi, count: int, spacing: Sequence[float], random: np.random.Generator
) -> tuple[Mask, Mask, Box]:
    """Find the `count` voxels outside a region that are nearest to it; fewer where the image has no more.

    Returns
    -------
    Mask of the region and mask of these voxels, shape (z, y, x), and where both lie in the image.
    """
    shape = shape_of(roi.grid)
    reach = max(s for s, n in zip(spacing, shape, strict=True) if n > 1) if max(shape) > 1 else 1.0
    while True:
        mask, box = around(roi, [min(ceil(reach / s), n) for s, n in zip(spacing, shape, strict=True)])
        outside = ~mask
        wanted = min(count, int(np.count_nonzero(outside)))
        distance = distance_to(mask, spacing)[outside]
        chosen = least(distance, wanted, random)
        whole = mask.shape == shape
        # what lies beyond the box is further away than it reaches
        if whole or (wanted == count and distance[chosen].max(initial=0.0) <= reach):
            found = np.zeros_like(mask)
            found[outside] = chosen
            return mask, found, box
        reach *= 2
