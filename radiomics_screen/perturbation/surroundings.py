"""A control without the lesion: what lies round it, measured in its place."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from radiomics_screen.core.errors import GeometryError, RegionError
from radiomics_screen.core.options import Positive, PositiveInt
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.roi import Grid, Roi, region_in, shape_of, spacing_of
from radiomics_screen.perturbation.distance import distance_to, nearest_outside
from radiomics_screen.perturbation.registry import Altered, alteration
from radiomics_screen.perturbation.voxels import Box, Mask, around


@alteration("surroundings")
def surroundings(
    image: sitk.Image,
    roi: Roi,
    random: np.random.Generator,
    *,
    width_mm: Positive | None = None,
    width_pixels: PositiveInt | None = None,
) -> Altered:
    """Put a ring round the region (a shell in 3-D) in its place, without the region itself; the image stays.

    Without a width the ring has as many voxels as the region, those nearest to it in mm; among equally
    distant ones chance decides. Where both widths are given, width_pixels is for images that come from
    files without a physical spacing (PNG, JPEG ...). Only what is in the image counts.

    Parameters
    ----------
    width_mm
        Width of the ring in mm.
    width_pixels
        Width of the ring in voxels.

    Raises
    ------
    GeometryError
        A width in mm is given for an image whose file knows no spacing, and none in pixels.
    RegionError
        The image has nothing round the region.
    """
    width, spacing = _width(roi.grid, width_mm, width_pixels)
    if width is None:
        count = int(np.count_nonzero(roi.mask))
        _, ring, box = nearest_outside(roi, count, spacing, random)
        if 0 < (found := int(np.count_nonzero(ring))) < count:
            add_remark(f"surroundings: the image has only {found} voxels round a lesion of {count}")
    else:
        ring, box = _within(roi, width, spacing)
    region = region_in(ring, box, roi.grid)
    if region is None:
        raise RegionError("the lesion fills the image: there is nothing round it that could be measured")
    return image, region


def _width(
    grid: Grid, width_mm: float | None, width_pixels: int | None
) -> tuple[float | None, tuple[float, float, float]]:
    """Return the ring's width, None for that of equal size, and the spacing (z, y, x) in the same unit."""
    if width_mm is not None and not grid.pixels_only:
        return width_mm, spacing_of(grid)
    if width_pixels is not None:
        return float(width_pixels), (1.0, 1.0, 1.0)
    if width_mm is not None:
        raise GeometryError(
            f"surroundings: the ring is to be {width_mm:g} mm wide, but the image's file knows no spacing; "
            "give width_pixels, or no width for a ring of the lesion's size"
        )
    return None, spacing_of(grid)


def _within(roi: Roi, width: float, spacing: tuple[float, float, float]) -> tuple[Mask, Box]:
    """Return the voxels outside the region that are at most `width` away, and where their mask lies."""
    margin = [min(int(width / s) + 1, n) for s, n in zip(spacing, shape_of(roi.grid), strict=True)]
    mask, box = around(roi, margin)
    return ~mask & (distance_to(mask, spacing) <= width), box
