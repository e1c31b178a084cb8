"""What holds for all of IBSI's filters: laws for any image, limits, names, messages and remarks."""

from __future__ import annotations

import numpy as np
import pytest

from radiomics_screen.core.errors import RegionError, SettingsError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.filters.numerics import boundary as _frame
from radiomics_screen.filters.numerics import sampled_gaussian as _gauss
from radiomics_screen.filters.numerics.boundary import in_name
from radiomics_screen.filters.registry import LOCAL, Box
from radiomics_screen.imaging.volume import Volume
from radiomics_screen.settings.settings import load_settings
from tests.helpers.naive_filters import (
    BOUNDARIES,
    VALUE,
    bands_by_definition,
    convolved,
    cubes,
    filtered,
    log_kernel,
    noise,
    one,
)

TYPES = ("Mean", "LaplacianOfGaussian", "Laws", "Gabor", "SeparableWavelet")
FOURIER = ("Simoncelli", "RieszSimoncelli", "RieszLaplacianOfGaussian")

INSIDE = (slice(5, 12), slice(5, 15), slice(4, 20))

#: What a filter needs to be told, as short as it can be.
NEEDS: dict[str, dict[str, object]] = {
    "LaplacianOfGaussian": {"sigma": (1.2,)},
    "RieszLaplacianOfGaussian": {"sigma": (1.2,)},
    "Gabor": {"sigma": (0.8,), "gabor_wavelength": 2.5, "gabor_theta_step": 60.0},
    "SeparableWavelet": {"wavelet": "db2", "wavelet_levels": (1, 2)},
}


def options_of_all(name: str) -> list[dict[str, object]]:
    base = NEEDS.get(name, {})
    more: dict[str, list[dict[str, object]]] = {
        "Laws": [{}, {"rotation_invariance": True, "laws_energy_distance": 3}],
        "SeparableWavelet": [{}, {"rotation_invariance": True, "wavelet_bands": ("LLH", "HLH")}],
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
        options = options | {"boundary": boundary, "boundary_value": VALUE}
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
        options["riesz_order"] = tuple(order)
    if name == "Laws":
        options["laws_kernels"] = ("L5E3",)
    found = filtered(name, cubes(image), force2D=True, force2Ddimension=flat, **options)
    box = tuple(slice(2, 3) if axis == flat else slice(0, n) for axis, n in enumerate(image.shape))
    if name.startswith("Riesz"):
        options["riesz_order"] = planar_order
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
        options |= {"rotation_invariance": True}
    if name == "Laws":
        options |= {"laws_kernels": ("L5E5S3",)}
    if name == "SeparableWavelet":
        options |= {"wavelet_bands": ("LHL",)}
    if name == "Simoncelli":
        options |= {"boundary": "periodic"}  # else lengths that transform fast lengthen one end only
    upright = filtered(name, cubes(image), **options)
    for axes in ((0, 1), (1, 2), (0, 2)):
        turned = filtered(name, cubes(np.rot90(image, axes=axes)), **options)
        for key, values in turned.items():
            np.testing.assert_allclose(values, np.rot90(upright[key], axes=axes), atol=1e-9)


@pytest.mark.parametrize("name", [*TYPES, *FOURIER])
def test_images_thinner_than_the_kernel(name: str) -> None:
    for shape in ((1, 8, 9), (3, 1, 9)):
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
        {"sigma": (0.6,), "boundary": boundary, "boundary_value": VALUE},
    )
    names = ("LaplacianOfGaussian", "RieszLaplacianOfGaussian")
    before = [one(name, volume, **options) for name in names]
    monkeypatch.setattr(_gauss, "_CHUNK", 1)
    for name, values in zip(names, before, strict=True):
        np.testing.assert_array_equal(one(name, volume, **options), values)


def test_names_tell_images_apart() -> None:
    volume, tiny = cubes(noise((3, 4, 5))), (slice(0, 1),) * 3
    asked: list[tuple[str, dict[str, object]]] = [
        *(("Mean", {"mean_support": (3, 5), "boundary": boundary}) for boundary in BOUNDARIES),
        ("Mean", {"boundary": "constant", "boundary_value": -0.5}),
        *(("Mean", {"force2D": True, "force2Ddimension": flat}) for flat in range(3)),
        *(("LaplacianOfGaussian", {"sigma": (1, 1.5), "log_cutoff": cutoff}) for cutoff in (3.0, 4.0)),
        *(("Laws", {"laws_kernels": ("L5E5E5", "E5L5E5"), "laws_energy_distance": d}) for d in (None, 2, 3)),
        *(("Laws", {"rotation_invariance": True, "pooling": pooling}) for pooling in ("max", "mean", "min")),
        *(("SeparableWavelet", {"wavelet": w, "wavelet_levels": (1, 2)}) for w in ("bior1.3", "db2")),
        ("SeparableWavelet", {"rotation_invariance": True}),
        *(("Simoncelli", {"wavelet_levels": (1, 2), "boundary": b}) for b in ("zero", "periodic")),
        *(("RieszSimoncelli", {"riesz_order": order}) for order in ((1, 0, 0), (0, 2, 0))),
        ("RieszLaplacianOfGaussian", {"sigma": (1.0, 1.5)}),
        *(
            ("Gabor", {"sigma": (1, 1.5), "gabor_wavelength": 2.0} | extra)
            for extra in (
                {}, {"gabor_wavelength": 2.5}, {"gabor_gamma": 0.5}, {"gabor_theta": -30.0},
                {"gabor_theta_step": 90.0}, {"gabor_theta_step": 90.0, "pooling": "mean"},
                {"gabor_response": "real"}, {"force2D": True},
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
    assert [in_name(n) for n in (0.5, 1e-7, 12.0, -0.0)] == ["0-5", "1e-07", "12", "0"]


@pytest.mark.parametrize(
    ("name", "options", "planar", "message"),
    [
        (
            "Laws",
            {"laws_kernels": ("L5E5E5",)},
            True,
            "'L5E5E5' are 3, and the image is filtered in 2-D; give two",
        ),
        (
            "Laws",
            {"laws_kernels": ("L5E5",)},
            False,
            "'L5E5' are 2, and .* 3-D; give three, such as L5E5E5, or set",
        ),
        (
            "SeparableWavelet",
            {"wavelet_bands": ("LLH",)},
            True,
            "'LLH' has 3 letters, .* 2-D; give 2 letters",
        ),
        (
            "SeparableWavelet",
            {"wavelet_bands": ("LH",)},
            False,
            "'LH' has 2 letters, .* or set force2D: true",
        ),
        (
            "RieszSimoncelli",
            {"riesz_order": (0, 0, 1)},
            True,
            r"riesz_order \[0, 0, 1\] \(x, y, z\) .* along z",
        ),
        ("RieszLaplacianOfGaussian", {"sigma": (1.0,), "riesz_order": (0, 0, 2)}, True, "along z"),
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
        ("Mean", {"mean_support": [4]}, "mean_support: expected an odd number"),
        ("Laws", {"laws_kernels": ["L5X5E5"]}, "'L5X5E5' is not a sequence of two"),
        ("Laws", {"laws_kernels": ["L5"]}, "'L5' is not a sequence of two"),
        ("SeparableWavelet", {"wavelet_bands": ["LLA"]}, "'LLA' is not a band"),
        ("RieszSimoncelli", {"riesz_order": [0, 0, 0]}, "expected three orders"),
        ("RieszSimoncelli", {"riesz_order": [1, 0]}, "expected three orders"),
        ("Gabor", {"sigma": [1], "gabor_wavelength": 2, "gabor_theta_step": 50}, "a part of a full turn"),
        ("Gabor", {"sigma": [1]}, "needs 'gabor_wavelength'"),
        (
            "Gabor",
            {"sigma": [1], "gabor_wavelength": 2, "gabor_theta_step": 1e-6},
            "gabor_theta_step: expected",
        ),
        ("Mean", {"boundary": "wrap"}, "boundary: expected 'zero'"),
        ("Mean", {"mean_support": [3, 5, 3]}, "mean_support: 3 is given twice"),
        ("Simoncelli", {"wavelet_levels": [1, 1]}, "wavelet_levels: 1 is given twice"),
        ("SeparableWavelet", {"wavelet_bands": ["LLH", "LLH"]}, "wavelet_bands: LLH is given twice"),
        ("Laws", {"laws_kernels": ["L5E5E5", "L5E5E5"]}, "laws_kernels: L5E5E5 is given twice"),
        ("LaplacianOfGaussian", {"sigma": [3, 3.0]}, "sigma: 3.0 is given twice"),
        ("RieszSimoncelli", {"riesz_order": [300, 0, 1]}, "riesz_order: .* a sum of at most 20"),
        ("SeparableWavelet", {"wavelet": "Haar"}, "'Haar': did you mean 'haar'"),
    ],
)
def test_parameter_files_are_checked(name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_settings({"imageType": {name: options}})


# Limits, and what is remarked on


@pytest.mark.parametrize("boundary", ["zero", "mirror", "periodic"])
def test_kernels_may_be_several_times_as_long_as_the_image(boundary: str) -> None:
    for shape in ((4, 5, 6), (1, 5, 6)):
        image = noise(shape)
        found = one("Mean", cubes(image), mean_support=(17,), boundary=boundary)
        np.testing.assert_allclose(found, convolved(image, np.full((17,) * 3, 17**-3.0), boundary))
        found = one("LaplacianOfGaussian", cubes(image), sigma=(2,), boundary=boundary)
        np.testing.assert_allclose(found, convolved(image, log_kernel(2, 3), boundary), atol=1e-10)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (
            "Mean",
            {"mean_support": (3, 501)},
            "250 voxels along x, and the image has 28; choose a smaller mean",
        ),
        ("LaplacianOfGaussian", {"sigma": (100,)}, "400 voxels along x, .* smaller sigma"),
        ("LaplacianOfGaussian", {"sigma": (1e300,)}, "4e.300 voxels along x"),
        ("LaplacianOfGaussian", {"sigma": (21,)}, "84 voxels along z, .* 20; .* within axial slices"),
        ("LaplacianOfGaussian", {"sigma": (1e-200,)}, "under a thousandth of a voxel .* larger sigma"),
        ("RieszLaplacianOfGaussian", {"sigma": (100,)}, "400 voxels along x"),
        ("RieszLaplacianOfGaussian", {"sigma": (12,)}, "96 voxels along z"),
        ("Laws", {"laws_energy_distance": 1000}, "1002 voxels along x, .* smaller laws_energy_distance"),
        ("Gabor", {"sigma": (1000,), "gabor_wavelength": 4.0}, "voxels along x, .* smaller sigma"),
        ("Gabor", {"sigma": (2,), "gabor_wavelength": 4.0, "gabor_gamma": 1e-300}, "another gabor_gamma"),
        (
            "Gabor",
            {"sigma": (2,), "gabor_wavelength": 4.0, "gabor_gamma": 1e300},
            "under a thousandth of a vo",
        ),
        ("Gabor", {"sigma": (2,), "gabor_wavelength": 1e-200}, "larger gabor_wavelength"),
        ("SeparableWavelet", {"wavelet_levels": (1, 9)}, "1533 voxels along x, .* lower wavelet_levels"),
        ("SeparableWavelet", {"wavelet_levels": (1, 1000)}, "voxels along x, .* lower wavelet_levels"),
        ("Simoncelli", {"wavelet_levels": (1, 8)}, "level 8 .* along 28 x 24 x 20 .* useful level is 3"),
        ("Simoncelli", {"wavelet_levels": (1100,), "boundary": "periodic"}, "useful level is 4"),
        ("RieszSimoncelli", {"wavelet_levels": (4,)}, "useful level is 3"),
    ],
)
def test_filters_that_reach_too_far_say_so_before_they_begin(
    name: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(RegionError, match=message):
        filtered(name, cubes(noise((20, 24, 28))), INSIDE, **options)


@pytest.mark.parametrize("name", [*TYPES, *FOURIER])
def test_memory_is_bounded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    volume, box = cubes(noise((20, 24, 28))), INSIDE
    monkeypatch.setattr(_frame, "MOST_VOXELS", 10)
    with pytest.raises(RegionError, match=rf"{name}: .* \d+ x \d+ x \d+ voxels .* at most 10 may be; choose"):
        filtered(name, volume, box, **NEEDS.get(name, {}))


@pytest.mark.parametrize("shape", [(28, 24, 20), (27, 9, 3), (16, 9, 1), (17, 17, 17), (2, 3, 4), (1, 1, 1)])
def test_a_level_without_a_wave_of_the_image_is_refused(shape: tuple[int, int, int]) -> None:
    image = noise(shape)
    for level in range(1, 8):
        expected = bands_by_definition(image, level)
        if abs(expected).max() < 1e-9:
            with pytest.raises(RegionError, match=r"too long for the image|too small for any level"):
                one("Simoncelli", cubes(image), wavelet_levels=(level,), boundary="periodic")
        else:
            found = one("Simoncelli", cubes(image), wavelet_levels=(level,), boundary="periodic")
            np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("name", ["Gabor", *FOURIER])
@pytest.mark.parametrize("boundary", ["mirror", "nearest", "periodic"])
def test_the_response_to_a_constant_image_is_constant(name: str, boundary: str) -> None:
    for intensity, shape in ((37.123, (20, 24, 28)), (-1000.0, (21, 25, 27)), (0.0, (9, 9, 9))):
        volume = cubes(np.full(shape, intensity))
        for more in ({}, {"force2D": True}):
            found = one(name, volume, boundary=boundary, **NEEDS.get(name, {}), **more)
            assert np.ptp(found) == 0
            if name.startswith("Riesz"):
                assert found.flat[0] == 0


def remarks(name: str, volume: Volume, **options: object) -> str:
    with collect_remarks() as notes:
        filtered(name, volume, INSIDE, **options)
    return " | ".join(notes)


def test_kernels_that_are_sampled_too_coarsely_are_remarked_on() -> None:
    fine, thick = cubes(noise((20, 24, 28))), Volume(noise((20, 24, 28)), (5.0, 1.0, 1.0))
    for name in ("LaplacianOfGaussian", "RieszLaplacianOfGaussian"):
        assert remarks(name, fine, sigma=(0.5, 2)) == ""
        assert "0.1 mm is under half a voxel along z" in remarks(name, fine, sigma=(0.1,))
        assert "2 mm is under half a voxel along z, where voxels have 5 mm" in remarks(
            name, thick, sigma=(2,)
        )
        assert remarks(name, thick, sigma=(2,), force2D=True) == ""
        assert "no neighbours along x, y, z" in remarks(name, fine, sigma=(1,), log_cutoff=0.3)
    wave = {"sigma": (4,), "gabor_wavelength": 4.0}
    assert remarks("Gabor", fine, **wave) == ""
    assert remarks("Gabor", thick, **wave | {"gabor_theta": 0.0}) == ""  # no wave along z
    for more in ({"gabor_theta": 80.0}, {"gabor_theta_step": 90.0}):
        assert "4 mm is under two voxels along z (voxels of 5 mm)" in remarks("Gabor", thick, **wave | more)
        assert remarks("Gabor", thick, **wave | more, force2D=True) == ""
    assert "along x (voxels of 1 mm), y" in remarks("Gabor", fine, **wave | {"gabor_wavelength": 1.5})


@pytest.mark.parametrize("name", [*TYPES, *FOURIER])
def test_filters_that_miss_what_was_cropped_away_say_so(name: str) -> None:
    image = noise((30, 34, 38))
    part = Volume(image[10:22, 10:22, 10:22].copy(), (1.0, 1.0, 1.0), cropped=True)
    lesion = (slice(1, 11),) * 3
    options = NEEDS.get(name, {}) | ({"mean_support": (3, 5)} if name == "Mean" else {})
    with collect_remarks() as notes:
        filtered(name, part, lesion, **options)
    (message,) = notes
    assert message.startswith(f"{name}: the filter ")
    assert "padDistance" in message
    with collect_remarks() as notes:
        filtered(name, Volume(part.array, part.spacing_mm), lesion, **options)
        if name in TYPES:
            centre = (slice(10, 12),) * 3
            filtered(name, Volume(image, part.spacing_mm, cropped=True), centre, **options)
    assert notes == []
