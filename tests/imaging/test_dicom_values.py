"""Values of DICOM images: each slice by its own header, and mappings wherever the header has them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, RLELossless, generate_uid

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.imaging.reading import load_image, read_image

CT, ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1"
ENHANCED_MR, ENHANCED_XA = "1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.12.1.1"
ENHANCED_US, PARAMETRIC_MAP = "1.2.840.10008.5.1.4.1.1.6.2", "1.2.840.10008.5.1.4.1.1.30"
PHOTOACOUSTIC = "1.2.840.10008.5.1.4.1.1.6.3"  # not known to GDCM
STORED = np.arange(3 * 4 * 5, dtype=np.uint16).reshape(3, 4, 5) * 7


@pytest.fixture(autouse=True)
def remarks_are_collected() -> Iterator[None]:
    with collect_remarks():
        yield


def item(**values: Any) -> Dataset:
    made = Dataset()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def pixels(sop_class: str, stored: np.ndarray, **tags: Any) -> Dataset:
    """Return a grey image of (rows, columns) or (frames, rows, columns)."""
    bits = stored.dtype.itemsize * 8
    ds = item(
        SOPClassUID=sop_class, SOPInstanceUID=generate_uid(), Modality="XA", SeriesInstanceUID="1.2.3",
        Rows=stored.shape[-2], Columns=stored.shape[-1], SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2", BitsAllocated=bits, BitsStored=bits, HighBit=bits - 1,
        PixelRepresentation=int(stored.dtype.kind == "i"), PixelData=stored.tobytes(),
    )  # fmt: skip
    ds["PixelData"].VR = "OW"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for name, value in tags.items():
        setattr(ds, name, value)
    return ds


def saved(ds: Dataset, path: Path) -> Path:
    ds.save_as(path, enforce_file_format=True)
    return path


def ct_slice(path: Path, stored: np.ndarray, z: float, **tags: Any) -> Path:
    place = {
        "Modality": "CT", "PixelSpacing": [0.5, 0.25], "ImagePositionPatient": [0, 0, z],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
    }  # fmt: skip
    return saved(pixels(CT, stored, **{**place, **tags}), path)


def enhanced(
    sop_class: str,
    mappings: list[list[Dataset]] | None,
    name: str,
    zs: tuple[float, ...] = (0, 2, 4),
    **tags: Any,
) -> Dataset:
    """Return a multi-frame image; `mappings` are items of a functional group, of each frame or shared."""
    shared = item(
        PixelMeasuresSequence=[item(PixelSpacing=[0.5, 0.25])],
        PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
    )
    frames = [item(PlanePositionSequence=[item(ImagePositionPatient=[0, 0, z])]) for z in zs]
    if mappings:
        for group, items in zip([shared] if len(mappings) == 1 else frames, mappings, strict=True):
            setattr(group, name, items)
    groups = {"SharedFunctionalGroupsSequence": [shared], "PerFrameFunctionalGroupsSequence": frames}
    return pixels(sop_class, STORED, NumberOfFrames=3, **{**groups, **tags})


def rescale(slope: float, intercept: float) -> Dataset:
    return item(RescaleSlope=str(slope), RescaleIntercept=str(intercept), RescaleType="US")


def real_world(slope: float, intercept: float, unit: str = "um2/s") -> Dataset:
    return item(
        RealWorldValueSlope=slope, RealWorldValueIntercept=intercept,
        DoubleFloatRealWorldValueFirstValueMapped=0.0, DoubleFloatRealWorldValueLastValueMapped=4095.0,
        MeasurementUnitsCodeSequence=[item(CodeValue=unit)],
    )  # fmt: skip


def values(path: Path) -> np.ndarray:
    return sitk.GetArrayFromImage(read_image(path))


# ---- series --------------------------------------------------------------------------------------


def test_slices_that_differ_in_sign_are_each_read_by_their_own_header(tmp_path: Path) -> None:
    unsigned = np.array([[0, 40000], [65535, 7]], np.uint16)
    signed = np.array([[-1, -1024], [5, 32767]], np.int16)
    ct_slice(tmp_path / "a.dcm", unsigned, 0)
    ct_slice(tmp_path / "b.dcm", signed, 2)
    ct_slice(tmp_path / "c.dcm", signed, 4)
    assert np.array_equal(values(tmp_path), np.stack([unsigned.astype(int), signed, signed]))


def test_slices_that_differ_in_bits_are_joined_in_a_type_that_holds_all(tmp_path: Path) -> None:
    low, high, byte = (
        np.array([[1, 4095]], np.uint16),
        np.array([[3, 65535]], np.uint16),
        np.array([[1, 255]], np.uint8),
    )
    ct_slice(tmp_path / "a.dcm", low, 0, BitsStored=12, HighBit=11, RescaleSlope=1, RescaleIntercept=-1024)
    ct_slice(tmp_path / "b.dcm", high, 2, RescaleSlope=1, RescaleIntercept=-1024)
    ct_slice(tmp_path / "c.dcm", byte, 4, RescaleSlope=1, RescaleIntercept=-1024)
    assert values(tmp_path).ravel().tolist() == [-1023, 3071, -1021, 64511, -1023, -769]


def test_slices_that_differ_in_bits_and_slope(tmp_path: Path) -> None:
    ct_slice(
        tmp_path / "a.dcm", np.array([[1, 4095]], np.uint16), 0, BitsStored=12, HighBit=11, RescaleSlope=0.5
    )
    ct_slice(tmp_path / "b.dcm", np.array([[-3, 32767]], np.int16), 2, RescaleSlope=2, RescaleIntercept=1)
    assert values(tmp_path).ravel().tolist() == [0.5, 2047.5, -5, 65535]


def test_slices_of_a_class_that_gdcm_ignores_mappings_of(tmp_path: Path) -> None:
    for n, (slope, z) in enumerate(((0.5, 0), (0.5, 2), (3.0, 4))):
        ct_slice(
            tmp_path / f"{n}.dcm", np.array([[10, 20]], np.uint16), z, SOPClassUID=ENHANCED_XA,
            SharedFunctionalGroupsSequence=[item(PixelValueTransformationSequence=[rescale(slope, 1)])],
        )  # fmt: skip
    assert values(tmp_path).ravel().tolist() == [6, 11, 6, 11, 31, 61]


@pytest.mark.parametrize(
    ("tags", "what"),
    [
        ({"PhotometricInterpretation": "MONOCHROME1"}, "photometric interpretation"),
        ({"RescaleType": "OD"}, "unit"),
        ({"PixelSpacing": [0.5, 0.26]}, "pixel spacing"),
    ],
)
def test_what_cannot_be_joined_is_refused_with_what_differs(
    tmp_path: Path, tags: dict[str, Any], what: str
) -> None:
    for n in range(3):
        ct_slice(
            tmp_path / f"{n}.dcm", STORED[n], 2 * n, **({"RescaleType": "HU"} | (tags if n == 1 else {}))
        )
    with pytest.raises(ReadError, match=f"differ in {what}"):
        read_image(tmp_path)


def test_spacing_that_a_header_rounds_is_one_spacing(tmp_path: Path) -> None:
    for n, x in enumerate((0.7812500, 0.7812501, 0.7812499)):
        ct_slice(tmp_path / f"{n}.dcm", STORED[n], 2 * n, PixelSpacing=[x, x])
    assert np.array_equal(values(tmp_path), STORED)


# ---- functional groups ---------------------------------------------------------------------------


@pytest.mark.parametrize("sop_class", [ENHANCED_CT, ENHANCED_MR, ENHANCED_XA, ENHANCED_US, PHOTOACOUSTIC])
@pytest.mark.parametrize("count", [1, 3])
def test_rescale_of_functional_groups(tmp_path: Path, sop_class: str, count: int) -> None:
    ds = enhanced(sop_class, [[rescale(0.5, -100)] for _ in range(count)], "PixelValueTransformationSequence")
    assert np.array_equal(values(saved(ds, tmp_path / "a.dcm")), STORED * 0.5 - 100)


@pytest.mark.parametrize("sop_class", [ENHANCED_CT, ENHANCED_XA])
def test_rescale_that_differs_from_frame_to_frame(tmp_path: Path, sop_class: str) -> None:
    pairs = [(0.5, -100), (2, 0), (1, 3)]
    ds = enhanced(sop_class, [[rescale(*pair)] for pair in pairs], "PixelValueTransformationSequence")
    loaded = load_image(saved(ds, tmp_path / "a.dcm"))
    wanted = np.stack(
        [frame * slope + intercept for frame, (slope, intercept) in zip(STORED, pairs, strict=True)]
    )
    assert np.array_equal(sitk.GetArrayFromImage(loaded.image), wanted)
    assert [(r.slope, r.intercept) for r in loaded.rescales] == pairs


def test_compressed_frames_are_mapped_alike(tmp_path: Path) -> None:
    ds = enhanced(ENHANCED_XA, [[rescale(0.5, -100)]], "PixelValueTransformationSequence")
    ds.compress(RLELossless)
    assert np.array_equal(values(saved(ds, tmp_path / "a.dcm")), STORED * 0.5 - 100)


def test_a_frame_without_rescale_among_others_with_one_is_refused(tmp_path: Path) -> None:
    ds = enhanced(ENHANCED_CT, [[rescale(2, 0)], [rescale(2, 0)], []], "PixelValueTransformationSequence")
    with pytest.raises(ReadError, match="some of its frames have a rescale slope and others have none"):
        read_image(saved(ds, tmp_path / "a.dcm"))


@pytest.mark.parametrize("sop_class", [ENHANCED_CT, ENHANCED_XA])
def test_frames_in_no_order_are_put_in_that_of_their_places(tmp_path: Path, sop_class: str) -> None:
    pairs = [(1, 0), (2, 0), (3, 0)]
    ds = enhanced(
        sop_class, [[rescale(*pair)] for pair in pairs], "PixelValueTransformationSequence", zs=(4, 0, 2)
    )
    image = read_image(saved(ds, tmp_path / "a.dcm"))
    assert np.array_equal(sitk.GetArrayFromImage(image), np.stack([STORED[1] * 2, STORED[2] * 3, STORED[0]]))
    assert image.GetOrigin() == pytest.approx((0, 0, 0))
    assert image.GetSpacing() == pytest.approx((0.25, 0.5, 2))


@pytest.mark.parametrize(
    ("sequence", "items", "what"),
    [
        ("PixelMeasuresSequence", item(PixelSpacing=[1, 1]), "pixel spacing"),
        ("PlaneOrientationSequence", item(ImageOrientationPatient=[0, 1, 0, 0, 0, 1]), "orientation"),
    ],
)
def test_frames_of_several_grids_are_refused(
    tmp_path: Path, sequence: str, items: Dataset, what: str
) -> None:
    ds = enhanced(ENHANCED_CT, None, "")
    setattr(ds.PerFrameFunctionalGroupsSequence[1], sequence, [items])
    with pytest.raises(ReadError, match=f"its frames differ in {what}"):
        read_image(saved(ds, tmp_path / "a.dcm"))


# ---- real world values ---------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_real_world_values_are_applied_where_nothing_else_is_and_told(tmp_path: Path, count: int) -> None:
    ds = enhanced(
        ENHANCED_MR, [[real_world(0.5, -100)] for _ in range(count)], "RealWorldValueMappingSequence"
    )
    with collect_remarks() as remarks:
        loaded = load_image(saved(ds, tmp_path / "a.dcm"))
    assert np.array_equal(sitk.GetArrayFromImage(loaded.image), STORED * 0.5 - 100)
    assert loaded.unit == "um2/s"
    assert remarks == ["real world values were applied: 0.5 * stored + -100 um2/s"]


def test_real_world_values_of_an_image_of_one_frame(tmp_path: Path) -> None:
    ct_slice(tmp_path / "a.dcm", STORED[0], 0, RealWorldValueMappingSequence=[real_world(2, 1)])
    assert np.array_equal(values(tmp_path / "a.dcm")[0], STORED[0] * 2 + 1)


def test_several_real_world_mappings_or_a_table_leave_the_stored_values_and_a_remark(tmp_path: Path) -> None:
    table = item(RealWorldValueLUTData=[0.0, 1.0], MeasurementUnitsCodeSequence=[item(CodeValue="1")])
    for items, why in (
        ([real_world(2, 1), real_world(0.002, 0.001, "mm2/s")], "several"),
        ([table], "table"),
    ):
        ds = enhanced(ENHANCED_MR, [items], "RealWorldValueMappingSequence")
        with collect_remarks() as remarks:
            assert np.array_equal(values(saved(ds, tmp_path / "a.dcm")), STORED)
        assert "were not applied" in remarks[0]
        assert why in remarks[0]


def test_real_world_values_in_different_units_are_refused(tmp_path: Path) -> None:
    items = [[real_world(2, 1)], [real_world(2, 1)], [real_world(3, 1, "mm2/s")]]
    ds = enhanced(ENHANCED_MR, items, "RealWorldValueMappingSequence")
    with pytest.raises(ReadError, match="differ in the unit of their real world values"):
        read_image(saved(ds, tmp_path / "a.dcm"))


def test_a_rescale_goes_before_real_world_values_and_the_row_says_so(tmp_path: Path) -> None:
    ds = enhanced(ENHANCED_MR, [[real_world(0.5, -100)]], "RealWorldValueMappingSequence")
    ds.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence = [rescale(3, 0)]
    with collect_remarks() as remarks:
        assert np.array_equal(values(saved(ds, tmp_path / "a.dcm")), STORED * 3)
    assert "were not applied: the rescale slope of the header was" in remarks[0]


def test_stored_values_outside_the_mapped_range_are_counted(tmp_path: Path) -> None:
    mapping = real_world(2, 1)
    mapping.DoubleFloatRealWorldValueLastValueMapped = 400.0
    ct_slice(
        tmp_path / "a.dcm", np.array([[400, 401]], np.uint16), 0, RealWorldValueMappingSequence=[mapping]
    )
    with collect_remarks() as remarks:
        read_image(tmp_path / "a.dcm")
    assert any(remark.startswith("1 pixels lie outside the stored values 0 to 400") for remark in remarks)


# ---- other kinds of pixels -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"), [("FloatPixelData", np.float32), ("DoubleFloatPixelData", np.float64)]
)
def test_parametric_maps_of_floats(tmp_path: Path, name: str, kind: type) -> None:
    stored = (STORED / 3).astype(kind)
    ds = enhanced(PARAMETRIC_MAP, None, "", BitsAllocated=8 * stored.dtype.itemsize)
    del ds.PixelData
    setattr(ds, name, stored.tobytes())
    assert np.array_equal(values(saved(ds, tmp_path / "a.dcm")), stored)


def test_a_dose_of_one_frame_whose_header_lists_more(tmp_path: Path) -> None:
    path = Path(get_testdata_file("rtdose_1frame.dcm"))
    ds = pydicom.dcmread(path)
    assert np.allclose(values(path)[0], ds.pixel_array * float(ds.DoseGridScaling), rtol=1e-12)
    assert read_image(path).GetOrigin() == pytest.approx([float(p) for p in ds.ImagePositionPatient])


def test_frames_of_a_dose_that_lie_from_top_to_bottom(tmp_path: Path) -> None:
    ds = pydicom.dcmread(get_testdata_file("rtdose.dcm"))
    ds.GridFrameOffsetVector = [-float(offset) for offset in ds.GridFrameOffsetVector]
    image = read_image(saved(ds, tmp_path / "a.dcm"))
    x, y, z = (float(p) for p in ds.ImagePositionPatient)
    assert image.TransformIndexToPhysicalPoint((0, 0, 2)) == pytest.approx((x, y, z - 10))
    ds.GridFrameOffsetVector = [
        offset + (20 if n > 5 else 0) for n, offset in enumerate(ds.GridFrameOffsetVector)
    ]
    with pytest.raises(ReadError, match=r"frames (are|lie)|unevenly|missing|several"):
        read_image(saved(ds, tmp_path / "a.dcm"))


def test_signed_monochrome1_is_inverted(tmp_path: Path) -> None:
    stored = np.array([[0, 1, -1, 2047]], np.int16)
    ct_slice(
        tmp_path / "a.dcm", stored, 0, BitsStored=12, HighBit=11, PhotometricInterpretation="MONOCHROME1"
    )
    assert values(tmp_path / "a.dcm").ravel().tolist() == [-1, -2, 0, -2048]


def test_delimiters_within_a_compressed_fragment_end_nothing(tmp_path: Path) -> None:
    stored = np.frombuffer(b"\1\2\3\4\xfe\xff\xdd\xe0" * 8, np.uint8).reshape(8, 8)
    ds = pixels(CT, stored)
    ds.compress(RLELossless)
    assert np.array_equal(values(saved(ds, tmp_path / "a.dcm"))[0], stored)


def test_upper_case_endings_and_none(tmp_path: Path) -> None:
    for name in ("A.DCM", "noending"):
        assert np.array_equal(values(ct_slice(tmp_path / name, STORED[0], 0))[0], STORED[0])


@pytest.mark.parametrize("size", [(8, 8), (3, 5)])
@pytest.mark.parametrize("kind", ["OB", "OW"])
def test_bytes_of_a_big_endian_file_change_places_in_words(
    tmp_path: Path, size: tuple[int, int], kind: str
) -> None:
    stored = np.arange(size[0] * size[1], dtype=np.uint8).reshape(size)
    ds = pixels(CT, stored)
    ds.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    content = stored.tobytes() + bytes(stored.size % 2)
    in_words = np.frombuffer(content, ">u2").astype("<u2").tobytes()  # pydicom swaps nothing of 8 bits
    ds.PixelData = in_words if kind == "OW" else content
    ds["PixelData"].VR = kind
    image = read_image(saved(ds, tmp_path / "a.dcm"))
    np.testing.assert_array_equal(np.squeeze(sitk.GetArrayFromImage(image)), stored)
