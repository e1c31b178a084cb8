"""The samples of a TIFF page, as stored: unpacked strip by strip or tile by tile, whatever their type.

Libraries disagree on planes, predictors, tiles and odd numbers of bits, so all of that is done here; what
libtiff and zlib do is to unpack bytes. Source: TIFF 6.0 (Adobe, 1992); technical note 3 for predictor 3.
"""

from __future__ import annotations

import lzma
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.imaging.reading import _ccitt
from radiomics_screen.imaging.reading._ifd import ReadAt
from radiomics_screen.imaging.reading._jpeg_stream import require_sound
from radiomics_screen.imaging.reading._libtiff import unpacked_bits, unpacked_bytes, unpacked_jpeg
from radiomics_screen.imaging.reading._tiff_page import (
    CCITT,
    DEFLATE,
    FLOAT,
    JPEG,
    LZMA,
    LZW,
    NONE,
    OLD_DEFLATE,
    PACKBITS,
    ZSTD,
    Page,
)

_T4_OPTIONS = 292
_MOST_LZMA_MEMORY = 1 << 28
_REVERSED = np.array([int(f"{n:08b}"[::-1], 2) for n in range(256)], np.uint8)
#: The most bytes that one packed byte stands for, where there is such a bound.
_MOST_UNPACKED = {
    NONE: 1,
    PACKBITS: 64,
    DEFLATE: 1032,
    OLD_DEFLATE: 1032,
    LZW: 2800,
    LZMA: 10_000,
    ZSTD: 33_000,
}


def stored_samples(page: Page, at: ReadAt, file_size: int) -> NDArray[Any]:
    """Return the samples of a page, shape (y, x, sample), as stored but in this machine's byte order.

    Floats of 16 bits become 32; fewer than 8 bits, or 9 to 15, take the next larger whole type.

    Raises
    ------
    ValueError, OSError, zlib.error, lzma.LZMAError
        A part is missing, shorter than it should be, or damaged.
    """
    places = page.places()
    _require_plausible(page, places, file_size)
    array = np.empty((page.height, page.width, page.samples), _unpacked_type(page))
    width, rows = page.segment
    across = -(-page.width // width)
    down = -(-page.height // rows)
    for n, (offset, length) in enumerate(places):
        plane, within_plane = divmod(n, across * down)
        y, x = (within_plane // across) * rows, (within_plane % across) * width
        high = rows if page.tile else min(rows, page.height - y)
        if not length:
            raise ValueError(f"strip or tile {n + 1} is empty")
        part = _segment(page, at(offset, length), width, high)
        target = array[y : y + high, x : x + width, slice(plane, plane + 1) if page.planar else slice(None)]
        target[:] = part[: target.shape[0], : target.shape[1]]
    return array


def _require_plausible(page: Page, places: tuple[tuple[int, int], ...], file_size: int) -> None:
    """Refuse parts beyond the end, and sizes that so few bytes cannot unpack to, before allocating."""
    if any(offset + length > file_size for offset, length in places):
        raise ValueError("it ends before the picture does")
    most = _MOST_UNPACKED.get(page.compression)
    packed = sum(length for _, length in places)
    if most and page.width * page.height * page.samples * page.bits > 8 * most * packed:
        raise ValueError(f"{page.width} x {page.height} pixels do not fit into {packed} bytes")


def _unpacked_type(page: Page) -> np.dtype[Any]:
    if page.kind == FLOAT:
        return np.dtype(np.float64 if page.bits == 64 else np.float32)
    return np.dtype(f"{page.kind}{page.bytes_per_sample}")


def _segment(page: Page, packed: bytes, width: int, rows: int) -> NDArray[Any]:
    """Return one strip or tile, shape (rows, width, samples of the plane)."""
    samples = 1 if page.planar else page.samples
    if page.compression == JPEG:
        require_sound(packed, page.jpeg_tables(), counts=(page.samples,))
        return unpacked_jpeg(page, packed, width, rows)
    if page.compression in CCITT:
        bits = unpacked_bits(page, packed, width, rows)
        forward = _REVERSED[np.frombuffer(packed, np.uint8)].tobytes() if page.fill_order == 2 else packed
        _ccitt.require_sound(forward, bits, page.compression, page.tags.number(_T4_OPTIONS, 0))
        return bits[..., np.newaxis]
    row_bytes = (width * samples * page.bits + 7) // 8
    if page.fill_order == 2:
        packed = _REVERSED[np.frombuffer(packed, np.uint8)].tobytes()
    raw = _bytes_of(page, packed, row_bytes, rows)
    if page.bits in (8, 16, 32, 64):
        return _whole_bytes(page, raw, (rows, width, samples))
    return _odd_bits(raw, page.bits, (rows, width, samples))


def _bytes_of(page: Page, packed: bytes, row_bytes: int, rows: int) -> NDArray[np.uint8]:
    """Return the unpacked bytes, shape (rows, bytes of a row)."""
    needed = row_bytes * rows
    most = row_bytes * max(rows, page.segment[1])  # some writers fill up the last strip
    if page.compression == NONE:
        raw = packed[:needed]
    elif page.compression in (DEFLATE, OLD_DEFLATE):
        inflate = zlib.decompressobj()
        raw = inflate.decompress(packed, most + 1)
        if not inflate.eof:
            raise ValueError("a part unpacks to another length than it should")
    elif page.compression == LZMA:
        raw = lzma.LZMADecompressor(memlimit=_MOST_LZMA_MEMORY).decompress(packed, needed)
    else:
        return unpacked_bytes(page.compression, packed, row_bytes, rows)
    if len(raw) < needed:
        raise ValueError("it ends before the picture does")
    return np.frombuffer(raw, np.uint8, needed).reshape(rows, row_bytes)


def _whole_bytes(page: Page, raw: NDArray[np.uint8], shape: tuple[int, int, int]) -> NDArray[Any]:
    rows, width, samples = shape
    size, order = page.bits // 8, page.tags.order
    if page.predictor == 3:
        summed = np.cumsum(raw.reshape(rows, width * size, samples), axis=1, dtype=np.uint8)
        planes = summed.reshape(rows, size, width * samples)
        raw, order = np.ascontiguousarray(planes.transpose(0, 2, 1)), ">"
    kind = "u" if page.predictor == 2 else page.kind
    values = raw.reshape(rows, -1).view(f"{order}{kind}{size}").reshape(shape)
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    if page.predictor == 2:
        values = np.cumsum(values, axis=1, dtype=values.dtype).view(f"{page.kind}{size}")
    return values


def _odd_bits(raw: NDArray[np.uint8], bits: int, shape: tuple[int, int, int]) -> NDArray[Any]:
    """Return samples of 1 to 15 bits, which are packed without regard to bytes, the highest bit first."""
    rows, width, samples = shape
    kind = np.uint8 if bits <= 8 else np.uint16
    each = np.unpackbits(raw, axis=1)[:, : width * samples * bits].reshape(rows, width * samples, bits)
    values = np.zeros((rows, width * samples), kind)
    for bit in range(bits):
        values = (values << 1) | each[..., bit]
    return values.reshape(shape)
