"""PGM and its relatives PBM and PPM, plain and binary, 8 and 16 bit (netpbm's own descriptions)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.imaging.limits import require_bytes_within_limits, require_within_limits
from radiomics_screen.imaging.pixels import PIXELS_ONLY
from radiomics_screen.imaging.reading.formats import (
    FORMATS,
    Format,
    as_picture,
    damaged,
    first_bytes,
)

_MAGIC = re.compile(rb"P[1-6][\s#]")
_TOKEN = rb"(?:\s|#[^\n]*\n)+(\d{1,9})"
_COMMENT = re.compile(rb"#[^\n]*")
_ENDS = "it ends before the picture does"


def can_read(path: Path) -> bool:
    """Return whether the first bytes of the file are those of this format."""
    return _MAGIC.match(first_bytes(path, 3)) is not None


def read(path: Path) -> sitk.Image:
    """Return the image in the file."""
    require_bytes_within_limits(path.stat().st_size, path)
    content = path.read_bytes()
    kind = int(content[1:2])
    bitmap, colours, plain = kind in (1, 4), 3 if kind in (3, 6) else 1, kind <= 3
    header = re.match(rb"P\d" + _TOKEN * (2 if bitmap else 3) + (b"" if plain else rb"\s"), content)
    if header is None:
        raise damaged(path, "PGM", "its header is not complete")
    width, height, *rest = (int(number) for number in header.groups())
    top = rest[0] if rest else 1
    if not (width and height and 0 < top < 65536):
        raise damaged(path, "PGM", f"{width} x {height} pixels of 0 to {top} cannot be")
    require_within_limits((width, height), 1 if top < 256 else 2, colours, path)
    body = content[header.end() :]
    count = width * height * colours
    try:
        if bitmap:
            values = _bits(body, width, height, plain)
        else:
            values = _plain_numbers(body, count) if plain else _numbers(body, count, top)
            if int(values.max()) > top:
                raise ValueError(f"a value is above {top}, the largest that it states")
    except ValueError as error:
        raise damaged(path, "PGM", str(error)) from error
    shape = (height, width, 3) if colours == 3 else (height, width)
    image = as_picture(values.reshape(shape).astype(np.uint16 if top > 255 else np.uint8))
    image.SetMetaData(PIXELS_ONLY, "1")
    return image


def _numbers(body: bytes, count: int, top: int) -> NDArray[Any]:
    """Return binary samples."""
    depth = np.dtype(">u2" if top > 255 else "u1")
    needed = count * depth.itemsize
    if len(body) < needed:
        raise ValueError(_ENDS)
    _require_one_picture(body[needed : needed + 64])
    return np.frombuffer(body, depth, count)


def _plain_numbers(body: bytes, count: int) -> NDArray[Any]:
    """Return the numbers of a text, which must end after the last: a digit may be missing otherwise."""
    words = _COMMENT.sub(b"", body)
    if len(words) < 2 * count - 1:
        raise ValueError(_ENDS)
    if strange := re.search(rb"[^\s\d]|\d{6,}", words):
        raise ValueError(f"'{strange[0][:10].decode('latin-1')}' stands where a number should")
    values = np.fromstring(words, np.int64, sep=" ")
    if values.size < count:
        raise ValueError(_ENDS)
    if values.size > count:
        raise ValueError("it holds more numbers than its header says")
    if words[-1:].isdigit() and b"#" not in body[body.rstrip().rfind(b"\n") + 1 :]:
        raise ValueError(
            "nothing follows its last number, which may be cut off; end the file by a line break"
        )
    return np.asarray(values)


def _require_one_picture(rest: bytes) -> None:
    if _MAGIC.match(rest.lstrip()):
        raise ValueError("it holds several pictures; save the one that is meant")


def _bits(body: bytes, width: int, height: int, plain: bool) -> NDArray[np.uint8]:
    """Return 255 for white (0 in the file) and 0 for black, as for any other 1-bit picture."""
    if plain:
        digits = re.sub(rb"\s+", b"", _COMMENT.sub(b"", body))
        if strange := re.search(rb"[^01]", digits):
            raise ValueError(f"'{strange[0].decode('latin-1')}' stands where 0 or 1 should")
        if len(digits) != width * height:
            raise ValueError(_ENDS if len(digits) < width * height else "it holds more than its header says")
        black = np.frombuffer(digits, np.uint8) == ord("1")
    else:
        row = (width + 7) // 8
        if len(body) < row * height:
            raise ValueError(_ENDS)
        _require_one_picture(body[row * height : row * height + 64])
        packed = np.frombuffer(body, np.uint8, row * height)
        black = np.unpackbits(packed.reshape(height, row), axis=1)[:, :width].ravel().astype(bool)
    return np.where(black, 0, 255).astype(np.uint8)


FORMATS.add("pnm", Format(can_read, read))
