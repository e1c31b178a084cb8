"""The same files and parameters through pyradiomics 3.0.1 itself, where it is installed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.extraction.measuring.case import extract

featureextractor = pytest.importorskip("radiomics.featureextractor", reason="pyradiomics is not installed")

# pyradiomics and the libraries it calls were written for older Pythons
pytestmark = pytest.mark.filterwarnings("ignore")

ALL_IMAGES = {"Original": {}, "Wavelet": {}, "LoG": {"sigma": [1.0, 3]}}
FAMILIES = ("firstorder", "shape", "glcm", "gldm", "glrlm", "glszm", "ngtdm")

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "all images": {"imageType": ALL_IMAGES},
    "in slices": {"imageType": ALL_IMAGES, "setting": {"force2D": True}},
    "across another axis": {
        "imageType": {"Wavelet": {}},
        "setting": {"force2D": True, "force2Ddimension": 1},
    },
    "resampled and normalised": {
        "imageType": ALL_IMAGES,
        "setting": {
            "normalize": True,
            "normalizeScale": 100,
            "removeOutliers": 3,
            "resampledPixelSpacing": [1, 1, 0],
            "interpolator": "sitkLinear",
            "padDistance": 10,
            "binWidth": 5,
            "voxelArrayShift": 300,
        },
    },
    "cropped first, two levels": {
        "imageType": {"Wavelet": {"wavelet": "db2", "level": 2, "start_level": 1, "binCount": 16}},
        "setting": {"preCrop": True, "distances": [1, 2], "gldm_a": 1},
    },
    "weighted": {"setting": {"weightingNorm": "euclidean", "symmetricalGLCM": False, "binCount": 20}},
    "resegmented": {
        "setting": {"resegmentRange": [-1.5, 1.5], "resegmentMode": "sigma", "resegmentShape": True}
    },
}


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def assert_same_values(image: sitk.Image, mask: sitk.Image, parameters: dict[str, Any]) -> None:
    parameters = {"featureClass": dict.fromkeys(FAMILIES), **parameters}
    reference = {
        name: float(value)
        for name, value in featureextractor.RadiomicsFeatureExtractor(parameters).execute(image, mask).items()
        if not name.startswith("diagnostics")
    }
    with collect_remarks():
        values = extract(image, mask, parameters)
    assert sorted(values) == sorted(reference)
    assert len(values) >= 90
    wrong = {
        name: (values[name], reference[name])
        for name in reference
        if values[name] != pytest.approx(reference[name], rel=1e-6, abs=1e-9)
    }
    assert not wrong


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
@pytest.mark.parametrize("case", ["brain1", "breast1"])
def test_magnetic_resonance(data_dir: Path, case: str, configuration: str) -> None:
    folder = data_dir / "pyradiomics"
    image = sitk.ReadImage(str(folder / f"{case}_image.nrrd"))
    mask = sitk.ReadImage(str(folder / f"{case}_label.nrrd"))
    assert_same_values(image, mask, CONFIGURATIONS[configuration])


@pytest.mark.parametrize("modality", ["CT", "PET"])
def test_floating_point_images(data_dir: Path, modality: str) -> None:
    folder = data_dir / "sts" / "STS_002"
    image = sitk.ReadImage(str(folder / f"{modality}_image.nii.gz"))
    mask = sitk.ReadImage(str(folder / f"{modality}_mask.nii.gz"))
    assert_same_values(image, mask, {"imageType": ALL_IMAGES, "setting": {"binCount": 24}})


def test_ultrasound(data_dir: Path) -> None:
    """2-D; widened to 32 bits for pyradiomics, whose bins overflow on 8-bit images."""
    folder = data_dir / "busbra"
    image = sitk.ReadImage(str(folder / "images" / "bus_0001-l.png"))
    mask = sitk.ReadImage(str(folder / "masks" / "bus_0001-l.png")) != 0
    parameters = {
        "imageType": {"Original": {}, "Wavelet": {}},
        "featureClass": dict.fromkeys(("firstorder", "shape2D", "glcm", "gldm", "glrlm", "glszm", "ngtdm")),
    }
    assert_same_values(sitk.Cast(image, sitk.sitkInt32), mask, parameters)
    assert extract(image, mask, parameters) == extract(sitk.Cast(image, sitk.sitkInt32), mask, parameters)


def test_every_single_feature_has_pyradiomics_value_when_asked_for_by_name(data_dir: Path) -> None:
    """Also the features that pyradiomics computes on request only."""
    folder = data_dir / "pyradiomics"
    image = sitk.ReadImage(str(folder / "breast1_image.nrrd"))
    mask = sitk.ReadImage(str(folder / "breast1_label.nrrd"))
    wanted = {
        "firstorder": ["StandardDeviation"],
        "shape": ["Compactness1", "Compactness2", "SphericalDisproportion"],
    }
    extractor = featureextractor.RadiomicsFeatureExtractor({"featureClass": wanted})
    reference = extractor.execute(image, mask)
    values = extract(image, mask, {"featureClass": wanted})
    assert len(values) == 4
    for name, value in values.items():
        assert value == pytest.approx(float(np.asarray(reference[name])), rel=1e-9)
