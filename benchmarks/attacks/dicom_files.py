"""Sound DICOM files in the encodings that can be written here, and files that claim every other one."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    AllTransferSyntaxes,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from benchmarks.attacks.pictures import masks, picture
from benchmarks.attacks.specimens import SIZE, Specimen

_PLAIN = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
#: Syntaxes that have no UID among pydicom's, or never carry pixels in a file.
_RETIRED = tuple(f"1.2.840.10008.1.2.4.{n}" for n in (*range(52, 57), *range(58, 67), 94, 95))
_OTHERS = (*_RETIRED, "1.2.840.10008.1.2.4.999", "1.2.840.10008.1.20", "1.2.3.4", "not a uid", "")


def specimens() -> Iterator[Specimen]:
    """Yield sound files: each plain syntax with 8 and 16 bits, RLE, JPEG, JPEG 2000, and a series."""
    for syntax in _PLAIN:
        for kind in (np.uint8, np.uint16):
            yield _single(_file(syntax, kind))
    for kind in (np.uint8, np.uint16):
        made = _dataset(kind)
        made.compress(RLELossless)
        yield _single(_bytes(made))
    yield _single(_file(JPEGBaseline8Bit, np.uint8, _packed("JPEG")))
    yield _single(_file(JPEG2000Lossless, np.uint8, _packed("JPEG2000", no_jp2=True)))
    for frames in (1, 3):
        yield _single(_bytes(_mapped(frames)))
    inverted = _dataset(np.uint16)
    inverted.PhotometricInterpretation = "MONOCHROME1"
    yield _single(_bytes(inverted))
    files = {f"s/{n}.dcm": _file(ExplicitVRLittleEndian, np.uint16, number=n) for n in range(4)}
    yield Specimen("dicom series", "image", files | {"mask.nrrd": masks()["mask.nrrd"]}, "s")


def claimed_syntaxes() -> Iterator[Specimen]:
    """Yield a file for every transfer syntax that pydicom knows: pixels that are not what it says."""
    for syntax in (*AllTransferSyntaxes, *_OTHERS):
        for kind in (np.uint8, np.uint16):
            plain = UID(syntax) in _PLAIN
            content = _file(UID(syntax), kind, b"" if plain else picture(kind).tobytes())
            yield Specimen(
                "dicom syntax",
                "syntax",
                {"a.dcm": content, "mask.png": masks()["mask.png"]},
                "a.dcm",
                damage=str(syntax),
            )


def _single(content: bytes) -> Specimen:
    return Specimen("dicom", "image", {"a.dcm": content, "mask.png": masks()["mask.png"]}, "a.dcm")


def _file(syntax: UID, kind: type[np.generic], fragment: bytes = b"", number: int = 0) -> bytes:
    made = _dataset(kind, number)
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    made.PixelData = picture(kind).astype(np.dtype(kind).newbyteorder(order)).tobytes()
    if fragment:
        made.PixelData = encapsulate([fragment])
        made["PixelData"].VR = "OB"
        made["PixelData"].is_undefined_length = True
    made.file_meta.TransferSyntaxUID = syntax
    return _bytes(made)


def _dataset(kind: type[np.generic], number: int = 0) -> Dataset:
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", f"1.2.3.{number + 1}"
    made.StudyInstanceUID, made.SeriesInstanceUID, made.FrameOfReferenceUID = "1.2.3.8", "1.2.3.9", "1.2.3.7"
    made.Modality, made.PatientID, made.InstanceNumber = "CT", "p", number + 1
    made.Rows = made.Columns = SIZE
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated = made.BitsStored = np.dtype(kind).itemsize * 8
    made.HighBit = made.BitsStored - 1
    made.PixelSpacing, made.SliceThickness = [1, 1], 1
    made.ImagePositionPatient, made.ImageOrientationPatient = [0, 0, number], [1, 0, 0, 0, 1, 0]
    made.RescaleSlope, made.RescaleIntercept = 1, 0
    made.PixelData = picture(kind).tobytes()
    made["PixelData"].VR = "OW" if kind is np.uint16 else "OB"
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return made


def _mapped(frames: int) -> Dataset:
    """Return an image with real world values, which the package maps itself; many frames: a loop."""
    made = _dataset(np.uint16)
    del made.RescaleSlope, made.RescaleIntercept
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4.1"
    mapping = Dataset()
    mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = 2.0, 1.0
    mapping.RealWorldValueFirstValueMapped, mapping.RealWorldValueLastValueMapped = 0, 65535
    made.RealWorldValueMappingSequence = [mapping]
    made.NumberOfFrames = frames
    made.PixelData = picture(np.uint16).tobytes() * frames
    made["PixelData"].VR = "OW"
    return made


def _bytes(made: Dataset) -> bytes:
    """Return the file; a syntax that pydicom does not write is put over a plain one of the same length."""
    wanted = made.file_meta.TransferSyntaxUID
    stream = BytesIO()
    if wanted in _PLAIN or wanted == RLELossless:
        little = wanted != ExplicitVRBigEndian
        made.save_as(
            stream,
            implicit_vr=wanted == ImplicitVRLittleEndian,
            little_endian=little,
            enforce_file_format=True,
        )
        return stream.getvalue()
    made.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    made.save_as(stream, enforce_file_format=True)
    given = bytes(JPEGBaseline8Bit, "ascii")
    return _with_syntax(stream.getvalue(), given, str(wanted).encode())


def _with_syntax(content: bytes, given: bytes, wanted: bytes) -> bytes:
    """Exchange the transfer syntax, and the lengths that count it."""
    given, wanted = (uid + b"\0" * (len(uid) % 2) for uid in (given, wanted))
    head = b"\x02\x00\x10\x00UI"
    old = head + len(given).to_bytes(2, "little") + given
    content = content.replace(old, head + len(wanted).to_bytes(2, "little") + wanted, 1)
    group = int.from_bytes(content[140:144], "little") + len(wanted) - len(given)
    return content[:140] + group.to_bytes(4, "little") + content[144:]


def _packed(kind: str, **options: Any) -> bytes:
    stream = BytesIO()
    Image.fromarray(picture()).save(stream, kind, **options)
    content = stream.getvalue()
    return content + b"\0" * (len(content) % 2)
