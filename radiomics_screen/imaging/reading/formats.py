"""What an input format is, and what the modules of the formats share.

A format is one module that adds itself to :data:`FORMATS`. It knows its files by their content:
endings are only used where the content says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.options import Registry
from radiomics_screen.imaging.loaded_image import LoadedImage


@dataclass(frozen=True)
class Format:
    """One family of files.

    Attributes
    ----------
    can_read
        Whether a path is of this family; looks at the first bytes, must be quick, raises only OSError.
    read
        The image, scalar or with components (colour), pixel type as in the file: pixels alone, or a
        :class:`~radiomics_screen.imaging.loaded_image.LoadedImage` where the file says whose they are.
        Raises :class:`~radiomics_screen.core.errors.ReadError` where the file is damaged, and RuntimeError
        (SimpleITK's own) where the caller is to word the error.
    read_mask
        The mask, as `read` returns an image, drawn on the image that it belongs to; None where that image
        is not known. Formats whose masks are images like all others leave it out.
    """

    can_read: Callable[[Path], bool]
    read: Callable[[Path], sitk.Image | LoadedImage]
    read_mask: Callable[[Path, LoadedImage | None], sitk.Image] | None = None


FORMATS: Registry[Format] = Registry("input format", "radiomics_screen.formats")


def first_bytes(path: Path, count: int = 400) -> bytes:
    """Return the beginning of a file; nothing for a folder."""
    try:
        with path.open("rb", buffering=0) as file:
            return file.read(count)
    except IsADirectoryError:
        return b""


def looks_like_dicom(path: Path) -> bool:
    """Know a folder, a file with the DICOM prefix, and one without that starts with its first groups."""
    if path.is_dir():
        return True
    head = first_bytes(path)
    bare = len(head) > 8 and head[0] in (2, 8) and head[1] == 0 and head[3] == 0
    return head[128:132] == b"DICM" or bare


def read_by(path: Path, reader: str) -> sitk.Image:
    """Read with one named SimpleITK reader instead of trying them all."""
    return sitk.ReadImage(str(path), imageIO=reader)


def as_picture(
    array: NDArray[np.generic], spacing_mm: tuple[float, float] = (1.0, 1.0), pages: int = 1
) -> sitk.Image:
    """Return rows and columns (and colours last) as an image; `spacing_mm` is (x, y)."""
    colour = array.ndim == (3 if pages == 1 else 4)
    native = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="), copy=False))
    image = sitk.GetImageFromArray(native, isVector=colour)
    image.SetSpacing(spacing_mm if pages == 1 else (1.0, 1.0, 1.0))
    return image


def damaged(path: Path, what: str, why: str) -> ReadError:
    """Return the error for a file of a known kind that cannot be read."""
    return ReadError(f"{path}: damaged {what}: {why}; export or copy the file again")


def shortened(error: BaseException) -> str:
    """Return the telling line of a library's error, without its addresses and source files."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"ERROR:|\[nrrd\]", line)] or lines
    text = re.sub(r"^(ITK|sitk::)\s*ERROR:\s*", "", telling[-1]) if telling else type(error).__name__
    return re.sub(r"^(\w+)\(0x[0-9a-f]+\):\s*", "", text)[:200]
