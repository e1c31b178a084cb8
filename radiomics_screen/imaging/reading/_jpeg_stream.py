"""The parts of a JPEG, one after the other, and whether all of the picture is there and sound.

Source: ITU-T T.81 (1992), annex B.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.imaging.limits import require_within_limits
from radiomics_screen.imaging.reading._jpeg_entropy import (
    AC_FIRST,
    AC_REFINED,
    CODES,
    DC_FIRST,
    DC_REFINED,
    PADDING,
    SEQUENTIAL,
    code_table,
    follow,
)
from radiomics_screen.imaging.reading._unsupported import UnsupportedError

_SOI, _EOI, _SOS, _DHT, _DQT, _DRI, _COM = 0xD8, 0xD9, 0xDA, 0xC4, 0xDB, 0xDD, 0xFE
_FRAMES = {0xC0: False, 0xC1: False, 0xC2: True}  # whether progressive
_OTHER_FRAMES = {0xC3: "lossless", 0xC9: "arithmetic coding", 0xCA: "arithmetic coding"}
_APP = range(0xE0, 0xF0)
_END_OF_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_RESTART = re.compile(rb"\xff+([\xd0-\xd7])")
#: What a block's mean brightness comes to before it is divided: 8 * 128, and a little for rounding.
_HIGHEST = 1126
_MOST_SCANS = 500
_ENDS = "it ends before the picture does"


@dataclass
class _Component:
    number: int
    across: int
    down: int
    quantisation: int
    blocks: tuple[int, int] = (0, 0)
    nonzero: NDArray[np.uint8] | None = None
    #: How many low bits are still missing of each coefficient; -1: all of it.
    missing: NDArray[np.int64] = field(default_factory=lambda: np.full(64, -1))


@dataclass
class Jpeg:
    """What a JPEG says of itself.

    Attributes
    ----------
    width, height
        In pixels.
    precision
        Bits of a sample.
    components
        Grey has 1, colour 3, inks 4.
    progressive
        Whether it comes in scans that refine one another.
    exif
        Its Exif part; empty where it has none.
    """

    width: int = 0
    height: int = 0
    precision: int = 8
    components: list[_Component] = field(default_factory=list)
    progressive: bool = False
    exif: bytes = b""
    tables: dict[int, NDArray[np.uint16]] = field(default_factory=dict)
    quantisations: dict[int, int] = field(default_factory=dict)
    restart: int = 0
    scans: int = 0


def require_sound(
    content: bytes, tables: bytes = b"", name: object = "JPEG", counts: tuple[int, ...] = (1, 3)
) -> Jpeg:
    """Return what a JPEG says, having followed every code in it.

    Parameters
    ----------
    content
        From its first marker; what follows its end does not matter.
    tables
        A JPEG of tables only that it builds on, as in TIFF.
    name
        What messages call the picture.
    counts
        How many components it may have; of four alone nobody knows what they are.

    Raises
    ------
    ValueError
        It is damaged or cut off.
    UnsupportedError
        It is of a kind that is not read.
    ReadError
        It is larger than the limits allow.
    """
    jpeg = Jpeg()
    if tables:
        _walk(tables, jpeg, name)
    _walk(content, jpeg, name)
    found = len(jpeg.components)
    if found and found not in counts:
        raise UnsupportedError(f"JPEG of {found} components{' (CMYK, inks)' if found == 4 else ''}")
    if not jpeg.components or any(component.missing.any() for component in jpeg.components):
        raise ValueError(_ENDS)
    return jpeg


def _walk(content: bytes, jpeg: Jpeg, name: object) -> None:
    if content[:2] != b"\xff\xd8":
        raise ValueError("it does not begin as one")
    place = 2
    while True:
        marker, place = _marker(content, place)
        if marker == _EOI:
            return
        length = int.from_bytes(content[place : place + 2])
        part = content[place + 2 : place + length]
        if length < 2 or len(part) != length - 2:
            raise ValueError(_ENDS)
        place += length
        if marker == _SOS:
            place = _scan(content, place, part, jpeg)
        else:
            _take(marker, part, jpeg, name)


def _marker(content: bytes, place: int) -> tuple[int, int]:
    """Return the next marker and where its content begins."""
    if place >= len(content):
        raise ValueError(_ENDS)
    if content[place] != 0xFF:
        raise ValueError("there is something else where a part should begin")
    while place < len(content) and content[place] == 0xFF:
        place += 1
    if place >= len(content):
        raise ValueError(_ENDS)
    return content[place], place + 1


def _take(marker: int, part: bytes, jpeg: Jpeg, name: object) -> None:
    if marker in _FRAMES:
        _begin_frame(part, jpeg, name, progressive=_FRAMES[marker])
    elif marker == _DHT:
        _take_codes(part, jpeg)
    elif marker == _DQT:
        _take_quantisation(part, jpeg)
    elif marker == _DRI and len(part) == 2:
        jpeg.restart = int.from_bytes(part)
    elif marker == 0xE1 and part.startswith(b"Exif\0\0") and not jpeg.exif:
        jpeg.exif = part
    elif marker in _OTHER_FRAMES or 0xC3 <= marker <= 0xCF:
        raise UnsupportedError(f"JPEG of a kind that is seldom ({_OTHER_FRAMES.get(marker, hex(marker))})")
    elif marker != _COM and marker not in _APP:
        raise ValueError(f"a part of a kind that cannot be here ({marker:#x})")


def _take_quantisation(part: bytes, jpeg: Jpeg) -> None:
    """Keep by how much each table divides the mean brightness of a block."""
    while part:
        size = 1 + (part[0] >> 4)
        if size > 2 or len(part) < 1 + 64 * size:
            raise ValueError("a quantisation table is cut off")
        jpeg.quantisations[part[0] & 15] = max(1, int.from_bytes(part[1 : 1 + size]))
        part = part[1 + 64 * size :]


def _take_codes(part: bytes, jpeg: Jpeg) -> None:
    while part:
        kind, counts = part[0], part[1:17]
        symbols = part[17 : 17 + sum(counts)]
        if len(counts) != 16 or len(symbols) != sum(counts):
            raise ValueError("a Huffman table is cut off")
        jpeg.tables[kind] = code_table(counts, symbols)
        part = part[17 + len(symbols) :]


def _begin_frame(part: bytes, jpeg: Jpeg, name: object, *, progressive: bool) -> None:
    count = part[5] if len(part) > 5 else 0
    if jpeg.components or len(part) != 6 + 3 * count:
        raise ValueError("its header is not one")
    jpeg.progressive, jpeg.precision = progressive, part[0]
    jpeg.height, jpeg.width = int.from_bytes(part[1:3]), int.from_bytes(part[3:5])
    if not (jpeg.width and jpeg.height):
        raise ValueError(f"{jpeg.width} x {jpeg.height} pixels cannot be")
    if jpeg.precision != 8:
        raise UnsupportedError(f"JPEG with samples of {jpeg.precision} bits")
    if not 1 <= count <= 4:
        raise UnsupportedError(f"JPEG of {count} components")
    require_within_limits((jpeg.width, jpeg.height), 1, count, name)
    for n in range(count):
        number, factors, quantisation = part[6 + 3 * n : 9 + 3 * n]
        if not (0 < factors >> 4 <= 4 and 0 < factors & 15 <= 4):
            raise ValueError("its header is not one")
        jpeg.components.append(_Component(number, factors >> 4, factors & 15, quantisation))
    across, down = (max(c.across for c in jpeg.components), max(c.down for c in jpeg.components))
    for component in jpeg.components:
        wide = -(-jpeg.width * component.across // across)
        high = -(-jpeg.height * component.down // down)
        component.blocks = -(-wide // 8), -(-high // 8)


def _scan(content: bytes, place: int, part: bytes, jpeg: Jpeg) -> int:
    """Follow a scan; return where the next marker begins."""
    jpeg.scans += 1
    if jpeg.scans > _MOST_SCANS:
        raise ValueError(f"it has more than {_MOST_SCANS} scans")
    count = part[0] if part else 0
    if not jpeg.components or not 0 < count <= 4 or len(part) != 4 + 2 * count:
        raise ValueError("the header of a scan is not one")
    chosen = []
    for n in range(count):
        found = [c for c in jpeg.components if c.number == part[1 + 2 * n]]
        if not found or found[0].quantisation not in jpeg.quantisations:
            raise ValueError("a scan refers to what there is not")
        chosen.append((found[0], part[2 + 2 * n] >> 4, part[2 + 2 * n] & 15))
    first, last, before, low = part[-3], part[-2], part[-1] >> 4, part[-1] & 15
    mode = _mode(jpeg, count, first, last, before)
    if mode == SEQUENTIAL:
        first, last, before, low = 0, 63, 0, 0
    for component, *_ in chosen:
        _note_bits(component, first, last, before, low)
    end = _END_OF_SCAN.search(content, place)
    if end is None:
        raise ValueError(_ENDS)
    data = content[place : end.start()]
    if mode in (AC_FIRST, AC_REFINED):
        only = chosen[0][0]
        if only.nonzero is None:
            only.nonzero = np.zeros((only.blocks[0] * only.blocks[1], 64), np.uint8)
    divisors = [jpeg.quantisations[c.quantisation] << low for c, *_ in chosen]
    highest = np.array([_HIGHEST // divisor + 2 for divisor in divisors])
    _follow_scan(data.rstrip(b"\xff"), jpeg, chosen, mode, (first, last), highest)
    return end.start()


def _note_bits(component: _Component, first: int, last: int, before: int, low: int) -> None:
    """Note which bits of which coefficients a scan brings; each scan goes on where another ended."""
    known = component.missing[first : last + 1]
    if (known != (before or -1)).any() or (before and low != before - 1):
        raise ValueError("its scans do not follow one another")
    known[:] = low


def _mode(jpeg: Jpeg, count: int, first: int, last: int, before: int) -> int:
    if not jpeg.progressive:
        return SEQUENTIAL  # some encoders write other numbers there, which decoders pass over
    if first == 0 and last == 0:
        return DC_REFINED if before else DC_FIRST
    if count != 1 or not 0 < first <= last < 64:
        raise ValueError("the header of a scan is not one")
    return AC_REFINED if before else AC_FIRST


def _follow_scan(
    data: bytes,
    jpeg: Jpeg,
    chosen: list[tuple[_Component, int, int]],
    mode: int,
    band: tuple[int, int],
    highest: NDArray[np.int64],
) -> None:
    tables, dc, ac, of = _tables(jpeg, chosen, mode)
    if len(chosen) == 1:
        units = chosen[0][0].blocks[0] * chosen[0][0].blocks[1]
    else:
        across, down = max(c.across for c in jpeg.components), max(c.down for c in jpeg.components)
        units = -(-jpeg.width // (8 * across)) * -(-jpeg.height // (8 * down))
    nonzero = chosen[0][0].nonzero
    if nonzero is None:
        nonzero = np.zeros((1, 64), np.uint8)
    each = jpeg.restart or units
    pieces = _RESTART.split(data)
    if len(pieces[::2]) != -(-units // each) or any(
        restart[0] != 0xD0 + n % 8 for n, restart in enumerate(pieces[1::2])
    ):
        raise ValueError("it lacks a part of the picture, or has one too many")
    first, last = band
    for n, piece in enumerate(pieces[::2]):
        bare = piece.replace(b"\xff\x00", b"\xff")
        padded = np.frombuffer(bare + bytes(PADDING), np.uint8)
        here = min(each, units - n * each)
        taken = follow(
            padded, 8 * len(bare), tables, dc, ac, here, first, last, mode, nonzero, n * each, of, highest
        )
        rest = bare[(taken + 7) // 8 :]
        if taken < 0 or (rest.strip(b"\0") and rest.strip(b"\xff")):
            raise ValueError("its coded pixels are wrong or end too early")


def _tables(
    jpeg: Jpeg, chosen: list[tuple[_Component, int, int]], mode: int
) -> tuple[NDArray[np.uint16], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the code tables of a scan; for each block of a unit the rows of its two, and its component."""
    dc_used, ac_used = mode in (SEQUENTIAL, DC_FIRST), mode in (SEQUENTIAL, AC_FIRST, AC_REFINED)
    rows: list[NDArray[np.uint16]] = []
    dc: list[int] = []
    ac: list[int] = []
    of: list[int] = []
    for n, (component, dc_id, ac_id) in enumerate(chosen):
        blocks = 1 if len(chosen) == 1 else component.across * component.down
        of += [n] * blocks
        for used, key, kept in ((dc_used, dc_id, dc), (ac_used, 16 + ac_id, ac)):
            if used and key not in jpeg.tables:
                raise ValueError("a scan refers to what there is not")
            kept += [len(rows)] * blocks
            rows.append(jpeg.tables[key] if used else np.zeros(CODES, np.uint16))
    return np.stack(rows), np.array(dc), np.array(ac), np.array(of)
