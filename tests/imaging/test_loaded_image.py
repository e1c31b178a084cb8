"""What is read keeps who it is."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.data import get_testdata_files

from radiomics_screen.imaging.loaded_image import Applied, Calibration, Identity, LoadedImage, Rescale
from radiomics_screen.imaging.reading import load_image, read_image, read_mask
from radiomics_screen.imaging.reading.formats import FORMATS, Format

pytestmark = pytest.mark.filterwarnings("ignore")  # remarks of files: tested where they are made


def shipped(name: str) -> str:
    """Return a file that comes inside pydicom's wheel."""
    return next(f for f in get_testdata_files(name) if Path(f).name == name)


def test_a_ct_slice() -> None:
    found = load_image(shipped("CT_small.dcm"))
    assert found.identity == Identity(
        modality="CT",
        sop_instance_uids=("1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322",),
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        series_uid="1.3.6.1.4.1.5962.1.3.1.1.20040119072730.12322",
        study_uid="1.3.6.1.4.1.5962.1.2.1.20040119072730.12322",
        frame_of_reference_uid="1.3.6.1.4.1.5962.1.4.1.1.20040119072730.12322",
        manufacturer="GE MEDICAL SYSTEMS",
        device_model="RHAPSODE",
    )
    assert found.calibrations == (Calibration((0.661468, 0.661468), "PixelSpacing"),)
    assert (found.rescales, found.unit) == ((Rescale(1.0, -1024.0),), "HU")


def test_an_ultrasound_picture_has_calibrated_regions() -> None:
    found = load_image(shipped("examples_palette.dcm"))
    assert (found.identity.modality, found.identity.device_model) == ("US", "CX50")
    assert {c.source for c in found.calibrations} == {"SequenceOfUltrasoundRegions"}
    assert found.calibrations[0].box == (120, 60, 800, 518)
    assert found.calibrations[0].spacing_mm == pytest.approx(found.image.GetSpacing()[:2])
    assert [one.what for one in found.applied] == ["grey"]


def test_a_dose_grid_says_that_it_was_scaled() -> None:
    (applied,) = load_image(shipped("rtdose.dcm")).applied
    assert applied.what == "dose scaled"
    assert dict(applied.details)["factor"] > 0


def test_a_radiograph_says_its_side_and_that_it_was_inverted(data_dir: Path) -> None:
    found = load_image(data_dir / "dicom" / "dx_image.dcm")
    assert (found.identity.modality, found.identity.laterality) == ("DX", "L")
    assert [c.source for c in found.calibrations] == ["PixelSpacing", "ImagerPixelSpacing"]
    assert found.applied == (Applied("inverted"),)
    assert load_image(data_dir / "dicom" / "mg_cbis_ddsm_crop.dcm").identity.laterality == "R"


def test_a_series_names_its_slices_in_their_order(data_dir: Path) -> None:
    folder = next((data_dir / "ibsi1" / "ct_phantom" / "dicom").glob("*/"), None)
    assert folder is not None
    found = load_image(folder)
    assert len(found.identity.sop_instance_uids) == found.image.GetSize()[2]
    assert len(set(found.identity.sop_instance_uids)) == found.image.GetSize()[2]
    assert found.unit == "HU"


def test_pictures_stay_simple(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(np.arange(12, dtype=np.uint8).reshape(3, 4)), tmp_path / "a.png")
    found = load_image(tmp_path / "a.png")
    assert found == LoadedImage(found.image)
    with pytest.raises(FrozenInstanceError):
        found.unit = "HU"  # type: ignore[misc]
    facts = load_image(shipped("rtdose.dcm"))
    assert pickle.loads(pickle.dumps((facts.identity, facts.applied))) == (facts.identity, facts.applied)


def test_pixels_alone_are_the_same(tmp_path: Path) -> None:
    name = shipped("MR_small.dcm")
    pixels = sitk.GetArrayFromImage(read_image(name))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(load_image(name).image), pixels)


def test_a_format_reads_masks_with_the_image_they_belong_to(tmp_path: Path, monkeypatch) -> None:
    """As a format of contours needs it: the mask has no grid of its own."""

    def can_read(path: Path) -> bool:
        return path.suffix == ".box"

    def read_box(path: Path, image: LoadedImage | None) -> sitk.Image:
        assert image is not None
        assert image.identity.series_uid == "1.2.3"
        left, top, right, bottom = map(int, path.read_text().split())
        array = np.zeros(image.image.GetSize()[::-1], np.uint8)
        array[top:bottom, left:right] = 1
        made = sitk.GetImageFromArray(array)
        made.CopyInformation(image.image)
        return made

    def read_grey(path: Path) -> LoadedImage:
        side = int(path.read_text())
        pixels = sitk.GetImageFromArray(np.arange(side * side, dtype=np.float32).reshape(side, side))
        return LoadedImage(pixels, Identity(series_uid="1.2.3"), unit="counts")

    monkeypatch.setattr(FORMATS, "_entries", dict(FORMATS._entries))
    FORMATS.add("box", Format(can_read, read_grey, read_box))
    FORMATS.add("count", Format(lambda path: path.suffix == ".count", read_grey))
    (tmp_path / "image.count").write_text("9")
    (tmp_path / "mask.box").write_text("2 3 6 7")
    image = load_image(tmp_path / "image.count")
    assert image.unit == "counts"
    mask = sitk.GetArrayFromImage(read_mask(tmp_path / "mask.box", image))
    assert mask.sum() == 16
    assert mask[3:7, 2:6].all()
