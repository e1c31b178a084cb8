"""Remarks on regions whose grey levels, or whose size, tell little about texture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.remarks import GatheredRemark, add_remark
from radiomics_screen.features import Family
from radiomics_screen.features.region import Region

#: More grey levels than this are no bins any more; some hundred are none where every other voxel has its own.
MOST_USUAL, MOST_OF_FEW = 1000, 256

ONE_LEVEL = (
    "all voxels are on one grey level in {}: binWidth is wider than the range of intensities there, and "
    "texture tells nothing; set a smaller binWidth for it, or binCount"
)
CONSTANT = "intensities do not vary in {}: texture tells nothing there"
TOO_MANY = (
    "more than 1000 grey levels, or one for every other voxel, in {}: binWidth is far too narrow, and "
    "texture tells little; set a larger binWidth for it, or binCount (16 to 128 are usual)"
)


def tell_of_levels(region: Region, image_name: str, families: Sequence[Family]) -> None:
    """Remark on an image with one grey level in a region, or with far too many; once for all such images."""
    if not families:
        return
    lowest, highest = int(region.levels.min()), region.highest_level
    if lowest == highest:
        varies = np.ptp(region.raw_values) > 0
        add_remark(GatheredRemark(ONE_LEVEL if varies else CONSTANT, (image_name,)))
    elif highest - lowest >= MOST_OF_FEW and region.bin_count is None:
        different = int(np.count_nonzero(np.bincount(region.levels)))
        if different > MOST_USUAL or different > max(MOST_OF_FEW, len(region.levels) / 2):
            add_remark(GatheredRemark(TOO_MANY, (image_name,)))


def tell_of_size(mask: NDArray[np.bool_], families: Sequence[Family]) -> None:
    """Remark on a region of so few voxels that the matrices of its grey levels are nearly empty.

    That is less than a voxel and its neighbours: 27 voxels in 3-D, 9 in a slice. `families` are those with
    features of grey levels.
    """
    n_voxels, fewest = int(np.count_nonzero(mask)), 3 ** sum(n > 1 for n in mask.shape)
    names = [family.name for family in families]
    if n_voxels < fewest and names:
        add_remark(
            f"the region has {n_voxels} voxels, fewer than {fewest}: too few for {', '.join(names)}, whose "
            "values hang on single voxels"
        )
