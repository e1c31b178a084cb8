"""Shape families against solids with known measures and against comparing everything with everything."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from skimage.measure import find_contours, perimeter_crofton

from radiomics_screen.features.geometry.extent import axis_lengths_mm, diameters_mm, mesh_vertices
from radiomics_screen.features.geometry.mesh import outline_of, surface_of
from radiomics_screen.features.region import Region
from radiomics_screen.features.shape import shape
from radiomics_screen.features.shape2d import shape2d
from radiomics_screen.features.texture.lattice import Footprint
from tests.helpers.regions import SPACING_MM, ball, random_region


def region_of(mask: np.ndarray, spacing_mm: tuple[float, float, float], **facts: object) -> Region:
    return Region(np.zeros(mask.shape), Footprint(mask), spacing_mm, **facts)  # type: ignore[arg-type]


def test_single_voxel_is_an_octahedron() -> None:
    area, volume = surface_of(np.ones((1, 1, 1), bool), (1.0, 1.0, 1.0))
    assert volume == pytest.approx(1 / 6)
    assert area == pytest.approx(sqrt(3))


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 0.5, 1.0)])
def test_ball_has_the_measures_of_a_sphere(spacing: tuple[float, float, float]) -> None:
    values = shape(region_of(ball(15.0, spacing), spacing))
    assert values["MeshVolume"] == pytest.approx(4 / 3 * pi * 15**3, rel=0.01)
    assert values["VoxelVolume"] == pytest.approx(4 / 3 * pi * 15**3, rel=0.01)
    assert values["Maximum3DDiameter"] == pytest.approx(30, abs=max(spacing))
    assert values["MajorAxisLength"] == pytest.approx(30 * sqrt(0.8), rel=0.02)  # 4 sqrt(r^2 / 5)
    assert values["Elongation"] == pytest.approx(1, abs=0.02)
    assert values["Flatness"] == pytest.approx(1, abs=0.02)
    # the steps of the voxels make the surface of a digitised ball a tenth to a fifth larger
    assert 0.8 < values["Sphericity"] < 1


def test_mesh_scales_with_the_spacing_and_ignores_the_place() -> None:
    mask = ball(6.0, SPACING_MM)
    area, volume = surface_of(mask, SPACING_MM)
    moved = np.pad(mask, ((3, 1), (0, 2), (5, 0)))
    assert surface_of(moved, SPACING_MM) == pytest.approx((area, volume), rel=1e-12)
    doubled = tuple(2 * s for s in SPACING_MM)
    assert surface_of(mask, doubled) == pytest.approx((4 * area, 8 * volume), rel=1e-12)


def test_mesh_of_a_box_is_the_box_without_its_edges() -> None:
    # 4 x 5 x 6 voxels: the twelve edges are cut off at 45 degrees, half a voxel deep
    area, volume = surface_of(np.ones((4, 5, 6), bool), (1.0, 1.0, 1.0))
    faces = 2 * (3 * 4 + 4 * 5 + 3 * 5)
    edges = 4 * (3 + 4 + 5) * sqrt(0.5)
    corners = 8 * sqrt(3) / 8
    assert area == pytest.approx(faces + edges + corners)
    assert volume < 4 * 5 * 6


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [(7, 8, 9), (1, 8, 9), (3, 2, 20)])
def test_diameters_are_those_of_all_pairs_of_vertices(seed: int, size: tuple[int, int, int]) -> None:
    mask = random_region(seed, size).mask
    points = mesh_vertices(np.pad(mask, 1), True)
    spacing = np.array(SPACING_MM) / 2
    diameter, in_planes = diameters_mm(mask, SPACING_MM)
    assert diameter == pytest.approx(pdist(points * spacing).max(), rel=1e-12)
    for axis, found in enumerate(in_planes):
        expected = max(
            pdist(points[points[:, axis] == p] * spacing).max()
            for p in np.unique(points[:, axis])
            if (points[:, axis] == p).sum() > 1
        )
        assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_diameter_in_the_plane(seed: int) -> None:
    mask = random_region(seed, (1, 12, 9)).mask[0]
    points = mesh_vertices(np.pad(mask[np.newaxis], [(0, 0), (1, 1), (1, 1)]), False)
    expected = pdist(points[:, 1:] * (0.35, 0.55)).max()
    assert diameters_mm(mask, (0.7, 1.1)) == (pytest.approx(expected, rel=1e-12), [])


def test_mask_one_voxel_thick_has_no_least_axis() -> None:
    mask = np.ones((1, 30, 40), bool)
    assert axis_lengths_mm(Footprint(mask), (6.5, 0.78125, 0.78125))[2] == 0
    values = shape(region_of(mask, (6.5, 0.78125, 0.78125)))
    assert values["LeastAxisLength"] == values["Flatness"] == 0
    assert values["MeshVolume"] > 0


def test_disc_has_the_measures_of_a_circle() -> None:
    disc = ball(30.0)[ball(30.0).shape[0] // 2]
    values = shape2d(region_of(disc[np.newaxis], (1.0, 0.5, 0.5), flat_axis=0, planar=True))
    assert values["PixelSurface"] == pytest.approx(pi * 15**2, rel=0.01)
    assert values["MaximumDiameter"] == pytest.approx(30, abs=0.5)
    assert values["Perimeter"] == pytest.approx(0.5 * perimeter_crofton(disc), rel=0.06)
    assert 0.9 < values["Sphericity"] < 1


def test_outline_is_that_of_the_contour_at_one_half() -> None:
    mask = ball(9.0)[ball(9.0).shape[0] // 2]
    (contour,) = find_contours(np.pad(mask, 1).astype(float), 0.5)
    length, area = outline_of(mask, (2.0, 3.0))
    y, x = (contour * (2.0, 3.0)).T
    assert length == pytest.approx(np.hypot(np.diff(y), np.diff(x)).sum())
    assert area == pytest.approx(abs((y[:-1] * x[1:] - y[1:] * x[:-1]).sum()) / 2)


def test_shape_on_request_follows_from_area_and_volume() -> None:
    values = shape(region_of(random_region(4).mask, SPACING_MM))
    assert values["Compactness2"] == pytest.approx(values["Sphericity"] ** 3)
    assert values["Compactness1"] == pytest.approx(values["Sphericity"] ** 1.5 / (6 * pi))
    assert values["SphericalDisproportion"] == pytest.approx(1 / values["Sphericity"])


@pytest.mark.parametrize("size", [(1, 3000, 2000), (40, 512, 512)])
def test_axes_of_large_regions_do_not_overflow(size: tuple[int, ...]) -> None:
    spacing = (0.07, 0.05, 0.06)
    lengths = axis_lengths_mm(Footprint(np.ones(size, bool)), spacing)
    expected = [4 * s * sqrt((n**2 - 1) / 12) for n, s in zip(size, spacing, strict=True)]
    assert lengths == pytest.approx(sorted(expected, reverse=True), rel=1e-12)
