"""TIFF, one page or a stack of pages, as its own tags describe it.

Libraries read some TIFFs wrongly without a word (16-bit colour in planes as 8-bit, palettes as grey, pages
upside down). So the tags are read and the pixels put together here; libtiff and zlib unpack bytes.
"""

from __future__ import annotations

import lzma
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.limits import require_within_limits
from radiomics_screen.imaging.loaded_image import Applied, Calibration, LoadedImage
from radiomics_screen.imaging.pixels import ALPHA, PIXELS_ONLY
from radiomics_screen.imaging.reading._ifd import Directory, ReadAt, directories
from radiomics_screen.imaging.reading._orientation import swaps_axes, turning, upright
from radiomics_screen.imaging.reading._tiff_colours import has_alpha, keeps_bits, shown
from radiomics_screen.imaging.reading._tiff_layout import Layout
from radiomics_screen.imaging.reading._tiff_page import (
    REDUCED,
    TRANSPARENCY,
    WHITE_IS_ZERO,
    Page,
    page_of,
    subfile_of,
)
from radiomics_screen.imaging.reading._tiff_pixels import stored_samples
from radiomics_screen.imaging.reading._tiff_scale import layout_of, print_spacing_mm
from radiomics_screen.imaging.reading._unsupported import UnsupportedError
from radiomics_screen.imaging.reading.formats import (
    FORMATS,
    Format,
    as_picture,
    calibrated,
    damaged,
    first_bytes,
    shortened,
)
from radiomics_screen.imaging.reading.raster import note_print_resolution

_MAGICS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_REASONS = (
    OSError, ValueError, IndexError, OverflowError, SyntaxError, struct.error, zlib.error, lzma.LZMAError
)  # fmt: skip # what broken tags and packed bytes lead to


@dataclass(frozen=True)
class _Stack:
    """All pages of the picture, upright, and what their tags say."""

    array: NDArray[Any]
    first: Page
    layout: Layout
    print_mm: tuple[float, float]
    keeps_bits: bool


def can_read(path: Path) -> bool:
    """Return whether the first bytes of the file are those of this format."""
    return first_bytes(path, 4) in _MAGICS


def read(path: Path) -> LoadedImage:
    """Return the image in the file, upright; bright is high."""
    return _loaded(_stack(path, as_mask=False), inverted=True)


def read_mask(path: Path, image: LoadedImage | None) -> LoadedImage:
    """Return the mask in the file, upright, values as stored, but for bits where white is zero."""
    stack = _stack(path, as_mask=True)
    inverted = stack.first.bits == 1 and not stack.keeps_bits
    if stack.first.photometric == WHITE_IS_ZERO:
        how = "it was taken as shown, white as 255" if inverted else "its values were taken as stored"
        add_remark(f"the mask's TIFF shows 0 as white: {how}")
    return _loaded(stack, inverted=inverted, as_mask=True)


def _stack(path: Path, *, as_mask: bool) -> _Stack:
    try:
        with path.open("rb") as file:
            file_size = path.stat().st_size
            at = _reader(file, file_size)
            chosen = _of_the_picture(directories(at))
            pages = [page_of(tags) for tags in chosen]
            first = pages[0]
            layout = layout_of(first.tags, len(pages), first.samples)
            _require_alike(path, pages)
            shape = (first.width, first.height, len(pages))
            require_within_limits(shape, first.bytes_per_sample, first.samples, path)
            print_mm, as_bits = print_spacing_mm(first.tags), keeps_bits(first)
            pages = [pages[n] for n in layout.order] or pages
            array = np.stack([_upright(page, at, file_size, as_mask=as_mask) for page in pages])
    except UnsupportedError as error:
        raise ReadError(
            f"{path}: TIFF with {error}, which is not read; save the one grey or RGB picture or stack that "
            "is meant, uncompressed"
        ) from error
    except _REASONS as error:
        raise damaged(path, "TIFF", shortened(error)) from error
    return _Stack(array, first, layout, print_mm, as_bits)


def _reader(file: BinaryIO, size: int) -> ReadAt:
    def at(offset: int, count: int) -> bytes:
        if offset + count > size:
            raise ValueError("it ends before the picture does")
        file.seek(offset)
        found = file.read(count)
        if len(found) != count:
            raise ValueError("it ends before the picture does")
        return found

    return at


def _of_the_picture(found: list[Directory]) -> list[Directory]:
    """Leave out previews and transparency masks, which pages can be said to be."""
    if not found:
        raise ValueError("it holds no page")
    main = [tags for tags in found if not subfile_of(tags) & (REDUCED | TRANSPARENCY)]
    if main and len(main) < len(found):
        add_remark(
            f"TIFF of {len(found)} pages: {len(found) - len(main)} smaller copies or masks were left out"
        )
    return main or found[:1]


def _require_alike(path: Path, pages: list[Page]) -> None:
    """Refuse pages that cannot be slices of one picture."""
    for what in ("size", "pixel type"):
        kinds = {
            (page.width, page.height) if what == "size" else
            (page.bits, page.kind, page.samples, page.photometric, page.orientation)
            for page in pages
        }  # fmt: skip
        if len(kinds) > 1:
            raise ReadError(f"{path}: its {len(pages)} pages differ in {what}; save the one that is meant")


def _upright(page: Page, at: ReadAt, file_size: int, *, as_mask: bool) -> NDArray[Any]:
    return upright(shown(page, stored_samples(page, at, file_size), as_mask=as_mask), page.orientation)


def _loaded(stack: _Stack, *, inverted: bool, as_mask: bool = False) -> LoadedImage:
    count, first = len(stack.array), stack.first
    spacing, source = _spacing_mm(stack, as_mask=as_mask)
    image = as_picture(stack.array[0] if count == 1 else stack.array, spacing[:2], count)
    if count > 1:
        image.SetSpacing(spacing)
    image.SetMetaData(PIXELS_ONLY, "1")
    if has_alpha(first):
        image.SetMetaData(ALPHA, "1")
    applied: tuple[Applied, ...] = ()
    if inverted and first.photometric == WHITE_IS_ZERO:
        applied = (Applied("inverted"),)
    if source:
        calibrations: tuple[Calibration, ...] = (Calibration((spacing[0], spacing[1]), source),)
    else:
        calibrations = calibrated(image, "XResolution, YResolution")
    return LoadedImage(image, calibrations=calibrations, applied=(*applied, *turning(first.orientation)))


def _spacing_mm(stack: _Stack, *, as_mask: bool) -> tuple[tuple[float, float, float], str]:
    """Return (x, y, z) and who states it, with a remark; "" for the print resolution, and 1 by default."""
    count, stated = len(stack.array), stack.layout.spacing_mm
    if stated is None:
        x, y = stack.print_mm if count == 1 and not stack.layout.unscaled else (1.0, 1.0)
        z, source = None, ""
    else:
        (x, y, z), source = stated, stack.layout.source
        depth = f" and {z:.4g} mm between slices" if z and count > 1 else ""
        add_remark(f"pixel size {x:.4g} x {y:.4g} mm{depth} as the file's {source} description states it")
    if swaps_axes(stack.first.orientation):
        x, y = y, x
    if stated is None:
        note_print_resolution(x, y)
    if count > 1 and z is None and not as_mask:
        taken = "1 mm was taken in every direction" if stated is None else "1 mm was taken between slices"
        add_remark(f"TIFF of {count} pages: it holds no slice distance, {taken}")
    return (x, y, z or 1.0), source


FORMATS.add("tiff", Format(can_read, read, read_mask))
