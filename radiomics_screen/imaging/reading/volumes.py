"""NIfTI, NRRD and MetaImage."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.imaging.loaded_image import Calibration, LoadedImage, Rescale
from radiomics_screen.imaging.reading import _metaimage, _nifti, _nifti_voxels, _nrrd
from radiomics_screen.imaging.reading._declared import Declared, require_as_declared, require_data
from radiomics_screen.imaging.reading.formats import FORMATS, Format, damaged, first_bytes, read_by, shortened

_PLAIN_ENDINGS = (".nii", ".hdr", ".img")
_PACKED_ENDINGS = (".nii.gz", ".hdr.gz", ".img.gz")
_SPACING_FIELDS = {
    "NrrdImageIO": ("space directions", "spacings"),
    "MetaImageIO": ("ElementSpacing", "ElementSize"),
}
_DETACHED = {".nhdr": "NrrdImageIO", ".mhd": "MetaImageIO"}  # endings of headers that name their files
_NAMES = {"NrrdImageIO": "NRRD", "MetaImageIO": "MetaImage"}
_RIGHT = 1e-4  # cosine of two axes that is rounding
_SHEARED = 0.01  # cosine from which axes at right angles no longer describe the voxels
_SAME_SPACING = 1e-3  # relative difference that is rounding


def can_read(path: Path) -> bool:
    """Return whether the first bytes of the file, or of the header beside it, are those of this format."""
    return bool(_reader_of(_head(path))) or _is_analyze(path)


def read(path: Path) -> LoadedImage:
    """Return the image in the file."""
    reader = _reader_of(_head(path))
    if not reader:
        raise ReadError(
            f"{path}: is an Analyze 7.5 image, which does not say which side is left; write it as NIfTI, "
            "which does"
        )
    if reader == "NiftiImageIO":
        return _read_nifti(path)
    module = _nrrd if reader == "NrrdImageIO" else _metaimage
    declared = module.declared_in(path)
    ends = require_data(path, declared)
    try:
        image = read_by(path, reader)
    except RuntimeError as error:
        raise damaged(path, _NAMES[reader], shortened(error)) from error
    require_as_declared(image, path, declared, ends)
    _require_right_angles(image, path)
    if reader == "MetaImageIO" and (rescale := _metaimage.unapplied_rescale(path)):
        add_remark(f"the MetaImage file's slope {rescale[0]:g} and offset {rescale[1]:g} were not applied")
    field = _spacing_field(path, reader)
    x, y = image.GetSpacing()[:2]
    return LoadedImage(image, calibrations=(Calibration((x, y), field),) if field else ())


def data_files(path: Path) -> list[Path]:
    """Return the files beside `path` that its image is read from too.

    Raises
    ------
    ReadError
        The header is damaged, or names a file that must not be read.
    """
    head = _head(path)
    reader = _reader_of(head) or _DETACHED.get(path.suffix.lower(), "")
    if reader == "NrrdImageIO":
        return _nrrd.data_files(path)
    if reader == "MetaImageIO":
        return _metaimage.data_files(path)
    if reader == "NiftiImageIO":
        files = _nifti_voxels.files_of(path, _nifti.parsed(head, path))
        return [file for file in dict.fromkeys((files.header, files.data)) if file != path]
    return []


def _read_nifti(path: Path) -> LoadedImage:
    head = _head(path)
    header = _nifti.parsed(head, path)
    files = _nifti_voxels.files_of(path, header)
    packed = first_bytes(files.data, 2) == _nifti.GZIP and (
        files.data == files.header or files.data.name.lower().endswith(".gz")
    )
    endings = _PACKED_ENDINGS if packed else (*_PACKED_ENDINGS, *_PLAIN_ENDINGS)
    if not path.name.lower().endswith(endings) and not header.is_pair:  # ITK goes by the name
        wanted = ".nii.gz" if packed else ".nii"
        raise ReadError(f"{path}: is a NIfTI file by its content; give it the ending {wanted}")
    declared = _nifti.declared_in(path, header, files.data, is_packed=packed)
    ends = require_data(path, declared)
    try:
        image = _nifti_image(path, header, declared, files)
    except RuntimeError as error:
        raise damaged(path, "NIfTI", shortened(error)) from error
    require_as_declared(image, path, declared, ends, header.rescale)
    _remark_on_spacing(header)
    slope, intercept = header.rescale
    rescale = Rescale(slope, intercept) if (slope, intercept) != (1.0, 0.0) else None
    x, y = image.GetSpacing()[:2]
    return LoadedImage(
        image,
        calibrations=(Calibration((x, y), "pixdim"),),
        rescales=(rescale,) if rescale else (),
        applied=(rescale.applied(),) if rescale else (),
    )


def _nifti_image(
    path: Path, header: _nifti.Nifti, declared: Declared, files: _nifti_voxels.Files
) -> sitk.Image:
    if not _nifti.is_read_by_itk(header):
        _remark_on_shear(path, _nifti.shear(header))
        return _nifti_voxels.read_here(path, header, declared, files)
    try:
        image = _nifti_voxels.read_by_itk(path, files)
        if _nifti_voxels.hides_undefined(image, path, header, declared, files):
            return _nifti_voxels.read_here(path, header, declared, files)
        return image
    except RuntimeError:
        if _nifti.shear(header) == 0 or declared.kind is None or declared.kind.kind == "c":
            raise
        _remark_on_shear(path, _nifti.shear(header))
        return _nifti_voxels.read_here(path, header, declared, files)


def _remark_on_shear(path: Path, cosine: float) -> None:
    """Say that axes are not at right angles, or refuse them."""
    degrees = float(np.degrees(np.arcsin(min(cosine, 1.0))))
    if cosine > _SHEARED:
        raise ReadError(
            f"{path}: its axes are sheared, {degrees:.3g} degrees from right angles; resample the image and "
            "its mask to a straight grid first"
        )
    if cosine > _RIGHT / 10:
        add_remark(f"axes are sheared by {cosine:.2%} ({degrees:.2g} degrees): right angles were taken")


def _require_right_angles(image: sitk.Image, path: Path) -> None:
    dimensions = image.GetDimension()
    axes = np.array(image.GetDirection()).reshape(dimensions, dimensions)
    cosine = float(np.abs(axes.T @ axes - np.eye(dimensions)).max())
    if cosine > _RIGHT:
        _remark_on_shear(path, cosine)


def _remark_on_spacing(header: _nifti.Nifti) -> None:
    """Say that the two places of a NIfTI header that give the spacing disagree."""
    if header.sform is None:
        return
    lengths = np.linalg.norm(header.sform[:, :3], axis=0)[: len(header.sizes)]
    pixdim = np.array(header.pixdim)[: len(header.sizes)]
    if not np.allclose(lengths, pixdim, rtol=_SAME_SPACING):
        given, other = (" x ".join(f"{n:.4g}" for n in values) for values in (pixdim, lengths))
        add_remark(f"pixdim gives a spacing of {given}, the sform {other}: pixdim was taken")


def _spacing_field(path: Path, reader: str) -> str:
    """Return the field of the header that gives the spacing; nothing where the header has none."""
    head = first_bytes(path, 4096)
    return next((field for field in _SPACING_FIELDS[reader] if field.encode() in head), "")


def _reader_of(head: bytes) -> str:
    """Return SimpleITK's name for the reader, or nothing."""
    if _nifti.is_nifti(head):
        return "NiftiImageIO"
    if head.startswith(b"NRRD000"):
        return "NrrdImageIO"
    text = head.lstrip().split(b"=", 1)[0].strip()
    return "MetaImageIO" if b"=" in head and text in (b"ObjectType", b"NDims", b"Comment") else ""


def _is_analyze(path: Path) -> bool:
    is_named_so = path.name.lower().endswith((".hdr", ".img", ".hdr.gz", ".img.gz"))
    return is_named_so and _nifti.is_analyze(_head(path))


def _head(path: Path) -> bytes:
    """Return the first bytes of the header, unpacked where it is NIfTI or Analyze."""
    file = _nifti_voxels.header_file(path)
    head = first_bytes(file, 4096)
    if not head.startswith(_nifti.GZIP):
        return head[:600]
    try:
        head = zlib.decompressobj(wbits=31).decompress(head, 600)
    except zlib.error:
        return b""
    return head if _nifti.is_nifti(head) or _nifti.is_analyze(head) else b""


FORMATS.add("volume", Format(can_read, read))
