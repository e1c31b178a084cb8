"""NIfTI, NRRD and MetaImage: the file that is named is read, as its header declares, and within limits."""

from __future__ import annotations

import gzip
import os
import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.imaging.limits import MAX_BYTES, MAX_PIXELS
from radiomics_screen.imaging.reading import load_image, read_image, read_mask
from radiomics_screen.imaging.sources import BytesSource

VOXELS = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)
CODES = {
    "u1": 2,
    "i2": 4,
    "i4": 8,
    "f4": 16,
    "f8": 64,
    "i1": 256,
    "u2": 512,
    "u4": 768,
    "i8": 1024,
    "u8": 1280,
}
SFORM = np.array([[-0.8, 0, 0, 5], [0, -0.9, 0, 6], [0, 0, 2, 7.0]])


@pytest.fixture(autouse=True)
def remarks_are_collected() -> Iterator[None]:
    with collect_remarks():
        yield


def nifti(
    voxels: np.ndarray = VOXELS,
    *,
    version: int = 1,
    order: str = "<",
    scl: tuple[float, float] = (0, 0),
    sform: np.ndarray | None = SFORM,
    pixdim: tuple[float, ...] = (0.8, 0.9, 2),
    sizes: tuple[int, ...] | None = None,
    pair: bool = False,
) -> bytes:
    """Return a NIfTI file, or the header of a pair; written by hand after nifti1.h and nifti2.h."""
    sizes = sizes or voxels.shape[::-1]
    dim = (len(sizes), *sizes, *(1,) * (7 - len(sizes)))
    code, bits = CODES[voxels.dtype.str[1:]], voxels.dtype.itemsize * 8
    lengths = (1.0, *pixdim, 1.0, 1.0, 1.0, 1.0)
    rows = (np.zeros((3, 4)) if sform is None else sform).ravel()
    has_sform = sform is not None
    if version == 1:
        head = bytearray(348)
        struct.pack_into(f"{order}i", head, 0, 348)
        struct.pack_into(f"{order}8h", head, 40, *dim)
        struct.pack_into(f"{order}2h", head, 70, code, bits)
        struct.pack_into(f"{order}8f", head, 76, *lengths)
        struct.pack_into(f"{order}3f", head, 108, 0 if pair else 352, *scl)
        struct.pack_into(f"{order}2h", head, 252, 0, has_sform)
        struct.pack_into(f"{order}12f", head, 280, *rows)
        head[344:348] = b"ni1\0" if pair else b"n+1\0"
    else:
        head = bytearray(540)
        struct.pack_into(f"{order}i", head, 0, 540)
        head[4:12] = (b"ni2\0" if pair else b"n+2\0") + b"\r\n\x1a\n"
        struct.pack_into(f"{order}2h", head, 12, code, bits)
        struct.pack_into(f"{order}8q", head, 16, *dim)
        struct.pack_into(f"{order}8d", head, 104, *lengths)
        struct.pack_into(f"{order}q2d", head, 168, 0 if pair else 544, *scl)
        struct.pack_into(f"{order}2i", head, 344, 0, has_sform)
        struct.pack_into(f"{order}12d", head, 400, *rows)
    if pair:
        return bytes(head)
    return bytes(head) + bytes(4) + voxels.astype(voxels.dtype.newbyteorder(order)).tobytes()


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content) if path.name.lower().endswith(".gz") else content)
    return path


def values(path: Path) -> np.ndarray:
    return sitk.GetArrayFromImage(read_image(path))


def meta(path: Path, data: str, **fields: Any) -> Path:
    fields = {"ObjectType": "Image", "NDims": 3, "DimSize": "4 3 2", "ElementType": "MET_SHORT"} | fields
    text = "".join(f"{name} = {value}\n" for name, value in fields.items())
    path.write_text(f"{text}ElementDataFile = {data}\n")
    return path


def nrrd(
    path: Path, tail: str = "\n", content: bytes = b"", encoding: str = "raw", sizes: str = "4 3 2"
) -> Path:
    head = (
        f"NRRD0004\ntype: short\ndimension: 3\nsizes: {sizes}\nencoding: {encoding}\nendian: little\n{tail}"
    )
    path.write_bytes(head.encode() + content)
    return path


# ---- the file that is named ----------------------------------------------------------------------

NAMES = ["case.nii", "case.nii.gz", "case.NII", "case.NII.GZ", "case.nii.GZ", "case.Nii"]


@pytest.mark.parametrize("name", NAMES)
def test_a_neighbour_is_never_read_instead(tmp_path: Path, name: str) -> None:
    for n, other in enumerate((*NAMES, "case.img", "case.hdr")):
        put(tmp_path / other, nifti(VOXELS + 100 * (n + 1)))
    put(tmp_path / name, nifti(VOXELS))
    assert np.array_equal(values(tmp_path / name), VOXELS)
    assert np.array_equal(sitk.GetArrayFromImage(read_mask(tmp_path / name)), VOXELS)


def test_header_and_voxels_in_two_files(tmp_path: Path) -> None:
    put(tmp_path / "a.hdr", nifti(pair=True))
    with pytest.raises(ReadError, match=r"its voxels are missing; keep the file a\.img beside it"):
        read_image(tmp_path / "a.hdr")
    put(tmp_path / "a.nii", nifti(VOXELS + 500))
    put(tmp_path / "a.img.gz", VOXELS.tobytes())
    assert np.array_equal(values(tmp_path / "a.hdr"), VOXELS)
    put(tmp_path / "a.img", (VOXELS + 7).tobytes())
    assert np.array_equal(values(tmp_path / "a.hdr"), VOXELS + 7)
    assert np.array_equal(values(tmp_path / "a.img"), VOXELS + 7)
    assert np.array_equal(values(tmp_path / "a.img.gz"), VOXELS)
    put(tmp_path / "B.HDR", nifti(pair=True, version=2))
    put(tmp_path / "B.IMG", VOXELS.tobytes())
    assert np.array_equal(values(tmp_path / "B.HDR"), VOXELS)


def test_analyze_is_named_for_what_it_is(tmp_path: Path) -> None:
    head = bytearray(nifti(pair=True))
    head[344:348] = bytes(4)
    put(tmp_path / "a.hdr", bytes(head))
    put(tmp_path / "a.img", VOXELS.tobytes())
    for name in ("a.hdr", "a.img"):
        with pytest.raises(ReadError, match=r"is an Analyze 7\.5 image"):
            read_image(tmp_path / name)


@pytest.mark.parametrize("ending", ["NRRD", "NHDR", "MHA", "MHD"])
def test_upper_case_endings(tmp_path: Path, ending: str) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS), tmp_path / f"a.{ending.lower()}")
    (tmp_path / f"a.{ending.lower()}").rename(tmp_path / f"a.{ending}")
    assert np.array_equal(values(tmp_path / f"a.{ending}"), VOXELS)


# ---- NIfTI as declared ---------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", sorted(CODES))
def test_types_and_byte_orders(tmp_path: Path, version: int, order: str, kind: str) -> None:
    voxels = VOXELS.astype(kind)
    image = read_image(put(tmp_path / "a.nii", nifti(voxels, version=version, order=order)))
    assert np.array_equal(sitk.GetArrayFromImage(image), voxels)
    assert sitk.GetArrayFromImage(image).dtype == voxels.dtype


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_the_second_version_has_the_grid_of_the_first(tmp_path: Path, name: str) -> None:
    turn = np.array([[0, -0.9, 0, 5], [0.8, 0, 0, 6], [0, 0, 2, 7.0]])
    first = read_image(put(tmp_path / f"1{name}", nifti(sform=turn)))
    second = read_image(put(tmp_path / f"2{name}", nifti(sform=turn, version=2)))
    for grid in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(second, grid)() == getattr(first, grid)()
    assert np.array_equal(values(tmp_path / f"2{name}"), VOXELS)
    bytes_ = BytesSource((tmp_path / f"2{name}").read_bytes()).open().image
    assert np.array_equal(sitk.GetArrayFromImage(bytes_), VOXELS)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("scl", "slope", "intercept"),
    [
        ((0, 5), 1, 0),  # nifti1.h: a slope of 0 says that values are as they stand
        ((float("nan"), 3), 1, 0),
        ((float("inf"), 3), 1, 0),
        ((float("nan"), float("nan")), 1, 0),
        ((1, 0.5), 1, 0.5),
        ((-2, 1), -2, 1),
        ((0.1, 0), 0.1, 0),
        ((1e-20, 0), 1e-20, 0),
    ],
)
def test_slope_and_intercept(
    tmp_path: Path, version: int, scl: tuple[float, float], slope: float, intercept: float
) -> None:
    loaded = load_image(put(tmp_path / "a.nii", nifti(scl=scl, version=version)))
    wanted = VOXELS * np.float64(np.float32(slope) if version == 1 else slope) + intercept
    assert np.allclose(sitk.GetArrayFromImage(loaded.image), wanted, rtol=1e-6, atol=0)
    assert [step.what for step in loaded.applied] == (["rescaled"] if (slope, intercept) != (1, 0) else [])


def test_an_intercept_that_is_no_number(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="its scl_slope is 2, but its scl_inter nan"):
        read_image(put(tmp_path / "a.nii", nifti(scl=(2, float("nan")))))


@pytest.mark.parametrize("version", [1, 2])
def test_small_shear_is_read_with_a_remark_and_more_is_refused(tmp_path: Path, version: int) -> None:
    sheared = SFORM.copy()
    sheared[1, 2] = 0.004
    with collect_remarks() as remarks:
        image = read_image(put(tmp_path / "a.nii", nifti(sform=sheared, version=version)))
    assert np.array_equal(sitk.GetArrayFromImage(image), VOXELS)
    assert image.GetSpacing() == pytest.approx((0.8, 0.9, 2))
    axes = np.array(image.GetDirection()).reshape(3, 3)
    assert axes.T @ axes == pytest.approx(np.eye(3), abs=1e-6)
    assert remarks == ["axes are sheared by 0.20% (0.11 degrees): right angles were taken"]
    sheared[1, 2] = 0.2
    with pytest.raises(ReadError, match=r"its axes are sheared, 5\.71 degrees from right angles"):
        read_image(put(tmp_path / "b.nii", nifti(sform=sheared, version=version)))


def test_sheared_nrrd_is_refused(tmp_path: Path) -> None:
    tail = "space: left-posterior-superior\nspace directions: (1,0,0) (0.5,1,0) (0,0,1)\n\n"
    with pytest.raises(ReadError, match="its axes are sheared"):
        read_image(nrrd(tmp_path / "a.nrrd", tail, VOXELS.tobytes()))


def test_two_spacings_that_disagree_are_remarked_on(tmp_path: Path) -> None:
    with collect_remarks() as remarks:
        read_image(put(tmp_path / "a.nii", nifti(pixdim=(1, 1, 1))))
    assert remarks == ["pixdim gives a spacing of 1 x 1 x 1, the sform 0.8 x 0.9 x 2: pixdim was taken"]
    with collect_remarks() as remarks:
        read_image(put(tmp_path / "b.nii", nifti(pixdim=(0.8000001, 0.9, 2))))
    assert remarks == []


def test_types_that_nothing_here_holds_are_named(tmp_path: Path) -> None:
    content = bytearray(nifti())
    struct.pack_into("<2h", content, 70, 1536, 128)
    with pytest.raises(ReadError, match="voxels of NIfTI type 1536, which cannot be read"):
        read_image(put(tmp_path / "a.nii", bytes(content)))


# ---- detached data -------------------------------------------------------------------------------


@pytest.fixture
def slices(tmp_path: Path) -> Path:
    for n, part in enumerate(VOXELS, 1):
        (tmp_path / f"s{n:02}.raw").write_bytes(part.tobytes())
    (tmp_path / "all.raw").write_bytes(VOXELS.tobytes())
    return tmp_path


@pytest.mark.parametrize("data", ["all.raw", "s%02d.raw 1 2 1", "LIST\ns01.raw\ns02.raw"])
def test_data_in_files_of_their_own(slices: Path, data: str) -> None:
    assert np.array_equal(values(meta(slices / "a.mha", data)), VOXELS)
    assert np.array_equal(values(nrrd(slices / "a.nrrd", f"data file: {data}\n")), VOXELS)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("s01.raw", r"it ends after 24 of 48 bytes \(s01\.raw\)"),
        ("missing.raw", r"its data file missing\.raw is missing; keep it beside its header"),
        ("LIST\ns01.raw\nmissing.raw", r"its data file missing\.raw is missing"),
        ("s%02d.raw", "are not understood; write a pattern with first, last and step"),
        ("s%02d.raw 1 2 0", "are not understood"),
        ("../all.raw", r"names a data file outside its folder \(\.\./all\.raw\)"),
        ("/etc/hostname", "names a data file outside its folder"),
    ],
)
def test_data_files_that_cannot_be_read(slices: Path, data: str, message: str) -> None:
    for path in (meta(slices / "a.mhd", data), nrrd(slices / "a.nhdr", f"data file: {data}\n")):
        with pytest.raises(ReadError, match=message):
            read_image(path)


def test_a_metaimage_pattern_with_a_fourth_number_is_refused(slices: Path) -> None:
    with pytest.raises(ReadError, match="are not understood"):
        read_image(meta(slices / "a.mhd", "s%02d.raw 1 2 1 2"))
    assert np.array_equal(values(nrrd(slices / "a.nhdr", "data file: s%02d.raw 1 2 1 2\n")), VOXELS)


def test_data_outside_the_folder_can_be_allowed(slices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (slices / "below").mkdir()
    path = meta(slices / "below" / "a.mhd", "../all.raw")
    with pytest.raises(ReadError, match="RADIOMICS_SCREEN_ALLOW_OUTSIDE_DATA=1"):
        read_image(path)
    monkeypatch.setenv("RADIOMICS_SCREEN_ALLOW_OUTSIDE_DATA", "1")
    assert np.array_equal(values(path), VOXELS)
    monkeypatch.delenv("RADIOMICS_SCREEN_ALLOW_OUTSIDE_DATA")
    shutil.copy(slices / "all.raw", slices / "below")
    monkeypatch.chdir(slices)
    assert np.array_equal(values(meta(Path("a.mhd"), "below/all.raw")), VOXELS)
    with pytest.raises(ReadError, match="outside its folder"):
        read_image(meta(Path("a.mhd"), "../all.raw"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_never_blocks(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.raw")
    with pytest.raises(ReadError, match=r"its data file x\.raw is no file"):
        read_image(meta(tmp_path / "a.mhd", "x.raw"))
    with pytest.raises(ReadError, match="neither a file nor a folder"):
        read_image(tmp_path / "x.raw")
    put(tmp_path / "a.hdr", nifti(pair=True))
    os.mkfifo(tmp_path / "a.img")
    with pytest.raises(ReadError, match="its voxels are missing"):
        read_image(tmp_path / "a.hdr")


def test_a_slope_that_is_not_applied_is_remarked_on(tmp_path: Path) -> None:
    path = meta(tmp_path / "a.mha", "LOCAL", ElementToIntensityFunctionSlope=2)
    path.write_bytes(path.read_bytes() + VOXELS.tobytes())
    with collect_remarks() as remarks:
        assert np.array_equal(values(path), VOXELS)
    assert remarks == ["the MetaImage file's slope 2 and offset 0 were not applied"]


def test_bzip2_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="packed by bzip2, which cannot be decoded here"):
        read_image(nrrd(tmp_path / "a.nrrd", content=b"BZh9", encoding="bzip2"))


# ---- limits --------------------------------------------------------------------------------------


def test_headers_that_declare_more_than_there_is(tmp_path: Path) -> None:
    huge = (1000, 1000, 900)
    text = "1000 1000 900"
    files = [
        put(tmp_path / "a.nii", nifti(sizes=huge)),
        put(tmp_path / "b.nii.gz", nifti(sizes=huge)),
        put(tmp_path / "c.nii.gz", nifti(sizes=huge, version=2)),
        nrrd(tmp_path / "d.nrrd", content=b"xx", sizes=text),
        nrrd(tmp_path / "e.nrrd", content=gzip.compress(b""), encoding="gzip", sizes=text),
        nrrd(tmp_path / "f.nrrd", content=b"1 2 3", encoding="ascii", sizes=text),
        meta(tmp_path / "g.mha", "LOCAL", DimSize=text),
        meta(tmp_path / "h.mha", "LOCAL", DimSize=text, CompressedData="True"),
    ]
    for path in files:
        with pytest.raises(ReadError, match=r"damaged (NIfTI|NRRD|MetaImage): .*(ends after|cannot hold)"):
            read_image(path)


def test_a_stream_that_is_packed_too_well_is_followed(tmp_path: Path) -> None:
    packed = zlib.compress(bytes(1 << 20), 9)
    path = meta(tmp_path / "a.mha", "LOCAL", DimSize="4000 4000 10", CompressedData="True")
    path.write_bytes(path.read_bytes() + packed + bytes(400_000))
    with pytest.raises(ReadError, match="ends after 1048576 of 320000000 bytes"):
        read_image(path)


def test_a_stream_that_goes_on_is_left_at_the_end_of_the_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MAX_BYTES, str(4 << 20))
    path = put(tmp_path / "a.nii.gz", nifti() + bytes(64 << 20))
    assert np.array_equal(values(path), VOXELS)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.mha"])
def test_limits_hold_for_every_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(VOXELS), tmp_path / name)
    monkeypatch.setenv(MAX_PIXELS, "24")
    assert np.array_equal(values(tmp_path / name), VOXELS)
    monkeypatch.setenv(MAX_PIXELS, "23")
    with pytest.raises(ReadError, match=MAX_PIXELS):
        read_image(tmp_path / name)
    monkeypatch.setenv(MAX_PIXELS, "24")
    monkeypatch.setenv(MAX_BYTES, "47")
    with pytest.raises(ReadError, match=MAX_BYTES):
        read_image(tmp_path / name)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("column", [0, 3])
def test_an_sform_that_is_not_finite_is_refused(
    tmp_path: Path, version: int, value: float, column: int
) -> None:
    sform = SFORM.copy()
    sform[1, column] = value  # ITK never came back from one
    for read in (read_image, read_mask):
        with pytest.raises(ReadError, match="its sform holds numbers that are not finite"):
            read(put(tmp_path / "a.nii", nifti(version=version, sform=sform)))


@pytest.mark.parametrize("sizes", ["4 inf 2", "1e999 3 2", "nan 3 2", "4 3 2" + "\0" * 5000, "x" * 5000])
def test_sizes_that_are_no_numbers_are_refused_in_a_short_sentence(tmp_path: Path, sizes: str) -> None:
    (tmp_path / "a.raw").write_bytes(VOXELS.tobytes())
    for path in (meta(tmp_path / "a.mhd", "a.raw", DimSize=sizes), nrrd(tmp_path / "a.nrrd", sizes=sizes)):
        with pytest.raises(ReadError, match="damaged") as refused:
            read_image(path)
        assert len(str(refused.value)) < 1000
        assert "\0" not in str(refused.value)
