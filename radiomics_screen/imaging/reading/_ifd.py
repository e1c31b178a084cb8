"""Tags of a TIFF file, and of the Exif part of a JPEG or PNG: read within bounds, never in circles.

Sources: TIFF 6.0 (Adobe, 1992), chapter 2; BigTIFF (libtiff's description of it); Exif 2.32.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: What code and bytes a type number stands for; a rational is two numbers.
_TYPES = {
    1: "B", 2: "s", 3: "H", 4: "I", 5: "II", 6: "b", 7: "s", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d",
    13: "I", 16: "Q", 17: "q", 18: "Q",
}  # fmt: skip
_MOST_DIRECTORIES = 65_536
_MOST_ENTRIES = 4_096
_ORIENTATION = 274
_EXIF_START = b"Exif\0\0"

#: ``at(offset, count)`` returns that part of a file, whole.
ReadAt = Callable[[int, int], bytes]


@dataclass(frozen=True)
class Directory:
    """The tags of one page, their values fetched when they are asked for.

    Attributes
    ----------
    order
        Byte order: "<" or ">".
    entries
        ``{tag: (type, count, field, offset size)}``, as the file holds them.
    at
        Fetches a part of the file.
    """

    order: str
    entries: dict[int, tuple[int, int, bytes]]
    at: ReadAt

    def __contains__(self, tag: int) -> bool:
        return tag in self.entries

    def values(self, tag: int, at_most: int = 1 << 20) -> tuple[Any, ...]:
        """Return the numbers of a tag, at most so many; () where it is not there.

        Raises
        ------
        ValueError
            The values lie beyond the end of the file, or are of a type that there is not.
        """
        if tag not in self.entries:
            return ()
        kind, count, field = self.entries[tag]
        code = _TYPES.get(kind)
        if code is None or code == "s":
            raise ValueError(f"tag {tag} is of a type that cannot be ({kind})")
        count = min(count, at_most) * len(code)
        size = struct.calcsize(code[0]) * count
        return struct.unpack(f"{self.order}{count}{code[0]}", self._raw(field, size))

    def number(self, tag: int, default: int) -> int:
        """Return the first value of a tag as a whole number."""
        found = self.values(tag, 1)
        return int(found[0]) if found else default

    def ratio(self, tag: int) -> float | None:
        """Return the value of a rational tag; None where it is not there or is divided by 0."""
        found = self.values(tag, 1)
        if len(found) == 1:
            return float(found[0])
        return found[0] / found[1] if len(found) == 2 and found[1] else None

    def content(self, tag: int, at_most: int) -> bytes:
        """Return the bytes of a text or of undefined bytes; nothing where the tag is not there."""
        if tag not in self.entries:
            return b""
        kind, count, field = self.entries[tag]
        if _TYPES.get(kind) not in ("s", "B"):
            return b""
        if count > at_most:
            raise ValueError(f"tag {tag} holds {count} bytes, more than {at_most}")
        return self._raw(field, count)

    def _raw(self, field: bytes, size: int) -> bytes:
        if size <= len(field):
            return field[:size]
        code = "Q" if len(field) == 8 else "I"
        return self.at(struct.unpack(self.order + code, field)[0], size)


def directories(at: ReadAt) -> list[Directory]:
    """Return the directories of a TIFF file, in the order of their chain.

    Raises
    ------
    ValueError
        A directory lies beyond the end of the file, the chain leads in a circle, or is endless.
    """
    head = at(0, 8)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    version = struct.unpack(f"{order}H", head[2:4])[0] if order else 0
    if order is None or version not in (42, 43):
        raise ValueError("its header is not one")
    count_code, offset_code = ("Q", "Q") if version == 43 else ("H", "I")
    size = struct.calcsize(offset_code)
    place = struct.unpack(order + offset_code, at(8, 8) if version == 43 else head[4:])[0]
    found: list[Directory] = []
    seen: set[int] = set()
    while place:
        if place in seen:
            raise ValueError(f"its pages lead in a circle after the first {len(found)}")
        if len(found) == _MOST_DIRECTORIES:
            raise ValueError(f"it has more than {_MOST_DIRECTORIES} pages")
        seen.add(place)
        try:
            start = struct.calcsize(count_code)
            count = struct.unpack(order + count_code, at(place, start))[0]
            if count > _MOST_ENTRIES:
                raise ValueError(f"a page with {count} tags")
            body = at(place + start, count * (4 + 2 * size) + size)
        except ValueError as error:
            raise ValueError(f"pages after the first {len(found)} are missing ({error})") from error
        found.append(Directory(order, _entries(order, offset_code, count, body), at))
        place = struct.unpack(order + offset_code, body[-size:])[0]
    return found


def _entries(order: str, offset_code: str, count: int, body: bytes) -> dict[int, tuple[int, int, bytes]]:
    size = struct.calcsize(offset_code)
    entries: dict[int, tuple[int, int, bytes]] = {}
    for n in range(count):
        entry = body[n * (4 + 2 * size) : (n + 1) * (4 + 2 * size)]
        tag, kind, number = struct.unpack(f"{order}HH{offset_code}", entry[: 4 + size])
        entries.setdefault(tag, (kind, number, entry[4 + size :]))
    return entries


def within(content: bytes) -> ReadAt:
    """Return what fetches parts of bytes."""

    def at(offset: int, count: int) -> bytes:
        if offset + count > len(content):
            raise ValueError("it ends before the picture does")
        return content[offset : offset + count]

    return at


def exif_orientation(exif: bytes) -> int:
    """Return the orientation that an Exif part states, 1 to 8; 1 where it states none that can be.

    Cameras and editors leave broken Exif parts behind in sound pictures, so damage is no error here.
    """
    try:
        found = directories(within(exif.removeprefix(_EXIF_START)))
        orientation = found[0].number(_ORIENTATION, 1) if found else 1
    except (ValueError, struct.error):
        return _first_orientation(exif.removeprefix(_EXIF_START))
    return orientation if 1 <= orientation <= 8 else 1


def _first_orientation(exif: bytes) -> int:
    """Return the orientation of the first directory of an Exif part whose chain is broken."""
    try:
        order = {b"II": "<", b"MM": ">"}[exif[:2]]
        place = struct.unpack(f"{order}I", exif[4:8])[0]
        count = struct.unpack(f"{order}H", exif[place : place + 2])[0]
        entries = _entries(order, "I", min(count, _MOST_ENTRIES), exif[place + 2 : place + 2 + 12 * count])
        orientation = Directory(order, entries, within(exif)).number(_ORIENTATION, 1)
    except (KeyError, ValueError, struct.error):
        return 1
    return orientation if 1 <= orientation <= 8 else 1
