"""Regions beyond the lesion: asked for in a parameter file, measured beside it, missing with a reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import yaml

from radiomics_screen.cohort.cases import Case
from radiomics_screen.core.errors import SettingsError
from radiomics_screen.core.remarks import ScreenWarning
from radiomics_screen.extraction.maps.compute import feature_maps
from radiomics_screen.extraction.measuring.case import extract, extract_case, extract_cases
from radiomics_screen.extraction.measuring.pyradiomics_engine import require_possible
from radiomics_screen.extraction.perturbed import extract_altered
from radiomics_screen.extraction.run import RunProgress, extract_cohort
from radiomics_screen.imaging.ring import ring
from radiomics_screen.imaging.roi import Roi, roi_of
from radiomics_screen.settings.settings import load_settings

REGIONS: dict[str, Any] = {
    "inside": {"outer": -2, "featureClass": {"firstorder": ["Mean", "Entropy"]}},
    "rim": {"inner": -2, "outer": 2, "featureClass": {"firstorder": [], "glcm": ["Contrast"]}},
    "around": {
        "inner": 0.2,
        "outer": 0.8,
        "unit": "radius",
        "featureClass": {"glrlm": None},
        "imageType": {"LoG": {"sigma": [1.0], "binWidth": 5}},
    },
}
LESION: dict[str, Any] = {
    "imageType": {"Original": {}, "Wavelet": {}},
    "featureClass": {"shape": [], "shape2D": [], "firstorder": [], "glcm": []},
}


def scene(shape: tuple[int, ...], spacing_mm: tuple[float, ...], radius: float) -> tuple[Any, Any]:
    """Return an image of noise and the mask of a ball off its middle."""
    random = np.random.default_rng(8)
    image = sitk.GetImageFromArray(random.normal(100, 30, shape).astype(np.float32))
    middle = np.array([n / 2 - 2 for n in shape]).reshape(-1, *(1,) * len(shape))
    scale = np.array(spacing_mm).reshape(middle.shape)
    inside = np.square((np.indices(shape) - middle) * scale).sum(axis=0) < radius**2
    mask = sitk.GetImageFromArray(inside.astype(np.uint8))
    for made in (image, mask):
        made.SetSpacing(spacing_mm[::-1])
    return image, mask


def lesion_of(mask: sitk.Image) -> Roi:
    found = roi_of(mask, 1)
    assert found is not None
    return found


def problems_of(regions: Any, **content: Any) -> str:
    with pytest.raises(SettingsError) as raised:
        load_settings({"regions": regions, **content})
    return str(raised.value)


@pytest.mark.filterwarnings("ignore:shape.* was not computed")
@pytest.mark.parametrize(
    ("shape", "spacing_mm", "setting"),
    [
        ((50, 60), (0.8, 1.1), {}),
        ((16, 40, 44), (2.0, 0.8, 0.7), {"force2D": True}),
        ((16, 40, 44), (2.0, 0.8, 0.7), {"preCrop": True, "padDistance": 9}),
        ((14, 30, 30), (2.0, 1.0, 1.0), {"resampledPixelSpacing": [1.2, 1.2, 1.2]}),
    ],
)
def test_values_are_those_of_the_ring_measured_by_hand(
    shape: tuple[int, ...], spacing_mm: tuple[float, ...], setting: dict[str, Any]
) -> None:
    image, mask = scene(shape, spacing_mm, 7.0)
    alone = extract(image, mask, {**LESION, "setting": setting})
    with_regions = extract(image, mask, {**LESION, "setting": setting, "regions": REGIONS})
    own = {column: value for column, value in with_regions.items() if "." not in column}
    assert own == alone  # to the last bit, in the same order
    assert list(own) == list(alone)
    for name, about in REGIONS.items():
        limits = {key: about[key] for key in ("inner", "outer", "unit") if key in about}
        by_hand = ring(lesion_of(mask), **limits).roi.image()
        image_types = about.get("imageType", LESION["imageType"])
        content = {"imageType": image_types, "featureClass": about["featureClass"], "setting": setting}
        expected = extract(image, by_hand, content)
        prefix = f"{name}."
        found = {c.removeprefix(prefix): v for c, v in with_regions.items() if c.startswith(prefix)}
        assert found == expected
        assert found


def files_of(folder: Path, *labelled: tuple[np.ndarray, int]) -> tuple[Path, Path]:
    """Write an image of noise and a mask of several labels."""
    random = np.random.default_rng(2)
    mask = np.zeros(labelled[0][0].shape, np.uint8)
    for voxels, label in labelled:
        mask[voxels] = label
    paths = folder / "image.nrrd", folder / "mask.nrrd"
    sitk.WriteImage(sitk.GetImageFromArray(random.normal(90, 20, mask.shape)), str(paths[0]))
    sitk.WriteImage(sitk.GetImageFromArray(mask), str(paths[1]))
    return paths


def box(shape: tuple[int, ...], *sides: tuple[int, int]) -> np.ndarray:
    voxels = np.zeros(shape, dtype=bool)
    voxels[tuple(slice(*side) for side in sides)] = True
    return voxels


SHAPE = (12, 60, 90)


@pytest.fixture
def several(tmp_path: Path) -> list[Case]:
    """Lesions of one image: two neighbours, one in a corner and too thin to have an inside, a voxel."""
    image, mask = files_of(
        tmp_path,
        (box(SHAPE, (2, 9), (5, 20), (5, 20)), 1),
        (box(SHAPE, (3, 9), (12, 25), (24, 36)), 2),
        (box(SHAPE, (0, 2), (57, 60), (80, 90)), 3),
        (box(SHAPE, (6, 7), (40, 41), (50, 51)), 4),
    )
    return [Case(f"case-{n}", None, image, mask, n, 0, {}) for n in (1, 2, 3, 4, 9)]


@pytest.mark.parametrize("setting", [{}, {"preCrop": True}, {"resampledPixelSpacing": [1, 1, 1.5]}])
def test_lesions_of_one_image_have_the_rows_of_each_alone(
    several: list[Case], setting: dict[str, Any]
) -> None:
    image_types: dict[str, Any] = {"Original": {}, "Wavelet": {}}
    settings = load_settings({"imageType": image_types, "setting": setting, "regions": REGIONS})
    together = list(extract_cases(several, settings))
    alone = [extract_case(case, settings) for case in several]
    assert [row.status for row in together] == ["ok"] * 3 + ["failed"] * 2
    for row, expected in zip(together, alone, strict=True):
        assert (row.error, row.warnings) == (expected.error, expected.warnings)
        assert list(row.features) == list(expected.features)
        assert row.features == pytest.approx(expected.features, rel=1e-9)
    thin = together[2]
    assert not any(column.startswith("inside.") for column in thin.features)
    assert any(w.startswith("inside: not measured: no voxel lies up to -2 mm") for w in thin.warnings)
    assert any(w.startswith("rim: the image ends in it: ") for w in thin.warnings)
    assert not any(w.startswith(("inside", "rim")) for w in together[0].warnings)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            {"minimumROISize": 500},
            "rim: not measured: the region has .* voxels, not more than minimumROISize",
        ),
        ({"resegmentRange": [85, 95]}, None),
    ],
)
def test_what_checks_lesions_only_warns_of_regions(setting: dict[str, Any], message: str | None) -> None:
    image, mask = scene((60, 60), (1.0, 1.0), 14.0)
    content = {
        "featureClass": {"firstorder": ["Maximum", "Minimum"]},
        "setting": setting,
        "regions": {"rim": {"inner": -2, "outer": 2, "featureClass": {"firstorder": ["Maximum"]}}},
    }
    if message:
        with pytest.warns(ScreenWarning, match=message):
            values = extract(image, mask, content)
        assert sorted(values) == ["original_firstorder_Maximum", "original_firstorder_Minimum"]
    else:
        assert extract(image, mask, content)["rim.original_firstorder_Maximum"] <= 95


def test_intensities_that_are_not_finite_cost_only_the_ring_that_holds_them() -> None:
    image, mask = scene((40, 40), (1.0, 1.0), 6.0)
    array = sitk.GetArrayFromImage(image)
    array[~(sitk.GetArrayFromImage(mask) > 0)] = np.nan
    content = {
        "featureClass": {"firstorder": ["Mean"]},
        "regions": {n: REGIONS[n] for n in ("inside", "rim")},
    }
    with pytest.warns(ScreenWarning, match="rim: not measured: .* voxels in the region are NaN or infinite"):
        values = extract(array, mask, content)
    assert set(values) == {
        "original_firstorder_Mean",
        "inside.original_firstorder_Mean",
        "inside.original_firstorder_Entropy",
    }


@pytest.mark.filterwarnings("ignore:.* rows of t.parquet are of no case")
def test_a_table_is_continued_as_if_made_in_one_go(several: list[Case], tmp_path: Path) -> None:
    """Also where a region could not be measured in any of the rows that stay."""
    content = {"featureClass": {"firstorder": ["Mean"]}, "regions": REGIONS}
    first, second, thin = several[:3]
    output = tmp_path / "t.parquet"
    extract_cohort([first, thin], content, output=output)
    seen: list[RunProgress] = []
    for cases in ([thin, first, second], [thin]):
        continued = extract_cohort(cases, content, output=output, progress=seen.append)
        fresh = extract_cohort(cases, content)
        assert list(continued.columns) == list(fresh.columns)
        same = continued.drop(columns="seconds").compare(fresh.drop(columns="seconds"))
        assert same.empty
    assert not any(column.startswith("inside.") for column in continued.columns)
    assert {now.reused for now in seen} == {1, 2}


@pytest.mark.filterwarnings("ignore:.* rows of t.parquet are of no case")
def test_what_is_undefined_in_a_region_is_told_from_what_was_not_measured(
    several: list[Case], tmp_path: Path
) -> None:
    """No two voxels of either lesion lie so far apart; one has no inside at all."""
    content = {
        "featureClass": {"glcm": ["Contrast"]},
        "setting": {"distances": [15]},
        "regions": {"inside": {"outer": -2, "featureClass": {"glcm": ["Contrast"]}}},
    }
    thick, thin = several[0], several[2]
    column = "inside.original_glcm_Contrast"
    for cases, expected in (([thick, thin], True), ([thin], False), ([thick], True)):
        output = tmp_path / f"{len(cases)}{cases[0].label}" / "t.parquet"
        output.parent.mkdir()
        extract_cohort([thick, thin], content, output=output)
        continued = extract_cohort(cases, content, output=output)
        assert (column in continued.columns) == expected
        assert continued[[c for c in continued.columns if "glcm" in c]].isna().all(axis=None)
    warnings = continued["warnings"][0]
    assert warnings.startswith("glcm: no two voxels")
    assert "inside: glcm: no two voxels" in warnings


def test_columns_of_regions_follow_those_of_the_lesion(several: list[Case]) -> None:
    content = {"featureClass": {"firstorder": [], "glcm": []}, "regions": REGIONS}
    columns = [c for c in extract_cohort(several[:2], content, jobs=1).columns if "original" in c or "." in c]
    regions = [column.partition(".")[0] if "." in column else "" for column in columns]
    assert list(dict.fromkeys(regions)) == ["", "around", "inside", "rim"]
    assert regions == sorted(regions)


def test_altered_cases_have_regions_too(several: list[Case]) -> None:
    """The case as it is, and after nothing but a change of the image."""
    content = {"featureClass": {"firstorder": ["Mean"]}, "regions": {"rim": REGIONS["rim"]}}
    table = extract_altered(several[:1], content, ["", "noise", "contour"])
    mean = table.set_index("alteration")["rim.original_firstorder_Mean"]
    plain = extract_cohort(several[:1], content)["rim.original_firstorder_Mean"]
    assert mean[""] == plain[0]
    assert len(set(mean)) == 3
    assert np.isfinite(mean).all()


def test_maps_are_of_the_lesion_only() -> None:
    image, mask = scene((20, 20), (1.0, 1.0), 4.0)
    content = {"featureClass": {"firstorder": ["Mean"]}, "regions": {"rim": REGIONS["rim"]}}
    with pytest.warns(ScreenWarning, match="maps are made of the lesion only, not of rim"):
        maps = feature_maps(image, mask, content)
    assert list(maps) == ["original_firstorder_Mean"]


def test_pyradiomics_has_no_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("radiomics_screen.extraction.measuring.pyradiomics_engine._pyradiomics", lambda: None)
    with pytest.raises(
        SettingsError, match=r"it measures no regions beyond the lesion \(inside, rim, around\)"
    ):
        require_possible(load_settings({"regions": REGIONS}))


def test_the_resolved_file_loads_again_to_the_same() -> None:
    settings = load_settings({"regions": REGIONS, "imageType": {"Wavelet": {}}})
    plain = settings.to_dict()
    assert plain["regions"]["inside"]["inner"] is None
    assert plain["regions"]["inside"]["imageType"] == {"Wavelet": {}}
    assert plain["regions"]["rim"]["featureClass"]["glcm"] == ["Contrast"]
    assert load_settings(plain).fingerprint == settings.fingerprint
    wider = {**REGIONS, "rim": {**REGIONS["rim"], "outer": 3}}
    assert load_settings({**plain, "regions": wider}).fingerprint != settings.fingerprint
    assert "regions" not in load_settings().to_dict()  # tables made before there were any are continued


RIM: Mapping[str, Any] = REGIONS["rim"]


@pytest.mark.parametrize(
    ("regions", "message"),
    [
        ([1], "regions: expected names with outer, featureClass"),
        ({"rim": None}, "regions.rim: expected inner, outer, unit and featureClass, got None"),
        ({"my rim": RIM}, "regions: a region's name is of letters, digits and hyphens .*, got 'my rim'"),
        ({1: RIM}, "regions: a region's name .*, got 1"),
        ({"radiomics": RIM}, "regions: 'radiomics' is what features of the lesion itself are called"),
        ({"rim": {**RIM, "outr": 1}}, "regions.rim: unknown option 'outr': did you mean 'outer'?"),
        (
            {"rim": {**RIM, "outer": None}},
            "regions.rim needs 'outer': Distance from the lesion's edge at which",
        ),
        ({"rim": {**RIM, "outer": "far"}}, "regions.rim.outer: expected a valid number, got 'far'"),
        ({"rim": {**RIM, "unit": "cm"}}, "regions.rim.unit: expected 'mm' or 'radius', got 'cm'"),
        ({"rim": {**RIM, "inner": 2}}, r"regions.rim: inner \(2\) must be less than outer \(2\)"),
        ({"rim": {"outer": 1}}, "regions.rim needs 'featureClass'"),
        ({"rim": {**RIM, "featureClass": {"glmc": []}}}, "regions.rim.featureClass: unknown .*did you mean"),
        ({"rim": {**RIM, "featureClass": {"breast": []}}}, "regions.rim.featureClass: a ring has no outline"),
        (
            {"rim": {**RIM, "featureClass": {"shape": []}}},
            "a ring has no outline to measure.*; take shape out",
        ),
        ({"rim": {**RIM, "imageType": {"LoG": {}}}}, "regions.rim.imageType.LoG needs 'sigma'"),
        (
            {"rim": {**RIM, "imageType": {"Logg": {}}}},
            "regions.rim.imageType: unknown image type 'Logg': did",
        ),
    ],
)
def test_mistakes_are_told(regions: Any, message: str) -> None:
    assert re.search(message.replace("?", r"\?"), problems_of(regions))


def test_the_documented_section_is_valid() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "parameters.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(regions:.*?)```", page, re.S)
    settings = load_settings(yaml.safe_load(block))
    assert [region.name for region in settings.regions] == ["inside", "rim", "surroundings"]
    for option in settings.regions[0].ring:
        assert f"| `{option}` |" in page


def test_all_mistakes_are_told_at_once() -> None:
    told = problems_of({"rim": {"outer": "x", "unit": "cm"}, "a b": {}, "rest": {"inner": 1, "outer": 0}})
    assert len(told.splitlines()) == 6


def test_grey_levels_of_a_region_have_to_be_told_too() -> None:
    regions = {"rim": {"outer": 2, "featureClass": {"cm": ["contrast"]}}}
    told = problems_of(regions, conventions="ibsi", featureClass={"stat": []})
    assert "regions.rim.conventions: ibsi has no default for grey levels" in told


def test_two_entries_that_make_one_image_are_refused_in_a_region_too(several: list[Case]) -> None:
    entries = [{"LoG": {"sigma": [1.0]}}, {"LoG": {"sigma": [1.0, 2.0]}}]
    content = {"regions": {"rim": {**RIM, "imageType": entries}}}
    with pytest.raises(SettingsError, match="two entries of imageType make an image named log-sigma-1-0"):
        extract_cohort(several[:1], content)


def test_a_real_lesion_in_ultrasound(data_dir: Path) -> None:
    """BUS-BRA: PNG without spacing, so distances are in pixels; the parts of the image are darker inside."""
    image, mask = (data_dir / "busbra" / kind / "bus_0001-l.png" for kind in ("images", "masks"))
    content = {
        "featureClass": {"firstorder": ["Mean"]},
        "regions": {
            "inside": {"outer": -5, "featureClass": {"firstorder": ["Mean"]}},
            "rim": {"inner": -5, "outer": 5, "featureClass": {"firstorder": ["Mean"]}},
            "around": {"inner": 5, "outer": 40, "featureClass": {"firstorder": ["Mean"]}},
        },
    }
    values = extract(image, mask, content)
    pixels = sitk.GetArrayFromImage(sitk.ReadImage(str(image)))
    pixels = pixels[..., 0] if pixels.ndim == 3 else pixels
    lesion = lesion_of(sitk.ReadImage(str(mask)) > 0)
    for name, (inner, outer) in {"inside": (None, -5), "rim": (-5, 5), "around": (5, 40)}.items():
        marked = sitk.GetArrayFromImage(ring(lesion, inner=inner, outer=outer).roi.image()) > 0
        assert values[f"{name}.original_firstorder_Mean"] == pytest.approx(pixels[marked].mean())
    means = [values[f"{name}.original_firstorder_Mean"] for name in ("inside", "rim", "around")]
    assert means == sorted(means)
