"""What an image looks like, in few numbers: a perceptual hash, and the detail to confirm a likeness with.

The hash keeps on which side of zero the lowest frequencies of a cosine transform lie (Zauner,
"Implementation and benchmarking of perceptual image hash functions", 2010, describes the kind). It
does not change with brightness and contrast, and little with size, noise and lossy compression; a
mirrored image only turns the odd frequencies round. Two images of like hash may still be of like
layout only, as all scans of one machine are. So their finer detail is laid over one another as well.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn
from scipy.ndimage import gaussian_filter

from radiomics_screen.core.errors import ReadError

#: Edge of the thumbnail, in pixels; and how many frequencies an axis has in the hash.
EDGE, FREQUENCIES = 48, 12
#: Length of a hash: the frequencies but for the first, which is the mean.
BITS = FREQUENCIES**2 - 1
#: Detail is what is coarser than the first and finer than the second, in thumbnail pixels (Gaussian sigma).
FINEST, COARSEST = 1.0, 4.0
#: So many thumbnail pixels one detail is moved over the other, each way: 6 % of the image.
SHIFT = 3
#: Which way the second image of a pair is mirrored, as it looks most like the first.
MIRRORED = ("", "left-right", "up-down", "left-right and up-down")

_LEVELS_PER_DEVIATION = 24.0  # of detail, which is kept in 8 bits
_ROUNDING = 1e-9  # a frequency below this part of the strongest is none


class Fingerprint(NamedTuple):
    """What an image looks like.

    Attributes
    ----------
    bits
        The perceptual hash, bool, shape (BITS,).
    detail
        Structures of middle size, int8, shape (EDGE, EDGE): (y, x).
    """

    bits: NDArray[np.bool_]
    detail: NDArray[np.int8]


def fingerprint(array: NDArray[Any]) -> Fingerprint:
    """Return the fingerprint of an image.

    Parameters
    ----------
    array
        Intensities, shape (z, y, x) or (y, x). Of a volume the mean along z is looked at: unlike a slice
        it hardly changes when the ends are cut off or the slices are made thicker.

    Raises
    ------
    ReadError
        If the image is the same everywhere, or has no finite value: it looks like nothing.
    """
    grey = np.asarray(array, dtype=np.float64)
    finite = np.isfinite(grey)
    if not finite.all():
        grey = np.where(finite, grey, grey[finite].mean() if finite.any() else 0.0)
    seen = thumbnail(grey.mean(axis=0) if grey.ndim == 3 else grey)
    frequencies = dctn(seen - seen.mean(), norm="ortho")
    strength = np.abs(frequencies).max()
    if not strength > _ROUNDING * np.abs(seen).max():
        raise ReadError("the image has the same value everywhere, so there is nothing to compare")
    bits = (frequencies[:FREQUENCIES, :FREQUENCIES] > _ROUNDING * strength).ravel()[1:]
    smooth = gaussian_filter(seen, FINEST, mode="nearest")
    detail = smooth - gaussian_filter(smooth, COARSEST, mode="nearest")
    levels = np.rint(detail * (_LEVELS_PER_DEVIATION / (detail.std() or 1.0)))
    return Fingerprint(bits, np.clip(levels, -127, 127).astype(np.int8))


def thumbnail(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means of EDGE x EDGE equal rectangles of an image, shape (y, x), whatever its size."""
    return _means(grey.shape[0]) @ grey @ _means(grey.shape[1]).T


def _means(size: int) -> NDArray[np.float64]:
    """Return the weights of `size` pixels in EDGE intervals of one length, shape (EDGE, size)."""
    ends = np.linspace(0, size, EDGE + 1)
    pixels = np.arange(size)
    overlap = np.minimum(ends[1:, None], pixels + 1) - np.maximum(ends[:-1, None], pixels)
    return np.clip(overlap, 0, None) * (EDGE / size)


def signs(bits: NDArray[np.bool_]) -> list[NDArray[np.float32]]:
    """Return hashes, shape (n, BITS), as -1 and 1 in four parts, each of shape (n, its frequencies).

    The parts are of frequencies even along both axes, odd along x, odd along y, and odd along both.
    """
    odd = np.arange(FREQUENCIES) % 2
    part = (2 * odd[:, None] + odd[None, :]).ravel()[1:]  # rows are frequencies along y
    return [np.where(bits[:, part == n], np.float32(1), np.float32(-1)) for n in range(4)]


def hash_distances(
    first: list[NDArray[np.float32]], second: list[NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Return in how many bits hashes differ, the second mirrored as fits best; shape (n, m).

    `first` and `second` are what :func:`signs` makes of n and of m hashes.
    """
    even, x, y, both = (a @ b.T for a, b in zip(first, second, strict=True))
    # of the four ways to mirror, the better one along x is found by an absolute value
    agreement = np.maximum(even + y + np.abs(x + both), even - y + np.abs(x - both))
    return (np.float32(BITS) - agreement) / 2


def mirrored(first: list[NDArray[np.float32]], second: list[NDArray[np.float32]]) -> NDArray[np.intp]:
    """Return for n pairs of hashes the place in MIRRORED of how the second fits best; shape (n,)."""
    even, x, y, both = ((a * b).sum(axis=1) for a, b in zip(first, second, strict=True))
    agreements = [even + x + y + both, even - x + y - both, even + x - y - both, even - x - y + both]
    return np.argmax(agreements, axis=0)


def likeness(
    first: NDArray[np.int8], second: NDArray[np.int8], turned: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Return how alike details are, from -1 to 1; shape (n,).

    The normalised cross-correlation (Lewis, "Fast normalized cross-correlation", 1995) where it is
    highest, one moved over the other by up to SHIFT pixels each way.

    Parameters
    ----------
    first, second
        Details, shape (n, EDGE, EDGE).
    turned
        How each of the second is mirrored: places in MIRRORED, shape (n,).
    """
    moved = second.astype(np.float32)
    for way, axes in ((1, (2,)), (2, (1,)), (3, (1, 2))):
        chosen = turned == way
        moved[chosen] = np.flip(moved[chosen], axes)
    inner = EDGE - 2 * SHIFT
    middle = _standardised(first[:, SHIFT : SHIFT + inner, SHIFT : SHIFT + inner].astype(np.float32))
    best = np.full(len(first), -1, dtype=np.float32)
    for y in range(2 * SHIFT + 1):
        for x in range(2 * SHIFT + 1):
            part = _standardised(moved[:, y : y + inner, x : x + inner])
            np.maximum(best, np.einsum("np,np->n", middle, part), out=best)
    return best


def _standardised(details: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return details, shape (n, y, x), with mean 0 and length 1; shape (n, y * x). Flat ones become 0."""
    flat = details.reshape(len(details), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    length = np.sqrt(np.einsum("np,np->n", flat, flat))
    return flat / np.where(length > 0, length, 1)[:, None]
