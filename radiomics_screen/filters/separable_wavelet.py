"""Separable wavelets by IBSI's definition: undecimated, with the border and the rotations of one's choice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Annotated

import pywt
from pydantic import AfterValidator, Field

from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.options import Finite, FlatAxis, PositiveInt
from radiomics_screen.filters.numerics.boundary import Array, Boundary, Frame, frame, wider
from radiomics_screen.filters.numerics.checks import given_once
from radiomics_screen.filters.numerics.fourier import LEVELS_REMEDY
from radiomics_screen.filters.numerics.rotations import Kernel, Pool, Pooling, Turn, convolve, pooled, turns
from radiomics_screen.filters.registry import DIMENSIONS, Box, Filtered, image_type
from radiomics_screen.filters.wavelet import Wavelet
from radiomics_screen.imaging.volume import Volume

Levels = Annotated[tuple[PositiveInt, ...], Field(min_length=1), AfterValidator(given_once)]


def _known_band(name: str) -> str:
    if set(name) - {"L", "H"} or len(name) not in (2, 3):
        raise ValueError(f"'{name}' is not a band: two (2-D) or three (3-D) of the letters L and H")
    return name


Bands = Annotated[
    tuple[Annotated[str, AfterValidator(_known_band)], ...],
    Field(min_length=1),
    AfterValidator(given_once),
]


@image_type("SeparableWavelet", columns=rf"separable-[A-Za-z0-9-]+-level-\d+-[LH]+-{DIMENSIONS}", local=True)
def separable_wavelet(
    volume: Volume,
    box: Box,
    *,
    wavelet: Wavelet = "coif1",
    wavelet_levels: Levels = (1,),
    wavelet_bands: Bands | None = None,
    rotation_invariance: bool = False,
    pooling: Pooling = "max",
    boundary: Boundary = "mirror",
    boundary_value: Finite = 0.0,
    force2D: bool = False,
    force2Ddimension: FlatAxis = 0,
) -> Filtered:
    """Yield bands of an undecimated separable wavelet transform, a letter for each axis in x, y, z order.

    Level by level the filters are spread (zeros after each tap), and the low-pass filters of the levels
    below act first; before each level the image, or what is left of it, continues beyond its border.

    Parameters
    ----------
    wavelet
        Name of the wavelet in PyWavelets.
    wavelet_levels
        Levels of which images are made.
    wavelet_bands
        Bands of which images are made, such as LLH, or LH within slices; L is low-pass, H high-pass. null:
        all of them.
    rotation_invariance
        Filter under all rotations by right angles (24, or 4 within slices) and pool the responses.
    pooling
        How responses are joined voxel by voxel: max, mean or min; signs count.
    boundary
        How the image continues beyond its border: zero; constant (boundary_value); mirror (its outermost
        voxels are repeated in reverse, the last one first); nearest (its outermost voxel); periodic.
    boundary_value
        Intensity beyond the border with the boundary constant.
    force2D
        Filter within slices only; always so for a 2-D image.
    force2Ddimension
        Axis across the slices: 0 is z (axial slices), 1 is y, 2 is x.

    Raises
    ------
    RegionError
        The number of letters is not that of the axes; a level reaches far beyond the image; there are NaN
        or infinite values near the region.

    Source: IBSI reference manual, part 2 (separable wavelets 25BO, family BPXS, filters UK1F, level GCEK).
    """
    setup = frame("SeparableWavelet", volume, boundary, boundary_value, force2D, force2Ddimension)
    axes = len(setup.axes)
    bands = wavelet_bands or tuple("".join(letters) for letters in product("LH", repeat=axes))
    for band in bands:
        if len(band) != axes:
            raise RegionError(
                f"SeparableWavelet: band '{band}' has {len(band)} letters, and the image is filtered in "
                f"{axes}-D; give {axes} letters" + ("" if axes == 2 else ", or set force2D: true")
            )
    setup.reached(box, [setup.along(_reach(wavelet, level)) for level in wavelet_levels], LEVELS_REMEDY)
    rotations = turns(axes, rotation_invariance)
    ending = setup.ending + (f"-rot-{pooling}" if rotation_invariance else "")
    family = wavelet.replace(".", "-")
    for level in wavelet_levels:
        pools = {band: Pool(pooling) for band in bands}
        _add_bands(setup, box, wavelet, level, rotations, pools)
        for band in bands:
            yield f"separable-{family}-level-{level}-{band}-{ending}", pools.pop(band).result()


def _add_bands(
    setup: Frame, box: Box, wavelet: str, level: int, rotations: Sequence[Turn], pools: dict[str, Pool]
) -> None:
    """Add the responses of one level under all rotations; those with like low-pass filters together."""
    taps = pywt.Wavelet(wavelet)
    kernels = {"L": _spread(taps.dec_lo, level), "H": _spread(taps.dec_hi, level)}
    filters = {band: tuple(kernels[letter] for letter in band) for band in pools}
    alike: dict[tuple[bool, ...], list[Turn]] = {}
    for turn in rotations:
        alike.setdefault(turn.backwards if level > 1 else (), []).append(turn)
    wanted = wider(box, setup.along(len(kernels["L"]) // 2))
    for backwards, group in alike.items():
        data = _approximation(setup, wanted, taps.dec_lo, level - 1, backwards)
        pooled(data, setup.axes, filters, group, pools)


def _approximation(
    setup: Frame, wanted: Box, low: Sequence[float], levels: int, backwards: Sequence[bool]
) -> Array:
    """Return what the low-pass filters of so many levels leave, continued to what is wanted."""
    if levels == 0:
        return setup.read(wanted)
    kernel = _spread(low, levels)
    held = setup.needed(wanted)
    before = wider(held, setup.along(len(kernel) // 2))
    data = _approximation(setup, before, low, levels - 1, backwards)
    for axis, back in zip(setup.axes, backwards, strict=True):
        data = convolve(data, kernel[::-1] if back else kernel, axis)
    return setup.continued(data, held, wanted)


def _reach(wavelet: str, level: int) -> int:
    """Return how far the filters of a level and of those below reach together."""
    taps = len(pywt.Wavelet(wavelet).dec_lo)
    return sum((taps << below) // 2 for below in range(min(level, 64)))  # nothing reaches so far


def _spread(taps: Sequence[float], level: int) -> Kernel:
    """Put zeros after every tap, and centre: the middle of an even number of taps is behind the half."""
    spread = [0.0] * (len(taps) << (level - 1))
    spread[:: 1 << (level - 1)] = taps
    return tuple(spread if len(spread) % 2 else [*spread, 0.0])
