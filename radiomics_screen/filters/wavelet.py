"""Undecimated wavelet bands."""

from __future__ import annotations

from itertools import product
from typing import Annotated, Any

import numpy as np
import pywt
from numpy.typing import NDArray
from pydantic import AfterValidator

from radiomics_screen.core.errors import did_you_mean
from radiomics_screen.core.options import FlatAxis, NonNegativeInt, PositiveInt
from radiomics_screen.filters.numerics.stationary_wavelet import (
    Positions,
    filter_pair,
    periodic_positions,
    split_bands,
)
from radiomics_screen.filters.registry import Box, Filtered, image_type
from radiomics_screen.imaging.volume import Volume


def _known_wavelet(name: str) -> str:
    known = pywt.wavelist(kind="discrete")
    if name not in known:
        raise ValueError(f"no discrete wavelet of PyWavelets is named '{name}'{did_you_mean(name, known)}")
    return name


Wavelet = Annotated[str, AfterValidator(_known_wavelet)]


@image_type("Wavelet", columns=r"wavelet\d*-[A-Za-z]+", local=True)
def wavelet(
    volume: Volume,
    box: Box,
    *,
    wavelet: Wavelet = "coif1",
    level: PositiveInt = 1,
    start_level: NonNegativeInt = 0,
    force2D: bool = False,
    force2Ddimension: FlatAxis = 0,
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
    names = ["".join(letters) for letters in product("LH", repeat=len(axes))]
    levels = start_level + level
    single = volume.array.dtype == np.float32  # PyWavelets then computes in single precision
    filters = filter_pair(wavelet, single)
    shape = volume.array.shape
    held = periodic_positions(box, shape, axes, filters.shape[1], levels)
    data = _periodic_crop(volume.array, held)
    for done in range(1, levels + 1):
        wanted = periodic_positions(box, shape, axes, filters.shape[1], levels - done)
        bands = split_bands(data, held, wanted, shape, axes, filters, single)
        data, held = bands[0], wanted
        inner = _box_in(box, held)
        if (number := done - start_level) >= 1:
            prefix = "wavelet" if number == 1 else f"wavelet{number}"
            for name, band in zip(names[1:], bands[1:], strict=True):
                yield f"{prefix}-{name}", _stored(band[inner], single)
    yield f"wavelet{level if level > 1 else ''}-{names[0]}", _stored(data, single)


def _periodic_crop(array: NDArray[Any], positions: Positions) -> NDArray[np.float64]:
    """Take voxels of the periodically continued image; what lengthens an odd axis repeats its first voxel."""
    picks = [np.where(p == n, 0, p) for p, n in zip(positions, array.shape, strict=True)]
    if all(pick[-1] - pick[0] == len(pick) - 1 for pick in picks):
        array = array[tuple(slice(pick[0], pick[-1] + 1) for pick in picks)]
    else:
        array = array[np.ix_(*picks)]
    return np.array(array, dtype=np.float64, order="C")  # a copy: a read-only view is another type to numba


def _box_in(box: Box, positions: Positions) -> Box:
    """Return where the box is among the positions."""
    starts = [int(np.searchsorted(p, side.start)) for p, side in zip(positions, box, strict=True)]
    z, y, x = (slice(n, n + side.stop - side.start) for n, side in zip(starts, box, strict=True))
    return z, y, x


def _stored(band: NDArray[np.float64], single: bool) -> NDArray[Any]:
    return band.astype(np.float32) if single else band
