"""Maps against the features of neighbourhoods cut by hand, laws they must obey, and their files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from typer.testing import CliRunner

from radiomics_screen import feature_maps, load_settings
from radiomics_screen.cli.app import app
from radiomics_screen.core.errors import RegionError, SettingsError, TableError
from radiomics_screen.core.locks import open_locked
from radiomics_screen.core.options import options_of
from radiomics_screen.core.remarks import ScreenWarning, collect_remarks
from radiomics_screen.extraction.maps.files import PROVENANCE, write_maps
from radiomics_screen.features import FAMILIES
from radiomics_screen.features.maps.makers import MAKERS
from radiomics_screen.features.maps.surroundings import Around
from radiomics_screen.features.region import Region, cut_region
from radiomics_screen.features.texture.correlation import falls_apart, maximal_correlation
from radiomics_screen.report.map_montage import MONTAGE
from tests.helpers.regions import SPACING_MM, random_region


def options(family: str, **given: Any) -> dict[str, Any]:
    known = options_of(FAMILIES[family].compute)
    return {name: given.get(name, option.default) for name, option in known.items()}


def features(family: str) -> tuple[str, ...]:
    return FAMILIES[family].features + FAMILIES[family].on_request


def cut_by_hand(region: Region, centre: tuple[int, ...], radius: int) -> Region:
    """The voxels of a region round one of them, with the grey levels that they have in the region."""
    sides = tuple(
        slice(c, c + 1) if axis == region.flat_axis else slice(max(0, c - radius), c + radius + 1)
        for axis, c in enumerate(centre)
    )
    levels = np.zeros(region.mask.shape, dtype=np.int32)
    levels[region.mask] = region.levels
    mask = region.mask[sides]
    patch = cut_region(region.intensities[sides], mask, region.spacing_mm, flat_axis=region.flat_axis)
    patch.__dict__["levels"] = levels[sides][mask]
    patch.__dict__["highest_level"] = region.highest_level
    return patch


def expected(
    family: str, region: Region, centre: tuple[int, ...], radius: int, **given: Any
) -> Mapping[str, float]:
    """What the family's own function says of the neighbourhood, and the two things particular to maps."""
    patch = cut_by_hand(region, centre, radius)
    with collect_remarks():
        values = FAMILIES[family].compute(patch, **options(family, **given))
    if family == "glcm":
        if len(np.unique(patch.levels)) == 1 < len(np.unique(region.levels)):
            values["MCC"] = values["MCC"] * 0
        if given.get("weightingNorm") is None and lacks_pairs(region, patch, given.get("distances", (1,))):
            values["JointAverage"] = np.nan
    return values


def lacks_pairs(region: Region, patch: Region, distances: tuple[int, ...]) -> bool:
    """Tell whether a direction has pairs in the region, but not in the patch."""
    found = [{tuple(d) for d in r.directions(distances) if has_pair(r.mask, d)} for r in (region, patch)]
    return not found[0] <= found[1]


def has_pair(mask: np.ndarray, step: np.ndarray) -> bool:
    here = tuple(slice(max(0, -s), mask.shape[axis] - max(0, s)) for axis, s in enumerate(step))
    there = tuple(slice(max(0, s), mask.shape[axis] - max(0, -s)) for axis, s in enumerate(step))
    return bool((mask[here] & mask[there]).any())


Shape = tuple[int, int, int]
CASES: list[tuple[Shape, int, int | None, dict[str, Any]]] = [
    ((4, 5, 6), 1, None, {}),
    ((2, 3, 9), 1, None, {"distances": (1, 2)}),
    ((1, 5, 6), 2, None, {}),
    ((4, 5, 6), 2, None, {"distances": (1, 2), "gldm_a": 1, "voxelArrayShift": 7}),
    ((4, 5, 6), 1, 0, {"weightingNorm": "euclidean"}),
    ((4, 5, 6), 1, 1, {"symmetricalGLCM": False}),
    ((4, 5, 6), 3, 2, {"distances": (2,), "weightingNorm": "no_weighting"}),
]


@pytest.mark.parametrize(("shape", "radius", "flat_axis", "given"), CASES)
@pytest.mark.parametrize("family", MAKERS)
def test_a_voxel_has_the_features_of_the_voxels_round_it(
    family: str, shape: Shape, radius: int, flat_axis: int | None, given: dict[str, Any]
) -> None:
    region = random_region(radius, shape, flat_axis=flat_axis)
    around = Around(region, region.mask, radius)
    with collect_remarks():
        described = MAKERS[family](around, features(family), **options(family, **given))
    centres = np.argwhere(region.mask)
    assert described.shape == (len(features(family)), len(centres))
    for values, centre in zip(described.T, centres.tolist(), strict=True):
        known = expected(family, region, tuple(centre), radius, **given)
        assert values.tolist() == pytest.approx(
            [known[f] for f in features(family)], rel=1e-9, abs=1e-9, nan_ok=True
        )


def test_scattered_voxels_have_no_pairs_and_their_maps_say_so() -> None:
    mask = np.zeros((7, 7, 7), dtype=np.uint8)
    mask[::3, ::3, ::3] = 1
    mask[1, 0, 0] = 1
    image = np.arange(343.0).reshape(7, 7, 7)
    with pytest.warns(ScreenWarning, match="undefined"):
        maps = feature_maps(image, mask, {"featureClass": {f: [] for f in MAKERS}})
    contrast = sitk.GetArrayFromImage(maps["original_glcm_Contrast"])
    runs = sitk.GetArrayFromImage(maps["original_glrlm_RunEntropy"])
    paired = np.zeros(mask.shape, dtype=bool)
    paired[:2, 0, 0] = True
    for array in (contrast, runs):
        assert np.isfinite(array[paired]).all()
        assert np.isnan(array[(mask == 1) & ~paired]).all()
        assert (array[mask == 0] == 0).all()
    for name in ("original_gldm_DependenceEntropy", "original_ngtdm_Coarseness", "original_firstorder_Mean"):
        assert np.isfinite(sitk.GetArrayFromImage(maps[name])).all()


def test_only_wanted_features_are_made_in_the_order_of_their_family() -> None:
    image, mask = noise((6, 7, 8)), np.ones((6, 7, 8), dtype=np.uint8)
    wanted = {"glcm": ["MCC", "Contrast"], "firstorder": ["StandardDeviation"]}
    maps = feature_maps(image, mask, {"featureClass": wanted})
    names = ["original_firstorder_StandardDeviation", "original_glcm_Contrast", "original_glcm_MCC"]
    assert list(maps) == names
    every = feature_maps(image, mask, {"featureClass": {"glcm": []}})
    for name in names[1:]:
        np.testing.assert_array_equal(array_of(maps[name]), array_of(every[name]))


def noise(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 150, shape).astype(np.int16)


def array_of(image: sitk.Image) -> np.ndarray:
    return sitk.GetArrayFromImage(image)


def test_a_mask_that_does_not_count_lets_the_image_in() -> None:
    """Means over the cube as far as the image goes; grey levels of all voxels in reach of the lesion."""
    image, mask = noise((8, 9, 10)), np.zeros((8, 9, 10), dtype=np.uint8)
    mask[2:4, 0:3, 5:9] = 1
    mask[3, 1, 6] = 0
    asked = {
        "featureClass": {"firstorder": ["Mean"], "glcm": ["Idmn"]},
        "voxelSetting": {"maskedKernel": False},
    }
    maps = feature_maps(image, mask, asked)
    mean = array_of(maps["original_firstorder_Mean"])
    assert mean.shape == (4, 4, 6)
    for z, y, x in np.argwhere(mask):
        cube = image[z - 1 : z + 2, max(0, y - 1) : y + 2, x - 1 : x + 2]
        assert mean[z - 1, y, x - 4] == pytest.approx(cube.mean())
    whole = cut_region(image[1:5, 0:4, 4:10], np.ones((4, 4, 6), dtype=bool), (1.0, 1.0, 1.0))
    known = expected("glcm", whole, (1, 2, 2), 1)["Idmn"]
    assert array_of(maps["original_glcm_Idmn"])[1, 2, 2] == pytest.approx(known)
    assert (mean[mask[1:5, 0:4, 4:10] == 0] == 0).all()


def test_not_finite_voxels_count_where_they_are_looked_at() -> None:
    image, mask = noise((6, 6, 6)).astype(float), np.zeros((6, 6, 6), dtype=np.uint8)
    mask[2:4, 2:4, 2:4] = 1
    image[1, 2, 2] = np.nan
    asked = {"featureClass": {"firstorder": ["Mean"]}}
    assert np.isfinite(array_of(feature_maps(image, mask, asked)["original_firstorder_Mean"])).all()
    with pytest.raises(RegionError, match="NaN or infinite"):
        feature_maps(image, mask, {**asked, "voxelSetting": {"maskedKernel": False}})


def test_a_map_lies_where_the_lesion_does() -> None:
    image = sitk.GetImageFromArray(noise((9, 10, 11)))
    image.SetSpacing((0.5, 0.7, 2.0))
    image.SetOrigin((-3.0, 4.0, 5.0))
    image.SetDirection((0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0))
    drawn = np.zeros((9, 10, 11), dtype=np.uint8)
    drawn[1:4, 3:6, 7:11] = 5
    mask = sitk.GetImageFromArray(drawn)
    mask.CopyInformation(image)
    asked = {
        "featureClass": {"firstorder": ["Median"]},
        "voxelSetting": {"kernelRadius": 2, "initValue": "nan"},
        "setting": {"force2D": True},
    }
    ((name, made),) = feature_maps(image, mask, asked, label=5).items()
    assert name == "original_firstorder_Median"
    reference = image[5:11, 1:8, 0:6]
    assert made.GetPixelID() == sitk.sitkFloat64
    assert made.GetSize() == reference.GetSize()
    assert made.GetOrigin() == pytest.approx(reference.GetOrigin())
    assert made.GetSpacing() == reference.GetSpacing()
    assert made.GetDirection() == reference.GetDirection()
    np.testing.assert_array_equal(np.isnan(array_of(made)), drawn[0:6, 1:8, 5:11] == 0)


def test_a_plane_is_described_as_a_slice_is() -> None:
    image, mask = noise((9, 9)), np.zeros((9, 9), dtype=np.uint8)
    mask[2:7, 3:9] = 1
    mask[4, 5] = 0
    asked = {"featureClass": {f: [] for f in MAKERS}, "imageType": {"Original": {}, "Wavelet": {}}}
    with collect_remarks():
        flat = feature_maps(image, mask, asked, spacing_mm=(0.2, 0.3))
        stacked = np.stack([image] * 3), np.stack([mask * 0, mask, mask * 0])
        sliced = feature_maps(*stacked, {**asked, "setting": {"force2D": True}}, spacing_mm=(1, 0.2, 0.3))
        thick = feature_maps(*stacked, {**asked, "imageType": {"Original": {}}}, spacing_mm=(1, 0.2, 0.3))
    assert list(flat) == list(sliced)
    for name, made in flat.items():
        assert made.GetDimension() == 2
        assert made.GetSize() == (7, 7)
        np.testing.assert_array_equal(array_of(made), array_of(sliced[name])[1])
        if name in thick:  # one slice has no pairs across it, whatever is looked for
            np.testing.assert_array_equal(array_of(made), array_of(thick[name])[1])


def test_flips_flip_maps() -> None:
    image, mask = noise((7, 8, 9)), (noise((7, 8, 9)) % 7 > 1).astype(np.uint8)
    asked = {"featureClass": {f: [] for f in MAKERS}, "voxelSetting": {"kernelRadius": 2}}
    with collect_remarks():
        maps = feature_maps(image, mask, asked)
        flipped = feature_maps(image[::-1, :, ::-1], mask[::-1, :, ::-1], asked)
    for name in maps:
        np.testing.assert_allclose(
            array_of(flipped[name])[::-1, :, ::-1], array_of(maps[name]), rtol=1e-9, atol=1e-9, err_msg=name
        )


def test_a_batch_changes_nothing() -> None:
    image, mask = noise((5, 6, 7)), np.ones((5, 6, 7), dtype=np.uint8)
    asked = {"featureClass": {"glcm": ["JointEntropy"]}}
    one = feature_maps(image, mask, asked)
    other = feature_maps(image, mask, {**asked, "voxelSetting": {"voxelBatch": 7}})
    np.testing.assert_array_equal(*(array_of(maps["original_glcm_JointEntropy"]) for maps in (one, other)))


def test_shape_has_no_maps() -> None:
    image, mask = noise((5, 6, 7)), np.ones((5, 6, 7), dtype=np.uint8)
    assert all("shape" not in name for name in feature_maps(image, mask))
    with pytest.warns(ScreenWarning, match="shape: no maps"):
        maps = feature_maps(image, mask, {"featureClass": {"shape": [], "firstorder": ["Mean"]}})
    assert list(maps) == ["original_firstorder_Mean"]
    with pytest.raises(SettingsError, match="only these families have maps: firstorder, glcm"):
        feature_maps(image, mask, {"featureClass": {"shape": []}})


def test_too_many_levels_for_a_matrix() -> None:
    image, mask = np.arange(21.0**3).reshape(21, 21, 21), np.ones((21, 21, 21), dtype=np.uint8)
    asked = {"featureClass": {"glcm": []}, "setting": {"binWidth": 1}, "voxelSetting": {"kernelRadius": 10}}
    with pytest.raises(RegionError, match="more than 4096 grey levels"):
        feature_maps(image, mask, asked)


@pytest.mark.parametrize("symmetric", [True, False])
def test_levels_that_fall_apart_are_fully_correlated(symmetric: bool) -> None:
    """Whichever way the coefficient is found, it is the second singular value."""
    random = np.random.default_rng(0)
    apart = 0
    for _ in range(200):
        p = random.integers(1, 5, (5, 5)) * (random.random((5, 5)) < 0.3).astype(float)
        p = p + p.T if symmetric else p
        if p.sum() == 0:
            continue
        p /= p.sum()
        p_i, p_j = p.sum(axis=1), p.sum(axis=0)
        scale = np.sqrt(np.outer(p_i, p_j))
        singular = np.linalg.svd(np.divide(p, scale, out=np.zeros_like(p), where=scale > 0), compute_uv=False)
        assert maximal_correlation(p, p_i, p_j, symmetric) == pytest.approx(singular[1], abs=1e-7)
        if falls_apart(p, p_i, p_j):
            apart += 1
            assert singular[1] == pytest.approx(1.0)
        else:
            assert singular[1] < 1 - 1e-6
    assert 20 < apart < 180


# --- files ---

FEW = {"featureClass": {"firstorder": ["Mean", "Median"], "ngtdm": ["Contrast"]}}
NAMES = ["original_firstorder_Mean", "original_firstorder_Median", "original_ngtdm_Contrast"]


@pytest.fixture
def lesion(tmp_path: Path) -> Path:
    """A folder with image.nrrd and mask.nrrd."""
    drawn = np.zeros((6, 8, 9), dtype=np.uint8)
    drawn[1:5, 2:6, 3:8] = 1
    for name, array in (("image", noise((6, 8, 9))), ("mask", drawn)):
        image = sitk.GetImageFromArray(array)
        image.SetSpacing(SPACING_MM[::-1])
        image.SetOrigin((1.0, -2.0, 3.0))
        sitk.WriteImage(image, str(tmp_path / f"{name}.nrrd"))
    return tmp_path


def command(folder: Path, *more: str, parameters: Mapping[str, Any] = FEW) -> tuple[int, str]:
    (folder / "p.json").write_text(json.dumps(parameters), encoding="utf-8")
    files = [str(folder / name) for name in ("image.nrrd", "mask.nrrd")]
    told = CliRunner().invoke(
        app, ["map", *files, "--params", str(folder / "p.json"), "--output", str(folder / "maps"), *more]
    )
    return told.exit_code, told.output


def maps_in(folder: Path) -> list[str]:
    return sorted(file.name for file in (folder / "maps").iterdir() if file.name not in (PROVENANCE, MONTAGE))


@pytest.mark.parametrize("ending", ["nrrd", "nii.gz"])
def test_the_command_writes_one_file_for_each_feature(lesion: Path, ending: str) -> None:
    code, told = command(lesion, "--format", ending, "--label", "1")
    assert code == 0
    assert "3 made" in told
    assert maps_in(lesion) == [f"{name}.{ending}" for name in NAMES]
    image, mask = (sitk.ReadImage(str(lesion / f"{name}.nrrd")) for name in ("image", "mask"))
    for name, known in feature_maps(image, mask, FEW).items():
        read = sitk.ReadImage(str(lesion / "maps" / f"{name}.{ending}"))
        np.testing.assert_array_equal(array_of(read), array_of(known))
        assert read.GetPixelID() == sitk.sitkFloat64
        for fact in ("GetOrigin", "GetSpacing", "GetDirection"):
            assert getattr(read, fact)() == pytest.approx(getattr(known, fact)(), abs=1e-6)


def test_the_provenance_tells_how_maps_came_about(lesion: Path) -> None:
    assert command(lesion)[0] == 0
    provenance = json.loads((lesion / "maps" / PROVENANCE).read_text(encoding="utf-8"))
    assert provenance["finished"] is True
    assert list(provenance["maps"]) == [f"{name}.nrrd" for name in NAMES]
    assert provenance["parameters"]["voxelSetting"] == {
        "kernelRadius": 1, "maskedKernel": True, "initValue": 0.0, "voxelBatch": -1,
    }  # fmt: skip
    assert len(provenance["inputs"]["image"]) == 32
    assert provenance["versions"]["SimpleITK"]


def test_nothing_is_replaced_unasked(lesion: Path) -> None:
    assert command(lesion)[0] == 0
    before = {file: (lesion / "maps" / file).stat().st_mtime_ns for file in maps_in(lesion)}
    other = {**FEW, "setting": {"binWidth": 3}}
    code, told = command(lesion, parameters=other)
    assert code == 2
    assert "setting.binWidth: was 25.0, is now 3" in told
    assert "--overwrite" in told
    assert "another format" in command(lesion, "--format", "nii.gz")[1]
    assert "another label" in command(lesion, "--label", "1")[1]
    code, told = command(lesion)
    assert (code, "0 made, 3 were there already" in told) == (0, True)
    assert before == {file: (lesion / "maps" / file).stat().st_mtime_ns for file in maps_in(lesion)}
    sitk.WriteImage(sitk.ReadImage(str(lesion / "image.nrrd")) + 1, str(lesion / "image.nrrd"))
    assert "another image or mask" in command(lesion)[1]


def test_replaced_maps_leave_none_of_other_parameters(lesion: Path) -> None:
    assert command(lesion)[0] == 0
    fewer = {"featureClass": {"ngtdm": ["Strength"]}}
    assert command(lesion, "--overwrite", parameters=fewer)[0] == 0
    assert maps_in(lesion) == ["original_ngtdm_Strength.nrrd"]


def test_files_of_somebody_else_are_left_alone(lesion: Path) -> None:
    (lesion / "maps").mkdir()
    theirs = lesion / "maps" / "mine_firstorder_Energy.nrrd"
    theirs.write_bytes(b"theirs")
    assert command(lesion)[0] == 0
    for parameters in ({"featureClass": {"ngtdm": ["Strength"]}}, FEW):
        assert command(lesion, "--overwrite", parameters=parameters)[0] == 0
    assert theirs.read_bytes() == b"theirs"
    assert set(maps_in(lesion)) == {f"{name}.nrrd" for name in NAMES} | {theirs.name}


@pytest.mark.parametrize("provenance", [None, "{ damaged"])
def test_maps_that_no_provenance_tells_of_are_nothing_to_go_on_with(
    lesion: Path, provenance: str | None
) -> None:
    """Maps of other parameters must never pass as those of this run, however it ends."""
    assert command(lesion)[0] == 0
    stale = lesion / "maps" / f"{NAMES[-1]}.nrrd"
    stale.write_bytes(b"stale")
    (lesion / "maps" / PROVENANCE).unlink()
    if provenance:
        (lesion / "maps" / PROVENANCE).write_text(provenance)
    code, told = command(lesion)
    assert (code, "--overwrite" in told) == (2, True)
    assert stale.read_bytes() == b"stale"
    code, told = command(lesion, "--overwrite")
    assert (code, "3 made" in told) == (0, True)
    assert stale.read_bytes() != b"stale"


def test_a_damaged_map_is_made_again(lesion: Path) -> None:
    assert command(lesion)[0] == 0
    damaged = lesion / "maps" / f"{NAMES[0]}.nrrd"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-1])
    code, told = command(lesion)
    assert (code, "1 made, 2 were there already" in told) == (0, True)
    assert np.array_equal(
        sitk.GetArrayFromImage(sitk.ReadImage(str(damaged))), sitk.GetArrayFromImage(_read(whole, lesion))
    )


def _read(content: bytes, folder: Path) -> sitk.Image:
    (folder / "whole.nrrd").write_bytes(content)
    return sitk.ReadImage(str(folder / "whole.nrrd"))


def test_one_run_at_a_time_writes_into_a_folder(lesion: Path) -> None:
    (lesion / "maps").mkdir()
    with open_locked(lesion / "maps" / ".maps.lock"):
        code, told = command(lesion)
    assert (code, "another run is writing" in told) == (2, True)
    assert command(lesion)[0] == 0


def test_a_run_that_fails_leaves_no_folder(lesion: Path) -> None:
    assert command(lesion, "--label", "7")[0] == 2
    assert not (lesion / "maps").exists()


def test_a_failure_takes_no_maps_away(lesion: Path) -> None:
    assert command(lesion)[0] == 0
    code, told = command(lesion, "--overwrite", parameters={**FEW, "setting": {"minimumROISize": 1000}})
    assert code == 2
    assert "minimumROISize" in told
    assert maps_in(lesion) == [f"{name}.nrrd" for name in NAMES]


def test_a_killed_run_leaves_whole_maps_and_goes_on(lesion: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, calls = sitk.WriteImage, []

    def dies(image: sitk.Image, path: str, **more: Any) -> None:
        calls.append(path)
        if len(calls) == 2:
            Path(path).write_bytes(b"half")
            raise KeyboardInterrupt
        write(image, path, **more)

    monkeypatch.setattr(sitk, "WriteImage", dies)
    settings = load_settings(FEW, for_maps=True)
    files = lesion / "image.nrrd", lesion / "mask.nrrd"
    with pytest.raises(KeyboardInterrupt):
        write_maps(*files, settings, output=lesion / "maps")
    assert maps_in(lesion) == [f"{NAMES[0]}.nrrd"]
    assert json.loads((lesion / "maps" / PROVENANCE).read_text(encoding="utf-8"))["finished"] is False
    done = write_maps(*files, settings, output=lesion / "maps")
    assert (done.made, done.kept) == ((NAMES[1], NAMES[2]), (NAMES[0],))
    assert maps_in(lesion) == [f"{name}.nrrd" for name in NAMES]


def test_remarks_outlive_an_interruption(lesion: Path) -> None:
    drawn = array_of(sitk.ReadImage(str(lesion / "mask.nrrd")))
    drawn[0, 0, 0] = 1  # alone
    mask = sitk.GetImageFromArray(drawn)
    mask.CopyInformation(sitk.ReadImage(str(lesion / "image.nrrd")))
    sitk.WriteImage(mask, str(lesion / "mask.nrrd"))
    files = lesion / "image.nrrd", lesion / "mask.nrrd"
    settings = load_settings({"featureClass": {"glcm": ["Id", "Idm"]}}, for_maps=True)
    for _ in range(2):
        with pytest.warns(ScreenWarning, match="maps of glcm: undefined .NaN. at 1 of 81 voxels"):
            done = write_maps(*files, settings, output=lesion / "maps")
        (lesion / "maps" / "original_glcm_Idm.nrrd").unlink()
    assert done.made == ("original_glcm_Idm",)
    assert "1 of 81" in json.loads(done.provenance.read_text(encoding="utf-8"))["warnings"][0]


def test_a_folder_that_cannot_be_made_is_told(lesion: Path) -> None:
    (lesion / "maps").write_text("a file")
    with pytest.raises(TableError, match="is a file; name a folder"):
        write_maps(
            lesion / "image.nrrd",
            lesion / "mask.nrrd",
            load_settings(FEW, for_maps=True),
            output=lesion / "maps",
        )
