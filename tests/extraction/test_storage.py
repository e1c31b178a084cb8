"""A row does not depend on the pixel type that an image of whole numbers is stored in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_screen import extract
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.extraction.maps.compute import feature_maps
from radiomics_screen.features import FAMILIES
from radiomics_screen.features.region import discretize

TYPES = ("int16", "int32", "uint16", "float32", "float64")
#: Families of a volume.
OF_VOLUMES = {name: None for name in FAMILIES if FAMILIES[name].block == "radiomics" and name != "shape2D"}
SETTINGS: dict[str, dict[str, Any]] = {
    "width": {"binWidth": 3.3},
    "another width": {"binWidth": 4.62},
    "tenths": {"binWidth": 0.1},
    "count": {"binCount": 23},
    "from the range": {"binWidth": 3.3, "bin_origin": "range", "resegmentRange": [10.1, 180.7]},
    "from a number": {"binWidth": 3.3, "bin_origin": -0.1},
    "relative": {"binWidth": 3.3, "resegmentRange": [0.1, 0.9], "resegmentMode": "relative"},
    "sigma": {"binWidth": 3.3, "resegmentRange": [-1.5, 1.5], "resegmentMode": "sigma"},
    "outliers": {"binWidth": 3.3, "outlier_sigma": 1.7},
    "histogram": {"ivh_bin_width": 3.3, "binWidth": 4.62},
    "normalised": {"normalize": True, "normalizeScale": 100, "removeOutliers": 1.3, "binWidth": 5},
}


def example() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(4)
    mask = np.zeros((8, 14, 15), np.uint8)
    mask[1:-1, 2:-2, 2:-2] = random.random((6, 10, 11)) < 0.9
    return random.integers(0, 200, mask.shape), mask


def row(array: np.ndarray, mask: np.ndarray, parameters: dict[str, Any]) -> dict[str, float]:
    with collect_remarks():
        return extract(array, mask, parameters)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_row_is_the_same_for_every_pixel_type(name: str) -> None:
    array, mask = example()
    parameters = {"featureClass": OF_VOLUMES, "setting": SETTINGS[name]}
    first = row(array.astype(np.uint8), mask, parameters)
    assert len(first) > 300
    for kind in TYPES:
        other = row(array.astype(kind), mask, parameters)
        differ = [key for key in first if not np.array_equal(first[key], other[key], equal_nan=True)]
        assert not differ, kind


@pytest.mark.parametrize("image_type", ["LoG", "Gradient", "SquareRoot", "Mean", "LBP2D"])
def test_so_is_a_row_of_filtered_images(image_type: str) -> None:
    array, mask = example()
    options = {"sigma": [1.5]} if image_type == "LoG" else {}
    parameters = {
        "imageType": {image_type: {"binWidth": 0.7, **options}},
        "featureClass": {"firstorder": None, "glcm": None},
    }
    first = row(array.astype(np.uint8), mask, parameters)
    for kind in TYPES:
        assert row(array.astype(kind), mask, parameters) == first, kind


def test_so_are_maps() -> None:
    array, mask = example()
    parameters = {"featureClass": {"firstorder": ["Entropy", "10Percentile"]}, "setting": {"binWidth": 3.3}}
    first = feature_maps(array.astype(np.uint8), mask, parameters)
    for kind in TYPES:
        for name, found in feature_maps(array.astype(kind), mask, parameters).items():
            expected = sitk.GetArrayFromImage(first[name])
            assert np.array_equal(sitk.GetArrayFromImage(found), expected, equal_nan=True), (kind, name)


@pytest.mark.parametrize("width", [0.1, 0.7, 3.3, 4.62])
def test_edges_are_computed_in_64_bits(width: float) -> None:
    """A value that 32 bits hold, at and next to an edge that they do not."""
    edges = np.arange(width, 400 * width, width)
    near = edges.astype(np.float32)
    values = np.concatenate([[np.float32(0)], near])
    above = values.astype(np.float64)[:, np.newaxis] >= np.arange(0, 402 * width, width)
    expected = above.sum(axis=1)
    assert np.array_equal(discretize(values, binWidth=width), expected)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of pyradiomics
@pytest.mark.parametrize(("modality", "width"), [("CT", 3.3), ("CT", 4.62), ("MR_T1", 4.62)])
def test_real_images_stored_in_32_and_in_64_bits(data_dir: Path, modality: str, width: float) -> None:
    folder = data_dir / "sts" / "STS_001"
    image = sitk.ReadImage(str(folder / f"{modality}_image.nii.gz"))
    mask = sitk.ReadImage(str(folder / f"{modality}_mask.nii.gz"))
    assert image.GetPixelID() == sitk.sitkFloat32
    parameters = {"featureClass": {"firstorder": None, "glcm": None}, "setting": {"binWidth": width}}
    with collect_remarks():
        found = extract(image, mask, parameters)
        assert found == extract(sitk.Cast(image, sitk.sitkFloat64), mask, parameters)
    pyradiomics = pytest.importorskip("radiomics.featureextractor", reason="pyradiomics is not installed")
    extractor = pyradiomics.RadiomicsFeatureExtractor(parameters)
    theirs = extractor.execute(sitk.Cast(image, sitk.sitkFloat64), mask)
    for name, value in found.items():
        assert value == pytest.approx(float(theirs[name]), rel=1e-9, abs=1e-9), name
