"""A control without texture: the lesion's intensities in another order."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from radiomics_screen.imaging.roi import Roi
from radiomics_screen.imaging.volume import to_volume
from radiomics_screen.perturbation.registry import Altered, alteration
from radiomics_screen.perturbation.voxels import with_values


@alteration("shuffle")
def shuffle(image: sitk.Image, roi: Roi, random: np.random.Generator) -> Altered:
    """Permute the intensities inside the region among its voxels; the image outside and the mask stay.

    Every arrangement is equally likely. The histogram and the shape are those of the lesion, its
    texture is that of chance. A model whose figures stay as good on such images does not use texture.

    Source: negative controls of Welch et al. 2019, Radiother Oncol 130:2 (voxels shuffled in the region).
    """
    values = np.array(to_volume(image).array)
    inside = values[roi.box]
    inside[roi.solid] = random.permutation(inside[roi.solid])
    return with_values(image, values), roi
