"""PNG of every kind: checked part by part, unpacked as stored, and never scaled, shifted or corrected.

Source: PNG specification, third edition (W3C, 2025), chapters 5 to 11.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.imaging.limits import require_within_limits
from radiomics_screen.imaging.reading._png_rows import undo_prediction, undo_wide_prediction
from radiomics_screen.imaging.reading.formats import damaged

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_WITH_ALPHA, RGB_WITH_ALPHA = 0, 2, 3, 4, 6
_SAMPLES = {GREY: 1, RGB: 3, PALETTE: 1, GREY_WITH_ALPHA: 2, RGB_WITH_ALPHA: 4}
_DEPTHS = {GREY: (1, 2, 4, 8, 16), PALETTE: (1, 2, 4, 8)}
#: Of the passes of an interlaced picture: first column and row, and the steps between them.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_KEPT = (b"PLTE", b"tRNS", b"eXIf", b"sCAL", b"acTL")
_PART_OF_A_FILE = 1032  # the most that Deflate packs into one byte


@dataclass(frozen=True)
class Png:
    """The parts of a PNG that matter, their checksums compared.

    Attributes
    ----------
    path
        Of the file, for messages.
    width, height
        In pixels.
    depth
        Bits of a sample.
    colour
        Code of the colour type.
    interlaced
        Whether the pixels come in seven passes.
    packed
        The compressed pixels.
    others
        What other parts hold: palette, transparency, Exif, scale.
    """

    path: Path
    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool
    packed: bytes
    others: dict[bytes, bytes] = field(default_factory=dict)

    @property
    def samples(self) -> int:
        """Values of a stored pixel; of a palette, its number."""
        return _SAMPLES[self.colour]


def read_parts(path: Path, content: bytes) -> Png:
    """Return the parts of a PNG, every one compared with its checksum.

    Raises
    ------
    ReadError
        A part is damaged, the end is missing, or the header states what cannot be.
    """
    place, kind = len(SIGNATURE), b""
    headers: list[bytes] = []
    packed: list[bytes] = []
    others: dict[bytes, bytes] = {}
    while kind != b"IEND":
        length, kind = int.from_bytes(content[place : place + 4]), content[place + 4 : place + 8]
        end = place + 8 + length
        if end + 4 > len(content):
            raise damaged(path, "PNG", "it ends before the picture does")
        if zlib.crc32(content[place + 4 : end]) != int.from_bytes(content[end : end + 4]):
            raise damaged(path, "PNG", f"the checksum of a part ({kind.decode('latin-1')}) is wrong")
        if kind == b"IHDR":
            headers.append(content[place + 8 : end])
        elif kind == b"IDAT":
            packed.append(content[place + 8 : end])
        elif kind in _KEPT:
            others.setdefault(kind, content[place + 8 : end])
        elif not kind[0] & 32 and kind != b"IEND":
            raise damaged(path, "PNG", f"it needs a part that is not known ({kind.decode('latin-1')})")
        place = end + 4
    if len(headers) != 1 or len(headers[0]) != 13:
        raise damaged(path, "PNG", "its header is not one")
    return _of_header(path, headers[0], b"".join(packed), others)


def _of_header(path: Path, header: bytes, packed: bytes, others: dict[bytes, bytes]) -> Png:
    width, height = int.from_bytes(header[:4]), int.from_bytes(header[4:8])
    depth, colour, compression, filters, interlace = header[8:]
    if (
        not (width and height)
        or colour not in _SAMPLES
        or depth not in _DEPTHS.get(colour, (8, 16))
        or compression
        or filters
        or interlace > 1
        or (colour == PALETTE and b"PLTE" not in others)
    ):
        raise damaged(path, "PNG", "its header is not one")
    return Png(path, width, height, depth, colour, interlace == 1, packed, others)


def stored_pixels(png: Png) -> NDArray[Any]:
    """Return the stored samples, shape (y, x) or (y, x, sample); colours of a palette are numbers.

    Raises
    ------
    ReadError
        The pixels are damaged, more or fewer than the header says, or more than the limits allow.
    """
    size = 2 if png.depth == 16 else 1
    require_within_limits((png.width, png.height), size, png.samples, png.path)
    passes = [(0, 0, 1, 1)] if not png.interlaced else list(_PASSES)
    sizes = [(-(-(png.width - x) // dx), -(-(png.height - y) // dy)) for x, y, dx, dy in passes]
    row_bytes = [(wide * png.samples * png.depth + 7) // 8 if high > 0 else 0 for wide, high in sizes]
    expected = sum(high * (row + 1) for (_, high), row in zip(sizes, row_bytes, strict=True) if row > 0)
    raw = _inflated(png, expected)
    if not png.interlaced:
        return _samples(png, raw, sizes[0], row_bytes[0])
    shape = (png.height, png.width, png.samples) if png.samples > 1 else (png.height, png.width)
    array = np.zeros(shape, f"u{size}")
    place = 0
    for (x, y, dx, dy), (wide, high), row in zip(passes, sizes, row_bytes, strict=True):
        if row > 0 and high > 0:
            length = high * (row + 1)
            array[y::dy, x::dx] = _samples(png, raw[place : place + length], (wide, high), row)
            place += length
    return array


def _inflated(png: Png, expected: int) -> bytes:
    if expected > len(png.packed) * _PART_OF_A_FILE + 64:
        raise damaged(png.path, "PNG", "it does not hold as many pixels as it says")
    inflate = zlib.decompressobj()
    try:
        raw = inflate.decompress(png.packed, expected + 1)
    except zlib.error as error:
        raise damaged(png.path, "PNG", str(error)) from error
    if len(raw) != expected or not inflate.eof or not expected:
        raise damaged(png.path, "PNG", "it does not hold as many pixels as it says")
    return raw


def _samples(png: Png, raw: bytes, size: tuple[int, int], row_bytes: int) -> NDArray[Any]:
    """Return the samples of one pass: prediction undone, bits unpacked."""
    width, height = size
    bytes_of_rows = np.empty((height, row_bytes), np.uint8)
    rows = np.frombuffer(raw, np.uint8).reshape(height, row_bytes + 1)
    step = max(1, png.samples * png.depth // 8)
    sound = (
        undo_prediction(rows, bytes_of_rows) if step == 1 else undo_wide_prediction(rows, bytes_of_rows, step)
    )
    if not sound:
        raise damaged(png.path, "PNG", "a row is predicted in a way that there is not")
    shape = (height, width, png.samples) if png.samples > 1 else (height, width)
    if png.depth == 16:
        return bytes_of_rows.view(">u2").astype(np.uint16).reshape(shape)
    if png.depth == 8:
        return bytes_of_rows.reshape(shape)
    each = np.unpackbits(bytes_of_rows, axis=1)[:, : width * png.depth].reshape(height, width, png.depth)
    values: NDArray[Any] = np.zeros((height, width), np.uint8)
    for bit in range(png.depth):
        values = (values << 1) | each[..., bit]
    return values


def shown_pixels(png: Png) -> tuple[NDArray[Any], bool]:
    """Return the pixels, shape (y, x) or (y, x, sample), and whether the last sample is alpha.

    Grey of fewer than 8 bits is spread to 0 to 255, and a palette's numbers become colours.

    Raises
    ------
    ReadError
        As :func:`stored_pixels`, or a number is not in the palette.
    """
    values = stored_pixels(png)
    if png.colour == PALETTE:
        colours = _palette(png)
        if int(values.max()) >= len(colours):
            raise damaged(png.path, "PNG", "a pixel has a colour that is not in its palette")
        return colours[values], colours.shape[1] == 4
    if png.depth < 8:
        values = values * np.uint8(255 // ((1 << png.depth) - 1))
    return values, png.colour in (GREY_WITH_ALPHA, RGB_WITH_ALPHA)


def _palette(png: Png) -> NDArray[np.uint8]:
    stored = png.others[b"PLTE"]
    if not stored or len(stored) % 3:
        raise damaged(png.path, "PNG", "its palette is not one")
    colours = np.frombuffer(stored, np.uint8).reshape(-1, 3)
    if b"tRNS" not in png.others:
        return colours
    alpha = np.full(len(colours), 255, np.uint8)
    stated = np.frombuffer(png.others[b"tRNS"], np.uint8)[: len(colours)]
    alpha[: len(stated)] = stated
    return np.column_stack([colours, alpha])


def has_transparent_pixels(png: Png, values: NDArray[Any]) -> bool:
    """Tell whether pixels have the one grey or colour that is said to be transparent.

    Parameters
    ----------
    png
        Grey or RGB; of others the transparency is in the pixels.
    values
        What :func:`shown_pixels` returned.
    """
    stated = png.others.get(b"tRNS", b"")
    if png.colour not in (GREY, RGB) or len(stated) != 2 * png.samples:
        return False
    key = np.frombuffer(stated, ">u2").astype(np.int64) & ((1 << png.depth) - 1)
    if png.depth < 8:
        key = key * (255 // ((1 << png.depth) - 1))
    return bool((values == key).reshape(png.height, png.width, -1).all(axis=-1).any())


def scale(png: Png) -> tuple[float, float] | None:
    """Return what the part sCAL states of a pixel, (x, y); None where it states no lengths."""
    parts = png.others.get(b"sCAL", b"")[1:].split(b"\0")
    if png.others.get(b"sCAL", b"")[:1] != b"\x01" or len(parts) < 2:
        return None
    try:
        x, y = float(parts[0]), float(parts[1])
    except ValueError:
        return None
    return (x, y) if 0 < x < float("inf") and 0 < y < float("inf") else None
