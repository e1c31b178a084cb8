"""NIfTI, NRRD and MetaImage."""

from __future__ import annotations

import gzip
import struct
import zlib
from math import isfinite, prod
from pathlib import Path

from radiomics_screen.core.errors import ReadError
from radiomics_screen.imaging.loaded_image import Calibration, LoadedImage, Rescale
from radiomics_screen.imaging.reading.formats import FORMATS, Format, damaged, first_bytes, read_by, shortened

_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20
_PLAIN_ENDINGS = (".nii", ".hdr", ".img")
_PACKED_ENDINGS = (".nii.gz", ".hdr.gz", ".img.gz")
_SPACING_FIELDS = {
    "NrrdImageIO": ("space directions", "spacings"),
    "MetaImageIO": ("ElementSpacing", "ElementSize"),
}
_NAMES = {"NiftiImageIO": "NIfTI", "NrrdImageIO": "NRRD", "MetaImageIO": "MetaImage"}


def can_read(path: Path) -> bool:
    """Return whether the first bytes of the file are those of this format."""
    head = first_bytes(path)
    return bool(_reader_of(_unzipped(path) if head[:2] == _GZIP else head))


def read(path: Path) -> LoadedImage:
    """Return the image in the file."""
    head = first_bytes(path, 600)
    zipped = head.startswith(_GZIP)
    if zipped:
        head = _unzipped(path)
    reader = _reader_of(head)
    if reader == "NiftiImageIO":
        endings = _PACKED_ENDINGS if zipped else (*_PACKED_ENDINGS, *_PLAIN_ENDINGS)
        if not path.name.lower().endswith(endings):  # ITK goes by the name
            wanted = ".nii.gz" if zipped else ".nii"
            raise ReadError(f"{path}: is a NIfTI file by its content; give it the ending {wanted}")
        _check_length(path, head, zipped)
    try:
        image = read_by(path, reader)
    except RuntimeError as error:
        raise damaged(path, _NAMES[reader], shortened(error)) from error
    rescale = _nifti_rescale(head) if reader == "NiftiImageIO" else None
    x, y = image.GetSpacing()[:2]
    field = _spacing_field(path, reader)
    return LoadedImage(
        image,
        calibrations=(Calibration((x, y), field),) if field else (),
        rescales=(rescale,) if rescale else (),
        applied=(rescale.applied(),) if rescale else (),
    )


def _spacing_field(path: Path, reader: str) -> str:
    """Return the field of the header that gives the spacing; nothing where the header has none."""
    if reader == "NiftiImageIO":
        return "pixdim"
    head = first_bytes(path, 4096)
    return next((field for field in _SPACING_FIELDS[reader] if field.encode() in head), "")


def _nifti_rescale(head: bytes) -> Rescale | None:
    """Return scl_slope and scl_inter as ITK applies them; None where they change nothing."""
    for order in "<>":
        (size,) = struct.unpack_from(f"{order}i", head)
        if size == 348:
            slope, intercept = struct.unpack_from(f"{order}2f", head, 112)
        elif size == 540:
            slope, intercept = struct.unpack_from(f"{order}2d", head, 176)
        else:
            continue
        if not isfinite(slope) or not isfinite(intercept) or slope == 0 or (slope, intercept) == (1, 0):
            return None
        return Rescale(slope, intercept)
    return None


def _reader_of(head: bytes) -> str:
    """Return SimpleITK's name for the reader, or nothing."""
    if head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0"):
        return "NiftiImageIO"
    if head.startswith(b"NRRD000"):
        return "NrrdImageIO"
    text = head.lstrip().split(b"=", 1)[0].strip()
    return "MetaImageIO" if b"=" in head and text in (b"ObjectType", b"NDims", b"Comment") else ""


def _unzipped(path: Path) -> bytes:
    """Return the first bytes of a packed NIfTI file; nothing for anything else."""
    try:
        head = zlib.decompressobj(wbits=31).decompress(first_bytes(path, 4096), 600)
    except zlib.error:
        return b""
    return head if _reader_of(head) == "NiftiImageIO" else b""


def _check_length(path: Path, head: bytes, zipped: bool) -> None:
    """Make sure the whole image is there: ITK silently fills what is missing from NIfTI with zeros."""
    needed = _nifti_length(path, head)
    data = path
    if head[344:347] == b"ni1" or head[4:7] == b"ni2":  # header and data in two files
        data = next((p for p in (path.with_suffix(".img"), path.with_suffix(".img.gz")) if p.is_file()), path)
        zipped = data.suffix == ".gz"
    found = _unzipped_length(data) if zipped else data.stat().st_size
    if found < needed:
        raise damaged(path, "NIfTI", f"it ends after {found} of {needed} bytes")


def _nifti_length(path: Path, head: bytes) -> int:
    """Return how many bytes header and data take (NIfTI-1 and NIfTI-2, either byte order)."""
    for order in "<>":
        (size,) = struct.unpack_from(f"{order}i", head)
        if size == 348 and len(head) >= 348:
            dim = struct.unpack_from(f"{order}8h", head, 40)
            (bits,) = struct.unpack_from(f"{order}h", head, 72)
            (offset,) = struct.unpack_from(f"{order}f", head, 108)
        elif size == 540 and len(head) >= 540:
            (bits,) = struct.unpack_from(f"{order}h", head, 14)
            dim = struct.unpack_from(f"{order}8q", head, 16)
            (offset,) = struct.unpack_from(f"{order}q", head, 168)
        else:
            continue
        if 1 <= dim[0] <= 7 and all(n > 0 for n in dim[1 : dim[0] + 1]) and 0 <= offset < 2**40 and bits > 0:
            return int(offset) + prod(dim[1 : dim[0] + 1]) * bits // 8
        break
    raise damaged(path, "NIfTI", "its header holds impossible sizes")


def _unzipped_length(path: Path) -> int:
    """Return the unpacked size, having checked the whole stream against its checksum."""
    length = 0
    try:
        with gzip.open(path) as file:
            while chunk := file.read(_CHUNK):
                length += len(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged(path, "gzip file", shortened(error)) from error
    return length


FORMATS.add("volume", Format(can_read, read))
