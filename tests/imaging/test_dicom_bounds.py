"""Damaged and hostile DICOM files: refused at once, with the right cause, before anything is allocated."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.imaging.limits import MAX_BYTES, MAX_PIXELS
from radiomics_screen.imaging.reading import read_image
from tests.imaging.test_dicom_values import CT, STORED, item, pixels, saved

JPEG, JPEG_LS, JPEG_2000, RLE = (f"1.2.840.10008.1.2.{n}" for n in ("4.50", "4.80", "4.90", "5"))


@pytest.fixture(autouse=True)
def remarks_are_collected() -> Iterator[None]:
    with collect_remarks():
        yield


def compressed(path: Path, syntax: str, fragment: bytes, **tags: object) -> Path:
    ds = pixels(CT, STORED[0], **tags)
    ds.file_meta.TransferSyntaxUID = syntax
    ds.PixelData = encapsulate([fragment])
    ds["PixelData"].VR = "OB"
    return saved(ds, path)


def test_what_follows_the_pixels_must_be_dicom(tmp_path: Path) -> None:
    path = saved(pixels(CT, STORED[0]), tmp_path / "a.dcm")
    content = path.read_bytes()
    path.write_bytes(content + bytes(100))  # padding
    assert read_image(path).GetSize() == (5, 4, 1)
    path.write_bytes(content + b"\x75\xc5\x3d\xcb\x18\x54\x75\x8e\xf4\x98" * 9)
    with pytest.raises(ReadError, match=r"damaged DICOM file: what follows its pixels is no DICOM element"):
        read_image(path)


@pytest.mark.parametrize("kind", [b"OB\0\0", b"UN\0\0", b"SQ\0\0"])
def test_an_element_longer_than_the_file(tmp_path: Path, kind: bytes) -> None:
    path = saved(pixels(CT, STORED[0]), tmp_path / "a.dcm")
    content = path.read_bytes()
    at = content.index(b"\x28\0\x02\0US")
    bad = b"\x09\0\x10\x10" + kind + struct.pack("<I", 0xF0000000)
    path.write_bytes(content[:at] + bad + content[at:])
    with pytest.raises(ReadError, match="an element of 4026531840 bytes starts at byte"):
        read_image(path)


def test_more_pixels_than_the_file_holds(tmp_path: Path) -> None:
    path = saved(pixels(CT, STORED[0], Rows=20000, Columns=20000), tmp_path / "a.dcm")
    with pytest.raises(ReadError, match=r"it ends before its pixels do \(40 of 800000000 bytes\)"):
        read_image(path)


def test_more_pixels_than_the_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(pixels(CT, STORED[0]), tmp_path / "a.dcm")
    monkeypatch.setenv(MAX_PIXELS, "19")
    with pytest.raises(ReadError, match=MAX_PIXELS):
        read_image(path)
    monkeypatch.setenv(MAX_PIXELS, "20")
    assert read_image(path).GetSize() == (5, 4, 1)
    monkeypatch.setenv(MAX_BYTES, "39")
    with pytest.raises(ReadError, match=MAX_BYTES):
        read_image(path)


def test_a_deflated_file_that_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ds = pixels(CT, STORED[0])
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = saved(ds, tmp_path / "a.dcm")
    assert read_image(path).GetSize() == (5, 4, 1)
    ds.PixelData = bytes(1 << 22)
    saved(ds, path)
    monkeypatch.setenv(MAX_BYTES, str(1 << 20))
    with pytest.raises(ReadError, match="unpacks to more than the limit of 1 MiB"):
        read_image(path)


@pytest.mark.parametrize("syntax", [JPEG, JPEG_LS, JPEG_2000, RLE])
def test_few_compressed_bytes_cannot_hold_many_pixels(tmp_path: Path, syntax: str) -> None:
    path = compressed(tmp_path / "a.dcm", syntax, bytes(64), Rows=30000, Columns=30000)
    with pytest.raises(ReadError, match="64 compressed bytes cannot hold 1800000000 bytes of pixels"):
        read_image(path)


@pytest.mark.parametrize(
    ("syntax", "start"),
    [
        (JPEG, b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x0b\x08" + struct.pack(">HH", 60000, 40000) + bytes(9)),
        (JPEG_LS, b"\xff\xd8\xff\xf7\0\x0b\x08" + struct.pack(">HH", 60000, 40000) + bytes(9)),
        (JPEG_2000, b"\xff\x4f\xff\x51\0\x29\0\0" + struct.pack(">4I", 40000, 60000, 0, 0) + bytes(28)),
    ],
)
def test_a_stream_of_another_size_than_its_header_says(tmp_path: Path, syntax: str, start: bytes) -> None:
    path = compressed(tmp_path / "a.dcm", syntax, start)
    with pytest.raises(ReadError, match="declares 5 x 4 pixels, but its compressed pixels are 40000 x 60000"):
        read_image(path)


def test_fewer_fragments_than_frames(tmp_path: Path) -> None:
    path = compressed(tmp_path / "a.dcm", JPEG_2000, bytes(64), NumberOfFrames=1000)
    with pytest.raises(ReadError, match=r"it ends before its pixels do \(1 of 1000 frames\)"):
        read_image(path)


@pytest.mark.parametrize(
    ("syntax", "name"),
    [
        ("1.2.840.10008.1.2.4.201", "High-Throughput JPEG 2000"),
        ("1.2.840.10008.1.2.4.102", "MPEG-4"),
        ("1.2.840.10008.1.2.4.108", "HEVC"),
    ],
)
def test_an_encoding_without_a_decoder_is_named(tmp_path: Path, syntax: str, name: str) -> None:
    path = compressed(tmp_path / "a.dcm", syntax, bytes(64))
    with pytest.raises(ReadError, match=f"compressed as .*{name}.*{syntax}.*cannot be decoded here"):
        read_image(path)


def test_a_header_that_describes_an_image_without_pixels(tmp_path: Path) -> None:
    ds = pixels(CT, STORED[0])
    del ds.PixelData
    with pytest.raises(ReadError, match="describes an image, but holds no pixels"):
        read_image(saved(ds, tmp_path / "a.dcm"))


def test_padding_bits_above_those_stored_count_for_nothing(tmp_path: Path) -> None:
    stored = np.array([[0xF001, 0x0FFF]], np.uint16)
    path = saved(pixels(CT, stored, BitsStored=12, HighBit=11), tmp_path / "a.dcm")
    assert [read_image(path).GetPixel(x, 0, 0) for x in (0, 1)] == [1, 4095]


@pytest.mark.parametrize("syntax", [JPEG, JPEG_LS, JPEG_2000])
def test_pixels_that_cannot_be_decoded_are_refused_by_the_name_of_their_syntax(
    tmp_path: Path, syntax: str
) -> None:
    mapping = item(
        RealWorldValueSlope=2.0, RealWorldValueIntercept=0.0,
        RealWorldValueFirstValueMapped=0, RealWorldValueLastValueMapped=255,
    )  # fmt: skip
    for tags in ({}, {"RealWorldValueMappingSequence": [mapping]}):  # mapped by GDCM, and here
        path = compressed(tmp_path / "a.dcm", syntax, b"no picture", **tags)
        with pytest.raises(ReadError, match=rf"its pixels cannot be decoded as JPEG.*\({syntax}\)"):
            read_image(path)
