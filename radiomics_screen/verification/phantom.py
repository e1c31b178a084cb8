"""The digital phantom of the IBSI: 5 x 4 x 4 voxels of 2 mm, made to be measured by hand.

Source: https://github.com/theibsi/data_sets (CC BY 4.0).
"""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

SPACING_MM = (2.0, 2.0, 2.0)

#: Slices from z = 0, each with its rows from y = 0: grey levels, and which voxels are in the region.
_LEVELS = """
    14411 14611 41641 44641
    14411 11611 11311 44611
    14411 11111 11911 11611
    14411 11111 11111 11611
"""
_REGION = """
    11111 11111 11111 11111
    11111 11111 01111 11111
    11100 11111 11011 11111
    11100 11111 11111 11111
"""


def digital_phantom() -> tuple[sitk.Image, sitk.Image]:
    """Return image and mask."""
    return _image(_LEVELS, np.int16), _image(_REGION, np.uint8)


def _image(digits: str, dtype: type[np.integer]) -> sitk.Image:
    slices = [[list(row) for row in line.split()] for line in digits.split("\n") if line.strip()]
    image = sitk.GetImageFromArray(np.array(slices).astype(dtype))
    image.SetSpacing(SPACING_MM)
    return image
