"""Maps beside those of pyradiomics 3.0.1 itself, where it is installed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_screen import feature_maps
from radiomics_screen.core.remarks import collect_remarks

featureextractor = pytest.importorskip("radiomics.featureextractor", reason="pyradiomics is not installed")

# pyradiomics and the libraries it calls were written for older Pythons
pytestmark = pytest.mark.filterwarnings("ignore")

FAMILIES = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
RELATIVE, ABSOLUTE = 1e-6, 1e-8

#: On a block of voxels without a gap, in which every direction has pairs everywhere.
ON_BLOCKS: dict[str, dict[str, Any]] = {
    "default": {},
    "radius 2": {"voxelSetting": {"kernelRadius": 2}},
    "the image counts": {"voxelSetting": {"maskedKernel": False, "initValue": -1.5}},
    "the image counts, radius 2": {"voxelSetting": {"maskedKernel": False, "kernelRadius": 2}},
    "in slices": {"setting": {"force2D": True}, "voxelSetting": {"kernelRadius": 2, "initValue": "nan"}},
    "in slices across another axis, the image counts": {
        "setting": {"force2D": True, "force2Ddimension": 2, "binCount": 8},
        "voxelSetting": {"maskedKernel": False, "voxelBatch": 50},
    },
    "weighted": {"setting": {"weightingNorm": "euclidean", "distances": [1, 2], "gldm_a": 1, "binWidth": 60}},
    "shifted and resampled": {
        "setting": {"voxelArrayShift": 100, "resampledPixelSpacing": [1, 1, 4], "padDistance": 1},
        "voxelSetting": {"kernelRadius": 2},
    },
    "filtered": {
        "imageType": {"LoG": {"sigma": [3.0], "binWidth": 5}, "Wavelet": {"binCount": 6}},
        "setting": {"preCrop": True},
    },
}

#: On a ragged lesion, where directions without pairs leave pyradiomics no map of MCC.
ON_LESIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "radius 2": {"voxelSetting": {"kernelRadius": 2, "initValue": "nan"}},
    "the image counts": {"voxelSetting": {"maskedKernel": False}},
    "in slices": {"setting": {"force2D": True, "binWidth": 10}},
    "resegmented": {"setting": {"resegmentRange": [-1.2, 1.2], "resegmentMode": "sigma", "binCount": 12}},
}


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def read(data_dir: Path, case: str) -> tuple[sitk.Image, np.ndarray]:
    folder = data_dir / "pyradiomics"
    mask = sitk.ReadImage(str(folder / f"{case}_label.nrrd"))
    return sitk.ReadImage(str(folder / f"{case}_image.nrrd")), sitk.GetArrayFromImage(mask) == 1


def as_mask(drawn: np.ndarray, image: sitk.Image) -> sitk.Image:
    mask = sitk.GetImageFromArray(drawn.astype(np.uint8))
    mask.CopyInformation(image)
    return mask


def assert_same_maps(
    image: sitk.Image,
    mask: sitk.Image,
    parameters: dict[str, Any],
    without: tuple[str, ...] = (),
    families: tuple[str, ...] = FAMILIES,
) -> None:
    parameters = {"featureClass": {family: [] for family in families}, **parameters}
    extractor = featureextractor.RadiomicsFeatureExtractor(parameters)
    reference = {
        name: made
        for name, made in extractor.execute(image, mask, voxelBased=True).items()
        if not name.startswith("diagnostics")
    }
    with collect_remarks():
        maps = feature_maps(image, mask, parameters)
    assert sorted(maps) == sorted(reference)
    assert len(maps) >= 75
    wrong = {}
    for name, known in reference.items():
        for fact in ("GetSize", "GetOrigin", "GetSpacing", "GetDirection", "GetPixelID"):
            assert getattr(maps[name], fact)() == pytest.approx(getattr(known, fact)()), name
        if not name.endswith(without or ("never",)):
            theirs, ours = sitk.GetArrayFromImage(known), sitk.GetArrayFromImage(maps[name])
            same = np.isclose(ours, theirs, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
            if not same.all():
                wrong[name] = (int((~same).sum()), ours[~same][0], theirs[~same][0])
    assert not wrong


@pytest.mark.parametrize("configuration", ON_BLOCKS)
@pytest.mark.parametrize("case", ["brain1", "breast1"])
def test_every_feature_of_a_block(data_dir: Path, case: str, configuration: str) -> None:
    image, lesion = read(data_dir, case)
    first = np.argwhere(lesion).mean(axis=0).astype(int) - (2, 2, 3)
    drawn = np.zeros_like(lesion)
    drawn[tuple(slice(a, a + n) for a, n in zip(first, (4, 5, 6), strict=True))] = True
    assert_same_maps(image, as_mask(drawn, image), ON_BLOCKS[configuration])


@pytest.mark.parametrize("configuration", ON_LESIONS)
@pytest.mark.parametrize("case", ["brain1", "breast1"])
def test_a_ragged_lesion(data_dir: Path, case: str, configuration: str) -> None:
    """NaN where pyradiomics has NaN, too."""
    image, lesion = read(data_dir, case)
    part = np.zeros_like(lesion)
    first = np.argwhere(lesion).min(axis=0)
    part[tuple(slice(a, a + n) for a, n in zip(first, (4, 24, 24), strict=True))] = True
    part[:, :, ::7] = False
    part[:, ::5, :] &= np.arange(lesion.shape[2]) % 3 > 0
    assert 60 < (part & lesion).sum() < 400
    assert_same_maps(image, as_mask(part & lesion, image), ON_LESIONS[configuration], without=("_MCC",))


def test_one_slice(data_dir: Path) -> None:
    image, lesion = read(data_dir, "brain1")
    drawn = np.zeros_like(lesion)
    drawn[14, 110:118, 180:189] = True
    for setting in ({}, {"force2D": True}, {"weightingNorm": "manhattan"}):
        assert_same_maps(image, as_mask(drawn, image), {"setting": setting})


def test_ultrasound(data_dir: Path) -> None:
    """2-D, where pyradiomics fails to describe intensities; in 32 bits, for its bins overflow in 8."""
    image = sitk.Cast(sitk.ReadImage(str(data_dir / "busbra" / "images" / "bus_0001-l.png")), sitk.sitkInt32)
    drawn = np.zeros(sitk.GetArrayViewFromImage(image).shape, dtype=bool)
    drawn[0:11, 130:144] = True
    wavelet = {"imageType": {"Wavelet": {"binWidth": 5}}, "voxelSetting": {"maskedKernel": False}}
    for parameters in ({"voxelSetting": {"kernelRadius": 2}}, wavelet):
        assert_same_maps(image, as_mask(drawn, image), parameters, families=FAMILIES[1:])


def test_pyradiomics_leaves_the_map_of_mcc_empty_where_a_direction_has_no_pairs(data_dir: Path) -> None:
    """Why MCC is left out above: one such voxel, and the whole batch has the initial value."""
    image, lesion = read(data_dir, "breast1")
    asked = {"featureClass": {"glcm": ["MCC"]}, "voxelSetting": {"initValue": -1.0}}
    mask = as_mask(lesion, image)
    extractor = featureextractor.RadiomicsFeatureExtractor(asked)
    theirs = sitk.GetArrayFromImage(extractor.execute(image, mask, voxelBased=True)["original_glcm_MCC"])
    ours = sitk.GetArrayFromImage(feature_maps(image, mask, asked)["original_glcm_MCC"])
    assert (theirs == -1).all()
    assert ((ours >= 0) == (ours != -1)).all()
    assert (ours >= 0).sum() == lesion.sum()
