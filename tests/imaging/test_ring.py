"""Rings round a lesion's edge: distances worked out by hand or found another way, also at borders."""

from __future__ import annotations

import math

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.ndimage import distance_transform_edt

from radiomics_screen.core.errors import RegionError
from radiomics_screen.imaging.ring import equivalent_radius_mm, ring, signed_distances
from radiomics_screen.imaging.roi import Roi, roi_of

SPACING_MM = (3.0, 0.7, 1.1)


def roi_on(mask: np.ndarray, spacing_mm: tuple[float, ...] | None = None) -> Roi:
    """Return the region of a (z, y, x) or (y, x) mask; the spacing is in the order of its axes."""
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing((spacing_mm or (1.0,) * mask.ndim)[::-1])
    found = roi_of(image, 1)
    assert found is not None
    return found


def voxels(roi: Roi) -> np.ndarray:
    """Return a region on its whole image."""
    return sitk.GetArrayFromImage(roi.image()).astype(bool)


def by_half_voxels(mask: np.ndarray, spacing_mm: tuple[float, ...]) -> np.ndarray:
    """Find the signed distances on a grid twice as fine, which has every point of a face that is nearest."""
    nodes = np.zeros([2 * n + 1 for n in mask.shape], dtype=bool)
    for axis in range(mask.ndim):
        before, after = (np.moveaxis(mask, axis, 0)[part] for part in (slice(None, -1), slice(1, None)))
        for face in np.argwhere(before != after):
            place = [int(k) for k in face[1:]]
            place.insert(axis, int(face[0]))
            ends = [slice(2 * k, 2 * k + 3) for k in place]
            ends[axis] = slice(2 * place[axis] + 2, 2 * place[axis] + 3)
            nodes[tuple(ends)] = True
    finer = distance_transform_edt(~nodes, sampling=[mm / 2 for mm in spacing_mm])
    distances = finer[(slice(1, None, 2),) * mask.ndim]
    return np.where(mask, -distances, distances)


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), SPACING_MM])
def test_distances_are_those_to_the_nearest_voxel_face(spacing_mm: tuple[float, ...]) -> None:
    random = np.random.default_rng(3)
    mask = np.zeros((9, 14, 12), dtype=bool)
    mask[2:6, 3:9, :7] = random.random((4, 6, 7)) < 0.8  # ragged, with holes, at the border
    distances, corner = signed_distances(roi_on(mask, spacing_mm), 60.0)
    image = tuple(slice(-first, n - first) for first, n in zip(corner, mask.shape, strict=True))
    np.testing.assert_allclose(distances[image], by_half_voxels(mask, spacing_mm), rtol=1e-12)


def test_distances_of_one_pixel_by_hand() -> None:
    mask = np.zeros((1, 7, 7), dtype=bool)[0]
    mask[3, 3] = True
    distances, corner = signed_distances(roi_on(mask, (2.0, 1.0)), 2.0)
    assert corner[0] == 0
    plane = distances[0, 3 - corner[1] - 1 : 3 - corner[1] + 2, 3 - corner[2] - 2 : 3 - corner[2] + 3]
    beside, oblique = math.hypot(1, 0.5), math.hypot(1, 1.5)
    np.testing.assert_allclose(
        plane,
        [
            [oblique, beside, 1.0, beside, oblique],
            [1.5, 0.5, -0.5, 0.5, 1.5],
            [oblique, beside, 1.0, beside, oblique],
        ],
    )


def test_a_square_s_rings_have_the_pixels_that_they_must() -> None:
    mask = np.zeros((40, 40), dtype=bool)
    mask[15:25, 15:25] = True
    roi = roi_on(mask)
    assert np.array_equal(voxels(ring(roi, outer=0).roi), mask)
    inside = voxels(ring(roi, outer=-2).roi)  # pixels whose centre is 2.5 deep or more
    assert np.array_equal(np.argwhere(inside), np.argwhere(np.pad(np.ones((6, 6)), 17)))
    assert np.count_nonzero(voxels(ring(roi, inner=-1, outer=0).roi)) == 10**2 - 8**2
    # two rows along each side, and in each corner what is at most 2 from it: (½, ½), (½, 1½), (1½, ½)
    assert np.count_nonzero(voxels(ring(roi, inner=0, outer=2).roi)) == 4 * 2 * 10 + 4 * 3


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0), (0.3, 0.1), (1.0, 1.0, 1.0), SPACING_MM])
@pytest.mark.parametrize("unit", ["mm", "radius"])
def test_rings_leave_nothing_out_and_share_nothing(spacing_mm: tuple[float, ...], unit: str) -> None:
    shape = (30, 40, 40)[-len(spacing_mm) :]
    places = np.indices(shape) - np.array([n / 2 - 3 for n in shape]).reshape(-1, *(1,) * len(shape))
    roi = roi_on(np.square(places).sum(axis=0) < 8**2, spacing_mm)
    step = 0.4 * (equivalent_radius_mm(roi) if unit == "mm" else 1.0)
    limits = [(None, -step), (-step, step), (step, 3 * step)]
    parts = [voxels(ring(roi, inner=a, outer=b, unit=unit).roi) for a, b in limits]  # type: ignore[arg-type]
    whole = voxels(ring(roi, outer=3 * step, unit=unit).roi)  # type: ignore[arg-type]
    assert np.array_equal(np.sum(parts, axis=0), whole)
    assert np.array_equal(whole & voxels(roi), voxels(roi))


def test_a_limit_that_meets_a_centre_belongs_to_the_inner_ring() -> None:
    mask = np.zeros((1, 41), dtype=bool)
    mask[0, 0] = True
    roi = roi_on(mask, (0.1, 0.1))  # centres at 0.05, 0.15, 0.25 ... mm, none of them exact in binary
    counts = [np.count_nonzero(ring(roi, inner=0, outer=0.05 + k / 10).roi.mask) for k in range(30)]
    assert counts == list(range(1, 31))


def test_radius_is_that_of_the_disc_or_ball() -> None:
    disc = np.hypot(*(np.indices((61, 61)) - 30)) <= 20
    scaled = roi_on(disc, (0.25, 0.25))
    assert equivalent_radius_mm(scaled) == pytest.approx(5, rel=0.01)
    rings = [ring(roi, inner=-0.1, outer=0.3, unit="radius") for roi in (scaled, roi_on(disc))]
    assert np.array_equal(voxels(rings[0].roi), voxels(rings[1].roi))
    ball = np.sqrt(np.square(np.indices((31, 31, 31)) - 15).sum(axis=0)) <= 12
    assert equivalent_radius_mm(roi_on(ball)) == pytest.approx(12, rel=0.01)


def test_where_the_image_ends_the_lesion_goes_on() -> None:
    mask = np.zeros((20, 20), dtype=bool)
    mask[:10, :] = True  # cut off above, left and right: its one edge lies below
    rim = ring(roi_on(mask), inner=-2, outer=2)
    expected = np.zeros_like(mask)
    expected[8:12] = True
    assert np.array_equal(voxels(rim.roi), expected)


def test_what_is_missing_beyond_the_image_is_counted() -> None:
    mask = np.zeros((30, 30), dtype=bool)
    mask[10:20, 10:20] = True
    assert ring(roi_on(mask), inner=0, outer=8).missing == 0
    corner = np.zeros((30, 30), dtype=bool)
    corner[:10, :10] = True
    # 4 sides of 10 pixels and 4 corners of 1; two of the sides and three of the corners are not there
    assert ring(roi_on(corner), inner=0, outer=1).missing == pytest.approx(23 / 44)


def test_one_slice_has_nothing_above_and_below() -> None:
    mask = np.zeros((1, 30, 30), dtype=bool)
    mask[0, 10:20, 10:20] = True
    thin = ring(roi_on(mask, (5.0, 1.0, 1.0)), inner=-2, outer=8)
    flat = ring(roi_on(mask[0]), inner=-2, outer=8)
    assert thin.missing == flat.missing == 0
    assert np.array_equal(voxels(thin.roi)[0], voxels(flat.roi))
    assert equivalent_radius_mm(thin.roi) == equivalent_radius_mm(flat.roi)


def test_a_ring_much_wider_than_the_image_is_the_rest_of_it() -> None:
    mask = np.zeros((12, 20, 20), dtype=bool)
    mask[5:8, 8:12, 8:12] = True
    rest = ring(roi_on(mask, SPACING_MM), inner=0, outer=1e6)
    assert np.array_equal(voxels(rest.roi), ~mask)
    assert math.isnan(rest.missing)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"outer": -2}, "up to -2 mm .* too small, its deepest voxel lies at -0.5"),
        ({"inner": 0.6, "outer": 0.7}, "0.6 to 0.7 mm .* too narrow"),
        ({"inner": 5, "outer": 6}, "5 to 6 mm .* beyond the image's edge"),
    ],
)
def test_a_ring_without_voxels_says_why(limits: dict[str, float], message: str) -> None:
    mask = np.zeros((5, 5), dtype=bool)
    mask[2, 2] = True
    with pytest.raises(RegionError, match=message):
        ring(roi_on(mask), **limits)  # type: ignore[arg-type]


def test_a_lesion_that_fills_the_image_has_an_inside_only() -> None:
    full = roi_on(np.ones((6, 6), dtype=bool))
    assert ring(full, outer=-3).roi.mask.all()
    with pytest.raises(RegionError, match="all of it is beyond the image's edge"):
        ring(full, inner=-1, outer=1)
    with pytest.raises(RegionError, match="the lesion fills the image"):
        ring(full, inner=-2, outer=-1)
