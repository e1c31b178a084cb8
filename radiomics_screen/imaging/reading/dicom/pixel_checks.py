"""Does a DICOM file hold the pixels that its header declares? Asked before anything is allocated."""

from __future__ import annotations

import struct
from math import ceil

import pydicom

from radiomics_screen.core.errors import ReadError
from radiomics_screen.imaging.limits import require_within_limits
from radiomics_screen.imaging.reading.dicom.elements import Bytes, Pixels, mapped, require_pixels
from radiomics_screen.imaging.reading.dicom.header import Header
from radiomics_screen.imaging.reading.formats import damaged

_RLE = "1.2.840.10008.1.2.5"
_PLAIN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99", "")
_JPEG = tuple(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 52, 53, 54, 55, 57, 70))
_RUNS = tuple(f"1.2.840.10008.1.2.4.{n}" for n in (80, 81, 90, 91, 92, 93))  # JPEG-LS and JPEG 2000
_MOST = {_RLE: 128, **dict.fromkeys(_JPEG, 1024), **dict.fromkeys(_RUNS, 5000)}  # unpacked : packed
_UNSUSPICIOUS = 1 << 26  # bytes: a picture without content packs to almost nothing


def require_declared_pixels(header: Header) -> None:
    """Refuse more pixels than the limits allow or the file holds, and encodings without a decoder.

    Raises
    ------
    ReadError
        Saying which.
    """
    path = header.path
    size = (header.columns, header.rows, header.frames)
    needed = require_within_limits(size, header.bits / 8, header.samples, path)
    pixels = require_pixels(path, header.pixels)
    if pixels.fragments is None:
        _require_plain(header, pixels, needed)
        return
    if header.syntax not in _MOST:
        named = pydicom.uid.UID(header.syntax).name if header.syntax else "no transfer syntax"
        raise ReadError(
            f"{path}: its pixels are compressed as {named} ({header.syntax}), which cannot be decoded here; "
            "convert the file to Explicit VR Little Endian (dcmconv or gdcmconv --raw)"
        )
    if header.frames > len(pixels.fragments):
        raise damaged(
            path,
            "DICOM file",
            f"it ends before its pixels do ({len(pixels.fragments)} of {header.frames} frames)",
        )
    packed = sum(length for _, length in pixels.fragments)
    if needed > _MOST[header.syntax] * packed and (needed > _UNSUSPICIOUS or header.syntax == _RLE):
        raise damaged(path, "DICOM file", f"{packed} compressed bytes cannot hold {needed} bytes of pixels")
    with mapped(path) as data:
        for start, length in pixels.fragments:
            _require_size(header, _size_of(data, start, start + length))


def _require_plain(header: Header, pixels: Pixels, needed: int) -> None:
    if header.syntax not in _PLAIN:
        return  # GDCM knows what to make of plain pixels under a compressed syntax, or says so
    if header.photometric in ("YBR_FULL_422", "YBR_PARTIAL_422"):
        needed = needed * 2 // 3
    if header.bits == 1:
        needed = ceil(header.rows * header.columns * header.frames * header.samples / 8)
    if pixels.length < needed:
        why = f"it ends before its pixels do ({pixels.length} of {needed} bytes)"
        raise damaged(header.path, "DICOM file", why)


def _require_size(header: Header, size: tuple[int, int] | None) -> None:
    if size is None or 0 in size or size == (header.columns, header.rows):
        return
    raise damaged(
        header.path,
        "DICOM file",
        f"its header declares {header.columns} x {header.rows} pixels, but its compressed pixels are "
        f"{size[0]} x {size[1]}",
    )


def _size_of(data: Bytes, at: int, end: int) -> tuple[int, int] | None:
    """Return (columns, rows) as a JPEG, JPEG-LS or JPEG 2000 stream says; None for the rest of a stream."""
    if end - at < 4:
        return None
    if data[at : at + 4] == b"\xff\x4f\xff\x51" and end - at >= 24:
        right, bottom, left, top = struct.unpack_from(">4I", data, at + 8)
        return right - left, bottom - top
    if data[at : at + 3] != b"\xff\xd8\xff":
        return None
    at += 2
    while at + 9 <= end and data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            rows, columns = struct.unpack_from(">HH", data, at + 5)
            return columns, rows
        if marker == 0xDA:
            return None
        at += 2 + length
    return None
