"""Small inputs that went wrong in 0.5.0, and the mean inside the mask that is right."""

from __future__ import annotations

from pathlib import Path

import pytest
import SimpleITK as sitk

from radiomics_screen.core.errors import ReadError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.imaging.reading import read_image, read_mask


@pytest.mark.parametrize(
    ("image", "mask", "mean", "remark"),
    [
        ("series_sign", "series_mask.nrrd", 87.292, ""),
        ("series_stored", "series_mask.nrrd", 33371.542, ""),
        ("enhanced-xa-frame.dcm", "enhanced_mask.nrrd", 453.449, ""),
        ("enhanced-us-volume-shared.dcm", "enhanced_mask.nrrd", 453.449, ""),
        ("enhanced-mr-rwvm-frame.dcm", "enhanced_mask.nrrd", 453.449, "real world values were applied"),
        ("nifti2.nii.gz", "nifti2_mask.nii.gz", 44.705, ""),
        ("sheared.nii.gz", "sheared_mask.nii.gz", 44.705, "axes are sheared by 0.20%"),
        ("twin/case.nii.gz", "twin/mask.nii.gz", 200.947, ""),
        ("twin/case.nii", "twin/mask.nii.gz", 98.670, ""),
    ],
)
def test_mean_inside_the_mask(cases_dir: Path, image: str, mask: str, mean: float, remark: str) -> None:
    with collect_remarks() as remarks:
        values = sitk.GetArrayFromImage(read_image(cases_dir / image))
        inside = sitk.GetArrayFromImage(read_mask(cases_dir / mask)) > 0
    assert values[inside].mean(dtype=float) == pytest.approx(mean, abs=5e-4)
    assert remark in "; ".join(remarks)
    assert bool(remarks) == bool(remark)


def test_damaged_dicom_is_refused(cases_dir: Path) -> None:
    with pytest.raises(ReadError, match="damaged DICOM file: what follows its pixels is no DICOM element"):
        read_image(cases_dir / "damaged_790_bytes.dcm")
