"""PNG of 8-bit grey: most of the pictures there are, read in half of the time that libraries take.

Inflating is zlib's; what is left is to check the parts and to undo the prediction of each byte.
Source: PNG specification, third edition (W3C, 2025), chapters 5 and 9.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.kernels import kernel
from radiomics_screen.imaging.reading.formats import damaged

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def checked_parts(path: Path, content: bytes) -> tuple[bytes, bytes]:
    """Return header and compressed pixels of a PNG, every part compared with its checksum.

    Raises
    ------
    ReadError
        A part is damaged, or the end is missing.
    """
    place, kind = len(SIGNATURE), b""
    parts: dict[bytes, list[bytes]] = {b"IHDR": [], b"IDAT": []}
    while kind != b"IEND":
        length, kind = int.from_bytes(content[place : place + 4]), content[place + 4 : place + 8]
        end = place + 8 + length
        if end + 4 > len(content):
            raise damaged(path, "PNG", "it ends before the picture does")
        if zlib.crc32(content[place + 4 : end]) != int.from_bytes(content[end : end + 4]):
            raise damaged(path, "PNG", f"the checksum of a part ({kind.decode('latin-1')}) is wrong")
        if kind in parts:
            parts[kind].append(content[place + 8 : end])
        place = end + 4
    if len(parts[b"IHDR"]) != 1 or len(parts[b"IHDR"][0]) != 13:
        raise damaged(path, "PNG", "its header is not one")
    return parts[b"IHDR"][0], b"".join(parts[b"IDAT"])


def grey_pixels(path: Path, header: bytes, compressed: bytes) -> NDArray[np.uint8]:
    """Return the pixels (y, x) of an 8-bit grey PNG that is not interlaced.

    Raises
    ------
    ReadError
        The pixels are damaged, or there are more or fewer than the header says.
    """
    width, height = int.from_bytes(header[:4]), int.from_bytes(header[4:8])
    expected = height * (width + 1)
    inflate = zlib.decompressobj()
    try:
        raw = inflate.decompress(compressed, expected + 1)
    except zlib.error as error:
        raise damaged(path, "PNG", str(error)) from error
    if len(raw) != expected or not inflate.eof or not expected:
        raise damaged(path, "PNG", "it does not hold as many pixels as it says")
    pixels = np.empty((height, width), np.uint8)
    rows = np.frombuffer(raw, np.uint8).reshape(height, width + 1)
    if not undo_prediction(rows, pixels):
        raise damaged(path, "PNG", "a row is predicted in a way that there is not")
    return pixels


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
            predicted = 0
            if how == 1:
                predicted = left
            elif how == 2:
                predicted = above
            elif how == 3:
                predicted = (left + above) >> 1
            elif how == 4:
                to_left, to_above = abs(above - above_left), abs(left - above_left)
                to_both = abs(left + above - 2 * above_left)
                if to_left <= to_above and to_left <= to_both:
                    predicted = left
                else:
                    predicted = above if to_above <= to_both else above_left
            left = (int(rows[y, x + 1]) + predicted) & 255
            pixels[y, x] = left
            above_left = above
    return True
