"""The families that can be described voxel by voxel."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.features.maps.firstorder import firstorder_maps
from radiomics_screen.features.maps.glcm import glcm_maps
from radiomics_screen.features.maps.gldm import gldm_maps
from radiomics_screen.features.maps.glrlm import glrlm_maps
from radiomics_screen.features.maps.glszm import glszm_maps
from radiomics_screen.features.maps.ngtdm import ngtdm_maps

#: Of what surrounds the voxels, the wanted features and the options of the family: (features, voxels).
Maker = Callable[..., NDArray[np.float64]]

#: By the name of the family.
MAKERS: Mapping[str, Maker] = {
    "firstorder": firstorder_maps,
    "glcm": glcm_maps,
    "gldm": gldm_maps,
    "glrlm": glrlm_maps,
    "glszm": glszm_maps,
    "ngtdm": ngtdm_maps,
}
