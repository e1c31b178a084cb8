"""How the rows of a PNG are predicted from their neighbours, undone.

Source: PNG specification, third edition (W3C, 2025), chapter 9.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.kernels import kernel


@kernel
def _predicted(how: int, left: int, above: int, above_left: int) -> int:
    """Return what a filter of PNG (0 to 4) predicts from a byte's neighbours."""
    if how == 1:
        return left
    if how == 2:
        return above
    if how == 3:
        return (left + above) >> 1
    if how == 4:
        to_left, to_above = abs(above - above_left), abs(left - above_left)
        to_both = abs(left + above - 2 * above_left)
        if to_left <= to_above and to_left <= to_both:
            return left
        return above if to_above <= to_both else above_left
    return 0


@kernel
def undo_prediction(rows: NDArray[np.uint8], pixels: NDArray[np.uint8]) -> bool:
    """Add to each byte what its row's filter predicts from its neighbours; False for an unknown filter.

    `rows` has shape (y, 1 + x): the filter of each row, then its bytes. `pixels` is written.
    """
    height, width = pixels.shape
    for y in range(height):
        how = rows[y, 0]
        if how > 4:
            return False
        left = above_left = 0
        for x in range(width):
            above = int(pixels[y - 1, x]) if y > 0 else 0
            left = (int(rows[y, x + 1]) + _predicted(how, left, above, above_left)) & 255
            pixels[y, x] = left
            above_left = above
    return True


@kernel
def undo_wide_prediction(rows: NDArray[np.uint8], pixels: NDArray[np.uint8], step: int) -> bool:
    """Do what :func:`undo_prediction` does for pixels of several bytes; the left neighbour is `step` away."""
    height, width = pixels.shape
    for y in range(height):
        how = rows[y, 0]
        if how > 4:
            return False
        for x in range(width):
            left = int(pixels[y, x - step]) if x >= step else 0
            above = int(pixels[y - 1, x]) if y > 0 else 0
            above_left = int(pixels[y - 1, x - step]) if y > 0 and x >= step else 0
            pixels[y, x] = (int(rows[y, x + 1]) + _predicted(how, left, above, above_left)) & 255
    return True
