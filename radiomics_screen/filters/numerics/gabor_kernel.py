"""Gabor's kernel, and whether an image is one that it can be seen in."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, cos, hypot, log, pi, prod, sin, sqrt

import numpy as np

from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.filters.numerics.boundary import TOO_NARROW, Array, Frame, wider
from radiomics_screen.filters.registry import Box

#: The kernel ends where its Gaussian has fallen to this part of its height.
NEGLIGIBLE = 1e-10

#: What to choose where a kernel reaches too far.
REMEDY = "a smaller sigma or another gabor_gamma"


class Wave:
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


def require_fitting(setup: Frame, planes: Sequence[Frame], box: Box, sets: Sequence[Sequence[Wave]]) -> None:
    """See to it that the waves of each width suit the image; remark on what is sampled too coarsely.

    Raises
    ------
    RegionError
        A kernel reaches too far beyond the image, needs too much memory, or is next to nothing.
    """
    widened, coarse = [], set()
    for waves in sets:
        setup.require_sampled(waves[0].widths_mm, "a larger sigma or another gabor_gamma")
        for plane in planes:
            within, spacing = axes_of(plane)
            spans = [max(sides) for sides in zip(*(wave.span(spacing) for wave in waves), strict=True)]
            plane.require_near(_laid(within, spans), REMEDY)
            wanted = reached(plane, box, waves)
            one = tuple(slice(0, 1) if axis == plane.flat else wanted[axis] for axis in range(3))
            plane.require_room(
                (one[0], one[1], one[2]), f"{REMEDY}, or a larger gabor_theta_step", len(waves)
            )
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
            f"Gabor: a wave of {wavelength_mm:.6g} mm is under a thousandth of a voxel along {where}; choose "
            "a larger gabor_wavelength"
        )
    add_remark(
        f"Gabor: a wave of {wavelength_mm:.6g} mm is under two voxels along {where}: a longer one is seen "
        "instead; choose a larger gabor_wavelength, or resample"
        + (", or set force2D: true" if setup.flat is None and list(coarse) == [0] else "")
    )


def axes_of(plane: Frame) -> tuple[list[int], list[float]]:
    """Return the axes within a plane, in the order of the array, and the pixels' sides along them."""
    within = sorted(plane.axes)
    return within, [plane.volume.spacing_mm[axis] for axis in within]


def _laid(within: Sequence[int], values: Sequence[float]) -> list[float]:
    """Lay what belongs to a plane's axes into one value for each axis of the array."""
    laid = [0.0, 0.0, 0.0]
    laid[within[0]], laid[within[1]] = values
    return laid


def reached(plane: Frame, box: Box, waves: Sequence[Wave]) -> Box:
    """Widen a box by what the waves reach within a plane."""
    within, spacing = axes_of(plane)
    reaches = [max(sides) for sides in zip(*(wave.reach(spacing) for wave in waves), strict=True)]
    return wider(box, [int(reach) for reach in _laid(within, reaches)])
