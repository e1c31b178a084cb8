"""The header of a MetaImage file (format definition: https://itk.org/Wiki/ITK/MetaIO/Documentation)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from radiomics_screen.imaging.reading._data_files import named_files
from radiomics_screen.imaging.reading._declared import Declared
from radiomics_screen.imaging.reading.formats import damaged, first_bytes

_LONGEST = 1 << 20
_KINDS = {
    "MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2", "MET_INT": "i4",
    "MET_UINT": "u4", "MET_LONG": "i4", "MET_ULONG": "u4", "MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4", "MET_DOUBLE": "f8",
}  # fmt: skip
_YES = ("true", "t", "1", "yes")
_RESCALE = ("elementtointensityfunctionslope", 1.0), ("elementtointensityfunctionoffset", 0.0)


def data_files(path: Path) -> list[Path]:
    """Return the files that hold the data of a detached header; none where they follow in the file."""
    fields, lines, _ = _fields(path)
    value = fields.get("elementdatafile", "LOCAL")
    return [] if value.upper() == "LOCAL" else named_files(path, _without_dimension(value), lines)


def declared_in(path: Path) -> Declared:
    """Return what the header of a MetaImage file declares.

    Raises
    ------
    ReadError
        The header is damaged.
    """
    fields, lines, length = _fields(path)
    try:
        sizes = tuple(int(float(size)) for size in fields["dimsize"].split())
        channels = int(fields.get("elementnumberofchannels", "1"))
        dimension, skipped = int(fields["ndims"]), int(fields.get("headersize", "0"))
        value = fields["elementdatafile"]
    except (KeyError, ValueError, OverflowError) as error:  # an infinite size
        raise damaged(path, "MetaImage", f"its header holds no proper sizes ({error})") from error
    if len(sizes) != dimension or min(sizes) < 1 or channels < 1 or not value:
        raise damaged(path, "MetaImage", "its header holds impossible sizes")
    is_local = value.upper() == "LOCAL"
    files = [path] if is_local else named_files(path, _without_dimension(value), lines)
    if len(files) not in (1, sizes[-1]):
        raise damaged(path, "MetaImage", f"it names {len(files)} data files for {sizes[-1]} slices")
    code = _KINDS.get(fields.get("elementtype", "").upper())
    is_packed = fields.get("compresseddata", "").lower() in _YES
    is_text = fields.get("binarydata", "true").lower() not in _YES
    big = fields.get("binarydatabyteordermsb", fields.get("elementbyteordermsb", "")).lower() in _YES
    is_measured = code is not None and (not is_packed or skipped == 0)
    header_bytes = length if is_local else 0
    return Declared(
        "MetaImage",
        sizes,
        np.dtype((">" if big else "<") + code) if is_measured and code else None,
        channels,
        "gzip" if is_packed else "text" if is_text else "raw",
        tuple(files),
        None if skipped < 0 else 0 if is_packed else header_bytes + skipped,
        header_bytes,
    )


def unapplied_rescale(path: Path) -> tuple[float, float] | None:
    """Return slope and offset that the header has for its values; None where they change nothing."""
    fields, _, _ = _fields(path)
    try:
        slope, offset = (float(fields.get(name, default)) for name, default in _RESCALE)
    except ValueError:
        return None
    return None if (slope, offset) == (1.0, 0.0) else (slope, offset)


def _without_dimension(value: str) -> str:
    return "LIST" if value.split(maxsplit=1)[0].upper() == "LIST" else value


def _fields(path: Path) -> tuple[dict[str, str], list[str], int]:
    """Return the fields with lower-case names, the lines after the last, and the header's length in bytes."""
    content = first_bytes(path, _LONGEST)
    fields: dict[str, str] = {}
    at = 0
    while at < len(content):
        end = content.find(b"\n", at)
        line = content[at : end if end >= 0 else len(content)].decode("utf-8", "surrogateescape")
        at = end + 1 if end >= 0 else len(content)
        name, is_field, value = line.partition("=")
        if is_field:
            fields[name.strip().lower()] = value.strip()
        if name.strip().lower() == "elementdatafile":
            lines = (
                content[at:].decode("utf-8", "surrogateescape").splitlines()
                if value.strip()[:4].upper() == "LIST"
                else []
            )
            return fields, lines, at
    return fields, [], at
