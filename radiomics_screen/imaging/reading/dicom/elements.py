"""Where a DICOM file keeps its pixels, found without decoding or allocating anything.

Libraries allocate what an element's length says before they notice that the file ends. The walk over the
elements finds such lengths first. Encoding: DICOM PS3.5 (7.1 elements, 7.5 nesting, A.4 fragments).
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from radiomics_screen.core.errors import ReadError
from radiomics_screen.imaging.limits import current_limits, require_bytes_within_limits
from radiomics_screen.imaging.reading.formats import damaged

INTEGER_PIXELS, FLOAT_PIXELS, DOUBLE_PIXELS = 0x7FE00010, 0x7FE00008, 0x7FE00009
_PIXELS = (INTEGER_PIXELS, FLOAT_PIXELS, DOUBLE_PIXELS)
_ITEM, _END_OF_ITEM, _END_OF_SEQUENCE = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_UNDEFINED = 0xFFFFFFFF
_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_SHORT = frozenset(
    kind.encode()
    for kind in [
        "AE",
        "AS",
        "AT",
        "CS",
        "DA",
        "DS",
        "DT",
        "FL",
        "FD",
        "IS",
        "LO",
        "LT",
        "PN",
        "SH",
        "SL",
        "SS",
        "ST",
        "TM",
        "UI",
        "UL",
        "US",
    ]
)
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_BIG_ENDIAN = b"1.2.840.10008.1.2.2"
_IMPLICIT = b"1.2.840.10008.1.2"
_HARMLESS = 1 << 24  # a length that a library may try to read in vain
_DEEPEST = 32

Bytes = bytes | mmap.mmap


@dataclass(frozen=True)
class Pixels:
    """Where the pixels lie.

    Attributes
    ----------
    tag
        Of integer, float or double float pixel data.
    start, length
        Of the value, in bytes; of a deflated file: once inflated.
    fragments
        (start, length) of each compressed fragment; None for plain pixels.
    is_deflated
        The file is deflated as a whole.
    order
        Byte order, ``"<"`` or ``">"``.
    is_words
        The value is one of 16-bit words (VR OW): 8-bit pixels of a big-endian file change places in pairs.
    """

    tag: int
    start: int
    length: int
    fragments: tuple[tuple[int, int], ...] | None
    is_deflated: bool = False
    order: str = "<"
    is_words: bool = False


class _Damaged(Exception):
    """Why a file is damaged."""


def find_pixels(path: Path) -> Pixels | None:
    """Return where the pixels of a file lie; None where it has none, or is not laid out as DICOM is.

    Raises
    ------
    ReadError
        An element is longer than the file, the pixels are cut short, or what follows them is no DICOM.
    """
    with mapped(path) as data:
        if not data:
            return None
        try:
            return _found(data, path)
        except _Damaged as why:
            raise damaged(path, "DICOM file", str(why)) from why
        except struct.error:
            return None  # it ends within the head of an element: pydicom words that


@contextmanager
def mapped(path: Path) -> Iterator[Bytes]:
    """Give the bytes of a file without reading them."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data


def inflated(data: Bytes, at: int, path: Path) -> bytes:
    """Return what a deflated file holds after its file meta information, within the limits."""
    allowed = current_limits().unpacked_bytes
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = unpacker.decompress(data[at:], allowed + 1 - at)
    except zlib.error as error:
        raise _Damaged(str(error)) from error
    require_bytes_within_limits(at + len(content), path)
    return data[:at] + content


def _found(data: Bytes, path: Path) -> Pixels | None:
    at, syntax = _after_meta(data)
    is_deflated = syntax == _DEFLATED
    if is_deflated:
        data = inflated(data, at, path)
    order = ">" if syntax == _BIG_ENDIAN else "<"
    is_explicit = syntax != _IMPLICIT if syntax else bytes(data[at + 4 : at + 6]) in _LONG | _SHORT
    return _Walk(data, order).pixels(at, is_explicit, is_deflated=is_deflated)


def _after_meta(data: Bytes) -> tuple[int, bytes]:
    """Return where the data set starts, and its transfer syntax."""
    at = 132 if data[128:132] == b"DICM" else 0
    walk, syntax = _Walk(data, "<"), b""
    while data[at : at + 2] == b"\x02\x00":
        tag, _, start, length = walk.head(at, is_explicit=True)
        if length > len(data) - start:
            break
        if tag == 0x00020010:
            syntax = bytes(data[start : start + length]).strip(b"\0 ")
        at = start + length
    return at, syntax


class _Walk:
    """Elements of a file, one after the other."""

    def __init__(self, data: Bytes, order: str) -> None:
        self._data, self._order, self._end = data, order, len(data)
        self._numbers = struct.Struct(f"{order}HH")

    def head(self, at: int, *, is_explicit: bool) -> tuple[int, bytes, int, int]:
        """Return tag, value representation, start and length of the value of the element at `at`."""
        group, element = self._numbers.unpack_from(self._data, at)
        tag = group << 16 | element
        if is_explicit and group != 0xFFFE:
            kind = bytes(self._data[at + 4 : at + 6])
            if kind in _SHORT:
                return tag, kind, at + 8, struct.unpack_from(f"{self._order}H", self._data, at + 6)[0]
            if kind in _LONG:
                return tag, kind, at + 12, struct.unpack_from(f"{self._order}I", self._data, at + 8)[0]
        else:
            kind = b""
        return tag, kind, at + 8, struct.unpack_from(f"{self._order}I", self._data, at + 4)[0]

    def pixels(self, at: int, is_explicit: bool, *, is_deflated: bool) -> Pixels | None:
        """Walk to the pixels, and over what follows them."""
        found = None
        while at + 8 <= self._end:
            if found and not any(self._data[at : min(self._end, at + 4096)]):
                break  # padding
            tag, kind, start, length = self.head(at, is_explicit=is_explicit)
            if found and is_explicit and kind not in _LONG | _SHORT:
                raise _Damaged("what follows its pixels is no DICOM element")
            if tag in _PIXELS:
                found = self._pixels(tag, start, length, kind, is_deflated=is_deflated)
                at = start + found.length
            else:
                at = self._after(start, length, is_explicit and kind != b"UN", kind)
        return found

    def _pixels(self, tag: int, start: int, length: int, kind: bytes, *, is_deflated: bool) -> Pixels:
        if length != _UNDEFINED:
            if length > self._end - start:
                raise _Damaged(f"it ends before its pixels do ({self._end - start} of {length} bytes)")
            return Pixels(tag, start, length, None, is_deflated, self._order, kind == b"OW")
        at, fragments = start, list[tuple[int, int]]()
        while at + 8 <= self._end:
            found, _, value, size = self.head(at, is_explicit=False)
            if found == _END_OF_SEQUENCE:
                return Pixels(tag, start, value - start, tuple(fragments[1:]), is_deflated, self._order)
            if found != _ITEM or size > self._end - value:
                break
            fragments.append((value, size))
            at = value + size
        raise _Damaged("it ends before its pixels do")

    def _after(self, start: int, length: int, is_explicit: bool, kind: bytes, depth: int = 0) -> int:
        """Return where the next element starts."""
        if length != _UNDEFINED:
            if length > self._end - start:
                if length > _HARMLESS:
                    raise _Damaged(f"an element of {length} bytes starts at byte {start} of {self._end}")
                return self._end
            if kind == b"SQ" or (not kind and self._is_item(start)):
                self._items(start, start + length, is_explicit, depth)
            return start + length
        return self._items(start, self._end, is_explicit, depth)

    def _is_item(self, at: int) -> bool:
        return at + 8 <= self._end and self._numbers.unpack_from(self._data, at) == (0xFFFE, 0xE000)

    def _items(self, at: int, end: int, is_explicit: bool, depth: int) -> int:
        """Walk over the items of a sequence, and return where it ends."""
        if depth > _DEEPEST:
            raise _Damaged(f"its sequences are nested more than {_DEEPEST} deep")
        while at + 8 <= end:
            tag, _, start, length = self.head(at, is_explicit=False)
            if tag == _END_OF_SEQUENCE:
                return start
            if tag != _ITEM:
                return end  # laid out in a way of its own: libraries know such, or say so
            if length != _UNDEFINED and length > end - start:
                if length > _HARMLESS:
                    raise _Damaged(f"an item of {length} bytes starts at byte {start} of {self._end}")
                return end
            at = self._item(start, end if length == _UNDEFINED else start + length, is_explicit, depth)
        return end

    def _item(self, at: int, end: int, is_explicit: bool, depth: int) -> int:
        while at + 8 <= end:
            tag, kind, start, length = self.head(at, is_explicit=is_explicit)
            if tag == _END_OF_ITEM:
                return start
            at = self._after(start, length, is_explicit and kind != b"UN", kind, depth + 1)
        return end


def require_pixels(path: Path, pixels: Pixels | None) -> Pixels:
    """Return the pixels, or the error for a header that describes an image and has none."""
    if pixels is None:
        raise ReadError(f"{path}: describes an image, but holds no pixels; export or copy the file again")
    return pixels
