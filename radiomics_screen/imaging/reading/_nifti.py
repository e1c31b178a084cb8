"""The header of NIfTI-1 and -2 (format: https://nifti.nimh.nih.gov, nifti1.h and nifti2.h)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radiomics_screen.core.errors import ReadError
from radiomics_screen.imaging.reading._declared import Declared
from radiomics_screen.imaging.reading.formats import damaged

GZIP = b"\x1f\x8b"
_KINDS = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
    32: "c8", 1792: "c16",
}  # fmt: skip
_COLOURS = {128: 3, 2304: 4}
FIRST, _SECOND = 348, 540  # bytes of the header of either version
_SMALLEST_SLOPE = float(np.finfo(np.float64).eps)  # ITK takes a smaller one for none
Affine = NDArray[np.float64]


@dataclass(frozen=True)
class Nifti:
    """What a header says.

    Attributes
    ----------
    raw
        The header itself.
    version
        1 or 2.
    order
        Byte order, ``"<"`` or ``">"``.
    sizes
        Elements along each axis, trailing axes of one element left out beyond the third.
    datatype
        As nifti1.h numbers it.
    offset
        Bytes before the voxels in the file that holds them.
    slope, intercept
        As they stand in the header.
    is_pair
        The voxels lie in a file of their own.
    pixdim
        Distances along the first three axes, in the header's unit.
    sform
        Affine of the first three axes, shape (3, 4); None where the header has none.
    """

    raw: bytes
    version: int
    order: str
    sizes: tuple[int, ...]
    datatype: int
    offset: int
    slope: float
    intercept: float
    is_pair: bool
    pixdim: tuple[float, ...]
    sform: Affine | None

    @property
    def rescale(self) -> tuple[float, float]:
        """Slope and intercept to apply: a slope of 0 or not finite says that values are as they stand."""
        if self.slope == 0 or not isfinite(self.slope) or self.datatype in _COLOURS:
            return 1.0, 0.0
        return self.slope, self.intercept


def is_nifti(head: bytes) -> bool:
    """Return whether bytes are the beginning of a NIfTI header."""
    return head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0")


def is_analyze(head: bytes) -> bool:
    """Return whether bytes may be the header of Analyze 7.5, which has no magic number."""
    return len(head) >= FIRST and any(
        struct.unpack_from(f"{order}i", head)[0] == FIRST
        and 1 <= struct.unpack_from(f"{order}h", head, 40)[0] <= 7
        for order in "<>"
    )


def parsed(head: bytes, path: Path) -> Nifti:
    """Return what a header says.

    Raises
    ------
    ReadError
        Its sizes are impossible, or its intercept or a number of its sform is not finite.
    """
    found = _parsed(head)
    if found is None:
        raise damaged(path, "NIfTI", "its header holds impossible sizes")
    if found.rescale[0] != 1.0 and not isfinite(found.rescale[1]):
        raise ReadError(
            f"{path}: its scl_slope is {found.slope:g}, but its scl_inter {found.intercept}; mend it"
        )
    if found.sform is not None and not np.isfinite(found.sform).all():  # ITK would search axes for ever
        raise ReadError(
            f"{path}: its sform holds numbers that are not finite, so its place is unknown; mend it"
        )
    return found


def _parsed(head: bytes) -> Nifti | None:
    for order in "<>":
        version = {FIRST: 1, _SECOND: 2}.get(struct.unpack_from(f"{order}i", head)[0])
        if version == 1 and len(head) >= FIRST:
            dim = struct.unpack_from(f"{order}8h", head, 40)
            datatype = struct.unpack_from(f"{order}h", head, 70)[0]
            pixdim = struct.unpack_from(f"{order}8f", head, 76)
            offset, slope, intercept = struct.unpack_from(f"{order}3f", head, 108)
            code, rows = (
                struct.unpack_from(f"{order}h", head, 254)[0],
                struct.unpack_from(f"{order}12f", head, 280),
            )
            is_pair = head[344:347] == b"ni1"
        elif version == 2 and len(head) >= _SECOND:
            datatype = struct.unpack_from(f"{order}h", head, 12)[0]
            dim = struct.unpack_from(f"{order}8q", head, 16)
            pixdim = struct.unpack_from(f"{order}8d", head, 104)
            offset, slope, intercept = struct.unpack_from(f"{order}q2d", head, 168)
            code, rows = (
                struct.unpack_from(f"{order}i", head, 348)[0],
                struct.unpack_from(f"{order}12d", head, 400),
            )
            is_pair = head[4:7] == b"ni2"
        else:
            continue
        sizes = dim[1 : dim[0] + 1] if 1 <= dim[0] <= 7 else ()
        if not sizes or min(sizes) < 1 or not 0 <= offset < 2**40:
            return None
        first = 0 if is_pair else (FIRST if version == 1 else _SECOND)
        return Nifti(
            head[:FIRST] if version == 1 else head[:_SECOND],
            version,
            order,
            _without_ones(sizes),
            datatype,
            max(int(offset), first),
            slope,
            intercept,
            is_pair,
            tuple(abs(n) for n in pixdim[1:4]),
            np.array(rows, np.float64).reshape(3, 4) if code > 0 else None,
        )
    return None


def declared_in(path: Path, header: Nifti, data: Path, *, is_packed: bool) -> Declared:
    """Return what the header declares.

    Raises
    ------
    ReadError
        Its type of voxels is not known.
    """
    colours = _COLOURS.get(header.datatype, 1)
    code = "u1" if colours > 1 else _KINDS.get(header.datatype)
    if code is None:
        raise ReadError(
            f"{path}: holds voxels of NIfTI type {header.datatype}, which cannot be read; write whole or "
            "decimal numbers of up to 64 bits"
        )
    return Declared(
        "NIfTI",
        header.sizes,
        np.dtype(header.order + code),
        colours,
        "gzip" if is_packed else "raw",
        (data,),
        header.offset,
        is_plain=len(header.sizes) <= 4,
    )


def shear(header: Nifti) -> float:
    """Return how far the axes are from right angles: the largest cosine between two of them."""
    if header.sform is None:
        return 0.0
    axes = header.sform[:, :3]
    lengths = np.linalg.norm(axes, axis=0)
    if not np.isfinite(lengths).all() or lengths.min() <= 0:
        return 0.0
    unit = axes / lengths
    return float(np.abs(unit.T @ unit - np.eye(3)).max())


def is_read_by_itk(header: Nifti) -> bool:
    """Return whether ITK applies to values and version what the header means."""
    if header.version == 2:
        return False
    itk_adds = header.rescale == (1.0, 0.0) and isfinite(header.intercept) and header.intercept != 0
    plain = header.datatype not in _COLOURS
    has_no_slope = header.slope == 0 or not isfinite(header.slope)
    return not (plain and ((itk_adds and has_no_slope) or 0 < abs(header.rescale[0]) < _SMALLEST_SLOPE))


def _without_ones(sizes: tuple[int, ...]) -> tuple[int, ...]:
    while len(sizes) > 3 and sizes[-1] == 1:
        sizes = sizes[:-1]
    return sizes
