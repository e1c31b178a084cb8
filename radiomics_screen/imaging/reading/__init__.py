"""Files into images: :func:`read_image` and :func:`read_mask`, whatever the format.

One module a format family; all modules of this package are imported (but for those with a leading
underscore, which help a format), so a new file is a new format.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import SimpleITK as sitk

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.options import NonNegativeInt
from radiomics_screen.core.timing import timed
from radiomics_screen.imaging.loaded_image import LoadedImage, collect_applied
from radiomics_screen.imaging.pixels import grey, labels
from radiomics_screen.imaging.reading.formats import FORMATS, Format, shortened

for _module in pkgutil.iter_modules(__path__):
    if not _module.name.startswith("_"):
        importlib.import_module(f"{__name__}.{_module.name}")

READABLE = "NIfTI, NRRD, MetaImage, DICOM (a file, or a folder with one series), PNG, JPEG, BMP, TIFF, PGM"


@timed("reading")
def load_image(path: str | os.PathLike[str]) -> LoadedImage:
    """Read an image with its identity: scalar, 2-D or 3-D, in the pixel type of the file.

    Colour becomes grey (with a remark), DICOM intensities are rescaled and MONOCHROME1 is inverted.

    Raises
    ------
    ReadError
        The file is missing, empty, damaged, of no known format, or not one 2-D or 3-D image.
    """
    path = Path(path)
    with collect_applied() as applied:
        found = _plain(path)
        image = grey(found.image, str(path))
    return replace(found, image=image, applied=(*found.applied, *applied))


def read_image(path: str | os.PathLike[str]) -> sitk.Image:
    """Read the pixels and geometry of an image; see :func:`load_image`."""
    return load_image(path).image


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
        The image that the mask belongs to, for formats that refer to one.
    label_channel
        Component of a mask with several values a voxel, from 0; null needs them all to be equal.

    Raises
    ------
    ReadError
        As :func:`load_image`, or the values are not integers, or the components differ.
    """
    path = Path(path)
    return labels(_plain(path, image, as_mask=True).image, str(path), label_channel=label_channel)


def _plain(path: Path, image: LoadedImage | None = None, *, as_mask: bool = False) -> LoadedImage:
    """Read a file as it is, possibly with components, with 2 or 3 dimensions."""
    known = _format_of(path)
    with _quiet_itk():
        try:
            found = known.read_mask(path, image) if as_mask and known.read_mask else known.read(path)
        except (RuntimeError, OSError, MemoryError, ValueError, EOFError, zlib.error) as error:
            raise ReadError(
                f"{path}: cannot be read ({shortened(error)}); export or copy the file again"
            ) from error
    loaded = found if isinstance(found, LoadedImage) else LoadedImage(found)
    return replace(loaded, image=_of_two_or_three_dimensions(loaded.image, path))


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
