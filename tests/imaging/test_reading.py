"""Files into images: every format as it is met, awkward, broken or something else."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
import tifffile
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.imaging.reading import read_image, read_mask

RNG = np.random.default_rng(5)
GREY8 = RNG.integers(0, 256, (13, 17), dtype=np.uint8)
GREY16 = RNG.integers(0, 65536, (13, 17), dtype=np.uint16)
RGB = RNG.integers(0, 256, (13, 17, 3), dtype=np.uint8)
LUMA = np.rint(RGB @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)


def values(image: sitk.Image) -> np.ndarray:
    return sitk.GetArrayFromImage(image)


def volume(dtype: type = np.int16) -> sitk.Image:
    image = sitk.GetImageFromArray(np.arange(7 * 8 * 9, dtype=dtype).reshape(7, 8, 9))
    image.SetSpacing((0.5, 0.75, 3.0))
    image.SetOrigin((-10.0, 20.0, 5.5))
    return image


def dicom_slice(path: Path, z: float = 0.0, series: str = "1.2.3", **tags: object) -> Path:
    """Write one CT slice of 6 x 5 pixels; keyword arguments replace header entries, None removes them."""
    ds = pydicom.dcmread(get_testdata_file("MR_small.dcm"))
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.Modality, ds.SeriesInstanceUID, ds.SeriesDescription = "CT", series, f"series {series}"
    ds.Rows, ds.Columns, ds.PixelSpacing = 6, 5, [0.5, 0.25]
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 12, 11, 0
    ds.ImageOrientationPatient, ds.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [10, 20, z]
    ds.PixelData = (np.arange(30) + round(100 * z)).astype(np.uint16).tobytes()
    for name, value in tags.items():
        if value is None:
            delattr(ds, name)
        else:
            setattr(ds, name, value)
    ds.save_as(path)
    return path


def series(folder: Path, positions: list[float], **tags: object) -> Path:
    folder.mkdir(parents=True)
    for n, z in enumerate(positions):
        dicom_slice(folder / f"{(n * 7) % 10}_{n}.dcm", z, **tags)  # names in no order
    return folder


# ---- pictures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["png", "bmp", "tif", "pgm"])
def test_grey_pictures_keep_their_values(tmp_path: Path, ending: str) -> None:
    Image.fromarray(GREY8).save(tmp_path / f"a.{ending}")
    with collect_remarks() as notes:
        image = read_image(tmp_path / f"a.{ending}")
    assert image.GetDimension() == 2
    assert np.array_equal(values(image), GREY8)
    assert not [n for n in notes if "colour" not in n]


def test_jpeg_is_close_and_its_print_resolution_is_remarked_on(tmp_path: Path) -> None:
    smooth = np.add.outer(np.arange(40), np.arange(50)).astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / "a.jpg", quality=95, dpi=(254, 254))
    with collect_remarks() as notes:
        image = read_image(tmp_path / "a.jpg")
    assert np.abs(values(image).astype(int) - smooth).max() <= 3
    assert image.GetSpacing() == pytest.approx((0.1, 0.1))
    assert ["print resolution" in n for n in notes] == [True]


@pytest.mark.parametrize("ending", ["png", "tif", "pgm"])
def test_sixteen_bits(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    if ending == "pgm":
        path.write_bytes(b"P5\n# made by hand\n17 13\n65535\n" + GREY16.astype(">u2").tobytes())
    else:
        Image.fromarray(GREY16).save(path)
    image = read_image(path)
    assert values(image).dtype == np.uint16
    assert np.array_equal(values(image), GREY16)


@pytest.mark.parametrize("ending", ["png", "bmp", "tif", "ppm"])
def test_colour_becomes_luma_and_the_row_says_so(tmp_path: Path, ending: str) -> None:
    Image.fromarray(RGB).save(tmp_path / f"a.{ending}")
    with collect_remarks() as notes:
        image = read_image(tmp_path / f"a.{ending}")
    assert np.array_equal(values(image), LUMA)
    assert any("turned to grey" in n for n in notes)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_grey_saved_as_colour_keeps_its_values_exactly(tmp_path: Path, mode: str) -> None:
    Image.fromarray(GREY8).convert(mode).save(tmp_path / "a.png")
    with collect_remarks() as notes:
        image = read_image(tmp_path / "a.png")
    assert np.array_equal(values(image), GREY8)
    assert any("equal channels" in n for n in notes)


@pytest.mark.parametrize("ending", ["png", "bmp", "tif", "pbm"])
def test_one_bit_masks(tmp_path: Path, ending: str) -> None:
    Image.fromarray(GREY8 > 128).save(tmp_path / f"a.{ending}")
    assert np.array_equal(values(read_mask(tmp_path / f"a.{ending}")), np.where(GREY8 > 128, 255, 0))


TIFFS = {
    "tiled 16-bit": (GREY16, {"tile": (16, 16)}),
    "big-endian": (GREY16, {"byteorder": ">"}),
    "BigTIFF": (GREY16, {"bigtiff": True}),
    "float": (GREY16 / 7, {}),
    "signed": (GREY8.astype(np.int16) - 99, {}),
    "32-bit": (GREY16.astype(np.uint32) * 65537, {}),
    "deflate with predictor": (GREY16, {"compression": "zlib", "predictor": True}),
}


@pytest.mark.parametrize("kind", TIFFS)
def test_tiffs_that_simpleitk_or_pillow_get_wrong(tmp_path: Path, kind: str) -> None:
    array, how = TIFFS[kind]
    tifffile.imwrite(tmp_path / "a.tif", array, **how)
    image = read_image(tmp_path / "a.tif")
    assert values(image).dtype == array.dtype
    assert np.array_equal(values(image), array)


@pytest.mark.parametrize("array", [GREY8, GREY16])
def test_white_is_zero_tiff_is_inverted(tmp_path: Path, array: np.ndarray) -> None:
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="miniswhite")
    with collect_remarks() as notes:
        image = read_image(tmp_path / "a.tif")
    assert np.array_equal(values(image), np.iinfo(array.dtype).max - array)
    assert ["shows 0 as white" in n for n in notes] == [True]


def test_tiff_pages_are_a_stack_without_slice_distance(tmp_path: Path) -> None:
    pages = [Image.fromarray(GREY8), Image.fromarray(255 - GREY8)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    with collect_remarks() as notes:
        image = read_image(tmp_path / "a.tif")
    assert image.GetSize() == (17, 13, 2)
    assert image.GetSpacing() == (1.0, 1.0, 1.0)
    assert "no slice distance" in notes[0]


def test_tiff_with_pages_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.stack([GREY8] * 3), photometric="minisblack", metadata=None)
    with tifffile.TiffFile(path) as file:
        cut = file.pages[2].offset
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ReadError, match=r"missing|damaged TIFF"):
        read_image(path)


def test_plain_text_pgm_with_comments(tmp_path: Path) -> None:
    (tmp_path / "a.pgm").write_bytes(b"P2 # plain\n3 2 # size\n1000\n1 2 3 # row\n4 5 1000\n")
    assert values(read_image(tmp_path / "a.pgm")).tolist() == [[1, 2, 3], [4, 5, 1000]]


# ---- volumes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["nii", "nii.gz", "nrrd", "nhdr", "mha", "mhd"])
def test_volumes_keep_values_and_geometry(tmp_path: Path, ending: str) -> None:
    sitk.WriteImage(volume(), tmp_path / f"größe.{ending}")
    image = read_image(tmp_path / f"größe.{ending}")
    assert np.array_equal(values(image), values(volume()))
    assert image.GetSpacing() == pytest.approx((0.5, 0.75, 3.0))
    assert image.GetOrigin() == pytest.approx((-10.0, 20.0, 5.5))


@pytest.mark.parametrize("ending", ["nii", "nii.gz", "nrrd", "mha", "png", "jpg", "bmp", "tif", "pgm"])
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_truncated_files_are_refused(tmp_path: Path, ending: str, kept: float) -> None:
    path = tmp_path / f"a.{ending}"
    if ending in ("png", "jpg", "bmp", "tif", "pgm"):
        Image.fromarray(np.tile(GREY8, (4, 4))).save(path)
    else:
        sitk.WriteImage(volume(), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ReadError, match="a.{ending}: damaged".replace("{ending}", ending)):
        read_image(path)


def test_damage_inside_a_gzip_stream_is_found(tmp_path: Path) -> None:
    sitk.WriteImage(volume(), tmp_path / "a.nii.gz")
    content = bytearray((tmp_path / "a.nii.gz").read_bytes())
    content[len(content) // 2] ^= 0xFF
    (tmp_path / "a.nii.gz").write_bytes(content)
    with pytest.raises(ReadError, match="damaged gzip file"):
        read_image(tmp_path / "a.nii.gz")


def test_format_is_found_by_content(tmp_path: Path) -> None:
    for ending in ("nrrd", "mha"):
        sitk.WriteImage(volume(), tmp_path / f"a.{ending}")
        (tmp_path / f"a.{ending}").rename(tmp_path / f"{ending}.dat")
        assert read_image(tmp_path / f"{ending}.dat").GetSize() == (9, 8, 7)
    Image.fromarray(GREY8).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert np.array_equal(values(read_image(tmp_path / "a.jpg")), GREY8)


@pytest.mark.parametrize(("written", "renamed"), [("nii", "dat"), ("nii.gz", "dat"), ("nii.gz", "nii")])
def test_nifti_under_a_name_that_itk_does_not_take(tmp_path: Path, written: str, renamed: str) -> None:
    sitk.WriteImage(volume(), tmp_path / f"a.{written}")
    (tmp_path / f"a.{written}").rename(tmp_path / f"b.{renamed}")
    with pytest.raises(ReadError, match=f"NIfTI file by its content; give it the ending .{written}"):
        read_image(tmp_path / f"b.{renamed}")


def test_one_time_point_is_an_image_and_several_are_not(tmp_path: Path) -> None:
    one = sitk.JoinSeries([volume()])
    sitk.WriteImage(one, tmp_path / "one.nrrd")
    assert read_image(tmp_path / "one.nrrd").GetSize() == (9, 8, 7)
    sitk.WriteImage(sitk.JoinSeries([volume(), volume()]), tmp_path / "two.nrrd")
    with pytest.raises(ReadError, match=r"4 dimensions \(9 x 8 x 7 x 2\)"):
        read_image(tmp_path / "two.nrrd")


def test_vectors_that_are_no_colour_are_refused(tmp_path: Path) -> None:
    field = sitk.Compose(volume(np.float32), volume(np.float32), volume(np.float32))
    sitk.WriteImage(field, tmp_path / "a.nrrd")
    with pytest.raises(ReadError, match="3 values a voxel and no colour"):
        read_image(tmp_path / "a.nrrd")


# ---- no image at all ----------------------------------------------------------------------------


def test_what_is_no_image_says_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "zero.nii").touch()
    (tmp_path / "folder" / "below").mkdir(parents=True)
    expected = {
        "missing.png": "no such file",
        "text.png": "no image by its content",
        "zero.nii": "is empty",
        "folder": r"holds no DICOM image; did you mean a folder below it \(below\)",
    }
    for name, message in expected.items():
        with pytest.raises(ReadError, match=message) as caught:
            read_image(tmp_path / name)
        assert str(caught.value).startswith(str(tmp_path / name))
        assert "\n" not in str(caught.value)


# ---- masks --------------------------------------------------------------------------------------


def test_float_masks_of_whole_numbers_are_taken_and_others_refused(tmp_path: Path) -> None:
    labels = sitk.Cast(volume() > 200, sitk.sitkFloat32)
    sitk.WriteImage(labels, tmp_path / "whole.nii")
    mask = read_mask(tmp_path / "whole.nii")
    assert "integer" in mask.GetPixelIDTypeAsString()
    assert mask.GetSpacing() == pytest.approx(labels.GetSpacing())
    sitk.WriteImage(labels * 0.7, tmp_path / "share.nii")
    with pytest.raises(ReadError, match=r"values such as 0\.7"):
        read_mask(tmp_path / "share.nii")


def test_channels_of_a_mask(tmp_path: Path) -> None:
    one, two = sitk.Cast(volume() > 200, sitk.sitkUInt8), sitk.Cast(volume() > 400, sitk.sitkUInt8)
    sitk.WriteImage(sitk.Compose(one, two), tmp_path / "seg.nrrd")
    with pytest.raises(ReadError, match=r"2 channels that differ; say which one by label_channel \(0 to 1\)"):
        read_mask(tmp_path / "seg.nrrd")
    assert np.array_equal(values(read_mask(tmp_path / "seg.nrrd", label_channel=1)), values(two))
    with pytest.raises(ReadError, match="label_channel is 2"):
        read_mask(tmp_path / "seg.nrrd", label_channel=2)
    black_and_white = np.where(GREY8 > 128, 255, 0).astype(np.uint8)
    Image.fromarray(black_and_white).convert("RGBA").save(tmp_path / "paint.png")
    assert np.array_equal(values(read_mask(tmp_path / "paint.png")), black_and_white)


# ---- DICOM --------------------------------------------------------------------------------------


def test_rescale_is_applied(tmp_path: Path) -> None:
    image = read_image(dicom_slice(tmp_path / "a.dcm", RescaleSlope=1, RescaleIntercept=-1024))
    assert values(image).ravel()[:3].tolist() == [-1024, -1023, -1022]
    image = read_image(dicom_slice(tmp_path / "b.dcm", RescaleSlope=0.5, RescaleIntercept=3))
    assert values(image).ravel()[:3].tolist() == [3.0, 3.5, 4.0]


def test_monochrome1_is_inverted_before_rescaling(tmp_path: Path) -> None:
    path = dicom_slice(
        tmp_path / "a.dcm", PhotometricInterpretation="MONOCHROME1", RescaleSlope=2, RescaleIntercept=-7
    )
    with collect_remarks() as notes:
        image = read_image(path)
    assert np.array_equal(values(image).ravel(), 2 * (4095 - np.arange(30)) - 7)
    assert any("MONOCHROME1" in n for n in notes)


def test_real_dicom(data_dir: Path) -> None:
    ct = read_image(data_dir / "dicom" / "ct_image.dcm")
    assert ct.GetSize() == (128, 128, 1)
    assert ct.GetSpacing()[:2] == pytest.approx((0.661468, 0.661468))
    stored = pydicom.dcmread(data_dir / "dicom" / "ct_image.dcm").pixel_array
    assert np.array_equal(values(ct)[0], stored.astype(int) - 1024)
    with collect_remarks() as notes:
        read_image(data_dir / "dicom" / "mg_cbis_ddsm_crop.dcm")
    assert "no pixel spacing" in notes[0]
    for name in ("seg_image_ct_binary", "seg_image_ct_binary_overlap", "seg_image_ct_true_fractional"):
        with pytest.raises(ReadError, match=r"segmentation \(SEG\); a later version reads it"):
            read_mask(data_dir / "dicom" / f"{name}.dcm")


def test_folder_equals_the_same_image_as_nifti(data_dir: Path) -> None:
    folder = data_dir / "ibsi1" / "ct_phantom"
    slices, nifti = read_image(folder / "dicom" / "image"), read_image(folder / "image.nii.gz")
    assert np.array_equal(values(slices), values(nifti))
    for mine, other in zip(
        (slices.GetSpacing(), slices.GetOrigin()), (nifti.GetSpacing(), nifti.GetOrigin()), strict=True
    ):
        assert mine == pytest.approx(other, abs=1e-5)
    with pytest.raises(ReadError, match=r"structure set \(RTSTRUCT\); a later version reads it"):
        read_mask(folder / "dicom" / "mask")


def test_series_is_sorted_by_place_and_rescaled_slice_by_slice(tmp_path: Path) -> None:
    folder = series(tmp_path / "s", [4, 0, 2])
    dicom_slice(folder / "last.dcm", 6, RescaleSlope=0.5, RescaleIntercept=0)  # as PET has it
    (folder / "notes.txt").write_text("passed over")
    image = read_image(folder)
    assert image.GetSize() == (5, 6, 4)
    assert image.GetSpacing() == pytest.approx((0.25, 0.5, 2.0))
    assert image.GetOrigin() == pytest.approx((10, 20, 0))
    assert values(image)[:, 0, 1].tolist() == [1, 201, 401, 300.5]


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ([0, 2, 4, 8, 10], "1 slices are missing: their distance is 2 mm, but 4 mm"),
        ([0, 2, 4, 5.2, 7.2], "unevenly spaced"),
        ([0, 2, 2, 4], "several slices lie at one position"),
    ],
)
def test_slices_that_make_no_even_volume_are_refused(
    tmp_path: Path, positions: list[float], message: str
) -> None:
    with pytest.raises(ReadError, match=message):
        read_image(series(tmp_path / "s", positions))


def test_small_differences_of_distance_are_averaged_with_a_note(tmp_path: Path) -> None:
    with collect_remarks() as notes:
        image = read_image(series(tmp_path / "s", [0, 2, 4.05, 6.03]))
    assert image.GetSpacing()[2] == pytest.approx(2.01)
    assert "vary by" in notes[0]


def test_gantry_tilt_and_mixed_slices_are_refused(tmp_path: Path) -> None:
    tilted = series(tmp_path / "tilt", [0, 2])
    dicom_slice(tilted / "x.dcm", 4, ImagePositionPatient=[10, 21, 4])
    with pytest.raises(ReadError, match="gantry tilt"):
        read_image(tilted)
    mixed = series(tmp_path / "mixed", [0, 2])
    dicom_slice(mixed / "localizer.dcm", 4, ImageOrientationPatient=[0, 1, 0, 0, 0, 1])
    with pytest.raises(ReadError, match="differ in orientation"):
        read_image(mixed)
    placeless = series(tmp_path / "placeless", [0, 2], ImagePositionPatient=None)
    with pytest.raises(ReadError, match="do not say where their slice lies"):
        read_image(placeless)


@pytest.mark.parametrize("kept", [0, 60, 200, 500])
def test_a_last_slice_that_is_cut_short_is_not_left_out_in_silence(tmp_path: Path, kept: int) -> None:
    folder = series(tmp_path / "s", [0, 2, 4])
    last = dicom_slice(folder / "last.dcm", 6)
    last.write_bytes(last.read_bytes()[:kept])
    with pytest.raises(ReadError, match=r"last\.dcm: damaged DICOM file"):
        read_image(folder)


def test_several_series_are_listed(tmp_path: Path) -> None:
    folder = series(tmp_path / "s", [0, 2], series="1.1")
    dicom_slice(folder / "other.dcm", 0, series="1.2")
    with pytest.raises(
        ReadError, match=r"holds 2 series \(.*series 1\.1' of 2 files; .*series 1\.2' of 1 files"
    ):
        read_image(folder)


def frames(path: Path, positions: list[float], **tags: object) -> Path:
    """Write an enhanced CT, one frame a position."""
    shared, measures, orientation = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, orientation.ImageOrientationPatient = [0.5, 0.25], [1, 0, 0, 0, 1, 0]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    per_frame = []
    for z in positions:
        frame, place = Dataset(), Dataset()
        place.ImagePositionPatient = [10, 20, z]
        frame.PlanePositionSequence = [place]
        per_frame.append(frame)
    return dicom_slice(
        path,
        SOPClassUID="1.2.840.10008.5.1.4.1.1.2.1",
        NumberOfFrames=len(positions),
        PixelData=np.arange(30 * len(positions), dtype=np.uint16).tobytes(),
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=per_frame,
        PixelSpacing=None,
        ImagePositionPatient=None,
        ImageOrientationPatient=None,
        **tags,
    )


def test_frames_with_places_are_a_volume_and_a_film_is_not(tmp_path: Path) -> None:
    image = read_image(frames(tmp_path / "down.dcm", [6, 4, 2]))
    assert image.GetSpacing() == pytest.approx((0.25, 0.5, 2.0))
    assert image.TransformIndexToPhysicalPoint((0, 0, 2)) == pytest.approx((10, 20, 2))
    with pytest.raises(ReadError, match="1 frames are missing"):
        read_image(frames(tmp_path / "gap.dcm", [0, 2, 6]))
    with pytest.raises(ReadError, match="30 frames without positions"):
        read_image(get_testdata_file("examples_ybr_color.dcm"))


def test_detector_and_ultrasound_spacing_are_used_with_a_note(tmp_path: Path) -> None:
    path = dicom_slice(tmp_path / "dx.dcm", PixelSpacing=None, ImagerPixelSpacing=[0.2, 0.1])
    with collect_remarks() as notes:
        assert read_image(path).GetSpacing()[:2] == pytest.approx((0.1, 0.2))
    assert "at the detector (ImagerPixelSpacing)" in notes[0]
    with collect_remarks() as notes:
        assert read_image(get_testdata_file("examples_palette.dcm")).GetSpacing()[0] == pytest.approx(
            0.2623, abs=1e-4
        )
    assert "ultrasound calibration" in notes[0]


@pytest.mark.parametrize("name", ["rtdose_expb.dcm", "SC_rgb_rle_16bit.dcm"])
def test_what_gdcm_would_decode_wrongly_is_refused(name: str) -> None:
    with pytest.raises(ReadError, match="cannot be read reliably"):
        read_image(get_testdata_file(name))


@pytest.mark.parametrize(
    "name", ["MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm"]
)
def test_compressed_dicom_equals_uncompressed_and_its_truncation_is_found(tmp_path: Path, name: str) -> None:
    plain = values(read_image(get_testdata_file("MR_small.dcm")))
    assert np.array_equal(values(read_image(get_testdata_file(name))), plain)
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(Path(get_testdata_file(name)).read_bytes()[:-2000])
    with pytest.raises(ReadError, match="damaged DICOM file: it ends before its pixels do"):
        read_image(cut)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("MR_truncated.dcm", "damaged DICOM file"),
        ("rtplan.dcm", "holds no image .RT Plan"),
        ("test-SR.dcm", "holds no image .Comprehensive SR"),
        ("badVR.dcm", "damaged DICOM file"),
        ("DICOMDIR", "is a DICOMDIR"),
    ],
)
def test_other_dicom_objects(name: str, message: str) -> None:
    with pytest.raises(ReadError, match=message):
        read_image(get_testdata_file(name))


def test_nifti_header_with_impossible_sizes(tmp_path: Path) -> None:
    sitk.WriteImage(volume(), tmp_path / "a.nii")
    content = bytearray((tmp_path / "a.nii").read_bytes())
    struct.pack_into("<h", content, 42, 32000)  # width
    (tmp_path / "a.nii").write_bytes(content)
    with pytest.raises(ReadError, match=r"it ends after \d+ of \d+ bytes"):
        read_image(tmp_path / "a.nii")
