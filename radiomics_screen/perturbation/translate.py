"""Another sampling grid: the lesion moved by a part of a voxel."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import SimpleITK as sitk
from pydantic import Field

from radiomics_screen.imaging.roi import Roi, shape_of
from radiomics_screen.perturbation.registry import Altered, alteration
from radiomics_screen.perturbation.rigid_motion import moved, shifted


@alteration("translate")
def translate(
    image: sitk.Image,
    roi: Roi,
    random: np.random.Generator,
    *,
    fraction: Annotated[float, Field(gt=0, le=1)] = 0.5,
) -> Altered:
    """Shift image and region together by part of a voxel along every axis, as another positioning would.

    The shift along each axis is drawn evenly from -fraction to +fraction of a voxel. The image is
    interpolated by cubic splines, the mask linearly with a threshold of a half. An axis of a single
    voxel stays.

    Parameters
    ----------
    fraction
        Largest shift, in voxels.

    Source: translation (T) of Zwanenburg et al. 2019, Sci Rep 9:614, who take fixed fractions of a voxel.
    """
    drawn = random.uniform(-fraction, fraction, 3)
    by = [float(d) if n > 1 else 0.0 for d, n in zip(drawn, shape_of(roi.grid), strict=True)]
    return moved(image, roi, lambda array, order, _: shifted(array, by, order), (1, 1, 1), "translate")
