"""One lesion, however it is handed over; and what the rows of real images say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radiomics_screen import extract, extract_cohort
from radiomics_screen.cohort.cases import Case
from radiomics_screen.core.errors import ReadError, RegionError, ScreenError, SettingsError
from radiomics_screen.core.remarks import ScreenWarning, collect_remarks
from radiomics_screen.extraction.column_order import ordered_features
from radiomics_screen.extraction.measuring.case import extract_case
from radiomics_screen.settings.presets import preset_names, preset_path
from radiomics_screen.settings.settings import load_settings

SPACING_MM = (3.0, 0.8, 0.7)


@pytest.fixture(scope="module")
def volume() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(4)
    mask = np.zeros((10, 24, 26), bool)
    mask[3:7, 6:18, 8:20] = random.random((4, 12, 12)) < 0.9
    return random.normal(100, 30, mask.shape).round().astype(np.int16), mask


def as_image(array: np.ndarray, spacing_mm: tuple[float, ...] = SPACING_MM) -> sitk.Image:
    image = sitk.GetImageFromArray(array.astype(np.uint8) if array.dtype == bool else array)
    image.SetSpacing(spacing_mm[::-1])
    return image


def test_arrays_images_and_files_give_the_same(volume: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    image, mask = volume
    from_arrays = extract(image, mask, spacing_mm=SPACING_MM)
    assert extract(as_image(image), as_image(mask)) == from_arrays
    for ending in ("nrrd", "nii.gz", "mha"):
        paths = tmp_path / f"i.{ending}", tmp_path / f"m.{ending}"
        for path, content in zip(paths, (image, mask), strict=True):
            sitk.WriteImage(as_image(content), str(path))
        assert extract(*paths) == pytest.approx(from_arrays, rel=1e-6)  # NIfTI keeps spacing in 32 bits


def test_the_images_handed_over_are_left_as_they_were(volume: tuple[np.ndarray, np.ndarray]) -> None:
    image, mask = volume[0].copy(), volume[1].copy()
    extract(image, mask, {"setting": {"normalize": True, "resegmentRange": [-1.0, 1.0]}})
    assert np.array_equal(image, volume[0])
    assert np.array_equal(mask, volume[1])


def test_resegmentation_cuts_the_shape_at_the_box_of_what_it_keeps(
    volume: tuple[np.ndarray, np.ndarray],
) -> None:
    """As pyradiomics does; a remark says so."""
    _, mask = volume
    bright = np.where(mask, 10, 500).astype(np.int16)
    bright[4:6, 8:15, 9:18] = 100
    shape = {"featureClass": {"shape": None}}
    with pytest.warns(ScreenWarning, match=r"within the box .* voxels of the mask are left out"):
        values = extract(bright, mask, {**shape, "setting": {"resegmentRange": [50, 200]}})
    cut = np.zeros_like(mask)
    cut[4:6, 8:15, 9:18] = mask[4:6, 8:15, 9:18]
    assert cut.sum() < mask.sum()
    assert values == extract(bright, cut, shape)


def test_the_place_of_the_lesion_does_not_matter(volume: tuple[np.ndarray, np.ndarray]) -> None:
    image, mask = (np.pad(a, ((2, 0), (5, 1), (0, 7))) for a in volume)
    assert extract(image, mask, spacing_mm=SPACING_MM) == extract(*volume, spacing_mm=SPACING_MM)


def test_label_of_the_call_goes_before_that_of_the_settings(volume: tuple[np.ndarray, np.ndarray]) -> None:
    image, mask = volume
    two = mask.astype(np.uint8)
    two[:2] = 9
    with pytest.raises(RegionError, match=r"several values \(1, 9\)"):
        extract(image, two)
    first = extract(image, two, label=1)
    assert first == extract(image, mask)
    assert extract(image, two, {"setting": {"label": 1}}) == first
    other = extract(image, two, {"setting": {"label": 1}}, label=9)
    assert other["original_shape_VoxelVolume"] == 2 * 24 * 26


def test_a_slice_is_measured_alike_in_two_and_three_dimensions(
    volume: tuple[np.ndarray, np.ndarray],
) -> None:
    image, mask = volume[0][4], volume[1][4]
    families = dict.fromkeys(("firstorder", "shape2D", "glcm", "gldm", "glrlm", "glszm", "ngtdm"))
    wavelets = {
        "imageType": {"Original": {}, "Wavelet": {}, "LoG": {"sigma": [1.0]}},
        "featureClass": families,
    }
    flat = extract(image, mask, wavelets, spacing_mm=SPACING_MM[1:])
    one_slice = {**wavelets, "setting": {"force2D": True}}
    thick = extract(image[np.newaxis], mask[np.newaxis], one_slice, spacing_mm=(1.0, *SPACING_MM[1:]))
    assert {name.replace("mm-2D_", "mm-3D_"): value for name, value in thick.items()} == flat
    assert "wavelet-HL_glcm_Contrast" in flat
    assert "log-sigma-1-0-mm-3D_glcm_Contrast" in flat  # pyradiomics' name, which has no other
    assert "log-sigma-1-0-mm-2D_glcm_Contrast" in thick  # which pyradiomics leaves out


def test_families_nobody_named_are_those_that_fit(volume: tuple[np.ndarray, np.ndarray]) -> None:
    def families(values: dict[str, float]) -> set[str]:
        return {name.split("_")[1] for name in values}

    assert "shape" in families(extract(*volume))
    assert "shape2D" not in families(extract(*volume))
    flat = families(extract(volume[0][4], volume[1][4]))
    assert "shape2D" in flat
    assert "shape" not in flat


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros(5), r"must be \(z, y, x\) or \(y, x\) and not empty, not of shape \(5,\)"),
        (Path("nowhere.nii"), "nowhere.nii"),
    ],
)
def test_what_is_no_image_is_refused(source: np.ndarray | Path, message: str) -> None:
    with pytest.raises(ReadError, match=message):
        extract(source, np.ones((3, 3), bool))
    with pytest.raises(ReadError, match="one finite length above 0 for each axis"):
        extract(np.zeros((3, 3)), np.ones((3, 3), bool), spacing_mm=(1.0, 1.0, 1.0))


def test_a_family_that_was_asked_for_and_does_not_fit_is_remarked_on(tmp_path: Path) -> None:
    image, mask = np.arange(300.0).reshape(3, 10, 10), np.ones((3, 10, 10), np.uint8)
    for name, array in (("i.nrrd", image), ("m.nrrd", mask)):
        sitk.WriteImage(sitk.GetImageFromArray(array), str(tmp_path / name))
    case = Case("a", None, tmp_path / "i.nrrd", tmp_path / "m.nrrd", None, 2, {})
    row = extract_case(case, load_settings({"featureClass": {"shape2D": None, "firstorder": None}}))
    assert row.status == "ok"
    assert row.warnings == (
        "shape2D was not computed: the image is 3-D; set force2D: true, or ask for shape",
    )
    assert all("firstorder" in name for name in row.features)


def test_a_reference_image_is_found_beside_the_parameter_file(
    volume: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    sitk.WriteImage(as_image(volume[0] * 2), str(tmp_path / "reference.nrrd"))
    (tmp_path / "p.yaml").write_text("preprocessing: [{histogram_match: {reference: reference.nrrd}}]")
    matched = extract(*volume, tmp_path / "p.yaml")
    assert matched["original_firstorder_Mean"] == pytest.approx(
        2 * extract(*volume)["original_firstorder_Mean"], rel=0.05
    )
    with pytest.raises(SettingsError, match="preprocessing: expected a list of steps"):
        load_settings({"preprocessing": {"median": {}}})


def test_columns_are_in_one_order_whatever_order_they_came_in() -> None:
    names = [
        "original_shape_Elongation",
        "original_firstorder_10Percentile",
        "original_glcm_MCC",
        "log-sigma-2-0-mm-3D_glcm_MCC",
        "log-sigma-10-0-mm-3D_firstorder_Energy",
        "wavelet-HHL_glcm_Autocorrelation",
        "wavelet-LLL_firstorder_Mean",
    ]
    assert ordered_features(reversed(names)) == names


@pytest.mark.parametrize("preset", [name for name in preset_names() if "/" not in name])
def test_presets_work_on_what_they_are_for(data_dir: Path, preset: str) -> None:
    sources = {
        "breast-ultrasound": ("busbra/images/bus_0003-l.png", "busbra/masks/bus_0003-l.png"),
        "breast-ultrasound-wide": ("busbra/images/bus_0003-l.png", "busbra/masks/bus_0003-l.png"),
        "mammography": ("dicom/mg_cbis_ddsm_crop.dcm", None),
        "breast-mri": ("pyradiomics/breast1_image.nrrd", "pyradiomics/breast1_label.nrrd"),
        "ct": ("sts/STS_002/CT_image.nii.gz", "sts/STS_002/CT_mask.nii.gz"),
    }
    image, mask = sources[preset]
    if mask is None:  # a crop round a lesion without an outline of it: a disc in its middle
        pixels = sitk.GetArrayFromImage(sitk.ReadImage(str(data_dir / image)))
        y, x = np.ogrid[: pixels.shape[1], : pixels.shape[2]]
        disc = (y - pixels.shape[1] / 2) ** 2 + (x - pixels.shape[2] / 2) ** 2 < 30**2
        drawn = sitk.GetImageFromArray(disc[np.newaxis].astype(np.uint8))
        drawn.CopyInformation(sitk.ReadImage(str(data_dir / image)))
        with pytest.warns(ScreenWarning, match="gives no pixel spacing"):
            values = extract(data_dir / image, drawn, preset_path(preset))
    else:
        values = extract(data_dir / image, data_dir / mask, preset_path(preset))
    assert len(values) > 600
    assert np.isfinite(list(values.values())).all()


def test_real_cohort_of_three_modalities(data_dir: Path) -> None:
    folder = data_dir / "sts" / "STS_003"
    cases = [
        Case(m, "3", folder / f"{m}_image.nii.gz", folder / f"{m}_mask.nii.gz", None, n, {"modality": m})
        for n, m in enumerate(("CT", "MR_T1", "PET"), start=2)
    ]
    table = extract_cohort(cases, {"setting": {"binCount": 32}})
    assert table["status"].tolist() == ["ok"] * 3
    assert table.filter(like="original_").notna().all(axis=None)
    assert table["modality"].tolist() == ["CT", "MR_T1", "PET"]
    volume = table["original_shape_VoxelVolume"]
    assert volume.max() < 1.5 * volume.min(), "the same tumour in three modalities"


def test_dicom_series_and_its_nifti_copy_give_the_same(data_dir: Path) -> None:
    folder = data_dir / "ibsi1" / "ct_phantom"
    settings = {"featureClass": {"firstorder": None, "shape": ["MeshVolume"], "glszm": None}}
    series = extract(folder / "dicom" / "image", folder / "mask.nii.gz", settings)
    nifti = extract(folder / "image.nii.gz", folder / "mask.nii.gz", settings)
    assert series == pytest.approx(nifti, rel=1e-6)
    assert pd.Series(series).notna().all()


def test_every_error_is_a_screen_error() -> None:
    assert issubclass(ReadError, ScreenError)
    row = extract_case(
        Case("x", None, Path("a"), Path("b"), None, 2, {}, problem="line 2: no"), load_settings()
    )
    assert (row.status, row.error, dict(row.features)) == ("failed", "line 2: no", {})


@pytest.mark.parametrize("dtype", [">i4", "float16", "bool", "uint64", "int8"])
def test_arrays_of_any_number_type_are_measured(dtype: str) -> None:
    values = np.arange(60).reshape(3, 4, 5).astype(dtype)
    mask = np.ones(values.shape, bool)
    with collect_remarks():  # of a bool, all voxels are on one grey level
        expected = extract(values.astype("float64"), mask, {"setting": {"binWidth": 5}})
        found = extract(values, mask, {"setting": {"binWidth": 5}}, spacing_mm=np.ones(3))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"image": np.zeros((3, 3, 3), complex)},
            "numbers of up to 64 bits, not complex128",
        ),
        ({"image": [1, 2]}, "an image or mask is a path, the bytes of a file, .* not list"),
        ({"spacing_mm": (1.0, float("nan"), 1.0)}, "one finite length above 0 for each axis"),
        ({"spacing_mm": 1.0}, "one finite length above 0 for each axis"),
        ({"label": 0}, "label 0 is not in the mask"),
    ],
)
def test_wrong_arguments_are_told(changes: dict[str, object], message: str) -> None:
    arguments = {"image": np.arange(27.0).reshape(3, 3, 3), "mask": np.ones((3, 3, 3), np.uint8), **changes}
    with pytest.raises(ScreenError, match=message):
        extract(**arguments)  # type: ignore[arg-type]


def test_nan_outside_the_region_is_told_of_the_filter_that_brings_it_in() -> None:
    image = np.random.default_rng(0).normal(100, 20, (12, 20, 20))
    mask = np.zeros(image.shape, bool)
    mask[4:8, 6:14, 6:14] = True
    image[2, 10, 10] = np.nan
    assert np.isfinite(list(extract(image, mask).values())).all()
    with pytest.raises(RegionError, match=r"NaN or infinite in wavelet-.*, though not in the image"):
        extract(image, mask, {"imageType": {"Wavelet": {}}})


def test_interpolators_have_the_numbers_they_had(volume: tuple[np.ndarray, np.ndarray]) -> None:
    def resampled(interpolator: object) -> dict[str, float]:
        setting = {"resampledPixelSpacing": [1, 1, 2], "interpolator": interpolator}
        return extract(*volume, {"setting": setting}, spacing_mm=SPACING_MM)

    assert resampled(3) == resampled("sitkBSpline") != resampled("sitkLinear") == resampled(2)
