"""The lesion drawn somewhat larger or smaller."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.roi import Roi, region_in, spacing_of
from radiomics_screen.perturbation.distance import distance_to, least, nearest_outside
from radiomics_screen.perturbation.registry import Altered, Part, alteration
from radiomics_screen.perturbation.voxels import around


@alteration("resize")
def resize(image: sitk.Image, roi: Roi, random: np.random.Generator, *, fraction: Part = 0.2) -> Altered:
    """Grow or shrink the region evenly by a part of its area or volume; the image stays.

    The change is drawn evenly from -fraction to +fraction. Voxels are added in the order of their
    distance to the region, or taken away in the order of their distance to what is outside, in mm;
    among equally distant ones chance decides. The image's border is no border of the lesion.

    Parameters
    ----------
    fraction
        Largest change, as a part of the region's voxels.

    Source: volume adaptation (V) of Zwanenburg et al. 2019, Sci Rep 9:614.
    """
    change = float(random.uniform(-fraction, fraction))
    count = int(np.count_nonzero(roi.mask))
    steps = round(count * change)
    spacing = spacing_of(roi.grid)
    if not steps:
        if count * fraction < 1:
            add_remark("resize: the lesion has too few voxels to change by that part; it was left as it is")
        return image, roi
    if steps > 0:
        mask, added, box = nearest_outside(roi, steps, spacing, random)
        mask = mask | added
    else:
        mask, box = around(roi, (1, 1, 1))
        if mask.all():
            add_remark("resize: the lesion fills the image; it was left as it is")
            return image, roi
        depth = distance_to(~mask, spacing)[mask]
        mask[mask] = least(-depth, count + steps, random)
    region = region_in(mask, box, roi.grid)
    return image, roi if region is None else region
