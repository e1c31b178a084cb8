"""pyradiomics' example parameter files, and the image types that they leave out, beside pyradiomics."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import scipy.special
import SimpleITK as sitk

from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.extraction.measuring.case import extract
from radiomics_screen.settings.settings import load_settings

featureextractor = pytest.importorskip("radiomics.featureextractor", reason="pyradiomics is not installed")

# pyradiomics and the libraries it calls were written for older Pythons
pytestmark = pytest.mark.filterwarnings("ignore")

#: All features of the family but SumAverage, as the example files list them.
GLCM = [
    "Autocorrelation",
    "JointAverage",
    "ClusterProminence",
    "ClusterShade",
    "ClusterTendency",
    "Contrast",
    "Correlation",
    "DifferenceAverage",
    "DifferenceEntropy",
    "DifferenceVariance",
    "JointEnergy",
    "JointEntropy",
    "Imc1",
    "Imc2",
    "Idm",
    "Idmn",
    "Id",
    "Idn",
    "InverseVariance",
    "MaximumProbability",
    "SumEntropy",
    "SumSquares",
]
SHAPE = [
    "VoxelVolume",
    "MeshVolume",
    "SurfaceArea",
    "SurfaceVolumeRatio",
    "Compactness1",
    "Compactness2",
    "Sphericity",
    "SphericalDisproportion",
    "Maximum3DDiameter",
    "Maximum2DDiameterSlice",
    "Maximum2DDiameterColumn",
    "Maximum2DDiameterRow",
    "MajorAxisLength",
    "MinorAxisLength",
    "LeastAxisLength",
    "Elongation",
    "Flatness",
]
VOLUME = {"shape": None, "firstorder": None, "glcm": GLCM, "glrlm": None, "glszm": None, "gldm": None}
MR = {"normalize": True, "normalizeScale": 100, "binWidth": 5, "voxelArrayShift": 300, "label": 1}


def images(*sigma: float) -> dict[str, Any]:
    return {"Original": {}, "LoG": {"sigma": list(sigma)}, "Wavelet": {}}


EXAMPLES: dict[str, dict[str, Any]] = {
    "Params": {
        "imageType": {"Original": {}},
        "featureClass": {**VOLUME, "firstorder": []},
        "setting": {
            "binWidth": 25,
            "label": 1,
            "interpolator": "sitkBSpline",
            "resampledPixelSpacing": None,
            "weightingNorm": None,
        },
    },
    "exampleCT": {
        "imageType": images(1.0, 2.0, 3.0, 4.0, 5.0),
        "featureClass": VOLUME,
        "setting": {
            "interpolator": "sitkBSpline",
            "resampledPixelSpacing": [1, 1, 1],
            "padDistance": 10,
            "binWidth": 25,
            "voxelArrayShift": 1000,
            "label": 1,
        },
    },
    "exampleMR_3mm": {
        "imageType": images(2.0, 3.0, 4.0, 5.0),
        "featureClass": VOLUME,
        "setting": {**MR, "interpolator": "sitkBSpline", "resampledPixelSpacing": [2, 2, 2]},
    },
    "exampleMR_5mm": {
        "imageType": images(3.0, 5.0),
        "featureClass": VOLUME,
        "setting": {**MR, "interpolator": "sitkBSpline", "resampledPixelSpacing": [3, 3, 3]},
    },
    "exampleMR_NoResampling": {
        "imageType": images(1.0, 3.0, 5.0),
        "featureClass": VOLUME,
        "setting": {**MR, "preCrop": True, "force2D": True, "force2Ddimension": 0},
    },
    "MR_2D_extraction": {
        "imageType": images(2.0, 3.0, 4.0, 5.0),
        "featureClass": {
            **{name: features for name, features in VOLUME.items() if name != "shape"},
            "shape2D": None,
            "ngtdm": None,
        },
        "setting": {
            **MR,
            "interpolator": "sitkBSpline",
            "resampledPixelSpacing": [2, 2, 0],
            "padDistance": 10,
            "preCrop": True,
            "force2D": True,
            "force2Ddimension": 0,
        },
    },
    "example_allShape": {
        "featureClass": {"shape": SHAPE},
        "setting": {"label": 1, "interpolator": "sitkBSpline", "resampledPixelSpacing": None},
    },
    "exampleVoxel": {
        "imageType": {"Original": {}},
        "featureClass": {"glcm": ["JointEntropy"]},
        "setting": {"binWidth": 25, "force2D": True, "label": 1},
        "voxelSetting": {"kernelRadius": 2, "maskedKernel": True, "initValue": "nan", "voxelBatch": 10000},
    },
}

POINTWISE: dict[str, Any] = {"Square": {}, "SquareRoot": {}, "Logarithm": {}, "Exponential": {}}
TEXTURE = dict.fromkeys(("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm"))

MORE: dict[str, dict[str, Any]] = {
    "defaults": {"imageType": {**POINTWISE, "Gradient": {}, "LBP2D": {"binWidth": 1}}},
    "fixed bin count, per voxel": {
        "imageType": {**POINTWISE, "Gradient": {"gradientUseSpacing": False}},
        "setting": {"binCount": 30},
    },
    "normalised: negative values": {
        "imageType": {**POINTWISE, "Gradient": {}, "LBP2D": {"binWidth": 1}},
        "setting": {**MR, "removeOutliers": 2},
    },
    "bits": {
        "imageType": {"LBP2D": {"lbp2DMethod": "default", "lbp2DRadius": 1.5, "lbp2DSamples": 7}},
        "setting": {"binWidth": 4},
    },
    "rotated bits": {"imageType": {"LBP2D": {"lbp2DMethod": "ror", "lbp2DRadius": 2, "lbp2DSamples": 12}}},
    "variance": {
        "imageType": {"LBP2D": {"lbp2DMethod": "var", "lbp2DSamples": 5}},
        "setting": {"binCount": 30},
    },
}
BALLS: dict[str, dict[str, Any]] = {
    "defaults": {"binWidth": 0.1},
    "fixed bin count": {"binCount": 24},
    "more levels, wide": {
        "lbp3DLevels": 4,
        "lbp3DIcosphereRadius": 2.5,
        "lbp3DIcosphereSubdivision": 0,
        "binWidth": 0.1,
    },
}


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def magnetic_resonance(data_dir: Path, case: str) -> tuple[sitk.Image, sitk.Image]:
    folder = data_dir / "pyradiomics"
    return tuple(sitk.ReadImage(str(folder / f"{case}_{kind}.nrrd")) for kind in ("image", "label"))  # type: ignore[return-value]


def ultrasound(data_dir: Path) -> tuple[sitk.Image, sitk.Image]:
    """2-D; widened to 32 bits for pyradiomics, whose bins overflow on 8-bit images."""
    folder = data_dir / "busbra"
    image = sitk.ReadImage(str(folder / "images" / "bus_0001-l.png"))
    mask = sitk.ReadImage(str(folder / "masks" / "bus_0001-l.png")) != 0
    return sitk.Cast(image, sitk.sitkInt32), mask


def largest_slice_only(mask: sitk.Image) -> sitk.Image:
    areas = [int(sitk.GetArrayFromImage(mask[:, :, z]).sum()) for z in range(mask.GetSize()[2])]
    kept = sitk.Image(mask) * 0
    kept[:, :, areas.index(max(areas))] = mask[:, :, areas.index(max(areas))]
    return kept


def assert_same_values(image: sitk.Image, mask: sitk.Image, parameters: dict[str, Any]) -> None:
    reference = {
        name: float(value)
        for name, value in featureextractor.RadiomicsFeatureExtractor(parameters).execute(image, mask).items()
        if not name.startswith("diagnostics")
    }
    with collect_remarks():
        values = extract(image, mask, parameters)
    assert values
    assert sorted(values) == sorted(reference)
    wrong = {
        name: (values[name], reference[name])
        for name in reference
        if values[name] != pytest.approx(reference[name], rel=1e-6, abs=1e-9)
    }
    assert not wrong


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_files(data_dir: Path, example: str) -> None:
    image, mask = magnetic_resonance(data_dir, "breast1")
    if example == "MR_2D_extraction":
        mask = largest_slice_only(mask)  # pyradiomics fails where shape2D meets several slices
    assert_same_values(image, mask, EXAMPLES[example])


@pytest.mark.slow
@pytest.mark.parametrize("example", ["exampleMR_3mm", "exampleMR_NoResampling"])
def test_example_files_with_every_image_type(data_dir: Path, example: str) -> None:
    image, mask = magnetic_resonance(data_dir, "brain1")
    parameters = EXAMPLES[example]
    types = {**parameters["imageType"], **POINTWISE, "Gradient": {}, "LBP2D": {"binWidth": 1}}
    assert_same_values(image, mask, {**parameters, "imageType": types})


@pytest.mark.parametrize(
    ("case", "configuration"),
    # the variances in brain1 exceed its 16 bits: in pyradiomics they wrap round
    [
        (case, name)
        for case in ("brain1", "breast1")
        for name in MORE
        if (case, name) != ("brain1", "variance")
    ],
)
def test_image_types_of_volumes(data_dir: Path, case: str, configuration: str) -> None:
    image, mask = magnetic_resonance(data_dir, case)
    assert_same_values(image, mask, {"featureClass": TEXTURE, **MORE[configuration]})


@pytest.mark.parametrize("configuration", MORE)
def test_image_types_of_ultrasound(data_dir: Path, configuration: str) -> None:
    image, mask = ultrasound(data_dir)
    assert_same_values(image, mask, {"featureClass": TEXTURE, **MORE[configuration]})


@pytest.mark.parametrize("configuration", BALLS)
@pytest.mark.parametrize("case", ["brain1", "breast1"])
@pytest.mark.parametrize("pixel", ["as it is", "float32"])
def test_patterns_in_3d(data_dir: Path, case: str, configuration: str, pixel: str) -> None:
    pytest.importorskip("trimesh", reason="pyradiomics' LBP3D needs trimesh, which is not installed")
    if not hasattr(scipy.special, "sph_harm"):
        pytest.skip("pyradiomics' LBP3D needs a SciPy older than 1.17, which still has sph_harm")
    image, mask = magnetic_resonance(data_dir, case)
    if pixel == "float32":
        image = sitk.Cast(image, sitk.sitkFloat32)
    parameters = {"imageType": {"LBP3D": BALLS[configuration]}, "featureClass": TEXTURE}
    assert_same_values(image, mask, parameters)


def test_numbers_of_a_file_are_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "numbers.yaml"
    path.write_text(
        "setting:\n  geometryTolerance: 1e-4\n  binWidth: 2.5e1\n  label: 1\n  padDistance: 010\n"
        "  normalizeScale: 1E2\n  resegmentRange: [-1e3, 0x10]\n"
    )
    theirs = featureextractor.RadiomicsFeatureExtractor(str(path)).settings
    ours = load_settings(path).setting
    for name in ("geometryTolerance", "binWidth", "label", "padDistance", "normalizeScale"):
        assert ours[name] == theirs[name]
    assert list(ours["resegmentRange"]) == theirs["resegmentRange"]
