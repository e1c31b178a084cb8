"""One level of a stationary wavelet transform, as PyWavelets computes it, for a box of an image.

An image continues periodically beyond its borders. Of each axis only those positions are held that
the box can feel: where the box is near a border, some of them lie at the axis' other end. Every sum is
formed in PyWavelets' order, so that the result is bit-identical to its ``swtn`` on the whole image.

Source: G. Beylkin, SIAM J. Numer. Anal. 29 (1992) 1716; G. Lee et al., PyWavelets, J. Open Source Softw. 4
(2019) 1237.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pywt
from numpy.typing import NDArray

from radiomics_screen.core.kernels import kernel
from radiomics_screen.filters.registry import Box

#: For each axis (z, y, x) the positions that are held, ascending, below its period.
Positions = Sequence[NDArray[np.int64]]

#: So many sums are formed at once: they stay in the processor's first cache.
_CHUNK = 512


@lru_cache(maxsize=32)
def filter_pair(wavelet: str, single: bool) -> NDArray[np.float64]:
    """Return low-pass and high-pass filter as PyWavelets applies them to an image, shape (2, taps).

    For a single-precision image its coefficients are not always the rounded ones of double precision
    (those of coiflets are products). What a single bright pixel is turned into shows them in both.
    """
    taps = pywt.Wavelet(wavelet).dec_len
    impulse = np.zeros(2 * taps, dtype=np.float32 if single else np.float64)
    impulse[taps // 2] = 1
    ((low, high),) = pywt.swt(impulse, wavelet, level=1)
    return np.array([low[:taps], high[:taps]], dtype=np.float64)


def periodic_positions(
    box: Box, shape: tuple[int, ...], axes: tuple[int, ...], taps: int, levels: int
) -> Positions:
    """Return the positions that `levels` further levels along `axes` need to end at the box."""
    positions = []
    for axis, side in enumerate(box):
        if axis in axes:
            first, last = side.start - levels * (taps // 2 - 1), side.stop + levels * (taps // 2)
            positions.append(np.unique(np.arange(first, last) % _period(shape[axis])))
        else:
            positions.append(np.arange(side.start, side.stop))
    return positions


def split_bands(
    data: NDArray[np.float64],
    held: Positions,
    wanted: Positions,
    shape: tuple[int, ...],
    axes: tuple[int, ...],
    filters: NDArray[np.float64],
    single: bool,
) -> NDArray[np.float64]:
    """Filter with both filters along each of the axes.

    Parameters
    ----------
    data
        Values at the held positions, (z, y, x).
    held, wanted
        Positions that there are, and those that the bands shall have.
    shape
        Of the whole image.
    single
        Round every product and every sum to single precision.

    Returns
    -------
    Array of shape (bands, z, y, x); in the band's number, read as binary, the first of the axes has
    the highest bit, which is 1 for the high-pass filter.
    """
    sides = list(data.shape)
    bands = 1
    flat = data.reshape(-1)
    for axis in axes:
        runs, sources, taps = _runs(held[axis], wanted[axis], _period(shape[axis]), filters.shape[1])
        before, behind = int(np.prod(sides[:axis])), int(np.prod(sides[axis + 1 :]))
        flat = _filter_both(flat, bands, before, sides[axis], behind, runs, sources, taps, filters, single)
        sides[axis] = len(wanted[axis])
        bands *= 2
    return flat.reshape(bands, *sides)


def _period(length: int) -> int:
    """Return the length of an axis after an odd one was lengthened."""
    return length + length % 2


def _runs(
    held: NDArray[np.int64], wanted: NDArray[np.int64], period: int, taps: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Lay out the sums for the wanted positions: runs that only differ in where they begin to read.

    Returns
    -------
    Where each run starts, and the number of wanted positions; for the first position of each run, what
    is read, as an index into `held`; and the number of the tap it is multiplied with. The latter two of
    shape (runs, taps), in the order of summation: PyWavelets begins with what lies beyond the axis' end.
    """
    newest = wanted[:, np.newaxis] + taps // 2
    beyond = newest - period + 1
    turn = np.arange(taps)
    tap = np.where(turn < beyond, beyond - 1 - turn, turn)
    source = np.searchsorted(held, (newest - tap) % period)
    goes_on = (np.diff(source, axis=0) == 1).all(axis=1) & (np.diff(tap, axis=0) == 0).all(axis=1)
    starts = np.flatnonzero(np.concatenate([[True], ~goes_on]))
    return np.append(starts, len(wanted)), source[starts], tap[starts]


@kernel
def _filter_both(
    data: NDArray[np.float64],
    bands: int,
    before: int,
    length: int,
    behind: int,
    runs: NDArray[np.int64],
    sources: NDArray[np.int64],
    taps: NDArray[np.int64],
    filters: NDArray[np.float64],
    single: bool,
) -> NDArray[np.float64]:
    """Filter (bands, before, length, behind) along its third axis: (bands, 2, before, runs[-1], behind)."""
    wanted = runs[-1]
    filtered = np.zeros(bands * 2 * before * wanted * behind)
    for line in range(bands * before):
        band, row = line // before, line % before
        read = data[line * length * behind :]
        low = filtered[(2 * band * before + row) * wanted * behind :]
        high = filtered[((2 * band + 1) * before + row) * wanted * behind :]
        for run in range(len(runs) - 1):
            for begin in range(runs[run] * behind, runs[run + 1] * behind, _CHUNK):
                end = min(begin + _CHUNK, runs[run + 1] * behind)
                for turn in range(sources.shape[1]):
                    shift = (sources[run, turn] - runs[run]) * behind
                    a, b = filters[0, taps[run, turn]], filters[1, taps[run, turn]]
                    _add(low[begin:end], high[begin:end], read[begin + shift : end + shift], a, b, single)
    return filtered


@kernel
def _add(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    read: NDArray[np.float64],
    a: float,
    b: float,
    single: bool,
) -> None:
    """Add one tap's products to both sums."""
    if single:
        for k in range(len(read)):
            low[k] = np.float32(low[k] + np.float32(a * read[k]))
            high[k] = np.float32(high[k] + np.float32(b * read[k]))
    else:
        for k in range(len(read)):
            low[k] += a * read[k]
            high[k] += b * read[k]
