"""The breast family on drawn masses of known margin, echo, shadow and spots."""

from __future__ import annotations

from math import nan, pi, sqrt

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, grey_opening

from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.features.breast import FEATURES, breast
from radiomics_screen.features.breast.spots import sliding
from radiomics_screen.features.picture.plane import around
from tests.helpers.masses import MIDDLE, SIZE, described, disc, drawn, mass, speckled

OF_OUTLINE = FEATURES[:16]


def blurred(radius_mm: float, width: float) -> np.ndarray:
    """A step from 50 to 150 at a radius, as wide as a Gaussian of a standard deviation in radii."""
    from scipy.special import ndtr

    y, x = np.indices((SIZE, SIZE)) - MIDDLE
    return 50 + 100 * ndtr((np.hypot(y, x) - radius_mm) / (width * radius_mm))


@pytest.mark.parametrize("width", [0.05, 0.1])
def test_the_margin_is_as_wide_and_as_steep_as_it_was_drawn(width: float) -> None:
    found = described(drawn(disc, 60), blurred(60, width))
    assert found["MarginWidth"] == pytest.approx(width, rel=0.08)
    assert found["MarginRadialGradientIndex"] == pytest.approx(1, abs=0.01)
    assert found["MarginIndistinctFraction"] == 0
    assert found["MarginGradientSD"] < 0.02 * found["MarginGradientMean"]
    steps = [described(drawn(disc, 60), blurred(60, w))["MarginGradientMean"] for w in (0.02, 0.1, 0.3)]
    assert steps == sorted(steps, reverse=True)
    bright = described(drawn(disc, 60), 200 - blurred(60, width))
    assert bright["MarginGradientMean"] == pytest.approx(-found["MarginGradientMean"])
    assert bright["MarginWidth"] == pytest.approx(found["MarginWidth"])


def test_half_of_the_margin_is_indistinct() -> None:
    mask = drawn(disc, 60)
    image = np.where(mask, 50.0, 150.0)
    image[:, : int(MIDDLE)] = 50.0
    assert described(mask, image)["MarginIndistinctFraction"] == pytest.approx(0.5, abs=0.07)


@pytest.mark.parametrize("rim", [0.1, 0.2])
def test_a_bright_rim_is_a_halo_of_its_width(rim: float) -> None:
    y, x = np.indices((SIZE, SIZE)) - MIDDLE
    mask, wider = np.hypot(y, x) < 60, np.hypot(y, x) < 60 * (1 + rim)
    image = np.where(mask, 40.0, np.where(wider, 200.0, 120.0)) + speckled(mask, inside=0, outside=0, noise=2)
    found, without = described(mask, image), described(mask)
    assert found["HaloWidth"] == pytest.approx(rim, abs=0.02)
    assert found["HaloContrast"] > 0.5
    assert abs(without["HaloContrast"]) < 0.1
    assert without["HaloWidth"] < 0.02


def test_lines_that_radiate_are_spicules_and_rings_are_none() -> None:
    y, x = np.indices((SIZE, SIZE)) - MIDDLE
    mask, distance = drawn(disc, 50), np.hypot(y, x)
    rays = np.where(mask, 50, 120 + 40 * np.sign(np.cos(24 * np.arctan2(y, x))))
    rings = np.where(mask, 50, 120 + 40 * np.sign(np.cos(distance * 2 * pi / 12)))
    assert described(mask, rays)["Spiculation"] > 0.9
    assert described(mask, rings)["Spiculation"] < 0.1
    even = gaussian_filter(speckled(mask, inside=100, outside=100, noise=50), 3)
    assert described(mask, even)["Spiculation"] == pytest.approx(0.5, abs=0.1)


def test_echo_of_zones_by_hand() -> None:
    mask = np.zeros((120, 120), bool)
    mask[40:80, 30:90] = True
    image = np.full((120, 120), 100.0)
    image[40:60, 30:90], image[60:80, 30:90] = 10.0, 30.0
    found = described(mask, image)
    assert found["EchoRatio"] == pytest.approx(20 / 100)
    assert found["EchoContrast"] == pytest.approx((100 - 20) / sqrt(10**2 / 2))
    assert found["EchoLowerContrast"] == pytest.approx(2)
    assert found["EchoZoneHeterogeneity"] == pytest.approx(1)
    assert found["EchoRimContrast"] == pytest.approx(0, abs=1e-12)
    assert found["EchoAnechoicFraction"] == pytest.approx(0.5)  # 10 is less than a fifth of 100
    image[20:40, 30:90] = 40.0  # half as high as the lesion
    assert described(mask, image)["EchoRatioAbove"] == pytest.approx(20 / 40)
    noisy = speckled(mask, noise=8)
    noisy[mask] = 60 + 2 * (noisy[mask] - 60)
    assert described(mask, noisy)["EchoSDRatio"] == pytest.approx(2, rel=0.05)


def with_shadow(level: float, *, columns: slice = slice(45, 75)) -> tuple[np.ndarray, np.ndarray]:
    """A rectangle 30 pixels wide and 20 high, over a stripe of some level; elsewhere rows of 100 and 104."""
    mask = np.zeros((120, 120), bool)
    mask[40:60, 45:75] = True
    image = np.full((120, 120), 100.0)
    image[::2] = 104.0
    image[60:, columns] = level
    image[mask] = 20.0
    image[45:50, 50] = 24.0
    return mask, image


def test_shadow_and_enhancement_by_hand() -> None:
    dark, bright = (described(*with_shadow(level)) for level in (51.0, 204.0))
    assert dark["PosteriorRatio"] == pytest.approx(51 / 102, rel=0.01)
    assert bright["PosteriorRatio"] == pytest.approx(2, rel=0.01)
    assert dark["PosteriorContrast"] == pytest.approx(-51 / 2, rel=0.02)
    assert (dark["ShadowFraction"], dark["EnhancementFraction"]) == (1, 0)
    assert (bright["ShadowFraction"], bright["EnhancementFraction"]) == (0, 1)
    assert bright["PosteriorLesionContrast"] > 0
    half = described(*with_shadow(51.0, columns=slice(45, 60)))
    assert half["ShadowFraction"] == pytest.approx(0.5, abs=0.04)
    mask, image = with_shadow(51.0)
    image[60:, :45] = np.where(np.arange(60)[:, np.newaxis] % 2, 61.0, 65.0)  # a dark flank on the left
    found = described(mask, image)
    flanks = np.concatenate([image[60:80, 30:45].ravel(), image[60:80, 75:90].ravel()])
    left, right = 51 - image[60:80, 30:45].mean(), 51 - image[60:80, 75:90].mean()
    assert found["PosteriorMinimumSideDifference"] == pytest.approx(min(left, right) / flanks.std())
    assert found["PosteriorRatio"] == pytest.approx(51 / flanks.mean())


def test_what_the_image_does_not_show_is_undefined_and_remarked() -> None:
    mask, image = with_shadow(50.0)
    posterior = {name for name in FEATURES if name.startswith(("Posterior", "Shadow", "Enhancement"))}
    for cut, missing, side in (
        (slice(0, 60), posterior, "bottom"),
        (slice(40, 120), {"EchoRatioAbove"}, "top"),
        (slice(0, 63), set(), ""),
    ):
        with collect_remarks() as notes:
            found = breast(mass(mask[cut], image[cut]))
        assert {name for name, value in found.items() if np.isnan(value)} == missing
        assert [side in remark for remark in notes] == [True] * bool(missing)
    with collect_remarks():
        alone = breast(mass(mask[40:60, 45:75], image[40:60, 45:75]))
    known = {name for name, value in alone.items() if not np.isnan(value)}
    assert known >= {*OF_OUTLINE, "EchoZoneHeterogeneity", "SpotCount"}
    assert not known & (posterior | {"EchoRatio", "HaloWidth", "Spiculation", "EchoRatioAbove"})


def test_pixels_that_are_not_finite_are_left_out() -> None:
    mask, image = with_shadow(51.0)
    expected = described(mask, image)
    image[70, 46:50], image[50, 20] = nan, np.inf
    found = described(mask, image)
    assert found["PosteriorRatio"] == pytest.approx(expected["PosteriorRatio"])
    assert not any(np.isnan(value) for value in found.values())


def with_spots(side: int = 4, gap: int = 20) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Squares in a grid, in a disc of radius 60 and outside, on faint noise; how many of what sizes."""
    mask = drawn(disc, 60)
    image = speckled(mask, inside=50, outside=50, noise=2)
    sizes = []
    for y in range(5, SIZE - gap, gap):
        for x in range(5, SIZE - gap, gap):
            image[y : y + side, x : x + side] = 200.0
            sizes.append(np.count_nonzero(mask[y : y + side, x : x + side]))
    return mask, image, np.array(sizes)


def test_bright_spots_are_counted_within_limits_of_size() -> None:
    mask, image, sizes = with_spots()
    large = sizes[sizes >= pi * 1.5**2]  # 60 / 20 across; the border of the lesion cuts some off
    assert 20 < len(large) < np.count_nonzero(sizes)
    found = described(mask, image)
    assert found["SpotCount"] == len(large)
    assert found["SpotAreaFraction"] == pytest.approx(large.sum() / np.count_nonzero(mask))
    cut = np.count_nonzero((sizes >= pi) & (sizes <= pi * 2**2))
    assert breast(mass(mask, image), spot_diameters=(2.0, 4.0))["SpotCount"] == cut
    any_size = breast(mass(mask, image, (0.1, 0.1)), spot_diameters=(0.19, 0.6))
    assert any_size["SpotCount"] == np.count_nonzero(sizes >= 3)  # pixels: 0.195 mm across
    assert described(mask, speckled(mask))["SpotCount"] <= 8  # of 11310 pixels, 0.13 % are above 3 sigma
    assert described(mask, np.where(mask, 50.0, 200.0))["SpotCount"] == 0


def test_openings_are_those_of_others() -> None:
    image = np.random.default_rng(2).normal(size=(40, 50))
    size, box = (5, 7), (2, 38, 10, 40)
    wide = around(image, box, (4, 6))
    opened = sliding(np.maximum, sliding(np.minimum, wide, *size), *size)
    expected = grey_opening(image, size=size, mode="nearest")[2:38, 10:40]
    np.testing.assert_array_equal(opened[4:-4], expected[4:-4])
    assert opened.shape == expected.shape
