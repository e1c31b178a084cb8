"""Gabor filters: waves of a length and a direction, under a Gaussian, within slices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import radians
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from radiomics_screen.core.options import Finite, FlatAxis, Positive
from radiomics_screen.filters.log import Widths
from radiomics_screen.filters.numerics.boundary import (
    Array,
    Boundary,
    Frame,
    frame,
    in_name,
)
from radiomics_screen.filters.numerics.fourier import without_rounding
from radiomics_screen.filters.numerics.gabor_kernel import Wave, axes_of, reached, require_fitting
from radiomics_screen.filters.numerics.rotations import Pool, Pooling
from radiomics_screen.filters.registry import DIMENSIONS, Box, Filtered, image_type
from radiomics_screen.imaging.volume import Volume

#: So many pixels are transformed at once.
_CHUNK = 1 << 19

Response = Literal["modulus", "real", "imaginary"]


def _divides_turn(step: float) -> float:
    if abs(360 / step - round(360 / step)) > 1e-6:
        raise ValueError("expected a part of a full turn: 360 divided by a whole number")
    return step


AngleStep = Annotated[float, Field(ge=0.1, le=360), AfterValidator(_divides_turn)]


@image_type("Gabor", columns=rf"gabor(-[a-z]+)?-sigma-[A-Za-z0-9+-]+-{DIMENSIONS}")
def gabor(
    volume: Volume,
    box: Box,
    *,
    sigma: Widths,
    gabor_wavelength: Positive,
    gabor_gamma: Positive = 1.0,
    gabor_theta: Finite = 0.0,
    gabor_theta_step: AngleStep | None = None,
    gabor_response: Response = "modulus",
    pooling: Pooling = "max",
    boundary: Boundary = "mirror",
    boundary_value: Finite = 0.0,
    force2D: bool = False,
    force2Ddimension: FlatAxis = 0,
) -> Filtered:
    """Yield the response to a Gabor filter for each width: within slices, or the mean over the three planes.

    A volume is filtered slice by slice in the axial, coronal and sagittal planes, and the mean of the
    three responses is taken; with force2D, and in a 2-D image, there is one plane only.

    Parameters
    ----------
    sigma
        Widths of the Gaussian, in mm.
    gabor_wavelength
        Length of the wave (lambda), in mm.
    gabor_gamma
        Width of the Gaussian along the wave, divided by its width across.
    gabor_theta
        Direction of the wave in degrees: from the plane's first axis to its second, in the order x, y, z.
    gabor_theta_step
        Filter in all directions of a full turn, by this step in degrees, and pool; null: in one only.
    gabor_response
        Part of the complex response: modulus, real or imaginary.
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
        The kernel is far larger than the image, or next to nothing; there are NaN or infinite values near
        the region.

    Source: IBSI reference manual, part 2 (Gabor Q88H, wavelength S4N6, gamma GDR5, theta FQER, step XTGK).
    """
    options = ("Gabor", volume, boundary, boundary_value)
    setup = frame(*options, force2D, force2Ddimension)
    planes = [frame(*options, True, flat) for flat in (0, 1, 2)] if setup.flat is None else [setup]
    angles, both = _angles(gabor_theta, gabor_theta_step, gabor_response)
    step = "" if gabor_theta_step is None else f"-step-{in_name(gabor_theta_step)}-{pooling}"
    part = "" if gabor_response == "modulus" else f"-{gabor_response}"
    waves = {
        width: [Wave(width, gabor_wavelength, gabor_gamma, radians(angle)) for angle in angles]
        for width in sigma
    }
    require_fitting(setup, planes, box, list(waves.values()))
    for width in sigma:
        total = np.zeros([side.stop - side.start for side in box])
        magnitude = max(
            _add_plane(plane, box, waves[width], _Joined(gabor_response, pooling, both), total)
            for plane in planes
        )
        total = without_rounding(total / len(planes), magnitude)
        yield (
            f"gabor{part}-sigma-{in_name(width)}-lambda-{in_name(gabor_wavelength)}-mm-"
            f"gamma-{in_name(gabor_gamma)}-theta-{in_name(gabor_theta)}{step}-{setup.ending}",
            total,
        )


def _angles(theta: float, step: float | None, response: Response) -> tuple[list[float], bool]:
    """Return the directions to filter in, and whether each stands for the opposite one with its negative.

    Opposite directions have conjugate responses; so half a turn covers all orientations.
    """
    if step is None:
        return [theta], False
    count = round(360 / step)
    half = count // 2 if count % 2 == 0 else count
    return [theta + number * 360 / count for number in range(half)], half < count and response == "imaginary"


class _Joined:
    """What becomes of the complex responses of all directions."""

    def __init__(self, response: Response, pooling: Pooling, both: bool) -> None:
        self._response, self._pooling, self._both = response, pooling, both

    def __call__(self, responses: Iterator[NDArray[np.complex128]]) -> Array:
        pool = Pool(self._pooling)
        for response in responses:
            if self._response == "modulus":
                pool.add(np.abs(response))
            else:
                part = response.real if self._response == "real" else response.imag
                pool.add(part.copy(), minus=int(self._both))
        return pool.result()


def _add_plane(plane: Frame, box: Box, waves: Sequence[Wave], joined: _Joined, total: Array) -> float:
    """Add the joined responses within the slices of one plane to the total, which lies on the box.

    Return what the responses' rounding is measured by: the largest magnitude, times the filter's gain.
    """
    from scipy.fft import fft2, next_fast_len

    flat = plane.flat or 0
    within, spacing = axes_of(plane)
    wanted = reached(plane, box, waves)
    shape = [next_fast_len(wanted[axis].stop - wanted[axis].start) for axis in within]
    spectra = [wave.spectrum(spacing, shape) for wave in waves]
    inner = tuple(slice(s := box[a].start - wanted[a].start, s + box[a].stop - box[a].start) for a in within)
    largest = 0.0
    slices = np.moveaxis(total, flat, 0)
    step = max(1, _CHUNK // (shape[0] * shape[1]))
    for start in range(0, len(slices), step):
        stop = min(start + step, len(slices))
        part = list(wanted)
        part[flat] = slice(box[flat].start + start, box[flat].start + stop)
        held = plane.read((part[0], part[1], part[2]))
        largest = max(largest, abs(float(held.min())), abs(float(held.max())))
        image = fft2(np.moveaxis(held, flat, 0), shape)
        slices[start:stop] += joined(_response(image, spectrum, inner) for spectrum in spectra)
    return largest * max(1.0, waves[0].gain(spacing))


def _response(
    image: NDArray[np.complex128], spectrum: Array, inner: tuple[slice, ...]
) -> NDArray[np.complex128]:
    """Convolve the slices by their Fourier transforms; rows that nobody asked for are left out midway."""
    from scipy.fft import ifft

    rows = ifft(image * spectrum, axis=1, overwrite_x=True)[:, inner[0]]
    return ifft(rows, axis=2)[:, :, inner[1]]
