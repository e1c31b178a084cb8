"""Samples of a TIFF page as they are shown: palettes, white as zero, extra samples.

Source: TIFF 6.0 (Adobe, 1992), tags 262, 320 and 338.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.reading._tiff_page import PALETTE, WHITE_IS_ZERO, Page
from radiomics_screen.imaging.reading._unsupported import UnsupportedError

_COLOUR_MAP, _SOFTWARE = 320, 305
_LONGEST_NAME = 1 << 16
_ALPHA = (1, 2)  # meanings of an extra sample: how opaque a pixel is


def shown(page: Page, samples: NDArray[Any], *, as_mask: bool) -> NDArray[Any]:
    """Return the pixels of a page, shape (y, x) or (y, x, sample).

    Bits become 0 and 255, white the latter. Samples of 2 to 7 bits stay as stored.

    Parameters
    ----------
    page
        What its tags say.
    samples
        What :func:`~radiomics_screen.imaging.reading._tiff_pixels.stored_samples` returned.
    as_mask
        Keep all samples; where white is zero, keep values of more than one bit as stored, and bits that
        tifffile wrote: it stores true as 1, and says by default that 1 is black.
    """
    if page.photometric == PALETTE:
        if page.samples > 1:
            raise UnsupportedError("a palette and extra samples")
        return _coloured(page, samples[..., 0])
    if not as_mask:
        samples = _without_extra(page, samples)
    array = samples[..., 0] if samples.shape[-1] == 1 else samples
    if page.bits == 1:
        as_stored = as_mask and keeps_bits(page)
        array = array.astype(np.uint8) * np.uint8(255)
        return np.uint8(255) - array if page.photometric == WHITE_IS_ZERO and not as_stored else array
    return _inverted(page, array) if page.photometric == WHITE_IS_ZERO and not as_mask else array


def keeps_bits(page: Page) -> bool:
    """Tell whether tifffile wrote the page, whose bits are true and false and no colours."""
    return page.tags.content(_SOFTWARE, _LONGEST_NAME).startswith(b"tifffile")


def has_alpha(page: Page) -> bool:
    """Tell whether the last sample says how opaque a pixel is."""
    return len(page.extra) == 1 and page.extra[0] in _ALPHA


def _without_extra(page: Page, samples: NDArray[Any]) -> NDArray[Any]:
    """Leave out the samples beyond a colour whose meaning is not stated; several greys are no colour."""
    if page.colours == 1:
        if page.samples > 2 and not (samples == samples[..., :1]).all():
            raise UnsupportedError(f"{page.samples} samples a pixel that differ and are no colour")
        return samples[..., :1] if page.samples > 4 else samples
    if page.samples == page.colours or has_alpha(page):
        return samples
    add_remark(f"samples beyond the colour ({len(page.extra)}), of no stated meaning, were left out")
    return samples[..., : page.colours]


def _coloured(page: Page, numbers: NDArray[Any]) -> NDArray[np.uint8]:
    size = 1 << page.bits
    stored = np.array(page.tags.values(_COLOUR_MAP, 3 * size), np.int64)
    if stored.size != 3 * size:
        raise ValueError("its palette is not one")
    colours = stored.reshape(3, size).T
    if colours.max() > 255:  # some writers state 8 bits where the rule is 16
        colours = colours >> 8
    coloured: NDArray[np.uint8] = colours.astype(np.uint8)[numbers]
    return coloured


def _inverted(page: Page, array: NDArray[Any]) -> NDArray[Any]:
    add_remark("the TIFF shows 0 as white: it was inverted, so that bright is high")
    if array.dtype.kind == "u":
        top = array.dtype.type((1 << page.bits) - 1)
        return np.asarray(top - array)
    return np.asarray(array.dtype.type(0) - array)
