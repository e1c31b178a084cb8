"""Laws' texture kernels: levels, edges, spots, waves and ripples, one along each axis."""

from __future__ import annotations

import re
from math import sqrt
from typing import Annotated

from pydantic import AfterValidator, Field

from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.options import Finite, FlatAxis, NonNegativeInt
from radiomics_screen.filters.numerics.boundary import Array, Boundary, Frame, frame, wider
from radiomics_screen.filters.numerics.checks import given_once
from radiomics_screen.filters.numerics.rotations import Kernel, Pool, Pooling, convolve, pooled, turns
from radiomics_screen.filters.registry import DIMENSIONS, Box, Filtered, image_type
from radiomics_screen.imaging.volume import Volume

#: Taps before they are scaled to a norm of 1.
TAPS = {
    "L3": (1, 2, 1),
    "L5": (1, 4, 6, 4, 1),
    "E3": (-1, 0, 1),
    "E5": (-1, -2, 0, 2, 1),
    "S3": (-1, 2, -1),
    "S5": (-1, 0, 2, 0, -1),
    "W5": (-1, 2, 0, -2, 1),
    "R5": (1, -4, 6, -4, 1),
}


def _known_kernels(name: str) -> str:
    parts = _parts(name)
    if "".join(parts) != name or len(parts) not in (2, 3):
        raise ValueError(
            f"'{name}' is not a sequence of two (2-D) or three (3-D) of {', '.join(TAPS)}, such as L5E5E5"
        )
    return name


def _parts(name: str) -> list[str]:
    return re.findall("|".join(TAPS), name)


LawsKernels = Annotated[
    tuple[Annotated[str, AfterValidator(_known_kernels)], ...],
    Field(min_length=1),
    AfterValidator(given_once),
]


@image_type("Laws", columns=rf"laws-[A-Z0-9]+(-energy-\d+)?-{DIMENSIONS}", local=True)
def laws(
    volume: Volume,
    box: Box,
    *,
    laws_kernels: LawsKernels = ("L5E5E5",),
    laws_energy_distance: NonNegativeInt | None = None,
    rotation_invariance: bool = False,
    pooling: Pooling = "max",
    boundary: Boundary = "mirror",
    boundary_value: Finite = 0.0,
    force2D: bool = False,
    force2Ddimension: FlatAxis = 0,
) -> Filtered:
    """Yield the response to each set of Laws kernels, or its texture energy.

    Parameters
    ----------
    laws_kernels
        Sets of kernels, one kernel for each axis in the order x, y, z (L5E5E5), or for the two axes of a
        slice (L5E5): L3, L5 level; E3, E5 edge; S3, S5 spot; W5 wave; R5 ripple.
    laws_energy_distance
        Take the mean of the response's magnitude over a cube (square) that reaches so many voxels from its
        centre; null: take the response itself.
    rotation_invariance
        Filter under all rotations by right angles (24, or 4 within slices) and pool the responses.
    pooling
        How responses are joined voxel by voxel: max, mean or min; signs count.
    boundary
        How the image continues beyond its border: zero; constant (boundary_value); mirror (its outermost
        voxels are repeated in reverse, the last one first); nearest (its outermost voxel); periodic. The
        response continues likewise where its energy is taken.
    boundary_value
        Intensity beyond the border with the boundary constant.
    force2D
        Filter within slices only; always so for a 2-D image.
    force2Ddimension
        Axis across the slices: 0 is z (axial slices), 1 is y, 2 is x.

    Raises
    ------
    RegionError
        The number of kernels is not that of the axes; the energy is taken far beyond the image; there are
        NaN or infinite values near the region.

    Source: IBSI reference manual, part 2 (Laws kernels JTXT, JVAD; energy PQSD, distance I176).
    """
    setup = frame("Laws", volume, boundary, boundary_value, force2D, force2Ddimension)
    for name in laws_kernels:
        _check(name, setup)
    far = max(len(TAPS[part]) // 2 for name in laws_kernels for part in _parts(name))
    setup.reached(box, [setup.along((laws_energy_distance or 0) + far)], "a smaller laws_energy_distance")
    ending = setup.ending + (f"-rot-{pooling}" if rotation_invariance else "")
    for name in laws_kernels:
        pool = Pool(pooling)
        if laws_energy_distance is None:
            yield f"laws-{name}-{ending}", _response(setup, name, box, rotation_invariance, pool)
            continue
        wanted = wider(box, setup.along(laws_energy_distance))
        held = setup.needed(wanted)
        magnitude = abs(_response(setup, name, held, rotation_invariance, pool))
        energy = setup.continued(magnitude, held, wanted)
        size = 2 * laws_energy_distance + 1
        for axis in setup.axes:
            energy = convolve(energy, (1 / size,) * size, axis)
        yield f"laws-{name}-energy-{laws_energy_distance}-{ending}", energy


def _check(name: str, setup: Frame) -> None:
    kernels, axes = _parts(name), len(setup.axes)
    if len(kernels) != axes:
        way_out = (
            "give two, such as L5E5" if axes == 2 else "give three, such as L5E5E5, or set force2D: true"
        )
        raise RegionError(
            f"Laws kernels '{name}' are {len(kernels)}, and the image is filtered in {axes}-D; {way_out}"
        )


def _response(setup: Frame, name: str, box: Box, invariant: bool, pool: Pool) -> Array:
    kernels = [_kernel(part) for part in _parts(name)]
    longest = max(len(kernel) for kernel in kernels)
    kernels = [(0.0,) * (k := (longest - len(kernel)) // 2) + kernel + (0.0,) * k for kernel in kernels]
    data = setup.read(wider(box, setup.along(longest // 2)))
    pooled(data, setup.axes, {name: kernels}, turns(len(kernels), invariant), {name: pool})
    return pool.result()


def _kernel(name: str) -> Kernel:
    norm = sqrt(sum(tap**2 for tap in TAPS[name]))
    return tuple(tap / norm for tap in TAPS[name])
