"""PNG, JPEG and BMP."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from PIL.BmpImagePlugin import BmpImageFile
from PIL.JpegImagePlugin import JpegImageFile

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.limits import require_bytes_within_limits, require_within_limits
from radiomics_screen.imaging.loaded_image import Applied, LoadedImage
from radiomics_screen.imaging.pixels import ALPHA, PIXELS_ONLY
from radiomics_screen.imaging.reading._ifd import exif_orientation
from radiomics_screen.imaging.reading._jpeg_stream import require_sound
from radiomics_screen.imaging.reading._orientation import swaps_axes, turning, upright
from radiomics_screen.imaging.reading._png import (
    GREY_WITH_ALPHA,
    SIGNATURE,
    Png,
    has_transparent_pixels,
    read_parts,
    scale,
    shown_pixels,
)
from radiomics_screen.imaging.reading._unsupported import UnsupportedError
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

JPEG = b"\xff\xd8\xff"
BMP = b"BM"
_BMP_HEADER = 26


def can_read(path: Path) -> bool:
    """Return whether the first bytes of the file are those of this format."""
    return first_bytes(path, 8).startswith((SIGNATURE, JPEG, BMP))


def read(path: Path) -> LoadedImage:
    """Return the image in the file, upright."""
    require_bytes_within_limits(path.stat().st_size, path)
    head = first_bytes(path, 32)
    applied: tuple[Applied, ...] = ()
    if head.startswith(SIGNATURE):
        image, applied = _read_png(path)
        field = "sCAL"
    elif head.startswith(JPEG):
        image, applied = _read_jpeg(path)
        field = "JFIF density"
    else:
        image, field = _read_bmp(path, head), ""
    image.SetMetaData(PIXELS_ONLY, "1")
    return LoadedImage(image, calibrations=calibrated(image, field), applied=applied)


def _read_png(path: Path) -> tuple[sitk.Image, tuple[Applied, ...]]:
    png = read_parts(path, path.read_bytes())
    values, alpha = shown_pixels(png)
    if png.colour == GREY_WITH_ALPHA and png.depth == 16:
        values = _opaque(path, values)
        alpha = False
    if b"tRNS" in png.others and has_transparent_pixels(png, values):
        add_remark("pixels of one colour are marked as transparent: that was ignored")
    if b"acTL" in png.others:
        add_remark("the PNG is animated: its first picture was taken")
    orientation = exif_orientation(png.others.get(b"eXIf", b""))
    image = as_picture(upright(values, orientation) if orientation != 1 else values)
    _calibrate(image, png, orientation)
    if alpha:
        image.SetMetaData(ALPHA, "1")
    return image, turning(orientation)


def _opaque(path: Path, values: NDArray[Any]) -> NDArray[Any]:
    """Return 16-bit grey without its alpha: SimpleITK has no pixel type for both."""
    if (values[..., 1] != 0xFFFF).any():
        raise ReadError(f"{path}: 16-bit grey with transparency; save it without the alpha channel")
    return values[..., 0]


def _calibrate(image: sitk.Image, png: Png, orientation: int) -> None:
    spacing = scale(png)
    if spacing is None or spacing == (1.0, 1.0):
        return
    x, y = spacing[::-1] if swaps_axes(orientation) else spacing
    image.SetSpacing((x, y))
    add_remark(
        f"pixel spacing {x:.4g} x {y:.4g} mm is that of the PNG's part sCAL, taken in mm as SimpleITK "
        "writes it: check that it is true"
    )


def _read_jpeg(path: Path) -> tuple[sitk.Image, tuple[Applied, ...]]:
    try:
        content = path.read_bytes()
        jpeg = require_sound(content, name=path)
        _require_decodable(content, (jpeg.width, jpeg.height))
        image = read_by(path, "JPEGImageIO")
    except UnsupportedError as error:
        raise ReadError(f"{path}: {error} is not read; save it as grey or RGB, best as PNG") from error
    except (ValueError, IndexError, RuntimeError, OSError, SyntaxError) as error:
        raise damaged(path, "JPEG", shortened(error)) from error
    if image.GetSize() != (jpeg.width, jpeg.height):
        raise damaged(path, "JPEG", "it unpacks to another size than it states")
    orientation = exif_orientation(jpeg.exif)
    if steps := turning(orientation):
        x, y = image.GetSpacing()
        array = upright(sitk.GetArrayViewFromImage(image), orientation)
        image = as_picture(array, (y, x) if swaps_axes(orientation) else (x, y))
        note_print_resolution(*image.GetSpacing()[:2])
        return image, steps
    note_print_resolution(*image.GetSpacing()[:2])
    return image, ()


def _require_decodable(content: bytes, size: tuple[int, int]) -> None:
    """Decode at an eighth of the size: SimpleITK only warns, and goes on, where libjpeg gives up."""
    with JpegImageFile(BytesIO(_without_remarks(content))) as picture:
        if picture.size != size:
            raise ValueError("it states several sizes")
        picture.draft(picture.mode, (size[0] // 8 or 1, size[1] // 8 or 1))
        picture.load()


def _without_remarks(content: bytes) -> bytes:
    """Leave out the parts before the picture that Pillow parses and warns of: Exif and several pictures."""
    kept, place = content[:2], 2
    while content[place : place + 1] == b"\xff" and 0xE0 <= content[place + 1] <= 0xFE:
        end = place + 2 + int.from_bytes(content[place + 2 : place + 4])
        if content[place + 1] not in (0xE1, 0xE2):
            kept += content[place:end]
        place = end
    return kept + content[place:]


def _read_bmp(path: Path, head: bytes) -> sitk.Image:
    if len(head) < _BMP_HEADER:
        raise damaged(path, "BMP", "it ends before the picture does")
    old = struct.unpack_from("<I", head, 14)[0] == 12
    width, height = struct.unpack_from("<HH" if old else "<ii", head, 18)
    require_within_limits((abs(width), abs(height)), 1, 3, path)
    try:
        with BmpImageFile(path) as picture:  # not by Image.open, which has limits of its own
            array = np.asarray(picture.convert("RGB") if picture.mode == "P" else picture)
    except (OSError, ValueError, SyntaxError, OverflowError, struct.error) as error:
        raise damaged(path, "BMP", shortened(error)) from error
    if array.dtype == bool:
        array = array.astype(np.uint8) * np.uint8(255)
    image = as_picture(array)
    if array.ndim == 3 and array.shape[2] == 4:
        image.SetMetaData(ALPHA, "1")
    return image


def note_print_resolution(x_mm: float, y_mm: float) -> None:
    """Say so where the spacing is what a printer was told: it is seldom the size of a pixel in the body."""
    if not np.allclose((x_mm, y_mm), 1.0, rtol=0.0, atol=1e-6):
        add_remark(
            f"pixel spacing {x_mm:.4g} x {y_mm:.4g} mm is the picture's print resolution: "
            "check that it is true"
        )


FORMATS.add("raster", Format(can_read, read))
