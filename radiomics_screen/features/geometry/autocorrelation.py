"""How alike the intensities of near voxels are: Moran's I and Geary's C over all pairs of voxels.

Each pair counts with the inverse of its distance. On a grid that weight depends on the step from one
voxel to the other alone, so the sum over all pairs is one over steps, of the weight of a step times what
all pairs so far apart have in common. By Parseval's theorem it is also the sum over frequencies of the
product of their transforms: the n (n - 1) pairs cost no more than three Fourier transforms of the region's
box. Nothing is approximated.
"""

from __future__ import annotations

from math import nan, prod

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.features.texture.lattice import Shape

#: Planes of the spectrum that are transformed at a time, so that what is padded stays small.
PLANES = 4


def moran_geary(
    values: NDArray[np.float64], mask: NDArray[np.bool_], spacing_mm: tuple[float, float, float]
) -> tuple[float, float]:
    """Return Moran's I and Geary's C; NaN where all values are equal.

    Parameters
    ----------
    values
        Intensities of the true voxels of the mask, in the order of the array.
    mask
        Shape (z, y, x): the voxels. It should not be larger than them: the time goes with its size, and
        some 80 bytes are needed for each of its voxels.

    Source: IBSI N365 and NPT7, weights 1 / distance in mm.
    """
    n = len(values)
    if values.min() == values.max():
        return nan, nan
    centred = values - values.mean()
    centred /= np.abs(centred).max()  # neither measure has a scale, and no square is too large or small
    weight, products, squares = pair_sums(centred, mask, spacing_mm)
    # the sum over pairs of w (a - b)^2 is twice that of w a^2 less twice that of w a b
    variation = centred @ centred
    return n / weight * products / variation, (n - 1) / weight * (squares - products) / variation


def pair_sums(
    values: NDArray[np.float64], mask: NDArray[np.bool_], spacing_mm: tuple[float, float, float]
) -> tuple[float, float, float]:
    """Sum 1 / distance (1/mm) over all ordered pairs of voxels: as it is, times a b, and times a squared."""
    from scipy.fft import fft, next_fast_len, rfft  # takes a while to import

    nz, ny, nx = mask.shape
    lengths = 2 * next_fast_len(nz, real=True), 2 * next_fast_len(ny), 2 * next_fast_len(nx)
    fields = np.zeros((3, nz, ny, nx))
    fields[:, mask] = np.ones_like(values), values, values**2
    columns = rfft(fields, lengths[0], axis=1)
    spectrum = _spectrum(lengths, spacing_mm)
    spectrum[1:-1] *= 2  # half of the frequencies along z stand for both
    y, x = (np.minimum(k := np.arange(n), n - k) for n in lengths[1:])  # it is even along each axis
    sums = np.zeros(3)
    for start in range(0, columns.shape[1], PLANES):
        part = slice(start, start + PLANES)
        planes = fft(fft(columns[:, part], lengths[1], axis=2), lengths[2], axis=3, overwrite_x=True)
        ones, singles, squares = planes
        weights = spectrum[part][:, y[:, np.newaxis], x]
        pairs = (ones, ones), (singles, singles), (squares, ones)
        sums += [np.vdot(one, weights * other).real for one, other in pairs]
    total, products, squared = sums / prod(lengths)
    return float(total), float(products), float(squared)


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
