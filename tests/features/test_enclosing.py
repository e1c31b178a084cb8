"""What encloses a form: the smallest box and ellipsoid, and the area of ellipsoids."""

from __future__ import annotations

from math import asin, atanh, pi, prod, sqrt

import numpy as np
import pytest
from scipy.special import elliprg, eval_legendre

from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.features.geometry import ellipsoid, hull
from radiomics_screen.features.geometry.ellipsoid import ellipsoid_area, smallest_ellipsoid
from radiomics_screen.features.geometry.extent import mesh_vertices
from radiomics_screen.features.geometry.hull import convex_hull, smallest_box
from tests.helpers.regions import SPACING_MM, random_region

#: A rotation about no axis of the grid.
TURN = np.linalg.qr(np.array([[2.0, -1.0, 0.5], [0.3, 1.5, -0.7], [-0.4, 0.9, 1.1]]))[0]


def outer(axes: tuple[float, float, float]) -> float:
    """Volume of an ellipsoid of these semi-axes."""
    return 4 / 3 * pi * prod(axes)


@pytest.mark.parametrize("edges", [(9.0, 5.0, 2.0), (40.0, 3.0, 3.0), (7.0, 7.0, 7.0)])
def test_box_of_a_turned_cuboid_is_the_cuboid(edges: tuple[float, float, float]) -> None:
    corners = np.indices((2, 2, 2)).reshape(3, -1).T * edges @ TURN
    inside = np.random.default_rng(0).random((50, 3)) * edges @ TURN
    found = convex_hull(np.concatenate([inside, corners]), (1.0, 1.0, 1.0))
    assert len(found.corners) == 8
    assert found.volume_mm3 == pytest.approx(prod(edges), rel=1e-12)
    assert smallest_box(found) == pytest.approx(edges, rel=1e-9)


def test_box_of_a_tetrahedron_lies_askew() -> None:
    # that of a regular one is the cube whose face diagonals are its edges; it rests on edges, not on faces
    corners = np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)]) @ TURN
    assert smallest_box(convex_hull(corners, (1.0, 1.0, 1.0))) == pytest.approx((2, 2, 2), rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_search_from_random_axes_finds_no_much_smaller_box(seed: int) -> None:
    region = random_region(seed, (6, 9, 7))
    points = mesh_vertices(np.pad(region.mask & (np.indices((6, 9, 7)).sum(axis=0) > 8), 1), True)
    found = convex_hull(points, SPACING_MM)
    axes = np.random.default_rng(seed).normal(size=(100, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    arrays = (found.corners, found.normals, found.ends, found.sides)
    volumes, frames = hull.boxes_along(*arrays, axes, np.zeros(len(axes)))
    hull.turn_boxes(*arrays, volumes, frames)
    assert prod(smallest_box(found)) < 1.02 * volumes.min()
    widest = found.widths(frames[volumes.argmin()])
    assert prod(widest) == pytest.approx(volumes.min(), rel=1e-9)


def surface(a: float, b: float, c: float) -> float:
    """Area of an ellipsoid, by elliptic integrals."""
    return float(4 * pi * elliprg((a * b) ** 2, (a * c) ** 2, (b * c) ** 2))


def test_elliptic_integrals_have_closed_forms_for_round_ellipsoids() -> None:
    e = 0.6  # eccentricity of 1 and 0.8
    assert surface(1, 1, 0.8) == pytest.approx(2 * pi * (1 + 0.8**2 / e * atanh(e)), rel=1e-12)
    assert surface(1, 0.8, 0.8) == pytest.approx(2 * pi * (0.8**2 + 0.8 / e * asin(e)), rel=1e-12)


@pytest.mark.parametrize(
    "axes", [(5, 3, 2), (4, 4, 2.5), (6, 3.5, 3.5), (3, 3, 3), (3, 2.999999, 2), (3, 2, 1.999999)]
)
def test_area_is_the_published_formula(axes: tuple[float, float, float]) -> None:
    a, b, c = axes
    # in closed form: the formula's eccentricities are those of the surface of another ellipsoid
    assert ellipsoid_area(a, b, c) == pytest.approx(a / c * surface(b, c, b * c / a), rel=1e-4)
    if a > b:
        e, f = sqrt(1 - b**2 / a**2), sqrt(1 - c**2 / a**2)
        terms = [
            (e * f) ** k / (1 - 4 * k**2) * eval_legendre(k, (e**2 + f**2) / (2 * e * f)) for k in range(21)
        ]
        assert ellipsoid_area(a, b, c) == pytest.approx(4 * pi * a * b * sum(terms), rel=1e-9)


def test_area_of_a_sphere_and_of_ellipsoids_near_it_is_the_surface() -> None:
    assert ellipsoid_area(2, 2, 2) == pytest.approx(16 * pi, rel=1e-14)
    assert ellipsoid_area(2, 1.99, 1.98) == pytest.approx(surface(2, 1.99, 1.98), rel=1e-4)
    assert ellipsoid_area(1, 1, 0.8) == pytest.approx(1.077 * surface(1, 1, 0.8), rel=1e-3)
    assert ellipsoid_area(1, 0.8, 0.8) == pytest.approx(0.929 * surface(1, 0.8, 0.8), rel=1e-3)


def test_area_of_ellipsoids_without_thickness() -> None:
    assert ellipsoid_area(3, 3, 0) == pytest.approx(pi**2 * 9, rel=2e-3)
    assert ellipsoid_area(3, 0, 0) == 0


def test_smallest_ellipsoids_that_are_known() -> None:
    sphere = np.random.default_rng(0).normal(size=(300, 3))
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    points = np.concatenate([sphere, -sphere, 0.9 * sphere]) * (7, 2, 4) @ TURN + (100, -50, 3)
    assert smallest_ellipsoid(points) == pytest.approx((7, 4, 2), rel=1e-6)
    cuboid = np.indices((2, 2, 2)).reshape(3, -1).T * (10, 0.1, 3) @ TURN
    assert smallest_ellipsoid(cuboid) == pytest.approx(np.array([10, 3, 0.1]) * sqrt(3) / 2, rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_smallest_ellipsoid_is_the_one_of_another_method(seed: int) -> None:
    """Khachiyan's steps: their weights bound the volume from below, and from above when blown up."""
    points = np.random.default_rng(seed).normal(size=(40, 3)) * (5, 1, 2)
    lifted = np.column_stack([points, np.ones(40)])
    weights = np.full(40, 1 / 40)
    for _ in range(20_000):
        distances = (lifted @ np.linalg.inv((lifted.T * weights) @ lifted) * lifted).sum(axis=1)
        k = distances.argmax()
        step = (distances[k] - 4) / (4 * (distances[k] - 1))
        weights *= 1 - step
        weights[k] += step
        if distances[k] < 4 * (1 + 1e-3):
            break
    lower = outer((sqrt(3),) * 3) * sqrt(np.linalg.det(np.cov(points.T, aweights=weights, bias=True)))
    assert lower * (1 - 1e-6) < outer(smallest_ellipsoid(points)) < lower * (1 + 2.1e-3)


def test_too_few_steps_are_remarked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.random.default_rng(0).normal(size=(30, 3))
    smallest = outer(smallest_ellipsoid(points))
    monkeypatch.setattr(ellipsoid, "MOST_STEPS", 6)
    with collect_remarks() as notes:
        volume = outer(smallest_ellipsoid(points))
    assert smallest < volume < 2 * smallest
    assert "known only to within" in notes[0]
