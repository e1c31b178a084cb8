"""The slice that a lesion lies in: its image as far as it is looked at, and its mask.

What families that describe one slice have in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.arrays import FloatArray, count_not_finite
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.features.region import Region

Mask = NDArray[np.bool_]

#: Pixels that are cut out beyond what is looked at, for rounding, and round the smallest lesions.
SPARE = 3

#: A lesion with less than this part of its shorter side left of the image, on every side, nearly fills it.
LITTLE = 0.25

#: A lesion of fewer pixels has parts of a pixel or two.
FEW = 50


@dataclass(frozen=True, eq=False)
class Plane:
    """One slice round a lesion. Axes are (depth, width), depth growing downwards.

    Attributes
    ----------
    image
        Intensities; NaN where they are not finite.
    mask
        The lesion as drawn, of the image's shape.
    kept
        Its pixels whose intensities are described, in the box.
    values
        Their intensities, in the order of the array.
    spacing_mm
        Distance of pixel centres along (depth, width), mm.
    box
        The drawn lesion's first row, the one after its last, and so for columns.
    """

    image: FloatArray
    mask: Mask
    kept: Mask
    values: FloatArray
    spacing_mm: tuple[float, float]
    box: tuple[int, int, int, int]

    def rectangle(self, top: int, bottom: int, left: int, right: int) -> FloatArray:
        """Return the image from row `top` to before `bottom`, and so for columns, as far as it goes."""
        return self.image[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]

    @property
    def boxed(self) -> Mask:
        """The mask in the box of the lesion."""
        top, bottom, left, right = self.box
        return self.mask[top:bottom, left:right]

    @cached_property
    def hindrance(self) -> str:
        """What keeps features from having a value."""
        top, bottom, left, right = self.box
        rows, columns = self.image.shape
        sides = {"top": top == 0, "bottom": bottom == rows, "left": left == 0, "right": right == columns}
        touched = [name for name, touches in sides.items() if touches]
        reasons = []
        if self.mask.all():
            reasons.append("the lesion fills the image: nothing of it is left round the lesion")
        elif touched:
            reasons.append(f"the lesion touches the border of the image ({', '.join(touched)})")
        left_round = max(top, rows - bottom, left, columns - right)
        if not self.mask.all() and left_round < LITTLE * min(bottom - top, right - left):
            reasons.append(
                f"the lesion nearly fills the image: at most {left_round} pixels are left on any side of it"
            )
        reasons += self._of_intensities()
        return "; ".join(reasons) or "what they are divided by is 0"

    def _of_intensities(self) -> list[str]:
        """Return what of the intensities keeps features from having a value."""
        reasons = []
        beyond = self.image[~self.mask]
        known = beyond[np.isfinite(beyond)]
        if not np.ptp(self.values):
            reasons.append("intensities in the lesion do not vary")
        if known.size and not np.ptp(known):
            reasons.append("intensities round the lesion do not vary")
        if beyond.size and not known.size:
            reasons.append("intensities round the lesion are not finite")
        if len(self.values) < FEW:
            reasons.append(f"the lesion has {len(self.values)} pixels only")
        return reasons


def spans_slices(region: Region) -> str:
    """Tell why a region is not one slice, or "" where it is one."""
    if region.flat_axis is None:
        return "it describes one slice, and the image is 3-D; set force2D: true for a lesion in one slice"
    slices = region.mask.shape[region.flat_axis]
    return f"it describes one slice, and the region spans {slices} across force2Ddimension" * (slices > 1)


def plane_of(region: Region) -> Plane:
    """Cut out the slice of a region, and what is looked at round it.

    That is as much as its longer side measures below, and half as much above and beside it.
    """
    flat = region.flat_axis or 0
    image, box = region.wider
    at = box[flat].start or 0
    slab: list[slice] = [slice(None)] * 3
    slab[flat] = slice(at, at + 1)
    plane = image[tuple(slab)].squeeze(axis=flat)
    drawn, kept = (mask.squeeze(axis=flat) for mask in (region.morphological.mask, region.mask))
    spacing_mm = [mm for axis, mm in enumerate(region.spacing_mm) if axis != flat]
    starts = [side.start or 0 for axis, side in enumerate(box) if axis != flat]
    longest_mm = max(n * mm for n, mm in zip(drawn.shape, spacing_mm, strict=True))
    rows, columns = (np.flatnonzero(drawn.any(axis=axis)) for axis in (1, 0))
    own = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    first, ends = [], []
    for start, side, mm, after in zip(starts, own, spacing_mm, (1.0, 0.5), strict=True):
        first.append(max(0, start + side.start - ceil(longest_mm / 2 / mm) - SPARE))
        ends.append(start + side.stop + ceil(after * longest_mm / mm) + SPARE)
    near = plane[first[0] : ends[0], first[1] : ends[1]].astype(np.float64, order="C")
    if undefined := count_not_finite(near):
        near[~np.isfinite(near)] = np.nan
        add_remark(
            f"{undefined} pixels round the lesion are NaN or infinite: families of one slice take them as "
            "missing, or as the lesion's mean"
        )
    (top, left), (height, width) = (
        [start + side.start - begin for start, side, begin in zip(starts, own, first, strict=True)],
        [side.stop - side.start for side in own],
    )
    mask = np.zeros(near.shape, dtype=np.bool_)
    mask[top : top + height, left : left + width] = drawn[own]
    ends_of_box = (top, top + height, left, left + width)
    return Plane(near, mask, kept[own], region.values, (spacing_mm[0], spacing_mm[1]), ends_of_box)


def around(image: FloatArray, box: tuple[int, int, int, int], margin: tuple[int, int]) -> FloatArray:
    """Cut out a box with a margin of pixels; beyond the border, the outermost ones are repeated."""
    top, bottom, left, right = box
    rows, columns = image.shape
    first, last = (top - margin[0], left - margin[1]), (bottom + margin[0], right + margin[1])
    part = image[max(first[0], 0) : last[0], max(first[1], 0) : last[1]]
    missing = [(max(-a, 0), max(b - n, 0)) for a, b, n in zip(first, last, (rows, columns), strict=True)]
    return np.pad(part, missing, mode="edge") if any(map(any, missing)) else part


def depths(mask: Mask, spacing_mm: tuple[float, float]) -> FloatArray:
    """Return how far each pixel of a mask lies from the nearest outside it, in heights of a pixel; else 0."""
    from scipy.ndimage import distance_transform_edt

    height, width = spacing_mm
    distances = distance_transform_edt(np.pad(mask, 1), sampling=(1.0, width / height))
    return np.asarray(distances[1:-1, 1:-1], dtype=np.float64)
