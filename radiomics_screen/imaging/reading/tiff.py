"""TIFF, one page or a stack of pages.

SimpleITK reads some TIFFs wrongly without a word (tiled 16-bit pictures as 8-bit colour, palettes as
grey, white-is-zero as it stands), so the tags decide which library decodes which file.
"""

from __future__ import annotations

import logging
import struct
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import tifffile
from numpy.typing import NDArray
from PIL import Image

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.loaded_image import Applied, LoadedImage
from radiomics_screen.imaging.pixels import PIXELS_ONLY
from radiomics_screen.imaging.reading.formats import (
    FORMATS,
    Format,
    as_picture,
    calibrated,
    damaged,
    first_bytes,
    read_by,
    shortened,
)
from radiomics_screen.imaging.reading.raster import note_print_resolution

_MAGICS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_PURE_PYTHON = {1, 8, 32773, 32946}  # none, deflate, PackBits, old deflate: tifffile needs no codec for them
_WHITE_IS_ZERO, _PALETTE = 0, 3
_MM_PER_UNIT = {2: 25.4, 3: 10.0}  # resolution unit: inch, centimetre
_REASONS = (
    OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, RuntimeError, ArithmeticError,
    SyntaxError, struct.error, Image.DecompressionBombError,
)  # fmt: skip # what the two libraries raise on broken tags

# Without a handler of its own its remarks on broken tags would land on the terminal.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def can_read(path: Path) -> bool:
    """Return whether the first bytes of the file are those of this format."""
    return first_bytes(path, 4) in _MAGICS


def read(path: Path) -> LoadedImage:
    """Return the image in the file."""
    try:
        with tifffile.TiffFile(path) as file:
            pages = [page.aspage() for page in file.pages]
            if not pages:
                raise damaged(path, "TIFF", "it holds no page")
            if _next_page_offset(path, file, pages[-1]):
                raise damaged(path, "TIFF", f"pages after the first {len(pages)} are missing")
            if len({page.shape for page in pages}) > 1:
                raise ReadError(f"{path}: its {len(pages)} pages differ in size; save the one that is meant")
            array = np.stack([_decoded(path, page, number) for number, page in enumerate(pages)])
            spacing_mm = _spacing_mm(pages[0])
            inverted = any(_is_inverted(page) for page in pages)
    except _REASONS as error:
        raise damaged(path, "TIFF", shortened(error)) from error
    image = as_picture(array[0] if len(array) == 1 else array, spacing_mm, len(array))
    if len(array) > 1:
        add_remark(
            f"TIFF of {len(array)} pages: it holds no slice distance, 1 mm was taken in every direction"
        )
    note_print_resolution(image)
    image.SetMetaData(PIXELS_ONLY, "1")
    return LoadedImage(
        image,
        calibrations=calibrated(image, "XResolution, YResolution"),
        applied=(Applied("inverted"),) if inverted else (),
    )


def _is_inverted(page: tifffile.TiffPage) -> bool:
    return int(page.photometric) == _WHITE_IS_ZERO


def _next_page_offset(path: Path, file: tifffile.TiffFile, page: tifffile.TiffPage) -> int:
    """Return where `page` says that the next one begins: tifffile drops pages that it cannot find."""
    order, big = file.byteorder, file.is_bigtiff
    count_type, entry, offset_type = ("Q", 20, "Q") if big else ("H", 12, "I")
    with path.open("rb") as raw:
        raw.seek(page.offset)
        count_bytes = raw.read(struct.calcsize(count_type))
        (count,) = struct.unpack(order + count_type, count_bytes)
        raw.seek(count * entry, 1)
        (offset,) = struct.unpack(order + offset_type, raw.read(struct.calcsize(offset_type)))
    return int(offset)


def _decoded(path: Path, page: tifffile.TiffPage, number: int) -> NDArray[np.generic]:
    """Return the pixels of one page, (y, x) or (y, x, colour), bright is high."""
    compression, photometric = int(page.compression), int(page.photometric)
    if photometric == _PALETTE or (compression not in _PURE_PYTHON and page.bitspersample <= 8):
        return _by_pillow(path, number)
    if compression in _PURE_PYTHON:
        array = page.asarray()
        if page.samplesperpixel > 1 and int(page.planarconfig) == 2:  # one plane a colour
            array = np.moveaxis(array, 0, -1)
    elif page.is_tiled or number:
        raise ReadError(
            f"{path}: TIFF in tiles or pages with compression {compression}; save it uncompressed"
        )
    else:
        array = sitk.GetArrayFromImage(read_by(path, "TIFFImageIO"))
    if array.dtype == bool:
        array = array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    if photometric == _WHITE_IS_ZERO:
        top = (1 << page.bitspersample) - 1 if array.dtype.kind == "u" else 0
        array = (top - array.astype(np.int64 if array.dtype.kind in "iu" else np.float64)).astype(array.dtype)
    return array


def _by_pillow(path: Path, number: int) -> NDArray[np.generic]:
    with Image.open(path, formats=["TIFF"]) as picture:
        picture.seek(number)
        grey_modes = ("1", "L", "LA", "RGB", "RGBA")
        array = np.asarray(picture if picture.mode in grey_modes else picture.convert("RGB"))
    return array.astype(np.uint8) * np.uint8(255) if array.dtype == bool else array


def _spacing_mm(page: tifffile.TiffPage) -> tuple[float, float]:
    """Return (x, y) by the resolution tags, as SimpleITK does; 1 where they name no unit."""
    unit = page.tags.valueof("ResolutionUnit", default=1)
    per_unit = [page.tags.valueof(f"{axis}Resolution", default=None) for axis in "XY"]
    if int(unit) not in _MM_PER_UNIT or not all(r and r[0] and r[1] for r in per_unit):
        return 1.0, 1.0
    x, y = (_MM_PER_UNIT[int(unit)] * r[1] / r[0] for r in per_unit)
    return x, y


FORMATS.add("tiff", Format(can_read, read))
