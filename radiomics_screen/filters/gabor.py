"""Gabor filters: waves of a length and a direction, under a Gaussian, within slices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, cos, hypot, log, pi, prod, radians, sin, sqrt
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from radiomics_screen.errors import RegionError
from radiomics_screen.filters._fourier import without_rounding
from radiomics_screen.filters._frame import (
    TOO_NARROW,
    Array,
    Boundary,
    FlatAxis,
    Frame,
    frame,
    in_name,
    wider,
)
from radiomics_screen.filters._gauss import REMEDY
from radiomics_screen.filters._turns import Pool, Pooling
from radiomics_screen.filters.log import Widths
from radiomics_screen.filters.registry import Box, Filtered, image_type
from radiomics_screen.imaging.volume import Volume
from radiomics_screen.notes import note
from radiomics_screen.options import Finite, Positive

#: The kernel ends where its Gaussian has fallen to this part of its height.
NEGLIGIBLE = 1e-10

#: So many pixels are transformed at once.
_CHUNK = 1 << 19

Response = Literal["modulus", "real", "imaginary"]


def _divides_turn(step: float) -> float:
    if abs(360 / step - round(360 / step)) > 1e-6:
        raise ValueError("expected a part of a full turn: 360 divided by a whole number")
    return step


AngleStep = Annotated[float, Field(ge=0.1, le=360), AfterValidator(_divides_turn)]


@image_type("Gabor")
def gabor(
    volume: Volume,
    box: Box,
    *,
    sigma: Widths,
    gaborWavelength: Positive,
    gaborGamma: Positive = 1.0,
    gaborTheta: Finite = 0.0,
    gaborThetaStep: AngleStep | None = None,
    gaborResponse: Response = "modulus",
    pooling: Pooling = "max",
    boundary: Boundary = "mirror",
    boundaryValue: Finite = 0.0,
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
    gaborWavelength
        Length of the wave (lambda), in mm.
    gaborGamma
        Width of the Gaussian along the wave, divided by its width across.
    gaborTheta
        Direction of the wave in degrees: from the plane's first axis to its second, in the order x, y, z.
    gaborThetaStep
        Filter in all directions of a full turn, by this step in degrees, and pool; null: in one only.
    gaborResponse
        Part of the complex response: modulus, real or imaginary.
    pooling
        How responses are joined voxel by voxel: max, mean or min; signs count.
    boundary
        How the image continues beyond its border: zero; constant (boundaryValue); mirror (its outermost
        voxels are repeated in reverse, the last one first); nearest (its outermost voxel); periodic.
    boundaryValue
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
    options = ("Gabor", volume, boundary, boundaryValue)
    setup = frame(*options, force2D, force2Ddimension)
    planes = [frame(*options, True, flat) for flat in (0, 1, 2)] if setup.flat is None else [setup]
    angles, both = _angles(gaborTheta, gaborThetaStep, gaborResponse)
    step = "" if gaborThetaStep is None else f"-step-{in_name(gaborThetaStep)}-{pooling}"
    part = "" if gaborResponse == "modulus" else f"-{gaborResponse}"
    waves = {
        width: [_Wave(width, gaborWavelength, gaborGamma, radians(angle)) for angle in angles]
        for width in sigma
    }
    _require_fitting(setup, planes, box, list(waves.values()))
    for width in sigma:
        total = np.zeros([side.stop - side.start for side in box])
        magnitude = max(
            _add_plane(plane, box, waves[width], _Joined(gaborResponse, pooling, both), total)
            for plane in planes
        )
        total = without_rounding(total / len(planes), magnitude)
        yield (
            f"gabor{part}-sigma-{in_name(width)}-lambda-{in_name(gaborWavelength)}-mm-"
            f"gamma-{in_name(gaborGamma)}-theta-{in_name(gaborTheta)}{step}-{setup.ending}",
            total,
        )


def _angles(theta: float, step: float | None, response: Response) -> tuple[list[float], bool]:
    """Return the directions to filter in, and whether each stands for the opposite one with its negative.

    Opposite directions have conjugate responses; so half a turn tells of all of it.
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


class _Wave:
    """The kernel of one direction; pixels are (second axis, first axis) of the plane."""

    def __init__(self, sigma_mm: float, wavelength_mm: float, gamma: float, theta: float) -> None:
        self.widths_mm, self.wavelength_mm = (sigma_mm, sigma_mm / gamma), wavelength_mm
        self._cos, self._sin = cos(theta), sin(theta)

    def reach(self, spacing_mm: Sequence[float]) -> tuple[int, int]:
        """Return how far the kernel reaches, in pixels."""
        second, first = self.span(spacing_mm)
        return ceil(second), ceil(first)

    def span(self, spacing_mm: Sequence[float]) -> tuple[float, float]:
        """Return how far the kernel reaches, not rounded: also where it is no number of pixels."""
        far = sqrt(-2 * log(NEGLIGIBLE))
        first = far * hypot(self.widths_mm[0] * self._cos, self.widths_mm[1] * self._sin)
        second = far * hypot(self.widths_mm[0] * self._sin, self.widths_mm[1] * self._cos)
        return second / spacing_mm[0], first / spacing_mm[1]

    def cycles(self, spacing_mm: Sequence[float]) -> tuple[float, float]:
        """Return how much of a wave passes from one pixel to the next; it takes two or more to see it."""
        second, first = (abs(part) / self.wavelength_mm for part in (self._sin, self._cos))
        return second * spacing_mm[0], first * spacing_mm[1]

    def gain(self, spacing_mm: Sequence[float]) -> float:
        """Return the sum of the kernel's magnitudes, by the integral of its Gaussian."""
        return 2 * pi * prod(self.widths_mm) / prod(spacing_mm)

    def spectrum(self, spacing_mm: Sequence[float], shape: Sequence[int]) -> Array:
        """Return the Fourier transform of the kernel on a periodic plane: real, by the kernel's symmetry."""
        from scipy.fft import fft2

        places = []
        for mm, length, reach in zip(spacing_mm, shape, self.reach(spacing_mm), strict=True):
            pixel = (np.arange(length) + length // 2) % length - length // 2
            places.append(np.where(abs(pixel) <= reach, pixel * mm, np.inf))
        second, first = np.ix_(*places)
        inside = np.isfinite(second) & np.isfinite(first)
        second, first = (np.where(inside, place, 0.0) for place in (second, first))
        u = first * self._cos + second * self._sin
        v = second * self._cos - first * self._sin
        along, across = self.widths_mm
        fall = np.exp(-((u / along) ** 2 + (v / across) ** 2) / 2)
        kernel = np.where(inside, fall * np.exp(2j * pi * u / self.wavelength_mm), 0.0)
        return np.ascontiguousarray(fft2(kernel).real)


def _require_fitting(
    setup: Frame, planes: Sequence[Frame], box: Box, sets: Sequence[Sequence[_Wave]]
) -> None:
    """See to it that the waves of each width, and their kernels, suit the image."""
    widened, coarse = [], set()
    for waves in sets:
        setup.require_sampled(waves[0].widths_mm, "a larger sigma")
        for plane in planes:
            within, spacing = _axes(plane)
            spans = [max(sides) for sides in zip(*(wave.span(spacing) for wave in waves), strict=True)]
            plane.require_near(_laid(within, spans), REMEDY)
            wanted = _reached(plane, box, waves)
            one = tuple(slice(0, 1) if axis == plane.flat else wanted[axis] for axis in range(3))
            plane.require_room((one[0], one[1], one[2]), f"{REMEDY} or a larger gaborThetaStep", len(waves))
            widened.append(wanted)
            most = [max(sides) for sides in zip(*(wave.cycles(spacing) for wave in waves), strict=True)]
            coarse |= {axis for axis, cycles in zip(within, most, strict=True) if cycles > 0.5 + 1e-9}
    setup.remark_on_cropping(widened)
    if coarse:
        _remark_on_aliasing(setup, sets[0][0].wavelength_mm, sorted(coarse, reverse=True))


def _remark_on_aliasing(setup: Frame, wavelength_mm: float, coarse: Sequence[int]) -> None:
    sides = setup.volume.spacing_mm
    where = ", ".join(f"{'zyx'[axis]} (voxels of {sides[axis]:.6g} mm)" for axis in coarse)
    if wavelength_mm < TOO_NARROW * max(sides[axis] for axis in coarse):
        raise RegionError(
            f"Gabor: a wave of {wavelength_mm:.6g} mm is under a thousandth of a voxel along {where}; choose a "
            "larger gaborWavelength"
        )
    note(
        f"Gabor: a wave of {wavelength_mm:.6g} mm is under two voxels along {where}: a longer one is seen "
        "instead; choose a larger gaborWavelength, or resample"
        + ("" if setup.flat == 0 else ", or set force2D: true")
    )


def _axes(plane: Frame) -> tuple[list[int], list[float]]:
    """Return the axes within a plane, in the order of the array, and the pixels' sides along them."""
    within = sorted(plane.axes)
    return within, [plane.volume.spacing_mm[axis] for axis in within]


def _laid(within: Sequence[int], values: Sequence[float]) -> list[float]:
    """Lay what belongs to a plane's axes into one value for each axis of the array."""
    laid = [0.0, 0.0, 0.0]
    laid[within[0]], laid[within[1]] = values
    return laid


def _reached(plane: Frame, box: Box, waves: Sequence[_Wave]) -> Box:
    within, spacing = _axes(plane)
    reaches = [max(sides) for sides in zip(*(wave.reach(spacing) for wave in waves), strict=True)]
    return wider(box, [int(reach) for reach in _laid(within, reaches)])


def _add_plane(plane: Frame, box: Box, waves: Sequence[_Wave], joined: _Joined, total: Array) -> float:
    """Add the joined responses within the slices of one plane to the total, which lies on the box.

    Return what the responses' rounding is measured by: the largest magnitude, times the filter's gain.
    """
    from scipy.fft import fft2, next_fast_len

    flat = plane.flat or 0
    within, spacing = _axes(plane)
    wanted = _reached(plane, box, waves)
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
