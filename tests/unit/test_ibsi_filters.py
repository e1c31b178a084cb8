"""IBSI's filters: against their definitions written out voxel by voxel, and laws that hold for any image."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations, product
from math import cos, exp, factorial, pi, prod, radians, sin, sqrt

import numpy as np
import pytest
import pywt

from radiomics_screen.errors import RegionError, SettingsError
from radiomics_screen.filters import FILTERS, _gauss
from radiomics_screen.filters._fourier import riesz_factors, simoncelli_factors
from radiomics_screen.filters._frame import in_name
from radiomics_screen.filters.laws import TAPS
from radiomics_screen.filters.registry import LOCAL, Box
from radiomics_screen.imaging.volume import Volume
from radiomics_screen.settings import load_settings

BOUNDARIES = ("zero", "constant", "mirror", "nearest", "periodic")
SHAPE = (7, 9, 10)
VALUE = -40.0
TYPES = ("Mean", "LaplacianOfGaussian", "Laws", "Gabor", "SeparableWavelet")
FOURIER = ("Simoncelli", "RieszSimoncelli", "RieszLaplacianOfGaussian")

#: What a filter needs to be told, as short as it can be.
NEEDS: dict[str, dict[str, object]] = {
    "LaplacianOfGaussian": {"sigma": (1.2,)},
    "RieszLaplacianOfGaussian": {"sigma": (1.2,)},
    "Gabor": {"sigma": (0.8,), "gaborWavelength": 2.5, "gaborThetaStep": 60.0},
    "SeparableWavelet": {"wavelet": "db2", "waveletLevels": (1, 2)},
}


def noise(shape: tuple[int, ...] = SHAPE, dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, shape).astype(dtype)


def cubes(array: np.ndarray, planar: bool = False) -> Volume:
    return Volume(array, (1.0, 1.0, 1.0), planar)


def whole(array: np.ndarray) -> Box:
    z, y, x = (slice(0, n) for n in array.shape)
    return z, y, x


def filtered(name: str, volume: Volume, box: Box | None = None, **options: object) -> dict[str, np.ndarray]:
    values = FILTERS[name](volume, whole(volume.array) if box is None else box, **options)
    return {image: np.asarray(array) for image, array in values}


def one(name: str, volume: Volume, box: Box | None = None, **options: object) -> np.ndarray:
    (values,) = filtered(name, volume, box, **options).values()
    return values


# The definitions, written out


def source(position: int, length: int, boundary: str) -> int | None:
    """Walk back to the image, one reflection or period at a time; None where there is no voxel."""
    while not 0 <= position < length:
        if boundary == "mirror":
            position = -1 - position if position < 0 else 2 * length - 1 - position
        elif boundary == "periodic":
            position += length if position < 0 else -length
        elif boundary == "nearest":
            position = 0 if position < 0 else length - 1
        else:
            return None
    return position


def continued(image: np.ndarray, margins: tuple[int, ...], boundary: str) -> np.ndarray:
    wide = np.full([n + 2 * m for n, m in zip(image.shape, margins, strict=True)], VALUE)
    if boundary == "zero":
        wide[:] = 0
    for place in np.ndindex(wide.shape):
        found = [source(p - m, n, boundary) for p, m, n in zip(place, margins, image.shape, strict=True)]
        if None not in found:
            wide[place] = image[tuple(found)]
    return wide


def convolved(image: np.ndarray, kernel: np.ndarray, boundary: str) -> np.ndarray:
    """Sum over the kernel's offsets; it is centred, with an odd number of values along each axis."""
    margins = tuple(n // 2 for n in kernel.shape)
    wide = continued(image, margins, boundary)
    total = np.zeros(image.shape, dtype=kernel.dtype)
    for place in np.ndindex(kernel.shape):
        corner = [2 * m - p for p, m in zip(place, margins, strict=True)]  # minus the offset
        total += (
            kernel[place] * wide[tuple(slice(c, c + n) for c, n in zip(corner, image.shape, strict=True))]
        )
    return total


def outer(*kernels: list[float]) -> np.ndarray:
    """The kernel of an array (z, y, x) from those along x, y and z; even ones get a zero behind."""
    x, y, *z = ([*k, 0.0] if len(k) % 2 == 0 else k for k in kernels)
    return np.einsum("i,j,k->ijk", z[0] if z else [1.0], y, x)


def rotations(function: Callable[[np.ndarray], np.ndarray], image: np.ndarray) -> list[np.ndarray]:
    """Turn the image, filter it, turn the response back; in 2-D where there is one slice."""
    flat = image.shape[0] == 1
    responses = []
    for order, flips in product(permutations(range(3)), product((1, -1), repeat=3)):
        matrix = np.eye(3)[list(order)] * np.array(flips)
        if np.linalg.det(matrix) < 0 or (flat and (order[0] != 0 or flips[0] < 0)):
            continue
        cut = tuple(slice(None, None, f) for f in flips)
        response = function(image.transpose(order)[cut])
        responses.append(response[cut].transpose(np.argsort(order)))
    assert len(responses) == (4 if flat else 24)
    return responses


def log_kernel(sigma: float, dimensions: int, cutoff: float = 4.0) -> np.ndarray:
    reach = int(cutoff * sigma + 0.5)
    sides = [range(-reach, reach + 1)] * dimensions
    height = -1 / sigma**2 * (1 / (sqrt(2 * pi) * sigma)) ** dimensions
    squares = np.array([sum(k**2 for k in place) for place in product(*sides)]) / sigma**2
    kernel = height * (dimensions - squares) * np.exp(-squares / 2)
    return kernel.reshape([1] * (3 - dimensions) + [2 * reach + 1] * dimensions)


def gabor_kernel(sigma: float, wavelength: float, gamma: float, theta: float) -> np.ndarray:
    """In the axial plane: the first axis is x."""
    reach = 9
    kernel = np.zeros((1, 2 * reach + 1, 2 * reach + 1), dtype=complex)
    for y, x in product(range(-reach, reach + 1), repeat=2):
        u, v = x * cos(theta) + y * sin(theta), -x * sin(theta) + y * cos(theta)
        fall = exp(-(u**2 + gamma**2 * v**2) / (2 * sigma**2))
        kernel[0, y + reach, x + reach] = fall * np.exp(2j * pi * u / wavelength)
    return kernel


def laws_kernel(name: str) -> np.ndarray:
    parts = [TAPS[name[i : i + 2]] for i in range(0, len(name), 2)]
    return outer(*([t / sqrt(sum(s * s for s in part)) for t in part] for part in parts))


def in_slices(function: Callable[[np.ndarray], np.ndarray], image: np.ndarray, flat: int) -> np.ndarray:
    """Filter each slice across an axis as an image (1, second axis, first axis)."""
    slices = [function(plane[np.newaxis])[0] for plane in np.moveaxis(image, flat, 0)]
    return np.moveaxis(np.array(slices), 0, flat)


# Filters of finite reach


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_mean_is_the_mean_of_the_surroundings(boundary: str) -> None:
    image = noise()
    options = {"meanSupport": (3, 5), "boundary": boundary, "boundaryValue": VALUE}
    for size, found in zip((3, 5), filtered("Mean", cubes(image), **options).values(), strict=True):
        np.testing.assert_allclose(found, convolved(image, np.full((size,) * 3, size**-3.0), boundary))
    for flat in range(3):
        sides = [1 if axis == flat else 5 for axis in range(3)]
        found = one(
            "Mean", cubes(image), **options | {"meanSupport": (5,)}, force2D=True, force2Ddimension=flat
        )
        np.testing.assert_allclose(found, convolved(image, np.full(sides, 1 / 25), boundary))


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_laplacian_of_gaussian_is_its_formula(boundary: str) -> None:
    image = noise()
    options = {"boundary": boundary, "boundaryValue": VALUE}
    found = one("LaplacianOfGaussian", cubes(image), sigma=(0.9,), **options)
    np.testing.assert_allclose(found, convolved(image, log_kernel(0.9, 3), boundary), atol=1e-10)
    found = one("LaplacianOfGaussian", cubes(image), sigma=(0.9,), logCutoff=2.0, **options)
    np.testing.assert_allclose(found, convolved(image, log_kernel(0.9, 3, 2.0), boundary), atol=1e-10)
    kernel = log_kernel(1.3, 2)
    for flat in range(3):
        found = one(
            "LaplacianOfGaussian", cubes(image), sigma=(1.3,), force2D=True, force2Ddimension=flat, **options
        )
        expected = in_slices(lambda plane: convolved(plane, kernel, boundary), image, flat)
        np.testing.assert_allclose(found, expected, atol=1e-10)


def test_laplacian_is_round_in_mm_and_negative_on_a_bright_spot() -> None:
    image = np.zeros((9, 17, 17))
    image[4, 8, 8] = 1
    found = one("LaplacianOfGaussian", Volume(image, (2.0, 1.0, 1.0)), sigma=(2.0,))
    assert found[4, 8, 8] == found.min() < 0
    np.testing.assert_allclose(found[3, 8, 8], found[4, 8, 10])
    np.testing.assert_allclose(found[4, 10, 8], found[4, 8, 10])
    equal = one("LaplacianOfGaussian", Volume(image, (2.0, 2.0, 2.0)), sigma=(3.0,))
    np.testing.assert_allclose(equal, one("LaplacianOfGaussian", cubes(image), sigma=(1.5,)))


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("name", ["E5L5S5", "E3W5R5", "L3E3S3"])
def test_laws_is_a_convolution_with_letters_in_x_y_z_order(name: str, boundary: str) -> None:
    image = noise()
    found = one("Laws", cubes(image), lawsKernels=(name,), boundary=boundary, boundaryValue=VALUE)
    np.testing.assert_allclose(found, convolved(image, laws_kernel(name), boundary), atol=1e-9)


def test_laws_on_a_ramp_by_hand() -> None:
    ramp = np.broadcast_to(np.arange(9.0), (9, 9, 9))  # rises along x
    at = (4, 4, 4)
    assert one("Laws", cubes(ramp), lawsKernels=("E3L3L3",))[at] == pytest.approx(-2 / sqrt(2) * 16 / 6)
    assert one("Laws", cubes(ramp), lawsKernels=("L3E3L3",))[at] == pytest.approx(0)
    found = one("Laws", cubes(ramp), lawsKernels=("E3L3L3",), rotationInvariance=True)[at]
    assert found == pytest.approx(2 / sqrt(2) * 16 / 6)
    found = one("Laws", cubes(ramp), lawsKernels=("E3L3L3",), rotationInvariance=True, pooling="mean")
    np.testing.assert_allclose(found, 0, atol=1e-12)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("pooling", ["max", "mean", "min"])
def test_laws_energy_is_the_mean_magnitude_after_pooling(pooling: str, boundary: str) -> None:
    join = {"max": np.max, "mean": np.mean, "min": np.min}[pooling]
    options = {"rotationInvariance": True, "pooling": pooling, "boundary": boundary, "boundaryValue": VALUE}
    for image, name, size in ((noise(), "E5L5S3", (5, 5, 5)), (noise((1, 9, 10)), "W5S5", (1, 5, 5))):
        volume = cubes(image, planar=len(name) == 4)
        turned = rotations(lambda part, name=name: convolved(part, laws_kernel(name), boundary), image)
        pooled = join(turned, axis=0)
        np.testing.assert_allclose(one("Laws", volume, lawsKernels=(name,), **options), pooled, atol=1e-9)
        found = one("Laws", volume, lawsKernels=(name,), lawsEnergyDistance=2, **options)
        expected = convolved(abs(pooled), np.full(size, 1 / prod(size)), boundary)
        np.testing.assert_allclose(found, expected, atol=1e-9)


def spread(taps: list[float], level: int) -> list[float]:
    return [value for tap in taps for value in (tap, *[0.0] * (2 ** (level - 1) - 1))]


def band_of(image: np.ndarray, name: str, band: str, level: int, boundary: str) -> np.ndarray:
    """The low-pass filters of the levels below, then the letters; each level continues the image anew."""
    taps = pywt.Wavelet(name)
    filters = {"L": list(taps.dec_lo), "H": list(taps.dec_hi)}
    for below in range(1, level):
        image = convolved(image, outer(*[spread(filters["L"], below)] * len(band)), boundary)
    return convolved(image, outer(*(spread(filters[letter], level) for letter in band)), boundary)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize(("name", "level"), [("db2", 1), ("haar", 2), ("coif1", 1)])
def test_wavelet_bands_are_convolutions(name: str, level: int, boundary: str) -> None:
    image = noise((6, 7, 8))
    options = {"wavelet": name, "waveletLevels": (level,), "boundary": boundary, "boundaryValue": VALUE}
    found = filtered("SeparableWavelet", cubes(image), **options)
    order = ["LLL", "LLH", "LHL", "LHH", "HLL", "HLH", "HHL", "HHH"]
    assert [image_name.split("-")[4] for image_name in found] == order
    for band in ("LLH", "HHL") if name == "coif1" else ("LLL", "HLH"):
        (values,) = (values for image_name, values in found.items() if f"-{band}-" in image_name)
        np.testing.assert_allclose(values, band_of(image, name, band, level, boundary), atol=1e-9)
    found = filtered("SeparableWavelet", cubes(image), force2D=True, force2Ddimension=1, **options)
    for values, band in zip(found.values(), ("LL", "LH", "HL", "HH"), strict=True):
        expected = in_slices(lambda plane, b=band: band_of(plane, name, b, level, boundary), image, 1)
        np.testing.assert_allclose(values, expected, atol=1e-9)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("level", [1, 2])
def test_rotations_turn_the_whole_transform(level: int, boundary: str) -> None:
    for image, bands in ((noise((5, 6, 7)), ("LHL", "HHL")), (noise((1, 6, 7)), ("HL", "LL"))):
        for pooling, join in (("mean", np.mean), ("max", np.max)):
            found = filtered(
                "SeparableWavelet", cubes(image, planar=len(bands[0]) == 2), wavelet="haar", pooling=pooling,
                waveletLevels=(level,), waveletBands=bands, rotationInvariance=True, boundary=boundary,
                boundaryValue=VALUE,
            )  # fmt: skip
            for values, band in zip(found.values(), bands, strict=True):
                turned = rotations(lambda part, b=band: band_of(part, "haar", b, level, boundary), image)
                np.testing.assert_allclose(values, join(turned, axis=0), atol=1e-9)


GABOR = {"sigma": (1.1,), "gaborWavelength": 3.0, "gaborGamma": 0.9}


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("part", ["modulus", "real", "imaginary"])
def test_gabor_is_its_formula_within_slices(part: str, boundary: str) -> None:
    image = noise((3, 8, 9))
    kernel = gabor_kernel(1.1, 3.0, 0.9, radians(25))
    take = {"modulus": np.abs, "real": np.real, "imaginary": np.imag}[part]
    for flat in range(3):
        found = one(
            "Gabor", cubes(image), **GABOR, gaborTheta=25.0, gaborResponse=part, force2D=True,
            force2Ddimension=flat, boundary=boundary, boundaryValue=VALUE,
        )  # fmt: skip
        expected = in_slices(lambda plane: take(convolved(plane, kernel, boundary)), image, flat)
        np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("step", [90.0, 120.0])
@pytest.mark.parametrize("pooling", ["max", "mean", "min"])
@pytest.mark.parametrize("part", ["modulus", "real", "imaginary"])
def test_gabor_pools_a_full_turn_and_averages_the_planes(part: str, pooling: str, step: float) -> None:
    image = noise((4, 7, 6))
    take = {"modulus": np.abs, "real": np.real, "imaginary": np.imag}[part]
    join = {"max": np.max, "mean": np.mean, "min": np.min}[pooling]
    kernels = [gabor_kernel(1.1, 3.0, 0.9, radians(10 + n * step)) for n in range(round(360 / step))]

    def in_plane(plane: np.ndarray) -> np.ndarray:
        return np.asarray(join([take(convolved(plane, kernel, "mirror")) for kernel in kernels], axis=0))

    expected = np.mean([in_slices(in_plane, image, flat) for flat in range(3)], axis=0)
    options = {"gaborTheta": 10.0, "gaborThetaStep": step, "gaborResponse": part, "pooling": pooling}
    np.testing.assert_allclose(one("Gabor", cubes(image), **GABOR, **options), expected, atol=1e-6)


def test_gabor_sees_a_wave_along_its_direction_in_mm() -> None:
    y, x = np.mgrid[:24, :24]
    across, along = 2.0 * y, 1.0 * x
    waves = np.cos(2 * pi * (along + across) / sqrt(2) / 6.0)  # along the diagonal in mm
    volume = Volume(waves[np.newaxis], (1.0, 2.0, 1.0), planar=True)
    responses = {
        theta: one("Gabor", volume, sigma=(4.0,), gaborWavelength=6.0, gaborTheta=theta)[0, 12, 12]
        for theta in (0.0, 45.0, 90.0, 135.0)
    }
    assert max(responses, key=lambda theta: responses[theta]) == 45.0
    assert responses[45.0] > 5 * responses[135.0]


# Filters by the Fourier transform


def bands_by_definition(image: np.ndarray, level: int) -> np.ndarray:
    """The full complex transform on the grid from -1 to 1."""
    axes = [np.fft.ifftshift((np.arange(n) - (n - 1) / 2) / max((n - 1) / 2, 0.5)) for n in image.shape]
    radius = np.sqrt(sum(np.square(a) for a in np.ix_(*axes)))
    highest = 2.0 ** (1 - level)
    inside = (radius <= highest) & (radius >= highest / 4)
    factor = np.zeros(image.shape)
    factor[inside] = np.cos(pi / 2 * np.log2(2 * radius[inside] / highest))
    return np.fft.ifftn(np.fft.fftn(image) * factor).real


def riesz_by_definition(image: np.ndarray, order: tuple[int, int, int]) -> np.ndarray:
    """Order along x, y, z, so reversed along the array's axes."""
    axes = np.ix_(*(np.fft.fftfreq(n) for n in image.shape))
    length = np.sqrt(sum(np.square(a) for a in axes))
    length[0, 0, 0] = 1
    total = sum(order)
    factor = (-1j) ** total * sqrt(factorial(total) / prod(factorial(o) for o in order))
    for axis, power in zip(axes, order[::-1], strict=True):
        factor = factor * axis**power
    factor = factor / length**total
    factor[0, 0, 0] = 0
    return np.fft.ifftn(np.fft.fftn(image) * factor).real


@pytest.mark.parametrize("shape", [(9, 11, 13), (8, 10, 12), (1, 10, 11)])
def test_fourier_filters_are_their_formulas_on_a_periodic_image(shape: tuple[int, int, int]) -> None:
    image = noise(shape)
    for level in (1, 2):
        options = {"waveletLevels": (level,), "boundary": "periodic"}
        band = bands_by_definition(image, level)
        np.testing.assert_allclose(one("Simoncelli", cubes(image), **options), band, atol=1e-9)
        for order in ((1, 0, 0), (0, 2, 0), (1, 1, 1), (2, 0, 1)):
            found = one("RieszSimoncelli", cubes(image), rieszOrder=order, **options)
            np.testing.assert_allclose(found, riesz_by_definition(band, order), atol=1e-9)
    spots = one("LaplacianOfGaussian", cubes(image), sigma=(1.2,), boundary="periodic")
    for order in ((1, 0, 0), (0, 2, 0), (0, 1, 2)):
        options = {"sigma": (1.2,), "rieszOrder": order, "boundary": "periodic"}
        found = one("RieszLaplacianOfGaussian", cubes(image), **options)
        np.testing.assert_allclose(found, riesz_by_definition(spots, order), atol=1e-9)


@pytest.mark.parametrize("flat", [0, 1, 2])
def test_fourier_filters_within_slices(flat: int) -> None:
    image = noise((8, 9, 10))
    options = {"boundary": "periodic", "force2D": True, "force2Ddimension": flat}
    found = one("Simoncelli", cubes(image), **options)
    expected = in_slices(lambda plane: bands_by_definition(plane, 1), image, flat)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    order = [2, 2, 2]
    order[2 - flat] = 0
    first, second = (o for o in order if o)
    found = one("RieszSimoncelli", cubes(image), rieszOrder=tuple(order), **options)
    expected = in_slices(lambda plane: riesz_by_definition(plane, (first, second, 0)), expected, flat)
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("boundary", ["zero", "constant", "mirror", "nearest"])
def test_fourier_filters_continue_the_image_first(boundary: str) -> None:
    image = noise((4, 5, 6))
    margin, lengths = 16, (36, 40, 40)  # the lengths that transform fast from 36, 37 and 38 on
    wide = continued(image, (margin + 4,) * 3, boundary)[4:, 4:, 4:]
    wide = wide[tuple(slice(0, n) for n in lengths)]
    inner = tuple(slice(margin, margin + n) for n in image.shape)
    found = one("Simoncelli", cubes(image), boundary=boundary, boundaryValue=VALUE)
    np.testing.assert_allclose(found, bands_by_definition(wide, 1)[inner], atol=1e-9)


def test_bands_and_orders_add_up() -> None:
    """Squares of neighbouring bands have the sum 1 where no third acts; so have all orders of a degree."""
    lengths = (15, 17, 19)
    part = slice(0, lengths[0])
    squares = sum(np.abs(simoncelli_factors(level)(part, lengths)) ** 2 for level in (1, 2, 3))
    axes = [np.linspace(-1, 1, n) for n in lengths]
    radius = np.fft.ifftshift(np.sqrt(sum(np.square(a) for a in np.ix_(*axes))))[..., : lengths[-1] // 2 + 1]
    covered = (radius >= 1 / 8) & (radius <= 1 / 2)
    np.testing.assert_allclose(squares[covered], 1)
    for total in (1, 2, 3):
        orders = [o for o in product(range(total + 1), repeat=3) if sum(o) == total]
        squares = sum(np.abs(riesz_factors(o, (1.0, 2.0, 0.7))(part, lengths)) ** 2 for o in orders)
        assert squares.flat[0] == 0
        np.testing.assert_allclose(squares.flat[1:], 1)


def test_riesz_of_the_first_order_has_its_zero_on_the_spot_and_the_sign_of_the_slope() -> None:
    image = np.zeros((17, 17, 17))
    image[8, 8, 8] = -1
    found = one("RieszLaplacianOfGaussian", cubes(image), sigma=(1.5,), rieszOrder=(1, 0, 0))
    assert abs(found[8, 8, 8]) < 1e-2 * found.max()
    assert found[8, 8, 10] == pytest.approx(-found[8, 8, 6], rel=1e-2)
    assert found[8, 8, 10] > 10 * abs(found[8, 10, 8])


# What holds for all of them


def options_of_all(name: str) -> list[dict[str, object]]:
    base = NEEDS.get(name, {})
    more: dict[str, list[dict[str, object]]] = {
        "Laws": [{}, {"rotationInvariance": True, "lawsEnergyDistance": 3}],
        "SeparableWavelet": [{}, {"rotationInvariance": True, "waveletBands": ("LLH", "HLH")}],
    }
    return [base | extra for extra in more.get(name, [{}])]


def boxes(shape: tuple[int, ...]) -> list[Box]:
    """Inside, in two corners, at an edge, and a single voxel."""
    z, y, x = shape
    return [
        (slice(z // 2, z // 2 + 1), slice(y // 3, y // 2 + 1), slice(x // 3, x // 2 + 1)),
        (slice(0, 2), slice(0, 3), slice(0, 4)),
        (slice(z - 2, z), slice(y - 3, y), slice(x - 1, x)),
        (slice(0, z), slice(y - 4, y), slice(2, 6)),
        (slice(1, 2), slice(0, 1), slice(x - 1, x)),
    ]


@pytest.mark.parametrize("name", [*TYPES, *FOURIER])
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_box_gets_its_part_of_the_whole_image(name: str, boundary: str) -> None:
    image = noise((14, 17, 18), "int16")
    image.flags.writeable = False
    for options in options_of_all(name):
        options = options | {"boundary": boundary, "boundaryValue": VALUE}
        full = filtered(name, cubes(image), **options)
        for box in boxes(image.shape):
            part = filtered(name, cubes(image), box, **options)
            assert list(part) == list(full)
            for image_name, values in part.items():
                assert values.dtype == np.float64
                if name in LOCAL:
                    np.testing.assert_array_equal(values, full[image_name][box])
                else:
                    np.testing.assert_allclose(values, full[image_name][box], atol=1e-9)


@pytest.mark.parametrize("name", [*TYPES, *FOURIER])
@pytest.mark.parametrize("flat", [0, 1, 2])
def test_slices_are_filtered_as_2d_images(name: str, flat: int) -> None:
    image = noise((5, 6, 7), "float32")
    options: dict[str, object] = dict(NEEDS.get(name, {}))
    order, planar_order = [1, 1, 1], (1, 1, 0)
    order[2 - flat] = 0
    if name.startswith("Riesz"):
        options["rieszOrder"] = tuple(order)
    if name == "Laws":
        options["lawsKernels"] = ("L5E3",)
    found = filtered(name, cubes(image), force2D=True, force2Ddimension=flat, **options)
    box = tuple(slice(2, 3) if axis == flat else slice(0, n) for axis, n in enumerate(image.shape))
    if name.startswith("Riesz"):
        options["rieszOrder"] = planar_order
    plane = np.moveaxis(image, flat, 0)[2:3]
    expected = filtered(name, cubes(plane, planar=True), **options)
    for values, single in zip(found.values(), expected.values(), strict=True):
        np.testing.assert_allclose(values[box].reshape(single.shape), single, atol=1e-9)
    if flat == 0 and not name.startswith("Riesz"):
        assert list(found) == list(expected)


@pytest.mark.parametrize("name", ["Mean", "LaplacianOfGaussian", "Laws", "SeparableWavelet", "Simoncelli"])
@pytest.mark.parametrize("boundary", ["zero", "mirror", "periodic"])
def test_a_turned_image_gives_the_turned_response(name: str, boundary: str) -> None:
    image = noise((7, 9, 11))
    options = NEEDS.get(name, {}) | {"boundary": boundary}
    if name in ("Laws", "SeparableWavelet"):
        options |= {"rotationInvariance": True}
    if name == "Laws":
        options |= {"lawsKernels": ("L5E5S3",)}
    if name == "SeparableWavelet":
        options |= {"waveletBands": ("LHL",)}
    if name == "Simoncelli":
        options |= {"boundary": "periodic"}  # else lengths that transform fast lengthen one end only
    upright = filtered(name, cubes(image), **options)
    for axes in ((0, 1), (1, 2), (0, 2)):
        turned = filtered(name, cubes(np.rot90(image, axes=axes)), **options)
        for key, values in turned.items():
            np.testing.assert_allclose(values, np.rot90(upright[key], axes=axes), atol=1e-9)


@pytest.mark.parametrize("name", [*TYPES, *FOURIER])
def test_images_thinner_than_the_kernel(name: str) -> None:
    for shape in ((1, 8, 9), (2, 1, 9)):
        for boundary in BOUNDARIES:
            for values in filtered(
                name, cubes(noise(shape)), boundary=boundary, **NEEDS.get(name, {})
            ).values():
                assert values.shape == shape
                assert np.isfinite(values).all()


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_slabs_of_the_laplacian_make_no_difference(boundary: str, monkeypatch: pytest.MonkeyPatch) -> None:
    volume, options = (
        cubes(noise((24, 5, 6))),
        {"sigma": (0.6,), "boundary": boundary, "boundaryValue": VALUE},
    )
    names = ("LaplacianOfGaussian", "RieszLaplacianOfGaussian")
    before = [one(name, volume, **options) for name in names]
    monkeypatch.setattr(_gauss, "_CHUNK", 1)
    for name, values in zip(names, before, strict=True):
        np.testing.assert_array_equal(one(name, volume, **options), values)


def test_names_tell_images_apart() -> None:
    volume, tiny = cubes(noise((3, 4, 5))), (slice(0, 1),) * 3
    asked: list[tuple[str, dict[str, object]]] = [
        *(("Mean", {"meanSupport": (3, 5), "boundary": boundary}) for boundary in BOUNDARIES),
        ("Mean", {"boundary": "constant", "boundaryValue": -0.5}),
        *(("Mean", {"force2D": True, "force2Ddimension": flat}) for flat in range(3)),
        *(("LaplacianOfGaussian", {"sigma": (1, 1.5), "logCutoff": cutoff}) for cutoff in (3.0, 4.0)),
        *(("Laws", {"lawsKernels": ("L5E5E5", "E5L5E5"), "lawsEnergyDistance": d}) for d in (None, 2, 3)),
        *(("Laws", {"rotationInvariance": True, "pooling": pooling}) for pooling in ("max", "mean", "min")),
        *(("SeparableWavelet", {"wavelet": w, "waveletLevels": (1, 2)}) for w in ("bior1.3", "db2")),
        ("SeparableWavelet", {"rotationInvariance": True}),
        *(("Simoncelli", {"waveletLevels": (1, 2), "boundary": b}) for b in ("zero", "periodic")),
        *(("RieszSimoncelli", {"rieszOrder": order}) for order in ((1, 0, 0), (0, 2, 0))),
        ("RieszLaplacianOfGaussian", {"sigma": (1.0, 1.5)}),
        *(
            ("Gabor", {"sigma": (1, 1.5), "gaborWavelength": 2.0} | extra)
            for extra in (
                {}, {"gaborWavelength": 2.5}, {"gaborGamma": 0.5}, {"gaborTheta": -30.0},
                {"gaborThetaStep": 90.0}, {"gaborThetaStep": 90.0, "pooling": "mean"},
                {"gaborResponse": "real"}, {"force2D": True},
            )
        ),
    ]  # fmt: skip
    names = [name for image_type, options in asked for name in filtered(image_type, volume, tiny, **options)]
    assert len(set(names)) == len(names)
    assert not [name for name in names if set(name) & set("._ ")]
    assert "mean-3-3D" in names
    assert "mean-3-3D-constant-minus0-5" in names
    assert "mean-3-2D-y" in names
    assert "laws-L5E5E5-3D-rot-mean" in names
    assert "gabor-sigma-1-lambda-2-mm-gamma-1-theta-minus30-3D" in names
    assert [in_name(n) for n in (0.5, 1e-7, 12.0)] == ["0-5", "1e-07", "12"]


@pytest.mark.parametrize(
    ("name", "options", "planar", "message"),
    [
        (
            "Laws",
            {"lawsKernels": ("L5E5E5",)},
            True,
            "'L5E5E5' are 3, and the image is filtered in 2-D; give two",
        ),
        (
            "Laws",
            {"lawsKernels": ("L5E5",)},
            False,
            "'L5E5' are 2, and .* 3-D; give three, such as L5E5E5, or set",
        ),
        ("SeparableWavelet", {"waveletBands": ("LLH",)}, True, "'LLH' has 3 letters, .* 2-D; give 2 letters"),
        ("SeparableWavelet", {"waveletBands": ("LH",)}, False, "'LH' has 2 letters, .* or set force2D: true"),
        (
            "RieszSimoncelli",
            {"rieszOrder": (0, 0, 1)},
            True,
            r"rieszOrder \[0, 0, 1\] \(x, y, z\) .* along z",
        ),
        ("RieszLaplacianOfGaussian", {"sigma": (1.0,), "rieszOrder": (0, 0, 2)}, True, "along z"),
    ],
)
def test_what_does_not_fit_the_image(
    name: str, options: dict[str, object], planar: bool, message: str
) -> None:
    with pytest.raises(RegionError, match=message):
        filtered(name, cubes(noise((1 if planar else 4, 5, 6)), planar), **options)


@pytest.mark.parametrize("name", [*TYPES, *FOURIER])
def test_values_that_are_not_finite_are_an_error_where_they_reach(name: str) -> None:
    image = noise((3, 40, 40), "float64")
    image[1, 1, 1] = np.nan
    near, far = (slice(1, 2), slice(2, 4), slice(2, 4)), (slice(1, 2), slice(38, 39), slice(38, 39))
    with pytest.raises(RegionError, match=f"{name}: there are NaN or infinite values"):
        filtered(name, cubes(image), near, **NEEDS.get(name, {}))
    if name in TYPES:
        for values in filtered(name, cubes(image), far, **NEEDS.get(name, {})).values():
            assert np.isfinite(values).all()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("Mean", {"meanSupport": [4]}, "meanSupport: expected an odd number"),
        ("Laws", {"lawsKernels": ["L5X5E5"]}, "'L5X5E5' is not a sequence of two"),
        ("Laws", {"lawsKernels": ["L5"]}, "'L5' is not a sequence of two"),
        ("SeparableWavelet", {"waveletBands": ["LLA"]}, "'LLA' is not a band"),
        ("RieszSimoncelli", {"rieszOrder": [0, 0, 0]}, "expected three orders"),
        ("RieszSimoncelli", {"rieszOrder": [1, 0]}, "expected three orders"),
        ("Gabor", {"sigma": [1], "gaborWavelength": 2, "gaborThetaStep": 50}, "a part of a full turn"),
        ("Gabor", {"sigma": [1]}, "needs 'gaborWavelength'"),
        ("Mean", {"boundary": "wrap"}, "boundary: expected 'zero'"),
    ],
)
def test_parameter_files_are_checked(name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_settings({"imageType": {name: options}})
