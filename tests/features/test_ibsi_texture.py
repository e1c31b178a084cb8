"""IBSI's texture families against published values, naive counting in every aggregation, and laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.features import FAMILIES
from radiomics_screen.features import szm as szm_module
from radiomics_screen.features.region import Region, cut_region
from radiomics_screen.features.texture.aggregation import IN_SPACE, WITHIN_SLICES
from radiomics_screen.features.texture.lattice import Footprint
from radiomics_screen.verification.phantom import SPACING_MM, digital_phantom
from tests.helpers.naive_texture import DIRECTIONAL, levels_of, naive, naive_pairs
from tests.helpers.regions import random_region

OTHERS = ("szm", "dzm", "ngt", "ngl")
FAMILY_NAMES = DIRECTIONAL + OTHERS
EVERY = WITHIN_SLICES + IN_SPACE

#: Consensus values of the digital phantom, three digits each.
PUBLISHED = {
    "cm": {
        "joint_entr_2D_avg": 2.05,
        "joint_entr_2D_comb": 2.24,
        "joint_entr_2_5D_avg": 2.48,
        "joint_entr_2_5D_comb": 2.61,
        "joint_entr_3D_avg": 2.4,
        "joint_entr_3D_comb": 2.57,
        "corr_2D_avg": -0.0121,
        "info_corr1_2_5D_avg": -0.124,
        "diff_var_3D_comb": 3.21,
        "inv_var_2D_avg": 0.0567,
    },
    "rlm": {
        "sre_2D_avg": 0.641,
        "sre_2_5D_avg": 0.665,
        "r_perc_2D_comb": 0.627,
        "r_perc_2_5D_comb": 0.632,
        "r_perc_3D_avg": 0.68,
        "r_perc_3D_comb": 0.68,
        "glnu_2_5D_comb": 77.1,
        "glnu_3D_comb": 281,
    },
    "szm": {"lze_2D": 43.9, "lze_2_5D": 34.2, "lze_3D": 550, "z_perc_3D": 0.0676, "zs_entr_2D": 1.93},
    "dzm": {"lde_2D": 1.21, "lde_2_5D": 1.33, "lde_3D": 1, "z_perc_2D": 0.24, "z_perc_3D": 0.0676},
    "ngt": {
        "coarseness_2D": 0.121,
        "contrast_2D": 0.925,
        "busyness_2_5D": 6.8,
        "complexity_3D": 13.5,
        "strength_3D": 0.763,
    },
    "ngl": {"hde_2D": 19.2, "hde_2_5D": 18.8, "hde_3D": 109, "dcnu_norm_2D": 0.212, "dc_energy_3D": 0.0533},
}


def described(name: str, region: Region, **options: object) -> dict[str, float]:
    """Compute a family in every aggregation, unless told otherwise; names as in the reference values."""
    found = FAMILIES[name].compute(region, **{"aggregation": EVERY, **options})
    return {f"{feature}{suffix}": v for suffix, values in found.items() for feature, v in values.items()}


def ragged(seed: int, shape: tuple[int, int, int] = (4, 5, 6), **facts: object) -> Region:
    """A region of which a mask was drawn that reaches a little further."""
    region = random_region(seed, shape, **facts)
    drawn = region.mask | (np.random.default_rng(seed + 99).random(region.mask.shape) < 0.5)
    return replace(region, drawn=Footprint(drawn))


@pytest.mark.parametrize("name", FAMILY_NAMES)
def test_the_digital_phantom_has_the_published_values(name: str) -> None:
    image, mask = (sitk.GetArrayFromImage(i) for i in digital_phantom())
    region = cut_region(image, mask > 0, SPACING_MM, discretization="none")
    found = described(name, region)
    assert {key: float(f"{found[key]:.3g}") for key in PUBLISHED[name]} == PUBLISHED[name]


def assert_as_counted(name: str, region: Region, distances: tuple[int, ...] = (1,)) -> None:
    options = {} if distances == (1,) else {"distances": distances}
    with collect_remarks():
        found = described(name, region, **options)
    for aggregation in EVERY:
        suffix = aggregation if name in DIRECTIONAL else aggregation.rsplit("_", 1)[0]
        if (expected := naive(name, region, aggregation, distances)) is None:
            assert all(np.isnan(v) for key, v in found.items() if key.endswith(f"_{suffix}"))
        else:
            some = {key: found[f"{key}_{suffix}"] for key in expected}
            assert some == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", FAMILY_NAMES)
@pytest.mark.parametrize("shape", [(4, 5, 6), (1, 5, 6), (5, 1, 4), (4, 3, 1), (1, 1, 7), (6, 1, 1)])
def test_every_aggregation_is_as_counted_naively(name: str, shape: tuple[int, int, int]) -> None:
    assert_as_counted(name, ragged(1, shape))


@pytest.mark.parametrize("name", ["cm", "ngt", "ngl"])
@pytest.mark.parametrize("distances", [(2,), (1, 3)])
def test_longer_distances_are_as_counted_naively(name: str, distances: tuple[int, ...]) -> None:
    assert_as_counted(name, ragged(2, (4, 5, 6)), distances)
    assert_as_counted(name, ragged(2, (2, 5, 6)), distances)


@pytest.mark.parametrize("name", FAMILY_NAMES)
@pytest.mark.parametrize("axis", [1, 2])
def test_slices_may_lie_along_any_axis(name: str, axis: int) -> None:
    region = ragged(3)
    order = [1, 2]
    order.insert(axis, 0)
    spacing = [region.spacing_mm[a] for a in order]
    turned = replace(
        region,
        intensities=region.intensities.transpose(order),
        footprint=Footprint(region.mask.transpose(order)),
        drawn=Footprint(region.morphological.mask.transpose(order)),
        spacing_mm=tuple(spacing),
        slice_axis=axis,
        flat_axis=axis,
    )
    options = {"weightingNorm": "euclidean"} if name in DIRECTIONAL else {}
    assert described(name, turned, **options) == described(name, region, **options)


@pytest.mark.parametrize("name", FAMILY_NAMES)
def test_what_is_aggregated_follows_from_the_analysis(name: str) -> None:
    def suffixes(region: Region, **options: object) -> list[str]:
        return list(FAMILIES[name].compute(region, **options))

    long = name in DIRECTIONAL
    within = ["_2D_avg", "_2D_comb", "_2_5D_avg", "_2_5D_comb"] if long else ["_2D", "_2_5D"]
    in_space = ["_3D_avg", "_3D_comb"] if long else ["_3D"]
    assert suffixes(ragged(0)) == in_space
    assert suffixes(ragged(0, flat_axis=0)) == within
    assert suffixes(ragged(0, (1, 5, 6), flat_axis=0, planar=True)) == within
    # the user's word goes before the kind of analysis, and the order of columns before the user's
    some = ("3D_comb", "2D_avg")
    assert suffixes(ragged(0, flat_axis=0), aggregation=some) == [within[0], in_space[-1]]


@pytest.mark.parametrize("name", FAMILY_NAMES)
def test_an_image_of_one_slice_has_nothing_in_3d(name: str) -> None:
    planar = ragged(0, (1, 5, 6), flat_axis=0, planar=True)
    with collect_remarks() as notes:
        found = FAMILIES[name].compute(planar, aggregation=("2D_comb", "3D_comb"))
    assert list(found) == ["_2D_comb" if name in DIRECTIONAL else "_2D"]
    assert notes == [f"{name}: the image has one slice only, so there is nothing to aggregate in 3D"]


@pytest.mark.parametrize("name", FAMILY_NAMES)
def test_one_slice_is_its_own_mean_and_sum(name: str) -> None:
    found = described(name, ragged(4, (1, 5, 6)))
    for key, value in found.items():
        if "_2D" in key:
            assert found[key.replace("_2D", "_2_5D")] == value


@pytest.mark.parametrize("name", FAMILY_NAMES)
def test_slices_without_voxels_do_not_count(name: str) -> None:
    region = ragged(5, (2, 5, 6))
    apart = {
        "intensities": np.zeros((4, 5, 6)),
        "footprint": np.zeros((4, 5, 6), bool),
        "drawn": np.zeros((4, 5, 6), bool),
    }
    for key, array in apart.items():
        source = {
            "intensities": region.intensities,
            "footprint": region.mask,
            "drawn": region.morphological.mask,
        }
        array[[0, 3]] = source[key]
    pulled = replace(
        region,
        intensities=apart["intensities"],
        footprint=Footprint(apart["footprint"]),
        drawn=Footprint(apart["drawn"]),
    )
    options = {"aggregation": WITHIN_SLICES}
    assert described(name, pulled, **options) == described(name, region, **options)


def test_voxels_on_their_own_have_runs_zones_and_counts_but_no_pairs() -> None:
    mask = np.zeros((3, 3, 4), bool)
    mask[0, 0, 0] = mask[2, 0, 3] = mask[2, 2, 0] = True
    region = cut_region(np.arange(36.0).reshape(3, 3, 4), mask, (1.0, 1.0, 1.0), bin_width=1.0)
    with collect_remarks() as notes:
        found = {name: described(name, region) for name in FAMILY_NAMES}
    assert all(np.isnan(list(found[name].values())).all() for name in ("cm", "ngt"))
    assert [note.split(":")[0] for note in notes] == ["cm", "ngt"]
    assert notes[1].endswith("its features are undefined in 2D, 2_5D, 3D")
    for name, ones in {"rlm": "sre r_perc", "szm": "sze z_perc", "dzm": "sde z_perc", "ngl": "lde"}.items():
        assert not np.isnan(list(found[name].values())).any()
        for key, value in found[name].items():
            if key.split("_2")[0].split("_3")[0] in ones.split():
                assert value == pytest.approx(1, rel=1e-12)


def test_a_slice_of_lone_voxels_is_left_out_of_the_mean() -> None:
    levels = np.array([[[1, 3, 2, 2], [1, 1, 3, 3]], [[2, 0, 0, 3], [0, 0, 0, 0]]])
    region = cut_region(levels, levels > 0, (1.0, 1.0, 1.0), discretization="none")
    alone = cut_region(levels[:1], levels[:1] > 0, (1.0, 1.0, 1.0), discretization="none")
    for name in ("cm", "ngt"):
        options = {"aggregation": ("2D_comb",)}
        assert described(name, region, **options) == described(name, alone, **options)


def test_a_single_grey_level_has_the_values_of_the_definitions() -> None:
    region = cut_region(np.full((3, 4, 5), 7.0), np.ones((3, 4, 5), bool), (1.0, 1.0, 1.0))
    found = described("cm", region)
    for aggregation in EVERY:
        assert found[f"corr_{aggregation}"] == found[f"energy_{aggregation}"] == 1
        assert found[f"joint_entr_{aggregation}"] == found[f"contrast_{aggregation}"] == 0
    found = described("szm", region)
    assert found["z_perc_3D"] == pytest.approx(1 / 60)
    assert [found["z_perc_2D"], found["z_perc_2_5D"]] == pytest.approx([1 / 20, 1 / 20])
    ngt = {"coarseness": 1e6, "contrast": 0, "busyness": 0, "complexity": 0, "strength": 0}
    assert FAMILIES["ngt"].compute(region, aggregation=EVERY) == {"_2D": ngt, "_2_5D": ngt, "_3D": ngt}


def test_levels_as_rare_as_they_are_high_are_not_busy() -> None:
    levels = np.array([[[2, 2, 2, 3, 3]]])  # 2 * 3 / 5 and 3 * 2 / 5 differ by rounding
    region = cut_region(levels, levels > 0, (1.0, 1.0, 1.0), discretization="none")
    assert described("ngt", region)["busyness_3D"] == 0


def test_depth_is_measured_in_the_mask_as_drawn() -> None:
    inner = np.zeros((5, 5, 5), bool)
    inner[2, 2, 2] = inner[2, 2, 1] = True
    drawn = np.ones((5, 5, 5), bool)
    region = cut_region(np.ones((5, 5, 5)), inner, (1.0, 1.0, 1.0), drawn=Footprint(drawn))
    assert described("dzm", region)["lde_3D"] == 2**2  # the zone's voxel nearest to the border counts
    alone = np.zeros((5, 5, 5), bool)
    alone[2, 2, 2] = True
    deepest = replace(region, footprint=Footprint(alone))
    assert described("dzm", deepest)["lde_3D"] == described("dzm", deepest)["lde_2D"] == 3**2
    assert described("dzm", replace(deepest, drawn=None))["lde_3D"] == 1


def test_levels_nearly_the_same_depend_on_each_other() -> None:
    levels = np.array([[[1, 2, 4]]])
    region = cut_region(levels, levels > 0, (1.0, 1.0, 1.0), discretization="none")
    assert described("ngl", region)["hde_3D"] == 1
    assert described("ngl", region, gldm_a=1)["hde_3D"] == pytest.approx((4 + 4 + 1) / 3)
    assert described("ngl", region, gldm_a=2)["hde_3D"] == pytest.approx((4 + 9 + 4) / 3)


def test_weights_are_those_of_summed_matrices() -> None:
    region = ragged(6, spacing_mm=(9.0, 9.0, 1.0))
    for name in DIRECTIONAL:
        plain, weighted = described(name, region), described(name, region, weightingNorm="euclidean")
        changed = {key.rsplit("_", 1)[1] for key, value in plain.items() if weighted[key] != value}
        assert changed == {"comb"}
        assert described(name, region, weightingNorm="no_weighting") == plain
    # next to nothing is left of any direction but that of the shortest step
    only = naive_pairs(levels_of(region), (0, 0, 1))
    found = described("cm", region, weightingNorm="manhattan")
    assert found["joint_max_3D_comb"] == pytest.approx(max(only.values()) / only.total())


def test_zones_are_found_once_for_both_of_their_families(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(*arguments: object) -> object:
        calls.append(arguments)
        return found(*arguments)

    found = szm_module.zone_members
    monkeypatch.setattr(szm_module, "zone_members", counted)
    region = ragged(7, flat_axis=0)
    described("szm", region)
    described("dzm", region)
    assert len(calls) == 2  # within slices, and in space


def test_a_distance_longer_than_the_region_costs_nothing() -> None:
    region = ragged(8)
    for name in ("cm", "ngt", "ngl"):
        assert described(name, region, distances=(1, 1_000_000)) == described(name, region)


def test_too_many_levels_are_refused_with_a_way_out() -> None:
    values = np.arange(5000.0).reshape(1, 50, 100)
    region = cut_region(values, np.ones_like(values, bool), (1.0, 1.0, 1.0), bin_width=1.0)
    with pytest.raises(RegionError, match="set a larger binWidth, or binCount"):
        FAMILIES["cm"].compute(region)
