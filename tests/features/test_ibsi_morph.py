"""IBSI's morphology against published values, solids with known measures, and sums over all pairs."""

from __future__ import annotations

from math import isnan, pi, prod, sqrt
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist, squareform

from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.features import FAMILIES
from radiomics_screen.features.geometry import autocorrelation
from radiomics_screen.features.geometry.autocorrelation import moran_geary, pair_sums
from radiomics_screen.features.geometry.ellipsoid import ellipsoid_area
from radiomics_screen.features.geometry.extent import mesh_vertices
from radiomics_screen.features.geometry.mesh import surface_of
from radiomics_screen.features.morph import FEATURES, morph
from radiomics_screen.features.region import Region
from radiomics_screen.features.shape import shape
from radiomics_screen.features.texture.lattice import Footprint
from radiomics_screen.verification.phantom import digital_phantom
from tests.helpers.regions import SPACING_MM, ball, random_region

#: Consensus values of the digital phantom (three digits) and their tolerances.
PUBLISHED = {
    **{"volume": (556, 4), "vol_approx": (592, 4), "area_mesh": (388, 3), "av": (0.698, 0.004)},
    **{"comp_1": (0.0411, 0.0003), "comp_2": (0.599, 0.004), "sph_dispr": (1.19, 0.01)},
    **{"sphericity": (0.843, 0.005), "asphericity": (0.186, 0.001), "com": (0.672, 0.004)},
    **{"diam": (13.1, 0.1), "pca_maj_axis": (11.4, 0.1), "pca_min_axis": (9.31, 0.06)},
    **{"pca_least_axis": (8.54, 0.05), "pca_elongation": (0.816, 0.005), "pca_flatness": (0.749, 0.005)},
    **{"vol_dens_aabb": (0.869, 0.005), "area_dens_aabb": (0.866, 0.005), "vol_dens_aee": (1.17, 0.01)},
    **{"area_dens_aee": (1.36, 0.01), "vol_dens_conv_hull": (0.961, 0.006)},
    **{"area_dens_conv_hull": (1.03, 0.01), "integ_int": (1200, 10), "moran_i": (0.0397, 0.0003)},
    "geary_c": (0.974, 0.006),
}
WITHOUT_REFERENCE = ("vol_dens_ombb", "area_dens_ombb", "vol_dens_mvee", "area_dens_mvee")
OF_INTENSITIES = ("com", "integ_int", "moran_i", "geary_c")


def region_of(mask: np.ndarray, spacing_mm: tuple[float, float, float] = SPACING_MM, **facts: Any) -> Region:
    """A region of random intensities, the same in every place of the array."""
    intensities = np.random.default_rng(3).integers(-5, 60, size=mask.shape).astype(np.float64)
    return Region(intensities, Footprint(mask), spacing_mm, **facts)


def by_pairs(values: np.ndarray, mask: np.ndarray, spacing_mm: tuple[float, ...]) -> tuple[float, float]:
    """Moran's I and Geary's C from the matrices of all pairs."""
    distances = squareform(pdist(np.argwhere(mask) * spacing_mm))
    np.fill_diagonal(distances, np.inf)
    weights, n = 1 / distances, len(values)
    centred = values - values.mean()
    variation = weights.sum() * (centred @ centred)
    moran = n * (centred @ weights @ centred) / variation
    geary = (n - 1) / 2 * (weights * np.subtract.outer(values, values) ** 2).sum() / variation
    return moran, geary


def test_the_digital_phantom_has_the_published_values() -> None:
    image, mask = (sitk.GetArrayFromImage(i) for i in digital_phantom())
    values = morph(Region(image, Footprint(mask > 0), (2.0, 2.0, 2.0)))
    assert tuple(values) == FEATURES
    assert set(PUBLISHED) == set(FEATURES) - set(WITHOUT_REFERENCE)
    for name, (published, tolerance) in PUBLISHED.items():
        assert float(f"{values[name]:.3g}") == pytest.approx(published, abs=tolerance * (1 + 1e-9)), name
    # it fills the box along the grid nearly, so that no turned one is smaller
    assert values["vol_dens_ombb"] == pytest.approx(values["vol_dens_aabb"])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [(7, 8, 9), (1, 8, 9), (13, 1, 6), (2, 3, 20), (1, 1, 9)])
def test_moran_and_geary_are_those_of_all_pairs(seed: int, size: tuple[int, int, int]) -> None:
    region = random_region(seed, size)
    # an offset, as of CT numbers, must not cost digits; nor must a tiny scale
    for values in (region.values, 1e4 + region.values, 1e-200 * region.values):
        found = moran_geary(values, region.mask, SPACING_MM)
        assert found == pytest.approx(by_pairs(region.values, region.mask, SPACING_MM), rel=1e-9)


def test_sums_over_distances_need_not_hold_the_spectrum_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    values, everywhere = np.random.default_rng(0).random(5 * 6 * 40), np.ones((5, 6, 40), bool)
    whole = pair_sums(values, everywhere, SPACING_MM)
    monkeypatch.setattr(autocorrelation, "PLANES", 1)
    assert pair_sums(values, everywhere, SPACING_MM) == pytest.approx(whole, rel=1e-12)


def test_neighbours_alike_and_unlike() -> None:
    alike = np.zeros((8, 8, 8))
    alike[4:] = 1
    chequered = np.indices((8, 8, 8)).sum(axis=0) % 2.0
    everywhere, spacing = np.ones((8, 8, 8), bool), (1.0, 1.0, 1.0)
    (alike_i, alike_c), (chequered_i, chequered_c) = (
        moran_geary(g.ravel(), everywhere, spacing) for g in (alike, chequered)
    )
    assert alike_i > 0.1 > 0 > chequered_i
    assert alike_c < 0.9 < 1 < chequered_c


def test_a_wider_box_changes_nothing() -> None:
    region = random_region(2)
    values = morph(region)
    sides = ((2, 0), (0, 3), (1, 4))
    wide = Region(np.pad(region.intensities, sides), Footprint(np.pad(region.mask, sides)), SPACING_MM)
    assert morph(wide) == pytest.approx(values, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_what_pyradiomics_measures_too_is_the_same(seed: int) -> None:
    region = region_of(ball(3.0 + 1.3 * seed, SPACING_MM))  # smooth: pyradiomics' mesh has no holes in it
    ibsi, pyradiomics = morph(region), shape(region)
    same = {"volume": "MeshVolume", "area_mesh": "SurfaceArea", "sphericity": "Sphericity"}
    same |= {"diam": "Maximum3DDiameter", "pca_flatness": "Flatness", "vol_approx": "VoxelVolume"}
    for name, theirs in same.items():
        assert ibsi[name] == pytest.approx(pyradiomics[theirs], rel=1e-12)
    n = len(region.values)
    assert ibsi["pca_maj_axis"] == pytest.approx(pyradiomics["MajorAxisLength"] * sqrt(n / (n - 1)))


def test_form_is_that_of_the_mask_as_drawn_and_the_rest_of_what_is_left() -> None:
    drawn = ball(4.0, SPACING_MM)
    left = drawn & (np.arange(drawn.shape[2]) > drawn.shape[2] // 2)
    both = morph(region_of(left, drawn=Footprint(drawn)))
    whole, part = morph(region_of(drawn)), morph(region_of(left))
    assert all(both[name] == whole[name] for name in set(FEATURES) - set(OF_INTENSITIES))
    assert (both["moran_i"], both["geary_c"]) == (part["moran_i"], part["geary_c"])
    region = region_of(left)
    places, weights = np.argwhere(left) * SPACING_MM, region.values
    centre = (np.argwhere(drawn) * SPACING_MM).mean(axis=0)
    shift = np.linalg.norm(weights @ places / weights.sum() - centre)
    assert both["com"] == pytest.approx(shift)
    assert both["com"] > 0.5
    assert both["integ_int"] == pytest.approx(whole["volume"] * weights.mean())


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 0, 2)])
def test_axes_of_the_array_do_not_matter(order: tuple[int, int, int]) -> None:
    region = region_of(ball(5.0, SPACING_MM))
    z, y, x = (SPACING_MM[a] for a in order)
    turned = Region(
        region.intensities.transpose(order)[:, ::-1],
        Footprint(region.mask.transpose(order)[:, ::-1]),
        (z, y, x),
    )
    assert morph(turned) == pytest.approx(morph(region), rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_hull_is_that_of_all_vertices_of_the_mesh(seed: int) -> None:
    region = random_region(seed, (6, 9, 7))
    points = mesh_vertices(np.pad(region.mask, 1), True) * np.array(SPACING_MM) / 2
    expected = ConvexHull(points)
    values = morph(region)
    assert values["vol_dens_conv_hull"] == pytest.approx(values["volume"] / expected.volume, rel=1e-9)
    assert values["area_dens_conv_hull"] == pytest.approx(values["area_mesh"] / expected.area, rel=1e-9)
    box = prod(np.ptp(points, axis=0))
    assert values["vol_dens_aabb"] == pytest.approx(values["volume"] / box, rel=1e-9)
    assert values["vol_dens_aabb"] <= values["vol_dens_ombb"] * (1 + 1e-9)
    assert values["vol_dens_ombb"] < values["vol_dens_conv_hull"]
    assert values["vol_dens_mvee"] < values["vol_dens_conv_hull"]


def missing(values: dict[str, float]) -> set[str]:
    return {name for name, value in values.items() if isnan(value)}


def noted(mask: np.ndarray, intensities: np.ndarray | None = None) -> tuple[dict[str, float], str]:
    region = region_of(mask)
    if intensities is not None:
        region = Region(intensities, region.footprint, SPACING_MM)
    with collect_remarks() as notes:
        values = morph(region)
    # none without a word on it; those of the principal axes are spoken of together
    assert all(name in " ".join(notes) or name.startswith("pca_") for name in missing(values))
    return values, " ".join(notes)


def test_single_voxel() -> None:
    values, notes = noted(np.ones((1, 1, 1), bool))
    z, y, x = SPACING_MM
    assert values["volume"] == pytest.approx(z * y * x / 6)  # an octahedron
    assert values["vol_dens_aabb"] == pytest.approx(1 / 6)
    assert [values["vol_dens_conv_hull"], values["area_dens_conv_hull"]] == pytest.approx([1, 1])
    assert values["vol_dens_mvee"] == pytest.approx(1 / pi, rel=1e-6)
    assert values["com"] == 0
    assert values["diam"] == 3.0
    assert {"pca_maj_axis", "pca_flatness", "vol_dens_aee", "area_dens_aee", "moran_i"} < missing(values)
    assert "single voxel" in notes


def test_line_of_voxels() -> None:
    values, notes = noted(np.ones((1, 1, 6), bool))
    assert values["pca_maj_axis"] == pytest.approx(4 * 1.1 * np.std(range(6), ddof=1))
    assert values["pca_min_axis"] == values["pca_least_axis"] == values["pca_flatness"] == 0
    assert {"vol_dens_aee", "area_dens_aee"} <= missing(values)
    assert "line" in notes
    assert values["vol_dens_mvee"] > 0


def test_one_slice() -> None:
    values, notes = noted(ball(6.0)[[8]])
    assert values["pca_flatness"] == 0
    assert missing(values) == {"vol_dens_aee"}
    flat = ellipsoid_area(values["pca_maj_axis"] / 2, values["pca_min_axis"] / 2, 0)
    assert values["area_dens_aee"] == pytest.approx(values["area_mesh"] / flat)
    assert "plane" in notes


def test_intensities_without_a_centre_or_without_differences() -> None:
    mask = np.ones((2, 3, 4), bool)
    equal, notes = noted(mask, np.full(mask.shape, 0.1))
    assert missing(equal) == {"moran_i", "geary_c"}
    assert "all intensities are equal" in notes
    assert equal["com"] == pytest.approx(0, abs=1e-12)
    opposite = np.where(np.arange(4) % 2, 0.1, -0.1) * np.ones(mask.shape)
    zero, notes = noted(mask, opposite)
    assert missing(zero) == {"com"}
    assert "add up to zero" in notes
    assert zero["moran_i"] < 0


def ragged(seed: int) -> np.ndarray:
    """Voxels of which many touch at edges and corners only."""
    return np.random.default_rng(seed).random((5, 6, 7)) < 0.5


@pytest.mark.parametrize("seed", range(3))
def test_the_surface_has_no_holes(seed: int) -> None:
    mask = ragged(seed)
    expected = surface_of(mask, (1.0, 1.0, 1.0), closed=True)
    for turned in (
        mask[::-1],
        mask[:, ::-1],
        mask.transpose(2, 0, 1),
        np.pad(mask, ((9, 0), (0, 4), (3, 1))),
    ):
        assert surface_of(turned, (1.0, 1.0, 1.0), closed=True) == pytest.approx(expected, rel=1e-12)


def test_voxels_that_touch_at_an_edge_are_kept_apart() -> None:
    octahedron = surface_of(np.ones((1, 1, 1), bool), SPACING_MM, closed=True)
    for second in ((0, 1, 1), (1, 0, 1), (1, 1, 0), (1, 1, 1)):
        mask = np.zeros((2, 2, 2), bool)
        mask[0, 0, 0] = mask[second] = True
        found = surface_of(mask, SPACING_MM, closed=True)
        assert found == pytest.approx([2 * value for value in octahedron], rel=1e-12)


def test_a_smooth_surface_is_that_of_the_table() -> None:
    mask = ball(6.0)
    closed, table = surface_of(mask, SPACING_MM, closed=True), surface_of(mask, SPACING_MM)
    assert closed == pytest.approx(table, rel=1e-12)


def test_an_image_without_a_third_dimension_is_refused() -> None:
    assert "shape2D" in FAMILIES["morph"].unfit(region_of(np.ones((1, 3, 3), bool), planar=True))
    assert not FAMILIES["morph"].unfit(region_of(np.ones((1, 3, 3), bool)))
