"""What each difference between pyradiomics' conventions and the IBSI's does to the features of real lesions.

    python -m benchmarks.conventions --data DATA --output docs/explanation/ibsi.md

Each switch is turned from pyradiomics' to the IBSI's setting by itself, all else staying pyradiomics'; the
values before and after are compared. Then the same is asked of definitions: a feature of pyradiomics beside
the IBSI's counterpart, on the same voxels and grey levels.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from benchmarks.writing import put_into, table
from radiomics_screen import extract
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.features.mask import bounding_box
from radiomics_screen.filters import FILTERS
from radiomics_screen.imaging.reading import read_image, read_mask
from radiomics_screen.imaging.volume import to_volume

IMAGES = {
    "CT, lung (IBSI phantom)": ("ibsi1/ct_phantom/image.nii.gz", "ibsi1/ct_phantom/mask.nii.gz"),
    "CT, sarcoma": ("sts/STS_001/CT_image.nii.gz", "sts/STS_001/CT_mask.nii.gz"),
    "MR, sarcoma": ("sts/STS_001/MR_T1_image.nii.gz", "sts/STS_001/MR_T1_mask.nii.gz"),
    "PET, sarcoma": ("sts/STS_001/PET_image.nii.gz", "sts/STS_001/PET_mask.nii.gz"),
    "MR, brain": ("pyradiomics/brain1_image.nrrd", "pyradiomics/brain1_label.nrrd"),
    "MR, breast": ("pyradiomics/breast1_image.nrrd", "pyradiomics/breast1_label.nrrd"),
}
FAMILIES = ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")

#: Each switch, what it is turned to, and what has to be set for it to have an effect.
SWITCHES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "grid: `resampling_grid: centre`": ({"resampling_grid": "centre"}, {}),
    "image: `interpolator: sitkLinear`": ({"interpolator": "sitkLinear"}, {}),
    "mask: `mask_interpolator: sitkLinear`": ({"mask_interpolator": "sitkLinear"}, {}),
    "rounding: `round_intensities: true`": ({"round_intensities": True}, {}),
    "bins: `bin_origin: range`": ({"bin_origin": "range"}, {"range": True}),
    "shape: `crop_shape: false`": ({"crop_shape": False}, {"range": True}),
    "all of them": (
        {
            "resampling_grid": "centre",
            "interpolator": "sitkLinear",
            "mask_interpolator": "sitkLinear",
            "round_intensities": True,
            "bin_origin": "range",
            "crop_shape": False,
        },
        {"range": True},
    ),
}

#: Features of pyradiomics with the IBSI's counterpart, where the definitions differ or might.
DEFINITIONS: dict[str, list[tuple[str, str]]] = {
    "kurtosis, in excess or not": [("firstorder_Kurtosis", "stat_kurt")],
    "principal axes, covariance over N or N - 1": [
        ("shape_MajorAxisLength", "morph_pca_maj_axis"),
        ("shape_MinorAxisLength", "morph_pca_min_axis"),
        ("shape_LeastAxisLength", "morph_pca_least_axis"),
    ],
    "NGTDM, voxels without neighbours": [
        ("ngtdm_Busyness", "ngt_busyness_3D"),
        ("ngtdm_Coarseness", "ngt_coarseness_3D"),
        ("ngtdm_Complexity", "ngt_complexity_3D"),
        ("ngtdm_Contrast", "ngt_contrast_3D"),
        ("ngtdm_Strength", "ngt_strength_3D"),
    ],
    "co-occurrence, mean over directions": [
        ("glcm_Contrast", "cm_contrast_3D_avg"),
        ("glcm_JointEntropy", "cm_joint_entr_3D_avg"),
        ("glcm_Correlation", "cm_corr_3D_avg"),
        ("glcm_Imc1", "cm_info_corr1_3D_avg"),
    ],
    "co-occurrence, mean or merged (`3D_avg`, `3D_comb`)": [
        ("glcm_Contrast", "cm_contrast_3D_comb"),
        ("glcm_JointEntropy", "cm_joint_entr_3D_comb"),
        ("glcm_Correlation", "cm_corr_3D_comb"),
        ("glcm_Imc1", "cm_info_corr1_3D_comb"),
    ],
    "runs, zones, dependences": [
        ("glrlm_ShortRunEmphasis", "rlm_sre_3D_avg"),
        ("glrlm_RunEntropy", "rlm_rl_entr_3D_avg"),
        ("glszm_SmallAreaEmphasis", "szm_sze_3D"),
        ("glszm_ZoneVariance", "szm_zs_var_3D"),
        ("gldm_DependenceEntropy", "ngl_dc_entr_3D"),
    ],
    "volume, surface, diameter": [
        ("shape_MeshVolume", "morph_volume"),
        ("shape_SurfaceArea", "morph_area_mesh"),
        ("shape_Maximum3DDiameter", "morph_diam"),
    ],
}

#: A filter of pyradiomics and the IBSI's counterpart, each with its options and which of its images is meant.
FILTER_PAIRS: dict[str, tuple[tuple[str, dict[str, Any], int], tuple[str, dict[str, Any], int]]] = {
    "`LoG`, `LaplacianOfGaussian` (3 mm)": (
        ("LoG", {"sigma": (3.0,)}, 0),
        ("LaplacianOfGaussian", {"sigma": (3.0,)}, 0),
    ),
    "the same, each divided by its own root mean square": (
        ("LoG", {"sigma": (3.0,)}, 0),
        ("LaplacianOfGaussian", {"sigma": (3.0,)}, 0),
    ),
    "`Wavelet`, `SeparableWavelet` (coif1, LLH)": (
        ("Wavelet", {}, 0),
        ("SeparableWavelet", {"wavelet_bands": ("LLH",)}, 0),
    ),
    "the same, second level": (
        ("Wavelet", {"start_level": 1}, 0),
        ("SeparableWavelet", {"wavelet_bands": ("LLH",), "wavelet_levels": (2,)}, 0),
    ),
}

#: Changes of more than this part of the value are counted.
LARGE = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with the images")
    parser.add_argument("--output", type=Path, help="Markdown file whose section 'conventions' is replaced")
    args = parser.parse_args()
    images = {name: _read(args.data, *files) for name, files in IMAGES.items()}
    text = "\n".join([*_switches(images), "", *_definitions(images), "", *_filters(images), ""])
    print(text)
    if args.output:
        put_into(args.output, "conventions", text)


def _read(data: Path, image: str, mask: str) -> tuple[sitk.Image, sitk.Image]:
    return read_image(data / image), read_mask(data / mask)


def _switches(images: Mapping[str, tuple[sitk.Image, sitk.Image]]) -> Iterator[str]:
    """Yield a table: one line a switch, one column an image; share of features changed, median change."""
    rows = []
    for switch, (changes, needs) in SWITCHES.items():
        cells = [switch]
        for image, mask in images.values():
            setting = _setting(image, mask, **needs)
            before = _values(image, mask, setting)
            after = _values(image, mask, {**setting, **changes})
            cells.append(_change([_relative(before[name], after[name]) for name in before]))
        rows.append(cells)
    yield "Share of the 107 features of pyradiomics' families that change by more than 1 % (median change):"
    yield ""
    yield from table(["switch", *images], rows)


def _setting(image: sitk.Image, mask: sitk.Image, *, range: bool = False) -> dict[str, Any]:
    """Resample to the coarsest spacing but one, with about 40 bins; with a range, leave out a tenth."""
    inside = sitk.GetArrayFromImage(image)[sitk.GetArrayFromImage(mask) > 0]
    low, high = np.percentile(inside, [5, 95])
    spacing = sorted(image.GetSpacing())[1] * 1.3
    setting = {"resampledPixelSpacing": [spacing] * 3, "binWidth": float((high - low) / 40)}
    if range:
        setting["resegmentRange"] = [float(low), float(high)]
    return setting


def _values(image: sitk.Image, mask: sitk.Image, setting: Mapping[str, Any], *more: str) -> dict[str, float]:
    families = dict.fromkeys((*FAMILIES, *more))
    with collect_remarks():
        return extract(image, mask, {"featureClass": families, "setting": dict(setting)})


def _definitions(images: Mapping[str, tuple[sitk.Image, sitk.Image]]) -> Iterator[str]:
    """Yield a table: one line a definition, one column an image; the largest difference."""
    of_image = []
    for image, mask in images.values():
        setting = {"binWidth": _setting(image, mask)["binWidth"]}
        of_image.append(_values(image, mask, setting, "morph", "stat", "cm", "rlm", "szm", "ngt", "ngl"))
    rows = []
    for name, pairs in DEFINITIONS.items():
        cells = [name]
        for values in of_image:
            cells.append(
                f"{max(_relative(values[f'original_{a}'], values[f'original_{b}']) for a, b in pairs):.2g}"
            )
        rows.append(cells)
    yield "Largest relative difference between features of pyradiomics and the IBSI's, same voxels and bins:"
    yield ""
    yield from table(["definition", *images], rows)


def _filters(images: Mapping[str, tuple[sitk.Image, sitk.Image]]) -> Iterator[str]:
    """Yield a table: one line a filter, one column an image; difference of responses inside the lesion."""
    rows = []
    for name, pair in FILTER_PAIRS.items():
        cells = [name]
        for image, mask in images.values():
            one, other = (_response(image, mask, *which) for which in pair)
            if "divided" in name:
                one, other = (r / np.sqrt(np.mean(r**2)) for r in (one, other))
            cells.append(f"{np.sqrt(np.mean((one - other) ** 2) / np.mean(one**2)):.2g}")
        rows.append(cells)
    yield "Root mean square of the difference between responses inside the lesion, in that of pyradiomics':"
    yield ""
    yield from table(["filters", *images], rows)


def _response(
    image: sitk.Image, mask: sitk.Image, name: str, options: Mapping[str, Any], which: int
) -> NDArray[np.float64]:
    """Return the responses at the voxels of the lesion."""
    volume, inside = to_volume(image), sitk.GetArrayFromImage(mask) > 0
    box = bounding_box(inside)
    with collect_remarks():
        _, response = next(islice(FILTERS[name](volume, box, **options), which, None))
    return np.asarray(response, dtype=np.float64)[inside[box]]


def _relative(before: float, after: float) -> float:
    larger = max(abs(before), abs(after))
    return abs(after - before) / larger if larger else 0.0


def _change(changes: Sequence[float]) -> str:
    found = np.array(changes)
    return f"{100 * np.mean(found > LARGE):.0f} % ({100 * np.median(found):.2g} %)"


if __name__ == "__main__":
    main()
