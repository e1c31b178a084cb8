"""NaN, infinities and whole numbers that floats do not hold: an error that says where, or the right row."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_screen import extract
from radiomics_screen.core.errors import ReadError, RegionError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.features import FAMILIES
from radiomics_screen.filters import FILTERS
from radiomics_screen.imaging.geometry import Interpolator, resample, select_label
from radiomics_screen.imaging.normalization import normalize
from radiomics_screen.imaging.preprocessing import STEPS
from radiomics_screen.perturbation.registry import ALTERATIONS
from tests.filters.test_image_names import OPTIONS
from tests.imaging.test_preprocessing import REQUIRED_OPTIONS

SHAPE = (16, 20, 22)
IMAGE = np.random.default_rng(0).gamma(4, 12, SHAPE).astype(np.float32)
MASK = np.zeros(SHAPE, np.uint8)
MASK[6:10, 7:13, 7:14] = 1
MASK[8, 9, 9] = 0
PLACES: dict[str, Any] = {
    "inside": (8, 10, 11),
    "in a hole of the region": (8, 9, 9),
    "near": (8, 10, 15),
    "far": (0, 0, 0),
    "background": (slice(None), slice(None), slice(18, None)),
}
FAMILIES_ASKED = {"firstorder": None, "glcm": None}
INTERPOLATORS = get_args(get_args(Interpolator)[0])
#: Two finite values that may stand for each that is not; what is infinite is only larger than all others.
STAND_INS = {np.nan: (3.0, 77.0), np.inf: (1e9, 1e9), -np.inf: (-1e9, -1e9)}


def plain(options: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}


def image_with(value: float, place: str) -> np.ndarray:
    array = IMAGE.copy()
    array[PLACES[place]] = value
    return array


def row_or_error(array: np.ndarray, parameters: dict[str, Any]) -> tuple[dict | None, str, list[str]]:
    with collect_remarks() as remarks:
        try:
            return extract(array, MASK, parameters), "", remarks
        except RegionError as error:
            return None, str(error), remarks


def require_error_or_right_row(parameters: dict[str, Any], *named: str, remark: str = "no remark") -> None:
    """A row that is given does not depend on what stands for NaN; else the error names who cannot."""
    for value, stand_ins in STAND_INS.items():
        for place in PLACES:
            found, told, remarks = row_or_error(image_with(value, place), parameters)
            if found is None:
                names = named if place != "inside" else (*named, "in the region")
                assert any(name in told for name in names), (value, place, told)
            elif not any(remark in text for text in remarks):
                for stand_in in stand_ins:
                    assert row_or_error(image_with(stand_in, place), parameters)[0] == found, (value, place)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reference") / "model.nii"
    sitk.WriteImage(sitk.GetImageFromArray(IMAGE * 3 + 10), path)
    return path


def options_of_step(name: str, reference: Path) -> dict[str, Any]:
    if name == "n4":
        return {"shrink_factor": 2, "levels": 1, "iterations": 5}
    return {**REQUIRED_OPTIONS, "histogram_match": {"reference": str(reference)}}.get(name, {})


@pytest.mark.parametrize("name", list(STEPS))
def test_steps(name: str, reference: Path) -> None:
    step = {name: options_of_step(name, reference)}
    require_error_or_right_row(
        {"preprocessing": [step], "featureClass": FAMILIES_ASKED},
        f"preprocessing step {name}",
        f"after preprocessing ({name})",
    )


@pytest.mark.parametrize("name", list(FILTERS))
def test_filters(name: str) -> None:
    for options in OPTIONS.get(name, [{}]):
        parameters = {
            "imageType": {name: {"binWidth": 0.5, **plain(options)}},
            "featureClass": FAMILIES_ASKED,
        }
        require_error_or_right_row(parameters, name, f" in {name.lower()}", " in log-", " in wavelet-")


def test_normalisation() -> None:
    require_error_or_right_row(
        {"featureClass": FAMILIES_ASKED, "setting": {"normalize": True, "removeOutliers": 3}}, "normalize"
    )


@pytest.mark.parametrize("name", INTERPOLATORS)
@pytest.mark.parametrize("grid", ["corner", "centre"])
def test_resampling(name: str, grid: str) -> None:
    if grid != "corner" and name not in ("sitkNearestNeighbor", "sitkLinear", "sitkBSpline"):
        pytest.skip("an interpolator of the grid corner only")
    setting = {
        "resampledPixelSpacing": [1.5] * 3,
        "interpolator": name,
        "resampling_grid": grid,
        "padDistance": 1,
        "binCount": 8,
    }
    require_error_or_right_row(
        {"featureClass": FAMILIES_ASKED, "setting": setting}, "resampl", remark="fitted to the nearest finite"
    )


@pytest.mark.parametrize("name", INTERPOLATORS)
def test_infinity_does_not_become_the_largest_number(name: str) -> None:
    array = IMAGE.copy()
    array[7:9, 9:11, 10:12] = np.inf
    image = sitk.GetImageFromArray(array)
    roi = select_label(sitk.GetImageFromArray(MASK))
    moved, _ = resample(image, roi, resampledPixelSpacing=(1.5, 1.5, 1.5), interpolator=name)
    values = sitk.GetArrayFromImage(moved)
    assert np.isnan(values).any()
    assert np.nanmax(np.abs(values)) < 1000


@pytest.mark.parametrize(
    "setting",
    [
        {"resegmentRange": [0, 100]},
        {"resegmentRange": [0.1], "resegmentMode": "relative"},
        {"resegmentRange": [-1, 1], "resegmentMode": "sigma"},
        {"outlier_sigma": 2.0},
    ],
)
def test_resegmentation(setting: dict[str, Any]) -> None:
    require = {"featureClass": FAMILIES_ASKED, "setting": setting}
    if "outlier_sigma" in setting or "resegmentMode" in setting:
        require_error_or_right_row(require, "resegmentation")
        return
    kept = MASK.copy()
    kept[PLACES["inside"]] = 0
    with collect_remarks() as remarks:
        assert extract(image_with(np.nan, "inside"), MASK, require) == extract(IMAGE, kept, require)
    assert remarks[0] == "resegmentRange left out 1 voxels of the region that are NaN or infinite"


@pytest.mark.parametrize("name", [name for name, family in FAMILIES.items() if family.block != "radiomics"])
@pytest.mark.parametrize("place", ["inside", "near"])
def test_families_of_one_slice_remark_on_what_they_take_as_missing(name: str, place: str) -> None:
    parameters = {"featureClass": {name: None}}
    with collect_remarks() as remarks:
        if place == "inside":
            with pytest.raises(RegionError, match="in the region are NaN"):
                extract(image_with(np.nan, place)[8], MASK[8], parameters)
            return
        extract(image_with(np.nan, place)[8], MASK[8], parameters)
    assert any("1 pixels round the lesion are NaN or infinite" in remark for remark in remarks)


@pytest.mark.parametrize("name", list(ALTERATIONS))
@pytest.mark.parametrize("place", list(PLACES))
def test_alterations_do_not_make_numbers_of_nan(name: str, place: str) -> None:
    image = sitk.GetImageFromArray(image_with(np.nan, place))
    roi = select_label(sitk.GetImageFromArray(MASK))
    with collect_remarks():
        altered, _ = ALTERATIONS[name](image, roi, np.random.default_rng(0))
    assert np.isnan(sitk.GetArrayViewFromImage(altered)).any()


@pytest.mark.parametrize("kind", ["int64", "uint64"])
class TestWholeNumbersThatFloatsDoNotHold:
    @staticmethod
    def image(kind: str, place: str = "inside") -> np.ndarray:
        array = np.rint(IMAGE).astype(kind)
        array[PLACES[place]] = 2**53 + 1
        return array

    @pytest.mark.parametrize("name", list(STEPS))
    def test_steps(self, kind: str, name: str, reference: Path) -> None:
        image = sitk.GetImageFromArray(self.image(kind, "far"))
        with pytest.raises(RegionError, match=f"step {name}: 1 voxels .* beyond 2\\^53"):
            STEPS[name](image, **options_of_step(name, reference))

    @pytest.mark.parametrize("name", [name for name in FILTERS if name != "Original"])
    def test_filters(self, kind: str, name: str) -> None:
        parameters = {"imageType": {name: plain(OPTIONS.get(name, [{}])[0])}, "featureClass": FAMILIES_ASKED}
        with pytest.raises(RegionError, match=f"{name}: 1 voxels .* beyond 2\\^53"):
            extract(self.image(kind, "far"), MASK, parameters)

    def test_normalisation(self, kind: str) -> None:
        with pytest.raises(RegionError, match=r"normalize: 1 voxels .* beyond 2\^53"):
            normalize(sitk.GetImageFromArray(self.image(kind)), normalize=True)

    def test_region(self, kind: str) -> None:
        with pytest.raises(RegionError, match=r"1 of the \d+ voxels in the region are whole numbers"):
            extract(self.image(kind), MASK, {"featureClass": FAMILIES_ASKED})

    def test_elsewhere_they_do_no_harm(self, kind: str) -> None:
        expected = extract(np.rint(IMAGE), MASK, {"featureClass": FAMILIES_ASKED})
        assert extract(self.image(kind, "far"), MASK, {"featureClass": FAMILIES_ASKED}) == expected

    def test_resegmentation_leaves_them_out_as_what_they_are(self, kind: str) -> None:
        array = self.image(kind)
        array[PLACES["inside"]] = np.iinfo(kind).max
        parameters = {"featureClass": FAMILIES_ASKED, "setting": {"resegmentRange": [0, 1000]}}
        kept = MASK.copy()
        kept[PLACES["inside"]] = 0
        assert extract(array, MASK, parameters) == extract(np.rint(IMAGE), kept, parameters)


def test_steps_hold_whole_numbers_beyond_32_bit_floats() -> None:
    array = np.full((9, 9), 2**24, np.int32)
    array[4, 4] += 1
    found = sitk.GetArrayFromImage(STEPS["window"](sitk.GetImageFromArray(array), upper=2**24 + 0.5))
    assert found.max() == 2**24 + 0.5


def test_the_reference_of_a_step_is_looked_at_too(tmp_path: Path) -> None:
    path = tmp_path / "model.nrrd"
    sitk.WriteImage(sitk.GetImageFromArray(image_with(np.nan, "far")), path)
    with pytest.raises((RegionError, ReadError), match=r"reference .*model\.nrrd: 1 of the"):
        STEPS["histogram_match"](sitk.GetImageFromArray(IMAGE), reference=str(path))
