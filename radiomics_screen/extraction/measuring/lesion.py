"""A lesion on its image: what is prepared from image and mask, and then described."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from radiomics_screen.features.texture.lattice import Footprint
from radiomics_screen.filters.registry import Box
from radiomics_screen.imaging.roi import Grid
from radiomics_screen.imaging.volume import Volume


@dataclass(frozen=True, eq=False)
class Lesion:
    """A lesion on its image, ready to be described.

    Attributes
    ----------
    volume
        The image after everything that happens to it before filtering.
    box, footprint
        Where the voxels lie whose intensities and texture are described, and which they are.
    shape
        The voxels in that box whose shape is described.
    grid
        Where the volume lies in space.
    reach
        The box with what families look at beyond it, as far as the image goes.
    thresholds
        The range of intensities that resegmentation kept, where one was given.
    surroundings
        For families that are computed once: the volume as far as they look at it, and the box in it.
    """

    volume: Volume
    box: Box
    footprint: Footprint
    shape: Footprint
    grid: Grid
    reach: Box
    thresholds: tuple[float, float] | None = None
    surroundings: tuple[NDArray[Any], Box] | None = None
