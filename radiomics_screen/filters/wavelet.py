"""Undecimated wavelet bands."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pywt
from numpy.typing import NDArray
from pydantic import AfterValidator

from radiomics_screen.filters.registry import Box, Filtered, image_type
from radiomics_screen.imaging.volume import Volume
from radiomics_screen.options import NonNegativeInt, PositiveInt


def _known_wavelet(name: str) -> str:
    if name not in pywt.wavelist(kind="discrete"):
        raise ValueError(f"no discrete wavelet of PyWavelets is named '{name}'")
    return name


Wavelet = Annotated[str, AfterValidator(_known_wavelet)]


@image_type("Wavelet")
def wavelet(
    volume: Volume,
    box: Box,
    *,
    wavelet: Wavelet = "coif1",
    level: PositiveInt = 1,
    start_level: NonNegativeInt = 0,
    force2D: bool = False,
    force2Ddimension: Literal[0, 1, 2] = 0,
) -> Filtered:
    """Yield the bands of a stationary wavelet transform, with L and H for each axis in x, y, z order.

    The image continues periodically beyond its borders; an axis of odd length is lengthened by one
    voxel first. Each further level applies the same filters to the approximation of the level
    before. These are pyradiomics' conventions. In 2-D the axis across the slices is left alone.

    Parameters
    ----------
    wavelet
        Name of the wavelet in PyWavelets.
    level
        Number of levels for which bands are made.
    start_level
        Number of levels passed over before the first bands.
    force2D
        Filter within slices only; always so for a 2-D image.
    force2Ddimension
        Axis across the slices: 0 is z (axial slices), 1 is y, 2 is x.
    """
    flat = 0 if volume.planar else force2Ddimension if force2D else None
    axes = tuple(axis for axis in (2, 1, 0) if axis != flat)
    margin = pywt.Wavelet(wavelet).dec_len * (start_level + level)
    data, inner = _periodic_crop(volume, box, axes, margin)
    low = "a" * len(axes)
    for done in range(start_level + level):
        (bands,) = pywt.swtn(data, wavelet, level=1, start_level=0, axes=axes)
        data = bands.pop(low)
        number = done - start_level + 1
        if number >= 1:
            prefix = "wavelet" if number == 1 else f"wavelet{number}"
            for name, band in bands.items():
                yield f"{prefix}-{name.replace('a', 'L').replace('d', 'H')}", band[inner]
    yield f"wavelet{level if level > 1 else ''}-{low.replace('a', 'L')}", data[inner]


def _periodic_crop(volume: Volume, box: Box, axes: tuple[int, ...], margin: int) -> tuple[NDArray[Any], Box]:
    """Cut the box with a margin out of the periodically continued image; even lengths along `axes`.

    What the margin takes from beyond one border stays at the other end of the crop, where the
    transform's own periodic continuation finds it: so every sum is formed as in the whole image.
    """
    picks, inner = [], []
    for axis, (side, length) in enumerate(zip(box, volume.array.shape, strict=True)):
        pick = np.arange(side.start, side.stop)
        if axis in axes:
            period = length + length % 2
            first, last = side.start - margin, side.stop + margin
            pick = np.unique(np.arange(first, last + (last - first) % 2) % period)
        start = int(np.searchsorted(pick, side.start))
        inner.append(slice(start, start + side.stop - side.start))
        picks.append(np.where(pick == length, 0, pick))  # what lengthens an odd axis repeats its first voxel
    return volume.array[np.ix_(*picks)], (inner[0], inner[1], inner[2])
