"""Local binary patterns in 3-D: the bright and dark sides of a sphere round a voxel, by harmonics."""

from __future__ import annotations

from functools import cached_property, lru_cache
from math import ceil
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from radiomics_screen.core.errors import RegionError
from radiomics_screen.filters.numerics.sphere import harmonics, icosphere
from radiomics_screen.filters.numerics.spline import REACH, samples
from radiomics_screen.filters.registry import Box, Filtered, crop_with_margin, image_type
from radiomics_screen.imaging.volume import Volume

Radius = Annotated[float, Field(gt=0, le=1000)]
Levels = Annotated[int, Field(ge=1, le=20)]
Subdivision = Annotated[int, Field(ge=0, le=4)]

#: Excess kurtosis of samples that are all the same, as the SciPy of pyradiomics' day had it.
CONSTANT = -3.0


@image_type("LBP3D", columns=r"lbp-3D-(m\d+|k)", local=True)
def lbp3d(
    volume: Volume,
    box: Box,
    *,
    lbp3DLevels: Levels = 2,
    lbp3DIcosphereRadius: Radius = 1.0,
    lbp3DIcosphereSubdivision: Subdivision = 1,
) -> Filtered:
    """Yield how strongly the pattern on a sphere round each voxel varies, degree by degree.

    The image is sampled on the corners of an icosphere by cubic splines (0 beyond its border), in
    its own pixel type, and each sample is 1 where it is at least as bright as the centre. The
    images "lbp-3D-m1", "lbp-3D-m2" ... are the norms of that pattern's parts in the spherical
    harmonics of degree 0, 1 ...; "lbp-3D-k" is the kurtosis (in excess) of the samples
    themselves, -3 where they are all the same.

    Parameters
    ----------
    lbp3DLevels
        Number of degrees of spherical harmonics, from 0 on.
    lbp3DIcosphereRadius
        Radius of the sphere, in voxels along every axis.
    lbp3DIcosphereSubdivision
        How often the faces of the icosahedron are divided: 12, 42, 162, 642, 2562 samples for 0 to 4.

    Raises
    ------
    RegionError
        The image is 2-D, or there are NaN or infinite values near the region.

    Source: Banerjee et al., ACCV 2012 Workshops, LNCS 7728, in pyradiomics' version: polar angle
    and azimuth change places in the harmonics, and products are not conjugated.
    """
    if volume.planar:
        raise RegionError("LBP3D needs a 3-D image, and this one is 2-D; take LBP3D out, or use LBP2D")
    crop, _ = crop_with_margin(volume, box, (REACH + ceil(lbp3DIcosphereRadius) + 2,) * 3)
    if not np.isfinite(crop).all():
        raise RegionError(
            "LBP3D: there are NaN or infinite values in the image near the region; repair the image"
        )
    sphere = _sphere(lbp3DIcosphereSubdivision, float(lbp3DIcosphereRadius), lbp3DLevels)
    shape = tuple(side.stop - side.start for side in box)
    images = np.empty((lbp3DLevels + 1, *shape))
    centres = volume.array[box]
    for part, values in samples(volume.array, box, sphere.corners):
        sampled = _in_type_of(values, volume.array.dtype)
        pattern = sampled >= centres[part].reshape(-1, 1)
        for image, found in zip(images, [*sphere.norms(pattern), excess_kurtosis(sampled)], strict=True):
            image[part] = found.reshape(image[part].shape)
    for level in range(lbp3DLevels):
        yield f"lbp-3D-m{level + 1}", images[level]
    yield "lbp-3D-k", images[lbp3DLevels]


class _Sphere:
    """The corners that are sampled, and the harmonics at them."""

    def __init__(self, corners: NDArray[np.float64], radius: float, levels: int) -> None:
        self.corners = corners
        polar = np.arccos(np.clip(corners[:, 2] / radius, -1, 1))
        azimuth = np.arctan2(corners[:, 1], corners[:, 0])
        # pyradiomics hands the angles over in the wrong order
        self._harmonics = [harmonics(n, polar=azimuth, azimuth=polar) for n in range(levels)]

    def norms(self, pattern: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
        """Return the norm of each degree's part of the patterns, shape (voxels, corners)."""
        bright = np.ascontiguousarray(pattern.T, dtype=np.float64)
        of_degree_0 = self._of_degree_0[np.count_nonzero(pattern, axis=1)]
        return [of_degree_0, *(self._norms(bright, waves) for waves in self._harmonics[1:])]

    @cached_property
    def _of_degree_0(self) -> NDArray[np.float64]:
        """The norm for each number of bright corners: which they are does not matter to degree 0."""
        count = len(self.corners)
        return self._norms(np.tri(count + 1, count, -1).T, self._harmonics[0])

    @staticmethod
    def _norms(bright: NDArray[np.float64], waves: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Return the norm of each pattern's part in the waves; `bright` is (corners, voxels), 0 or 1.

        Corner after corner, as pyradiomics does: voxels with mirrored patterns have the same norm
        but for its last bits, and these decide which of them lie beyond a percentile.
        """
        real, imaginary = np.zeros((2, len(waves), bright.shape[1]))
        for is_bright, wave in zip(bright, waves.T, strict=True):
            real += wave.real[:, None] * is_bright
            imaginary += wave.imag[:, None] * is_bright
        parts = real + 1j * imaginary
        squares = np.zeros(bright.shape[1], dtype=np.complex128)
        for wave in waves.T:
            squares += np.square((parts * wave[:, None]).sum(axis=0))
        return np.sqrt(squares).real


@lru_cache(maxsize=4)
def _sphere(subdivision: int, radius: float, levels: int) -> _Sphere:
    return _Sphere(icosphere(subdivision, radius), radius, levels)


def _in_type_of(values: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Round interpolated values to what the image's pixel type can hold."""
    if dtype.kind == "f":
        return values.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    return np.clip(np.trunc(values + np.copysign(0.5, values)), limits.min, limits.max)


def excess_kurtosis(samples: NDArray[Any]) -> NDArray[np.float64]:
    """Return the kurtosis of each row less 3, in the precision of the samples; -3 for a constant row."""
    mean = samples.mean(axis=1, keepdims=True)
    squares = (samples - mean) ** 2
    variance = squares.mean(axis=1)
    fourth = (squares**2).mean(axis=1)
    constant = variance <= (np.finfo(variance.dtype).eps * mean[:, 0]) ** 2
    return np.where(constant, CONSTANT, fourth / np.where(constant, 1, variance) ** 2 - 3)
