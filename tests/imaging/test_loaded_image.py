"""What comes with an image: whose it is, what calibrates it, its unit, and what was done to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
import tifffile
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.imaging.loaded_image import Applied, Calibration, Identity, LoadedImage, Rescale
from radiomics_screen.imaging.reading import load_image, read_image
from radiomics_screen.imaging.reading.formats import Format
from tests.imaging.test_reading import dicom_slice, frames

REPOSITORY = Path(__file__).parents[2]
GREY = np.arange(20, dtype=np.uint8).reshape(4, 5)


@pytest.fixture(autouse=True)
def _remarks_aside() -> Iterator[None]:
    """Collect remarks, which would be warnings and so errors; the tests of reading look at them."""
    with collect_remarks():
        yield


def what_of(loaded: LoadedImage) -> list[str]:
    return [step.what for step in loaded.applied]


# ---- DICOM --------------------------------------------------------------------------------------


def test_a_real_ct_slice(data_dir: Path) -> None:
    loaded = load_image(data_dir / "dicom" / "ct_image.dcm")
    assert loaded.identity == Identity(
        modality="CT",
        sop_instance_uids=("1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322",),
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        series_uid="1.3.6.1.4.1.5962.1.3.1.1.20040119072730.12322",
        study_uid="1.3.6.1.4.1.5962.1.2.1.20040119072730.12322",
        frame_of_reference_uid="1.3.6.1.4.1.5962.1.4.1.1.20040119072730.12322",
        manufacturer="GE MEDICAL SYSTEMS",
        device_model="RHAPSODE",
    )
    assert loaded.calibrations == (Calibration((0.661468, 0.661468), "PixelSpacing"),)
    assert loaded.rescales == (Rescale(1.0, -1024.0),)
    assert loaded.unit == "HU"
    assert loaded.applied == (Applied("rescaled", {"slope": 1.0, "intercept": -1024.0}),)


def test_real_radiographs_name_their_side_and_their_spacing_x_first(data_dir: Path) -> None:
    radiograph = load_image(data_dir / "dicom" / "dx_image.dcm")
    assert (radiograph.identity.modality, radiograph.identity.laterality) == ("DX", "L")
    assert radiograph.identity.manufacturer == "FUJIFILM Corporation"
    assert radiograph.identity.device_model is None
    sources = {one.source: one.spacing_mm for one in radiograph.calibrations}
    assert sources == dict.fromkeys(("PixelSpacing", "ImagerPixelSpacing"), (1.201199999999, 1.2))
    assert what_of(radiograph) == ["inverted"]
    assert radiograph.unit is None  # its rescale type is "US": unspecified
    mammogram = load_image(data_dir / "dicom" / "mg_cbis_ddsm_crop.dcm")
    assert (mammogram.identity.modality, mammogram.identity.laterality) == ("MG", "R")
    assert mammogram.calibrations == ()


def test_a_real_series_names_its_slices_from_the_first_to_the_last(data_dir: Path) -> None:
    folder = data_dir / "ibsi1" / "ct_phantom" / "dicom" / "image"
    loaded = load_image(folder)
    headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in folder.iterdir()]
    headers.sort(key=lambda header: float(header.ImagePositionPatient[2]))
    assert loaded.identity.sop_instance_uids == tuple(header.SOPInstanceUID for header in headers)
    assert loaded.image.GetSize()[2] == len(headers) == 60
    assert loaded.rescales == (Rescale(1.0, -1000.0),)


def test_the_region_of_tissue_in_a_real_ultrasound_picture_has_its_box() -> None:
    loaded = load_image(get_testdata_file("examples_palette.dcm"))
    assert loaded.identity.modality == "US"
    (found,) = loaded.calibrations  # its other region is no length both ways
    assert found.source == "SequenceOfUltrasoundRegions"
    assert found.spacing_mm == pytest.approx((0.2623, 0.2623), abs=1e-4)
    assert found.box == (120, 60, 800, 518)
    assert what_of(loaded) == ["grey"]


def region(unit_x: int, unit_y: int, delta_x: float, delta_y: float, left: int) -> Dataset:
    """Return an ultrasound region three columns wide and five rows high."""
    made = Dataset()
    made.PhysicalUnitsXDirection, made.PhysicalUnitsYDirection = unit_x, unit_y
    made.PhysicalDeltaX, made.PhysicalDeltaY = delta_x, delta_y
    made.RegionLocationMinX0, made.RegionLocationMinY0 = left, 1
    made.RegionLocationMaxX1, made.RegionLocationMaxY1 = left + 2, 5
    return made


def test_every_region_with_lengths_is_listed_and_no_spectrum(tmp_path: Path) -> None:
    regions = [
        region(3, 3, 0.01, 0.02, left=0),
        region(4, 7, 0.01, 0.02, left=1),  # seconds, cm/s
        region(3, 3, 0.03, -0.03, left=2),
        region(3, 3, 0.03, float("nan"), left=2),
    ]
    path = dicom_slice(tmp_path / "a.dcm", SequenceOfUltrasoundRegions=regions)
    pixels, first, second = load_image(path).calibrations
    assert pixels == Calibration((0.25, 0.5), "PixelSpacing")
    assert (first.spacing_mm, first.box) == (pytest.approx((0.1, 0.2)), (0, 1, 2, 5))
    assert (second.spacing_mm, second.box) == (pytest.approx((0.3, 0.3)), (2, 1, 4, 5))


def test_dose_is_scaled_after_all_else() -> None:
    path = get_testdata_file("rtdose.dcm")
    loaded = load_image(path)
    assert loaded.applied == (Applied("dose scaled", {"factor": 1e-6}),)
    assert loaded.unit == pydicom.dcmread(path, stop_before_pixels=True).DoseUnits == "RELATIVE"


def test_side_and_view_of_a_mammogram(tmp_path: Path) -> None:
    meant = Dataset()
    meant.CodeValue, meant.CodingSchemeDesignator, meant.CodeMeaning = "R-10226", "SRT", "medio-lateral"
    path = dicom_slice(tmp_path / "a.dcm", ImageLaterality="L", Laterality="R", ViewCodeSequence=[meant])
    assert (load_image(path).identity.laterality, load_image(path).identity.view) == ("L", "medio-lateral")
    path = dicom_slice(tmp_path / "b.dcm", Laterality="R", ViewPosition="MLO", ViewCodeSequence=[meant])
    assert (load_image(path).identity.laterality, load_image(path).identity.view) == ("R", "MLO")
    path = dicom_slice(tmp_path / "c.dcm", Laterality="U")  # unpaired
    assert load_image(path).identity.laterality is None


def test_frames_name_their_side_where_they_agree(tmp_path: Path) -> None:
    path = frames(tmp_path / "a.dcm", [0, 2])
    dataset = pydicom.dcmread(path)
    for sides, expected in ((("L", "L"), "L"), (("L", "R"), None)):
        for frame, side in zip(dataset.PerFrameFunctionalGroupsSequence, sides, strict=True):
            anatomy = Dataset()
            anatomy.FrameLaterality = side
            frame.FrameAnatomySequence = [anatomy]
        dataset.save_as(path)
        loaded = load_image(path)
        assert loaded.identity.laterality == expected
        assert loaded.calibrations == (Calibration((0.25, 0.5), "PixelSpacing"),)
        assert len(loaded.identity.sop_instance_uids) == 1


def test_slices_that_are_rescaled_differently_keep_each_their_own(tmp_path: Path) -> None:
    tags = {"Modality": "PT", "Units": "BQML", "RescaleIntercept": 0}
    dicom_slice(tmp_path / "x.dcm", 2, RescaleSlope=0.5, **tags)
    dicom_slice(tmp_path / "y.dcm", 0, RescaleSlope=2, **tags)
    loaded = load_image(tmp_path)
    assert loaded.rescales == (Rescale(2.0, 0.0), Rescale(0.5, 0.0))
    assert loaded.applied == (Applied("rescaled"),)
    assert loaded.unit == "BQML"


def test_inversion_comes_before_rescaling(tmp_path: Path) -> None:
    path = dicom_slice(
        tmp_path / "a.dcm", PhotometricInterpretation="MONOCHROME1", RescaleSlope=2, RescaleIntercept=1
    )
    assert what_of(load_image(path)) == ["inverted", "rescaled"]


# ---- other files --------------------------------------------------------------------------------


def test_a_grey_picture_is_its_pixels(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "a.png")
    loaded = load_image(tmp_path / "a.png")
    assert loaded == LoadedImage(loaded.image)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read_image(tmp_path / "a.png")), GREY)


def test_how_colour_became_grey(tmp_path: Path) -> None:
    Image.fromarray(np.stack([GREY] * 3, axis=-1)).save(tmp_path / "equal.png")
    Image.fromarray(np.stack([GREY, GREY, GREY[::-1]], axis=-1)).save(tmp_path / "colour.png")
    assert load_image(tmp_path / "equal.png").applied == (Applied("grey", {"method": "first channel"}),)
    assert load_image(tmp_path / "colour.png").applied == (Applied("grey", {"method": "luma BT.601"}),)


def test_print_resolution_and_white_is_zero_of_a_tiff(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif", GREY, photometric="miniswhite", resolution=(100, 50), resolutionunit="CENTIMETER"
    )
    loaded = load_image(tmp_path / "a.tif")
    assert what_of(loaded) == ["inverted"]
    (found,) = loaded.calibrations
    assert (found.spacing_mm, found.source) == (pytest.approx((0.1, 0.2)), "XResolution, YResolution")


def test_volumes_name_the_field_of_their_spacing(tmp_path: Path) -> None:
    image = sitk.GetImageFromArray(np.zeros((2, 3, 4), np.int16))
    image.SetSpacing((0.5, 0.75, 2.0))
    for ending, field in (("nii", "pixdim"), ("nrrd", "space directions"), ("mha", "ElementSpacing")):
        sitk.WriteImage(image, str(tmp_path / f"a.{ending}"))
        assert load_image(tmp_path / f"a.{ending}").calibrations == (Calibration((0.5, 0.75), field),)


def test_the_slope_of_a_nifti_file(tmp_path: Path) -> None:
    file = tmp_path / "a.nii"
    sitk.WriteImage(sitk.GetImageFromArray(np.full((2, 3, 4), 6, np.int16)), str(file))
    assert load_image(file).rescales == ()
    content = bytearray(file.read_bytes())
    content[112:120] = np.array([0.5, -2.0], "<f4").tobytes()
    file.write_bytes(content)
    loaded = load_image(file)
    assert loaded.rescales == (Rescale(0.5, -2.0),)
    assert what_of(loaded) == ["rescaled"]
    assert np.unique(sitk.GetArrayFromImage(loaded.image)) == [1.0]


def test_nothing_of_it_can_be_changed(tmp_path: Path) -> None:
    loaded = load_image(dicom_slice(tmp_path / "a.dcm", RescaleSlope=2, RescaleIntercept=0))
    for one, name in ((loaded, "unit"), (loaded.identity, "view"), (loaded.calibrations[0], "source")):
        with pytest.raises(FrozenInstanceError):
            setattr(one, name, "other")
    details: Any = loaded.applied[0].details
    with pytest.raises(TypeError):
        details["slope"] = 3.0
    assert replace(loaded, unit="HU").identity is loaded.identity


# ---- formats of other packages ------------------------------------------------------------------

PLUG_IN = '''
import json
import numpy as np
import SimpleITK as sitk
from radiomics_screen.core.errors import ReadError
from radiomics_screen.imaging.loaded_image import Identity, LoadedImage
from radiomics_screen.imaging.reading.formats import FORMATS, Format, as_picture, first_bytes

def read(path):
    image = as_picture(np.load(path, allow_pickle=False), spacing_mm=(0.5, 0.5))
    return LoadedImage(image, identity=Identity(modality="US", sop_instance_uids=("1.2.3",)))

def read_box(path, image):
    """Draw a box on the grid of the image that it names."""
    box = json.loads(path.read_text())["box"]
    if image is None:
        raise ReadError(f"{path}: a box needs its image; open the two together")
    if box["uid"] not in image.identity.sop_instance_uids:
        raise ReadError(f"{path}: was drawn on {box['uid']}, not on {image.identity.sop_instance_uids[0]}")
    marks = sitk.Image(image.image.GetSize(), sitk.sitkUInt8)
    marks.CopyInformation(image.image)
    left, top, right, bottom = box["edges"]
    marks[left:right, top:bottom] = 1
    return marks

FORMATS.add("numpy picture", Format(lambda path: first_bytes(path, 6) == b"\\x93NUMPY", read))
FORMATS.add("box", Format(lambda path: first_bytes(path, 6) == b'{"box"', read_mask=read_box))
'''

USE = """
import json
from radiomics_screen import extract
from radiomics_screen.core.errors import ReadError
from radiomics_screen.imaging.reading import load_image, read_mask

def error_of(function, *arguments):
    try:
        function(*arguments)
    except ReadError as error:
        return str(error)

settings = {"featureClass": {"firstorder": ["Mean", "Maximum"], "shape2D": ["PixelSurface"]}}
loaded = load_image("picture.npy")
print(json.dumps({
    "read from files": extract("picture.npy", "mask.npy", settings),
    "drawn on the image": extract(loaded.image, read_mask("box.json", loaded), settings),
    "without": error_of(read_mask, "box.json"),
    "other": error_of(read_mask, "other.json", loaded),
    "as image": error_of(load_image, "box.json"),
}))
"""


@pytest.mark.slow
def test_formats_of_an_installed_package_read_an_image_and_a_mask_drawn_on_it(tmp_path: Path) -> None:
    about = tmp_path / "boxes-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: boxes\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[radiomics_screen.formats]\nboxes = boxes_code\n")
    (tmp_path / "boxes_code.py").write_text(PLUG_IN)
    picture = np.arange(80, dtype=np.uint8).reshape(8, 10)
    mask = np.zeros_like(picture)
    mask[2:5, 3:7] = 1
    np.save(tmp_path / "picture.npy", picture)
    np.save(tmp_path / "mask.npy", mask)
    for name, uid in (("box", "1.2.3"), ("other", "9.9")):
        box = {"box": {"uid": uid, "edges": [3, 2, 7, 5]}}
        (tmp_path / f"{name}.json").write_text(json.dumps(box))
    place = f"import sys; sys.path[:0] = {[str(REPOSITORY), str(tmp_path)]!r}\n"
    done = subprocess.run(
        [sys.executable, "-c", place + USE], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["read from files"] == found["drawn on the image"]
    assert found["read from files"]["original_firstorder_Mean"] == picture[2:5, 3:7].mean()
    assert found["read from files"]["original_shape2D_PixelSurface"] == 12 * 0.25
    assert found["without"] == "box.json: a box needs its image; open the two together"
    assert found["other"] == "other.json: was drawn on 9.9, not on 1.2.3"
    assert found["as image"] == "box.json: holds a mask and no image; give the image that it was drawn on"


def test_a_format_reads_something() -> None:
    with pytest.raises(ValueError, match="a format needs `read`, `read_mask` or both"):
        Format(lambda path: False)
