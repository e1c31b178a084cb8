"""JPEG: damage that decoders fill with grey is an error; what is sound is read, upright."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.imaging.reading import load_image, read_mask
from tests.helpers.pictures import as_shown, exif

RNG = np.random.default_rng(3)
WAVES = 128 + 60 * np.sin(np.add.outer(np.arange(50) / 4, np.arange(70) / 7))
GREY = (WAVES + RNG.normal(0, 9, (50, 70))).clip(0, 255).astype(np.uint8)
RGB = np.stack([GREY, GREY[::-1], 255 - GREY], axis=-1)
WAYS = {
    "baseline": {},
    "progressive": {"progressive": True},
    "4:4:4": {"subsampling": 0},
    "4:2:2, progressive": {"subsampling": 1, "progressive": True},
    "restarts": {"restart_marker_blocks": 5},
    "restarts, progressive": {"restart_marker_rows": 1, "progressive": True},
    "optimised, best quality": {"optimize": True, "quality": 100},
}


def jpeg(array: np.ndarray = GREY, **how: object) -> bytes:
    Image.fromarray(array).save(file := BytesIO(), "JPEG", **how)
    return file.getvalue()


def read(path: Path, content: bytes) -> tuple[np.ndarray, list[str]]:
    path.write_bytes(content)
    with collect_remarks() as remarks:
        return sitk.GetArrayFromImage(load_image(path).image), remarks


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("array", [GREY, RGB])
def test_sound_pictures_are_what_simpleitk_reads(tmp_path: Path, array: np.ndarray, how: str) -> None:
    found, _ = read(tmp_path / "a.jpg", jpeg(array, **WAYS[how]))
    decoded = sitk.GetArrayFromImage(sitk.ReadImage(tmp_path / "a.jpg"))
    if decoded.ndim == 3:
        decoded = np.rint(decoded @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
    assert np.array_equal(found, decoded)


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("kept", [0.4, 0.7, 0.99])
def test_pictures_cut_off_are_refused_even_with_an_end(tmp_path: Path, how: str, kept: float) -> None:
    content = jpeg(RGB, **WAYS[how])
    cut = content[: int(len(content) * kept)]
    for broken in (cut, cut.rstrip(b"\xff") + b"\xff\xd9"):
        with pytest.raises(ReadError, match="damaged JPEG"):
            read(tmp_path / "a.jpg", broken)


@pytest.mark.parametrize("how", ["baseline", "progressive", "restarts"])
def test_wrong_bytes_are_mostly_noticed(tmp_path: Path, how: str) -> None:
    """Not always: by chance wrong codes stand for as many blocks as the right ones."""
    content = jpeg(RGB, **WAYS[how])
    start = content.rfind(b"\xff\xda") + 20
    refused = 0
    for place in range(start, len(content) - 60, max(1, (len(content) - start) // 25)):
        noise = RNG.integers(0, 255, 40, dtype=np.uint8).tobytes()
        broken = content[:place] + noise + content[place + 40 :]
        try:
            read(tmp_path / "a.jpg", broken)
        except ReadError as error:
            refused += "damaged JPEG" in str(error)
    assert refused >= 11


def test_a_missing_part_between_restarts_is_noticed(tmp_path: Path) -> None:
    content = jpeg(restart_marker_blocks=5)
    first, second = content.find(b"\xff\xd1"), content.find(b"\xff\xd2")
    with pytest.raises(ReadError, match="lacks a part"):
        read(tmp_path / "a.jpg", content[:first] + content[second:])


def test_where_libjpeg_gives_up_the_picture_is_refused(tmp_path: Path) -> None:
    """SimpleITK warns then, and returns what it has."""
    content = jpeg()
    tables = content.find(b"\xff\xc4")
    all_ones = content[: tables + 5] + b"\2" + content[tables + 6 :]
    sampling = content.find(b"\xff\xc0") + 11
    third = content[:sampling] + b"\x55" + content[sampling + 1 :]
    for broken in (all_ones, third):
        with pytest.raises(ReadError, match="damaged JPEG"):
            read(tmp_path / "a.jpg", broken)


def test_what_follows_the_end_does_not_matter(tmp_path: Path) -> None:
    plain, _ = read(tmp_path / "a.jpg", jpeg())
    found, _ = read(tmp_path / "a.jpg", jpeg() + b"\xff\xda trailing \xff\xd8")
    assert np.array_equal(found, plain)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_orientation(tmp_path: Path, orientation: int, order: str) -> None:
    plain, _ = read(tmp_path / "a.jpg", jpeg())
    content = jpeg(exif=b"Exif\0\0" + exif(orientation, order))
    found, remarks = read(tmp_path / "a.jpg", content)
    assert np.array_equal(found, as_shown(plain, orientation))
    assert any("orientation tag" in remark for remark in remarks) == (orientation != 1)
    with collect_remarks():
        assert np.array_equal(sitk.GetArrayFromImage(read_mask(tmp_path / "a.jpg")), found)


@pytest.mark.parametrize(
    "block", [b"", b"II*\0", exif(6)[:12], exif(9), exif(0), b"\0" * 40, exif(6)[:-4] + b"\xff" * 4]
)
def test_broken_exif_does_not_matter(tmp_path: Path, block: bytes) -> None:
    plain, _ = read(tmp_path / "a.jpg", jpeg())
    found, _ = read(tmp_path / "a.jpg", jpeg(exif=b"Exif\0\0" + block))
    turned = block.endswith(b"\xff" * 4)  # whose tags are whole: only what follows them is not
    assert np.array_equal(found, as_shown(plain, 6) if turned else plain)


def test_inks_and_huge_sizes_are_refused(tmp_path: Path) -> None:
    Image.fromarray(RGB).convert("CMYK").save(file := BytesIO(), "JPEG")
    with pytest.raises(ReadError, match=r"4 components \(CMYK, inks\) is not read"):
        read(tmp_path / "a.jpg", file.getvalue())
    huge = bytearray(jpeg())
    place = huge.find(b"\xff\xc0")
    huge[place + 5 : place + 9] = b"\xff" * 4
    with pytest.raises(ReadError, match="65535 x 65535 pixels, more than the limit"):
        read(tmp_path / "a.jpg", bytes(huge))


def test_a_jpeg_by_another_name(tmp_path: Path) -> None:
    plain, _ = read(tmp_path / "a.jpg", jpeg())
    for name in ("A.JPG", "a.png", "a.tif", "a.dcm", "a"):
        assert np.array_equal(read(tmp_path / name, jpeg())[0], plain)


def test_damage_in_a_tiff_of_jpeg_is_noticed(tmp_path: Path) -> None:
    Image.fromarray(np.tile(GREY, (4, 4))).save(file := BytesIO(), "TIFF", compression="jpeg")
    content = file.getvalue()
    read(tmp_path / "a.tif", content)
    place = content.find(b"\xff\xda") + 400
    with pytest.raises(ReadError, match="damaged TIFF"):
        read(tmp_path / "a.tif", content[:place] + bytes(60) + content[place + 60 :])
