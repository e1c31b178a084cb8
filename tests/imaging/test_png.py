"""PNG of every colour type and depth: as stored, checked part by part, upright."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.imaging.reading import load_image, read_mask
from tests.helpers.pictures import as_shown, exif, part, png

RNG = np.random.default_rng(4)
WIDTH, HEIGHT = 19, 13
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
KINDS = [(0, d) for d in (1, 2, 4, 8, 16)] + [(3, d) for d in (1, 2, 4, 8)]
KINDS += [(c, d) for c in (2, 4, 6) for d in (8, 16)]
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def read(path: Path, content: bytes) -> tuple[np.ndarray, list[str]]:
    path.write_bytes(content)
    with collect_remarks() as remarks:
        return sitk.GetArrayFromImage(load_image(path).image), remarks


def noise(colour: int, depth: int, interlaced: int) -> bytes:
    """Return rows of noise, each with one of the five filters."""
    rows = b""
    for x, y, dx, dy in PASSES if interlaced else ((0, 0, 1, 1),):
        wide, high = -(-(WIDTH - x) // dx), -(-(HEIGHT - y) // dy)
        size = (wide * SAMPLES[colour] * depth + 7) // 8
        for row in range(high):
            rows += bytes([row % 5]) + RNG.integers(0, 256, size, dtype=np.uint8).tobytes()
    return rows


def grey_of(array: np.ndarray) -> np.ndarray:
    if array.ndim == 2:
        return array
    return np.rint(array[..., :3] @ np.array([0.299, 0.587, 0.114])).astype(array.dtype)


@pytest.mark.parametrize("interlaced", [0, 1])
@pytest.mark.parametrize(("colour", "depth"), KINDS)
def test_every_kind_is_what_simpleitk_reads(tmp_path: Path, colour: int, depth: int, interlaced: int) -> None:
    if colour == 4:
        pytest.skip("SimpleITK has no pixel type for grey with transparency")
    palette = (
        [part(b"PLTE", RNG.integers(0, 256, 3 << depth, dtype=np.uint8).tobytes())] if colour == 3 else []
    )
    rows = noise(colour, depth, interlaced)
    found, _ = read(
        tmp_path / "a.png", png(rows, WIDTH, HEIGHT, depth, colour, *palette, interlaced=interlaced)
    )
    decoded = grey_of(sitk.GetArrayFromImage(sitk.ReadImage(tmp_path / "a.png")))
    assert found.dtype == decoded.dtype
    assert np.array_equal(found, decoded)


@pytest.mark.parametrize("depth", [8, 16])
def test_grey_with_alpha(tmp_path: Path, depth: int) -> None:
    kind = np.dtype("u1" if depth == 8 else ">u2")
    pixels = np.zeros((2, 3, 2), kind)
    pixels[..., 0], pixels[..., 1] = [[1, 2, 3], [4, 5, 6]], np.iinfo(kind).max
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    found, remarks = read(tmp_path / "a.png", png(rows, 3, 2, depth, 4))
    assert np.array_equal(found, pixels[..., 0])
    assert not any("transparent" in remark for remark in remarks)
    pixels[0, 0, 1] = 0
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    if depth == 16:
        with pytest.raises(ReadError, match="16-bit grey with transparency"):
            read(tmp_path / "a.png", png(rows, 3, 2, depth, 4))
    else:
        found, remarks = read(tmp_path / "a.png", png(rows, 3, 2, depth, 4))
        assert np.array_equal(found, pixels[..., 0])
        assert any("transparent" in remark for remark in remarks)


def test_a_mask_in_the_transparency_is_not_passed_over(tmp_path: Path) -> None:
    pixels = np.full((2, 3, 4), 255, np.uint8)
    pixels[0, :2, 3] = 0
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    (tmp_path / "a.png").write_bytes(png(rows, 3, 2, 8, 6))
    with pytest.raises(ReadError, match="4 channels that differ; say which one by label_channel"):
        read_mask(tmp_path / "a.png")
    assert np.array_equal(
        sitk.GetArrayFromImage(read_mask(tmp_path / "a.png", label_channel=3)), pixels[..., 3]
    )


GREY_ROWS = bytes([0, 10, 20, 30, 0, 40, 50, 60])


def test_parts_that_change_what_is_shown_do_not_change_values(tmp_path: Path) -> None:
    """Gamma, profile and significant bits: SimpleITK shifts by the last."""
    parts = [
        part(b"gAMA", b"\0\1\x86\xa0"),
        part(b"sBIT", b"\4"),
        part(b"iCCP", b"a\0\0" + zlib.compress(b"a")),
    ]
    found, remarks = read(tmp_path / "a.png", png(GREY_ROWS, 3, 2, 8, 0, *parts))
    assert found.tolist() == [[10, 20, 30], [40, 50, 60]]
    assert not remarks
    rows = bytes([0, 1, 2, 3, 4])
    assert read(tmp_path / "b.png", png(rows, 2, 1, 16, 0, part(b"sBIT", b"\4")))[0].tolist() == [[258, 772]]


def test_a_transparent_colour_is_told(tmp_path: Path) -> None:
    for key, told in ((20, True), (21, False)):
        found, remarks = read(tmp_path / "a.png", png(GREY_ROWS, 3, 2, 8, 0, part(b"tRNS", bytes([0, key]))))
        assert found.tolist() == [[10, 20, 30], [40, 50, 60]]
        assert any("transparent" in remark for remark in remarks) == told


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path: Path, orientation: int) -> None:
    parts = [part(b"eXIf", exif(orientation)), part(b"sCAL", b"\x010.2\x000.3")]
    (tmp_path / "a.png").write_bytes(png(GREY_ROWS, 3, 2, 8, 0, *parts))
    with collect_remarks() as remarks:
        image = load_image(tmp_path / "a.png").image
    assert np.array_equal(
        sitk.GetArrayFromImage(image), as_shown(np.array([[10, 20, 30], [40, 50, 60]]), orientation)
    )
    assert image.GetSpacing() == ((0.2, 0.3) if orientation < 5 else (0.3, 0.2))
    assert any("orientation tag" in remark for remark in remarks) == (orientation != 1)


def test_spacing_that_simpleitk_wrote(tmp_path: Path) -> None:
    for kind in (np.uint8, np.uint16):
        image = sitk.GetImageFromArray(np.arange(6, dtype=kind).reshape(2, 3))
        image.SetSpacing((0.25, 0.5))
        sitk.WriteImage(image, tmp_path / "a.png")
        with collect_remarks() as remarks:
            loaded = load_image(tmp_path / "a.png")
        assert loaded.image.GetSpacing() == (0.25, 0.5)
        assert loaded.calibrations[0].source == "sCAL"
        assert ["sCAL" in remark for remark in remarks] == [True]


@pytest.mark.parametrize(
    "scale", [b"\x021\x001", b"\x01x\x00y", b"\x01", b"\x01-1\x000", b"\x01nan\x00inf", b"\x011\x001"]
)
def test_a_scale_that_is_no_length_is_not_taken(tmp_path: Path, scale: bytes) -> None:
    (tmp_path / "a.png").write_bytes(png(GREY_ROWS, 3, 2, 8, 0, part(b"sCAL", scale)))
    assert load_image(tmp_path / "a.png").image.GetSpacing() == (1.0, 1.0)


@pytest.mark.parametrize(("colour", "depth"), [(2, 8), (6, 8), (3, 8), (0, 16), (0, 1)])
def test_any_flipped_byte_is_noticed(tmp_path: Path, colour: int, depth: int) -> None:
    palette = [part(b"PLTE", bytes(768))] if colour == 3 else []
    content = png(noise(colour, depth, 0), WIDTH, HEIGHT, depth, colour, *palette)
    for place in range(8, len(content), 7):
        broken = bytearray(content)
        broken[place] ^= 0x10
        with pytest.raises(ReadError, match=r"a\.png"):
            read(tmp_path / "a.png", bytes(broken))


def test_bombs_are_refused_before_they_unpack(tmp_path: Path) -> None:
    for size, message in ((60_000, "more than the limit"), (30_000, "as many pixels as it says")):
        with pytest.raises(ReadError, match=message):
            read(tmp_path / "a.png", png(bytes(100_000), size, size, 8, 2))
    text = part(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(5_000_000)))
    assert read(tmp_path / "a.png", png(GREY_ROWS, 3, 2, 8, 0, text))[0].shape == (2, 3)


@pytest.mark.parametrize(
    "content",
    [
        png(GREY_ROWS, 3, 2, 3, 0),
        png(GREY_ROWS, 3, 2, 8, 5),
        png(GREY_ROWS, 0, 2, 8, 0),
        png(GREY_ROWS, 3, 2, 8, 3),
        png(GREY_ROWS, 3, 2, 8, 3, part(b"PLTE", bytes(6))),
        png(GREY_ROWS, 3, 2, 8, 3, part(b"PLTE", bytes(5))),
        png(GREY_ROWS, 3, 2, 8, 0, part(b"ABCD", b"")),
        png(GREY_ROWS, 3, 2, 8, 0, interlaced=2),
        png(GREY_ROWS, 3, 2, 8, 2),
    ],
)
def test_headers_that_cannot_be(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ReadError, match="damaged PNG"):
        read(tmp_path / "a.png", content)
