"""How alike the intensities of near voxels are: Moran's I and Geary's C over all pairs of voxels.

Each pair counts with the inverse of its distance. On a grid that weight depends on the step from one
voxel to the other alone, so a sum over all the others is a convolution, and the n (n - 1) pairs cost
no more than a few Fourier transforms of the region's box. Nothing is approximated.
"""

from __future__ import annotations

from math import nan

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.features.lattice import Shape

#: Columns of the spectrum that are transformed at a time, so that what is padded stays small.
COLUMNS = 16


def pair_weights(mask: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return for each true voxel of a mask the sum of its inverse distances (1/mm) from all the others."""
    return over_distances(mask.astype(np.float64), spacing_mm)[mask]


def moran_geary(
    values: NDArray[np.float64],
    mask: NDArray[np.bool_],
    weights: NDArray[np.float64],
    spacing_mm: tuple[float, float, float],
) -> tuple[float, float]:
    """Return Moran's I and Geary's C; NaN where all values are equal.

    Parameters
    ----------
    values
        Intensities of the true voxels of the mask, in the order of the array.
    mask
        Shape (z, y, x): the voxels. It should not be larger than them: the time goes with its size.
    weights
        Their :func:`pair_weights`.

    Source: IBSI N365 and NPT7, weights 1 / distance in mm.
    """
    n = len(values)
    if values.min() == values.max():
        return nan, nan
    centred = values - values.mean()
    centred /= np.abs(centred).max()  # neither measure has a scale, and no square is too large or small
    box = np.zeros(mask.shape)
    box[mask] = centred
    products = centred @ over_distances(box, spacing_mm)[mask]
    # the sum over pairs of w (a - b)^2 is twice that of w a^2 less twice that of w a b
    squared_differences = 2 * (centred**2 @ weights - products)
    variation, weight = centred @ centred, weights.sum()
    moran = n / weight * products / variation
    geary = (n - 1) / (2 * weight) * squared_differences / variation
    return float(moran), float(geary)


def over_distances(
    values: NDArray[np.float64], spacing_mm: tuple[float, float, float]
) -> NDArray[np.float64]:
    """Return for each voxel the sum over all others of value / distance (1/mm), shape (z, y, x).

    It needs memory of about 60 bytes a voxel: rows are transformed along x as a whole, and planes of
    the spectrum, padded to twice their size, a few at a time.
    """
    from scipy.fft import fft, ifft, irfft, next_fast_len, rfft  # takes a while to import

    nz, ny, nx = values.shape
    lengths = 2 * next_fast_len(nz), 2 * next_fast_len(ny), 2 * next_fast_len(nx, real=True)
    spectrum = _spectrum(lengths, spacing_mm)
    z, y = (np.minimum(k := np.arange(n), n - k) for n in lengths[:2])  # it is even along each axis
    rows = rfft(values, lengths[2], axis=2)
    for start in range(0, rows.shape[2], COLUMNS):
        columns = np.s_[..., start : start + COLUMNS]
        planes = fft(fft(rows[columns], lengths[1], axis=1), lengths[0], axis=0, overwrite_x=True)
        planes *= spectrum[columns][z[:, np.newaxis], y]
        half = ifft(planes, axis=0, overwrite_x=True)[:nz]
        rows[columns] = ifft(half, axis=1)[:, :ny]
    return np.ascontiguousarray(irfft(rows, lengths[2], axis=2, overwrite_x=True)[..., :nx])


def _spectrum(lengths: Shape, spacing_mm: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return the transform of 1 / distance on a periodic grid of even lengths, the non-negative octant.

    Steps forth and back weigh the same: the transform is real and even, and a cosine transform of the
    octant of steps gives it.
    """
    from scipy.fft import dctn

    z, y, x = (np.arange(n // 2 + 1) * s for n, s in zip(lengths, spacing_mm, strict=True))
    squared = z[:, np.newaxis, np.newaxis] ** 2 + y[:, np.newaxis] ** 2 + x**2
    squared[0, 0, 0] = np.inf  # a voxel is no neighbour of itself
    return dctn(1 / np.sqrt(squared), type=1, overwrite_x=True)
