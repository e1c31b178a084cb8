"""PGM and its relatives PBM and PPM, plain and binary, 8 and 16 bit (netpbm's own descriptions)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

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


def can_read(path: Path) -> bool:
    """Return whether the first bytes of the file are those of this format."""
    return _MAGIC.match(first_bytes(path, 3)) is not None


def read(path: Path) -> sitk.Image:
    """Return the image in the file."""
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
    body = content[header.end() :]
    if bitmap:
        values = _bits(body, width, height, plain)
    elif plain:
        values = np.array([min(int(v), 65535) for v in re.sub(rb"#[^\n]*", b"", body).split() if v.isdigit()])
    else:
        depth = np.dtype(">u2" if top > 255 else "u1")
        values = np.frombuffer(body[: len(body) // depth.itemsize * depth.itemsize], depth)
    if values.size < width * height * colours:
        raise damaged(path, "PGM", "it ends before the picture does")
    shape = (height, width, 3) if colours == 3 else (height, width)
    array = values[: width * height * colours].reshape(shape).astype(np.uint16 if top > 255 else np.uint8)
    image = as_picture(array)
    image.SetMetaData(PIXELS_ONLY, "1")
    return image


def _bits(body: bytes, width: int, height: int, plain: bool) -> NDArray[np.uint8]:
    """Return 255 for white (0 in the file) and 0 for black, as for any other 1-bit picture."""
    if plain:
        black = np.array([c == ord("1") for c in re.sub(rb"#[^\n]*", b"", body) if c in b"01"], dtype=bool)
    else:
        row = (width + 7) // 8
        packed = np.frombuffer(body[: row * height], np.uint8)
        if packed.size < row * height:
            return np.zeros(0, np.uint8)
        black = np.unpackbits(packed.reshape(height, row), axis=1)[:, :width].ravel().astype(bool)
    return np.where(black, 0, 255).astype(np.uint8)


FORMATS.add("pnm", Format(can_read, read))
