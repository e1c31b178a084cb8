"""One strip or tile unpacked by libtiff, which Pillow brings, whatever the file round it is like.

The packed bytes are wrapped into a TIFF of one strip whose "pixels" are the bytes wanted. So libtiff
unpacks, and nothing else: byte order, samples, planes and orientation are not its business.
"""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL.TiffImagePlugin import TiffImageFile

from radiomics_screen.imaging.reading._tiff_page import JPEG, YCBCR, Page

_SHORT, _LONG, _UNDEFINED = 3, 4, 7
_SIZES = {_SHORT: "H", _LONG: "I"}
_EXTRA_SAMPLES, _ALPHA = 338, 2
_T4_OPTIONS, _T6_OPTIONS, _SUBSAMPLING, _JPEG_TABLES = 292, 293, 530, 347


def unpacked_bytes(compression: int, packed: bytes, row_bytes: int, rows: int) -> NDArray[np.uint8]:
    """Return the bytes of a strip or tile, shape (rows, bytes of a row).

    Raises
    ------
    ValueError, OSError
        libtiff cannot unpack it.
    """
    tags = {256: row_bytes, 257: rows, 258: 8, 259: compression, 262: 1, 277: 1, 278: rows}
    return _decoded(packed, tags, (rows, row_bytes))


def unpacked_bits(page: Page, packed: bytes, width: int, rows: int) -> NDArray[np.bool_]:
    """Return the bits of a strip or tile in one of the CCITT's fax codes, shape (rows, width)."""
    tags = {256: width, 257: rows, 258: 1, 259: page.compression, 262: 1, 277: 1, 278: rows}
    tags[266] = page.fill_order
    for option in (_T4_OPTIONS, _T6_OPTIONS):
        if option in page.tags:
            tags[option] = page.tags.number(option, 0)
    return _decoded(packed, tags, (rows, width)).astype(bool)


def unpacked_jpeg(page: Page, packed: bytes, width: int, rows: int) -> NDArray[np.uint8]:
    """Return the pixels of a strip or tile in JPEG, shape (rows, width, samples); YCbCr becomes RGB."""
    samples = page.samples
    if samples > 4:
        raise ValueError(f"JPEG with {samples} samples a pixel")
    tags: dict[int, int | tuple[int, ...] | bytes] = {
        256: width, 257: rows, 258: (8,) * samples, 259: JPEG, 277: samples, 278: rows,
        262: page.photometric if page.colours == 3 else 1,
    }  # fmt: skip
    if page.extra:
        tags[_EXTRA_SAMPLES] = tuple(_ALPHA for _ in page.extra)
    if tables := page.jpeg_tables():
        tags[_JPEG_TABLES] = tables
    if page.photometric == YCBCR:
        tags[_SUBSAMPLING] = tuple(int(n) for n in page.tags.values(_SUBSAMPLING, 2)) or (2, 2)
    shape = (rows, width) if samples == 1 else (rows, width, samples)
    return _decoded(packed, tags, shape).reshape(rows, width, samples)


def _decoded(
    packed: bytes, tags: dict[int, int] | dict[int, int | tuple[int, ...] | bytes], shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    # Not by Image.open, which has limits of its own; those of this package were kept before.
    with TiffImageFile(BytesIO(_wrapped(packed, dict(tags)))) as picture:
        array = np.asarray(picture)
    if array.shape != shape:
        raise ValueError(f"a part unpacks to {array.shape} instead of {shape} values")
    return array


def _wrapped(packed: bytes, tags: dict[int, int | tuple[int, ...] | bytes]) -> bytes:
    """Return a little-endian TIFF of one strip."""
    tags = {**tags, 273: 0, 279: len(packed)}
    start = 8 + 2 + 12 * len(tags) + 4
    beyond = b""
    values = []
    for tag in sorted(tags):
        value = tags[tag]
        if isinstance(value, bytes):
            kind, count, raw = _UNDEFINED, len(value), value
        else:
            numbers = value if isinstance(value, tuple) else (value,)
            kind = _LONG if max(numbers) > 0xFFFF or tag in (273, 279) else _SHORT
            count, raw = len(numbers), struct.pack(f"<{len(numbers)}{_SIZES[kind]}", *numbers)
        if len(raw) > 4:
            place = start + len(beyond)
            beyond += raw + b"\0" * (len(raw) % 2)
            raw = struct.pack("<I", place)
        values.append((tag, kind, count, raw))
    body = b"".join(
        struct.pack("<HHI", tag, kind, count)
        + (struct.pack("<I", start + len(beyond)) if tag == 273 else raw.ljust(4, b"\0"))
        for tag, kind, count, raw in values
    )
    head = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags))
    return head + body + struct.pack("<I", 0) + beyond + packed
