"""PNG, JPEG and BMP."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from PIL import Image

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.loaded_image import LoadedImage
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
from radiomics_screen.imaging.reading.grey_png import SIGNATURE, checked_parts, grey_pixels

JPEG = b"\xff\xd8\xff"
BMP = b"BM"
GREY, GREY_WITH_ALPHA = 0, 4  # PNG colour types
NOT_INTERLACED = 0


def can_read(path: Path) -> bool:
    """Return whether the first bytes of the file are those of this format."""
    return first_bytes(path, 8).startswith((SIGNATURE, JPEG, BMP))


def read(path: Path) -> LoadedImage:
    """Return the image in the file."""
    head = first_bytes(path, 32)
    if head.startswith(SIGNATURE):
        image, field = _read_png(path, head), "sCAL"
    elif head.startswith(JPEG):
        image, field = _read_jpeg(path), "JFIF density"
    else:
        image, field = _read_by_pillow(path, "BMP"), ""
    image.SetMetaData(PIXELS_ONLY, "1")
    return LoadedImage(image, calibrations=calibrated(image, field))


def _read_png(path: Path, head: bytes) -> sitk.Image:
    depth, colour = (head[24], head[25]) if len(head) > 25 else (0, 0)
    if colour == GREY_WITH_ALPHA:  # SimpleITK has no pixel type for two components
        if depth == 16:
            raise ReadError(f"{path}: 16-bit grey with transparency; save it without the alpha channel")
        return _read_by_pillow(path, "PNG")
    if colour == GREY and depth in (1, 8):  # most images and masks; SimpleITK takes twice as long
        content = path.read_bytes()
        header, compressed = checked_parts(path, content)
        if depth == 8 and header[12] == NOT_INTERLACED:
            return as_picture(grey_pixels(path, header, compressed))
        return _read_by_pillow(path, "PNG", content)
    try:
        return read_by(path, "PNGImageIO")
    except RuntimeError as error:
        raise damaged(path, "PNG", shortened(error)) from error


def _read_jpeg(path: Path) -> sitk.Image:
    content = path.read_bytes()
    # libjpeg fills the missing part of a shortened file with grey and only warns.
    if content.rfind(b"\xff\xd9") < content.rfind(b"\xff\xda"):
        raise damaged(path, "JPEG", "it ends before the picture does")
    try:
        image = read_by(path, "JPEGImageIO")
    except RuntimeError as error:
        raise damaged(path, "JPEG", shortened(error)) from error
    note_print_resolution(image)
    return image


def _read_by_pillow(path: Path, kind: str, content: bytes | None = None) -> sitk.Image:
    try:
        with Image.open(BytesIO(content) if content else path, formats=[kind]) as picture:
            array = np.asarray(picture.convert("RGB") if picture.mode == "P" else picture)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise damaged(path, kind, shortened(error)) from error
    if array.dtype == bool:
        array = array.astype(np.uint8) * np.uint8(255)  # as SimpleITK gives a 1-bit PNG
    return as_picture(array)


def note_print_resolution(image: sitk.Image) -> None:
    """Say so where the spacing is what a printer was told: it is seldom the size of a pixel in the body."""
    if not np.allclose(image.GetSpacing(), 1.0, rtol=0.0, atol=1e-6):
        x, y = image.GetSpacing()[:2]
        add_remark(
            f"pixel spacing {x:.4g} x {y:.4g} mm is the picture's print resolution: check that it is true"
        )


FORMATS.add("raster", Format(can_read, read))
