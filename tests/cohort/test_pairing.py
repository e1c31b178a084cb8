"""Images and masks of a folder are paired as the field names them, and nothing is left out unnamed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, RTStructureSetStorage

from radiomics_screen.cohort.cases import read_cohort
from radiomics_screen.cohort.pairing.files import Entry
from radiomics_screen.cohort.pairing.find import FoundCases, find_cases
from radiomics_screen.cohort.pairing.listing import write_cases
from radiomics_screen.cohort.pairing.match import match_names
from radiomics_screen.core.errors import CohortError
from radiomics_screen.settings.presets import preset_names


def put(folder: Path, *names: str, mask: bool = False, size: tuple[int, int] = (12, 10)) -> None:
    """Write small pictures or volumes; a mask marks a square in the middle."""
    for name in names:
        array = np.zeros(size, dtype=np.uint8)
        if mask:
            array[4:7, 4:7] = 1
        else:
            array += 7
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        is_volume = name.endswith((".nii.gz", ".nrrd"))
        sitk.WriteImage(sitk.GetImageFromArray(np.stack([array] * 3) if is_volume else array), str(path))


def layout(folder: Path, names: list[str]) -> dict[str, str]:
    """Write files of these names, masks by a word in them, and return the pairs by their paths."""
    for name in names:
        put(folder, name, mask=any(w in name.casefold() for w in ("mask", "seg", "label", "roi", "truth")))
    return paired(find_cases(folder, check=False))


def paired(found: FoundCases) -> dict[str, str]:
    return {str(pair.mask.relative): str(pair.image.relative) for pair in found.pairs}


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("Images/bus_1.png", "Masks/bus_1.png"),
        ("images/a.png", "masks/a_mask.png"),
        ("images/benign/a.png", "masks/benign/a.png"),
        ("train/images/a.png", "train/masks/a.png"),
        ("a.png", "a_mask.png"),
        ("a.png", "mask_a.png"),
        ("a.png", "a-label.png"),
        ("a.png", "a_segmentation.png"),
        ("a.png", "a_roi.png"),
        ("a.nrrd", "a.seg.nrrd"),
        ("image_1.png", "mask_1.png"),
        ("benign (1).png", "benign (1)_mask.png"),
        ("patient1/image.nii.gz", "patient1/mask.nii.gz"),
        ("patient1/ct/image.nii.gz", "patient1/mask.nii.gz"),
        ("imagesTr/case_1_0000.nii.gz", "labelsTr/case_1.nii.gz"),
        ("sub-01/anat/sub-01_T1w.nii.gz", "derivatives/x/sub-01/anat/sub-01_T1w_label-lesion_mask.nii.gz"),
        ("sub-01/anat/sub-01_T1w.nii.gz", "derivatives/x/sub-01/anat/sub-01_label-lesion_mask.nii.gz"),
        ("images/label_1.png", "ground truth/label_1.png"),
    ],
)
def test_layouts_of_the_field_are_paired_without_doubt(tmp_path: Path, image: str, mask: str) -> None:
    other = [image.replace("1", "2").replace("a.", "b."), mask.replace("1", "2").replace("a.", "b.")]
    pair = layout(tmp_path, [image, mask])
    assert pair == {mask: image}
    assert not find_cases(tmp_path, check=False).doubtful
    if other != [image, mask] and "1" in image:
        assert layout(tmp_path, other) == {mask: image, other[1]: other[0]}


def test_several_masks_of_one_image_are_cases_of_their_own(tmp_path: Path) -> None:
    names = ["benign (1).png", "benign (1)_mask.png", "benign (1)_mask_1.png", "benign (2).png"]
    layout(tmp_path, [*names, "benign (2)_mask.png"])
    found = find_cases(tmp_path)
    assert [pair.case_id for pair in found.pairs] == ["benign (1)", "benign (1)_1", "benign (2)"]
    assert not found.doubtful


def test_a_mask_of_another_number_is_not_paired(tmp_path: Path) -> None:
    layout(tmp_path, ["a_1.png", "a_1_mask.png"])
    put(tmp_path, "a_2_mask.png", mask=True)
    put(tmp_path, "b.png")
    left = {str(one.relative): one.kind for one in find_cases(tmp_path).unpaired}
    assert left == {"a_2_mask.png": "mask", "b.png": "image"}


def test_a_mask_of_another_patient_is_doubted_or_left_over(tmp_path: Path) -> None:
    put(tmp_path, "p1/image.png", "p3/image.png")
    put(tmp_path, "p2/mask.png", "p3/mask.png", mask=True)
    found = find_cases(tmp_path)
    assert paired(found) == {"p3/mask.png": "p3/image.png"}
    assert [str(one.relative) for one in found.unpaired] == ["p1/image.png", "p2/mask.png"]


def test_one_mask_for_several_sequences_is_doubted(tmp_path: Path) -> None:
    layout(tmp_path, ["B_001/B_001_t1.nii.gz", "B_001/B_001_t2.nii.gz", "B_001/B_001_seg.nii.gz"])
    found = find_cases(tmp_path, check=False)
    assert len(found.pairs) == 2
    assert all("the mask fits 2 images" in pair.doubts for pair in found.pairs)


def test_masks_are_looked_into(tmp_path: Path) -> None:
    for name in ("empty", "border", "large", "two", "size", "good"):
        put(tmp_path, f"{name}.png")
        put(tmp_path, f"{name}_mask.png", mask=True, size=(14, 10) if name == "size" else (12, 10))
    arrays = {name: np.zeros((12, 10), dtype=np.uint8) for name in ("empty", "border", "large", "two")}
    arrays["border"][0:3, 2:5] = 1
    arrays["large"][1:11, 1:9] = 1
    arrays["two"][2:4, 2:4], arrays["two"][6:8, 6:8] = 1, 5
    for name, array in arrays.items():
        sitk.WriteImage(sitk.GetImageFromArray(array), str(tmp_path / f"{name}_mask.png"))
    doubts = {pair.case_id: " ".join(pair.doubts) for pair in find_cases(tmp_path).pairs}
    assert doubts.pop("good") == ""
    assert "is empty" in doubts["empty"]
    assert "touches the border" in doubts["border"]
    assert "covers 67% of the frame" in doubts["large"]
    assert "different grids" in doubts["size"]
    assert "several labels (1, 5)" in doubts["two_label1"]
    assert "several labels (1, 5)" in doubts["two_label5"]


def test_a_broken_mask_is_a_doubt_and_no_crash(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.png")
    put(tmp_path, "b_mask.png", mask=True)
    (tmp_path / "a_mask.png").write_bytes((tmp_path / "b_mask.png").read_bytes()[:40])
    assert "the mask cannot be read" in find_cases(tmp_path).doubtful[0].doubts[0]


def test_what_systems_leave_behind_is_passed_over_and_dead_links_are_named(tmp_path: Path) -> None:
    layout(tmp_path, ["a.png", "a_mask.png"])
    for name in ("__MACOSX/a.png", ".hidden/a.png", "._a.png", ".DS_Store", "Thumbs.db"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("x")
    os.symlink(tmp_path / "gone", tmp_path / "scan")
    os.symlink(tmp_path, tmp_path / "loop")
    found = find_cases(tmp_path)
    assert paired(found) == {"a_mask.png": "a.png"}
    assert [str(one.relative) for one in found.unpaired] == ["scan"]
    assert found.others == {".txt": 1}


def test_patterns_pair_name_patients_and_add_columns(tmp_path: Path) -> None:
    put(tmp_path, "benign/p1-x.png", "malignant/p2-x.png")
    put(tmp_path, "out/x_p1.png", "out/x_p2.png", mask=True)
    found = find_cases(tmp_path, images="{pathology}/{patient}-{case}.png", masks="out/{case}_{patient}.png")
    path, _ = write_cases(found, tmp_path / "cases.csv")
    cases = read_cohort(path).cases
    assert [case.patient_id for case in cases] == ["p1", "p2"]
    assert [case.carried["pathology"] for case in cases] == ["benign", "malignant"]
    assert len({case.id for case in cases}) == 2


@pytest.mark.parametrize(
    ("images", "masks", "says"),
    [
        ("*.png", "{case}_mask.png", "share no placeholder"),
        ("x/{case}.png", "{case}_mask.png", "no file fits images"),
        ("{case}.png", None, "give images and masks"),
        ("{}.png", "{case}_mask.png", "a placeholder is a name"),
    ],
)
def test_wrong_patterns_are_refused(tmp_path: Path, images: str, masks: str | None, says: str) -> None:
    layout(tmp_path, ["a.png", "a_mask.png"])
    with pytest.raises(CohortError, match=says):
        find_cases(tmp_path, images=images, masks=masks)


def test_patients_are_never_guessed(tmp_path: Path) -> None:
    put(tmp_path, "fold_1/a.png", "fold_2/b.png")
    put(tmp_path, "fold_1/a_mask.png", "fold_2/b_mask.png", mask=True)
    found = find_cases(tmp_path)
    assert "not known" in found.patients
    path, _ = write_cases(found, tmp_path / "cases.csv")
    assert all(case.patient_id is None for case in read_cohort(path).cases)
    known = find_cases(tmp_path, patient="{patient}/*")
    assert [pair.patient_id for pair in known.pairs] == ["fold_1", "fold_2"]
    with pytest.raises(CohortError, match="does not fit 1 of 2"):
        find_cases(tmp_path, patient="{patient}/a.png")


@pytest.mark.parametrize(("folder", "patient"), [("patient_7", "patient_7"), ("sub-07/anat", "07")])
def test_patients_that_the_layout_names_are_taken(tmp_path: Path, folder: str, patient: str) -> None:
    put(tmp_path, f"{folder}/image.png")
    put(tmp_path, f"{folder}/mask.png", mask=True)
    assert find_cases(tmp_path).pairs[0].patient_id == patient


def test_the_list_is_read_back_and_not_replaced(tmp_path: Path) -> None:
    put(tmp_path, "data/=1 a.png", "data/lone.png")
    put(tmp_path, "data/=1 a_mask.png", mask=True)
    found = find_cases(tmp_path / "data")
    path, beside = write_cases(found, tmp_path / "data" / "cases.csv")
    cohort = read_cohort(path)
    assert not cohort.problems
    assert beside is not None
    assert "image,lone.png,no mask fits it" in beside.read_text(encoding="utf-8")
    with pytest.raises(CohortError, match="is there already"):
        write_cases(found, path)
    write_cases(found, path, overwrite=True)


def test_nothing_to_pair_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="holds no image"):
        find_cases(tmp_path)
    put(tmp_path, "a.png")
    with pytest.raises(CohortError, match="1 image without mask, 0 masks without image"):
        find_cases(tmp_path)


def test_many_names_take_one_look_each() -> None:
    names = [f"{kind}/bus_{n}.png" for n in range(20_000) for kind in ("images", "masks")]
    entries = [Entry(Path(name), Path(name), Path(name).stem) for name in names]  # type: ignore[arg-type]
    pairs, unpaired = match_names(entries)
    assert (len(pairs), unpaired) == (20_000, [])
    assert all(pair.image.stem == pair.mask.stem for pair in pairs)


def dicom(path: Path, kind: str, series: str, **more: object) -> None:
    """Write a header of a CT slice or of a structure set."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = kind
    meta.MediaStorageSOPInstanceUID = more.pop("instance", pydicom.uid.generate_uid())
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = Dataset()
    ds.file_meta, ds.SOPClassUID = meta, kind
    ds.SOPInstanceUID, ds.SeriesInstanceUID = meta.MediaStorageSOPInstanceUID, series
    for name, value in more.items():
        setattr(ds, name, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=True)


def test_structure_sets_are_paired_by_the_series_that_they_name(tmp_path: Path) -> None:
    for name, series in (("A", "1.2.1"), ("B", "1.2.2")):
        for n in range(2):
            dicom(tmp_path / name / f"{n}.dcm", CTImageStorage, series, Modality="CT", Rows=4, Columns=4,
                  PatientID=f"id {name}")  # fmt: skip
        referred, study, frame = Dataset(), Dataset(), Dataset()
        referred.SeriesInstanceUID = series
        study.RTReferencedSeriesSequence = [referred]
        frame.RTReferencedStudySequence = [study]
        other = "B" if name == "A" else "A"  # the names of the files lead astray
        dicom(tmp_path / f"{other}_rt.dcm", RTStructureSetStorage, "1.2.9", Modality="RTSTRUCT",
              ReferencedFrameOfReferenceSequence=[frame])  # fmt: skip
    found = find_cases(tmp_path, check=False)
    assert paired(found) == {"B_rt.dcm": "A", "A_rt.dcm": "B"}
    assert {pair.patient_id for pair in found.pairs} == {"id A", "id B"}
    assert found.suggestions[0].preset == "ct"
    assert found.suggestions[0].preset in preset_names()


def test_bus_bra_comes_out_as_its_own_list(data_dir: Path, tmp_path: Path) -> None:
    found = find_cases(data_dir / "busbra", patient="images/bus_{patient}-*", check=False)
    path, unpaired = write_cases(found, tmp_path / "cases.csv")
    made, known = read_cohort(path), read_cohort(data_dir / "busbra" / "cases.csv")
    assert unpaired is None
    assert not made.problems
    of = {case.id: (case.patient_id, case.image.name, case.mask.name) for case in known.cases}  # type: ignore[union-attr]
    assert {c.id: (c.patient_id, c.image.name, c.mask.name) for c in made.cases} == of  # type: ignore[union-attr]


def test_images_of_bus_uclm_without_a_lesion_are_all_named(data_dir: Path) -> None:
    found = find_cases(data_dir / "busuclm", check=False)
    assert len(found.pairs) == 142
    assert {one.kind for one in found.unpaired} == {"image"}
    assert len(found.unpaired) == 242


def test_one_folder_a_patient_with_several_modalities(data_dir: Path) -> None:
    found = find_cases(data_dir / "sts")
    assert len(found.pairs) == 12
    assert not found.doubtful
    assert {one.preset: one.images for one in found.suggestions} == {"ct": 4, "breast-mri": 4, "": 4}


def test_the_structure_set_of_the_ct_phantom_is_paired_by_reference(data_dir: Path) -> None:
    pairs = paired(find_cases(data_dir / "ibsi1", check=False))
    assert pairs["ct_phantom/dicom/mask/DCM_RS_00060.dcm"] == "ct_phantom/dicom/image"
    assert pairs["ct_phantom/mask.nii.gz"] == "ct_phantom/image.nii.gz"


def test_segmentations_of_a_series_that_is_not_there_are_left_over(data_dir: Path) -> None:
    with pytest.raises(CohortError, match=r"3 images without mask, 3 masks without image.*refers to series"):
        find_cases(data_dir / "dicom")
