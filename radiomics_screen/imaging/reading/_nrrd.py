"""The header of an NRRD file (format definition: https://teem.sourceforge.net/nrrd/format.html)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from radiomics_screen.core.errors import ReadError
from radiomics_screen.imaging.reading._data_files import named_files
from radiomics_screen.imaging.reading._declared import Declared
from radiomics_screen.imaging.reading.formats import damaged, first_bytes

_LONGEST = 1 << 20
_KINDS = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "signed long long", "signed long long int", "int64",
           "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}  # fmt: skip
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names}
_ENCODINGS = {
    "raw": "raw", "txt": "text", "text": "text", "ascii": "text", "hex": "hex", "gz": "gzip", "gzip": "gzip",
}  # fmt: skip
_BZIP2 = ("bz2", "bzip2")
#: Kinds of axes that ITK takes for components of a voxel.
_GRID_KINDS = ("domain", "space", "time", "???", "none")


def data_files(path: Path) -> list[Path]:
    """Return the files that hold the data of a detached header; none where they follow in the file."""
    fields, lines, _ = _fields(path)
    value = fields.get("data file")
    return [] if value is None else named_files(path, _without_axis(value), lines)


def declared_in(path: Path) -> Declared:
    """Return what the header of a NRRD file declares.

    Raises
    ------
    ReadError
        The header is damaged, or the encoding cannot be decoded.
    """
    fields, lines, length = _fields(path)
    try:
        sizes = tuple(int(size) for size in fields["sizes"].split())
        dimension = int(fields["dimension"])
        skips = int(fields.get("byte skip", "0")), int(fields.get("line skip", "0"))
    except (KeyError, ValueError) as error:
        raise damaged(path, "NRRD", f"its header holds no proper sizes ({error})") from error
    if len(sizes) != dimension or not sizes or min(sizes) < 1:
        raise damaged(path, "NRRD", "its header holds impossible sizes")
    encoding = fields.get("encoding", "raw").lower()
    if encoding in _BZIP2:
        raise ReadError(
            f"{path}: its data are packed by bzip2, which cannot be decoded here; write it by gzip"
        )
    code = _KIND_OF.get(fields.get("type", "").lower())
    order = ">" if fields.get("endian", "little").lower() == "big" else "<"
    is_detached = "data file" in fields
    files = named_files(path, _without_axis(fields["data file"]), lines) if is_detached else [path]
    is_measured = encoding in _ENCODINGS and code is not None and not skips[1]
    if encoding != "raw" and skips[0]:
        is_measured = False
    is_packed = _ENCODINGS.get(encoding) == "gzip"
    header_bytes = 0 if is_detached else length
    return Declared(
        "NRRD",
        sizes,
        np.dtype(order + code) if is_measured and code else None,
        1,
        _ENCODINGS.get(encoding, encoding),
        tuple(files),
        None if skips[0] < 0 else 0 if is_packed else header_bytes + skips[0],
        header_bytes,
        is_plain=_has_components_first(fields, len(sizes)),
    )


def _has_components_first(fields: dict[str, str], dimension: int) -> bool:
    """Return whether an axis of components, if there is one, is the fastest, as in an image of ITK."""
    kinds = fields.get("kinds", "").lower().split()
    ranges = [n for n, kind in enumerate(kinds) if kind not in _GRID_KINDS]
    directions = fields.get("space directions", "").split()
    ranges += [n for n, direction in enumerate(directions) if direction == "none"]
    return all(n == 0 for n in ranges) and dimension <= 4


def _without_axis(value: str) -> str:
    """Return a data file's entry without the number of the axis that a list or pattern may end in."""
    words = value.split()
    if words and words[0].upper() == "LIST":
        return "LIST"
    return " ".join(words[:-1]) if "%" in value and len(words) == 5 else value


def _fields(path: Path) -> tuple[dict[str, str], list[str], int]:
    """Return the fields, the lines after the last one, and the length of the header in bytes."""
    content = first_bytes(path, _LONGEST)
    ends = [(at, at + len(end)) for end in (b"\n\n", b"\r\n\r\n") if (at := content.find(end)) >= 0]
    text, length = (content[: min(ends)[0]], min(ends)[1]) if ends else (content, len(content))
    fields: dict[str, str] = {}
    lines = text.decode("utf-8", "surrogateescape").splitlines()[1:]
    for n, line in enumerate(lines):
        if line.startswith("#") or ":=" in line or ": " not in line:
            continue
        name, value = line.split(": ", 1)
        name = _SPELLINGS.get(name.strip().lower(), name.strip().lower())
        fields[name] = value.strip()
        if name == "data file":  # the last field of a header that names its files
            listed = value.strip().upper().startswith("LIST")
            return fields, lines[n + 1 :] if listed else [], length
    return fields, [], length


_SPELLINGS = {"datafile": "data file", "byteskip": "byte skip", "lineskip": "line skip"}
