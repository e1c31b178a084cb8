"""What the header of a volume declares, and whether its data files hold it.

Libraries allocate what a header declares, and some hand out memory that no file filled. So the header is
read here first, the data are measured, and samples of what came out are held against the file.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.core.errors import ReadError
from radiomics_screen.imaging.limits import current_limits, require_bytes_within_limits, require_within_limits
from radiomics_screen.imaging.reading.formats import damaged

_PIECE, _CHUNK = 1 << 16, 1 << 20  # bytes packed and unpacked that are in hand at a time
_SAMPLE = 4096  # bytes at either end that are compared
_UNSUSPICIOUS, _USUAL_RATIO = 1 << 28, 20  # unpacked bytes, and unpacked : packed, that need no second look
_LARGEST_RATIO = 1032  # of zlib's format
_SLACK = 1 << 20  # bytes after the image up to which a stream is followed to its checksum
_BYTES_PER_VALUE = {"text": 2, "hex": 2}  # at least: a digit and a space; two digits a byte


@dataclass(frozen=True)
class Declared:
    """A volume as its header declares it.

    Attributes
    ----------
    name
        Of the format.
    sizes
        Elements along each axis, the fastest first, without the axis of components.
    kind
        Type of one component, with its byte order; None where it is not known here.
    components
        Values an element.
    encoding
        "raw", "text", "hex", or "gzip" for anything that zlib packed.
    files
        That hold the data, in their order.
    offset
        Bytes before the data in each file (unpacked); None: they are the last ones of the file.
    packed_at
        Where in each file the packed data start; `offset` counts unpacked bytes from there.
    is_plain
        The order of the values in the file is that of the image, so that samples can be compared.
    """

    name: str
    sizes: tuple[int, ...]
    kind: np.dtype[np.generic] | None
    components: int
    encoding: str
    files: tuple[Path, ...]
    offset: int | None = 0
    packed_at: int = 0
    is_plain: bool = True

    @property
    def data_bytes(self) -> int:
        """Return how many bytes all values take, unpacked."""
        return prod(self.sizes) * self.components * (self.kind.itemsize if self.kind else 1)


@dataclass
class Ends:
    """The first and the last bytes of the data, as far as they were looked at."""

    first: bytes = b""
    last: bytes = b""


def require_data(path: Path, declared: Declared) -> Ends:
    """Make sure that the files hold what the header declares, within the limits; return samples of it.

    Raises
    ------
    ReadError
        The limits are exceeded, or a data file is missing, no file or too short.
    """
    itemsize = declared.kind.itemsize if declared.kind else 1
    require_within_limits(declared.sizes, itemsize, declared.components, path)
    for file in declared.files:
        if not file.is_file():
            what = "is no file" if file.exists() else "is missing; keep it beside its header"
            raise ReadError(f"{path}: its data file {file.name} {what}")
    if declared.kind is None:
        return Ends()
    needed, rest = divmod(declared.data_bytes, len(declared.files))
    if rest:
        why = f"its {len(declared.files)} data files cannot hold {declared.data_bytes} bytes in equal parts"
        raise damaged(path, declared.name, why)
    if declared.encoding == "gzip":
        return _of_packed(path, declared, needed)
    least = needed * _BYTES_PER_VALUE.get(declared.encoding, 1)
    if declared.encoding == "text":
        least = needed // declared.kind.itemsize * _BYTES_PER_VALUE["text"] - 1
    for file in declared.files:
        start = declared.offset or 0
        found = file.stat().st_size
        if found < start + least:
            name = "" if file == path else f" ({file.name})"
            raise damaged(path, declared.name, f"it ends after {found} of {start + least} bytes{name}")
    return _ends_of(declared, needed) if declared.encoding == "raw" else Ends()


def _ends_of(declared: Declared, needed: int) -> Ends:
    first, last = declared.files[0], declared.files[-1]
    starts = [
        file.stat().st_size - needed if declared.offset is None else declared.offset for file in (first, last)
    ]
    count = min(_SAMPLE, needed)
    with first.open("rb") as file:
        file.seek(starts[0])
        head = file.read(count)
    with last.open("rb") as file:
        file.seek(starts[1] + needed - count)
        return Ends(head, file.read(count))


def _of_packed(path: Path, declared: Declared, needed: int) -> Ends:
    """Unpack what looks too well packed, and every NIfTI file: ITK fills what is missing there with zeros."""
    ends = Ends()
    for file in declared.files:
        packed = file.stat().st_size - declared.packed_at
        if needed > _LARGEST_RATIO * packed:
            raise damaged(path, declared.name, f"{packed} packed bytes cannot hold {needed}")
        is_usual = needed < _UNSUSPICIOUS or needed < _USUAL_RATIO * packed
        if is_usual and declared.name != "NIfTI":
            continue
        start = declared.offset or 0
        found = _unpacked_length(unpacked(file, path, declared.packed_at), start, start + needed, ends)
        if found < start + needed:
            raise damaged(path, declared.name, f"it ends after {found} of {start + needed} bytes")
    return ends


def _unpacked_length(chunks: Iterator[bytes], start: int, needed: int, ends: Ends) -> int:
    """Return how long a stream is, as far as `needed` asks; its checksum is checked where it ends.

    The first and last bytes from `start` to `needed` are kept in `ends`.
    """
    length, last = 0, b""
    count = min(_SAMPLE, needed - start)
    for chunk in chunks:
        if length < start + count and length + len(chunk) > start:
            taken = chunk[max(0, start - length) :]
            ends.first = (ends.first + taken)[:count]
        if needed - count < length + len(chunk) and length < needed:
            last = (last + chunk[: needed - length])[-count:]
        length += len(chunk)
        if length > needed + _SLACK:
            break
    ends.last = last
    return length


def unpacked(file: Path, path: Path, offset: int = 0) -> Iterator[bytes]:
    """Unpack a file (gzip with one or several members, or zlib) piece by piece.

    Raises
    ------
    ReadError
        It is damaged, cut short, or unpacks to more than the limits allow.
    """
    total, allowed = 0, current_limits().unpacked_bytes
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    with file.open("rb") as stream:
        stream.seek(offset)
        rest = stream.read(_PIECE)
        while rest:
            try:
                piece = unpacker.decompress(rest, _CHUNK)
            except zlib.error as error:
                raise damaged(path, "gzip file", str(error)) from error
            total += len(piece)
            if total > allowed:
                require_bytes_within_limits(total, path)
            if piece:
                yield piece
            rest = unpacker.unconsumed_tail or (b"" if unpacker.eof else stream.read(_PIECE))
            if unpacker.eof:
                rest = unpacker.unused_data or stream.read(_PIECE)
                if not rest.startswith(b"\x1f\x8b"):  # padding, or what follows the stream
                    return
                unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    if not unpacker.eof:
        raise damaged(path, "gzip file", "it ends before its end-of-stream marker")


def require_as_declared(
    image: sitk.Image, path: Path, declared: Declared, ends: Ends, rescale: tuple[float, float] = (1.0, 0.0)
) -> None:
    """Hold size, type and samples of what came out against the header.

    Raises
    ------
    ReadError
        They differ.
    """
    if declared.kind is None:
        return
    found = prod(image.GetSize()) * image.GetNumberOfComponentsPerPixel()
    if found != prod(declared.sizes) * declared.components:
        size = " x ".join(map(str, image.GetSize()))
        raise ReadError(f"{path}: was read as {size} voxels, but its header declares {declared.sizes}")
    if not declared.is_plain or not ends.first or "complex" in image.GetPixelIDTypeAsString():
        return
    values = sitk.GetArrayViewFromImage(image).reshape(-1)
    for stored, is_first in (
        (_as_numbers(ends.first, declared), True),
        (_as_numbers(ends.last, declared), False),
    ):
        part = values[: len(stored)] if is_first else values[len(values) - len(stored) :]
        if not _is_close(part, stored, rescale):
            raise ReadError(
                f"{path}: its voxels were read as other values than the file holds; write the file again as "
                "NRRD or NIfTI-1"
            )


def _as_numbers(content: bytes, declared: Declared) -> NDArray[np.generic]:
    assert declared.kind is not None
    return np.frombuffer(content, declared.kind, len(content) // declared.kind.itemsize)


def _is_close(values: NDArray[np.generic], stored: NDArray[np.generic], rescale: tuple[float, float]) -> bool:
    if rescale == (1.0, 0.0):
        return np.array_equal(values, stored, equal_nan=stored.dtype.kind == "f")
    wanted = stored.astype(np.float64) * rescale[0] + rescale[1]
    largest = float(np.nanmax(np.abs(wanted), initial=0.0)) + abs(rescale[1])
    return np.allclose(values, wanted, rtol=1e-5, atol=1e-6 * largest, equal_nan=True)
