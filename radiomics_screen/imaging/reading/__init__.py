"""Files into images: :func:`load_image`, :func:`read_image` and :func:`read_mask`, whatever the format.

One module a format family; all modules of this package are imported (but for those with a leading
underscore, which help a format), so a new file is a new format.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import SimpleITK as sitk

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.options import NonNegativeInt
from radiomics_screen.core.timing import timed
from radiomics_screen.imaging.loaded_image import LoadedImage
from radiomics_screen.imaging.pixels import labels, turned_grey
from radiomics_screen.imaging.reading._orientation import remark_on_turning
from radiomics_screen.imaging.reading.formats import FORMATS, Format, shortened

for _module in pkgutil.iter_modules(__path__):
    if not _module.name.startswith("_"):
        importlib.import_module(f"{__name__}.{_module.name}")

READABLE = "NIfTI, NRRD, MetaImage, DICOM (a file, or a folder with one series), PNG, JPEG, BMP, TIFF, PGM"


@timed("reading")
def load_image(path: str | os.PathLike[str]) -> LoadedImage:
    """Read an image with what its file says about it: whose it is, calibrations, unit, what was applied.

    The image is scalar, 2-D or 3-D, in the pixel type of the file. Colour becomes grey (with a note),
    DICOM intensities are rescaled and MONOCHROME1 is inverted.

    Raises
    ------
    ReadError
        The file is missing, empty, damaged, of no known format, or not one 2-D or 3-D image.
    """
    path = Path(path)
    found = _format_of(path)
    read = _decoded(path, lambda: _pixels(found, path))
    loaded = read if isinstance(read, LoadedImage) else LoadedImage(read)
    remark_on_turning("image", loaded.applied)
    image, applied = turned_grey(_of_two_or_three_dimensions(loaded.image, path), str(path))
    return replace(loaded, image=image, applied=(*loaded.applied, *applied))


def read_image(path: str | os.PathLike[str]) -> sitk.Image:
    """Read an image as :func:`load_image` does, and return its pixels and geometry alone."""
    return load_image(path).image


# `image` is no keyword-only argument: those are the options that settings offer.
@timed("reading")
def read_mask(
    path: str | os.PathLike[str],
    image: LoadedImage | None = None,
    *,
    label_channel: NonNegativeInt | None = None,
) -> sitk.Image:
    """Read a mask: integer labels, 2-D or 3-D.

    Parameters
    ----------
    path
        Image file, or folder with one DICOM series.
    image
        The image that the mask belongs to, for formats that refer to it.
    label_channel
        Component of a mask with several values a voxel, from 0; null needs them all to be equal.

    Raises
    ------
    ReadError
        As :func:`read_image`, or the values are not integers, or the components differ.
    """
    path = Path(path)
    found = _format_of(path)
    read = _decoded(path, lambda: _marks(found, path, image))
    remark_on_turning("mask", read.applied if isinstance(read, LoadedImage) else (), image)
    marks = _of_two_or_three_dimensions(read.image if isinstance(read, LoadedImage) else read, path)
    return labels(marks, str(path), label_channel=label_channel)


def _marks(found: Format, path: Path, image: LoadedImage | None) -> sitk.Image | LoadedImage:
    if found.read_mask is not None:
        return found.read_mask(path, image)
    return _pixels(found, path)


def _pixels(found: Format, path: Path) -> sitk.Image | LoadedImage:
    if found.read is None:
        raise ReadError(f"{path}: holds a mask and no image; give the image that it was drawn on")
    return found.read(path)


def _decoded(path: Path, read: Callable[[], sitk.Image | LoadedImage]) -> sitk.Image | LoadedImage:
    """Call what reads a file, and word the errors that libraries leave to the caller."""
    with _quiet_itk():
        try:
            return read()
        except (
            RuntimeError,
            OSError,
            MemoryError,
            ValueError,
            ArithmeticError,
            EOFError,
            zlib.error,
        ) as error:
            raise ReadError(
                f"{path}: cannot be read ({shortened(error)}); export or copy the file again"
            ) from error


def _format_of(path: Path) -> Format:
    try:
        if not (path.is_file() or path.is_dir()) and path.exists():
            raise ReadError(f"{path}: is neither a file nor a folder")
        for _, candidate in FORMATS.items():
            if candidate.can_read(path):
                return candidate
        empty = path.stat().st_size == 0
    except FileNotFoundError:
        raise ReadError(f"{path}: there is no such file or folder; check the path") from None
    except OSError as error:
        raise ReadError(f"{path}: cannot be opened ({error.strerror or error})") from error
    except ValueError as error:  # a NUL character in the path
        raise ReadError(f"{str(path)!r}: is not a path ({error})") from error
    if empty:
        raise ReadError(f"{path}: the file is empty (0 bytes); export or copy it again")
    raise ReadError(f"{path}: is no image by its content; readable are {READABLE}")


def _of_two_or_three_dimensions(image: sitk.Image, path: Path) -> sitk.Image:
    """Drop trailing dimensions of one element; refuse what is then no 2-D or 3-D image."""
    size = image.GetSize()
    if len(size) > 3 and all(n == 1 for n in size[3:]):
        image = sitk.Extract(image, [*size[:3], *(0 for _ in size[3:])])
    if image.GetDimension() not in (2, 3):
        raise ReadError(
            f"{path}: holds {image.GetDimension()} dimensions ({' x '.join(map(str, size))}), such as time "
            "points; write the one 3-D image that is meant to a file of its own"
        )
    return image


@contextmanager
def _quiet_itk() -> Iterator[None]:
    """Keep ITK's warnings off the terminal while a file is read: what matters becomes an error."""
    shown = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(shown)
