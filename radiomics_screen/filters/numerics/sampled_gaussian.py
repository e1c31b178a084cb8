"""The Laplacian of Gaussian as IBSI samples it, from passes along the axes.

The kernel is the sum, over the axes, of a Gaussian's second derivative along one and Gaussians along
the others; so a few passes along each axis make it.
"""

from __future__ import annotations

from math import exp, floor, pi, prod, sqrt
from typing import NamedTuple

import numpy as np

from radiomics_screen.core.remarks import add_remark
from radiomics_screen.filters.numerics.boundary import NARROW, Array, Frame, wider
from radiomics_screen.filters.numerics.rotations import Kernel, convolve
from radiomics_screen.filters.registry import Box

#: So many voxels are filtered at once.
_CHUNK = 1 << 20

#: What to choose where a kernel reaches too far.
REMEDY = "a smaller sigma or log_cutoff"


class Laplacian(NamedTuple):
    """Kernels along the axes of a frame, for one width; of each axis the Gaussian, and its bent version."""

    frame: Frame
    gaussians: dict[int, Kernel]
    bent: dict[int, Kernel]
    scale: float
    reach: tuple[int, int, int]

    @property
    def margin(self) -> tuple[int, int, int]:
        """How far an image is continued before a Fourier transform of the response."""
        z, y, x = (2 * reach for reach in self.reach)
        return z, y, x

    def response(self, wanted: Box) -> Array:
        """Filter the continued image; what is wanted may lie beyond its border."""
        response = np.empty([side.stop - side.start for side in wanted])
        planes, rows, columns = response.shape
        step = max(4 * self.reach[0], _CHUNK // (rows * columns), 1)  # the passes need a few arrays more
        for first in range(0, planes, step):
            last = min(first + step, planes)
            slab = slice(wanted[0].start + first, wanted[0].start + last)
            response[first:last] = self._of_slab((slab, wanted[1], wanted[2]))
        return response

    def _of_slab(self, wanted: Box) -> Array:
        first, *others = self.frame.axes
        smooth = self.frame.read(wider(wanted, self.reach))
        bent = convolve(smooth, self.bent[first], first)
        smooth = convolve(smooth, self.gaussians[first], first)
        for axis in others:
            bent = convolve(bent, self.gaussians[axis], axis)
            bent += convolve(smooth, self.bent[axis], axis)
            if axis != others[-1]:
                smooth = convolve(smooth, self.gaussians[axis], axis)
        bent *= self.scale
        return bent


def laplacian(frame: Frame, sigma_mm: float, cutoff: float) -> Laplacian:
    """Sample the kernel ``-1/s^2 G (D - |k|^2/s^2)``, G the Gaussian of width s, up to `cutoff` widths.

    With voxels of unequal sides the kernel is round in mm, and the side in ``s = sigma/side`` before G is
    their geometric mean.

    Raises
    ------
    RegionError
        The kernel reaches too far beyond the image, or is next to nothing.
    """
    voxels = [sigma_mm / side for side in frame.volume.spacing_mm]
    frame.require_sampled([sigma_mm], "a larger sigma")
    frame.require_near([cutoff * s for s in voxels], REMEDY)
    gaussians, bent, reach = {}, {}, [0, 0, 0]
    for axis in frame.axes:
        s = voxels[axis]
        reach[axis] = floor(cutoff * s + 0.5)
        positions = range(-reach[axis], reach[axis] + 1)
        gaussians[axis] = tuple(exp(-(k**2) / (2 * s**2)) / (sqrt(2 * pi) * s) for k in positions)
        bent[axis] = tuple((1 - k**2 / s**2) * g for k, g in zip(positions, gaussians[axis], strict=True))
    cut = [axis for axis in frame.axes if not reach[axis] and voxels[axis] >= NARROW]
    if cut:
        add_remark(
            f"{frame.image_type}: with log_cutoff {cutoff:.6g} the kernel has no neighbours along "
            f"{', '.join('zyx'[axis] for axis in cut)}; choose a larger log_cutoff"
        )
    area = prod(frame.volume.spacing_mm[axis] for axis in frame.axes) ** (2 / len(frame.axes))
    return Laplacian(frame, gaussians, bent, -area / sigma_mm**2, (reach[0], reach[1], reach[2]))
