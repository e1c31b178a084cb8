"""Voxels of NIfTI images: by ITK, and here where ITK would not read what is meant.

ITK's library goes by names: of ``case.nii.gz`` it reads the header, and the voxels from a ``case.nii`` beside
it. It knows no NIfTI-2, adds an intercept where the slope says that there is none, and refuses axes that are
not quite at right angles. It makes 0 of what is undefined or infinite.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.leftovers import scratch_folder
from radiomics_screen.imaging.reading._declared import Declared, unpacked
from radiomics_screen.imaging.reading._nifti import FIRST, GZIP, Affine, Nifti, shear
from radiomics_screen.imaging.reading.formats import damaged, read_by

_ENDINGS = (".nii", ".nii.gz", ".hdr", ".hdr.gz", ".img", ".img.gz")


@dataclass(frozen=True)
class Files:
    """The header's file and that of the voxels, which may be one; either may be packed."""

    header: Path
    data: Path


def header_file(path: Path) -> Path:
    """Return the file with the header: of a file of voxels (.img) the one beside it."""
    name = path.name.lower()
    if not name.endswith((".img", ".img.gz")):
        return path
    return _beside(path, (".hdr", ".hdr.gz")) or path


def files_of(path: Path, header: Nifti) -> Files:
    """Return the two files that an image consists of.

    Raises
    ------
    ReadError
        The file of the voxels is missing.
    """
    head = header_file(path)
    if not header.is_pair:
        return Files(head, head)
    if head != path:
        return Files(head, path)
    packed = head.name.lower().endswith(".gz")
    data = _beside(path, (".img.gz", ".img") if packed else (".img", ".img.gz"))
    if data is None:
        raise ReadError(f"{path}: its voxels are missing; keep the file {_stem(path)}.img beside it")
    return Files(head, data)


def read_by_itk(path: Path, files: Files) -> sitk.Image:
    """Let ITK read just these files: under names of their own where others lie beside them."""
    stem = _stem(path)
    is_single = files.header == files.data
    alone = is_single and not any(_exists(path.with_name(stem + e), path) for e in _spelled(_ENDINGS))
    if alone and path.name.endswith((".nii", ".nii.gz")):
        return read_by(path, "NiftiImageIO")
    with _linked(files) as linked:
        return read_by(linked, "NiftiImageIO")


def hides_undefined(image: sitk.Image, path: Path, header: Nifti, declared: Declared, files: Files) -> bool:
    """Tell whether voxels are undefined or infinite in the file, of which ITK makes 0 without a word.

    Whole numbers cannot be. An image of floats without a single 0 hides none.
    """
    if declared.kind is None or declared.kind.kind != "f" or not declared.is_plain:
        return False
    if header.rescale == (1.0, 0.0) and np.all(sitk.GetArrayViewFromImage(image)):
        return False
    return not np.isfinite(_voxels(path, declared, files)).all()


def read_here(path: Path, header: Nifti, declared: Declared, files: Files) -> sitk.Image:
    """Decode the voxels with NumPy, and take the grid that ITK makes of the header."""
    assert declared.kind is not None
    values = _voxels(path, declared, files)
    slope, intercept = header.rescale
    if (slope, intercept) != (1.0, 0.0):
        scaled = values.astype(np.float64) * slope + intercept
        values = scaled.astype(np.float64 if values.dtype == np.float64 else np.float32)
    colours = (declared.components,) if declared.components > 1 else ()
    image = sitk.GetImageFromArray(values.reshape(*header.sizes[::-1], *colours), isVector=bool(colours))
    if image.GetDimension() in (2, 3):
        _take_grid(image, path, header)
    return image


def _voxels(path: Path, declared: Declared, files: Files) -> NDArray[np.generic]:
    assert declared.kind is not None
    count = prod(declared.sizes) * declared.components
    start, needed = declared.offset or 0, declared.data_bytes
    if declared.encoding == "raw":
        values = np.fromfile(files.data, declared.kind, count, offset=start)
    else:
        buffer, length = bytearray(), 0
        for chunk in unpacked(files.data, path):
            buffer += chunk[max(0, start - length) :] if length + len(chunk) > start else b""
            length += len(chunk)
            if length >= start + needed:
                break
        values = np.frombuffer(buffer, declared.kind, count)
    return values.astype(declared.kind.newbyteorder("="), copy=False)


def _take_grid(image: sitk.Image, path: Path, header: Nifti) -> None:
    """Put spacing, origin and direction on the image, as ITK reads them from a NIfTI-1 header."""
    reader = sitk.ImageFileReader()
    reader.SetImageIO("NiftiImageIO")
    with scratch_folder("radiomics-screen-") as folder:
        alone = Path(folder) / "header.nii"
        alone.write_bytes(_first_version(header) + bytes(4))
        reader.SetFileName(str(alone))
        try:
            reader.ReadImageInformation()
        except RuntimeError as error:
            raise damaged(path, "NIfTI", "its header describes no grid") from error
    dimensions = image.GetDimension()
    image.SetSpacing(reader.GetSpacing()[:dimensions])
    image.SetOrigin(reader.GetOrigin()[:dimensions])
    if dimensions == 3:
        image.SetDirection(reader.GetDirection())


def _first_version(header: Nifti) -> bytes:
    """Return a NIfTI-1 header of the same grid, with axes at right angles and one byte a voxel."""
    made = bytearray(FIRST)
    order, raw = header.order, header.raw
    sizes = (*header.sizes[:3], *(1,) * 7)[:7]
    struct.pack_into(f"{order}i", made, 0, FIRST)
    dimensions = max(2, min(3, len(header.sizes)))
    struct.pack_into(f"{order}8h", made, 40, dimensions, *(min(n, 32767) for n in sizes))
    struct.pack_into(f"{order}2h", made, 70, 2, 8)
    struct.pack_into(f"{order}f", made, 108, FIRST + 4)
    made[344:348] = b"n+1\0"
    if header.version == 1:
        made[76:108], made[123:124], made[252:328] = raw[76:108], raw[123:124], raw[252:328]
    else:
        struct.pack_into(f"{order}8f", made, 76, *struct.unpack_from(f"{order}8d", raw, 104))
        units = struct.unpack_from(f"{order}i", raw, 500)[0]
        made[123] = units & 0xFF
        codes = struct.unpack_from(f"{order}2i", raw, 344)
        struct.pack_into(f"{order}2h", made, 252, *codes)
        struct.pack_into(f"{order}18f", made, 256, *struct.unpack_from(f"{order}18d", raw, 352))
    if header.sform is not None and shear(header) > 0:
        struct.pack_into(f"{order}12f", made, 280, *_at_right_angles(header.sform).ravel())
    return bytes(made)


def _at_right_angles(sform: Affine) -> Affine:
    """Return the nearest affine whose axes are at right angles (the orthogonal polar factor)."""
    lengths = np.linalg.norm(sform[:, :3], axis=0)
    left, _, right = np.linalg.svd(sform[:, :3] / lengths)
    return np.column_stack([(left @ right) * lengths, sform[:, 3]])


def _stem(path: Path) -> str:
    lower = path.name.lower()
    ending = next((e for e in sorted(_ENDINGS, key=len, reverse=True) if lower.endswith(e)), "")
    return path.name[: len(path.name) - len(ending)]


def _spelled(endings: tuple[str, ...]) -> list[str]:
    return [*endings, *(ending.upper() for ending in endings)]


def _exists(candidate: Path, other: Path) -> bool:
    return candidate != other and candidate.exists() and not candidate.samefile(other)


def _beside(path: Path, endings: tuple[str, ...]) -> Path | None:
    stem = _stem(path)
    candidates = (path.with_name(stem + ending) for ending in _spelled(endings))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


@contextmanager
def _linked(files: Files) -> Iterator[Path]:
    """Give the files the names that ITK expects, in a folder of their own."""
    with scratch_folder("radiomics-screen-") as folder:
        is_single = files.header == files.data
        names = {files.header: ".nii" if is_single else ".hdr"}
        names.setdefault(files.data, ".img")
        made = []
        for file, ending in names.items():
            with file.open("rb") as stream:
                packed = stream.read(2) == GZIP and file.name.lower().endswith(".gz")
            link = Path(folder) / f"image{ending}{'.gz' if packed else ''}"
            try:
                link.symlink_to(file.absolute())
            except (OSError, NotImplementedError):  # where links need a privilege
                shutil.copyfile(file, link)
            made.append(link)
        yield made[0]
