"""pyradiomics' further image types: values by hand, and the crop as in the whole image."""

from __future__ import annotations

import pickle
from math import comb, pi, sqrt

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage, stats
from skimage.feature import local_binary_pattern

from radiomics_screen.core.errors import RegionError, SettingsError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.filters import FILTERS
from radiomics_screen.filters.gradient import gradient
from radiomics_screen.filters.lbp2d import lbp2d
from radiomics_screen.filters.lbp3d import excess_kurtosis, lbp3d
from radiomics_screen.filters.numerics.sphere import harmonics, icosphere
from radiomics_screen.filters.registry import Box
from radiomics_screen.imaging.volume import Volume

POINTWISE = ("Square", "SquareRoot", "Logarithm", "Exponential")
MM = (2.5, 0.8, 0.7)


def whole(array: np.ndarray) -> Box:
    z, y, x = (slice(0, n) for n in array.shape)
    return z, y, x


def line(*values: float, dtype: str = "float64") -> Volume:
    return Volume(np.array(values, dtype=dtype).reshape(1, 1, -1), MM)


def one(name: str, volume: Volume, box: Box | None = None, **options: object) -> np.ndarray:
    ((_, values),) = FILTERS[name](volume, whole(volume.array) if box is None else box, **options)
    return np.asarray(values)


def noise(shape: tuple[int, int, int], dtype: str = "int16", levels: int = 5) -> np.ndarray:
    """Few levels, so that ties are frequent; negative ones too where the type has them."""
    lowest = 0 if dtype.startswith("u") else -levels // 2
    return np.random.default_rng(1).integers(lowest, lowest + levels, shape).astype(dtype)


# Voxel by voxel


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Square", [16 / 9, 1 / 9, 0, 1 / 9, 9]),
        ("SquareRoot", [-6, -3, 0, 3, 9]),
        ("Logarithm", [-9 * np.log10(5), -9 * np.log10(2), 0, 9 * np.log10(2), 9]),
        ("Exponential", [9 ** (-4 / 9), 9 ** (-1 / 9), 1, 9 ** (1 / 9), 9]),
    ],
)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int16", "int8"])
def test_intensities_are_bent_and_scaled_by_the_largest(name: str, expected: list[float], dtype: str) -> None:
    values = one(name, line(-4, -1, 0, 1, 9, dtype=dtype))
    assert values.dtype == np.float64
    assert values.ravel() == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("name", POINTWISE)
def test_the_largest_intensity_may_lie_outside_the_box_and_be_negative(name: str) -> None:
    volume = line(3, 2, -32768, 5, dtype="int16")
    box = (slice(0, 1), slice(0, 1), slice(0, 2))
    assert volume.largest_magnitude == 32768
    assert np.array_equal(one(name, volume, box), one(name, volume)[box])


@pytest.mark.parametrize("name", POINTWISE)
def test_an_8_bit_image_does_not_overflow(name: str) -> None:
    wide = one(name, line(0, 100, 200, 255, dtype="int32"))
    assert np.array_equal(one(name, line(0, 100, 200, 255, dtype="uint8")), wide)
    assert wide.max() == pytest.approx(255)


@pytest.mark.parametrize("name", POINTWISE)
def test_an_image_without_a_largest_intensity_is_refused(name: str) -> None:
    with pytest.raises(RegionError, match="0 everywhere"):
        one(name, line(0, 0, 0))
    for wrong in (np.nan, np.inf, -np.inf):
        with pytest.raises(RegionError, match=r"NaN or infinite.*preCrop"):
            one(name, line(1, 2, wrong), (slice(0, 1), slice(0, 1), slice(0, 2)))


def test_the_largest_intensity_is_looked_for_once() -> None:
    volume = line(1, -7, 3)
    assert volume.largest_magnitude == 7
    volume.array[...] = 0
    assert volume.largest_magnitude == 7
    assert pickle.loads(pickle.dumps(volume)).largest_magnitude == 7


# Gradient


def test_gradient_of_a_ramp() -> None:
    z, y, x = np.indices((5, 6, 7))
    ramp = Volume((2 * z - 3 * y + 5 * x).astype(np.int16), MM)
    inside = (slice(1, 4), slice(1, 5), slice(1, 6))
    assert one("Gradient", ramp, inside) == pytest.approx(np.hypot(np.hypot(2 / 2.5, 3 / 0.8), 5 / 0.7))
    per_voxel = one("Gradient", ramp, inside, gradientUseSpacing=False)
    assert per_voxel == pytest.approx(sqrt(38))
    # at a corner the outermost voxel stands for what is beyond: half the differences
    assert one("Gradient", ramp, gradientUseSpacing=False)[0, 0, 0] == pytest.approx(sqrt(38) / 2)


@pytest.mark.parametrize("planar", [False, True])
def test_gradient_within_a_plane(planar: bool) -> None:
    y, x = np.indices((6, 7))
    slice_ = Volume((3 * y + 4 * x)[np.newaxis].astype(np.uint8), (1.0, 1.0, 1.0), planar)
    assert one("Gradient", slice_, (slice(0, 1), slice(2, 4), slice(2, 5))) == pytest.approx(5)


def test_gradient_is_that_of_the_toolkit_on_the_whole_image() -> None:
    volume = Volume(noise((6, 9, 8), "float32", 1000), MM)
    image = sitk.GetImageFromArray(volume.array)
    image.SetSpacing(MM[::-1])
    assert np.array_equal(one("Gradient", volume), sitk.GetArrayFromImage(sitk.GradientMagnitude(image)))
    assert next(gradient(volume, whole(volume.array)))[1].dtype == np.float32


# Local binary patterns in slices

#: Neighbours in the order of the bits: right, above, left, below.
CROSS = np.array([[0, 7, 0], [2, 5, 9], [0, 5, 0]])


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("default", 0b1011),  # right and above are brighter, below is equal
        ("ror", 0b0111),
        ("uniform", 3),
        ("var", ((9**2 + 7**2 + 2**2 + 5**2) - 23**2 / 4) / 4),
    ],
)
def test_pattern_of_four_neighbours(method: str, expected: float) -> None:
    cross = Volume(CROSS[np.newaxis].astype(np.uint8), MM, planar=True)
    centre = (slice(0, 1), slice(1, 2), slice(1, 2))
    assert one("LBP2D", cross, centre, lbp2DSamples=4, lbp2DMethod=method) == pytest.approx(expected)


def test_patterns_with_several_arcs_share_one_number() -> None:
    stripes = Volume(np.array([[[0, 1, 0], [9, 5, 9], [0, 1, 0]]], dtype=np.uint8), MM, planar=True)
    centre = (slice(0, 1), slice(1, 2), slice(1, 2))
    assert one("LBP2D", stripes, centre, lbp2DSamples=4) == 5


def test_everything_beyond_the_border_is_0() -> None:
    bright = one("LBP2D", Volume(np.full((1, 3, 3), 4), MM, True), lbp2DSamples=4, lbp2DMethod="default")
    assert bright[0].tolist() == [
        [0b1001, 0b1101, 0b1100],
        [0b1011, 0b1111, 0b1110],
        [0b0011, 0b0111, 0b0110],
    ]
    dark = one("LBP2D", Volume(np.full((1, 3, 3), -4), MM, True), lbp2DSamples=4, lbp2DMethod="default")
    assert (dark == 0b1111).all()


@pytest.mark.parametrize("method", ["default", "ror", "uniform", "var"])
@pytest.mark.parametrize(("samples", "radius"), [(8, 1.0), (5, 1.5), (12, 3.0)])
def test_patterns_are_those_of_scikit_image_to_the_bit(method: str, samples: int, radius: float) -> None:
    plane = noise((1, 60, 50), "uint8", 4)
    plane[0, 20:40, 20:40] = 3
    reference = local_binary_pattern(plane[0], samples, radius, method)
    reference[np.isnan(reference)] = 0
    options = {"lbp2DSamples": samples, "lbp2DRadius": radius, "lbp2DMethod": method}
    for rows, columns in ((slice(0, 60), slice(0, 50)), (slice(17, 44), slice(30, 50))):
        found = one("LBP2D", Volume(plane, MM, True), (slice(0, 1), rows, columns), **options)
        assert np.array_equal(found[0], reference[rows, columns])


@pytest.mark.parametrize("across", [0, 1, 2])
def test_patterns_lie_in_the_slices_asked_for(across: int) -> None:
    volume = Volume(noise((9, 8, 7)), MM)
    turned = volume.array.swapaxes(0, across)
    slices = [local_binary_pattern(plane, 8, 1, "default") for plane in turned]
    box = (slice(2, 7), slice(1, 6), slice(3, 5))
    found = one("LBP2D", volume, box, lbp2DMethod="default", force2Ddimension=across)
    assert np.array_equal(found, np.stack(slices).swapaxes(0, across)[box])


def test_a_volume_keeps_its_pixel_type() -> None:
    array = noise((2, 9, 9), "int16", 50)
    exact = one("LBP2D", Volume(array.astype(np.float64), MM), lbp2DMethod="var")
    assert np.array_equal(one("LBP2D", Volume(array, MM), lbp2DMethod="var"), np.trunc(exact))
    assert np.array_equal(
        one("LBP2D", Volume(array.astype(np.float32), MM), lbp2DMethod="var"), exact.astype(np.float32)
    )
    with collect_remarks() as notes:
        big = one("LBP2D", Volume(np.ones((1, 5, 5), np.uint8), MM), lbp2DMethod="default", lbp2DSamples=9)
    assert big[0, 2, 2] == 2**9 - 1
    assert notes == ["LBP2D: patterns up to 511 exceed the image's pixel type, uint8; they were kept"]


def test_patterns_that_cannot_be_made_are_refused() -> None:
    plane = Volume(np.ones((1, 5, 5)), MM, planar=True)
    with pytest.raises(SettingsError, match="up to 31 bits"):
        one("LBP2D", plane, lbp2DMethod="ror", lbp2DSamples=32)
    plane.array[0, 0, 0] = np.nan
    with pytest.raises(RegionError, match="within 2 voxels of the region"):
        one("LBP2D", plane, (slice(0, 1), slice(1, 3), slice(1, 3)))
    assert np.isfinite(one("LBP2D", plane, (slice(0, 1), slice(3, 5), slice(3, 5)))).all()


# Local binary patterns in 3-D


@pytest.mark.parametrize(("subdivisions", "count"), [(0, 12), (1, 42), (2, 162), (3, 642)])
def test_corners_lie_evenly_on_the_sphere(subdivisions: int, count: int) -> None:
    corners = icosphere(subdivisions, 1.5)
    assert corners.shape == (count, 3)
    assert np.linalg.norm(corners, axis=1) == pytest.approx(1.5)
    assert corners.mean(axis=0) == pytest.approx(0, abs=1e-12)
    assert np.cov(corners.T, bias=True) == pytest.approx(np.eye(3) * 1.5**2 / 3, abs=1e-12)
    assert len({tuple(np.round(c, 9)) for c in corners}) == count


def test_harmonics_by_their_closed_forms() -> None:
    polar, azimuth = np.array([0.3, 1.2, 2.9]), np.array([0.1, 4.0, -2.0])
    cosine, sine, turn = np.cos(polar), np.sin(polar), np.exp(1j * azimuth)
    assert harmonics(0, polar, azimuth)[0] == pytest.approx(sqrt(1 / (4 * pi)))
    first = sqrt(3 / (8 * pi)) * sine
    assert harmonics(1, polar, azimuth) == pytest.approx(
        np.stack([first / turn, sqrt(3 / (4 * pi)) * cosine, -first * turn])
    )
    assert harmonics(2, polar, azimuth)[4] == pytest.approx(sqrt(15 / (32 * pi)) * (sine * turn) ** 2)
    assert harmonics(2, polar, azimuth)[2] == pytest.approx(sqrt(5 / (16 * pi)) * (3 * cosine**2 - 1))


def test_a_constant_image_has_the_constant_pattern() -> None:
    flat = Volume(np.full((5, 6, 7), 40, dtype=np.uint8), MM)
    images = dict(lbp3d(flat, (slice(1, 4), slice(1, 5), slice(1, 6)), lbp3DLevels=3))
    assert list(images) == ["lbp-3D-m1", "lbp-3D-m2", "lbp-3D-m3", "lbp-3D-k"]
    assert images["lbp-3D-m1"] == pytest.approx(sqrt(42) * 42 / (4 * pi))
    assert (images["lbp-3D-k"] == -3).all()
    # half of what lies round a voxel in the face of the image is beyond the border, and 0
    face = dict(lbp3d(flat, (slice(0, 1), slice(2, 3), slice(2, 3)), lbp3DIcosphereSubdivision=0))
    inside = np.count_nonzero(icosphere(0, 1.0)[:, 0] >= 0)
    assert face["lbp-3D-m1"] == pytest.approx(sqrt(12) * inside / (4 * pi))
    share = inside / 12
    assert face["lbp-3D-k"] == pytest.approx(
        1 / (share * (1 - share)) - 6
    )  # of a coin with that share of heads


def test_a_bright_voxel_is_brighter_than_all_round_it() -> None:
    spot = np.zeros((7, 7, 7), dtype=np.int16)
    spot[3, 3, 3] = 100
    images = dict(lbp3d(Volume(spot, MM), (slice(3, 4),) * 3))
    assert images["lbp-3D-m1"] == images["lbp-3D-m2"] == 0


@pytest.mark.parametrize("direction", [(1, 0, 0), (0, 1, 0), (1, -2, 0.5)])
def test_kurtosis_of_a_ramp_is_that_of_a_coordinate_on_the_sphere(direction: tuple[float, ...]) -> None:
    """The corners integrate polynomials of degree 5 exactly: <z^4> / <z^2>^2 - 3 = (1/5) / (1/3)^2 - 3."""
    ramp = np.tensordot(direction, np.indices((30, 30, 30)).astype(np.float64), axes=1)
    box = (slice(14, 16),) * 3
    for subdivision in (0, 1):
        images = dict(lbp3d(Volume(ramp, MM), box, lbp3DIcosphereSubdivision=subdivision))
        assert images["lbp-3D-k"] == pytest.approx(-1.2, abs=1e-6)


def lbp3d_by_definition(array: np.ndarray, radius: float, levels: int) -> list[np.ndarray]:
    """Interpolate, compare and expand for every voxel of the whole image, as pyradiomics does."""
    corners = icosphere(1, radius)
    points = np.moveaxis(np.indices(array.shape), 0, -1)[..., np.newaxis, :] + corners
    sampled = ndimage.map_coordinates(array, np.moveaxis(points, -1, 0), order=3)
    pattern = sampled >= array[..., np.newaxis]
    polar, azimuth = np.arccos(corners[:, 2] / radius), np.arctan2(corners[:, 1], corners[:, 0])
    norms = []
    for degree in range(levels):
        waves = harmonics(degree, azimuth, polar)  # the angles in the wrong order, too
        norms.append(np.sqrt((((pattern @ waves.T) @ waves) ** 2).sum(axis=-1)).real)
    with np.errstate(all="ignore"):
        kurtosis = stats.kurtosis(sampled.astype(np.float64), axis=-1)
    return [*norms, kurtosis]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_patterns_in_3d_follow_their_definition(dtype: str) -> None:
    array = noise((6, 7, 60), dtype, 200)
    for found, expected in zip(
        lbp3d(Volume(array, MM), whole(array), lbp3DIcosphereRadius=1.5, lbp3DLevels=3),
        lbp3d_by_definition(array, 1.5, 3),
        strict=True,
    ):
        assert found[1] == pytest.approx(expected, rel=1e-5, abs=1e-5)


def test_kurtosis_is_the_published_one() -> None:
    rows = np.random.default_rng(0).normal(5, 2, (4, 42))
    rows[2] = 7
    heads = np.array([[1.0] * 5 + [0.0] * 15])
    assert excess_kurtosis(rows)[[0, 1, 3]] == pytest.approx(stats.kurtosis(rows[[0, 1, 3]], axis=1))
    assert excess_kurtosis(rows)[2] == -3
    assert excess_kurtosis(heads) == pytest.approx(16 / 3 - 6)
    binomial = np.repeat(np.arange(5.0), [comb(4, k) for k in range(5)])[np.newaxis]
    assert excess_kurtosis(binomial) == pytest.approx(-2 / 4)


def test_patterns_in_3d_that_cannot_be_made_are_refused() -> None:
    with pytest.raises(RegionError, match="needs a 3-D image"):
        list(lbp3d(Volume(np.ones((1, 9, 9)), MM, planar=True), (slice(0, 1),) * 3))
    hole = np.random.default_rng(0).normal(size=(5, 5, 100))
    hole[2, 2, 90] = np.inf
    with pytest.raises(RegionError, match="NaN or infinite values in the image near the region"):
        list(lbp3d(Volume(hole, MM), (slice(2, 3), slice(2, 3), slice(60, 61))))
    far = lbp3d(Volume(hole, MM), (slice(2, 3), slice(2, 3), slice(2, 3)))
    assert all(np.isfinite(values).all() for _, values in far)


# All of them

OPTIONS: dict[str, dict[str, object]] = {
    "LBP2D": {"lbp2DRadius": 2.0, "force2Ddimension": 1},
    "LBP3D": {"lbp3DIcosphereRadius": 2.0},
}


@pytest.mark.parametrize("name", [*POINTWISE, "Gradient", "LBP2D", "LBP3D"])
@pytest.mark.parametrize("shape", [(12, 60, 110), (1, 90, 100), (2, 1, 130)])
@pytest.mark.parametrize("dtype", ["int16", "float64"])
def test_the_crop_is_as_in_the_whole_image(name: str, shape: tuple[int, int, int], dtype: str) -> None:
    volume = Volume(noise(shape, dtype), MM)
    options = OPTIONS.get(name, {})
    full = dict(FILTERS[name](volume, whole(volume.array), **options))
    corner = tuple(slice(n - (n + 9) // 10, n) for n in shape)
    middle = tuple(slice(n // 2, n // 2 + (n + 9) // 10) for n in shape)
    for box in (corner, middle):
        for image, values in FILTERS[name](volume, box, **options):
            assert np.array_equal(values, full[image][box]), image


def test_names_are_pyradiomics() -> None:
    volume = Volume(noise((5, 5, 5)) + 9, MM)
    names = [n for f in (*POINTWISE, "Gradient") for n, _ in FILTERS[f](volume, whole(volume.array))]
    assert names == ["square", "squareroot", "logarithm", "exponential", "gradient"]
    assert [n for n, _ in lbp2d(volume, whole(volume.array))] == ["lbp-2D"]
    assert [n for n, _ in lbp3d(volume, whole(volume.array))] == ["lbp-3D-m1", "lbp-3D-m2", "lbp-3D-k"]
