"""What an image or a mask may come from: a file, bytes, an array, or anything that opens one.

A source is whatever keeps :class:`ImageSource` or :class:`MaskSource`; an adapter that fetches from an
archive is one small class of another package. Paths stay paths, so that lists of cases stay simple.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeGuard, runtime_checkable

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.leftovers import scratch_folder
from radiomics_screen.imaging.loaded_image import LoadedImage
from radiomics_screen.imaging.pixels import grey, labels
from radiomics_screen.imaging.reading import load_image, read_mask
from radiomics_screen.imaging.volume import Volume, to_image

_NIFTI_HEADERS = (348, 540)  # bytes of the first and the second version
#: nibabel's axes lead right and anterior, ITK's left and posterior.
_LPS_OF_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


class _Source(Protocol):
    def identity(self) -> str:
        """Return a digest of the content: what has the same identity gives the same image."""
        ...

    def describe(self) -> str:
        """Return what a table and a message call it, such as its address."""
        ...


@runtime_checkable
class ImageSource(_Source, Protocol):
    """Something that an image is opened from. It must be hashable, and picklable to travel to workers."""

    def open(self) -> LoadedImage:
        """Return the image, scalar, 2-D or 3-D; a ReadError where there is none."""
        ...


@runtime_checkable
class MaskSource(_Source, Protocol):
    """Something that a mask is opened from. It must be hashable, and picklable to travel to workers."""

    def open_mask(self, image: LoadedImage | None, *, label_channel: int | None = None) -> sitk.Image:
        """Return the mask of an image as integer labels; a ReadError where there is none."""
        ...


#: What stands for an image or a mask: a path (a file, or a folder with one DICOM series), the bytes of a
#: file, a SimpleITK image, an array of shape (z, y, x) or (y, x), an image of nibabel, a tensor of torch, or
#: an object that keeps :class:`ImageSource` or :class:`MaskSource`.
Source = str | os.PathLike[str] | bytes | sitk.Image | NDArray[Any] | ImageSource | MaskSource


@dataclass(frozen=True)
class BytesSource:
    """The content of an image file in memory: PNG, JPEG, TIFF, DICOM, NIfTI, NRRD or MetaImage.

    Attributes
    ----------
    data
        The bytes of the file.
    name
        What a table calls it.
    """

    data: bytes = field(repr=False, compare=False)
    name: str = "bytes"
    _digest: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_digest", _digest(self.data))

    def identity(self) -> str:
        """Return the digest of the bytes, which is that of the file that holds them."""
        return self._digest

    def describe(self) -> str:
        """Return the name."""
        return self.name

    def open(self) -> LoadedImage:
        """Return the image that the bytes hold."""
        with self._as_file() as path:
            return load_image(path)

    def open_mask(self, image: LoadedImage | None, *, label_channel: int | None = None) -> sitk.Image:
        """Return the mask that the bytes hold."""
        with self._as_file() as path:
            return read_mask(path, image, label_channel=label_channel)

    @contextmanager
    def _as_file(self) -> Iterator[Path]:
        """Put the bytes into a file that only this user can read, for as long as it is read."""
        with scratch_folder("radiomics-screen-") as folder:
            path = Path(folder) / f"content{_ending_of(self.data)}"
            path.write_bytes(self.data)
            try:
                yield path
            except ReadError as error:
                raise ReadError(str(error).replace(str(path), self.name)) from error


@dataclass(frozen=True, eq=False)
class PixelSource:
    """A SimpleITK image in memory.

    Attributes
    ----------
    image
        Must not be changed any more.
    name
        What a table calls it.
    """

    image: sitk.Image = field(repr=False)
    name: str = ""

    @cached_property
    def _digest(self) -> str:
        image = self.image
        grid = (image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())
        kind = (image.GetPixelIDTypeAsString(), image.GetNumberOfComponentsPerPixel())
        return _digest(repr((grid, kind)).encode(), np.ascontiguousarray(sitk.GetArrayViewFromImage(image)))

    def identity(self) -> str:
        """Return the digest of pixels and geometry."""
        return self._digest

    def describe(self) -> str:
        """Return the name, or the size where there is none."""
        return self.name or f"image of {' x '.join(map(str, self.image.GetSize()))} voxels in memory"

    def open(self) -> LoadedImage:
        """Return the image, colour turned to grey."""
        return LoadedImage(grey(self.image))

    def open_mask(self, image: LoadedImage | None, *, label_channel: int | None = None) -> sitk.Image:
        """Return the mask as integer labels."""
        return labels(self.image, label_channel=label_channel)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PixelSource) and other.identity() == self.identity()

    def __hash__(self) -> int:
        return hash(self.identity())

    def __getstate__(self) -> dict[str, Any]:
        return {"image": self.image, "name": self.name, "_digest": self._digest}


def source_of(given: object, spacing_mm: Sequence[float] | None = None) -> Path | ImageSource | MaskSource:
    """Return the source that something stands for; see :data:`Source`.

    Parameters
    ----------
    given
        Whatever stands for an image or a mask.
    spacing_mm
        Distance of voxel centres in mm for arrays, in the order of their axes; 1 mm if not given.

    Raises
    ------
    ReadError
        Nothing can be opened from it.
    """
    if isinstance(given, str | os.PathLike):
        return Path(given)
    if isinstance(given, bytes | bytearray | memoryview):
        return BytesSource(bytes(given))
    if isinstance(given, sitk.Image):
        return PixelSource(given)
    if _opens_image(given) or _opens_mask(given):
        return given
    if hasattr(given, "affine") and hasattr(given, "dataobj"):
        return PixelSource(_of_nibabel(given))
    if hasattr(given, "detach") and hasattr(given, "cpu"):  # a tensor, wherever it lies
        given = given.detach().cpu().numpy()
    if isinstance(given, np.ndarray) or hasattr(given, "__array__"):
        return PixelSource(_of_array(np.asarray(given), spacing_mm))
    raise ReadError(
        "an image or mask is a path, the bytes of a file, a SimpleITK image, an array, or an object with "
        f"identity, describe and open or open_mask, not {type(given).__name__}"
    )


def open_image(source: object, spacing_mm: Sequence[float] | None = None) -> LoadedImage:
    """Return the image that a source holds; parameters and errors as :func:`source_of`, and its own."""
    found = source_of(source, spacing_mm)
    if isinstance(found, Path):
        return load_image(found)
    if not _opens_image(found):
        raise ReadError(f"{found.describe()}: opens masks only; give an image")
    return found.open()


def open_mask(
    source: object,
    image: LoadedImage | None = None,
    spacing_mm: Sequence[float] | None = None,
    *,
    label_channel: int | None = None,
) -> sitk.Image:
    """Return the mask that a source holds, opened with the image that it belongs to.

    Parameters and errors as :func:`source_of` and :func:`~radiomics_screen.imaging.reading.read_mask`. Of a
    source that opens images only, the image is taken as the mask.
    """
    found = source_of(source, spacing_mm)
    if isinstance(found, Path):
        return read_mask(found, image, label_channel=label_channel)
    if _opens_mask(found):
        return found.open_mask(image, label_channel=label_channel)
    return labels(open_image(found).image, found.describe(), label_channel=label_channel)


def _opens_image(source: object) -> TypeGuard[ImageSource]:
    """Tell whether something keeps ImageSource; `isinstance` would take a tenth of a small extraction."""
    return _has(source, "open", "identity", "describe")


def _opens_mask(source: object) -> TypeGuard[MaskSource]:
    return _has(source, "open_mask", "identity", "describe")


def _has(source: object, *names: str) -> bool:
    return all(hasattr(source, name) for name in names)


def description_of(source: object) -> str:
    """Return what a table calls a source: a path as it is, "" for no path."""
    if isinstance(source, Path):
        return "" if source == Path() else str(source)
    return source_of(source).describe()  # type: ignore[union-attr]


def _digest(*parts: Any) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _ending_of(data: bytes) -> str:
    """Return the ending without which a format is not known: most are known by their content."""
    if data.startswith(b"NRRD"):
        return ".nrrd"
    if b"NDims" in data[:1024] and b"ElementDataFile" in data[:65_536]:
        return ".mha"
    zipped = data.startswith(b"\x1f\x8b")
    try:
        head = _head(data, zipped)
    except (OSError, EOFError, zlib.error):
        return ""
    sizes = {int.from_bytes(head, order) for order in ("little", "big")}
    return (".nii.gz" if zipped else ".nii") if sizes & set(_NIFTI_HEADERS) else ""


def _head(data: bytes, zipped: bool) -> bytes:
    return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data[:65_536], 4) if zipped else data[:4]


def _of_array(array: NDArray[Any], spacing_mm: Sequence[float] | None) -> sitk.Image:
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise ReadError(f"an array must be (z, y, x) or (y, x) and not empty, not of shape {array.shape}")
    spacing = _spacing(spacing_mm, array)
    z, y, x = (1.0, *spacing)[-3:]
    voxels = _native(array).reshape((1, *array.shape)[-3:])
    return to_image(Volume(voxels, (z, y, x), planar=array.ndim == 2))


def _of_nibabel(image: Any) -> sitk.Image:
    """Return an image of nibabel, whose arrays are (x, y, z) and whose axes lead right and anterior."""
    array = _native(np.asarray(image.dataobj))
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != 3:
        raise ReadError(f"an image of nibabel must have three dimensions, not {array.ndim}")
    affine = _LPS_OF_RAS @ np.asarray(image.affine, dtype=np.float64)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    made = sitk.GetImageFromArray(np.ascontiguousarray(array.transpose(2, 1, 0)))
    made.SetSpacing(spacing.tolist())
    made.SetOrigin(affine[:3, 3].tolist())
    made.SetDirection((affine[:3, :3] / spacing).ravel().tolist())
    return made


def _spacing(spacing_mm: Sequence[float] | None, array: NDArray[Any]) -> tuple[float, ...]:
    if spacing_mm is None:
        return (1.0,) * array.ndim
    try:
        spacing = tuple(float(s) for s in spacing_mm)
    except (TypeError, ValueError):
        spacing = ()
    if len(spacing) != array.ndim or not all(0 < s < float("inf") for s in spacing):
        raise ReadError(
            f"spacing_mm {spacing_mm} must have one finite length above 0 for each axis of {array.shape}"
        )
    return spacing


def _native(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array in a type that SimpleITK has: this machine's byte order, no bool, no half."""
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise ReadError(f"an array must hold whole or decimal numbers of up to 64 bits, not {array.dtype}")
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype == np.float16:
        return array.astype(np.float32)
    return array.astype(array.dtype.newbyteorder("="), copy=False)
