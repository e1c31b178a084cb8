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
from radiomics_screen.core.printable import printable
from radiomics_screen.imaging.loaded_image import Calibration, LoadedImage

_LONGEST = 300  # characters that a header may add to a message


@dataclass(frozen=True)
class Format:
    """One family of files.

    Attributes
    ----------
    can_read
        Whether a path is of this family; looks at the first bytes, must be quick, raises only OSError.
    read
        The image, scalar or with components (colour), pixel type as in the file: bare, or as a
        :class:`~radiomics_screen.imaging.loaded_image.LoadedImage` where the file says whose it is. Raises
        :class:`~radiomics_screen.core.errors.ReadError` where the file is damaged, and RuntimeError
        (SimpleITK's own) where the caller is to word the error. None: files of this format hold no image.
    read_mask
        The mask, given the image that it belongs to where the caller has it: for contours and other
        objects that need the image's grid or refer to it. It raises as `read`. None: a mask is read as
        an image.
    """

    can_read: Callable[[Path], bool]
    read: Callable[[Path], sitk.Image | LoadedImage] | None = None
    read_mask: Callable[[Path, LoadedImage | None], sitk.Image | LoadedImage] | None = None

    def __post_init__(self) -> None:
        if self.read is None and self.read_mask is None:
            raise ValueError("a format needs `read`, `read_mask` or both")


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


def calibrated(image: sitk.Image, source: str) -> tuple[Calibration, ...]:
    """Return the spacing of `image` as read from the field `source`; nothing where it is 1 by 1."""
    x, y = image.GetSpacing()[:2]
    return () if x == y == 1.0 else (Calibration((x, y), source),)


def damaged(path: Path, what: str, why: str) -> ReadError:
    """Return the error for a file of a known kind that cannot be read."""
    return ReadError(f"{path}: damaged {what}: {printable(why):.{_LONGEST}}; export or copy the file again")


def shortened(error: BaseException) -> str:
    """Return the telling line of a library's error, without its addresses and source files."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"ERROR:|\[nrrd\]", line)] or lines
    text = re.sub(r"^(ITK|sitk::)\s*ERROR:\s*", "", telling[-1]) if telling else type(error).__name__
    return re.sub(r"^(\w+)\(0x[0-9a-f]+\):\s*", "", text)[:200]
