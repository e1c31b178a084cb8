"""Pixels of one DICOM file: decoded by GDCM, mapped to values as the header says, and held against the file.

GDCM applies a rescale slope that it finds, and does not look everywhere. Where it would not apply what the
header says, or does not know the class of the object, it gets the bare pixels and the mapping is done here.
"""

from __future__ import annotations

import struct
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.leftovers import scratch_folder
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.limits import require_within_limits
from radiomics_screen.imaging.pixels import like
from radiomics_screen.imaging.reading.dicom.elements import (
    DOUBLE_PIXELS,
    FLOAT_PIXELS,
    INTEGER_PIXELS,
    Pixels,
    mapped,
    require_pixels,
)
from radiomics_screen.imaging.reading.dicom.header import Header
from radiomics_screen.imaging.reading.formats import damaged, read_by, shortened

_FRAMES_OF_GREY, _FRAMES_OF_COLOUR = "1.2.840.10008.5.1.4.1.1.7.3", "1.2.840.10008.5.1.4.1.1.7.4"
_ONE_FRAME = "1.2.840.10008.5.1.4.1.1.7"
_DEFLATED = "1.2.840.10008.1.2.1.99"
_BARE_TAGS = [
    "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation",
    "PlanarConfiguration", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData",
    "RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData", "BluePaletteColorLookupTableData",
]  # fmt: skip


def decode(header: Header) -> sitk.Image:
    """Return the values of one file, frames stacked along z.

    Raises
    ------
    ReadError
        The pixels cannot be decoded, or what came out is not what the file holds.
    """
    pixels = require_pixels(header.path, header.pixels)
    if pixels.tag in (FLOAT_PIXELS, DOUBLE_PIXELS):
        return _mapped(_floats(header, pixels), header)
    if not header.mapping.is_applied_by_gdcm:
        return _mapped(_stored_or_refused(header, pixels), header)
    try:
        image = read_by(header.path, "GDCMImageIO")
    except RuntimeError as failure:
        # an object that GDCM does not know, or one that its own checks do not let through
        return _mapped(_stored_or_refused(header, pixels, failure), header)
    _require_size(image, header)
    require_as_stored(sitk.GetArrayViewFromImage(image), header)
    return image


def _stored_or_refused(header: Header, pixels: Pixels, before: Exception | None = None) -> sitk.Image:
    """Return stored values; `before` is why the whole file could not be read."""
    try:
        return _stored(header)
    except (RuntimeError, ValueError, LookupError, AttributeError, TypeError, struct.error) as failure:
        raise _undecoded(header, pixels, before or failure) from failure


def _undecoded(header: Header, pixels: Pixels, failure: Exception) -> ReadError:
    """Return the error for pixels that no decoder takes: GDCM's words do not say how they are packed."""
    if pixels.fragments is None:
        return damaged(header.path, "DICOM file", shortened(failure))
    why = f"its pixels cannot be decoded as {pydicom.uid.UID(header.syntax).name} ({header.syntax})"
    return damaged(header.path, "DICOM file", why)


def _require_size(image: sitk.Image, header: Header) -> None:
    size = (header.columns, header.rows, header.frames)
    if (*image.GetSize(), 1)[:3] != size:
        found = " x ".join(map(str, image.GetSize()))
        why = f"decoded to {found} pixels, but its header declares {' x '.join(map(str, size))}"
        raise damaged(header.path, "DICOM file", why)


def require_as_stored(values: NDArray[np.generic], header: Header) -> None:
    """Hold some rows of what GDCM made of plain grey pixels against the file itself.

    Parameters
    ----------
    values
        Of the file, with rows and columns as the last two axes.
    header
        Of the file.

    Raises
    ------
    ReadError
        They differ.
    """
    pixels = header.pixels
    if pixels is None or not _is_plain(header, pixels):
        return
    values = values.reshape(header.frames, header.rows, header.columns)
    slope, intercept = header.mapping.linear[0]
    with mapped(header.path) as data:
        for frame in {0, header.frames // 2, header.frames - 1}:
            for row in {0, header.rows // 2, header.rows - 1}:
                stored = _row(data, header, pixels, frame, row)
                if not np.allclose(values[frame, row], slope * stored + intercept, rtol=1e-6, atol=1e-9):
                    raise ReadError(
                        f"{header.path}: its pixels were decoded to other values than the file holds; "
                        "convert the file to Explicit VR Little Endian (dcmconv or gdcmconv --raw)"
                    )


def _is_plain(header: Header, pixels: Pixels) -> bool:
    return (
        pixels.fragments is None
        and not pixels.is_deflated
        and pixels.tag == INTEGER_PIXELS
        and header.samples == 1
        and header.photometric in ("MONOCHROME1", "MONOCHROME2")
        and header.bits in (8, 16, 32)
        and not (pixels.order == ">" and header.bits > 16)
        and 0 < header.bits_stored <= header.bits
        and header.high_bit == header.bits_stored - 1
        and len(header.mapping.linear) == 1
    )


def _row(data: object, header: Header, pixels: Pixels, frame: int, row: int) -> NDArray[np.float64]:
    """Return stored values of one row, inverted where the photometric interpretation says so."""
    first = (frame * header.rows + row) * header.columns
    if header.bits == 8 and pixels.order == ">" and pixels.is_words:
        places = np.arange(first, first + header.columns) ^ 1
        raw = np.frombuffer(data, np.uint8)[pixels.start + places].astype(np.int64)  # type: ignore[call-overload]
    else:
        kind, start = np.dtype(f"{pixels.order}u{header.bits // 8}"), pixels.start + first * header.bits // 8
        raw = np.frombuffer(data, kind, header.columns, start).astype(np.int64)  # type: ignore[call-overload]
    raw &= (1 << header.bits_stored) - 1
    if header.is_signed:
        sign = 1 << (header.bits_stored - 1)
        raw = (raw ^ sign) - sign
    return np.asarray(_inverted(raw, header) if header.photometric == "MONOCHROME1" else raw, np.float64)


def _inverted(stored: NDArray[np.generic], header: Header) -> NDArray[np.generic]:
    highest = -1 if header.is_signed else (1 << header.bits_stored) - 1
    return np.asarray(highest - stored.astype(np.int64))


def _mapped(stored: sitk.Image, header: Header) -> sitk.Image:
    """Return values of stored ones, on the grid of the header."""
    image = stored
    if header.photometric == "MONOCHROME1":
        image = like(image, _inverted(sitk.GetArrayViewFromImage(image), header).astype(np.int32))
    linear = header.mapping.linear
    if linear != ((1.0, 0.0),):
        if (limits := header.mapping.stored_range) is not None:
            _remark_on_range(image, limits)
        image = like(image, _linear(sitk.GetArrayViewFromImage(image), linear))
    _place(image, header)
    return image


def _linear(stored: NDArray[np.generic], linear: tuple[tuple[float, float], ...]) -> NDArray[np.generic]:
    """Apply one slope and intercept, or one of each frame; whole numbers stay whole."""
    is_whole = stored.dtype.kind in "iu" and all(float(n).is_integer() for pair in linear for n in pair)
    values = stored.astype(np.float64)
    for frame, (slope, intercept) in enumerate(linear):
        part = values if len(linear) == 1 else values[frame]
        part *= slope
        part += intercept
    if is_whole and np.abs(values).max() < 2**31:
        return values.astype(np.int32)
    return values


def _remark_on_range(stored: sitk.Image, limits: tuple[float, float]) -> None:
    values = sitk.GetArrayViewFromImage(stored)
    outside = int(np.count_nonzero((values < limits[0]) | (values > limits[1])))
    if outside:
        add_remark(
            f"{outside} pixels lie outside the stored values {limits[0]:g} to {limits[1]:g} that the real "
            "world values are defined for; they were mapped alike"
        )


def _place(image: sitk.Image, header: Header) -> None:
    """Give bare pixels the place of the first frame."""
    if header.positions_mm:
        image.SetOrigin(header.positions_mm[0])
    if header.axes is not None:
        normal = np.cross(header.axes[:3], header.axes[3:])
        columns = np.stack([header.axes[:3], header.axes[3:], normal / np.linalg.norm(normal)], axis=1)
        with suppress(RuntimeError):  # ITK refuses axes that span no space
            image.SetDirection(columns.ravel().tolist())


def _floats(header: Header, pixels: Pixels) -> sitk.Image:
    """Return float pixel data, which GDCM does not know."""
    bits = 32 if pixels.tag == FLOAT_PIXELS else 64
    shape = (header.frames, header.rows, header.columns)
    needed = require_within_limits(shape, bits / 8, header.samples, header.path)
    if pixels.fragments is not None or pixels.is_deflated or header.samples != 1 or pixels.length < needed:
        raise damaged(header.path, "DICOM file", f"its float pixels take {pixels.length} of {needed} bytes")
    with mapped(header.path) as data:
        kind = np.dtype(f"{pixels.order}f{bits // 8}")
        values = np.frombuffer(data, kind, needed // kind.itemsize, pixels.start).astype(
            kind.newbyteorder("=")
        )
    return sitk.GetImageFromArray(values.reshape(shape))


def _stored(header: Header) -> sitk.Image:
    """Return stored values: GDCM reads a copy that holds pixels and nothing that changes them."""
    with warnings.catch_warnings(), scratch_folder("radiomics-screen-") as folder:
        warnings.simplefilter("ignore")
        bare = pydicom.dcmread(header.path, force=True, specific_tags=_BARE_TAGS)
        if header.photometric == "MONOCHROME1":
            bare.PhotometricInterpretation = "MONOCHROME2"
        if header.frames == 1 and "NumberOfFrames" in bare:
            del bare.NumberOfFrames
        frames = _FRAMES_OF_COLOUR if header.samples > 1 else _FRAMES_OF_GREY
        bare.SOPClassUID = frames if header.frames > 1 else _ONE_FRAME
        bare.SOPInstanceUID = generate_uid(entropy_srcs=[str(header.path)])
        meta = pydicom.dataset.FileMetaDataset()
        plain = header.syntax in ("", _DEFLATED)
        meta.TransferSyntaxUID = ExplicitVRLittleEndian if plain else pydicom.uid.UID(header.syntax)
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = bare.SOPClassUID, bare.SOPInstanceUID
        bare.file_meta = meta
        path = Path(folder) / "bare.dcm"
        bare.save_as(path, enforce_file_format=True)
        image = read_by(path, "GDCMImageIO")
    _require_size(image, header)
    if image.GetDimension() == 2:
        image = sitk.JoinSeries([image])
    return image
