"""The lesion turned by a small angle."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, hypot, radians
from typing import Annotated

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydantic import Field

from radiomics_screen.core.options import FlatAxis
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.roi import Roi, shape_of, spacing_of
from radiomics_screen.perturbation.registry import Altered, alteration
from radiomics_screen.perturbation.rigid_motion import moved, turned


@alteration("rotate")
def rotate(
    image: sitk.Image,
    roi: Roi,
    random: np.random.Generator,
    *,
    angle_deg: Annotated[float, Field(gt=0, le=180)] = 10.0,
    axis: FlatAxis = 0,
) -> Altered:
    """Turn image and region together about the region's centre.

    The angle is drawn evenly from -angle_deg to +angle_deg. The image is interpolated by cubic splines,
    the mask linearly with a threshold of a half, in the planes across the axis and with their spacing.

    Parameters
    ----------
    angle_deg
        Largest angle in degrees.
    axis
        Axis of the turn, as in an array: 0 is z, across the slices (the only one for a 2-D image).

    Source: rotation (R) of Zwanenburg et al. 2019, Sci Rep 9:614, who take fixed angles about z.
    """
    angle = radians(float(random.uniform(-angle_deg, angle_deg)))
    shape, spacing = shape_of(roi.grid), spacing_of(roi.grid)
    plane = [a for a in range(3) if a != axis]
    if any(shape[a] == 1 for a in plane):
        add_remark(f"rotate: the image has a single voxel across axis {axis}; it was left as it is")
        return image, roi
    places = np.argwhere(roi.solid)
    centre = places.mean(axis=0) + [side.start for side in roi.box]
    extent = np.ptp(places, axis=0) + 1
    way_mm = min(abs(angle), 2.0) * hypot(*(extent[a] * spacing[a] for a in plane))
    margin = [ceil(way_mm / s) + 1 for s in spacing]
    margin[axis] = 0

    def move(array: NDArray[np.float64], order: int, first: Sequence[int]) -> NDArray[np.float64]:
        return turned(
            array, angle, axis=axis, centre=centre - np.array(first), spacing_mm=spacing, order=order
        )

    return moved(image, roi, move, margin, "rotate")
