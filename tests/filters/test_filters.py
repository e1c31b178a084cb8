"""Filters: what is computed on the crop is what the whole image would have given there."""

from __future__ import annotations

import platform
from itertools import product

import numba
import numpy as np
import pytest
import pywt
import SimpleITK as sitk
from scipy import ndimage

from radiomics_screen.core.errors import RegionError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.filters import FILTERS
from radiomics_screen.filters.log import log
from radiomics_screen.filters.numerics.recursive_gaussian import REACH_SIGMAS, _laplacian
from radiomics_screen.filters.numerics.stationary_wavelet import _filter_both
from radiomics_screen.filters.registry import Box
from radiomics_screen.filters.wavelet import wavelet
from radiomics_screen.imaging.volume import Volume

SHAPES = [(7, 40, 33), (1, 31, 30), (24, 25, 26)]

#: On other processors SimpleITK and PyWavelets are compiled to fused multiply-adds, which round once
#: where two instructions round twice.
TO_THE_BIT = platform.machine() in ("x86_64", "AMD64")


def assert_same(values: np.ndarray, reference: np.ndarray, roundings: float = 0.0, rare: float = 0.0) -> None:
    """The same to the bit; or no more than `roundings` of single precision off in `rare` of the voxels."""
    assert values.dtype == reference.dtype
    assert values.shape == reference.shape
    if not TO_THE_BIT:
        roundings, rare = max(roundings, 8.0), 1.0
    last_bit = float(np.finfo(np.float32).eps * np.abs(reference).max())
    assert np.abs(values - reference).max() <= roundings * last_bit
    assert np.mean(values != reference) <= rare


def volume(shape: tuple[int, ...], dtype: str = "float64", planar: bool = False) -> Volume:
    random = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(random.normal(size=shape), 1.0) * 400 + 100
    return Volume(smooth.astype(dtype), (2.5, 0.8, 0.7), planar)


def boxes(shape: tuple[int, ...]) -> list[Box]:
    """A box inside, one at each end, and the whole image."""
    inside = tuple(slice(n // 2, n // 2 + max(1, n // 6)) for n in shape)
    low = tuple(slice(0, max(1, n // 6)) for n in shape)
    high = tuple(slice(n - max(1, n // 6), n) for n in shape)
    return [inside, low, high, tuple(slice(0, n) for n in shape)]  # type: ignore[list-item]


def wavelet_of_whole(image: Volume, name: str, level: int, start_level: int) -> dict[str, np.ndarray]:
    """The definition, on the whole image: odd axes lengthened, one level after the other."""
    shape = image.array.shape
    axes = (2, 1) if image.planar else (2, 1, 0)
    data = np.pad(image.array, [(0, n % 2) for n in shape], mode="wrap")
    crop = tuple(slice(0, n) for n in shape)
    bands = {}
    for step in range(start_level + level):
        (found,) = pywt.swtn(data, name, 1, axes=axes)
        data = found.pop("a" * len(axes))
        number = step - start_level + 1
        if number > 0:
            prefix = f"wavelet{number if number > 1 else ''}-"
            bands |= {prefix + k.replace("a", "L").replace("d", "H"): v[crop] for k, v in found.items()}
    bands[f"wavelet{level if level > 1 else ''}-" + "L" * len(axes)] = data[crop]
    return bands


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("name", "level", "start_level"), [("coif1", 1, 0), ("db3", 2, 1), ("haar", 2, 0), ("bior3.9", 1, 0)]
)
@pytest.mark.parametrize("dtype", ["int16", "float32", "float64"])
def test_wavelet_bands_of_the_crop_are_those_of_the_image_to_the_bit(
    shape: tuple[int, int, int], name: str, level: int, start_level: int, dtype: str
) -> None:
    image = volume(shape, dtype, planar=shape[0] == 1)
    whole = wavelet_of_whole(image, name, level, start_level)
    for box in boxes(shape):
        found = dict(wavelet(image, box, wavelet=name, level=level, start_level=start_level))
        assert list(found) == list(whole)
        for band, values in found.items():
            assert_same(values, whole[band][box])


@pytest.mark.parametrize("name", ["dmey", "coif5", "rbio6.8"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("shape", [(7, 8, 9), (1, 12, 5), (3, 2, 40)])
def test_wavelet_filters_longer_than_the_image_go_round_it(
    shape: tuple[int, int, int], dtype: str, name: str
) -> None:
    image = volume(shape, dtype, planar=shape[0] == 1)
    assert pywt.Wavelet(name).dec_len > min(shape)
    whole = wavelet_of_whole(image, name, 2, 0)
    for box in boxes(shape):
        for band, values in wavelet(image, box, wavelet=name, level=2):
            assert_same(values, whole[band][box])


def test_wavelet_splits_sum_and_difference_of_neighbours() -> None:
    """Worked out by hand for the shortest filter, on one row whose odd length is made even."""
    row = Volume(np.array([[[1, 5, 2]]], dtype="int16"), (1.0, 1.0, 1.0), planar=True)
    bands = dict(wavelet(row, (slice(0, 1), slice(0, 1), slice(0, 3)), wavelet="haar"))
    # the single line is lengthened by its own copy: along y the sum is twice, the difference 0
    assert bands["wavelet-LL"] == pytest.approx(np.array([[[6.0, 7.0, 3.0]]]))
    assert bands["wavelet-HL"] == pytest.approx(np.array([[[-4.0, 3.0, 1.0]]]))
    assert bands["wavelet-LH"] == pytest.approx(np.zeros((1, 1, 3)))
    assert bands["wavelet-HH"] == pytest.approx(np.zeros((1, 1, 3)))


def test_wavelet_leaves_the_axis_across_the_slices_alone() -> None:
    image = volume((5, 16, 18))
    bands = dict(wavelet(image, boxes((5, 16, 18))[3], force2D=True, force2Ddimension=1))
    assert sorted(bands) == ["wavelet-HH", "wavelet-HL", "wavelet-LH", "wavelet-LL"]
    one_slice = Volume(image.array[:, 7:8], image.spacing_mm)
    alone = dict(
        wavelet(one_slice, (slice(0, 5), slice(0, 1), slice(0, 18)), force2D=True, force2Ddimension=1)
    )
    assert all(np.array_equal(bands[k][:, 7:8], alone[k]) for k in bands)


def log_of_whole(image: Volume, sigma: float) -> np.ndarray:
    array = image.array[0] if image.array.shape[0] == 1 else image.array
    missing = [(0, max(0, 4 - n)) for n in array.shape]  # ITK refuses axes shorter than four voxels
    whole = sitk.GetImageFromArray(np.pad(array, missing, mode="edge"))
    whole.SetSpacing(image.spacing_mm[::-1][: array.ndim])
    response = sitk.GetArrayFromImage(sitk.LaplacianRecursiveGaussian(whole, sigma, True))
    return response[tuple(slice(0, n) for n in array.shape)].reshape(image.array.shape)


@pytest.mark.parametrize("shape", [(7, 8, 9), (1, 31, 30), (5, 4, 70), (3, 20, 21), (30, 20, 2)])
@pytest.mark.parametrize("dtype", ["int16", "uint8", "int32", "float32", "float64"])
@pytest.mark.parametrize("sigma", [0.3, 1.5, 20.0])
def test_log_of_the_whole_image_is_that_of_itk_to_the_bit(
    shape: tuple[int, int, int], dtype: str, sigma: float
) -> None:
    image = volume(shape, dtype, planar=shape[0] == 1)
    if dtype in ("int32", "float64"):  # more digits than single precision holds
        image = Volume(image.array * 1000 + 16_777_217, image.spacing_mm, image.planar)
    whole = log_of_whole(image, sigma)
    with collect_remarks():
        ((_, response),) = log(image, boxes(shape)[3], sigma=(sigma,))
        assert_same(response, whole)
        for box in boxes(shape):  # where the margin is the image, nothing is cut off
            ((_, response),) = log(image, box, sigma=(max(20.0, sigma),))
            assert_same(response, log_of_whole(image, max(20.0, sigma))[box])


@pytest.mark.parametrize("shape", [(30, 120, 110), (1, 200, 150)])
@pytest.mark.parametrize("sigma", [0.6, 1.5])
def test_log_of_the_crop_is_that_of_the_image(shape: tuple[int, int, int], sigma: float) -> None:
    image = volume(shape, "int16")
    whole = log_of_whole(image, sigma)
    assert REACH_SIGMAS * sigma / 0.7 < shape[2] / 2, "the crop must be smaller than the image"
    for box in boxes(shape):
        ((name, response),) = log(image, box, sigma=(sigma,))
        assert name == f"log-sigma-{str(sigma).replace('.', '-')}-mm-{'2D' if shape[0] == 1 else '3D'}"
        assert_same(response, whole[box], roundings=0.5, rare=1e-3)


def test_log_of_a_region_does_not_depend_on_the_box_it_is_cut_with() -> None:
    image = volume((20, 90, 95), "int16")
    small: Box = (slice(9, 12), slice(40, 47), slice(38, 50))
    large: Box = (slice(5, 18), slice(30, 70), slice(2, 60))
    ((_, of_small),) = log(image, small, sigma=(1.0,))
    ((_, of_large),) = log(image, large, sigma=(1.0,))
    inside = tuple(slice(s.start - t.start, s.stop - t.start) for s, t in zip(small, large, strict=True))
    assert_same(of_small, of_large[inside], roundings=0.5, rare=1e-2)


def test_log_leaves_out_an_axis_of_one_voxel_whichever_it_is() -> None:
    slice_of = volume((24, 1, 26), "int16")
    flat = sitk.GetImageFromArray(slice_of.array[:, 0])
    flat.SetSpacing((0.7, 2.5))
    expected = sitk.GetArrayFromImage(sitk.LaplacianRecursiveGaussian(flat, 1.5, True))
    ((name, response),) = log(slice_of, boxes((24, 1, 26))[3], sigma=(1.5,))
    assert name == "log-sigma-1-5-mm-2D"
    assert_same(response[:, 0], expected)


@pytest.mark.parametrize("sigma", [1e-4, 1e20])
def test_log_refuses_a_width_that_has_no_filter(sigma: float) -> None:
    with collect_remarks(), pytest.raises(RegionError, match="take another sigma"):
        list(log(volume((6, 20, 20)), boxes((6, 20, 20))[0], sigma=(sigma,)))


def test_log_names_are_those_of_the_parameter_file() -> None:
    image = volume((6, 20, 20))
    names = [name for name, _ in log(image, boxes((6, 20, 20))[0], sigma=(1, 2.0, 2.5))]
    assert names == ["log-sigma-1-mm-3D", "log-sigma-2-0-mm-3D", "log-sigma-2-5-mm-3D"]


def test_log_of_a_bright_blob_is_lowest_at_its_centre_and_at_its_size() -> None:
    grid = np.stack(np.meshgrid(*[np.arange(-20, 21)] * 3, indexing="ij"))
    blob = Volume(np.exp(-(grid**2).sum(axis=0) / (2 * 3.0**2)), (1.0, 1.0, 1.0))
    whole: Box = (slice(0, 41), slice(0, 41), slice(0, 41))
    lowest = {}
    for sigma in (2.0, 3.0, 4.0):
        ((_, response),) = log(blob, whole, sigma=(sigma,))
        assert np.unravel_index(response.argmin(), response.shape) == (20, 20, 20)
        # closed form at the centre of a Gaussian of width s: -3 sigma^2 s^3 / (s^2 + sigma^2)^2.5
        lowest[sigma] = response.min()
        assert response.min() == pytest.approx(-3 * sigma**2 * 27 / (9 + sigma**2) ** 2.5, rel=0.02)


def test_log_works_where_the_recursive_filter_alone_does_not() -> None:
    image = volume((2, 30, 30))
    with collect_remarks() as notes:
        ((name, response),) = log(image, boxes((2, 30, 30))[3], sigma=(4.0,))
    assert name == "log-sigma-4-0-mm-3D"
    assert np.isfinite(response).all()
    assert notes == ["LoG: sigma 4.0 mm is wider than the image; its values depend on the border"]
    with pytest.raises(RegionError, match="line of voxels"):
        list(log(volume((1, 1, 30)), (slice(0, 1), slice(0, 1), slice(3, 9)), sigma=(1.0,)))


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_kernels_are_compiled_for_one_set_of_types_whatever_the_image() -> None:
    for dtype, shape in product(["int16", "uint8", "int64", "float32", "float64"], [(6, 9, 10), (1, 9, 10)]):
        image = volume(shape, dtype, planar=shape[0] == 1)
        image.array.flags.writeable = False
        for box in boxes(shape):
            assert len(list(log(image, box, sigma=(0.7, 2)))) == 2
            assert len(list(wavelet(image, box, level=2))) > 4
    assert [len(kernel.signatures) for kernel in (_laplacian, _filter_both)] == [1, 1]


def test_every_image_type_leaves_the_image_as_it_was() -> None:
    image = volume((6, 20, 20))
    before = image.array.copy()
    width: dict[str, object] = {"sigma": (2.0,)}
    needs = dict.fromkeys(("LoG", "LaplacianOfGaussian", "RieszLaplacianOfGaussian"), width)
    needs["Gabor"] = {**width, "gabor_wavelength": 6.0}
    for (name, make), box in product(FILTERS.items(), boxes((6, 20, 20))):
        for _, values in make(image, box, **needs.get(name, {})):
            assert values.shape == tuple(s.stop - s.start for s in box)
    assert np.array_equal(image.array, before)
