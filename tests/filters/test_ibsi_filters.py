"""Each of IBSI's filters against its definition, written out voxel by voxel."""

from __future__ import annotations

from itertools import product
from math import pi, prod, radians, sqrt

import numpy as np
import pytest

from radiomics_screen.filters.numerics.fourier import riesz_factors, simoncelli_factors
from radiomics_screen.imaging.volume import Volume
from tests.helpers.naive_filters import (
    BOUNDARIES,
    VALUE,
    band_of,
    bands_by_definition,
    continued,
    convolved,
    cubes,
    filtered,
    gabor_kernel,
    in_slices,
    laws_kernel,
    log_kernel,
    noise,
    one,
    riesz_by_definition,
    rotations,
)

# Filters of finite reach


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_mean_is_the_mean_of_the_surroundings(boundary: str) -> None:
    image = noise()
    options = {"mean_support": (3, 5), "boundary": boundary, "boundary_value": VALUE}
    for size, found in zip((3, 5), filtered("Mean", cubes(image), **options).values(), strict=True):
        np.testing.assert_allclose(found, convolved(image, np.full((size,) * 3, size**-3.0), boundary))
    for flat in range(3):
        sides = [1 if axis == flat else 5 for axis in range(3)]
        found = one(
            "Mean", cubes(image), **options | {"mean_support": (5,)}, force2D=True, force2Ddimension=flat
        )
        np.testing.assert_allclose(found, convolved(image, np.full(sides, 1 / 25), boundary))


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_laplacian_of_gaussian_is_its_formula(boundary: str) -> None:
    image = noise()
    options = {"boundary": boundary, "boundary_value": VALUE}
    found = one("LaplacianOfGaussian", cubes(image), sigma=(0.9,), **options)
    np.testing.assert_allclose(found, convolved(image, log_kernel(0.9, 3), boundary), atol=1e-10)
    found = one("LaplacianOfGaussian", cubes(image), sigma=(0.9,), log_cutoff=2.0, **options)
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
    found = one("Laws", cubes(image), laws_kernels=(name,), boundary=boundary, boundary_value=VALUE)
    np.testing.assert_allclose(found, convolved(image, laws_kernel(name), boundary), atol=1e-9)


def test_laws_on_a_ramp_by_hand() -> None:
    ramp = np.broadcast_to(np.arange(9.0), (9, 9, 9))  # rises along x
    at = (4, 4, 4)
    assert one("Laws", cubes(ramp), laws_kernels=("E3L3L3",))[at] == pytest.approx(-2 / sqrt(2) * 16 / 6)
    assert one("Laws", cubes(ramp), laws_kernels=("L3E3L3",))[at] == pytest.approx(0)
    found = one("Laws", cubes(ramp), laws_kernels=("E3L3L3",), rotation_invariance=True)[at]
    assert found == pytest.approx(2 / sqrt(2) * 16 / 6)
    found = one("Laws", cubes(ramp), laws_kernels=("E3L3L3",), rotation_invariance=True, pooling="mean")
    np.testing.assert_allclose(found, 0, atol=1e-12)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("pooling", ["max", "mean", "min"])
def test_laws_energy_is_the_mean_magnitude_after_pooling(pooling: str, boundary: str) -> None:
    join = {"max": np.max, "mean": np.mean, "min": np.min}[pooling]
    options = {"rotation_invariance": True, "pooling": pooling, "boundary": boundary, "boundary_value": VALUE}
    for image, name, size in ((noise(), "E5L5S3", (5, 5, 5)), (noise((1, 9, 10)), "W5S5", (1, 5, 5))):
        volume = cubes(image, planar=len(name) == 4)
        turned = rotations(lambda part, name=name: convolved(part, laws_kernel(name), boundary), image)
        pooled = join(turned, axis=0)
        np.testing.assert_allclose(one("Laws", volume, laws_kernels=(name,), **options), pooled, atol=1e-9)
        found = one("Laws", volume, laws_kernels=(name,), laws_energy_distance=2, **options)
        expected = convolved(abs(pooled), np.full(size, 1 / prod(size)), boundary)
        np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize(("name", "level"), [("db2", 1), ("haar", 2), ("coif1", 1)])
def test_wavelet_bands_are_convolutions(name: str, level: int, boundary: str) -> None:
    image = noise((6, 7, 8))
    options = {"wavelet": name, "wavelet_levels": (level,), "boundary": boundary, "boundary_value": VALUE}
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
                wavelet_levels=(level,), wavelet_bands=bands, rotation_invariance=True, boundary=boundary,
                boundary_value=VALUE,
            )  # fmt: skip
            for values, band in zip(found.values(), bands, strict=True):
                turned = rotations(lambda part, b=band: band_of(part, "haar", b, level, boundary), image)
                np.testing.assert_allclose(values, join(turned, axis=0), atol=1e-9)


GABOR = {"sigma": (1.1,), "gabor_wavelength": 3.0, "gabor_gamma": 0.9}


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("part", ["modulus", "real", "imaginary"])
def test_gabor_is_its_formula_within_slices(part: str, boundary: str) -> None:
    image = noise((3, 8, 9))
    kernel = gabor_kernel(1.1, 3.0, 0.9, radians(25))
    take = {"modulus": np.abs, "real": np.real, "imaginary": np.imag}[part]
    for flat in range(3):
        found = one(
            "Gabor", cubes(image), **GABOR, gabor_theta=25.0, gabor_response=part, force2D=True,
            force2Ddimension=flat, boundary=boundary, boundary_value=VALUE,
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
    options = {"gabor_theta": 10.0, "gabor_theta_step": step, "gabor_response": part, "pooling": pooling}
    np.testing.assert_allclose(one("Gabor", cubes(image), **GABOR, **options), expected, atol=1e-6)


def test_gabor_sees_a_wave_along_its_direction_in_mm() -> None:
    y, x = np.mgrid[:24, :24]
    across, along = 2.0 * y, 1.0 * x
    waves = np.cos(2 * pi * (along + across) / sqrt(2) / 6.0)  # along the diagonal in mm
    volume = Volume(waves[np.newaxis], (1.0, 2.0, 1.0), planar=True)
    responses = {
        theta: one("Gabor", volume, sigma=(4.0,), gabor_wavelength=6.0, gabor_theta=theta)[0, 12, 12]
        for theta in (0.0, 45.0, 90.0, 135.0)
    }
    assert max(responses, key=lambda theta: responses[theta]) == 45.0
    assert responses[45.0] > 5 * responses[135.0]


# Filters by the Fourier transform


@pytest.mark.parametrize("shape", [(9, 11, 13), (8, 10, 12), (1, 10, 11)])
def test_fourier_filters_are_their_formulas_on_a_periodic_image(shape: tuple[int, int, int]) -> None:
    image = noise(shape)
    for level in (1, 2):
        options = {"wavelet_levels": (level,), "boundary": "periodic"}
        band = bands_by_definition(image, level)
        np.testing.assert_allclose(one("Simoncelli", cubes(image), **options), band, atol=1e-9)
        for order in ((1, 0, 0), (0, 2, 0), (1, 1, 1), (2, 0, 1)):
            found = one("RieszSimoncelli", cubes(image), riesz_order=order, **options)
            np.testing.assert_allclose(found, riesz_by_definition(band, order), atol=1e-9)
    spots = one("LaplacianOfGaussian", cubes(image), sigma=(1.2,), boundary="periodic")
    for order in ((1, 0, 0), (0, 2, 0), (0, 1, 2)):
        options = {"sigma": (1.2,), "riesz_order": order, "boundary": "periodic"}
        found = one("RieszLaplacianOfGaussian", cubes(image), **options)
        np.testing.assert_allclose(found, riesz_by_definition(spots, order), atol=1e-9)


@pytest.mark.parametrize("shape", [(2, 2, 6), (4, 6, 2), (1, 4, 6), (3, 2, 4)])
def test_riesz_keeps_the_highest_frequencies_of_even_axes_that_are_real(shape: tuple[int, int, int]) -> None:
    image = noise(shape)
    spots = one("LaplacianOfGaussian", cubes(image), sigma=(1.2,), boundary="periodic")
    for order in product(range(3), repeat=3):
        if sum(order):
            options = {"sigma": (1.2,), "riesz_order": order, "boundary": "periodic"}
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
    found = one("RieszSimoncelli", cubes(image), riesz_order=tuple(order), **options)
    expected = in_slices(lambda plane: riesz_by_definition(plane, (first, second, 0)), expected, flat)
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("boundary", ["zero", "constant", "mirror", "nearest"])
def test_fourier_filters_continue_the_image_first(boundary: str) -> None:
    image = noise((4, 5, 6))
    margin, lengths = 16, (36, 40, 40)  # the lengths that transform fast from 36, 37 and 38 on
    wide = continued(image, (margin + 4,) * 3, boundary)[4:, 4:, 4:]
    wide = wide[tuple(slice(0, n) for n in lengths)]
    inner = tuple(slice(margin, margin + n) for n in image.shape)
    found = one("Simoncelli", cubes(image), boundary=boundary, boundary_value=VALUE)
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
    found = one("RieszLaplacianOfGaussian", cubes(image), sigma=(1.5,), riesz_order=(1, 0, 0))
    assert abs(found[8, 8, 8]) < 1e-2 * found.max()
    assert found[8, 8, 10] == pytest.approx(-found[8, 8, 6], rel=1e-2)
    assert found[8, 8, 10] > 10 * abs(found[8, 10, 8])
