"""The mask before it becomes a region: its box, its size, and which of its voxels count."""

from __future__ import annotations

from math import inf
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from radiomics_screen.core.arrays import count_inexact, count_not_finite
from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.options import Positive, PositiveInt
from radiomics_screen.core.remarks import add_remark

Thresholds = Annotated[tuple[float, ...], Field(min_length=1, max_length=2)]


def bounding_box(mask: NDArray[np.bool_]) -> tuple[slice, slice, slice]:
    """Return the smallest box round the true voxels of a (z, y, x) mask that has some."""
    sides = []
    for axis in range(3):
        occupied = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        sides.append(slice(int(occupied[0]), int(occupied[-1]) + 1))
    return sides[0], sides[1], sides[2]


def check_size(
    mask: NDArray[np.bool_],
    *,
    minimumROIDimensions: Literal[1, 2, 3] = 2,
    minimumROISize: PositiveInt | None = None,
) -> None:
    """Refuse a region too small to be measured.

    Parameters
    ----------
    minimumROIDimensions
        Along how many axes the region must be longer than one voxel: 1, 2 or 3.
    minimumROISize
        The region must have more voxels than this; null checks nothing.

    Raises
    ------
    RegionError
        If the region is empty, a single voxel, or below these limits.
    """
    count = int(np.count_nonzero(mask))
    if count == 0:
        raise RegionError("the region is empty; mark a lesion in the mask")
    if count == 1:
        raise RegionError(
            "the region is a single voxel, which has neither texture nor shape; mark the whole lesion"
        )
    extent = [s.stop - s.start for s in bounding_box(mask)]
    dimensions = sum(n > 1 for n in extent)
    if dimensions < minimumROIDimensions:
        raise RegionError(
            f"the region has {dimensions} dimension(s) ({extent[2]} x {extent[1]} x {extent[0]} voxels), "
            f"fewer than minimumROIDimensions: {minimumROIDimensions}"
        )
    if minimumROISize is not None and count <= minimumROISize:
        raise RegionError(f"the region has {count} voxels, not more than minimumROISize: {minimumROISize}")


def resegment(
    intensities: NDArray[Any],
    mask: NDArray[np.bool_],
    *,
    resegmentRange: Thresholds | None = None,
    resegmentMode: Literal["absolute", "relative", "sigma"] = "absolute",
    outlier_sigma: Positive | None = None,
    resegmentShape: bool = False,
    crop_shape: bool = True,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Keep the voxels of the mask whose intensity lies in a range (both ends included; compared in 64 bits).

    Parameters
    ----------
    resegmentRange
        Lower, or lower and upper threshold; null keeps the mask as it is.
    resegmentMode
        Thresholds are intensities (absolute), fractions of the region's maximum (relative), or
        standard deviations from its mean (sigma).
    outlier_sigma
        Leave out what lies more than so many standard deviations from the mean of the mask as drawn,
        besides what resegmentRange leaves out; null leaves out nothing.
    resegmentShape
        Measure the shape (and distances to the border) of the kept voxels too, instead of the mask as it
        was drawn.
    crop_shape
        Measure of the mask as drawn only what lies in the bounding box of the kept voxels, as pyradiomics.

    Returns
    -------
    The mask for intensities and texture, and the mask for shape: the mask itself where all is kept.

    Raises
    ------
    RegionError
        If fewer than two voxels are kept, or thresholds follow from intensities that are NaN or infinite.

    Source: pyradiomics; IBSI USB3 (range) and 7ACA (outliers).
    """
    if resegmentRange is None and outlier_sigma is None:
        return mask, mask
    values = intensities[mask]
    # 8-bit arithmetic would overflow, and bounds in 32 bits would depend on how the image is stored
    whole = values.dtype.kind in "iu" and not count_inexact(values)
    values = values.astype(np.int64 if whole else np.float64, copy=False)
    _see_to_undefined(values, outlier_sigma is not None or resegmentMode != "absolute")
    keep = np.ones(values.size, dtype=bool)
    if resegmentRange is not None:
        thresholds = sorted(resegmentRange)
        if resegmentMode == "relative":
            thresholds = [values.max() * t for t in thresholds]
        elif resegmentMode == "sigma":
            thresholds = [values.mean() + values.std() * t for t in thresholds]
        keep = values >= thresholds[0]
        if len(thresholds) == 2:
            keep &= values <= thresholds[1]
    if outlier_sigma is not None:
        mean, reach = values.mean(dtype=np.float64), outlier_sigma * values.std(dtype=np.float64)
        keep &= (values >= mean - reach) & (values <= mean + reach)
    if np.count_nonzero(keep) < 2:
        asked = [] if resegmentRange is None else [f"resegmentRange {list(resegmentRange)} ({resegmentMode})"]
        asked += [] if outlier_sigma is None else [f"outlier_sigma {outlier_sigma:g}"]
        raise RegionError(
            f"{' and '.join(asked)} keeps {np.count_nonzero(keep)} of "
            f"{values.size} voxels (intensities {values.min():g} to {values.max():g}); widen it"
        )
    kept = np.zeros_like(mask)
    kept[mask] = keep
    return kept, kept if resegmentShape else mask


def _see_to_undefined(values: NDArray[Any], learned: bool) -> None:
    """Refuse NaN and infinities where thresholds are learned from intensities; else remark on them."""
    undefined = count_not_finite(values)
    if undefined and learned:
        raise RegionError(
            f"{undefined} of the {values.size} voxels in the region are NaN or infinite: resegmentation "
            "(resegmentMode, outlier_sigma) has no mean and no maximum to go by; repair the image, or leave "
            "these voxels out of the mask"
        )
    if undefined == values.size:
        raise RegionError(
            "all voxels in the region are NaN or infinite, before or after resampling; repair the image"
        )
    if undefined:
        add_remark(f"resegmentRange left out {undefined} voxels of the region that are NaN or infinite")


def kept_range(
    *,
    resegmentRange: Thresholds | None = None,
    resegmentMode: Literal["absolute", "relative", "sigma"] = "absolute",
) -> tuple[float, float] | None:
    """Return the range of intensities that is kept in any region, if one is set; its end may be infinite."""
    if resegmentRange is None or resegmentMode != "absolute":
        return None
    lower, *upper = sorted(resegmentRange)
    return float(lower), float(upper[0]) if upper else inf
