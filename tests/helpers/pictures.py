"""Picture files written by hand, tag by tag and part by part."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SIZES = {1: "B", 2: "s", 3: "H", 4: "I", 5: "I", 12: "d", 16: "Q"}


def tiff(
    data: Sequence[bytes],
    tags: Mapping[int, tuple[int, Sequence[int] | bytes]],
    *,
    order: str = "<",
    width: int = 6,
    height: int = 4,
    following: int = 0,
) -> bytes:
    """Return a TIFF of one page; each tag is (type, values), and each part of the data a strip.

    Grey of 8 bits by default; `following` is where the header says that the next page begins.
    """
    offsets, place = [], 8
    for part in data:
        offsets.append(place)
        place += len(part)
    base: dict[int, tuple[int, Sequence[int] | bytes]] = {
        256: (4, [width]), 257: (4, [height]), 258: (3, [8]), 259: (3, [1]), 262: (3, [1]), 277: (3, [1]),
        278: (4, [height]), 273: (4, offsets), 279: (4, [len(part) for part in data]),
    }  # fmt: skip
    base.update(tags)
    if 324 in base:
        base[324], base[325] = (4, offsets), base.pop(279)
        del base[273], base[278]
    body = b"".join(data)
    body += b"\0" * (len(body) % 2)
    start = 8 + len(body)
    beyond, entries = b"", b""
    values_at = start + 2 + 12 * len(base) + 4
    for tag in sorted(base):
        kind, values = base[tag]
        raw = (
            values
            if isinstance(values, bytes)
            else struct.pack(f"{order}{len(values)}{_SIZES[kind]}", *values)
        )
        count = len(values) // (2 if kind == 5 else 1)
        if len(raw) > 4:
            raw, beyond = struct.pack(order + "I", values_at + len(beyond)), beyond + raw
        entries += struct.pack(order + "HHI", tag, kind, count) + raw.ljust(4, b"\0")
    magic = b"II" if order == "<" else b"MM"
    header = magic + struct.pack(order + "HI", 42, start)
    return (
        header
        + body
        + struct.pack(order + "H", len(base))
        + entries
        + struct.pack(order + "I", following)
        + beyond
    )


def part(kind: bytes, content: bytes) -> bytes:
    """Return one part of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(
    rows: bytes, width: int, height: int, depth: int, colour: int, *parts: bytes, interlaced: int = 0
) -> bytes:
    """Return a PNG of rows that begin with their filter; other parts come before the pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return b"".join(
        [SIGNATURE, part(b"IHDR", header), *parts, part(b"IDAT", zlib.compress(rows)), part(b"IEND", b"")]
    )


def exif(orientation: int, order: str = ">") -> bytes:
    """Return an Exif block that states an orientation."""
    start = (b"MM" if order == ">" else b"II") + struct.pack(order + "HI", 42, 8)
    return start + struct.pack(order + "HHHIHHI", 1, 274, 3, 1, orientation, 0, 0)


def as_shown(array: np.ndarray, orientation: int) -> np.ndarray:
    """Return what a viewer shows, by the definition: where the stored first row and column belong."""
    return {
        1: array, 2: array[:, ::-1], 3: array[::-1, ::-1], 4: array[::-1], 5: array.swapaxes(0, 1),
        6: np.rot90(array, -1), 7: array[::-1, ::-1].swapaxes(0, 1), 8: np.rot90(array, 1),
    }[orientation]  # fmt: skip
