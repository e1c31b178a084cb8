"""8-bit grey PNG: every way to predict a byte, and every way to be damaged."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from radiomics_screen.core.errors import ReadError
from radiomics_screen.imaging.reading import read_image

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def part(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(rows: bytes, width: int, height: int, *, interlaced: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, interlaced)
    packed = zlib.compress(rows)
    half = len(packed) // 2
    return (
        SIGNATURE
        + part(b"IHDR", header)
        + part(b"tEXt", b"Comment\0of no matter")
        + part(b"IDAT", packed[:half])
        + part(b"IDAT", packed[half:])
        + part(b"IEND", b"")
    )


def read(tmp_path: Path, content: bytes) -> np.ndarray:
    (tmp_path / "picture.png").write_bytes(content)
    return sitk.GetArrayFromImage(read_image(tmp_path / "picture.png"))


@pytest.mark.parametrize("filters", [[0], [1], [2], [3], [4], [4, 2, 0, 3, 1]])
def test_every_filter_gives_what_pillow_and_simpleitk_read(filters: list[int], tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    width, height = 23, 17
    rows = random.integers(0, 256, (height, width + 1), dtype=np.uint8)
    rows[:, 0] = np.resize(filters, height)
    content = png(rows.tobytes(), width, height)
    found = read(tmp_path, content)
    assert np.array_equal(found, np.asarray(Image.open(BytesIO(content))))
    assert np.array_equal(found, sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "picture.png"))))


def test_an_interlaced_picture_is_read_as_any_other(tmp_path: Path) -> None:
    pixels = bytes([0, 7])  # one pixel lies in the first pass, whole
    assert read(tmp_path, png(pixels, 1, 1, interlaced=1)).tolist() == [[7]]


def test_any_flipped_byte_is_noticed(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    rows = random.integers(0, 256, (9, 12), dtype=np.uint8)
    rows[:, 0] = 4
    content = png(rows.tobytes(), 11, 9)
    for place in range(len(SIGNATURE), len(content)):
        broken = bytearray(content)
        broken[place] ^= 0x10
        with pytest.raises(ReadError, match=r"picture\.png"):
            read(tmp_path, bytes(broken))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (bytes([5] + [0] * 4) * 3, "predicted in a way that there is not"),
        (bytes(5) * 2, "as many pixels as it says"),
        (bytes(5) * 4, "as many pixels as it says"),
    ],
)
def test_pixels_that_cannot_be(rows: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=message):
        read(tmp_path, png(rows, 4, 3))


def test_a_picture_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    content = png(bytes(5) * 3, 4, 3)
    for length in range(len(SIGNATURE) + 1, len(content)):
        with pytest.raises(ReadError):
            read(tmp_path, content[:length])
