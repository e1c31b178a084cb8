"""TIFF: every type, arrangement and packing of samples comes out as its tags say, or is refused by name."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import tifffile
from PIL import Image

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.imaging.reading import load_image, read_mask
from tests.helpers.pictures import as_shown, tiff

RNG = np.random.default_rng(8)
GREY = np.cumsum(RNG.integers(0, 5, (23, 37)), axis=1).astype(np.uint8)
GREY16 = GREY.astype(np.uint16) * 251 + 7
RGB16 = np.stack([GREY16, GREY16[::-1], 65535 - GREY16], axis=-1)
LUMA16 = np.rint(RGB16 @ np.array([0.299, 0.587, 0.114])).astype(np.uint16)
SMALL = np.arange(24, dtype=np.uint8).reshape(4, 6)


def values(image: sitk.Image) -> np.ndarray:
    return sitk.GetArrayFromImage(image)


def image_of(path: Path, content: bytes | None = None) -> tuple[np.ndarray, list[str]]:
    if content is not None:
        path.write_bytes(content)
    with collect_remarks() as remarks:
        return values(load_image(path).image), remarks


def mask_of(path: Path, content: bytes | None = None) -> tuple[np.ndarray, list[str]]:
    if content is not None:
        path.write_bytes(content)
    with collect_remarks() as remarks:
        return values(read_mask(path)), remarks


TYPES = ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"]
PACKING = {
    "none": {},
    "Deflate": {"compression": "zlib"},
    "LZMA": {"compression": "lzma"},
    "tiles": {"tile": (16, 32)},
    "tiles, big-endian": {"tile": (16, 16), "byteorder": ">"},
    "strips of 5 rows, Deflate, big-endian": {"rowsperstrip": 5, "compression": "zlib", "byteorder": ">"},
    "BigTIFF": {"bigtiff": True},
}


@pytest.mark.parametrize("packing", PACKING)
@pytest.mark.parametrize("kind", TYPES)
def test_every_type_is_read_as_written(tmp_path: Path, kind: str, packing: str) -> None:
    array = (GREY16 / 7 if kind[0] == "f" else GREY16).astype(kind)
    tifffile.imwrite(tmp_path / "a.tif", array, **PACKING[packing])
    found, _ = image_of(tmp_path / "a.tif")
    assert found.dtype == (np.float32 if kind == "f2" else array.dtype)
    assert np.array_equal(found, array)


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "zstd", "tiff_adobe_deflate", "lzma"])
@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
def test_packings_of_libtiff(tmp_path: Path, compression: str, kind: str) -> None:
    array = GREY16.astype(kind)
    Image.fromarray(array).save(tmp_path / "a.tif", compression=compression)
    assert np.array_equal(image_of(tmp_path / "a.tif")[0], array)


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt", "tiff_lzw", "raw"])
def test_bits_are_0_and_255_white_the_latter(tmp_path: Path, compression: str) -> None:
    Image.fromarray(GREY > 40).save(tmp_path / "a.tif", compression=compression)
    assert np.array_equal(image_of(tmp_path / "a.tif")[0], np.where(GREY > 40, 255, 0))
    assert np.array_equal(mask_of(tmp_path / "a.tif")[0], np.where(GREY > 40, 255, 0))


@pytest.mark.parametrize("how", [{}, {"compression": "zlib"}, {"tile": (16, 16)}, {"byteorder": ">"}])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_sixteen_bit_colour_in_planes_or_not(tmp_path: Path, how: dict, planar: str) -> None:
    array = RGB16 if planar == "contig" else np.moveaxis(RGB16, -1, 0)
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="rgb", planarconfig=planar, **how)
    assert np.array_equal(image_of(tmp_path / "a.tif")[0], LUMA16)


def lzw_planes() -> bytes:
    """Return 16-bit colour in planes, packed by LZW, which tifffile does not write."""
    packed = []
    for plane in np.moveaxis(RGB16, -1, 0):
        as_bytes = np.ascontiguousarray(plane).view(np.uint8)
        Image.fromarray(as_bytes).save(file := BytesIO(), "TIFF", compression="tiff_lzw")
        with tifffile.TiffFile(BytesIO(file.getvalue())) as one:
            offsets, counts = one.pages[0].dataoffsets, one.pages[0].databytecounts
        assert len(offsets) == 1
        packed.append(file.getvalue()[offsets[0] : offsets[0] + counts[0]])
    tags = {258: (3, [16] * 3), 259: (3, [5]), 262: (3, [2]), 277: (3, [3]), 284: (3, [2])}
    return tiff(packed, tags, width=GREY.shape[1], height=GREY.shape[0])


def test_sixteen_bit_colour_in_planes_packed_by_lzw(tmp_path: Path) -> None:
    assert np.array_equal(image_of(tmp_path / "a.tif", lzw_planes())[0], LUMA16)


@pytest.mark.parametrize("kind", ["u1", "u2", "u4", "i2"])
def test_horizontal_predictor(tmp_path: Path, kind: str) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY16.astype(kind), compression="zlib", predictor=2)
    assert np.array_equal(image_of(tmp_path / "a.tif")[0], GREY16.astype(kind))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
def test_floating_point_predictor(tmp_path: Path, kind: str, order: str) -> None:
    array = (SMALL / 7).astype(kind)
    planes = array.astype(f">{kind}").view(np.uint8).reshape(4, 6, -1).transpose(0, 2, 1).reshape(4, -1)
    differences = np.diff(planes, axis=1, prepend=np.uint8(0))
    bits = 8 * array.itemsize
    tags = {258: (3, [bits]), 259: (3, [8]), 317: (3, [3]), 339: (3, [3])}
    found, _ = image_of(tmp_path / "a.tif", tiff([zlib.compress(differences.tobytes())], tags, order=order))
    assert np.array_equal(found, array.astype(found.dtype))


@pytest.mark.parametrize("bits", [2, 4, 10, 12, 14])
def test_odd_numbers_of_bits_stay_as_stored(tmp_path: Path, bits: int) -> None:
    stored = RNG.integers(0, 1 << bits, (4, 7))
    each = (stored[..., None] >> np.arange(bits)[::-1]) & 1
    rows = np.packbits(each.reshape(4, -1).astype(np.uint8), axis=1)
    content = tiff([rows.tobytes()], {258: (3, [bits])}, width=7)
    assert np.array_equal(image_of(tmp_path / "a.tif", content)[0], stored)
    assert np.array_equal(mask_of(tmp_path / "a.tif", content)[0], stored)


def test_reversed_bits(tmp_path: Path) -> None:
    mirrored = np.packbits(np.unpackbits(SMALL, axis=1).reshape(4, 6, 8)[..., ::-1].reshape(4, -1), axis=1)
    found, _ = image_of(tmp_path / "a.tif", tiff([mirrored.tobytes()], {266: (3, [2])}))
    assert np.array_equal(found, SMALL)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("read", [image_of, mask_of])
def test_pictures_are_upright(tmp_path: Path, read, orientation: int) -> None:
    content = tiff([SMALL.tobytes()], {274: (3, [orientation])})
    found, remarks = read(tmp_path / "a.tif", content)
    assert np.array_equal(found, as_shown(SMALL, orientation))
    assert any("orientation tag" in remark for remark in remarks) == (orientation != 1)


def test_spacing_follows_a_picture_that_is_turned(tmp_path: Path) -> None:
    tags = {274: (3, [6]), 282: (5, [254, 1]), 283: (5, [127, 1]), 296: (3, [2])}
    (tmp_path / "a.tif").write_bytes(tiff([SMALL.tobytes()], tags))
    with collect_remarks():
        assert load_image(tmp_path / "a.tif").image.GetSpacing() == pytest.approx((0.2, 0.1))


def test_where_only_one_of_image_and_mask_is_turned_the_row_says_so(tmp_path: Path) -> None:
    (tmp_path / "turned.tif").write_bytes(tiff([SMALL.tobytes()], {274: (3, [3])}))
    (tmp_path / "plain.tif").write_bytes(tiff([SMALL.tobytes()], {}))
    for image, mask, expected in (("turned", "plain", 1), ("plain", "turned", 1), ("turned", "turned", 0)):
        with collect_remarks() as remarks:
            read_mask(tmp_path / f"{mask}.tif", load_image(tmp_path / f"{image}.tif"))
        assert sum("check that the mask" in remark for remark in remarks) == expected


@pytest.mark.parametrize("kind", ["u1", "u2", "u4", "i2"])
def test_a_mask_where_white_is_zero_keeps_its_values(tmp_path: Path, kind: str) -> None:
    """ImageJ marks lesions by 255 and shows them black: SimpleITK and pyradiomics take what is stored."""
    array = np.where(GREY > 40, 255, 0).astype(kind)
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="miniswhite")
    found, remarks = mask_of(tmp_path / "a.tif")
    assert np.array_equal(found, array)
    assert ["as stored" in remark for remark in remarks] == [True]


def test_bits_of_a_mask_where_white_is_zero(tmp_path: Path) -> None:
    marked = GREY > 40
    tifffile.imwrite(tmp_path / "a.tif", marked)  # which says that true is black
    found, remarks = mask_of(tmp_path / "a.tif")
    assert np.array_equal(found, np.where(marked, 255, 0))
    assert ["as stored" in remark for remark in remarks] == [True]
    tifffile.imwrite(tmp_path / "b.tif", ~marked, photometric="miniswhite", software="a scanner")
    found, remarks = mask_of(tmp_path / "b.tif")
    assert np.array_equal(found, np.where(marked, 255, 0))
    assert ["as shown" in remark for remark in remarks] == [True]


def palette(colours: np.ndarray) -> dict:
    full = np.zeros((256, 3), np.int64)
    full[: len(colours)] = colours
    return {262: (3, [3]), 320: (3, full.T.ravel().tolist())}


def test_palettes(tmp_path: Path) -> None:
    grey = np.arange(24)[:, None] * np.array([257, 257, 257]) * 10
    found, remarks = image_of(tmp_path / "a.tif", tiff([SMALL.tobytes()], palette(grey)))
    assert np.array_equal(found, SMALL * 10)
    assert any("equal channels" in remark for remark in remarks)
    found, _ = image_of(tmp_path / "a.tif", tiff([SMALL.tobytes()], palette(grey // 257)))  # 8 bits stated
    assert np.array_equal(found, SMALL * 10)
    colours = np.arange(24)[:, None] * np.array([257, 514, 0])
    with pytest.raises(ReadError, match="3 channels that differ"):
        mask_of(tmp_path / "a.tif", tiff([SMALL.tobytes()], palette(colours)))
    (tmp_path / "a.tif").write_bytes(tiff([SMALL.tobytes()], palette(colours)))
    assert np.array_equal(values(read_mask(tmp_path / "a.tif", label_channel=1)), SMALL * 2)


def test_extra_samples(tmp_path: Path) -> None:
    def content(samples: list[np.ndarray], photometric: int, extra: int | None) -> bytes:
        tags = {258: (3, [8] * len(samples)), 262: (3, [photometric]), 277: (3, [len(samples)])}
        if extra is not None:
            tags[338] = (3, [extra])
        return tiff([np.stack(samples, axis=-1).tobytes()], tags)

    opaque, other = np.full_like(SMALL, 255), SMALL[::-1]
    for second, extra, expected in ((opaque, 2, None), (other, 2, "transparent"), (SMALL, 0, None)):
        found, remarks = image_of(tmp_path / "a.tif", content([SMALL, second], 1, extra))
        assert np.array_equal(found, SMALL)
        assert any("transparent" in remark for remark in remarks) == (expected is not None)
    with pytest.raises(ReadError, match="2 values a voxel that differ and are no colour"):
        image_of(tmp_path / "a.tif", content([SMALL, other], 1, 0))
    with pytest.raises(ReadError, match="3 samples a pixel that differ and are no colour"):
        image_of(tmp_path / "a.tif", content([SMALL, SMALL, other], 1, None))
    found, remarks = image_of(tmp_path / "a.tif", content([SMALL, SMALL, SMALL, other], 2, 0))
    assert np.array_equal(found, SMALL)
    assert any("no stated meaning" in remark for remark in remarks)
    with pytest.raises(ReadError, match="4 channels that differ"):
        mask_of(tmp_path / "a.tif", content([SMALL, SMALL, SMALL, other], 2, 2))


REFUSED = {
    "CMYK": {262: (3, [5]), 277: (3, [4]), 258: (3, [8] * 4)},
    "YCbCr colour without JPEG": {262: (3, [6]), 277: (3, [3]), 258: (3, [8] * 3)},
    r"L\*a\*b": {262: (3, [8]), 277: (3, [3]), 258: (3, [8] * 3)},
    "JPEG 2000": {259: (3, [33003])},
    "WebP": {259: (3, [50001])},
    "LERC": {259: (3, [34887])},
    "old JPEG": {259: (3, [6])},
    "complex numbers": {339: (3, [6]), 258: (3, [64])},
    "samples of different types": {277: (3, [2]), 258: (3, [8, 16]), 262: (3, [1])},
    "samples of 24 bits": {258: (3, [24])},
    "predictor 34892": {259: (3, [8]), 317: (3, [34892])},
}


@pytest.mark.parametrize("feature", REFUSED)
def test_what_is_not_read_is_named(tmp_path: Path, feature: str) -> None:
    for read in (image_of, mask_of):
        with pytest.raises(ReadError, match=f"TIFF with .*{feature}.*not read; save"):
            read(tmp_path / "a.tif", tiff([bytes(500)], REFUSED[feature]))


def test_previews_are_left_out_and_other_sizes_refused(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(GREY)
        file.write(GREY[::2, ::2], subfiletype=1)
    found, remarks = image_of(tmp_path / "a.tif")
    assert np.array_equal(found, GREY)
    assert ["left out" in remark for remark in remarks] == [True]
    with tifffile.TiffWriter(tmp_path / "b.tif") as file:
        file.write(GREY)
        file.write(GREY[::2, ::2])
    with pytest.raises(ReadError, match="2 pages differ in size"):
        image_of(tmp_path / "b.tif")
    with tifffile.TiffWriter(tmp_path / "c.tif") as file:
        file.write(GREY)
        file.write(GREY16)
    with pytest.raises(ReadError, match="2 pages differ in pixel type"):
        image_of(tmp_path / "c.tif")


# ---- damaged and hostile ------------------------------------------------------------------------


def test_circles_of_pages(tmp_path: Path) -> None:
    content = tiff([SMALL.tobytes()], {}, following=8 + SMALL.size)  # the page itself
    with pytest.raises(ReadError, match="lead in a circle"):
        image_of(tmp_path / "a.tif", content)
    chain = b"".join(struct.pack("<HI", 0, 8 + 6 * (n + 1)) for n in range(70_000))
    with pytest.raises(ReadError, match="more than 65536 pages"):
        image_of(tmp_path / "a.tif", b"II*\0" + struct.pack("<I", 8) + chain)
    with pytest.raises(ReadError, match="missing"):
        image_of(tmp_path / "a.tif", b"II+\0\x08\0\0\0" + struct.pack("<Q", 2**63))


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({256: (4, [60_000]), 257: (4, [60_000])}, "more than the limit"),
        ({256: (4, [30_000]), 257: (4, [30_000])}, "has 1 of|do not fit|ends before"),
        ({273: (4, [4_000_000_000])}, "ends before the picture"),
        ({279: (4, [4_000_000_000])}, "ends before the picture"),
        ({279: (4, [10])}, "do not fit|ends before"),
        ({256: (4, [0])}, "cannot be"),
        ({277: (3, [65_535])}, "cannot be"),
        ({259: (3, [8])}, "damaged TIFF"),
        ({259: (3, [5])}, "damaged TIFF"),
        ({259: (3, [7])}, "damaged TIFF"),
    ],
)
def test_tags_that_cannot_be(tmp_path: Path, tags: dict, message: str) -> None:
    with pytest.raises(ReadError, match=message):
        image_of(tmp_path / "a.tif", tiff([SMALL.tobytes()], tags))


@pytest.mark.parametrize(
    "compression",
    ["raw", "tiff_lzw", "packbits", "jpeg", "tiff_adobe_deflate", "zstd", "group3", "group4", "tiff_ccitt"],
)
def test_a_shortened_strip_is_refused(tmp_path: Path, compression: str) -> None:
    bits = compression in ("group3", "group4", "tiff_ccitt")
    Image.fromarray(GREY > 40 if bits else GREY).save(file := BytesIO(), "TIFF", compression=compression)
    with tifffile.TiffFile(BytesIO(file.getvalue())) as one:
        tag = one.pages[0].tags["StripByteCounts"]
        place, count = tag.valueoffset, one.pages[0].databytecounts[-1]
        code = "<H" if tag.dtype == 3 else "<I"
    content = bytearray(file.getvalue())
    struct.pack_into(code, content, place, count - count // 4)
    with pytest.raises(ReadError, match="damaged TIFF"):
        image_of(tmp_path / "a.tif", bytes(content))


@pytest.mark.parametrize("compression", ["group3", "group4"])
def test_a_damaged_fax_code_is_told(tmp_path: Path, compression: str) -> None:
    Image.fromarray(np.tile(GREY > 40, (3, 3))).save(file := BytesIO(), "TIFF", compression=compression)
    content = bytearray(file.getvalue())
    with tifffile.TiffFile(BytesIO(content)) as one:
        place = one.pages[0].dataoffsets[0] + one.pages[0].databytecounts[0] // 2
    assert not image_of(tmp_path / "a.tif", bytes(content))[1]
    content[place] ^= 0xFF
    try:
        _, told = image_of(tmp_path / "a.tif", bytes(content))
    except ReadError as error:
        told = [str(error)]
    assert any("fax code" in text or "damaged TIFF" in text for text in told)
