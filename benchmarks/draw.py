"""Random parameter files: over every setting that pyradiomics' schema has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

INTERPOLATORS = (
    "sitkNearestNeighbor", "sitkLinear", "sitkBSpline", "sitkGaussian", "sitkLabelGaussian",
    "sitkHammingWindowedSinc", "sitkCosineWindowedSinc", "sitkWelchWindowedSinc",
    "sitkLanczosWindowedSinc", "sitkBlackmanWindowedSinc",
)  # fmt: skip
WAVELETS = (
    "coif1", "coif2", "haar", "db2", "db3", "db5", "sym3", "sym4", "bior1.3", "bior2.2", "bior3.1",
    "rbio1.3", "rbio2.4", "dmey",
)  # fmt: skip
SPACINGS_MM = (
    [1, 1, 1], [2, 2, 2], [0, 0, 3], [1.5, 1.5, 0], [3, 3, 3], [0, 2, 0], [0, 0, 0], [1.1, 0.9, 5],
)  # fmt: skip
RANGES: dict[str, list[list[float]]] = {
    "absolute": [[0, 100], [-100, 300], [20, 400], [50], [0, 2000], [-1.0, 1.5]],
    "relative": [[0.2, 0.9], [0.4], [0.0, 1.0], [0.5, 0.75]],
    "sigma": [[-2, 2], [-1, 3], [-0.5, 0.5], [-3, 3]],
}
SIGMAS_MM = (0.5, 1, 1.0, 1.7, 2.0, 3, 4.0, 5.0)
#: Values to choose from, by option.
Choices = Mapping[str, Sequence[Any]]

TEXTURE = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
FEATURES = {
    "firstorder": ["Mean", "StandardDeviation", "Entropy", "Kurtosis", "90Percentile"],
    "glcm": ["Contrast", "Correlation", "Imc1", "Imc2", "MCC", "SumAverage"],
    "gldm": ["DependenceEntropy", "LargeDependenceEmphasis"],
    "glrlm": ["RunEntropy", "RunPercentage", "ShortRunEmphasis"],
    "glszm": ["ZoneEntropy", "ZonePercentage", "SizeZoneNonUniformity"],
    "ngtdm": ["Busyness", "Strength", "Coarseness"],
    "shape": ["MeshVolume", "Sphericity", "Maximum3DDiameter", "Compactness1", "SphericalDisproportion"],
}


def drawn(seed: int, number: int) -> dict[str, Any]:
    """Return the parameter file of this number, the same at every time and on every machine."""
    random = Random(f"{seed}:{number}")
    setting = _setting(random)
    return {
        "imageType": _image_types(random),
        "featureClass": _families(random),
        "setting": dict(sorted(setting.items())),
    }


def _sometimes(random: Random, probability: float) -> bool:
    return random.random() < probability


def _setting(random: Random) -> dict[str, Any]:
    setting: dict[str, Any] = {}
    if _sometimes(random, 0.25):
        setting["normalize"] = True
        setting["normalizeScale"] = random.choice([1, 50, 100, 137.5])
        if _sometimes(random, 0.5):
            setting["removeOutliers"] = random.choice([1, 2, 3, 4.5])
    scale = setting.get("normalizeScale", 100)
    setting |= _bins(random, scale)
    if _sometimes(random, 0.5):
        setting["voxelArrayShift"] = random.choice([0, 10, 300, 1000, -100])
    if _sometimes(random, 0.3):
        setting["force2D"] = True
        setting["force2Ddimension"] = random.choice([0, 0, 1, 2])
    if _sometimes(random, 0.3):
        setting["distances"] = random.choice([[1], [2], [1, 2], [1, 3], [2, 1], [1, 2, 3]])
    if _sometimes(random, 0.3):
        setting["symmetricalGLCM"] = random.choice([True, False, False])
    if _sometimes(random, 0.3):
        setting["weightingNorm"] = random.choice(["euclidean", "manhattan", "infinity", "no_weighting", None])
    if _sometimes(random, 0.3):
        setting["gldm_a"] = random.choice([0, 1, 2, 5])
    if _sometimes(random, 0.2):
        setting["additionalInfo"] = random.choice([True, False])
    return setting | _geometry(random) | _region(random) | _of_filters(random)


def _bins(random: Random, scale: float) -> dict[str, Any]:
    if _sometimes(random, 0.5):
        bins: dict[str, Any] = {"binCount": random.choice([1, 2, 3, 4, 7, 8, 16, 25, 32, 64, 100])}
        return bins | ({"binWidth": 25} if _sometimes(random, 0.2) else {})
    return {"binWidth": random.choice([0.05, 0.1, 0.13, 0.25, 0.3, 0.5, 1.5]) * scale}


def _geometry(random: Random) -> dict[str, Any]:
    setting: dict[str, Any] = {}
    if _sometimes(random, 0.3):
        spacing = [
            [1, 1, 1],
            [2, 2, 2],
            [0, 0, 3],
            [1.5, 1.5, 0],
            [3, 3, 3],
            [0, 2, 0],
            [0, 0, 0],
            [1.1, 0.9, 5],
        ]
        setting["resampledPixelSpacing"] = random.choice(spacing)
        if _sometimes(random, 0.8):
            setting["interpolator"] = random.choice(INTERPOLATORS)
    if _sometimes(random, 0.4):
        setting["padDistance"] = random.choice([0, 1, 3, 5, 8, 12, 20])
    if _sometimes(random, 0.25):
        setting["preCrop"] = True
    if _sometimes(random, 0.2):
        setting["correctMask"] = random.choice([True, False])
    if _sometimes(random, 0.1):
        setting["geometryTolerance"] = random.choice([1e-6, 1e-3, 0.1])
    return setting


def _region(random: Random) -> dict[str, Any]:
    setting: dict[str, Any] = {}
    if _sometimes(random, 0.25):
        mode = random.choice(["absolute", "relative", "sigma"])
        setting["resegmentMode"] = mode
        setting["resegmentRange"] = random.choice(RANGES[mode])
        if _sometimes(random, 0.6):
            setting["resegmentShape"] = random.choice([True, True, False])
    if _sometimes(random, 0.2):
        setting["minimumROIDimensions"] = random.choice([1, 2, 3])
    if _sometimes(random, 0.15):
        setting["minimumROISize"] = random.choice([1, 20, 500, 20000])
    if _sometimes(random, 0.15):
        setting["label"] = random.choice([1, 2, 3, 7])
    if _sometimes(random, 0.03):
        setting["label_channel"] = random.choice([0, 1])
    return setting


def _of_filters(random: Random) -> dict[str, Any]:
    """Draw options of the image types that stand under ``setting``, where they hold for all."""
    setting: dict[str, Any] = {}
    if _sometimes(random, 0.1):
        setting["wavelet"] = random.choice(WAVELETS)
    if _sometimes(random, 0.1):
        setting["gradientUseSpacing"] = random.choice([True, False])
    if _sometimes(random, 0.1):
        setting["lbp2DRadius"] = random.choice([1, 1.5, 2])
    return setting


def _image_types(random: Random) -> dict[str, Any]:
    makers = {
        "Original": lambda: {},
        "Wavelet": lambda: _wavelet(random),
        "LoG": lambda: {
            "sigma": random.sample([0.5, 1, 1.0, 1.7, 2.0, 3, 4.0, 5.0], random.choice([1, 1, 2]))
        },
        "Square": lambda: {},
        "SquareRoot": lambda: {},
        "Logarithm": lambda: {},
        "Exponential": lambda: {},
        "Gradient": lambda: _optional(random, {"gradientUseSpacing": [True, False]}),
        "LBP2D": lambda: _lbp2d(random),
        "LBP3D": lambda: _lbp3d(random),
    }
    chosen = random.sample(list(makers), random.choice([1, 1, 2, 3]))
    types = {name: makers[name]() for name in chosen}
    for options in types.values():
        if _sometimes(random, 0.2):
            options |= _override(random)
    return types


def _optional(random: Random, choices: Choices) -> dict[str, Any]:
    return {name: random.choice(values) for name, values in choices.items() if _sometimes(random, 0.5)}


def _wavelet(random: Random) -> dict[str, Any]:
    choices: Choices = {"wavelet": list(WAVELETS), "level": [1, 1, 2, 3], "start_level": [0, 0, 1, 2]}
    return _optional(random, choices)


def _lbp2d(random: Random) -> dict[str, Any]:
    choices: Choices = {
        "lbp2DRadius": [1, 1.0, 1.5, 2, 3],
        "lbp2DSamples": [4, 6, 8, 12, 16],
        "lbp2DMethod": ["default", "ror", "uniform", "var"],
    }
    options = _optional(random, choices)
    # rotations of many samples take pyradiomics minutes, and "default" codes do not fit their bins
    if options.get("lbp2DMethod") in ("ror", "default"):
        options["lbp2DSamples"] = min(options.get("lbp2DSamples", 8), 8)
    # "var" gives variances, which a width of 1 would cut into tens of thousands of levels
    return options | ({"binCount": 32} if options.get("lbp2DMethod") == "var" else {"binWidth": 1})


def _lbp3d(random: Random) -> dict[str, Any]:
    choices: Choices = {
        "lbp3DLevels": [1, 2, 3],
        "lbp3DIcosphereRadius": [1, 1.5, 2],
        "lbp3DIcosphereSubdivision": [0, 1],
    }
    return _optional(random, choices) | {"binWidth": 1}


def _override(random: Random) -> dict[str, Any]:
    choices: Choices = {
        "binCount": [5, 16, 40],
        "distances": [[1], [2], [1, 2]],
        "weightingNorm": ["euclidean", "infinity"],
        "symmetricalGLCM": [True, False],
        "gldm_a": [0, 2],
        "voxelArrayShift": [0, 500],
    }
    name = random.choice(list(choices))
    return {name: random.choice(choices[name])}


def _families(random: Random) -> dict[str, Any]:
    """Draw all families, or a few, some of them with a few features."""
    if _sometimes(random, 0.5):
        return dict.fromkeys([*TEXTURE, "shape"])
    chosen = random.sample([*TEXTURE, "shape"], random.choice([1, 2, 3, 5]))
    families: dict[str, Any] = {}
    for name in chosen:
        some = random.sample(FEATURES[name], min(3, len(FEATURES[name])))
        families[name] = some if _sometimes(random, 0.3) else None
    return families
